//! Stacks that others deploy in our place: what an environment binds a stack to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Deal, Planned, Spot, check_name};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::Place;
use crate::semantics::model::{Account, InstanceKey};
use crate::semantics::project::BoundTo;
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

    /// What all environments share cannot be replaced in one of them.
    pub(super) fn refuse_bindings(&self, ev: &mut Evaluator<'p>) {
        let bindings = ev.project.envs.iter().flat_map(|env| &env.bind);
        let spans: Vec<Span> = bindings.filter(|b| b.stack.name == self.stack.name).map(|b| b.stack.span).collect();
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
