//! The event log, by stack and by operation.

use crate::sandbox::api::{Outcome, page, request, result};
use crate::sandbox::clock::iso;
use crate::sandbox::facts;
use crate::sandbox::model::{ChangeSet, Event, Finding, Stack};
use crate::sandbox::wire::{Params, Xml};
use crate::sandbox::world::{Caller, Key, World};

pub(super) fn of_stack(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let name = request::stack_name(params)?;
    let key = world.find(caller, &name).ok_or_else(|| facts::no_stack(&name))?;
    let size = world.settings.items_per_page;
    // Going on to the next page is no new look: it must not move what the pages are cut from.
    if params.text("NextToken").is_none() {
        world.poll(caller, &key, |_, _| ());
    }
    let seen = world.visit(caller, &key, |stack, _| {
        let events: Vec<Event> = stack.events.iter().rev().cloned().collect();
        (events, stack.place.stack_name.clone(), stack.place.stack_id.clone())
    });
    let (events, stack_name, stack_id) = seen.ok_or_else(|| facts::no_stack(&name))?;
    let (shown, next) = page(events, params, size)?;
    result(|xml| {
        xml.list("StackEvents", &shown, |xml, event| {
            xml.put("StackId", &stack_id);
            xml.put("EventId", &event.id);
            xml.put("StackName", &stack_name);
            common(xml, event);
            xml.put("Timestamp", iso(event.at));
        });
        xml.maybe("NextToken", next.as_ref());
    })
}

fn common(xml: &mut Xml, event: &Event) {
    xml.maybe("OperationId", event.operation.as_ref());
    xml.put("LogicalResourceId", &event.logical);
    xml.put("PhysicalResourceId", &event.physical);
    xml.put("ResourceType", &event.kind);
    xml.put("ResourceStatus", &event.status);
    xml.maybe("ResourceStatusReason", event.reason.as_ref());
    xml.maybe("ResourceProperties", event.properties.as_ref());
    xml.maybe("ClientRequestToken", event.token.as_ref());
}

/// One line of DescribeEvents.
enum Line {
    Stack(Event),
    Finding(Finding, u64, String),
}

pub(super) fn of_operation(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let operation = params.text("OperationId");
    let failed_only = params.flag("Filters.FailedEvents").unwrap_or_default();
    let size = world.settings.items_per_page;
    let key = place(world, caller, params)?;
    let change_set = params.text("ChangeSetName");
    let seen =
        world.poll(caller, &key, |stack, _| lines(stack, operation.as_deref(), change_set.as_deref(), failed_only));
    let (shown, next) = page(seen.unwrap_or_default(), params, size)?;
    result(|xml| {
        xml.list("OperationEvents", shown, line);
        xml.maybe("NextToken", next.as_ref());
    })
}

/// The stack that is asked about: by its name, by a change set, or by an operation.
fn place(world: &mut World, caller: &Caller, params: &Params) -> facts::Answer<Key> {
    if let Some(name) = params.text("StackName") {
        return world.find(caller, &name).ok_or_else(|| facts::no_stack(&name));
    }
    let operation = params.text("OperationId");
    let change_set = params.text("ChangeSetName");
    let fits = |stack: &Stack| {
        change_set.as_ref().is_some_and(|arn| stack.change_sets.contains_key(arn))
            || operation.as_ref().is_some_and(|id| {
                stack.events.iter().any(|event| event.operation.as_ref() == Some(id))
                    || stack.change_sets.values().any(|set| set.operation == *id)
            })
    };
    let found = world.region(caller).iter().find(|(_, stack)| fits(stack)).map(|(key, _)| key.clone());
    found.ok_or_else(|| match &change_set {
        Some(name) => facts::no_change_set(name),
        None => facts::invalid("Either StackName, ChangeSetName or OperationId must be specified, and must exist."),
    })
}

fn lines(stack: &Stack, operation: Option<&str>, change_set: Option<&str>, failed_only: bool) -> Vec<Line> {
    let of_set = |set: &&ChangeSet| {
        operation.is_none_or(|id| set.operation == id)
            && change_set.is_none_or(|name| set.id == name || set.name == name)
    };
    let found = stack.change_sets.values().filter(of_set);
    let mut lines: Vec<Line> = found
        .flat_map(|set| {
            set.findings.iter().map(|finding| Line::Finding(finding.clone(), set.created, set.operation.clone()))
        })
        .collect();
    if change_set.is_none() {
        let events = stack.events.iter().rev();
        let events = events.filter(|event| operation.is_none_or(|id| event.operation.as_deref() == Some(id)));
        let events = events.filter(|event| !failed_only || event.status.ends_with("_FAILED"));
        lines.extend(events.cloned().map(Line::Stack));
    }
    lines
}

fn line(xml: &mut Xml, line: Line) {
    match line {
        Line::Stack(event) => {
            let failed = event.status.ends_with("_FAILED");
            let kind = match (event.kind.as_str(), failed) {
                ("AWS::CloudFormation::Stack", _) => "STACK_EVENT",
                (_, true) => "PROVISIONING_ERROR",
                (_, false) => "PROGRESS_EVENT",
            };
            xml.put("EventId", &event.id);
            xml.put("EventType", kind);
            common(xml, &event);
            xml.put("Timestamp", iso(event.at));
        }
        Line::Finding(finding, at, operation) => {
            xml.put("EventId", crate::sandbox::ids::uuid(&[&operation, &finding.path, &finding.reason]));
            xml.put("EventType", "VALIDATION_ERROR");
            xml.put("OperationId", operation);
            xml.put("OperationType", "CREATE_CHANGESET");
            xml.put("LogicalResourceId", &finding.logical);
            xml.put("ResourceType", &finding.kind);
            xml.put("Timestamp", iso(at));
            xml.put("ValidationFailureMode", "FAIL");
            xml.put("ValidationName", &finding.check);
            xml.put("ValidationStatus", "FAILED");
            xml.put("ValidationStatusReason", &finding.reason);
            xml.put("ValidationPath", &finding.path);
        }
    }
}
