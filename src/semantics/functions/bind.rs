//! Arguments to parameters: by position, by name, and of the right kind.

use std::borrow::Cow;

use super::{Argument, Function, Kind, Parameter, Presence};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::semantics::value::{Later, Object, Value};
use crate::semantics::{Program, fits};
use crate::source::Span;

type Problem = Box<Diagnostic>;

/// The arguments of one call, each at its parameter.
pub(crate) struct Args<'f> {
    /// The program that calls it: for functions that read files.
    program: &'f Program,
    function: &'f Function,
    /// One per parameter before the one that takes the rest; `None` where not given.
    slots: Vec<Option<(Value, Span)>>,
    /// What the parameter that takes the rest got.
    rest: Vec<(Value, Span)>,
    /// The whole call.
    pub(crate) span: Span,
}

/// Puts every argument at its parameter.
pub(super) fn bind<'f>(
    program: &'f Program,
    function: &'f Function,
    given: Vec<Argument>,
    span: Span,
) -> Result<Args<'f>, Vec<Diagnostic>> {
    let mut args = Args { program, function, slots: vec![None; function.parameters.len()], rest: Vec::new(), span };
    let mut problems = Vec::new();
    let mut position = 0;
    for argument in given {
        let at = match argument.name {
            Some(name) => function.parameters.iter().position(|p| p.name == name.name.as_str()),
            None => Some(position),
        };
        let parameter = at.and_then(|at| Some((at, function.parameters.get(at)?)));
        match (parameter, argument.name) {
            (Some((_, parameter)), None) if parameter.presence == Presence::Rest => {
                args.rest.push((argument.value, argument.span));
            }
            (Some((at, parameter)), name) => {
                position = if name.is_none() { at + 1 } else { position };
                let Some(slot) = args.slots.get_mut(at) else { continue };
                if slot.is_some() {
                    problems.push(twice(function, parameter, argument.span));
                }
                *slot = Some((argument.value, argument.span));
            }
            (None, Some(name)) => problems.push(no_such(function, name.name.as_str(), name.span)),
            (None, None) => problems.push(too_many(function, argument.span)),
        }
    }
    let missing = function.parameters.iter().zip(&args.slots);
    let missing = missing.filter(|(p, slot)| p.presence == Presence::Required && slot.is_none());
    let missing: Vec<&str> = missing.map(|(p, _)| p.name).collect();
    if !missing.is_empty() && problems.is_empty() {
        problems.push(lacks(function, &missing, span));
    }
    if problems.is_empty() { Ok(args) } else { Err(problems) }
}

fn call_it(function: &Function) -> String {
    format!("call it as `{}`", function.signature())
}

fn twice(function: &Function, parameter: &Parameter, span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadArgument, format!("`{}` is given `{}` twice", function.name, parameter.name))
        .at(span, "already given before")
        .help(call_it(function))
}

fn no_such(function: &Function, name: &str, span: Span) -> Diagnostic {
    let problem = Diagnostic::new(Code::BadArgument, format!("`{}` has no parameter `{name}`", function.name));
    match nearest(name, function.parameters.iter().map(|p| p.name)) {
        Some(near) => problem.at(span, format!("the nearest is `{near}`")).fix(span, near),
        None => problem.at(span, "not a parameter"),
    }
    .help(call_it(function))
}

fn too_many(function: &Function, span: Span) -> Diagnostic {
    let most = function.parameters.len();
    let plural = if most == 1 { "" } else { "s" };
    Diagnostic::new(Code::BadArgument, format!("`{}` takes {most} argument{plural}", function.name))
        .at(span, "one too many")
        .help(call_it(function))
}

fn lacks(function: &Function, missing: &[&str], span: Span) -> Diagnostic {
    let names: Vec<String> = missing.iter().map(|m| format!("`{m}`")).collect();
    Diagnostic::new(Code::MissingArgument, format!("`{}` lacks {}", function.name, names.join(" and ")))
        .at(span, "called here")
        .help(call_it(function))
}

