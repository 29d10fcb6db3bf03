//! What must hold after every run, whatever happened in it. The numbers are those of the invariants.

use std::collections::{BTreeMap, BTreeSet};

use infra::apply::{self, Outcome, Report};
use infra::diagnostics::Diagnostic;
use infra::plan::{self, Action, Desired, Plan, Replaces, Source, Wanted};
use infra::sandbox::{Sandbox, Seen};
use serde_json::Value;

use super::net::{Effect, Net};
use super::scenario::{CANARY, Scenario};
use crate::support::stacks::text;

/// How a run ended.
#[derive(Debug)]
pub(super) enum Ended {
    Refused(Vec<Diagnostic>),
    Applied(Box<Report>),
}

/// What is wrong; empty where all is well.
pub(super) type Violations = Vec<String>;

/// After each run, also one that died.
pub(super) fn after_run(
    sandbox: &Sandbox,
    scenario: &Scenario,
    plan: Option<&Plan>,
    ended: Option<&Ended>,
    net: &Net,
    planned_at: usize,
    ever: &mut BTreeSet<String>,
) -> Violations {
    let wanted = &scenario.wanted;
    let world = sandbox.look();
    let effects = net.effects();
    let name = |id: &str| world.iter().find(|s| s.id == id).map(|s| s.name.clone());
    ever.extend(effects.iter().filter_map(|effect| name(&effect.stack)));
    let mut found = Vec::new();
    found.extend(once(&world));
    found.extend(names(&world, wanted));
    for effect in &effects {
        found.extend(covered(effect, wanted, plan));
        found.extend(ordered(effect, &effects, wanted, plan, net));
        // I6: what somebody else did after the plan looked is never overwritten by that plan. Where it failed and was
        // rolled back, nothing of it is there.
        let stands = |s: &Seen| s.id == effect.stack && s.status != "UPDATE_ROLLBACK_COMPLETE";
        if let (Some(struck), Some(foreign)) = (net.struck(), net.touched())
            && struck > planned_at
            && effect.call >= struck
            && world.iter().any(|s| s.id == effect.stack && s.name == foreign)
            && effect.before.iter().any(stands)
        {
            found.push(format!(
                "I6: {} was changed by somebody else at {struck}, and by us at {}",
                foreign, effect.call
            ));
        }
    }
    // I6: a plan file of a world that moved while it waited begins nothing at all.
    if let Some(foreign) = net.between().filter(|_| scenario.is_saved)
        && plan.is_some_and(|plan| plan.stacks.iter().any(|s| s.name == foreign && s.has_changes()))
        && !effects.is_empty()
    {
        found.push(format!("I6: {foreign} moved before the plan file was applied, and yet something ran"));
    }
    match ended {
        Some(Ended::Refused(problems)) => {
            found.extend(quiet(&format!("{problems:?}")));
            if !effects.is_empty() {
                found.push("I8: refused, and yet something ran".to_owned());
            }
        }
        Some(Ended::Applied(report)) => {
            found.extend(quiet(&format!(
                "{}{}{:?}",
                apply::to_json(report),
                apply::to_text(report),
                report.diagnostics()
            )));
            found.extend(honest(report, &world, wanted, &effects, net, ever));
        }
        None => {}
    }
    if let Some(plan) = plan {
        found.extend(quiet(&format!("{}{}", plan::to_json(plan), text(plan))));
    }
    found
}

/// I1: a token begins one operation of a stack.
fn once(world: &[Seen]) -> Violations {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for stack in world {
        for token in stack.began.iter().filter_map(|(_, token)| token.as_deref()) {
            *counts.entry((&stack.id, token)).or_default() += 1;
        }
    }
    let twice = counts.into_iter().filter(|((_, token), count)| token.starts_with("x-") && *count > 1);
    twice.map(|((_, token), count)| format!("I1: {token} began {count} operations")).collect()
}

/// I3: one living stack to a name, and only names that the program has.
fn names(world: &[Seen], wanted: &Desired) -> Violations {
    let mut found = Vec::new();
    let mut seen = BTreeMap::new();
    for stack in world.iter().filter(|s| s.is_live()) {
        if !wanted.stacks.iter().any(|w| w.name == stack.name) {
            found.push(format!("I3: nobody asked for {}", stack.name));
        }
        if seen.insert(&stack.name, &stack.id).is_some() {
            found.push(format!("I3: {} lives twice", stack.name));
        }
    }
    found
}

