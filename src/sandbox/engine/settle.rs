//! What follows when a part of an operation ends, well or badly.

use crate::sandbox::engine::{
    Context, Scope, Standing, active, finish, goal, imports, outputs, remove, settle_change_set, turn, work,
};
use crate::sandbox::model::{OnFailure, Phase, Resource, Stack, StackOutput};
use crate::sandbox::status::{ExecutionStatus, ResourceStatus, StackStatus};

/// All resources are as wanted.
pub(super) fn worked(stack: &mut Stack, context: &mut Context<'_>) {
    let phase = stack.operation.as_ref().map(|operation| operation.phase);
    if phase == Some(Phase::UpdateRollback) {
        return rolled_back(stack, context);
    }
    let template = goal(stack);
    let found = {
        let lookup = Standing { stack, context };
        let scope = Scope::new(&template, &stack.current.parameters, &stack.place, &lookup);
        outputs(&scope).map(|outputs| (outputs, imports(&scope), active(&scope).unwrap_or_default()))
    };
    let (outputs, imports, wanted) = match found {
        Ok(found) => found,
        Err(reason) => return fail(stack, context, Some(reason)),
    };
    if work::guarded(stack, context, &wanted) {
        return fail(stack, context, None);
    }
    if let Err(reason) = exports(stack, context, &outputs) {
        return fail(stack, context, Some(reason));
    }
    (stack.outputs, stack.imports) = (outputs, imports);
    stack.description = template.description.clone();
    if phase == Some(Phase::Create) {
        return finish(stack, context, StackStatus::CreateComplete, None, ExecutionStatus::ExecuteComplete);
    }
    turn(stack, context, StackStatus::UpdateCleanup, None);
    for (name, old) in std::mem::take(&mut stack.superseded) {
        let keep = old.replacement.keeps(false);
        remove::doom(stack, &name, old, keep);
    }
    let dropped: Vec<(String, Resource)> = stack
        .resources
        .iter()
        .filter(|(name, _)| !wanted.contains(*name))
        .map(|(name, old)| (name.clone(), old.clone()))
        .collect();
    for (name, old) in dropped {
        let keep = old.deletion.keeps(false);
        remove::doom(stack, &name, old, keep);
    }
    enter(stack, Phase::Cleanup);
}

fn enter(stack: &mut Stack, phase: Phase) {
    if let Some(operation) = &mut stack.operation {
        operation.phase = phase;
        operation.failed.clear();
        operation.cancelled = false;
        operation.done.clear();
        operation.running.clear();
        operation.template = None;
    }
}

/// A name can be exported once, and what others use cannot change or go [F].
fn exports(stack: &Stack, context: &Context<'_>, outputs: &[StackOutput]) -> Result<(), String> {
    for name in outputs.iter().filter_map(|output| output.export.as_ref()) {
        if let Some((other, _)) = context.export(name) {
            return Err(format!("Export with name {name} is already exported by stack {}.", other.place.stack_name));
        }
    }
    exports_kept(stack, context, outputs)
}

