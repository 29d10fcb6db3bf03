//! Protected resources: the stack policy that holds them, and what a plan may not do to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::diagnostics::{Code, Diagnostic};
use crate::plan::problem::of_stack;
use crate::plan::wanted::Wanted;
use crate::plan::{Action, Change, Replaces};

/// What a policy of ours denies.
const DENIED: [&str; 2] = ["Update:Delete", "Update:Replace"];

/// The stack policy for the protected resources; none where nothing is protected.
pub(crate) fn policy<'a>(ids: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let resources: Vec<String> = ids.into_iter().map(|id| format!("LogicalResourceId/{id}")).collect();
    (!resources.is_empty()).then(|| {
        json!({"Statement": [
            allow(),
            {"Effect": "Deny", "Principal": "*", "Action": DENIED, "Resource": resources},
        ]})
        .to_string()
    })
}

/// The policy that lifts ours: CloudFormation has no way to take a policy off a stack.
pub(crate) fn open_policy() -> String {
    json!({ "Statement": [allow()] }).to_string()
}

fn allow() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"})
}

/// Logical ids that a policy of ours protects. Empty for a policy that is not of ours.
pub(crate) fn protected_by(policy: Option<&str>) -> BTreeSet<String> {
    let Some(policy) = policy.and_then(|p| serde_json::from_str::<Value>(p).ok()) else { return BTreeSet::new() };
    let statements = policy.get("Statement").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [first, second] = statements else { return BTreeSet::new() };
    let ours = *first == allow() && second.get("Action") == Some(&json!(DENIED));
    let resources = second.get("Resource").and_then(Value::as_array).filter(|_| ours);
    let id = |r: &Value| r.as_str()?.strip_prefix("LogicalResourceId/").map(str::to_owned);
    resources.into_iter().flatten().filter_map(id).collect()
}

/// Why `change` may not happen: the reason given in the source, or that AWS still protects what the source dropped.
fn guard<'a>(change: &Change, wanted: &'a Wanted, deployed: &BTreeSet<String>) -> Option<&'a str> {
    match wanted.protected.get(&change.logical_id) {
        Some(why) => Some(why.as_str()),
        // Where the declaration stays without `@protect`, lifting it was meant; where it is gone, it may not have been.
        None if deployed.contains(&change.logical_id) && change.action != Action::Replace => Some(""),
        None => None,
    }
}

/// Refuses what would replace or delete a protected resource, and notes what only may.
pub(crate) fn judge(
    wanted: &Wanted,
    changes: &[Change],
    deployed: &BTreeSet<String>,
    notes: &mut Vec<String>,
) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    for change in changes {
        let verb = match change.action {
            Action::Replace => "replace",
            Action::Delete | Action::Forget => "delete",
            _ => continue,
        };
        let Some(why) = guard(change, wanted, deployed) else { continue };
        if change.action == Action::Replace && change.replacement == Replaces::Maybe {
            notes.push(format!("{} is protected: if it had to be replaced, the update would stop", change.logical_id));
            continue;
        }
        refused.push(refusal(wanted, change, verb, why));
    }
    refused
}

fn refusal(wanted: &Wanted, change: &Change, verb: &str, why: &str) -> Diagnostic {
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    let message = format!("this would {verb} `{}` of `{}`, which is protected{because}", change.logical_id, wanted.id);
    let diagnostic = match wanted.places.get(&change.logical_id) {
        Some(place) => place.tell(Diagnostic::new(Code::ProtectedResource, message), "protected here"),
        None => of_stack(Code::ProtectedResource, wanted, message),
    };
    let paths: Vec<&str> =
        change.properties.iter().filter(|p| p.replaces != Replaces::No).map(|p| p.path.as_str()).collect();
    diagnostic.help(match (verb, paths.as_slice()) {
        ("replace", [_, ..]) => {
            format!("leave {} as deployed, or take `@protect` off in a change of its own", quoted(&paths))
        }
        ("replace", []) => "take `@protect` off in a change of its own".to_owned(),
        _ => "put the resource back without `@protect`, apply, then remove it".to_owned(),
    })
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
            diagnostic.help("give the new resource another name")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_tells_what_it_protects() {
        let ids = ["Db".to_owned(), "Vpc".to_owned()];
        let text = policy(&ids);
        assert_eq!(protected_by(text.as_deref()), ids.into_iter().collect());
        assert_eq!(policy(&[]), None);
        assert!(protected_by(Some(&open_policy())).is_empty());
        assert!(protected_by(Some("{not json")).is_empty());
        assert!(protected_by(None).is_empty());
    }
}
