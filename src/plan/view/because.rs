//! Why a property changes whose text stays: the way from what somebody edited, through the stacks, to it.

use std::collections::BTreeSet;

use crate::plan::{Action, Cause, Change, Origin, Plan, PropertyChange, StackPlan};

/// A chain that is longer has lost its way.
const LONGEST: usize = 50;

/// `Vpc.CidrBlock of network -> output Vpc -> parameter NetworkVpc`, for a property that changes because another
/// stack does. None where the cause lies in the stack itself: there it can be seen.
pub(super) fn because(plan: &Plan, stack: &StackPlan, property: &PropertyChange) -> Option<String> {
    let from_outside = match property.cause.as_ref()? {
        Cause::Parameter { origin, .. } => matches!(origin, Origin::Output { .. }),
        Cause::Live { .. } => true,
        Cause::Resource { .. } => false,
    };
    from_outside.then(|| chain(plan, stack, property))
}

/// One link: what changes, and in which stack.
type Link = (String, String);

fn chain(plan: &Plan, stack: &StackPlan, property: &PropertyChange) -> String {
    let mut links: Vec<Link> = Vec::new();
    let mut seen: BTreeSet<Link> = BTreeSet::new();
    let mut at = Some((stack.id.clone(), property.cause.as_ref()));
    while let Some((id, Some(cause))) = at {
        let (mut found, next) = back(plan, &id, cause);
        found.retain(|link| seen.insert(link.clone()));
        if found.is_empty() || links.len() > LONGEST {
            break;
        }
        links.extend(found);
        at = next;
    }
    links.reverse();
    let mut told = Vec::new();
    let mut last = "";
    for (what, id) in &links {
        // The stack in whose list this stands need not be named.
        told.push(if id == last || id == &stack.id {
            what.clone()
        } else {
            format!("{what} of {}", called(id, stack))
        });
        last = id;
    }
    told.join(" -> ")
}

/// The links of one cause, the nearest first, and what caused that.
fn back<'p>(plan: &'p Plan, id: &str, cause: &'p Cause) -> (Vec<Link>, Option<(String, Option<&'p Cause>)>) {
    match cause {
        Cause::Parameter { name, origin: Origin::Output { stack, name: output } } => {
            let link = (format!("parameter {name}"), id.to_owned());
            (vec![link, (format!("output {output}"), stack.clone())], behind(plan, stack, output))
        }
        Cause::Parameter { name, .. } => (vec![(format!("input {name}"), id.to_owned())], None),
        Cause::Live { stack, output } => {
            // CloudFormation knows the stack by its name there.
            let stack = plan.stacks.iter().find(|s| s.name == *stack).map_or(stack, |found| &found.id);
            (vec![(format!("output {output}"), stack.clone())], behind(plan, stack, output))
        }
        Cause::Resource { logical_id, .. } => {
            let change = plan.stack(id).and_then(|s| s.changes.iter().find(|c| c.logical_id == *logical_id));
            let property = change.and_then(strongest);
            let what = match (change.map(|c| c.action), property) {
                (_, Some(property)) if !property.path.is_empty() => format!("{logical_id}.{}", property.path),
                (Some(Action::Create), None) => format!("{logical_id} (new)"),
                _ => logical_id.clone(),
            };
            (vec![(what, id.to_owned())], property.map(|p| (id.to_owned(), p.cause.as_ref())))
        }
    }
}

/// What makes an output change.
fn behind<'p>(plan: &'p Plan, stack: &str, output: &str) -> Option<(String, Option<&'p Cause>)> {
    let change = plan.stack(stack)?.outputs.iter().find(|o| o.name == output)?;
    Some((stack.to_owned(), change.cause.as_ref()))
}

/// The property to which a change is owed most: one that replaces before one that may, one that is sure to change
/// before one that may stay, one that was edited before one that follows.
fn strongest(change: &Change) -> Option<&PropertyChange> {
    let weight = |p: &&PropertyChange| (p.replaces, p.differs, p.cause.is_none());
    // Of equals, the first.
    change.properties.iter().rev().max_by_key(weight)
}

/// `network` for a stack of the same place, else its whole id.
fn called<'a>(id: &'a str, seen_from: &StackPlan) -> &'a str {
    match (id.split_once('@'), seen_from.id.split_once('@')) {
        (Some((name, place)), Some((_, here))) if place == here => name,
        _ => id,
    }
}
