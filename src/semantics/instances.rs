//! Every instance of every stack, and what is known of those that are done.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::names::Name;
use crate::semantics::model::{Head, Instance, Use};
use crate::semantics::places::{Interface, Planned, Promised};
use crate::semantics::value::Value;
use crate::source::Span;

/// Which of the planned instances.
pub(super) type Index = usize;

/// The instances of a project.
#[derive(Default)]
pub(super) struct Instances {
    /// By stack as declared, environment as declared, region as listed.
    pub(super) planned: Vec<Arc<Planned>>,
    pub(super) by_stack: FxHashMap<Name, Vec<Index>>,
    /// What stacks of others offer.
    pub(super) interfaces: FxHashMap<Name, Arc<Interface>>,
    /// What contracts say of single instances.
    pub(super) promised: FxHashMap<Index, Promised>,
    /// Values that an environment gives instead of an instance, fitted to the types of its outputs.
    pub(super) given: FxHashMap<Index, BTreeMap<Name, Value>>,
    /// All of them are planned.
    pub(super) placed: bool,
    states: Vec<State>,
    /// Done, producers before consumers.
    pub(super) heads: Vec<Head>,
    /// Done and not handed over.
    pub(super) finished: Vec<Instance>,
    /// Being evaluated, outermost first; where each is asked for.
    pub(super) path: Vec<(Index, Span)>,
}

/// How far an instance is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Waiting,
    Running,
    /// Its place in `heads`.
    Done(usize),
}

impl Instances {
    /// Enters an instance.
    pub(super) fn plan(&mut self, planned: Planned) {
        self.by_stack.entry(planned.key.stack).or_default().push(self.planned.len());
        self.planned.push(Arc::new(planned));
        self.states.push(State::Waiting);
    }

    /// How far it is.
    pub(super) fn state(&self, at: Index) -> State {
        self.states.get(at).copied().unwrap_or(State::Waiting)
    }

    /// It goes on.
    pub(super) fn set(&mut self, at: Index, state: State) {
        if let Some(old) = self.states.get_mut(at) {
            *old = state;
        }
    }

    /// Says of what is read which stack in AWS it is, where others deploy it.
    pub(super) fn say_whose(&self, uses: &mut [Use]) {
        for used in uses {
            let key = &used.from.instance;
            let planned = self.of(key.stack).map(|(_, planned)| planned).find(|planned| planned.key == *key);
            used.others = planned.and_then(|planned| planned.others());
        }
    }

    /// The instances of a stack.
    pub(super) fn of(&self, stack: Name) -> impl Iterator<Item = (Index, &Arc<Planned>)> {
        let indices = self.by_stack.get(&stack).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|at| self.planned.get(*at).map(|planned| (*at, planned)))
    }
}
