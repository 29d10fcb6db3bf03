//! Bad input: each one clear diagnostic at the right place, and its exit code. What is said is in the
//! file of the case under `bad_input/`; `UPDATE_SNAPSHOTS=1` takes over what is said now.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::cli::{Project, Said, Served, run};
use crate::support::script;

/// Nothing that cannot succeed may take longer to say so.
const SOON: Duration = Duration::from_secs(20);

const HEAD: &str = "project p

account nonprod { id: \"111111111111\" }
env dev { account: nonprod, regions: [\"eu-west-1\"] }
";

const TOPIC: &str = "core c {\n  resource Topic = AWS::SNS::Topic {}\n}\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bad_input")
}

/// A project of the head and this text.
fn project(text: &str) -> Project {
    Project::new(&[("main.infra", &format!("{HEAD}\n{text}"))])
}

/// Compares what was said to people with the file of the case; nothing else was said.
#[track_caller]
fn told(name: &str, said: &Said, hide: &[(&str, &str)]) {
    assert_eq!(said.out, "", "{name}: only data goes to stdout");
    assert!(!said.err.contains("panicked"), "{name}: {}", said.err);
    let mut actual = format!("exit {}\n{}", said.code.unwrap(), said.err);
    for (this, drawn) in hide {
        actual = actual.replace(this, drawn);
    }
    // The number of an error differs between systems.
    let actual = regex::Regex::new(r" \(os error \d+\)").unwrap().replace_all(&actual, "").into_owned();
    let path = folder().join(format!("{name}.snap"));
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if actual != expected && std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    assert_eq!(actual, expected, "{name}: UPDATE_SNAPSHOTS=1 takes it over");
}

/// Programs that are wrong, each asked for by a command.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("syntax-error", "plan", "core c {\n  resource Topic = AWS::SNS::Topic { TopicName: }\n}\n"),
    ("wrong-type", "plan", "core c {\n  resource Q = AWS::SQS::Queue { VisibilityTimeout: \"soon\" }\n}\n"),
    ("unknown-property", "plan", "core c {\n  resource Topic = AWS::SNS::Topic { TopicNam: \"x\" }\n}\n"),
    ("unknown-name", "plan", "core c {\n  resource Topic = AWS::SNS::Topic { TopicName: topik }\n}\n"),
    (
        "known-too-late",
        "plan",
        "core c {\n  resource Topic = AWS::SNS::Topic {}\n  if Topic.TopicArn == \"x\" {\n    resource Q = AWS::SQS::Queue {}\n  }\n}\n",
    ),
    (
        "cycle-of-stacks",
        "plan",
        "core a {\n  resource Q = AWS::SQS::Queue { QueueName: b.Q }\n  output Q = Q.QueueName\n}\n\n\
         core b {\n  resource Q = AWS::SQS::Queue { QueueName: a.Q }\n  output Q = Q.QueueName\n}\n",
    ),
    (
        "cycle-of-lets",
        "plan",
        "let a = b\nlet b = a\n\ncore c {\n  resource Topic = AWS::SNS::Topic { TopicName: a }\n}\n",
    ),
    (
        "cycle-of-resources",
        "plan",
        "core c {\n  resource Q = AWS::SQS::Queue { QueueName: R.QueueName }\n  resource R = AWS::SQS::Queue { QueueName: Q.QueueName }\n}\n",
    ),
    (
        "core-uses-service",
        "plan",
        "core c {\n  resource Topic = AWS::SNS::Topic { TopicName: s.Q }\n}\n\nservice s {\n  resource Q = AWS::SQS::Queue {}\n  output Q = Q.QueueName\n}\n",
    ),
    ("no-such-environment", "plan --env production", TOPIC),
    ("no-such-branch", "plan --branch release", TOPIC),
    (
        "no-such-setting",
        "plan --set c.Imge=x",
        "core c {\n  input Image: String = \"a\"\n  resource Topic = AWS::SNS::Topic { TopicName: Image }\n}\n",
    ),
    (
        "wrong-setting",
        "plan --set c.Size=big",
        "core c {\n  input Size: Int = 1\n  resource Q = AWS::SQS::Queue { DelaySeconds: Size }\n}\n",
    ),
    ("setting-without-value", "plan --set c.Size", TOPIC),
    (
        "missing-input",
        "plan",
        "core c {\n  input Image: String\n  resource Topic = AWS::SNS::Topic { TopicName: Image }\n}\n",
    ),
    ("no-such-stack", "plan cc", TOPIC),
    ("no-such-stack-to-draw", "graph nowhere", TOPIC),
    ("stack-for-a-directory", "plan --sandbox c", TOPIC),
    ("endpoint-without-scheme", "plan --endpoint localhost:4566", TOPIC),
    ("no-such-option", "plan --fast", TOPIC),
    ("no-such-command", "deploy", TOPIC),
    ("no-such-type", "explain AWS::SNS::Topik", TOPIC),
    ("no-such-code", "explain unknown-nam", TOPIC),
    ("wait-too-long", "plan --wait 3weeks", TOPIC),
];

