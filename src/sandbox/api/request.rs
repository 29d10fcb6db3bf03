//! What the calls that change a stack have in common: template, parameters, tags, capabilities.

use std::collections::BTreeMap;

use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::model::{Desired, Place, Stack};
use crate::sandbox::template::{self, Template};
use crate::sandbox::values::{self, Given};
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Caller, World};
use crate::sandbox::{ids, model};
use crate::schema::Types;

/// A stack name, or an ARN, that the API accepts.
pub(super) fn stack_name(params: &Params) -> Answer<String> {
    let name = params.text("StackName").ok_or_else(|| {
        invalid("1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null")
    })?;
    let plain = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    let arn = name.starts_with("arn:")
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-:/._+".contains(letter));
    if !plain(&name) && !arn {
        return Err(facts::bad_stack_name(&name));
    }
    if !arn && name.len() > 128 {
        return Err(facts::constraint(&name, "stackName", "Member must have length less than or equal to 128"));
    }
    Ok(name)
}

/// The body of the template: given, or the one before.
pub(super) fn body(params: &Params, before: Option<&Stack>) -> Answer<String> {
    let previous = params.flag("UsePreviousTemplate").unwrap_or_default();
    match (params.get("TemplateBody"), params.get("TemplateURL"), previous, before) {
        (Some(body), None, false, _) if body.len() > facts::BODY_LIMIT => Err(facts::body_too_long(body)),
        (Some(body), None, false, _) => Ok(body.to_owned()),
        (None, Some(_), false, _) => params.template.clone().ok_or_else(facts::bad_template_url),
        (None, None, true, Some(stack)) => Ok(stack.current.body.clone()),
        _ => Err(invalid("Either Template URL or Template Body must be specified.")),
    }
}

/// Checks all of a request that is about the stack to be, in AWS's order: template, capabilities, parameters, tags.
pub(super) fn desired(params: &Params, before: Option<&Stack>, types: &Types) -> Answer<(Desired, Template)> {
    let body = body(params, before)?;
    let template = template::read(&body)?;
    template::validate(&template, types)?;
    let capabilities = params.list("Capabilities");
    capable(&template, &capabilities)?;
    let given: Vec<Given> = params
        .structures("Parameters")
        .into_iter()
        .map(|mut fields| Given {
            key: fields.remove("ParameterKey").unwrap_or_default(),
            value: fields.remove("ParameterValue"),
            previous: fields.get("UsePreviousValue").is_some_and(|flag| flag == "true"),
        })
        .collect();
    let parameters = values::resolve(&template, &given, before.map(|stack| &stack.current.parameters))?;
    type_changes(&template, before)?;
    let tags = tags(params, before)?;
    let kept = before.map(|stack| &stack.current);
    let notifications = params.list("NotificationARNs");
    let desired = Desired {
        body,
        parameters,
        tags,
        capabilities,
        notifications,
        // The role stays with the stack until another one is given [A].
        role: params.text("RoleARN").or_else(|| kept.and_then(|kept| kept.role.clone())),
        timeout: params.text("TimeoutInMinutes"),
    };
    Ok((desired, template))
}

fn capable(template: &Template, given: &[String]) -> Answer<()> {
    let enough = |needed: &str| {
        given.iter().any(|one| one == needed || (needed == "CAPABILITY_IAM" && one == "CAPABILITY_NAMED_IAM"))
    };
    let missing: Vec<&str> = template::capabilities(template)
        .into_iter()
        .map(|(needed, _)| needed)
        .filter(|needed| !enough(needed))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(facts::capabilities_missing(&missing.join(", "))) }
}

fn type_changes(template: &Template, before: Option<&Stack>) -> Answer<()> {
    let Some(stack) = before else { return Ok(()) };
    let changed: Vec<String> = stack
        .resources
        .iter()
        .filter(|(name, resource)| template.resources.get(*name).is_some_and(|declared| declared.kind != resource.kind))
        .map(|(name, _)| name.clone())
        .collect();
    if changed.is_empty() { Ok(()) } else { Err(facts::type_changed(&changed)) }
}

/// Tags given replace all; none given keeps those of before [A].
fn tags(params: &Params, before: Option<&Stack>) -> Answer<BTreeMap<String, String>> {
    let given = params.structures("Tags");
    if given.is_empty() && params.get("Tags").is_none() {
        return Ok(before.map(|stack| stack.current.tags.clone()).unwrap_or_default());
    }
    if given.len() > facts::TAG_LIMIT {
        return Err(invalid(format!("Tags: at most {} tags are allowed", facts::TAG_LIMIT)));
    }
    let mut tags = BTreeMap::new();
    for mut tag in given {
        let key = tag.remove("Key").unwrap_or_default();
        if key.is_empty() || key.len() > 128 || key.to_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag key '{key}' is not allowed")));
        }
        tags.insert(key, tag.remove("Value").unwrap_or_default());
    }
    Ok(tags)
}

/// A fresh stack without resources.
pub(super) fn shell(world: &mut World, caller: &Caller, name: &str) -> Answer<Stack> {
    let region = world.region(caller);
    if region.values().filter(|stack| stack.live()).count() >= facts::STACK_LIMIT {
        return Err(facts::too_many_stacks());
    }
    let generation = region.range((name.to_owned(), 0)..=(name.to_owned(), u32::MAX)).count();
    let generation = u32::try_from(generation).unwrap_or(u32::MAX);
    let partition = model::partition(&caller.region);
    let uuid = ids::uuid(&[&caller.account, &caller.region, name, &generation.to_string()]);
    let stack_id = format!("arn:{partition}:cloudformation:{}:{}:stack/{name}/{uuid}", caller.region, caller.account);
    Ok(Stack {
        place: Place {
            account: caller.account.clone(),
            region: caller.region.clone(),
            stack_name: name.to_owned(),
            stack_id,
            notifications: Vec::new(),
        },
        generation,
        status: crate::sandbox::status::StackStatus::ReviewInProgress,
        reason: None,
        created: world.time.stamp(),
        updated: None,
        deleted: None,
        current: Desired::default(),
        description: None,
        change_set: None,
        protection: false,
        disable_rollback: false,
        policy: None,
        resources: BTreeMap::new(),
        outputs: Vec::new(),
        imports: Default::default(),
        events: Vec::new(),
        change_sets: BTreeMap::new(),
        gone: BTreeMap::new(),
        operation: None,
        operations: Vec::new(),
        stable: None,
        superseded: Vec::new(),
        stuck: Default::default(),
        tokens: BTreeMap::new(),
        drift: None,
        dirty: true,
    })
}

/// What a client token that was seen before answers: the same thing again, or a refusal where
/// the request was another one.
pub(super) fn replay(stack: &Stack, operation: &str, token: Option<&str>, digest: &str) -> Answer<Option<String>> {
    let Some(token) = token else { return Ok(None) };
    match stack.tokens.get(&format!("{operation} {token}")) {
        None => Ok(None),
        Some((seen, answer)) if seen == digest => Ok(Some(answer.clone())),
        Some(_) => Err(facts::token_reused(token)),
    }
}

/// Remembers a client token.
pub(super) fn record(stack: &mut Stack, operation: &str, token: Option<&str>, digest: &str, answer: &str) {
    if let Some(token) = token {
        stack.tokens.insert(format!("{operation} {token}"), (digest.to_owned(), answer.to_owned()));
    }
}
