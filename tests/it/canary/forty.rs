//! Forty secrets of every shape, in every place where one can be, and every way to fail: no byte of any is written.
//!
//! Each word of a secret has its mark, so that what is broken, cut, escaped or encoded is found, too. What is left out:
//! the simulator's folder, the files that credentials lie in, and what a credential process says on stderr, which is for
//! people. Nobody here knows what only AWS knows: where AWS repeats a kept secret in a reason, it is told.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::files;
use crate::support::cli::{Project, Said, run};
use crate::support::script;

/// What is set: `m` stands for the mark.
const SHAPES: &[&str] = &[
    "m",
    "m\"m\" 'm'",
    "m\\m\\\\m",
    "-----BEGIN m KEY-----\nm.m.m.m.m.m.m.m\nm+m+m+m=\n-----END m KEY-----\n",
    "m\tm",
    "mémü😀m",
    "m correct m horse m battery m staple m correct m horse m battery m staple m correct m",
    "m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m-m",
    "`m` | **m** <b>m</b>",
    "::error::m%0A::m",
    "{\"user\":\"m\",\"password\":\"m\"}",
    "****m****",
    "  m  ",
    "=m=m",
    "$m ${m} $(m)",
    "%6dm%20%25m",
    "&lt;m&gt; <m> & m",
    "postgres://u:m@h/m?x=m",
    "m,m;m|m",
    "m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m/m",
    "m…m",
    "(m)[m]{m}",
    "m: m # m",
    "m\u{200e}m",
];

/// Given once, kept by later runs; only AWS knows them.
const KEPT: usize = 4;

/// Words of a template that was written without secrets.
const OLD: usize = 4;

/// Credentials, and what credentials are fetched with.
const CREDENTIALS: usize = 8;

const ALL: usize = 24 + KEPT + OLD + CREDENTIALS;

fn mark(at: usize) -> String {
    format!("kx{at:02}vQ7w")
}

fn secret(at: usize) -> String {
    match SHAPES.get(at) {
        Some(shape) => shape.replace('m', &mark(at)),
        // A session token is longer than any line.
        None if at == ALL - 1 => vec![mark(at); 60].join("/"),
        None => format!("{m}+{m}", m = mark(at)),
    }
}

fn kept(at: usize) -> String {
    secret(SHAPES.len() + at)
}

fn old(at: usize) -> String {
    secret(SHAPES.len() + KEPT + at)
}

fn credential(at: usize) -> String {
    secret(SHAPES.len() + KEPT + OLD + at)
}

/// What AWS can repeat of what this run gives it.
fn echo() -> String {
    let credentials = [credential(6), credential(7)];
    (0..SHAPES.len()).map(secret).chain(credentials).collect::<Vec<_>>().join("\n")
}

const HEAD: &str =
    "project p\n\naccount a { id: \"111111111111\" }\nenv dev { account: a, regions: [\"eu-west-1\"] }\n\n";

/// The program as it was before anybody thought of secrets.
fn before() -> String {
    let [password, token, word, gone] = [0, 1, 2, 3].map(old);
    format!(
        "{HEAD}service api {{\n  resource Database = AWS::RDS::DBInstance {{\n    DBInstanceClass: \"db.t4g.micro\"\n    \
         Engine: \"postgres\"\n    AllocatedStorage: \"20\"\n    MasterUsername: \"master\"\n    \
         MasterUserPassword: \"{password}\"\n  }}\n  resource Task = AWS::ECS::TaskDefinition {{\n    Family: \"api\"\n    \
         ContainerDefinitions: [{{ Name: \"api\", Image: \"api:1\", Memory: 64, Environment: [\n      \
         {{ Name: \"API_TOKEN\", Value: \"{token}\" }}, {{ Name: \"FIRST\", Value: \"{word}\" }}, \
         {{ Name: \"DB_PASSWORD\", Value: \"{gone}\" }}\n    ] }}]\n  }}\n}}\n"
    )
}

