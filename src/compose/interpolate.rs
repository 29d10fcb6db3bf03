//! Variables in a text: `${NAME}`, `${NAME:-default}`, `$$`.
//!
//! Their values come from the braces and from the defaults, never from the machine: what is built depends on the sources
//! alone.

use super::Given;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Piece};

/// Defaults in defaults.
const DEEPEST: usize = 20;

/// A text in pieces; neighbouring texts are one.
pub(super) fn pieces(text: &str, span: Span, given: &Given) -> Result<Vec<Piece>, Box<Diagnostic>> {
    let mut made = Made { given, span, pieces: Vec::new() };
    made.text(text, 0)?;
    Ok(made.pieces)
}

struct Made<'g> {
    given: &'g Given,
    span: Span,
    pieces: Vec<Piece>,
}

impl Made<'_> {
    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Piece::Text(last)) = self.pieces.last_mut() {
            *last = format!("{last}{text}").into();
        } else {
            self.pieces.push(Piece::Text(text.into()));
        }
    }

    fn text(&mut self, text: &str, depth: usize) -> Result<(), Box<Diagnostic>> {
        if depth > DEEPEST {
            return Err(self.wrong(format!("variables are nested more than {DEEPEST} deep"), "make it flatter"));
        }
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            self.push(rest.get(..at).unwrap_or_default());
            let behind = rest.get(at + 1..).unwrap_or_default();
            if let Some(after) = behind.strip_prefix('$') {
                self.push("$");
                rest = after;
            } else if let Some(braced) = behind.strip_prefix('{') {
                let Some(end) = closing(braced) else {
                    return Err(self.wrong("`${` is not closed".to_owned(), "add `}`, or write `$$` for a dollar"));
                };
                self.braced(braced.get(..end).unwrap_or_default(), depth)?;
                rest = braced.get(end + 1..).unwrap_or_default();
            } else {
                let name = name(behind);
                if name.is_empty() {
                    return Err(self.wrong("`$` is followed by no name".to_owned(), "write `$$` for a dollar"));
                }
                self.variable(name, None, depth)?;
                rest = behind.get(name.len()..).unwrap_or_default();
            }
        }
        self.push(rest);
        Ok(())
    }

    /// What stands between `${` and `}`.
    fn braced(&mut self, inner: &str, depth: usize) -> Result<(), Box<Diagnostic>> {
        let name = name(inner);
        let rest = inner.get(name.len()..).unwrap_or_default();
        let operator = [":-", ":?", ":+", "-", "?", "+"].into_iter().find(|operator| rest.starts_with(operator));
        match operator {
            Some(operator) if !name.is_empty() => {
                self.variable(name, Some((operator, rest.get(operator.len()..).unwrap_or_default())), depth)
            }
            None if !name.is_empty() && rest.is_empty() => self.variable(name, None, depth),
            _ => Err(self.wrong(
                format!("`${{{inner}}}` is no variable"),
                "write `${NAME}`, `${NAME:-default}`, or `$$` for a dollar",
            )),
        }
    }

    fn variable(&mut self, name: &str, or: Option<(&str, &str)>, depth: usize) -> Result<(), Box<Diagnostic>> {
        let value = self.given.variable(name);
        let known = value.map(plain);
        let is_set = match (&known, or) {
            (None, _) => false,
            // With a colon, an empty value is none.
            (Some(Some(text)), Some((operator, _))) if operator.starts_with(':') => !text.is_empty(),
            _ => true,
        };
        match (is_set, or) {
            (true, Some((":+" | "+", instead))) => self.text(instead, depth + 1),
            (false, Some((":+" | "+", _))) => Ok(()),
            (true, _) => {
                match (known.flatten(), value) {
                    (Some(text), _) => self.push(&text),
                    (None, Some(value)) => self.pieces.push(Piece::Expr(value.clone())),
                    (None, None) => {}
                }
                Ok(())
            }
            (false, Some((":-" | "-", default))) => self.text(default, depth + 1),
            (false, or) => {
                let why = or.map(|(_, why)| why).filter(|why| !why.is_empty());
                let problem = Diagnostic::new(Code::UnknownName, format!("the variable `{name}` has no value"));
                let label = why.map_or_else(|| "needed here".to_owned(), |why| format!("needed here: {why}"));
                let given = format!("give it: `variables: {{ {name}: \"…\" }}`, or write `${{{name}:-default}}`");
                let help = match nearest(name, self.given.variables()) {
                    Some(near) => format!("write `{near}`, or {given}"),
                    None => given,
                };
                Err(problem.at(self.span, label).help(help).into())
            }
        }
    }

    fn wrong(&self, message: String, help: &str) -> Box<Diagnostic> {
        Box::new(Diagnostic::new(Code::BadValue, message).at(self.span, "in this text").help(help))
    }
}

/// What an expression says, where it is a literal.
fn plain(of: &Expr) -> Option<String> {
    match &of.kind {
        ExprKind::Str(text) => Some(text.to_string()),
        ExprKind::Int(number) => Some(number.to_string()),
        ExprKind::Float(number) => Some(number.to_string()),
        ExprKind::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if begins { text.get(..end).unwrap_or_default() } else { "" }
}

/// Where the brace closes that stands before the text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
        before = c;
    }
    None
}
