//! `infra watch`: what runs is followed to its end, whoever began it and however, and nothing is written.

use std::sync::{Arc, Mutex};

use infra::apply::{self, Event, Outcome, Watched};
use infra::cloud::ErrorKind;
use infra::diagnostics::{Code, Diagnostic};
use infra::plan::{self, Desired, StackAction, Wanted};
use infra::sandbox::{Moment, Rule};
use serde_json::{Value, json};

use crate::support::cli::Project;
use crate::support::dying::{Fault, dying};
use crate::support::stacks::{WRITES, World, begin_creation, desired, network, stack, topic};

const QUEUE: &str = "shop-jobs-dev";

fn queue(timeout: u32) -> Wanted {
    stack(
        "jobs",
        json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": timeout}}}}),
    )
}

/// What is told of what is followed.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl apply::Observer for Told {
    fn tell(&self, event: Event) {
        if let Event::Following { operation, .. } = event {
            self.0.lock().unwrap().push(operation);
        }
    }
}

/// Watches. Gives what was met, and whose it was.
async fn watch(world: &World, wanted: &Desired) -> (Result<Watched, Vec<Diagnostic>>, String) {
    let told = Arc::new(Told::default());
    let observer: Arc<dyn apply::Observer> = told.clone();
    world.calls();
    let settings = apply::Settings::default();
    let watched = apply::watch(&world.clouds, wanted, &plan::Settings::default(), &settings, &observer).await;
    assert!(!world.calls().iter().any(|call| WRITES.contains(call)));
    let told = told.0.lock().unwrap().join("; ");
    (watched, told)
}

/// The only operation that is met: how it ended, and whose it was.
async fn only(world: &World, wanted: Wanted) -> (Watched, String) {
    let (watched, told) = watch(world, &desired([wanted])).await;
    let watched = watched.unwrap();
    assert_eq!((watched.others.len(), watched.report.stacks.len()), (0, 1), "{watched:#?}");
    (watched, told)
}

/// Begins an update by another way than ours, without a token.
async fn update(world: &World, body: &Value) {
    let client = crate::sandbox::client_of(&world.sandbox, "111111111111", "eu-west-1");
    client.update_stack().stack_name(QUEUE).template_body(body.to_string()).send().await.unwrap();
}

