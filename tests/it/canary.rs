//! Planted secrets: whatever is run, and however it ends, no byte of them is written.
//!
//! What is left out, and why: the folder of the simulator, which stands for AWS and must know what it was given, and the
//! script of its failures, in which the test itself writes a secret.

use std::path::{Path, PathBuf};

use crate::support::cli::{Project, Said, Served, run};
use crate::support::script;

mod forty;

/// Each is distinct in any part of it that is of use to anybody.
const TOKEN: &str = "canary-token-8fQ2\"zK\\7%/+=é";
const PASSWORD: &str = "canary-password-51vXw";
const KEY: &str = "canary-secret-key-W9mB3";
const SESSION: &str = "canary-session-Lp0Rt";
/// What is looked for: parts that survive every way of escaping, and Base64 of the whole.
const TRACES: &[&str] = &[
    "canary-token-8fQ2",
    "canary-password-51vXw",
    "canary-secret-key-W9mB3",
    "canary-session-Lp0Rt",
    "Y2FuYXJ5LXRva2VuLThmUT",
    "Y2FuYXJ5LXBhc3N3b3JkLTUxdlh3",
];

const PROGRAM: &str = r#"project p

account a { id: "111111111111" }

env dev { account: a, regions: ["eu-west-1"], branch: "main" }

type Hidden = Secret

service api {
  /// The token of the hook
  input Token: Secret
  input Password: Hidden

  resource Credentials = AWS::SecretsManager::Secret { GenerateSecretString: {} }
  resource Database = AWS::RDS::DBInstance {
    DBInstanceClass: "db.t4g.micro"
    Engine: "postgres"
    AllocatedStorage: "20"
    MasterUsername: secret(Credentials, "username")
    MasterUserPassword: Password
  }
  resource Hook = AWS::Lambda::Function {
    Code: { ZipFile: "exports.handler = async () => {}" }
    Runtime: "nodejs22.x"
    Handler: "index.handler"
    Role: "arn:aws:iam::111111111111:role/hook"
    Environment: { Variables: { TOKEN: Token, BOTH: "${Token}:${Password}" } }
  }

  output Hook = Hook.Arn
}

test "a secret is what it is" for dev {
  assert api.Hook.Environment.Variables.TOKEN == "a token", "but ${api.Hook.Environment.Variables.BOTH}"
  assert api.Database.MasterUserPassword == "a password"
}
"#;

/// A secret in the environment of whoever runs the command is not taken for a variable.
const COMPOSE: &str = "services:\n  web:\n    image: nginx:${AWS_SECRET_ACCESS_KEY}\n";

struct Planted {
    project: Project,
}

impl Planted {
    fn new(program: &str) -> Self {
        Self { project: Project::new(&[("main.infra", program)]) }
    }

    /// Runs a command with every secret at hand, and looks at all it wrote.
    #[track_caller]
    fn run(&self, line: &str) -> Said {
        self.run_with(line, &[&format!("api.Token={TOKEN}"), &format!("api.Password={PASSWORD}")])
    }

    #[track_caller]
    fn run_with(&self, line: &str, set: &[&str]) -> Said {
        let mut command = self.project.command(&line.split_whitespace().collect::<Vec<_>>());
        for set in set {
            command.args(["--set", set]);
        }
        command.envs([
            ("AWS_ACCESS_KEY_ID", "999999999999"),
            ("AWS_SECRET_ACCESS_KEY", KEY),
            ("AWS_SESSION_TOKEN", SESSION),
        ]);
        let said = run(command);
        self.look(line, &said);
        said
    }

    #[track_caller]
    fn look(&self, line: &str, said: &Said) {
        let mut written = vec![("stdout".to_owned(), said.out.clone()), ("stderr".to_owned(), said.err.clone())];
        files(&self.project.path(""), &mut written);
        for (place, text) in written {
            for trace in TRACES {
                assert!(!text.contains(trace), "`infra {line}`: {trace} is in {place}:\n{text}");
            }
        }
    }
}

fn files(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "state") {
            continue;
        }
        if path.is_dir() {
            files(&path, into);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            into.push((path.display().to_string(), text));
        }
    }
}

