//! Taking back what a plan left in AWS.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::cloud::{Cloud, CloudError, Clouds, ErrorKind, ExecutionStatus, StackStatus};
use crate::diagnostics::{Diagnostic, sort};
use crate::plan::wanted::{Desired, Wanted};
use crate::plan::{Plan, StackAction, StackPlan, digest, problem};
use crate::slip::{self, Slip};

/// Looks at a shell that is being deleted. It holds nothing, so it is gone almost at once.
const LOOKS: u32 = 30;

/// Deletes the change sets that a plan left, for a plan that nobody will apply.
///
/// # Errors
/// The first call that failed; the others were made all the same.
pub async fn discard(clouds: &Arc<dyn Clouds>, desired: &Desired, plan: &Plan) -> Result<(), CloudError> {
    let mut first = Ok(());
    for stack in &plan.stacks {
        let (Some(set), Some(wanted)) = (&stack.change_set, desired.get(&stack.id)) else { continue };
        match clouds.at(&wanted.target).delete_change_set(&set.stack, &set.arn).await {
            Err(e) if e.kind != ErrorKind::NotFound && first.is_ok() => first = Err(e),
            _ => {}
        }
    }
    first
}

/// Deletes change sets of ours that can never be executed: runs that were killed left them to a stack that has moved
/// on since. Those of others, and those that may yet run, stay.
pub(crate) async fn sweep(cloud: &Arc<dyn Cloud>, stack: &str) -> Result<(), CloudError> {
    for set in cloud.change_sets(stack).await? {
        let spent = matches!(set.execution, ExecutionStatus::Unavailable | ExecutionStatus::Obsolete);
        if set.name.starts_with(digest::PREFIX) && spent && !set.status.is_pending() {
            cloud.delete_change_set(stack, &set.id).await?;
        }
    }
    Ok(())
}

/// Takes back all that a saved plan left: its change sets, and the empty stacks that an apply of it began with and
/// did not bring on. What was executed stays. May be repeated. Says what went, in whole sentences without a period.
///
/// # Errors
/// The calls that failed; what could go is gone all the same.
pub async fn withdraw(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    plan: &Plan,
    poll: Duration,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let mut gone = Vec::new();
    let mut problems = Vec::new();
    for stack in &plan.stacks {
        let Some(wanted) = desired.get(&stack.id) else { continue };
        let cloud = clouds.at(&wanted.target);
        for ended in [change_set(&cloud, stack).await, shell(&cloud, stack, wanted, poll).await] {
            match ended {
                Ok(what) => gone.extend(what.map(|what| format!("{what} of `{}` is deleted", stack.id))),
                Err(e) => problems.push(problem::of_call(&e, Some(wanted))),
            }
        }
    }
    sort(&mut problems);
    if problems.is_empty() { Ok(gone) } else { Err(problems) }
}

/// What was deleted, if anything.
type Gone = Result<Option<&'static str>, CloudError>;

async fn change_set(cloud: &Arc<dyn Cloud>, stack: &StackPlan) -> Gone {
    let Some(set) = &stack.change_set else { return Ok(None) };
    let state = cloud.change_set_state(&set.stack, &set.arn).await?;
    let Some(state) = state.filter(|state| !ran(&state.execution) && !slip::is(Slip::KeptPlans)) else {
        return Ok(None);
    };
    cloud.delete_change_set(&set.stack, &state.id).await?;
    Ok(Some("the change set"))
}

fn ran(execution: &ExecutionStatus) -> bool {
    use ExecutionStatus::{ExecuteComplete, ExecuteFailed, ExecuteInProgress};
    matches!(execution, ExecuteInProgress | ExecuteComplete | ExecuteFailed)
}

/// Deletes the empty stack that a new one begins as, where nobody else's change set waits in it.
async fn shell(cloud: &Arc<dyn Cloud>, stack: &StackPlan, wanted: &Wanted, poll: Duration) -> Gone {
    if !matches!(stack.action, StackAction::Create | StackAction::Recreate) {
        return Ok(None);
    }
    let found = cloud.stack(&wanted.name).await?;
    let Some(found) = found.filter(|s| s.status == StackStatus::ReviewInProgress) else { return Ok(None) };
    if found.tags.keys().any(|key| key.starts_with("infra:")) && !problem::is_ours(wanted, &found) {
        return Ok(None);
    }
    let ours = format!("{}{}-", digest::PREFIX, stack.fingerprint);
    let mut others = false;
    for set in cloud.change_sets(&found.id).await? {
        if set.name.starts_with(&ours) && !ran(&set.execution) {
            cloud.delete_change_set(&found.id, &set.id).await?;
        } else {
            others = true;
        }
    }
    if others {
        return Ok(None);
    }
    let name = digest::sha256([found.id.as_str(), "withdrawn"]);
    cloud.delete_stack(&found.id, &[], &digest::token('d', digest::short(&name, 32))).await?;
    for _ in 0..LOOKS {
        let now = cloud.stack(&found.id).await?;
        if now.is_none_or(|s| s.status == StackStatus::DeleteComplete) {
            break;
        }
        sleep(poll).await;
    }
    Ok(Some("the empty stack"))
}
