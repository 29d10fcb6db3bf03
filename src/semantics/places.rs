//! Placement: which instances of a stack there are, where, and what they are called.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::declare::{Origin, StackDecl};
use crate::semantics::decorators::{self, StackPolicy, StackSays};
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::{Frame, Place};
use crate::semantics::model::{Account, InstanceKey, Others, Resource};
use crate::semantics::value::EnvRef;
use crate::source::Span;
use crate::syntax::ast::{Item, Layer};

mod contracted;
mod external;
mod foreign;

pub(super) use contracted::Promised;
pub(super) use external::Interface;
pub(super) use foreign::Given;

/// An instance before it is evaluated.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Which.
    pub(crate) key: InstanceKey,
    /// Its stack, as an index in the declarations.
    pub(super) stack: usize,
    pub(super) layer: Layer,
    pub(super) env: Option<Arc<EnvRef>>,
    pub(super) account: Arc<Account>,
    /// Its name in CloudFormation.
    pub(crate) stack_name: Arc<str>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) termination_protection: bool,
    /// The bucket of its place.
    pub(super) bucket: Option<Arc<str>>,
    /// `@policy`
    pub(super) policy: Option<Arc<StackPolicy>>,
    /// `@protect`: why, where said.
    protect: Option<Arc<str>>,
    /// The stack's name in the source.
    pub(super) span: Span,
    /// Who deploys it.
    pub(super) deal: Deal,
}

/// Who deploys an instance.
#[derive(Clone, Debug)]
pub(super) enum Deal {
    /// We do.
    Ours,
    /// Others do, as an interface says; where it says which stack it is.
    External(Span),
    /// Others do: an environment puts it in the place of a stack of ours; where it says so.
    Bound(Span),
    /// Nobody does: an environment gives the outputs themselves.
    Given(Arc<Given>),
}

impl Planned {
    /// Which stack in AWS it is, where others deploy it.
    pub(super) fn others(&self) -> Option<Others> {
        let there = || Others { account: Arc::clone(&self.account.id), name: Arc::clone(&self.stack_name) };
        matches!(self.deal, Deal::External(_) | Deal::Bound(_)).then(there)
    }

    /// What is said above a stack reaches all that is in it, and counts more than what is said there.
    pub(super) fn guard(&self, resources: &mut [Resource]) {
        for resource in resources.iter_mut().filter(|_| self.protect.is_some()) {
            resource.protect.clone_from(&self.protect);
        }
    }
}

/// Plans every instance of every stack, in all environments: references reach all of them.
pub(super) fn plan(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    for (at, declared) in program.declared.stacks.iter().enumerate() {
        let Some(item) = program.item(declared.at) else { continue };
        let spot = Spot { at, item, stack: declared };
        match declared.origin {
            Origin::Ours | Origin::Template => spot.ours(ev),
            Origin::External => spot.external(ev),
        }
    }
    names_differ(ev);
}

/// A stack to be placed.
struct Spot<'p> {
    at: usize,
    item: &'p Item,
    stack: &'p StackDecl,
}

impl<'p> Spot<'p> {
    fn ours(&self, ev: &mut Evaluator<'p>) {
        if !decorators::check_stack(ev, self.item) {
            return;
        }
        if decorators::is_shared(self.item) {
            self.refuse_bindings(ev);
            self.shared(ev);
        } else {
            for env in 0..ev.project.envs.len() {
                self.in_env(ev, env);
            }
        }
    }

    fn in_env(&self, ev: &mut Evaluator<'p>, at: usize) {
        let Some(env) = ev.project.envs.get(at) else { return };
        let (value, account, regions) = (Arc::clone(&env.value), env.account.clone(), env.regions.clone());
        let tags = env.tags.clone();
        let (Some(account), Some(primary)) = (account, regions.first().cloned()) else { return };
        let place = Place { env: Some(value), account: Some(account), region: Some(primary.clone()), instance: None };
        let chosen =
            self.at_place(ev, &place, |ev| decorators::regions(ev, self.item)).unwrap_or_else(|| vec![primary]);
        if self.is_bound(ev, at, &place, &chosen) {
            return;
        }
        for region in chosen {
            self.enter(ev, Place { region: Some(region), ..place.clone() }, &tags);
        }
    }

