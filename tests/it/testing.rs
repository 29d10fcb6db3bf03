//! `infra test`, as people and CI run it.

use std::fmt::Write as _;

use crate::support::cli::Project;

const SHOP: &str = r#"project shop

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"], zones: 2 }
env prod { account: nonprod, regions: ["eu-west-1"], zones: 3 }

core network {
  for i in 0..env.zones {
    resource Public[i] = AWS::EC2::Subnet { VpcId: "vpc-1", CidrBlock: cidr_subnet("10.0.0.0/16", 8, i) }
  }
}

service api {
  input Image: String
  input Token: Secret

  resource Note = AWS::SSM::Parameter { Type: "String", Value: Image }
  resource Key = AWS::Lambda::Function {
    Code: { ZipFile: "" }
    Role: "arn:aws:iam::111111111111:role/api"
    Environment: { Variables: { TOKEN: Token } }
  }
}
"#;

fn shop(tests: &str) -> Project {
    Project::new(&[("main.infra", SHOP), ("tests/all.infra", tests)])
}

const BOTH: &str = r#"
test "two zones" {
  assert len(network.Public) == 2, "<two> & \"no\" more"
}

test "Addresses" for prod {
  assert network.Public[2].CidrBlock == "10.0.2.0/24"
}
"#;

#[test]
fn each_test_has_a_line_and_what_failed_is_drawn() {
    let said = shop(BOTH).infra("test").ended(1);
    assert_eq!(said.out, "");
    let lines: Vec<&str> = said.err.lines().filter(|l| !l.starts_with(' ') && !l.is_empty()).collect();
    let expected = [
        "passed  dev  two zones",
        "failed  prod  two zones",
        "assertion-failed",
        "passed  prod  Addresses",
        "2 passed, 1 failed",
    ];
    assert_eq!(lines, expected, "{}", said.err);
    assert!(said.err.contains("╭─[tests/all.infra:3:30]"), "{}", said.err);
    assert!(said.err.contains("╰── `3`"), "{}", said.err);
}

#[test]
fn what_fails_in_one_environment_fails_in_the_next() {
    let said = shop(
        "test \"a\" {\n  assert env.zones == 4\n}\n\ntest \"b\" {\n  set api.Image = 5\n  assert api.Note.Value == 5\n}\n\ntest \"c\" {\n  set api.Imago = 5\n  fails \"unknown-name\"\n}\n",
    );
    let said = said.infra("test").ended(1);
    assert!(said.err.ends_with("2 passed, 4 failed\n"), "{}", said.err);
}

#[test]
fn tests_are_chosen_by_title_and_environment() {
    let project = shop(BOTH);
    assert_eq!(project.infra("test ZONES --env dev").ended(0).err, "passed  dev  two zones\n1 passed\n");
    assert_eq!(project.infra("test addr").ended(0).err, "passed  prod  Addresses\n1 passed\n");
    assert_eq!(project.infra("test --env dev addr").ended(1).err, project.infra("test --env dev addr").err);
    assert!(project.infra("test nowhere").ended(1).err.contains("no test has `nowhere` in its title"));
    assert!(project.infra("test --env dve").ended(1).err.contains("name one of: dev, prod"));
    assert_eq!(shop("").infra("test").ended(0).err, "there are no tests\n");
}

#[test]
fn json_and_junit_say_the_same_every_time() {
    let project = shop(BOTH);
    let said = project.infra("test --format json").ended(1);
    let json = said.json();
    assert_eq!(
        (json["passed"].as_u64(), json["failed"].as_u64(), json["broken"].as_u64()),
        (Some(2), Some(1), Some(0))
    );
    let failed = &json["tests"][1];
    assert_eq!(failed["outcome"], "failed");
    assert_eq!((failed["file"].as_str(), failed["line"].as_u64()), (Some("tests/all.infra"), Some(2)));
    assert_eq!(failed["diagnostics"][0]["code"], "assertion-failed");
    assert_eq!(project.infra("test --format json").out, said.out);

    let junit = project.infra("test --format junit").ended(1).out;
    let has = |text: &str| assert!(junit.contains(text), "{text}\n{junit}");
    has("<testsuites tests=\"3\" failures=\"1\" errors=\"0\">");
    has("<testsuite name=\"prod\" tests=\"2\" failures=\"1\" errors=\"0\">");
    has("<testcase name=\"two zones\" classname=\"tests/all.infra\" file=\"tests/all.infra\" line=\"2\"/>");
    has("<failure message=\"&lt;two&gt; &amp; &quot;no&quot; more\" type=\"assertion-failed\">");
    assert_eq!(project.infra("test --format junit").out, junit);
}

