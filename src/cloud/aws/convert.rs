//! From the types of the SDK to those of the port. What AWS left out stays left out.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types as sdk;

use crate::cloud::aws::deviations::text;
use crate::cloud::{
    ChangeAction, ChangeDetail, ChangeSetState, ChangeSetStatus, ExecutionStatus, Finding, Output, ParameterInForce,
    PolicyAction, Recreation, Replacement, ResourceChange, ResourceStatus, Secret, Stack, StackEvent, StackResource,
    StackStatus, StackSummary, Time,
};

/// Text that AWS always sends; empty where it did not.
fn must(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn time(value: Option<&DateTime>) -> Option<Time> {
    value.and_then(|at| at.to_millis().ok()).map(Time)
}

pub(crate) fn stack(from: &sdk::Stack) -> Stack {
    Stack {
        id: must(from.stack_id()),
        name: must(from.stack_name()),
        status: StackStatus::read(from.stack_status().map_or("", |s| s.as_str())),
        status_reason: text(from.stack_status_reason()),
        parameters: parameters(from.parameters()),
        outputs: from.outputs().iter().map(output).collect(),
        tags: tags(from.tags()),
        capabilities: from.capabilities().iter().map(|c| c.as_str().to_owned()).collect(),
        description: text(from.description()),
        change_set: text(from.change_set_id()),
        role: text(from.role_arn()),
        termination_protection: from.enable_termination_protection().unwrap_or(false),
        created: time(from.creation_time()),
        updated: time(from.last_updated_time()),
        deleted: time(from.deletion_time()),
        parent: text(from.parent_id()),
        operations: from
            .last_operations()
            .iter()
            .filter(|o| o.operation_type() != Some(&sdk::OperationType::CreateChangeset))
            .filter_map(|o| text(o.operation_id()))
            .collect(),
    }
}

fn output(from: &sdk::Output) -> (String, Output) {
    let output = Output {
        value: must(from.output_value()),
        description: text(from.description()),
        export: text(from.export_name()),
    };
    (must(from.output_key()), output)
}

pub(crate) fn parameters(from: &[sdk::Parameter]) -> BTreeMap<String, ParameterInForce> {
    from.iter()
        .map(|p| {
            let value = ParameterInForce {
                value: Secret::new(p.parameter_value().unwrap_or_default()),
                resolved: p.resolved_value().map(Secret::new),
            };
            (must(p.parameter_key()), value)
        })
        .collect()
}

pub(crate) fn tags(from: &[sdk::Tag]) -> BTreeMap<String, String> {
    from.iter().map(|t| (must(t.key()), must(t.value()))).collect()
}

pub(crate) fn summary(from: &sdk::StackSummary) -> StackSummary {
    StackSummary {
        id: must(from.stack_id()),
        name: must(from.stack_name()),
        status: StackStatus::read(from.stack_status().map_or("", |s| s.as_str())),
        status_reason: text(from.stack_status_reason()),
        parent: text(from.parent_id()),
    }
}

pub(crate) fn resource(from: &sdk::StackResourceSummary) -> StackResource {
    StackResource {
        logical_id: must(from.logical_resource_id()),
        physical_id: text(from.physical_resource_id()),
        resource_type: must(from.resource_type()),
        status: ResourceStatus::read(from.resource_status().map_or("", |s| s.as_str())),
        status_reason: text(from.resource_status_reason()),
    }
}

pub(crate) fn event(from: &sdk::StackEvent) -> StackEvent {
    StackEvent {
        id: must(from.event_id()),
        stack_id: must(from.stack_id()),
        stack_name: must(from.stack_name()),
        logical_id: must(from.logical_resource_id()),
        physical_id: text(from.physical_resource_id()),
        resource_type: must(from.resource_type()),
        status: ResourceStatus::read(from.resource_status().map_or("", |s| s.as_str())),
        reason: text(from.resource_status_reason()),
        at: time(from.timestamp()).unwrap_or(Time(0)),
        token: text(from.client_request_token()),
        operation: text(from.operation_id()),
    }
}

pub(crate) fn state(from: &DescribeChangeSetOutput) -> ChangeSetState {
    ChangeSetState {
        id: must(from.change_set_id()),
        name: must(from.change_set_name()),
        stack_id: must(from.stack_id()),
        stack_name: must(from.stack_name()),
        status: ChangeSetStatus::read(from.status().map_or("", |s| s.as_str())),
        status_reason: text(from.status_reason()),
        execution: ExecutionStatus::read(from.execution_status().map_or("", |s| s.as_str())),
        created: time(from.creation_time()),
        description: text(from.description()),
    }
}

pub(crate) fn change_set_summary(from: &sdk::ChangeSetSummary) -> ChangeSetState {
    ChangeSetState {
        id: must(from.change_set_id()),
        name: must(from.change_set_name()),
        stack_id: must(from.stack_id()),
        stack_name: must(from.stack_name()),
        status: ChangeSetStatus::read(from.status().map_or("", |s| s.as_str())),
        status_reason: text(from.status_reason()),
        execution: ExecutionStatus::read(from.execution_status().map_or("", |s| s.as_str())),
        created: time(from.creation_time()),
        description: text(from.description()),
    }
}

/// A validation or a hook that failed; `None` for events of any other kind.
pub(crate) fn finding(from: &sdk::OperationEvent) -> Option<Finding> {
    let (check, reason, mode) = match from.event_type()? {
        sdk::EventType::ValidationError => {
            (from.validation_name(), from.validation_status_reason(), from.validation_failure_mode())
        }
        sdk::EventType::HookInvocationError => (from.hook_type(), from.hook_status_reason(), from.hook_failure_mode()),
        _ => return None,
    };
    Some(Finding {
        logical_id: text(from.logical_resource_id()),
        resource_type: text(from.resource_type()),
        path: text(from.validation_path()),
        check: must(check),
        reason: must(reason),
        blocks: mode.is_none_or(|m| *m != sdk::HookFailureMode::Warn),
    })
}

pub(crate) fn change(from: &sdk::ResourceChange) -> ResourceChange {
    let mut scope: Vec<_> = from.scope().iter().map(|s| s.as_str().to_owned()).collect();
    scope.sort();
    scope.dedup();
    let mut details: Vec<_> = from.details().iter().map(detail).collect();
    details.sort();
    details.dedup();
    ResourceChange {
        action: ChangeAction::read(from.action().map_or("", |a| a.as_str())),
        logical_id: must(from.logical_resource_id()),
        physical_id: text(from.physical_resource_id()),
        resource_type: must(from.resource_type()),
        replacement: from.replacement().map(|r| Replacement::read(r.as_str())),
        policy: from.policy_action().map(|p| PolicyAction::read(p.as_str())),
        scope,
        details,
        before: from.before_context().map(Secret::new),
        after: from.after_context().map(Secret::new),
    }
}

fn detail(from: &sdk::ResourceChangeDetail) -> ChangeDetail {
    let target = from.target();
    ChangeDetail {
        attribute: target.and_then(|t| t.attribute()).map(|a| a.as_str().to_owned()),
        name: target.and_then(|t| text(t.name())),
        path: target.and_then(|t| text(t.path())),
        recreation: target.and_then(|t| t.requires_recreation()).map(|r| Recreation::read(r.as_str())),
        evaluation: from.evaluation().map(|e| e.as_str().to_owned()),
        source: from.change_source().map(|s| s.as_str().to_owned()),
        cause: text(from.causing_entity()),
        before: target.and_then(|t| t.before_value()).map(Secret::new),
        after: target.and_then(|t| t.after_value()).map(Secret::new),
    }
}
