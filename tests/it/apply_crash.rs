//! Killed at every call, before and after its effect: the next run ends where an undisturbed one ends.

use std::collections::BTreeMap;

use infra::apply::Report;
use infra::cloud::{ErrorKind, StackStatus};
use infra::diagnostics::Diagnostic;
use infra::plan::{Desired, Plan, Wanted};

use crate::support::dying::{Fault, dying};
use crate::support::stacks::{World, desired, guarded_network, network, shop, shop_with};

/// What is left to see of a stack when all is over.
#[derive(PartialEq, Debug)]
struct End {
    status: bool,
    template: String,
    resources: Vec<(String, String)>,
    parameters: Vec<String>,
    policy: Option<String>,
    termination_protection: bool,
    open_change_sets: usize,
}

async fn end(world: &World, wanted: &Wanted) -> Option<End> {
    let cloud = world.at(wanted);
    let stack = cloud.stack(&wanted.name).await.unwrap()?;
    let resources = cloud.resources(&stack.id).await.unwrap().unwrap_or_default();
    let open = |s: &&infra::cloud::ChangeSetState| s.execution.as_str() == "AVAILABLE";
    Some(End {
        status: matches!(stack.status, StackStatus::CreateComplete | StackStatus::UpdateComplete),
        template: cloud.template(&stack.id).await.unwrap().unwrap_or_default(),
        resources: resources.into_iter().map(|r| (r.logical_id, r.resource_type)).collect(),
        parameters: stack.parameters.keys().cloned().collect(),
        policy: cloud.stack_policy(&stack.id).await.unwrap(),
        termination_protection: stack.termination_protection,
        open_change_sets: cloud.change_sets(&stack.id).await.unwrap().iter().filter(open).count(),
    })
}

async fn ends(world: &World, wanted: &Desired) -> BTreeMap<String, Option<End>> {
    let mut all = BTreeMap::new();
    for stack in &wanted.stacks {
        all.insert(stack.id.clone(), end(world, stack).await);
    }
    all
}

/// Plans and applies as one process would.
async fn run(world: &World, wanted: &Desired) -> Result<(Plan, Report), Vec<Diagnostic>> {
    let plan = world.plan(wanted).await?;
    let report = world.apply(wanted, &plan).await;
    Ok((plan, report))
}

/// Everything the two scenarios begin with.
async fn begin(start: Option<&Desired>) -> World {
    fastrand::seed(7);
    let world = World::new();
    if let Some(start) = start {
        assert_eq!(world.deploy(start).await.1.exit_code(), 0);
    }
    world
}

