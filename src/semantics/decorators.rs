//! Decorators: which there are, where they stand, what they take.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::model::{Account, DataPolicy};
use crate::semantics::project;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::{Decorator, Expr, ExprKind, Item, ItemKind};

/// Where a decorator may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    Stack,
    Resource,
    Output,
    /// Everything else: no decorator belongs there.
    Other,
}

impl Target {
    fn shown(self) -> &'static str {
        match self {
            Self::Stack => "a stack",
            Self::Resource => "a resource",
            Self::Output => "an output",
            Self::Other => "a stack or a resource",
        }
    }
}

/// A decorator: its name, where it stands, fewest and most arguments; and how it is written.
struct Row(&'static str, Target, usize, usize, &'static str);

const KNOWN: [Row; 9] = [
    Row("after", Target::Resource, 1, 100, "@after(A, B)"),
    Row("id", Target::Resource, 1, 1, "@id(\"LogicalId\")"),
    Row("in", Target::Stack, 1, 2, "@in(account)` or `@in(account, [\"us-east-1\"])"),
    Row("on_delete", Target::Resource, 1, 1, "@on_delete(retain)"),
    Row("on_replace", Target::Resource, 1, 1, "@on_replace(retain)"),
    Row("protect", Target::Resource, 0, 1, "@protect(\"why\")"),
    Row("regions", Target::Stack, 1, 1, "@regions(env.regions)"),
    Row("stack_name", Target::Stack, 1, 1, "@stack_name(\"name\")"),
    Row("termination_protection", Target::Stack, 0, 1, "@termination_protection"),
];

/// Every decorator with where it stands, sorted by name.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().map(|row| (row.0, row.1.shown()))
}

/// Decorators of the language that a later version carries out.
const LATER: [&str; 10] = [
    "creation_policy",
    "deprecated",
    "ignore_drift",
    "initial",
    "metadata",
    "policy",
    "publish",
    "update_policy",
    "export",
    "live",
];

/// Checks name, place and number of arguments. False where one of them is wrong.
pub(super) fn check(ev: &mut Evaluator<'_>, decorators: &[Decorator], target: Target) -> bool {
    let wrong = (0..decorators.len()).filter(|at| !check_one(ev, decorators, *at, target)).count();
    wrong == 0
}

fn check_one(ev: &mut Evaluator<'_>, decorators: &[Decorator], at: usize, target: Target) -> bool {
    let Some(decorator) = decorators.get(at).filter(|d| !d.name.name.as_str().is_empty()) else { return false };
    let name = decorator.name.name.as_str();
    let first = decorators.iter().take(at).find(|d| d.name.name == decorator.name.name);
    let problem = match (KNOWN.iter().find(|row| row.0 == name), first) {
        (None, _) => Some(unknown(decorator)),
        (Some(row), _) if row.1 != target => Some(misplaced(decorator, row, target)),
        (Some(_), Some(first)) => Some(
            Diagnostic::new(Code::BadDecorator, format!("`@{name}` stands here twice"))
                .at(decorator.span, "again here")
                .at(first.span, "first here")
                .help("keep one of them"),
        ),
        (Some(row), None) => wrong_arguments(decorator, row),
    };
    let fine = problem.is_none();
    problem.into_iter().for_each(|problem| ev.report(problem));
    fine
}

fn unknown(decorator: &Decorator) -> Diagnostic {
    let name = decorator.name.name.as_str();
    if LATER.contains(&name) {
        return Diagnostic::new(Code::NotYet, format!("`@{name}` is not there yet"))
            .at(decorator.span, "cannot be carried out")
            .help("take it out");
    }
    let problem = Diagnostic::new(Code::UnknownDecorator, format!("there is no decorator `@{name}`"));
    match nearest(name, KNOWN.iter().map(|row| row.0)) {
        Some(near) => {
            problem.at(decorator.name.span, "not known").help(format!("write `@{near}`")).fix(decorator.name.span, near)
        }
        None => {
            let all: Vec<String> = KNOWN.iter().map(|row| format!("`@{}`", row.0)).collect();
            problem.at(decorator.name.span, "not known").help(format!("use one of {}", all.join(", ")))
        }
    }
}

fn misplaced(decorator: &Decorator, row: &Row, target: Target) -> Diagnostic {
    let place = match target {
        Target::Other => String::new(),
        other => format!(", not {}", other.shown()),
    };
    Diagnostic::new(Code::BadDecorator, format!("`@{}` belongs to {}{place}", row.0, row.1.shown()))
        .at(decorator.span, "has no meaning here")
        .help(format!("put it above {}", row.1.shown()))
}

fn wrong_arguments(decorator: &Decorator, row: &Row) -> Option<Diagnostic> {
    let plain = decorator.args.iter().all(|arg| arg.name.is_none() && !arg.spread);
    let given = decorator.args.len();
    if plain && (row.2..=row.3).contains(&given) {
        return None;
    }
    let message = match (plain, given) {
        (false, _) => format!("`@{}` takes plain arguments, no names and no `...`", row.0),
        (true, 0) => format!("`@{}` needs an argument", row.0),
        (true, n) if row.3 == 1 => format!("`@{}` takes one argument, not {n}", row.0),
        (true, n) => format!("`@{}` takes {} to {} arguments, not {n}", row.0, row.2, row.3),
    };
    Some(Diagnostic::new(Code::BadDecorator, message).at(decorator.span, "").help(format!("write `{}`", row.4)))
}

