//! Names that nothing uses. They are the usual trace of a slip: the name that was meant stands elsewhere, misspelt or
//! as a text.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::Program;
use crate::source::Span;
use crate::syntax::ast::{ExprKind, Ident, ItemKind, Stmt, StmtKind, walk};

pub(super) fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut everywhere = BTreeSet::new();
    let mut modules = Vec::new();
    for file in &program.files {
        for item in &file.items {
            walk::item(item, &mut |expr| uses(&expr.kind, &mut everywhere));
            match &item.kind {
                ItemKind::Stack(stack) => shorthands(&stack.body, &mut everywhere),
                ItemKind::Component(component) => shorthands(&component.body, &mut everywhere),
                ItemKind::Import(import) => modules.push(import.path.text.trim_matches(['.', '/']).to_owned()),
                _ => {}
            }
        }
    }
    for (file, source) in program.files.iter().zip(program.sources.iter()) {
        // What a module declares at its top is for those who use it.
        let is_module = modules.iter().any(|folder| source.name.trim_start_matches("../").starts_with(&**folder));
        for item in &file.items {
            let mut used = BTreeSet::new();
            match &item.kind {
                ItemKind::Stack(stack) => {
                    walk::item(item, &mut |expr| uses(&expr.kind, &mut used));
                    shorthands(&stack.body, &mut used);
                    in_statements(&stack.body, &used, false, found);
                }
                ItemKind::Component(component) => {
                    walk::item(item, &mut |expr| uses(&expr.kind, &mut used));
                    shorthands(&component.body, &mut used);
                    in_statements(&component.body, &used, true, found);
                }
                ItemKind::Function(function) => {
                    walk::item(item, &mut |expr| uses(&expr.kind, &mut used));
                    for param in function.params.iter().filter(|p| !used.contains(&p.name.name)) {
                        let help = format!("use it, or take it out of `{}` and of its calls", function.name.name);
                        found.push(unused(param.name, "nothing in the function reads it").help(help));
                    }
                }
                ItemKind::Let(l) if !is_module && !everywhere.contains(&l.name.name) => {
                    found.push(removable(l.name, item.span, item.doc.is_none()));
                }
                ItemKind::Param(p) if !is_module && !everywhere.contains(&p.name.name) => {
                    found.push(removable(p.name, item.span, item.doc.is_none()));
                }
                _ => {}
            }
        }
    }
}

fn uses(kind: &ExprKind, used: &mut BTreeSet<Name>) {
    match kind {
        ExprKind::Name(name) => {
            used.insert(*name);
        }
        ExprKind::Path(path) => {
            used.insert(Name::new(path.as_str().rsplit("::").next().unwrap_or_default()));
        }
        _ => {}
    }
}

/// `output Vpc` reads `Vpc`.
fn shorthands(body: &[Stmt], used: &mut BTreeSet<Name>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Output(output) if output.value.is_none() => {
                used.insert(output.name.name);
            }
            StmtKind::For(f) => shorthands(&f.body, used),
            StmtKind::If(i) => {
                shorthands(&i.then, used);
                shorthands(&i.otherwise, used);
            }
            _ => {}
        }
    }
}

fn in_statements(body: &[Stmt], used: &BTreeSet<Name>, in_component: bool, found: &mut Vec<Diagnostic>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Let(l) if !used.contains(&l.name.name) => {
                found.push(removable(l.name, stmt.span, stmt.doc.is_none()));
            }
            StmtKind::Param(p) if !used.contains(&p.name.name) => found.push(match in_component {
                true => unused(p.name, "whoever uses the component gives it, and nothing reads it")
                    .help("use it, or take it out of the component and of its uses"),
                false => removable(p.name, stmt.span, stmt.doc.is_none()),
            }),
            StmtKind::Input(p) if !used.contains(&p.name.name) => found
                .push(unused(p.name, "people are asked for it, and nothing reads it").help("use it, or take it out")),
            StmtKind::For(f) => in_statements(&f.body, used, in_component, found),
            StmtKind::If(i) => {
                in_statements(&i.then, used, in_component, found);
                in_statements(&i.otherwise, used, in_component, found);
            }
            _ => {}
        }
    }
}

fn unused(name: Ident, label: &str) -> Diagnostic {
    Diagnostic::new(Code::Unused, format!("`{}` is never used", name.name)).at(name.span, label)
}

/// What may go without a change anywhere else.
fn removable(name: Ident, whole: Span, is_bare: bool) -> Diagnostic {
    let problem = unused(name, "nothing reads it").help("use it, or take it out");
    if is_bare { problem.suggestion(whole, "") } else { problem }
}
