//! Values given on the command line.

use super::Fitter;
use crate::names::Name;
use crate::schema::Types;
use crate::semantics::eval::Evaluator;
use crate::semantics::types::Type;
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Value};
use crate::source::{FileId, Span};

/// The value that `text` stands for on the command line, where a `ty` is asked for.
///
/// Texts are taken as they are, lists separated by commas or as JSON, objects as JSON.
///
/// # Errors
/// What is wrong with it, in words that follow `cannot read …: `.
pub(crate) fn parse(ev: &mut Evaluator<'_>, ty: &Type, text: &str) -> Result<Value, String> {
    parse_text(ev.types(), ty, text)
}

/// Like [`parse`], of a text that stands nowhere in the source.
///
/// # Errors
/// As there.
pub(crate) fn parse_text(types: &'static Types, ty: &Type, text: &str) -> Result<Value, String> {
    // What is wrong is told in words, so the place does not matter.
    let fitter = Fitter { types, program: None, span: Span::new(FileId(0), 0, 0) };
    read(&fitter, ty, text)
}

/// Whether every value of the type `given` is a `ty`.
pub(crate) fn accepts(types: &'static Types, ty: &Type, given: &LaterType) -> bool {
    let span = Span::new(FileId(0), 0, 0);
    let later = Later { expr: LaterExpr::Zones, ty: given.clone(), origin: span, secret: false };
    Fitter { types, program: None, span }.fit(ty, Value::Later(later.into()), 0).is_ok()
}

fn read(fitter: &Fitter<'_>, ty: &Type, text: &str) -> Result<Value, String> {
    let value = match ty {
        Type::Optional(inner) => return read(fitter, inner, text),
        Type::Named(named) => return read(fitter, &named.ty, text),
        Type::Union(members) => {
            let fitting = members.iter().find_map(|member| read(fitter, member, text).ok());
            return fitting.ok_or_else(|| format!("expected `{ty}`, got `{text}`"));
        }
        Type::Component(name, _) => return Err(format!("a component such as `{name}` cannot be set")),
        Type::Asset => {
            return Err("an asset cannot be set; its path can: `param path: String`, `asset(path)`".to_owned());
        }
        Type::Unknown | Type::Secret => return Ok(Value::Str(text.into())),
        Type::Int(_) | Type::Float(_) | Type::Bool => {
            scalar(ty, text).ok_or_else(|| format!("expected `{ty}`, got `{text}`"))?
        }
        Type::Literal(Value::Int(_)) => scalar(&Type::Int(Default::default()), text).unwrap_or(Value::Null),
        Type::Literal(Value::Float(_)) => scalar(&Type::Float(Default::default()), text).unwrap_or(Value::Null),
        Type::Literal(Value::Bool(_)) => scalar(&Type::Bool, text).unwrap_or(Value::Null),
        Type::List(item) if !text.trim_start().starts_with('[') => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let items: Result<Vec<Value>, String> = parts.map(|part| read(fitter, item, part)).collect();
            return items.map(|items| Value::List(items.into()));
        }
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Json => {
            let json: serde_json::Value = serde_json::from_str(text).map_err(|e| format!("it is not JSON: {e}"))?;
            from_json(json)
        }
        Type::String(_) | Type::Cidr | Type::Arn | Type::Literal(_) | Type::Resource(..) | Type::Identifier(_) => {
            Value::Str(text.into())
        }
    };
    if matches!(ty, Type::Resource(..)) {
        return Ok(value);
    }
    fitter.fit(ty, value, 0).map_err(|problem| problem.message)
}

/// A number or truth as it is typed.
pub(super) fn scalar(ty: &Type, text: &str) -> Option<Value> {
    match ty {
        Type::Int(_) => text.parse().ok().map(Value::Int),
        Type::Float(_) => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
        Type::Bool => text.parse().ok().map(Value::Bool),
        _ => None,
    }
}

/// JSON as a value; its depth is bounded by the reader.
fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::MAX)),
        },
        serde_json::Value::String(text) => Value::Str(text.into()),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        serde_json::Value::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (Name::new(&key), from_json(value)));
            Value::Object(std::sync::Arc::new(entries.collect::<Object>()))
        }
    }
}
