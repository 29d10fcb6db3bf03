//! Policy documents: what IAM, buckets, queues, topics, keys and repositories take.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A policy document.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    /// Its statements, in their order; one that stands alone is a list of one.
    pub statements: Vec<Cow<'a, Map<String, Value>>>,
    /// What it has besides: `Version`, `Id`.
    pub rest: Vec<(String, Cow<'a, Value>)>,
}

impl<'a> Policy<'a> {
    /// Reads a value as a policy, also one that is JSON in a text. None where it is something else, or where a
    /// statement is computed as a whole.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Object(entries) => {
                let statements: Option<Vec<_>> =
                    list(entries.get("Statement")?).map(|one| statement(one).map(Cow::Borrowed)).collect();
                let rest = entries.iter().filter(|(key, _)| *key != "Statement");
                Some(Self {
                    statements: statements.filter(|all| !all.is_empty())?,
                    rest: rest.map(|(key, value)| (key.clone(), Cow::Borrowed(value))).collect(),
                })
            }
            Value::String(text) if text.trim_start().starts_with('{') && text.contains("\"Statement\"") => {
                Some(Policy::of(&serde_json::from_str(text).ok()?)?.owned())
            }
            _ => None,
        }
    }

    fn owned<'b>(self) -> Policy<'b> {
        Policy {
            statements: self.statements.into_iter().map(|s| Cow::Owned(s.into_owned())).collect(),
            rest: self.rest.into_iter().map(|(key, value)| (key, Cow::Owned(value.into_owned()))).collect(),
        }
    }
}

/// True for what is compared statement by statement.
pub(crate) fn is_policy(value: &Value) -> bool {
    Policy::of(value).is_some()
}

/// A statement has an effect; other things are called `Statement` too (rules of firewalls).
fn statement(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|entries| entries.get("Effect").is_some_and(Value::is_string))
}

/// The items of a list; of what is no list, itself.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}