/// As it is now: all that was written is given, or gone; so many inputs more are given once and kept.
fn after(kept: usize) -> String {
    let mut program = format!("{HEAD}service api {{\n");
    let names = || (0..SHAPES.len()).map(|at| format!("S{at:02}")).chain((0..kept).map(|at| format!("K{at}")));
    for name in names() {
        writeln!(program, "  input {name}: Secret").unwrap();
    }
    program.push_str(
        "  input Size: String = \"20\"\n  resource Database = AWS::RDS::DBInstance {\n    DBInstanceClass: \"db.t4g.micro\"\n    \
         Engine: \"postgres\"\n    AllocatedStorage: Size\n    MasterUsername: \"master\"\n    MasterUserPassword: S00\n  }\n  \
         resource Task = AWS::ECS::TaskDefinition {\n    Family: \"api\"\n    ContainerDefinitions: [{ Name: \"api\", \
         Image: \"api:2\", Memory: 64, Environment: [\n      { Name: \"OTHER\", Value: \"none\" }, { Name: \"FIRST\", Value: S01 }\n    ] }]\n  }\n  \
         resource Hook = AWS::Lambda::Function {\n    Code: { ZipFile: \"exports.handler = async () => {}\" }\n    \
         Runtime: \"nodejs22.x\"\n    Handler: \"index.handler\"\n    Role: \"arn:aws:iam::111111111111:role/hook\"\n    \
         Environment: { Variables: {\n",
    );
    for name in names() {
        writeln!(program, "      {name}: \"${{{name}}}!\"").unwrap();
    }
    program.push_str("    } }\n  }\n  output Hook = Hook.Arn\n}\n");
    program
}

/// A project, the state of its sandbox, and what is looked for.
struct Planted {
    project: Project,
    hits: Vec<String>,
    runs: usize,
}

/// Marks as they are, and as Base64 makes them where they begin at any of three places.
fn traces() -> Vec<String> {
    let encoded = |mark: &str, before: usize| {
        let text = STANDARD.encode(format!("{}{mark}", "x".repeat(before)));
        // The first and last characters belong to what is around, too.
        text[if before == 0 { 0 } else { 4 }..text.len() - 4].to_owned()
    };
    let of = |at: usize| {
        let mark = mark(at);
        let coded = (0..3).map(|before| encoded(&mark, before)).collect::<Vec<_>>();
        std::iter::once(mark).chain(coded)
    };
    (0..ALL).flat_map(of).collect()
}

impl Planted {
    fn new(program: &str) -> Self {
        Self { project: Project::new(&[("main.infra", program)]), hits: vec![], runs: 0 }
    }

    /// Every secret input and the credentials of the run.
    fn given(&self, line: &str) -> Command {
        let mut command = self.command(line);
        for at in 0..SHAPES.len() {
            command.args(["--set", &format!("api.S{at:02}={}", secret(at))]);
        }
        command
    }

    /// The credentials of the run, and all that makes others talk.
    fn command(&self, line: &str) -> Command {
        let mut command = self.project.command(&line.split_whitespace().collect::<Vec<_>>());
        command.envs([
            ("AWS_ACCESS_KEY_ID", "111111111111"),
            ("AWS_SECRET_ACCESS_KEY", &credential(6)),
            ("AWS_SESSION_TOKEN", &credential(7)),
            ("RUST_LOG", "trace"),
            ("RUST_BACKTRACE", "full"),
            ("AWS_LOG_LEVEL", "trace"),
        ]);
        command
    }

    /// Runs it, and looks at every byte it wrote.
    fn run(&mut self, command: Command) -> Said {
        let line = format!("{:?}", command.get_args().take(4).collect::<Vec<_>>());
        let said = run(command);
        self.runs += 1;
        let mut written = vec![("stdout".to_owned(), said.out.clone()), ("stderr".to_owned(), said.err.clone())];
        files(&self.project.path(""), &mut written);
        let traces = traces();
        for (place, text) in written.iter().filter(|(place, _)| !is_credential(place)) {
            let found: Vec<&String> = traces.iter().filter(|trace| text.contains(trace.as_str())).collect();
            if !found.is_empty() {
                self.hits.push(format!("{line}: {found:?} in {place}:\n{text}"));
            }
        }
        assert!(!said.err.contains("panicked"), "{said:?}");
        said
    }

    fn lines(&mut self, lines: &[&str]) {
        for line in lines {
            let command = if is_given(line) { self.given(line) } else { self.command(line) };
            self.run(command);
        }
    }

    /// A run that goes wrong, and says so without what AWS repeats.
    fn fails(&mut self, line: &str, part: &str) {
        let command = self.given(line);
        let said = self.run(command);
        assert!(said.code == Some(1) && said.err.contains(part), "{said:?}");
    }

    fn script(&self, rules: &Value) {
        self.project.write("state/script.json", json!({ "rules": rules }).to_string());
    }

