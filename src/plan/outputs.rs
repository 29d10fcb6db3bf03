//! Which outputs of a stack keep their value through what is planned for it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cloud::Stack;
use crate::plan::diff::{resources, value_differs};
use crate::plan::inputs::OutputState;
use crate::plan::refs::{Reference, is_intrinsic, maker, references, single};
use crate::plan::{Cause, Change, Differs, ParameterPlan, Shown, ValueChange};
use crate::schema::Types;

/// What is known when a stack is planned.
pub(crate) struct Known<'a> {
    /// The deployed stack.
    pub stack: Option<&'a Stack>,
    /// Its template.
    pub before: Option<&'a Value>,
    /// The new template.
    pub after: &'a Value,
    /// Resources that change.
    pub changes: &'a [Change],
    /// Parameters of the new template.
    pub parameters: &'a BTreeMap<String, ParameterPlan>,
    /// The resource types.
    pub types: &'a Types,
}

/// Whether the stack has just the outputs that its template says. One with a condition may be left out, and
/// which a macro makes is not written there.
pub(crate) fn are_those_of(template: &Value, stack: &Stack) -> bool {
    let nothing = Map::new();
    let outputs = section(template, &nothing);
    let is_open = |name: &str, output: &Value| name.starts_with("Fn::") || output.get("Condition").is_some();
    let all = outputs.iter().all(|(name, output)| is_open(name, output) || stack.outputs.contains_key(name));
    let made = outputs.keys().any(|name| name.starts_with("Fn::"));
    all && (made || stack.outputs.keys().all(|name| outputs.contains_key(name)))
}

/// The outputs that a stack which nothing changes has.
pub(crate) fn deployed(stack: &Stack) -> BTreeMap<String, OutputState> {
    stack.outputs.iter().map(|(name, output)| (name.clone(), OutputState::Known(output.value.clone()))).collect()
}

/// What can be known of each output of the new template.
pub(crate) fn states(known: &Known<'_>) -> BTreeMap<String, OutputState> {
    let nothing = Map::new();
    let old = known.before.map_or(&nothing, |t| section(t, &nothing));
    let state = |(name, new): (&String, &Value)| (name.clone(), one(name, value_of(new), old.get(name), known));
    section(known.after, &nothing).iter().map(state).collect()
}

fn section<'a>(template: &'a Value, nothing: &'a Map<String, Value>) -> &'a Map<String, Value> {
    template.get("Outputs").and_then(Value::as_object).unwrap_or(nothing)
}

fn value_of(output: &Value) -> &Value {
    output.get("Value").unwrap_or(&Value::Null)
}

fn one(name: &str, new: &Value, old: Option<&Value>, known: &Known<'_>) -> OutputState {
    if let Some(text) = plain(new, known.parameters) {
        return OutputState::Known(text);
    }
    let worst = references(new).iter().map(|r| differs(r, known)).max().unwrap_or(Differs::No);
    if worst == Differs::Yes {
        return OutputState::Anew;
    }
    let deployed = known.stack.and_then(|s| s.outputs.get(name));
    match deployed.filter(|_| worst == Differs::No && old.map(value_of) == Some(new)) {
        Some(output) => OutputState::Known(output.value.clone()),
        None => OutputState::Open,
    }
}

/// What an output owes its new value to, where its own text stays.
fn cause(name: &str, known: &Known<'_>) -> Option<Cause> {
    let text = |template: &Value| template.get("Outputs")?.get(name).map(value_of).cloned();
    let new = text(known.after)?;
    if known.before.and_then(text).as_ref() != Some(&new) {
        return None;
    }
    let all = references(&new);
    let worst = all.iter().map(|r| differs(r, known)).max().filter(|worst| *worst != Differs::No)?;
    let reference = all.iter().find(|r| differs(r, known) == worst)?;
    Some(match known.parameters.get(&reference.name) {
        Some(parameter) => Cause::Parameter { name: reference.name.clone(), origin: parameter.origin.clone() },
        None => Cause::Resource {
            logical_id: reference.name.clone(),
            attribute: reference.attribute.clone().unwrap_or_else(|| "Ref".to_owned()),
        },
    })
}

fn differs(reference: &Reference, known: &Known<'_>) -> Differs {
    if let Some(parameter) = known.parameters.get(&reference.name) {
        return parameter.differs;
    }
    let find = |id: &str| known.changes.iter().find(|c| c.logical_id == id);
    let nothing = Map::new();
    let change = find(&reference.name);
    if let Some(maker) = maker(&reference.name, resources(known.after, &nothing)).filter(|_| change.is_none()) {
        // What a transform makes may be made anew with what it is made of.
        return if find(maker).is_some() { Differs::Maybe } else { Differs::No };
    }
    change.map_or(Differs::No, |c| value_differs(c, reference.attribute.as_deref(), known.types))
}

/// The text of a value in which nothing is left to compute.
fn plain(value: &Value, parameters: &BTreeMap<String, ParameterPlan>) -> Option<String> {
    match value {
        Value::String(text) if text.contains("{{resolve:") => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(_) if is_intrinsic(value) => computed(value, parameters),
        _ => None,
    }
}

/// A parameter, or a join of plain values.
fn computed(value: &Value, parameters: &BTreeMap<String, ParameterPlan>) -> Option<String> {
    match single(value)? {
        ("Ref", Value::String(name)) => match &parameters.get(name)?.after {
            Shown::Value(Value::String(text)) => Some(text.clone()),
            _ => None,
        },
        ("Fn::Join", of) => {
            let between = of.get(0)?.as_str()?;
            let items: Option<Vec<String>> = of.get(1)?.as_array()?.iter().map(|i| plain(i, parameters)).collect();
            Some(items?.join(between))
        }
        _ => None,
    }
}

/// Outputs that appear, vanish, or become another value or may do so.
pub(crate) fn changes(known: &Known<'_>, states: &BTreeMap<String, OutputState>) -> Vec<ValueChange> {
    let nothing = BTreeMap::new();
    let deployed = known.stack.map_or(&nothing, |s| &s.outputs);
    let names: std::collections::BTreeSet<&String> = deployed.keys().chain(states.keys()).collect();
    let change = |name: &String| {
        let before = deployed.get(name).map(|o| Shown::text(&o.value));
        let after = states.get(name).map(|state| match state {
            OutputState::Known(text) => Shown::text(text),
            OutputState::Anew | OutputState::Open => Shown::Later(String::new()),
        });
        (before != after).then(|| ValueChange { cause: cause(name, known), name: name.clone(), before, after })
    };
    names.into_iter().filter_map(change).collect()
}
