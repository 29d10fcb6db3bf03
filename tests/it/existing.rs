//! Existing templates as stacks: whole commands against the simulator, and files that mean no good.

use std::fmt::Write as _;

use crate::support::cli::{Project, Served, run};

const MAIN: &str = r#"project shop
account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"] }

core network {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }

  output Vpc
}

@stack_name("legacy-${env.name}")
core legacy = template("legacy.yaml") { Vpc: network.Vpc, Debug: false }

service api {
  resource Note = AWS::SSM::Parameter { Type: "String", Value: "${legacy.QueueUrl} ${legacy.Group}" }
}
"#;

const LEGACY: &str = r#"AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Vpc: { Type: "AWS::EC2::VPC::Id" }
  Debug: { Type: String, AllowedValues: ["true", "false"] }
  Stage: { Type: String, Default: first }
  Password: { Type: String, NoEcho: true, MinLength: 4 }
Mappings:
  Days: { first: { Keep: 7 }, second: { Keep: 14 } }
Conditions:
  IsDebug: !Equals [!Ref Debug, "true"]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-orders"
      DelaySeconds: !If [IsDebug, 9, !Ref "AWS::NoValue"]
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties: { VpcId: !Ref Vpc, GroupDescription: legacy }
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: { RetentionInDays: !FindInMap [Days, !Ref Stage, Keep] }
  Debugger:
    Type: AWS::SNS::Topic
    Condition: IsDebug
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: { SecretString: !Ref Password }
Outputs:
  QueueUrl: { Value: !Ref Queue, Export: { Name: !Sub "${AWS::StackName}-QueueUrl" } }
  Group: { Value: !GetAtt Group.GroupId }
  Debugger: { Condition: IsDebug, Value: !Ref Debugger }
"#;

fn project() -> Project {
    Project::new(&[("main.infra", MAIN), ("legacy.yaml", LEGACY)])
}