/// What is run, one after the other in one project, and how it ends: every command in every format.
const LINES: &[(&str, i32)] = &[
    ("check", 0),
    ("check --format human", 0),
    ("check --format concise", 0),
    ("check --format json", 0),
    ("check --format sarif", 0),
    ("check --format github", 0),
    ("check --fix --diff", 0),
    ("check --fix", 0),
    ("fmt", 0),
    ("explain secret", 0),
    ("explain secret-leak", 0),
    ("explain std::network", 0),
    ("completions bash", 0),
    ("doc", 0),
    ("doc -o reference", 0),
    ("build --env dev -o out", 0),
    ("ci policy", 0),
    // A workflow is a file that everybody reads.
    ("ci github --install ./install-infra", 1),
    ("ci github --install ./install-infra --stdout", 1),
    // What a pipeline is given lies in the clear: it carries no secret.
    ("ci codepipeline --env dev --install ./install-infra --bucket sources --key p.zip", 1),
    ("ci codepipeline --env dev --install ./install-infra --bucket sources --key p.zip --stdout", 1),
    ("ci artifact --env dev --sandbox=state -o artifact", 1),
    ("from-compose docker-compose.yaml", 1),
    ("graph --format text", 0),
    ("graph --format dot", 0),
    ("graph --format mermaid", 0),
    ("graph --format svg", 0),
    ("graph api", 0),
    ("test --format human", 1),
    ("test --format json", 1),
    ("test --format junit", 1),
    ("contract write api", 0),
    ("contract write api -o -", 0),
    ("contract check --format text", 0),
    ("contract check --format json", 0),
    ("plan --sandbox=state --format text", 0),
    ("plan --sandbox=state --format markdown", 0),
    ("plan --sandbox=state --format html", 0),
    ("plan --sandbox=state --format github", 0),
    ("plan --sandbox=state --prune", 0),
    ("plan --sandbox=state --format json", 0),
    ("plan --sandbox=state --color always", 0),
    ("plan --sandbox=state -o plan.json", 0),
    ("show plan.json --format text", 0),
    ("show plan.json --format markdown", 0),
    ("show plan.json --format html", 0),
    ("show plan.json --format github", 0),
    ("show plan.json --format json", 0),
    ("discard plan.json --sandbox=state", 0),
    ("apply --yes --sandbox=state --format text", 0),
    ("apply --yes --sandbox=state --format json", 0),
    ("contract write --from-deployed p-api-dev --env dev -o contracts/api.json --sandbox=state", 0),
    ("contract check --deployed --sandbox=state", 0),
    ("outputs --sandbox=state --format text", 0),
    ("outputs --sandbox=state --format json", 0),
    ("watch --sandbox=state", 0),
    ("drift --sandbox=state --format text", 0),
    ("drift --sandbox=state --format json", 0),
    ("drift --sandbox=state --format markdown", 0),
    ("recover --sandbox=state", 0),
    ("ls --sandbox=state --format text", 0),
    ("ls --sandbox=state --format json", 0),
    ("destroy --yes --allow delete:* --sandbox=state --format json", 0),
    ("destroy --yes --allow delete:* --sandbox=state --format text", 0),
];

/// A command as it is typed, with the options it has and the formats it writes.
struct Command {
    name: String,
    options: Vec<String>,
    formats: Vec<String>,
}

