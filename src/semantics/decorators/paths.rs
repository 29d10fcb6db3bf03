//! `@initial(Path)` and `@ignore_drift(Path)`: properties that others change too.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::schema::{Node, ResourceType, Types};
use crate::semantics::eval::Evaluator;
use crate::semantics::value::ResourceRef;
use crate::source::Span;
use crate::syntax::ast::{Decorator, Expr, ExprKind};

/// A property path as a decorator says it.
#[derive(Clone, Debug)]
pub(in crate::semantics) struct Said {
    /// `ScalingConfig.DesiredSize`
    pub(in crate::semantics) path: Arc<str>,
    pub(in crate::semantics) span: Span,
}

/// Reads the arguments: `DesiredCount`, `ScalingConfig.DesiredSize`, or one of these in quotes.
pub(super) fn read(ev: &mut Evaluator<'_>, decorator: &Decorator, into: &mut Vec<Said>) {
    for argument in &decorator.args {
        let expr = &argument.value;
        let Some(path) = path(expr).filter(|path| path.split('.').all(is_name)) else {
            let name = decorator.name.name;
            ev.report(
                Diagnostic::new(Code::BadDecorator, format!("`@{name}` takes properties by their path"))
                    .at(expr.span, "no such path")
                    .help(format!("write `@{name}(DesiredCount)`, or deeper: `@{name}(ScalingConfig.DesiredSize)`")),
            );
            continue;
        };
        into.push(Said { path: path.into(), span: expr.span });
    }
}

fn path(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Str(text) => Some(text.to_string()),
        ExprKind::Field(base, name, false) => Some(format!("{}.{}", path(base)?, name.name)),
        _ => None,
    }
}

fn is_name(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':'))
}

/// How far a path leads.
enum Led {
    There,
    /// To something that AWS sets.
    ReadOnly,
    /// Not beyond that many steps; what could follow.
    Stuck(usize, Vec<&'static str>),
}

fn follow(types: &'static Types, known: &'static ResourceType, path: &str) -> Led {
    let mut at = known.root;
    let mut led = Led::There;
    for (steps, step) in path.split('.').enumerate() {
        let members: Vec<_> = match types.node(at) {
            Node::Union(members) => members.clone(),
            _ => vec![at],
        };
        let mut keys = Vec::new();
        let mut next = None;
        for member in members {
            match types.node(member) {
                Node::Object(object) => {
                    if object.open && object.property(step).is_none() {
                        return led;
                    }
                    keys.extend(object.properties.iter().map(|property| property.name));
                    next = next.or_else(|| object.property(step).map(|p| (p.node, p.read_only)));
                }
                Node::Map { value, .. } => next = next.or(Some((*value, false))),
                // Nothing is known of what is in it.
                Node::Json => return led,
                _ => {}
            }
        }
        let Some((node, read_only)) = next else { return Led::Stuck(steps, keys) };
        if read_only {
            led = Led::ReadOnly;
        }
        at = node;
    }
    led
}

/// The paths that hold for a resource: its own, which must be those of its type, and what components around it say, as
/// far as its type has them.
pub(in crate::semantics) fn paths(
    ev: &mut Evaluator<'_>,
    made: &ResourceRef,
    own: &[Said],
    outer: &[Said],
) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    for said in own {
        let led = made.known.map_or(Led::There, |known| follow(ev.types(), known, &said.path));
        match wrong(&led, said, made) {
            Some(problem) => ev.report(problem),
            None => found.push(Arc::clone(&said.path)),
        }
    }
    for said in outer {
        if made.known.is_some_and(|known| matches!(follow(ev.types(), known, &said.path), Led::There)) {
            ev.frame.reached.insert(said.span);
            found.push(Arc::clone(&said.path));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn wrong(led: &Led, said: &Said, made: &ResourceRef) -> Option<Diagnostic> {
    match led {
        Led::There => None,
        Led::ReadOnly => Some(
            Diagnostic::new(Code::ReadOnlyProperty, format!("`{}` of `{}` is set by AWS", said.path, made.ty))
                .at(said.span, "nobody else sets it")
                .at(made.span, "this resource")
                .help("take it out"),
        ),
        Led::Stuck(steps, keys) => {
            let before: Vec<&str> = said.path.split('.').take(*steps).collect();
            let step = said.path.split('.').nth(*steps).unwrap_or_default();
            let whose = match before.is_empty() {
                true => format!("`{}`", made.ty),
                false => format!("`{}` of `{}`", before.join("."), made.ty),
            };
            let problem = Diagnostic::new(Code::UnknownProperty, format!("{whose} has no `{step}`"))
                .at(said.span, "no such property");
            let problem = if keys.is_empty() {
                problem.help("name the property as a whole: a path leads through objects, not through lists and texts")
            } else {
                match nearest(step, keys.iter().copied()) {
                    Some(near) => {
                        let whole: Vec<&str> = before.iter().copied().chain([near.name]).collect();
                        problem.help(format!("write `{}`", whole.join(".")))
                    }
                    None => {
                        let all: Vec<String> = keys.iter().take(12).map(|key| format!("`{key}`")).collect();
                        problem.help(format!("use one of {}", all.join(", ")))
                    }
                }
            };
            Some(problem.at(made.span, "of this resource"))
        }
    }
}
