//! Why an assertion does not hold: the value of every part of it, and how the two sides differ.

use std::fmt::Write as _;

use crate::diagnostics::Diagnostic;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::operators;
use crate::semantics::value::{Object, Thing, Value};
use crate::source::Span;
use crate::syntax::ast::{Binary, Element, Entry, Expr, ExprKind, Key, Piece};

/// Values of so many parts are shown.
const MOST_PARTS: usize = 16;
/// So many differences are told.
const MOST_DIFFERENCES: usize = 8;
/// Longer values are cut.
const WIDEST: usize = 64;

impl<'p> Evaluator<'p> {
    /// Adds the values of the parts of a condition that does not hold.
    pub(super) fn with_parts(&mut self, problem: Diagnostic, condition: &'p Expr, scope: &Scope<'_>) -> Diagnostic {
        let at = self.anchor(condition);
        let mut parts = Parts { found: Vec::new(), scope };
        self.parts(condition, false, &mut parts);
        let mut problem = problem.at(at, format!("does not hold in {}", self.here()));
        for (span, shown) in parts.found {
            if span != at {
                problem = problem.at(span, shown);
            }
        }
        match self.differences(condition, scope) {
            Some(text) => problem.help(text),
            None => problem,
        }
    }

    /// Collects the values of an expression and of what it is made of.
    fn parts(&mut self, expr: &'p Expr, is_value: bool, parts: &mut Parts<'_, '_>) {
        if parts.found.len() >= MOST_PARTS || is_literal(expr) {
            return;
        }
        match &expr.kind {
            ExprKind::Binary(op @ (Binary::And | Binary::Or | Binary::Else), sides) => {
                self.parts(&sides.0, true, parts);
                let left = self.eval(&sides.0, parts.scope);
                let is_decided = match op {
                    Binary::And => matches!(left, Value::Bool(false)),
                    Binary::Or => matches!(left, Value::Bool(true)),
                    _ => !matches!(left, Value::Null),
                };
                if !is_decided {
                    self.parts(&sides.1, true, parts);
                }
            }
            ExprKind::Binary(_, sides) => {
                self.parts(&sides.0, true, parts);
                if is_value {
                    self.part(expr, parts);
                }
                self.parts(&sides.1, true, parts);
            }
            ExprKind::Unary(_, inner) | ExprKind::As(inner, _) => self.parts(inner, true, parts),
            ExprKind::Call(_, args) => {
                self.part(expr, parts);
                args.iter().for_each(|arg| self.parts(&arg.value, true, parts));
            }
            ExprKind::Field(base, ..) => {
                self.roots(base, parts);
                self.part(expr, parts);
            }
            ExprKind::Index(base, keys) => {
                self.roots(base, parts);
                self.part(expr, parts);
                keys.iter().for_each(|key| self.parts(key, true, parts));
            }
            ExprKind::If(choice) => {
                self.parts(&choice.0, true, parts);
                let taken = match self.eval(&choice.0, parts.scope) {
                    Value::Bool(true) => &choice.1,
                    _ => &choice.2,
                };
                self.parts(taken, true, parts);
            }
            ExprKind::Match(choice) => {
                self.part(expr, parts);
                self.parts(&choice.subject, true, parts);
            }
            ExprKind::Template(pieces) => {
                self.part(expr, parts);
                for piece in pieces {
                    if let Piece::Expr(inner) = piece {
                        self.parts(inner, true, parts);
                    }
                }
            }
            ExprKind::List(elements) => {
                elements.iter().for_each(|Element { value, .. }| self.parts(value, true, parts));
            }
            ExprKind::Object(entries) => {
                for entry in entries {
                    match entry {
                        Entry::Field(Key::Name(_), value) | Entry::Spread(value) => self.parts(value, true, parts),
                        Entry::Field(Key::Computed(key), value) => {
                            self.parts(key, true, parts);
                            self.parts(value, true, parts);
                        }
                    }
                }
            }
            ExprKind::ListFor(list) => {
                self.part(expr, parts);
                self.parts(&list.binding.over, true, parts);
            }
            ExprKind::ObjectFor(object) => {
                self.part(expr, parts);
                self.parts(&object.binding.over, true, parts);
            }
            ExprKind::Range(ends) => {
                self.parts(&ends.0, true, parts);
                self.parts(&ends.1, true, parts);
            }
            ExprKind::Name(_) | ExprKind::Path(_) => self.part(expr, parts),
            _ => {}
        }
    }

