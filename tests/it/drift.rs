//! What was changed beside CloudFormation: found, told, and what is no drift left out.

use std::sync::Arc;

use infra::diagnostics::Code;
use infra::plan::{self, Desired, DriftFound, Shown};
use infra::sandbox::{Drift, Sandbox, Settings};
use serde_json::{Value, json};

use crate::support::cli::Project;
use crate::support::dying::{Fault, dying};
use crate::support::stacks::{self, World};

const NAME: &str = "shop-jobs-dev";

fn jobs() -> Desired {
    let wanted = stacks::stack(
        "jobs",
        json!({
            "Metadata": {"infra": {"ignore_drift": {"Topic": ["DisplayName"]}}},
            "Parameters": {"Token": {"Type": "String", "NoEcho": true}},
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {
                    "VisibilityTimeout": 30, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}},
                "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alerts"}},
                "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "jobs"}},
                "Hook": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Token"}}},
            }
        }),
    );
    stacks::desired([stacks::input(wanted, "Token", Some("hunter2-first"), true)])
}

async fn look(world: &World, desired: &Desired) -> plan::Drift {
    let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
    plan::drift(&world.clouds, desired, &plan::Settings::default(), &observer)
        .await
        .unwrap_or_else(|e| panic!("{e:#?}"))
}

async fn deployed() -> (World, Desired) {
    let settings = Settings { items_per_page: 1, ..Settings::default() };
    let (world, desired) = (World::of(Sandbox::new(settings)), jobs());
    assert_eq!(world.deploy(&desired).await.1.exit_code(), 0);
    world.calls();
    (world, desired)
}

#[tokio::test(start_paused = true)]
async fn every_change_by_hand_is_told_with_both_values_and_no_secret() {
    let (world, desired) = deployed().await;
    let clean = look(&world, &desired).await;
    assert_eq!((clean.stacks[0].found, clean.stacks[0].compared), (DriftFound::InSync, 4));
    let calls = world.calls();
    assert!(!calls.iter().any(|call| stacks::WRITES.contains(call)), "{calls:?}");
    // Four pages of one resource each; the template is not asked for where nothing drifted.
    assert_eq!(calls.iter().filter(|call| **call == "DescribeStackResourceDrifts").count(), 4, "{calls:?}");
    assert!(!calls.contains(&"GetTemplate"), "{calls:?}");

    world.sandbox.drift(Drift::set(NAME, "Queue", "VisibilityTimeout", 60));
    world.sandbox.drift(Drift::gone(NAME, "Group"));
    world.sandbox.drift(Drift::set(NAME, "Hook", "Value", "hunter2-second"));
    let drift = look(&world, &desired).await;
    let stack = &drift.stacks[0];
    let told: Vec<(&str, bool)> = stack.resources.iter().map(|r| (r.logical_id.as_str(), r.deleted)).collect();
    assert_eq!((stack.found, told), (DriftFound::Drifted, vec![("Group", true), ("Hook", false), ("Queue", false)]));
    let hook = &stack.resources[1].properties[0];
    assert_eq!((&hook.expected, &hook.actual), (&Some(Shown::Hidden), &Some(Shown::Hidden)));
    let queue = &stack.resources[2].properties[0];
    let value = |n: u32| Some(Shown::Value(json!(n)));
    assert_eq!((queue.path.as_str(), &queue.expected, &queue.actual), ("VisibilityTimeout", &value(30), &value(60)));
    let all =
        [plan::drift_to_text(&drift, 80), plan::drift_to_markdown(&drift), plan::drift_to_json(&drift).to_string()];
    assert!(all.iter().all(|text| !text.contains("hunter2")), "{all:?}");
    assert!(all[0].contains("Value: (secret) -> (secret)"), "{}", all[0]);
}

