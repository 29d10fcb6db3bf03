//! Ways out of a failed or unwanted update.

use crate::sandbox::api::{Outcome, request, result};
use crate::sandbox::engine::{self, Start};
use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::ids;
use crate::sandbox::model::{OnFailure, Phase, Stack};
use crate::sandbox::status::StackStatus;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{Caller, World};

fn on_stack<T>(
    world: &mut World,
    caller: &Caller,
    params: &Params,
    work: impl FnOnce(&mut Stack, &mut engine::Context<'_>) -> Answer<T>,
) -> Answer<T> {
    let name = request::stack_name(params)?;
    let key = world.find(caller, &name).ok_or_else(|| facts::no_stack(&name))?;
    world.visit(caller, &key, work).unwrap_or_else(|| Err(facts::no_stack(&name)))
}

pub(super) fn cancel(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    on_stack(world, caller, params, |stack, _| {
        if stack.status != StackStatus::UpdateInProgress {
            return Err(invalid("CancelUpdateStack cannot be called from current stack status"));
        }
        if let Some(operation) = &mut stack.operation {
            operation.cancelled = true;
        }
        stack.dirty = true;
        Ok(())
    })?;
    Ok(None)
}

fn start(stack: &Stack, params: &Params, phase: Phase, status: StackStatus, kind: &'static str) -> Start {
    Start {
        id: ids::uuid(&[&stack.place.stack_id, "operation", &stack.events.len().to_string()]),
        token: params.text("ClientRequestToken"),
        change_set: None,
        phase,
        status,
        on_failure: OnFailure::Rollback,
        kind,
    }
}

pub(super) fn go_on(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    on_stack(world, caller, params, |stack, context| {
        if seen(stack, "ContinueUpdateRollback", params)? {
            return Ok(());
        }
        if stack.status != StackStatus::UpdateRollbackFailed {
            let status = stack.status.as_str();
            return Err(invalid(format!(
                "Stack:{} is in {status} state and can not continue update rollback.",
                stack.place.stack_id
            )));
        }
        let skip = params.list("ResourcesToSkip");
        if let Some(wrong) = skip.iter().find(|name| !stack.stuck.contains(*name)) {
            return Err(invalid(format!(
                "Resource [{wrong}] is not in UPDATE_FAILED state. Only resources that failed to roll back can be skipped"
            )));
        }
        let begin =
            start(stack, params, Phase::UpdateRollback, StackStatus::UpdateRollbackInProgress, "CONTINUE_ROLLBACK");
        remember(stack, "ContinueUpdateRollback", params);
        engine::begin(stack, context, begin);
        if let Some(operation) = &mut stack.operation {
            operation.spared.extend(skip);
        }
        Ok(())
    })?;
    result(|_| ())
}

pub(super) fn roll_back(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let id = on_stack(world, caller, params, |stack, context| {
        if seen(stack, "RollbackStack", params)? {
            return Ok(stack.place.stack_id.clone());
        }
        match stack.status {
            StackStatus::CreateFailed => {
                let begin = start(stack, params, Phase::Rollback, StackStatus::RollbackInProgress, "ROLLBACK");
                engine::begin(stack, context, begin);
                engine::doom_all(stack, true);
            }
            StackStatus::UpdateFailed => {
                let begin =
                    start(stack, params, Phase::UpdateRollback, StackStatus::UpdateRollbackInProgress, "ROLLBACK");
                if let Some(stable) = &stack.stable {
                    stack.current = stable.current.clone();
                }
                engine::begin(stack, context, begin);
            }
            status => {
                let id = &stack.place.stack_id;
                return Err(invalid(format!("Stack:{id} is in {} state and can not be rolled back.", status.as_str())));
            }
        }
        remember(stack, "RollbackStack", params);
        Ok(stack.place.stack_id.clone())
    })?;
    result(|xml| xml.put("StackId", id))
}

fn digest(params: &Params) -> String {
    ids::hex(&[&params.without(&[])])
}

fn seen(stack: &Stack, operation: &str, params: &Params) -> Answer<bool> {
    let token = params.text("ClientRequestToken");
    Ok(request::replay(stack, operation, token.as_deref(), &digest(params))?.is_some())
}

fn remember(stack: &mut Stack, operation: &str, params: &Params) {
    let token = params.text("ClientRequestToken");
    request::record(stack, operation, token.as_deref(), &digest(params), "");
}