    /// What a chain of fields begins with, where that is more than a name, and the keys in it.
    fn roots(&mut self, expr: &'p Expr, parts: &mut Parts<'_, '_>) {
        match &expr.kind {
            ExprKind::Field(base, ..) => self.roots(base, parts),
            ExprKind::Index(base, keys) => {
                self.roots(base, parts);
                keys.iter().for_each(|key| self.parts(key, true, parts));
            }
            ExprKind::Name(_) | ExprKind::Path(_) => {}
            _ => self.parts(expr, true, parts),
        }
    }

    fn part(&mut self, expr: &'p Expr, parts: &mut Parts<'_, '_>) {
        let value = self.eval(expr, parts.scope);
        // The names of stacks and environments say all there is.
        if matches!(value, Value::Unknown | Value::Stack(_) | Value::Env(_)) {
            return;
        }
        let at = self.anchor(expr);
        if !parts.found.iter().any(|(span, _)| *span == at) {
            parts.found.push((at, format!("`{}`", cut(&literal(&value), WIDEST))));
        }
    }

    /// The sign of an expression below which its value is drawn, so that no two parts have the same.
    fn anchor(&self, expr: &Expr) -> Span {
        let first = |span: Span, length: u32| Span { end: (span.start + length).min(span.end), ..span };
        match &expr.kind {
            ExprKind::Binary(op, sides) => self.sign(sides.0.span, sides.1.span, op.symbol()).unwrap_or(expr.span),
            ExprKind::Call(callee, _) => callee.span,
            ExprKind::Field(_, name, _) => name.span,
            ExprKind::Index(base, _) => self.sign(base.span, first_behind(expr.span), "[").unwrap_or(expr.span),
            ExprKind::Match(_) => first(expr.span, 5),
            ExprKind::If(_) => first(expr.span, 2),
            ExprKind::Template(_)
            | ExprKind::List(_)
            | ExprKind::Object(_)
            | ExprKind::ListFor(_)
            | ExprKind::ObjectFor(_) => first(expr.span, 1),
            ExprKind::Unary(..) => first(expr.span, 1),
            _ => expr.span,
        }
    }

    /// Where a sign stands between two places.
    fn sign(&self, left: Span, right: Span, sign: &str) -> Option<Span> {
        let between = Span { start: left.end, end: right.start, ..left };
        let text = (between.start <= between.end).then(|| self.program.sources.text(between))?;
        let at = between.start + u32::try_from(text.find(sign)?).ok()?;
        Some(Span { start: at, end: at + u32::try_from(sign.len()).ok()?, ..left })
    }

    /// How the sides of `==` differ, where that is not plain to see.
    fn differences(&mut self, condition: &'p Expr, scope: &Scope<'_>) -> Option<String> {
        let ExprKind::Binary(Binary::Eq, sides) = &condition.kind else { return None };
        let (left, right) = (self.eval(&sides.0, scope), self.eval(&sides.1, scope));
        let has_parts = |value: &Value| matches!(value, Value::List(_) | Value::Object(_));
        let mut found = Vec::new();
        match (&left, &right) {
            (Value::Str(a), Value::Str(b)) if a.len().max(b.len()) > WIDEST / 2 => {
                let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
                let rest = |text: &str| {
                    let rest: String = text.chars().skip(same).collect();
                    if rest.is_empty() {
                        "ends".to_owned()
                    } else {
                        format!("goes on `{}`", cut(&escaped(&rest), WIDEST / 2))
                    }
                };
                found.push(format!("after {same} equal characters the left {}, the right {}", rest(a), rest(b)));
            }
            _ if has_parts(&left) && has_parts(&right) => compare(&left, &right, &mut String::new(), &mut found),
            _ => return None,
        }
        if found.len() > MOST_DIFFERENCES {
            let more = found.len() - MOST_DIFFERENCES;
            found.truncate(MOST_DIFFERENCES);
            found.push(format!("and {more} more"));
        }
        (!found.is_empty()).then(|| format!("mend what differs:\n{}", found.join("\n")))
    }
}

