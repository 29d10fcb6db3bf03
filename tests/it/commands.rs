//! What people type besides: selection, environments by branch, formats, colours, help, completions.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::cli::{Project, infra, run};
use crate::support::examples::projects;

const COMMANDS: &[&str] = &[
    "check",
    "test",
    "plan",
    "apply",
    "show",
    "discard",
    "destroy",
    "watch",
    "drift",
    "recover",
    "outputs",
    "ls",
    "sandbox",
    "build",
    "contract",
    "ci",
    "graph",
    "fmt",
    "explain",
    "doc",
    "completions",
];

#[test]
fn examples_are_formatted_and_without_a_problem() {
    for (name, folder) in projects() {
        let here = |args: &[&str]| {
            let mut command = infra();
            command.current_dir(&folder).args(args);
            run(command)
        };
        assert_eq!(here(&["fmt", "--check"]).ended(0).out, "", "{name}");
        assert_eq!(here(&["check"]).ended(0).err, "no problems found\n", "{name}");
        assert_eq!(here(&["check", "--format", "json"]).ended(0).json()["diagnostics"], serde_json::json!([]));
    }
}

#[test]
fn formatting_is_named_then_done() {
    let project = Project::new(&[("main.infra", "project   p\n"), ("fine.infra", "let a = 1\n")]);
    assert_eq!(project.infra("fmt --check").ended(1).out, "main.infra\n");
    assert_eq!(project.infra("fmt").ended(0).out, "main.infra\n");
    assert_eq!(project.infra("fmt --check").ended(0).out, "");
    assert_eq!(std::fs::read_to_string(project.path("main.infra")).unwrap(), "project p\n");
}

#[test]
fn a_linked_file_counts_and_stays_a_link() {
    let project = Project::new(&[("p/main.infra", "project p\n"), ("shared.txt", "let   a = 1\n")]);
    std::os::unix::fs::symlink("../shared.txt", project.path("p/shared.infra")).unwrap();
    assert_eq!(project.infra("-C p fmt").ended(0).out, "shared.infra\n");
    assert_eq!(std::fs::read_to_string(project.path("shared.txt")).unwrap(), "let a = 1\n");
    assert!(project.path("p/shared.infra").is_symlink());
}

#[test]
fn two_builds_are_equal_byte_for_byte() {
    for (example, stacks) in [("backend-service", 3), ("hello", 2)] {
        for env in ["dev", "prod"] {
            let (one, two) = (Project::example(example), Project::example(example));
            one.infra(&format!("build --env {env} -o out")).ended(0);
            two.infra(&format!("build --env {env} -o out")).ended(0);
            two.infra(&format!("build --env {env} -o out")).ended(0);
            let files = |project: &Project| {
                let list = |folder: &str| {
                    let mut names: Vec<_> = std::fs::read_dir(project.path(folder)).unwrap().collect();
                    names.sort_by_key(|e| e.as_ref().unwrap().file_name());
                    names.into_iter().map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect::<Vec<_>>()
                };
                let all = list("out").into_iter().chain(list("out/templates"));
                all.map(|p| (p.file_name().unwrap().to_owned(), std::fs::read(&p).unwrap())).collect::<Vec<_>>()
            };
            assert_eq!(files(&one).len(), stacks + 1);
            assert!(files(&one) == files(&two), "{example} {env}");
        }
    }
}

