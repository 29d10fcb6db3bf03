//! The built-in functions: one table that the compiler, `doc` and editors read.
//!
//! A function is a row: its name, its parameters, a line of documentation and a pure Rust
//! function from arguments to a value or a problem. Arguments are bound and their kinds checked
//! here, so a row only computes.

use std::sync::{Arc, OnceLock};

use crate::diagnostics::{Code, Diagnostic, Near, nearest};
use crate::names::Name;
use crate::semantics::declare::Top;
use crate::semantics::eval::Evaluator;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::stdlib;
use crate::syntax::ast::Ident;

mod bind;
mod cidr;
mod collections;
mod encoding;
mod files;
mod later;
mod networks;
mod printf;
mod secrets;
mod strings;
#[cfg(test)]
mod tests;
mod yaml;

pub(crate) use bind::Args;
pub(crate) use cidr::Block;
pub(crate) use files::{packed, refused as cannot_read};

/// Longest text that a program makes, in bytes.
pub(crate) const LONGEST_TEXT: usize = 1 << 20;
/// Longest list that a program makes.
pub(crate) const LONGEST_LIST: usize = 100_000;

/// A value, or what is wrong.
pub(crate) type Outcome = Result<Value, Box<Diagnostic>>;

/// An argument of a call, evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    /// `name:` before it.
    pub(crate) name: Option<Ident>,
    /// Its value.
    pub(crate) value: Value,
    /// Where.
    pub(crate) span: Span,
}

/// A built-in function.
pub(crate) struct Function {
    /// As it is called.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) parameters: &'static [Parameter],
    /// What it gives, as a type of the language.
    pub(crate) gives: &'static str,
    /// What it does, in one sentence.
    pub(crate) doc: &'static str,
    run: fn(&Args<'_>) -> Outcome,
}

/// A parameter of a built-in function.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// What fits.
    kind: Kind,
    /// A value known when deploying fits too.
    later: bool,
    /// Whether it must be given.
    presence: Presence,
}

/// What fits a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Int,
    List,
    Texts,
    TextOrList,
    Sized,
    Object,
    Any,
}

/// Whether an argument must be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Presence {
    Required,
    Optional,
    /// Takes all further arguments.
    Rest,
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, later: false, presence: Presence::Required }
    }

    const fn later(self) -> Self {
        Self { later: true, ..self }
    }

    const fn optional(self) -> Self {
        Self { presence: Presence::Optional, ..self }
    }

    const fn rest(self) -> Self {
        Self { presence: Presence::Rest, ..self }
    }
}

impl Kind {
    /// As people write it in a type.
    fn shown(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Int => "Int",
            Self::List => "[T]",
            Self::Texts => "[String]",
            Self::TextOrList => "String | [T]",
            Self::Sized => "String | [T] | {String: T}",
            Self::Object => "{String: T}",
            Self::Any => "T",
        }
    }
}

impl Function {
    const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        gives: &'static str,
        doc: &'static str,
        run: fn(&Args<'_>) -> Outcome,
    ) -> Self {
        Self { name, parameters, gives, doc, run }
    }

    /// `join(separator: String, parts: [T]): String`
    pub(crate) fn signature(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|p| {
                let (before, after) = match p.presence {
                    Presence::Required => ("", ""),
                    Presence::Optional => ("", "?"),
                    Presence::Rest => ("...", ""),
                };
                format!("{before}{}{after}: {}", p.name, p.kind.shown())
            })
            .collect();
        format!("{}({}): {}", self.name, parameters.join(", "), self.gives)
    }
}

/// The functions by subject, in the order of the reference.
pub(crate) const SUBJECTS: &[(&str, &[Function])] = &[
    ("Text", strings::TABLE),
    ("Lists and maps", collections::TABLE),
    ("Networks", networks::TABLE),
    ("Encoding", encoding::TABLE),
    ("Files", files::TABLE),
    ("Secrets", secrets::TABLE),
];

/// Every function.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    SUBJECTS.iter().flat_map(|(_, table)| *table)
}

/// Every name, sorted.
pub(crate) fn names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names: Vec<_> = all().map(|f| f.name).chain(SPECIAL.iter().map(|(name, ..)| *name)).collect();
        names.sort_unstable();
        names
    })
}

/// Functions that the evaluator calls itself: signature, and what they do.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("arn", "arn(resource: T): Arn", "The ARN of a resource: text where it is known while compiling."),
    (
        "vpc_of",
        "vpc_of(subnets: [T]): AWS::EC2::VPC.VpcId",
        "The VPC that subnets lie in: their attribute, or the VPC that the stack outputs which outputs them.",
    ),
];

fn find(name: Name) -> Option<&'static Function> {
    all().find(|f| f.name == name.as_str())
}