#[test]
fn settings_reach_the_tests_and_secrets_stay_hidden() {
    let project = shop(
        r#"
test "the image" for dev {
  assert api.Note.Value == "repo:2"
}

test "the token" for dev {
  set api.Token = "planted-secret"
  assert api.Key.Environment.Variables.TOKEN == api.Note.Value
  assert api.Key.Environment.Variables == { TOKEN: "x" }
}
"#,
    );
    for format in ["human", "json", "junit"] {
        let command = format!("test --format {format} --set api.Image=repo:2 --set api.Token=planted-secret-2");
        let said = project.infra(&command).ended(1);
        assert!(!said.err.contains("planted-secret-2") && !said.out.contains("planted-secret-2"), "{said:?}");
        // The line of the test is shown, where it stands in the source; its value nowhere.
        let shown = said.err.matches("planted-secret").count() + said.out.matches("planted-secret").count();
        assert!(shown <= 1, "{said:?}");
    }
    let said = project.infra("test image --set api.Image=repo:2").ended(0);
    assert_eq!(said.err, "passed  dev  the image\n1 passed\n");
}

#[test]
fn what_is_wrong_with_the_project_is_said_once() {
    let project = shop("test \"a\" {\n  assert nothing\n}\n\ntest \"b\" {\n  assert len(network.Public) == 2 +\n}\n");
    let said = project.infra("test").ended(1);
    assert!(said.err.contains("syntax") && !said.err.contains("passed"), "{}", said.err);
    let project = shop(
        "service more {\n  resource R = AWS::SQS::Queue { QueueNam: 1 }\n}\n\ntest \"a\" for dev {\n  assert more.R.id == \"R\"\n}\n\ntest \"b\" for dev {\n  assert more.R.DelaySeconds == null\n}\n",
    );
    let said = project.infra("test").ended(1);
    assert_eq!(said.err.matches("unknown-property").count(), 1, "{}", said.err);
    assert!(said.err.contains("0 passed, 0 failed, 2 broken") || said.err.contains("1 broken"), "{}", said.err);
}

#[test]
fn check_looks_at_tests_and_says_nothing_of_what_does_not_hold() {
    assert_eq!(shop(BOTH).infra("check").ended(0).err, "no problems found\n");
    let said = shop("test \"a\" for dev {\n  assert network.Public[0].CidrBlok == \"x\"\n}\n").infra("check").ended(1);
    assert!(said.err.contains("write `CidrBlock`"), "{}", said.err);
}

/// What the tests of an environment share is evaluated once, and all of them see it.
#[test]
fn many_tests_look_at_the_same_stack() {
    let stack = |name: &str| {
        format!(
            "core {name} {{\n  for i in 0..480 {{\n    resource Q[i] = AWS::SQS::Queue {{ DelaySeconds: i }}\n  }}\n}}\n"
        )
    };
    let mut text = stack("many") + &stack("more");
    for n in 0..100 {
        let stack = if n % 2 == 0 { "many" } else { "more" };
        write!(text, "\ntest \"{n}\" for dev {{\n  assert {stack}.Q[{n}].DelaySeconds == {n}\n").unwrap();
        write!(text, "  assert len(resources({stack}, AWS::SQS::Queue)) == 480\n}}\n").unwrap();
    }
    let said = shop(&text).infra("test").ended(0);
    assert!(said.err.ends_with("100 passed\n"), "{}", said.err);
}
