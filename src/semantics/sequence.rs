//! The order in which stacks are evaluated: those that are named in others first.

use rustc_hash::FxHashMap;

use crate::names::Name;
use crate::semantics::Program;
use crate::semantics::declare::{At, Top};
use crate::syntax::ast::{Expr, ExprKind, ItemKind, walk};

/// Every stack, producers before consumers. Where stacks name each other, as their instances in
/// different places may, the evaluator goes to the producer when it is needed.
pub(super) fn stacks(program: &Program) -> Vec<Name> {
    let declared = &program.declared;
    let named: Vec<Vec<usize>> = declared
        .stacks
        .iter()
        .map(|stack| {
            let mut names = Names { program, found: Vec::new(), lets: Vec::new() };
            if let Some((_, tree)) = program.stack(stack.at) {
                walk::statements(&tree.body, &mut |expr| names.expr(expr));
            }
            if let Some(body) = program.existing(stack.at).and_then(|existing| existing.body.as_ref()) {
                names.expr(body);
            }
            names.through_lets();
            names.found.sort_unstable();
            names.found.dedup();
            names.found
        })
        .collect();
    let mut visit = Visit { named: &named, seen: FxHashMap::default(), order: Vec::new() };
    (0..named.len()).for_each(|at| visit.from(at));
    visit.order.iter().filter_map(|at| declared.stacks.get(*at)).map(|stack| stack.name).collect()
}

/// A walk in depth, on a stack of its own: there may be thousands of layers.
struct Visit<'a> {
    named: &'a [Vec<usize>],
    seen: FxHashMap<usize, ()>,
    order: Vec<usize>,
}

impl Visit<'_> {
    fn from(&mut self, start: usize) {
        if self.seen.insert(start, ()).is_some() {
            return;
        }
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let Some(to) = self.named.get(*at).and_then(|named| named.get(*next)).copied() else {
                self.order.push(*at);
                path.pop();
                continue;
            };
            *next += 1;
            if self.seen.insert(to, ()).is_none() {
                path.push((to, 0));
            }
        }
    }
}

/// Collects the stacks that are named.
struct Names<'p> {
    program: &'p Program,
    found: Vec<usize>,
    /// `let`s of the top that are named, each once.
    lets: Vec<At>,
}

impl Names<'_> {
    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Name(name) = expr.kind {
            self.name(name);
        }
    }

    fn name(&mut self, name: Name) {
        match self.program.declared.tops.get(&name) {
            Some(Top::Stack(at)) => self.found.push(*at),
            Some(Top::Let(at)) if !self.lets.contains(at) => self.lets.push(*at),
            _ => {}
        }
    }

    /// What a `let` at the top names is named through it.
    fn through_lets(&mut self) {
        let mut next = 0;
        while let Some(at) = self.lets.get(next) {
            if let Some(ItemKind::Let(l)) = self.program.item(*at).map(|item| &item.kind) {
                walk::expr(&l.value, &mut |expr| self.expr(expr));
            }
            next += 1;
        }
    }
}
