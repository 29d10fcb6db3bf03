//! `a.b`, `a?.b` and `a[k]`.

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::choice::alike;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::value::{Collection, LaterType, Value};
use crate::semantics::{fits, resources};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Ident};

impl<'p> Evaluator<'p> {
    /// A chain of fields. A resource takes as many of the names as its attribute has parts:
    /// `Database.Endpoint.Address`.
    pub(super) fn fields(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Value {
        let mut chain = Vec::new();
        let mut root = expr;
        while let ExprKind::Field(base, name, optional) = &root.kind {
            chain.push((*name, *optional, base.span));
            root = base;
        }
        chain.reverse();
        let mut value = self.eval(root, scope);
        let mut rest = chain.as_slice();
        while let Some(((name, optional, base), after)) = rest.split_first() {
            rest = after;
            value = match value {
                Value::Resource(resource) => {
                    let more = after.iter().map(|(name, ..)| *name);
                    let (value, taken) = resources::attribute_path(self, &resource, *name, more);
                    rest = after.get(taken.min(after.len())..).unwrap_or(&[]);
                    value
                }
                Value::Null if *optional => Value::Null,
                Value::Null => self.nothing_here(root, *base, name.name.as_str(), scope),
                other => self.field(other, *name, *optional, *base),
            };
        }
        value
    }

    fn nothing_here(&mut self, root: &Expr, base: Span, field: &str, scope: &Scope<'_>) -> Value {
        let absent = match &root.kind {
            ExprKind::Name(name) if root.span == base => self.absent(*name, scope).map(|at| (*name, at)),
            _ => None,
        };
        let problem = match absent {
            Some((name, condition)) => {
                Diagnostic::new(Code::NothingHere, format!("`{name}` is not there in {}", self.here()))
                    .at(base, "nothing to take a field of")
                    .at(condition, format!("`{name}` exists only on the other side of this condition"))
            }
            None => {
                Diagnostic::new(Code::NothingHere, format!("there is no `{field}`: this is `null` in {}", self.here()))
                    .at(base, "`null`")
            }
        };
        self.report_value(
            problem.help(format!("write `?.{field}` for `null` where it is absent, and `??` for what to take then")),
        );
        Value::Unknown
    }

    /// Where evaluation is, for people: `dev`.
    pub(super) fn here(&self) -> String {
        match (&self.frame.place.env, &self.frame.place.instance) {
            (Some(env), _) => format!("`{}`", env.name),
            (None, Some(_)) => "a stack shared by all environments".to_owned(),
            _ => "this project".to_owned(),
        }
    }

    fn field(&mut self, value: Value, name: Ident, optional: bool, base: Span) -> Value {
        match value {
            Value::Unknown => Value::Unknown,
            Value::Stack(stack) if self.frame.is_test => self.look_into_stack(&stack, name, base),
            Value::Stack(stack) => self.output_of(&stack, name, base),
            Value::Seen(seen) => self.look_into(&seen, name, optional),
            Value::Component(component) => self.component_output(&component, name, base),
            Value::Asset(asset) => self.asset_field(&asset, name),
            Value::Object(object) => match object.get(name.name) {
                Some(value) => value.clone(),
                None if optional => Value::Null,
                None => {
                    let known: Vec<Name> = object.iter().map(|(key, _)| key).collect();
                    self.report_value(no_field("this object", name, &known));
                    Value::Unknown
                }
            },
            Value::Env(env) => match env.fields.get(name.name) {
                Some(value) => value.clone(),
                None => {
                    let known: Vec<Name> = env.fields.iter().map(|(key, _)| key).collect();
                    let what = format!("the environment `{}`", env.name);
                    let mut problem = no_field(&what, name, &known);
                    // Another environment has it: then this one lacks it, and the name is right.
                    if self.project.envs.iter().any(|env| env.value.fields.get(name.name).is_some()) {
                        problem.fix = None;
                        problem.help = Some(format!("add `{}` to `{}`", name.name, env.name));
                    }
                    self.report(problem);
                    Value::Unknown
                }
            },
            Value::Resources(all) => {
                self.report(
                    Diagnostic::new(Code::UnknownField, format!("`{}` is made in a loop: there are several", all.name))
                        .at(base, "which one is not said")
                        .at(all.span, "declared here")
                        .help(format!(
                            "choose one, `{}[key].{}`, or take all: `[for x in {}: x.{}]`",
                            all.name, name.name, all.name, name.name
                        )),
                );
                Value::Unknown
            }
            Value::Later(later) if matches!(later.ty, LaterType::Json | LaterType::Any) => {
                let what = format!("`.{}` is needed", name.name);
                self.report(fits::too_late(&what, &later, base));
                Value::Unknown
            }
            other => {
                let message = format!("{} has no fields", fits::kind(&other));
                self.report_value(
                    Diagnostic::new(Code::TypeMismatch, message)
                        .at(base, fits::shown(&other))
                        .help(format!("take `.{}` of an object, a resource or a stack", name.name)),
                );
                Value::Unknown
            }
        }
    }

    /// `a[k]`; several keys choose an instance of a stack.
    pub(super) fn index(&mut self, base: &'p Expr, keys: &'p [Expr], span: Span, scope: &Scope<'_>) -> Value {
        let value = self.eval(base, scope);
        let mut given = Vec::with_capacity(keys.len());
        for key in keys {
            given.push((self.eval(key, scope), key.span));
        }
        if let Value::Stack(stack) = &value {
            return self.choose_instance(stack, &given);
        }
        let Some((key, at)) = given.pop().filter(|_| given.is_empty()) else {
            self.report(
                Diagnostic::new(Code::TypeMismatch, "one key is taken here")
                    .at(span, format!("{} are given", keys.len()))
                    .help("several keys choose the instance of a stack: `network[prod, \"eu-west-1\"]`"),
            );
            return Value::Unknown;
        };
        if let Value::Later(later) = &key {
            self.report(fits::too_late("an index is needed", later, at));
            return Value::Unknown;
        }
        self.element(value, &key, at, base, scope)
    }

    fn element(&mut self, value: Value, key: &Value, at: Span, base: &Expr, scope: &Scope<'_>) -> Value {
        match (&value, key) {
            // In a branch that is not taken, one of several stands for all.
            (Value::Resources(all), Value::Unknown) => {
                all.items.first().filter(|_| self.dry).map_or(Value::Unknown, |(_, item)| item.clone())
            }
            (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
            (Value::List(items), Value::Int(n)) => match position(*n).and_then(|n| items.get(n)) {
                Some(item) => item.clone(),
                None => self.out_of_bounds(*n, items.len(), at),
            },
            (Value::Later(later), Value::Int(n)) if matches!(later.ty, LaterType::List(..)) => {
                match (position(*n).and_then(|n| later.item(n)), &later.ty) {
                    (Some(item), _) => item,
                    (None, LaterType::List(_, Some(length))) => self.out_of_bounds(*n, *length, at),
                    (None, _) => self.out_of_bounds(*n, 0, at),
                }
            }
            (Value::Object(object), Value::Str(_) | Value::Int(_)) => {
                let name = Name::new(&text_of(key));
                match object.get(name) {
                    Some(value) => value.clone(),
                    None => {
                        let known: Vec<Name> = object.iter().map(|(key, _)| key).collect();
                        self.report_value(
                            no_field("this object", Ident { name, span: at }, &known)
                                .help("`lookup(object, key, default)` takes a default for what is not there"),
                        );
                        Value::Unknown
                    }
                }
            }
            (Value::Object(object), Value::Env(env)) if object.get(env.name).is_some() => {
                object.get(env.name).cloned().unwrap_or(Value::Null)
            }
            (Value::Env(env), Value::Str(name)) => {
                let name = Ident { name: Name::new(name), span: at };
                self.field(Value::Env(env.clone()), name, false, base.span)
            }
            (Value::Resources(all), Value::Str(_) | Value::Int(_) | Value::Env(_)) => self.one_of(all, key, at),
            (Value::Null, _) => self.nothing_here(base, base.span, &format!("[{}]", fits::shown(key)), scope),
            (Value::Later(later), _) => {
                self.report(fits::too_late("what `[…]` takes from is needed", later, base.span));
                Value::Unknown
            }
            _ => self.no_such_index(&value, key, at, base.span),
        }
    }

    fn one_of(&mut self, all: &Collection, key: &Value, at: Span) -> Value {
        let wanted = text_of(key);
        if let Some((_, item)) = all.items.iter().find(|(k, _)| alike(k, key) || text_of(k) == wanted) {
            return item.clone();
        }
        let keys: Vec<String> = all.items.iter().map(|(k, _)| fits::shown(k)).collect();
        let shown = match keys.len() {
            0 => "there is none".to_owned(),
            1..=12 => format!("there are {}", keys.join(", ")),
            n => format!("there are {n} others"),
        };
        self.report_value(
            Diagnostic::new(Code::NothingHere, format!("`{}` has no {}", all.name, fits::shown(key)))
                .at(at, shown)
                .at(all.span, "made here"),
        );
        Value::Unknown
    }

    fn out_of_bounds(&mut self, at: i64, length: usize, span: Span) -> Value {
        let length = match length {
            0 => "the list is empty".to_owned(),
            1 => "the list has one item, with index 0".to_owned(),
            n => format!("the list has {n} items, 0 to {}", n - 1),
        };
        self.report_value(Diagnostic::new(Code::OutOfRange, format!("there is no item {at}")).at(span, length));
        Value::Unknown
    }

    fn no_such_index(&mut self, value: &Value, key: &Value, at: Span, base: Span) -> Value {
        let message = match value {
            Value::List(_) => format!("an item of a list is chosen by a whole number, not {}", fits::kind(key)),
            Value::Object(_) | Value::Env(_) => format!("a field is chosen by its name, not {}", fits::kind(key)),
            Value::Resources(_) => format!("a resource of a loop is chosen by its key, not {}", fits::kind(key)),
            other => format!("nothing can be chosen from {}", fits::kind(other)),
        };
        let problem =
            Diagnostic::new(Code::TypeMismatch, message).at(at, fits::shown(key)).at(base, fits::shown(value));
        self.report_value(match value {
            Value::Str(_) => problem.help("take a part of a text with `slice`"),
            _ => problem,
        });
        Value::Unknown
    }
}

fn position(n: i64) -> Option<usize> {
    usize::try_from(n).ok()
}

/// The text of a key: 1 and "1" are the same key.
pub(super) fn text_of(key: &Value) -> String {
    match key {
        Value::Str(text) => text.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Env(env) => env.name.to_string(),
        _ => String::new(),
    }
}

/// A field that is not there, with the nearest one that is.
pub(super) fn no_field(what: &str, name: Ident, known: &[Name]) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownField, format!("{what} has no `{}`", name.name));
    if let Some(near) = nearest(name.name.as_str(), known.iter().map(|n| n.as_str())) {
        return problem.at(name.span, "no such field").help(format!("write `{near}`")).fix(name.span, near);
    }
    let names: Vec<String> = known.iter().take(12).map(|n| format!("`{n}`")).collect();
    match names.is_empty() {
        true => problem.at(name.span, "it has no fields at all"),
        false => problem.at(name.span, "no such field").help(format!("use one of {}", names.join(", "))),
    }
}
