//! Decorators above a component: which of them reach what is in it.

use std::sync::Arc;

use super::find;
use super::resource::{ResourceSays, resource_says};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::{Evaluator, Scope};
use crate::source::Span;
use crate::syntax::ast::Decorator;

/// What describes one resource and no other.
const STAYS: [&str; 3] = ["creation_policy", "metadata", "update_policy"];

/// What is said above a component, whose name stands at `component`, to all that is in it.
pub(in crate::semantics) fn component_says<'p>(
    ev: &mut Evaluator<'p>,
    decorators: &'p [Decorator],
    scope: &Scope<'_>,
    component: Span,
) -> ResourceSays {
    for decorator in STAYS.iter().filter_map(|name| find(decorators, name)) {
        ev.report(
            Diagnostic::new(Code::BadDecorator, format!("`@{}` does not reach into a component", decorator.name.name))
                .at(decorator.span, "says something of one resource")
                .at(component, "a component, which may have many")
                .help("put it above the resource inside the component; a `param` can carry its value"),
        );
    }
    resource_says(ev, decorators, scope)
}

impl Evaluator<'_> {
    /// Says which decorators above components found nothing inside that can take what they say. All resources
    /// are evaluated by now.
    pub(in crate::semantics) fn check_reach(&mut self) {
        for unit in self.frame.components.clone() {
            let Some(part) = self.frame.part_mut(unit).filter(|part| !part.dry) else { continue };
            let Some(used) = part.used.as_ref().map(|used| used.resource.name.span) else { continue };
            let (shown, outer) = (Arc::clone(&part.shown), part.outer);
            let Some(says) = self.says_of(unit) else { continue };
            // What is said further out is judged there.
            let around = self.says_of(outer).unwrap_or_default();
            let known = |span: &Span| {
                around.initial.iter().chain(&around.ignore_drift).any(|said| said.span == *span)
                    || around.snapshots.contains(span)
            };
            let paths = says.initial.iter().chain(&says.ignore_drift);
            let paths = paths.map(|said| (said.span, format!("nothing in `{shown}` has a property `{}`", said.path)));
            let snapshots = says
                .snapshots
                .iter()
                .map(|span| (*span, format!("CloudFormation takes no snapshots of anything in `{shown}`")));
            let lost: Vec<(Span, String)> =
                paths.chain(snapshots).filter(|(span, _)| !self.frame.reached.contains(span) && !known(span)).collect();
            for (span, message) in lost {
                let problem = Diagnostic::new(Code::BadDecorator, message)
                    .at(span, "reaches nothing")
                    .at(used, "this component")
                    .help("take it off, or put it above the component that has such a resource");
                self.in_unit(outer, |ev| ev.report(problem));
            }
        }
    }
}
