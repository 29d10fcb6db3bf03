//! Stacks, resources, exports: read only.

use crate::sandbox::api::change_sets::{parameters, tags};
use crate::sandbox::api::{Outcome, page, request, result};
use crate::sandbox::clock::iso;
use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::model::{Resource, Stack};
use crate::sandbox::template;
use crate::sandbox::wire::{Params, Xml};
use crate::sandbox::world::{Caller, Key, World};

/// The stack that was asked for, by name or ARN.
pub(super) fn named(world: &mut World, caller: &Caller, params: &Params) -> Answer<Key> {
    let name = request::stack_name(params)?;
    world.find(caller, &name).ok_or_else(|| facts::no_stack_with_id(&name))
}

pub(super) fn stacks(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let size = world.settings.items_per_page;
    let keys = match params.text("StackName") {
        Some(_) => vec![named(world, caller, params)?],
        None => {
            let keys = world.keys(caller);
            let region = world.region(caller);
            keys.into_iter().filter(|key| region.get(key).is_some_and(Stack::live)).collect()
        }
    };
    let (keys, next) = page(keys, params, size)?;
    let shown: Vec<String> =
        keys.iter().filter_map(|key| world.poll(caller, key, |stack, _| fragment(stack))).collect();
    result(|xml| {
        xml.list("Stacks", shown, Xml::raw);
        xml.maybe("NextToken", next.as_ref());
    })
}

fn fragment(stack: &Stack) -> String {
    let mut xml = Xml::default();
    describe(&mut xml, stack);
    xml.finish()
}

fn describe(xml: &mut Xml, stack: &Stack) {
    let template = template::read(&stack.current.body).unwrap_or_default();
    xml.put("StackId", &stack.place.stack_id);
    xml.put("StackName", &stack.place.stack_name);
    xml.maybe("ChangeSetId", stack.change_set.as_ref().filter(|_| stack.live()));
    xml.maybe("Description", stack.description.as_ref());
    if !stack.current.parameters.is_empty() {
        parameters(xml, &template, &stack.current.parameters);
    }
    xml.put("CreationTime", iso(stack.created));
    xml.maybe("DeletionTime", stack.deleted.map(iso));
    xml.maybe("LastUpdatedTime", stack.updated.map(iso));
    xml.within("RollbackConfiguration", |_| ());
    xml.put("StackStatus", stack.status.as_str());
    xml.maybe("StackStatusReason", stack.reason.as_ref());
    xml.flag("DisableRollback", stack.disable_rollback);
    xml.texts("NotificationARNs", &stack.current.notifications);
    xml.maybe("TimeoutInMinutes", stack.current.timeout.as_ref());
    if !stack.current.capabilities.is_empty() {
        xml.texts("Capabilities", &stack.current.capabilities);
    }
    if !stack.outputs.is_empty() {
        xml.list("Outputs", &stack.outputs, |xml, output| {
            xml.put("OutputKey", &output.key);
            xml.put("OutputValue", &output.value);
            xml.maybe("Description", output.description.as_ref());
            xml.maybe("ExportName", output.export.as_ref());
        });
    }
    xml.maybe("RoleARN", stack.current.role.as_ref());
    tags(xml, &stack.current.tags);
    if stack.live() {
        xml.flag("EnableTerminationProtection", stack.protection);
    }
    drift(xml, stack);
    operations(xml, stack);
}

/// What the last look at the stack found [A].
fn drift(xml: &mut Xml, stack: &Stack) {
    xml.within("DriftInformation", |xml| match stack.drift.as_ref().filter(|look| look.is_done()) {
        Some(look) => {
            xml.put("StackDriftStatus", look.status());
            xml.put("LastCheckTimestamp", iso(look.at));
        }
        None => xml.put("StackDriftStatus", "NOT_CHECKED"),
    });
}

fn operations(xml: &mut Xml, stack: &Stack) {
    xml.list("LastOperations", &stack.operations, |xml, (id, kind)| {
        xml.put("OperationType", kind);
        xml.put("OperationId", id);
    });
}

pub(super) fn list(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let wanted = params.list("StackStatusFilter");
    let size = world.settings.items_per_page;
    let mut shown: Vec<(u64, String)> = Vec::new();
    for key in world.keys(caller) {
        let one = world.poll(caller, &key, |stack, _| {
            let listed = wanted.is_empty() || wanted.iter().any(|status| status == stack.status.as_str());
            listed.then(|| (stack.created, summary(stack)))
        });
        shown.extend(one.flatten());
    }
    // Newest first.
    shown.sort_by_key(|one| std::cmp::Reverse(one.0));
    let (shown, next) = page(shown, params, size)?;
    result(|xml| {
        xml.list("StackSummaries", shown, |xml, (_, summary)| xml.raw(summary));
        xml.maybe("NextToken", next.as_ref());
    })
}

fn summary(stack: &Stack) -> String {
    let mut xml = Xml::default();
    xml.put("StackId", &stack.place.stack_id);
    xml.put("StackName", &stack.place.stack_name);
    xml.maybe("TemplateDescription", stack.description.as_ref());
    xml.put("CreationTime", iso(stack.created));
    xml.maybe("LastUpdatedTime", stack.updated.map(iso));
    xml.maybe("DeletionTime", stack.deleted.map(iso));
    xml.put("StackStatus", stack.status.as_str());
    xml.maybe("StackStatusReason", stack.reason.as_ref());
    drift(&mut xml, stack);
    operations(&mut xml, stack);
    xml.finish()
}

