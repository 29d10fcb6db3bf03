//! Plans as files: what they hold, what is refused, and that an apply of one does what was looked at or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use infra::apply::{self, Outcome};
use infra::cloud::{ChangeSetKind, NewChangeSet, Secret, TemplateText};
use infra::diagnostics::{Code, Diagnostic};
use infra::plan::{self, Certainty, Desired, Made, Plan, Saved};
use infra::schema::Types;
use serde_json::json;

use crate::support::stacks::{WRITES, World, api, desired, input, jobs, network, shop, shop_with, stack, text, topic};

mod commands;
mod crash;
mod refusals;

const API: &str = "api@dev/eu-west-1";
const NETWORK: &str = "network@dev/eu-west-1";

fn made() -> Made {
    Made { tool: env!("CARGO_PKG_VERSION").to_owned(), time: 1_795_000_000_000, commit: Some("c0ffee".to_owned()) }
}

/// A plan whose change sets stay.
async fn keep(world: &World, desired: &Desired, only: &[&str]) -> Plan {
    let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
    let only = (!only.is_empty()).then(|| only.iter().map(|id| (*id).to_owned()).collect());
    let settings = plan::Settings { leaves: plan::Leaves::KeptChangeSets, only, ..plan::Settings::default() };
    plan::plan(&world.clouds, desired, &settings, &observer).await.unwrap()
}

/// Through the bytes of a file: what an apply that has no sources knows.
fn filed(plan: &Plan, desired: &Desired) -> Saved {
    let saved = Saved::new(made(), plan.clone(), desired);
    let again = Saved::read(saved.to_text().unwrap().as_bytes()).unwrap();
    assert_eq!(again, saved);
    again
}

fn whole(saved: &Saved) -> Desired {
    saved.desired(Types::aws(), &BTreeMap::new())
}

async fn preflight(world: &World, saved: &Saved) -> Result<(), Vec<Diagnostic>> {
    world.calls();
    let ended = apply::preflight(&world.clouds, &whole(saved), &saved.plan).await;
    let calls = world.calls();
    assert!(calls.iter().all(|call| !WRITES.contains(call)), "{calls:?}");
    ended
}

/// What moved, and nothing else is wrong.
async fn moved(world: &World, saved: &Saved) -> Vec<String> {
    let problems = preflight(world, saved).await.unwrap_err();
    assert!(problems.iter().all(|p| p.code == Code::StalePlan), "{problems:#?}");
    problems.into_iter().map(|p| p.message).collect()
}

