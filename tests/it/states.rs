//! Every status of a stack, met by every command: what it does, in which words.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use infra::cloud::StackStatus;
use infra::diagnostics::Diagnostic;
use infra::plan::{self, Desired, Plan};

use crate::support::dying::{Fault, dying};
use crate::support::stacks::{World, desired, network};

/// What a plan does, or why there is none.
fn told(plan: Result<Plan, Vec<Diagnostic>>) -> String {
    match plan {
        Ok(plan) => plan.stacks.iter().map(|stack| format!("{:?}", stack.action).to_lowercase()).collect(),
        Err(problems) => refused(&problems),
    }
}

fn refused(problems: &[Diagnostic]) -> String {
    let one = |d: &Diagnostic| {
        let help = d.help.as_deref().unwrap_or("no help");
        format!("refused, {}: {}\n{:15}help: {help}", d.code, d.message, "")
    };
    problems.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A deployed stack, told to be in that status.
async fn posing(status: &StackStatus) -> World {
    let world = World::new();
    assert_eq!(world.deploy(&same()).await.1.exit_code(), 0);
    let (clouds, _) = dying(&world.clouds, Fault::Pose(status.clone()));
    world.through(clouds)
}

fn same() -> Desired {
    desired([network("10.0.0.0/16")])
}

async fn row(status: &StackStatus) -> String {
    let world = posing(status).await;
    let settings = plan::Settings::default();
    let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
    let recover = match plan::stuck(&world.clouds, &same(), &settings, &observer).await {
        Ok(stuck) if stuck.is_empty() => "nothing to recover".to_owned(),
        Ok(stuck) => format!("rolls back, may skip resources: {}", stuck[0].may_skip()),
        Err(problems) => refused(&problems),
    };
    let drift = match plan::drift(&world.clouds, &same(), &settings, &observer).await {
        Ok(drift) if drift.problems.is_empty() => format!("{:?}", drift.stacks[0].found),
        Ok(drift) => refused(&drift.problems),
        Err(problems) => refused(&problems),
    };
    let seen = plan::list(&world.clouds, &same(), &settings).await.unwrap();
    let listed = seen[0].status.clone().unwrap_or_else(|| "not deployed".to_owned());
    let mut out = format!("{status}\n");
    let mut above = String::new();
    for (command, does) in [
        ("plan, apply", told(world.plan(&desired([network("10.9.0.0/16")])).await)),
        ("  unchanged", told(world.plan(&same()).await)),
        ("destroy", told(world.destroy(&same()).await)),
        ("recover", recover),
        ("drift", drift),
        ("ls", listed),
        ("outputs", format!("{:?}", seen[0].outputs.keys().collect::<Vec<_>>())),
    ] {
        let words = if does == above && does.contains('\n') { "refused in the same words" } else { &does };
        writeln!(out, "  {command:<13}{words}").unwrap();
        above = does;
    }
    out
}

/// The table is in `states.txt`; `UPDATE_SNAPSHOTS=1` writes it.
#[tokio::test(start_paused = true)]
async fn every_status_is_met_by_every_command() {
    let mut table = String::new();
    for status in StackStatus::ALL.iter().chain([&StackStatus::Unknown("SOMETHING_NEW".to_owned())]) {
        writeln!(table, "{}", row(status).await).unwrap();
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/states.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(&file).unwrap_or_default());
}

/// What must hold of the table, whoever wrote it: nothing is begun where something runs or nobody knows the status.
#[tokio::test(start_paused = true)]
async fn nothing_is_planned_where_something_runs_or_the_status_is_unknown() {
    for status in StackStatus::ALL.iter().chain([&StackStatus::Unknown("SOMETHING_NEW".to_owned())]) {
        let world = posing(status).await;
        let plans = world.plan(&desired([network("10.9.0.0/16")])).await.is_ok();
        let fits = status.is_updatable() || status.is_dead_shell();
        let absent = matches!(status, StackStatus::DeleteComplete | StackStatus::ReviewInProgress);
        assert_eq!(plans, fits || absent, "{status}");
        if status.is_in_progress() {
            assert!(world.destroy(&same()).await.is_err(), "{status}");
        }
    }
}
