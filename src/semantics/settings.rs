//! `param` and `input`: what `--set` gives, what the default is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::{Kind, Top};
use crate::semantics::decorators::{self, Old};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::{BlockId, Home};
use crate::semantics::model::{self, ParameterSource, ParameterType};
use crate::semantics::types::{self, Type};
use crate::semantics::value::{Later, LaterExpr, LaterType, Value};
use crate::semantics::{Program, Settings, existing, fits, injection, secret_leak};
use crate::source::Span;
use crate::syntax::ast::{Param, Stmt};

/// The value of a `param`: what is set, else the default.
pub(super) fn param<'p>(ev: &mut Evaluator<'p>, param: &'p Param, home: Home, block: BlockId) -> Value {
    let ty = param.ty.as_ref().map_or(Type::Unknown, |ty| types::resolve(ev, ty));
    let default = param.default.as_ref().map(|expr| {
        let value = ev.eval(expr, &Scope::of(block));
        (now(ev, &value, expr.span, "the default of a `param` is needed"), value, expr.span)
    });
    let key = match (home, &ev.frame.place.instance) {
        (Home::Block(_), Some(instance)) => format!("{}.{}", instance.key.stack, param.name.name),
        _ => param.name.name.to_string(),
    };
    if let Some(text) = ev.round.set.get(key.as_str()).cloned() {
        return set_value(ev, &ty, &key, &text, param.name.span).unwrap_or(Value::Unknown);
    }
    match default {
        Some((true, value, span)) => fits::fit(ev, &ty, value, span),
        Some(_) => Value::Unknown,
        None if matches!(ty, Type::Optional(_)) => Value::Null,
        None => {
            ev.report(
                Diagnostic::new(Code::MissingInput, format!("`{key}` has no value"))
                    .at(param.name.span, "has no default and is not set")
                    .help(format!("set it with `--set {key}=…`, or give it a default")),
            );
            Value::Unknown
        }
    }
}

/// What is set on the command line, read as the declared type.
fn set_value(ev: &mut Evaluator<'_>, ty: &Type, key: &str, text: &str, span: Span) -> Option<Value> {
    match fits::parse(ev, ty, text) {
        Ok(value) => Some(value),
        Err(why) => {
            let problem = Diagnostic::new(Code::BadValue, format!("cannot read the value set for `{key}`: {why}"));
            ev.report(match set_in_test(ev, key) {
                Some(at) => problem.at(at, "set here").at(span, "declared here").help("set another value"),
                None => problem.at(span, "declared here").help(format!("set another value: `--set {key}=…`")),
            });
            None
        }
    }
}

/// Where the test that is run sets it.
fn set_in_test(ev: &Evaluator<'_>, key: &str) -> Option<Span> {
    ev.testing.as_ref().and_then(|testing| testing.set_at(key))
}

/// An `input` as a parameter of the template, and as a value known when deploying.
pub(super) fn input<'p>(ev: &mut Evaluator<'p>, stmt: &'p Stmt, input: &'p Param, block: BlockId) -> Value {
    let name = input.name;
    let ty = match &input.ty {
        Some(ty) => types::resolve(ev, ty),
        None => Type::String(None),
    };
    let Some(later) = ty.later() else {
        ev.report(
            Diagnostic::new(
                Code::TypeMismatch,
                format!("`{}` cannot be an input: `{ty}` is not a type of parameters", name.name),
            )
            .at(
                input.ty.as_ref().map_or(name.span, |ty| ty.span),
                "CloudFormation takes texts, numbers and lists of them",
            )
            .help("make it a `param`, which is known while compiling"),
        );
        return Value::Unknown;
    };
    let secret = ty.is_secret();
    let default = input.default.as_ref().and_then(|expr| {
        let value = ev.eval(expr, &Scope::of(block));
        if !now(ev, &value, expr.span, "the default of an input is needed") {
            return None;
        }
        if secret && !matches!(value, Value::Unknown) {
            ev.report(secret_default(name.name, expr.span));
            return None;
        }
        let value = fits::fit(ev, &ty, value, expr.span);
        as_text(ev, &value, expr.span)
    });
    let key = ev.frame.place.instance.as_ref().map_or(String::new(), |i| format!("{}.{}", i.key.stack, name.name));
    let set = ev.round.set.get(key.as_str()).cloned().and_then(|text| {
        let value = set_value(ev, &ty, &key, &text, name.span)?;
        as_text(ev, &value, name.span)
    });
    claim(ev, name.name, name.span);
    ev.frame.parameters.push(model::Parameter {
        name: name.name,
        ty: parameter_type(&later),
        no_echo: secret,
        description: stmt.doc.clone(),
        source: ParameterSource::Input { set, default },
        span: name.span,
    });
    Value::Later(Arc::new(Later { expr: LaterExpr::Parameter(name.name), ty: later, origin: name.span, secret }))
}

fn secret_default(name: Name, span: Span) -> Diagnostic {
    Diagnostic::new(Code::SecretLeak, format!("the secret `{name}` has a default"))
        .at(span, "everybody who reads the source or the template sees it")
        .help("take the default out and set it when deploying, or use `secret(\"name\")`")
}

/// Inputs share their names with logical ids.
fn claim(ev: &mut Evaluator<'_>, name: Name, span: Span) {
    if let Some((other, at)) = ev.frame.ids.get(&name) {
        // Two declarations of one name are reported where they are collected.
        if ev.frame.unit.members.is_some_and(|members| members.by_name.get(&name).is_some_and(|m| m.span == *at)) {
            return;
        }
        let problem = Diagnostic::new(Code::DuplicateName, format!("`{name}` is the logical id of `{other}` already"))
            .at(span, "this input")
            .at(*at, "this resource");
        ev.report(problem.help("rename one of them"));
        return;
    }
    ev.frame.ids.insert(name, (name.as_str().into(), span));
}

