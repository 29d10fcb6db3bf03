//! The artifacts of a pipeline: what an action reads, an earlier one writes.
//!
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Action, artifacts};
use crate::build::advice::walk::Seen;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::semantics::value::Value;
use crate::source::Span;

/// Who writes each artifact.
type Writers<'a> = BTreeMap<Arc<str>, &'a Action<'a>>;

/// `is_open` where not all that is written is known: then nobody can say that nothing writes what is read.
pub(super) fn check(seen: &Seen<'_>, actions: &[Action<'_>], is_open: bool, found: &mut Vec<Diagnostic>) {
    let mut writers = Writers::new();
    for action in actions {
        for name in artifacts(action.properties, "OutputArtifacts") {
            match writers.get(&name) {
                Some(first) => found.push(twice(seen, &name, first, action)),
                None => drop(writers.insert(name, action)),
            }
        }
    }
    for action in actions {
        let inputs = artifacts(action.properties, "InputArtifacts");
        for input in &inputs {
            match writers.get(input) {
                Some(writer) if comes_before(writer, action) => {}
                Some(writer) => found.push(too_early(seen, input, writer, action)),
                None if is_open => {}
                None => {
                    let before: Vec<&str> = known_before(&writers, action);
                    let at = action.span(seen, &["InputArtifacts"]);
                    let label = "no action before this one writes it";
                    found.push(match action.is_made() {
                        true => nowhere(at, input, label),
                        false => action.told(seen, unknown(seen, at, input, &before, label)),
                    });
                }
            }
        }
        for key in ["TemplatePath", "TemplateConfiguration"] {
            let Some(Value::Str(text)) = action.setting(key) else { continue };
            let Some((artifact, _)) = text.split_once("::") else { continue };
            if !inputs.iter().any(|input| &**input == artifact) {
                let known: Vec<&str> = inputs.iter().map(|name| &**name).collect();
                let at = action.span(seen, &["Configuration", key]);
                let problem = unknown(seen, at, artifact, &known, "not among the `InputArtifacts` of this action");
                found.push(action.told(seen, problem));
            }
        }
    }
}

/// Whether the first is done when the second begins: in an earlier stage, or earlier in the same one.
fn comes_before(first: &Action<'_>, second: &Action<'_>) -> bool {
    let order = |action: &Action<'_>| match action.get("RunOrder") {
        Some(Value::Int(order)) => Some(*order),
        None => Some(1),
        _ => None,
    };
    first.at.0 < second.at.0
        || (first.at.0 == second.at.0 && order(first).zip(order(second)).is_none_or(|(first, second)| first < second))
}

fn known_before<'a>(writers: &'a Writers<'_>, action: &Action<'_>) -> Vec<&'a str> {
    writers.iter().filter(|(_, writer)| comes_before(writer, action)).map(|(name, _)| &**name).collect()
}

fn twice(seen: &Seen<'_>, name: &str, first: &Action<'_>, second: &Action<'_>) -> Diagnostic {
    let problem = Diagnostic::new(Code::DuplicateName, format!("two actions write the artifact `{name}`"))
        .at(second.span(seen, &["OutputArtifacts"]), "written once more")
        .at(first.span(seen, &["OutputArtifacts"]), "written here");
    second.told(seen, problem.help("give one of the actions, or its artifact, another name"))
}

fn too_early(seen: &Seen<'_>, name: &str, writer: &Action<'_>, reader: &Action<'_>) -> Diagnostic {
    let message = format!("`{}` reads the artifact `{name}` before it is written", reader.name());
    let problem = Diagnostic::new(Code::UnknownArtifact, message)
        .at(reader.span(seen, &["InputArtifacts"]), "read here")
        .at(writer.span(seen, &["OutputArtifacts"]), format!("`{}` writes it, and does not run before", writer.name()));
    reader.told(seen, problem.help(format!("put `{}` into an earlier stage, or earlier in this one", writer.name())))
}

/// Who is read is known, but is no action of the pipeline.
fn nowhere(at: Span, name: &str, label: &str) -> Diagnostic {
    Diagnostic::new(Code::UnknownArtifact, format!("nothing writes the artifact `{name}`"))
        .at(at, label)
        .help("put the action that writes it into a stage before this one")
}

fn unknown(seen: &Seen<'_>, at: Span, name: &str, known: &[&str], label: &str) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownArtifact, format!("nothing writes the artifact `{name}`")).at(at, label);
    match nearest(name, known.iter().copied()) {
        Some(near) => {
            let problem = problem.help(format!("write `{near}`"));
            let quoted = format!("\"{name}\"");
            match seen.program.sources.only(at, &quoted, |_, _| true) {
                Some(literal) => problem.fix(literal, near.quoted()),
                None => problem,
            }
        }
        None if known.is_empty() => problem.help("let an earlier action write it"),
        None => {
            let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            problem.help(format!("use one of {}, or let an earlier action write it", all.join(", ")))
        }
    }
}
