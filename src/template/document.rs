//! The sections of a template, in sorted order.

use std::sync::Arc;

use super::json::{self, Members};
use super::value;
use crate::names::Name;
use crate::schema::serverless;
use crate::semantics::interface::type_name;
use crate::semantics::model::{Head, Instance, Output, Parameter, ParameterSource, ParameterType, Resource, Use};
use crate::semantics::value::{Object, Value};

/// The version of what stands under `Metadata.infra`.
const INTERFACE: &str = "1";

/// The whole text.
pub(super) fn write(instance: &Instance) -> String {
    let head = &instance.head;
    let mut out = String::with_capacity(1024 + instance.resources.len() * 512);
    let mut sections = Members::open(&mut out);
    sections.text(&mut out, "AWSTemplateFormatVersion", "2010-09-09");
    if let Some(description) = &head.description {
        sections.text(&mut out, "Description", description);
    }
    sections.key(&mut out, "Metadata");
    metadata(&mut out, instance);
    if !head.outputs.is_empty() {
        sections.key(&mut out, "Outputs");
        by_name(&mut out, &head.outputs, |o| o.name, output);
    }
    if !head.parameters.is_empty() {
        sections.key(&mut out, "Parameters");
        by_name(&mut out, &head.parameters, |p| p.name, parameter);
    }
    sections.key(&mut out, "Resources");
    by_name(&mut out, &instance.resources, |r| r.id, resource);
    if instance.resources.iter().any(|r| serverless::is_serverless(r.ty.as_str())) {
        sections.text(&mut out, "Transform", serverless::TRANSFORM);
    }
    sections.close(&mut out);
    out
}

/// Appends an object with a member per item, sorted by name.
fn by_name<T>(out: &mut String, items: &[T], name: impl Fn(&T) -> Name, write: impl Fn(&mut String, &T)) {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by_key(|item| name(item));
    let mut members = Members::open(out);
    for item in sorted {
        members.key(out, name(item).as_str());
        write(out, item);
    }
    members.close(out);
}

/// Appends `{"infra": …}`: which instance this is, what it offers and what it reads. With it, who
/// uses whom is found from the deployed stacks alone.
fn metadata(out: &mut String, instance: &Instance) {
    let mut metadata = Members::open(out);
    metadata.key(out, "infra");
    interface(out, instance);
    metadata.close(out);
}

/// Appends what stands under `infra`.
pub(super) fn interface(out: &mut String, instance: &Instance) {
    let head = &instance.head;
    let mut infra = Members::open(out);
    texts(out, &mut infra, "deprecated", head, |output| output.deprecated.as_deref());
    if let Some(env) = head.key.env {
        infra.text(out, "env", env.as_str());
    }
    texts(out, &mut infra, "exports", head, |output| output.export.as_deref());
    infra.key(out, "format_version");
    out.push_str(INTERFACE);
    infra.text(out, "id", &head.key.to_string());
    paths(out, &mut infra, "ignore_drift", instance, |resource| &resource.extras.ignore_drift);
    paths(out, &mut infra, "initial", instance, |resource| &resource.extras.initial);
    infra.text(out, "kind", head.layer.as_str());
    infra.key(out, "outputs");
    by_name(out, &head.outputs, |o| o.name, |out, output| json::string(out, &type_name(&output.ty)));
    if let Some(project) = head.tags.get("infra:project") {
        infra.text(out, "project", project);
    }
    infra.text(out, "stack", head.key.stack.as_str());
    infra.key(out, "uses");
    by_name(out, &head.uses, |u| u.parameter, used);
    infra.close(out);
}

/// Appends the outputs that have such a text, each with it.
fn texts(out: &mut String, infra: &mut Members, key: &str, head: &Head, of: fn(&Output) -> Option<&str>) {
    let outputs: Vec<&Output> = head.outputs.iter().filter(|output| of(output).is_some()).collect();
    if !outputs.is_empty() {
        infra.key(out, key);
        by_name(out, &outputs, |o| o.name, |out, o| json::string(out, of(o).unwrap_or_default()));
    }
}

