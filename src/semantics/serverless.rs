//! Resources of SAM: what the transform makes of them can be named, and code on this machine is packaged for it.

use std::sync::Arc;

use super::eval::Evaluator;
use super::functions;
use super::value::{AssetRef, Object, ResourceRef, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::serverless;
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Ident, Key, Resource, Stmt, StmtKind};
use crate::world::Exclude;

/// What SAM makes under that name of the resources of this stack: `HelloRole` of `Hello`.
pub(super) fn generated(ev: &Evaluator<'_>, name: Name) -> Option<Value> {
    let mut resources = Vec::new();
    declared(ev.frame.unit.body, &mut resources);
    let there = resources.iter().map(|r| (r.name.name.as_str(), r.ty.name.as_str()));
    let kind = serverless::generated(name.as_str(), there)?;
    let owner = resources.iter().find(|r| name.as_str().starts_with(r.name.name.as_str()));
    // A function with a role of its own is given none.
    if kind == "AWS::IAM::Role" && owner.is_some_and(|r| gives(r.body.as_ref(), "Role") == Some(true)) {
        return None;
    }
    let span = owner.or(resources.first()).map(|r| r.name.span)?;
    Some(made(ev, name, kind, span))
}

fn made(ev: &Evaluator<'_>, id: Name, kind: &str, span: Span) -> Value {
    let known = ev.types().resource(kind);
    Value::Resource(Arc::new(ResourceRef { id, ty: Name::new(kind), known, span, shown: id.as_str().into() }))
}

/// The resources of a stack that have one id each.
fn declared<'p>(statements: &'p [Stmt], found: &mut Vec<&'p Resource>) {
    for statement in statements {
        match &statement.kind {
            StmtKind::Resource(resource) if resource.key.is_none() => found.push(resource),
            StmtKind::If(choice) => {
                declared(&choice.then, found);
                declared(&choice.otherwise, found);
            }
            _ => {}
        }
    }
}

/// `Hello.Alias`: what SAM makes of a resource, by the property that names it.
pub(super) fn referable(ev: &mut Evaluator<'_>, resource: &ResourceRef, property: Ident) -> Option<Value> {
    let found = serverless::referable(resource.ty.as_str(), property.name.as_str())?;
    let body = ev.frame.by_id.get(&resource.id).and_then(|at| ev.frame.pending.get(*at)).map(|p| p.resource);
    if let Some(asked_by) = found.asked_by
        && body.is_some_and(|r| gives(r.body.as_ref(), asked_by) == Some(false))
    {
        let message = format!("`{}` has no `{}` without `{asked_by}`", resource.shown, property.name);
        ev.report(
            Diagnostic::new(Code::UnknownAttribute, message)
                .at(property.span, "SAM makes none")
                .at(resource.span, format!("has no `{asked_by}`"))
                .help(format!("give it `{asked_by}`")),
        );
        return Some(Value::Unknown);
    }
    let id = Name::new(&format!("{}.{}", resource.id, property.name));
    Some(made(ev, id, found.kind, resource.span))
}

/// Whether the literal gives that property; `None` where that cannot be seen.
fn gives(body: Option<&Expr>, property: &str) -> Option<bool> {
    let Some(body) = body else { return Some(false) };
    let ExprKind::Object(entries) = &body.kind else { return None };
    if entry(entries, property).is_some() {
        return Some(true);
    }
    entries.iter().all(|entry| matches!(entry, Entry::Field(Key::Name(_), _))).then_some(false)
}

fn entry<'e>(entries: &'e [Entry], property: &str) -> Option<&'e Expr> {
    entries.iter().find_map(|entry| match entry {
        Entry::Field(Key::Name(key), value) if key.name.as_str() == property => Some(value),
        _ => None,
    })
}

/// The properties with an address in place of each path: code and documents on this machine are assets.
pub(super) fn packaged(ev: &mut Evaluator<'_>, resource: &Resource, properties: Value) -> Value {
    let mut locations = serverless::locations(resource.ty.name.as_str()).peekable();
    let Value::Object(given) = &properties else { return properties };
    if locations.peek().is_none() {
        return properties;
    }
    let mut packaged = Object::clone(given);
    for property in locations {
        let name = Name::new(property);
        let Some(Value::Str(location)) = given.get(name) else { continue };
        if !serverless::is_local(location) {
            continue;
        }
        let written = resource.body.as_ref().and_then(|body| match &body.kind {
            ExprKind::Object(entries) => entry(entries, property),
            _ => None,
        });
        let span = written.map_or(resource.ty.span, |expr| expr.span);
        let asset = match functions::packed(ev.program, span, location, &[], &Exclude::default()) {
            Ok(package) => AssetRef { package, span },
            Err(problem) => {
                ev.report_value(*problem);
                packaged.insert(name, Value::Unknown);
                continue;
            }
        };
        // What is itself a template is asked for by its address in the web.
        let field = if serverless::is_template(property) { "url" } else { "uri" };
        let address = ev.asset_field(&asset, Ident { name: Name::new(field), span });
        packaged.insert(name, address);
    }
    Value::Object(packaged.into())
}
