//! Calls that change something. Each carries its token; each may be repeated by the SDK.

use aws_sdk_cloudformation::types as sdk;

use crate::cloud::aws::client::Client;
use crate::cloud::{
    ChangeSetKind, CloudError, ErrorKind, MadeChangeSet, NewChangeSet, OnStackFailure, ParameterValue, TemplateText,
    Token,
};

pub(crate) async fn create_change_set(client: &Client, new: &NewChangeSet) -> Result<MadeChangeSet, CloudError> {
    const OPERATION: &str = "CreateChangeSet";
    let (body, url) = match &new.template {
        TemplateText::Body(body) => (Some(body.clone()), None),
        TemplateText::Url(url) => (None, Some(url.clone())),
    };
    let mut request = client
        .sdk()
        .await
        .create_change_set()
        .stack_name(&new.stack)
        .change_set_name(&new.name)
        .change_set_type(match new.kind {
            ChangeSetKind::Create => sdk::ChangeSetType::Create,
            ChangeSetKind::Update => sdk::ChangeSetType::Update,
        })
        .set_template_body(body)
        .set_template_url(url)
        .set_parameters(Some(new.parameters.iter().map(|(name, value)| parameter(name, value)).collect()))
        .set_tags(Some(new.tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()))
        .set_capabilities(Some(new.capabilities.iter().map(|c| c.as_str().into()).collect()))
        .set_role_arn(new.role.clone())
        .set_description(new.description.clone());
    if let Some(reaction) = new.on_stack_failure {
        request = request.on_stack_failure(match reaction {
            OnStackFailure::Delete => sdk::OnStackFailure::Delete,
            OnStackFailure::DoNothing => sdk::OnStackFailure::DoNothing,
            OnStackFailure::Rollback => sdk::OnStackFailure::Rollback,
        });
    }
    let answer = client.call(OPERATION, request.send()).await?;
    match (answer.id(), answer.stack_id()) {
        (Some(id), Some(stack_id)) => Ok(MadeChangeSet { id: id.to_owned(), stack_id: stack_id.to_owned() }),
        _ => Err(CloudError::new(ErrorKind::Incomplete, OPERATION, "the answer names no change set")),
    }
}

fn parameter(name: &str, value: &ParameterValue) -> sdk::Parameter {
    let parameter = sdk::Parameter::builder().parameter_key(name);
    match value {
        ParameterValue::Value(secret) => parameter.parameter_value(secret.expose()),
        ParameterValue::Previous => parameter.use_previous_value(true),
    }
    .build()
}

pub(crate) async fn execute_change_set(
    client: &Client,
    stack: &str,
    name: &str,
    disable_rollback: Option<bool>,
    token: &Token,
) -> Result<(), CloudError> {
    let request = client
        .sdk()
        .await
        .execute_change_set()
        .stack_name(stack)
        .change_set_name(name)
        .set_disable_rollback(disable_rollback)
        .client_request_token(token.as_str());
    client.call("ExecuteChangeSet", request.send()).await.map(drop)
}

pub(crate) async fn delete_change_set(client: &Client, stack: &str, name: &str) -> Result<(), CloudError> {
    let request = client.sdk().await.delete_change_set().stack_name(stack).change_set_name(name);
    gone_is_fine(client.call("DeleteChangeSet", request.send()).await.map(drop))
}

pub(crate) async fn delete_stack(
    client: &Client,
    stack: &str,
    retain: &[String],
    token: &Token,
) -> Result<(), CloudError> {
    let request = client
        .sdk()
        .await
        .delete_stack()
        .stack_name(stack)
        .set_retain_resources((!retain.is_empty()).then(|| retain.to_vec()))
        .client_request_token(token.as_str());
    gone_is_fine(client.call("DeleteStack", request.send()).await.map(drop))
}

pub(crate) async fn continue_update_rollback(
    client: &Client,
    stack: &str,
    skip: &[String],
    token: &Token,
) -> Result<(), CloudError> {
    let request = client
        .sdk()
        .await
        .continue_update_rollback()
        .stack_name(stack)
        .set_resources_to_skip((!skip.is_empty()).then(|| skip.to_vec()))
        .client_request_token(token.as_str());
    client.call("ContinueUpdateRollback", request.send()).await.map(drop)
}

pub(crate) async fn rollback_stack(client: &Client, stack: &str, token: &Token) -> Result<(), CloudError> {
    let request = client.sdk().await.rollback_stack().stack_name(stack).client_request_token(token.as_str());
    client.call("RollbackStack", request.send()).await.map(drop)
}

pub(crate) async fn set_termination_protection(client: &Client, stack: &str, on: bool) -> Result<(), CloudError> {
    let request =
        client.sdk().await.update_termination_protection().stack_name(stack).enable_termination_protection(on);
    client.call("UpdateTerminationProtection", request.send()).await.map(drop)
}

pub(crate) async fn set_stack_policy(client: &Client, stack: &str, policy: &str) -> Result<(), CloudError> {
    let request = client.sdk().await.set_stack_policy().stack_name(stack).stack_policy_body(policy);
    client.call("SetStackPolicy", request.send()).await.map(drop)
}

/// What is to be deleted and is not there is deleted.
fn gone_is_fine(result: Result<(), CloudError>) -> Result<(), CloudError> {
    match result {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
