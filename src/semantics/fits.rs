//! Whether a value is of a declared type, and the words for values in messages.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::schema::{Identifier, Types};
use crate::semantics::Program;
use crate::semantics::assets::NAME_A_FIELD;
use crate::semantics::eval::Evaluator;
use crate::semantics::functions::Block;
use crate::semantics::operators;
use crate::semantics::types::{Bounds, Field, Identity, Type};
use crate::semantics::value::{ComponentRef, Later, LaterType, Object, ResourceRef, Value};
use crate::source::Span;

mod cast;
mod identity;
mod parse;
mod words;

pub(crate) use cast::cast;
pub(crate) use identity::{identifier_list, meet, reference, unknown_reference};
pub(crate) use parse::{accepts, parse, parse_text};
pub(crate) use words::{
    is_text, key_name, kind, later_inside, later_of, name_an_attribute, scalar_text, shown, too_late,
};

type Problem = Box<Diagnostic>;

/// Deeper values are not looked into.
const DEEPEST: usize = 256;
/// So many outputs of a component are suggested.
const MOST_OUTPUTS: usize = 6;

/// `value` as a `ty`: itself, coerced, or [`Value::Unknown`] with a report at `span`.
pub(crate) fn fit(ev: &mut Evaluator<'_>, ty: &Type, value: Value, span: Span) -> Value {
    match try_fit(ev, ty, value, span) {
        Ok(value) => value,
        Err(problem) => {
            ev.report_value(*problem);
            Value::Unknown
        }
    }
}

/// The value as that type, or why it does not fit.
pub(crate) fn try_fit(ev: &Evaluator<'_>, ty: &Type, value: Value, span: Span) -> Result<Value, Problem> {
    Fitter { types: ev.types(), program: Some(ev.program), span }.fit(ty, value, 0)
}

struct Fitter<'p> {
    types: &'static Types,
    /// For what a component could give instead; `None` where no component can stand.
    program: Option<&'p Program>,
    span: Span,
}

