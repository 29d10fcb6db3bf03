//! `value as T`.

use std::sync::Arc;

use super::scalar_text;
use crate::semantics::eval::Evaluator;
use crate::semantics::types::Type;
use crate::semantics::value::{Later, LaterType, Value};
use crate::source::Span;

/// `value as T`: like [`super::fit`]; a computed text also becomes an identifier, and texts,
/// numbers and truths become each other where nothing is lost.
pub(crate) fn cast(ev: &mut Evaluator<'_>, ty: &Type, value: Value, span: Span) -> Value {
    let value = match &value {
        Value::Later(later) => retyped(ty, later).unwrap_or(value),
        Value::Str(text) => super::parse::scalar(base(ty), text).unwrap_or(value),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) if matches!(base(ty), Type::String(_)) => {
            Value::Str(scalar_text(&value).into())
        }
        Value::Float(number) if matches!(base(ty), Type::Int(_)) => whole(*number).map_or(value, Value::Int),
        _ => value,
    };
    super::fit(ev, ty, value, span)
}

fn base(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => base(inner),
        Type::Named(named) => &named.ty,
        ty => ty,
    }
}

/// The number without a fraction, where it has none.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A later value with the type that the program says it has. A secret stays one.
fn retyped(ty: &Type, later: &Later) -> Option<Value> {
    let ty = match (ty.later()?, &later.ty) {
        (LaterType::List(item, _), LaterType::List(_, length)) => LaterType::List(item, *length),
        (LaterType::List(item, _), LaterType::Any) => LaterType::List(item, None),
        (LaterType::List(..), _) | (_, LaterType::List(..) | LaterType::Json) => return None,
        (scalar, _) => scalar,
    };
    let expr = later.expr.clone();
    Some(Value::Later(Arc::new(Later { expr, ty, origin: later.origin, secret: later.secret })))
}