#[test]
fn programs_and_arguments() {
    for (name, line, text) in PROGRAMS {
        let project = project(text);
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        if line.starts_with("plan") && !line.contains("--endpoint") && !line.contains("--sandbox") {
            command.arg("--sandbox=s");
        }
        told(name, &run(command), &[]);
    }
}

#[test]
fn of_very_many_problems_the_first_are_drawn() {
    let lines: String = (0..150).map(|i| format!("  assert nowhere{i} == 1\n")).collect();
    let project = project(&format!("core c {{\n{lines}}}\n"));
    let said = project.infra("check").ended(1).err;
    assert_eq!(said.matches("unknown-name\n").count(), 100);
    assert!(said.contains("\nand 50 more: mend these first; `infra check --format concise` lists all\n"), "{said}");
    assert!(said.ends_with("\n150 errors, 0 warnings\n"), "{said}");
    assert_eq!(project.infra("check --format concise").ended(1).out.lines().count(), 150);
}

#[test]
fn between_places_far_apart_nothing_is_drawn() {
    let between = "// nothing\n".repeat(1_000);
    let project = project(&format!("let a = 1\n{between}let a = 2\n{between}"));
    let said = project.infra("check").ended(1).err;
    assert!(said.contains("declared here first") && said.contains("again here"), "{said}");
    assert!(said.contains("[main.infra:1007:5]") && said.contains("[main.infra:6:5]"), "{said}");
    assert!(said.lines().count() < 25, "{said}");
}

#[test]
fn projects_that_are_none() {
    let empty = Project::new(&[("readme.txt", "")]);
    told("no-project-here", &empty.infra("check"), &[]);
    told("no-project-to-plan", &empty.infra("plan"), &[]);
    std::fs::create_dir(empty.path("sub")).unwrap();
    told("no-project-there", &empty.infra("-C sub check"), &[]);
    let dir = empty.path("").canonicalize().unwrap();
    told("no-such-directory", &empty.infra("-C nowhere check"), &[(dir.to_str().unwrap(), "DIR")]);
    told("undeclared-project", &Project::new(&[("main.infra", TOPIC)]).infra("check"), &[]);
    told("undeclared-project-to-plan", &Project::new(&[("main.infra", TOPIC)]).infra("plan --sandbox=s"), &[]);
    told(
        "no-environment",
        &Project::new(&[("main.infra", &format!("project p\n{TOPIC}"))]).infra("plan --sandbox=s"),
        &[],
    );
    told("which-environment", &Project::example("hello").infra("plan --sandbox=s"), &[]);
}

