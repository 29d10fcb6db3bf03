//! Properties of a template against the schema.

use std::sync::Arc;

use super::{Resource, Says, Template};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::names::Name;
use crate::schema::serverless as sam;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::value::{Later, LaterExpr, LaterType, Value};
use crate::semantics::{conform, resources, serverless};
use crate::source::Span;
use crate::syntax::ast::{Entry, ExprKind, Key, Path};

/// Checks the properties of every resource.
pub(super) fn check<'p>(ev: &mut Evaluator<'p>, template: &'p Template) {
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
        locations(ev, resource);
    }
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

/// Refuses code that lies on a disk: nothing packages it.
fn locations(ev: &mut Evaluator<'_>, resource: &Resource) {
    let Some(ExprKind::Object(entries)) = resource.body.as_ref().map(|body| &body.kind) else { return };
    for entry in entries {
        let Entry::Field(Key::Name(key), value) = entry else { continue };
        let named = sam::locations(resource.ty.as_str()).find(|property| *property == key.name.as_str());
        if let (Some(property), ExprKind::Str(location)) = (named, &value.kind)
            && sam::is_local(location)
        {
            ev.report(serverless::local(property, location, value.span));
        }
    }
}
