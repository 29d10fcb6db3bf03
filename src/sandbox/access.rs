//! Who may call what: IAM policy documents, one for each account, held against every call.
//!
//! A small evaluator: `Allow` and `Deny`, patterns in actions and resources, the condition operators that documents of
//! `infra ci policy` use. What it does not know refuses, so that nothing passes by a mistake of ours [J]. Without a
//! document for its account, a call passes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cloud::policy::glob;
use crate::sandbox::facts::{Answer, Fault};
use crate::sandbox::model;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Caller, World};

/// Documents by account: `{"111111111111": {"Version": …, "Statement": […]}}`.
pub(crate) type Documents = BTreeMap<String, Value>;

/// One permission that a call needs.
#[derive(Debug)]
pub(crate) struct Asked {
    action: String,
    resource: String,
    /// Condition keys that the call has, in lower case.
    context: BTreeMap<&'static str, String>,
}

impl Asked {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: BTreeMap::new() }
    }

    /// Of an object or, without a key, of a bucket.
    pub(crate) fn of_s3(operation: &str, bucket: &str, key: &str, owner: &str, region: &str) -> Self {
        let action = match operation {
            "HeadObject" | "GetObject" => "s3:GetObject",
            "HeadBucket" => "s3:ListBucket",
            "PutObject" => "s3:PutObject",
            "ListObjectVersions" => "s3:ListBucketVersions",
            "DeleteObject" | "DeleteObjects" => "s3:DeleteObjectVersion",
            other => return Self::new(format!("s3:{other}"), "*"),
        };
        let path = if key.is_empty() { bucket.to_owned() } else { format!("{bucket}/{key}") };
        let mut asked = Self::new(action, format!("arn:{}:s3:::{path}", model::partition(region)));
        asked.context.insert("aws:resourceaccount", owner.to_owned());
        asked
    }
}

/// Refuses a call of CloudFormation or STS that the caller's document does not allow.
pub(crate) fn check(world: &mut World, caller: &Caller, service: &str, action: &str, params: &Params) -> Answer<()> {
    if !world.policies.contains_key(&caller.account) {
        return Ok(());
    }
    for asked in needed(world, caller, service, action, params) {
        permit(&world.policies, caller, &asked)?;
    }
    Ok(())
}

/// Refuses what the caller's document does not allow.
pub(crate) fn permit(policies: &Documents, caller: &Caller, asked: &Asked) -> Answer<()> {
    let Some(document) = policies.get(&caller.account) else { return Ok(()) };
    let (effect, why) = match judge(document, asked) {
        Some(Verdict::Allowed) => return Ok(()),
        Some(Verdict::Denied) => ("with an explicit deny in an identity-based policy", String::new()),
        None => ("because no identity-based policy allows the", format!(" {} action", asked.action)),
    };
    // [F]
    let message = format!(
        "User: {} is not authorized to perform: {} on resource: {} {effect}{why}",
        caller.arn, asked.action, asked.resource
    );
    Err(Fault { code: "AccessDenied", status: 403, message })
}

/// The permissions that a call needs.
fn needed(world: &mut World, caller: &Caller, service: &str, action: &str, params: &Params) -> Vec<Asked> {
    if service == "sts" {
        // Who one is may always be asked [A].
        let role = params.text("RoleArn").unwrap_or_default();
        return if action == "AssumeRole" { vec![Asked::new("sts:AssumeRole", role)] } else { Vec::new() };
    }
    let mut asked = Asked::new(format!("cloudformation:{action}"), stack(world, caller, params));
    for (key, parameter) in [
        ("cloudformation:changesetname", "ChangeSetName"),
        ("cloudformation:templateurl", "TemplateURL"),
        ("cloudformation:rolearn", "RoleARN"),
    ] {
        asked.context.extend(params.text(parameter).map(|value| (key, value)));
    }
    for (key, tag) in [("aws:resourcetag/infra:project", "infra:project"), ("aws:resourcetag/infra:env", "infra:env")] {
        asked.context.extend(tagged(world, caller, params, tag).map(|value| (key, value)));
    }
    let mut all = vec![asked];
    if action == "CreateChangeSet" && !params.list_is_empty("Tags") {
        let mut tags = Asked::new("cloudformation:TagResource", stack(world, caller, params));
        tags.context.insert("cloudformation:createaction", action.to_owned());
        all.push(tags);
    }
    all
}

