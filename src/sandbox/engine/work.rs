//! Resources are created, changed, replaced, or get their old values back.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::cloud::policy;
use crate::sandbox::check;
use crate::sandbox::diff::{alike, leaves, replacement};
use crate::sandbox::engine::{Context, Scope, Standing, active, fail, goal, identity, note, settle};
use crate::sandbox::facts::{self, INITIATED, REPLACING};
use crate::sandbox::model::{Action, Phase, Resource, Stack, Task};
use crate::sandbox::records::fixed_name;
use crate::sandbox::script::Moment;
use crate::sandbox::status::ResourceStatus;
use crate::sandbox::template::{Declared, Template, scalar};
use crate::schema::Replacement;

/// One step: those at work come closer to their end, then all that can start do.
pub(super) fn step(stack: &mut Stack, context: &mut Context<'_>) {
    progress(stack, context);
    let Some(operation) = &stack.operation else { return };
    if !operation.failed.is_empty() || operation.cancelled {
        cancel(stack, context);
        return fail(stack, context, None);
    }
    let outcome = match operation.phase {
        Phase::UpdateRollback => restore(stack, context),
        _ => start(stack, context),
    };
    match outcome {
        Err(reason) => fail(stack, context, Some(reason)),
        Ok(false) => {}
        Ok(true) => settle::worked(stack, context),
    }
}

fn progress(stack: &mut Stack, context: &mut Context<'_>) {
    let Some(operation) = &mut stack.operation else { return };
    let mut ripe = Vec::new();
    for (name, task) in &mut operation.running {
        task.left = task.left.saturating_sub(1);
        if task.left == 0 {
            ripe.push(name.clone());
        }
    }
    for name in ripe {
        let task = stack.operation.as_mut().and_then(|operation| operation.running.remove(&name));
        if let Some(task) = task {
            end(stack, context, &name, task);
        }
    }
}

fn end(stack: &mut Stack, context: &mut Context<'_>, name: &str, task: Task) {
    let Task { mut next, action, fails, .. } = task;
    let (good, bad) = match action {
        Action::Create => (ResourceStatus::CreateComplete, ResourceStatus::CreateFailed),
        Action::Update | Action::Replace => (ResourceStatus::UpdateComplete, ResourceStatus::UpdateFailed),
    };
    if let Some(reason) = fails {
        return collapse(stack, context, name, next, bad, reason);
    }
    note(stack, context, name, &mut next, good, None);
    if action == Action::Replace
        && let Some(old) = stack.resources.get(name)
    {
        stack.superseded.push((name.to_owned(), old.clone()));
    }
    stack.resources.insert(name.to_owned(), next);
    if let Some(operation) = &mut stack.operation {
        operation.done.insert(name.to_owned());
    }
}

/// A resource fails. One that was there before keeps what it had.
fn collapse(
    stack: &mut Stack,
    context: &mut Context<'_>,
    name: &str,
    mut next: Resource,
    status: ResourceStatus,
    reason: String,
) {
    note(stack, context, name, &mut next, status, Some(reason));
    match stack.resources.get_mut(name) {
        Some(old) if status == ResourceStatus::UpdateFailed => {
            (old.status, old.reason, old.at) = (next.status, next.reason, next.at)
        }
        _ => {
            stack.resources.insert(name.to_owned(), next);
        }
    }
    if let Some(operation) = &mut stack.operation {
        operation.failed.push(name.to_owned());
    }
}

/// Those still at work are stopped when another one failed.
pub(crate) fn cancel(stack: &mut Stack, context: &mut Context<'_>) {
    let running = stack.operation.as_mut().map(|operation| std::mem::take(&mut operation.running)).unwrap_or_default();
    for (name, task) in running {
        let (status, reason) = match task.action {
            Action::Create => (ResourceStatus::CreateFailed, "Resource creation cancelled"),
            _ => (ResourceStatus::UpdateFailed, "Resource update cancelled"),
        };
        collapse(stack, context, &name, task.next, status, reason.to_owned());
    }
}

