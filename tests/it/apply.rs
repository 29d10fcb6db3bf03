//! Applying against the simulator.

use infra::apply::Outcome;
use infra::diagnostics::Code;
use infra::names::Name;
use infra::plan::StackAction;
use infra::sandbox::{Moment, Rule};
use infra::semantics::model::Within;
use infra::source::{FileId, Span};
use infra::template::provenance;
use serde_json::json;

use crate::support::stacks::{WRITES, World, dead_shell, desired, input, network, shop, shop_with, stack, text, topic};

#[tokio::test(start_paused = true)]
async fn create_then_nothing_then_replace_then_nothing() {
    let world = World::new();
    let (_, report) = world.deploy(&shop(Some("web:1"))).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(report.stacks.iter().all(|s| s.outcome == Outcome::Done));
    assert!(report.stack("network@dev/eu-west-1").unwrap().outputs["Vpc"].starts_with("vpc-"));

    world.calls();
    let (plan, report) = world.deploy(&shop(Some("web:1"))).await;
    assert!(!plan.has_changes(), "{}", text(&plan));
    assert_eq!(report.exit_code(), 0);
    let calls = world.calls();
    assert!(calls.iter().all(|c| !WRITES.contains(c)), "{calls:?}");

    let (_, report) = world.deploy(&shop(Some("web:2"))).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&shop(Some("web:2"))).await.unwrap().has_changes());

    // A replaced network: what follows it is made when its new id is known.
    let moved = shop_with(Some("web:2"), "10.9.0.0/16");
    let (plan, report) = world.deploy(&moved).await;
    assert_eq!(report.exit_code(), 0, "{}\n{report:#?}", text(&plan));
    assert!(!world.plan(&moved).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_failure_rolls_back_stops_its_dependents_and_is_repaired() {
    let world = World::new();
    world.sandbox.order(Rule::fail("shop-jobs-dev", "Queue", "You are not allowed to have queues").times(1));
    let place = Span::new(FileId(0), 10, 20);
    let within = Within { shown: "Jobs".into(), span: Span::new(FileId(0), 30, 40) };
    let queue = provenance::Place {
        id: Name::new("Queue"),
        ty: Name::new("AWS::SQS::Queue"),
        shown: "Queue".into(),
        protect: None,
        span: place,
        body: None,
        initial: vec![],
        within: [within].into(),
    };
    let mut wanted = shop(Some("web:1"));
    let jobs = wanted.stacks.iter_mut().find(|s| s.stack == "jobs").unwrap();
    std::sync::Arc::make_mut(jobs).places = [queue].into_iter().collect();

    let (_, report) = world.deploy(&wanted).await;
    let outcome = |id: &str| report.stack(&format!("{id}@dev/eu-west-1")).unwrap().outcome;
    assert_eq!(outcome("network"), Outcome::Done);
    assert_eq!(outcome("jobs"), Outcome::Failed);
    assert_eq!(outcome("api"), Outcome::NotStarted);
    assert_eq!(outcome("alerts"), Outcome::Done);
    assert_eq!(report.exit_code(), 1);
    let told = report.diagnostics();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((told[0].code, told[0].span()), (Code::ResourceFailed, Some(place)));
    assert_eq!(told[0].labels[1].text, "in `Jobs`, used here");
    assert!(told[0].message.contains("You are not allowed to have queues"), "{}", told[0].message);

    let (plan, report) = world.deploy(&wanted).await;
    assert_eq!(report.exit_code(), 0, "{}\n{report:#?}", text(&plan));
    assert_eq!(plan.stacks.iter().filter(|s| s.has_changes()).count(), 2);
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_failed_update_comes_back_to_what_was() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    world.sandbox.order(Rule::fail("shop-api-dev", "Service", "unable to place a task").at(Moment::Update).times(1));
    let (_, report) = world.deploy(&shop(Some("web:2"))).await;
    let api = report.stack("api@dev/eu-west-1").unwrap();
    assert_eq!(api.outcome, Outcome::Failed);
    assert_eq!(api.cause.as_ref().unwrap().logical_id, "Service");
    assert!(api.reason.as_ref().unwrap().contains("UPDATE_ROLLBACK_COMPLETE"), "{api:#?}");
    // Rolled back: the old image again, so that planning it finds nothing to do, and the new one the same change.
    assert!(!world.plan(&shop(Some("web:1"))).await.unwrap().has_changes());
    let (plan, report) = world.deploy(&shop(Some("web:2"))).await;
    assert_eq!(report.exit_code(), 0, "{}\n{report:#?}", text(&plan));
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_creation_left_is_deleted_first() {
    let world = World::new();
    // Made by another way, whose creation rolls back instead of deleting itself.
    let wanted = desired([topic()]);
    dead_shell(&world.sandbox, &wanted.stacks[0]).await;
    let plan = world.plan(&wanted).await.unwrap();
    assert_eq!(plan.stacks[0].action, StackAction::Recreate);
    assert_eq!(plan.stacks[0].found.status.as_deref(), Some("ROLLBACK_COMPLETE"));
    assert!(text(&plan).contains("deleted first"), "{}", text(&plan));
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn termination_protection_comes_and_goes() {
    let world = World::new();
    let with = |on: bool| {
        let mut wanted = network("10.0.0.0/16");
        wanted.termination_protection = on;
        desired([wanted])
    };
    let is_on = async |world: &World| {
        world.at(&with(true).stacks[0]).stack("shop-network-dev").await.unwrap().unwrap().termination_protection
    };
    let (_, report) = world.deploy(&with(true)).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(is_on(&world).await);
    assert!(!world.plan(&with(true)).await.unwrap().has_changes());
    let (plan, report) = world.deploy(&with(false)).await;
    assert_eq!((plan.stacks[0].action, report.exit_code()), (StackAction::None, 0));
    assert!(!is_on(&world).await);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_no_longer_holds_changes_nothing() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let second = shop(Some("web:2"));
    let plan = world.plan(&second).await.unwrap();
    // Somebody else deploys in between.
    world.deploy(&shop(Some("web:3"))).await;
    world.calls();
    let report = world.apply(&second, &plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    assert_eq!(report.diagnostics()[0].code, Code::StalePlan);
    assert!(!world.calls().contains(&"ExecuteChangeSet"));
    assert!(!world.plan(&shop(Some("web:3"))).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn applying_the_same_plan_again_does_nothing_more() {
    let world = World::new();
    let wanted = shop(Some("web:1"));
    let plan = world.plan(&wanted).await.unwrap();
    assert_eq!(world.apply(&wanted, &plan).await.exit_code(), 0);
    world.calls();
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    let calls = world.calls();
    assert!(calls.iter().all(|c| !WRITES.contains(c)), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn stopping_starts_nothing_new() {
    let world = World::new();
    let wanted = shop(Some("web:1"));
    let plan = world.plan(&wanted).await.unwrap();
    let settings = infra::apply::Settings::default();
    settings.stop.ask();
    let observer: std::sync::Arc<dyn infra::apply::Observer> = std::sync::Arc::new(infra::apply::Silent);
    let report = infra::apply::apply(&world.clouds, &wanted, &plan, &settings, &observer).await;
    assert_eq!(report.exit_code(), 130);
    assert!(report.stacks.iter().all(|s| s.outcome == Outcome::NotStarted));
    assert!(!world.calls().contains(&"CreateChangeSet"));
}

#[tokio::test(start_paused = true)]
async fn destroying_leaves_nothing_and_takes_consumers_first() {
    let world = World::new();
    let wanted = shop(Some("web:1"));
    world.deploy(&wanted).await;
    world.calls();
    let plan = world.destroy(&wanted).await.unwrap();
    let order: Vec<&str> = plan.stacks.iter().map(|s| s.stack.as_str()).collect();
    assert_eq!(order, ["alerts", "api", "jobs", "network"]);
    assert_eq!(plan.stack("network@dev/eu-west-1").unwrap().after, ["jobs@dev/eu-west-1", "api@dev/eu-west-1"]);
    assert_eq!(plan.counts().delete, 8);
    assert!(world.calls().iter().all(|c| !WRITES.contains(c)));
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    for stack in &wanted.stacks {
        assert!(world.at(stack).stack(&stack.name).await.unwrap().is_none(), "{}", stack.id);
    }
    assert!(!world.destroy(&wanted).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn what_is_protected_or_still_read_is_not_destroyed() {
    let world = World::new();
    let mut wanted = shop(Some("web:1"));
    world.deploy(&wanted).await;
    let problems = world.destroy_of(&wanted, &["network@dev/eu-west-1"]).await.unwrap_err();
    assert!(problems.iter().all(|p| p.code == Code::StillUsed), "{problems:?}");
    assert_eq!(problems.len(), 2);
    let network = std::sync::Arc::make_mut(&mut wanted.stacks[0]);
    network.protected.insert("Vpc".into(), "every service lives in it".into());
    assert_eq!(world.destroy(&wanted).await.unwrap_err()[0].code, Code::ProtectedResource);
    let network = std::sync::Arc::make_mut(&mut wanted.stacks[0]);
    network.protected.clear();
    network.termination_protection = true;
    world.deploy(&wanted).await;
    assert_eq!(world.destroy(&wanted).await.unwrap_err()[0].code, Code::TerminationProtection);
}

#[tokio::test(start_paused = true)]
async fn what_goes_beyond_the_plan_is_not_done() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop_with(Some("web:1"), "10.9.0.0/16");
    let mut plan = world.plan(&wanted).await.unwrap();
    // As if the plan had shown nothing of the security group.
    plan.stacks.iter_mut().find(|s| s.stack == "jobs").unwrap().changes.clear();
    world.calls();
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    let outcome = |id: &str| report.stack(&format!("{id}@dev/eu-west-1")).unwrap().outcome;
    assert_eq!(
        (outcome("network"), outcome("jobs"), outcome("api")),
        (Outcome::Done, Outcome::Stale, Outcome::NotStarted)
    );
    let told = report.diagnostics();
    assert!(told[0].message.contains("Group, which the plan does not name"), "{}", told[0].message);
    assert_eq!(world.calls().iter().filter(|c| **c == "ExecuteChangeSet").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_stack_is_waited_for_and_not_for_ever() {
    let world = World::new();
    let wanted = desired([topic()]);
    world.sandbox.order(Rule::slow("shop-alerts-dev", "Topic", 30));
    crate::support::stacks::begin_creation(&world.sandbox, &wanted.stacks[0]).await;
    let impatient = infra::plan::Settings { wait: std::time::Duration::from_secs(10), ..Default::default() };
    let seen = std::sync::Arc::new(crate::support::stacks::Recorder::default());
    let observer: std::sync::Arc<dyn infra::plan::Observer> = seen.clone();
    let problems = infra::plan::plan(&world.clouds, &wanted, &impatient, &observer).await.unwrap_err();
    assert_eq!(problems[0].code, Code::StackBusy);
    assert!(problems[0].message.contains("CREATE_IN_PROGRESS"), "{}", problems[0].message);
    assert!(seen.0.lock().unwrap().iter().any(|e| e.contains("somebody else")), "{seen:?}");
    // With more patience it ends, and is what we want.
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn listing_tells_what_is_there() {
    let world = World::new();
    let wanted = shop(Some("web:1"));
    world.deploy(&desired([network("10.0.0.0/16")])).await;
    let seen = infra::plan::list(&world.clouds, &wanted, &infra::plan::Settings::default()).await.unwrap();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[0].status.as_deref(), Some("CREATE_COMPLETE"));
    assert!(seen[0].ours && seen[0].outputs["Vpc"].starts_with("vpc-"));
    assert_eq!((&seen[1].status, seen[1].ours), (&None, false));
}

#[tokio::test(start_paused = true)]
async fn a_template_that_was_rolled_back_is_not_taken_for_deployed() {
    let world = World::new();
    world.deploy(&desired([topic()])).await;
    let mut renamed = topic();
    renamed.body = renamed.body.replace("\"alerts\"", "\"alarms\"");
    renamed.sha256 = "4".repeat(64);
    world.sandbox.order(Rule::fail("shop-alerts-dev", "Topic", "not now").at(Moment::Update).times(1));
    let (_, report) = world.deploy(&desired([renamed.clone()])).await;
    assert_eq!(report.exit_code(), 1);
    // The last change set is that of the new template, and the template in force is the old one.
    let plan = world.plan(&desired([renamed.clone()])).await.unwrap();
    assert_eq!(plan.stacks[0].found.status.as_deref(), Some("UPDATE_ROLLBACK_COMPLETE"));
    assert_eq!(plan.counts().update, 1);
    assert!(!world.plan(&desired([topic()])).await.unwrap().has_changes());
    assert_eq!(world.apply(&desired([renamed]), &plan).await.exit_code(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_provisional_stack_that_moved_is_left_alone() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop_with(Some("web:1"), "10.9.0.0/16");
    let plan = world.plan(&wanted).await.unwrap();
    // Somebody changes what our plan would replace anyway, so that nothing in the change itself tells of it.
    let mut theirs = shop(Some("web:1"));
    let jobs = theirs.stacks.iter_mut().find(|s| s.stack == "jobs").unwrap();
    let jobs = std::sync::Arc::make_mut(jobs);
    jobs.body = jobs.body.replace("\"jobs\"", "\"theirs\"");
    jobs.sha256 = "5".repeat(64);
    let other = world.plan_of(&theirs, &["jobs@dev/eu-west-1"]).await.unwrap();
    assert_eq!(world.apply(&theirs, &other).await.exit_code(), 0);
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    assert_eq!(report.stack("jobs@dev/eu-west-1").unwrap().outcome, Outcome::Stale);
    assert_eq!(report.stack("api@dev/eu-west-1").unwrap().outcome, Outcome::NotStarted);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_aws_quotes_reaches_nobody() {
    let world = World::new();
    let template = serde_json::json!({
        "Parameters": {"Password": {"Type": "String", "NoEcho": true}},
        "Resources": {"Store": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Type": "String", "Value": {"Ref": "Password"}}}}
    });
    let wanted = crate::support::stacks::input(
        crate::support::stacks::stack("store", template),
        "Password",
        Some("hunter2-canary"),
        true,
    );
    let wanted = desired([wanted]);
    world.sandbox.order(Rule::fail("shop-store-dev", "Store", "the value hunter2-canary is too simple"));
    let (_, report) = world.deploy(&wanted).await;
    assert_eq!(report.exit_code(), 1);
    let written = format!("{report:?}{:?}{}", report.diagnostics(), infra::apply::to_json(&report));
    assert!(written.contains("the value *** is too simple") && !written.contains("hunter2"), "{written}");
}

/// The secret is kept as it is deployed: nobody here knows it, and nothing could take it out of what AWS says.
#[tokio::test(start_paused = true)]
async fn a_reason_that_may_quote_a_secret_nobody_knows_here_is_withheld() {
    let world = World::new();
    let wanted = |timeout: u32, set: Option<&str>| {
        let template = json!({
            "Parameters": {"Token": {"Type": "String", "NoEcho": true}},
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {
                    "VisibilityTimeout": timeout, "Tags": [{"Key": "token", "Value": {"Ref": "Token"}}]}},
                "Other": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": timeout}},
            },
        });
        desired([input(stack("jobs", template), "Token", set, true)])
    };
    world.deploy(&wanted(30, Some("hunter2"))).await;
    let fail = |resource: &str| Rule::fail("shop-jobs-dev", resource, "hunter2 is no good").times(1);
    let told = async |resource: &str, timeout: u32, set: Option<&str>| {
        world.sandbox.order(fail(resource));
        let (_, report) = world.deploy(&wanted(timeout, set)).await;
        assert_eq!(report.exit_code(), 1, "{report:#?}");
        report.diagnostics().into_iter().map(|told| format!("{told:?}")).collect::<String>()
    };
    let withheld = told("Queue", 40, None).await;
    assert!(!withheld.contains("hunter2"), "{withheld}");
    assert!(withheld.contains("describe-stack-events --region eu-west-1 --stack-name shop-jobs-dev"), "{withheld}");
    // One that is given a secret which is known, or none at all, is told.
    let known = told("Queue", 40, Some("hunter2")).await;
    assert!(known.contains("*** is no good"), "{known}");
    let without = told("Other", 40, None).await;
    assert!(without.contains("hunter2 is no good"), "{without}");
}
