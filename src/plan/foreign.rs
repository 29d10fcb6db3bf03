//! Stacks that others deploy: what is there against what the source says of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::cloud::{Cloud, Stack};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::plan::inputs::count;
use crate::plan::wanted::{Source, Wanted};
use crate::semantics::model::Foreign;
use crate::source::Span;

/// An output of it that a planned stack reads.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// Its name.
    name: String,
    /// How many items the reader is built for, of a list.
    items: Option<usize>,
    /// Where it is read.
    place: Option<Span>,
}

/// What the planned stacks read, by the id of the stack they read it from.
pub(crate) fn reads<'a>(readers: impl Iterator<Item = &'a Arc<Wanted>>) -> BTreeMap<String, Vec<Read>> {
    let mut all: BTreeMap<String, Vec<Read>> = BTreeMap::new();
    for input in readers.flat_map(|wanted| wanted.parameters.values()) {
        if let Source::Output { stack, name, items } = &input.source {
            let read = Read { name: name.clone(), items: *items, place: input.place };
            all.entry(stack.clone()).or_default().push(read);
        }
    }
    all
}

/// What is wrong with a stack of others, for those who read it. Nothing is written yet.
pub(crate) async fn check(
    cloud: &Arc<dyn Cloud>,
    wanted: &Wanted,
    foreign: &Foreign,
    stack: Option<&Stack>,
    reads: &[Read],
) -> Vec<Diagnostic> {
    let look = Look { wanted, foreign };
    let Some(stack) = stack else { return vec![look.absent(reads)] };
    let mut problems = Vec::new();
    let mut seen: Vec<(&str, Option<usize>)> = Vec::new();
    // What the stack says of itself is more than we need: where it may not be read, its values must do.
    let says = match reads.is_empty() {
        true => None,
        false => cloud.template(&stack.id).await.ok().flatten().and_then(|body| crate::template::read(&body)),
    };
    for read in reads {
        if !seen.contains(&(read.name.as_str(), read.items)) {
            seen.push((&read.name, read.items));
            problems.extend(look.output(stack, read, says.as_ref()));
        }
    }
    problems
}

struct Look<'a> {
    wanted: &'a Wanted,
    foreign: &'a Foreign,
}

impl Look<'_> {
    /// `stack `platform-core` in nonprod/eu-west-1`
    fn called(&self) -> String {
        format!("stack `{}` in {}", self.wanted.name, self.wanted.target)
    }

    fn at(&self, diagnostic: Diagnostic, place: Option<Span>) -> Diagnostic {
        let what =
            if self.foreign.bound { format!("stands for `{}`", self.wanted.stack) } else { "said here".to_owned() };
        let diagnostic = diagnostic.at(self.foreign.span, what);
        match place {
            Some(place) => diagnostic.at(place, "read here"),
            None => diagnostic,
        }
    }

    fn absent(&self, reads: &[Read]) -> Diagnostic {
        let message = format!("there is no {} with outputs to read", self.called());
        let problem = self.at(Diagnostic::new(Code::NotDeployed, message), reads.first().and_then(|read| read.place));
        problem.help("correct its name, account or region; or have it deployed by those who own it")
    }

    fn output(&self, stack: &Stack, read: &Read, says: Option<&Value>) -> Option<Diagnostic> {
        let name = read.name.as_str();
        let Some(output) = stack.outputs.get(name) else { return Some(self.no_output(stack, read)) };
        if let Some(items) = read.items.filter(|items| *items != count(&output.value)) {
            let message = format!(
                "`{name}` of {} has {} items, and what reads it is built for {items}",
                self.called(),
                count(&output.value)
            );
            let problem = self.at(Diagnostic::new(Code::TypeMismatch, message), read.place);
            return Some(problem.help(match self.foreign.bound {
                true => "make the source give as many in this environment, or bind another stack",
                false => "take over its new contract: the length of a list is part of it",
            }));
        }
        let (_, expected) = self.foreign.expected.iter().find(|(output, _)| output.as_str() == name)?;
        let written =
            says.and_then(|template| template.get("Metadata")?.get("infra")?.get("outputs")?.get(name)?.as_str());
        let why = match written.filter(|ty| expected.is_contradicted(ty)) {
            Some(ty) => format!("it is `{ty}`, not `{}`", expected.shown()),
            None => expected.refuses(&output.value)?,
        };
        let message = format!("`{name}` of {} is another thing than the source says: {why}", self.called());
        let problem = self.at(Diagnostic::new(Code::TypeMismatch, message), read.place);
        Some(problem.help(match self.foreign.bound {
            true => format!(
                "bind a stack whose `{name}` is one, or give the value itself: `bind: {{ {}: {{ {name}: … }} }}`",
                self.wanted.stack
            ),
            false => format!("declare `{name}` as what it is, or correct which stack is meant"),
        }))
    }

    fn no_output(&self, stack: &Stack, read: &Read) -> Diagnostic {
        let name = read.name.as_str();
        let message = format!("{} has no output `{name}`", self.called());
        let problem = self.at(Diagnostic::new(Code::UnknownOutput, message), read.place);
        let others: Vec<String> = stack.outputs.keys().take(8).map(|output| format!("`{output}`")).collect();
        let near = nearest(name, stack.outputs.keys().map(String::as_str));
        let instead = match self.foreign.bound {
            true => format!(
                "bind another stack, or give the value itself: `bind: {{ {}: {{ {name}: … }} }}`",
                self.wanted.stack
            ),
            false => "declare the outputs that it has".to_owned(),
        };
        problem.help(match near {
            Some(near) => format!("it has `{near}`; {instead}"),
            None if others.is_empty() => format!("it has no outputs at all; {instead}"),
            None => format!("it has {}; {instead}", others.join(", ")),
        })
    }
}
