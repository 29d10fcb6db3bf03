//! What a test sets and stubs, before any stack is evaluated.

use std::sync::Arc;

use super::plain;
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::Frame;
use crate::semantics::project::{self, Binding, BoundTo};
use crate::semantics::reports::Reports;
use crate::semantics::run::Round;
use crate::semantics::value::Value;
use crate::semantics::{Program, Settings, fits, secret_leak};
use crate::source::Span;
use crate::syntax::ast::{ExprKind, Set, Test};

/// What the run sets, with what the test sets over it; where that is, and what is wrong with it.
pub(super) fn settings(program: &Program, round: &Round, test: &Test) -> (Settings, Vec<(Arc<str>, Span)>, Reports) {
    let mut settings = round.set.clone();
    let mut places = Vec::new();
    if test.sets.is_empty() {
        return (settings, places, Reports::default());
    }
    let mut ev = Evaluator::new(program, round);
    project::read(&mut ev);
    if let Some(place) = super::place(&ev) {
        ev.frame = Frame::new(place);
    }
    for set in &test.sets {
        let key: Arc<str> = set.name.name.as_str().into();
        if let Some((_, first)) = places.iter().find(|(name, _)| *name == key) {
            ev.report(crate::semantics::eval::same_key(set.name.name, set.name.span, *first));
            continue;
        }
        if let Some(text) = text(&mut ev, set) {
            settings.insert(Arc::clone(&key), text);
        }
        places.push((key, set.name.span));
    }
    (settings, places, ev.reports)
}

/// A value as `--set` takes it.
fn text<'p>(ev: &mut Evaluator<'p>, set: &'p Set) -> Option<Arc<str>> {
    let span = set.value.span;
    match ev.eval(&set.value, &Scope::default()) {
        Value::Unknown => None,
        value @ (Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
            Some(fits::scalar_text(&value).into())
        }
        Value::Env(env) => Some(env.name.as_str().into()),
        value @ (Value::List(_) | Value::Object(_)) => match fits::later_inside(&value) {
            None => Some(plain::json(&value, 0).to_string().into()),
            Some(later) => {
                ev.report(too_late(later, span));
                None
            }
        },
        Value::Later(later) => {
            ev.report(too_late(&later, span));
            None
        }
        other => {
            let message = format!("what is set is text, a number, a list or an object, not {}", fits::kind(&other));
            ev.report(Diagnostic::new(Code::TypeMismatch, message).at(span, fits::shown(&other)));
            None
        }
    }
}

fn too_late(later: &crate::semantics::value::Later, span: Span) -> Diagnostic {
    match later.secret {
        true => secret_leak("a setting", later, span),
        false => fits::too_late("what is set is needed", later, span),
    }
}

/// Puts the stubs in the place of the stacks, over what the environment binds.
pub(super) fn bind<'p>(ev: &mut Evaluator<'p>, test: &'p Test) {
    let Some(at) = ev.project.envs.iter().position(|env| Some(env.value.name) == ev.round.env) else { return };
    let Some(place) = super::place(ev) else { return };
    let before = std::mem::replace(&mut ev.frame, Frame::new(place));
    let mut stubs: Vec<Binding> = Vec::new();
    for stub in &test.stubs {
        if let Some(first) = stubs.iter().find(|b| b.stack.name == stub.stack.name) {
            ev.report(crate::semantics::eval::same_key(stub.stack.name, stub.stack.span, first.stack.span));
        } else if project::is_stack(ev, stub.stack)
            && let ExprKind::Object(entries) = &stub.values.kind
        {
            let given = project::given(ev, entries, stub.values.span, true);
            stubs.push(Binding { stack: stub.stack, to: BoundTo::Values(Arc::new(given)) });
        }
    }
    ev.frame = before;
    if let Some(env) = ev.project.envs.get_mut(at) {
        env.bind.retain(|bound| !stubs.iter().any(|stub| stub.stack.name == bound.stack.name));
        env.bind.append(&mut stubs);
    }
}
