//! Where a value was written that comes here by a name: what is wrong with a key of it is shown at that key.

use super::Walk;
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key, StmtKind};

/// Names that lead to names.
const LONGEST: usize = 16;

impl<'p> Evaluator<'p> {
    /// The expression behind a name: what a component is given under it, by whoever uses it, or what a `let` says.
    /// `None` where it is no name, or stands for something else.
    fn written(&self, expr: &'p Expr, scope: &Scope<'_>) -> Option<&'p Expr> {
        let (mut unit, mut block, mut here) = (self.frame.unit.id, scope.block, expr);
        for _ in 0..LONGEST {
            let ExprKind::Name(name) = here.kind else { break };
            if self.frame.is_in_block(name, block) || (std::ptr::eq(here, expr) && scope.binds(name)) {
                break;
            }
            if let Some((given, outer, from)) = self.given_to(unit, name) {
                (unit, block, here) = (outer, from, given);
                continue;
            }
            let body = self.frame.unit(unit).map_or(&[][..], |unit| unit.body);
            let said = body.iter().find_map(|stmt| match &stmt.kind {
                StmtKind::Let(said) if said.name.name == name => Some(&said.value),
                _ => None,
            });
            match said {
                Some(value) => here = value,
                None => break,
            }
        }
        (!std::ptr::eq(here, expr) && !matches!(here.kind, ExprKind::Null)).then_some(here)
    }
}

impl<'p> Walk<'_, 'p> {
    /// The place to show a value at that `expr` gives: where it is written, if that is known.
    pub(super) fn place_of(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Span {
        let Some(written) = self.ev.written(expr, scope) else { return expr.span };
        self.note(written);
        written.span
    }

    /// Remembers an object or list, so that places in it can be told.
    fn note(&mut self, expr: &'p Expr) {
        if matches!(expr.kind, ExprKind::Object(_) | ExprKind::List(_)) {
            self.literals.insert(expr.span, expr);
        }
    }

    /// Where a key of the value at `span` is written, and what it is given; `span` where that is not known.
    pub(super) fn place_of_key(&mut self, span: Span, key: Name) -> (Span, Span) {
        let Some(ExprKind::Object(entries)) = self.literals.get(&span).map(|expr| &expr.kind) else {
            return (span, span);
        };
        let found = entries.iter().rev().find_map(|entry| match entry {
            Entry::Field(Key::Name(name), value) if name.name == key => Some((name.span, value)),
            _ => None,
        });
        let Some((at, value)) = found else { return (span, span) };
        self.note(value);
        (at, value.span)
    }

    /// Where an item of the list at `span` is written.
    pub(super) fn place_of_item(&mut self, span: Span, item: usize) -> Option<Span> {
        let ExprKind::List(items) = self.literals.get(&span).map(|expr| &expr.kind)? else { return None };
        if items.iter().any(|item| item.spread) {
            return None;
        }
        let value = &items.get(item)?.value;
        self.note(value);
        Some(value.span)
    }

    /// Adds to what was found since `before` where it is spread in, as that is not where it is written.
    pub(super) fn spread_here(&mut self, before: usize, at: Span, place: Span) {
        if at == place {
            return;
        }
        for found in self.found.iter_mut().skip(before) {
            if found.problem.labels.iter().all(|label| label.span != at) {
                found.problem.labels.push(crate::diagnostics::Label { span: at, text: "spread in here".to_owned() });
            }
        }
    }
}
