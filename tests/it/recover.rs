//! Stacks that are stuck in a failed update: what is said of them, and the way out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra::apply::{self, Outcome, Recovery};
use infra::diagnostics::Code;
use infra::plan::{self, Desired, Stuck};
use infra::sandbox::{Moment, Rule};
use serde_json::json;

use crate::support::cli::Project;
use crate::support::stacks::{self, World};

/// A queue and a topic, both of which an update changes.
fn pair(timeout: u32) -> Desired {
    stacks::desired([stacks::stack(
        "jobs",
        json!({"Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": timeout}},
            "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Queue", "Properties": {"DisplayName": timeout.to_string()}},
        }}),
    )])
}

const ID: &str = "jobs@dev/eu-west-1";

/// A world in which the update of the topic fails, and the queue cannot be brought back.
async fn broken(world: &World) -> Desired {
    world.deploy(&pair(30)).await;
    world.sandbox.order(Rule::fail("shop-jobs-dev", "Topic", "no").at(Moment::Update).times(1));
    world.sandbox.order(Rule::fail("shop-jobs-dev", "Queue", "it was deleted by hand").at(Moment::Rollback));
    let desired = pair(60);
    let (_, report) = world.deploy(&desired).await;
    assert_eq!(report.stacks[0].outcome, Outcome::Failed);
    desired
}

async fn look(world: &World, desired: &Desired) -> Vec<Stuck> {
    let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
    plan::stuck(&world.clouds, desired, &plan::Settings::default(), &observer).await.unwrap()
}