/// I2: what ran is what the plan says.
fn covered(effect: &Effect, wanted: &Desired, plan: Option<&Plan>) -> Violations {
    let Some(plan) = plan else { return vec!["I2: something ran without a plan".to_owned()] };
    let after = effect.before.iter().find(|s| s.id == effect.stack);
    let name = after.map(|s| s.name.as_str()).unwrap_or_default();
    let Some(wanted) = wanted.stacks.iter().find(|w| w.name == name) else {
        return vec![format!("I2: {name} is no stack of ours")];
    };
    let Some(stack) = plan.stacks.iter().find(|s| s.id == wanted.id).filter(|s| s.has_changes()) else {
        return vec![format!("I2: the plan leaves {name} alone")];
    };
    let set = effect.fields.get("ChangeSetName").cloned().unwrap_or_default();
    let mut found: Violations = unnamed(&after.map(|s| s.body.clone()).unwrap_or_default(), &wanted.body)
        .filter(|id| !stack.changes.iter().any(|change| change.logical_id == *id))
        .map(|id| format!("I2: {id} of {name} changes, and the plan does not say so"))
        .collect();
    // I12: no data goes that nobody allowed to go.
    let lost = stack.changes.iter().filter(|c| c.stateful && c.allowed.is_none());
    let lost = lost.filter(|c| c.action == Action::Delete || c.replacement == Replaces::Yes);
    found.extend(lost.map(|c| format!("I12: {} of {name} goes, and nothing allows it", c.logical_id)));
    if let Some(exact) = stack.change_set.as_ref().filter(|exact| exact.arn != set) {
        found.push(format!("I2: {set} ran, and not {}", exact.arn));
    }
    found
}

/// Resources that the two templates do not have in common.
fn unnamed(before: &str, after: &str) -> impl Iterator<Item = String> {
    let resources = |text: &str| -> BTreeMap<String, Value> {
        let template: Value = serde_json::from_str(text).unwrap_or_default();
        template["Resources"].as_object().cloned().unwrap_or_default().into_iter().collect()
    };
    let (before, after) = (resources(before), resources(after));
    let ids: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    ids.into_iter().filter(move |id| before.get(id) != after.get(id))
}

/// I4: whatever it reads was done.
fn ordered(effect: &Effect, all: &[Effect], wanted: &Desired, plan: Option<&Plan>, net: &Net) -> Violations {
    let name = effect.before.iter().find(|s| s.id == effect.stack).map(|s| s.name.clone()).unwrap_or_default();
    let Some(stack) = wanted.stacks.iter().find(|w| w.name == name) else { return vec![] };
    let planned = |id: &str| plan.and_then(|p| p.stacks.iter().find(|s| s.id == id)).is_some_and(|s| s.has_changes());
    let mut found = Vec::new();
    for producer in wanted.stacks.iter().filter(|w| stack.producers().contains(w.id.as_str()) && planned(&w.id)) {
        let there = effect.before.iter().find(|s| s.name == producer.name && s.is_live());
        // What somebody else made of it after us is no part of this plan; they only begin where ours has ended.
        let arn = format!(":stack/{}/", producer.name);
        let was_ours = |e: &Effect| {
            e.stack.contains(&arn)
                && there.is_none_or(|s| s.id == e.stack)
                && net.struck().is_some_and(|at| e.call < at)
        };
        if net.touched() == Some(producer.name.as_str()) && all.iter().any(was_ours) {
            continue;
        }
        if !there.is_some_and(|s| is_done(s, producer)) {
            let is = there.map(|s| s.status.clone()).unwrap_or_else(|| "gone".to_owned());
            found.push(format!("I4: {name} began while {} was {is}", producer.name));
        }
    }
    found
}

/// I9: nothing tells the secret.
fn quiet(text: &str) -> Violations {
    if text.contains(CANARY) { vec![format!("I9: the secret is in {text}")] } else { vec![] }
}

