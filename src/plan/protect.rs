//! Protected resources: the stack policy that holds them, and what a plan may not do to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cloud::policy::forbids;
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::problem::of_stack;
use crate::plan::wanted::Wanted;
use crate::plan::{Action, Change, Differs, Replaces, Setting};

/// What a policy of ours denies.
const DENIED: [&str; 2] = ["Update:Delete", "Update:Replace"];

/// The stack policy with these statements of its own, if any, and for the protected resources; none where there is
/// nothing to say.
pub(crate) fn policy<'a>(own: Option<&str>, ids: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let resources: Vec<String> = ids.into_iter().map(|id| format!("LogicalResourceId/{id}")).collect();
    let own: Option<Vec<Value>> = own.and_then(|own| serde_json::from_str(own).ok());
    if own.is_none() && resources.is_empty() {
        return None;
    }
    let mut statements = own.unwrap_or_else(|| vec![allow()]);
    if !resources.is_empty() {
        statements.push(json!({"Effect": "Deny", "Principal": "*", "Action": DENIED, "Resource": resources}));
    }
    Some(json!({ "Statement": statements }).to_string())
}

/// The policy that lifts ours: CloudFormation has no way to take a policy off a stack.
pub(crate) fn open_policy() -> String {
    json!({ "Statement": [allow()] }).to_string()
}

fn allow() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"})
}

/// The stack policy that is in force.
#[derive(Clone, Default, Debug)]
pub(crate) struct InForce {
    body: Option<Value>,
    /// Logical ids that a statement of ours protects. Empty for a policy that is not of ours.
    protects: BTreeSet<String>,
}

impl InForce {
    /// From its text.
    pub(crate) fn read(policy: Option<String>) -> Self {
        let body: Option<Value> = policy.and_then(|text| serde_json::from_str(&text).ok());
        let statements = body.as_ref().and_then(|body| body.get("Statement")?.as_array());
        let last = statements.and_then(|all| all.last()).filter(|one| one.get("Action") == Some(&json!(DENIED)));
        let resources = last.and_then(|one| one.get("Resource")?.as_array());
        let id = |r: &Value| r.as_str()?.strip_prefix("LogicalResourceId/").map(str::to_owned);
        let protects = resources.into_iter().flatten().filter_map(id).collect();
        Self { body, protects }
    }

    /// The policy that has to take its place, if it is another one.
    pub(crate) fn change(&self, wanted: &Wanted) -> Option<Setting> {
        let protects: BTreeSet<String> = wanted.protected.keys().cloned().collect();
        let same = match &wanted.policy {
            Some(own) => {
                let policy: Option<Value> = policy(Some(own), &protects).and_then(|p| serde_json::from_str(&p).ok());
                policy == self.body
            }
            // A policy of others, or of a `@policy` that is gone, stays.
            None => protects == self.protects,
        };
        (!same).then(|| Setting::StackPolicy { protects: protects.into_iter().collect(), own: wanted.policy.clone() })
    }

    /// Tells of a policy that stays in force although the source no longer says it.
    pub(crate) fn leftover(&self, wanted: &Wanted) -> Option<String> {
        let statements = self.body.as_ref()?.get("Statement")?.as_array()?;
        let ours =
            statements.first() == Some(&allow()) && statements.len() == 1 + usize::from(!self.protects.is_empty());
        (wanted.policy.is_none() && self.change(wanted).is_none() && !ours).then(|| {
            "a stack policy is in force that the source does not have; it stays until `@policy` gives another one"
                .to_owned()
        })
    }

    /// The text of the policy that the update will meet.
    fn to_come(&self, wanted: &Wanted) -> Option<String> {
        match self.change(wanted) {
            Some(Setting::StackPolicy { protects, own }) => policy(own.as_deref(), &protects),
            _ => self.body.as_ref().map(Value::to_string),
        }
    }
}