/// The signature of a function and what it does.
pub(crate) fn explain(name: &str) -> Option<String> {
    let special =
        SPECIAL.iter().find(|(special, ..)| *special == name).map(|(_, says, doc)| format!("{says}\n  {doc}\n"));
    special.or_else(|| find(Name::new(name)).map(|function| format!("{}\n  {}\n", function.signature(), function.doc)))
}

/// Calls the function `name`. `span` is that of the whole call; what is wrong is reported, and the
/// value is then [`Value::Unknown`].
pub(crate) fn call(ev: &mut Evaluator<'_>, name: Ident, args: Vec<Argument>, span: Span) -> Value {
    let Some(function) = find(name.name) else {
        let problem = unknown(ev, name);
        ev.report(problem);
        return Value::Unknown;
    };
    if !ev.burn(cost(function, &args), span) {
        return Value::Unknown;
    }
    let args = match bind::bind(ev.program, function, args, span) {
        Ok(args) => args,
        Err(problems) => {
            problems.into_iter().for_each(|problem| ev.report(problem));
            return Value::Unknown;
        }
    };
    match run(function, &args) {
        Ok(value) => value,
        Err(problem) => {
            ev.report_value(*problem);
            Value::Unknown
        }
    }
}

/// Steps that a call takes beside its own: what it looks through. Items that are lists, objects or *later* are compared
/// each with each to find those that are `distinct`.
fn cost(function: &Function, args: &[Argument]) -> usize {
    let of = |value: &Value| match value {
        Value::Str(text) => text.len() / 64,
        Value::List(items) if function.name == "distinct" => {
            let nests =
                items.iter().filter(|item| matches!(item, Value::List(_) | Value::Object(_) | Value::Later(_))).count();
            items.len() / 8 + nests.saturating_mul(nests) / 16
        }
        Value::List(items) => items.len() / 8,
        Value::Object(object) => object.len() / 8,
        _ => 0,
    };
    args.iter().map(|arg| of(&arg.value)).fold(0, usize::saturating_add)
}

/// Checks the kinds of the arguments and computes.
fn run(function: &'static Function, args: &Args<'_>) -> Outcome {
    if args.any_unknown() {
        return Ok(Value::Unknown);
    }
    args.check()?;
    within_limits((function.run)(args)?, args.span)
}

/// Refuses what is too large to go on with.
fn within_limits(value: Value, span: Span) -> Outcome {
    let (size, limit, unit) = match &value {
        Value::Str(text) => (text.len(), LONGEST_TEXT, "bytes"),
        Value::List(items) => (items.len(), LONGEST_LIST, "items"),
        _ => return Ok(value),
    };
    if size <= limit { Ok(value) } else { Err(too_large(size, limit, unit, span)) }
}

/// The problem of a value above a limit.
pub(crate) fn too_large(size: usize, limit: usize, unit: &str, span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::LimitExceeded, format!("the result has {size} {unit}, more than the {limit} allowed"))
            .at(span, format!("makes {size} {unit}"))
            .help("make it smaller, or keep the data in a file that AWS reads itself"),
    )
}

/// What makes a stack, and no value.
const OF_STACKS: [&str; 2] = ["compose", "template"];

fn unknown(ev: &Evaluator<'_>, name: Ident) -> Diagnostic {
    if OF_STACKS.contains(&name.name.as_str()) {
        return Diagnostic::new(Code::UnknownFunction, format!("`{}` makes a stack, and no value", name.name))
            .at(name.span, "not a function")
            .help(format!("declare the stack at the top: `service NAME = {}(\"FILE\")`", name.name));
    }
    let problem = Diagnostic::new(Code::UnknownFunction, format!("there is no function `{}`", name.name))
        .at(name.span, "not a function");
    let text = name.name.as_str();
    let of = |path: &str| ev.program.neighbours(ev.frame.unit.module, path, |top| matches!(top, Top::Function(_)));
    let mut known = of(text);
    if !text.contains("::") {
        known.extend(names().iter().map(|name| (*name).to_owned()));
    }
    // `name_tag` for `std::name_tag`.
    let in_std = stdlib::has("fn", text).then(|| format!("std::{text}"));
    let near = nearest(text, known.iter().map(String::as_str));
    match in_std.as_deref().map(Near::from).or(near) {
        Some(near) => problem.help(format!("call `{near}`")).fix(name.span, near),
        None if known.is_empty() => problem.help("name a function of a module that is brought in with `use`"),
        None => problem.help(format!("use one of {}", known.join(", "))),
    }
}

/// A list value.
fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

/// A text value.
fn text(text: impl Into<Arc<str>>) -> Value {
    Value::Str(text.into())
}