/// Starts all whose needs are met; says whether everything is done.
fn start(stack: &mut Stack, context: &mut Context<'_>) -> Result<bool, String> {
    let template = goal(stack);
    let (parameters, place) = (stack.current.parameters.clone(), stack.place.clone());
    let wanted = {
        let lookup = Standing { stack, context };
        active(&Scope::new(&template, &parameters, &place, &lookup))?
    };
    loop {
        let Some(operation) = &stack.operation else { return Ok(false) };
        if !operation.failed.is_empty() {
            return Ok(false);
        }
        let ready: Vec<String> = wanted
            .iter()
            .filter(|name| !operation.done.contains(*name) && !operation.running.contains_key(*name))
            .filter(|name| template.needs(name).all(|need| operation.done.contains(need) || !wanted.contains(need)))
            .cloned()
            .collect();
        if ready.is_empty() {
            let over = operation.done.is_superset(&wanted);
            if !over && operation.running.is_empty() {
                return Err("Internal Failure".to_owned());
            }
            return Ok(over && operation.running.is_empty());
        }
        for name in ready {
            launch(stack, context, &template, &wanted, &name);
        }
    }
}

fn launch(
    stack: &mut Stack,
    context: &mut Context<'_>,
    template: &Arc<Template>,
    wanted: &BTreeSet<String>,
    name: &str,
) {
    let Some(declared) = template.resources.get(name) else { return };
    let evaluated = {
        let lookup = Standing { stack, context };
        let scope = Scope::new(template, &stack.current.parameters, &stack.place, &lookup);
        scope.eval(&declared.properties).map(Option::unwrap_or_default)
    };
    let old = stack.resources.get(name).cloned();
    let mut next = Resource {
        kind: declared.kind.clone(),
        physical: old.as_ref().map(|old| old.physical.clone()).unwrap_or_default(),
        generation: old.as_ref().map(|old| old.generation).unwrap_or_default(),
        status: ResourceStatus::CreateInProgress,
        reason: None,
        at: 0,
        properties: evaluated.clone().unwrap_or_default(),
        stack_tags: match context.types.resource(&declared.kind) {
            Some(kind) if kind.tags.is_some() => stack.current.tags.clone(),
            _ => Default::default(),
        },
        metadata: declared.metadata.clone(),
        fixed: None,
        needs: template.needs(name).filter(|need| wanted.contains(*need)).cloned().collect(),
        deletion: declared.deletion,
        replacement: declared.replacement,
    };
    next.fixed = fixed_name(context.types, &next.kind, &next.properties).map(|(_, name)| name);
    // A creation that failed left nothing behind that could be changed.
    let old = old.filter(|old| old.status != ResourceStatus::CreateFailed);
    let (status, failing) = match &old {
        None => (ResourceStatus::CreateInProgress, ResourceStatus::CreateFailed),
        Some(_) => (ResourceStatus::UpdateInProgress, ResourceStatus::UpdateFailed),
    };
    if let Err(reason) = evaluated {
        if old.is_none() {
            next.physical.clear();
        }
        note(stack, context, name, &mut next, status, None);
        return collapse(stack, context, name, next, failing, reason);
    }
    match old {
        None => create(stack, context, name, next),
        Some(old) => update(stack, context, name, old, next, declared),
    }
}

fn create(stack: &mut Stack, context: &mut Context<'_>, name: &str, mut next: Resource) {
    next.physical.clear();
    note(stack, context, name, &mut next, ResourceStatus::CreateInProgress, None);
    let order = context.script.strike(&stack.place.stack_name, name, Moment::Create);
    let fails = order.fail.or_else(|| trouble(stack, context, name, &next));
    if fails.is_none() {
        next.physical = identity(context.types, stack, name, &next).physical();
        note(stack, context, name, &mut next, ResourceStatus::CreateInProgress, Some(INITIATED.to_owned()));
    }
    run(stack, name, Task { next, action: Action::Create, left: order.steps, fails });
}

fn run(stack: &mut Stack, name: &str, task: Task) {
    if let Some(operation) = &mut stack.operation {
        operation.running.insert(name.to_owned(), task);
    }
}

/// Why the service would not make such a resource: bad properties, or a name that is taken.
fn trouble(stack: &Stack, context: &Context<'_>, name: &str, next: &Resource) -> Option<String> {
    let problems = check::problems(context.types, &next.kind, &next.properties);
    if !problems.is_empty() {
        return Some(check::reason(name, &problems));
    }
    if let Some(missing) = code_missing(context, next) {
        return Some(missing);
    }
    if let Some(priority) = priority_taken(stack, context, name, next) {
        return Some(facts::priority_in_use(&priority));
    }
    let fixed = next.fixed.as_ref()?;
    taken(stack, context, name, &next.kind, fixed).then(|| format!("{fixed} already exists"))
}

