//! Planted secrets: whatever is run, and however it ends, no byte of them is written.
//!
//! What is left out, and why: the folder of the simulator, which stands for AWS and must know what it was given, and the
//! script of its failures, in which the test itself writes a secret.

use std::path::{Path, PathBuf};

use crate::support::cli::{Project, Said, run};
use crate::support::script;

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

env dev { account: a, regions: ["eu-west-1"] }

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
"#;

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

#[test]
fn commands_that_compile() {
    let planted = Planted::new(PROGRAM);
    for line in ["build --env dev -o out", "graph", "graph --format dot", "graph --format mermaid", "graph api"] {
        planted.run(line).ended(0);
    }
    let manifest = std::fs::read_to_string(planted.project.path("out/manifest.json")).unwrap();
    assert!(manifest.contains("Token"), "{manifest}");
    for line in [
        "check",
        "check --format concise",
        "check --format json",
        "check --format sarif",
        "check --format github",
        "check --fix --diff",
        "check --fix",
        "fmt",
        "explain secret",
        "explain secret-leak",
        "completions bash",
    ] {
        planted.run_with(line, &[]).ended(0);
    }
}

#[test]
fn commands_that_talk() {
    let planted = Planted::new(PROGRAM);
    let there = "--sandbox=state";
    planted.run(&format!("plan {there}")).ended(0);
    planted.run(&format!("plan {there} --format json")).ended(0);
    planted.run(&format!("plan {there} --color always")).ended(0);
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
    planted.run(&format!("apply --yes {there} --format json")).ended(0);
    // Another value, and one that nobody gives: what is deployed is kept.
    planted.run_with(&format!("plan {there}"), &[&format!("api.Token={PASSWORD}")]).ended(0);
    planted.run_with(&format!("plan {there} --format json"), &[]).ended(0);
    for line in ["outputs", "outputs --format json", "ls", "ls --format json", "destroy --yes"] {
        planted.run_with(&format!("{line} {there}"), &[]).ended(0);
    }
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
