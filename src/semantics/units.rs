//! Units: the stack itself and every component in it, each with names of its own.
//!
//! One unit is being evaluated; the others are parked. What one asks of another is evaluated over
//! there, and then it goes on here.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::semantics::components::{Argument, ComponentId, Export};
use crate::semantics::declare::{Members, ModuleId};
use crate::semantics::decorators::ResourceSays;
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::{BlockId, Frame, Progress, Slot};
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::{Resource, Stmt};

/// The number of a unit in its instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct UnitId(u32);

impl UnitId {
    /// No unit: the top of a module, where constants, functions and types are evaluated.
    pub(super) const TOP: Self = Self(0);
    /// The stack itself.
    pub(super) const STACK: Self = Self(1);

    fn at(self) -> usize {
        self.0 as usize
    }
}

/// Statements with names of their own.
#[derive(Default)]
pub(super) struct Unit<'p> {
    pub(super) id: UnitId,
    /// Whose names at the top are seen.
    pub(super) module: ModuleId,
    /// What is declared in it.
    pub(super) members: Option<&'p Members>,
    /// Its statements.
    pub(super) body: &'p [Stmt],
    /// Its names.
    pub(super) names: FxHashMap<Name, Slot<'p>>,
    /// Whether what is there in any case is declared.
    pub(super) is_declared: bool,
    /// How far each statement is.
    pub(super) progress: Vec<Progress>,
    /// Resources of loops, while the loops run.
    pub(super) collections: FxHashMap<Name, Vec<(Value, Value)>>,
    /// `let`s to be evaluated even where nobody asks for them.
    pub(super) lets: Vec<(Name, BlockId)>,
    /// What the statement that is run makes is not wholly known, which is reported.
    pub(super) is_unclear: bool,
    /// The statement that is run.
    pub(super) statement: u32,
    /// What makes it a component; `None` for the stack and the top.
    pub(super) part: Option<Box<Part<'p>>>,
    /// Who calls a function, for the top of a module.
    pub(super) caller: UnitId,
}

/// The statement that uses a component.
#[derive(Clone, Copy)]
pub(super) struct Use<'p> {
    pub(super) stmt: &'p Stmt,
    pub(super) resource: &'p Resource,
}

/// A component in use.
pub(super) struct Part<'p> {
    /// Which component.
    pub(super) component: ComponentId,
    /// The statement that uses it; `None` where it is only checked.
    pub(super) used: Option<Use<'p>>,
    /// Where that statement stands.
    pub(super) outer: UnitId,
    pub(super) block: BlockId,
    /// The statement of the stack that it belongs to in the end.
    pub(super) root: u32,
    /// Before the logical ids of what is in it.
    pub(super) id: Name,
    /// As the source says it: `App`.
    pub(super) shown: Arc<str>,
    /// In a branch that is not taken.
    pub(super) dry: bool,
    /// What it is given; `None` as long as nobody asked.
    pub(super) arguments: Option<Vec<Argument<'p>>>,
    /// What it gives.
    pub(super) exports: Vec<Export<'p>>,
    /// How far it is: statements run, all evaluated.
    pub(super) progress: Progress,
    /// What the decorators above it say to all that is in it.
    pub(super) says: Option<Arc<ResourceSays>>,
}

impl<'p> Unit<'p> {
    /// The top of a module.
    pub(super) fn top(module: ModuleId) -> Self {
        Self { module, ..Self::default() }
    }

    /// Statements about to be run.
    pub(super) fn new(id: UnitId, module: ModuleId, members: &'p Members, body: &'p [Stmt]) -> Self {
        let progress = vec![Progress::Waiting; body.len()];
        Self { id, module, members: Some(members), body, progress, ..Self::default() }
    }

    /// In a branch that is not taken.
    pub(super) fn is_dry(&self) -> bool {
        self.part.as_ref().is_some_and(|part| part.dry)
    }

    /// The statement of the stack that is run, also where it is a component that does.
    pub(super) fn root(&self) -> u32 {
        self.part.as_ref().map_or(self.statement, |part| part.root)
    }

    /// What stands before the logical ids, and before names as people read them.
    pub(super) fn prefix(&self) -> (&'static str, &str) {
        self.part.as_ref().map_or(("", ""), |part| (part.id.as_str(), &part.shown))
    }
}