/// Every command there is that has none below it: the completions of the shell tell them all.
fn every_command() -> Vec<Command> {
    let script = Project::new(&[]).infra("completions bash").ended(0).out;
    let mut commands: Vec<Command> = Vec::new();
    let mut option = "";
    for line in script.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("infra__subcmd__").and_then(|rest| rest.strip_suffix(')'))
            && !name.contains(',')
        {
            commands.push(Command { name: name.replace("__subcmd__", " "), options: vec![], formats: vec![] });
        }
        let Some(command) = commands.last_mut() else { continue };
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        if let Some(words_of) = line.strip_prefix("opts=\"").and_then(|rest| rest.strip_suffix('"')) {
            command.options = words(words_of);
        } else if line.ends_with(')') && line.starts_with("--") {
            option = line;
        } else if let Some((values, _)) =
            line.strip_prefix("COMPREPLY=($(compgen -W \"").and_then(|rest| rest.split_once("\" --"))
            && option == "--format)"
            && command.formats.is_empty()
        {
            command.formats = words(values);
        }
    }
    let names: Vec<String> = commands.iter().map(|command| command.name.clone()).collect();
    // The script writes `from-compose` as it writes `ci policy`; there is no command `from`.
    for command in &mut commands {
        let above = command.name.split_once(' ').map(|(above, _)| above.to_owned());
        if above.is_some_and(|above| !names.contains(&above)) {
            command.name = command.name.replace(' ', "-");
        }
    }
    commands.retain(|c| !names.iter().any(|n| n.strip_prefix(&c.name).is_some_and(|rest| rest.starts_with(' '))));
    commands
}

#[test]
fn every_command_in_every_format() {
    let commands = every_command();
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert!(names.contains(&"contract write") && !names.contains(&"contract") && names.len() > 12, "{names:?}");
    assert!(commands.iter().any(|c| c.formats.contains(&"markdown".to_owned())), "formats are found");
    let planted = Planted::new(PROGRAM);
    planted.project.write("docker-compose.yaml", COMPOSE);
    let mut missing: Vec<String> = Vec::new();
    for Command { name, formats, .. } in &commands {
        let runs = |with: &str| {
            LINES.iter().any(|(line, _)| line == name || line.starts_with(&format!("{name} ")) && line.contains(with))
        };
        match formats.as_slice() {
            // `a_sandbox_that_is_served`
            [] if name == "sandbox" || runs("") => {}
            [] => missing.push(name.clone()),
            formats => missing.extend(
                formats.iter().map(|f| format!("--format {f}")).filter(|f| !runs(f)).map(|f| format!("{name} {f}")),
            ),
        }
    }
    assert!(missing.is_empty(), "LINES says nothing of: {missing:?}");
    for (line, code) in LINES {
        let command = commands.iter().find(|c| *line == c.name || line.starts_with(&format!("{} ", c.name)));
        let takes = command.is_some_and(|command| command.options.contains(&"--set".to_owned()));
        let said = if takes { planted.run(line) } else { planted.run_with(line, &[]) };
        said.ended(*code);
    }
    let workflows = "ci github --install ./install-infra";
    let said = planted.run_with(workflows, &[&format!("api.Password={PASSWORD}")]).ended(1);
    assert!(said.err.contains("`api.Password` is secret"), "{}", said.err);
    planted.run_with(workflows, &["api.Password=$PASSWORD"]).ended(0);
    for (file, part) in
        [("out/manifest.json", "Token"), ("contracts/api.json", "Hook"), ("reference/p.md", "The token of the hook")]
    {
        let text = std::fs::read_to_string(planted.project.path(file)).unwrap();
        assert!(text.contains(part), "{file}: {text}");
    }
}

#[test]
fn what_aws_repeats_and_what_is_kept() {
    let planted = Planted::new(PROGRAM);
    let there = "--sandbox=state";
    // AWS tells in its reasons what it was given.
    let fail = |reason: &str| {
        let rule = serde_json::json!({ "rules": [{ "stack": "*", "resource": "Database", "fail": reason}] });
        planted.project.write("state/script.json", rule.to_string());
    };
    fail(&format!("The parameter MasterUserPassword is not a valid password: {PASSWORD} and {TOKEN}"));
    let failed = planted.run(&format!("apply --yes {there}"));
    assert_ne!(failed.code, Some(0), "{failed:?}");
    assert!(failed.err.contains("not a valid password"), "the reason is told, but for the secret: {failed:?}");
    fail(&format!("{KEY} {SESSION}"));
    assert_ne!(planted.run(&format!("apply --yes --format json {there}")).code, Some(0));
    std::fs::remove_file(planted.project.path("state/script.json")).unwrap();
    planted.run(&format!("apply --yes {there}")).ended(0);
    // Another value, and one that nobody gives: what is deployed is kept.
    planted.run_with(&format!("plan {there}"), &[&format!("api.Token={PASSWORD}")]).ended(0);
    for format in ["text", "markdown", "json"] {
        planted.run_with(&format!("plan {there} --format {format}"), &[]).ended(0);
    }
}

