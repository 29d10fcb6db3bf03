//! What loops and comprehensions run over.

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope, same_key};
use crate::semantics::fits;
use crate::semantics::value::{LaterType, Object, Value};
use crate::source::Span;
use crate::syntax::ast::{Comprehension, Expr, Ident, ListFor, ObjectFor};

/// Index or key, and item.
pub(super) type Round = (Value, Value);

impl<'p> Evaluator<'p> {
    /// The rounds that a loop over `value` makes; `None`, with a report, where nothing can be looped over.
    pub(super) fn items(&mut self, value: Value, span: Span) -> Option<Vec<Round>> {
        let numbered = |items: &[Value]| -> Vec<Round> {
            items.iter().enumerate().map(|(at, item)| (index(at), item.clone())).collect()
        };
        match value {
            Value::List(items) => Some(numbered(&items)),
            Value::Object(object) => {
                Some(object.iter().map(|(key, item)| (Value::Str(key.as_str().into()), item.clone())).collect())
            }
            Value::Resources(all) => Some(all.items.clone()),
            Value::Later(later) => match later.items() {
                Some(items) => Some(numbered(&items)),
                None => {
                    let what = match later.ty {
                        LaterType::List(..) => "the length of what a loop runs over is needed",
                        _ => "what a loop runs over is needed",
                    };
                    self.report(fits::too_late(what, &later, span));
                    None
                }
            },
            Value::Unknown => None,
            other => {
                let message = format!("a loop runs over a list or an object, not {}", fits::kind(&other));
                let problem = Diagnostic::new(Code::TypeMismatch, message).at(span, fits::shown(&other));
                self.report_value(match other {
                    Value::Null => problem.help("give it something to run over: `… ?? []`"),
                    _ => problem.help("a range is written `0..n`"),
                });
                None
            }
        }
    }

    /// `a..b`
    pub(super) fn range(&mut self, from: &'p Expr, to: &'p Expr, span: Span, scope: &Scope<'_>) -> Value {
        let from = self.end_of_range(from, scope);
        let to = self.end_of_range(to, scope);
        let (Some(from), Some(to)) = (from, to) else { return Value::Unknown };
        let length = usize::try_from(to.saturating_sub(from).max(0)).unwrap_or(usize::MAX);
        if !self.fits_list(length, span) || !self.burn(length / 8, span) {
            return Value::Unknown;
        }
        Value::List((from..to).map(Value::Int).collect())
    }

    fn end_of_range(&mut self, end: &'p Expr, scope: &Scope<'_>) -> Option<i64> {
        match self.eval(end, scope) {
            Value::Int(n) => return Some(n),
            Value::Unknown => {}
            Value::Later(later) => self.report(fits::too_late("the end of a range is needed", &later, end.span)),
            other => {
                let message = format!("a range goes from one whole number to another, not to {}", fits::kind(&other));
                self.report_value(Diagnostic::new(Code::TypeMismatch, message).at(end.span, fits::shown(&other)));
            }
        }
        None
    }

    /// `[for x in xs if c: e]`
    pub(super) fn list_for(&mut self, list: &'p ListFor, span: Span, scope: &Scope<'_>) -> Value {
        let mut out = Vec::new();
        let done =
            self.rounds(&list.binding, scope, &mut |ev, scope| out.push(ev.eval(&list.value, scope)), |ev, scope| {
                ev.eval(&list.value, scope);
            });
        if done && self.fits_list(out.len(), span) { Value::List(out.into()) } else { Value::Unknown }
    }

    /// `{for k, v in m if c: k: e}`
    pub(super) fn object_for(&mut self, object: &'p ObjectFor, span: Span, scope: &Scope<'_>) -> Value {
        let mut out = Object::default();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut known = true;
        let done = self.rounds(
            &object.binding,
            scope,
            &mut |ev, scope| {
                let key = ev.key(&object.key, scope);
                let value = ev.eval(&object.value, scope);
                match key {
                    Some(key) if seen.insert(key) => out.push_new(key, value),
                    Some(key) => {
                        let problem = same_key(key, object.key.span, object.binding.over.span);
                        ev.report_value(problem.help("make the keys differ"));
                        known = false;
                    }
                    None => known = false,
                }
            },
            |ev, scope| {
                ev.eval(&object.key, scope);
                ev.eval(&object.value, scope);
            },
        );
        if done && known && self.fits_list(out.len(), span) { Value::Object(out.into()) } else { Value::Unknown }
    }

    /// Does `work` for every item that is kept, or `check` once where there is none. False where it is not known what there is.
    pub(super) fn rounds(
        &mut self,
        binding: &'p Comprehension,
        scope: &Scope<'_>,
        work: &mut dyn FnMut(&mut Self, &Scope<'_>),
        check: impl FnOnce(&mut Self, &Scope<'_>),
    ) -> bool {
        let over = self.eval(&binding.over, scope);
        let rounds = self.items(over, binding.over.span);
        // Nothing to run over, or nobody knows: what is repeated is checked once all the same.
        if rounds.as_ref().is_none_or(Vec::is_empty) && self.is_first_time(binding) {
            let before = std::mem::replace(&mut self.dry, true);
            self.in_scope(scope, bind(binding.key, binding.item, Value::Unknown, Value::Unknown), |ev, scope| {
                binding.condition.as_ref().map(|condition| ev.truth(condition, scope));
                check(ev, scope);
            });
            self.dry = before;
        }
        let Some(rounds) = rounds else { return false };
        let mut known = true;
        for (key, item) in rounds {
            self.reports.next_round();
            if !self.burn(1, binding.over.span) {
                return false;
            }
            known &= self.in_scope(scope, bind(binding.key, binding.item, key, item), |ev, scope| {
                let kept = binding.condition.as_ref().map_or(Some(true), |condition| ev.truth(condition, scope));
                if kept == Some(true) {
                    work(ev, scope);
                }
                kept.is_some()
            });
        }
        known
    }
}

/// The names of a loop with the values of one round.
pub(super) fn bind(key: Option<Ident>, item: Ident, k: Value, v: Value) -> Vec<(Name, Value)> {
    match key {
        Some(key) => vec![(item.name, v), (key.name, k)],
        None => vec![(item.name, v)],
    }
}

fn index(at: usize) -> Value {
    Value::Int(i64::try_from(at).unwrap_or(i64::MAX))
}
