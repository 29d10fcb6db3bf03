//! The fault harness: worlds, weather and foreign actors from a seed, a process that dies at any call, and
//! what must hold all the same.
//!
//! A run plans and applies. Where it dies or fails, the next one begins, until one ends well; after each
//! the invariants I1 to I12 are judged. `INFRA_SEEDS=0..2000` takes other seeds and every crash point, or as many of
//! them as `INFRA_POINTS` says.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use infra::apply;
use infra::cloud::Secret;
use infra::plan::{self, Desired, Leaves, Made, Plan, Saved};
use infra::sandbox::Sandbox;
use infra::schema::Types;
use infra::slip::{self, Slip};
use tokio::time::Instant;

use crate::support::stacks::{WRITES, World};
use judge::Ended;
use net::{Crash, Net, Weather};
use scenario::Scenario;

mod foreign;
mod judge;
mod net;
mod scenario;

/// Runs within which any world must come to rest.
const RUNS: usize = 16;

/// Runs in bad weather; then it clears.
const STORMY: usize = 4;

/// Seeds that found something once, beyond those of every run.
const PAST: [u64; 6] = [52, 108, 136, 236, 359, 1068];

/// Seeds within which each slip must show, besides those.
const PATIENCE: u64 = 100;

/// The longest that a run may take, in its own time.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Lets a world live until it has come to rest. Gives the calls of the first run.
async fn live(seed: u64, crashes: &[Crash], made: Option<Slip>) -> Result<usize, String> {
    fastrand::seed(seed);
    slip::make(None);
    let scenario = Scenario::of(seed);
    let sandbox = Sandbox::new(scenario.settings.clone());
    if let Some(before) = &scenario.before {
        let (_, report) = World::of(sandbox.clone()).deploy(before).await;
        assert_eq!(report.exit_code(), 0, "seed {seed}");
    }
    for rule in &scenario.rules {
        sandbox.order(rule.clone());
    }
    slip::make(made);
    // Somebody else acted after the plan was made.
    let mut is_disturbed = false;
    // Stacks that any run so far began to change.
    let mut ever = BTreeSet::new();
    let mut first = None;
    let mut last = String::new();
    let mut kept: Option<Plan> = None;
    for run in 0..RUNS {
        let weather = if run < STORMY { scenario.weather } else { Weather::default() };
        // Whoever runs again has mended what does not pass by itself.
        let weather = match run {
            0 => weather,
            _ => Weather { expires: None, outage: 0, is_denied: false, ..weather },
        };
        let foreign = scenario.foreign.clone();
        let salt = seed.wrapping_mul(1_000_003).wrapping_add(run as u64);
        let net = Net::new(&sandbox, salt, weather, crashes.get(run).copied(), foreign, run > 0);
        let world = World::of(sandbox.clone()).through(net.clouds());
        let plan = RefCell::new(kept.take());
        let planned_at = RefCell::new(0);
        let begun = Instant::now();
        // Who is refused for the data that would go allows it the next time.
        let allow: &[&str] = if run > 0 || scenario.allows { &["replace:*"] } else { &[] };
        let ended = tokio::select! {
            biased;
            () = net.dead() => None,
            ended = one(&world, &scenario, allow, &net, &plan, &planned_at) => Some(ended),
        };
        let (plan, planned_at) = (plan.into_inner(), planned_at.into_inner());
        first.get_or_insert(net.log().len());
        is_disturbed = net.struck().is_some() || is_disturbed && planned_at == 0;
        let told = |found: Vec<String>| match found.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "seed {seed}, crashes {crashes:?}, run {run}, planned at {planned_at}: {found:#?}\n{scenario}\n{}",
                net.log().join("\n")
            )),
        };
        if begun.elapsed() > LONGEST {
            told(vec![format!("I10: took {:?}", begun.elapsed())])?;
        }
        told(judge::after_run(&sandbox, &scenario, plan.as_ref(), ended.as_ref(), &net, planned_at, &mut ever))?;
        match ended {
            None if scenario.same_plan && planned_at > 0 => kept = plan,
            None => told(abandon(&sandbox, &scenario, plan).await)?,
            Some(Ended::Applied(report)) if report.exit_code() == 0 && !is_disturbed => {
                told(judge::at_rest(&sandbox, &scenario.wanted))?;
                told(idle(&sandbox, &scenario.again).await)?;
                return Ok(first.unwrap_or_default());
            }
            Some(ended) => {
                foreign::help(&sandbox).await;
                told(abandon(&sandbox, &scenario, plan).await)?;
                last = format!("{scenario}\n{}\n{ended:#?}", net.log().join("\n"));
            }
        }
    }
    Err(format!("seed {seed}, crashes {crashes:?}: does not come to rest\n{last}"))
}

/// One run of the tool: what it planned stays in `plan`, even if it dies.
async fn one(
    world: &World,
    scenario: &Scenario,
    allow: &[&str],
    net: &Net,
    plan: &RefCell<Option<Plan>>,
    planned_at: &RefCell<usize>,
) -> Ended {
    let wanted = &scenario.wanted;
    let is_kept = plan.borrow().is_some();
    if !is_kept {
        let leaves = if scenario.is_saved { Leaves::KeptChangeSets } else { Leaves::ChangeSets };
        match world.plan_as(wanted, allow, leaves).await {
            Ok(made) => *plan.borrow_mut() = Some(made),
            Err(problems) => return Ended::Refused(problems),
        }
    }
    *planned_at.borrow_mut() = net.log().len();
    let made = plan.borrow().clone().unwrap();
    net.rest().await;
    if !scenario.is_saved && !is_kept {
        return Ended::Applied(Box::new(world.apply(wanted, &made).await));
    }
    let (plan, wanted) = if scenario.is_saved { reread(&made, wanted) } else { (made, wanted.clone()) };
    match apply::preflight(&world.clouds, &wanted, &plan).await {
        Ok(()) => Ended::Applied(Box::new(world.apply(&wanted, &plan).await)),
        Err(problems) => Ended::Refused(problems),
    }
}

