//! What a plan does not do of itself: replace or delete what is protected or holds data, and what CloudFormation would
//! refuse when it is too late.
//!
//! What is certain is refused. What only may happen is noted as long as somebody looks at it again before it happens:
//! a stack that waits for another one gets its change set while applying, which is held against the plan. A change set
//! that is there is executed as it is, so what it may do to data has to be allowed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::allow::{self, Act, Allow};
use crate::plan::problem::of_stack;
use crate::plan::protect::InForce;
use crate::plan::wanted::Wanted;
use crate::plan::{Action, Change, Data, Differs, Replaces, fixed};
use crate::slip::{self, Slip};

/// What the changes of a stack are judged by.
pub(crate) struct Guard<'a> {
    pub(crate) wanted: &'a Wanted,
    /// The new template.
    pub(crate) after: &'a Value,
    pub(crate) deployed: &'a InForce,
    pub(crate) allow: &'a [Allow],
    /// Nobody looks again before it happens.
    pub(crate) is_last: bool,
}

/// True where data would be gone, or stay away from what takes its place.
pub(crate) fn loses_data(change: &Change) -> bool {
    change.stateful && matches!(change.action, Action::Replace | Action::Delete)
}

/// How many names a list shows.
const LISTED: usize = 5;

/// `A`, `B` and 3 more.
pub(crate) fn listed(ids: &[&str]) -> String {
    let more = ids.len().saturating_sub(LISTED);
    let names = quoted(ids.get(..LISTED).unwrap_or(ids));
    if more == 0 { names } else { format!("{names} and {more} more") }
}

/// How it is allowed that these go.
pub(crate) fn allowance(stack: &str, ids: &[&str]) -> String {
    match ids {
        [one] => format!("allow it with `--allow {}`", allow::text(Act::Delete, stack, one)),
        _ => format!("allow it with `--allow '{}'`", allow::text(Act::Delete, stack, "*")),
    }
}

/// True where data would be lost and nothing allows it.
fn is_lost(change: &Change) -> bool {
    loses_data(change) && change.allowed.is_none() && !slip::is(Slip::UnguardedData)
}

/// Notes on each change that something allows what it is: of those that it would be refused for.
pub(crate) fn mark(wanted: &Wanted, deployed: &InForce, allow: &[Allow], changes: &mut [Change]) {
    for change in changes {
        let Some(act) = Act::of(change) else { continue };
        let is_protected = protection(wanted, deployed, change).is_some();
        let fits =
            |allow: &&Allow| allow.covers(act, &wanted.id, &change.logical_id) && (!is_protected || allow.is_by_name());
        if is_protected || loses_data(change) {
            change.allowed = allow.iter().find(fits).map(ToString::to_string);
        }
    }
}

/// Why `change` may not happen: the reason given in the source, or that AWS still protects what the source dropped.
fn protection<'a>(wanted: &'a Wanted, deployed: &InForce, change: &Change) -> Option<&'a str> {
    match wanted.protected.get(&change.logical_id) {
        Some(why) => Some(why.as_str()),
        // Where the declaration stays without `@protect`, lifting it was meant; where it is gone, it may not have been.
        None if deployed.protects(&change.logical_id) && change.action != Action::Replace => Some(""),
        None => None,
    }
}

