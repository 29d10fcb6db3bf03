//! `@deprecated("…")`: whoever uses it is told why, and where it says so.

use std::sync::Arc;

use super::find;
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::Evaluator;
use crate::source::Span;
use crate::syntax::ast::{Decorator, ExprKind};

/// Something that should not be used any more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::semantics) struct Old {
    /// What to do instead, in the words of the source.
    pub(in crate::semantics) reason: Arc<str>,
    /// Where it says so.
    pub(in crate::semantics) span: Span,
}

/// Why what has these decorators should not be used, if it should not.
pub(in crate::semantics) fn reason(decorators: &[Decorator]) -> Option<Old> {
    let decorator = find(decorators, "deprecated")?;
    match &decorator.args.first()?.value.kind {
        ExprKind::Str(reason) => Some(Old { reason: Arc::clone(reason), span: decorator.span }),
        _ => None,
    }
}

/// The reason is for people and stands in the source as it is.
pub(in crate::semantics) fn check(ev: &mut Evaluator<'_>, decorators: &[Decorator]) {
    let Some(given) = find(decorators, "deprecated").and_then(|d| d.args.first()) else { return };
    if !matches!(given.value.kind, ExprKind::Str(_) | ExprKind::Broken) {
        ev.report(
            Diagnostic::new(Code::BadDecorator, "`@deprecated` takes its reason as plain text")
                .at(given.value.span, "not text in quotes, without `${…}`")
                .help("write `@deprecated(\"use … instead\")`"),
        );
    }
}

impl Evaluator<'_> {
    /// Says that something old is used; `what` as the source writes it: `` `network.Vpc` ``.
    pub(in crate::semantics) fn uses_old(&mut self, old: Option<&Old>, what: &str, at: Span) {
        let Some(old) = old else { return };
        self.report(
            Diagnostic::new(Code::Deprecated, format!("`{what}` is deprecated"))
                .at(at, "used here")
                .at(old.span, "its declaration says so")
                .help(old.reason.to_string()),
        );
    }
}
