//! The evaluator: expressions in scopes, with what is known while compiling.
//!
//! The neighbours' rooms are called with values already evaluated: [`functions`], [`operators`],
//! [`text`], [`fits`]. Only [`conform`] walks expressions itself, through [`Evaluator::eval`], so
//! that what is wrong deep inside a property is shown there.
//!
//! [`functions`]: super::functions
//! [`operators`]: super::operators
//! [`text`]: super::text
//! [`fits`]: super::fits
//! [`conform`]: super::conform

use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::schema::Types;
use crate::semantics::Program;
use crate::semantics::value::Value;
use crate::syntax::ast::Expr;

/// Evaluates the expressions of one instance after the other.
pub(crate) struct Evaluator<'p> {
    /// The project.
    pub(crate) program: &'p Program,
    /// What went wrong so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// In a branch that is not taken: problems of values are not reported.
    pub(crate) dry: bool,
}

/// Names visible at one place: loop variables of comprehensions, innermost first, then the block
/// of statements, the stack, the top.
pub(crate) struct Scope<'s> {
    /// The names around this one.
    pub(crate) outer: Option<&'s Scope<'s>>,
    /// Names and values bound here.
    pub(crate) bound: Vec<(Name, Value)>,
}

impl<'p> Evaluator<'p> {
    /// The resource types.
    pub(crate) fn types(&self) -> &'static Types {
        self.program.types
    }

    /// The region of the instance; empty where there is none (fields of environments).
    pub(crate) fn region(&self) -> &str {
        ""
    }

    /// Evaluates `expr`; what is wrong is reported, and the value is then [`Value::Unknown`].
    pub(crate) fn eval(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Value {
        let _ = (expr, scope);
        Value::Unknown
    }

    /// Runs `work` with further names bound.
    pub(crate) fn in_scope<R>(
        &mut self,
        outer: &Scope<'_>,
        bound: Vec<(Name, Value)>,
        work: impl FnOnce(&mut Self, &Scope<'_>) -> R,
    ) -> R {
        work(self, &Scope { outer: Some(outer), bound })
    }

    /// Reports a problem that is there whatever the values are: a name, a property, a type.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a problem of a value (range, index, `null`, a failed assertion): silent in a dry branch.
    pub(crate) fn report_value(&mut self, diagnostic: Diagnostic) {
        if !self.dry {
            self.diagnostics.push(diagnostic);
        }
    }
}