impl Guard<'_> {
    /// Refuses what nothing allows, and notes what only may happen.
    pub(crate) fn judge(&self, changes: &mut [Change], notes: &mut Vec<String>) -> Vec<Diagnostic> {
        mark(self.wanted, self.deployed, self.allow, changes);
        let mut refused = Vec::new();
        for change in &*changes {
            let held = change.allowed.is_none().then(|| protection(self.wanted, self.deployed, change)).flatten();
            refused.extend(match (Act::of(change), held) {
                (Some(act), Some(why)) => self.protected(change, act, why, notes),
                _ => self.policy(change, notes),
            });
            if held.is_none() && is_lost(change) && change.action == Action::Replace {
                refused.extend(self.emptied(change, notes));
            }
            refused.extend(self.name(change, notes));
        }
        refused.extend(self.deleted(changes));
        refused
    }

    /// A protected resource: its stack policy stops what only may happen.
    fn protected(&self, change: &Change, act: Act, why: &str, notes: &mut Vec<String>) -> Option<Diagnostic> {
        if change.replacement == Replaces::Maybe {
            notes.push(format!("{} is protected: if it had to be replaced, the update would stop", change.logical_id));
            return None;
        }
        let because = if why.is_empty() { String::new() } else { format!(": {why}") };
        let (verb, id) = (act.as_str(), &change.logical_id);
        let message = format!("this would {verb} `{id}` of `{}`, which is protected{because}", self.wanted.id);
        let edited = edited(change);
        let or = self.allowance(act, change);
        let help = match act {
            Act::Replace if edited.is_empty() => format!("take `@protect` off in a change of its own, or {or}"),
            Act::Replace => {
                format!("leave {} as deployed, take `@protect` off in a change of its own, or {or}", quoted(&edited))
            }
            Act::Delete => format!("put the resource back without `@protect`, apply, then remove it; or {or}"),
        };
        Some(self.at(Code::ProtectedResource, change, message, "protected here").help(help))
    }

    /// What the stack policy says beyond `@protect`.
    fn policy(&self, change: &Change, notes: &mut Vec<String>) -> Option<Diagnostic> {
        let (verb, action) = match change.action {
            Action::Replace => ("replace", "Update:Replace"),
            Action::Delete | Action::Forget => ("delete", "Update:Delete"),
            Action::Update => ("change", "Update:Modify"),
            _ => return None,
        };
        let reason = self.deployed.forbids(self.wanted, action, change)?;
        let id = &change.logical_id;
        if is_open(change) {
            let told =
                format!("the stack policy does not let {id} be {verb}d: if that had to happen, the update would stop");
            notes.push(told);
            return None;
        }
        let statement = reason.split_once("Statement [#").and_then(|(_, rest)| rest.split_once(']')).map(|(n, _)| n);
        let message =
            format!("this would {verb} `{id}` of `{}`, which its stack policy does not allow", self.wanted.id);
        let diagnostic = self.at(Code::ProtectedResource, change, message, "this resource");
        Some(diagnostic.help(match (&self.wanted.policy, statement) {
            (Some(_), Some(n)) => {
                format!("leave it as deployed, or change statement {n} of `@policy` and apply that first")
            }
            _ => "leave it as deployed, or give the stack a `@policy` that allows it".to_owned(),
        }))
    }

    /// A resource with data that an empty one takes the place of.
    fn emptied(&self, change: &Change, notes: &mut Vec<String>) -> Option<Diagnostic> {
        let id = &change.logical_id;
        let may = match change.replacement {
            Replaces::Maybe if !self.is_last => {
                notes.push(format!("{id} holds data: if it had to be replaced, applying would stop before that"));
                return None;
            }
            Replaces::Maybe => "may",
            _ => "would",
        };
        let fate = match change.data {
            Some(Data::Retained) => "the new one is empty, and the old one stays in AWS, unmanaged",
            Some(Data::Snapshot) => "the new one is empty, and a snapshot of the old one stays",
            _ => "its data is deleted",
        };
        let message = format!("this {may} replace `{id}` of `{}`: {fate}", self.wanted.id);
        let or = self.allowance(Act::Replace, change);
        let help = match edited(change).as_slice() {
            [] => or,
            paths => format!("leave {} as deployed, or {or}", quoted(paths)),
        };
        let label = match replacing(change).as_slice() {
            [] => "this resource".to_owned(),
            paths => format!("replaced for {}", quoted(paths)),
        };
        Some(self.at(Code::StatefulResource, change, message, &label).help(help))
    }

    /// All that goes with its data, said at once: they have no place in the source any more.
    fn deleted(&self, changes: &[Change]) -> Option<Diagnostic> {
        let goes = |c: &&Change| {
            c.action == Action::Delete && is_lost(c) && protection(self.wanted, self.deployed, c).is_none()
        };
        let gone: Vec<&Change> = changes.iter().filter(goes).collect();
        let first = gone.first()?;
        let ids: Vec<&str> = gone.iter().map(|c| c.logical_id.as_str()).collect();
        let fate = match gone.as_slice() {
            all if all.iter().all(|c| c.data == Some(Data::Snapshot)) => "; of the data only snapshots stay",
            [_] => " and the data in it",
            _ => " and the data in them",
        };
        let message = format!("this would delete {} of `{}`{fate}", listed(&ids), self.wanted.id);
        let is_renamed = |c: &Change| c.action == Action::Create && c.resource_type == first.resource_type;
        let renamed = match changes.iter().find(|c| is_renamed(c)) {
            Some(new) => {
                format!("write `@id(\"{}\")` above `{}` if it is the same; else ", first.logical_id, new.logical_id)
            }
            None if gone.len() > 1 => "put them back, or ".to_owned(),
            None => "put it back, or ".to_owned(),
        };
        let help = format!("{renamed}{}", allowance(&self.wanted.stack, &ids));
        Some(of_stack(Code::StatefulResource, self.wanted, message).help(help))
    }

    /// A replacement that CloudFormation refuses because old and new one would have the same name.
    fn name(&self, change: &Change, notes: &mut Vec<String>) -> Option<Diagnostic> {
        let names = fixed::kept(change, self.after, self.wanted.types)?;
        let names = quoted(&names);
        let id = &change.logical_id;
        if change.replacement == Replaces::Maybe {
            notes.push(format!("{id} keeps its {names}: if it had to be replaced, the update would fail"));
            return None;
        }
        let message = format!(
            "this would replace `{id}` of `{}`, and the new one cannot be made: {names} stays, and the old one has that \
             name until it goes",
            self.wanted.id
        );
        let edited = edited(change);
        let leave =
            if edited.is_empty() { String::new() } else { format!(", or leave {} as deployed", quoted(&edited)) };
        Some(
            self.at(Code::FixedName, change, message, "has a fixed name").help(format!(
                "give it another {names} in the same change, take {names} out so that AWS makes one{leave}"
            )),
        )
    }

    fn allowance(&self, act: Act, change: &Change) -> String {
        format!("allow it with `--allow {}`", allow::text(act, &self.wanted.stack, &change.logical_id))
    }

    fn at(&self, code: Code, change: &Change, message: String, label: &str) -> Diagnostic {
        match self.wanted.places.get(&change.logical_id) {
            Some(place) => place.tell(Diagnostic::new(code, message), label),
            None => of_stack(code, self.wanted, message),
        }
    }
}

