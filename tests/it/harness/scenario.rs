//! A world drawn from a seed: what is deployed, what is wanted, and all that goes wrong on the way.

use fastrand::Rng;
use infra::plan::{Desired, Wanted};
use infra::sandbox::{Moment, Rule, Settings};
use serde_json::{Value, json};

use super::foreign::{Deed, Foreign};
use super::net::Weather;
use crate::support::stacks::{desired, input, reading, stack};

/// What no output may ever show.
pub(super) const CANARY: &str = "canary-5f1c9a";

pub(super) struct Scenario {
    /// Deployed before anything goes wrong.
    pub(super) before: Option<Desired>,
    pub(super) wanted: Desired,
    /// The same, with the secrets left as they are deployed: nobody sets them each time.
    pub(super) again: Desired,
    pub(super) rules: Vec<Rule>,
    pub(super) foreign: Option<Foreign>,
    pub(super) weather: Weather,
    pub(super) settings: Settings,
    /// Who runs it first allows that queues are replaced.
    pub(super) allows: bool,
    /// After a crash the same plan is applied again, and not one made anew.
    pub(super) same_plan: bool,
    /// The plan is saved, and the file is applied.
    pub(super) is_saved: bool,
}

/// How a stack differs from the version before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Old,
    /// Its queue changes in place, and a parameter beside it.
    Timeout,
    /// Its queue is replaced, so that its output is another one.
    Name,
    /// A topic more.
    More,
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for stack in &self.wanted.stacks {
            let old = self.before.as_ref().and_then(|all| all.stacks.iter().find(|s| s.id == stack.id));
            let was = old.map_or("new", |old| if old.body == stack.body { "the same" } else { "changed" });
            writeln!(out, "{} reads {:?}: {was}", stack.name, stack.producers())?;
        }
        writeln!(out, "{:?}\n{:?}\n{:?}", self.rules, self.foreign, self.weather)?;
        writeln!(out, "same plan {}, saved {}, allows {}", self.same_plan, self.is_saved, self.allows)?;
        writeln!(out, "{:?}", semantics(&self.settings))
    }
}

