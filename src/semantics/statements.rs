//! The statements of a stack: loops run and branches taken, so that every resource is declared
//! before the properties of any are evaluated.

use std::num::NonZeroU32;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::components::Export;
use crate::semantics::declare::{Kind, ModuleId, StackDecl};
use crate::semantics::decorators::Target;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::frame::{Block, BlockId, Home, Lazy, Progress, Slot, Step, What};
use crate::semantics::iterate;
use crate::semantics::resources::check_decorators;
use crate::semantics::units::{Unit, UnitId};
use crate::semantics::value::{Collection, Value};
use crate::source::Span;
use crate::syntax::ast::{Expr, For, If, Output, Resource, Stmt, StmtKind};

impl<'p> Evaluator<'p> {
    /// Runs every statement of a stack, and of the components in it.
    pub(super) fn run_stack(&mut self, stack: &'p StackDecl, body: &'p [Stmt]) {
        self.frame.unit = Unit::new(UnitId::STACK, ModuleId::PROJECT, &stack.members, body);
        self.run_statements();
        self.run_components();
    }

    /// Declares what is there in any case in the unit at hand, and evaluates nothing.
    pub(super) fn declare_statements(&mut self) {
        if std::mem::replace(&mut self.frame.unit.is_declared, true) {
            return;
        }
        let (members, body) = (self.frame.unit.members, self.frame.unit.body);
        // What is there in any case can be named before its statement has run.
        for (name, member) in members.iter().flat_map(|m| &m.ordered).filter(|(_, member)| !member.direct) {
            self.frame.unit.names.insert(*name, Slot::Inside(member.statement));
        }
        for (at, stmt) in (0..).zip(body) {
            self.frame.unit.statement = at;
            if !matches!(stmt.kind, StmtKind::For(_) | StmtKind::If(_)) {
                self.declare(stmt, BlockId::default());
                self.frame.progress_of(at, Progress::Done);
            }
        }
    }

    /// Runs the statements of the unit at hand.
    pub(super) fn run_statements(&mut self) {
        self.declare_statements();
        let body = self.frame.unit.body;
        for (at, stmt) in (0..).zip(body) {
            self.run_statement(at, head(stmt));
            // In the order of the source, so that long chains of `let`s are not deep.
            self.force_lets();
        }
    }

    /// Evaluates the `let`s declared so far; also those that nobody asks for: a mistake is a mistake.
    fn force_lets(&mut self) {
        let lets = std::mem::take(&mut self.frame.unit.lets);
        for (name, block) in lets {
            if let Some((lazy, span)) = self.frame.lazy(name, block) {
                self.force(Home::Block(block), name, lazy, span);
            }
        }
    }

    /// Runs a `for` or `if` of the stack, if that has not happened yet. False where it is running already.
    pub(super) fn run_statement(&mut self, at: u32, asked: Span) -> bool {
        let Some(stmt) = self.frame.unit.body.get(at as usize) else { return false };
        match self.frame.unit.progress.get(at as usize) {
            Some(Progress::Waiting) => {}
            Some(Progress::Done) => return true,
            _ => return false,
        }
        let before = std::mem::replace(&mut self.frame.unit.statement, at);
        // A name of the statement may be asked for in a branch that is not taken; the statement is.
        let dry = std::mem::replace(&mut self.dry, self.frame.unit.is_dry());
        let unclear = std::mem::replace(&mut self.frame.unit.is_unclear, false);
        self.frame.progress_of(at, Progress::Running);
        self.frame.path.push(Step { what: What::Statement(at), unit: self.frame.unit.id, asked });
        if self.enter(asked) {
            self.declare(stmt, BlockId::default());
        }
        self.leave();
        self.frame.path.pop();
        self.collect(at);
        self.frame.unit.is_unclear = unclear;
        self.frame.progress_of(at, Progress::Done);
        self.dry = dry;
        self.frame.unit.statement = before;
        true
    }

    /// Closes the collections that a statement made; what it did not make is absent.
    fn collect(&mut self, at: u32) {
        let Some(members) = self.frame.unit.members else { return };
        let condition = self.frame.unit.body.get(at as usize).map_or(Span::new(crate::source::FileId(0), 0, 0), head);
        for (name, member) in members.of_statement(at) {
            if member.kind == Kind::Collection && self.frame.unit.is_unclear {
                self.frame.unit.names.insert(*name, Slot::Ready(Value::Unknown));
            } else if member.kind == Kind::Collection {
                let items = self.frame.unit.collections.remove(name).unwrap_or_default();
                let all = Collection { name: *name, items, span: member.span };
                self.frame.unit.names.insert(*name, Slot::Ready(Value::Resources(all.into())));
            } else if let Some(slot @ Slot::Inside(_)) = self.frame.unit.names.get_mut(name) {
                *slot = Slot::Absent(condition);
            }
        }
    }