/// Paths of what replaces the resource.
fn replacing(change: &Change) -> Vec<&str> {
    change.properties.iter().filter(|p| p.replaces != Replaces::No).map(|p| p.path.as_str()).collect()
}

/// Those of them whose own text changed.
fn edited(change: &Change) -> Vec<&str> {
    let own = change.properties.iter().filter(|p| p.replaces != Replaces::No && p.cause.is_none());
    own.map(|p| p.path.as_str()).collect()
}

/// What happens to the resource depends on what is known only when applying.
fn is_open(change: &Change) -> bool {
    match change.action {
        Action::Replace => change.replacement == Replaces::Maybe,
        Action::Update => change.attributes.is_empty() && change.properties.iter().all(|p| p.differs == Differs::Maybe),
        _ => false,
    }
}

fn quoted(paths: &[&str]) -> String {
    paths.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ")
}

/// Refuses a logical id that gets another type: CloudFormation cannot do it.
pub(crate) fn changed_types(wanted: &Wanted, changes: &[Change], before: &BTreeMap<String, String>) -> Vec<Diagnostic> {
    let changed = changes.iter().filter(|c| c.attributes.iter().any(|a| a == "Type"));
    changed
        .map(|change| {
            let old = before.get(&change.logical_id).map_or("another type", String::as_str);
            let message = format!(
                "`{}` of `{}` is deployed as {old} and cannot become {}",
                change.logical_id, wanted.id, change.resource_type
            );
            let diagnostic = match wanted.places.get(&change.logical_id) {
                Some(place) => place.tell(Diagnostic::new(Code::ChangedType, message), "its new type"),
                None => of_stack(Code::ChangedType, wanted, message),
            };
            let holds_data = wanted.types.resource(old).is_some_and(|known| known.stateful);
            diagnostic.help(if holds_data {
                let allow = allow::text(Act::Delete, &wanted.stack, &change.logical_id);
                format!("give the new resource another name; that deletes the old one, which `--allow {allow}` allows")
            } else {
                "give the new resource another name; the old one is then deleted".to_owned()
            })
        })
        .collect()
}