    /// Lets the world be as the program of old made it, and then brings in the new one.
    fn deployed() -> Self {
        let planted = Self::new(&before());
        planted.project.infra("apply --yes --sandbox=state").ended(0);
        planted.project.write("main.infra", after(KEPT));
        planted
    }

    /// The same, and the new program applied.
    fn applied() -> Self {
        let planted = Self::deployed();
        let mut command = planted.given("apply --yes --sandbox=state");
        for at in 0..KEPT {
            command.args(["--set", &format!("api.K{at}={}", kept(at))]);
        }
        run(command).ended(0);
        planted
    }
}

/// What the credentials of the tests lie in.
fn is_credential(place: &str) -> bool {
    place.contains("/.home/")
}

/// Commands that take inputs.
fn is_given(line: &str) -> bool {
    !["show", "discard", "ci", "fmt", "check", "explain", "doc", "completions"].iter().any(|c| line.starts_with(c))
}

const LOOKS: &[&str] = &[
    "plan --sandbox=state",
    "plan --sandbox=state --read-only --format markdown",
    "plan --sandbox=state --format json",
    "plan --sandbox=state --format html",
    "ls --sandbox=state --format json",
    "outputs --sandbox=state --format json",
    "watch --sandbox=state",
];

/// An update of a world that was made without secrets.
fn old_templates() -> Planted {
    let mut planted = Planted::deployed();
    for kept_too in [false, true] {
        for line in ["plan", "plan --read-only", "plan --format markdown", "plan --format json", "plan --format html"] {
            let mut command = planted.given(&format!("{line} --sandbox=state"));
            for at in (0..KEPT).filter(|_| kept_too) {
                command.args(["--set", &format!("api.K{at}={}", kept(at))]);
            }
            let said = planted.run(command);
            assert_eq!(said.code, Some(i32::from(!kept_too)), "{said:?}");
        }
    }
    planted
}

/// What is deployed is kept: only AWS knows it.
fn what_is_kept() -> Planted {
    let mut planted = Planted::applied();
    for line in
        LOOKS.iter().chain(&["plan --sandbox=state -o plan.json", "show plan.json --format html", "show plan.json"])
    {
        let mut command = planted.command(line);
        if is_given(line) {
            command.args(["--set", "api.Size=30"]);
        }
        planted.run(command);
    }
    planted.lines(LOOKS);
    planted.lines(&["apply plan.json --sandbox=state", "discard plan.json --sandbox=state"]);
    planted
}

/// A creation fails, and AWS says with what.
fn failing_creation() -> Planted {
    let mut planted = Planted::new(&after(0));
    for resource in ["Hook", "Database"] {
        planted.script(&json!([{ "stack": "*", "resource": resource, "fail": echo() }]));
        planted.fails("apply --yes --sandbox=state", "failed: ");
        planted.fails("apply --yes --sandbox=state --format json", "resource-failed");
    }
    planted.lines(LOOKS);
    planted
}

/// An update fails, then its rollback, then the way out of that, then the deletion.
fn failing_rollback() -> Planted {
    let mut planted = Planted::applied();
    let echo = echo();
    planted.script(&json!([
        { "stack": "*", "resource": "Database", "on": "update", "fail": echo },
        { "stack": "*", "resource": "Task", "on": "rollback", "fail": echo },
        { "stack": "*", "resource": "Database", "on": "rollback", "fail": echo },
        { "stack": "*", "resource": "Hook", "on": "delete", "fail": echo },
    ]));
    planted.fails("apply --yes --sandbox=state --set api.Size=30", "`Database`");
    planted.lines(LOOKS);
    planted.fails("plan --sandbox=state", "is stuck in UPDATE_ROLLBACK_FAILED");
    planted.fails("recover --yes --sandbox=state", "cannot be rolled back");
    planted.lines(&["recover --yes --sandbox=state --skip api/Database", "apply --yes --sandbox=state"]);
    planted.fails("destroy --yes --allow delete:* --sandbox=state", "`Hook`");
    planted.lines(&["destroy --yes --allow delete:* --sandbox=state --format json", "plan --sandbox=state"]);
    planted
}

/// Calls that are refused.
fn denied() -> Planted {
    let mut planted = Planted::applied();
    for action in ["cloudformation:*", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"] {
        let document = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": action, "Resource": "*" },
        ]});
        planted.project.write("state/policies.json", json!({ "111111111111": document }).to_string());
        let mut command = planted.given("apply --yes --sandbox=state");
        command.args(["--set", "api.Size=40"]);
        planted.run(command);
        planted.lines(&["plan --sandbox=state", "destroy --yes --allow delete:* --sandbox=state"]);
    }
    planted
}

