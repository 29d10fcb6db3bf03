//! Properties of a template against the schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Resource, Says, Template};
use crate::data::{self, Kind, Node};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::names::Name;
use crate::schema::serverless as sam;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::value::{AssetRef, Later, LaterExpr, LaterType, Value};
use crate::semantics::{Program, conform, functions, resources};
use crate::source::Span;
use crate::syntax::ast::{Entry, ExprKind, Ident, Key, Path};
use crate::world::Exclude;

/// Addresses of what was packed, by where the template names it.
pub(super) type Addresses = BTreeMap<Span, Arc<str>>;

/// Checks the properties of every resource, and packs what they name beside the template.
pub(super) fn check<'p>(ev: &mut Evaluator<'p>, template: &'p Template) -> Addresses {
    let mut placed = Addresses::new();
    for resource in template.resources.iter().filter(|resource| !resource.is_open) {
        let Some(known) = ev.resource_type(resource.ty) else { continue };
        let bound = resource.bound.iter().map(|(name, says, at)| (*name, value(ev, template, says, *at))).collect();
        let named = Path { name: resource.ty, span: resource.ty_span };
        let before = std::mem::take(&mut ev.reports);
        ev.in_scope(&Scope::default(), bound, |ev, scope| {
            conform::properties(ev, known, &named, resource.body.as_ref(), scope);
        });
        let found = std::mem::replace(&mut ev.reports, before);
        let filled = template.has_globals && sam::is_serverless(resource.ty.as_str());
        for problem in found.into_list() {
            if !(filled && problem.code == Code::MissingProperty) {
                ev.report(softened(problem));
            }
        }
        packaged(ev, template, resource, &mut placed);
    }
    placed
}

/// A template that is deployed somewhere may know better than the schema what a value may be; a property that
/// does not exist, or is missing, is an error as everywhere.
fn softened(mut problem: Diagnostic) -> Diagnostic {
    // What would mend it is written for the language.
    problem.fix = None;
    let hard = [Code::UnknownProperty, Code::MissingProperty, Code::ReadOnlyProperty, Code::LimitExceeded];
    if hard.contains(&problem.code) {
        return problem;
    }
    problem.severity = Severity::Warning;
    if matches!(problem.code, Code::WrongIdentifier | Code::TypeMismatch) {
        problem.help = Some("see whether this is meant; the template is deployed as it is".to_owned());
    }
    problem
}

/// The value that stands for what a function gives.
fn value(ev: &Evaluator<'_>, template: &Template, says: &Says, origin: Span) -> Value {
    let expr = match says {
        Says::Ref(name) => LaterExpr::Ref(*name),
        Says::GetAtt(id, path) => LaterExpr::GetAtt(*id, Arc::clone(path)),
        Says::Anything => LaterExpr::Zones,
    };
    let ty = match type_of(ev, template, says) {
        // Texts are trusted, as the template cannot say what they are.
        Some(LaterType::String(ids)) if ids.is_empty() => LaterType::Any,
        Some(ty @ (LaterType::String(_) | LaterType::List(..))) => ty,
        _ => LaterType::Any,
    };
    let ty = match ty {
        LaterType::List(item, _) if matches!(&*item, LaterType::String(ids) if ids.is_empty()) => LaterType::Any,
        ty => ty,
    };
    Value::Later(Arc::new(Later { expr, ty, origin, secret: false }))
}

/// The type of what is said, where it is known.
pub(super) fn type_of(ev: &Evaluator<'_>, template: &Template, says: &Says) -> Option<LaterType> {
    let types = ev.types();
    let known = |id: Name| {
        let resource = template.resources.iter().find(|resource| resource.id == id)?;
        types.resource(resource.ty.as_str())
    };
    match says {
        Says::Ref(name) => match template.parameter(*name) {
            Some(parameter) => Some(parameter.referred()),
            None => known(*name).map(|known| LaterType::String(types.ref_identifies(known))),
        },
        Says::GetAtt(id, path) => resources::attribute_type(types, known(*id)?, path),
        Says::Anything => None,
    }
}

/// Code and documents that lie beside the template are packed, and their addresses take the place of the paths.
fn packaged(ev: &mut Evaluator<'_>, template: &Template, resource: &Resource, placed: &mut Addresses) {
    let Some(ExprKind::Object(entries)) = resource.body.as_ref().map(|body| &body.kind) else { return };
    for entry in entries {
        let Entry::Field(Key::Name(key), value) = entry else { continue };
        let named = sam::locations(resource.ty.as_str()).find(|property| *property == key.name.as_str());
        let (Some(property), ExprKind::Str(location)) = (named, &value.kind) else { continue };
        if !sam::is_local(location) {
            continue;
        }
        // As SAM has it, such a path begins where the template lies.
        let path = beside(ev.program, template, location);
        let asset = match functions::packed(ev.program, value.span, &path, &[], &Exclude::default()) {
            Ok(package) => AssetRef { package, span: value.span },
            Err(mut problem) => {
                problem.fix = None;
                ev.report_value(*problem);
                continue;
            }
        };
        let field = if sam::is_template(property) { "url" } else { "uri" };
        if let Value::Str(address) = ev.asset_field(&asset, Ident { name: Name::new(field), span: value.span }) {
            placed.insert(value.span, address);
        }
    }
}

fn beside(program: &Program, template: &Template, location: &str) -> String {
    let file = program.sources.get(template.whole.span.file);
    match file.and_then(|file| file.name.rsplit_once('/')) {
        Some((folder, _)) => format!("{folder}/{location}"),
        None => location.to_owned(),
    }
}

/// The tree with addresses in place of paths.
pub(super) fn with_addresses(node: &Node, placed: &Addresses) -> Node {
    let kind = match &node.kind {
        Kind::Text(_) if placed.contains_key(&node.span) => {
            placed.get(&node.span).map_or_else(|| node.kind.clone(), |address| Kind::Text(Arc::clone(address)))
        }
        Kind::List(items) => Kind::List(items.iter().map(|item| with_addresses(item, placed)).collect()),
        Kind::Map(entries) => {
            let entry = |e: &data::Entry| data::Entry { value: with_addresses(&e.value, placed), ..e.clone() };
            Kind::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    };
    Node { span: node.span, kind }
}