/// Kills a run at every call, before or after its effect, and runs again.
async fn kill_everywhere(start: Option<Desired>, wanted: Desired, after: bool) {
    let world = begin(start.as_ref()).await;
    let (clouds, counter) = dying(&world.clouds, Fault::Crash { at: usize::MAX, after: false });
    let undisturbed = world.through(clouds);
    assert_eq!(run(&undisturbed, &wanted).await.unwrap().1.exit_code(), 0);
    let calls = counter.count();
    let expected = ends(&world, &wanted).await;
    assert!(
        expected.values().all(|e| e.as_ref().is_some_and(|e| e.status && e.open_change_sets == 0)),
        "{expected:#?}"
    );

    for at in 1..=calls {
        let world = begin(start.as_ref()).await;
        let (clouds, process) = dying(&world.clouds, Fault::Crash { at, after });
        let first = world.through(clouds);
        tokio::select! {
            ended = run(&first, &wanted) => { ended.unwrap(); }
            () = process.dead() => {}
        }
        drop(first);
        let second = World::of(world.sandbox.clone());
        let (_, report) = run(&second, &wanted).await.unwrap_or_else(|e| panic!("call {at}, after {after}: {e:#?}"));
        assert_eq!(report.exit_code(), 0, "call {at}, after {after}: {report:#?}");
        assert_eq!(ends(&second, &wanted).await, expected, "call {at}, after {after}");
        let third = World::of(world.sandbox.clone());
        assert!(!third.plan(&wanted).await.unwrap().has_changes(), "call {at}, after {after}");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_before_any_call_while_creating() {
    kill_everywhere(None, shop(Some("web:1")), false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_while_creating() {
    kill_everywhere(None, shop(Some("web:1")), true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_before_any_call_while_updating() {
    kill_everywhere(Some(shop(Some("web:1"))), shop_with(Some("web:2"), "10.9.0.0/16"), false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_while_updating() {
    kill_everywhere(Some(shop(Some("web:1"))), shop_with(Some("web:2"), "10.9.0.0/16"), true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_while_protecting() {
    let mut wanted = network("10.0.0.0/16");
    wanted.protected.insert("Vpc".into(), "why".into());
    wanted.termination_protection = true;
    for after in [false, true] {
        kill_everywhere(None, desired([wanted.clone()]), after).await;
    }
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_while_only_protecting_or_lifting() {
    let (plain, guarded) = (desired([network("10.0.0.0/16")]), desired([guarded_network("10.0.0.0/16")]));
    for after in [false, true] {
        kill_everywhere(Some(plain.clone()), guarded.clone(), after).await;
        kill_everywhere(Some(guarded.clone()), plain.clone(), after).await;
    }
}

/// The same plan, not one made anew: what issue after issue will do with a plan from a file.
async fn same_plan(start: Option<Desired>, wanted: Desired, after: bool) {
    for at in 1.. {
        let world = begin(start.as_ref()).await;
        let plan = world.plan(&wanted).await.unwrap();
        let (clouds, process) = dying(&world.clouds, Fault::Crash { at, after });
        let first = world.through(clouds);
        let ended = tokio::select! {
            report = first.apply(&wanted, &plan) => Some(report),
            () = process.dead() => None,
        };
        drop(first);
        let second = World::of(world.sandbox.clone());
        let report = second.apply(&wanted, &plan).await;
        assert_eq!(report.exit_code(), 0, "call {at}, after {after}: {report:#?}");
        assert!(!second.plan(&wanted).await.unwrap().has_changes(), "call {at}, after {after}");
        if ended.is_some() {
            assert!(at > 20, "there must have been something to kill");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_plan_goes_on_creating_where_it_was_killed() {
    for after in [false, true] {
        same_plan(None, shop(Some("web:1")), after).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_plan_goes_on_updating_where_it_was_killed() {
    for after in [false, true] {
        same_plan(Some(shop(Some("web:1"))), shop_with(Some("web:2"), "10.9.0.0/16"), after).await;
    }
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_while_destroying() {
    let wanted = shop(Some("web:1"));
    for after in [false, true] {
        for at in 1.. {
            let world = begin(Some(&wanted)).await;
            let (clouds, process) = dying(&world.clouds, Fault::Crash { at, after });
            let first = world.through(clouds);
            let destroy = async |world: &World| {
                let plan = world.destroy(&wanted).await.unwrap();
                world.apply(&wanted, &plan).await
            };
            let ended = tokio::select! {
                report = destroy(&first) => Some(report),
                () = process.dead() => None,
            };
            drop(first);
            let second = World::of(world.sandbox.clone());
            let report = destroy(&second).await;
            assert_eq!(report.exit_code(), 0, "call {at}, after {after}: {report:#?}");
            assert!(ends(&second, &wanted).await.values().all(Option::is_none), "call {at}, after {after}");
            if ended.is_some() {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn losing_sight_is_not_failing() {
    let wanted = shop(Some("web:1"));
    let world = begin(None).await;
    let fault =
        Fault::Fail { operation: "DescribeStackEvents", kind: ErrorKind::ExpiredCredentials, from: 3, to: usize::MAX };
    let (clouds, _) = dying(&world.clouds, fault);
    let blind = world.through(clouds);
    let (_, report) = run(&blind, &wanted).await.unwrap();
    assert_eq!(report.exit_code(), 4, "{report:#?}");
    assert!(report.diagnostics().iter().any(|d| d.code == infra::diagnostics::Code::OutcomeUnknown));
    let (_, report) = run(&World::of(world.sandbox.clone()), &wanted).await.unwrap();
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_nobody_answers_is_unknown_and_not_failed() {
    let wanted = desired([network("10.0.0.0/16")]);
    let world = begin(None).await;
    let fault = Fault::Fail { operation: "ExecuteChangeSet", kind: ErrorKind::Unreachable, from: 1, to: usize::MAX };
    let (clouds, _) = dying(&world.clouds, fault);
    let (_, report) = run(&world.through(clouds), &wanted).await.unwrap();
    assert_eq!(report.exit_code(), 4, "{report:#?}");
    let (_, report) = run(&World::of(world.sandbox.clone()), &wanted).await.unwrap();
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_costs_nothing() {
    let wanted = shop(Some("web:1"));
    for (operation, kind) in [
        ("DescribeStackEvents", ErrorKind::Unreachable),
        ("DescribeStackEvents", ErrorKind::Throttled),
        ("ExecuteChangeSet", ErrorKind::Unreachable),
    ] {
        let world = begin(None).await;
        let (clouds, _) = dying(&world.clouds, Fault::Fail { operation, kind, from: 1, to: 2 });
        let shaky = world.through(clouds);
        let (_, report) = run(&shaky, &wanted).await.unwrap();
        assert_eq!(report.exit_code(), 0, "{operation} {kind:?}: {report:#?}");
    }
}
