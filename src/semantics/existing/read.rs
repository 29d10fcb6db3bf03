//! The sections of a template.

use std::sync::Arc;

use super::exprs::Builder;
use super::references::{self, Names};
use super::{Export, Output, Parameter, Resource, Says, Template, long_forms};
use crate::data::{Entry, Kind, Node, Problem};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{Types, serverless};
use crate::semantics::model::DataPolicy;
use crate::semantics::types;
use crate::source::{SourceFile, Span};

const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// Attributes of a resource in a template.
const OF_RESOURCES: [&str; 11] = [
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "IgnoreGlobals",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// Reads a template; what is wrong inside it goes to `problems`.
///
/// # Errors
/// It is no template at all.
pub(super) fn template(
    whole: Node,
    types: &'static Types,
    file: &SourceFile,
    problems: &mut Vec<Diagnostic>,
) -> Result<Template, Problem> {
    is_template(&whole, &file.name)?;
    nulls(&whole, problems);
    for entry in whole.entries().iter().filter(|entry| !SECTIONS.contains(&&*entry.key)) {
        problems.push(unknown_key("a template", &entry.key, entry.key_span, &SECTIONS));
    }
    ids(&whole, problems);
    let section = |name: &str| whole.get(name).map_or(&[][..], Node::entries);
    let mut parameters: Vec<Parameter> =
        section("Parameters").iter().map(|entry| Parameter::read(entry, types, problems)).collect();
    let names = Names::of(&whole, types, &file.text);
    references::check(&whole, &names, problems);
    let mut resources = Vec::new();
    for entry in section("Resources") {
        resources.extend(resource(entry, &names, problems));
    }
    let mut outputs = Vec::new();
    for entry in section("Outputs") {
        outputs.extend(output(entry, problems));
    }
    parameters.sort_by_key(|parameter| parameter.name);
    outputs.sort_by_key(|output: &Output| output.name);
    let mut imports = Vec::new();
    references::imports(&whole, &mut imports);
    let has_globals = whole.get("Globals").is_some();
    Ok(Template { whole: Arc::new(whole), parameters, resources, outputs, imports, has_globals })
}

fn is_template(whole: &Node, path: &str) -> Result<(), Problem> {
    let problem = |at: Span, label: &str| {
        Box::new(
            Diagnostic::new(Code::BadValue, format!("`{path}` is no CloudFormation template"))
                .at(at, label)
                .help("name a template in JSON or YAML; it has `Resources`, a map of what there is"),
        )
    };
    let head = |span: Span| Span { end: span.end.min(span.start.saturating_add(1)), ..span };
    match (&whole.kind, whole.get("Resources").map(|node| (&node.kind, node.span))) {
        (Kind::Map(_), Some((Kind::Map(_), _))) => Ok(()),
        (Kind::Map(_), Some((_, span))) => Err(problem(head(span), "not a map of resources")),
        (Kind::Map(entries), None) => {
            let first = entries.first().map_or(head(whole.span), |entry| entry.key_span);
            Err(problem(first, "has no `Resources`"))
        }
        _ => Err(problem(head(whole.span), "not a map of sections")),
    }
}

/// CloudFormation takes no `null`, which an empty value is in YAML.
fn nulls(node: &Node, problems: &mut Vec<Diagnostic>) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| nulls(item, problems)),
        Kind::Map(entries) => {
            for entry in entries {
                match entry.value.kind {
                    Kind::Null => problems.push(
                        Diagnostic::new(
                            Code::BadValue,
                            format!("`{}` is empty, and templates have no `null`", entry.key),
                        )
                        .at(entry.key_span, "no value")
                        .help("give it a value, or take the line out; `!Ref AWS::NoValue` leaves a property out"),
                    ),
                    _ => nulls(&entry.value, problems),
                }
            }
        }
        _ => {}
    }
}

/// Names in a template are letters and digits, and parameters and resources share them.
fn ids(whole: &Node, problems: &mut Vec<Diagnostic>) {
    let entries = |name: &str| whole.get(name).map_or(&[][..], Node::entries).iter();
    let all = entries("Parameters").chain(entries("Resources")).chain(entries("Outputs"));
    for entry in all.filter(|entry| !entry.key.starts_with("Fn::")) {
        if entry.key.is_empty() || !entry.key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            problems.push(
                Diagnostic::new(Code::InvalidName, format!("`{}` is not a name for a template", entry.key))
                    .at(entry.key_span, "CloudFormation refuses it")
                    .help("use letters and digits only"),
            );
        }
    }
    for resource in entries("Resources") {
        if let Some(parameter) = entries("Parameters").find(|parameter| parameter.key == resource.key) {
            let message = format!("`{}` is a parameter and a resource", resource.key);
            problems.push(
                Diagnostic::new(Code::DuplicateName, message)
                    .at(resource.key_span, "this resource")
                    .at(parameter.key_span, "this parameter")
                    .help("rename one of them"),
            );
        }
    }
}

fn unknown_key(what: &str, key: &str, span: Span, known: &[&str]) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownField, format!("{what} has no `{key}`")).at(span, "not known");
    match nearest(key, known.iter().copied()) {
        Some(near) => problem.help(format!("write `{near}`")),
        None => {
            let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            problem.help(format!("use one of {}", all.join(", ")))
        }
    }
}