/// The type of the parameter that carries such a value.
pub(super) fn parameter_type(ty: &LaterType) -> ParameterType {
    match ty {
        LaterType::Int | LaterType::Float => ParameterType::Number,
        LaterType::List(..) => ParameterType::List,
        LaterType::String(_) | LaterType::Bool | LaterType::Json | LaterType::Any => ParameterType::String,
    }
}

/// Whether the value is known while compiling; says so where it is not.
fn now(ev: &mut Evaluator<'_>, value: &Value, span: Span, what: &str) -> bool {
    match fits::later_inside(value) {
        None => true,
        Some(later) if later.secret => {
            ev.report(secret_leak("a default", later, span));
            false
        }
        Some(later) => {
            ev.report(fits::too_late(what, later, span));
            false
        }
    }
}

/// A value as the text that a parameter takes.
pub(super) fn as_text(ev: &mut Evaluator<'_>, value: &Value, span: Span) -> Option<Arc<str>> {
    let text = written(ev, value, span)?;
    if injection::is_carried_out(&text) {
        ev.report(injection::refused(&text, span));
        return None;
    }
    Some(text)
}

fn written(ev: &mut Evaluator<'_>, value: &Value, span: Span) -> Option<Arc<str>> {
    match value {
        Value::Unknown | Value::Null => None,
        Value::List(items) => {
            let mut out = String::new();
            for (at, item) in items.iter().enumerate() {
                let text = fits::scalar_text(item);
                if let Some(problem) = item_problem(&text, span) {
                    ev.report(problem);
                    return None;
                }
                let _ = write!(out, "{}{text}", if at == 0 { "" } else { "," });
            }
            Some(out.into())
        }
        scalar => Some(fits::scalar_text(scalar).into()),
    }
}

/// What a text would lose as an item of a list: CloudFormation passes lists as one text, cuts it at
/// its commas, and takes blanks off the pieces.
pub(super) fn item_problem(text: &str, span: Span) -> Option<Diagnostic> {
    if text.contains(',') {
        let message = format!("the item `{text}` of this list contains a comma");
        let problem = Diagnostic::new(Code::BadValue, message).at(span, "lists are passed as one text, cut at commas");
        return Some(problem.help("leave the comma out, or pass the items one by one"));
    }
    (text.trim() != text).then(|| {
        let message = format!("the item `{text}` of this list begins or ends with a blank");
        let problem = Diagnostic::new(Code::BadValue, message);
        problem.at(span, "CloudFormation takes it off").help("leave the blank out: `trim(…)`")
    })
}

/// Everything that can be set, by the name it is set by, with what its declaration says of being deprecated.
fn settable(program: &Program) -> BTreeMap<String, Option<Old>> {
    let mut known: BTreeMap<String, Option<Old>> = BTreeMap::new();
    for (name, top) in &program.declared.ordered {
        if let Top::Param(at) = top {
            let old = program.item(*at).and_then(|item| decorators::deprecated(&item.decorators));
            known.insert(name.to_string(), old);
        }
    }
    for stack in &program.declared.stacks {
        for (name, member) in &stack.members.ordered {
            if matches!(member.kind, Kind::Param | Kind::Input) {
                known.insert(format!("{}.{name}", stack.name), stack.members.old(*name).cloned());
            }
        }
    }
    for stack in &program.declared.stacks {
        if let (Some(template), Some(existing)) = (program.templates.get(&stack.at), program.existing(stack.at)) {
            known.extend(existing::settable(template, existing).map(|name| (format!("{}.{name}", stack.name), None)));
        }
    }
    known
}

/// What is set, name by name: `*.Name` is that of every stack that has it and is not set by its own name.
pub(super) fn each(program: &Program, set: &Settings) -> Settings {
    let mut each = set.clone();
    for (pattern, value) in set {
        let Some(name) = pattern.strip_prefix("*.") else { continue };
        let meant = settable(program).into_keys().filter(|key| key.split_once('.').is_some_and(|(_, own)| own == name));
        let meant: Vec<String> = meant.collect();
        // Where no stack has it, the pattern itself is what nobody knows.
        if !meant.is_empty() {
            each.remove(pattern);
        }
        for key in meant {
            each.entry(key.into()).or_insert_with(|| Arc::clone(value));
        }
    }
    each
}

/// Refuses what is set and declared nowhere.
pub(super) fn check_set(ev: &mut Evaluator<'_>) {
    let known = settable(ev.program);
    for key in ev.round.set.keys() {
        if let Some(old) = known.get(key.as_ref()) {
            if let Some(old) = old {
                ev.report(
                    Diagnostic::new(Code::Deprecated, format!("`{key}`, which is set for this run, is deprecated"))
                        .at(old.span, "its declaration says so")
                        .help(old.reason.to_string()),
                );
            }
            continue;
        }
        let problem = Diagnostic::new(Code::UnknownName, format!("there is nothing called `{key}` to set"));
        let problem = match set_in_test(ev, key) {
            Some(at) => problem.at(at, "neither an `input` nor a `param`"),
            None => problem,
        };
        let help = match nearest(key, known.keys().map(String::as_str)) {
            Some(near) => format!("set `{near}`"),
            None if known.is_empty() => "declare it first: `param name: Type` or `input Name: Type`".to_owned(),
            None => {
                let all: Vec<String> = known.keys().take(12).map(|name| format!("`{name}`")).collect();
                format!("set one of {}", all.join(", "))
            }
        };
        ev.report(problem.help(help));
    }
}
