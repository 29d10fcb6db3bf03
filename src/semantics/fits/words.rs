//! The words for values in messages, and small questions about them.

use std::borrow::Cow;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::types::Type;
use crate::semantics::value::{Later, LaterType, ResourceRef, Thing, Value};
use crate::source::Span;

/// Longer texts are cut in messages.
const LONGEST_SHOWN: usize = 40;
/// So many attributes are suggested.
const MOST_ATTRIBUTES: usize = 5;

/// A value in a message: short, never a secret.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => format!("`{}`", scalar_text(value)),
        Value::Str(text) => format!("`\"{}\"`", cut(text)),
        Value::List(items) => match items.len() {
            0 => "an empty list".to_owned(),
            1 => "a list of 1 item".to_owned(),
            n => format!("a list of {n} items"),
        },
        Value::Object(object) => match object.iter().next() {
            None => "an empty object".to_owned(),
            Some((first, _)) if object.len() == 1 => format!("an object with the key `{first}`"),
            Some((first, _)) => format!("an object with `{first}` and {} more", object.len() - 1),
        },
        Value::Resource(resource) => format!("the resource `{}` ({})", resource.shown, resource.ty),
        Value::Resources(all) => format!("the resources `{}[…]`", all.name),
        Value::Component(component) => format!("the component `{}` ({})", component.shown, component.component),
        Value::Seen(seen) => match &seen.thing {
            Thing::Resource(made) => format!("the resource `{}` ({})", seen.shown, made.ty),
            Thing::Component(part) => format!("the component `{}` ({})", seen.shown, part.component),
        },
        Value::Stack(stack) => format!("the stack `{}`", stack.stack),
        Value::Env(env) => format!("the environment `{}`", env.name),
        Value::Asset(asset) => format!("the asset `{}`", asset.package.path()),
        Value::Later(later) if later.secret => "a secret".to_owned(),
        Value::Later(later) => match &later.ty {
            LaterType::String(ids) if !ids.is_empty() => super::identifier_list(ids),
            _ => kind(value),
        },
        Value::Unknown => "a value".to_owned(),
    }
}

/// What kind of value it is, with an article.
pub(crate) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "a `Bool`",
        Value::Int(_) => "an `Int`",
        Value::Float(_) => "a `Float`",
        Value::Str(_) => "a `String`",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Resource(_) => "a resource",
        Value::Resources(_) => "a set of resources",
        Value::Component(_) => "a component",
        Value::Seen(seen) => match &seen.thing {
            Thing::Resource(_) => "a resource",
            Thing::Component(_) => "a component",
        },
        Value::Stack(_) => "a stack",
        Value::Env(_) => "an environment",
        Value::Asset(_) => "an asset",
        Value::Later(later) => return later_kind(later),
        Value::Unknown => "a value",
    }
    .to_owned()
}

fn later_kind(later: &Later) -> String {
    if later.secret {
        return "a secret".to_owned();
    }
    let what = match &later.ty {
        LaterType::String(_) => "a `String`",
        LaterType::Int => "an `Int`",
        LaterType::Float => "a `Float`",
        LaterType::Bool => "a `Bool`",
        LaterType::List(..) => "a list",
        LaterType::Json => "an object",
        LaterType::Any => "a value",
    };
    format!("{what} known when deploying")
}

fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let short: String = line.chars().take(LONGEST_SHOWN).collect();
    if short.len() == text.len() { short } else { format!("{short}…") }
}

/// The text of `null`, a truth, a number or a text; empty for everything else.
pub(crate) fn scalar_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "null".into(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Int(number) => number.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        Value::Str(text) => Cow::Borrowed(text),
        _ => "".into(),
    }
}

/// Whether the value can be part of a text: a text, number or truth, known now or later.
pub(crate) fn is_text(value: &Value) -> bool {
    match value {
        Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) => true,
        Value::Later(later) => !matches!(later.ty, LaterType::List(..) | LaterType::Json),
        _ => false,
    }
}

/// The name that the key of a resource made in a loop has.
pub(crate) fn key_name(key: &Value) -> Name {
    Name::new(&scalar_text(key))
}

/// The value as a later one, where it is.
pub(crate) fn later_of(value: &Value) -> Option<&Later> {
    match value {
        Value::Later(later) => Some(later),
        _ => None,
    }
}

/// The first later value in it, looking into lists and objects.
pub(crate) fn later_inside(value: &Value) -> Option<&Later> {
    match value {
        Value::Later(later) => Some(later),
        Value::List(items) => items.iter().find_map(later_inside),
        Value::Object(object) => object.iter().find_map(|(_, value)| later_inside(value)),
        _ => None,
    }
}

/// The remedy where a resource stands and nothing says which of its values is meant.
pub(crate) fn name_an_attribute(resource: &ResourceRef) -> String {
    let name = &resource.shown;
    let attributes = resource.known.map_or(&[][..], |known| &known.attributes);
    let (inner, outer): (Vec<_>, Vec<_>) = attributes.iter().map(|a| a.path).partition(|path| path.contains('.'));
    let mut named = vec![format!("`{name}.ref` (what `Ref` returns)")];
    named.extend(outer.iter().chain(&inner).take(MOST_ATTRIBUTES).map(|path| format!("`{name}.{path}`")));
    if attributes.len() > MOST_ATTRIBUTES {
        named.push("…".to_owned());
    }
    format!("name the value that is meant: {}", named.join(", "))
}

/// The remedy where something of a documented type is asked for.
pub(super) fn given_as(ty: &Type) -> Option<String> {
    match ty {
        Type::Named(named) => named.gives.as_ref().map(|gives| format!("give {gives}")),
        Type::Optional(inner) => given_as(inner),
        Type::Union(members) => members.iter().find_map(given_as),
        _ => None,
    }
}

/// The resource types that a type takes something of.
pub(super) fn resources_in(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Resource(name, ..) => found.push(name.to_string()),
        Type::Identifier(identity) => found.extend(identity.shown.split_once('.').map(|(name, _)| name.to_owned())),
        Type::Union(members) => members.iter().for_each(|member| resources_in(member, found)),
        Type::Optional(inner) => resources_in(inner, found),
        Type::Named(named) => resources_in(&named.ty, found),
        _ => {}
    }
}

/// The problem of a value that must be known while compiling. `what` says who needs it: "a condition is needed".
pub(crate) fn too_late(what: &str, later: &Later, span: Span) -> Diagnostic {
    let problem =
        Diagnostic::new(Code::KnownTooLate, format!("{what} while compiling, but it is known only when deploying"))
            .at(span, "needed now");
    let problem =
        if span.covers(later.origin) { problem } else { problem.at(later.origin, "known only when deploying") };
    problem
        .help("use a value known while compiling; later ones can be interpolated, joined, split, indexed and passed on")
}
