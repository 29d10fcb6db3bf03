//! Which parameters a template uses: what is read of other stacks and used nowhere is no edge.

use rustc_hash::FxHashSet;

use crate::names::Name;
use crate::semantics::model::{Output, Resource};
use crate::semantics::value::{Later, LaterExpr, Value};

/// The parameters in properties and outputs; nothing where `any` says that there are none.
pub(super) fn parameters(resources: &[Resource], outputs: &[Output], any: bool) -> FxHashSet<Name> {
    let mut found = FxHashSet::default();
    if any {
        resources.iter().for_each(|resource| of_value(&resource.properties, &mut found));
        outputs.iter().for_each(|output| of_value(&output.value, &mut found));
    }
    found
}

fn of_value(value: &Value, found: &mut FxHashSet<Name>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| of_value(item, found)),
        Value::Object(object) => object.iter().for_each(|(_, value)| of_value(value, found)),
        Value::Later(later) => of_later(later, found),
        _ => {}
    }
}

fn of_later(later: &Later, found: &mut FxHashSet<Name>) {
    match &later.expr {
        LaterExpr::Parameter(name) => {
            found.insert(*name);
        }
        LaterExpr::Concat(parts) => parts.iter().for_each(|part| of_value(part, found)),
        LaterExpr::Join(_, value)
        | LaterExpr::Split(_, value)
        | LaterExpr::Base64(value)
        | LaterExpr::Cidr(value, ..) => {
            of_value(value, found);
        }
        LaterExpr::Select(_, list) => of_later(list, found),
        LaterExpr::Ref(_) | LaterExpr::GetAtt(..) | LaterExpr::Zones | LaterExpr::Dynamic(_) => {}
    }
}