fn find<'p>(decorators: &'p [Decorator], name: &str) -> Option<&'p Decorator> {
    decorators.iter().find(|d| d.name.name.as_str() == name)
}

fn argument<'p>(decorators: &'p [Decorator], name: &str) -> Option<&'p Expr> {
    find(decorators, name)?.args.first().map(|arg| &arg.value)
}

/// Checks the decorators of a stack. False where its place is not known for that.
pub(super) fn check_stack(ev: &mut Evaluator<'_>, item: &Item) -> bool {
    let fine = check(ev, &item.decorators, Target::Stack);
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

/// Checks that what is neither a stack nor a resource has no decorators.
pub(super) fn check_items(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    for item in program.files.iter().flat_map(|file| &file.items) {
        if !matches!(item.kind, ItemKind::Stack(_) | ItemKind::Existing(_)) {
            check(ev, &item.decorators, Target::Other);
        }
    }
}

/// Whether all environments share the stack.
pub(super) fn is_shared(item: &Item) -> bool {
    find(&item.decorators, "in").is_some()
}

/// `@regions(…)`; `None` where it is not said.
pub(super) fn regions<'p>(ev: &mut Evaluator<'p>, item: &'p Item) -> Option<Vec<Arc<str>>> {
    let expr = argument(&item.decorators, "regions")?;
    let value = ev.eval(expr, &Scope::default());
    Some(project::regions(ev, &value, expr.span))
}

/// `@in(account, regions?)`
pub(super) fn shared_place<'p>(ev: &mut Evaluator<'p>, item: &'p Item) -> Option<(Arc<Account>, Vec<Arc<str>>)> {
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
        Some(regions) => {
            let value = ev.eval(regions, &Scope::default());
            project::regions(ev, &value, regions.span)
        }
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
pub(super) struct StackSays {
    /// `@stack_name`, and where it is said.
    pub(super) stack_name: Option<(Arc<str>, Span)>,
    /// `@termination_protection`
    pub(super) termination_protection: bool,
}

/// Reads `@stack_name` and `@termination_protection`.
pub(super) fn stack_says<'p>(ev: &mut Evaluator<'p>, item: &'p Item) -> StackSays {
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
    StackSays { stack_name, termination_protection }
}

/// What the decorators of a resource say, but for its id.
#[derive(Clone, Default)]
pub(super) struct ResourceSays {
    pub(super) after: Vec<Name>,
    pub(super) on_delete: Option<DataPolicy>,
    pub(super) on_replace: Option<DataPolicy>,
    pub(super) protect: Option<Arc<str>>,
}

impl ResourceSays {
    /// What is said of all around it: of the fate of data, the outermost word counts, since whoever uses a
    /// component knows what for.
    pub(super) fn inherit(&mut self, outer: &Self) {
        self.after.extend(&outer.after);
        self.after.sort();
        self.after.dedup();
        self.on_delete = outer.on_delete.or(self.on_delete);
        self.on_replace = outer.on_replace.or(self.on_replace);
        self.protect = outer.protect.clone().or_else(|| self.protect.take());
    }

    /// What is said of a component, as far as it can hold for a resource in it.
    pub(super) fn for_type(&self, takes_snapshots: bool) -> Self {
        let fitting = |policy: Option<DataPolicy>| policy.filter(|p| *p != DataPolicy::Snapshot || takes_snapshots);
        Self { on_delete: fitting(self.on_delete), on_replace: fitting(self.on_replace), ..self.clone() }
    }
}

/// Reads `@protect`, `@on_delete`, `@on_replace` and `@after`.
pub(super) fn resource_says<'p>(
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
            ("protect", None) => says.protect = Some("".into()),
            ("protect", Some(why)) => says.protect = text(ev, why, scope, "a reason"),
            ("on_delete", Some(policy)) => says.on_delete = data_policy(ev, policy, scope, "on_delete"),
            ("on_replace", Some(policy)) => says.on_replace = data_policy(ev, policy, scope, "on_replace"),
            ("after", _) => decorator.args.iter().for_each(|arg| after(ev, &arg.value, scope, &mut says.after)),
            _ => {}
        }
    }
    says.after.sort();
    says.after.dedup();
    says
}

/// `@id("LogicalId")`
pub(super) fn id<'p>(
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

/// A text that must be known now.
fn text<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr, scope: &Scope<'_>, what: &str) -> Option<Arc<str>> {
    match ev.eval(expr, scope) {
        Value::Str(text) => return Some(text),
        Value::Unknown => {}
        Value::Later(later) if later.secret => ev.report(super::secret_leak(what, &later, expr.span)),
        Value::Later(later) => ev.report(fits::too_late(&format!("{what} is needed"), &later, expr.span)),
        other => {
            let message = format!("{what} is text, not {}", fits::kind(&other));
            ev.report(Diagnostic::new(Code::TypeMismatch, message).at(expr.span, fits::shown(&other)));
        }
    }
    None
}
