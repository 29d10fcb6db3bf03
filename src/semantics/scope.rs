//! Names: where they are found, and what is done when one is asked for the first time.

use std::fmt::Write as _;

use super::frame::{BlockId, Frame, Home, Lazy, Progress, Slot, Step, What};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::{ModuleId, Top};
use crate::semantics::eval::Evaluator;
use crate::semantics::units::UnitId;
use crate::semantics::value::{StackRef, Value};
use crate::semantics::{builtin, fits, functions, serverless, settings, types};
use crate::source::Span;
use crate::syntax::ast::{ItemKind, Let};

/// Names visible at one place: loop variables of comprehensions, innermost first, then the block
/// of statements, the stack, the top.
#[derive(Default)]
pub(crate) struct Scope<'s> {
    /// The names around this one.
    pub(crate) outer: Option<&'s Scope<'s>>,
    /// Names and values bound here.
    pub(crate) bound: Vec<(Name, Value)>,
    /// The block of statements around all of them.
    pub(crate) block: BlockId,
}

impl Scope<'_> {
    /// The names of a block and what is around it.
    pub(super) fn of(block: BlockId) -> Self {
        Self { outer: None, bound: Vec::new(), block }
    }

    /// Whether a loop variable or a parameter has that name.
    pub(super) fn binds(&self, name: Name) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: Name) -> Option<&Value> {
        let mut scope = Some(self);
        while let Some(here) = scope {
            if let Some((_, value)) = here.bound.iter().find(|(n, _)| *n == name) {
                return Some(value);
            }
            scope = here.outer;
        }
        None
    }
}

/// What a name turned out to be.
enum Found<'p> {
    Value(Value),
    Lazy(Home, Lazy<'p>),
    Open(Home),
    Absent,
    Inside(u32),
    Nothing,
}

impl<'p> Evaluator<'p> {
    /// The value of `name`, asked for at `span`.
    pub(super) fn lookup(&mut self, name: Name, span: Span, scope: &Scope<'_>) -> Value {
        if let Some(value) = scope.find(name) {
            return value.clone();
        }
        loop {
            match self.frame.find(name, scope.block) {
                Found::Value(value) => return value,
                // A branch that is not taken needs nothing: what it names is evaluated for its own sake.
                Found::Lazy(home, _) if self.dry && !self.frame.is_dry_home(home) => return Value::Unknown,
                Found::Open(_) | Found::Inside(_) | Found::Absent if self.dry => return Value::Unknown,
                Found::Lazy(home, lazy) => return self.force(home, name, lazy, span),
                Found::Open(home) => return self.cycle(What::Name(home, name), span),
                Found::Absent => return Value::Null,
                Found::Inside(statement) => {
                    if self.frame.unit.progress.get(statement as usize) == Some(&Progress::Running) {
                        return self.cycle(What::Statement(statement), span);
                    }
                    if !self.run_statement(statement, span) {
                        return Value::Unknown;
                    }
                }
                Found::Nothing => return self.lookup_top(name, span, scope),
            }
        }
    }

    /// Whether a statement, a loop or a parameter around this place gives `name` a meaning.
    pub(super) fn is_local(&self, name: Name, scope: &Scope<'_>) -> bool {
        scope.find(name).is_some() || matches!(self.frame.slot(name, scope.block), Some((Home::Block(_), _)))
    }

    /// The condition that keeps `name` from being there.
    pub(super) fn absent(&self, name: Name, scope: &Scope<'_>) -> Option<Span> {
        if scope.find(name).is_some() {
            return None;
        }
        match self.frame.slot(name, scope.block) {
            Some((_, Slot::Absent(condition))) => Some(*condition),
            _ => None,
        }
    }

    fn lookup_top(&mut self, name: Name, span: Span, scope: &Scope<'_>) -> Value {
        let module = self.frame.unit.module;
        match self.program.module(module).and_then(|declared| declared.tops.get(&name)).copied() {
            Some(top) => self.top_value(module, name, top, span),
            None => match builtin::name(self, name, span) {
                Some(value) => value,
                None => match serverless::generated(self, name) {
                    Some(value) => value,
                    None => self.unknown_name(name, span, scope),
                },
            },
        }
    }

    /// The value of a name at the top of a module.
    pub(super) fn top_value(&mut self, module: ModuleId, name: Name, top: Top, span: Span) -> Value {
        let lazy = match top {
            Top::Env(at) if self.project.is_read => return self.project.env(at),
            Top::Env(_) => return builtin::not_read(self, name.as_str(), span),
            Top::Stack(_) => return Value::Stack(StackRef { stack: name, env: None, region: None }.into()),
            Top::Let(at) | Top::Param(at) => match self.program.item(at).map(|item| &item.kind) {
                Some(ItemKind::Let(l)) => Lazy::Let(l),
                Some(ItemKind::Param(p)) => Lazy::Param(p),
                _ => return Value::Unknown,
            },
            Top::Component(_) | Top::Function(_) | Top::Alias(_) | Top::Module => {
                return self.no_value(name, top, span);
            }
        };
        // It may be known already, where a path leads here.
        if let Some(Slot::Ready(value)) = self.frame.tops.get(&(module, name)) {
            return value.clone();
        }
        if self.dry { Value::Unknown } else { self.force(Home::Top(module), name, lazy, span) }
    }

