//! An apply of a file that is killed at any call, and two at once.

use super::*;
use crate::support::dying::{Fault, dying};
use infra::apply::Report;

async fn begin(start: Option<&Desired>, wanted: &Desired) -> (World, Saved) {
    fastrand::seed(7);
    let world = World::new();
    if let Some(start) = start {
        assert_eq!(world.deploy(start).await.1.exit_code(), 0);
    }
    let saved = filed(&keep(&world, wanted, &[]).await, wanted);
    (world, saved)
}

/// What `infra apply FILE` does.
async fn run(world: &World, saved: &Saved) -> Result<Report, Vec<Diagnostic>> {
    apply::preflight(&world.clouds, &whole(saved), &saved.plan).await?;
    Ok(world.apply(&whole(saved), &saved.plan).await)
}

async fn kill_everywhere(start: Option<Desired>, wanted: Desired) {
    let (world, saved) = begin(start.as_ref(), &wanted).await;
    let (clouds, counter) = dying(&world.clouds, Fault::Crash { at: usize::MAX, after: false });
    assert_eq!(run(&world.through(clouds), &saved).await.unwrap().exit_code(), 0);
    let calls = counter.count();
    assert!(calls > 20, "{calls}");
    for after in [false, true] {
        for at in 1..=calls {
            let (world, saved) = begin(start.as_ref(), &wanted).await;
            let (clouds, process) = dying(&world.clouds, Fault::Crash { at, after });
            let first = world.through(clouds);
            tokio::select! {
                ended = run(&first, &saved) => { ended.unwrap(); }
                () = process.dead() => {}
            }
            drop(first);
            let second = World::of(world.sandbox.clone());
            let ended = run(&second, &saved).await.unwrap_or_else(|e| panic!("call {at}, after {after}: {e:#?}"));
            assert_eq!(ended.exit_code(), 0, "call {at}, after {after}: {ended:#?}");
            let third = World::of(world.sandbox.clone());
            assert!(!third.plan(&wanted).await.unwrap().has_changes(), "call {at}, after {after}");
            for stack in &wanted.stacks {
                let sets = third.at(stack).change_sets(&stack.name).await.unwrap();
                let open = sets.iter().filter(|set| set.execution.as_str() == "AVAILABLE").count();
                assert_eq!(open, 0, "{} at call {at}, after {after}", stack.id);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_while_creating() {
    kill_everywhere(None, shop(Some("web:1"))).await;
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_while_updating() {
    kill_everywhere(Some(shop(Some("web:1"))), shop_with(Some("web:2"), "10.9.0.0/16")).await;
}

#[tokio::test(start_paused = true)]
async fn two_jobs_with_one_file_do_it_once() {
    let wanted = shop_with(Some("web:2"), "10.9.0.0/16");
    let (world, saved) = begin(Some(&shop(Some("web:1"))), &wanted).await;
    let other = World::of(world.sandbox.clone());
    world.calls();
    let (one, two) = tokio::join!(run(&world, &saved), run(&other, &saved));
    for report in [one.unwrap(), two.unwrap()] {
        assert_eq!(report.exit_code(), 0, "{report:#?}");
    }
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
}
