//! `arn(Role)`: known now where the source names the resource, so that it adds no edge.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::{Node, ResourceType};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::{BlockId, Step, What};
use crate::semantics::functions::Argument;
use crate::semantics::units::UnitId;
use crate::semantics::value::{ResourceRef, Value};
use crate::semantics::{builtin, fits};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Ident, Key};

/// Calls `arn`. `span` is that of the whole call.
pub(in crate::semantics) fn arn(ev: &mut Evaluator<'_>, args: &[Argument], span: Span) -> Value {
    let [Argument { name: None, value, span: at }] = args else {
        ev.report(
            Diagnostic::new(Code::BadArgument, "`arn` takes one resource")
                .at(span, format!("{} arguments", args.len()))
                .help("call it as `arn(Role)`"),
        );
        return Value::Unknown;
    };
    match value {
        Value::Resource(resource) => by_name(ev, resource).unwrap_or_else(|| by_attribute(ev, resource, *at)),
        Value::Unknown => Value::Unknown,
        other => {
            let message = format!("`arn` takes a resource, not {}", fits::kind(other));
            ev.report_value(
                Diagnostic::new(Code::NotAResource, message)
                    .at(*at, fits::shown(other))
                    .help("name a resource of this stack"),
            );
            Value::Unknown
        }
    }
}

fn by_attribute(ev: &mut Evaluator<'_>, resource: &Arc<ResourceRef>, at: Span) -> Value {
    let name = Ident { name: Name::new("Arn"), span: at };
    super::attribute_path(ev, resource, name, std::iter::empty()).0
}

/// The ARN out of what the source says; `None` where a part of it is not known.
fn by_name(ev: &mut Evaluator<'_>, resource: &ResourceRef) -> Option<Value> {
    let known = resource.known?;
    let mut rest = known.arn?;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let (hole, after) = after.split_once('}')?;
        out.push_str(before);
        out.push_str(&part(ev, resource, known, hole)?);
        rest = after;
    }
    out.push_str(rest);
    Some(Value::Str(out.into()))
}

fn part(ev: &mut Evaluator<'_>, resource: &ResourceRef, known: &ResourceType, hole: &str) -> Option<String> {
    let place = &ev.frame.place;
    match hole {
        "Partition" => return Some(builtin::partition(place.region.as_deref()?).to_owned()),
        "Region" => return place.region.as_deref().map(str::to_owned),
        "Account" => return place.account.as_ref().map(|account| account.id.to_string()),
        _ => {}
    }
    let Some(name) = hole.strip_suffix("WithPath") else { return property(ev, resource, known, hole).flatten() };
    let name = property(ev, resource, known, name)??;
    // A path begins and ends with a slash; the template has the first one.
    let path = property(ev, resource, known, "Path")?.unwrap_or_default();
    Some(format!("{}{name}", path.trim_start_matches('/')))
}

/// The text of a property as the source gives it: `None` where it is not known now, `Some(None)`
/// where it is not given.
fn property(
    ev: &mut Evaluator<'_>,
    resource: &ResourceRef,
    known: &ResourceType,
    name: &str,
) -> Option<Option<String>> {
    let Node::Object(root) = ev.types().node(known.root) else { return None };
    let property = root.properties.iter().find(|p| p.name.eq_ignore_ascii_case(name))?;
    let Some((expr, unit, block)) = written(ev, resource.id, property.name)? else { return Some(None) };
    // The properties of the resource may be on their way to this very call.
    let what = What::Properties(resource.id);
    if ev.frame.path.iter().any(|step| step.what == what) {
        ev.cycle(what, expr.span);
        return None;
    }
    ev.frame.path.push(Step { what, unit, asked: expr.span });
    let value = ev.in_unit(unit, |ev| ev.eval(expr, &Scope::of(block))).unwrap_or(Value::Unknown);
    ev.frame.path.pop();
    match value {
        Value::Str(text) => Some(Some(text.to_string())),
        Value::Null => Some(None),
        _ => None,
    }
}

/// The expression of a property in the source: `None` where a spread may give it, `Some(None)`
/// where nothing does.
fn written<'p>(ev: &Evaluator<'p>, id: Name, property: &str) -> Option<Option<(&'p Expr, UnitId, BlockId)>> {
    let pending = ev.frame.pending.get(*ev.frame.by_id.get(&id)?)?;
    let Some(body) = &pending.resource.body else { return Some(None) };
    let ExprKind::Object(entries) = &body.kind else { return None };
    let mut found = None;
    for entry in entries {
        match entry {
            Entry::Field(Key::Name(key), value) if key.name.as_str() == property => {
                found = Some((value, pending.unit, pending.block))
            }
            Entry::Field(Key::Name(_), _) => {}
            Entry::Field(Key::Computed(_), _) | Entry::Spread(_) => return None,
        }
    }
    Some(found)
}