#[test]
fn files_that_cannot_be_read() {
    let project = project(TOPIC);
    project.write("odd.infra", b"let a = 1\nlet b = \"\xff\xfe\"\n");
    told("not-utf-8", &project.infra("check"), &[]);
    std::fs::remove_file(project.path("odd.infra")).unwrap();
    std::os::unix::fs::symlink("nowhere.infra", project.path("odd.infra")).unwrap();
    told("broken-link", &project.infra("check"), &[]);
    std::fs::remove_file(project.path("odd.infra")).unwrap();
    project.write("odd.infra", format!("// {}\n", "x".repeat(4 << 20)));
    told("too-large", &project.infra("check"), &[]);
    project.write("odd.infra", "let a = 1\n");
    std::fs::set_permissions(project.path("odd.infra"), PermissionsExt::from_mode(0o000)).unwrap();
    told("unreadable-file", &run(without_rights(&project, &["check"])), &[]);
}

/// The command as somebody who may only read: root is above permissions, so it steps down.
fn without_rights(project: &Project, args: &[&str]) -> Command {
    let probe = project.path(".probe");
    std::fs::write(&probe, "").unwrap();
    std::fs::set_permissions(&probe, PermissionsExt::from_mode(0o000)).unwrap();
    let root = std::fs::read(&probe).is_ok();
    std::fs::remove_file(&probe).unwrap();
    let mut command = project.command(args);
    if root {
        std::fs::set_permissions(project.path(""), PermissionsExt::from_mode(0o755)).unwrap();
        // The build may lie in a home that nobody else can enter.
        let copy = project.path(".bin");
        if !copy.exists() {
            // Another process writes it: what this one writes is held open for a moment by each child that other tests
            // start meanwhile, and a program that is held open for writing cannot be started.
            let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_infra")).arg(&copy).status().unwrap();
            assert!(copied.success());
        }
        let mut lower = Command::new(copy);
        lower.env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?)))).args(args);
        command = lower;
        command.stdin(Stdio::null()).current_dir(project.path("")).uid(65_534).gid(65_534);
    }
    command
}

#[test]
fn places_that_cannot_be_written() {
    let project = Project::new(&[("main.infra", "project   p\n")]);
    std::fs::set_permissions(project.path(""), PermissionsExt::from_mode(0o555)).unwrap();
    let command = without_rights(&project, &["fmt"]);
    std::fs::set_permissions(project.path(""), PermissionsExt::from_mode(0o555)).unwrap();
    told("fmt-cannot-write", &run(command), &[]);
    std::fs::set_permissions(project.path(""), PermissionsExt::from_mode(0o755)).unwrap();

    let project = Project::example("hello");
    std::fs::create_dir(project.path("shut")).unwrap();
    std::fs::set_permissions(project.path("shut"), PermissionsExt::from_mode(0o555)).unwrap();
    let said = run(without_rights(&project, &["build", "--env", "dev", "-o", "shut"]));
    let dir = project.path("").canonicalize().unwrap();
    let hide = [(dir.to_str().unwrap().trim_end_matches('/'), "DIR")];
    told("output-not-writable", &said, &hide);
    told("output-is-a-file", &project.infra("build --env dev -o hello.infra"), &hide);
    let said = run(without_rights(&project, &["plan", "--env", "dev", "--sandbox=shut/state"]));
    told("sandbox-not-writable", &said, &hide);
}

/// A plan of `p` against an address, with credentials of an account, and how long it may take.
fn plan_at(project: &Project, address: &str, variables: &[(&str, &str)]) -> Said {
    let mut command = project.command(&["plan", "--endpoint", address]);
    command.envs(variables.iter().copied());
    let began = Instant::now();
    let said = run(command);
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    said
}

/// An address of this machine that is not known as such, so that credentials are looked for as for AWS.
fn as_if_away(address: &str) -> String {
    address.replace("127.0.0.1", "0.0.0.0")
}

fn http(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "999999999999"), ("AWS_SECRET_ACCESS_KEY", "made-up")];