/// Refuses to change or drop exports that other stacks use [F].
pub(crate) fn exports_kept(stack: &Stack, context: &Context<'_>, outputs: &[StackOutput]) -> Result<(), String> {
    for before in &stack.outputs {
        let Some(name) = &before.export else { continue };
        let users = context.importers(name);
        if users.is_empty() {
            continue;
        }
        let users = users.join(", ");
        match outputs.iter().find(|output| output.export.as_ref() == Some(name)) {
            None => return Err(format!("Delete canceled. Cannot delete export {name} as it is in use by {users}.")),
            Some(after) if after.value != before.value => {
                return Err(format!("Cannot update export {name} as it is in use by {users}."));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Old values are back; what the update had made goes.
fn rolled_back(stack: &mut Stack, context: &mut Context<'_>) {
    if let Some(stable) = stack.stable.clone() {
        stack.outputs = stable.outputs;
        stack.imports = stable.imports;
        stack.description = stable.description;
        let added: Vec<(String, Resource)> = stack
            .resources
            .iter()
            .filter(|(name, _)| !stable.resources.contains_key(*name))
            .map(|(name, resource)| (name.clone(), resource.clone()))
            .collect();
        for (name, resource) in added {
            let keep = resource.deletion.keeps(true);
            remove::doom(stack, &name, resource, keep);
        }
    }
    turn(stack, context, StackStatus::UpdateRollbackCleanup, None);
    for (name, resource) in std::mem::take(&mut stack.superseded) {
        remove::doom(stack, &name, resource, false);
    }
    enter(stack, Phase::RollbackCleanup);
}

/// A part of an operation failed: at resources, or for a reason of the whole stack.
pub(crate) fn fail(stack: &mut Stack, context: &mut Context<'_>, whole: Option<String>) {
    let Some(operation) = &stack.operation else { return };
    let (phase, on_failure, cancelled) = (operation.phase, operation.on_failure, operation.cancelled);
    let mut reason = whole.map(|whole| format!("{whole} ")).unwrap_or_default();
    if reason.is_empty() && !cancelled {
        reason = listed(stack);
    }
    if cancelled && reason.is_empty() {
        reason = "User Initiated".to_owned();
    }
    match (phase, on_failure) {
        (Phase::Create, OnFailure::DoNothing) => {
            finish(stack, context, StackStatus::CreateFailed, Some(reason), ExecutionStatus::ExecuteFailed);
        }
        (Phase::Create, then) => {
            settle_change_set(stack, ExecutionStatus::ExecuteFailed);
            let (status, phase, request) = match then {
                OnFailure::Delete => (StackStatus::DeleteInProgress, Phase::Delete, "Delete requested by user."),
                _ => (StackStatus::RollbackInProgress, Phase::Rollback, "Rollback requested by user."),
            };
            turn(stack, context, status, Some(format!("{reason}{request}")));
            enter(stack, phase);
            doom_all(stack, true);
        }
        (Phase::Update, OnFailure::DoNothing) if !cancelled => {
            finish(stack, context, StackStatus::UpdateFailed, Some(reason), ExecutionStatus::ExecuteFailed);
        }
        (Phase::Update, _) => {
            settle_change_set(stack, ExecutionStatus::ExecuteFailed);
            roll_back(stack, context, Some(reason));
        }
        _ => {
            stack.stuck = stack.operation.iter().flat_map(|operation| operation.failed.iter().cloned()).collect();
            finish(stack, context, StackStatus::UpdateRollbackFailed, Some(reason), ExecutionStatus::ExecuteFailed);
        }
    }
}

/// `The following resource(s) failed to create: [A, B]. ` [V]
fn listed(stack: &Stack) -> String {
    let failed = stack.operation.as_ref().map(|operation| operation.failed.clone()).unwrap_or_default();
    let of = |status: ResourceStatus, verb: &str| {
        let names: Vec<&str> = failed
            .iter()
            .filter(|name| stack.resources.get(*name).is_some_and(|resource| resource.status == status))
            .map(String::as_str)
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("The following resource(s) failed to {verb}: [{}]. ", names.join(", "))
        }
    };
    of(ResourceStatus::CreateFailed, "create")
        + &of(ResourceStatus::UpdateFailed, "update")
        + &of(ResourceStatus::DeleteFailed, "delete")
}

/// Turns an update back.
fn roll_back(stack: &mut Stack, context: &mut Context<'_>, reason: Option<String>) {
    turn(stack, context, StackStatus::UpdateRollbackInProgress, reason);
    if let Some(stable) = &stack.stable {
        stack.current = stable.current.clone();
    }
    enter(stack, Phase::UpdateRollback);
}

/// Marks every resource for deletion. `on_create` says that a failed creation is cleared away.
pub(crate) fn doom_all(stack: &mut Stack, on_create: bool) {
    let spared = stack.operation.as_ref().map(|operation| operation.spared.clone()).unwrap_or_default();
    for (name, resource) in stack.resources.clone() {
        let nothing = resource.physical.is_empty();
        let keep = spared.contains(&name) || (resource.deletion.keeps(on_create) && !nothing);
        remove::doom(stack, &name, resource, keep);
    }
    for (name, resource) in std::mem::take(&mut stack.superseded) {
        remove::doom(stack, &name, resource, false);
    }
}

/// Nothing is left that could be deleted.
pub(super) fn removed(stack: &mut Stack, context: &mut Context<'_>) {
    let Some(operation) = &stack.operation else { return };
    let phase = operation.phase;
    let mut left = operation.failed.clone();
    left.sort();
    let reason =
        (!left.is_empty()).then(|| format!("The following resource(s) failed to delete: [{}]. ", left.join(", ")));
    match phase {
        Phase::Rollback if reason.is_some() => {
            finish(stack, context, StackStatus::RollbackFailed, reason, ExecutionStatus::ExecuteFailed)
        }
        Phase::Rollback => finish(stack, context, StackStatus::RollbackComplete, None, ExecutionStatus::ExecuteFailed),
        Phase::Delete if reason.is_some() => {
            finish(stack, context, StackStatus::DeleteFailed, reason, ExecutionStatus::ExecuteFailed)
        }
        Phase::Delete => {
            finish(stack, context, StackStatus::DeleteComplete, None, ExecutionStatus::ExecuteFailed);
            stack.deleted = Some(context.time.now());
            stack.outputs.clear();
            stack.imports.clear();
            stack.protection = false;
        }
        Phase::RollbackCleanup => {
            forget(stack, &left);
            stack.stable = None;
            finish(stack, context, StackStatus::UpdateRollbackComplete, None, ExecutionStatus::ExecuteFailed);
        }
        _ => {
            // After three tries the resource leaves the stack and lives on [A].
            forget(stack, &left);
            stack.stable = None;
            let reason = reason.map(|_| "Update successful. One or more resources could not be deleted.".to_owned());
            finish(stack, context, StackStatus::UpdateComplete, reason, ExecutionStatus::ExecuteComplete);
        }
    }
}

fn forget(stack: &mut Stack, names: &[String]) {
    stack.resources.retain(|name, resource| !names.contains(name) || resource.status != ResourceStatus::DeleteFailed);
}
