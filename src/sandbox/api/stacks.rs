//! Stacks made, changed and deleted without a change set, and what is set on them.

use crate::sandbox::api::change_sets::{Begin, launch, on_failure};
use crate::sandbox::api::{Outcome, request, result};
use crate::sandbox::diff::Comparison;
use crate::sandbox::engine::{self, Start};
use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::ids;
use crate::sandbox::model::{OnFailure, Phase, Stack};
use crate::sandbox::status::{ExecutionStatus, StackStatus};
use crate::sandbox::template;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Caller, Key, World};

fn answer(stack_id: &str, operation: Option<&str>) -> Outcome {
    result(|xml| {
        xml.put("StackId", stack_id);
        xml.maybe("OperationId", operation);
    })
}

pub(super) fn create(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let name = request::stack_name(params)?;
    let token = params.text("ClientRequestToken");
    let digest = ids::hex(&[&params.without(&[])]);
    let found = world.find(caller, &name);
    let before = found.as_ref().and_then(|key| world.region(caller).get(key));
    if let Some(stack) = before {
        if let Some(id) = request::replay(stack, "CreateStack", token.as_deref(), &digest)? {
            return answer(&id, None);
        }
        if stack.status != StackStatus::ReviewInProgress {
            return Err(facts::stack_exists(&name));
        }
    }
    let (desired, _) = request::desired(params, None, world.settings.types)?;
    let disable = params.flag("DisableRollback").unwrap_or_default();
    let on_failure = on_failure(params.text("OnFailure").as_deref(), disable)?;
    let (key, fresh) = match found {
        Some(key) => (key, false),
        None => {
            let stack = request::shell(world, caller, &name)?;
            let key = (name.clone(), stack.generation);
            world.region(caller).insert(key.clone(), stack);
            (key, true)
        }
    };
    let outcome = world.visit(caller, &key, |stack, context| {
        outdate(stack);
        stack.protection = params.flag("EnableTerminationProtection").unwrap_or(stack.protection && !fresh);
        stack.policy = params.text("StackPolicyBody").or(stack.policy.take());
        let id = stack.place.stack_id.clone();
        request::record(stack, "CreateStack", token.as_deref(), &digest, &id);
        let operation = launch(stack, context, Begin { token, change_set: None, on_failure, disable, desired });
        (id, operation)
    });
    let (id, operation) = outcome.unwrap_or_default();
    answer(&id, Some(&operation))
}

/// Change sets of a stack that moved on without them [V].
fn outdate(stack: &mut Stack) {
    for set in stack.change_sets.values_mut() {
        // One that is still in the making was compared with what the stack was, too.
        for execution in [&mut set.execution, &mut set.verdict.1] {
            if *execution == ExecutionStatus::Available {
                *execution = ExecutionStatus::Obsolete;
            }
        }
    }
}

pub(super) fn update(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let (name, key) = existing(world, caller, params)?;
    let token = params.text("ClientRequestToken");
    let digest = ids::hex(&[&params.without(&[])]);
    let disable = params.flag("DisableRollback").unwrap_or_default();
    let outcome = world.visit(caller, &key, |stack, context| {
        if let Some(id) = request::replay(stack, "UpdateStack", token.as_deref(), &digest)? {
            return Ok((id, None));
        }
        match stack.status {
            status if status.updatable() => {}
            StackStatus::UpdateFailed if disable => {}
            StackStatus::UpdateFailed => return Err(facts::not_terminal(stack.status.as_str())),
            StackStatus::ReviewInProgress => return Err(facts::no_stack(&name)),
            status => return Err(facts::not_updatable(&stack.place.stack_id, status.as_str())),
        }
        let (desired, new) = request::desired(params, Some(stack), context.types)?;
        let old = template::read(&stack.current.body).unwrap_or_default();
        let exports = |name: &str| context.export(name).map(|(_, value)| value);
        let (types, place) = (context.types, &stack.place);
        let comparison =
            Comparison { types, place, stack: Some(stack), old: &old, new: &new, desired: &desired, exports: &exports };
        let compared = comparison.run().map_err(invalid)?;
        if compared.changes.is_empty() && !compared.others && stack.status != StackStatus::UpdateFailed {
            return Err(facts::no_updates());
        }
        outdate(stack);
        let id = stack.place.stack_id.clone();
        request::record(stack, "UpdateStack", token.as_deref(), &digest, &id);
        let on_failure = if disable { OnFailure::DoNothing } else { OnFailure::Rollback };
        let operation =
            launch(stack, context, Begin { token: token.clone(), change_set: None, on_failure, disable, desired });
        Ok((id, Some(operation)))
    });
    let (id, operation) = outcome.unwrap_or_else(|| Err(facts::no_stack(&name)))?;
    answer(&id, operation.as_deref())
}