#[tokio::test(start_paused = true)]
async fn a_saved_plan_is_applied_without_its_sources() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop_with(Some("web:2"), "10.9.0.0/16");
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    let certainty = |id: &str| saved.plan.stack(id).unwrap().certainty;
    assert_eq!((certainty(NETWORK), certainty(API)), (Certainty::Exact, Certainty::Provisional));
    preflight(&world, &saved).await.unwrap();
    let report = world.apply(&whole(&saved), &saved.plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
    // Once more: all of it ran, so nothing is written.
    preflight(&world, &saved).await.unwrap();
    let again = world.apply(&whole(&saved), &saved.plan).await;
    assert_eq!(again.exit_code(), 0, "{again:#?}");
    let calls = world.calls();
    assert!(calls.iter().all(|call| !WRITES.contains(call)), "{calls:?}");
    // Not so where others went on since.
    world.deploy(&shop_with(Some("web:4"), "10.8.0.0/16")).await;
    let told = moved(&world, &saved).await;
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told.iter().all(|told| told.contains("the stack changed since")), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_first_plan_is_applied_from_a_file_and_picked_up_where_it_stopped() {
    let world = World::new();
    let wanted = shop(Some("web:1"));
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    // Killed when the network was there and no more.
    let mut begun = saved.plan.clone();
    begun.stacks.retain(|stack| stack.id == NETWORK);
    assert_eq!(world.apply(&whole(&saved), &begun).await.exit_code(), 0);
    preflight(&world, &saved).await.unwrap();
    let report = world.apply(&whole(&saved), &saved.plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_moved_stops_all_of_it() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop_with(Some("web:2"), "10.9.0.0/16");
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    world.deploy(&shop(Some("web:3"))).await;
    let told = moved(&world, &saved).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    let start =
        "the plan for `api@dev/eu-west-1` no longer holds: the stack changed since: it is now UPDATE_COMPLETE, ";
    assert!(told[0].starts_with(start), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_is_gone_or_overtaken_is_told() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop(Some("web:2"));
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    let set = saved.plan.stack(API).unwrap().change_set.clone().unwrap();
    world.at(&wanted.stacks[2]).delete_change_set(&set.stack, &set.arn).await.unwrap();
    let gone = "the plan for `api@dev/eu-west-1` no longer holds: its change set is gone";
    assert_eq!(moved(&world, &saved).await, [gone]);
    // The stack goes on: that it is gone follows.
    world.deploy(&shop(Some("web:3"))).await;
    let told = moved(&world, &saved).await;
    assert!(told.len() == 1 && told[0].contains("the stack changed since"), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_stack_that_moved_is_told() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop(Some("web:2"));
    let saved = filed(&keep(&world, &wanted, &[API]).await, &wanted);
    assert_eq!(saved.plan.stacks.len(), 1);
    preflight(&world, &saved).await.unwrap();
    // The network is made anew; the service, which still has the old one, is as it was.
    let replaced = desired([network("10.9.0.0/16")]);
    world.deploy(&replaced).await;
    let told = moved(&world, &saved).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0].contains("`Vpc` of `network@dev/eu-west-1` is now `vpc-") && told[0].contains("and `NetworkVpc` was"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_taken_since_is_told() {
    let world = World::new();
    let wanted = desired([topic(), jobs(), network("10.0.0.0/16")]);
    let saved = filed(&keep(&world, &wanted, &["alerts@dev/eu-west-1"]).await, &wanted);
    world.deploy(&desired([stack("alerts", json!({"Resources": {"Other": {"Type": "AWS::SNS::Topic"}}}))])).await;
    let told = moved(&world, &saved).await;
    assert!(told.len() == 1 && told[0].contains("it is now CREATE_COMPLETE"), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_was_exchanged_is_not_executed() {
    let world = World::new();
    let first = desired([network("10.0.0.0/16"), jobs(), api(Some("web:1")), topic()]);
    world.deploy(&first).await;
    let louder = stack(
        "alerts",
        json!({
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "louder"}}},
            "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}}
        }),
    );
    let wanted = desired([network("10.0.0.0/16"), jobs(), api(Some("web:2")), louder]);
    let plan = keep(&world, &wanted, &[]).await;
    let at = |plan: &Plan, id: &str| plan.stacks.iter().position(|s| s.id == id).unwrap();
    let (one, two) = (at(&plan, API), at(&plan, "alerts@dev/eu-west-1"));
    // Between two stacks.
    let mut swapped = plan.clone();
    let other = swapped.stacks[two].change_set.clone();
    swapped.stacks[two].change_set = std::mem::replace(&mut swapped.stacks[one].change_set, other);
    let told = moved(&world, &filed(&swapped, &wanted)).await;
    assert!(told.len() == 2 && told.iter().all(|t| t.contains("was not made for it")), "{told:#?}");
    // For another of the same stack and the same template, which sets another image.
    let third = desired([network("10.0.0.0/16"), jobs(), api(Some("web:3")), topic()]);
    let mut other = plan.clone();
    other.stacks[one].change_set = keep(&world, &third, &[API]).await.stacks[0].change_set.clone();
    assert_ne!(other.stacks[one].change_set, plan.stacks[one].change_set);
    let told = moved(&world, &filed(&other, &wanted)).await;
    assert_eq!(
        told,
        ["the plan for `api@dev/eu-west-1` no longer holds: its change set has another value for `Image`"]
    );
    // For one that somebody made under our name from another template, which touches the same and no more.
    let mut forged = plan.clone();
    let (ours, cloud) = (plan.stacks[two].change_set.clone().unwrap(), world.at(&wanted.stacks[3]));
    let name = format!("infra-{}-0123456789abcdef", plan.stacks[two].fingerprint);
    let set = NewChangeSet {
        stack: ours.stack.clone(),
        name: name.clone(),
        kind: ChangeSetKind::Update,
        template: TemplateText::Body(wanted.stacks[3].body.replace("louder", "forged")),
        parameters: BTreeMap::new(),
        tags: wanted.stacks[3].tags.clone(),
        capabilities: vec![],
        role: None,
        on_stack_failure: None,
        description: None,
    };
    let arn = cloud.create_change_set(&set).await.unwrap().id;
    while cloud.change_set_state(&ours.stack, &arn).await.unwrap().unwrap().status.is_pending() {}
    forged.stacks[two].change_set = Some(plan::ChangeSetRef { name, arn, stack: ours.stack });
    let told = moved(&world, &filed(&forged, &wanted)).await;
    assert!(told.len() == 1 && told[0].ends_with("its change set was made from another template"), "{told:#?}");
    // A plan that shows less than its change set does.
    let mut less = plan.clone();
    less.stacks[one].changes.retain(|change| change.logical_id != "Task");
    less.id = less.digest()[..16].to_owned();
    let told = moved(&world, &filed(&less, &wanted)).await;
    assert!(told.len() == 1 && told[0].contains("goes beyond the plan: it would replace Task"), "{told:#?}");
    preflight(&world, &filed(&plan, &wanted)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_provisional_stack_stays_inside_what_the_plan_shows() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop_with(Some("web:2"), "10.9.0.0/16");
    let mut plan = keep(&world, &wanted, &[]).await;
    let at = plan.stacks.iter().position(|s| s.stack == "jobs").unwrap();
    plan.stacks[at].changes.clear();
    plan.id = plan.digest()[..16].to_owned();
    let saved = filed(&plan, &wanted);
    preflight(&world, &saved).await.unwrap();
    let report = world.apply(&whole(&saved), &saved.plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    let outcome = |stack: &str| report.stack(&format!("{stack}@dev/eu-west-1")).unwrap().outcome;
    use Outcome::{Done, NotStarted, Stale};
    assert_eq!([outcome("network"), outcome("jobs"), outcome("api")], [Done, Stale, NotStarted]);
}

#[tokio::test(start_paused = true)]
async fn looking_at_a_plan_takes_nothing_from_a_saved_one() {
    let world = World::new();
    world.deploy(&shop(Some("web:1"))).await;
    let wanted = shop(Some("web:2"));
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    let looked = world.plan(&wanted).await.unwrap();
    assert_eq!(looked.digest(), saved.plan.digest(), "change sets do not count");
    plan::discard(&world.clouds, &wanted, &looked).await.unwrap();
    preflight(&world, &saved).await.unwrap();
    // Saved twice, it is the same change set.
    assert_eq!(keep(&world, &wanted, &[]).await, saved.plan);
    world.deploy(&shop(Some("web:3"))).await;
    assert_ne!(world.plan(&wanted).await.unwrap().digest(), saved.plan.digest());
}

#[tokio::test(start_paused = true)]
async fn what_a_saved_plan_left_can_be_taken_back() {
    let world = World::new();
    world.deploy(&desired([network("10.0.0.0/16"), jobs(), api(Some("web:1"))])).await;
    let wanted = shop(Some("web:2"));
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    let all = whole(&saved);
    let (alerts, at) = (all.get("alerts@dev/eu-west-1").unwrap(), world.at(&wanted.stacks[3]));
    // An apply that was killed between making a change set for a new stack and executing it.
    let begin = async |name: &str| {
        let set = NewChangeSet {
            stack: alerts.name.clone(),
            name: name.to_owned(),
            kind: ChangeSetKind::Create,
            template: TemplateText::Body(alerts.body.clone()),
            parameters: BTreeMap::new(),
            tags: alerts.tags.clone(),
            capabilities: vec![],
            role: None,
            on_stack_failure: None,
            description: None,
        };
        at.create_change_set(&set).await.unwrap();
    };
    let fingerprint = &saved.plan.stack("alerts@dev/eu-west-1").unwrap().fingerprint;
    begin(&format!("infra-{fingerprint}-0123456789abcdef")).await;
    begin("somebody-else").await;
    let withdraw = async || plan::withdraw(&world.clouds, &all, &saved.plan, Duration::from_millis(1)).await.unwrap();
    assert_eq!(withdraw().await, ["the change set of `api@dev/eu-west-1` is deleted"]);
    let sets = at.change_sets("shop-alerts-dev").await.unwrap();
    assert_eq!(sets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["somebody-else"]);
    at.delete_change_set("shop-alerts-dev", "somebody-else").await.unwrap();
    assert_eq!(withdraw().await, ["the empty stack of `alerts@dev/eu-west-1` is deleted"]);
    assert!(at.stack("shop-alerts-dev").await.unwrap().is_none());
    assert!(at.change_sets("shop-api-dev").await.unwrap().iter().all(|set| set.execution.as_str() != "AVAILABLE"));
    assert_eq!(withdraw().await, [""; 0]);
    // What was applied stays.
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    world.apply(&whole(&saved), &saved.plan).await;
    let gone = plan::withdraw(&world.clouds, &whole(&saved), &saved.plan, Duration::from_millis(1)).await.unwrap();
    assert_eq!(gone, [""; 0]);
    assert!(!world.plan(&wanted).await.unwrap().has_changes(), "{}", text(&saved.plan));
}

#[tokio::test(start_paused = true)]
async fn secrets_are_in_aws_or_given_again() {
    let database = |set: Option<&str>, size: u32| {
        let template = json!({
            "Parameters": {"Password": {"Type": "String", "NoEcho": true}},
            "Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": {
                "DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "AllocatedStorage": size.to_string(),
                "MasterUsername": "admin", "MasterUserPassword": {"Ref": "Password"}}}}
        });
        desired([input(stack("db", template), "Password", set, true)])
    };
    let world = World::new();
    let wanted = database(Some("canary-7f3a"), 20);
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    assert!(!saved.to_text().unwrap().contains("canary-7f3a"));
    assert_eq!(saved.missing(), [("db@dev/eu-west-1".to_owned(), "db.Password".to_owned())]);
    let given = BTreeMap::from([("db.Password".to_owned(), Secret::from("canary-7f3a"))]);
    let report = world.apply(&saved.desired(Types::aws(), &given), &saved.plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    // An exact change set has it.
    let wanted = database(Some("canary-8b1c"), 30);
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    assert!(!saved.to_text().unwrap().contains("canary-8b1c"));
    assert_eq!(saved.missing(), []);
    preflight(&world, &saved).await.unwrap();
    let report = world.apply(&whole(&saved), &saved.plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&database(None, 30)).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_deployed_property_is_applied_from_a_file() {
    let service = |count: u32, name: &str| {
        let template = json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
            "DelaySeconds": count, "Tags": [{"Key": "name", "Value": name}]}}}});
        let mut wanted = stack("kept", template);
        wanted.initial.insert("Queue".to_owned(), vec!["DelaySeconds".to_owned()]);
        desired([wanted])
    };
    let world = World::new();
    world.deploy(&service(1, "a")).await;
    let wanted = service(2, "b");
    let saved = filed(&keep(&world, &wanted, &[]).await, &wanted);
    preflight(&world, &saved).await.unwrap();
    assert_eq!(world.apply(&whole(&saved), &saved.plan).await.exit_code(), 0);
    let template = world.at(&wanted.stacks[0]).template("shop-kept-dev").await.unwrap().unwrap();
    assert!(template.contains("\"DelaySeconds\":1") && template.contains("\"b\""), "{template}");
    preflight(&world, &saved).await.unwrap();
}
