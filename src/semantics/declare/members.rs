//! The names inside a stack.

use rustc_hash::FxHashMap;

use super::{reserved, spelling, twice};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::decorators::{self, Old};
use crate::source::Span;
use crate::syntax::ast::{Binding, Ident, If, Output, Param, Stmt, StmtKind};

/// What a name inside a stack is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `let`
    Let,
    /// `param`
    Param,
    /// `input`
    Input,
    /// `resource Name`
    Resource,
    /// `resource Name[key]`
    Collection,
}

/// A name inside a stack, as far as it is visible in the whole stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// What it is.
    pub(crate) kind: Kind,
    /// The statement of the stack that declares it or contains its declaration.
    pub(crate) statement: u32,
    /// Whether it *is* that statement, and so always there.
    pub(crate) direct: bool,
    /// Where its name stands.
    pub(crate) span: Span,
}

/// The names of a stack.
#[derive(Default)]
pub(crate) struct Members {
    /// By name.
    pub(crate) by_name: FxHashMap<Name, Member>,
    /// In the order of the source, so that the names of one statement lie together.
    pub(crate) ordered: Vec<(Name, Member)>,
    /// Outputs: they are seen from outside only, so they share names with resources.
    pub(crate) outputs: Vec<Ident>,
    /// `param`s of a component, in the order of the source.
    pub(crate) params: Vec<Ident>,
    /// `param`s and outputs that should not be used any more.
    pub(in crate::semantics) old: Vec<(Name, Old)>,
}

impl Members {
    /// Why the `param` or output of that name should not be used, if it should not.
    pub(in crate::semantics) fn old(&self, name: Name) -> Option<&Old> {
        self.old.iter().find(|(old, _)| *old == name).map(|(_, old)| old)
    }

    /// Collects the names of a stack and checks how they are written.
    pub(in crate::semantics) fn of_stack(body: &[Stmt], diagnostics: &mut Vec<Diagnostic>) -> Self {
        Self::collect(body, false, diagnostics)
    }

    /// Collects the names of a component and checks how they are written.
    pub(super) fn of_component(body: &[Stmt], diagnostics: &mut Vec<Diagnostic>) -> Self {
        Self::collect(body, true, diagnostics)
    }

    /// Collects the names of a test, and refuses what belongs into stacks.
    pub(super) fn of_test(body: &[Stmt], diagnostics: &mut Vec<Diagnostic>) -> Self {
        only_looks(body, diagnostics);
        Self::collect(body, false, diagnostics)
    }

    fn collect(body: &[Stmt], in_component: bool, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut walk = Walk {
            in_component,
            members: Self::default(),
            inner: Taken::default(),
            outputs: Taken::default(),
            diagnostics,
            statement: 0,
        };
        for (at, stmt) in body.iter().enumerate() {
            walk.statement = super::index(at);
            walk.stmt(stmt, &[], true);
        }
        walk.members
    }

    /// The names that the statement `at` of the stack declares.
    pub(crate) fn of_statement(&self, at: u32) -> &[(Name, Member)] {
        let from = self.ordered.partition_point(|(_, m)| m.statement < at);
        let to = self.ordered.partition_point(|(_, m)| m.statement <= at);
        self.ordered.get(from..to).unwrap_or(&[])
    }
}

/// A branch of an `if`: where the statement stands, and which of its two sides. Names may be
/// declared once on each side.
type Branch = (u32, bool);

/// Where names were declared so far, with the branches they stand in.
type Taken = FxHashMap<Name, Vec<(Vec<Branch>, Span)>>;

struct Walk<'d> {
    in_component: bool,
    members: Members,
    /// Members that stand in branches or loops.
    inner: Taken,
    outputs: Taken,
    diagnostics: &'d mut Vec<Diagnostic>,
    statement: u32,
}

