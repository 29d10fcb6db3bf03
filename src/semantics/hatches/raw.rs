//! `raw { … }`: JSON that CloudFormation gets as it stands, for what the language or the schema does not know.
//!
//! Nothing in it is held against the schema. What it names is: a logical id that is not in the template is a
//! mistake whoever finds it, and found here it has a place in the source. Names of the language mean in it
//! what they mean in a free document: a resource is what `Ref` of it returns.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::serverless;
use crate::semantics::assets::NAME_A_FIELD;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::model::{Head, Resource};
use crate::semantics::references;
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Raw, RawName, Value};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key};

/// Values deeper than this are refused.
const DEEPEST: usize = 128;

/// Twelve digits. CloudFormation writes numbers of that size as `1.2E11`.
const ACCOUNT_ID: std::ops::RangeInclusive<i64> = 100_000_000_000..=999_999_999_999;

/// What CloudFormation knows in every template.
pub(crate) const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The value of `raw body`.
pub(crate) fn evaluate<'p>(ev: &mut Evaluator<'p>, body: &'p Expr, span: Span, scope: &Scope<'_>) -> Value {
    let given = ev.eval(body, scope);
    if matches!(given, Value::Unknown) {
        return given;
    }
    let Some(value) = settle(ev, &given, span, 0) else { return Value::Unknown };
    let mut written = Vec::new();
    spans(body, &mut written);
    wrap(value, span, |name| written.iter().find(|(n, _)| *n == name).map_or(span, |(_, at)| *at))
}

/// Whether a value is raw as a whole.
pub(crate) fn is_raw(value: &Value) -> bool {
    matches!(value, Value::Later(later) if matches!(later.expr, LaterExpr::Raw(_)))
}

/// What `...raw { … }` adds to an object: each value raw by itself. `None` for all that is not such an object.
pub(crate) fn entries(later: &Later) -> Option<Vec<(Name, Value)>> {
    let LaterExpr::Raw(raw) = &later.expr else { return None };
    let Value::Object(object) = &raw.value else { return None };
    if function(object).is_some() {
        return None;
    }
    let place = |name| raw.names.iter().find(|n| n.name == name).map_or(later.origin, |n| n.span);
    Some(object.iter().map(|(key, value)| (key, wrap(value.clone(), later.origin, place))).collect())
}

fn wrap(value: Value, origin: Span, place: impl Fn(Name) -> Span) -> Value {
    let mut names = Vec::new();
    named(&value, &mut |name| names.push(RawName { name, span: place(name) }));
    let secret = is_secret(&value);
    let expr = LaterExpr::Raw(Arc::new(Raw { value, names }));
    Value::Later(Arc::new(Later { expr, ty: LaterType::Any, origin, secret }))
}

/// The value as JSON can hold it: no `null`, no names of the language, nothing raw inside.
fn settle(ev: &mut Evaluator<'_>, value: &Value, span: Span, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        ev.report_value(
            Diagnostic::new(Code::LimitExceeded, format!("this is nested more than {DEEPEST} levels deep"))
                .at(span, "too deep")
                .help("make it flatter"),
        );
        return None;
    }
    Some(match value {
        Value::Int(number) if ACCOUNT_ID.contains(number) => Value::Str(number.to_string().into()),
        Value::List(items) => Value::List(list(ev, items.iter(), span, depth)?),
        Value::Resources(all) => Value::List(list(ev, all.items.iter().map(|(_, item)| item), span, depth)?),
        Value::Resource(resource) => fits::unknown_reference(resource, span),
        Value::Object(object) => {
            let mut made = Object::default();
            for (key, value) in object.iter().filter(|(_, value)| !matches!(value, Value::Null)) {
                made.push_new(key, settle(ev, value, span, depth + 1)?);
            }
            if let Some(problem) = function(&made).and_then(|(name, argument)| refused(name, argument, span)) {
                ev.report_value(problem);
                return None;
            }
            Value::Object(made.into())
        }
        Value::Later(later) => match &later.expr {
            LaterExpr::Raw(raw) => raw.value.clone(),
            _ => value.clone(),
        },
        Value::Env(env) => Value::Str(env.name.as_str().into()),
        Value::Stack(stack) => {
            ev.report(
                Diagnostic::new(Code::TypeMismatch, format!("nothing says which output of `{}` is meant", stack.stack))
                    .at(span, "in here")
                    .help(format!("name one of its outputs: `{}.Output`", stack.stack)),
            );
            return None;
        }
        Value::Component(part) => {
            ev.report(
                Diagnostic::new(Code::TypeMismatch, format!("nothing says which output of `{}` is meant", part.shown))
                    .at(span, "in here")
                    .help(format!("name one of its outputs: `{}.output`", part.shown)),
            );
            return None;
        }
        Value::Asset(asset) => {
            ev.report(
                Diagnostic::new(
                    Code::TypeMismatch,
                    format!("nothing says what of the asset `{}` is meant", asset.package.path()),
                )
                .at(span, "in here")
                .help(NAME_A_FIELD),
            );
            return None;
        }
        other => other.clone(),
    })
}

