//! The order in which stacks are evaluated: those that are named in others first.

use rustc_hash::FxHashMap;

use crate::names::Name;
use crate::semantics::Program;
use crate::semantics::declare::{At, Top};
use crate::syntax::ast::{Entry, Expr, ExprKind, ItemKind, Key, Piece, Stmt, StmtKind};

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
                names.statements(&tree.body);
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
                self.expr(&l.value);
            }
            next += 1;
        }
    }

    fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            stmt.decorators.iter().flat_map(|d| &d.args).for_each(|arg| self.expr(&arg.value));
            match &stmt.kind {
                StmtKind::Param(p) | StmtKind::Input(p) => p.default.iter().for_each(|e| self.expr(e)),
                StmtKind::Let(l) => self.expr(&l.value),
                StmtKind::Resource(r) => r.key.iter().chain(&r.body).for_each(|e| self.expr(e)),
                StmtKind::Output(o) => o.value.iter().for_each(|e| self.expr(e)),
                StmtKind::For(f) => {
                    self.expr(&f.binding.over);
                    self.statements(&f.body);
                }
                StmtKind::If(i) => {
                    self.expr(&i.condition);
                    self.statements(&i.then);
                    self.statements(&i.otherwise);
                }
                StmtKind::Assert(a) => {
                    [Some(&a.condition), a.message.as_ref()].into_iter().flatten().for_each(|e| self.expr(e))
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.name(*name),
            ExprKind::Template(pieces) => pieces.iter().for_each(|piece| match piece {
                Piece::Expr(expr) => self.expr(expr),
                Piece::Text(_) => {}
            }),
            ExprKind::List(elements) => elements.iter().for_each(|element| self.expr(&element.value)),
            ExprKind::Object(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            ExprKind::ListFor(list) => {
                self.all([Some(&list.binding.over), list.binding.condition.as_ref(), Some(&list.value)]);
            }
            ExprKind::ObjectFor(object) => {
                self.all([Some(&object.binding.over), object.binding.condition.as_ref(), Some(&object.key)]);
                self.expr(&object.value);
            }
            ExprKind::Field(base, ..)
            | ExprKind::Unary(_, base)
            | ExprKind::As(base, _)
            | ExprKind::Raw(base)
            | ExprKind::Live(base) => self.expr(base),
            ExprKind::Index(base, keys) => {
                self.expr(base);
                keys.iter().for_each(|key| self.expr(key));
            }
            ExprKind::Call(_, args) => args.iter().for_each(|arg| self.expr(&arg.value)),
            ExprKind::Binary(_, sides) => self.all([Some(&sides.0), Some(&sides.1), None]),
            ExprKind::Range(ends) => self.all([Some(&ends.0), Some(&ends.1), None]),
            ExprKind::If(parts) => self.all([Some(&parts.0), Some(&parts.1), Some(&parts.2)]),
            ExprKind::Match(m) => {
                self.all([Some(&m.subject), m.otherwise.as_ref(), None]);
                for arm in &m.arms {
                    arm.patterns.iter().chain([&arm.value]).for_each(|e| self.expr(e));
                }
            }
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Path(_)
            | ExprKind::Broken => {}
        }
    }

    fn all(&mut self, exprs: [Option<&Expr>; 3]) {
        exprs.into_iter().flatten().for_each(|e| self.expr(e));
    }

    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Spread(expr) | Entry::Field(Key::Name(_), expr) => self.expr(expr),
            Entry::Field(Key::Computed(key), expr) => {
                self.expr(key);
                self.expr(expr);
            }
        }
    }
}
