//! From a change set, as AWS computed it, to the changes of a plan.
//!
//! What happens to a resource is what AWS says; the local diff only adds values and causes that AWS leaves out.
//! A word that we do not know is taken for the worst it could mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cloud::{
    ChangeAction, ChangeDetail, ChangeSet, PolicyAction, Recreation, Replacement, ResourceChange, Secret,
};
use crate::plan::diff::{fate, reason, replaces, value_differs};
use crate::plan::policy::is_policy;
use crate::plan::refs::{Reference, references};
use crate::plan::{
    Action, Cause, Change, Data, Differs, ParameterPlan, PropertyChange, Reason, Replaces, Shown, secrecy,
};
use crate::schema::Types;

mod steady;

/// What AWS writes for a value that it will know only when executing.
const LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// What the changes are read with.
pub(crate) struct Reader<'a> {
    /// The deployed template, where it is known.
    pub before: Option<&'a Value>,
    /// The new one.
    pub after: &'a Value,
    /// Parameters of the new one.
    pub parameters: &'a BTreeMap<String, ParameterPlan>,
    /// What the local diff says.
    pub local: &'a [Change],
    /// The resource types.
    pub types: &'a Types,
}

impl Reader<'_> {
    /// Every change of a change set, by logical id.
    pub(crate) fn read(&self, set: &ChangeSet) -> Vec<Change> {
        let mut changes: Vec<Change> = set.changes.iter().map(|c| self.change(c)).collect();
        changes.sort_by(|a, b| a.logical_id.cmp(&b.logical_id));
        self.steady(set, &mut changes);
        for change in self.idle(set, &changes) {
            if let Some(change) = changes.iter_mut().find(|c| c.logical_id == change) {
                *change = rest(change);
            }
        }
        let still: Vec<(usize, usize)> = self.still(&changes).collect();
        for (change, property) in still {
            if let Some(property) = changes.get_mut(change).and_then(|c| c.properties.get_mut(property)) {
                property.differs = Differs::No;
            }
        }
        changes
    }

    /// Properties that AWS lists only because they read something of a resource that changes in place, where what they
    /// read is proven to stay: positions of the change and of the property.
    fn still<'a>(&self, changes: &'a [Change]) -> impl Iterator<Item = (usize, usize)> + use<'a, '_> {
        let stays = move |property: &PropertyChange| match &property.cause {
            Some(Cause::Resource { logical_id, attribute }) if property.differs == Differs::Maybe => {
                let attribute = Some(attribute.as_str()).filter(|a| *a != "Ref");
                let change = changes.iter().find(|c| c.logical_id == *logical_id);
                change.is_some_and(|change| value_differs(change, attribute, self.types) == Differs::No)
            }
            _ => false,
        };
        changes.iter().enumerate().flat_map(move |(at, change)| {
            let own = change.properties.iter().enumerate().filter(move |(_, property)| stays(property));
            own.map(move |(property, _)| (at, property))
        })
    }

    /// Resources that AWS lists only because they read something of a resource that changes in place, where what
    /// they read is proven to stay: an identifier, a name that cannot change, anything of another such resource.
    fn idle(&self, set: &ChangeSet, changes: &[Change]) -> BTreeSet<String> {
        let mut idle: BTreeSet<String> =
            set.changes.iter().filter(|told| self.is_only_listed(told)).map(|told| told.logical_id.clone()).collect();
        loop {
            let stays = |reference: &Reference| match self.parameters.get(&reference.name) {
                Some(parameter) => parameter.differs == Differs::No,
                None => changes.iter().find(|c| c.logical_id == reference.name).is_none_or(|change| {
                    idle.contains(&change.logical_id)
                        || value_differs(change, reference.attribute.as_deref(), self.types) == Differs::No
                }),
            };
            let wrong = idle.iter().find(|id| !self.references_of(id).iter().all(stays)).cloned();
            let Some(wrong) = wrong else { return idle };
            idle.remove(&wrong);
        }
    }

    fn references_of(&self, id: &str) -> Vec<Reference> {
        self.after.get("Resources").and_then(|r| r.get(id)?.get("Properties")).map(references).unwrap_or_default()
    }

    /// True where nothing of its own changes: AWS is not sure of any value, and only for resources it reads.
    fn is_only_listed(&self, told: &ResourceChange) -> bool {
        // Of what a transform made, the template does not show what it reads.
        let says = self.after.get("Resources").and_then(|r| r.get(&told.logical_id)?.get("Type")?.as_str());
        if says != Some(told.resource_type.as_str()) {
            return false;
        }
        let by_resource = |source: &str| matches!(source, "ResourceAttribute" | "ResourceReference");
        let open = |d: &ChangeDetail| {
            d.evaluation.as_deref() == Some("Dynamic") && d.source.as_deref().is_some_and(by_resource)
        };
        let edited = |c: &&Change| c.logical_id == told.logical_id && c.properties.iter().any(|p| p.cause.is_none());
        told.action == ChangeAction::Modify
            && told.scope.iter().all(|scope| scope == "Properties")
            && !told.details.is_empty()
            && told.details.iter().all(open)
            && !self.local.iter().any(|c| edited(&c))
    }

    fn change(&self, told: &ResourceChange) -> Change {
        let local = self.local.iter().find(|c| c.logical_id == told.logical_id);
        let mut properties = self.properties(told, local);
        let replacement = replacement(told, &properties);
        let data = self.data(told, replacement, local);
        let action = match &told.action {
            ChangeAction::Add => Action::Create,
            ChangeAction::Remove if data == Some(Data::Retained) => Action::Forget,
            ChangeAction::Remove => Action::Delete,
            ChangeAction::Import => Action::Import,
            ChangeAction::Modify if replacement == Replaces::No => Action::Update,
            _ => Action::Replace,
        };
        if action == Action::Create || action == Action::Delete || action == Action::Forget {
            properties.clear();
        }
        Change {
            logical_id: told.logical_id.clone(),
            resource_type: told.resource_type.clone(),
            action,
            reason: why(action, told, &properties),
            replacement: if action == Action::Replace { replacement } else { Replaces::No },
            data,
            stateful: self.types.resource(&told.resource_type).is_some_and(|t| t.stateful),
            allowed: None,
            empties: false,
            attributes: told.scope.iter().filter(|s| *s != "Properties").cloned().collect(),
            place: None,
            properties,
        }
    }

    /// What becomes of the old one: as AWS says, else by the templates, else as the local diff says.
    fn data(&self, told: &ResourceChange, replacement: Replaces, local: Option<&Change>) -> Option<Data> {
        let removed = told.action == ChangeAction::Remove;
        if !removed && (replacement == Replaces::No || matches!(told.action, ChangeAction::Add | ChangeAction::Import))
        {
            return None;
        }
        let by_template = || {
            let policy = if removed { "DeletionPolicy" } else { "UpdateReplacePolicy" };
            let template = if removed { self.before } else { Some(self.after) };
            Some(fate(template?.get("Resources")?.get(&told.logical_id)?, policy))
        };
        match &told.policy {
            Some(PolicyAction::Delete | PolicyAction::ReplaceAndDelete) => Some(Data::Deleted),
            Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) => Some(Data::Retained),
            Some(PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot) => Some(Data::Snapshot),
            Some(PolicyAction::Unknown(_)) | None => {
                by_template().or_else(|| local.and_then(|c| c.data)).or(Some(Data::Deleted))
            }
        }
    }

    /// The properties that change; AWS may tell one several times, for several causes.
    fn properties(&self, told: &ResourceChange, local: Option<&Change>) -> Vec<PropertyChange> {
        let mut found: BTreeMap<String, PropertyChange> = BTreeMap::new();
        for detail in told.details.iter().filter(|d| d.attribute.as_deref().is_none_or(|a| a == "Properties")) {
            let property = self.property(told, detail, local);
            match found.get_mut(&property.path) {
                None => drop(found.insert(property.path.clone(), property)),
                Some(known) => merge(known, property),
            }
        }
        // AWS names a property as a whole where the local diff knows the places inside: those say more. It names
        // places inside a policy, too, and those say less than the statements.
        let local = local.map(|c| c.properties.as_slice()).unwrap_or_default();
        let policies: Vec<&PropertyChange> = local.iter().filter(|p| is_of_policies(p)).collect();
        let mut all: Vec<PropertyChange> = Vec::new();
        for (path, property) in found {
            if let Some(policy) = policies.iter().find(|p| p.path != path && is_inside(&path, &p.path)) {
                match all.iter_mut().find(|known| known.path == policy.path) {
                    Some(known) => merge(known, PropertyChange { path: known.path.clone(), cause: None, ..property }),
                    None => all.push(PropertyChange { replaces: property.replaces, ..(*policy).clone() }),
                }
                continue;
            }
            let inside: Vec<&PropertyChange> = local.iter().filter(|p| is_inside(&p.path, &path)).collect();
            let bare = property.before.is_none() && property.after.is_none();
            let holds = policies.iter().any(|p| p.path != path && is_inside(&p.path, &path));
            if (bare || holds) && !inside.is_empty() {
                all.extend(inside.into_iter().map(|p| PropertyChange { replaces: property.replaces, ..p.clone() }));
            } else {
                all.push(property);
            }
        }
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    fn property(&self, told: &ResourceChange, detail: &ChangeDetail, local: Option<&Change>) -> PropertyChange {
        let path = path_of(detail);
        let sides = [self.before, Some(self.after)].into_iter().flatten();
        let properties = sides.filter_map(|side| side.get("Resources")?.get(&told.logical_id)?.get("Properties"));
        let secret = secrecy::is_secret(properties, &path, self.parameters);
        let cause = self.cause(detail);
        let known = local.and_then(|c| c.properties.iter().find(|p| p.path == path));
        let shown = |value: &Option<Secret>| value.as_ref().map(|v| show(v, cause.as_ref()));
        let replaces = match (&detail.recreation, detail.evaluation.as_deref()) {
            (Some(Recreation::Never), _) => Replaces::No,
            (Some(Recreation::Always), Some("Dynamic")) => Replaces::Maybe,
            (Some(Recreation::Always), _) => Replaces::Yes,
            (Some(_), _) => Replaces::Maybe,
            // AWS always says; what does not say leaves it to the schema.
            (None, evaluation) => match known {
                Some(known) => known.replaces,
                None if evaluation == Some("Dynamic") => self.by_schema(told, &path).min(Replaces::Maybe),
                None => self.by_schema(told, &path),
            },
        };
        let mut property = PropertyChange {
            before: typed(shown(&detail.before), known.and_then(|k| k.before.as_ref())),
            after: typed(shown(&detail.after), known.and_then(|k| k.after.as_ref())),
            differs: match detail.evaluation.as_deref() {
                Some("Dynamic") => known.map_or(Differs::Maybe, |k| k.differs),
                _ => Differs::Yes,
            },
            replaces,
            cause: cause.or_else(|| known.and_then(|k| k.cause.clone())),
            place: None,
            path,
        };
        secrecy::veil(&mut property, secret);
        property
    }

    fn by_schema(&self, told: &ResourceChange, path: &str) -> Replaces {
        let steps: Vec<String> = path.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        replaces(self.types.resource(&told.resource_type), &steps, self.types)
    }

    fn cause(&self, detail: &ChangeDetail) -> Option<Cause> {
        let entity = detail.cause.as_deref().filter(|c| !c.is_empty())?;
        let (name, attribute) = entity.split_once('.').unwrap_or((entity, "Ref"));
        match detail.source.as_deref()? {
            "ParameterReference" => {
                let origin = self.parameters.get(entity)?.origin.clone();
                Some(Cause::Parameter { name: entity.to_owned(), origin })
            }
            "ResourceReference" | "ResourceAttribute" => {
                Some(Cause::Resource { logical_id: name.to_owned(), attribute: attribute.to_owned() })
            }
            _ => None,
        }
    }
}