#[test]
fn stacks_are_chosen_by_name_and_glob() {
    let project = Project::example("hello");
    let chosen = |what: &str| {
        let plan = project.infra(&format!("plan --env dev --sandbox=s --format json {what}")).ended(0).json();
        let stacks = plan["stacks"].as_array().unwrap();
        stacks.iter().map(|s| s["stack"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(chosen(""), ["events", "inbox"]);
    assert_eq!(chosen("events"), ["events"]);
    assert_eq!(chosen("ev*"), ["events"]);
    assert_eq!(chosen("events@eu-west-1"), ["events"]);
    assert_eq!(chosen("*@dev/eu-west-1"), ["events", "inbox"]);
    assert_eq!(chosen("inbox events"), ["events", "inbox"]);
    let plan = |what: &str, code| project.infra(&format!("plan --env dev --sandbox=s {what}")).ended(code).err;
    assert_eq!(plan("evnts", 1), "error: no stack `evnts` here; the nearest is `events`\n");
    assert_eq!(plan("events@eu-west-9", 1).lines().count(), 1);
    assert!(plan("'ev[", 1).contains("is no pattern"));
    // The consumer alone, before its producer is there.
    let alone = plan("inbox", 1);
    assert!(alone.starts_with("not-deployed") && alone.contains("`events@dev/eu-west-1`"), "{alone}");
    project.infra("apply --env dev --sandbox=s --yes events").ended(0);
    project.infra("apply --env dev --sandbox=s --yes inbox").ended(0);
    // The producer alone, while it is used.
    let used = project.infra("destroy --env dev --sandbox=s --yes --allow delete:* events").ended(1).err;
    assert!(used.starts_with("still-used") && used.contains("inbox"), "{used}");
    assert_eq!(project.living("s").len(), 2);
}

#[test]
fn the_environment_is_asked_for_given_by_branch_or_known_in_ci() {
    let project = Project::example("hello");
    let env = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = project.command(&["plan", "--sandbox=s", "--format", "json"]);
        command.args(args).envs(variables.iter().copied());
        let said = run(command);
        let plan: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_default();
        plan["env"].as_str().map_or(said.err, str::to_owned)
    };
    assert_eq!(env(&["--env", "prod"], &[("GITHUB_REF_NAME", "develop")]), "prod");
    assert_eq!(env(&["--branch", "develop"], &[]), "dev");
    assert_eq!(env(&["--branch", "main"], &[("GITHUB_REF_NAME", "develop")]), "prod");
    for variable in ["GITHUB_REF_NAME", "CI_COMMIT_BRANCH", "BUILDKITE_BRANCH", "CIRCLE_BRANCH", "BRANCH_NAME"] {
        assert_eq!(env(&[], &[(variable, "main")]), "prod", "{variable}");
    }
    assert_eq!(env(&[], &[("GITHUB_BASE_REF", "main"), ("GITHUB_REF_NAME", "7/merge")]), "prod", "a pull request");
    let ask = "error: say which environment: `--env` with one of: dev, prod; or `--all`\n";
    assert_eq!(env(&[], &[]), ask);
    assert_eq!(env(&[], &[("GITHUB_REF_NAME", "feature/x")]), ask);
    assert!(env(&["--branch", "feature/x"], &[]).contains("no environment deploys branch `feature/x`"));
    assert!(env(&["--branch", "main", "--env", "dev"], &[]).contains("cannot be used with"));
    let alone = Project::new(&[(
        "main.infra",
        "project p\naccount a { id: \"111111111111\" }\nenv only { account: a, regions: [\"eu-west-1\"] }\n\
         core c { resource T = AWS::SNS::Topic {} }\n",
    )]);
    assert_eq!(alone.infra("plan --sandbox=s --format json").ended(0).json()["env"], "only");
}

#[test]
fn the_project_is_found_from_below_and_from_elsewhere() {
    let project = Project::example("hello");
    project.write("deep/below/note.txt", "");
    let mut below = project.command(&["check"]);
    below.current_dir(project.path("deep/below"));
    run(below).ended(0);
    let mut elsewhere = infra();
    elsewhere.current_dir("/").arg("-C").arg(project.path("deep")).args(["plan", "--env", "dev", "--sandbox"]);
    run(elsewhere).ended(0);
    assert!(project.path(".infra/sandbox").is_dir(), "the sandbox lies beside the project");
    assert_eq!(std::fs::read_to_string(project.path(".infra/.gitignore")).unwrap(), "*\n");
}

#[test]
fn colours_are_only_where_they_are_asked_for() {
    let project = Project::example("hello");
    project.write("broken.infra", "let x = nowhere\n");
    let colour = |args: &[&str], variable: Option<(&str, &str)>| {
        let mut command = project.command(args);
        command.env("TERM", "xterm-256color").envs(variable);
        run(command).err.contains('\u{1b}')
    };
    assert!(!colour(&["check"], None), "a pipe is no terminal");
    assert!(colour(&["check", "--color", "always"], None));
    assert!(!colour(&["check", "--color", "never"], None));
    assert!(colour(&["--color", "always", "check"], Some(("NO_COLOR", "1"))), "what is asked for goes first");
    assert!(!colour(&["check"], Some(("NO_COLOR", "1"))));
    std::fs::remove_file(project.path("broken.infra")).unwrap();
    let plan = |when: &str| project.infra(&format!("plan --env dev --sandbox=s --color {when}")).ended(0).out;
    assert!(!plan("auto").contains('\u{1b}') && plan("always").contains('\u{1b}'));
    let bare: String = {
        let mut out = String::new();
        let painted = plan("always");
        let mut rest = painted.as_str();
        while let Some(at) = rest.find('\u{1b}') {
            out.push_str(&rest[..at]);
            rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
        }
        out + rest
    };
    assert_eq!(bare, plan("never"), "nothing is said by colour alone");
}

#[test]
fn the_environment_may_say_where() {
    let project = Project::example("hello");
    let plan = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = project.command(&["plan", "--env", "dev"]);
        command.args(args).envs(variables.iter().copied());
        run(command)
    };
    let (sandbox, nobody) = (("INFRA_SANDBOX", "s"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"));
    plan(&[], &[sandbox]).ended(0);
    assert!(project.path("s").is_dir());
    assert!(plan(&[], &[nobody]).ended(1).err.contains("talking to http://127.0.0.1:9 instead of AWS"));
    plan(&["--sandbox=s"], &[nobody]).ended(0);
    assert!(plan(&["--endpoint", "http://127.0.0.1:9"], &[sandbox]).ended(1).err.contains("unreachable"));
    assert!(plan(&[], &[sandbox, nobody]).ended(1).err.contains("both set"), "neither is guessed");
    assert!(plan(&[], &[("AWS_ENDPOINT_URL", "localhost")]).ended(1).err.contains("is no address"));
    assert!(
        plan(&["--sandbox=s", "--endpoint", "http://127.0.0.1:9"], &[]).ended(1).err.contains("cannot be used with")
    );
}

#[test]
fn nobody_answers_without_a_terminal() {
    let project = Project::example("hello");
    let said = project.infra("apply --env dev --sandbox=s").ended(1);
    assert!(said.err.contains("nobody can answer here; give `--yes`"), "{}", said.err);
    assert!(project.living("s").is_empty());
}

#[test]
fn machines_read_every_format() {
    let project = Project::example("hello");
    let json = |line: &str| project.infra(&format!("{line} --env dev --sandbox=s --format json")).ended(0).json();
    let plan = json("plan");
    assert_eq!((plan["format_version"].as_u64(), plan["changes"].as_bool()), (Some(1), Some(true)));
    let report = json("apply --yes");
    assert_eq!((report["format_version"].as_u64(), report["exit_code"].as_u64()), (Some(1), Some(0)));
    let outputs = json("outputs");
    for stack in report["stacks"].as_array().unwrap() {
        let name = stack["id"].as_str().unwrap().split('@').next().unwrap();
        assert_eq!(outputs[name], stack["outputs"], "the report and the listing agree");
    }
    let text = project.infra("outputs --env dev --sandbox=s inbox").ended(0).out;
    assert_eq!(text, format!("inbox.Messages  {}\n", outputs["inbox"]["Messages"].as_str().unwrap()));
    let listed = json("ls");
    assert!(listed["stacks"].as_array().unwrap().iter().all(|s| s["status"] == "CREATE_COMPLETE" && s["ours"] == true));
    assert_eq!(json("plan")["changes"], false);
    let graph = |format: &str| project.infra(&format!("graph --env dev --format {format}")).ended(0).out;
    assert!(graph("dot").starts_with("digraph") && graph("mermaid").contains("-->") && graph("text").contains("inbox"));
}

#[test]
fn help_fits_a_terminal_and_shows_examples() {
    for command in COMMANDS {
        let mut help = infra();
        help.args([command, "--help"]).env("COLUMNS", "80");
        let said = run(help).ended(0);
        assert!(said.err.is_empty());
        let (lines, widest) = (said.out.lines().count(), said.out.lines().map(|l| l.chars().count()).max().unwrap());
        assert!(widest <= 80, "{command}: {widest} columns\n{}", said.out);
        assert!(lines <= 60, "{command}: {lines} lines\n{}", said.out);
        assert!(said.out.contains("Examples:\n"), "{command}");
    }
    let mut short = infra();
    short.args(["--help"]).env("COLUMNS", "80");
    let said = run(short).ended(0);
    for command in COMMANDS {
        assert!(said.out.contains(&format!("\n  {command} ")), "{command} is not listed\n{}", said.out);
    }
    assert!(said.out.lines().all(|l| l.chars().count() <= 80), "{}", said.out);
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let mut command = infra();
        command.args(["completions", shell]);
        let script = run(command).ended(0).out;
        assert!(script.contains("destroy") && script.contains("detailed-exitcode"), "{shell}");
    }
}

#[test]
fn a_reader_who_leaves_is_no_panic() {
    let project = Project::example("backend-service");
    for line in [
        &["plan", "--env", "dev", "--sandbox=s"] as &[&str],
        &["explain", "AWS::ECS::Service"],
        &["completions", "zsh"],
        &["--help"],
        &["graph", "--env", "dev", "--format", "dot"],
    ] {
        let mut command = project.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 8];
        let mut out = child.stdout.take().unwrap();
        let _ = out.read(&mut first).unwrap();
        drop(out);
        child.stdout = None;
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = child.wait().unwrap();
        assert!(!err.contains("panicked"), "{line:?}: {err}");
        assert!([Some(0), Some(1), Some(141)].contains(&status.code()), "{line:?}: {status:?} {err}");
    }
    // Before anything was written at all.
    let mut command = project.command(&["plan", "--env", "dev", "--sandbox=s"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141), "{}", String::from_utf8_lossy(&output.stderr));
}
