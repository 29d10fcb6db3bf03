//! What a plan must not hide, and what it must not claim.

use std::collections::BTreeSet;

use infra::apply::Outcome;
use infra::diagnostics::Code;
use infra::plan::{Action, Desired, Setting, Source, StackAction, Wanted};
use serde_json::{Value, json};

use crate::support::cli::Project;
use crate::support::stacks::{World, desired, guarded_network, input, network, reading, shop, stack, text, topic};

const PLATFORM: &str = "platform@dev/eu-west-1";
const BACKEND: &str = "backend@dev/eu-west-1";

/// A producer of a list of queues, one for each name.
fn platform(queues: &[&str]) -> Wanted {
    let queue = |n: &&str| ((*n).to_owned(), json!({"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}));
    let arns: Vec<Value> = queues.iter().map(|n| json!({"Fn::GetAtt": [n, "Arn"]})).collect();
    stack(
        "platform",
        json!({
            "Resources": queues.iter().map(queue).collect::<serde_json::Map<_, _>>(),
            "Outputs": {"Queues": {"Value": {"Fn::Join": [",", arns]}}}
        }),
    )
}

/// A consumer whose template counts on so many of them.
fn backend(count: usize) -> Wanted {
    let list = json!({"Fn::Split": [",", {"Ref": "PlatformQueues"}]});
    let names: serde_json::Map<String, Value> = (0..count)
        .map(|n| {
            let value = json!({"Fn::Select": [n.to_string(), list]});
            (format!("P{n}"), json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}))
        })
        .collect();
    let template = json!({"Parameters": {"PlatformQueues": {"Type": "String"}}, "Resources": names});
    let mut wanted = reading(stack("backend", template), "PlatformQueues", PLATFORM, "Queues");
    let Source::Output { items, .. } = &mut wanted.parameters.get_mut("PlatformQueues").unwrap().source else {
        panic!("an output")
    };
    *items = Some(count);
    wanted
}

fn pair(queues: &[&str]) -> Desired {
    desired([platform(queues), backend(queues.len())])
}

#[tokio::test(start_paused = true)]
async fn a_list_of_another_length_is_refused() {
    let world = World::new();
    assert_eq!(world.deploy(&pair(&["A", "B"])).await.1.exit_code(), 0);
    for queues in [&["A"][..], &["A", "B", "C"][..]] {
        let wanted = pair(queues);
        let problems = world.plan_of(&wanted, &[BACKEND]).await.unwrap_err();
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::NotDeployed], "{problems:?}");
        let told = &problems[0].message;
        let expected = format!("{} items of `Queues` of `{PLATFORM}`, and 2 are deployed there", queues.len());
        assert!(told.contains(&expected), "{told}");
        assert!(problems[0].help.as_ref().unwrap().contains("select it too"), "{problems:?}");
    }
    // Together they stand: the new length comes with the new list.
    let (plan, report) = world.deploy(&pair(&["A", "B", "C"])).await;
    assert_eq!(report.exit_code(), 0, "{}{report:#?}", text(&plan));
    assert!(!world.plan(&pair(&["A", "B", "C"])).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_comes_out_with_another_length_stops_its_consumer() {
    let world = World::new();
    // The plan waits for the list; what the producer then has is not what the source says.
    let mut wanted = pair(&["A", "B"]);
    let liar = std::sync::Arc::make_mut(&mut wanted.stacks[0]);
    *liar = platform(&["A"]);
    let plan = world.plan(&wanted).await.unwrap();
    world.calls();
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    assert_eq!(report.stack(PLATFORM).unwrap().outcome, Outcome::Done);
    assert_eq!(report.stack(BACKEND).unwrap().outcome, Outcome::Stale);
    assert!(report.stack(BACKEND).unwrap().reason.as_ref().unwrap().contains("1 are deployed there"), "{report:#?}");
    assert_eq!(world.calls().iter().filter(|c| **c == "CreateChangeSet").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_selection_says_what_it_leaves_out() {
    let world = World::new();
    assert_eq!(world.deploy(&pair(&["A", "B"])).await.1.exit_code(), 0);
    let mut wanted = pair(&["A", "B"]);
    let source = std::sync::Arc::make_mut(&mut wanted.stacks[0]);
    *source = stack(
        "platform",
        serde_json::from_str(&source.body.replace("\"DelaySeconds\":1", "\"DelaySeconds\":2")).unwrap(),
    );
    let plan = world.plan_of(&wanted, &[BACKEND]).await.unwrap();
    assert!(!plan.has_changes());
    let said = text(&plan).replace("\n    ", " ");
    assert!(
        said.contains(&format!("`{PLATFORM}` has changes that are not deployed and not part of this plan")),
        "{said}"
    );
    // Deployed as the source says, there is nothing to say.
    world.deploy(&wanted).await;
    assert!(world.plan_of(&wanted, &[BACKEND]).await.unwrap().stacks[0].notes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn consumers_left_out_of_a_change_of_outputs_are_named() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let mut wanted = shop(Some("web:1"));
    wanted.stacks[0] = std::sync::Arc::new(network("10.9.0.0/16"));
    let plan = world.plan_of(&wanted, &["network@dev/eu-west-1"]).await.unwrap();
    let said = text(&plan).replace("\n    ", " ");
    assert!(said.contains("note: `jobs@dev/eu-west-1`, `api@dev/eu-west-1` read outputs that change here"), "{said}");
    assert!(world.plan(&wanted).await.unwrap().stacks.iter().all(|s| s.notes.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_is_stuck_or_foreign_is_not_called_undeployed() {
    let world = World::new();
    let mut theirs = network("10.0.0.0/16");
    theirs.tags.insert("infra:project".into(), "bank".into());
    world.deploy(&desired([theirs])).await;
    let problems = world.plan_of(&shop(Some("web:1")), &["jobs@dev/eu-west-1"]).await.unwrap_err();
    assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::ForeignStack], "{problems:?}");
}

/// A service that scales, and a parameter that reads what changes with every deployment.
fn scaled(image: &str) -> Desired {
    let template = json!({
        "Parameters": {"Image": {"Type": "String"}},
        "Resources": {
            "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
                "Family": "api", "ContainerDefinitions": [{"Name": "app", "Image": {"Ref": "Image"}}]}},
            "Service": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"}}},
            "Scaling": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
                "MinCapacity": 1, "MaxCapacity": 2, "ScalableDimension": "ecs:service:DesiredCount",
                "ServiceNamespace": "ecs",
                "ResourceId": {"Fn::Join": ["", ["service/c/", {"Fn::GetAtt": ["Service", "Name"]}]]}}},
            "Policy": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": {
                "PolicyName": "cpu", "PolicyType": "StepScaling", "ScalingTargetId": {"Ref": "Scaling"}}},
            "Revision": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Type": "String", "Value": {"Ref": "Task"}}}
        }
    });
    desired([input(stack("api", template), "Image", Some(image), false)])
}

