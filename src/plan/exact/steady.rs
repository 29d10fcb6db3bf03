//! Replacements that AWS does not rule out, and that are ruled out all the same.
//!
//! AWS plans for the worst of a value that is read from a resource which changes. Where that value is proven to stay, an
//! identifier or a name that only replacement changes, it replaces nothing.

use serde_json::Value;

use crate::cloud::{ChangeDetail, ChangeSet, Recreation, Replacement, ResourceChange};
use crate::plan::diff::{reason, value_differs};
use crate::plan::exact::{Reader, is_inside, path_of};
use crate::plan::refs::{Reference, live_reads, references};
use crate::plan::{Action, Change, Differs, Replaces};

impl Reader<'_> {
    /// Turns changes that cannot replace into updates, one after the other: what a resource gives stays where it does.
    pub(super) fn steady(&self, set: &ChangeSet, changes: &mut [Change]) {
        loop {
            let found = changes.iter().enumerate().find_map(|(at, change)| {
                let told = set.changes.iter().find(|told| told.logical_id == change.logical_id)?;
                Some((at, self.ruled_out(told, change, changes)?))
            });
            let Some((at, paths)) = found else { return };
            let Some(change) = changes.get_mut(at) else { return };
            change.properties.retain(|p| !paths.iter().any(|path| is_inside(&p.path, path)));
            change.action = Action::Update;
            change.replacement = Replaces::No;
            change.data = None;
            if !change.properties.is_empty() {
                change.reason = reason(&change.properties);
            }
        }
    }

    /// The paths for which AWS thinks that it may replace, where none of them can.
    fn ruled_out(&self, told: &ResourceChange, change: &Change, changes: &[Change]) -> Option<Vec<String>> {
        let is_open = change.action == Action::Replace && change.replacement == Replaces::Maybe;
        if !is_open || !matches!(told.replacement, Some(Replacement::Conditional | Replacement::True)) {
            return None;
        }
        // Of what a transform made, the template does not show what it reads.
        let resource = self.after.get("Resources")?.get(&told.logical_id)?;
        if resource.get("Type")?.as_str()? != told.resource_type {
            return None;
        }
        let may = |d: &&ChangeDetail| d.recreation != Some(Recreation::Never);
        let mut paths = Vec::new();
        for detail in told.details.iter().filter(may) {
            let path = path_of(detail);
            let value = at(resource.get("Properties")?, &path);
            let reads = references(value);
            let by_resource = matches!(detail.source.as_deref()?, "ResourceAttribute" | "ResourceReference");
            let stays = |read: &Reference| self.stays(read, changes);
            let proven = !reads.is_empty() && reads.iter().all(stays) && live_reads(value).is_empty();
            if !by_resource || detail.evaluation.as_deref() != Some("Dynamic") || !proven {
                return None;
            }
            paths.push(path);
        }
        // Where no property says why, AWS is believed as it is.
        let told_all = change.properties.iter().all(|p| p.replaces == Replaces::No || paths.contains(&p.path));
        (!paths.is_empty() && told_all).then_some(paths)
    }

    fn stays(&self, read: &Reference, changes: &[Change]) -> bool {
        match self.parameters.get(&read.name) {
            Some(parameter) => parameter.differs == Differs::No,
            None => changes
                .iter()
                .find(|c| c.logical_id == read.name)
                .is_none_or(|c| value_differs(c, read.attribute.as_deref(), self.types) == Differs::No),
        }
    }
}

/// What stands at a path; where the template does not go as deep, what it is computed in.
fn at<'v>(properties: &'v Value, path: &str) -> &'v Value {
    let mut value = properties;
    for step in path.split('.').filter(|s| !s.is_empty()) {
        let next = match value {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            other => other.get(step),
        };
        let Some(next) = next else { break };
        value = next;
    }
    value
}