/// The ARN of the stack that a call is about; `*` where it is about none.
fn stack(world: &mut World, caller: &Caller, params: &Params) -> String {
    if let Some(set) = params.text("ChangeSetName").filter(|set| set.starts_with("arn:")) {
        let mut stacks = world.region(caller).values();
        if let Some(stack) = stacks.find(|stack| stack.change_sets.contains_key(&set)) {
            return stack.place.stack_id.clone();
        }
    }
    let Some(name) = params.text("StackName") else { return "*".to_owned() };
    if name.starts_with("arn:") {
        return name;
    }
    let found = world.find(caller, &name).and_then(|key| Some(world.region(caller).get(&key)?.place.stack_id.clone()));
    let (partition, region, account) = (model::partition(&caller.region), &caller.region, &caller.account);
    found.unwrap_or_else(|| format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/*"))
}

/// A tag of the stack that a call is about.
fn tagged(world: &mut World, caller: &Caller, params: &Params, tag: &str) -> Option<String> {
    let key = world.find(caller, &params.text("StackName")?)?;
    world.region(caller).get(&key)?.current.tags.get(tag).cloned()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Allowed,
    Denied,
}

/// What a document says of a permission; `None` where it does not speak of it.
fn judge(document: &Value, asked: &Asked) -> Option<Verdict> {
    let statements = match document.get("Statement") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let speaks = |effect: &str| {
        let is_it = |statement: &&Value| statement.get("Effect").and_then(Value::as_str) == Some(effect);
        statements.iter().filter(is_it).any(|statement| fits(statement, asked, effect == "Deny"))
    };
    if speaks("Deny") {
        return Some(Verdict::Denied);
    }
    speaks("Allow").then_some(Verdict::Allowed)
}

/// Whether a statement is about what is asked. `doubt` is the answer to conditions that are not known.
fn fits(statement: &Value, asked: &Asked, doubt: bool) -> bool {
    // The names of actions know no case [A].
    let action = |pattern: &str| glob(&pattern.to_ascii_lowercase(), &asked.action.to_ascii_lowercase());
    any(statement.get("Action"), action)
        && any(statement.get("Resource"), |pattern| glob(pattern, &asked.resource))
        && statement.get("Condition").and_then(Value::as_object).is_none_or(|operators| {
            operators.iter().all(|(operator, keys)| {
                let keys = keys.as_object().into_iter().flatten();
                keys.into_iter().all(|(key, values)| condition(operator, key, values, asked).unwrap_or(doubt))
            })
        })
}

/// Whether one condition holds; `None` where it is not known how.
fn condition(operator: &str, key: &str, values: &Value, asked: &Asked) -> Option<bool> {
    let value = asked.context.get(key.to_ascii_lowercase().as_str());
    if operator == "Null" {
        return Some(any(Some(values), |wanted| (wanted == "true") == value.is_none()));
    }
    let (operator, absent) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let Some(value) = value else { return Some(absent) };
    match operator {
        "StringEquals" => Some(any(Some(values), |wanted| wanted == value)),
        "StringLike" => Some(any(Some(values), |pattern| glob(pattern, value))),
        _ => None,
    }
}

/// Whether any text of a text or a list of them is meant.
fn any(texts: Option<&Value>, is_it: impl Fn(&str) -> bool) -> bool {
    match texts {
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(is_it),
        Some(one) => one.as_str().is_some_and(is_it),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(statement: Value, action: &str, resource: &str, context: &[(&'static str, &str)]) -> Option<Verdict> {
        let mut asked = Asked::new(action, resource);
        asked.context.extend(context.iter().map(|(key, value)| (*key, (*value).to_owned())));
        judge(&json!({ "Statement": statement }), &asked)
    }

    #[test]
    fn what_no_statement_allows_is_not_allowed_and_a_denial_wins() {
        let allow = json!({ "Effect": "Allow", "Action": ["a:Get*"], "Resource": "r/*" });
        assert_eq!(said(allow.clone(), "a:getthis", "r/1", &[]), Some(Verdict::Allowed));
        assert_eq!(said(allow.clone(), "a:PutThis", "r/1", &[]), None);
        assert_eq!(said(allow.clone(), "a:GetThis", "s/1", &[]), None);
        let deny = json!({ "Effect": "Deny", "Action": "a:GetThis", "Resource": "*" });
        assert_eq!(said(json!([allow, deny]), "a:GetThis", "r/1", &[]), Some(Verdict::Denied));
    }

    #[test]
    fn conditions_hold_for_values_that_are_there() {
        let with =
            |condition: Value| json!({ "Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": condition });
        let name = ("cloudformation:changesetname", "infra-1");
        let like = with(json!({ "StringLike": { "cloudformation:ChangeSetName": ["x", "infra-*"] } }));
        assert_eq!(said(like.clone(), "a:B", "r", &[name]), Some(Verdict::Allowed));
        assert_eq!(said(like.clone(), "a:B", "r", &[(name.0, "mine")]), None);
        assert_eq!(said(like, "a:B", "r", &[]), None);
        let or_none = with(json!({ "StringEqualsIfExists": { "cloudformation:ChangeSetName": "infra-1" } }));
        assert_eq!(said(or_none.clone(), "a:B", "r", &[]), Some(Verdict::Allowed));
        assert_eq!(said(or_none, "a:B", "r", &[(name.0, "mine")]), None);
        let none = with(json!({ "Null": { "cloudformation:ChangeSetName": "true" } }));
        assert_eq!(said(none.clone(), "a:B", "r", &[]), Some(Verdict::Allowed));
        assert_eq!(said(none, "a:B", "r", &[name]), None);
    }

    #[test]
    fn an_operator_that_is_not_known_refuses() {
        let statement = |effect: &str| {
            let condition = json!({ "IpAddress": { "cloudformation:ChangeSetName": "10.0.0.0/8" } });
            json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": condition })
        };
        let context = [("cloudformation:changesetname", "infra-1")];
        assert_eq!(said(statement("Allow"), "a:B", "r", &context), None);
        assert_eq!(said(statement("Deny"), "a:B", "r", &context), Some(Verdict::Denied));
    }
}