fn resource(entry: &Entry, names: &Names<'_>, problems: &mut Vec<Diagnostic>) -> Option<Resource> {
    if entry.key.starts_with("Fn::") {
        return None;
    }
    let shown = format!("the resource `{}`", entry.key);
    let Kind::Map(fields) = &entry.value.kind else {
        problems.push(
            Diagnostic::new(Code::TypeMismatch, format!("{shown} is a map with a `Type`"))
                .at(entry.key_span, "not a map")
                .help("write `Type` and `Properties` below it"),
        );
        return None;
    };
    for field in fields.iter().filter(|f| !OF_RESOURCES.contains(&&*f.key) && !f.key.starts_with("Fn::")) {
        problems.push(unknown_key(&shown, &field.key, field.key_span, &OF_RESOURCES));
    }
    let Some((ty, ty_span)) = entry.value.get("Type").and_then(|node| Some((node.text()?, node.span))) else {
        problems.push(
            Diagnostic::new(Code::MissingField, format!("{shown} has no `Type`"))
                .at(entry.key_span, "what it is is not said")
                .help("add its type: `Type: AWS::S3::Bucket`"),
        );
        return None;
    };
    unknown_type(names.types, ty, ty_span, problems);
    let mut builder = Builder::new(names);
    let given = entry.value.get("Properties");
    let body = given.filter(|node| matches!(node.kind, Kind::Map(_)) && long_forms::call(node).is_none());
    let body = body.map(|node| builder.expr(node));
    let is_open = given.is_some_and(|node| node.entries().iter().any(|entry| entry.key.starts_with("Fn::")));
    let properties = given.map_or(&[][..], Node::entries).iter().map(|property| {
        let mut found = Vec::new();
        references::named(&property.value, &mut |name| found.push(name));
        (Name::new(&property.key), found)
    });
    Some(Resource {
        id: Name::new(&entry.key),
        span: entry.key_span,
        ty: Name::new(ty),
        ty_span,
        properties: properties.collect(),
        body: body.filter(|_| !is_open),
        bound: builder.bound,
        is_open,
        depends_on: references::depends_on(&entry.value).map(|(name, _)| Name::new(name)).collect(),
        on_delete: policy(&entry.value, "DeletionPolicy", problems),
        on_replace: policy(&entry.value, "UpdateReplacePolicy", problems),
    })
}

/// AWS adds types weekly, so one that is not known is only a warning.
fn unknown_type(types: &'static Types, name: &str, span: Span, problems: &mut Vec<Diagnostic>) {
    let ours = name.starts_with("Custom::") || name.ends_with("::MODULE");
    if ours || types.resource(name).is_some() {
        return;
    }
    let problem = Diagnostic::new(Code::UnknownResourceType, format!("the resource type `{name}` is not known"))
        .at(span, "its properties are not checked");
    problems.push(match types::nearest_of(types, name) {
        Some(near) => problem.help(format!("write `{near}`")),
        None => problem.help("see whether AWS has it; a newer version of this tool may know it"),
    });
}

fn policy(resource: &Node, key: &str, problems: &mut Vec<Diagnostic>) -> Option<DataPolicy> {
    let node = resource.get(key)?;
    match node.text() {
        Some("Retain" | "RetainExceptOnCreate") => Some(DataPolicy::Retain),
        Some("Delete") => Some(DataPolicy::Delete),
        Some("Snapshot") => Some(DataPolicy::Snapshot),
        // `AWS::LanguageExtensions` allows functions here.
        None if long_forms::call(node).is_some() => None,
        _ => {
            problems.push(
                Diagnostic::new(Code::BadValue, format!("`{key}` is `Retain`, `Delete` or `Snapshot`"))
                    .at(node.span, "none of these")
                    .help(format!("write `{key}: Retain`")),
            );
            None
        }
    }
}

fn output(entry: &Entry, problems: &mut Vec<Diagnostic>) -> Option<Output> {
    if entry.key.starts_with("Fn::") {
        return None;
    }
    let Some(value) = entry.value.get("Value") else {
        problems.push(
            Diagnostic::new(Code::MissingField, format!("the output `{}` has no `Value`", entry.key))
                .at(entry.key_span, "nothing is given")
                .help("add what it gives: `Value: !Ref Name`"),
        );
        return None;
    };
    let export = entry.value.get("Export").and_then(|export| export.get("Name"));
    Some(Output {
        name: Name::new(&entry.key),
        span: entry.key_span,
        description: entry.value.get("Description").and_then(Node::text).map(Arc::from),
        condition: entry.value.get("Condition").and_then(Node::text).map(Arc::from),
        export: export.map(|name| Export { name: name.clone() }),
        value: says(value),
    })
}

/// What a value says, where it is a `Ref` or `Fn::GetAtt`.
pub(super) fn says(node: &Node) -> Says {
    match long_forms::call(node) {
        Some(("Ref", argument)) => argument.text().map_or(Says::Anything, |name| Says::Ref(Name::new(name))),
        Some(("Fn::GetAtt", argument)) => match references::attribute(argument) {
            Some((id, path)) => Says::GetAtt(Name::new(&id), path),
            None => Says::Anything,
        },
        _ => Says::Anything,
    }
}

/// Whether SAM's transform is asked for, by name.
pub(super) fn transforms(whole: &Node) -> (bool, bool) {
    let named = whole.get("Transform").map_or(Vec::new(), |node| match &node.kind {
        Kind::List(items) => items.iter().collect(),
        _ => vec![node],
    });
    let is_sam = |node: &&Node| node.text() == Some(serverless::TRANSFORM);
    let (sam, others): (Vec<&Node>, Vec<&Node>) = named.into_iter().partition(is_sam);
    (!sam.is_empty(), !others.is_empty())
}
