//! Calls that change nothing. What comes in pages is read to its end.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types as sdk;

use crate::cloud::aws::client::Client;
use crate::cloud::aws::{convert, deviations};
use crate::cloud::union::union;
use crate::cloud::{
    ChangeSet, ChangeSetState, CloudError, ErrorKind, Finding, ResourceChange, Stack, StackEvent, StackResource,
    StackStatus, StackSummary, Token, in_order,
};
use crate::slip::{self, Slip};

/// The place in a list that comes in pages. Fails where a service hands out the same place for ever.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) next: Option<String>,
    been: BTreeSet<String>,
}

impl Place {
    /// Goes on to `next`; false at the end.
    pub(crate) fn go_on(&mut self, operation: &'static str, next: Option<&str>) -> Result<bool, CloudError> {
        let Some(next) = next.filter(|n| !n.is_empty()) else { return Ok(false) };
        if !self.been.insert(next.to_owned()) {
            return Err(CloudError::new(ErrorKind::Incomplete, operation, "the list goes in circles"));
        }
        self.next = Some(next.to_owned());
        Ok(true)
    }
}

/// Absent is no error.
fn present<T>(result: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) async fn stack(client: &Client, asked: &str) -> Result<Option<Stack>, CloudError> {
    let request = client.sdk().await.describe_stacks().stack_name(asked);
    let Some(answer) = present(client.call("DescribeStacks", request.send()).await)? else { return Ok(None) };
    let stack = answer.stacks().iter().map(convert::stack).find(|s| s.name == asked || s.id == asked);
    Ok(stack.filter(|stack| !deviations::is_absent_by_name(asked, stack)))
}

pub(crate) async fn stacks(client: &Client) -> Result<Vec<Stack>, CloudError> {
    const OPERATION: &str = "DescribeStacks";
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client.sdk().await.describe_stacks().set_next_token(place.next.clone());
        let answer = client.call(OPERATION, request.send()).await?;
        all.extend(answer.stacks().iter().map(convert::stack));
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    all.retain(|stack| stack.status != StackStatus::DeleteComplete);
    all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(all)
}

pub(crate) async fn list_stacks(client: &Client, statuses: &[StackStatus]) -> Result<Vec<StackSummary>, CloudError> {
    const OPERATION: &str = "ListStacks";
    let filter: Vec<sdk::StackStatus> = statuses.iter().map(|s| s.as_str().into()).collect();
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client
            .sdk()
            .await
            .list_stacks()
            .set_stack_status_filter((!filter.is_empty()).then(|| filter.clone()))
            .set_next_token(place.next.clone());
        let answer = client.call(OPERATION, request.send()).await?;
        all.extend(answer.stack_summaries().iter().map(convert::summary));
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(all)
}

pub(crate) async fn template(client: &Client, stack: &str) -> Result<Option<String>, CloudError> {
    let request = client.sdk().await.get_template().stack_name(stack).template_stage(sdk::TemplateStage::Original);
    let answer = present(client.call("GetTemplate", request.send()).await)?;
    Ok(answer.and_then(|a| deviations::text(a.template_body())))
}

pub(crate) async fn change_set_template(
    client: &Client,
    stack: &str,
    name: &str,
) -> Result<Option<String>, CloudError> {
    let request = client.sdk().await.get_template().stack_name(stack).change_set_name(name);
    let request = request.template_stage(sdk::TemplateStage::Original);
    let answer = present(client.call("GetTemplate", request.send()).await)?;
    Ok(answer.and_then(|a| deviations::text(a.template_body())))
}