    /// Declares what a statement says; evaluates only what decides what there is.
    fn declare(&mut self, stmt: &'p Stmt, block: BlockId) {
        let home = Home::Block(block);
        match &stmt.kind {
            StmtKind::Let(l) => {
                self.frame.set(home, l.name.name, Slot::Lazy(Lazy::Let(l)));
                self.frame.unit.lets.push((l.name.name, block));
            }
            // Reported where names are collected.
            StmtKind::Param(_) | StmtKind::Input(_) | StmtKind::Output(_) if self.frame.is_loop(block) => {}
            StmtKind::Param(p) => {
                self.frame.set(home, p.name.name, Slot::Lazy(Lazy::Param(p)));
                self.frame.unit.lets.push((p.name.name, block));
            }
            StmtKind::Input(p) => {
                self.frame.set(home, p.name.name, Slot::Lazy(Lazy::Input(stmt, p)));
                self.frame.unit.lets.push((p.name.name, block));
            }
            StmtKind::Resource(r) => self.declare_resource(stmt, r, block),
            StmtKind::Output(o) => match &mut self.frame.unit.part {
                // An output of a branch that is not taken is not there.
                Some(part) if part.dry || !self.dry => part.exports.push(Export { output: o, block, value: None }),
                Some(_) => {}
                None => self.frame.outputs.push((stmt, o, block)),
            },
            StmtKind::For(f) => self.run_for(f, block),
            StmtKind::If(i) => self.run_if(i, block),
            StmtKind::Assert(a) => self.frame.asserts.push((self.frame.unit.id, a, block)),
        }
        match &stmt.kind {
            StmtKind::Resource(_) => {}
            StmtKind::Output(o) if self.frame.unit.part.is_some() => {
                if o.export {
                    self.export_in_component(o);
                }
                check_decorators(self, stmt, Target::ComponentOutput);
            }
            StmtKind::Output(_) => check_decorators(self, stmt, Target::Output),
            StmtKind::Param(_) => check_decorators(self, stmt, Target::Param),
            _ => check_decorators(self, stmt, Target::Other),
        }
    }

    fn export_in_component(&mut self, output: &Output) {
        self.report(
            Diagnostic::new(
                Code::BadDecorator,
                "`export` belongs to an output of a stack, not an output of a component",
            )
            .at(output.name.span, "exists in the source only")
            .help("take `export` out, and put it before an output of the stack that uses the component"),
        );
    }

    fn declare_resource(&mut self, stmt: &'p Stmt, r: &'p Resource, block: BlockId) {
        let in_loop = self.frame.is_loop(block);
        let Some(expr) = r.key.as_ref().filter(|_| in_loop) else {
            if !in_loop {
                let made = self.make_one(stmt, r, None, block);
                self.frame.set(Home::Block(block), r.name.name, Slot::Ready(made));
            }
            return;
        };
        let Some(key) = self.resource_key(expr, &Scope::of(block)) else {
            self.frame.unit.is_unclear = true;
            if !self.dry {
                // Which one it is is not known, but what it says can be checked.
                self.declare_dry(std::slice::from_ref(stmt), block, &[]);
            }
            return;
        };
        let made = self.make_one(stmt, r, Some(&key), block);
        if self.dry {
            let all = Collection { name: r.name.name, items: vec![(key, made)], span: r.name.span };
            self.frame.set(Home::Block(block), r.name.name, Slot::Ready(Value::Resources(all.into())));
        } else {
            self.add_to_collection(r.name.name, key, made, expr.span);
        }
    }

    /// What a `resource` statement makes: a resource of AWS, or a component.
    fn make_one(&mut self, stmt: &'p Stmt, r: &'p Resource, key: Option<&Value>, block: BlockId) -> Value {
        match self.component_at(&r.ty) {
            Some(Some(component)) => self.make_component(component, (stmt, r), key, block),
            Some(None) => Value::Unknown,
            None => Value::Resource(self.make_resource(stmt, r, key, block)),
        }
    }

    fn add_to_collection(&mut self, name: Name, key: Value, made: Value, span: Span) {
        let text = super::access::text_of(&key);
        let items = self.frame.unit.collections.entry(name).or_default();
        let is_there = items.iter().any(|(k, _)| super::access::text_of(k) == text);
        items.push((key, made));
        if is_there {
            self.report_value(
                Diagnostic::new(Code::DuplicateKey, format!("`{name}` is made twice with the key `{text}`"))
                    .at(span, "the same key in two rounds")
                    .help("make the key of all that tells the rounds apart: `\"${a}-${b}\"`"),
            );
        }
    }