/// What every description of a resource says.
fn common(xml: &mut Xml, name: &str, resource: &Resource, time: &str) {
    xml.put("LogicalResourceId", name);
    if !resource.physical.is_empty() {
        xml.put("PhysicalResourceId", &resource.physical);
    }
    xml.put("ResourceType", &resource.kind);
    xml.put(time, iso(resource.at));
    xml.put("ResourceStatus", resource.status.as_str());
    xml.maybe("ResourceStatusReason", resource.reason.as_ref());
    // Of single resources, DescribeStackResourceDrifts tells.
    xml.within("DriftInformation", |xml| xml.put("StackResourceDriftStatus", "NOT_CHECKED"));
}

/// The resources of a stack, those at work included.
fn all(stack: &Stack) -> Vec<(String, Resource)> {
    let mut all = stack.resources.clone();
    for (name, task) in stack.operation.iter().flat_map(|operation| &operation.running) {
        all.insert(name.clone(), task.next.clone());
    }
    all.into_iter().collect()
}

pub(super) fn list_resources(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let key = named(world, caller, params)?;
    let size = world.settings.items_per_page;
    let all = world.poll(caller, &key, |stack, _| all(stack)).unwrap_or_default();
    let (shown, next) = page(all, params, size)?;
    result(|xml| {
        xml.list("StackResourceSummaries", &shown, |xml, (name, resource)| {
            common(xml, name, resource, "LastUpdatedTimestamp")
        });
        xml.maybe("NextToken", next.as_ref());
    })
}

pub(super) fn resources(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let physical = params.text("PhysicalResourceId");
    let logical = params.text("LogicalResourceId");
    let key = match (params.text("StackName"), &physical) {
        (None, Some(physical)) => {
            let region = world.region(caller);
            let found = region
                .iter()
                .find(|(_, stack)| stack.resources.values().any(|resource| resource.physical == *physical));
            found.map(|(key, _)| key.clone()).ok_or_else(|| invalid(format!("Stack for {physical} does not exist")))?
        }
        _ => named(world, caller, params)?,
    };
    let outcome = world.poll(caller, &key, |stack, _| {
        let fits = |(name, resource): &(String, Resource)| {
            logical.as_ref().is_none_or(|wanted| wanted == name)
                && physical.as_ref().is_none_or(|wanted| *wanted == resource.physical)
        };
        // This call knows no pages: it gives the first hundred [A].
        let shown: Vec<(String, Resource)> = all(stack).into_iter().filter(fits).take(100).collect();
        result(|xml| {
            xml.list("StackResources", &shown, |xml, (name, resource)| {
                xml.put("StackName", &stack.place.stack_name);
                xml.put("StackId", &stack.place.stack_id);
                common(xml, name, resource, "Timestamp");
            });
        })
    });
    outcome.unwrap_or_else(|| result(|_| ()))
}

pub(super) fn resource(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let name = request::stack_name(params)?;
    let key = world.find(caller, &name).ok_or_else(|| invalid(format!("Stack '{name}' does not exist")))?;
    let logical = params.text("LogicalResourceId").unwrap_or_default();
    let outcome = world.poll(caller, &key, |stack, _| {
        let Some((_, resource)) = all(stack).into_iter().find(|(name, _)| *name == logical) else {
            return Err(invalid(format!("Resource {logical} does not exist for stack {name}")));
        };
        result(|xml| {
            xml.within("StackResourceDetail", |xml| {
                xml.put("StackName", &stack.place.stack_name);
                xml.put("StackId", &stack.place.stack_id);
                common(xml, &logical, &resource, "LastUpdatedTimestamp");
                xml.maybe("Metadata", (!resource.metadata.is_null()).then(|| resource.metadata.to_string()));
            });
        })
    });
    outcome.unwrap_or_else(|| Err(facts::no_stack_with_id(&name)))
}

pub(super) fn exports(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let size = world.settings.items_per_page;
    let mut all: Vec<(String, String, String)> = Vec::new();
    for stack in world.region(caller).values().filter(|stack| stack.live()) {
        let of_stack = stack
            .outputs
            .iter()
            .filter_map(|output| Some((output.export.clone()?, output.value.clone(), stack.place.stack_id.clone())));
        all.extend(of_stack);
    }
    all.sort();
    let (shown, next) = page(all, params, size)?;
    result(|xml| {
        xml.list("Exports", &shown, |xml, (name, value, stack)| {
            xml.put("ExportingStackId", stack);
            xml.put("Name", name);
            xml.put("Value", value);
        });
        xml.maybe("NextToken", next.as_ref());
    })
}

pub(super) fn imports(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let export = params.text("ExportName").unwrap_or_default();
    let size = world.settings.items_per_page;
    let region = world.region(caller);
    let users = region.values().filter(|stack| stack.live() && stack.imports.contains(&export));
    let users: Vec<String> = users.map(|stack| stack.place.stack_name.clone()).collect();
    if users.is_empty() {
        return Err(invalid(format!("Export '{export}' is not imported by any stack.")));
    }
    let (shown, next) = page(users, params, size)?;
    result(|xml| {
        xml.texts("Imports", &shown);
        xml.maybe("NextToken", next.as_ref());
    })
}

pub(super) fn limits() -> Outcome {
    let limits = [
        ("StackLimit", facts::STACK_LIMIT),
        ("StackOutputsLimit", facts::OUTPUT_LIMIT),
        ("ConcurrentResourcesLimit", 2500),
    ];
    result(|xml| {
        xml.list("AccountLimits", limits, |xml, (name, value)| {
            xml.put("Name", name);
            xml.put("Value", value.to_string());
        });
    })
}
