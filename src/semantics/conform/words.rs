//! The words for what is asked and what is given.

use super::{Asked, Part, Walk, assets};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::Node;
use crate::semantics::assets::NAME_A_FIELD;
use crate::semantics::fits;
use crate::semantics::value::{LaterType, Value};
use crate::source::Span;

/// So many names or values are listed.
const MOST: usize = 8;

/// Whose property it is.
pub(super) fn owner(asked: Asked<'_>) -> String {
    match asked.part {
        Part::Item => format!("an item of `{}`", asked.name),
        Part::Resource | Part::Whole => format!("`{}`", asked.name),
    }
}

/// `a`, `b` and `c`
pub(super) fn and(names: &[String]) -> String {
    joined(names, "and")
}

/// `a`, `b` or `c`
pub(super) fn or(names: &[String]) -> String {
    joined(names, "or")
}

fn joined(names: &[String], last_word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} {last_word} {last}", before.join(", ")),
    }
}

/// A few of the names, after `start`.
pub(super) fn use_one_of<'a>(start: &str, names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let mut listed: Vec<String> = all.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    if all.len() > MOST {
        listed.push(format!("{} more", all.len() - MOST));
        return format!("{start} {}", and(&listed));
    }
    format!("{start} {}", or(&listed))
}

/// The first character of a long literal.
pub(super) fn head(span: Span) -> Span {
    Span { end: span.end.min(span.start.saturating_add(1)), ..span }
}

impl Walk<'_, '_> {
    /// What is asked for, with an article.
    pub(super) fn wanted(&self, asked: Asked<'_>) -> String {
        match self.types.node(asked.node) {
            Node::Union(members) => {
                let mut all: Vec<String> =
                    members.iter().map(|member| self.wanted(Asked { node: *member, ..asked })).collect();
                all.dedup();
                or(&all)
            }
            node => plainly(node).to_owned(),
        }
    }

    /// Notes that the value is of another kind than what is asked for.
    pub(super) fn mismatch(&mut self, asked: Asked<'_>, value: &Value, span: Span) -> Value {
        let message = format!("{} takes {}, not {}", owner(asked), self.wanted(asked), fits::kind(value));
        let problem = Diagnostic::new(Code::TypeMismatch, message).at(span, format!("this is {}", fits::shown(value)));
        let problem = self.remedy(asked, value, span, problem);
        self.wrong(problem)
    }

    fn remedy(&self, asked: Asked<'_>, value: &Value, span: Span, problem: Diagnostic) -> Diagnostic {
        let node = self.types.node(asked.node);
        match (node, value) {
            (Node::Array { .. }, Value::Later(later)) if matches!(later.ty, LaterType::String(_)) => {
                problem.help("put it in a list, `[…]`, or take it apart with `split`")
            }
            (Node::Array { .. }, _) => {
                let source = self.ev.program.sources.text(span);
                let problem = problem.help("put it in a list: `[…]`");
                if source.is_empty() { problem } else { problem.fix(span, format!("[{source}]")) }
            }
            (_, Value::Resource(resource)) => problem.help(fits::name_an_attribute(resource)),
            (_, Value::Resources(all)) => problem.help(format!("choose one of them by its key: `{}[…]`", all.name)),
            (_, Value::Stack(stack)) => problem.help(format!("name one of its outputs: `{}.Output`", stack.stack)),
            (_, Value::Component(part)) => problem.help(format!("name one of its outputs: `{}.output`", part.shown)),
            (_, Value::Env(_)) => problem.help("name a field of it: `env.name`"),
            (_, Value::Asset(_)) => problem.help(NAME_A_FIELD),
            (Node::String(_), Value::List(_)) => problem.help("index it, or join its items with `join`"),
            (Node::String(_), Value::Object(_)) => problem.help("write it as text with `json`"),
            (Node::String(_), Value::Later(_)) => problem.help("index it, or join its items with `join`"),
            (Node::Object(object), Value::Str(_)) if assets::pair(object).is_some() => {
                problem.help("pack the file or folder of that path: `asset(…)`; or say where in S3 it is")
            }
            (Node::Object(object), _) => {
                problem.help(use_one_of("give an object with", object.properties.iter().map(|p| p.name)))
            }
            _ => problem.help(format!("give {}", self.wanted(asked))),
        }
    }
}

fn plainly(node: &Node) -> &'static str {
    match node {
        Node::Json => "an object or a text",
        Node::Bool => "`true` or `false`",
        Node::String(_) => "a text",
        Node::Int(_) => "a whole number",
        Node::Number(_) => "a number",
        Node::Array { .. } => "a list",
        Node::Map { .. } | Node::Object(_) => "an object",
        Node::Union(_) | Node::Alias(_) => "a value",
    }
}