    /// The key of a resource in a loop: text or a whole number.
    fn resource_key(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Option<Value> {
        match self.eval(expr, scope) {
            key @ (Value::Str(_) | Value::Int(_)) => return Some(key),
            Value::Env(env) => return Some(Value::Str(env.name.as_str().into())),
            Value::Unknown => return self.dry.then_some(Value::Unknown),
            Value::Later(later) => self.report(fits::too_late("the key of a resource is needed", &later, expr.span)),
            other => {
                let message = format!("the key of a resource is text or a whole number, not {}", fits::kind(&other));
                self.report_value(
                    Diagnostic::new(Code::TypeMismatch, message)
                        .at(expr.span, fits::shown(&other))
                        .help("use what tells one round from the other, such as a name"),
                );
            }
        }
        None
    }

    fn run_for(&mut self, f: &'p For, block: BlockId) {
        let over = self.eval(&f.binding.over, &Scope::of(block));
        let rounds = self.items(over, f.binding.over.span);
        self.frame.unit.is_unclear |= rounds.is_none();
        if rounds.as_ref().is_none_or(Vec::is_empty) {
            let bound = iterate::bind(f.binding.key, f.binding.item, Value::Unknown, Value::Unknown);
            self.declare_dry(&f.body, block, &bound);
        }
        for (key, item) in rounds.into_iter().flatten() {
            self.reports.next_round();
            if !self.burn(f.body.len(), f.binding.over.span) {
                return;
            }
            let bound = iterate::bind(f.binding.key, f.binding.item, key, item);
            let inner = self.frame.open_block(block, bound, true, self.dry);
            self.declare_all(&f.body, inner);
        }
    }

    /// The `let`s of a body first: its keys and loops may need them in any order.
    fn declare_all(&mut self, body: &'p [Stmt], block: BlockId) {
        let is_let = |stmt: &&'p Stmt| matches!(stmt.kind, StmtKind::Let(_));
        for stmt in body.iter().filter(is_let) {
            self.declare(stmt, block);
        }
        for stmt in body.iter().filter(|stmt| !is_let(stmt)) {
            self.declare(stmt, block);
        }
    }

    fn run_if(&mut self, i: &'p If, block: BlockId) {
        let (taken, other): (&'p [Stmt], &'p [Stmt]) = match self.truth(&i.condition, &Scope::of(block)) {
            Some(true) => (&i.then, &i.otherwise),
            Some(false) => (&i.otherwise, &i.then),
            None => {
                self.frame.unit.is_unclear = true;
                for branch in [&i.then, &i.otherwise] {
                    self.frame.mark(branch, block, &Slot::Ready(Value::Unknown));
                    self.declare_dry(branch, block, &[]);
                }
                return;
            }
        };
        self.frame.mark(other, block, &Slot::Absent(i.condition.span));
        self.declare_all(taken, block);
        self.declare_dry(other, block, &[]);
    }

    /// Declares statements that are not carried out, so that what they say is checked, once.
    fn declare_dry(&mut self, body: &'p [Stmt], block: BlockId, bound: &[(Name, Value)]) {
        let Some(first) = body.first() else { return };
        if !self.is_first_time(first) {
            return;
        }
        let in_loop = !bound.is_empty() || self.frame.is_loop(block);
        let before = std::mem::replace(&mut self.dry, true);
        let inner = self.frame.open_block(block, bound.to_vec(), in_loop, true);
        self.declare_all(body, inner);
        self.dry = before;
    }
}

impl<'p> super::frame::Frame<'p> {
    fn progress_of(&mut self, at: u32, progress: Progress) {
        if let Some(old) = self.unit.progress.get_mut(at as usize) {
            *old = progress;
        }
    }

    /// What `name` of this very block is made of, where it has not been evaluated.
    fn lazy(&self, name: Name, block: BlockId) -> Option<(Lazy<'p>, Span)> {
        let slot = match block.index() {
            Some(at) => self.blocks.get(at)?.names.iter().find(|(n, _)| *n == name).map(|(_, slot)| slot)?,
            None => self.unit.names.get(&name)?,
        };
        match slot {
            Slot::Lazy(lazy) => Some((*lazy, lazy.span())),
            _ => None,
        }
    }

    /// Gives one meaning to all names that a branch declares but for collections, which are made
    /// of what there is.
    fn mark(&mut self, body: &'p [Stmt], block: BlockId, slot: &Slot<'p>) {
        for stmt in body {
            let name = match &stmt.kind {
                StmtKind::Let(l) => l.name.name,
                StmtKind::Param(p) | StmtKind::Input(p) => p.name.name,
                StmtKind::Resource(r) if !self.is_loop(block) => r.name.name,
                StmtKind::If(i) => {
                    self.mark(&i.then, block, slot);
                    self.mark(&i.otherwise, block, slot);
                    continue;
                }
                _ => continue,
            };
            self.set(Home::Block(block), name, slot.clone());
        }
    }

    fn is_loop(&self, block: BlockId) -> bool {
        self.block(block).is_some_and(|block| block.in_loop)
    }

    fn open_block(&mut self, outer: BlockId, bound: Vec<(Name, Value)>, in_loop: bool, dry: bool) -> BlockId {
        let names = bound.into_iter().map(|(name, value)| (name, Slot::Ready(value))).collect();
        self.blocks.push(Block { outer, names, in_loop, dry });
        BlockId(u32::try_from(self.blocks.len()).ok().and_then(NonZeroU32::new))
    }
}

/// What a statement turns on: what its loop runs over, or its condition.
fn head(stmt: &Stmt) -> Span {
    match &stmt.kind {
        StmtKind::For(f) => f.binding.over.span,
        StmtKind::If(i) => i.condition.span,
        _ => stmt.span,
    }
}
