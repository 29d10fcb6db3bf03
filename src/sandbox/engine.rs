//! The state machine of a stack: one step at a time, everything in the order of names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::sandbox::clock::{Pace, Time};
use crate::sandbox::diff::{outputs, properties_json};
use crate::sandbox::eval::{Lookup, Scope, StackOutput};
use crate::sandbox::facts::USER_INITIATED;
use crate::sandbox::ids;
use crate::sandbox::model::{Event, OnFailure, Operation, Phase, Region, Resource, Stable, Stack};
use crate::sandbox::objects::Buckets;
use crate::sandbox::records::Identity;
use crate::sandbox::script::Script;
use crate::sandbox::status::{ExecutionStatus, ResourceStatus, StackStatus};
use crate::sandbox::template::{self, Template};
use crate::sandbox::values::secrets;
use crate::schema::Types;

mod remove;
mod settle;
mod work;

pub(crate) use settle::{doom_all, exports_kept, fail};
pub(crate) use work::{cancel, taken};

/// What a step may see besides its own stack.
pub(crate) struct Context<'a> {
    pub(crate) types: &'a Types,
    pub(crate) time: &'a mut Time,
    pub(crate) script: &'a mut Script,
    /// The other stacks of the account and region.
    pub(crate) others: &'a Region,
    /// What lies in S3.
    pub(crate) buckets: &'a Buckets,
    /// The stacks of all other accounts and regions.
    pub(crate) elsewhere: &'a BTreeMap<(String, String), Region>,
    /// The account and region themselves.
    pub(crate) here: (&'a str, &'a str),
}

impl Context<'_> {
    pub(crate) fn living(&self) -> impl Iterator<Item = &Stack> {
        self.others.values().filter(|stack| stack.live())
    }

    /// The living stack of that name, in any account and region; not the one that the step is for.
    pub(crate) fn stack(&self, account: &str, region: &str, name: &str) -> Option<&Stack> {
        let stacks = match (account, region) == self.here {
            true => self.others,
            false => self.elsewhere.get(&(account.to_owned(), region.to_owned()))?,
        };
        stacks.values().find(|stack| stack.live() && stack.place.stack_name == name)
    }

    /// The value of an export, and the stack that has it.
    pub(crate) fn export(&self, name: &str) -> Option<(&Stack, String)> {
        self.living().find_map(|stack| Some((stack, stack.export(name)?.value.clone())))
    }

    /// Who uses an export.
    pub(crate) fn importers(&self, name: &str) -> Vec<String> {
        self.living().filter(|stack| stack.imports.contains(name)).map(|stack| stack.place.stack_name.clone()).collect()
    }
}

/// What an operation starts with.
pub(crate) struct Start {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    pub(crate) change_set: Option<String>,
    pub(crate) phase: Phase,
    pub(crate) status: StackStatus,
    pub(crate) on_failure: OnFailure,
    pub(crate) kind: &'static str,
}

/// Puts an operation on the list of the last ones; only a few are kept.
pub(crate) fn note_operation(stack: &mut Stack, id: &str, kind: &str) {
    stack.operations.insert(0, (id.to_owned(), kind.to_owned()));
    stack.operations.truncate(5);
}

/// Puts an operation on a stack and says so in the events.
pub(crate) fn begin(stack: &mut Stack, context: &mut Context<'_>, start: Start) {
    let at = context.time.stamp();
    note_operation(stack, &start.id, start.kind);
    stack.operation = Some(Operation {
        id: start.id,
        token: start.token,
        change_set: start.change_set,
        phase: start.phase,
        on_failure: start.on_failure,
        due: at,
        running: BTreeMap::new(),
        done: BTreeSet::new(),
        failed: Vec::new(),
        cancelled: false,
        doomed: BTreeMap::new(),
        spared: BTreeSet::new(),
        before: stack.status,
        template: None,
    });
    turn(stack, context, start.status, Some(USER_INITIATED.to_owned()));
}