#[tokio::test(start_paused = true)]
async fn what_only_reads_a_name_that_stays_is_no_probable_replacement() {
    let world = World::new();
    world.deploy(&scaled("web:1")).await;
    let plan = world.plan(&scaled("web:2")).await.unwrap();
    let all: Vec<(&str, Action)> = plan.stacks[0].changes.iter().map(|c| (c.logical_id.as_str(), c.action)).collect();
    assert_eq!(
        all.iter().copied().filter(|c| c.1 != Action::None).collect::<Vec<_>>(),
        [("Revision", Action::Update), ("Service", Action::Update), ("Task", Action::Replace)]
    );
    assert!(all.contains(&("Scaling", Action::None)), "{all:?}");
    let said = text(&plan);
    assert!(said.contains("AWS also lists") && !said.contains("may"), "{said}");
    assert_eq!(plan.counts().may_replace, 0);
    assert_eq!(world.apply(&scaled("web:2"), &plan).await.exit_code(), 0);
    assert!(!world.plan(&scaled("web:2")).await.unwrap().has_changes());
}

/// Somebody updates the stack directly, keeping parameters, tags and outputs.
async fn by_hand(world: &World, wanted: &Wanted, body: &str) {
    let account = wanted.target.account.id.clone().unwrap();
    let client = crate::sandbox::client_of(&world.sandbox, &account, &wanted.target.region);
    let tag = |(k, v): (&String, &String)| aws_sdk_cloudformation::types::Tag::builder().key(k).value(v).build();
    let tags = wanted.tags.iter().map(tag).collect();
    client.update_stack().stack_name(&wanted.name).template_body(body).set_tags(Some(tags)).send().await.unwrap();
    for _ in 0..50 {
        let told = client.describe_stacks().stack_name(&wanted.name).send().await.unwrap();
        if told.stacks()[0].stack_status().unwrap().as_str() == "UPDATE_COMPLETE" {
            return;
        }
    }
    panic!("the update did not end");
}

