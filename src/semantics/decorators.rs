//! Decorators: which there are, where they stand, what they take.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::value::Value;
use crate::syntax::ast::{Decorator, Expr, ItemKind};

mod attributes;
mod deprecated;
mod paths;
mod policy;
mod publish;
mod reach;
mod resource;
mod stack;

pub(super) use attributes::attributes;
pub(super) use deprecated::{Old, check as check_deprecated, reason as deprecated};
pub(super) use paths::paths;
pub(super) use policy::StackPolicy;
pub(super) use publish::{Published, published};
pub(super) use reach::component_says;
pub(super) use resource::{ResourceSays, id, resource_says};
pub(super) use stack::{StackSays, check_stack, is_shared, regions, shared_place, stack_says};

/// Where a decorator may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    Stack,
    /// A stack made of an existing template.
    Template,
    /// `extern`
    External,
    Resource,
    Output,
    ComponentOutput,
    Param,
    Component,
    Function,
    /// Everything else: no decorator belongs there.
    Other,
}

impl Target {
    fn shown(self) -> &'static str {
        match self {
            Self::Stack => "a stack",
            Self::Template => "a stack made of a template",
            Self::External => "a stack that others deploy",
            Self::Resource => "a resource",
            Self::Output => "an output of a stack",
            Self::ComponentOutput => "an output of a component",
            Self::Param => "a `param`",
            Self::Component => "a component",
            Self::Function => "a function",
            Self::Other => "a stack or a resource",
        }
    }
}

/// A decorator: its name, where it stands, fewest and most arguments; and how it is written.
struct Row(&'static str, &'static [Target], usize, usize, &'static str);

impl Row {
    fn takes(&self, target: Target) -> bool {
        self.1.contains(&if target == Target::Template { Target::Stack } else { target })
    }

    /// `a component, a function or an output`
    fn places(&self) -> String {
        let both = self.1.contains(&Target::Output) && self.1.contains(&Target::ComponentOutput);
        let all = self.1.iter().filter(|target| !both || **target != Target::ComponentOutput);
        let shown = |target: &Target| if both && *target == Target::Output { "an output" } else { target.shown() };
        let all: Vec<&str> = all.map(shown).collect();
        match all.split_last() {
            Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
            _ => all.concat(),
        }
    }
}

const RESOURCE: &[Target] = &[Target::Resource];
const STACK: &[Target] = &[Target::Stack];

const KNOWN: [Row; 18] = [
    Row("after", RESOURCE, 1, 100, "@after(A, B)"),
    Row("creation_policy", RESOURCE, 1, 1, "@creation_policy({ … })"),
    Row(
        "deprecated",
        &[Target::Component, Target::Function, Target::Output, Target::ComponentOutput, Target::Param],
        1,
        1,
        "@deprecated(\"use … instead\")",
    ),
    Row("id", RESOURCE, 1, 1, "@id(\"LogicalId\")"),
    Row("ignore_drift", RESOURCE, 1, 100, "@ignore_drift(Path)"),
    Row("in", STACK, 1, 2, "@in(account)` or `@in(account, [\"us-east-1\"])"),
    Row("initial", RESOURCE, 1, 100, "@initial(DesiredCount)"),
    Row("metadata", RESOURCE, 1, 1, "@metadata({ … })"),
    Row("on_delete", RESOURCE, 1, 1, "@on_delete(retain)"),
    Row("on_replace", RESOURCE, 1, 1, "@on_replace(retain)"),
    Row("policy", STACK, 1, 1, "@policy({ Statement: [ … ] })"),
    Row("protect", &[Target::Resource, Target::Stack], 0, 1, "@protect(\"why\")"),
    Row("publish", &[Target::Output], 1, 1, "@publish(\"/path\")"),
    Row("regions", STACK, 1, 1, "@regions(env.regions)"),
    Row("stack_name", STACK, 1, 1, "@stack_name(\"name\")"),
    Row("tags", STACK, 1, 1, "@tags({ team: \"shop\" })"),
    Row("termination_protection", STACK, 0, 1, "@termination_protection"),
    Row("update_policy", RESOURCE, 1, 1, "@update_policy({ … })"),
];

/// Every decorator with where it stands, sorted by name.
pub(super) fn all() -> impl Iterator<Item = (&'static str, String)> {
    KNOWN.iter().map(|row| (row.0, row.places()))
}

/// Words of the language that are no decorators: how each is written.
const WORDS: [(&str, &str); 2] = [
    ("export", "write it before the output: `export output X`"),
    ("live", "write it before the output that is read: `live network.Vpc`"),
];

/// Decorators of resources, and what says the same in a template.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("after", "DependsOn"),
    ("creation_policy", "CreationPolicy"),
    ("metadata", "Metadata"),
    ("on_delete", "DeletionPolicy"),
    ("on_replace", "UpdateReplacePolicy"),
    ("update_policy", "UpdatePolicy"),
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
        (Some(row), _) if !row.takes(target) => Some(misplaced(decorator, row, target)),
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
    let problem = Diagnostic::new(Code::UnknownDecorator, format!("there is no decorator `@{name}`"));
    if let Some((_, help)) = WORDS.iter().find(|(word, _)| *word == name) {
        return problem.at(decorator.name.span, "a word of the language, and no decorator").help(*help);
    }
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
    let attribute = ATTRIBUTES.iter().find(|(name, _)| *name == row.0 && target == Target::Template);
    Diagnostic::new(Code::BadDecorator, format!("`@{}` belongs to {}{place}", row.0, row.places()))
        .at(decorator.span, "has no meaning here")
        .help(match attribute {
            Some((_, attribute)) => {
                format!("the template is deployed as it is; set `{attribute}` of its resources there")
            }
            None => format!("put it above {}", row.places()),
        })
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

/// Checks the decorators of what is at the top and no stack; those of stacks are checked where they are placed.
pub(super) fn check_items(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    for item in program.items() {
        let target = match item.kind {
            ItemKind::Stack(_) | ItemKind::Existing(_) => continue,
            ItemKind::Component(_) => Target::Component,
            ItemKind::Function(_) => Target::Function,
            ItemKind::Param(_) => Target::Param,
            ItemKind::External(_) => Target::External,
            _ => Target::Other,
        };
        check(ev, &item.decorators, target);
        deprecated::check(ev, &item.decorators);
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
