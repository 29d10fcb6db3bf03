//! How long planning and applying take on a line of 50 ms a call, with change sets of 2.1 s and operations of 6.3 s,
//! by a clock that only moves when all wait: no figure depends on the machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use infra::apply;
use infra::cloud::Target;
use infra::plan::Desired;
use infra::sandbox::Rate;
use serde_json::json;
use tokio::time::Instant;

use crate::sandbox::client_of;
use crate::support::slow::{CALL, CHANGE_SET, Log, OPERATION, limited, line, sandbox};
use crate::support::stacks::{World, desired, reading, stack, target};

/// Twelve stacks in four layers of three; each reads two of the layer below.
fn layers(version: &str) -> Desired {
    let id = |layer: usize, at: usize| format!("l{layer}s{at}");
    let one = |layer: usize, at: usize| {
        let mut template = json!({
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}},
            "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
        });
        if (layer, at) == (1, 1) {
            template["Resources"]["Queue"]["Properties"]["Tags"] = json!([{"Key": "version", "Value": version}]);
        }
        let reads: Vec<usize> = if layer == 0 { vec![] } else { vec![at, (at + 1) % 3] };
        for from in &reads {
            template["Parameters"][format!("From{from}")] = json!({"Type": "String"});
        }
        reads.iter().fold(stack(&id(layer, at), template), |wanted, from| {
            reading(wanted, &format!("From{from}"), &format!("{}@dev/eu-west-1", id(layer - 1, *from)), "Queue")
        })
    };
    desired((0..4).flat_map(|layer| (0..3).map(move |at| (layer, at))).map(|(layer, at)| one(layer, at)))
}

/// What a first apply takes at least: in each of four layers a change set is made, looked at, executed and followed.
const CRITICAL: Duration =
    CHANGE_SET.saturating_add(OPERATION).saturating_add(CALL.saturating_mul(4)).saturating_mul(4);