pub(crate) async fn imports(client: &Client, export: &str) -> Result<Vec<String>, CloudError> {
    const OPERATION: &str = "ListImports";
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client.sdk().await.list_imports().export_name(export).set_next_token(place.next.clone());
        let answer = match client.call(OPERATION, request.send()).await {
            Err(error) if deviations::says_unused(&error.message) => break,
            other => other?,
        };
        all.extend(answer.imports().iter().cloned());
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

pub(crate) async fn resources(client: &Client, stack: &str) -> Result<Option<Vec<StackResource>>, CloudError> {
    const OPERATION: &str = "ListStackResources";
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client.sdk().await.list_stack_resources().stack_name(stack).set_next_token(place.next.clone());
        let Some(answer) = present(client.call(OPERATION, request.send()).await)? else { return Ok(None) };
        all.extend(answer.stack_resource_summaries().iter().map(convert::resource));
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    all.sort_by(|a, b| a.logical_id.cmp(&b.logical_id));
    Ok(Some(all))
}

pub(crate) async fn events(
    client: &Client,
    stack: &str,
    seen: &BTreeSet<String>,
    token: Option<&Token>,
) -> Result<Vec<StackEvent>, CloudError> {
    const OPERATION: &str = "DescribeStackEvents";
    let mut all = Vec::new();
    let mut place = Place::default();
    let mut ours = false;
    loop {
        let request = client.sdk().await.describe_stack_events().stack_name(stack).set_next_token(place.next.clone());
        let Some(answer) = present(client.call(OPERATION, request.send()).await)? else { break };
        let page: Vec<StackEvent> = answer.stack_events().iter().map(convert::event).collect();
        let known = page.iter().any(|event| seen.contains(&event.id));
        let passed = token.is_some_and(|token| passes(&page, token, &mut ours));
        all.extend(page.into_iter().filter(|event| !seen.contains(&event.id)));
        if known || passed || !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    Ok(in_order(all))
}

/// True where the page, which is told newest first, reaches behind the operation with that token.
/// Operations of one stack do not overlap, so an event of the stack with another token ends ours.
fn passes(page: &[StackEvent], token: &Token, ours: &mut bool) -> bool {
    for event in page {
        if event.token.as_deref() == Some(token.as_str()) {
            *ours = true;
        } else if *ours && event.is_of_stack() && event.token.is_some() {
            return true;
        }
    }
    false
}

pub(crate) async fn change_set_state(
    client: &Client,
    stack: &str,
    name: &str,
) -> Result<Option<ChangeSetState>, CloudError> {
    let answer = page(client, stack, name, false, None).await?;
    Ok(answer.map(|a| convert::state(&a)).filter(is_there))
}

pub(crate) async fn change_set(client: &Client, stack: &str, name: &str) -> Result<Option<ChangeSet>, CloudError> {
    let both = tokio::try_join!(pages(client, stack, name, true), pages(client, stack, name, false))?;
    let (Some((valued, _, _)), Some((plain, last, count))) = both else { return Ok(None) };
    let state = convert::state(&last);
    if !is_there(&state) {
        return Ok(None);
    }
    let mut changes = union(plain, valued)?;
    if client.is_emulated() {
        changes.iter_mut().for_each(deviations::leave_open);
    }
    Ok(Some(ChangeSet {
        state,
        parameters: convert::parameters(last.parameters()),
        tags: convert::tags(last.tags()),
        capabilities: last.capabilities().iter().map(|c| c.as_str().to_owned()).collect(),
        changes,
        pages: count,
    }))
}

/// A change set that is told as deleted is gone.
fn is_there(state: &ChangeSetState) -> bool {
    state.status != crate::cloud::ChangeSetStatus::DeleteComplete
}

/// All pages of one form: the changes, the first page for all else, and how many pages there were.
async fn pages(
    client: &Client,
    stack: &str,
    name: &str,
    values: bool,
) -> Result<Option<(Vec<ResourceChange>, DescribeChangeSetOutput, usize)>, CloudError> {
    let Some(first) = page(client, stack, name, values, None).await? else { return Ok(None) };
    let mut changes = changes_of(&first);
    let mut count = 1;
    let mut place = Place::default();
    let mut more = place.go_on("DescribeChangeSet", first.next_token())?;
    while more && !slip::is(Slip::FirstPage) {
        let Some(next) = page(client, stack, name, values, place.next.clone()).await? else { return Ok(None) };
        changes.extend(changes_of(&next));
        count += 1;
        more = place.go_on("DescribeChangeSet", next.next_token())?;
    }
    Ok(Some((changes, first, count)))
}

fn changes_of(page: &DescribeChangeSetOutput) -> Vec<ResourceChange> {
    page.changes().iter().filter_map(|c| c.resource_change()).map(convert::change).collect()
}

async fn page(
    client: &Client,
    stack: &str,
    name: &str,
    values: bool,
    place: Option<String>,
) -> Result<Option<DescribeChangeSetOutput>, CloudError> {
    let request = client
        .sdk()
        .await
        .describe_change_set()
        .stack_name(stack)
        .change_set_name(name)
        .include_property_values(values)
        .set_next_token(place);
    present(client.call("DescribeChangeSet", request.send()).await)
}

pub(crate) async fn findings(client: &Client, stack: &str, name: &str) -> Result<Vec<Finding>, CloudError> {
    const OPERATION: &str = "DescribeEvents";
    let stack = (!name.starts_with("arn:")).then(|| stack.to_owned());
    let failed = sdk::EventFilter::builder().failed_events(true).build();
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client
            .sdk()
            .await
            .describe_events()
            .set_stack_name(stack.clone())
            .change_set_name(name)
            .filters(failed.clone())
            .set_next_token(place.next.clone());
        let answer = match client.call(OPERATION, request.send()).await {
            Err(error) if deviations::lacks_operation(&error) => break,
            other => present(other)?,
        };
        let Some(answer) = answer else { break };
        all.extend(answer.operation_events().iter().filter_map(convert::finding));
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    Ok(all)
}

pub(crate) async fn change_sets(client: &Client, stack: &str) -> Result<Vec<ChangeSetState>, CloudError> {
    const OPERATION: &str = "ListChangeSets";
    let mut all = Vec::new();
    let mut place = Place::default();
    loop {
        let request = client.sdk().await.list_change_sets().stack_name(stack).set_next_token(place.next.clone());
        let Some(answer) = present(client.call(OPERATION, request.send()).await)? else { break };
        all.extend(answer.summaries().iter().map(convert::change_set_summary));
        if !place.go_on(OPERATION, answer.next_token())? {
            break;
        }
    }
    all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(all)
}

pub(crate) async fn stack_policy(client: &Client, stack: &str) -> Result<Option<String>, CloudError> {
    let request = client.sdk().await.get_stack_policy().stack_name(stack);
    let answer = present(client.call("GetStackPolicy", request.send()).await)?;
    Ok(answer.and_then(|a| deviations::text(a.stack_policy_body())))
}
