//! Differences that are none: the service tells the same in another way than the template.
//!
//! Seen in <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1259> and 1533: numbers as texts,
//! policies as texts, rules and ids in another order, tags of AWS, properties that are never given back.

use serde_json::Value;

use crate::cloud::{Difference, ResourceDrift, Stack};
use crate::schema::Types;

/// Lists in which the order says nothing, whatever the type.
const UNORDERED: &[&str] = &[
    "Action",
    "AvailabilityZones",
    "ManagedPolicyArns",
    "NotAction",
    "NotResource",
    "Resource",
    "SecurityGroupEgress",
    "SecurityGroupIds",
    "SecurityGroupIngress",
    "SecurityGroups",
    "SubnetIds",
    "Subnets",
    "Tags",
    "VPCSecurityGroups",
    "VpcSecurityGroupIds",
];

/// True where the difference is none.
pub(super) fn is_phantom(one: &Difference, resource: &ResourceDrift, stack: &Stack, types: &Types) -> bool {
    let path: Vec<&str> = one.path.iter().map(String::as_str).collect();
    let name = path.iter().rev().find(|step| step.parse::<usize>().is_err()).copied().unwrap_or_default();
    let side = |side: &Option<crate::cloud::Secret>| side.as_ref().map_or(Value::Null, |value| read(value.expose()));
    let (expected, actual) = (side(&one.expected), side(&one.actual));
    let known = types.resource(&resource.resource_type);
    same(name, &expected, &actual)
        || one.actual.is_none() && known.is_some_and(|known| types.is_write_only(known, &path))
        || one.expected.is_none() && is_tag_of_stack(&path, &actual, stack)
        || only_order(&path, resource)
}

/// A value as it is told: JSON of what is more than a text.
pub(super) fn read(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => Value::from(text),
    }
}

fn same(name: &str, a: &Value, b: &Value) -> bool {
    plain(name, a) == plain(name, b)
}

/// One form for all ways to write a value: scalars as texts, JSON in texts opened, lists of one as the one, what is
/// empty as nothing, lists without an order sorted.
fn plain(name: &str, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(text) => match read(text) {
            Value::String(text) => Value::String(text),
            inner => plain(name, &inner),
        },
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| plain(name, item)).collect();
            if UNORDERED.contains(&name) {
                items.sort_by_cached_key(Value::to_string);
            }
            match items.len() {
                0 => Value::Null,
                1 if matches!(name, "Action" | "NotAction" | "Resource" | "NotResource") => items.remove(0),
                _ => Value::Array(items),
            }
        }
        Value::Object(members) if members.is_empty() => Value::Null,
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), plain(k, v))).collect()),
        scalar => Value::String(scalar.to_string()),
    }
}

/// A tag that AWS gives, or that comes from the stack and not from the resource.
fn is_tag_of_stack(path: &[&str], actual: &Value, stack: &Stack) -> bool {
    let [.., "Tags", step] = path else { return false };
    let text = |key: &str| actual.get(key).and_then(Value::as_str);
    let (key, value) = match (text("Key"), actual) {
        (Some(key), _) => (key, text("Value")),
        (None, Value::String(value)) => (*step, Some(value.as_str())),
        _ => return false,
    };
    key.starts_with("aws:") || stack.tags.get(key).map(String::as_str) == value && value.is_some()
}

/// Some list around the place is the same but for its order.
fn only_order(path: &[&str], resource: &ResourceDrift) -> bool {
    let Some((expected, actual)) = &resource.properties else { return false };
    let (Ok(expected), Ok(actual)) =
        (serde_json::from_str::<Value>(expected.expose()), serde_json::from_str::<Value>(actual.expose()))
    else {
        return false;
    };
    let (mut a, mut b) = (&expected, &actual);
    for step in path {
        let (Some(x), Some(y)) = (next(a, step), next(b, step)) else { return false };
        if UNORDERED.contains(step) && x.is_array() && same(step, x, y) {
            return true;
        }
        (a, b) = (x, y);
    }
    false
}

fn next<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
        other => other.get(step),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_in_another_way_is_the_same() {
        for (name, a, b) in [
            ("Delay", json!("30"), json!(30)),
            ("On", json!("true"), json!(true)),
            ("Tags", json!([]), Value::Null),
            ("SubnetIds", json!(["b", "a"]), json!(["a", "b"])),
            (
                "Policy",
                json!({"Statement": [{"Action": ["sqs:*"], "Resource": "*"}]}).to_string().into(),
                json!({"Statement": [{"Action": "sqs:*", "Resource": ["*"]}]}),
            ),
        ] {
            assert!(same(name, &a, &b), "{name}");
        }
        for (name, a, b) in [
            ("Delay", json!("30"), json!(60)),
            ("Command", json!(["b", "a"]), json!(["a", "b"])),
            ("Names", json!(["a"]), json!("a")),
            ("On", json!("false"), Value::Null),
        ] {
            assert!(!same(name, &a, &b), "{name}");
        }
    }
}
