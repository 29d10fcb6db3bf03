//! What a stack carries outside its template: termination protection and the stack policy.
//!
//! The order is safe at every instant: what protects is put in place before anything can be lost, and taken away
//! only when all else is done. Setting a state twice does no harm, so a run that is killed between the two is
//! only repeated.

use std::sync::Arc;

use crate::cloud::{Cloud, CloudError};
use crate::plan::{Setting, StackAction, StackPlan, protect};

/// Before the change set is executed: the policy, which says what the update may do, and protection that comes.
pub(crate) async fn before(cloud: &Arc<dyn Cloud>, stack: &str, plan: &StackPlan) -> Result<(), CloudError> {
    // A stack that is still to be made cannot take them yet.
    if !matches!(plan.action, StackAction::Update | StackAction::None) {
        return Ok(());
    }
    for setting in &plan.settings {
        match setting {
            Setting::StackPolicy { protects, own, lifts } => {
                let held: Vec<&String> = protects.iter().filter(|id| !lifts.contains(id)).collect();
                policy(cloud, stack, held, own.as_deref()).await?;
            }
            Setting::TerminationProtection { on: true } => cloud.set_termination_protection(stack, true).await?,
            Setting::TerminationProtection { on: false } => {}
        }
    }
    Ok(())
}

/// After it: protection that goes, and for a new stack all of them.
pub(crate) async fn after(cloud: &Arc<dyn Cloud>, stack: &str, plan: &StackPlan) -> Result<(), CloudError> {
    let new = matches!(plan.action, StackAction::Create | StackAction::Recreate);
    for setting in &plan.settings {
        match setting {
            Setting::StackPolicy { protects, own, lifts } if new || !lifts.is_empty() => {
                policy(cloud, stack, protects, own.as_deref()).await?;
            }
            Setting::StackPolicy { .. } => {}
            Setting::TerminationProtection { on } if new || !on => cloud.set_termination_protection(stack, *on).await?,
            Setting::TerminationProtection { .. } => {}
        }
    }
    Ok(())
}

/// Where the update did not come about: what was lifted for it is held again.
pub(crate) async fn again(cloud: &Arc<dyn Cloud>, stack: &str, plan: &StackPlan) -> Result<(), CloudError> {
    for setting in &plan.settings {
        if let Setting::StackPolicy { protects, own, lifts } = setting
            && !lifts.is_empty()
        {
            policy(cloud, stack, protects, own.as_deref()).await?;
        }
    }
    Ok(())
}

async fn policy<'a>(
    cloud: &Arc<dyn Cloud>,
    stack: &str,
    protects: impl IntoIterator<Item = &'a String>,
    own: Option<&str>,
) -> Result<(), CloudError> {
    let text = protect::policy(own, protects).unwrap_or_else(protect::open_policy);
    cloud.set_stack_policy(stack, &text).await
}