#[test]
fn plans_as_files() {
    let planted = Planted::new(PROGRAM);
    // What waits for an apply gets the secrets again.
    planted.run("plan --sandbox=state -o first.json").ended(0);
    let kept = std::fs::read_to_string(planted.project.path("first.json")).unwrap();
    assert!(kept.contains("\"hidden\""), "{kept}");
    let said = planted.run_with("apply first.json --sandbox=state", &[]).ended(1);
    assert!(said.err.contains("needs the secret input `api.Password` again"), "{}", said.err);
    planted.run("apply first.json --sandbox=state").ended(0);
    planted.run_with("discard first.json --sandbox=state", &[]).ended(0);
    // An exact change set has them.
    planted.run("plan --sandbox=state -o exact.json").ended(0);
    planted.run_with("show exact.json --format json", &[]).ended(0);
    planted.run("plan --sandbox=state -o first.json --format json").ended(0);
    planted.run_with("apply first.json --sandbox=state", &[]).ended(0);
}

#[test]
fn a_sandbox_that_is_served() {
    let planted = Planted::new(PROGRAM);
    let state = planted.project.path("state");
    let served = Served::start(&["--state", state.to_str().unwrap()]);
    for line in ["plan", "apply --yes", "plan --format json", "outputs", "ls", "destroy --yes --allow delete:*"] {
        let set = [format!("api.Token={TOKEN}"), format!("api.Password={PASSWORD}")];
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        planted.run_with(&format!("{line} --endpoint {}", served.address), &set).ended(0);
    }
    let log = served.calls().join("\n");
    assert!(log.contains("CreateChangeSet"), "{log}");
    assert!(TRACES.iter().all(|trace| !log.contains(trace)), "{log}");
}

#[test]
fn what_is_typed_wrong_is_not_repeated() {
    let planted = Planted::new(PROGRAM);
    let both = [&*format!("api.Token:{TOKEN}"), &*format!("api.Password {PASSWORD}")];
    for set in both {
        assert_ne!(planted.run_with("plan --sandbox=state", &[set]).code, Some(0));
    }
    let unknown = format!("api.Tokn={TOKEN}");
    let said = planted.run_with("plan --sandbox=state", &[&unknown]).ended(1);
    assert!(said.err.contains("api.Tokn"), "{}", said.err);
}

#[test]
fn programs_that_would_show_it() {
    for wrong in [
        "  output Token = Token\n",
        "  output Both = \"${Token}\"\n",
        "  resource T = AWS::SNS::Topic { TopicName: Token }\n",
        "  resource T = AWS::SNS::Topic { Tags: [{ Key: \"a\", Value: Password }] }\n",
        "  assert Token == \"a\", \"no ${Token}\"\n",
        "  for i in 0..Token {\n    resource T[i] = AWS::SNS::Topic {}\n  }\n",
    ] {
        let text = PROGRAM.replace("\n  output Hook = Hook.Arn\n", &format!("\n{wrong}"));
        let planted = Planted::new(&text);
        for line in ["build -o out", "plan --sandbox=state", "apply --yes --sandbox=state"] {
            planted.run(line).ended(1);
        }
        planted.run_with("check --format json", &[]).ended(1);
    }
}

#[test]
fn an_endpoint_that_repeats_what_it_is_given() {
    let planted = Planted::new(PROGRAM);
    let body = script::error("ValidationError", &format!("Parameter Token={PASSWORD} with {KEY}, {SESSION}"));
    for status in ["400 Bad Request", "403 Forbidden"] {
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (address, _) = script::socket(vec![answer.clone().into_bytes(), answer.into_bytes()]);
        let said = planted.run(&format!("plan --endpoint {address}"));
        assert_ne!(said.code, Some(0), "{said:?}");
        assert!(said.err.contains("Parameter Token="), "the answer is told, but for the secret: {said:?}");
    }
}