    fn no_value(&mut self, name: Name, top: Top, span: Span) -> Value {
        let (what, help) = match top {
            Top::Component(_) => ("a component", format!("make one: `resource Name = {name} {{ … }}`")),
            Top::Function(_) => ("a function", format!("call it: `{name}(…)`")),
            Top::Alias(_) => ("a type", format!("use it behind a colon: `let x: {name} = …`")),
            _ => ("a module", format!("name what you want of it: `{name}::thing`")),
        };
        let problem = Diagnostic::new(Code::TypeMismatch, format!("`{name}` is {what} and no value"));
        self.report(problem.at(span, "a value is needed here").help(help));
        Value::Unknown
    }

    /// Evaluates what a name is made of, and remembers it.
    pub(super) fn force(&mut self, home: Home, name: Name, lazy: Lazy<'p>, span: Span) -> Value {
        let (block, unit) = match home {
            Home::Block(block) => (block, self.frame.unit.id),
            Home::Top(_) => (BlockId::default(), UnitId::TOP),
        };
        // What is made inside a branch stays there; what others share is evaluated for good.
        let dry = std::mem::replace(&mut self.dry, self.frame.is_dry_home(home));
        self.frame.set(home, name, Slot::Open);
        self.frame.path.push(Step { what: What::Name(home, name), unit, asked: span });
        let fine = self.enter(span);
        let value = match home {
            _ if !fine => Value::Unknown,
            Home::Block(_) => self.make(home, lazy, block),
            // A name at the top does not see those of the stack.
            Home::Top(module) => {
                self.project.used.insert(name);
                self.in_top(module, |ev| ev.make(home, lazy, block))
            }
        };
        self.leave();
        self.frame.path.pop();
        self.frame.set(home, name, Slot::Ready(value.clone()));
        self.dry = dry;
        value
    }

    fn make(&mut self, home: Home, lazy: Lazy<'p>, block: BlockId) -> Value {
        match lazy {
            Lazy::Let(l) => self.let_value(l, block),
            Lazy::Param(p) if self.frame.unit.part.is_some() => self.component_param(p, block),
            Lazy::Param(p) => settings::param(self, p, home, block),
            Lazy::Input(stmt, p) => settings::input(self, stmt, p, block),
        }
    }

    fn let_value(&mut self, l: &'p Let, block: BlockId) -> Value {
        let value = self.eval(&l.value, &Scope::of(block));
        match &l.ty {
            Some(ty) => {
                let ty = types::resolve(self, ty);
                fits::fit(self, &ty, value, l.value.span)
            }
            None => value,
        }
    }

    /// Says that what is asked for at `span` needs itself.
    pub(super) fn cycle(&mut self, what: What, span: Span) -> Value {
        let unit = self.frame.unit.id;
        let is_it = |step: &Step| {
            step.what == what
                && (step.unit == unit
                    || matches!(what, What::Call(_) | What::Properties(_) | What::Name(Home::Top(_), _)))
        };
        let from = self.frame.path.iter().position(is_it).unwrap_or(0);
        let round = self.frame.path.get(from..).unwrap_or(&[]);
        let names: Vec<String> = round.iter().map(|step| self.called(*step)).collect();
        let Some(first) = names.first() else { return Value::Unknown };
        let mut message = format!("{first} needs itself");
        if names.len() > 1 {
            message.push_str(": ");
            for name in &names {
                let _ = write!(message, "{name} -> ");
            }
            message.push_str(first);
        }
        let asked = round.iter().skip(1).map(|step| step.asked).chain([span]);
        let needed = names.iter().skip(1).chain([first]);
        if let (What::Statement(_), [_]) = (what, round) {
            return self.made_by_itself(first, span);
        }
        let mut diagnostic = Diagnostic::new(Code::Cycle, message);
        for ((name, other), at) in names.iter().zip(needed).zip(asked) {
            diagnostic = diagnostic.at(at, format!("{name} needs {other}"));
        }
        self.report(diagnostic.help("take one of these out of the circle"));
        Value::Unknown
    }

    fn made_by_itself(&mut self, statement: &str, span: Span) -> Value {
        let problem = Diagnostic::new(Code::Cycle, format!("{statement} needs what it makes itself"));
        self.report(
            problem
                .at(span, format!("made by {statement} that this decides about"))
                .help("decide by a value that does not depend on the resources"),
        );
        Value::Unknown
    }

