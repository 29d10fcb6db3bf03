//! Declared types.

use crate::semantics::eval::Evaluator;
use crate::semantics::value::LaterType;
use crate::syntax::ast::TypeExpr;

/// A type as declared.
#[derive(Clone, Debug)]
pub(crate) struct Type;

/// What `ty` means; what is wrong with it is reported.
pub(crate) fn resolve(ev: &mut Evaluator<'_>, ty: &TypeExpr) -> Type {
    let _ = (ev, ty);
    Type
}

impl Type {
    /// How a value of this type is known before it is deployed: the type of an `input`.
    /// `None` where CloudFormation has no parameter of that shape (objects, nested lists).
    pub(crate) fn later(&self) -> Option<LaterType> {
        None
    }

    /// `Secret`, or a union or optional of it.
    pub(crate) fn is_secret(&self) -> bool {
        false
    }
}