/// The plan as a file gives it to somebody who has nothing else but the secrets that it cannot hold.
fn reread(plan: &Plan, wanted: &Desired) -> (Plan, Desired) {
    let made = Made { tool: "0.1.0".to_owned(), time: 0, commit: None };
    let text = Saved::new(made, plan.clone(), wanted).to_text().unwrap();
    assert!(!text.contains(scenario::CANARY), "I9: the secret is in a plan file");
    let saved = Saved::read(text.as_bytes()).unwrap();
    let given = saved.missing().into_iter().map(|(_, input)| (input, Secret::from(scenario::CANARY)));
    let wanted = saved.desired(Types::aws(), &given.collect());
    (saved.plan, wanted)
}

/// A plan file that nobody will apply is discarded: I7, nothing of it is left.
async fn abandon(sandbox: &Sandbox, scenario: &Scenario, plan: Option<Plan>) -> Vec<String> {
    let Some(plan) = plan.filter(|_| scenario.is_saved) else { return vec![] };
    let (plan, wanted) = reread(&plan, &scenario.wanted);
    let world = World::of(sandbox.clone());
    match plan::withdraw(&world.clouds, &wanted, &plan, Duration::from_secs(1)).await {
        Ok(_) => judge::withdrawn(sandbox, &plan),
        Err(problems) => vec![format!("I7: cannot be discarded: {problems:?}")],
    }
}

/// I11: a run after success writes nothing.
async fn idle(sandbox: &Sandbox, wanted: &Desired) -> Vec<String> {
    let world = World::of(sandbox.clone());
    let plan = match world.plan(wanted).await {
        Ok(plan) => plan,
        Err(problems) => return vec![format!("I11: {problems:?}")],
    };
    let report = world.apply(wanted, &plan).await;
    let writes: Vec<&str> = world.calls().into_iter().filter(|call| WRITES.contains(call)).collect();
    let calm = !plan.has_changes() && report.exit_code() == 0 && writes.is_empty();
    if calm { vec![] } else { vec![format!("I11: {writes:?} {report:?}")] }
}

/// Runs that on a clock that only moves when all wait.
fn timeless<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(work)
}

/// All crash points of a seed, or a sample of them. Gives the number of runs that were begun.
fn all_of(seed: u64, points: Option<usize>, made: Option<Slip>) -> Result<usize, String> {
    let calls = timeless(live(seed, &[], made))?;
    let mut rng = fastrand::Rng::with_seed(seed);
    let chosen: Vec<usize> = match points {
        None => (1..=calls).collect(),
        Some(count) => (0..count).map(|_| rng.usize(1..=calls)).collect(),
    };
    let mut lives = 1;
    for at in chosen {
        for after in [false, true] {
            // A third of them die a second and a third time.
            let more =
                (0..if rng.u8(..3) == 0 { 2 } else { 0 }).map(|_| Crash { at: rng.usize(1..40), after: rng.bool() });
            let crashes: Vec<Crash> = [Crash { at, after }].into_iter().chain(more).collect();
            timeless(live(seed, &crashes, made))?;
            lives += 1;
        }
    }
    Ok(lives)
}

/// Every deliberate mistake is caught: by some seed, with some crash.
#[test]
#[expect(clippy::print_stdout, reason = "with `--nocapture` it tells by what each is caught")]
fn every_slip_is_caught() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let missed = std::sync::Mutex::new(Vec::new());
    let only = std::env::var("INFRA_SLIP").ok();
    let chosen: Vec<Slip> = Slip::ALL
        .iter()
        .copied()
        .filter(|slip| only.as_ref().is_none_or(|only| *only == format!("{slip:?}")))
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(made) = chosen.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    // Most show without a crash, which is the quicker search.
                    let calm =
                        || (0..PATIENCE).chain(PAST).find_map(|seed| timeless(live(seed, &[], Some(*made))).err());
                    let deadly = || (0..PATIENCE).find_map(|seed| all_of(seed, Some(2), Some(*made)).err());
                    match calm().or_else(deadly) {
                        Some(found) => println!("{made:?}: {}", found.lines().take(2).collect::<String>()),
                        None => missed.lock().unwrap().push(*made),
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner().unwrap(), [], "the harness does not see these");
}

fn seeds() -> (Vec<u64>, Option<usize>) {
    let asked = std::env::var("INFRA_SEEDS").ok();
    let points = std::env::var("INFRA_POINTS").ok().map(|points| points.parse().unwrap());
    let range = asked.as_deref().and_then(|text| text.split_once(".."));
    match range {
        Some((from, to)) => ((from.parse().unwrap()..to.parse().unwrap()).collect(), points),
        None => ((0..50).chain(PAST).collect(), Some(4)),
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "with `--nocapture` it tells how many lives the seeds were")]
fn whatever_happens_the_world_is_as_approved() {
    let (seeds, points) = seeds();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let lives = std::sync::atomic::AtomicUsize::new(0);
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = seeds.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
                    let Some(seed) = seed.filter(|_| failed.lock().unwrap().is_empty()) else { return };
                    match all_of(*seed, points, None) {
                        Ok(count) => drop(lives.fetch_add(count, std::sync::atomic::Ordering::Relaxed)),
                        Err(violation) => failed.lock().unwrap().push(violation),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed[0]);
    println!("{} lives", lives.into_inner());
}