    fn called(&self, step: Step) -> String {
        let part = self.frame.unit(step.unit).and_then(|unit| unit.part.as_deref());
        match step.what {
            What::Name(_, name) | What::Properties(name) | What::Output(name) => match part {
                Some(part) => format!("`{}.{name}`", part.shown),
                None => format!("`{name}`"),
            },
            What::Call(at) => match self.program.item(at).map(|item| &item.kind) {
                Some(ItemKind::Function(function)) => format!("`{}`", function.name.name),
                _ => "the function".to_owned(),
            },
            What::Statement(at) => {
                match self.frame.unit(step.unit).and_then(|u| u.body.get(at as usize)).map(|s| &s.kind) {
                    Some(crate::syntax::ast::StmtKind::For(_)) => "the `for`".to_owned(),
                    _ => "the `if`".to_owned(),
                }
            }
        }
    }

    fn unknown_name(&mut self, name: Name, span: Span, scope: &Scope<'_>) -> Value {
        let text = name.as_str();
        let problem = Diagnostic::new(Code::UnknownName, format!("there is nothing called `{text}`"));
        let known = self.visible(scope);
        let problem = if functions::names().contains(&text) {
            problem.at(span, "this is a function").help(format!("call it: `{text}(…)`"))
        } else if let Some(near) = nearest(text, known.iter().map(|n| n.as_str())) {
            problem.at(span, "not known here").help(format!("write `{near}`")).fix(span, near)
        } else if text.starts_with(|c: char| c.is_ascii_uppercase()) {
            problem.at(span, "not known here").help(format!("declare it: `resource {text} = …`; text is quoted"))
        } else {
            problem.at(span, "not known here").help(format!("declare it: `let {text} = …`; text is quoted"))
        };
        self.report(problem);
        Value::Unknown
    }

    /// Every name that may stand here, sorted.
    fn visible(&self, scope: &Scope<'_>) -> Vec<Name> {
        let mut names: Vec<Name> = builtin::NAMES.iter().map(|n| Name::new(n)).collect();
        let mut at = Some(scope);
        while let Some(here) = at {
            names.extend(here.bound.iter().map(|(n, _)| *n));
            at = here.outer;
        }
        let mut block = scope.block;
        while let Some(here) = self.frame.block(block) {
            names.extend(here.names.iter().map(|(n, _)| *n));
            block = here.outer;
        }
        names.extend(self.frame.unit.members.iter().flat_map(|members| members.ordered.iter().map(|(n, _)| *n)));
        let declared = self.program.module(self.frame.unit.module);
        let is_value = |top: &Top| matches!(top, Top::Env(_) | Top::Stack(_) | Top::Let(_) | Top::Param(_));
        names.extend(declared.iter().flat_map(|d| &d.ordered).filter(|(_, top)| is_value(top)).map(|(n, _)| *n));
        names.sort();
        names.dedup();
        names
    }
}

impl<'p> Frame<'p> {
    /// The slot of `name` as seen from `block`, and where it lives.
    fn slot(&self, name: Name, block: BlockId) -> Option<(Home, &Slot<'p>)> {
        let mut at = block;
        while let Some(here) = at.index().and_then(|i| self.blocks.get(i)) {
            if let Some((_, slot)) = here.names.iter().find(|(n, _)| *n == name) {
                return Some((Home::Block(at), slot));
            }
            at = here.outer;
        }
        if let Some(slot) = self.unit.names.get(&name) {
            return Some((Home::Block(BlockId::default()), slot));
        }
        let module = self.unit.module;
        self.tops.get(&(module, name)).map(|slot| (Home::Top(module), slot))
    }

    /// Whether a loop or branch around the place declares that name.
    pub(super) fn is_in_block(&self, name: Name, block: BlockId) -> bool {
        matches!(self.slot(name, block), Some((Home::Block(block), _)) if block != BlockId::default())
    }

    fn find(&self, name: Name, block: BlockId) -> Found<'p> {
        let Some((home, slot)) = self.slot(name, block) else { return Found::Nothing };
        match slot {
            Slot::Ready(value) => Found::Value(value.clone()),
            Slot::Lazy(lazy) => Found::Lazy(home, *lazy),
            Slot::Open => Found::Open(home),
            Slot::Absent(_) => Found::Absent,
            Slot::Inside(statement) => Found::Inside(*statement),
        }
    }

    /// Gives `name` a meaning.
    pub(super) fn set(&mut self, home: Home, name: Name, slot: Slot<'p>) {
        let block = match home {
            Home::Top(module) => {
                self.tops.insert((module, name), slot);
                return;
            }
            Home::Block(block) => block,
        };
        match block.index().and_then(|i| self.blocks.get_mut(i)) {
            Some(here) => match here.names.iter_mut().find(|(n, _)| *n == name) {
                Some((_, old)) => *old = slot,
                None => here.names.push((name, slot)),
            },
            None => {
                self.unit.names.insert(name, slot);
            }
        }
    }
}
