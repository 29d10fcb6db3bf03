//! Somebody else who works on the same stacks, by other means.

use aws_sdk_cloudformation::types::Parameter;
use infra::sandbox::Sandbox;
use serde_json::{Value, json};

/// What they do, and when.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    /// Just before that call of ours, counted from the first one or from the first execution.
    pub(super) at: usize,
    pub(super) is_from_execution: bool,
    /// Not at any call, but once the plan is made, while it is looked at or waits in its file.
    pub(super) is_between: bool,
    /// Name of the stack.
    pub(super) stack: String,
    pub(super) deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Another timeout for the queue of that stack.
    Update,
    /// The stack goes.
    Delete,
}

/// Does it, where AWS lets them; the operation runs to its end at once. True where it was done.
pub(super) async fn strike(sandbox: &Sandbox, foreign: &Foreign) -> bool {
    let client = crate::sandbox::client_of(sandbox, "111111111111", "eu-west-1");
    let Some(stack) = sandbox.look().into_iter().find(|s| s.name == foreign.stack && s.is_live()) else { return false };
    if stack.is_under_way {
        return false;
    }
    let done = match foreign.deed {
        Deed::Delete => client.delete_stack().stack_name(&stack.id).send().await.is_ok(),
        Deed::Update => {
            let Ok(mut template) = serde_json::from_str::<Value>(&stack.body) else { return false };
            template["Resources"]["Queue"]["Properties"]["VisibilityTimeout"] = json!(777);
            let kept = |name: &String| Parameter::builder().parameter_key(name).use_previous_value(true).build();
            let update = client.update_stack().stack_name(&stack.id).template_body(template.to_string());
            update.set_parameters(Some(stack.parameters.keys().map(kept).collect())).send().await.is_ok()
        }
    };
    let under_way = || sandbox.look().iter().any(|s| s.id == stack.id && s.is_under_way);
    while done && under_way() {
        let _ = client.describe_stacks().stack_name(&stack.id).send().await;
    }
    done
}

/// What an operator does to a stack whose rollback failed: tells it to go on.
pub(super) async fn help(sandbox: &Sandbox) {
    for stack in sandbox.look().into_iter().filter(|s| s.status == "UPDATE_ROLLBACK_FAILED") {
        let client = crate::sandbox::client_of(sandbox, &stack.account, &stack.region);
        client.continue_update_rollback().stack_name(&stack.id).send().await.unwrap();
        while sandbox.look().iter().any(|s| s.id == stack.id && s.is_under_way) {
            client.describe_stacks().stack_name(&stack.id).send().await.unwrap();
        }
    }
}