impl Fitter<'_> {
    fn fit(&self, ty: &Type, value: Value, depth: usize) -> Result<Value, Problem> {
        if matches!(value, Value::Unknown) || depth > DEEPEST {
            return Ok(value);
        }
        match (ty, &value) {
            (Type::Unknown, _) => Ok(value),
            (Type::Optional(_), Value::Null) => Ok(value),
            (Type::Optional(inner), _) => self.fit(inner, value, depth + 1),
            (Type::Union(members), _) => self.union(ty, members, value, depth),
            (Type::Named(named), _) => match (&named.ty, &value) {
                (Type::Union(members), _) => self.union(ty, members, value, depth),
                (Type::String(Some(pattern)), Value::Str(text)) if !pattern.matches(text) => {
                    Err(self.bad_value(&value, &format!("does not match `{ty}`"), ty))
                }
                (inner, _) => self.fit(inner, value, depth + 1),
            },
            (Type::Literal(literal), _) if operators::equal(literal, &value) == Some(true) => Ok(value),
            (Type::Literal(Value::Null), _) => Err(self.mismatch(ty, &value)),
            (_, Value::Later(later)) => self.later(ty, &value, later),
            (Type::Resource(..) | Type::Identifier(_) | Type::Arn, Value::Resource(_)) => self.resource(ty, value),
            (Type::String(pattern), Value::Str(text)) => {
                let holds = pattern.as_ref().is_none_or(|pattern| pattern.matches(text));
                if holds { Ok(value) } else { Err(self.bad_value(&value, &format!("does not match `{ty}`"), ty)) }
            }
            (Type::Int(bounds), Value::Int(_)) | (Type::Float(bounds), Value::Int(_) | Value::Float(_)) => {
                self.bounded(ty, bounds, value)
            }
            (Type::Bool, Value::Bool(_)) => Ok(value),
            (Type::Cidr, Value::Str(text)) => match Block::parse(text) {
                Ok(_) => Ok(value),
                Err((message, help)) => {
                    Err(Box::new(Diagnostic::new(Code::BadValue, message).at(self.span, "not a `Cidr`").help(help)))
                }
            },
            (Type::Arn, Value::Str(text)) => {
                let holds = text.starts_with("arn:") && text.splitn(6, ':').count() == 6;
                if holds { Ok(value) } else { Err(self.bad_value(&value, "is not an ARN", ty)) }
            }
            (
                Type::Json,
                Value::Resource(_)
                | Value::Resources(_)
                | Value::Component(_)
                | Value::Seen(_)
                | Value::Stack(_)
                | Value::Env(_)
                | Value::Asset(_),
            ) => Err(self.mismatch(ty, &value)),
            (Type::Json, _) | (Type::Asset, Value::Asset(_)) => Ok(value),
            (Type::Component(_, id), Value::Component(part)) if part.id == *id => Ok(value),
            (Type::Secret, _) => Err(self.no_secret(&value)),
            (Type::List(item), Value::List(items)) => self.list(item, items, depth),
            (Type::List(item), Value::Resources(all)) => {
                let items: Arc<[Value]> = all.items.iter().map(|(_, item)| item.clone()).collect();
                self.list(item, &items, depth)
            }
            (Type::Map(inner), Value::Object(object)) => self.map(inner, object, depth),
            (Type::Map(inner), Value::Resources(all)) => {
                let items = all.items.iter().map(|(key, item)| (key_name(key), item.clone()));
                self.map(inner, &items.collect(), depth)
            }
            (Type::Record(fields), Value::Object(object)) => self.record(fields, object, depth),
            (Type::Identifier(identity), Value::Str(text)) => {
                let holds = identity.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
                    && identity::is_arn_of(self.types, &identity.identifies, text) != Some(false);
                if holds { Ok(value) } else { Err(self.bad_value(&value, &format!("is not an `{ty}`"), ty)) }
            }
            _ => Err(self.mismatch(ty, &value)),
        }
    }

    fn mismatch(&self, ty: &Type, value: &Value) -> Problem {
        let problem = Diagnostic::new(Code::TypeMismatch, format!("expected `{ty}`, got {}", shown(value)))
            .at(self.span, format!("this is {}", kind(value)));
        Box::new(match (ty, value) {
            (_, Value::Null) => problem.help(format!("give a value, or declare it as `{ty}?`")),
            (Type::String(_), Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
                problem.help(format!("write it in quotes: `\"{}\"`", scalar_text(value)))
            }
            (Type::Int(_) | Type::Float(_) | Type::Bool, Value::Str(text)) => match parse::scalar(ty, text) {
                Some(_) => problem.help("write it without quotes"),
                None => problem.help(format!("give a value of the type `{ty}`")),
            },
            (Type::List(_), Value::Resource(_) | Value::Str(_) | Value::Int(_) | Value::Object(_)) => {
                problem.help("put it in a list: `[…]`")
            }
            (_, Value::Resource(resource)) => problem.help(self.instead_of(ty, resource)),
            (_, Value::Component(part)) => problem.help(words::given_as(ty).unwrap_or_else(|| self.an_output(part))),
            (_, Value::Asset(_)) => problem.help(NAME_A_FIELD),
            (Type::Asset, Value::Str(_)) => problem.help("pack the file or folder of that path: `asset(…)`"),
            (Type::Int(_) | Type::Float(_) | Type::Bool | Type::String(_), Value::Later(later))
                if !matches!(later.ty, LaterType::List(..) | LaterType::Json) =>
            {
                problem.help(format!("if it is one, say so: `… as {ty}`"))
            }
            _ => problem.help(words::given_as(ty).unwrap_or_else(|| format!("give a value of the type `{ty}`"))),
        })
    }

    fn bad_value(&self, value: &Value, what: &str, ty: &Type) -> Problem {
        Box::new(Diagnostic::new(Code::BadValue, format!("{} {what}", shown(value))).at(self.span, "this value").help(
            match ty {
                Type::Arn => "write an ARN such as `arn:aws:sns:eu-west-1:111111111111:alerts`".to_owned(),
                Type::Identifier(identity) => match identity::arn_form(self.types, &identity.identifies) {
                    Some(form) => format!("name the resource, or write its ARN: `{form}`"),
                    None => format!("give a value that fits `{ty}`"),
                },
                _ => words::given_as(ty).unwrap_or_else(|| format!("give a value that fits `{ty}`")),
            },
        ))
    }

    fn bounded(&self, ty: &Type, bounds: &Bounds, value: Value) -> Result<Value, Problem> {
        #[expect(clippy::cast_precision_loss, reason = "ends of ranges are far from the limits of numbers")]
        let number = match value {
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            _ => return Ok(value),
        };
        let (below, above) = (bounds.min.is_some_and(|min| number < min), bounds.max.is_some_and(|max| number > max));
        if !below && !above {
            return Ok(value);
        }
        let message = format!("{} is outside `{ty}`", shown(&value));
        let help = match (bounds.min, bounds.max) {
            (Some(min), Some(max)) => format!("use a number from {min} to {max}"),
            (Some(min), None) => format!("use a number from {min}"),
            (None, Some(max)) => format!("use a number up to {max}"),
            (None, None) => "use another number".to_owned(),
        };
        Err(Box::new(Diagnostic::new(Code::OutOfRange, message).at(self.span, "this number").help(help)))
    }

    fn no_secret(&self, value: &Value) -> Problem {
        Box::new(
            Diagnostic::new(Code::TypeMismatch, format!("expected a `Secret`, got {}", kind(value)))
                .at(self.span, "seen by everyone who reads the source")
                .help("refer to it with `secret(\"name\")` or `ssm_secret(\"/path\")`, or take an `input` of the type `Secret`"),
        )
    }

    fn list(&self, item: &Type, items: &Arc<[Value]>, depth: usize) -> Result<Value, Problem> {
        let fitted: Vec<Value> =
            items.iter().map(|value| self.fit(item, value.clone(), depth + 1)).collect::<Result<_, _>>()?;
        Ok(Value::List(fitted.into()))
    }

    fn map(&self, inner: &Type, object: &Object, depth: usize) -> Result<Value, Problem> {
        let mut fitted = Object::default();
        fitted.made_by(object.call());
        for (key, value) in object.iter() {
            fitted.push_new(key, self.fit(inner, value.clone(), depth + 1)?);
        }
        Ok(Value::Object(Arc::new(fitted)))
    }

    fn record(&self, fields: &[Field], object: &Object, depth: usize) -> Result<Value, Problem> {
        let mut fitted = Object::default();
        fitted.made_by(object.call());
        for (key, value) in object.iter() {
            let Some(field) = fields.iter().find(|field| field.name == key) else {
                return Err(self.unknown_field(fields, key.as_str()));
            };
            let absent = field.optional && matches!(value, Value::Null);
            fitted.push_new(key, if absent { Value::Null } else { self.fit(&field.ty, value.clone(), depth + 1)? });
        }
        for field in fields.iter().filter(|field| object.get(field.name).is_none()) {
            if !field.optional && !matches!(field.ty, Type::Optional(_)) {
                let message = format!("the field `{}` is missing", field.name);
                let problem = Diagnostic::new(Code::MissingField, message).at(self.span, "lacks it");
                let help = format!("add `{}: …`, of the type `{}`", field.name, field.ty);
                return Err(Box::new(problem.help(help)));
            }
            fitted.push_new(field.name, Value::Null);
        }
        Ok(Value::Object(Arc::new(fitted)))
    }

    fn unknown_field(&self, fields: &[Field], key: &str) -> Problem {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let problem = Diagnostic::new(Code::UnknownField, format!("there is no field `{key}`"));
        Box::new(match nearest(key, names.iter().copied()) {
            Some(near) => {
                let problem = problem.at(self.span, format!("has `{key}`")).help(format!("write `{near}`"));
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let is_key = |before: &str, behind: &str| {
                    !before.ends_with(|c| is_word(c) || c == '"') && behind.trim_start().starts_with(':')
                };
                match self.program.and_then(|program| program.sources.only(self.span, key, is_key)) {
                    Some(at) => problem.fix(at, near),
                    None => problem,
                }
            }
            None => {
                problem.at(self.span, format!("has `{key}`")).help(format!("use the fields `{}`", names.join("`, `")))
            }
        })
    }

    /// The first member that fits; else the problem of the one that is meant.
    fn union(&self, ty: &Type, members: &[Type], value: Value, depth: usize) -> Result<Value, Problem> {
        let mut meant = Vec::new();
        for member in members {
            match self.fit(member, value.clone(), depth + 1) {
                Ok(value) => return Ok(value),
                Err(problem) if same_shape(member, &value) => meant.push(problem),
                Err(_) => {}
            }
        }
        if let Value::Str(text) = &value {
            let texts = members.iter().filter_map(|member| match member {
                Type::Literal(Value::Str(text)) => Some(&**text),
                _ => None,
            });
            if let Some(near) = nearest(text, texts) {
                let problem = Diagnostic::new(Code::TypeMismatch, format!("expected `{ty}`, got {}", shown(&value)));
                let problem = problem.at(self.span, "not one of them").help(format!("write `\"{near}\"`"));
                let is_literal = self.program.is_some_and(|program| program.sources.quotes(self.span, text));
                return Err(Box::new(if is_literal { problem.fix(self.span, near.quoted()) } else { problem }));
            }
        }
        // Of several that may be meant, none explains the others.
        match (meant.len(), meant.pop()) {
            (1, Some(problem)) => Err(problem),
            _ => Err(self.mismatch(ty, &value)),
        }
    }

    fn resource(&self, ty: &Type, value: Value) -> Result<Value, Problem> {
        let Value::Resource(resource) = &value else { return Ok(value) };
        match ty {
            Type::Resource(name, ..) if *name == resource.ty => Ok(value),
            Type::Identifier(identity) => reference(self.types, resource, &identity.identifies, self.span)
                .ok_or_else(|| self.wrong(identity, &value)),
            Type::Arn => identity::arn(self.types, resource, self.span).ok_or_else(|| self.mismatch(ty, &value)),
            _ => Err(self.mismatch(ty, &value)),
        }
    }

    /// The remedy where a resource stands that is none of those the type takes.
    fn instead_of(&self, ty: &Type, resource: &ResourceRef) -> String {
        let mut taken = Vec::new();
        words::resources_in(ty, &mut taken);
        if taken.is_empty() || taken.iter().any(|name| name == resource.ty.as_str()) {
            return name_an_attribute(resource);
        }
        if let Some(help) = words::given_as(ty) {
            return help;
        }
        let taken: Vec<String> = taken.iter().map(|name| format!("`{name}`")).collect();
        match &*taken {
            [only] => format!("give an {only}"),
            several => format!("give one of these: {}", several.join(", ")),
        }
    }

    /// The remedy where a component stands.
    fn an_output(&self, part: &ComponentRef) -> String {
        let declared = self.program.and_then(|program| program.component(part.id.0, part.id.1));
        let outputs = declared.map_or(&[][..], |(declared, ..)| &declared.members.outputs);
        let named: Vec<String> =
            outputs.iter().take(MOST_OUTPUTS).map(|output| format!("`{}.{}`", part.shown, output.name)).collect();
        if named.is_empty() {
            return format!("`{}` has no outputs; add one to the component", part.component);
        }
        format!("name one of its outputs: {}", named.join(", "))
    }

    /// A value that identifies something else.
    fn wrong(&self, identity: &Identity, value: &Value) -> Problem {
        let message = format!("expected `{}`, got {}", identity.shown, shown(value));
        let problem = Diagnostic::new(Code::WrongIdentifier, message);
        let problem = match value {
            Value::Later(later) if is_plain(later) => problem.at(self.span, "nothing says what it identifies"),
            _ => problem.at(self.span, "identifies something else"),
        };
        let ty = &identity.shown;
        Box::new(match value {
            Value::Resource(resource) if is_of(&identity.identifies, resource) => {
                problem.help(name_an_attribute(resource))
            }
            Value::Resource(_) => {
                problem.help(format!("give an `{}`", ty.rsplit_once('.').map_or(&**ty, |(of, _)| of)))
            }
            Value::Later(later) if is_plain(later) => {
                problem.help(format!("say that it is one: `… as {}`", identity.shown))
            }
            _ => problem.help(format!("give an `{}`", identity.shown)),
        })
    }

    fn later(&self, ty: &Type, value: &Value, later: &Later) -> Result<Value, Problem> {
        let fits = match (ty, &later.ty) {
            (_, LaterType::Any) | (Type::Json, _) => true,
            (Type::Secret, _) => later.secret,
            (Type::Identifier(identity), LaterType::String(ids)) => {
                if meet(ids, &identity.identifies) {
                    return Ok(value.clone());
                }
                return Err(self.wrong(identity, value));
            }
            (Type::Resource(_, Some(_), identifies), LaterType::String(ids)) => meet(ids, identifies),
            (Type::Resource(_, None, _) | Type::String(_) | Type::Cidr, LaterType::String(_)) => true,
            (Type::Arn, LaterType::String(ids)) => ids.is_empty() || ids.iter().any(identity::is_arn),
            (Type::Int(_), LaterType::Int) | (Type::Float(_), LaterType::Int | LaterType::Float) => true,
            (Type::Bool, LaterType::Bool) => true,
            (Type::List(item), LaterType::List(inner, _)) => {
                let one = Later { ty: (**inner).clone(), expr: later.expr.clone(), ..*later };
                let one = Arc::new(one);
                return self.later(item, &Value::Later(Arc::clone(&one)), &one).map(|_| value.clone());
            }
            (Type::Literal(_), _) => {
                return Err(Box::new(too_late(&format!("a value of the type `{ty}` is needed"), later, self.span)));
            }
            (Type::Optional(inner), _) => return self.later(inner, value, later),
            (Type::Named(named), _) => {
                return self.later(&named.ty, value, later).map_err(|_| self.mismatch(ty, value));
            }
            (Type::Union(members), _) => members.iter().any(|member| self.later(member, value, later).is_ok()),
            (Type::Map(_) | Type::Record(_), LaterType::Json) => {
                return Err(Box::new(too_late(&format!("a value of the type `{ty}` is needed"), later, self.span)));
            }
            _ => false,
        };
        if fits { Ok(value.clone()) } else { Err(self.mismatch(ty, value)) }
    }
}

/// Whether it is a resource of a type that one of the identifiers belongs to.
fn is_of(ids: &[Identifier], resource: &ResourceRef) -> bool {
    ids.iter().any(|id| id.resource == resource.ty.as_str())
}

/// A later text of which nothing is said.
fn is_plain(later: &Later) -> bool {
    matches!(&later.ty, LaterType::String(ids) if ids.is_empty())
}

/// The value and the type are both objects, lists and so on: the type is the one that is meant.
fn same_shape(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Named(named) => return same_shape(&named.ty, value),
        Type::Union(members) => return members.iter().any(|member| same_shape(member, value)),
        _ => {}
    }
    matches!(
        (ty, value),
        (Type::Record(_) | Type::Map(_), Value::Object(_))
            | (Type::List(_), Value::List(_))
            | (Type::Int(_) | Type::Float(_), Value::Int(_))
            | (Type::Float(_), Value::Float(_))
            | (Type::String(_) | Type::Cidr | Type::Arn | Type::Identifier(_), Value::Str(_))
    )
}