fn body(timeout: u32) -> Value {
    serde_json::from_str(&queue(timeout).body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn where_nothing_runs_that_is_said() {
    let world = World::new();
    world.deploy(&desired([topic()])).await;
    let (watched, told) = watch(&world, &desired([network("10.0.0.0/16"), topic()])).await;
    let watched = watched.unwrap();
    let status = |at: usize| watched.others[at].status.as_ref().map(ToString::to_string);
    assert_eq!((status(0), status(1).as_deref()), (None, Some("CREATE_COMPLETE")));
    assert!(watched.report.stacks.is_empty() && watched.report.exit_code() == 0 && told.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_creation_by_somebody_else_is_followed() {
    let world = World::new();
    begin_creation(&world.sandbox, &queue(30)).await;
    let (watched, told) = only(&world, queue(30)).await;
    let stack = &watched.report.stacks[0];
    assert_eq!((stack.outcome, stack.action), (Outcome::Done, StackAction::Create));
    assert_eq!(told, "CREATE_IN_PROGRESS, begun by somebody else (token Console-CreateStack-1)");
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_told_with_its_cause() {
    let world = World::new();
    world.sandbox.order(Rule::fail(QUEUE, "Queue", "not today"));
    begin_creation(&world.sandbox, &queue(30)).await;
    let (watched, _) = only(&world, queue(30)).await;
    assert_eq!(watched.report.exit_code(), 1);
    let problem = watched.report.diagnostics().remove(0);
    assert_eq!(problem.code, Code::ResourceFailed);
    assert!(problem.message.contains("`Queue` (AWS::SQS::Queue) of `jobs@dev/eu-west-1` failed: not today"));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_token_is_followed_by_its_event() {
    let world = World::new();
    world.deploy(&desired([queue(30)])).await;
    update(&world, &body(60)).await;
    let (watched, told) = only(&world, queue(60)).await;
    let stack = &watched.report.stacks[0];
    assert_eq!((stack.outcome, stack.action), (Outcome::Done, StackAction::Update));
    assert_eq!(told, "UPDATE_IN_PROGRESS, begun by somebody else, who gave no token");
    // And one that fails, of which an earlier one ended well.
    world.sandbox.order(Rule::fail(QUEUE, "Queue", "no").at(Moment::Update).times(1));
    update(&world, &body(90)).await;
    let (watched, _) = only(&world, queue(60)).await;
    let reason = watched.report.stacks[0].reason.clone().unwrap();
    assert!(reason.ends_with("ended in UPDATE_ROLLBACK_COMPLETE"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_was_asked_for_ends_well() {
    let world = World::new();
    world.deploy(&desired([queue(30)])).await;
    world.sandbox.order(Rule::fail(QUEUE, "Queue", "no").at(Moment::Update).times(1));
    world.sandbox.order(Rule::fail(QUEUE, "Queue", "gone").at(Moment::Rollback).times(1));
    assert_eq!(world.deploy(&desired([queue(60)])).await.1.exit_code(), 1);
    for token in [None, Some("Console-Continue-1")] {
        let client = crate::sandbox::client_of(&world.sandbox, "111111111111", "eu-west-1");
        let call = client.continue_update_rollback().stack_name(QUEUE);
        call.set_client_request_token(token.map(str::to_owned)).send().await.unwrap();
        let (watched, told) = only(&world, queue(60)).await;
        let stack = &watched.report.stacks[0];
        assert_eq!((stack.outcome, stack.action), (Outcome::Done, StackAction::None), "{watched:#?}");
        assert!(told.starts_with("UPDATE_ROLLBACK_IN_PROGRESS, begun by somebody else"), "{told}");
        if token.is_none() {
            world.sandbox.clear_orders();
            world.sandbox.order(Rule::fail(QUEUE, "Queue", "no").at(Moment::Update).times(1));
            world.sandbox.order(Rule::fail(QUEUE, "Queue", "gone").at(Moment::Rollback).times(1));
            assert_eq!(world.deploy(&desired([queue(60)])).await.1.exit_code(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_is_followed_until_it_is_gone() {
    let world = World::new();
    world.deploy(&desired([queue(30)])).await;
    let client = crate::sandbox::client_of(&world.sandbox, "111111111111", "eu-west-1");
    client.delete_stack().stack_name(QUEUE).send().await.unwrap();
    let (watched, _) = only(&world, queue(30)).await;
    let stack = &watched.report.stacks[0];
    assert_eq!((stack.outcome, stack.action), (Outcome::Done, StackAction::Delete));
    assert_eq!(watch(&world, &desired([queue(30)])).await.0.unwrap().others[0].status, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_left_alone() {
    let world = World::new();
    let mut other = queue(30);
    other.tags.insert("infra:project".into(), "another".into());
    begin_creation(&world.sandbox, &other).await;
    let (watched, _) = watch(&world, &desired([queue(30)])).await;
    let watched = watched.unwrap();
    assert!(watched.report.stacks.is_empty() && !watched.others[0].is_ours);
}

/// Killed at any call, `watch` says of every stack either that nothing runs or how it ended; then an apply has only
/// the rest to do.
#[tokio::test(start_paused = true)]
async fn what_a_killed_run_left_is_followed() {
    let wanted = desired([queue(30), topic()]);
    let mut followed = 0;
    for at in 1.. {
        fastrand::seed(7);
        let world = World::new();
        let (clouds, process) = dying(&world.clouds, Fault::Crash { at, after: true });
        let first = world.through(clouds);
        let ended = tokio::select! {
            ended = first.deploy(&wanted) => Some(ended),
            () = process.dead() => None,
        };
        let (watched, told) = watch(&world, &wanted).await;
        let watched = watched.unwrap();
        assert_eq!(watched.report.exit_code(), 0, "call {at}: {watched:#?}");
        assert_eq!(watched.others.len() + watched.report.stacks.len(), 2);
        assert!(
            told.split("; ").all(|t| t.is_empty() || t.contains("an earlier run of infra (token x-infra-")),
            "{told}"
        );
        followed += watched.report.stacks.len();
        assert_eq!(world.deploy(&wanted).await.1.exit_code(), 0, "call {at}");
        if ended.is_some() {
            break;
        }
    }
    assert!(followed >= 2, "{followed}");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_loses_sight_knows_nothing() {
    let world = World::new();
    begin_creation(&world.sandbox, &queue(30)).await;
    let fault =
        Fault::Fail { operation: "DescribeStackEvents", kind: ErrorKind::ExpiredCredentials, from: 2, to: usize::MAX };
    let (clouds, _) = dying(&world.clouds, fault);
    let (watched, _) = only(&world.through(clouds), queue(30)).await;
    assert_eq!(watched.report.exit_code(), 4);
    let problem = watched.report.diagnostics().remove(0);
    assert_eq!(problem.code, Code::OutcomeUnknown);
    assert!(problem.help.unwrap().contains("`infra watch`"));
}

#[test]
fn on_the_command_line() {
    let project = Project::example("hello");
    let there = "--env dev --sandbox=state";
    let said = project.infra(&format!("watch {there}")).ended(0);
    assert_eq!(
        said.out,
        "nothing runs events@dev/eu-west-1: not deployed\nnothing runs inbox@dev/eu-west-1: not deployed\n\nnothing runs\n"
    );
    project.infra(&format!("apply --yes {there}")).ended(0);
    let said = project.infra(&format!("watch inbox {there}")).ended(0);
    assert_eq!(said.out, "nothing runs inbox@dev/eu-west-1: CREATE_COMPLETE\n\nnothing runs\n");
    assert!(project.infra(&format!("watch nowhere {there}")).ended(1).err.contains("no stack `nowhere` here"));
}
