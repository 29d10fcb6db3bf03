//! Properties against the AWS schema.

use crate::schema::ResourceType;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::Expr;

/// The properties of a resource of a known type, as CloudFormation takes them; an object.
/// `span` is that of the resource's type, for what is missing altogether.
pub(crate) fn properties<'p>(
    ev: &mut Evaluator<'p>,
    known: &'static ResourceType,
    body: Option<&'p Expr>,
    scope: &Scope<'_>,
    span: Span,
) -> Value {
    let _ = (ev, known, body, scope, span);
    Value::Unknown
}

/// The properties of a resource whose type the schema does not know.
pub(crate) fn untyped<'p>(ev: &mut Evaluator<'p>, body: Option<&'p Expr>, scope: &Scope<'_>) -> Value {
    let _ = (ev, body, scope);
    Value::Unknown
}