impl Walk<'_> {
    fn stmt(&mut self, stmt: &Stmt, branches: &[Branch], direct: bool) {
        if let (Some(old), StmtKind::Param(Param { name, .. }) | StmtKind::Output(Output { name, .. })) =
            (decorators::deprecated(&stmt.decorators), &stmt.kind)
        {
            self.members.old.push((name.name, old));
        }
        match &stmt.kind {
            StmtKind::Let(l) => self.value(l.name, Kind::Let, branches, direct),
            StmtKind::Param(p) => {
                if self.in_component && !direct {
                    self.diagnostics.push(conditional_param(p.name));
                }
                self.members.params.push(p.name);
                self.value(p.name, Kind::Param, branches, direct);
            }
            StmtKind::Input(p) if self.in_component => self.diagnostics.push(input_in_component(p.name)),
            StmtKind::Input(p) => {
                spelling::pascal(p.name, self.diagnostics);
                self.enter(p.name, Kind::Input, branches, direct);
            }
            StmtKind::Resource(r) => {
                spelling::pascal(r.name, self.diagnostics);
                if let Some(key) = &r.key {
                    self.diagnostics.push(key_outside_loop(r.name, key.span));
                }
                self.enter(r.name, Kind::Resource, branches, direct);
            }
            StmtKind::Output(o) => self.output(o.name, branches),
            StmtKind::For(f) => self.in_loop(&f.body, branches, &mut Taken::default(), &f.binding),
            StmtKind::If(i) => {
                self.sides(i, branches, &mut |walk, stmt, branches| walk.stmt(stmt, branches, false));
            }
            StmtKind::Assert(_) => {}
        }
    }

    fn value(&mut self, name: Ident, kind: Kind, branches: &[Branch], direct: bool) {
        spelling::snake(name, self.diagnostics);
        reserved(name, self.diagnostics);
        self.enter(name, kind, branches, direct);
    }

    fn sides(&mut self, i: &If, branches: &[Branch], visit: &mut dyn FnMut(&mut Self, &Stmt, &[Branch])) {
        for (body, side) in [(&i.then, true), (&i.otherwise, false)] {
            let mut inner = branches.to_vec();
            inner.push((i.condition.span.start, side));
            for stmt in body {
                visit(self, stmt, &inner);
            }
        }
    }

    /// The body of a `for`: its resources are seen in the whole stack, its `let`s in the body only.
    fn in_loop(&mut self, body: &[Stmt], branches: &[Branch], lets: &mut Taken, binding: &Binding) {
        for name in binding.key.iter().chain([&binding.item]) {
            spelling::snake(*name, self.diagnostics);
            reserved(*name, self.diagnostics);
            claim(lets, *name, branches, self.diagnostics);
        }
        for stmt in body {
            self.loop_stmt(stmt, branches, lets);
        }
    }

    fn loop_stmt(&mut self, stmt: &Stmt, branches: &[Branch], lets: &mut Taken) {
        match &stmt.kind {
            StmtKind::Let(l) => {
                spelling::snake(l.name, self.diagnostics);
                reserved(l.name, self.diagnostics);
                claim(lets, l.name, branches, self.diagnostics);
            }
            StmtKind::Resource(r) => {
                spelling::pascal(r.name, self.diagnostics);
                if r.key.is_none() {
                    self.diagnostics.push(no_key(r.name));
                }
                self.enter(r.name, Kind::Collection, branches, false);
            }
            StmtKind::For(f) => self.in_loop(&f.body, branches, &mut Taken::default(), &f.binding),
            StmtKind::If(i) => {
                self.sides(i, branches, &mut |walk, stmt, branches| walk.loop_stmt(stmt, branches, lets))
            }
            StmtKind::Param(p) => self.diagnostics.push(once_only("a `param`", p.name)),
            StmtKind::Input(p) => self.diagnostics.push(once_only("an `input`", p.name)),
            StmtKind::Output(o) => self.diagnostics.push(once_only("an `output`", o.name)),
            StmtKind::Assert(_) => {}
        }
    }

    fn enter(&mut self, name: Ident, kind: Kind, branches: &[Branch], direct: bool) {
        let first = self.members.by_name.get(&name.name).copied();
        // The two sides of one `if` may each declare it: one of them exists.
        let earlier = if direct { None } else { Some(self.inner.entry(name.name).or_default()) };
        let apart = earlier.is_some_and(|earlier| {
            let apart = earlier.iter().all(|(other, _)| are_apart(other, branches));
            earlier.push((branches.to_vec(), name.span));
            apart
        });
        if let Some(first) = first {
            if first.direct || !apart || first.kind != kind {
                self.diagnostics.push(twice(name, first.span));
            }
            return;
        }
        let member = Member { kind, statement: self.statement, direct, span: name.span };
        self.members.by_name.insert(name.name, member);
        self.members.ordered.push((name.name, member));
    }

    fn output(&mut self, name: Ident, branches: &[Branch]) {
        match self.in_component {
            true => spelling::snake(name, self.diagnostics),
            false => spelling::pascal(name, self.diagnostics),
        }
        if claim(&mut self.outputs, name, branches, self.diagnostics) {
            self.members.outputs.push(name);
        }
    }
}