#[test]
fn endpoints_that_do_not_answer_as_aws() {
    let project = project(TOPIC);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = listener.local_addr().unwrap().to_string();
    drop(listener);
    let said = plan_at(&project, &format!("http://{refused}"), &[]);
    told("endpoint-refused", &said, &[(&refused, "ADDRESS")]);

    let page = http("200 OK", "text/html", "<!doctype html><html><body>Please log in</body></html>");
    let (html, _) = script::socket(vec![page]);
    let said = plan_at(&project, &html, &[]);
    told("endpoint-answers-html", &said, &[(html.strip_prefix("http://").unwrap(), "ADDRESS")]);
}

#[test]
fn credentials_that_do_not_do() {
    let project = project(TOPIC);
    let served = Served::start(&[]);
    let hide = |address: &str| address.strip_prefix("http://").unwrap().to_owned();
    let away = as_if_away(&served.address);
    let shown = [(&*hide(&away), "ADDRESS")].map(|(a, b)| (a.to_owned(), b));
    let shown: Vec<(&str, &str)> = shown.iter().map(|(a, b)| (a.as_str(), *b)).collect();

    told("no-credentials", &plan_at(&project, &away, &[]), &shown);
    told("no-such-profile", &plan_at(&project, &away, &[("AWS_PROFILE", "nowhere")]), &shown);
    told("wrong-account", &plan_at(&project, &away, &KEYS), &shown);
    assert!(served.calls().iter().all(|c| c.contains("GetCallerIdentity")), "nothing else was asked there");

    for (name, code, text) in [
        ("bad-credentials", "InvalidClientTokenId", "The security token included in the request is invalid."),
        ("expired-credentials", "ExpiredToken", "The security token included in the request is expired"),
    ] {
        let (address, _) = script::socket(vec![http("403 Forbidden", "text/xml", &script::error(code, text))]);
        let away = as_if_away(&address);
        told(name, &plan_at(&project, &away, &KEYS), &[(&hide(&away), "ADDRESS")]);
    }
}

#[test]
fn a_machine_without_credentials_does_not_wait_for_a_metadata_service() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let project = project(TOPIC);
    let mut command = project.command(&["plan"]);
    command.env_remove("AWS_EC2_METADATA_DISABLED");
    command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://{}", silent.local_addr().unwrap()));
    let began = Instant::now();
    let said = run(command);
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    told("no-metadata-service", &said, &[]);
}

#[test]
fn a_role_that_nobody_may_assume() {
    let role = "arn:aws:iam::111111111111:role/deploy";
    let head = HEAD.replace("{ id: \"111111111111\" }", &format!("{{ id: \"111111111111\", role: \"{role}\" }}"));
    let project = Project::new(&[("main.infra", &format!("{head}\n{TOPIC}"))]);
    let served = Served::start(&["--forbid-role", role]);
    let away = as_if_away(&served.address);
    told("role-not-assumable", &plan_at(&project, &away, &KEYS), &[(away.strip_prefix("http://").unwrap(), "ADDRESS")]);
    // And a role that may be assumed leads to its account.
    let open = Served::start(&[]);
    let said = plan_at(&project, &as_if_away(&open.address), &KEYS).ended(0);
    assert!(said.out.contains("1 to create"), "{}", said.out);
}

#[test]
fn stacks_that_are_not_to_be_touched() {
    let theirs = Project::new(&[("main.infra", &format!("{}\n{TOPIC}", HEAD.replace("project p", "project bank")))]);
    let ours = Project::new(&[("main.infra", &format!("{HEAD}\n@stack_name(\"bank-c-dev\")\n{TOPIC}"))]);
    let state = theirs.path("state");
    let there = format!("--sandbox={}", state.display());
    theirs.run(&["apply", "--yes", &there]).ended(0);
    told("foreign-stack", &ours.run(&["apply", "--yes", &there]), &[]);
    told("foreign-stack-to-destroy", &ours.run(&["destroy", "--yes", &there]), &[]);
    assert_eq!(theirs.living("state").len(), 1);
    assert!(theirs.run(&["plan", &there]).ended(0).out.starts_with("no changes"));
}

