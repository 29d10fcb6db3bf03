//! Names: where they are found, and what is done when one is asked for the first time.

use std::fmt::Write as _;

use super::frame::{BlockId, Frame, Home, Lazy, Progress, Slot, Step, What};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::Top;
use crate::semantics::eval::Evaluator;
use crate::semantics::value::{StackRef, Value};
use crate::semantics::{builtin, fits, functions, settings, types};
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
                    if self.frame.progress.get(statement as usize) == Some(&Progress::Running) {
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
        let program = self.program;
        match program.declared.tops.get(&name) {
            Some(Top::Env(at)) if self.project.is_read => self.project.env(*at),
            Some(Top::Env(_)) => builtin::not_read(self, name.as_str(), span),
            Some(Top::Stack(_)) => Value::Stack(StackRef { stack: name, env: None, region: None }.into()),
            Some(Top::Let(at) | Top::Param(at)) => {
                let lazy = match program.item(*at).map(|item| &item.kind) {
                    Some(ItemKind::Let(l)) => Lazy::Let(l),
                    Some(ItemKind::Param(p)) => Lazy::Param(p),
                    _ => return Value::Unknown,
                };
                if self.dry { Value::Unknown } else { self.force(Home::Top, name, lazy, span) }
            }
            None => match builtin::name(self, name, span) {
                Some(value) => value,
                None => self.unknown_name(name, span, scope),
            },
        }
    }

    /// Evaluates what a name is made of, and remembers it.
    pub(super) fn force(&mut self, home: Home, name: Name, lazy: Lazy<'p>, span: Span) -> Value {
        let block = match home {
            Home::Block(block) => block,
            Home::Top => BlockId::default(),
        };
        // What is made inside a branch stays there; what others share is evaluated for good.
        let dry = std::mem::replace(&mut self.dry, self.frame.is_dry(block));
        self.frame.set(home, name, Slot::Open);
        self.frame.path.push(Step { what: What::Name(home, name), asked: span });
        let value = if self.enter(span) { self.make(home, name, lazy, block) } else { Value::Unknown };
        self.leave();
        self.frame.path.pop();
        self.frame.set(home, name, Slot::Ready(value.clone()));
        self.dry = dry;
        value
    }

    fn make(&mut self, home: Home, name: Name, lazy: Lazy<'p>, block: BlockId) -> Value {
        // A name at the top does not see those of the stack.
        let hidden = matches!(home, Home::Top).then(|| std::mem::take(&mut self.frame.names));
        let value = match lazy {
            Lazy::Let(l) => self.let_value(l, block),
            Lazy::Param(p) => settings::param(self, p, home, block),
            Lazy::Input(stmt, p) => settings::input(self, stmt, p, block),
        };
        if let Some(hidden) = hidden {
            self.frame.names = hidden;
            self.project.used.insert(name);
        }
        value
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
        let from = self.frame.path.iter().position(|step| step.what == what).unwrap_or(0);
        let round = self.frame.path.get(from..).unwrap_or(&[]);
        let names: Vec<String> = round.iter().map(|step| self.called(step.what)).collect();
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

    fn called(&self, what: What) -> String {
        match what {
            What::Name(_, name) | What::Properties(name) => format!("`{name}`"),
            What::Statement(at) => match self.frame.body.get(at as usize).map(|s| &s.kind) {
                Some(crate::syntax::ast::StmtKind::For(_)) => "the `for`".to_owned(),
                _ => "the `if`".to_owned(),
            },
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
        names.extend(self.frame.stack.iter().flat_map(|s| s.members.ordered.iter().map(|(n, _)| *n)));
        let declared = &self.program.declared;
        names.extend(declared.ordered.iter().map(|(n, _)| *n));
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
        if let Some(slot) = self.names.get(&name) {
            return Some((Home::Block(BlockId::default()), slot));
        }
        self.tops.get(&name).map(|slot| (Home::Top, slot))
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
            Home::Top => {
                self.tops.insert(name, slot);
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
                self.names.insert(name, slot);
            }
        }
    }
}