/// The priority of a rule, where another rule of its listener has it.
fn priority_taken(stack: &Stack, context: &Context<'_>, name: &str, next: &Resource) -> Option<String> {
    const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
    let place = |rule: &Resource| {
        let text = |key: &str| rule.properties.get(key).and_then(scalar);
        Some((text("ListenerArn")?, text("Priority")?))
    };
    let here = place(next).filter(|_| next.kind == RULE)?;
    let same = |rule: &Resource| rule.kind == RULE && place(rule).as_ref() == Some(&here);
    somebody(stack, context, name, same).then_some(here.1)
}

/// Why Lambda does not get the code of a function or layer. Buckets that nothing was put into here are those of others,
/// and are taken to hold what is asked of them.
pub(super) fn code_missing(context: &Context<'_>, next: &Resource) -> Option<String> {
    let property = match next.kind.as_str() {
        "AWS::Lambda::Function" => "Code",
        "AWS::Lambda::LayerVersion" => "Content",
        "AWS::Serverless::Function" => "CodeUri",
        "AWS::Serverless::LayerVersion" => "ContentUri",
        _ => return None,
    };
    let code = next.properties.get(property)?;
    let text = |key: &str| code.get(key).and_then(Value::as_str);
    let (bucket, key) = match code.as_str() {
        Some(uri) => uri.strip_prefix("s3://")?.split_once('/')?,
        None => (text("S3Bucket").or(text("Bucket"))?, text("S3Key").or(text("Key"))?),
    };
    (!context.buckets.may_hold(bucket, key)).then(|| facts::NO_CODE.to_owned())
}

/// Somebody else in the account and region has a resource of that type and name.
pub(crate) fn taken(stack: &Stack, context: &Context<'_>, name: &str, kind: &str, fixed: &str) -> bool {
    somebody(stack, context, name, |resource| resource.fixed.as_deref() == Some(fixed) && resource.kind == kind)
}

/// Whether a resource that is there is `such`: another one than `name` of this stack, or one of another stack.
fn somebody(stack: &Stack, context: &Context<'_>, name: &str, such: impl Fn(&Resource) -> bool) -> bool {
    let such = |resource: &Resource| !resource.physical.is_empty() && such(resource);
    let running =
        stack.operation.iter().flat_map(|operation| &operation.running).map(|(other, task)| (other, &task.next));
    let own = stack.resources.iter().chain(running).any(|(other, resource)| other != name && such(resource));
    own || context.living().any(|other| other.resources.values().any(such))
}

fn update(
    stack: &mut Stack,
    context: &mut Context<'_>,
    name: &str,
    old: Resource,
    mut next: Resource,
    declared: &Declared,
) {
    let changed = changed_paths(&old.properties, &next.properties);
    let tags = old.stack_tags != next.stack_tags;
    if changed.is_empty() && !tags && alike(Some(&old.metadata), Some(&next.metadata)) {
        // Nothing to do for the service; order and policies may have changed all the same.
        if let Some(resource) = stack.resources.get_mut(name) {
            (resource.needs, resource.deletion, resource.replacement) = (next.needs, next.deletion, next.replacement);
        }
        if let Some(operation) = &mut stack.operation {
            operation.done.insert(name.to_owned());
        }
        return;
    }
    let kind = context.types.resource(&next.kind);
    let replace =
        kind.is_some_and(|kind| changed.iter().any(|path| replacement(context.types, kind, path) == Replacement::Yes));
    let action = if replace { "Update:Replace" } else { "Update:Modify" };
    let denied = policy::forbids(stack.policy.as_deref(), action, name, &declared.kind);
    let reason = replace.then(|| REPLACING.to_owned());
    next.physical = old.physical.clone();
    note(stack, context, name, &mut next, ResourceStatus::UpdateInProgress, reason);
    let moment = if replace { Moment::Create } else { Moment::Update };
    let order = context.script.strike(&stack.place.stack_name, name, moment);
    let delete_first = kind.is_some_and(|kind| kind.delete_first);
    let same_name = replace && !delete_first && next.fixed.is_some() && next.fixed == old.fixed;
    let fails = denied.or(order.fail).or_else(|| {
        let clash = format!("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {} and update the stack again.", old.physical);
        if same_name { Some(clash) } else { trouble(stack, context, name, &next) }
    });
    if replace && fails.is_none() {
        next.generation = old.generation + 1;
        next.physical = identity(context.types, stack, name, &next).physical();
        note(stack, context, name, &mut next, ResourceStatus::UpdateInProgress, Some(INITIATED.to_owned()));
    }
    let action = if replace { Action::Replace } else { Action::Update };
    run(stack, name, Task { next, action, left: order.steps, fails });
}

