//! The references that lie in a value: what must exist before CloudFormation can compute it.

use crate::names::Name;
use crate::semantics::value::{Later, LaterExpr, Value};
use crate::source::Span;

/// A reference to a resource of the same stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// The logical id it names.
    pub(crate) target: Name,
    /// Where the source refers to it.
    pub(crate) origin: Span,
}

/// Gives every reference in `value` to `found`, in order. A name may occur more than once, and a
/// pseudo parameter (`AWS::StackId`) counts as a name.
pub(crate) fn each(value: &Value, found: &mut impl FnMut(Reference)) {
    match value {
        Value::List(items) => items.iter().for_each(|item| each(item, found)),
        Value::Object(object) => object.iter().for_each(|(_, item)| each(item, found)),
        Value::Later(later) => in_later(later, found),
        _ => {}
    }
}

fn in_later(later: &Later, found: &mut impl FnMut(Reference)) {
    match &later.expr {
        LaterExpr::Ref(target) | LaterExpr::GetAtt(target, _) => {
            found(Reference { target: *target, origin: later.origin });
        }
        LaterExpr::Concat(pieces) => pieces.iter().for_each(|piece| each(piece, found)),
        LaterExpr::Join(_, value)
        | LaterExpr::Split(_, value)
        | LaterExpr::Base64(value)
        | LaterExpr::Cidr(value, ..) => each(value, found),
        LaterExpr::Select(_, list) => in_later(list, found),
        LaterExpr::Parameter(_) | LaterExpr::Zones | LaterExpr::Dynamic(_) => {}
    }
}
