//! What stands above stacks: where they are, what they are called, what guards them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policy::{self, StackPolicy};
use super::resource::protect;
use super::{Target, argument, check, find, text};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::model::Account;
use crate::semantics::project;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::{Decorator, Expr, ExprKind, Item, ItemKind};

/// Checks the decorators of a stack. False where its place is not known for that.
pub(in crate::semantics) fn check_stack(ev: &mut Evaluator<'_>, item: &Item) -> bool {
    let target = if matches!(item.kind, ItemKind::Existing(_)) { Target::Template } else { Target::Stack };
    let fine = check(ev, &item.decorators, target);
    match (find(&item.decorators, "in"), find(&item.decorators, "regions")) {
        (Some(place), Some(regions)) => {
            ev.report(
                Diagnostic::new(Code::BadDecorator, "`@in` and `@regions` both say where this stack is")
                    .at(regions.span, "regions of each environment")
                    .at(place.span, "one account, shared by all environments")
                    .help("give the regions to `@in`: `@in(account, [\"us-east-1\"])`"),
            );
            false
        }
        _ => fine,
    }
}

/// Whether all environments share the stack.
pub(in crate::semantics) fn is_shared(item: &Item) -> bool {
    find(&item.decorators, "in").is_some()
}

/// `@regions(…)`; `None` where it is not said.
pub(in crate::semantics) fn regions<'p>(ev: &mut Evaluator<'p>, item: &'p Item) -> Option<Vec<Arc<str>>> {
    let expr = argument(&item.decorators, "regions")?;
    Some(regions_in(ev, expr))
}

/// A list of regions. One that is computed may come out empty: the stack is nowhere then.
fn regions_in<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr) -> Vec<Arc<str>> {
    match ev.eval(expr, &Scope::default()) {
        Value::List(items) if items.is_empty() && !matches!(expr.kind, ExprKind::List(_)) => Vec::new(),
        value => project::regions(ev, &value, expr.span),
    }
}

/// `@in(account, regions?)`
pub(in crate::semantics) fn shared_place<'p>(
    ev: &mut Evaluator<'p>,
    item: &'p Item,
) -> Option<(Arc<Account>, Vec<Arc<str>>)> {
    let decorator = find(&item.decorators, "in")?;
    let mut args = decorator.args.iter().map(|arg| &arg.value);
    let account = args.next()?;
    let value = match &account.kind {
        ExprKind::Name(name) => ev.project.account(*name).map(|account| ev.project.account_value(&account)),
        _ => None,
    };
    let value = value.unwrap_or_else(|| ev.eval(account, &Scope::default()));
    let account = project::account_of(ev, &value, account.span);
    let regions = match args.next() {
        Some(regions) => regions_in(ev, regions),
        None => common_region(ev, decorator),
    };
    Some((account?, regions))
}

/// The primary region of all environments, where they agree.
fn common_region(ev: &mut Evaluator<'_>, decorator: &Decorator) -> Vec<Arc<str>> {
    let mut primary: Vec<Arc<str>> = ev.project.envs.iter().filter_map(|env| env.regions.first().cloned()).collect();
    primary.sort();
    primary.dedup();
    if primary.len() > 1 {
        let names: Vec<String> = primary.iter().map(|region| format!("`{region}`")).collect();
        ev.report(
            Diagnostic::new(Code::BadDecorator, "the region of this stack is not said")
                .at(decorator.span, format!("the environments have different primary regions: {}", names.join(", ")))
                .help("give `@in` the regions: `@in(account, [\"us-east-1\"])`"),
        );
        primary.clear();
    }
    primary
}

/// What the decorators of a stack say of one instance.
pub(in crate::semantics) struct StackSays {
    /// `@stack_name`, and where it is said.
    pub(in crate::semantics) stack_name: Option<(Arc<str>, Span)>,
    /// `@termination_protection`
    pub(in crate::semantics) termination_protection: bool,
    /// `@policy`
    pub(in crate::semantics) policy: Option<Arc<StackPolicy>>,
    /// `@tags`
    pub(in crate::semantics) tags: BTreeMap<String, String>,
    /// `@protect`: why, where said.
    pub(in crate::semantics) protect: Option<Arc<str>>,
}

/// Reads all that does not place it.
pub(in crate::semantics) fn stack_says<'p>(ev: &mut Evaluator<'p>, item: &'p Item) -> StackSays {
    let scope = Scope::default();
    let stack_name = argument(&item.decorators, "stack_name")
        .and_then(|expr| text(ev, expr, &scope, "the name of a stack").map(|name| (name, expr.span)));
    let termination_protection = match find(&item.decorators, "termination_protection") {
        None => false,
        Some(decorator) => match decorator.args.first() {
            None => true,
            Some(arg) => ev.truth(&arg.value, &scope).unwrap_or(false),
        },
    };
    let policy = argument(&item.decorators, "policy").and_then(|expr| policy::read(ev, expr, &scope)).map(Arc::new);
    let protect = find(&item.decorators, "protect").and_then(|decorator| protect(ev, decorator, &scope));
    let tags = argument(&item.decorators, "tags").map(|expr| {
        let value = ev.eval(expr, &scope);
        project::stack_tags(ev, value, expr.span)
    });
    let tags = tags.unwrap_or_default();
    StackSays { tags, stack_name, termination_protection, policy, protect }
}
