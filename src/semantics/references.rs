//! The references that lie in a value: what must exist before CloudFormation can compute it.

use crate::names::Name;
use crate::semantics::value::{Later, LaterExpr, RawName, Value};
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
            found(Reference { target: owner(*target), origin: later.origin });
        }
        LaterExpr::Concat(pieces) => pieces.iter().for_each(|piece| each(piece, found)),
        LaterExpr::Join(_, value)
        | LaterExpr::Split(_, value)
        | LaterExpr::Base64(value)
        | LaterExpr::Cidr(value, ..) => each(value, found),
        LaterExpr::Select(_, list) => in_later(list, found),
        LaterExpr::Raw(raw) => {
            raw.names.iter().for_each(|name| found(Reference { target: name.name, origin: name.span }));
            each(&raw.value, found);
        }
        LaterExpr::Parameter(_) | LaterExpr::Zones | LaterExpr::Dynamic(_) | LaterExpr::StackOutput(_) => {}
    }
}

/// Gives every logical id that raw JSON in `value` names to `found`, in order.
pub(crate) fn each_raw(value: &Value, found: &mut impl FnMut(&RawName)) {
    match value {
        Value::List(items) => items.iter().for_each(|item| each_raw(item, found)),
        Value::Object(object) => object.iter().for_each(|(_, item)| each_raw(item, found)),
        Value::Later(later) => raw_in_later(later, found),
        _ => {}
    }
}

fn raw_in_later(later: &Later, found: &mut impl FnMut(&RawName)) {
    match &later.expr {
        LaterExpr::Raw(raw) => raw.names.iter().for_each(found),
        LaterExpr::Concat(pieces) => pieces.iter().for_each(|piece| each_raw(piece, found)),
        LaterExpr::Join(_, value)
        | LaterExpr::Split(_, value)
        | LaterExpr::Base64(value)
        | LaterExpr::Cidr(value, ..) => each_raw(value, found),
        LaterExpr::Select(_, list) => raw_in_later(list, found),
        _ => {}
    }
}

/// The resource that has the id: `Hello` of `Hello.Alias`, which SAM makes of it.
fn owner(id: Name) -> Name {
    id.as_str().split_once('.').map_or(id, |(owner, _)| Name::new(owner))
}
