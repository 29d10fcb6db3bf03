//! Operators.

use crate::semantics::eval::Evaluator;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast;

/// Both operands are evaluated; `&&`, `||` and `??` come here only where the left one does not decide.
pub(crate) fn binary(
    ev: &mut Evaluator<'_>,
    op: ast::Binary,
    left: (Value, Span),
    right: (Value, Span),
    span: Span,
) -> Value {
    let _ = (ev, op, left, right, span);
    Value::Unknown
}

/// `!a`, `-a`
pub(crate) fn unary(ev: &mut Evaluator<'_>, op: ast::Unary, operand: (Value, Span), span: Span) -> Value {
    let _ = (ev, op, operand, span);
    Value::Unknown
}