fn list<'v>(
    ev: &mut Evaluator<'_>,
    items: impl Iterator<Item = &'v Value>,
    span: Span,
    depth: usize,
) -> Option<Arc<[Value]>> {
    items.filter(|item| !matches!(item, Value::Null)).map(|item| settle(ev, item, span, depth + 1)).collect()
}

/// What CloudFormation cannot carry out in a template of ours.
fn refused(name: &str, argument: &Value, span: Span) -> Option<Diagnostic> {
    let section = match name {
        "Fn::If" => Some(("conditions", "`if … then … else …`, which is decided while compiling")),
        "Fn::FindInMap" => Some(("mappings", "`lookup(…)` or `match env { … }`")),
        _ => None,
    };
    if let Some((section, instead)) = section {
        return Some(
            Diagnostic::new(Code::BadValue, format!("`{name}` has nothing to look up: templates have no {section}"))
                .at(span, format!("`{name}` in here"))
                .help(format!("write {instead}")),
        );
    }
    let text = match argument {
        Value::List(parts) => parts.first(),
        other => Some(other),
    };
    (name == "Fn::Sub" && matches!(text, Some(Value::Later(_)))).then(|| {
        Diagnostic::new(Code::KnownTooLate, "the text of `Fn::Sub` must be known while compiling")
            .at(span, "a part of it is known when deploying")
            .help("leave out `Fn::Sub` and interpolate, or write the text in plain quotes: `'${Vpc.VpcId}'`")
    })
}

/// An object that CloudFormation takes for a function: its name and argument.
fn function(object: &Object) -> Option<(&'static str, &Value)> {
    let mut entries = object.iter();
    let (Some((key, argument)), None) = (entries.next(), entries.next()) else { return None };
    let key = key.as_str();
    (key == "Ref" || key.starts_with("Fn::")).then_some((key, argument))
}

fn is_secret(value: &Value) -> bool {
    match value {
        Value::Later(later) => later.secret,
        Value::List(items) => items.iter().any(is_secret),
        Value::Object(object) => object.iter().any(|(_, value)| is_secret(value)),
        _ => false,
    }
}

/// Gives every logical id that functions in `value` name to `found`, in order.
fn named(value: &Value, found: &mut impl FnMut(Name)) {
    match value {
        Value::List(items) => items.iter().for_each(|item| named(item, found)),
        Value::Object(object) => {
            if let Some((name, argument)) = function(object) {
                by_function(name, argument, found);
            }
            object.iter().for_each(|(_, value)| named(value, found));
        }
        _ => {}
    }
}

fn by_function(function: &str, argument: &Value, found: &mut impl FnMut(Name)) {
    let first = |parts: &[Value]| match parts.first() {
        Some(Value::Str(text)) => Some(Arc::clone(text)),
        _ => None,
    };
    match (function, argument) {
        ("Ref", Value::Str(name)) => found(Name::new(name)),
        ("Fn::GetAtt", Value::Str(path)) => found(Name::new(owner(path))),
        ("Fn::GetAtt", Value::List(parts)) => first(parts).iter().for_each(|name| found(Name::new(name))),
        ("Fn::Sub", Value::Str(text)) => placeholders(text).for_each(|name| found(Name::new(name))),
        ("Fn::Sub", Value::List(parts)) => {
            let own =
                |name: &str| matches!(parts.get(1), Some(Value::Object(own)) if own.get(Name::new(name)).is_some());
            if let Some(text) = first(parts) {
                placeholders(&text).filter(|name| !own(name)).for_each(|name| found(Name::new(name)));
            }
        }
        _ => {}
    }
}

