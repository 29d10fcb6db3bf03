//! The skeleton of a file: one line for each declaration and statement, for tests and people.

use std::fmt::Write as _;

use super::ast::{File, Item, ItemKind, Stmt, StmtKind};

/// One line per declaration and statement, indented as they are nested.
pub fn outline(file: &File) -> String {
    let mut out = String::new();
    for item in &file.items {
        line(&mut out, 0, &declared(item), item.decorators.len());
        match &item.kind {
            ItemKind::Stack(stack) => statements(&mut out, 1, &stack.body),
            ItemKind::Component(component) => statements(&mut out, 1, &component.body),
            ItemKind::Test(test) => {
                test.stubs.iter().for_each(|stub| line(&mut out, 1, &format!("stub {}", stub.stack.name), 0));
                test.sets.iter().for_each(|set| line(&mut out, 1, &format!("set {}", set.name.name), 0));
                test.fails.iter().for_each(|fails| line(&mut out, 1, &format!("fails {:?}", fails.code.text), 0));
                statements(&mut out, 1, &test.body);
            }
            _ => {}
        }
    }
    out
}

fn line(out: &mut String, depth: usize, text: &str, decorators: usize) {
    let marks = "@".repeat(decorators);
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{:width$}{marks}{text}", "", width = depth * 2);
}

fn declared(item: &Item) -> String {
    match &item.kind {
        ItemKind::Project(record) => format!("project {}", record.name.name),
        ItemKind::Account(record) => format!("account {}", record.name.name),
        ItemKind::Env(record) => format!("env {}", record.name.name),
        ItemKind::Stack(stack) => format!("{} {}", stack.layer.as_str(), stack.name.name),
        ItemKind::Let(binding) => format!("let {}", binding.name.name),
        ItemKind::Param(param) => format!("param {}", param.name.name),
        ItemKind::Assert(_) => "assert".to_owned(),
        ItemKind::Component(component) => format!("component {}", component.name.name),
        ItemKind::Function(function) => format!("fn {}({})", function.name.name, function.params.len()),
        ItemKind::Alias(alias) => format!("type {}", alias.name.name),
        ItemKind::Import(import) => format!("use {:?} as {}", import.path.text, import.name.name),
        ItemKind::External(external) => format!("extern {} {}", external.layer.as_str(), external.name.name),
        ItemKind::Existing(existing) => {
            format!("{} {} = {}(…)", existing.layer.as_str(), existing.name.name, existing.function.name)
        }
        ItemKind::Test(test) => format!("test {:?}", test.title.text),
    }
}

fn statements(out: &mut String, depth: usize, body: &[Stmt]) {
    for statement in body {
        line(out, depth, &said(statement), statement.decorators.len());
        match &statement.kind {
            StmtKind::For(repeat) => statements(out, depth + 1, &repeat.body),
            StmtKind::If(choice) => {
                statements(out, depth + 1, &choice.then);
                if !choice.otherwise.is_empty() {
                    line(out, depth, "else", 0);
                    statements(out, depth + 1, &choice.otherwise);
                }
            }
            _ => {}
        }
    }
}

fn said(statement: &Stmt) -> String {
    match &statement.kind {
        StmtKind::Param(param) => format!("param {}", param.name.name),
        StmtKind::Input(input) => format!("input {}", input.name.name),
        StmtKind::Let(binding) => format!("let {}", binding.name.name),
        StmtKind::Resource(resource) => {
            let key = if resource.key.is_some() { "[…]" } else { "" };
            format!("resource {}{key} = {}", resource.name.name, resource.ty.name)
        }
        StmtKind::Output(output) => {
            format!("{}output {}", if output.export { "export " } else { "" }, output.name.name)
        }
        StmtKind::For(repeat) => format!("for {}", repeat.binding.item.name),
        StmtKind::If(_) => "if".to_owned(),
        StmtKind::Assert(_) => "assert".to_owned(),
    }
}
