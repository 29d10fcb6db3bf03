//! Template against template: what would change, as far as that can be known without asking AWS.
//!
//! Exact for what is text; what follows from a replaced resource or from a value known only when applying is
//! followed through the references inside the stack. Replacement is what the schema says; of a type that
//! the schema does not know, every change *may* replace.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::plan::policy::is_policy;
use crate::plan::refs::{Reference, is_intrinsic, live_reads, maker, references, same_text};
use crate::plan::{
    Action, Cause, Change, Data, Differs, ParameterPlan, PropertyChange, Reason, Replaces, Shown, secrecy,
};
use crate::schema::{RefValue, Replacement, ResourceType, Types};

/// What is compared.
pub(crate) struct Sides<'a> {
    /// The deployed template; none for a new stack.
    pub before: Option<&'a Value>,
    /// The new one.
    pub after: &'a Value,
    /// Parameters of the new one.
    pub parameters: &'a BTreeMap<String, ParameterPlan>,
    /// The resource types.
    pub types: &'a Types,
}

/// Resources that change, by logical id; those that do not are left out.
pub(crate) fn diff(sides: &Sides<'_>) -> Vec<Change> {
    let nothing = Map::new();
    let before = sides.before.map_or(&nothing, |t| resources(t, &nothing));
    let after = resources(sides.after, &nothing);
    let mut changes = BTreeMap::new();
    for (id, new) in after {
        let change = match before.get(id) {
            None => created(id, new, sides),
            Some(old) => edited(id, old, new, sides),
        };
        changes.insert(id.as_str(), change);
    }
    follow(after, sides, &mut changes);
    for (id, old) in before {
        if !after.contains_key(id) {
            changes.insert(id.as_str(), gone(id, old, Reason::Gone, sides.types));
        }
    }
    changes.into_values().filter(|c| c.action != Action::None).collect()
}

/// What goes with a whole stack.
pub(crate) fn all_gone(template: &Value, types: &Types) -> Vec<Change> {
    let nothing = Map::new();
    resources(template, &nothing).iter().map(|(id, old)| gone(id, old, Reason::StackGoes, types)).collect()
}

/// The resources of a template.
pub(crate) fn resources<'a>(template: &'a Value, nothing: &'a Map<String, Value>) -> &'a Map<String, Value> {
    template.get("Resources").and_then(Value::as_object).unwrap_or(nothing)
}

/// The type of a resource of a template.
pub(crate) fn type_of(resource: &Value) -> &str {
    resource.get("Type").and_then(Value::as_str).unwrap_or_default()
}

fn blank(id: &str, resource: &Value, types: &Types) -> Change {
    let resource_type = type_of(resource);
    Change {
        logical_id: id.to_owned(),
        resource_type: resource_type.to_owned(),
        action: Action::None,
        reason: Reason::Other,
        replacement: Replaces::No,
        data: None,
        stateful: types.resource(resource_type).is_some_and(|t| t.stateful),
        allowed: None,
        empties: false,
        properties: Vec::new(),
        attributes: Vec::new(),
        place: None,
    }
}

fn created(id: &str, new: &Value, sides: &Sides<'_>) -> Change {
    Change { action: Action::Create, reason: Reason::New, ..blank(id, new, sides.types) }
}

fn gone(id: &str, old: &Value, reason: Reason, types: &Types) -> Change {
    let data = fate(old, "DeletionPolicy");
    let action = if data == Data::Retained { Action::Forget } else { Action::Delete };
    Change { action, reason, data: Some(data), ..blank(id, old, types) }
}

/// What becomes of a resource that goes: what its policy says, else what AWS does of itself.
pub(crate) fn fate(resource: &Value, policy: &str) -> Data {
    match resource.get(policy).and_then(Value::as_str) {
        Some("Retain") => Data::Retained,
        // `RetainExceptOnCreate` deletes only what the same operation made.
        Some("RetainExceptOnCreate") => Data::Retained,
        Some("Snapshot") => Data::Snapshot,
        Some(_) => Data::Deleted,
        None if snapshot_by_default(resource) => Data::Snapshot,
        None => Data::Deleted,
    }
}

/// The two types of which CloudFormation keeps a snapshot where nothing is said.
fn snapshot_by_default(resource: &Value) -> bool {
    match type_of(resource) {
        "AWS::RDS::DBCluster" => true,
        "AWS::RDS::DBInstance" => resource.pointer("/Properties/DBClusterIdentifier").is_none(),
        _ => false,
    }
}