/// What is found on the way.
struct Parts<'a, 's> {
    found: Vec<(Span, String)>,
    scope: &'a Scope<'s>,
}

fn first_behind(span: Span) -> Span {
    Span { start: span.end, ..span }
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Null => true,
        ExprKind::Unary(_, inner) => is_literal(inner),
        _ => false,
    }
}

/// One line for each place where the values differ.
fn compare(left: &Value, right: &Value, path: &mut String, found: &mut Vec<String>) {
    if operators::equal(left, right) == Some(true) || path.len() > 1000 {
        return;
    }
    let length = path.len();
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a.iter() {
                let _ = write!(path, ".{key}");
                match b.get(key) {
                    Some(other) => compare(value, other, path, found),
                    None => found.push(format!("`{path}` is only on the left: `{}`", short(value))),
                }
                path.truncate(length);
            }
            for (key, value) in b.iter().filter(|(key, _)| a.get(*key).is_none()) {
                found.push(format!("`{path}.{key}` is only on the right: `{}`", short(value)));
            }
        }
        (Value::List(a), Value::List(b)) => {
            for at in 0..a.len().max(b.len()) {
                let _ = write!(path, "[{at}]");
                match (a.get(at), b.get(at)) {
                    (Some(value), Some(other)) => compare(value, other, path, found),
                    (Some(value), None) => found.push(format!("`{path}` is only on the left: `{}`", short(value))),
                    (None, Some(value)) => found.push(format!("`{path}` is only on the right: `{}`", short(value))),
                    (None, None) => {}
                }
                path.truncate(length);
            }
        }
        _ => found.push(format!("`{path}` is `{}` on the left, `{}` on the right", short(left), short(right))),
    }
}

fn short(value: &Value) -> String {
    cut(&literal(value), WIDEST / 2)
}

fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn escaped(text: &str) -> String {
    text.escape_debug().to_string()
}

/// A value as the language writes it, on one line; never a secret. Long ones end in the middle.
pub(super) fn literal(value: &Value) -> String {
    let mut out = String::new();
    write_literal(&mut out, value);
    out
}

fn write_literal(out: &mut String, value: &Value) {
    // What is longer is cut anyway.
    if out.len() > 4 * WIDEST {
        return;
    }
    match value {
        Value::Str(text) => {
            let text: String = text.chars().take(4 * WIDEST).collect();
            let _ = write!(out, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
        }
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                write_literal(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(out, object),
        Value::Env(env) => out.push_str(env.name.as_str()),
        Value::Resource(resource) => out.push_str(&resource.shown),
        Value::Component(component) => out.push_str(&component.shown),
        Value::Resources(all) => {
            let keys = all.items.iter().map(|(key, item)| (super::fits::key_name(key), item.clone()));
            write_object(out, &keys.collect());
        }
        Value::Stack(stack) => out.push_str(stack.stack.as_str()),
        Value::Seen(seen) => match &seen.thing {
            Thing::Resource(_) | Thing::Component(_) => out.push_str(&seen.shown),
        },
        // What stands for the value is in backticks already.
        Value::Later(_) | Value::Unknown => out.push_str(&super::fits::shown(value).replace('`', "")),
        scalar => out.push_str(&super::fits::scalar_text(scalar)),
    }
}

fn write_object(out: &mut String, object: &Object) {
    out.push('{');
    for (at, (key, value)) in object.iter().enumerate() {
        let is_name = key.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        out.push_str(if at == 0 { " " } else { ", " });
        let _ = if is_name { write!(out, "{key}: ") } else { write!(out, "{:?}: ", key.as_str()) };
        write_literal(out, value);
    }
    out.push_str(if object.is_empty() { "}" } else { " }" });
}
