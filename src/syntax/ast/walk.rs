//! Every expression of a tree, in the order of the text.

use super::{
    Arg, Decorator, Entry, Expr, ExprKind, Interface, Item, ItemKind, Key, Param, Piece, Stmt, StmtKind, TypeExpr,
    TypeKind,
};

/// What looks at expressions: each is given before those that are in it.
pub type Visit<'a, 'v> = &'v mut dyn FnMut(&'a Expr);

/// The expressions of a declaration, its decorators and its types among them.
pub fn item<'a>(item: &'a Item, see: Visit<'a, '_>) {
    decorators(&item.decorators, see);
    match &item.kind {
        ItemKind::Project(record) | ItemKind::Account(record) | ItemKind::Env(record) => all(record.body.iter(), see),
        ItemKind::Stack(stack) => statements(&stack.body, see),
        ItemKind::Component(component) => statements(&component.body, see),
        ItemKind::Test(test) => statements(&test.body, see),
        ItemKind::Let(l) => {
            all_types(l.ty.iter(), see);
            expr(&l.value, see);
        }
        ItemKind::Param(p) => param(p, see),
        ItemKind::Assert(a) => all(std::iter::once(&a.condition).chain(&a.message), see),
        ItemKind::Function(f) => {
            f.params.iter().for_each(|p| param(p, see));
            all_types(f.ty.iter(), see);
            expr(&f.value, see);
        }
        ItemKind::Alias(a) => ty(&a.ty, see),
        ItemKind::External(e) => {
            if let Interface::Said(fields, settings) = &e.interface {
                fields.iter().for_each(|field| ty(&field.ty, see));
                expr(settings, see);
            }
        }
        ItemKind::Existing(e) => {
            args(&e.args, see);
            all(e.body.iter(), see);
        }
        ItemKind::Import(_) => {}
    }
}

/// The expressions of statements, their decorators and types among them.
pub fn statements<'a>(body: &'a [Stmt], see: Visit<'a, '_>) {
    for stmt in body {
        decorators(&stmt.decorators, see);
        match &stmt.kind {
            StmtKind::Param(p) | StmtKind::Input(p) => param(p, see),
            StmtKind::Let(l) => {
                all_types(l.ty.iter(), see);
                expr(&l.value, see);
            }
            StmtKind::Resource(r) => all(r.key.iter().chain(&r.body), see),
            StmtKind::Output(o) => {
                all_types(o.ty.iter(), see);
                all(o.value.iter(), see);
            }
            StmtKind::For(f) => {
                expr(&f.binding.over, see);
                statements(&f.body, see);
            }
            StmtKind::If(i) => {
                expr(&i.condition, see);
                statements(&i.then, see);
                statements(&i.otherwise, see);
            }
            StmtKind::Assert(a) => all(std::iter::once(&a.condition).chain(&a.message), see),
        }
    }
}

fn decorators<'a>(all: &'a [Decorator], see: Visit<'a, '_>) {
    all.iter().for_each(|decorator| args(&decorator.args, see));
}

fn args<'a>(all: &'a [Arg], see: Visit<'a, '_>) {
    all.iter().for_each(|arg| expr(&arg.value, see));
}

/// What a parameter says: its type and its default.
pub fn param<'a>(param: &'a Param, see: Visit<'a, '_>) {
    all_types(param.ty.iter(), see);
    all(param.default.iter(), see);
}

fn all<'a>(exprs: impl Iterator<Item = &'a Expr>, see: Visit<'a, '_>) {
    exprs.for_each(|e| expr(e, see));
}

fn all_types<'a>(types: impl Iterator<Item = &'a TypeExpr>, see: Visit<'a, '_>) {
    types.for_each(|t| ty(t, see));
}

fn ty<'a>(of: &'a TypeExpr, see: Visit<'a, '_>) {
    match &of.kind {
        TypeKind::List(inner) | TypeKind::Map(inner) | TypeKind::Optional(inner) => ty(inner, see),
        TypeKind::Record(fields) => fields.iter().for_each(|field| ty(&field.ty, see)),
        TypeKind::Literal(literal) => expr(literal, see),
        TypeKind::Union(members) => all_types(members.iter(), see),
        TypeKind::Range(_, from, to) => all(from.iter().chain(to).map(|end| &**end), see),
        TypeKind::Named(_) | TypeKind::Identifier(..) | TypeKind::Pattern(..) | TypeKind::Broken => {}
    }
}

/// An expression and all that are in it.
pub fn expr<'a>(of: &'a Expr, see: Visit<'a, '_>) {
    see(of);
    match &of.kind {
        ExprKind::Template(pieces) => pieces.iter().for_each(|piece| match piece {
            Piece::Expr(inner) => expr(inner, see),
            Piece::Text(_) => {}
        }),
        ExprKind::List(elements) => all(elements.iter().map(|element| &element.value), see),
        ExprKind::Object(entries) => entries.iter().for_each(|entry| match entry {
            Entry::Spread(value) | Entry::Field(Key::Name(_), value) => expr(value, see),
            Entry::Field(Key::Computed(key), value) => {
                expr(key, see);
                expr(value, see);
            }
        }),
        ExprKind::ListFor(list) => {
            all(std::iter::once(&list.binding.over).chain(&list.binding.condition).chain([&list.value]), see);
        }
        ExprKind::ObjectFor(object) => {
            let binding = &object.binding;
            all(std::iter::once(&binding.over).chain(&binding.condition).chain([&object.key, &object.value]), see);
        }
        ExprKind::As(base, to) => {
            expr(base, see);
            ty(to, see);
        }
        ExprKind::Field(base, ..) | ExprKind::Unary(_, base) | ExprKind::Raw(base) | ExprKind::Live(base) => {
            expr(base, see);
        }
        ExprKind::Index(base, keys) => {
            expr(base, see);
            all(keys.iter(), see);
        }
        ExprKind::Call(function, given) => {
            expr(function, see);
            args(given, see);
        }
        ExprKind::Binary(_, sides) => all([&sides.0, &sides.1].into_iter(), see),
        ExprKind::Range(ends) => all([&ends.0, &ends.1].into_iter(), see),
        ExprKind::If(parts) => all([&parts.0, &parts.1, &parts.2].into_iter(), see),
        ExprKind::Match(m) => {
            expr(&m.subject, see);
            m.arms.iter().for_each(|arm| all(arm.patterns.iter().chain([&arm.value]), see));
            all(m.otherwise.iter(), see);
        }
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Name(_)
        | ExprKind::Path(_)
        | ExprKind::Broken => {}
    }
}
