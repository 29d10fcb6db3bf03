//! What is known of the instance that is being evaluated.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::names::Name;
use crate::semantics::declare::{At, ModuleId};
use crate::semantics::model::{self, Account};
use crate::semantics::places::Planned;
use crate::semantics::units::{Unit, UnitId};
use crate::semantics::value::{EnvRef, ForeignOutput, LaterType, ResourceRef, Value};
use crate::source::Span;
use crate::syntax::ast::{Assert, Let, Output, Param, Resource, Stmt};

/// Steps of evaluation that one instance may take.
const FUEL: u64 = 10_000_000;

/// Where evaluation happens.
#[derive(Clone, Default)]
pub(crate) struct Place {
    /// The environment; `None` in a shared stack, and while the environments themselves are read.
    pub(crate) env: Option<Arc<EnvRef>>,
    /// The account.
    pub(crate) account: Option<Arc<Account>>,
    /// The region.
    pub(crate) region: Option<Arc<str>>,
    /// The instance; `None` while the project is read.
    pub(crate) instance: Option<Arc<Planned>>,
}

/// One instance, half done.
#[derive(Default)]
pub(crate) struct Frame<'p> {
    /// Where it is.
    pub(crate) place: Place,
    /// What is being evaluated: the stack itself, or a component in it.
    pub(super) unit: Unit<'p>,
    /// The other units, by their number; those on the way are not here.
    pub(super) parked: Vec<Option<Unit<'p>>>,
    /// The units that are components, as they came.
    pub(super) components: Vec<UnitId>,
    /// Names of the top, as this instance sees them.
    pub(super) tops: FxHashMap<(ModuleId, Name), Slot<'p>>,
    /// Bodies of loops and of branches not taken.
    pub(super) blocks: Vec<Block<'p>>,
    /// What is being evaluated, outermost first.
    pub(super) path: Vec<Step>,
    /// Logical ids and names of parameters that are taken: as the source says it, and where.
    pub(super) ids: FxHashMap<Name, (Arc<str>, Span)>,
    /// Resources whose properties are to be evaluated.
    pub(super) pending: Vec<Pending<'p>>,
    /// Place in `pending` by logical id.
    pub(super) by_id: FxHashMap<Name, usize>,
    /// Outputs to be evaluated.
    pub(super) outputs: Vec<(&'p Stmt, &'p Output, BlockId)>,
    /// Parameters that carry outputs: `@publish`.
    pub(super) published: Vec<model::Resource>,
    /// What is said above components and reached a resource in them.
    pub(super) reached: FxHashSet<Span>,
    /// Assertions to be evaluated.
    pub(super) asserts: Vec<(UnitId, &'p Assert, BlockId)>,
    /// Parameters made of inputs.
    pub(super) parameters: Vec<model::Parameter>,
    /// What must lie in a bucket, by key.
    pub(super) assets: BTreeMap<Arc<str>, model::Asset>,
    /// What is read of others: the parameter, where first, and the type.
    pub(super) uses: BTreeMap<ForeignOutput, (Name, Span, LaterType)>,
    /// What is read of others with `live`: its name in the metadata, and where first.
    pub(super) live: BTreeMap<ForeignOutput, (Name, Span)>,
    /// A test, which looks into what the stacks have become.
    pub(super) is_test: bool,
    fuel: u64,
    /// It is said that nothing is left.
    is_empty: bool,
}

/// Whether evaluation may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fuel {
    Enough,
    /// Not any more, from this step on.
    RunsOut,
    Empty,
}

impl Frame<'_> {
    /// An instance about to be evaluated.
    pub(super) fn new(place: Place) -> Self {
        Self { place, fuel: FUEL, ..Self::default() }
    }

    /// Takes steps of what the instance may use.
    pub(super) fn burn(&mut self, steps: u64) -> Fuel {
        if self.fuel >= steps {
            self.fuel -= steps;
            return Fuel::Enough;
        }
        if self.give_up() { Fuel::RunsOut } else { Fuel::Empty }
    }

    /// Leaves no steps for the rest, so that a limit is said once. False where there were none any more.
    pub(super) fn give_up(&mut self) -> bool {
        self.fuel = 0;
        !std::mem::replace(&mut self.is_empty, true)
    }

    /// Whether the block is a branch not taken, or inside one; or its whole unit is.
    pub(super) fn is_dry(&self, block: BlockId) -> bool {
        self.block(block).map_or_else(|| self.unit.is_dry(), |b| b.dry)
    }

    /// Whether what lives there is in a branch not taken.
    pub(super) fn is_dry_home(&self, home: Home) -> bool {
        match home {
            Home::Block(block) => self.is_dry(block),
            Home::Top(_) => false,
        }
    }

    /// The block of that number; `None` for the stack itself.
    pub(super) fn block(&self, block: BlockId) -> Option<&Block<'_>> {
        self.blocks.get(block.index()?)
    }
}

/// A block of statements: the whole stack, or one of [`Frame::blocks`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct BlockId(pub(super) Option<std::num::NonZeroU32>);

impl BlockId {
    /// Its place in [`Frame::blocks`]; `None` for the stack itself.
    pub(super) fn index(self) -> Option<usize> {
        self.0.map(|n| n.get() as usize - 1)
    }
}

/// One round of a loop, or a branch that is not taken.
pub(super) struct Block<'p> {
    pub(super) outer: BlockId,
    /// Few, so they are looked through.
    pub(super) names: Vec<(Name, Slot<'p>)>,
    /// In a loop, where resources have keys.
    pub(super) in_loop: bool,
    /// In a branch that is not taken.
    pub(super) dry: bool,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Slot<'p> {
    /// A value.
    Ready(Value),
    /// Not evaluated yet.
    Lazy(Lazy<'p>),
    /// Being evaluated.
    Open,
    /// Declared in a branch that is not taken; its condition.
    Absent(Span),
    /// Declared somewhere inside that statement of the stack, which has not run yet.
    Inside(u32),
}

/// What a value is made of when it is first asked for.
#[derive(Clone, Copy)]
pub(super) enum Lazy<'p> {
    /// `let`
    Let(&'p Let),
    /// `param`
    Param(&'p Param),
    /// `input`, with its comment
    Input(&'p Stmt, &'p Param),
}

impl Lazy<'_> {
    /// Where its name stands.
    pub(super) fn span(self) -> Span {
        match self {
            Self::Let(l) => l.name.span,
            Self::Param(p) | Self::Input(_, p) => p.name.span,
        }
    }
}

/// How far a statement is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    Waiting,
    Running,
    Done,
}

/// Something that is being evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What.
    pub(super) what: What,
    /// In which unit.
    pub(super) unit: UnitId,
    /// Where it is asked for.
    pub(super) asked: Span,
}

/// What can be on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// A name, and where it lives.
    Name(Home, Name),
    /// A `for` or `if` of the stack.
    Statement(u32),
    /// The properties of a resource.
    Properties(Name),
    /// An output of a component.
    Output(Name),
    /// A call of a function.
    Call(At),
}

/// Where a name lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Home {
    /// In a block; the stack itself is one.
    Block(BlockId),
    /// At the top of a module.
    Top(ModuleId),
}

/// A resource whose properties are to be evaluated.
#[derive(Clone)]
pub(super) struct Pending<'p> {
    pub(super) stmt: &'p Stmt,
    pub(super) resource: &'p Resource,
    pub(super) made: Arc<ResourceRef>,
    pub(super) unit: UnitId,
    pub(super) block: BlockId,
    /// The statement of the stack it belongs to: statements may run out of order.
    pub(super) statement: u32,
    /// In a branch that is not taken.
    pub(super) dry: bool,
}
