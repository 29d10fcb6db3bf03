//! The order that CloudFormation cannot infer and is known to need.
//!
//! CloudFormation follows references. Where a resource works only once another is there that it
//! does not name (a service behind a listener, a route through an attached gateway), it needs a
//! `DependsOn`, or the deployment fails now and then. [`rules`] holds what is known; this file
//! turns it into [`Resource::depends_on`], leaving out what a reference already says and what
//! would close a cycle.

use rustc_hash::{FxHashMap, FxHashSet};

use self::index::Index;
use crate::semantics::model::{Instance, Resource};
use crate::semantics::references;

mod index;
mod networks;
mod rules;
#[cfg(test)]
mod tests;

/// Adds the order to a complete instance. Linear in its resources.
pub(crate) fn complete(instance: &mut Instance) {
    let wanted = wanted(instance);
    if wanted.is_empty() {
        return;
    }
    let before = said(&instance.resources);
    let order = without_cycles(before, &wanted);
    let ids: Vec<_> = instance.resources.iter().map(|r| r.id).collect();
    for (from, to) in order {
        if let (Some(resource), Some(id)) = (instance.resources.get_mut(from), ids.get(to)) {
            resource.depends_on.push(*id);
        }
    }
    for resource in &mut instance.resources {
        resource.depends_on.sort();
        resource.depends_on.dedup();
    }
}

/// A resource and one that must be there before it, by position.
type Edge = (usize, usize);

/// What the rules ask for: sorted, nothing twice, nothing after itself.
fn wanted(instance: &Instance) -> Vec<Edge> {
    let index = Index::of(instance);
    let mut wanted = Vec::new();
    rules::apply(&index, &mut wanted);
    networks::apply(&index, &mut wanted);
    wanted.retain(|(from, to)| from != to);
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// What each resource already waits for, through references and `@after`: sorted positions.
fn said(resources: &[Resource]) -> Vec<Vec<usize>> {
    let positions: FxHashMap<_, _> = resources.iter().enumerate().map(|(i, r)| (r.id, i)).collect();
    let waits = |resource: &Resource| {
        let mut found: Vec<usize> = resource.depends_on.iter().filter_map(|id| positions.get(id).copied()).collect();
        resource.values().for_each(|value| references::each(value, &mut |r| found.extend(positions.get(&r.target))));
        found.sort_unstable();
        found.dedup();
        found
    };
    resources.iter().map(waits).collect()
}

/// Those of `wanted` that are new and close no cycle.
///
/// As a rule nothing of it does, which one pass shows. Only what that pass leaves over is looked
/// at edge by edge: there, an order that rules ask for gives way to one that the program says.
fn without_cycles(mut before: Vec<Vec<usize>>, wanted: &[Edge]) -> Vec<Edge> {
    let is_new = |(from, to): &Edge| before.get(*from).is_some_and(|b| b.binary_search(to).is_err());
    let fresh: Vec<Edge> = wanted.iter().copied().filter(is_new).collect();
    let stuck = stuck(&before, &fresh);
    if !stuck.contains(&true) {
        return fresh;
    }
    let is_stuck = |at: usize| stuck.get(at).copied().unwrap_or(true);
    let (risky, mut taken): (Vec<Edge>, Vec<Edge>) =
        fresh.into_iter().partition(|(from, to)| is_stuck(*from) && is_stuck(*to));
    for edge in risky {
        // An edge that is not risky lies on no cycle, so `before` need not know it.
        if !reaches(&before, edge.1, edge.0) {
            before.get_mut(edge.0).into_iter().for_each(|b| b.push(edge.1));
            taken.push(edge);
        }
    }
    taken
}

/// Which resources never get their turn when all edges hold: those on a cycle or after one.
fn stuck(before: &[Vec<usize>], fresh: &[Edge]) -> Vec<bool> {
    let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    let said = before.iter().enumerate().flat_map(|(from, all)| all.iter().map(move |to| (from, *to)));
    for (from, to) in said.chain(fresh.iter().copied()) {
        if let Some(after) = after.get_mut(to) {
            after.push(from);
        }
    }
    for (from, _) in fresh {
        if let Some(open) = open.get_mut(*from) {
            *open += 1;
        }
    }
    let mut ready: Vec<usize> = open.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| i).collect();
    while let Some(done) = ready.pop() {
        for next in after.get(done).into_iter().flatten() {
            if let Some(open) = open.get_mut(*next) {
                *open -= 1;
                if *open == 0 {
                    ready.push(*next);
                }
            }
        }
    }
    open.into_iter().map(|n| n > 0).collect()
}

/// Whether `from` waits for `to`, however indirectly.
fn reaches(before: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = FxHashSet::default();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(before.get(at).into_iter().flatten().copied());
        }
    }
    false
}