/// Refuses statements that make something: a test looks at what the stacks make.
fn only_looks(body: &[Stmt], diagnostics: &mut Vec<Diagnostic>) {
    for stmt in body {
        let (word, help) = match &stmt.kind {
            StmtKind::Resource(_) => ("resource", "move it into a `core` or a `service`"),
            StmtKind::Output(_) => ("output", "name the value with `let`"),
            StmtKind::Param(_) => ("param", "name the value with `let`, or set that of a stack: `set stack.name = …`"),
            StmtKind::Input(_) => ("input", "name the value with `let`, or set that of a stack: `set stack.Name = …`"),
            StmtKind::For(f) => {
                only_looks(&f.body, diagnostics);
                continue;
            }
            StmtKind::If(i) => {
                only_looks(&i.then, diagnostics);
                only_looks(&i.otherwise, diagnostics);
                continue;
            }
            StmtKind::Let(_) | StmtKind::Assert(_) => continue,
        };
        let problem = Diagnostic::new(Code::Syntax, format!("`{word}` cannot stand in a test"));
        diagnostics.push(problem.at(stmt.span, "a test only looks at what the stacks make").help(help));
    }
}

fn are_apart(one: &[Branch], other: &[Branch]) -> bool {
    one.iter().any(|(at, side)| other.iter().any(|(a, s)| a == at && s != side))
}

/// Enters a name; false, with a report, where it is taken.
fn claim(taken: &mut Taken, name: Ident, branches: &[Branch], diagnostics: &mut Vec<Diagnostic>) -> bool {
    let earlier = taken.entry(name.name).or_default();
    let clash = earlier.iter().find(|(other, _)| !are_apart(other, branches)).map(|(_, span)| *span);
    let fresh = earlier.is_empty();
    earlier.push((branches.to_vec(), name.span));
    match clash {
        Some(first) => {
            diagnostics.push(twice(name, first));
            false
        }
        None => fresh,
    }
}

fn conditional_param(name: Ident) -> Diagnostic {
    Diagnostic::new(Code::InvalidName, format!("the `param` `{}` stands in an `if`", name.name))
        .at(name.span, "a component takes the same arguments everywhere")
        .help("move it out of the `if`, with a default where it is not always needed")
}

fn input_in_component(name: Ident) -> Diagnostic {
    Diagnostic::new(Code::InvalidName, format!("the component has an `input`, `{}`", name.name))
        .at(name.span, "people set the inputs of stacks, not what lies inside of components")
        .help("declare a `param` here, and an `input` in the stack that is given to it")
}

fn key_outside_loop(name: Ident, key: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidName, format!("`{}` has a key but is made once", name.name))
        .at(key, "a key belongs to a resource inside `for`")
        .help(format!("write `resource {}`, or put it into a `for`", name.name))
}

fn no_key(name: Ident) -> Diagnostic {
    Diagnostic::new(Code::InvalidName, format!("`{}` is made in a loop and has no key", name.name))
        .at(name.span, "each round would make the same logical id")
        .help(format!("write `{}[key]`, with what tells one round from the other", name.name))
}

fn once_only(what: &str, name: Ident) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("{what} cannot be made in a loop"))
        .at(name.span, "each round would declare the same name")
        .help("move it out of the `for`; a comprehension makes a list of what each round yields")
}
