//! What stands above resources and components, and reaches all that is in these.

use std::sync::Arc;

use super::paths::{self, Said};
use super::{Target, argument, check_one, find, text};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::model::DataPolicy;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::{Decorator, Expr, ExprKind};

/// What the decorators of a resource say, but for its id.
#[derive(Clone, Default)]
pub(in crate::semantics) struct ResourceSays {
    pub(in crate::semantics) after: Vec<Name>,
    pub(in crate::semantics) on_delete: Option<DataPolicy>,
    pub(in crate::semantics) on_replace: Option<DataPolicy>,
    pub(in crate::semantics) protect: Option<Arc<str>>,
    /// Properties set at creation and left alone afterwards.
    pub(in crate::semantics) initial: Vec<Said>,
    /// Properties whose drift is none.
    pub(in crate::semantics) ignore_drift: Vec<Said>,
    /// Where snapshots are asked for: `@on_delete(snapshot)`.
    pub(in crate::semantics) snapshots: Vec<Span>,
}

impl ResourceSays {
    /// What is said of all around it: of the fate of data, the outermost word counts, since whoever uses a
    /// component knows what for.
    pub(in crate::semantics) fn inherit(&mut self, outer: &Self) {
        self.after.extend(&outer.after);
        self.after.sort();
        self.after.dedup();
        self.on_delete = outer.on_delete.or(self.on_delete);
        self.on_replace = outer.on_replace.or(self.on_replace);
        self.protect = outer.protect.clone().or_else(|| self.protect.take());
        self.initial.extend(outer.initial.iter().cloned());
        self.ignore_drift.extend(outer.ignore_drift.iter().cloned());
        self.snapshots.extend(&outer.snapshots);
    }

    /// What is said of a component, as far as it can hold for a resource in it.
    pub(in crate::semantics) fn for_type(&self, takes_snapshots: bool) -> Self {
        let fitting = |policy: Option<DataPolicy>| policy.filter(|p| *p != DataPolicy::Snapshot || takes_snapshots);
        Self { on_delete: fitting(self.on_delete), on_replace: fitting(self.on_replace), ..self.clone() }
    }
}

/// Reads what stands above a resource and reaches into components: all but what describes the one resource.
pub(in crate::semantics) fn resource_says<'p>(
    ev: &mut Evaluator<'p>,
    decorators: &'p [Decorator],
    scope: &Scope<'_>,
) -> ResourceSays {
    let mut says = ResourceSays::default();
    for (at, decorator) in decorators.iter().enumerate() {
        if !check_one(ev, decorators, at, Target::Resource) {
            continue;
        }
        let first = decorator.args.first().map(|arg| &arg.value);
        match (decorator.name.name.as_str(), first) {
            ("protect", _) => says.protect = protect(ev, decorator, scope),
            ("initial", _) => paths::read(ev, decorator, &mut says.initial),
            ("ignore_drift", _) => paths::read(ev, decorator, &mut says.ignore_drift),
            ("on_delete", Some(policy)) => says.on_delete = data_policy(ev, policy, scope, "on_delete"),
            ("on_replace", Some(policy)) => says.on_replace = data_policy(ev, policy, scope, "on_replace"),
            ("after", _) => decorator.args.iter().for_each(|arg| after(ev, &arg.value, scope, &mut says.after)),
            _ => {}
        }
    }
    says.after.sort();
    says.after.dedup();
    for (name, policy) in [("on_delete", says.on_delete), ("on_replace", says.on_replace)] {
        if policy == Some(DataPolicy::Snapshot) {
            says.snapshots.extend(find(decorators, name).map(|decorator| decorator.span));
        }
    }
    says
}

/// `@protect`, and why.
pub(super) fn protect<'p>(ev: &mut Evaluator<'p>, decorator: &'p Decorator, scope: &Scope<'_>) -> Option<Arc<str>> {
    match decorator.args.first() {
        None => Some("".into()),
        Some(why) => text(ev, &why.value, scope, "a reason"),
    }
}

/// `@id("LogicalId")`
pub(in crate::semantics) fn id<'p>(
    ev: &mut Evaluator<'p>,
    decorators: &'p [Decorator],
    scope: &Scope<'_>,
) -> Option<(Arc<str>, Span)> {
    let expr = argument(decorators, "id")?;
    text(ev, expr, scope, "a logical id").map(|id| (id, expr.span))
}

/// The words that `@on_delete` and `@on_replace` take.
const POLICIES: [&str; 3] = ["retain", "delete", "snapshot"];

fn data_policy<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr, scope: &Scope<'_>, decorator: &str) -> Option<DataPolicy> {
    let word: Arc<str> = match &expr.kind {
        ExprKind::Name(name) if POLICIES.contains(&name.as_str()) || !ev.is_local(*name, scope) => name.as_str().into(),
        ExprKind::Str(text) => Arc::clone(text),
        // As with properties, `null` says nothing.
        _ => match ev.eval(expr, scope) {
            Value::Str(text) => text,
            Value::Null | Value::Unknown => return None,
            Value::Later(later) => {
                ev.report(fits::too_late(&format!("what `@{decorator}` says is needed"), &later, expr.span));
                return None;
            }
            _ => "".into(),
        },
    };
    match &*word {
        "retain" => Some(DataPolicy::Retain),
        "delete" => Some(DataPolicy::Delete),
        "snapshot" => Some(DataPolicy::Snapshot),
        _ => {
            let problem =
                Diagnostic::new(Code::BadDecorator, format!("`@{decorator}` takes `retain`, `delete` or `snapshot`"));
            ev.report(match nearest(&word, POLICIES) {
                Some(near) => problem
                    .at(expr.span, "none of these")
                    .help(format!("write `@{decorator}({near})`"))
                    .fix(expr.span, near),
                None => problem.at(expr.span, "none of these").help(format!("write `@{decorator}(retain)`")),
            });
            None
        }
    }
}

fn after<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr, scope: &Scope<'_>, into: &mut Vec<Name>) {
    let value = ev.eval(expr, scope);
    all_of(ev, &value, expr.span, into);
}

/// The logical ids of resources, and of all that lies in components.
fn all_of(ev: &mut Evaluator<'_>, value: &Value, span: Span, into: &mut Vec<Name>) {
    match value {
        Value::Resource(resource) => into.push(resource.id),
        Value::Resources(all) => all.items.iter().for_each(|(_, item)| all_of(ev, item, span, into)),
        Value::Component(part) => into.extend(ev.ids_in(part.unit)),
        Value::Null | Value::Unknown => {}
        other => {
            let message = format!("`@after` takes resources of this stack, not {}", fits::kind(other));
            ev.report(
                Diagnostic::new(Code::NotAResource, message)
                    .at(span, fits::shown(other))
                    .help("name the resources that come first; other stacks come first by themselves where their outputs are used"),
            );
        }
    }
}
