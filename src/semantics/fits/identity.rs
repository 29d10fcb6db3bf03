//! What values identify: which value of a resource is meant where an identifier is asked for.

use std::sync::Arc;

use crate::schema::{Identifier, Node, RefValue, ResourceType, Types};
use crate::semantics::value::{Later, LaterExpr, LaterType, ResourceRef, Value};
use crate::source::Span;

/// So many identifiers are shown in a message.
const MOST_SHOWN: usize = 3;

/// Whether two lists of identifiers have one in common.
pub(crate) fn meet(a: &[Identifier], b: &[Identifier]) -> bool {
    a.iter().any(|id| b.contains(id))
}

/// Identifiers in a message.
pub(crate) fn identifier_list(ids: &[Identifier]) -> String {
    let mut names: Vec<String> =
        ids.iter().take(MOST_SHOWN).map(|id| format!("`{}.{}`", id.resource, id.attribute)).collect();
    if ids.len() > MOST_SHOWN {
        names.push(format!("{} more", ids.len() - MOST_SHOWN));
    }
    names.join(" or ")
}

/// The value of `resource` that identifies one of `asked`: what `Ref` returns where that does,
/// else the attribute that does. `None` where none does, or several do.
pub(crate) fn reference(
    types: &'static Types,
    resource: &ResourceRef,
    asked: &[Identifier],
    span: Span,
) -> Option<Value> {
    let known = resource.known?;
    // The `VpcId` of a subnet is not the subnet: only what identifies the resource itself counts.
    let asked: Vec<Identifier> = asked.iter().filter(|id| id.resource == known.name).copied().collect();
    if asked.is_empty() {
        return None;
    }
    let by_ref = types.ref_identifies(known);
    if meet(&by_ref, &asked) {
        return Some(match known.ref_value {
            RefValue::Property(path) if known.prefer_attribute && has_attribute(known, path) => {
                later(LaterExpr::GetAtt(resource.id, path.into()), by_ref, span)
            }
            _ => later(LaterExpr::Ref(resource.id), by_ref, span),
        });
    }
    let mut fitting = known.attributes.iter().filter(|attribute| {
        !matches!(types.node(attribute.node), Node::Array { .. })
            && meet(&types.attribute_identifies(known, attribute.path), &asked)
    });
    let first = fitting.next()?;
    let own = |path| asked.contains(&Identifier { resource: known.name, attribute: path });
    let chosen = match fitting.next() {
        None => first,
        Some(second) => {
            let mut exact = [first, second].into_iter().chain(fitting).filter(|attribute| own(attribute.path));
            let exact_one = exact.next()?;
            if exact.next().is_some() {
                return None;
            }
            exact_one
        }
    };
    Some(attribute(types, resource, chosen.path, span))
}

/// Identifiers that are ARNs without saying so.
const ARNS: &[(&str, &str)] = &[("AWS::SecretsManager::Secret", "Id")];

/// Whether an identifier is an ARN.
pub(super) fn is_arn(id: &Identifier) -> bool {
    id.attribute.contains("Arn") || ARNS.contains(&(id.resource, id.attribute))
}

/// The ARN of a resource: its only attribute that is one, or what `Ref` returns.
pub(super) fn arn(types: &'static Types, resource: &ResourceRef, span: Span) -> Option<Value> {
    let known = resource.known?;
    if has_attribute(known, "Arn") {
        return Some(attribute(types, resource, "Arn", span));
    }
    let mut arns = known.attributes.iter().filter(|attribute| attribute.path.ends_with("Arn"));
    match (arns.next(), arns.next(), &known.ref_value) {
        (Some(only), None, _) => Some(attribute(types, resource, only.path, span)),
        (_, _, RefValue::Property(path)) if path.ends_with("Arn") || ARNS.contains(&(known.name, path)) => {
            Some(later(LaterExpr::Ref(resource.id), types.ref_identifies(known), span))
        }
        _ => None,
    }
}

/// The forms of the ARNs that are asked for, where they are known.
fn arn_forms(types: &'static Types, ids: &[Identifier]) -> impl Iterator<Item = &'static str> {
    ids.iter().filter(|id| id.attribute.ends_with("Arn")).filter_map(|id| types.resource(id.resource)?.arn)
}

/// What an ARN of one of these looks like, for people.
pub(super) fn arn_form(types: &'static Types, ids: &[Identifier]) -> Option<String> {
    arn_forms(types, ids).next().map(|form| form.replacen("${Partition}", "aws", 1))
}

/// Whether a text can be the ARN of one of these: the service and what stands before the name must
/// agree. `None` where no ARN is asked for, or none of them has a known form.
pub(super) fn is_arn_of(types: &'static Types, ids: &[Identifier], text: &str) -> Option<bool> {
    let mut forms = arn_forms(types, ids).peekable();
    forms.peek()?;
    Some(forms.any(|form| {
        // `arn:partition:service:region:account:resource`
        let parts = |arn| -> Vec<&str> { str::splitn(arn, 6, ':').collect() };
        let ([_, _, service, _, _, resource], ["arn", _, own, _, _, name]) = (&*parts(form), &*parts(text)) else {
            return false;
        };
        let fixed = resource.split_once("${").map_or(*resource, |(fixed, _)| fixed);
        service == own && name.starts_with(fixed)
    }))
}

/// What `Ref` of a resource of an unknown type returns: anything.
pub(crate) fn unknown_reference(resource: &ResourceRef, origin: Span) -> Value {
    let expr = LaterExpr::Ref(resource.id);
    Value::Later(Arc::new(Later { expr, ty: LaterType::Any, origin, secret: false }))
}

fn has_attribute(known: &ResourceType, path: &str) -> bool {
    known.attributes.iter().any(|attribute| attribute.path == path)
}

/// The text that an attribute of a resource gives.
fn attribute(types: &'static Types, resource: &ResourceRef, path: &str, span: Span) -> Value {
    let identifies = resource.known.map_or_else(Vec::new, |known| types.attribute_identifies(known, path));
    later(LaterExpr::GetAtt(resource.id, path.into()), identifies, span)
}

fn later(expr: LaterExpr, identifies: Vec<Identifier>, origin: Span) -> Value {
    Value::Later(Arc::new(Later { expr, ty: LaterType::String(identifies), origin, secret: false }))
}