/// Without the secret at hand, a run hides what comes from a parameter that AWS masks.
#[tokio::test(start_paused = true)]
async fn a_secret_that_the_source_no_longer_has_is_hidden_too() {
    let (world, _) = deployed().await;
    world.sandbox.drift(Drift::set(NAME, "Hook", "Value", "hunter2-second"));
    let bare = stacks::desired([stacks::stack("jobs", json!({"Resources": {}}))]);
    let drift = look(&world, &bare).await;
    assert_eq!(drift.stacks[0].resources[0].logical_id, "Hook");
    let text = plan::drift_to_json(&drift).to_string();
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_drift_is_left_out() {
    let (world, desired) = deployed().await;
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    for (resource, path, value) in [
        ("Queue", "VisibilityTimeout", json!("30")),
        ("Queue", "Tags.0", tag("b", "2")),
        ("Queue", "Tags.1", tag("a", "1")),
        ("Group", "Tags.0", tag("infra:project", "shop")),
        ("Group", "Tags.1", tag("aws:cloudformation:stack-name", NAME)),
        ("Topic", "DisplayName", json!("changed by an operator")),
    ] {
        world.sandbox.drift(Drift::set(NAME, resource, path, value));
    }
    let drift = look(&world, &desired).await;
    let stack = &drift.stacks[0];
    assert!(stack.resources.is_empty(), "{:#?}", stack.resources);
    assert_eq!((stack.found, stack.ignored, drift.is_drifted()), (DriftFound::InSync, 1, false));
    // A tag that is somebody else's is drift.
    world.sandbox.drift(Drift::set(NAME, "Group", "Tags.0", tag("owner", "me")));
    let drift = look(&world, &desired).await;
    assert_eq!(drift.stacks[0].resources[0].properties[0].path, "Tags.0");
}

#[tokio::test(start_paused = true)]
async fn a_look_of_somebody_else_is_waited_for() {
    let (world, desired) = deployed().await;
    let cloud = world.at(&desired.stacks[0]);
    let theirs = cloud.detect_drift(NAME).await.unwrap().unwrap();
    assert_eq!(cloud.detect_drift(NAME).await.unwrap(), None);
    // Nobody asks for theirs, so that it never ends here: we stop waiting, and say so.
    let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
    let stopped = plan::drift(&world.clouds, &desired, &plan::Settings::default(), &observer).await.unwrap();
    assert_eq!(stopped.problems[0].code, Code::StackBusy);
    let watch = async {
        for _ in 0..3 {
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            cloud.drift_detection(&theirs).await.ok();
        }
    };
    let (drift, ()) = tokio::join!(look(&world, &desired), watch);
    assert_eq!((drift.stacks[0].found, drift.problems.len()), (DriftFound::InSync, 0));
}

#[tokio::test(start_paused = true)]
async fn one_stack_that_fails_hides_no_other() {
    let world = World::new();
    let both = stacks::desired([stacks::network("10.0.0.0/16"), stacks::topic()]);
    world.deploy(&both).await;
    world.sandbox.drift(Drift::gone("shop-alerts-dev", "Topic"));
    let kind = infra::cloud::ErrorKind::Denied;
    let (clouds, _) = dying(&world.clouds, Fault::Fail { operation: "DetectStackDrift", kind, from: 1, to: 1 });
    let drift = look(&world.through(clouds), &both).await;
    assert_eq!((drift.problems.len(), drift.stacks.len(), drift.is_drifted()), (1, 1, true));
    assert!(plan::drift_to_text(&drift, 80).contains("; not all could be compared."));
    let json = plan::drift_to_json(&drift);
    assert_eq!((&json["complete"], &json["drifted"]), (&Value::from(false), &Value::from(true)));
}

const PROGRAM: &str = r#"project shop

account a { id: "111111111111" }

env dev { account: a, regions: ["eu-west-1"] }

service jobs {
  resource Queue = AWS::SQS::Queue {
    VisibilityTimeout: 30
  }

  resource Topic = AWS::SNS::Topic { DisplayName: "alerts" }
}
"#;

#[test]
fn the_command_names_lines_and_ends_as_it_says() {
    let project = Project::new(&[("main.infra", PROGRAM)]);
    assert_eq!(
        project.infra("drift --sandbox=state").ended(0).out,
        "jobs@dev/eu-west-1: not deployed\n\nNo drift in 1 stack.\n"
    );
    project.infra("apply --yes --sandbox=state").ended(0);
    let told = "jobs@dev/eu-west-1: in sync, 2 resources compared\n\nNo drift in 1 stack.\n";
    assert_eq!(project.infra("drift --sandbox=state").ended(0).out, told);
    let drift = json!([Drift::set(NAME, "Queue", "VisibilityTimeout", 60), Drift::gone(NAME, "Topic")]);
    project.write("state/script.json", json!({ "drift": drift }).to_string());
    // Who may only look may look for drift.
    let document = project.run(&["ci", "policy", "--account", "a", "--role", "read"]).ended(0).json();
    project.write("state/policies.json", json!({ "111111111111": document }).to_string());
    let text = project.infra("drift --sandbox=state").ended(2).out;
    assert_eq!(
        text,
        "jobs@dev/eu-west-1: drifted, 2 of 2 resources
  ~ Queue (AWS::SQS::Queue, main.infra:8)
      VisibilityTimeout: 30 -> 60  main.infra:9
  - Topic (AWS::SNS::Topic, main.infra:12): deleted

Drift in 1 of 1 stack: 2 resources.
A plan compares templates, so it does not show these changes, and an apply may
leave them as they are. Undo them where they were made, write them into the
source, or say `@ignore_drift`.
"
    );
    let json = project.infra("drift jobs --sandbox=state --format json").ended(2).json();
    assert_eq!(json["stacks"][0]["resources"][0]["properties"][0]["place"], "main.infra:9");
    let markdown = project.infra("drift --sandbox=state --format markdown").ended(2).out;
    assert!(
        markdown.contains("| `Queue` `AWS::SQS::Queue` | `VisibilityTimeout` | `30` | `60` | `main.infra:9` |"),
        "{markdown}"
    );
    assert!(markdown.contains("| `Topic` `AWS::SNS::Topic` | | | **deleted** | `main.infra:12` |"), "{markdown}");
}