/// `Vpc` of `Vpc.CidrBlock`.
fn owner(path: &str) -> &str {
    path.split_once('.').map_or(path, |(owner, _)| owner)
}

/// The names between `${` and `}`, without attributes and without `${!literal}`.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split("${").skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name.trim());
    inside.filter(|name| !name.starts_with('!') && !name.is_empty()).map(owner)
}

/// The logical ids that stand in the source as they are, and where.
fn spans(expr: &Expr, into: &mut Vec<(Name, Span)>) {
    match &expr.kind {
        ExprKind::Object(entries) => {
            for entry in entries {
                match entry {
                    Entry::Field(Key::Name(key), value) => {
                        literal(key.name.as_str(), value, into);
                        spans(value, into);
                    }
                    Entry::Field(Key::Computed(_), value) | Entry::Spread(value) => spans(value, into),
                }
            }
        }
        ExprKind::List(elements) => elements.iter().for_each(|element| spans(&element.value, into)),
        ExprKind::ListFor(list) => spans(&list.value, into),
        ExprKind::If(parts) => [&parts.1, &parts.2].into_iter().for_each(|branch| spans(branch, into)),
        ExprKind::Raw(body) => spans(body, into),
        _ => {}
    }
}

fn literal(function: &str, argument: &Expr, into: &mut Vec<(Name, Span)>) {
    let argument = match &argument.kind {
        ExprKind::List(elements) if function != "Ref" => elements.first().map(|element| &element.value),
        _ => Some(argument),
    };
    let Some(Expr { kind: ExprKind::Str(text), span }) = argument else { return };
    match function {
        "Ref" => into.push((Name::new(text), *span)),
        "Fn::GetAtt" => into.push((Name::new(owner(text)), *span)),
        "Fn::Sub" => into.extend(placeholders(text).map(|name| (Name::new(name), *span))),
        _ => {}
    }
}

/// Reports every name in raw JSON that the template does not have.
pub(crate) fn check_names(ev: &mut Evaluator<'_>, head: &Head, resources: &[Resource]) {
    let mut names = Vec::new();
    let mut note = |name: &RawName| names.push(*name);
    for value in resources.iter().flat_map(Resource::values) {
        references::each_raw(value, &mut note);
    }
    head.outputs.iter().for_each(|output| references::each_raw(&output.value, &mut note));
    if names.is_empty() {
        return;
    }
    let mut there: Vec<Name> = resources.iter().map(|resource| resource.id).collect();
    there.extend(head.parameters.iter().map(|parameter| parameter.name));
    names.sort_by_key(|name| (name.span, name.name));
    names.dedup();
    for RawName { name, span } in names {
        let made =
            || serverless::may_be_generated(name.as_str(), resources.iter().map(|r| (r.id.as_str(), r.ty.as_str())));
        if !there.contains(&name) && !PSEUDO.contains(&name.as_str()) && !made() {
            ev.report(unknown(ev, name, span, &there));
        }
    }
}

fn unknown(ev: &Evaluator<'_>, name: Name, span: Span, there: &[Name]) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownName, format!("the template has no `{name}`"))
        .at(span, "no logical id, no parameter of this stack");
    match crate::diagnostics::nearest(name.as_str(), there.iter().map(|name| name.as_str())) {
        Some(near) if ev.program.sources.quotes(span, name.as_str()) => {
            problem.help(format!("write `{near}`")).fix(span, near.quoted())
        }
        Some(near) => problem.help(format!("write `{near}`")),
        None => problem.help("name a resource of this stack by its logical id, without quotes where you can"),
    }
}
