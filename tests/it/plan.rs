//! Planning against the simulator.

use std::sync::Arc;

use infra::diagnostics::Code;
use infra::plan::{Action, Certainty, Origin, Reason, Replaces, Setting, Shown, StackAction};
use infra::sandbox::Rule;
use serde_json::json;

use crate::sandbox::client_of;
use crate::support::stacks::{
    WRITES, World, api, desired, input, jobs, network, reading, shop, shop_with, stack, target, text, topic,
};

#[tokio::test(start_paused = true)]
async fn a_first_plan_creates_everything_and_writes_nothing() {
    let world = World::new();
    let plan = world.plan(&shop(Some("web:1"))).await.unwrap();
    assert!(plan.stacks.iter().all(|s| s.action == StackAction::Create));
    let certainty: Vec<Certainty> = plan.stacks.iter().map(|s| s.certainty).collect();
    use Certainty::{Exact, Provisional};
    assert_eq!(certainty, [Exact, Provisional, Provisional, Exact]);
    assert_eq!(plan.counts().create, 8);
    let calls = world.calls();
    assert!(calls.iter().all(|call| !WRITES.contains(call)), "{calls:?}");
    assert_eq!(calls.len(), 5, "{calls:?}");
    assert_eq!(plan, world.plan(&shop(Some("web:1"))).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn twelve_unchanged_stacks_cost_thirteen_calls() {
    let world = World::new();
    let mut stacks = vec![network("10.0.0.0/16")];
    for n in 0..11 {
        let template = json!({
            "Parameters": {"NetworkVpc": {"Type": "String"}},
            "Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                "GroupDescription": format!("g{n}"), "VpcId": {"Ref": "NetworkVpc"}}}},
            "Outputs": {"Group": {"Value": {"Ref": "Group"}}}
        });
        stacks.push(reading(stack(&format!("s{n}"), template), "NetworkVpc", "network@dev/eu-west-1", "Vpc"));
    }
    let desired = desired(stacks);
    let (_, report) = world.deploy(&desired).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    let world = World::of(world.sandbox.clone());
    let plan = world.plan(&desired).await.unwrap();
    assert!(!plan.has_changes(), "{}", text(&plan));
    let calls = world.calls();
    assert!(calls.len() <= 13, "{} calls: {calls:?}", calls.len());
    let report = world.apply(&desired, &plan).await;
    assert_eq!((report.exit_code(), world.calls().len()), (0, 0));
}

/// A run was killed after it made a change set; then somebody else's update failed and was rolled back.
#[tokio::test(start_paused = true)]
async fn what_killed_runs_left_to_a_stack_that_needs_nothing_goes() {
    let world = World::new();
    world.deploy(&desired([network("10.0.0.0/16")])).await;
    world.plan(&desired([network("10.1.0.0/16")])).await.unwrap();
    let client = client_of(&world.sandbox, "111111111111", "eu-west-1");
    world.sandbox.order(Rule::fail("shop-network-dev", "Vpc", "not today").times(1));
    client
        .update_stack()
        .stack_name("shop-network-dev")
        .template_body(network("10.2.0.0/16").body)
        .send()
        .await
        .unwrap();
    while world.sandbox.look().iter().any(|stack| stack.is_under_way) {
        client.describe_stacks().send().await.unwrap();
    }
    let left = || {
        let sets = world.sandbox.look().into_iter().flat_map(|stack| stack.change_sets);
        sets.filter(|(_, execution)| execution != "EXECUTE_COMPLETE").count()
    };
    assert_eq!(left(), 1);
    let plan = world.plan(&desired([network("10.0.0.0/16")])).await.unwrap();
    assert!(!plan.has_changes(), "{plan:#?}");
    assert_eq!(left(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_new_image_replaces_the_task_and_leaves_the_core_alone() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let plan = world.plan(&shop(Some("web:2"))).await.unwrap();
    let changed: Vec<&str> = plan.stacks.iter().filter(|s| s.has_changes()).map(|s| s.stack.as_str()).collect();
    assert_eq!(changed, ["api"]);
    let api = plan.stack("api@dev/eu-west-1").unwrap();
    assert_eq!((api.action, api.certainty), (StackAction::Update, Certainty::Exact));
    assert!(api.change_set.as_ref().unwrap().name.starts_with("infra-"));
    let shown: Vec<(&str, Action, Replaces, Reason)> =
        api.changes.iter().map(|c| (c.logical_id.as_str(), c.action, c.replacement, c.reason)).collect();
    assert_eq!(
        shown,
        [
            ("Service", Action::Update, Replaces::No, Reason::Reference),
            ("Task", Action::Replace, Replaces::Yes, Reason::Parameter),
        ],
        "{:#?}",
        api.changes
    );
    let text = text(&plan);
    assert!(text.contains("-/+ Task") && text.contains("\"web:1\" -> \"web:2\""), "{text}");
    assert!(text.contains("unchanged, skipped: network@dev/eu-west-1"), "{text}");
    // What is not set for a run is kept, not reset.
    let kept = world.plan(&shop(None)).await.unwrap();
    assert!(!kept.has_changes(), "{kept:#?}");
    assert_eq!(kept.stack("api@dev/eu-west-1").unwrap().parameters["Image"].origin, Origin::Kept);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_only_reads_writes_nothing_and_shows_the_same() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop_with(Some("web:2"), "10.9.0.0/16");
    let asked = world.plan(&wanted).await.unwrap();
    infra::plan::discard(&world.clouds, &wanted, &asked).await.unwrap();
    world.calls();
    let observer: Arc<dyn infra::plan::Observer> = Arc::new(infra::plan::Silent);
    let settings = infra::plan::Settings { leaves: infra::plan::Leaves::Nothing, ..infra::plan::Settings::default() };
    let plan = infra::plan::plan(&world.clouds, &wanted, &settings, &observer).await.unwrap();
    let calls = world.calls();
    let reads = ["GetCallerIdentity", "DescribeStacks", "GetTemplate", "GetStackPolicy"];
    assert!(!calls.is_empty() && calls.iter().all(|call| reads.contains(call)), "{calls:?}");
    let shown = |plan: &infra::plan::Plan| {
        let of = |s: &infra::plan::StackPlan| {
            s.changes.iter().map(|c| (s.id.clone(), c.logical_id.clone(), c.action, c.replacement)).collect::<Vec<_>>()
        };
        plan.stacks.iter().flat_map(of).collect::<Vec<_>>()
    };
    assert_eq!(shown(&plan), shown(&asked));
    let certainty = |id: &str| plan.stack(id).unwrap().certainty;
    assert_eq!(certainty("network@dev/eu-west-1"), Certainty::Local);
    assert_eq!(certainty("api@dev/eu-west-1"), Certainty::Provisional);
    assert!(plan.is_local() && !asked.is_local());
    assert!(
        text(&plan).contains("local: computed from the templates, CloudFormation was not asked"),
        "{}",
        text(&plan)
    );
    assert!(infra::plan::to_json(&plan).get("digest").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_replaced_network_is_provisional() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let plan = world.plan(&shop_with(Some("web:1"), "10.9.0.0/16")).await.unwrap();
    let of = |id: &str| plan.stack(id).unwrap();
    assert_eq!(of("network@dev/eu-west-1").changes[0].action, Action::Replace);
    let jobs = of("jobs@dev/eu-west-1");
    assert_eq!((jobs.action, jobs.certainty), (StackAction::Update, Certainty::Provisional));
    let group = &jobs.changes[0];
    assert_eq!((group.logical_id.as_str(), group.action, group.replacement), ("Group", Action::Replace, Replaces::Yes));
    assert_eq!(jobs.changes.len(), 1, "{:#?}", jobs.changes);
    // The queue stays, so its ARN is known, and the task that reads it is not touched.
    let api = of("api@dev/eu-west-1");
    assert_eq!(api.changes.iter().map(|c| c.logical_id.as_str()).collect::<Vec<_>>(), ["Group"]);
    assert!(matches!(api.parameters["JobsQueue"].after, Shown::Value(_)));
    assert_eq!(of("alerts@dev/eu-west-1").action, StackAction::None);
    let text = text(&plan);
    assert!(text.contains("provisional: waits for `Vpc` of network@dev/eu-west-1"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80 && !line.contains('\u{1b}') && line == line.trim_end(), "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_plan_of_an_update_reads_so() {
    fastrand::seed(7);
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let plan = world.plan(&shop(Some("web:2"))).await.unwrap();
    let expected = "\
~ api@dev/eu-west-1   update   exact
    shop-api-dev in a111111111111 (111111111111), CREATE_COMPLETE
    input Image: \"web:1\" -> \"web:2\" (set)

  ~   Service  update   AWS::ECS::Service
        TaskDefinition: (<- Task)
          - \"arn:aws:ecs:eu-west-1:111111111111:task-definition/api:1\"
          + (known after apply)
  -/+ Task     replace  AWS::ECS::TaskDefinition
        ContainerDefinitions.0.Image: \"web:1\" -> \"web:2\" (replaces; input Image)
  ~   output Task:
        - \"arn:aws:ecs:eu-west-1:111111111111:task-definition/api:1\"
        + (known after apply)

unchanged, skipped: network@dev/eu-west-1, jobs@dev/eu-west-1,
alerts@dev/eu-west-1
1 of 4 stacks: 0 to create, 1 to update, 1 to replace, 0 to delete
";
    assert_eq!(text(&plan), expected);
}

#[tokio::test(start_paused = true)]
async fn a_missing_input_and_an_undeployed_producer_are_refused() {
    let world = World::new();
    let problems = world.plan(&shop(None)).await.unwrap_err();
    assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::MissingInput]);
    assert!(problems[0].help.as_ref().unwrap().contains("--set api.Image="), "{problems:?}");
    let problems = world.plan_of(&shop(Some("web:1")), &["jobs@dev/eu-west-1"]).await.unwrap_err();
    assert_eq!(problems[0].code, Code::NotDeployed);
    // With the network there, the same selection stands, and nothing else is planned.
    world.deploy(&desired([network("10.0.0.0/16")])).await;
    let plan = world.plan_of(&shop(Some("web:1")), &["jobs@dev/eu-west-1"]).await.unwrap();
    assert_eq!(plan.stacks.len(), 1);
    assert_eq!(plan.stacks[0].certainty, Certainty::Exact);
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_somebody_else_is_refused() {
    let world = World::new();
    let mut theirs = topic();
    theirs.tags.insert("infra:project".into(), "bank".into());
    world.deploy(&desired([theirs])).await;
    let problems = world.plan(&desired([topic()])).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ForeignStack);
    assert!(problems[0].message.contains("of project `bank`"), "{}", problems[0].message);
}

#[tokio::test(start_paused = true)]
async fn the_wrong_account_ends_the_run_before_anything_is_read() {
    let world = World::new();
    let mut wanted = topic();
    // A role in one account, named for another.
    wanted.target.account.role = Some("arn:aws:iam::999999999999:role/deploy".into());
    let problems = world.plan(&desired([wanted])).await;
    let calls = world.calls();
    if let Err(problems) = problems {
        assert_eq!(problems[0].code, Code::WrongAccount, "{problems:?}");
        assert!(!calls.contains(&"DescribeStacks"), "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_protected_resource_is_neither_replaced_nor_deleted() {
    let world = World::new();
    let protected = |cidr: &str| {
        let mut wanted = network(cidr);
        wanted.protected.insert("Vpc".into(), "every service lives in it".into());
        desired([wanted])
    };
    let (plan, report) = world.deploy(&protected("10.0.0.0/16")).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert_eq!(
        plan.stacks[0].settings,
        [Setting::StackPolicy { protects: vec!["Vpc".into()], own: None, lifts: vec![] }]
    );
    assert!(!world.plan(&protected("10.0.0.0/16")).await.unwrap().has_changes());

    world.calls();
    let problems = world.plan(&protected("10.9.0.0/16")).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ProtectedResource);
    assert!(problems[0].message.contains("every service lives in it"), "{}", problems[0].message);
    assert!(!world.calls().contains(&"CreateChangeSet"));

    // The declaration is gone, and with it `@protect`: what AWS still protects is not deleted by accident.
    let mut without = network("10.0.0.0/16");
    let template = json!({"Resources": {"Other": {"Type": "AWS::SNS::Topic"}}, "Outputs": {}});
    without.body = template.to_string();
    without.sha256 = "0".repeat(64);
    let problems = world.plan(&desired([without])).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ProtectedResource, "{problems:?}");

    // In two steps it goes: lift, then replace.
    let plan = world.plan(&desired([network("10.0.0.0/16")])).await.unwrap();
    assert_eq!(plan.stacks[0].settings, [Setting::StackPolicy { protects: vec![], own: None, lifts: vec![] }]);
    assert_eq!(world.apply(&desired([network("10.0.0.0/16")]), &plan).await.exit_code(), 0);
    let (_, report) = world.deploy(&desired([network("10.9.0.0/16")])).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn secrets_are_nowhere_in_a_plan() {
    let world = World::new();
    let with = |password: Option<&str>| {
        let template = json!({
            "Parameters": {"Password": {"Type": "String", "NoEcho": true}},
            "Resources": {"Db": {"Type": "AWS::RDS::DBInstance", "Properties": {
                "DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "AllocatedStorage": "20",
                "MasterUsername": "app", "MasterUserPassword": {"Ref": "Password"}}}}
        });
        desired([input(stack("db", template), "Password", password, true)])
    };
    let (first, report) = world.deploy(&with(Some("hunter2-first"))).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    let second = world.plan(&with(Some("hunter2-second"))).await.unwrap();
    assert!(second.has_changes());
    for plan in [&first, &second] {
        let written = format!("{plan:?}{}{}", text(plan), infra::plan::to_json(plan));
        assert!(!written.contains("hunter2"), "{written}");
    }
    // The same base with another value is another change, although no name tells it.
    let third = world.plan(&with(Some("hunter2-third"))).await.unwrap();
    let report = world.apply(&with(Some("hunter2-third")), &third).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&with(None)).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn another_type_under_a_name_is_refused_before_anything_is_made() {
    let world = World::new();
    world.deploy(&desired([topic()])).await;
    world.calls();
    let mut other = topic();
    other.body = other.body.replace("AWS::SNS::Topic", "AWS::SQS::Queue").replace("DisplayName", "QueueName");
    other.sha256 = "1".repeat(64);
    let problems = world.plan(&desired([other])).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ChangedType);
    assert!(!world.calls().contains(&"CreateChangeSet"));
}

#[tokio::test(start_paused = true)]
async fn descriptions_alone_make_no_change_set_and_are_said() {
    let world = World::new();
    world.deploy(&desired([topic()])).await;
    world.calls();
    let mut described = topic();
    let mut template: serde_json::Value = serde_json::from_str(&described.body).unwrap();
    template["Description"] = json!("What alerts us");
    described.body = template.to_string();
    described.sha256 = "2".repeat(64);
    let plan = world.plan(&desired([described])).await.unwrap();
    assert!(!plan.has_changes());
    assert!(plan.stacks[0].notes[0].contains("descriptions"), "{:?}", plan.stacks[0].notes);
    let calls = world.calls();
    assert!(calls.iter().all(|call| !WRITES.contains(call)), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn change_sets_that_nobody_will_execute_are_removed() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let desired = shop(Some("web:2"));
    let plan = world.plan(&desired).await.unwrap();
    // The same plan again meets the change set that it made before.
    assert_eq!(plan, world.plan(&desired).await.unwrap());
    let cloud = world.at(desired.get("api@dev/eu-west-1").unwrap());
    let open =
        |sets: Vec<infra::cloud::ChangeSetState>| sets.iter().filter(|s| s.execution.as_str() == "AVAILABLE").count();
    assert_eq!(open(cloud.change_sets("shop-api-dev").await.unwrap()), 1);
    infra::plan::discard(&world.clouds, &desired, &plan).await.unwrap();
    assert_eq!(open(cloud.change_sets("shop-api-dev").await.unwrap()), 0);
}

#[tokio::test(start_paused = true)]
async fn what_aws_rejects_leaves_no_change_set() {
    let world = World::new();
    world.deploy(&desired([topic()])).await;
    let mut broken = topic();
    broken.body =
        json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"NoSuchThing": 1}}}}).to_string();
    broken.sha256 = "3".repeat(64);
    let wanted = Arc::new(broken.clone());
    if let Err(problems) = world.plan(&desired([broken])).await {
        assert!(matches!(problems[0].code, Code::RejectedChangeSet | Code::AwsCall), "{problems:?}");
        let left = world.at(&wanted).change_sets("shop-alerts-dev").await.unwrap();
        assert!(left.iter().all(|s| s.execution.as_str() != "AVAILABLE"), "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn accounts_and_regions_are_planned_apart() {
    let world = World::new();
    let mut stacks = Vec::new();
    for (account, region) in
        [("111111111111", "eu-west-1"), ("111111111111", "us-east-1"), ("222222222222", "eu-west-1")]
    {
        let mut wanted = topic();
        wanted.id = format!("alerts@{account}/{region}");
        wanted.target = target(account, region);
        stacks.push(wanted);
    }
    let desired = desired(stacks);
    let (plan, report) = world.deploy(&desired).await;
    assert_eq!(plan.stacks.len(), 3);
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    for wanted in &desired.stacks {
        let stack = world.at(wanted).stack(&wanted.name).await.unwrap().unwrap();
        let account = wanted.target.account.id.as_ref().unwrap();
        assert!(stack.id.contains(&format!(":{}:{account}:", wanted.target.region)), "{}", stack.id);
    }
    let _ = (api(None), jobs());
}