/// Appends the resources that have paths of properties of that kind, each with its paths.
fn paths(
    out: &mut String,
    infra: &mut Members,
    key: &str,
    instance: &Instance,
    of: impl for<'r> Fn(&'r Resource) -> &'r [Arc<str>],
) {
    let resources: Vec<&Resource> = instance.resources.iter().filter(|resource| !of(resource).is_empty()).collect();
    if !resources.is_empty() {
        infra.key(out, key);
        by_name(
            out,
            &resources,
            |r| r.id,
            |out, resource| json::list(out, of(resource), |out, path| json::string(out, path)),
        );
    }
}

fn used(out: &mut String, used: &Use) {
    let mut members = Members::open(out);
    if let Some(others) = &used.others {
        members.text(out, "account", &others.account);
        members.text(out, "deployed_as", &others.name);
    }
    if used.live {
        members.key(out, "live");
        out.push_str("true");
    }
    members.text(out, "name", used.from.output.as_str());
    members.text(out, "stack", &used.from.instance.to_string());
    members.close(out);
}

fn parameter(out: &mut String, parameter: &Parameter) {
    let mut members = Members::open(out);
    // A masked value must not stand in the text; whoever deploys passes it.
    if let (ParameterSource::Input { default: Some(default), .. }, false) = (&parameter.source, parameter.no_echo) {
        members.text(out, "Default", default);
    }
    match (&parameter.description, &parameter.source) {
        (Some(description), _) => members.text(out, "Description", description),
        (None, ParameterSource::Output(from)) => {
            members.text(out, "Description", &format!("{} of {}", from.output, from.instance));
        }
        (None, ParameterSource::Input { .. }) => {}
    }
    if parameter.no_echo {
        members.key(out, "NoEcho");
        out.push_str("true");
    }
    let ty = match parameter.ty {
        ParameterType::String => "String",
        ParameterType::Number => "Number",
        ParameterType::List => "CommaDelimitedList",
    };
    members.text(out, "Type", ty);
    members.close(out);
}

fn output(out: &mut String, output: &Output) {
    let mut members = Members::open(out);
    if let Some(description) = &output.description {
        members.text(out, "Description", description);
    }
    if let Some(name) = &output.export {
        members.key(out, "Export");
        let mut export = Members::open(out);
        export.text(out, "Name", name);
        export.close(out);
    }
    members.key(out, "Value");
    if value::is_written(&output.value) {
        value::output(out, &output.value);
    } else {
        json::string(out, "");
    }
    members.close(out);
}

/// Appends one resource.
pub(super) fn resource(out: &mut String, resource: &Resource) {
    let mut members = Members::open(out);
    let extras = &resource.extras;
    if let Some(policy) = &extras.creation_policy {
        members.key(out, "CreationPolicy");
        value::write(out, policy);
    }
    if let Some(policy) = resource.on_delete {
        members.text(out, "DeletionPolicy", policy.as_str());
    }
    if !resource.depends_on.is_empty() {
        members.key(out, "DependsOn");
        let mut names = resource.depends_on.clone();
        names.sort();
        names.dedup();
        json::list(out, names, |out, name| json::string(out, name.as_str()));
    }
    if resource.protect.is_some() || extras.metadata.is_some() {
        members.key(out, "Metadata");
        value::write(out, &resource_metadata(resource));
    }
    if value::is_written(&resource.properties) && !value::is_empty(&resource.properties) {
        members.key(out, "Properties");
        value::write(out, &resource.properties);
    }
    members.text(out, "Type", resource.ty.as_str());
    if let Some(policy) = &extras.update_policy {
        members.key(out, "UpdatePolicy");
        value::write(out, policy);
    }
    if let Some(policy) = resource.on_replace {
        members.text(out, "UpdateReplacePolicy", policy.as_str());
    }
    members.close(out);
}

/// `@metadata`, and under `infra` what we say ourselves: that it is protected. So protecting is a change that
/// CloudFormation executes: its change set is what tells, from `DescribeStacks` alone, that a stack policy is in
/// force. The reason stays in the source.
fn resource_metadata(resource: &Resource) -> Value {
    let mut all = match &resource.extras.metadata {
        Some(Value::Object(object)) => Object::clone(object),
        _ => Object::default(),
    };
    if resource.protect.is_some() {
        let infra: Object = [(Name::new("protect"), Value::Bool(true))].into_iter().collect();
        all.insert(Name::new("infra"), Value::Object(infra.into()));
    }
    Value::Object(all.into())
}
