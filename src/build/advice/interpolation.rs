//! `$name` and `{name}` in a text, where `name` is a name of the program: `${name}` was meant.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::Program;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, ItemKind, Param, Stmt, StmtKind, walk};

pub(super) fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    for file in &program.files {
        for item in &file.items {
            let mut names = BTreeSet::new();
            match &item.kind {
                ItemKind::Stack(stack) => declared(&stack.body, &mut names),
                ItemKind::Component(component) => declared(&component.body, &mut names),
                ItemKind::Function(function) => names.extend(function.params.iter().map(|p: &Param| p.name.name)),
                _ => continue,
            }
            walk::item(item, &mut |expr| text(program, expr, &names, found));
        }
    }
}

/// The names that a text in these statements may hold.
fn declared(body: &[Stmt], names: &mut BTreeSet<Name>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Let(l) => drop(names.insert(l.name.name)),
            StmtKind::Param(p) | StmtKind::Input(p) => drop(names.insert(p.name.name)),
            StmtKind::For(f) => {
                names.insert(f.binding.item.name);
                names.extend(f.binding.key.map(|key| key.name));
                declared(&f.body, names);
            }
            StmtKind::If(i) => {
                declared(&i.then, names);
                declared(&i.otherwise, names);
            }
            _ => {}
        }
    }
}

/// Only texts in plain quotes on one line: scripts and raw texts have a `$` of their own.
fn text(program: &Program, expr: &Expr, names: &BTreeSet<Name>, found: &mut Vec<Diagnostic>) {
    if !matches!(expr.kind, ExprKind::Str(_) | ExprKind::Template(_)) {
        return;
    }
    let source = program.sources.text(expr.span);
    if !source.starts_with('"') || source.starts_with("\"\"\"") || source.contains('\n') {
        return;
    }
    for (at, _) in source.match_indices('$') {
        let before = source.get(..at).unwrap_or_default();
        let rest = source.get(at + 1..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        if before.ends_with('\\') || word.is_empty() || !names.contains(&Name::new(word)) {
            continue;
        }
        let start = expr.span.start as usize + at;
        let span = Span::new(expr.span.file, start, start + 1 + word.len());
        found.push(
            Diagnostic::new(Code::MissedInterpolation, format!("`${word}` stays as it is in this text"))
                .at(span, format!("not the value of `{word}`"))
                .help(format!("write `${{{word}}}`, or `\\${word}` where the text is meant"))
                .suggestion(span, format!("${{{word}}}")),
        );
    }
}
