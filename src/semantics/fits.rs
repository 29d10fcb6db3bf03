//! Whether a value is of a declared type.

use crate::semantics::eval::Evaluator;
use crate::semantics::types::Type;
use crate::semantics::value::Value;
use crate::source::Span;

/// `value` as a `ty`: itself, coerced, or [`Value::Unknown`] with a report at `span`.
pub(crate) fn fit(ev: &mut Evaluator<'_>, ty: &Type, value: Value, span: Span) -> Value {
    let _ = (ev, ty, span);
    value
}

/// The value that `text` stands for on the command line, where a `ty` is asked for.
///
/// # Errors
/// What is wrong with it, in words that follow `cannot read …: `.
pub(crate) fn parse(ev: &mut Evaluator<'_>, ty: &Type, text: &str) -> Result<Value, String> {
    let _ = (ev, ty, text);
    Ok(Value::Unknown)
}

/// `value as T`: like [`fit`], and a computed string also becomes an identifier.
pub(crate) fn cast(ev: &mut Evaluator<'_>, ty: &Type, value: Value, span: Span) -> Value {
    fit(ev, ty, value, span)
}