/// A change that AWS lists and that is proven to do nothing.
fn rest(listed: &Change) -> Change {
    let quiet = |p: &PropertyChange| PropertyChange { differs: Differs::No, replaces: Replaces::No, ..p.clone() };
    Change {
        action: Action::None,
        replacement: Replaces::No,
        data: None,
        properties: listed.properties.iter().map(quiet).collect(),
        ..listed.clone()
    }
}

/// A policy whose own text changes.
fn is_of_policies(property: &PropertyChange) -> bool {
    let is = |side: &Option<Shown>| matches!(side, Some(Shown::Value(value)) if is_policy(value));
    property.cause.is_none() && is(&property.before) && is(&property.after)
}

fn is_inside(path: &str, parent: &str) -> bool {
    parent.is_empty() || path == parent || path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}

/// `/Properties/Tags/0/Value` and plain names as `Tags.0.Value`.
fn path_of(detail: &ChangeDetail) -> String {
    match &detail.path {
        Some(path) => {
            path.trim_start_matches('/').trim_start_matches("Properties").trim_start_matches('/').replace('/', ".")
        }
        None => detail.name.clone().unwrap_or_default(),
    }
}

/// Two tellings of one property: what AWS is sure of counts, and a cause says more than none.
fn merge(known: &mut PropertyChange, other: PropertyChange) {
    known.replaces = known.replaces.max(other.replaces);
    known.differs = known.differs.max(other.differs);
    known.before = known.before.take().or(other.before);
    known.after = known.after.take().or(other.after);
    known.cause = known.cause.take().or(other.cause);
}