/// What nobody knows of AWS, as it is assumed here.
fn semantics(settings: &Settings) -> [(&'static str, bool); 3] {
    [
        ("execute again", settings.execute_again),
        ("tells deleted", settings.tells_deleted),
        ("executed at start", settings.executed_at_start),
    ]
}

impl Scenario {
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let count = rng.usize(2..=4);
        let reads: Vec<Vec<usize>> = (0..count).map(|at| (0..at).filter(|_| rng.u8(..100) < 55).collect()).collect();
        let versions: Vec<Version> = (0..count)
            .map(|_| match rng.u8(..7) {
                0 | 1 => Version::Old,
                2 | 3 => Version::Timeout,
                4 | 5 => Version::Name,
                _ => Version::More,
            })
            .collect();
        let program = |of: &dyn Fn(usize) -> Version, secret: Option<&str>| {
            desired((0..count).map(|at| one(at, &reads[at], of(at), secret)))
        };
        let wanted = program(&|at| versions[at], Some(CANARY));
        let again = program(&|at| versions[at], None);
        let old = rng.u8(..100) < 60;
        let mut before = old.then(|| program(&|_| Version::Old, Some(CANARY)));
        // Sometimes only a part is there.
        if let Some(before) = before.as_mut().filter(|_| rng.u8(..100) < 30) {
            before.stacks.truncate(rng.usize(1..=count));
        }
        let name = |at: usize| wanted.stacks[at].name.clone();
        let mut rules = Vec::new();
        if rng.u8(..100) < 35 {
            let at = name(rng.usize(..count));
            let times = rng.u32(1..=2);
            rules.push(Rule::fail(&at, "Queue", &format!("the service said no to {CANARY}")).times(times));
            if rng.u8(..100) < 30 {
                rules.push(Rule::fail(&at, "*", "it cannot go back").at(Moment::Rollback).times(1));
            }
        }
        if rng.u8(..100) < 30 {
            rules.push(Rule::slow(&name(rng.usize(..count)), "*", rng.u32(2..30)));
        }
        let is_there = |at: usize| before.as_ref().is_some_and(|all| at < all.stacks.len());
        let waits =
            (0..count).rev().find(|at| is_there(*at) && reads[*at].iter().any(|from| versions[*from] == Version::Name));
        let is_from_execution = rng.bool();
        let mut foreign = (rng.u8(..100) < 60).then(|| Foreign {
            is_between: false,
            at: if is_from_execution { rng.usize(0..12) } else { rng.usize(2..60) },
            is_from_execution,
            // What waits for a value of another stack leaves most time to change it.
            stack: name(if rng.bool() { waits.unwrap_or(count - 1) } else { rng.usize(..count) }),
            deed: if rng.u8(..100) < 60 { Deed::Update } else { Deed::Delete },
        });
        let weather = match rng.u8(..4) {
            0 => Weather::default(),
            bad => Weather {
                throttled: 60,
                lost_before: 30,
                lost_after: 30,
                cut: 10,
                unavailable: 10,
                stale: 300,
                expires: (bad == 3).then(|| rng.usize(10..120)),
                outage: if rng.u8(..100) < 40 { rng.usize(5..60) } else { 0 },
                is_denied: rng.u8(..100) < 15,
            },
        };
        let mut settings = Settings {
            execute_again: rng.bool(),
            change_set_steps: rng.u32(0..4),
            changes_per_page: if rng.bool() { 1 } else { 200 },
            items_per_page: if rng.bool() { 2 } else { 100 },
            ..Settings::default()
        };
        let same_plan = rng.bool();
        let allows = rng.u8(..100) < 80;
        settings.tells_deleted = rng.bool();
        settings.executed_at_start = rng.bool();
        let is_saved = rng.u8(..3) == 0;
        let is_between = rng.bool();
        if let Some(foreign) = &mut foreign {
            foreign.is_between = is_between;
        }
        Self { before, wanted, again, rules, foreign, weather, settings, allows, same_plan, is_saved }
    }
}

/// A stack with a queue that tells its ARN, a parameter that holds what it reads, and a secret.
fn one(at: usize, reads: &[usize], version: Version, secret: Option<&str>) -> Wanted {
    let name = |at: usize| format!("s{at}");
    let mut queue = json!({
        "VisibilityTimeout": if version == Version::Timeout { 60 } else { 30 },
        "Tags": [{"Key": "token", "Value": {"Ref": "Token"}}],
    });
    if version == Version::Name {
        queue["QueueName"] = json!(format!("renamed-{at}"));
    }
    let texts: Vec<Value> = reads.iter().map(|from| json!({"Ref": format!("From{from}")})).collect();
    let mut parameters = json!({"Token": {"Type": "String", "NoEcho": true}});
    for from in reads {
        parameters[format!("From{from}")] = json!({"Type": "String"});
    }
    let held = if texts.is_empty() { json!("nothing") } else { json!({"Fn::Join": [",", texts]}) };
    let mut resources = json!({
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": queue},
        "Held": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": held}},
        "Hook": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Token"}}},
    });
    if version == Version::Timeout {
        resources["Held"]["Properties"]["Description"] = json!("what it reads");
    }
    if version == Version::More {
        resources["Topic"] = json!({"Type": "AWS::SNS::Topic", "Properties": {}});
    }
    let template = json!({
        "Parameters": parameters,
        "Resources": resources,
        "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    });
    let wanted = input(stack(&name(at), template), "Token", secret, true);
    reads.iter().fold(wanted, |wanted, from| {
        reading(wanted, &format!("From{from}"), &format!("s{from}@dev/eu-west-1"), "Queue")
    })
}
