//! Resource types of others: schemas of resource providers that lie in the project, `schemas/*.json`.
//!
//! A schema is what `aws cloudformation describe-type` gives as `Schema`, and what the author of the type publishes.
//! Facts: the meta-schema `provider.definition.schema.v1.json` of aws-cloudformation/cloudformation-cli.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::{self, Format};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::{Node, NodeId, ResourceType, Types};
use crate::semantics::Program;
use crate::source::Span;
use crate::world::{Exclude, Why};

mod nodes;
mod provider;

/// The folder, below the project.
const FOLDER: &str = "schemas";
/// Files that may lie there, and bytes that each may have.
const MOST_FILES: usize = 200;
const LARGEST: usize = 2 * 1024 * 1024;
/// Parts that all of them may have together.
const MOST_NODES: usize = 100_000;

/// Adds the types of the project's schemas to those that the program knows.
pub(super) fn read(program: &mut Program) {
    let mut names: Vec<String> = match program.world().walk(FOLDER, &Exclude::default()) {
        Ok(entries) => entries.into_iter().map(|entry| entry.path).filter(|path| is_schema(path)).collect(),
        // Most projects have none.
        Err(refusal) if refusal.why == Why::Missing => return,
        Err(refusal) => {
            let message = format!("cannot read {}: {}", refusal.path, refusal.why);
            program.diagnostics.push(Diagnostic::new(Code::Unreadable, message));
            return;
        }
    };
    names.sort();
    if names.len() > MOST_FILES {
        let message = format!("`{FOLDER}` has {} schemas, and at most {MOST_FILES} are read", names.len());
        program.diagnostics.push(
            Diagnostic::new(Code::LimitExceeded, message).help("leave only those of the types that the project uses"),
        );
        return;
    }
    let mut made = Made { base: program.types.node_count(), ..Made::default() };
    let mut texts = Vec::new();
    for name in names {
        if let Some(text) = one(program, &format!("{FOLDER}/{name}"), &mut made) {
            texts.push((name, text));
        }
    }
    program.diagnostics.append(&mut made.problems);
    if !made.resources.is_empty() {
        program.types = kept(program.types, texts, made);
    }
}

/// Directly in the folder.
fn is_schema(path: &str) -> bool {
    path.ends_with(".json") && !path.contains('/')
}

/// What has been made of all files so far.
#[derive(Default)]
struct Made {
    /// How many nodes there are of AWS.
    base: usize,
    nodes: Vec<Node>,
    resources: Vec<ResourceType>,
    /// Where each type is named.
    names: BTreeMap<&'static str, Span>,
    problems: Vec<Diagnostic>,
}

impl Made {
    /// The id that the next node gets.
    fn next(&self) -> NodeId {
        NodeId(u32::try_from(self.base + self.nodes.len()).unwrap_or(u32::MAX))
    }

    fn at(&mut self, id: NodeId) -> Option<&mut Node> {
        let place = usize::try_from(id.0).ok()?.checked_sub(self.base)?;
        self.nodes.get_mut(place)
    }
}

/// Reads one file; its text, where it could be read.
fn one(program: &Program, path: &str, made: &mut Made) -> Option<Arc<str>> {
    let unreadable = |why: String| Diagnostic::new(Code::Unreadable, format!("cannot read {path}: {why}"));
    let file = match program.include_text(path) {
        Ok(Ok(file)) => file,
        Ok(Err(wrong)) => {
            made.problems.push(unreadable(format!("line {} is no UTF-8 text", wrong.line)));
            return None;
        }
        Err(refusal) => {
            made.problems.push(unreadable(refusal.why.to_string()));
            return None;
        }
    };
    let file = program.sources.get(file)?;
    let start = Span::new(file.id, 0, 0);
    if file.text.len() > LARGEST {
        made.problems.push(
            Diagnostic::new(Code::LimitExceeded, format!("a schema has at most {LARGEST} bytes"))
                .at(start, format!("this one has {}", file.text.len()))
                .help("take the descriptions out"),
        );
        return None;
    }
    let text = Arc::clone(&file.text);
    match data::parse(file, Format::Json) {
        Ok(root) => provider::read(made, &root),
        Err(problem) => made.problems.push(*problem),
    }
    if made.nodes.len() > MOST_NODES {
        made.nodes.clear();
        made.resources.clear();
        made.problems.push(
            Diagnostic::new(Code::LimitExceeded, format!("the schemas of a project have at most {MOST_NODES} parts"))
                .at(start, "too many with this one")
                .help("leave only those of the types that the project uses"),
        );
        return None;
    }
    Some(text)
}

/// Types live as long as the process, so the same files must give the same ones: an editor analyzes often.
fn kept(base: &'static Types, texts: Vec<(String, Arc<str>)>, made: Made) -> &'static Types {
    type Known = BTreeMap<Vec<(String, Arc<str>)>, &'static Types>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(texts).or_insert_with(|| Box::leak(Box::new(base.with(made.nodes, made.resources))))
}
