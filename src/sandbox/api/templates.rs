//! Templates: kept ones, and judged ones.

use crate::sandbox::api::{Outcome, request, result};
use crate::sandbox::facts::{self, Answer};
use crate::sandbox::template::{self, Template};
use crate::sandbox::wire::{Params, Xml};
use crate::sandbox::world::{Caller, World};

pub(super) fn get(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let body = kept(world, caller, params)?;
    // Without transforms the processed template is the original one, byte for byte [V]; none is run here.
    result(|xml| {
        xml.put("TemplateBody", body);
        xml.texts("StagesAvailable", ["Original", "Processed"]);
    })
}

/// The body that a stack or a change set keeps.
fn kept(world: &mut World, caller: &Caller, params: &Params) -> Answer<String> {
    let change_set = params.text("ChangeSetName");
    if let Some(arn) = change_set.as_ref().filter(|name| name.starts_with("arn:")) {
        let mut sets = world.region(caller).values().filter_map(|stack| stack.change_sets.get(arn));
        return sets.next().map(|set| set.desired.body.clone()).ok_or_else(|| facts::no_change_set(arn));
    }
    let name = request::stack_name(params)?;
    let key = world.find(caller, &name).ok_or_else(|| facts::no_stack_with_id(&name))?;
    let stack = world.region(caller).get(&key).ok_or_else(|| facts::no_stack_with_id(&name))?;
    match change_set {
        Some(set) => {
            stack.change_set_by(&set).map(|set| set.desired.body.clone()).ok_or_else(|| facts::no_change_set(&set))
        }
        None => Ok(stack.current.body.clone()),
    }
}

fn asked(world: &mut World, caller: &Caller, params: &Params) -> Answer<Template> {
    let body = match params.text("StackName") {
        Some(_) => kept(world, caller, params)?,
        None => request::body(params, None)?,
    };
    template::read(&body)
}

pub(super) fn summary(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let template = asked(world, caller, params)?;
    let types = world.settings.types;
    let kinds: std::collections::BTreeSet<&String> =
        template.resources.values().map(|resource| &resource.kind).collect();
    result(|xml| {
        xml.list("Parameters", &template.parameters, |xml, (name, declared)| {
            xml.put("ParameterKey", name);
            xml.maybe("DefaultValue", shown_default(declared));
            xml.put("ParameterType", &declared.kind);
            xml.flag("NoEcho", declared.no_echo);
            xml.maybe("Description", declared.description.as_ref());
            xml.within("ParameterConstraints", |xml| {
                if !declared.allowed.is_empty() {
                    xml.texts("AllowedValues", &declared.allowed);
                }
            });
        });
        xml.maybe("Description", template.description.as_ref());
        capabilities(xml, &template);
        xml.texts("ResourceTypes", &kinds);
        xml.put("Version", "2010-09-09");
        if !template.metadata.is_null() {
            xml.put("Metadata", template.metadata.to_string());
        }
        xml.texts("DeclaredTransforms", &template.transforms);
        xml.list("ResourceIdentifierSummaries", &kinds, |xml, kind| {
            let names = template.resources.iter().filter(|(_, resource)| resource.kind == **kind).map(|(name, _)| name);
            let identifiers = types.resource(kind).map(|known| known.primary_identifier.clone()).unwrap_or_default();
            xml.put("ResourceType", kind);
            xml.texts("LogicalResourceIds", names);
            xml.texts("ResourceIdentifiers", identifiers);
        });
    })
}

fn shown_default(declared: &template::Parameter) -> Option<&str> {
    let value = declared.default.as_deref()?;
    Some(if declared.no_echo { facts::MASK } else { value })
}

fn capabilities(xml: &mut Xml, template: &Template) {
    let needed = template::capabilities(template);
    if needed.is_empty() {
        return;
    }
    xml.texts("Capabilities", needed.iter().map(|(capability, _)| *capability));
    let kinds: Vec<&str> = needed.iter().flat_map(|(_, kinds)| kinds).map(String::as_str).collect();
    xml.put("CapabilitiesReason", format!("The following resource(s) require capabilities: [{}]", kinds.join(", ")));
}

pub(super) fn validate(world: &World, params: &Params) -> Outcome {
    let template = template::read(&request::body(params, None)?)?;
    template::validate(&template, world.settings.types)?;
    result(|xml| {
        xml.list("Parameters", &template.parameters, |xml, (name, declared)| {
            xml.put("ParameterKey", name);
            xml.maybe("DefaultValue", shown_default(declared));
            xml.flag("NoEcho", declared.no_echo);
            xml.maybe("Description", declared.description.as_ref());
        });
        xml.maybe("Description", template.description.as_ref());
        capabilities(xml, &template);
        xml.texts("DeclaredTransforms", &template.transforms);
    })
}
