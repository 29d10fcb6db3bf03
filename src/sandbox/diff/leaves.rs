//! The innermost values in which two values differ.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::template::scalar;

/// One differing value.
pub(crate) struct Leaf {
    /// `["VpcConfig", "SubnetIds", "0"]`
    pub(crate) path: Vec<String>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// Where the two differ; nothing where they are alike.
pub(crate) fn leaves(key: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(&mut vec![key.to_owned()], before, after, &mut found);
    found
}

fn walk(path: &mut Vec<String>, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Leaf>) {
    if alike(before, after) {
        return;
    }
    let steps: Vec<String> = match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            before.keys().chain(after.keys()).cloned().collect::<BTreeSet<_>>().into_iter().collect()
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            (0..before.len().max(after.len())).map(|at| at.to_string()).collect()
        }
        _ => {
            found.push(Leaf { path: path.clone(), before: before.cloned(), after: after.cloned() });
            return;
        }
    };
    for step in steps {
        let inner = |value: Option<&Value>| -> Option<Value> {
            match value? {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?).cloned(),
                other => other.get(&step).cloned(),
            }
        };
        let (before, after) = (inner(before), inner(after));
        path.push(step.clone());
        walk(path, before.as_ref(), after.as_ref(), found);
        path.pop();
    }
}

/// Equal for CloudFormation: `1` and `"1"`, `true` and `"true"`, nothing and null.
pub(crate) fn alike(left: Option<&Value>, right: Option<&Value>) -> bool {
    let (left, right) = (left.filter(|value| !value.is_null()), right.filter(|value| !value.is_null()));
    match (left, right) {
        (None, None) => true,
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(Some(left), Some(right)))
        }
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            left.len() == right.len() && left.iter().all(|(key, value)| alike(Some(value), right.get(key)))
        }
        (Some(left), Some(right)) => left == right || scalar(left).is_some_and(|text| Some(text) == scalar(right)),
        _ => false,
    }
}
