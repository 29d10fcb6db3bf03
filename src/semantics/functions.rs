//! The functions of the language.

use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::Ident;

/// An argument, evaluated.
pub(crate) struct Argument {
    /// `name:` before it.
    pub(crate) name: Option<Ident>,
    /// Its value.
    pub(crate) value: Value,
    /// Where.
    pub(crate) span: Span,
}

/// Calls the function `name`. `span` is that of the whole call.
pub(crate) fn call(ev: &mut Evaluator<'_>, name: Ident, args: Vec<Argument>, span: Span) -> Value {
    let _ = (ev, name, args, span);
    Value::Unknown
}

/// Every function, sorted.
pub(crate) fn names() -> &'static [&'static str] {
    &[]
}