fn edited(id: &str, old: &Value, new: &Value, sides: &Sides<'_>) -> Change {
    let mut change = blank(id, new, sides.types);
    let known = sides.types.resource(&change.resource_type);
    let nothing = Value::Null;
    let mut walk = Walk { sides, known, path: Vec::new(), found: Vec::new() };
    walk.compare(old.get("Properties").unwrap_or(&nothing), new.get("Properties").unwrap_or(&nothing));
    change.properties = walk.found;
    for property in &mut change.properties {
        let both = [old, new].into_iter().filter_map(|side| side.get("Properties"));
        let is_secret = secrecy::is_secret(both, &property.path, sides.parameters);
        secrecy::veil(property, is_secret);
    }
    change.attributes = other_attributes(old, new);
    // Only these two are known to make CloudFormation touch a resource whose properties stay.
    let touched = change.attributes.iter().any(|a| a == "Metadata" || a == "UpdatePolicy");
    settle(&mut change, new);
    if change.action == Action::None && touched {
        change.action = Action::Update;
        change.reason = Reason::Edited;
    }
    if type_of(old) != type_of(new) {
        change.action = Action::Replace;
        change.replacement = Replaces::Yes;
        change.reason = Reason::Edited;
        change.data = Some(fate(old, "UpdateReplacePolicy"));
        change.attributes.push("Type".to_owned());
    }
    change
}

/// Attributes beside `Properties` and `Type` whose text differs, sorted.
fn other_attributes(old: &Value, new: &Value) -> Vec<String> {
    let keys = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut names: Vec<String> = keys(old).into_iter().chain(keys(new)).collect();
    names.retain(|name| name != "Properties" && name != "Type" && old.get(name) != new.get(name));
    names.sort();
    names.dedup();
    names
}

/// Derives action, replacement, reason and fate from the properties that change.
fn settle(change: &mut Change, new: &Value) {
    let Some(worst) = change.properties.iter().map(|p| p.replaces).max() else { return };
    change.replacement = worst;
    change.action = if worst == Replaces::No { Action::Update } else { Action::Replace };
    change.data = (worst != Replaces::No).then(|| fate(new, "UpdateReplacePolicy"));
    change.reason = reason(&change.properties);
}

/// The first reason that fits: own text, then parameters, then references.
pub(crate) fn reason(properties: &[PropertyChange]) -> Reason {
    let edited = |p: &&PropertyChange| p.cause.is_none();
    if properties.iter().any(|p| edited(&p)) {
        let tags = properties.iter().all(|p| p.path == "Tags" || p.path.starts_with("Tags."));
        return if tags { Reason::Tagged } else { Reason::Edited };
    }
    if properties.iter().any(|p| matches!(p.cause, Some(Cause::Parameter { .. }))) {
        return Reason::Parameter;
    }
    Reason::Reference
}

/// Walks two values of one resource side by side.
struct Walk<'a> {
    sides: &'a Sides<'a>,
    known: Option<&'a ResourceType>,
    path: Vec<String>,
    found: Vec<PropertyChange>,
}

impl Walk<'_> {
    fn compare(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            _ if same_text(Some(old), Some(new)) => {}
            // They are compared statement by statement, which needs both as a whole.
            _ if is_policy(old) && is_policy(new) => self.say(Some(old), Some(new)),
            (Value::Object(a), Value::Object(b)) if !is_intrinsic(old) && !is_intrinsic(new) => {
                let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                for key in keys {
                    self.at(key, |w| match (a.get(key), b.get(key)) {
                        (Some(x), Some(y)) => w.compare(x, y),
                        (x, y) => w.say(x, y),
                    });
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (index, (x, y)) in a.iter().zip(b).enumerate() {
                    self.at(&index.to_string(), |w| w.compare(x, y));
                }
            }
            (Value::Null, new) if self.path.is_empty() => self.compare(&Value::Object(Map::new()), new),
            (old, Value::Null) if self.path.is_empty() => self.compare(old, &Value::Object(Map::new())),
            _ => self.say(Some(old), Some(new)),
        }
    }

    fn at(&mut self, step: &str, go: impl FnOnce(&mut Self)) {
        self.path.push(step.to_owned());
        go(self);
        self.path.pop();
    }

    fn say(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let shown = |v: &Value| show(v, self.sides.parameters);
        let replaces = replaces(self.known, &self.path, self.sides.types);
        self.found.push(PropertyChange {
            path: self.path.join("."),
            before: old.map(shown),
            after: new.map(shown),
            differs: Differs::Yes,
            replaces,
            cause: None,
            place: None,
        });
    }
}

