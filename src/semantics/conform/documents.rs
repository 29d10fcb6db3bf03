//! Free documents: policies, templates, properties of types that the schema does not know.

use super::{Walk, without_null};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::assets::NAME_A_FIELD;
use crate::semantics::eval::Scope;
use crate::semantics::value::Value;
use crate::semantics::{fits, injection};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key};

/// What a resource in a document is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resources {
    /// What `Ref` returns: nothing says what is asked for, and nothing else can be meant.
    AreRefs,
    /// A mistake: a policy may want an ARN, an id or a name.
    NeedAttributes,
}

/// Account ids have so many digits. CloudFormation writes numbers of that size as `1.2E11`.
const ACCOUNT_ID: std::ops::RangeInclusive<i64> = 100_000_000_000..=999_999_999_999;

impl<'p> Walk<'_, 'p> {
    /// A document as it is written.
    pub(super) fn document(&mut self, resources: Resources, expr: &'p Expr, scope: &Scope<'_>, depth: usize) -> Value {
        if let Some(value) = self.too_deep(expr.span, depth) {
            return value;
        }
        if self.is_intrinsic_literal(expr) {
            return Value::Unknown;
        }
        match &expr.kind {
            ExprKind::Object(entries) if is_plain(entries) => {
                let mut made: Vec<(Name, Value)> = Vec::with_capacity(entries.len());
                for entry in entries {
                    if let Entry::Field(Key::Name(key), value) = entry {
                        made.push((key.name, self.document(resources, value, scope, depth + 1)));
                    }
                }
                without_null(made, None)
            }
            ExprKind::List(elements) if elements.iter().all(|element| !element.spread) => {
                let items = elements.iter().map(|e| self.document(resources, &e.value, scope, depth + 1));
                Value::List(items.filter(|value| !matches!(value, Value::Null)).collect())
            }
            _ => {
                let value = self.ev.eval(expr, scope);
                self.data(resources, &value, expr.span, depth)
            }
        }
    }

    /// A value in a document.
    pub(super) fn data(&mut self, resources: Resources, value: &Value, span: Span, depth: usize) -> Value {
        if let Some(value) = self.too_deep(span, depth) {
            return value;
        }
        if let Some(problem) = injection::problem(value, span) {
            return self.wrong(problem);
        }
        match value {
            Value::Int(number) if ACCOUNT_ID.contains(number) => Value::Str(number.to_string().into()),
            Value::List(items) => {
                let items = items.iter().map(|item| self.data(resources, item, span, depth + 1));
                Value::List(items.filter(|value| !matches!(value, Value::Null)).collect())
            }
            Value::Object(object) if self.is_intrinsic(object, span) => Value::Unknown,
            Value::Object(object) => {
                let entries = object.iter().map(|(key, value)| (key, self.data(resources, value, span, depth + 1)));
                without_null(entries, object.call())
            }
            Value::Resource(resource) if resources == Resources::AreRefs => fits::unknown_reference(resource, span),
            Value::Resources(all) if resources == Resources::AreRefs => {
                let items = all.items.iter().map(|(_, item)| self.data(resources, item, span, depth + 1));
                Value::List(items.collect())
            }
            Value::Resource(_)
            | Value::Resources(_)
            | Value::Component(_)
            | Value::Stack(_)
            | Value::Env(_)
            | Value::Asset(_) => self.no_data(value, span),
            _ => value.clone(),
        }
    }

    fn no_data(&mut self, value: &Value, span: Span) -> Value {
        let message = format!("nothing says here which value of {} is meant", fits::shown(value));
        let problem =
            Diagnostic::new(Code::WrongIdentifier, message).at(span, format!("this is {}", fits::kind(value)));
        self.wrong(match value {
            Value::Resource(resource) => problem.help(fits::name_an_attribute(resource)),
            Value::Resources(all) => problem.help(format!("name a value of each: `[for x in {}: x.ref]`", all.name)),
            Value::Stack(stack) => problem.help(format!("name one of its outputs: `{}.Output`", stack.stack)),
            Value::Component(part) => problem.help(format!("name one of its outputs: `{}.output`", part.shown)),
            Value::Asset(_) => problem.help(NAME_A_FIELD),
            _ => problem.help("name a field of it: `env.name`"),
        })
    }
}

/// Written keys only, each once: nothing that the evaluator has to sort out.
fn is_plain(entries: &[Entry]) -> bool {
    entries.iter().enumerate().all(|(at, entry)| match entry {
        Entry::Field(Key::Name(key), _) => !entries
            .iter()
            .take(at)
            .any(|before| matches!(before, Entry::Field(Key::Name(other), _) if other.name == key.name)),
        _ => false,
    })
}