/// The figures above are those of the simulator.
#[tokio::test(start_paused = true)]
async fn operations_take_what_they_should() {
    let sandbox = sandbox();
    let world = World::of(sandbox.clone());
    for version in ["1", "2"] {
        let all = layers(version);
        let plan = world.plan(&all).await.unwrap();
        world.apply(&all, &plan).await;
        let client = client_of(&sandbox, "111111111111", "eu-west-1");
        let told = client.describe_stack_events().stack_name("shop-l1s1-dev").send().await.unwrap();
        let of_stack: Vec<_> =
            told.stack_events().iter().filter(|e| e.resource_type() == Some("AWS::CloudFormation::Stack")).collect();
        let at = |event: usize| of_stack[event].timestamp().unwrap().to_millis().unwrap();
        let is_end = |at: usize| of_stack[at].resource_status().unwrap().as_str().ends_with("E_COMPLETE");
        assert!(is_end(0), "{of_stack:?}");
        let start =
            of_stack.iter().skip(1).position(|e| e.resource_status().unwrap().as_str().ends_with("E_IN_PROGRESS"));
        let took = at(0) - at(start.unwrap() + 1);
        // The events are stamped when somebody looks, which is a little later.
        let wanted = OPERATION.as_millis() as i64;
        assert!((wanted..wanted + 600).contains(&took), "{version}: {took} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_apply_takes_little_more_than_its_critical_path() {
    assert_eq!(CRITICAL, Duration::from_millis(34_400));
    let sandbox = sandbox();
    let (http, log) = line(&sandbox);
    let world = World::over(sandbox, http);
    let begun = Instant::now();
    let (_, report) = world.deploy(&layers("1")).await;
    let took = begun.elapsed();
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    let calls = told(&log);
    tell("first apply", took, &calls);
    assert!(took <= CRITICAL.mul_f64(1.10), "{took:?}, {calls}");
    assert!(calls.len() <= 385, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn one_changed_stack_takes_ten_seconds() {
    let sandbox = sandbox();
    let (http, log) = line(&sandbox);
    let world = World::over(sandbox, http);
    world.deploy(&layers("1")).await;
    log.lock().unwrap().clear();
    let begun = Instant::now();
    let (plan, report) = world.deploy(&layers("2")).await;
    let took = begun.elapsed();
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert_eq!(plan.stacks.iter().filter(|s| s.has_changes()).count(), 1);
    let calls = told(&log);
    tell("one changed stack", took, &calls);
    assert!(took <= Duration::from_secs(10), "{took:?}, {calls}");
    assert!(calls.len() <= 46, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_world_is_planned_at_once() {
    let sandbox = sandbox();
    let world = World::over(sandbox.clone(), line(&sandbox).0);
    world.deploy(&layers("1")).await;
    let (http, log) = line(&world.sandbox);
    let world = World::over(world.sandbox.clone(), http);
    let begun = Instant::now();
    let plan = world.plan(&layers("1")).await.unwrap();
    let took = begun.elapsed();
    assert!(!plan.has_changes());
    let calls = told(&log);
    tell("unchanged", took, &calls);
    assert!(took <= Duration::from_millis(300), "{took:?}");
    assert_eq!(calls.len(), 13, "{calls}");
}

/// A hundred stacks in five regions of an account: once who we are, and each stack once.
#[tokio::test(start_paused = true)]
async fn a_hundred_unchanged_stacks_are_planned_within_a_second() {
    let sandbox = sandbox();
    let world = World::over(sandbox.clone(), line(&sandbox).0);
    let regions = ["eu-west-1", "eu-west-2", "eu-central-1", "us-east-1", "us-west-2"];
    let stacks = regions.iter().flat_map(|region| {
        (0..20).map(move |at| {
            let queue = json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}});
            let mut stack = stack(&format!("s{at}"), queue);
            stack.id = format!("s{at}@dev/{region}");
            stack.target = target("111111111111", region);
            stack
        })
    });
    let desired = desired(stacks);
    let (_, report) = world.deploy(&desired).await;
    assert_eq!(report.exit_code(), 0);
    let (http, log) = line(&world.sandbox);
    let world = World::over(world.sandbox.clone(), http);
    let begun = Instant::now();
    assert!(!world.plan(&desired).await.unwrap().has_changes());
    let took = begun.elapsed();
    let calls = told(&log);
    tell("a hundred unchanged", took, &calls);
    assert!(took <= Duration::from_secs(1), "{took:?}");
    assert_eq!(calls.len(), 101, "{calls}");
}

/// However many stacks of a region are under way, they ask at one rhythm, and ten times a second at most.
#[tokio::test(start_paused = true)]
async fn all_stacks_of_a_region_ask_together() {
    let sandbox = sandbox();
    let (http, log) = line(&sandbox);
    let world = World::over(sandbox, http);
    let queue = || json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}});
    let many = desired((0..40).map(|at| stack(&format!("s{at}"), queue())));
    let plan = world.plan(&many).await.unwrap();
    let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
    let settings = apply::Settings { concurrency: 40, ..apply::Settings::default() };
    let report = apply::apply(&world.clouds, &many, &plan, &settings, &observer).await;
    assert_eq!(report.exit_code(), 0);
    let log = log.lock().unwrap();
    let of = |action: &str| log.iter().filter(|(_, a)| a == action).map(|(at, _)| *at).collect::<Vec<_>>();
    let events = of("DescribeStackEvents");
    // The first look of each comes when its own execution is answered; from then on they share their ticks.
    for from in &events {
        let within = |at: &&Instant| **at >= *from && **at < *from + Duration::from_secs(10);
        let count = events.iter().filter(within).count();
        assert!(count <= 40 + 100 + 40, "{count} questions in ten seconds");
    }
}