/// Fails those that the new template drops and the stack policy protects; says whether there are any.
pub(super) fn guarded(stack: &mut Stack, context: &mut Context<'_>, wanted: &BTreeSet<String>) -> bool {
    let forbidden = |(name, resource): (&String, &Resource)| {
        let reason = policy::forbids(stack.policy.as_deref(), "Update:Delete", name, &resource.kind)?;
        (!wanted.contains(name)).then(|| (name.clone(), resource.clone(), reason))
    };
    let forbidden: Vec<(String, Resource, String)> = stack.resources.iter().filter_map(forbidden).collect();
    for (name, resource, reason) in forbidden.clone() {
        collapse(stack, context, &name, resource, ResourceStatus::UpdateFailed, reason);
    }
    !forbidden.is_empty()
}

fn changed_paths(before: &Value, after: &Value) -> Vec<Vec<String>> {
    let keys = |value: &Value| {
        value.as_object().map(|fields| fields.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default()
    };
    let keys: BTreeSet<String> = keys(before).union(&keys(after)).cloned().collect();
    keys.iter().flat_map(|key| leaves(key, before.get(key), after.get(key))).map(|leaf| leaf.path).collect()
}

/// Brings back old values, in the order in which they were made; says whether all are back.
fn restore(stack: &mut Stack, context: &mut Context<'_>) -> Result<bool, String> {
    let Some(stable) = stack.stable.clone() else { return Ok(true) };
    loop {
        let Some(operation) = &stack.operation else { return Ok(false) };
        if !operation.failed.is_empty() {
            return Ok(false);
        }
        let ready: Vec<String> = stable
            .resources
            .iter()
            .filter(|(name, _)| !operation.done.contains(*name) && !operation.running.contains_key(*name))
            .filter(|(_, old)| {
                old.needs.iter().all(|need| operation.done.contains(need) || !stable.resources.contains_key(need))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if ready.is_empty() {
            return Ok(operation.running.is_empty() && operation.done.len() >= stable.resources.len());
        }
        for name in ready {
            if let Some(old) = stable.resources.get(&name) {
                revert(stack, context, &name, old.clone());
            }
        }
    }
}

fn revert(stack: &mut Stack, context: &mut Context<'_>, name: &str, mut old: Resource) {
    let current = stack.resources.get(name);
    let untouched = current.is_some_and(|current| {
        current.generation == old.generation
            && current.properties == old.properties
            && current.stack_tags == old.stack_tags
            && current.metadata == old.metadata
            && current.status != ResourceStatus::UpdateFailed
    });
    let skipped = stack.operation.as_ref().is_some_and(|operation| operation.spared.contains(name));
    if untouched || skipped {
        if skipped {
            note(stack, context, name, &mut old, ResourceStatus::UpdateComplete, None);
        }
        stack.resources.insert(name.to_owned(), old);
        if let Some(operation) = &mut stack.operation {
            operation.done.insert(name.to_owned());
        }
        return;
    }
    if let Some(current) = current.filter(|current| current.generation != old.generation) {
        stack.superseded.push((name.to_owned(), current.clone()));
    }
    stack.superseded.retain(|(other, resource)| other != name || resource.generation != old.generation);
    let order = context.script.strike(&stack.place.stack_name, name, Moment::Rollback);
    note(stack, context, name, &mut old, ResourceStatus::UpdateInProgress, None);
    run(stack, name, Task { next: old, action: Action::Update, left: order.steps, fails: order.fail });
}