fn show(value: &Secret, cause: Option<&Cause>) -> Shown {
    let text = value.expose();
    if value.is_masked() {
        return Shown::Hidden;
    }
    if text.contains(LATER) {
        return Shown::Later(match cause {
            Some(Cause::Resource { logical_id, attribute }) if attribute == "Ref" => logical_id.clone(),
            Some(Cause::Resource { logical_id, attribute }) => format!("{logical_id}.{attribute}"),
            _ => String::new(),
        });
    }
    match serde_json::from_str::<Value>(text) {
        Ok(inner @ (Value::Object(_) | Value::Array(_))) => Shown::Value(inner),
        _ => Shown::text(text),
    }
}

/// A value as the templates have it, where AWS tells the same as text or tells none.
fn typed(told: Option<Shown>, local: Option<&Shown>) -> Option<Shown> {
    match (&told, local) {
        (Some(Shown::Value(Value::String(text))), Some(Shown::Value(Value::Number(n)))) if n.to_string() == *text => {
            local.cloned()
        }
        (Some(Shown::Value(Value::String(text))), Some(Shown::Value(Value::Bool(b)))) if b.to_string() == *text => {
            local.cloned()
        }
        (Some(_), _) => told,
        (None, _) => local.cloned(),
    }
}

/// The honest answer: `True` of AWS is a *maybe* where every reason for it waits for a value.
fn replacement(told: &ResourceChange, properties: &[PropertyChange]) -> Replaces {
    match &told.replacement {
        Some(Replacement::False) => Replaces::No,
        Some(Replacement::Conditional | Replacement::Unknown(_)) => Replaces::Maybe,
        Some(Replacement::True) => {
            let worst = properties.iter().map(|p| p.replaces).max().unwrap_or(Replaces::Yes);
            // Where no property says why, AWS is believed as it is.
            if worst == Replaces::Maybe { Replaces::Maybe } else { Replaces::Yes }
        }
        None if told.action == ChangeAction::Modify => {
            properties.iter().map(|p| p.replaces).max().unwrap_or(Replaces::No)
        }
        None => Replaces::Maybe,
    }
}

fn why(action: Action, told: &ResourceChange, properties: &[PropertyChange]) -> Reason {
    match action {
        Action::Create | Action::Import => Reason::New,
        Action::Delete | Action::Forget => Reason::Gone,
        _ if !properties.is_empty() => reason(properties),
        _ if told.scope.iter().all(|s| s == "Tags") && !told.scope.is_empty() => Reason::Tagged,
        _ if told.scope.is_empty() => Reason::Other,
        _ => Reason::Edited,
    }
}

#[cfg(test)]
mod tests;
