//! `if`, `match` and comprehensions in properties: what is taken is walked, what is not is
//! walked dry, so that a misspelt property is found in every branch.

use super::{Asked, Walk};
use crate::schema::ResourceType;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::value::Value;
use crate::syntax::ast::{Expr, ExprKind, ListFor};

impl<'p> Walk<'_, 'p> {
    pub(super) fn branches(&mut self, asked: Asked<'_>, expr: &'p Expr, scope: &Scope<'_>, depth: usize) -> Value {
        match &expr.kind {
            ExprKind::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                let taken = self.ev.truth(condition, scope).map(|holds| if holds { then } else { otherwise });
                self.one_of([then, otherwise].into_iter(), taken, asked, (scope, scope), depth)
            }
            ExprKind::Match(of) => {
                let taken = self.ev.taken(of, expr.span, scope);
                let untaken = self.ev.untaken(of, scope);
                self.one_of(of.values(), taken, asked, (scope, &untaken), depth)
            }
            _ => Value::Unknown,
        }
    }

    /// The branch that is taken, in the first scope; the others are looked at in the second.
    fn one_of(
        &mut self,
        all: impl Iterator<Item = &'p Expr>,
        taken: Option<&'p Expr>,
        asked: Asked<'_>,
        (scope, untaken): (&Scope<'_>, &Scope<'_>),
        depth: usize,
    ) -> Value {
        for branch in all.filter(|branch| !taken.is_some_and(|taken| std::ptr::eq(taken, *branch))) {
            if self.ev.is_first_time(branch) {
                let before = std::mem::replace(&mut self.ev.dry, true);
                apart(self.ev, self.known, asked, branch, untaken, depth + 1);
                self.ev.dry = before;
            }
        }
        taken.map_or(Value::Unknown, |branch| self.expr(asked, branch, scope, depth + 1))
    }

    /// What a comprehension gives, each item as `asked`; false where it is not known what there is.
    pub(super) fn rounds(
        &mut self,
        asked: Asked<'_>,
        list: &'p ListFor,
        scope: &Scope<'_>,
        depth: usize,
    ) -> (Vec<Value>, bool) {
        let known = self.known;
        let mut items = Vec::new();
        let done = self.ev.rounds(
            &list.binding,
            scope,
            &mut |ev, scope| items.push(apart(ev, known, asked, &list.value, scope, depth)),
            |ev, scope| {
                apart(ev, known, asked, &list.value, scope, depth);
            },
        );
        (items, done)
    }
}

/// A walk of its own, whose problems are handed over at once: those of a branch that is not taken
/// while it is known not to be, those of a loop in the round that has them.
fn apart<'p>(
    ev: &mut Evaluator<'p>,
    known: Option<&'static ResourceType>,
    asked: Asked<'_>,
    expr: &'p Expr,
    scope: &Scope<'_>,
    depth: usize,
) -> Value {
    let mut walk = Walk::new(ev, known);
    let value = walk.expr(asked, expr, scope, depth);
    walk.finish();
    value
}