/// What a change at `path` does, as far as the schema tells.
pub(crate) fn replaces(known: Option<&ResourceType>, path: &[String], types: &Types) -> Replaces {
    let Some(known) = known else { return Replaces::Maybe };
    if known.no_update {
        return Replaces::Yes;
    }
    let is_index = |s: &&String| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let steps: Vec<&str> = path.iter().map(|s| if is_index(&s) { "*" } else { s.as_str() }).collect();
    match types.replacement(known, &steps) {
        Replacement::No => Replaces::No,
        Replacement::Maybe => Replaces::Maybe,
        Replacement::Yes => Replaces::Yes,
    }
}

/// A value of a template as it may be shown: hidden where it reads a secret parameter.
pub(crate) fn show(value: &Value, parameters: &BTreeMap<String, ParameterPlan>) -> Shown {
    let secret = |r: &Reference| parameters.get(&r.name).is_some_and(|p| p.after == Shown::Hidden);
    if references(value).iter().any(secret) { Shown::Hidden } else { Shown::Value(value.clone()) }
}

/// Follows what changes through the references of the stack, until nothing new is found.
fn follow<'a>(after: &'a Map<String, Value>, sides: &Sides<'_>, changes: &mut BTreeMap<&'a str, Change>) {
    let leaves: Vec<(&str, Vec<Leaf<'_>>)> =
        after.iter().map(|(id, r)| (id.as_str(), leaves(r.get("Properties").unwrap_or(&Value::Null)))).collect();
    loop {
        let mut moved = false;
        for (id, leaves) in &leaves {
            for leaf in leaves {
                let Some((differs, cause)) = influence(leaf, sides, changes) else { continue };
                let Some(change) = changes.get_mut(id) else { continue };
                moved |= affect(change, leaf, differs, cause, after.get(*id), sides);
            }
        }
        if !moved {
            return;
        }
    }
}

/// A computed value inside a resource's properties.
struct Leaf<'a> {
    path: Vec<String>,
    value: &'a Value,
    references: Vec<Reference>,
}

fn leaves(properties: &Value) -> Vec<Leaf<'_>> {
    fn walk<'a>(value: &'a Value, path: &mut Vec<String>, found: &mut Vec<Leaf<'a>>) {
        let mut step = |name: String, value: &'a Value, found: &mut Vec<Leaf<'a>>| {
            path.push(name);
            walk(value, path, found);
            path.pop();
        };
        match value {
            _ if is_intrinsic(value) => {
                found.push(Leaf { path: path.clone(), value, references: references(value) });
            }
            Value::Object(entries) => entries.iter().for_each(|(k, v)| step(k.clone(), v, found)),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| step(i.to_string(), v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(properties, &mut Vec::new(), &mut found);
    found
}

/// The strongest reason for which the value of a leaf may become another one.
fn influence(leaf: &Leaf<'_>, sides: &Sides<'_>, changes: &BTreeMap<&str, Change>) -> Option<(Differs, Cause)> {
    // What CloudFormation reads while it deploys is not known before, and it plans for the worst (aws/aws-cdk#38829).
    let mut strongest = live_reads(leaf.value).first().map(|(stack, output)| {
        (Differs::Maybe, Cause::Live { stack: (*stack).to_owned(), output: (*output).to_owned() })
    });
    for reference in &leaf.references {
        let found = match sides.parameters.get(&reference.name) {
            Some(p) => {
                let cause = Cause::Parameter { name: reference.name.clone(), origin: p.origin.clone() };
                (p.differs, cause)
            }
            None => {
                let nothing = Map::new();
                let (name, attribute) = match maker(&reference.name, resources(sides.after, &nothing)) {
                    // Of what a transform makes as little is known as of an attribute.
                    Some(maker) => (maker.to_owned(), Some(reference.name.as_str())),
                    None => (reference.name.clone(), reference.attribute.as_deref()),
                };
                let Some(change) = changes.get(name.as_str()) else { continue };
                let differs = value_differs(change, attribute, sides.types);
                let attribute = reference.attribute.clone().unwrap_or_else(|| "Ref".to_owned());
                let cause = Cause::Resource { logical_id: reference.name.clone(), attribute };
                (differs, cause)
            }
        };
        if found.0 != Differs::No && strongest.as_ref().is_none_or(|(d, _)| *d < found.0) {
            strongest = Some(found);
        }
    }
    strongest
}

/// Whether what is read of a resource becomes another value by its change.
pub(crate) fn value_differs(change: &Change, attribute: Option<&str>, types: &Types) -> Differs {
    match (change.action, change.replacement) {
        (Action::Replace, Replaces::Yes) | (Action::Create, _) => Differs::Yes,
        (Action::Replace, _) => Differs::Maybe,
        (Action::Update, _) => match attribute {
            Some(attribute) if !is_identity(&change.resource_type, attribute, types) => Differs::Maybe,
            _ => Differs::No,
        },
        _ => Differs::No,
    }
}

/// True for attributes that stay as long as the resource is not replaced: what identifies it, an ARN, which is
/// made of that, and a property that only replacement changes, also where `Name` stands for `ServiceName`.
fn is_identity(resource_type: &str, attribute: &str, types: &Types) -> bool {
    let Some(known) = types.resource(resource_type) else { return false };
    // The attributes of a custom resource are whatever its function answers this time.
    if known.name == "AWS::CloudFormation::CustomResource" {
        return false;
    }
    let fixed = |property: String| {
        types.at_path(known, &[&property]).is_some() && replaces(Some(known), &[property], types) == Replaces::Yes
    };
    let kind = resource_type.rsplit("::").next().unwrap_or_default();
    known.primary_identifier.contains(&attribute)
        || known.ref_value == RefValue::Property(schema_name(known, attribute))
        || attribute == "Arn" && !known.primary_identifier.is_empty() && known.attribute(attribute).is_some()
        || fixed(attribute.to_owned())
        || attribute == "Name" && fixed(format!("{kind}Name"))
}

/// The schema's own copy of a name, so that it can be compared with what the schema keeps.
fn schema_name(known: &ResourceType, attribute: &str) -> &'static str {
    known.attributes.iter().map(|a| a.path).find(|p| *p == attribute).unwrap_or("")
}

