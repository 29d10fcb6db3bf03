//! The simulator, seen through the SDK's own client: what it answers is what AWS would.
//!
//! Nothing here sleeps: time is virtual, and every look at a stack lets its operation advance.

mod change_details;
mod everyday;
mod failures;
mod lifecycle;
mod refusals;
mod state;

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Stack, StackEvent};
use infra::sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

/// A client of that account and region on that sandbox.
pub(crate) fn client_of(sandbox: &Sandbox, account: &str, region: &str) -> Client {
    let config = aws_sdk_cloudformation::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new(account, "secret", None, None, "test"))
        .retry_config(aws_sdk_cloudformation::config::retry::RetryConfig::disabled())
        .http_client(sandbox.connector())
        .build();
    Client::from_conf(config)
}

fn client(sandbox: &Sandbox) -> Client {
    client_of(sandbox, "111122223333", "eu-west-1")
}

/// A sandbox with a client.
fn world() -> (Sandbox, Client) {
    let sandbox = Sandbox::default();
    let client = client(&sandbox);
    (sandbox, client)
}

fn with(settings: Settings) -> (Sandbox, Client) {
    let sandbox = Sandbox::new(settings);
    let client = client(&sandbox);
    (sandbox, client)
}

/// A template of these resources.
fn resources(resources: Value) -> String {
    json!({ "Resources": resources }).to_string()
}

fn queue(properties: Value) -> Value {
    json!({ "Type": "AWS::SQS::Queue", "Properties": properties })
}

fn topic(properties: Value) -> Value {
    json!({ "Type": "AWS::SNS::Topic", "Properties": properties })
}

/// Code and message of a refusal.
fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    answer: Result<T, SdkError<E>>,
) -> (String, String, u16) {
    let error = answer.expect_err("refused");
    let status = error.raw_response().map(|response| response.status().as_u16()).unwrap_or_default();
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned(), status)
}

/// Everything that a change set is made from.
#[derive(Clone, Default)]
struct Ask<'a> {
    stack: &'a str,
    body: &'a str,
    parameters: &'a [(&'a str, &'a str)],
    tags: &'a [(&'a str, &'a str)],
    token: Option<&'a str>,
}

/// Makes a change set, waits for it, and describes it.
async fn plan(client: &Client, ask: Ask<'_>, name: &str, kind: ChangeSetType) -> DescribeChangeSetOutput {
    let parameters = ask
        .parameters
        .iter()
        .map(|(key, value)| Parameter::builder().parameter_key(*key).parameter_value(*value).build());
    let tags = ask
        .tags
        .iter()
        .map(|(key, value)| aws_sdk_cloudformation::types::Tag::builder().key(*key).value(*value).build());
    let made = client
        .create_change_set()
        .stack_name(ask.stack)
        .change_set_name(name)
        .change_set_type(kind)
        .template_body(ask.body)
        .set_parameters(Some(parameters.collect()))
        .set_tags(Some(tags.collect()))
        .capabilities(Capability::CapabilityNamedIam)
        .set_client_token(ask.token.map(str::to_owned))
        .send()
        .await
        .expect("change set accepted");
    ready(client, made.id().expect("id"), false).await
}

async fn ready(client: &Client, id: &str, values: bool) -> DescribeChangeSetOutput {
    loop {
        let seen = client
            .describe_change_set()
            .change_set_name(id)
            .include_property_values(values)
            .send()
            .await
            .expect("describe");
        if matches!(seen.status(), Some(ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed)) {
            return seen;
        }
    }
}

/// Plans and executes; gives the stack as it ends.
async fn deploy(client: &Client, ask: Ask<'_>) -> Stack {
    let fresh = match client.describe_stacks().stack_name(ask.stack).send().await {
        Ok(found) => found.stacks()[0].stack_status().map(|status| status.as_str()) == Some("REVIEW_IN_PROGRESS"),
        Err(_) => true,
    };
    let kind = if fresh { ChangeSetType::Create } else { ChangeSetType::Update };
    let name = format!(
        "deploy-{}",
        client
            .list_change_sets()
            .stack_name(ask.stack)
            .send()
            .await
            .map(|list| list.summaries().len())
            .unwrap_or_default()
    );
    let plan = plan(client, ask.clone(), &name, kind).await;
    assert_eq!(plan.status(), Some(&ChangeSetStatus::CreateComplete), "{:?}", plan.status_reason());
    client
        .execute_change_set()
        .change_set_name(plan.change_set_id().expect("id"))
        .set_client_request_token(ask.token.map(str::to_owned))
        .send()
        .await
        .expect("executed");
    settled(client, ask.stack).await
}

/// Looks until nothing is in progress.
async fn settled(client: &Client, stack: &str) -> Stack {
    for _ in 0..500 {
        let seen = describe(client, stack).await;
        let status = seen.stack_status().expect("status").as_str().to_owned();
        if !status.ends_with("IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
            return seen;
        }
    }
    panic!("{stack} does not settle");
}

async fn describe(client: &Client, stack: &str) -> Stack {
    client.describe_stacks().stack_name(stack).send().await.expect("stack").stacks()[0].clone()
}

fn status(stack: &Stack) -> &str {
    stack.stack_status().expect("status").as_str()
}

fn outputs(stack: &Stack) -> BTreeMap<String, String> {
    let pair = |output: &aws_sdk_cloudformation::types::Output| {
        (output.output_key().unwrap_or_default().to_owned(), output.output_value().unwrap_or_default().to_owned())
    };
    stack.outputs().iter().map(pair).collect()
}

/// All events, oldest first.
async fn events(client: &Client, stack: &str) -> Vec<StackEvent> {
    let mut all = Vec::new();
    let mut next = None;
    loop {
        let page = client.describe_stack_events().stack_name(stack).set_next_token(next).send().await.expect("events");
        all.extend(page.stack_events().to_vec());
        next = page.next_token().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    all.reverse();
    all
}

/// `Logical STATUS` of each event, oldest first.
async fn story(client: &Client, stack: &str) -> Vec<String> {
    let line = |event: &StackEvent| {
        format!(
            "{} {}",
            event.logical_resource_id().unwrap_or_default(),
            event.resource_status().map(|status| status.as_str()).unwrap_or_default()
        )
    };
    events(client, stack).await.iter().map(line).collect()
}

/// Physical ids by logical id.
async fn physical(client: &Client, stack: &str) -> BTreeMap<String, String> {
    let list = client.list_stack_resources().stack_name(stack).send().await.expect("resources");
    let pair = |one: &aws_sdk_cloudformation::types::StackResourceSummary| {
        (
            one.logical_resource_id().unwrap_or_default().to_owned(),
            one.physical_resource_id().unwrap_or_default().to_owned(),
        )
    };
    list.stack_resource_summaries().iter().map(pair).collect()
}
