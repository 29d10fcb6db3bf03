//! Statements -> text, which `syntax::format` lays out.

use std::fmt::Write as _;

use super::Stack;
use crate::source::Sources;
use crate::syntax::ast::{Arg, Decorator, Entry, Expr, ExprKind, Key, Piece, Stmt, StmtKind};

/// The stack as text. What was given as an expression stands in `sources`, and is taken from there.
pub fn print(stack: &Stack, name: &str, sources: &Sources) -> String {
    let printer = Printer { sources };
    let mut out = String::new();
    if let Some(tags) = &stack.tags {
        let _ = writeln!(out, "@tags({})", printer.expr(tags));
    }
    let _ = writeln!(out, "service {name} {{");
    for (at, stmt) in stack.body.iter().enumerate() {
        let is_output = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Output(_));
        let follows = at.checked_sub(1).and_then(|before| stack.body.get(before)).is_some_and(is_output);
        if at > 0 && !(follows && is_output(stmt) && stmt.doc.is_none()) {
            out.push('\n');
        }
        printer.stmt(stmt, &mut out);
    }
    out.push_str("}\n");
    out
}

struct Printer<'s> {
    sources: &'s Sources,
}

impl Printer<'_> {
    fn stmt(&self, stmt: &Stmt, out: &mut String) {
        for line in stmt.doc.iter().flat_map(|doc| doc.lines()) {
            let _ = writeln!(out, "/// {line}");
        }
        for Decorator { name, args, .. } in &stmt.decorators {
            let _ = writeln!(out, "@{}({})", name.name, self.args(args));
        }
        let _ = match &stmt.kind {
            StmtKind::Resource(resource) => {
                let body = resource.body.as_ref().map_or_else(String::new, |body| format!(" {}", self.expr(body)));
                writeln!(out, "resource {} = {}{body}", resource.name.name, resource.ty.name)
            }
            StmtKind::Output(output) => {
                let value = output.value.as_ref().map_or_else(String::new, |value| format!(" = {}", self.expr(value)));
                writeln!(out, "output {}{value}", output.name.name)
            }
            StmtKind::Input(input) => {
                let default =
                    input.default.as_ref().map_or_else(String::new, |value| format!(" = {}", self.expr(value)));
                writeln!(out, "input {}: String{default}", input.name.name)
            }
            // Nothing else is made.
            _ => Ok(()),
        };
    }

    fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Null => "null".to_owned(),
            ExprKind::Bool(is) => is.to_string(),
            ExprKind::Int(number) => number.to_string(),
            ExprKind::Str(text) => format!("\"{}\"", escaped(text)),
            ExprKind::Template(pieces) => {
                let pieces = pieces.iter().map(|piece| match piece {
                    Piece::Text(text) => escaped(text),
                    Piece::Expr(expr) => format!("${{{}}}", self.expr(expr)),
                });
                format!("\"{}\"", pieces.collect::<String>())
            }
            ExprKind::Name(name) | ExprKind::Path(name) => name.to_string(),
            ExprKind::Field(base, field, false) => format!("{}.{}", self.expr(base), field.name),
            ExprKind::List(items) if items.iter().all(|item| !item.spread) => {
                let items: Vec<String> = items.iter().map(|item| self.expr(&item.value)).collect();
                format!("[{}]", items.join(", "))
            }
            ExprKind::Object(entries) => self.object(entries).unwrap_or_else(|| self.as_written(expr)),
            ExprKind::Call(function, args) => format!("{}({})", self.expr(function), self.args(args)),
            _ => self.as_written(expr),
        }
    }

    fn object(&self, entries: &[Entry]) -> Option<String> {
        let mut fields = Vec::new();
        for entry in entries {
            let Entry::Field(Key::Name(key), value) = entry else { return None };
            fields.push(format!("{}: {}", self::key(key.name.as_str()), self.expr(value)));
        }
        Some(match fields.is_empty() {
            true => "{}".to_owned(),
            false => format!("{{ {} }}", fields.join(", ")),
        })
    }

    fn args(&self, args: &[Arg]) -> String {
        args.iter().map(|arg| self.expr(&arg.value)).collect::<Vec<_>>().join(", ")
    }

    fn as_written(&self, expr: &Expr) -> String {
        self.sources.text(expr.span).to_owned()
    }
}

/// Words of the language cannot be keys without quotes, so that only what is surely no such word goes without.
fn key(text: &str) -> String {
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&text);
    if is_name { text.to_owned() } else { format!("\"{}\"", escaped(text)) }
}

const WORDS: [&str; 10] = ["as", "else", "false", "for", "if", "in", "match", "null", "then", "true"];

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' => out.push_str("\\$"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
