//! Which settings are secrets: asked before anything is evaluated, so that nothing said of a value shows it.

use crate::names::Name;
use crate::semantics::Program;
use crate::syntax::ast::{ItemKind, Stmt, StmtKind, TypeExpr, TypeKind};

/// Names of types lead no further than this.
const DEEPEST: usize = 32;

pub(super) fn is_secret_setting(program: &Program, key: &str) -> bool {
    let Some((stack, input)) = key.split_once('.') else { return false };
    let (stack, input) = (Name::new(stack.trim()), Name::new(input.trim()));
    let declared = program.declared.stacks.iter().filter(|declared| declared.name == stack || stack.as_str() == "*");
    declared
        .filter_map(|declared| program.stack(declared.at))
        .any(|(_, tree)| in_statements(program, &tree.body, input))
}

fn in_statements(program: &Program, body: &[Stmt], input: Name) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Input(param) => {
            param.name.name == input && param.ty.as_ref().is_some_and(|ty| is_secret(program, ty, 0))
        }
        StmtKind::If(i) => in_statements(program, &i.then, input) || in_statements(program, &i.otherwise, input),
        StmtKind::For(f) => in_statements(program, &f.body, input),
        _ => false,
    })
}

fn is_secret(program: &Program, ty: &TypeExpr, depth: usize) -> bool {
    match &ty.kind {
        TypeKind::Named(path) if path.name.as_str() == "Secret" => true,
        TypeKind::Named(path) => {
            let last = path.name.as_str().rsplit("::").next().unwrap_or_default();
            let items = program.items();
            depth < DEEPEST
                && items
                    .filter_map(|item| match &item.kind {
                        ItemKind::Alias(alias) if alias.name.name.as_str() == last => Some(&alias.ty),
                        _ => None,
                    })
                    .any(|ty| is_secret(program, ty, depth + 1))
        }
        TypeKind::Optional(inner) | TypeKind::List(inner) => is_secret(program, inner, depth + 1),
        TypeKind::Union(members) => members.iter().any(|member| is_secret(program, member, depth + 1)),
        _ => false,
    }
}