/// Ten stacks in each of three regions of each account: a queue that nine others read.
fn fleet(accounts: usize) -> Desired {
    let places = (0..accounts).flat_map(|account| {
        ["eu-west-1", "us-east-1", "ap-southeast-2"].map(|region| target(&format!("{:012}", account + 1), region))
    });
    desired(places.flat_map(|target| {
        let id = move |name: &str, target: &Target| {
            format!("{name}@dev/{}/{}", target.account.id.as_deref().unwrap_or_default(), target.region)
        };
        (0..10).map(move |at| {
            let mut template = json!({
                "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
                "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
            });
            if at > 0 {
                template["Parameters"] = json!({"Core": {"Type": "String"}});
            }
            let name = format!("s{at}");
            let mut one = stack(&name, template);
            (one.id, one.target) = (id(&name, &target), target.clone());
            if at == 0 { one } else { reading(one, "Core", &id("s0", &target), "Queue") }
        })
    }))
}

/// AWS tells no numbers; ten calls a second of each kind is where peers are throttled.
const RATE: Rate = Rate { per_second: 10, burst: 20 };

/// Many accounts cost what one costs, each; the last of many is a little later, for who is throttled waits for a time
/// that is drawn. `INFRA_ACCOUNTS=100` takes 3,000 instances.
#[tokio::test(start_paused = true)]
async fn a_fleet_costs_no_more_for_each_than_one_account() {
    let most = std::env::var("INFRA_ACCOUNTS").map_or(3, |count| count.parse().unwrap());
    let mut each = Vec::new();
    for accounts in [1, most] {
        let sandbox = limited(Some(RATE));
        let (http, log) = line(&sandbox);
        let world = World::over(sandbox.clone(), http);
        let all = fleet(accounts);
        let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
        let settings = apply::Settings { concurrency: 30 * accounts, ..apply::Settings::default() };
        let begun = Instant::now();
        let plan = world.plan(&all).await.unwrap();
        let planned = told(&log);
        tell(&format!("plan of {} new instances", all.stacks.len()), begun.elapsed(), &planned);
        log.lock().unwrap().clear();
        let begun = Instant::now();
        let report = apply::apply(&world.clouds, &all, &plan, &settings, &observer).await;
        assert_eq!(report.exit_code(), 0, "{:#?}", report.stacks.iter().find(|s| s.reason.is_some()));
        let (took, applied) = (begun.elapsed(), told(&log));
        tell(&format!("apply of {}", all.stacks.len()), took, &applied);
        let throttled = sandbox.throttled();
        assert!(throttled * 20 <= applied.len() as u64, "{throttled} of {applied} were throttled");
        let (http, log) = line(&sandbox);
        let begun = Instant::now();
        assert!(!World::over(sandbox.clone(), http).plan(&all).await.unwrap().has_changes());
        let again = told(&log);
        tell("plan of the unchanged", begun.elapsed(), &again);
        assert_eq!(again.len(), all.stacks.len() + accounts);
        each.push((applied.len() as f64 / accounts as f64, took));
    }
    let [(one, alone), (many, together)] = each[..] else { unreachable!() };
    assert!(many <= one * 1.1, "{many} calls for each account, {one} for one");
    assert!(together <= alone.mul_f64(1.25), "{together:?} for all, {alone:?} for one");
}

#[expect(clippy::print_stdout, reason = "with `--nocapture` it tells the figures of docs/performance.md")]
fn tell(what: &str, took: Duration, calls: &Calls) {
    println!("{what}: {took:?}, {calls}");
}

fn told(log: &Log) -> Calls {
    let mut counts = BTreeMap::new();
    for (_, action) in log.lock().unwrap().iter() {
        *counts.entry(action.clone()).or_insert(0) += 1;
    }
    Calls(counts)
}

/// How often each call was made.
struct Calls(BTreeMap<String, usize>);

impl Calls {
    fn len(&self) -> usize {
        self.0.values().sum()
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} calls: {:?}", self.len(), self.0)
    }
}