/// Remembers where a rollback would lead.
pub(crate) fn remember(stack: &mut Stack) {
    if stack.stable.is_none() {
        stack.stable = Some(Box::new(Stable {
            current: stack.current.clone(),
            description: stack.description.clone(),
            resources: stack.resources.clone(),
            outputs: stack.outputs.clone(),
            imports: stack.imports.clone(),
        }));
    }
}

/// Takes as many steps as are due. `polled` says that somebody looks at this stack.
pub(crate) fn advance(stack: &mut Stack, context: &mut Context<'_>, pace: Pace, polled: bool) {
    match pace {
        Pace::Polls { steps } if polled => {
            for _ in 0..steps {
                if stack.operation.is_none() {
                    return;
                }
                context.time.pass(1000);
                step(stack, context);
            }
        }
        Pace::Polls { .. } => {}
        Pace::Elapsed { step: length } => {
            let now = context.time.now();
            while let Some(operation) = &mut stack.operation {
                if operation.due.saturating_add(length) > now {
                    return;
                }
                operation.due = operation.due.saturating_add(length.max(1));
                step(stack, context);
            }
        }
    }
}

fn step(stack: &mut Stack, context: &mut Context<'_>) {
    stack.dirty = true;
    let Some(operation) = &stack.operation else { return };
    match operation.phase {
        Phase::Create | Phase::Update | Phase::UpdateRollback => work::step(stack, context),
        Phase::Cleanup | Phase::Rollback | Phase::RollbackCleanup | Phase::Delete => remove::step(stack, context),
    }
}

/// The template that the stack moves to, taken apart once for each operation and process.
fn goal(stack: &mut Stack) -> Arc<Template> {
    let read = |body: &str| Arc::new(template::read(body).unwrap_or_default());
    match &mut stack.operation {
        Some(operation) => operation.template.get_or_insert_with(|| read(&stack.current.body)).clone(),
        None => read(&stack.current.body),
    }
}

/// Gives the stack a status, with its event.
pub(crate) fn turn(stack: &mut Stack, context: &mut Context<'_>, status: StackStatus, reason: Option<String>) {
    stack.status = status;
    // The reason of an operation's start belongs to the event alone.
    stack.reason = reason.clone().filter(|reason| reason != USER_INITIATED || status == StackStatus::ReviewInProgress);
    let at = context.time.stamp();
    let id = ids::uuid(&[&stack.place.stack_id, "event", &stack.events.len().to_string()]);
    let event = Event {
        id,
        at,
        logical: stack.place.stack_name.clone(),
        physical: stack.place.stack_id.clone(),
        kind: "AWS::CloudFormation::Stack".to_owned(),
        status: status.as_str().to_owned(),
        reason,
        properties: None,
        token: stack.operation.as_ref().and_then(|operation| operation.token.clone()),
        operation: stack.operation.as_ref().map(|operation| operation.id.clone()),
    };
    stack.events.push(event);
    stack.dirty = true;
}

/// Writes the event of a resource and gives it the stamp.
fn note(
    stack: &mut Stack,
    context: &mut Context<'_>,
    logical: &str,
    resource: &mut Resource,
    status: ResourceStatus,
    reason: Option<String>,
) {
    let at = context.time.stamp();
    (resource.status, resource.reason, resource.at) = (status, reason.clone(), at);
    let template = goal(stack);
    let mut hidden = secrets(&template, &stack.current.parameters);
    if let Some(stable) = &stack.stable {
        hidden.extend(secrets(&template, &stable.current.parameters));
    }
    let properties = properties_json(&resource.properties, &hidden);
    let event = Event {
        id: format!("{logical}-{}-{}", status.as_str(), crate::sandbox::clock::iso(at)),
        at,
        logical: logical.to_owned(),
        physical: resource.physical.clone(),
        kind: resource.kind.clone(),
        status: status.as_str().to_owned(),
        reason,
        properties,
        token: stack.operation.as_ref().and_then(|operation| operation.token.clone()),
        operation: stack.operation.as_ref().map(|operation| operation.id.clone()),
    };
    stack.events.push(event);
}