/// Why `change` may not happen: the reason given in the source, or that AWS still protects what the source dropped.
fn guard<'a>(change: &Change, wanted: &'a Wanted, deployed: &InForce) -> Option<&'a str> {
    match wanted.protected.get(&change.logical_id) {
        Some(why) => Some(why.as_str()),
        // Where the declaration stays without `@protect`, lifting it was meant; where it is gone, it may not have been.
        None if deployed.protects.contains(&change.logical_id) && change.action != Action::Replace => Some(""),
        None => None,
    }
}

/// Refuses what would replace or delete a protected resource, and notes what only may.
pub(crate) fn judge(
    wanted: &Wanted,
    changes: &[Change],
    deployed: &InForce,
    notes: &mut Vec<String>,
) -> Vec<Diagnostic> {
    let mut refused = Vec::new();
    let to_come = deployed.to_come(wanted);
    for change in changes {
        let (verb, denied) = match change.action {
            Action::Replace => ("replace", "Update:Replace"),
            Action::Delete | Action::Forget => ("delete", "Update:Delete"),
            Action::Update => ("change", "Update:Modify"),
            _ => continue,
        };
        let guarded = if change.action == Action::Update { None } else { guard(change, wanted, deployed) };
        let Some(why) = guarded else {
            let reason = forbids(to_come.as_deref(), denied, &change.logical_id, &change.resource_type);
            match reason {
                Some(_) if is_open(change) => notes.push(format!(
                    "the stack policy does not let {} be {verb}d: if that had to happen, the update would stop",
                    change.logical_id
                )),
                Some(reason) => refused.push(denial(wanted, change, verb, &reason)),
                None => {}
            }
            continue;
        };
        if change.action == Action::Replace && change.replacement == Replaces::Maybe {
            notes.push(format!("{} is protected: if it had to be replaced, the update would stop", change.logical_id));
            continue;
        }
        refused.push(refusal(wanted, change, verb, why));
    }
    refused
}

/// What happens to the resource depends on what is known only when applying.
fn is_open(change: &Change) -> bool {
    match change.action {
        Action::Replace => change.replacement == Replaces::Maybe,
        Action::Update => change.attributes.is_empty() && change.properties.iter().all(|p| p.differs == Differs::Maybe),
        _ => false,
    }
}

/// A change that the stack policy denies; `reason` is how AWS would say it.
fn denial(wanted: &Wanted, change: &Change, verb: &str, reason: &str) -> Diagnostic {
    let statement = reason.split_once("Statement [#").and_then(|(_, rest)| rest.split_once(']')).map(|(n, _)| n);
    let message =
        format!("this would {verb} `{}` of `{}`, which its stack policy does not allow", change.logical_id, wanted.id);
    let diagnostic = match wanted.places.get(&change.logical_id) {
        Some(place) => place.tell(Diagnostic::new(Code::ProtectedResource, message), "this resource"),
        None => of_stack(Code::ProtectedResource, wanted, message),
    };
    diagnostic.help(match (&wanted.policy, statement) {
        (Some(_), Some(n)) => {
            format!("leave it as deployed, or change statement {n} of `@policy` and apply that first")
        }
        _ => "leave it as deployed, or give the stack a `@policy` that allows it".to_owned(),
    })
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
        let protects = |text: Option<String>| InForce::read(text).protects;
        assert_eq!(protects(policy(None, &ids)), ids.clone().into_iter().collect());
        let own = json!([allow(), {"Effect": "Deny", "Principal": "*", "Action": "Update:*", "Resource": "*"}]);
        assert_eq!(protects(policy(Some(&own.to_string()), &ids)), ids.into_iter().collect());
        assert!(protects(policy(Some(&own.to_string()), &[])).is_empty());
        assert_eq!(policy(None, &[]), None);
        assert!(protects(Some(open_policy())).is_empty());
        assert!(protects(Some("{not json".to_owned())).is_empty());
        assert!(protects(None).is_empty());
    }
}