/// Notes on a resource that the value at a leaf of it changes. True where that is news.
fn affect(
    change: &mut Change,
    leaf: &Leaf<'_>,
    differs: Differs,
    cause: Cause,
    new: Option<&Value>,
    sides: &Sides<'_>,
) -> bool {
    if matches!(change.action, Action::Create) {
        return false;
    }
    let by_schema = replaces(sides.types.resource(&change.resource_type), &leaf.path, sides.types);
    let replaces = if differs == Differs::Yes { by_schema } else { by_schema.min(Replaces::Maybe) };
    let path = leaf.path.join(".");
    let covered = |p: &&mut PropertyChange| p.path == path || is_below(&path, &p.path);
    let (before, after) = sides_of(leaf, &cause, sides);
    match change.properties.iter_mut().find(covered) {
        // The text at or above this place changed too: that already says all there is to say.
        Some(known) if known.cause.is_none() || (known.replaces >= replaces && known.differs >= differs) => {
            return false;
        }
        Some(known) => {
            known.replaces = known.replaces.max(replaces);
            known.differs = known.differs.max(differs);
            known.cause = Some(cause);
        }
        None => {
            let cause = Some(cause);
            change.properties.push(PropertyChange { path, before, after, differs, replaces, cause, place: None });
        }
    }
    change.properties.sort_by(|a, b| a.path.cmp(&b.path));
    let was_type_change = change.attributes.iter().any(|a| a == "Type");
    if let Some(new) = new.filter(|_| !was_type_change) {
        settle(change, new);
    }
    true
}

/// True where `path` lies inside `parent`.
fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}

/// The values before and after of a leaf whose text stays: those of its parameter where it is nothing else.
fn sides_of(leaf: &Leaf<'_>, cause: &Cause, sides: &Sides<'_>) -> (Option<Shown>, Option<Shown>) {
    let whole = |name: &str| leaf.value.get("Ref").and_then(Value::as_str) == Some(name);
    match cause {
        Cause::Parameter { name, .. } => match sides.parameters.get(name) {
            Some(p) if whole(name) => (p.before.clone(), Some(p.after.clone())),
            Some(p) if p.after == Shown::Hidden => (Some(Shown::Hidden), Some(Shown::Hidden)),
            _ => (None, Some(show(leaf.value, sides.parameters))),
        },
        Cause::Live { stack, output } => (None, Some(Shown::Later(format!("{stack} {output}")))),
        Cause::Resource { logical_id, attribute } => {
            let from = if attribute == "Ref" { logical_id.clone() } else { format!("{logical_id}.{attribute}") };
            (None, Some(Shown::Later(from)))
        }
    }
}

#[cfg(test)]
mod tests;