async fn recover(world: &World, stuck: &[Stuck], skip: &[&str]) -> Recovery {
    let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
    let skip: BTreeSet<String> = skip.iter().map(|name| (*name).to_owned()).collect();
    let skip = BTreeMap::from([(ID.to_owned(), skip)]);
    let mut ended = apply::recover(&world.clouds, stuck, &skip, &apply::Settings::default(), &observer).await;
    assert_eq!(ended.len(), 1);
    ended.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_plan_names_the_way_out_and_the_way_leads_out() {
    let world = World::new();
    let desired = broken(&world).await;
    let problem = world.plan(&desired).await.unwrap_err().remove(0);
    assert_eq!(problem.code, Code::StuckStack);
    assert!(problem.message.contains("is stuck in UPDATE_ROLLBACK_FAILED"), "{}", problem.message);
    assert!(problem.help.as_deref().unwrap().contains("`infra recover`"), "{problem:?}");

    let stuck = look(&world, &desired).await;
    assert!(stuck[0].may_skip());
    let failed: Vec<(&str, Option<&str>)> =
        stuck[0].resources.iter().map(|r| (r.logical_id.as_str(), r.status_reason.as_deref())).collect();
    assert_eq!(failed, [("Queue", Some("it was deleted by hand"))]);

    // As long as the cause is there, it fails again, and says how to leave it out.
    world.calls();
    let again = recover(&world, &stuck, &[]).await;
    assert_eq!(again.outcome, Outcome::Failed);
    let told = again.problem.unwrap();
    assert_eq!((told.code, told.help.as_deref().unwrap().contains("`--skip jobs/Queue`")), (Code::StuckStack, true));
    assert!(told.message.contains("`Queue` (AWS::SQS::Queue) of `jobs@dev/eu-west-1` cannot be rolled back: it was"));
    assert_eq!(world.calls().iter().filter(|call| **call == "ContinueUpdateRollback").count(), 1);

    // Once it is mended, nothing has to be left out.
    world.sandbox.clear_orders();
    let done = recover(&world, &look(&world, &desired).await, &[]).await;
    assert_eq!((done.outcome, done.problem), (Outcome::Done, None));
    assert!(look(&world, &desired).await.is_empty());
    let (plan, report) = world.deploy(&desired).await;
    assert_eq!((plan.stacks[0].changes.len(), report.stacks[0].outcome), (2, Outcome::Done));
}

#[tokio::test(start_paused = true)]
async fn a_resource_is_left_out_only_as_told() {
    let world = World::new();
    let desired = broken(&world).await;
    let done = recover(&world, &look(&world, &desired).await, &["Queue"]).await;
    assert_eq!((done.outcome, done.problem), (Outcome::Done, None));
    let status = world.at(&desired.stacks[0]).stack("shop-jobs-dev").await.unwrap().unwrap().status;
    assert_eq!(status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    // What is not stuck cannot be left out: AWS refuses, and nothing begins.
    let world = World::new();
    let desired = broken(&world).await;
    let refused = recover(&world, &look(&world, &desired).await, &["Topic"]).await;
    assert_eq!(refused.outcome, Outcome::Failed);
    assert_eq!(refused.problem.unwrap().code, Code::AwsCall);
    assert_eq!(look(&world, &desired).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_left_as_it_failed_is_rolled_back() {
    let world = World::new();
    let desired = pair(30);
    world.deploy(&desired).await;
    // Another tool updates without a rollback.
    world.sandbox.order(Rule::fail("shop-jobs-dev", "Topic", "no").at(Moment::Update).times(1));
    let client = crate::sandbox::client_of(&world.sandbox, "111111111111", "eu-west-1");
    let update = client.update_stack().stack_name("shop-jobs-dev").template_body(&pair(60).stacks[0].body);
    update.disable_rollback(true).send().await.unwrap();
    let stuck = look(&world, &desired).await;
    assert_eq!((stuck[0].found.status.as_str(), stuck[0].may_skip()), ("UPDATE_FAILED", false));
    let problem = world.plan(&desired).await.unwrap_err().remove(0);
    assert!(problem.help.as_deref().unwrap().contains("`infra recover`"), "{problem:?}");
    world.calls();
    assert_eq!(recover(&world, &stuck, &[]).await.outcome, Outcome::Done);
    assert!(world.calls().contains(&"RollbackStack"));
    assert!(!world.plan(&desired).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_somebody_else_is_left_alone() {
    let world = World::new();
    let mut desired = broken(&world).await;
    Arc::make_mut(&mut desired.stacks[0]).tags.insert("infra:project".into(), "other".into());
    let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
    let refused = plan::stuck(&world.clouds, &desired, &plan::Settings::default(), &observer).await.unwrap_err();
    assert_eq!(refused[0].code, Code::ForeignStack);
}

const PROGRAM: &str = r#"
project shop

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"] }

service jobs {
  resource Queue = AWS::SQS::Queue { VisibilityTimeout: 30 }
  resource Topic = AWS::SNS::Topic { DisplayName: Queue.QueueName, TopicName: "jobs-30" }
}
"#;

/// A project whose stack is stuck in the sandbox of the folder `state`.
fn stuck_project() -> Project {
    let project = Project::new(&[("main.infra", PROGRAM)]);
    project.infra("apply --yes --sandbox state").ended(0);
    let rules = json!({"rules": [
        {"stack": "*", "resource": "Topic", "on": "create", "fail": "no", "times": 1},
        {"stack": "*", "resource": "Queue", "on": "rollback", "fail": "it was deleted by hand"},
    ]});
    project.write("state/script.json", rules.to_string());
    project.write("main.infra", PROGRAM.replace("30", "60"));
    let failed = project.infra("apply --yes --sandbox state").ended(1);
    assert!(failed.err.contains("resource-failed"), "{}", failed.err);
    project
}

#[test]
fn the_command_lists_asks_and_goes_on() {
    let project = stuck_project();
    let refused = project.infra("plan --sandbox state").ended(1);
    assert!(refused.err.contains("run `infra recover` with the same options"), "{}", refused.err);

    let listed = project.infra("recover --sandbox state").ended(1);
    let expected = "jobs@dev/eu-west-1 is stuck in UPDATE_ROLLBACK_FAILED\n  Queue (AWS::SQS::Queue, main.infra:9): it was deleted by hand\n";
    assert_eq!(listed.out, expected);
    assert!(listed.err.contains("nobody can answer here; give `--yes`"), "{}", listed.err);

    let still = project.infra("recover --yes --sandbox state").ended(1);
    assert!(still.out.ends_with("still stuck  jobs@dev/eu-west-1\n"), "{}", still.out);
    assert!(
        still.err.contains("stuck-stack") && still.err.contains("leave the resource as it is with `--skip"),
        "{}",
        still.err
    );

    for (skip, expected) in [
        ("jobs/Topic", "`--skip jobs/Topic` is not stuck; what is: `jobs/Queue`"),
        ("other/Queue", "`--skip other/Queue` is not stuck; what is: `jobs/Queue`"),
        ("Queue", "`--skip Queue` names no resource; write `STACK/RESOURCE`"),
    ] {
        let refused = project.infra(&format!("recover --yes --sandbox state --skip {skip}")).ended(1);
        assert!(refused.err.contains(expected), "{}", refused.err);
        assert_eq!(project.living("state")["shop-jobs-dev"]["status"], "UPDATE_ROLLBACK_FAILED");
    }

    let done = project.infra("recover --yes --sandbox state --skip jobs@dev/eu-west-1/Queue").ended(0);
    assert!(done.out.contains("it was deleted by hand; left as it is\n"), "{}", done.out);
    assert!(done.out.ends_with("rolled back  jobs@dev/eu-west-1\n"), "{}", done.out);
    assert_eq!(project.living("state")["shop-jobs-dev"]["status"], "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(project.infra("recover --sandbox state").ended(0).out, "no stack is stuck\n");
    project.infra("apply --yes --sandbox state").ended(0);
}

#[test]
fn who_applies_may_recover_with_the_printed_policy() {
    let project = stuck_project();
    let document = |role: &str| {
        let document = project.run(&["ci", "policy", "--account", "nonprod", "--role", role]).ended(0).json();
        json!({ "111111111111": document }).to_string()
    };
    project.write("state/policies.json", document("plan"));
    let refused = project.infra("recover --yes --sandbox state --skip jobs/Queue").ended(1);
    assert!(refused.err.contains("help: allow `cloudformation:ContinueUpdateRollback`"), "{}", refused.err);
    project.write("state/policies.json", document("apply"));
    project.infra("recover --yes --sandbox state --skip jobs/Queue").ended(0);
}