/// A stack that must be there, by the name it was called.
fn existing(world: &mut World, caller: &Caller, params: &Params) -> Answer<(String, Key)> {
    let name = request::stack_name(params)?;
    let key = world.find(caller, &name).ok_or_else(|| facts::no_stack(&name))?;
    Ok((name, key))
}

pub(super) fn delete(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let name = request::stack_name(params)?;
    // Deleting what is not there is no error [V].
    let Some(key) = world.find(caller, &name) else {
        return Ok(None);
    };
    let token = params.text("ClientRequestToken");
    let retain = params.list("RetainResources");
    let force = params.text("DeletionMode").as_deref() == Some("FORCE_DELETE_STACK");
    let role = params.text("RoleARN");
    let outcome = world.visit(caller, &key, |stack, context| {
        if matches!(stack.status, StackStatus::DeleteComplete | StackStatus::DeleteInProgress) {
            return Ok(());
        }
        if stack.protection {
            return Err(facts::protected(&stack.place.stack_name));
        }
        if !stack.status.deletable() {
            return Err(facts::not_deletable(&stack.place.stack_name, stack.status.as_str()));
        }
        if stack.status != StackStatus::DeleteFailed && (force || !retain.is_empty()) {
            return Err(invalid("Invalid operation on stack. RetainResources and FORCE_DELETE_STACK can be used only on stacks in the DELETE_FAILED state."));
        }
        stack.current.role = role.or(stack.current.role.take());
        demolish(stack, context, token, retain, force);
        Ok(())
    });
    outcome.unwrap_or(Ok(()))?;
    Ok(None)
}

fn demolish(
    stack: &mut Stack,
    context: &mut engine::Context<'_>,
    token: Option<String>,
    retain: Vec<String>,
    force: bool,
) {
    // What was being created is part of what goes.
    engine::cancel(stack, context);
    let before = stack.status;
    let id = ids::uuid(&[&stack.place.stack_id, "operation", &stack.events.len().to_string()]);
    let kind = "DELETE_STACK";
    let status = StackStatus::DeleteInProgress;
    let start =
        Start { id, token, change_set: None, phase: Phase::Delete, status, on_failure: OnFailure::Rollback, kind };
    engine::begin(stack, context, start);
    if let Err(refusal) = engine::exports_kept(stack, context, &[]) {
        // The deletion is called off: the stack is again what it was [F for the text, J for the rest].
        engine::turn(stack, context, before, Some(refusal));
        stack.operation = None;
        return;
    }
    let failed: Vec<String> = stack
        .resources
        .iter()
        .filter(|(_, resource)| resource.status.as_str() == "DELETE_FAILED")
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(operation) = &mut stack.operation {
        operation.spared.extend(retain);
        if force {
            operation.spared.extend(failed);
        }
    }
    engine::doom_all(stack, false);
}

pub(super) fn protect(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let (name, key) = existing(world, caller, params)?;
    let on = params.flag("EnableTerminationProtection").unwrap_or_default();
    let outcome = world.visit(caller, &key, |stack, _| {
        stack.protection = on;
        stack.dirty = true;
        stack.place.stack_id.clone()
    });
    let id = outcome.ok_or_else(|| facts::no_stack(&name))?;
    answer(&id, None)
}

pub(super) fn set_policy(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let (name, key) = existing(world, caller, params)?;
    let Some(body) = params.text("StackPolicyBody") else {
        return Err(invalid("StackPolicyURL is not known to this sandbox: it has no S3; send StackPolicyBody"));
    };
    let sound = serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|policy| policy.get("Statement").is_some());
    if !sound {
        return Err(invalid("Error validating stack policy: Invalid stack policy"));
    }
    let outcome = world.visit(caller, &key, |stack, _| {
        stack.policy = Some(body);
        stack.dirty = true;
    });
    outcome.ok_or_else(|| facts::no_stack(&name))?;
    Ok(None)
}

pub(super) fn get_policy(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let (name, key) = existing(world, caller, params)?;
    let policy = world.visit(caller, &key, |stack, _| stack.policy.clone()).ok_or_else(|| facts::no_stack(&name))?;
    result(|xml| xml.maybe("StackPolicyBody", policy))
}