#[tokio::test(start_paused = true)]
async fn an_update_by_hand_is_noticed() {
    let edited = |wanted: &Wanted| wanted.body.replace("\"alerts\"", "\"by hand\"");
    let world = World::new();
    // After a creation, and after an update, of ours.
    world.deploy(&desired([topic()])).await;
    for name in ["alerts", "alarms"] {
        let mut wanted = topic();
        wanted.body = wanted.body.replace("\"alerts\"", &format!("\"{name}\""));
        wanted = stack("alerts", serde_json::from_str(&wanted.body).unwrap());
        world.deploy(&desired([wanted.clone()])).await;
        assert!(!world.plan(&desired([wanted.clone()])).await.unwrap().has_changes());
        by_hand(&world, &wanted, &edited(&topic())).await;
        let wanted = desired([wanted]);
        let plan = world.plan(&wanted).await.unwrap();
        assert_eq!(plan.counts().update, 1, "{name}: {}", text(&plan));
        assert!(text(&plan).contains("\"by hand\""), "{}", text(&plan));
        assert_eq!(world.apply(&wanted, &plan).await.exit_code(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn protecting_and_lifting_alone_are_changes_and_are_carried_out() {
    let world = World::new();
    let (plain, guarded) = (desired([network("10.0.0.0/16")]), desired([guarded_network("10.0.0.0/16")]));
    let policy = async || world.at(&plain.stacks[0]).stack_policy("shop-network-dev").await.unwrap();
    world.deploy(&plain).await;
    for _ in 0..2 {
        let (plan, report) = world.deploy(&guarded).await;
        assert_eq!(
            plan.stacks[0].settings,
            [Setting::StackPolicy { protects: vec!["Vpc".into()], own: None, lifts: vec![] }]
        );
        assert_eq!((plan.counts().update, report.exit_code()), (1, 0), "{report:#?}");
        assert!(policy().await.unwrap().contains("LogicalResourceId/Vpc"));
        assert!(!world.plan(&guarded).await.unwrap().has_changes());

        let (plan, report) = world.deploy(&plain).await;
        assert_eq!(plan.stacks[0].settings, [Setting::StackPolicy { protects: vec![], own: None, lifts: vec![] }]);
        assert_eq!((plan.counts().update, report.exit_code()), (1, 0), "{report:#?}");
        assert!(!policy().await.unwrap().contains("Deny"));
        assert!(!world.plan(&plain).await.unwrap().has_changes());
    }
    // A policy that was lifted or set behind our back is put right with whatever changes next.
    world.deploy(&guarded).await;
    world.at(&plain.stacks[0]).set_stack_policy("shop-network-dev", "{\"Statement\":[]}").await.unwrap();
    let plan = world.plan(&guarded).await.unwrap();
    assert_eq!((plan.stacks[0].action, plan.stacks[0].settings.len()), (StackAction::None, 1), "{}", text(&plan));
}

#[tokio::test(start_paused = true)]
async fn a_sticky_input_whose_default_changes_is_told() {
    let world = World::new();
    let with = |default: &str, set: Option<&str>| {
        let template = json!({
            "Parameters": {"Name": {"Type": "String", "Default": default}},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}}
        });
        let mut wanted = input(stack("alerts", template), "Name", set, false);
        if let Source::Input { default: d, .. } = &mut wanted.parameters.get_mut("Name").unwrap().source {
            *d = Some(default.to_owned());
        }
        desired([wanted])
    };
    world.deploy(&with("old", None)).await;
    let plan = world.plan(&with("new", None)).await.unwrap();
    assert!(!plan.has_changes());
    let said = text(&plan).replace("\n    ", " ");
    assert!(said.contains("input `Name` keeps its deployed value") && said.contains("--set alerts.Name="), "{said}");
    let (plan, report) = world.deploy(&with("new", Some("new"))).await;
    assert_eq!((plan.stacks[0].action, report.exit_code()), (StackAction::Update, 0));
    let plan = world.plan(&with("new", None)).await.unwrap();
    assert!(plan.stacks[0].notes.is_empty(), "{:?}", plan.stacks[0].notes);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_plan_leaves_nothing_after_the_next() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop(Some("web:2"));
    let made = async || {
        let cloud = world.at(wanted.get("api@dev/eu-west-1").unwrap());
        let sets = cloud.change_sets("shop-api-dev").await.unwrap();
        sets.iter().filter(|s| s.execution.as_str() != "EXECUTE_COMPLETE").count()
    };
    {
        let first = world.plan(&wanted);
        tokio::pin!(first);
        // Polled until the change set is there, then dropped.
        while made().await == 0 {
            let step = std::time::Duration::from_millis(1);
            assert!(tokio::time::timeout(step, &mut first).await.is_err(), "dropped too late");
        }
    }
    for _ in 0..2 {
        let plan = world.plan(&wanted).await.unwrap();
        infra::plan::discard(&world.clouds, &wanted, &plan).await.unwrap();
        assert_eq!(made().await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn two_runners_with_different_plans_never_mix() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let (a, b) = (shop(Some("web:2")), shop(Some("web:3")));
    let (plan_a, plan_b) = (world.plan(&a).await.unwrap(), world.plan(&b).await.unwrap());
    let (one, two) = tokio::join!(world.apply(&a, &plan_a), world.apply(&b, &plan_b));
    let mut codes = [one.exit_code(), two.exit_code()];
    codes.sort_unstable();
    assert_eq!(codes, [0, 3], "{one:#?}{two:#?}");
    let won = if one.exit_code() == 0 { &a } else { &b };
    assert!(!world.plan(won).await.unwrap().has_changes());
    // The same plan twice at once is one change.
    let wanted = shop(Some("web:4"));
    let plan = world.plan(&wanted).await.unwrap();
    let (one, two) = tokio::join!(world.apply(&wanted, &plan), world.apply(&wanted, &plan));
    assert_eq!((one.exit_code(), two.exit_code()), (0, 0), "{one:#?}{two:#?}");
}

#[tokio::test(start_paused = true)]
async fn somebody_who_creates_first_makes_the_plan_stale() {
    let world = World::new();
    let wanted = desired([topic()]);
    let plan = world.plan(&wanted).await.unwrap();
    let mut other = topic();
    other = stack("alerts", serde_json::from_str(&other.body.replace("\"alerts\"", "\"theirs\"")).unwrap());
    world.deploy(&desired([other])).await;
    let report = world.apply(&wanted, &plan).await;
    assert_eq!((report.exit_code(), report.stacks[0].outcome), (3, Outcome::Stale), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_apply_of_four_stacks_asks_with_measure() {
    let world = World::new();
    let wanted = shop(Some("web:1"));
    let plan = world.plan(&wanted).await.unwrap();
    world.calls();
    assert_eq!(world.apply(&wanted, &plan).await.exit_code(), 0);
    let calls = world.calls();
    let kinds: BTreeSet<&str> = calls.iter().copied().collect();
    let counted: Vec<String> =
        kinds.iter().map(|k| format!("{k} {}", calls.iter().filter(|c| c == &k).count())).collect();
    assert!(calls.len() <= 60, "{} calls: {counted:?}", calls.len());
}

/// The length is known from the source alone: `backend` makes a parameter for each queue of `platform`.
const LISTS: &str = r#"project lists

account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"] }

core platform {
  for name in ["a", "b"] {
    resource Queue[name] = AWS::SQS::Queue { DelaySeconds: 1 }
  }

  @protect("everybody reads it")
  resource Topic = AWS::SNS::Topic {}

  output Queues = [for q in Queue: q.Arn]
}

service backend {
  for i, q in platform.Queues {
    resource P["${i}"] = AWS::SSM::Parameter { Type: "String", Value: q }
  }
}
"#;

#[test]
fn lengths_and_protection_of_a_real_program_reach_the_plan() {
    let project = Project::new(&[("main.infra", LISTS)]);
    let there = |line: &str| project.infra(&format!("{line} --sandbox=state"));
    there("apply --yes").ended(0);
    let longer = LISTS.replace("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]");
    project.write("main.infra", &longer);
    let said = there("plan backend").ended(1);
    assert!(said.err.contains("not-deployed") && said.err.contains("is built for 3 items of `Queues`"), "{}", said.err);
    there("apply --yes").ended(0);
    let lifted = longer.replace("  @protect(\"everybody reads it\")\n", "");
    project.write("main.infra", lifted);
    let said = there("apply --yes").ended(0);
    assert!(said.out.contains("stack policy: lifted, nothing is protected"), "{}", said.out);
    assert!(there("plan").ended(0).out.starts_with("no changes"));
}

#[tokio::test(start_paused = true)]
async fn what_aws_lists_in_vain_is_inside_a_provisional_plan() {
    let world = World::new();
    let with = |cidr: &str| {
        let template = json!({
            "Parameters": {"NetworkVpc": {"Type": "String"}},
            "Resources": {
                "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "NetworkVpc"}}},
                "Name": {"Type": "AWS::SSM::Parameter", "Properties": {
                    "Type": "String", "Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}}
            }
        });
        desired([network(cidr), reading(stack("news", template), "NetworkVpc", "network@dev/eu-west-1", "Vpc")])
    };
    world.deploy(&with("10.0.0.0/16")).await;
    let (plan, report) = world.deploy(&with("10.9.0.0/16")).await;
    let news = plan.stack("news@dev/eu-west-1").unwrap();
    assert_eq!(news.changes.iter().map(|c| c.logical_id.as_str()).collect::<Vec<_>>(), ["Topic"]);
    assert_eq!(report.exit_code(), 0, "{}{report:#?}", text(&plan));
}