#[test]
fn a_stack_that_is_busy() {
    let project = project(TOPIC);
    project.write("state/script.json", r#"{"rules": [{"stack": "*", "resource": "Topic", "steps": 1000000000}]}"#);
    let served = Served::start(&["--step", "5", "--state", project.path("state").to_str().unwrap()]);
    let mut command = project.command(&["apply", "--yes", "--endpoint", &served.address]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert!(served.until(&mut child, |calls| calls.iter().any(|c| c.contains("ExecuteChangeSet"))));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut command = project.command(&["plan", "--wait", "1s", "--endpoint", &served.address]);
    command.env("TZ", "UTC");
    let mut said = run(command);
    // The time at the beginning of a line of progress is nobody's expectation.
    let lines = said.err.lines().map(|line| match line.split_once(' ') {
        Some((time, rest)) if time.len() == 8 && time.matches(':').count() == 2 => format!("TIME {rest}\n"),
        _ => format!("{line}\n"),
    });
    said.err = lines.collect();
    told("busy-stack", &said, &[(served.address.strip_prefix("http://").unwrap(), "ADDRESS")]);
}

#[test]
fn sandbox_directories_that_are_none() {
    let project = project(TOPIC);
    project.infra("apply --yes --sandbox=state").ended(0);
    let dir = project.path("").canonicalize().unwrap();
    let hide = [(dir.to_str().unwrap(), "DIR")];
    let region = project.path("state/111111111111/eu-west-1");
    let file = std::fs::read_dir(&region).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read_to_string(&file).unwrap();
    let look = |name: &str, text: &str| {
        std::fs::write(&file, text).unwrap();
        told(name, &project.infra("plan --sandbox=state"), &hide);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "{name}: it is left as it is");
    };
    look("sandbox-damaged", &good[..100]);
    look("sandbox-empty-file", "");
    look("sandbox-of-something-else", "{}");
    look("sandbox-newer", &good.replacen("\"format_version\":1", "\"format_version\":2", 1));
    look("sandbox-without-a-field", &good.replacen("\"resources\":", "\"resorces\":", 1));
    std::fs::write(&file, &good).unwrap();
    project.write("state/script.json", "{\"rules\": [{\"stak\": \"x\"}]}");
    told("sandbox-damaged-script", &project.infra("plan --sandbox=state"), &hide);
    std::fs::remove_file(project.path("state/script.json")).unwrap();

    let served = Served::start(&["--state", project.path("state").to_str().unwrap()]);
    told("sandbox-in-use", &project.infra("plan --sandbox=state"), &hide);
    drop(served);
    assert!(project.infra("plan --sandbox=state").ended(0).out.starts_with("no changes"));

    told("sandbox-not-a-directory", &project.infra("plan --sandbox=main.infra"), &hide);
    let said = project.infra(&format!("sandbox --state {}", project.path("main.infra").display()));
    told("served-sandbox-not-a-directory", &said, &[(project.path("").to_str().unwrap(), "DIR/")]);
    told(
        "sandbox-port-taken",
        &{
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = taken.local_addr().unwrap().port().to_string();
            let mut said = project.run(&["sandbox", "--port", &port]);
            said.err = said.err.replace(&port, "PORT");
            said
        },
        &[],
    );
}

#[test]
fn every_snapshot_is_of_a_case() {
    let source = include_str!("bad_input.rs");
    let names: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let stale: Vec<&String> = names.iter().filter(|n| !source.contains(&format!("\"{n}\""))).collect();
    assert!(stale.is_empty(), "{stale:?}");
    assert!(names.len() > 50, "{}", names.len());
}
