//! CloudFormation's quotas on one template, checked before anything is sent.
//!
//! The figures are those of "Understand CloudFormation quotas" in the user guide, but for the
//! size of a body: measured, a body of 1,000,001 bytes is refused, so megabyte there is decimal.

use std::sync::Arc;

use super::Template;
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::model::{Head, Instance, ParameterSource};
use crate::source::Span;

mod lists;

pub(crate) use lists::grouped;

const RESOURCES: usize = 500;
const PARAMETERS: usize = 200;
const OUTPUTS: usize = 200;
const MAPPINGS: usize = 200;
const BODY: usize = 1_000_000;
/// A template that is part of the call; a larger one is read from S3.
pub(crate) const INLINE: usize = 51_200;
/// The value of a parameter.
pub(crate) const PARAMETER_VALUE: usize = 4_096;
const DESCRIPTION: usize = 1_024;
const PARAMETER_DESCRIPTION: usize = 4_000;
const NAME: usize = 255;
const TAGS: usize = 50;
const DYNAMIC_REFERENCES: usize = 60;

/// What of this instance is more than CloudFormation takes.
pub fn limits(instance: &Instance, template: &Template) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    counts(instance, template, &mut found);
    sizes(instance, &mut found);
    let bytes = template.body.len();
    if bytes > BODY {
        found.push(body(instance, bytes));
    } else if bytes > INLINE && instance.head.bucket.is_none() {
        found.push(bucketless(instance, bytes));
    }
    found
}

fn counts(instance: &Instance, template: &Template, found: &mut Vec<Diagnostic>) {
    let head = &instance.head;
    let stack = head.key.stack;
    let mut count = |n: usize, limit: usize, what: &str, help: &dyn Fn() -> String, over: Option<Span>| {
        if n <= limit {
            return;
        }
        let message = format!("`{stack}` has {} {what}, and a stack takes at most {limit}", grouped(n));
        let label = format!("{} {what} in here", grouped(n));
        let problem = Diagnostic::new(Code::LimitExceeded, message).at(head.span, label).help(help());
        found.push(match over {
            Some(span) => problem.at(span, "the first one too many"),
            None => problem,
        });
    };
    let kinds = || format!("split the stack; it is made of {}", lists::kinds(instance));
    count(instance.resources.len(), RESOURCES, "resources", &kinds, None);
    let origins = || {
        let from = lists::origins(&head.parameters);
        format!("read fewer outputs of other stacks, or split the stack; it has {from}")
    };
    count(head.parameters.len(), PARAMETERS, "parameters", &origins, None);
    let lists = || "put values that belong together into one list".to_owned();
    let mut outputs: Vec<Span> = head.outputs.iter().map(|output| output.span).collect();
    outputs.sort_unstable();
    count(outputs.len(), OUTPUTS, "outputs", &lists, outputs.get(OUTPUTS).copied());
    let tags = || {
        let own = head.tags.keys().map(String::as_str).filter(|key| !key.starts_with("infra:"));
        let own: Vec<&str> = own.collect();
        format!("take tags out; three of them are set by `infra`, and the others are {}", lists::names(own.into_iter()))
    };
    count(head.tags.len(), TAGS, "tags", &tags, None);
    let references = template.body.matches("{{resolve:").count();
    let read =
        || format!("read a secret once and pass it on, or split the stack; there are {}", lists::references(instance));
    count(references, DYNAMIC_REFERENCES, "dynamic references", &read, None);
    let mappings = instance.template.as_ref().and_then(|whole| whole.get("Mappings"));
    let mappings = mappings.map_or(&[][..], |mappings| mappings.entries());
    let over = mappings.get(MAPPINGS).map(|entry| entry.key_span);
    count(mappings.len(), MAPPINGS, "mappings", &|| "put what belongs together into one mapping".to_owned(), over);
}

fn sizes(instance: &Instance, found: &mut Vec<Diagnostic>) {
    let head = &instance.head;
    let mut size = |what: &str, name: Name, n: usize, limit: usize, span: Span| {
        if n > limit {
            let message =
                format!("{what} `{name}` has {} bytes, and at most {} are allowed", grouped(n), grouped(limit));
            found.push(Diagnostic::new(Code::LimitExceeded, message).at(span, "too long").help("shorten it"));
        }
    };
    let length = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
    size("the description of", head.key.stack, length(&head.description), DESCRIPTION, head.span);
    for parameter in &head.parameters {
        let (name, span) = (parameter.name, parameter.span);
        if let ParameterSource::Input { set, default } = &parameter.source {
            size("the value of", name, length(set).max(length(default)), PARAMETER_VALUE, span);
        }
        size("the description of", name, length(&parameter.description), PARAMETER_DESCRIPTION, span);
        size("the name", name, name.as_str().len(), NAME, span);
    }
    for output in &head.outputs {
        let (name, span) = (output.name, output.span);
        size("the description of", name, length(&output.description), DESCRIPTION, span);
        size("the name", name, name.as_str().len(), NAME, span);
        size("the export of", name, length(&output.export), NAME, span);
    }
    for resource in &instance.resources {
        size("the id", resource.id, resource.id.as_str().len(), NAME, resource.span);
    }
}

/// The template as a whole is too large: says which resources make it so.
fn body(instance: &Instance, bytes: usize) -> Diagnostic {
    let (stack, what) = (instance.head.key.stack, if instance.template.is_some() { "template" } else { "stack" });
    let message =
        format!("the template of `{stack}` has {} bytes, and at most {} are allowed", grouped(bytes), grouped(BODY));
    Diagnostic::new(Code::LimitExceeded, message)
        .at(instance.head.span, "too large for one template")
        .help(format!("split the {what}; its largest resources are, in bytes: {}", lists::largest(instance)))
}

/// Too large for a call, and no bucket to send it through.
fn bucketless(instance: &Instance, bytes: usize) -> Diagnostic {
    let head: &Head = &instance.head;
    let (stack, region) = (head.key.stack, &head.key.region);
    let whose = match head.key.env {
        Some(env) => format!("environment `{env}`"),
        None => format!("account `{}`", head.account.name),
    };
    let message = format!(
        "the template of `{stack}` has {} bytes, and the {whose} names no bucket in `{region}` to send it through",
        grouped(bytes)
    );
    Diagnostic::new(Code::LimitExceeded, message).at(head.span, "too large to be sent without one").help(format!(
        "name a bucket for `{region}` in `assets` of the {whose}, or split the stack: without one, a template has at \
         most {} bytes; its largest resources are, in bytes: {}",
        grouped(INLINE),
        lists::largest(instance)
    ))
}