#[test]
fn a_template_is_deployed_with_what_others_give_and_keeps_what_people_set() {
    let project = project();
    let said = project.infra("plan --env dev --sandbox=s").ended(1).err;
    assert!(said.starts_with("missing-input") && said.contains("--set legacy.Password=…"), "{said}");
    assert!(said.contains("legacy.yaml:6:3"), "{said}");
    let said = project.infra("apply --env dev --sandbox=s --yes --set legacy.Password=hunter22").ended(0);
    assert!(!format!("{}{}", said.out, said.err).contains("hunter22"));
    assert!(said.out.contains("has a condition of the template"), "{}", said.out);
    let living = project.living("s");
    assert_eq!(living.keys().collect::<Vec<_>>(), ["legacy-dev", "shop-api-dev", "shop-network-dev"]);
    let ids: Vec<&str> = living["legacy-dev"]["resources"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(ids, ["Group", "Logs", "Queue", "Secret"]);
    // Nothing changed, and nothing needs to be set again.
    let again = project.infra("plan --env dev --sandbox=s --detailed-exitcode --format json").ended(0).json();
    assert_eq!(again["stacks"][1]["parameters"]["Stage"]["origin"], "kept");
    assert_eq!(again["stacks"][1]["parameters"]["Password"]["after"], "hidden");
    // What a condition leaves out is `null` where that is known, and else missed where it is read, and nowhere else.
    let reader = "service reader {\n  resource Note = AWS::SSM::Parameter { Type: \"String\", Value: legacy.Debugger ?? \"-\" }\n}\n";
    project.write("reader.infra", reader);
    project.infra("plan --env dev --sandbox=s").ended(0);
    project.write("main.infra", MAIN.replace(", Debug: false", ""));
    let missed = project.infra("plan --env dev --sandbox=s").ended(1).err;
    assert!(missed.contains("reads `Debugger` of `legacy@dev/eu-west-1`"), "{missed}");
    let warned = project.infra("check").ended(0).err;
    assert!(warned.contains("`legacy.Debugger` may not be there") && warned.contains("legacy.yaml:"), "{warned}");
    project.write("main.infra", MAIN);
    std::fs::remove_file(project.path("reader.infra")).unwrap();
    let outputs = project.infra("outputs --env dev --sandbox=s --format json").ended(0).json();
    assert!(outputs["legacy"]["QueueUrl"].as_str().unwrap().ends_with("/legacy-dev-orders"), "{outputs}");
    // What is set now changes what hangs on it, and a condition that holds makes what it guards.
    project.write("main.infra", MAIN.replace("Debug: false", "Debug: env.name == \"dev\""));
    let plan = project.infra("plan --env dev --sandbox=s --set legacy.Stage=second").ended(0).out;
    assert!(plan.contains("Debugger") && plan.contains("RetentionInDays"), "{plan}");
    project.infra("apply --env dev --sandbox=s --yes --set legacy.Stage=second").ended(0);
    let living = project.living("s");
    assert!(living["legacy-dev"]["resources"].as_object().unwrap().contains_key("Debugger"));
    assert!(project.infra("ls --env dev --sandbox=s").ended(0).out.contains("UPDATE_COMPLETE"));
    assert!(project.infra("graph --env dev").ended(0).out.contains("network@dev/eu-west-1: Vpc"));
    assert!(project.infra("graph --env dev legacy").ended(0).out.contains("AWS::SQS::Queue"));
    project.infra("destroy --env dev --sandbox=s --yes --allow delete:*").ended(0);
    assert!(project.living("s").is_empty());
}

#[test]
fn what_is_in_it_is_protected_and_let_go_again() {
    let program = |above: &str| {
        format!(
            "project p\naccount a {{ id: \"111111111111\" }}\nenv dev {{ account: a, regions: [\"eu-west-1\"] }}\n\
             {above}core legacy = template(\"legacy.yaml\")\n"
        )
    };
    let file = |name: &str, more: &str| {
        format!("Resources:\n  Queue: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: {name} }} }}\n{more}")
    };
    let (topic, protect) = ("  Topic: { Type: AWS::SNS::Topic }\n", "@protect(\"no source\")\n");
    let project = Project::new(&[("main.infra", &program("")), ("legacy.yaml", &file("one", topic))]);
    let apply = || project.infra("apply --yes --sandbox=s").ended(0).out;
    let refused = || project.infra("plan --sandbox=s").ended(1).err;
    apply();
    project.write("main.infra", program(protect));
    let said = apply();
    assert!(said.contains("never replace or delete Queue, Topic"), "{said}");
    project.infra("plan --sandbox=s --detailed-exitcode").ended(0);
    project.write("legacy.yaml", file("two", topic));
    let said = refused();
    assert!(said.starts_with("protected-resource") && said.contains("no source"), "{said}");
    assert!(said.contains("legacy.yaml:2:3"), "{said}");
    project.write("legacy.yaml", file("one", ""));
    assert!(refused().contains("would delete `Topic`"));
    let said = project.infra("destroy --yes --allow delete:* --sandbox=s").ended(1).err;
    assert!(said.starts_with("protected-resource") && said.contains("legacy.yaml"), "{said}");
    // Let go in a change of its own, then changed.
    project.write("main.infra", program(""));
    assert!(refused().contains("would delete `Topic`"), "AWS still protects it");
    project.write("legacy.yaml", file("one", topic));
    assert!(apply().contains("nothing is protected"));
    project.write("legacy.yaml", file("two", ""));
    assert!(refused().contains("leave `QueueName` as deployed, or allow it with `--allow replace:legacy/Queue`"));
    project.infra("apply --yes --allow replace:legacy/Queue --sandbox=s").ended(0);
    project.infra("destroy --yes --allow delete:* --sandbox=s").ended(0);
}

#[test]
fn what_is_set_is_held_against_the_template() {
    let project = project();
    let set = |what: &str| project.infra(&format!("plan --env dev --sandbox=s --set {what}")).ended(1).err;
    let short = set("legacy.Password=abc");
    assert!(short.starts_with("bad-value") && short.contains("less than 4 characters"), "{short}");
    assert!(!short.contains("abc"), "{short}");
    let given = set("legacy.Debug=true");
    assert!(given.starts_with("unknown-name") && given.contains("`legacy.Debug`"), "{given}");
    let misspelt = set("legacy.Sage=first");
    assert!(misspelt.contains("set `legacy.Stage`"), "{misspelt}");
}

#[test]
fn what_is_wrong_is_shown_in_the_template() {
    let project = project();
    let file =
        LEGACY.replace("    Type: AWS::Logs::LogGroup\n", "    Type: AWS::Logs::LogGroup\n    DependsOn: Nowhere\n");
    project.write("legacy.yaml", &file);
    let said = project.infra("check").ended(1).err;
    assert!(said.contains("legacy.yaml:22:16"), "{said}");
    // What fails when deploying, too.
    project.write("legacy.yaml", LEGACY);
    let served = Served::start(&["--step", "1", "--fail", "legacy-dev/Logs=no room for logs"]);
    let line = format!("apply --env dev --yes --set legacy.Password=hunter22 --endpoint {}", served.address);
    let mut command = project.command(&line.split_whitespace().collect::<Vec<_>>());
    command.env("AWS_ACCESS_KEY_ID", "111111111111").env("AWS_SECRET_ACCESS_KEY", "x");
    let said = run(command).ended(1).err;
    assert!(said.contains("no room for logs") && said.contains("legacy.yaml:20:3"), "{said}");
}

#[test]
fn files_that_mean_no_good_end_in_one_problem() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (this, last) in ('b'..='k').zip('a'..) {
        let _ = writeln!(bomb, "{this}: &{this} [{}]", vec![format!("*{last}"); 9].join(", "));
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_json = format!("{{\"Resources\": {}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_001));
    let many = format!(
        "Resources:\n{}",
        (0..600).map(|n| format!("  T{n}: {{ Type: AWS::SNS::Topic }}\n")).collect::<String>()
    );
    let join = format!(
        "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: {}x{}",
        "!Join [\"\", [".repeat(110),
        "]]".repeat(110)
    );
    let wide =
        format!("Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Metadata: {{ x: \"{}\" }}\n", "x".repeat(1_000_001));
    for (name, text, code) in [
        ("bomb.yaml", bomb.as_bytes(), "limit-exceeded"),
        ("deep.yaml", deep.as_bytes(), "limit-exceeded"),
        ("deep.json", deep_json.as_bytes(), "limit-exceeded"),
        ("many.yaml", many.as_bytes(), "limit-exceeded"),
        ("wide.yaml", wide.as_bytes(), "limit-exceeded"),
        ("latin.yaml", b"Resources: \xff".as_slice(), "unreadable"),
        ("join.yaml", join.as_bytes(), "no problems found"),
        ("tab.yaml", b"Resources:\n\tA: 1".as_slice(), "syntax"),
        ("two.yaml", b"Resources: {}\n---\nResources: {}\n".as_slice(), "syntax"),
    ] {
        let project = Project::new(&[(
            "main.infra",
            &format!(
                "project p\naccount a {{ id: \"111111111111\" }}\nenv dev {{ account: a, regions: [\"eu-west-1\"] }}\n\
                 core legacy = template(\"{name}\")\n"
            ),
        )]);
        project.write(name, text);
        let said = project.infra("check");
        assert!(said.err.starts_with(code), "{name}: {}", said.err.chars().take(2000).collect::<String>());
        assert_eq!(said.code, Some(i32::from(code != "no problems found")), "{name}");
    }
}
