//! What somebody changed by hand, as it is told, and what a look for it finds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::model::{Resource, Stack};
use crate::schema::Types;

/// A resource that somebody changed, beside CloudFormation. It stays so for as long as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Name of the stack.
    pub stack: String,
    /// Logical id of the resource.
    pub resource: String,
    /// The property, such as `Tags.0.Value`; left out, the resource is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it is now; left out, it was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl Drift {
    /// That property of that resource has another value.
    #[must_use]
    pub fn set(stack: &str, resource: &str, path: &str, value: impl Into<Value>) -> Self {
        Self { path: Some(path.into()), value: Some(value.into()), ..Self::gone(stack, resource) }
    }

    /// That resource was deleted.
    #[must_use]
    pub fn gone(stack: &str, resource: &str) -> Self {
        Self { stack: stack.into(), resource: resource.into(), path: None, value: None }
    }

    /// Reads `STACK/LogicalId.Path=value` and `STACK/LogicalId`, the spelling of the command line.
    pub fn parse(text: &str) -> Option<Self> {
        let (place, value) = text.split_once('=').map_or((text, None), |(place, value)| (place, Some(value)));
        let (stack, place) = place.split_once('/')?;
        let (resource, path) = place.split_once('.').map_or((place, None), |(id, path)| (id, Some(path)));
        let filled = ![Some(stack), Some(resource), path].contains(&Some("")) && path.is_some() == value.is_some();
        let value = value.map(|value| serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)));
        filled.then(|| Self { path: path.map(str::to_owned), value, ..Self::gone(stack, resource) })
    }
}

/// A look for drift.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Detection {
    pub(crate) id: String,
    pub(crate) at: u64,
    /// Steps until it is done.
    pub(crate) left: u32,
    pub(crate) found: Vec<Found>,
}

impl Detection {
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }

    pub(crate) fn drifted(&self) -> usize {
        self.found.iter().filter(|found| matches!(found.status.as_str(), "MODIFIED" | "DELETED")).count()
    }

    /// Of the stack.
    pub(crate) fn status(&self) -> &'static str {
        if self.drifted() == 0 { "IN_SYNC" } else { "DRIFTED" }
    }
}

/// How a look found one resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) logical: String,
    pub(crate) physical: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) expected: Value,
    pub(crate) actual: Value,
    pub(crate) differences: Vec<Difference>,
}

/// A property that differs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// A JSON pointer.
    pub(crate) path: String,
    pub(crate) expected: Option<Value>,
    pub(crate) actual: Option<Value>,
}

/// Compares every resource of a stack with what is told of it.
pub(crate) fn look(stack: &Stack, told: &[Drift], types: &Types) -> Vec<Found> {
    let name = &stack.place.stack_name;
    let of = |(logical, resource): (&String, &Resource)| {
        let told = told.iter().filter(|drift| drift.stack == *name && drift.resource == *logical);
        compare(logical, resource, told, types)
    };
    stack.resources.iter().map(of).collect()
}

fn compare<'a>(logical: &str, resource: &Resource, told: impl Iterator<Item = &'a Drift>, types: &Types) -> Found {
    let expected = resource.properties.clone();
    let mut found = Found {
        logical: logical.to_owned(),
        physical: resource.physical.clone(),
        kind: resource.kind.clone(),
        status: "IN_SYNC".to_owned(),
        actual: expected.clone(),
        expected,
        differences: Vec::new(),
    };
    if types.resource(&resource.kind).is_none() {
        // Custom resources have no way to be read [A].
        found.status = "NOT_CHECKED".to_owned();
        return found;
    }
    for drift in told {
        let Some(path) = &drift.path else {
            found.status = "DELETED".to_owned();
            found.differences.clear();
            return found;
        };
        let steps: Vec<&str> = path.split('.').collect();
        put(&mut found.actual, &steps, drift.value.as_ref());
        let path = format!("/{}", steps.join("/"));
        let expected = found.expected.pointer(&path).cloned();
        if expected != drift.value {
            found.status = "MODIFIED".to_owned();
            found.differences.push(Difference { path, expected, actual: drift.value.clone() });
        }
    }
    found
}

/// Sets what stands at a path, or takes it away.
fn put(at: &mut Value, path: &[&str], value: Option<&Value>) {
    let Some((step, rest)) = path.split_first() else { return };
    if let Value::Array(items) = at {
        let Ok(index) = step.parse::<usize>() else { return };
        match (rest, value, items.get_mut(index)) {
            ([], Some(value), Some(item)) => *item = value.clone(),
            ([], Some(value), None) => items.push(value.clone()),
            ([], None, Some(_)) => drop(items.remove(index)),
            (rest, value, Some(item)) => put(item, rest, value),
            _ => {}
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(serde_json::Map::new());
    }
    let Some(members) = at.as_object_mut() else { return };
    match (rest, value) {
        ([], Some(value)) => drop(members.insert((*step).to_owned(), value.clone())),
        ([], None) => drop(members.remove(*step)),
        (rest, value) => put(members.entry(*step).or_insert(Value::Null), rest, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_command_line() {
        assert_eq!(Drift::parse("s/Q.Delay=60"), Some(Drift::set("s", "Q", "Delay", 60)));
        assert_eq!(Drift::parse("s/Q.Tags.0.Value=a=b"), Some(Drift::set("s", "Q", "Tags.0.Value", "a=b")));
        assert_eq!(Drift::parse("s/Q"), Some(Drift::gone("s", "Q")));
        for wrong in ["s", "/Q", "s/", "s/Q=1", "s/Q.Delay", "s/Q.=1"] {
            assert_eq!(Drift::parse(wrong), None, "{wrong}");
        }
    }
}