/// A service that repeats all it was given: in errors, expired credentials, pages of a proxy, cut at any place.
fn endpoints() -> Planted {
    let mut planted = Planted::new(&after(0));
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut answers: Vec<(&str, String)> = Vec::new();
    for code in
        ["ValidationError", "AccessDenied", "ExpiredToken", "InvalidClientTokenId", "InsufficientCapabilitiesException"]
    {
        answers.push(("400 Bad Request", script::error(code, &escape(&echo()))));
    }
    answers.push(("403 Forbidden", format!("<html><body>{}</body></html>", escape(&echo()))));
    answers.push(("200 OK", echo()));
    for at in [2, 6, 7, 12, 19] {
        let value = if at == 12 { credential(7) } else { secret(at) };
        for cut in [1_900, 1_980, 2_010, 2_030] {
            answers.push((
                "400 Bad Request",
                script::error("ValidationError", &escape(&format!("{}{value}", "x".repeat(cut)))),
            ));
        }
    }
    for (status, body) in answers {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}",
            body.len()
        );
        let (address, _) = script::socket(vec![format!("{head}\r\n\r\n{body}").into_bytes()]);
        // The address of a proxy may have a password in it.
        let address = address.replace("http://", &format!("http://user:{}@", credential(0)));
        let command = planted.given(&format!("plan --endpoint {address}"));
        planted.run(command);
    }
    let command = planted.given(&format!("plan --endpoint http://user:{}@", credential(0)));
    planted.run(command);
    planted
}

/// Credentials that cannot be had, from places that tell too much.
fn credentials() -> Planted {
    let mut planted = Planted::new(&after(0));
    let body = format!("{{\"code\":\"{}\",\"message\":\"{} {}\"}}", credential(1), credential(1), credential(2));
    let answer =
        format!("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (address, _) = script::socket(vec![answer.into_bytes()]);
    planted.project.write(".home/bad", format!("[default\naws_secret_access_key = {}\n", credential(3)));
    planted.project.write(".home/half", format!("[default]\naws_secret_access_key = {}\n", credential(3)));
    let spoken = format!("echo '{{\"Version\": 1, \"SecretAccessKey\": \"{}\"'", credential(4));
    planted.project.write(".home/process.sh", format!("{spoken}\necho 'log in first' >&2\nexit 1\n"));
    let process = planted.project.path(".home/process.sh").display().to_string();
    planted.project.write(".home/process", format!("[default]\ncredential_process = sh {process}\n"));
    planted.project.write(".home/token", credential(5));
    let path = |name: &str| planted.project.path(&format!(".home/{name}")).display().to_string();
    let ways: Vec<Vec<(&str, String)>> = vec![
        vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", address), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", credential(2))],
        vec![("AWS_SHARED_CREDENTIALS_FILE", path("bad"))],
        vec![("AWS_SHARED_CREDENTIALS_FILE", path("half"))],
        vec![("AWS_CONFIG_FILE", path("process"))],
        vec![("AWS_WEB_IDENTITY_TOKEN_FILE", path("token")), ("AWS_ROLE_ARN", "no role".to_owned())],
    ];
    for way in ways {
        let mut command = planted.given("plan");
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env_remove("AWS_SESSION_TOKEN");
        // Nothing but the machine itself is asked.
        command.envs([("HTTPS_PROXY", "http://127.0.0.1:9"), ("AWS_REGION", "eu-west-1"), ("AWS_MAX_ATTEMPTS", "1")]);
        command.envs(way);
        let said = planted.run(command);
        assert_eq!(said.code, Some(1), "{said:?}");
    }
    planted
}

#[test]
fn forty_secrets_and_no_trace_of_any() {
    assert_eq!((SHAPES.len(), ALL), (24, 40));
    let scenes: &[fn() -> Planted] =
        &[old_templates, what_is_kept, failing_creation, failing_rollback, denied, endpoints, credentials];
    let (next, runs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let hits = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(scene) = scenes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let planted = scene();
                    runs.fetch_add(planted.runs, Ordering::Relaxed);
                    hits.lock().unwrap().extend(planted.hits);
                }
            });
        }
    });
    let hits = hits.into_inner().unwrap();
    assert!(hits.is_empty(), "{} of {} runs wrote secrets\n{}", hits.len(), runs.into_inner(), hits.join("\n\n"));
}
