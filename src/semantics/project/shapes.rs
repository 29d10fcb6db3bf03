//! The user's own fields of environments are typed by all environments together.

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::Ident;

/// An environment and the user's own fields of it.
type Own = (Ident, Vec<(Name, Span, Value)>);

/// Says where environments differ in the fields they have, or in the types of these.
pub(super) fn agree(ev: &mut Evaluator<'_>, envs: &[Own]) {
    let mut seen: Vec<Name> = Vec::new();
    for (first, fields) in envs {
        for (name, span, value) in fields {
            if seen.contains(name) {
                continue;
            }
            seen.push(*name);
            for (other, theirs) in envs.iter().filter(|(other, _)| other.name != first.name) {
                match theirs.iter().find(|(n, ..)| n == name) {
                    None => ev.report(missing(*other, *first, *name, *span)),
                    Some((_, at, theirs)) => {
                        if let Some((path, mine, theirs)) = difference(name.to_string(), value, theirs) {
                            ev.report(different((*other, *at, theirs), (*first, *span, mine), &path));
                        }
                    }
                }
            }
        }
    }
}

fn missing(env: Ident, with: Ident, field: Name, at: Span) -> Diagnostic {
    Diagnostic::new(Code::MissingField, format!("the environment `{}` has no `{field}`", env.name))
        .at(env.span, "not given here")
        .at(at, format!("`{}` has it", with.name))
        .help(format!(
            "add `{field}` to `{}`: every environment has the same fields, `null` where there is nothing",
            env.name
        ))
}

fn different(here: (Ident, Span, &Value), there: (Ident, Span, &Value), field: &str) -> Diagnostic {
    let message = format!(
        "`{field}` is {} in `{}` and {} in `{}`",
        fits::kind(here.2),
        here.0.name,
        fits::kind(there.2),
        there.0.name
    );
    Diagnostic::new(Code::TypeMismatch, message)
        .at(here.1, fits::shown(here.2))
        .at(there.1, fits::shown(there.2))
        .help("give it the same type in every environment")
}

/// Where two values cannot be of one type: the path, and both sides. `null` is of every type.
fn difference<'v>(path: String, a: &'v Value, b: &'v Value) -> Option<(String, &'v Value, &'v Value)> {
    match (a, b) {
        (Value::Null | Value::Unknown, _) | (_, Value::Null | Value::Unknown) => None,
        (Value::Bool(_), Value::Bool(_)) | (Value::Str(_), Value::Str(_)) | (Value::Env(_), Value::Env(_)) => None,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => None,
        (Value::List(a), Value::List(b)) => difference(format!("{path}[0]"), a.first()?, b.first()?),
        (Value::Object(a), Value::Object(b)) => {
            a.iter().find_map(|(key, value)| difference(format!("{path}.{key}"), value, b.get(key)?))
        }
        _ => Some((path, a, b)),
    }
}