    fn shared(&self, ev: &mut Evaluator<'p>) {
        let Some((account, regions)) =
            self.at_place(ev, &Place::default(), |ev| decorators::shared_place(ev, self.item))
        else {
            return;
        };
        for region in regions {
            let place = Place { env: None, account: Some(account.clone()), region: Some(region), instance: None };
            if !self.is_stubbed(ev, &place) {
                self.enter(ev, place, &BTreeMap::new());
            }
        }
    }

    /// Evaluates decorators as if at that place.
    fn at_place<R>(&self, ev: &mut Evaluator<'p>, place: &Place, work: impl FnOnce(&mut Evaluator<'p>) -> R) -> R {
        ev.reports.next_round();
        let before = std::mem::replace(&mut ev.frame, Frame::new(place.clone()));
        let result = work(ev);
        ev.frame = before;
        result
    }

    fn enter(&self, ev: &mut Evaluator<'p>, place: Place, env_tags: &BTreeMap<String, String>) {
        let says = self.at_place(ev, &place, |ev| decorators::stack_says(ev, self.item));
        let Place { env, account: Some(account), region: Some(region), .. } = place else { return };
        let stack = self.stack;
        let env_name = env.as_ref().map(|env| env.name);
        let StackSays { stack_name, termination_protection, tags: own, policy, protect } = says;
        let (stack_name, named_at) = match stack_name {
            Some((name, span)) => (name, span),
            None => (default_name(ev.project.name, stack.name, env_name).into(), stack.span),
        };
        check_name(ev, &stack_name, named_at);
        let mut tags = ev.project.tags.clone();
        tags.extend(env_tags.iter().map(|(key, value)| (key.clone(), value.clone())));
        tags.extend(own);
        for (key, value) in [
            ("infra:project", ev.project.name.map_or("", Name::as_str)),
            ("infra:stack", stack.name.as_str()),
            ("infra:env", env_name.map_or("shared", Name::as_str)),
        ] {
            tags.insert(key.to_owned(), value.to_owned());
        }
        let (buckets, primary) = ev.project.buckets(env.as_deref(), &account, &region);
        let bucket = buckets.and_then(|buckets| buckets.at(&region, primary)).map(Arc::clone);
        ev.instances.plan(Planned {
            key: InstanceKey { stack: stack.name, env: env_name, region },
            stack: self.at,
            layer: self.stack.layer,
            env,
            account,
            stack_name,
            tags,
            termination_protection,
            bucket,
            policy,
            protect,
            span: stack.span,
            deal: Deal::Ours,
        });
    }
}

/// `{project}-{stack}-{env}`; without the environment where there is none.
fn default_name(project: Option<Name>, stack: Name, env: Option<Name>) -> String {
    let parts = [project, Some(stack), env];
    let parts: Vec<&str> = parts.iter().flatten().map(|n| n.as_str()).collect();
    parts.join("-").replace('_', "-")
}

/// CloudFormation: a letter, then letters, digits and hyphens, 128 in all.
fn check_name(ev: &mut Evaluator<'_>, name: &str, span: Span) {
    let fits = name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !fits {
        ev.report(
            Diagnostic::new(Code::InvalidName, format!("`{name}` is not a name for a stack in CloudFormation"))
                .at(span, format!("{} characters", name.chars().count()))
                .help("use at most 128 letters, digits and hyphens, a letter first; `@stack_name(\"…\")` sets it"),
        );
    }
}

/// Two stacks of one account and region cannot have the same name.
fn names_differ(ev: &mut Evaluator<'_>) {
    let mut taken: BTreeMap<[Arc<str>; 3], Arc<Planned>> = BTreeMap::new();
    for planned in ev.instances.planned.clone() {
        if !matches!(planned.deal, Deal::Ours) {
            continue;
        }
        let place = [planned.account.id.clone(), planned.key.region.clone(), planned.stack_name.clone()];
        ev.reports.next_round();
        if let Some(first) = taken.get(&place) {
            let message = format!("`{}` and `{}` are both called `{}`", first.key, planned.key, planned.stack_name);
            let mut problem = Diagnostic::new(Code::DuplicateName, message).at(planned.span, "this stack");
            if first.span != planned.span {
                problem = problem.at(first.span, "and this one");
            }
            ev.report(problem.help("name them apart: `@stack_name(\"…-${env.name}\")`"));
        } else {
            taken.insert(place, planned);
        }
    }
}
