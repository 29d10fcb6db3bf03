//! Protected resources: the stack policy that holds them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cloud::policy::forbids;
use crate::plan::wanted::Wanted;
use crate::plan::{Action, Change, Setting};

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
        (!same).then(|| Setting::StackPolicy {
            protects: protects.into_iter().collect(),
            own: wanted.policy.clone(),
            lifts: Vec::new(),
        })
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

    /// What the policy is made of once the update begins: statements of its own, and the resources it protects.
    fn to_come(&self, wanted: &Wanted) -> (Option<String>, BTreeSet<String>) {
        let left = || {
            let mut statements = self.body.as_ref()?.get("Statement")?.as_array()?.clone();
            if !self.protects.is_empty() {
                statements.pop();
            }
            (statements != [allow()]).then(|| Value::Array(statements).to_string())
        };
        (wanted.policy.clone().or_else(left), wanted.protected.keys().cloned().collect())
    }

    /// Why the policy does not let that action happen to a resource, as AWS would say it. What an allowance lifts this
    /// once is not counted.
    pub(crate) fn forbids(&self, wanted: &Wanted, action: &str, change: &Change) -> Option<String> {
        let (own, mut protects) = self.to_come(wanted);
        if change.allowed.is_some() {
            protects.remove(&change.logical_id);
        }
        forbids(policy(own.as_deref(), &protects).as_deref(), action, &change.logical_id, &change.resource_type)
    }

    /// Lets the policy stand back, this once, from protected resources whose replacement is allowed.
    pub(crate) fn lift(&self, wanted: &Wanted, changes: &[Change], settings: &mut Vec<Setting>) {
        let lifted = |c: &&Change| {
            c.action == Action::Replace && c.allowed.is_some() && wanted.protected.contains_key(&c.logical_id)
        };
        let lifted: Vec<String> = changes.iter().filter(lifted).map(|c| c.logical_id.clone()).collect();
        if lifted.is_empty() {
            return;
        }
        for setting in settings.iter_mut() {
            if let Setting::StackPolicy { lifts, .. } = setting {
                *lifts = lifted;
                return;
            }
        }
        let (own, protects) = self.to_come(wanted);
        settings.insert(0, Setting::StackPolicy { protects: protects.into_iter().collect(), own, lifts: lifted });
    }

    /// True where the policy in force protects a resource by a statement of ours.
    pub(crate) fn protects(&self, id: &str) -> bool {
        self.protects.contains(id)
    }
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