impl<'p> Frame<'p> {
    /// The number that the next unit gets.
    pub(super) fn next_unit(&self) -> UnitId {
        UnitId(u32::try_from(self.parked.len()).unwrap_or(u32::MAX).max(UnitId::STACK.0 + 1))
    }

    /// Lays a unit aside. The top of a module is given back: nobody asks for it by number.
    pub(super) fn park(&mut self, unit: Unit<'p>) -> Option<Unit<'p>> {
        if unit.id == UnitId::TOP {
            return Some(unit);
        }
        let at = unit.id.at();
        if self.parked.len() <= at {
            self.parked.resize_with(at + 1, || None);
        }
        if let Some(place) = self.parked.get_mut(at) {
            *place = Some(unit);
        }
        None
    }

    fn unpark(&mut self, id: UnitId) -> Option<Unit<'p>> {
        self.parked.get_mut(id.at())?.take()
    }

    /// A unit by number, wherever it is.
    pub(super) fn unit(&self, id: UnitId) -> Option<&Unit<'p>> {
        if self.unit.id == id { Some(&self.unit) } else { self.parked.get(id.at())?.as_ref() }
    }

    /// Whether the stack itself declares something of that name.
    pub(super) fn is_member_of_stack(&self, name: Name) -> bool {
        let members = self.unit(UnitId::STACK).and_then(|unit| unit.members);
        members.is_some_and(|members| members.by_name.contains_key(&name))
    }

    /// The component that is this unit, to be changed.
    pub(super) fn part_mut(&mut self, id: UnitId) -> Option<&mut Part<'p>> {
        let unit = if self.unit.id == id { Some(&mut self.unit) } else { self.parked.get_mut(id.at())?.as_mut() };
        unit?.part.as_deref_mut()
    }
}

impl<'p> Evaluator<'p> {
    /// Works in another unit, then goes on here; `None` where there is none of that number.
    pub(super) fn in_unit<R>(&mut self, id: UnitId, work: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.frame.unit.id == id && id != UnitId::TOP {
            return Some(work(self));
        }
        let target = self.frame.unpark(id)?;
        Some(self.swapped(target, work))
    }

    /// Works at the top of a module, where only its constants, functions and types are seen.
    pub(super) fn in_top<R>(&mut self, module: ModuleId, work: impl FnOnce(&mut Self) -> R) -> R {
        self.swapped(Unit::top(module), work)
    }

    fn swapped<R>(&mut self, target: Unit<'p>, work: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.frame.unit, target);
        let id = before.id;
        if self.frame.unit.id == UnitId::TOP {
            self.frame.unit.caller = if id == UnitId::TOP { before.caller } else { id };
        }
        let held = self.frame.park(before);
        let calls = std::mem::take(&mut self.calls);
        let result = work(self);
        self.calls = calls;
        let before = held.or_else(|| self.frame.unpark(id)).unwrap_or_default();
        let done = std::mem::replace(&mut self.frame.unit, before);
        self.frame.park(done);
        result
    }

    /// Adds to a problem inside a function or component where that is used, from the inside out.
    pub(super) fn with_uses(&self, mut problem: Diagnostic) -> (Diagnostic, Option<Span>) {
        let mut seen = None;
        let said = |problem: &Diagnostic, at: Span| problem.labels.iter().any(|label| at.covers(label.span));
        let mut more = 3;
        for (name, at) in self.calls.iter().rev() {
            if more > 0 && !said(&problem, *at) {
                problem = problem.at(*at, format!("`{name}` is called here"));
                seen = seen.or(Some(*at));
                more -= 1;
            }
        }
        let here = &self.frame.unit;
        let mut unit =
            if here.id == UnitId::TOP && !self.calls.is_empty() { self.frame.unit(here.caller) } else { Some(here) };
        while let Some(part) = unit.and_then(|unit| unit.part.as_deref()) {
            let Some(used) = part.used.filter(|used| !said(&problem, used.stmt.span)) else { break };
            let at = used.resource.name.span;
            if more > 0 {
                problem = problem.at(at, format!("in `{}`, used here", part.shown));
                seen = seen.or(Some(at));
                more -= 1;
            }
            unit = self.frame.unit(part.outer);
        }
        (problem, seen)
    }
}
