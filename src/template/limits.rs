//! CloudFormation's quotas on one template, checked before anything is sent.
//!
//! The figures are those of "Understand CloudFormation quotas" in the user guide, but for the
//! size of a body: measured, a body of 1,000,001 bytes is refused, so megabyte there is decimal.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Template, document};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::model::{Head, Instance, ParameterSource, Resource};
use crate::source::Span;

const RESOURCES: usize = 500;
const PARAMETERS: usize = 200;
const OUTPUTS: usize = 200;
const BODY: usize = 1_000_000;
/// A template that is part of the call; a larger one is read from S3.
pub(crate) const INLINE: usize = 51_200;
const PARAMETER_VALUE: usize = 4_096;
const DESCRIPTION: usize = 1_024;
const PARAMETER_DESCRIPTION: usize = 4_000;
const NAME: usize = 255;
const TAGS: usize = 50;
const DYNAMIC_REFERENCES: usize = 60;

/// How many lines a table of sizes shows.
const TABLE: usize = 5;

/// What of this instance is more than CloudFormation takes.
pub fn limits(instance: &Instance, template: &Template) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    counts(instance, template, &mut found);
    sizes(instance, &mut found);
    let bytes = template.body.len();
    if bytes > BODY {
        found.push(body(instance, bytes));
    } else if bytes > INLINE && instance.head.bucket.is_none() {
        found.push(bucketless(&instance.head, bytes));
    }
    found
}

fn counts(instance: &Instance, template: &Template, found: &mut Vec<Diagnostic>) {
    let head = &instance.head;
    let stack = head.key.stack;
    let mut count = |n: usize, limit: usize, what: &str, help: &str| {
        if n > limit {
            let message = format!("`{stack}` has {} {what}, and a stack takes at most {limit}", grouped(n));
            let label = format!("{} {what} in here", grouped(n));
            found.push(Diagnostic::new(Code::LimitExceeded, message).at(head.span, label).help(help));
        }
    };
    let kinds = if instance.resources.len() > RESOURCES { kinds(&instance.resources) } else { String::new() };
    count(instance.resources.len(), RESOURCES, "resources", &format!("split the stack; it is made of {kinds}"));
    count(head.parameters.len(), PARAMETERS, "parameters", "read fewer outputs of other stacks, or split the stack");
    count(head.outputs.len(), OUTPUTS, "outputs", "put values that belong together into one list");
    count(head.tags.len(), TAGS, "tags", "take tags out; three of them are set by `infra`");
    let references = template.body.matches("{{resolve:").count();
    count(
        references,
        DYNAMIC_REFERENCES,
        "dynamic references",
        "read a secret once and pass it on, or split the stack",
    );
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
    if instance.template.is_some() {
        let message = format!(
            "the template of `{}` has {} bytes, and at most {} are allowed",
            instance.head.key.stack,
            grouped(bytes),
            grouped(BODY)
        );
        let problem =
            Diagnostic::new(Code::LimitExceeded, message).at(instance.head.span, "too large for one template");
        return problem.help("split the template");
    }
    let mut sizes: Vec<(usize, &Resource)> = instance.resources.iter().map(|r| (written(r), r)).collect();
    sizes.sort_by(|(a, x), (b, y)| b.cmp(a).then(x.id.cmp(&y.id)));
    sizes.truncate(TABLE);
    let table: Vec<String> = sizes.iter().map(|(n, r)| format!("`{}` {}", r.shown, grouped(*n))).collect();
    let stack = instance.head.key.stack;
    let message =
        format!("the template of `{stack}` has {} bytes, and at most {} are allowed", grouped(bytes), grouped(BODY));
    Diagnostic::new(Code::LimitExceeded, message)
        .at(instance.head.span, "too large for one template")
        .help(format!("split the stack; its largest resources are, in bytes: {}", table.join(", ")))
}

/// Too large for a call, and no bucket to send it through.
fn bucketless(head: &Head, bytes: usize) -> Diagnostic {
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
         most {} bytes",
        grouped(INLINE)
    ))
}

fn written(resource: &Resource) -> usize {
    let mut out = String::new();
    document::resource(&mut out, resource);
    out.len() + resource.id.as_str().len()
}

/// `300 AWS::EC2::Subnet, 12 AWS::EC2::Route`: the most frequent first.
fn kinds(resources: &[Resource]) -> String {
    let mut counts = BTreeMap::new();
    for resource in resources {
        *counts.entry(resource.ty).or_insert(0usize) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(x, a), (y, b)| b.cmp(a).then(x.cmp(y)));
    let more = counts.len().saturating_sub(TABLE);
    let mut parts: Vec<String> = counts.iter().take(TABLE).map(|(ty, n)| format!("{n} `{ty}`")).collect();
    if more > 0 {
        parts.push(format!("{more} other types"));
    }
    parts.join(", ")
}

/// `1000000` as `1,000,000`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