/// I8: the report says how it is.
fn honest(
    report: &Report,
    world: &[Seen],
    wanted: &Desired,
    effects: &[Effect],
    net: &Net,
    ever: &BTreeSet<String>,
) -> Violations {
    let mut found = Vec::new();
    for told in &report.stacks {
        let Some(stack) = wanted.stacks.iter().find(|w| w.id == told.id) else { continue };
        let there = world.iter().find(|s| s.name == stack.name && s.is_live());
        let ran = effects.iter().any(|e| world.iter().any(|s| s.id == e.stack && s.name == stack.name));
        let is = there.map(|s| s.status.as_str()).unwrap_or("gone");
        let wrong = match told.outcome {
            // Somebody else may have come after.
            Outcome::Done => {
                let others = net.struck().is_some() || net.is_misled();
                !ever.contains(&stack.name) || !there.is_some_and(|s| is_done(s, stack)) && !others
            }
            Outcome::Unchanged => ran,
            Outcome::NotStarted => ran,
            Outcome::Failed => there.is_some_and(|s| s.is_under_way || ran && is_done(s, stack)),
            // What we brought about in an earlier run is not told as something that moved.
            Outcome::Stale => {
                let ours = ever.contains(&stack.name) && net.struck().is_none();
                ran || there.is_some_and(|s| s.is_under_way || ours && is_done(s, stack))
            }
            Outcome::Unknown => false,
        };
        if wrong {
            found.push(format!("I8: {} is told as {:?}, and is {is} (ran: {ran})", told.id, told.outcome));
        }
    }
    let good = report.stacks.iter().all(|s| matches!(s.outcome, Outcome::Done | Outcome::Unchanged));
    if good != (report.exit_code() == 0) {
        found.push(format!("I8: exit code {}", report.exit_code()));
    }
    found
}

fn is_done(seen: &Seen, wanted: &Wanted) -> bool {
    matches!(seen.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE")
        && !seen.is_under_way
        && seen.body == wanted.body
}

/// Once a run ended well: I5, everything is as wanted, and I7, nothing is left over.
pub(super) fn at_rest(sandbox: &Sandbox, wanted: &Desired) -> Violations {
    let world = sandbox.look();
    let live: BTreeMap<&str, &Seen> = world.iter().filter(|s| s.is_live()).map(|s| (s.name.as_str(), s)).collect();
    let mut found = Vec::new();
    for stack in &wanted.stacks {
        let Some(seen) = live.get(stack.name.as_str()) else {
            found.push(format!("I5: {} is not there", stack.name));
            continue;
        };
        // What somebody else tried in vain may have been rolled back to what is wanted.
        let rests = seen.status == "UPDATE_ROLLBACK_COMPLETE" && seen.body == stack.body && !seen.is_under_way;
        if !is_done(seen, stack) && !rests {
            found.push(format!("I5: {} is {} and not as wanted", stack.name, seen.status));
        }
        for (name, input) in &stack.parameters {
            let value = match &input.source {
                Source::Output { stack: id, name, .. } => {
                    let from = wanted.stacks.iter().find(|w| w.id == *id).and_then(|w| live.get(w.name.as_str()));
                    from.and_then(|s| s.outputs.get(name)).cloned()
                }
                _ => Some(CANARY.to_owned()),
            };
            if seen.parameters.get(name) != value.as_ref() {
                found.push(format!("I5: {name} of {} is not what it should be", stack.name));
            }
        }
        for (set, execution) in seen.change_sets.iter().filter(|(_, e)| e == "AVAILABLE" || e == "UNAVAILABLE") {
            found.push(format!("I7: {set} ({execution}) is left of {}", stack.name));
        }
    }
    found
        .extend(live.values().filter(|s| s.status == "REVIEW_IN_PROGRESS").map(|s| format!("I7: an empty {}", s.name)));
    found
}

/// Once a plan file is discarded: I7, nothing that it made waits to be executed, and no name without a stack.
pub(super) fn withdrawn(sandbox: &Sandbox, plan: &Plan) -> Violations {
    let world = sandbox.look();
    let mut found = Vec::new();
    for stack in &plan.stacks {
        let of_name = || world.iter().filter(|s| s.is_live() && s.name == stack.name);
        if let Some(made) = &stack.change_set {
            let waits = |seen: &&Seen| seen.change_sets.iter().any(|(set, e)| *set == made.name && e == "AVAILABLE");
            found.extend(of_name().find(waits).map(|_| format!("I7: {} waits after it was discarded", made.name)));
        }
        let shell = of_name().find(|s| s.status == "REVIEW_IN_PROGRESS");
        found.extend(shell.map(|s| format!("I7: an empty {} stays after its plan was discarded", s.name)));
    }
    found
}