/// Ends the operation; its change set gets the verdict.
fn finish(
    stack: &mut Stack,
    context: &mut Context<'_>,
    status: StackStatus,
    reason: Option<String>,
    verdict: ExecutionStatus,
) {
    turn(stack, context, status, reason);
    settle_change_set(stack, verdict);
    stack.operation = None;
}

fn settle_change_set(stack: &mut Stack, verdict: ExecutionStatus) {
    let executed = stack.operation.as_ref().and_then(|operation| operation.change_set.clone());
    if let Some(change_set) = executed.and_then(|id| stack.change_sets.get_mut(&id))
        && matches!(change_set.execution, ExecutionStatus::ExecuteInProgress | ExecutionStatus::ExecuteComplete)
    {
        change_set.execution = verdict;
    }
}

/// Looks names up among the resources as they stand.
struct Standing<'a> {
    stack: &'a Stack,
    context: &'a Context<'a>,
}

impl Lookup for Standing<'_> {
    fn reference(&self, name: &str) -> Result<Value, String> {
        let resource = self.stack.resources.get(name);
        let resource = resource.ok_or_else(|| {
            format!("Unresolved resource dependencies [{name}] in the Resources block of the template")
        })?;
        Ok(Value::String(resource.physical.clone()))
    }

    fn attribute(&self, name: &str, attribute: &str) -> Result<Value, String> {
        let resource = self.stack.resources.get(name);
        let resource = resource.ok_or_else(|| {
            format!("Unresolved resource dependencies [{name}] in the Resources block of the template")
        })?;
        identity(self.context.types, self.stack, name, resource).attribute(attribute)
    }

    fn import(&self, export: &str) -> Result<Value, String> {
        let found = self.context.export(export).map(|(_, value)| Value::String(value));
        found.ok_or_else(|| format!("No export named {export} found."))
    }

    fn output(&self, asked: &StackOutput) -> Result<Value, String> {
        let StackOutput { account, region, stack, output } = asked;
        let found = self.context.stack(account, region, stack);
        let found = found.ok_or_else(|| format!("Stack with id {stack} does not exist"))?;
        let value = found.outputs.iter().find(|one| one.key == *output);
        let value = value.ok_or_else(|| format!("Output {output} not found in stack {stack}"))?;
        Ok(Value::String(value.value.clone()))
    }
}

pub(crate) fn identity<'a>(
    types: &'a Types,
    stack: &'a Stack,
    logical: &'a str,
    resource: &'a Resource,
) -> Identity<'a> {
    Identity {
        types,
        place: &stack.place,
        logical,
        kind: &resource.kind,
        generation: resource.generation,
        properties: &resource.properties,
    }
}

/// The exports that a template imports, as far as its conditions let it.
fn imports(scope: &Scope<'_>) -> BTreeSet<String> {
    fn walk(scope: &Scope<'_>, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(scope, item, found)),
            Value::Object(fields) => {
                for (key, item) in fields {
                    if key == "Fn::ImportValue" {
                        found.extend(scope.text(item, key));
                    }
                    walk(scope, item, found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for resource in scope.template.resources.values() {
        if scope.exists(resource.condition.as_ref()).unwrap_or_default() {
            walk(scope, &resource.properties, &mut found);
        }
    }
    for output in scope.template.outputs.values() {
        if scope.exists(output.condition.as_ref()).unwrap_or_default() {
            walk(scope, &output.value, &mut found);
        }
    }
    found
}

/// Names of the resources that the conditions let be, in no order.
fn active(scope: &Scope<'_>) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for (name, declared) in &scope.template.resources {
        if scope.exists(declared.condition.as_ref())? {
            names.insert(name.clone());
        }
    }
    Ok(names)
}
