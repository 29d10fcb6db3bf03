//! Stacks that others deploy in our place: what an environment binds a stack to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Deal, Planned, Spot, check_name};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::Place;
use crate::semantics::model::{Account, InstanceKey};
use crate::semantics::project::{Binding, BoundTo};
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::Ident;

/// Outputs that an environment gives instead of a stack.
#[derive(Debug)]
pub(in crate::semantics) struct Given {
    /// Where.
    pub(in crate::semantics) span: Span,
    /// Name, place and value of each.
    pub(in crate::semantics) values: Vec<(Ident, Span, Value)>,
    /// In a test: outputs that are not given are as the stack has them.
    pub(in crate::semantics) is_partial: bool,
}

impl Given {
    /// Whether it stands for that output.
    pub(in crate::semantics) fn has(&self, output: Name) -> bool {
        !self.is_partial || self.values.iter().any(|(name, ..)| name.name == output)
    }
}

/// A stack in AWS that is not ours.
pub(super) struct There {
    /// Its account.
    pub(super) account: Arc<Account>,
    /// Its region.
    pub(super) region: Arc<str>,
    /// Its name, and where that is said.
    pub(super) name: (Arc<str>, Span),
}

impl<'p> Spot<'p> {
    /// Whether the environment binds the stack; then it is placed as bound, in the regions it would have.
    pub(super) fn is_bound(&self, ev: &mut Evaluator<'p>, env: usize, place: &Place, regions: &[Arc<str>]) -> bool {
        let bindings = ev.project.envs.get(env).map_or(&[][..], |env| &env.bind);
        let Some(to) = bindings.iter().find(|b| b.stack.name == self.stack.name).map(|b| b.to.clone()) else {
            return false;
        };
        let Some(own) = place.account.clone() else { return true };
        match to {
            BoundTo::Values(given) => {
                for region in regions {
                    let name = (self.stack.name.as_str().into(), given.span);
                    let there = There { account: Arc::clone(&own), region: Arc::clone(region), name };
                    self.enter_foreign(ev, place, there, Deal::Given(Arc::clone(&given)));
                }
            }
            BoundTo::Stack { name, account, region, span } => {
                let regions = region.map_or_else(|| regions.to_vec(), |region| vec![region]);
                for region in regions {
                    let account = account.clone().unwrap_or_else(|| Arc::clone(&own));
                    let there = There { account, region, name: (Arc::clone(&name), span) };
                    self.enter_foreign(ev, place, there, Deal::Bound(span));
                }
            }
        }
        true
    }

    /// Whether the test puts values in the place of what all environments share; then it is placed as such.
    pub(super) fn is_stubbed(&self, ev: &mut Evaluator<'p>, place: &Place) -> bool {
        let stub = self.bindings(ev).find_map(|binding| match &binding.to {
            BoundTo::Values(given) if given.is_partial => Some(Arc::clone(given)),
            _ => None,
        });
        let (Some(given), Some(account), Some(region)) = (stub, place.account.clone(), place.region.clone()) else {
            return false;
        };
        let there = There { account, region, name: (self.stack.name.as_str().into(), given.span) };
        self.enter_foreign(ev, place, there, Deal::Given(given));
        true
    }

    /// What environments and the test say of this stack.
    fn bindings<'e>(&self, ev: &'e Evaluator<'p>) -> impl Iterator<Item = &'e Binding> + use<'e, 'p> {
        let name = self.stack.name;
        ev.project.envs.iter().flat_map(|env| &env.bind).filter(move |binding| binding.stack.name == name)
    }

    /// What all environments share cannot be replaced in one of them, but for a test.
    pub(super) fn refuse_bindings(&self, ev: &mut Evaluator<'p>) {
        let is_stub = |binding: &&Binding| matches!(&binding.to, BoundTo::Values(given) if given.is_partial);
        let spans: Vec<Span> =
            self.bindings(ev).filter(|binding| !is_stub(binding)).map(|binding| binding.stack.span).collect();
        for span in spans {
            let message = format!("`{}` is shared by all environments: one of them cannot bind it", self.stack.name);
            ev.report(
                Diagnostic::new(Code::BadValue, message)
                    .at(span, "bound here")
                    .at(self.stack.span, "placed by `@in`")
                    .help("take `@in` off, or declare the existing stack with `extern`"),
            );
        }
    }

    /// Places an instance that is only read.
    pub(super) fn enter_foreign(&self, ev: &mut Evaluator<'p>, place: &Place, there: There, deal: Deal) {
        let stack = self.stack;
        let (stack_name, named_at) = there.name;
        if !matches!(deal, Deal::Given(_)) {
            check_name(ev, &stack_name, named_at);
        }
        ev.instances.plan(Planned {
            key: InstanceKey { stack: stack.name, env: place.env.as_ref().map(|env| env.name), region: there.region },
            stack: self.at,
            layer: stack.layer,
            env: place.env.clone(),
            account: there.account,
            stack_name,
            tags: BTreeMap::new(),
            termination_protection: false,
            bucket: None,
            policy: None,
            protect: None,
            span: stack.span,
            deal,
        });
    }
}