impl<'f> Args<'f> {
    /// The program that calls.
    pub(super) fn program(&self) -> &'f Program {
        self.program
    }

    /// Whether an argument, or an item of one, is an error already reported.
    pub(super) fn any_unknown(&self) -> bool {
        self.all().any(|(value, _)| match value {
            Value::Unknown => true,
            Value::List(items) => items.iter().any(|item| matches!(item, Value::Unknown)),
            _ => false,
        })
    }

    fn all(&self) -> impl Iterator<Item = &(Value, Span)> {
        self.slots.iter().flatten().chain(&self.rest)
    }

    /// Checks that every argument is of the kind that its parameter takes.
    pub(super) fn check(&self) -> Result<(), Problem> {
        for (parameter, slot) in self.function.parameters.iter().zip(&self.slots) {
            if let Some((value, span)) = slot {
                self.check_one(parameter, value, *span)?;
            }
            if parameter.presence == Presence::Rest {
                self.rest.iter().try_for_each(|(value, span)| self.check_one(parameter, value, *span))?;
            }
        }
        Ok(())
    }

    fn check_one(&self, parameter: &Parameter, value: &Value, span: Span) -> Result<(), Problem> {
        let fits = match (parameter.kind, value) {
            (_, Value::Later(_)) if parameter.later => true,
            (Kind::Any, _) => true,
            (_, Value::Null) if parameter.presence == Presence::Optional => true,
            (Kind::List | Kind::Texts | Kind::TextOrList | Kind::Sized, Value::Later(later))
                if later.items().is_some() =>
            {
                true
            }
            (_, Value::Later(later)) => return Err(self.too_late(parameter.name, later, span)),
            (Kind::Text | Kind::TextOrList | Kind::Sized, Value::Str(_)) => true,
            (Kind::Int, Value::Int(_)) => true,
            (Kind::List | Kind::Texts | Kind::TextOrList | Kind::Sized, Value::List(_) | Value::Resources(_)) => true,
            (Kind::Object | Kind::Sized, Value::Object(_) | Value::Env(_)) => true,
            (Kind::Object, Value::Resources(_)) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.mistyped(parameter.name, parameter.kind.shown(), value, span)) }
    }

    /// The problem of an argument of another kind.
    pub(super) fn mistyped(&self, parameter: &str, wants: &str, value: &Value, span: Span) -> Problem {
        let message =
            format!("`{parameter}` of `{}` is {}, not {}", self.function.name, wanted(wants), fits::kind(value));
        let problem = Diagnostic::new(Code::BadArgument, message).at(span, format!("this is {}", fits::shown(value)));
        Box::new(match value {
            Value::Resource(resource) => problem.help(fits::name_an_attribute(resource)),
            _ => problem.help(call_it(self.function)),
        })
    }

    /// The problem of an argument that is known only when deploying.
    pub(super) fn too_late(&self, parameter: &str, later: &Later, span: Span) -> Problem {
        let what = format!("`{parameter}` of `{}` is needed", self.function.name);
        Box::new(fits::too_late(&what, later, span))
    }

    /// The problem of a value that the function cannot take, at the argument.
    pub(super) fn bad(&self, position: usize, message: impl Into<String>, help: impl Into<String>) -> Problem {
        let span = self.span_of(position);
        Box::new(Diagnostic::new(Code::BadValue, message).at(span, "this value").help(help))
    }

    /// The problem of a number outside its range, at the argument.
    pub(super) fn out_of_range(&self, position: usize, message: impl Into<String>, help: impl Into<String>) -> Problem {
        let span = self.span_of(position);
        Box::new(Diagnostic::new(Code::OutOfRange, message).at(span, "this number").help(help))
    }

    /// The name of the function.
    pub(super) fn name(&self) -> &'static str {
        self.function.name
    }

    /// Name of the parameter at `position`.
    pub(super) fn parameter(&self, position: usize) -> &'static str {
        self.function.parameters.get(position).map_or("value", |p| p.name)
    }

    /// The argument at `position`, where it is given and not `null`.
    pub(super) fn given(&self, position: usize) -> Option<&Value> {
        match self.slots.get(position) {
            Some(Some((value, _))) if !matches!(value, Value::Null) => Some(value),
            _ => None,
        }
    }

    /// The argument at `position`; `null` where it is not given.
    pub(super) fn value(&self, position: usize) -> &Value {
        self.given(position).unwrap_or(&Value::Null)
    }

    /// Where the argument at `position` stands; the call where it is not given.
    pub(super) fn span_of(&self, position: usize) -> Span {
        self.slots.get(position).and_then(Option::as_ref).map_or(self.span, |(_, span)| *span)
    }

    /// What the last parameter took.
    pub(super) fn rest(&self) -> &[(Value, Span)] {
        &self.rest
    }

    /// The text at `position`; its kind is checked before, so anything else reads as empty.
    pub(super) fn text(&self, position: usize) -> &str {
        match self.value(position) {
            Value::Str(text) => text,
            _ => "",
        }
    }

    /// The number at `position`, where it is given.
    pub(super) fn int(&self, position: usize) -> Option<i64> {
        match self.given(position) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// The items at `position`; of resources made in a loop, the resources; of a later list of
    /// known length, its later items.
    pub(super) fn list(&self, position: usize) -> Cow<'_, [Value]> {
        match self.value(position) {
            Value::List(items) => Cow::Borrowed(items),
            Value::Resources(all) => all.items.iter().map(|(_, item)| item.clone()).collect(),
            Value::Later(later) => Cow::Owned(later.items().unwrap_or_default()),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// The keys and values at `position`.
    pub(super) fn object(&self, position: usize) -> Cow<'_, Object> {
        as_object(self.value(position))
    }

    /// Checks that every item of `items` is known now, for functions that look at items.
    pub(super) fn known(&self, position: usize, items: &[Value]) -> Result<(), Problem> {
        match items.iter().find_map(fits::later_inside) {
            Some(later) => Err(self.too_late(self.parameter(position), later, self.span_of(position))),
            None => Ok(()),
        }
    }
}

/// Keys and values of what has them.
pub(super) fn as_object(value: &Value) -> Cow<'_, Object> {
    match value {
        Value::Object(object) => Cow::Borrowed(object),
        Value::Env(env) => Cow::Borrowed(&env.fields),
        Value::Resources(all) => {
            Cow::Owned(all.items.iter().map(|(key, item)| (fits::key_name(key), item.clone())).collect())
        }
        _ => Cow::Owned(Object::default()),
    }
}

fn wanted(kind: &str) -> String {
    match kind {
        "T" => "a value".to_owned(),
        kind => format!("`{kind}`"),
    }
}
