//! A look over what an instance has become: which parameters it uses, and whether all of it is known.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::names::Name;
use crate::semantics::model::{Output, Resource};
use crate::semantics::value::{ForeignOutput, Later, LaterExpr, Value};
use crate::source::Span;

/// What is in the properties and outputs of an instance.
#[derive(Default)]
pub(super) struct Used {
    /// Parameters. What is read of other stacks and used nowhere is no edge.
    pub(super) parameters: FxHashSet<Name>,
    /// Outputs of other stacks that are read live.
    pub(super) live: BTreeSet<ForeignOutput>,
    /// Where a value is unknown. An error must have been reported for it.
    pub(super) unknown: Option<Span>,
}

impl Used {
    /// Looks over everything.
    pub(super) fn of(resources: &[Resource], outputs: &[Output]) -> Self {
        let mut used = Self::default();
        for resource in resources {
            resource.values().for_each(|value| used.value(value, resource.span));
        }
        outputs.iter().for_each(|output| used.value(&output.value, output.span));
        used
    }

    fn value(&mut self, value: &Value, at: Span) {
        match value {
            Value::List(items) => items.iter().for_each(|item| self.value(item, at)),
            Value::Object(object) => object.iter().for_each(|(_, value)| self.value(value, at)),
            Value::Later(later) => self.later(later, at),
            Value::Unknown => self.unknown = self.unknown.or(Some(at)),
            _ => {}
        }
    }

    fn later(&mut self, later: &Later, at: Span) {
        match &later.expr {
            LaterExpr::Parameter(name) => {
                self.parameters.insert(*name);
            }
            LaterExpr::StackOutput(read) => {
                self.live.insert(read.from.clone());
            }
            LaterExpr::Concat(parts) => parts.iter().for_each(|part| self.value(part, at)),
            LaterExpr::Join(_, value)
            | LaterExpr::Split(_, value)
            | LaterExpr::Base64(value)
            | LaterExpr::Cidr(value, ..) => self.value(value, at),
            LaterExpr::Select(_, list) => self.later(list, at),
            LaterExpr::Raw(raw) => self.value(&raw.value, at),
            LaterExpr::Ref(_) | LaterExpr::GetAtt(..) | LaterExpr::Zones | LaterExpr::Dynamic(_) => {}
        }
    }
}
