//! Compose files -> the statements of a stack.
//!
//! One translator serves the language (`service demo = compose("docker-compose.yaml")`) and the converter
//! (`infra from-compose`). It merges the files, fills in variables, reads them into a `model` and writes that as
//! statements which use the standard library, as a person would. Each expression has its place in the YAML, so that
//! what checks those checks these, and shows what is wrong where it is written. The converter prints the statements.
//!
//! Facts: the Compose specification (compose-spec/compose-spec); for the keys `x-…`, the documentation of ECS Compose-X.

use crate::data::{self, Format, Node};
use crate::diagnostics::{Code, Diagnostic, Near, has_errors, nearest};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Expr, Stmt};

mod draft;
mod env_file;
mod extends;
mod given;
mod interpolate;
mod keys;
mod merge;
mod model;
mod names;
mod print;
mod read;
mod text;
mod units;
mod write;

pub use given::Given;
pub use print::print;

/// The texts that compose files name: `env_file`, `extends`.
pub trait Files {
    /// The text at a path that stands at `named`; a relative one begins at the folder of the first compose file.
    ///
    /// # Errors
    /// Why it may not or cannot be read.
    fn read(&self, path: &str, named: Span) -> Result<&SourceFile, Box<Diagnostic>>;
}

/// A stack as its compose files say it.
#[derive(Debug)]
pub struct Stack {
    /// What is in it.
    pub body: Vec<Stmt>,
    /// `x-tags`: an object.
    pub tags: Option<Expr>,
}

/// Every key that is looked for: at the top, of services, of their `deploy`.
pub fn keys() -> [(&'static str, Vec<&'static str>); 3] {
    let names = |rows: &[keys::Row]| rows.iter().map(|(name, _)| *name).collect();
    [("At the top", names(keys::TOP)), ("Of a service", names(keys::SERVICE)), ("Of deploy", names(keys::DEPLOY))]
}

/// Translates compose files, of which each changes those before it. What is wrong in them goes to `problems`; there is no
/// stack where anything is.
pub fn stack(
    sources: &[&SourceFile],
    given: &Given,
    files: &dyn Files,
    problems: &mut Vec<Diagnostic>,
) -> Option<Stack> {
    let mut found = Vec::new();
    let made = translated(sources, given, files, &mut found);
    let is_wrong = has_errors(&found);
    problems.append(&mut found);
    made.filter(|_| !is_wrong)
}

fn translated(
    sources: &[&SourceFile],
    given: &Given,
    files: &dyn Files,
    problems: &mut Vec<Diagnostic>,
) -> Option<Stack> {
    let mut whole: Option<Node> = None;
    for source in sources {
        let one = match data::parse(source, Format::Yaml).and_then(|node| extends::resolved(node, files)) {
            Ok(one) => merge::normal(one),
            Err(problem) => {
                problems.push(*problem);
                return None;
            }
        };
        whole = Some(match whole {
            None => one,
            Some(whole) => merge::merged(whole, one),
        });
    }
    let whole = merge::cleared(whole?, problems);
    let mut reader = read::Reader::new(given, files, sources, problems);
    let model = reader.file(&whole)?;
    Some(write::stack(&model, given, problems))
}

/// A name that is not among those that there are.
fn no_such(what: &str, name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownName, format!("there is no {what} `{name}`")).at(span, "not known");
    problem.help(instead(name, known, &format!("declare it, or take this out: there is no {what} in these files")))
}

/// What to write in place of a name that is not known.
fn instead(name: &str, known: &[&str], none: &str) -> String {
    let listed = || known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nearest(name, known.iter().copied()) {
        Some(Near { name, .. }) => format!("write `{name}`"),
        None if known.is_empty() => none.to_owned(),
        None => format!("use one of {}", listed()),
    }
}

/// What stands in the files and cannot be had in AWS as it stands.
fn not_carried(what: &str, span: Span, why: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::NotCarried, format!("{what} cannot be carried to AWS")).at(span, why).help(help)
}
