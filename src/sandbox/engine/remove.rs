//! Resources go: those replaced or dropped, those a failed operation made, or all.

use crate::sandbox::engine::{Context, note, settle};
use crate::sandbox::model::{Doomed, Phase, Resource, Stack};
use crate::sandbox::script::Moment;
use crate::sandbox::status::ResourceStatus;

/// Marks a resource for deletion.
pub(super) fn doom(stack: &mut Stack, name: &str, resource: Resource, keep: bool) {
    if let Some(operation) = &mut stack.operation {
        let key = format!("{name}#{}", resource.generation);
        let doomed = Doomed { logical: name.to_owned(), resource, left: None, keep, fails: None };
        operation.doomed.insert(key, doomed);
    }
}

/// One step: those on their way out come closer to it, then all start that nothing else needs.
pub(super) fn step(stack: &mut Stack, context: &mut Context<'_>) {
    let ripe: Vec<String> = match &mut stack.operation {
        Some(operation) => operation
            .doomed
            .iter_mut()
            .filter_map(|(key, doomed)| {
                let left = doomed.left.as_mut()?;
                *left = left.saturating_sub(1);
                (*left == 0).then(|| key.clone())
            })
            .collect(),
        None => return,
    };
    for key in ripe {
        end(stack, context, &key);
    }
    loop {
        let Some(operation) = &stack.operation else { return };
        let free = |doomed: &Doomed| {
            !operation
                .doomed
                .values()
                .any(|other| other.logical != doomed.logical && other.resource.needs.contains(&doomed.logical))
        };
        let ready: Vec<String> = operation
            .doomed
            .iter()
            .filter(|(_, doomed)| doomed.left.is_none() && free(doomed))
            .map(|(key, _)| key.clone())
            .collect();
        let at_work = operation.doomed.values().any(|doomed| doomed.left.is_some());
        if ready.is_empty() {
            if !at_work {
                settle::removed(stack, context);
            }
            return;
        }
        let mut skipped = false;
        for key in ready {
            skipped |= start(stack, context, &key);
        }
        if !skipped {
            return;
        }
    }
}

/// Starts one; says whether it is gone at once, since it stays in AWS.
fn start(stack: &mut Stack, context: &mut Context<'_>, key: &str) -> bool {
    let Some(mut doomed) = stack.operation.as_mut().and_then(|operation| operation.doomed.remove(key)) else {
        return false;
    };
    let name = doomed.logical.clone();
    if doomed.keep {
        note(stack, context, &name, &mut doomed.resource, ResourceStatus::DeleteSkipped, None);
        drop_from(stack, &name, &doomed.resource);
        return true;
    }
    note(stack, context, &name, &mut doomed.resource, ResourceStatus::DeleteInProgress, None);
    let order = context.script.strike(&stack.place.stack_name, &name, Moment::Delete);
    (doomed.left, doomed.fails) = (Some(order.steps), order.fail);
    if let Some(resource) =
        stack.resources.get_mut(&name).filter(|resource| resource.generation == doomed.resource.generation)
    {
        (resource.status, resource.at) = (doomed.resource.status, doomed.resource.at);
    }
    if let Some(operation) = &mut stack.operation {
        operation.doomed.insert(key.to_owned(), doomed);
    }
    false
}

fn end(stack: &mut Stack, context: &mut Context<'_>, key: &str) {
    let Some(mut doomed) = stack.operation.as_mut().and_then(|operation| operation.doomed.remove(key)) else { return };
    let name = doomed.logical.clone();
    let full = || context.buckets.in_the_way(&stack.place, &doomed.resource);
    let Some(reason) = doomed.fails.take().or_else(full) else {
        note(stack, context, &name, &mut doomed.resource, ResourceStatus::DeleteComplete, None);
        return drop_from(stack, &name, &doomed.resource);
    };
    note(stack, context, &name, &mut doomed.resource, ResourceStatus::DeleteFailed, Some(reason));
    if let Some(resource) =
        stack.resources.get_mut(&name).filter(|resource| resource.generation == doomed.resource.generation)
    {
        *resource = doomed.resource;
    }
    if let Some(operation) = &mut stack.operation {
        operation.failed.push(name.clone());
        // What it needs cannot go before it; in a cleanup the stack lets all of it go.
        if matches!(operation.phase, Phase::Rollback | Phase::Delete) {
            let mut stays = vec![name];
            while let Some(name) = stays.pop() {
                let needs = stack.resources.get(&name).map(|resource| resource.needs.clone()).unwrap_or_default();
                let blocked: Vec<String> = operation
                    .doomed
                    .iter()
                    .filter(|(_, doomed)| needs.contains(&doomed.logical))
                    .map(|(key, _)| key.clone())
                    .collect();
                for key in blocked {
                    stays.extend(operation.doomed.remove(&key).map(|doomed| doomed.logical));
                }
            }
        }
    }
}

fn drop_from(stack: &mut Stack, name: &str, gone: &Resource) {
    if stack.resources.get(name).is_some_and(|resource| resource.generation == gone.generation) {
        stack.resources.remove(name);
    }
}
