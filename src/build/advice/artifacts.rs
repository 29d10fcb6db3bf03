//! The artifacts of a pipeline: what an action reads, an earlier one writes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::walk::{Path, Seen};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::value::{Object, Value};

pub(super) fn check(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    if seen.resource.ty.as_str() != "AWS::CodePipeline::Pipeline" {
        return;
    }
    let Value::Object(properties) = &seen.resource.properties else { return };
    let mut written: BTreeSet<Arc<str>> = BTreeSet::new();
    let stages = Path::Key(&Path::Root, Name::new("Stages"));
    for (i, stage) in items(properties, "Stages").into_iter().enumerate() {
        let stage_path = Path::Item(&stages, i);
        let actions_path = Path::Key(&stage_path, Name::new("Actions"));
        let actions = items(stage, "Actions");
        // Actions of one stage may run one after the other; which order is the business of `RunOrder`.
        let mut here = written.clone();
        actions.iter().for_each(|action| here.extend(names(action, "OutputArtifacts")));
        for (j, action) in actions.iter().enumerate() {
            let path = Path::Item(&actions_path, j);
            let inputs = names(action, "InputArtifacts");
            for input in inputs.iter().filter(|input| !here.contains(*input)) {
                let at = seen.span(&Path::Key(&path, Name::new("InputArtifacts")));
                found.push(unknown(seen, at, input, &here, "no action before this one writes it"));
            }
            let Some(Value::Object(settings)) = action.get(Name::new("Configuration")) else { continue };
            let settings_path = Path::Key(&path, Name::new("Configuration"));
            for key in ["TemplatePath", "TemplateConfiguration"] {
                let key = Name::new(key);
                let Some(Value::Str(text)) = settings.get(key) else { continue };
                let Some((artifact, _)) = text.split_once("::") else { continue };
                if !inputs.iter().any(|input| &**input == artifact) {
                    let known: BTreeSet<Arc<str>> = inputs.iter().cloned().collect();
                    let at = seen.span(&Path::Key(&settings_path, key));
                    found.push(unknown(seen, at, artifact, &known, "not among the `InputArtifacts` of this action"));
                }
            }
        }
        written = here;
    }
}

fn unknown(
    seen: &Seen<'_>,
    at: crate::source::Span,
    name: &str,
    known: &BTreeSet<Arc<str>>,
    label: &str,
) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownArtifact, format!("nothing writes the artifact `{name}`")).at(at, label);
    match nearest(name, known.iter().map(|name| &**name)) {
        Some(near) => {
            let problem = problem.help(format!("write `{near}`"));
            let quoted = format!("\"{name}\"");
            match seen.program.sources.only(at, &quoted, |_, _| true) {
                Some(literal) => problem.fix(literal, near.quoted()),
                None => problem,
            }
        }
        None if known.is_empty() => problem.help("give it in `OutputArtifacts` of an earlier action"),
        None => {
            let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            problem.help(format!("use one of {}, or write it in an earlier action", all.join(", ")))
        }
    }
}

fn items<'v>(object: &'v Object, name: &str) -> Vec<&'v Object> {
    match object.get(Name::new(name)) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Object(item) => Some(&**item),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The names of artifacts, so far as they are texts.
fn names(action: &Object, property: &str) -> Vec<Arc<str>> {
    let all = items(action, property).into_iter().filter_map(|item| match item.get(Name::new("Name")) {
        Some(Value::Str(name)) => Some(name.clone()),
        _ => None,
    });
    all.collect()
}
