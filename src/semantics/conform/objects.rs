//! Objects with known keys, and maps with free ones.

use super::{Asked, Part, Walk, of_property, without_null, words};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{NodeId, ObjectType, Pattern};
use crate::semantics::conform::documents::Resources;
use crate::semantics::eval::{Scope, same_key};
use crate::semantics::value::{LaterType, Object, Value};
use crate::semantics::{fits, hatches};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, Key};

/// What a key is given.
#[derive(Clone, Copy)]
enum Given<'p, 'v> {
    /// As it is written.
    Expr(&'p Expr),
    /// By a spread at that place.
    Value(&'v Value, Span),
}

/// An object in the making.
#[derive(Default)]
pub(super) struct Made {
    entries: Vec<(Name, Value, Span)>,
    /// Something spread into it is not known: what is missing cannot be said.
    partial: bool,
    /// The call of the function that made it.
    call: Option<Span>,
}

impl Made {
    /// Sets a key; a later value takes the place of an earlier one.
    fn set(&mut self, key: Name, value: Value, at: Span) {
        match self.entries.iter_mut().find(|(k, ..)| *k == key) {
            Some(old) => *old = (key, value, at),
            None => self.entries.push((key, value, at)),
        }
    }

    /// Whether the key is given something.
    pub(super) fn has(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    /// Where the key is given something.
    pub(super) fn place(&self, key: &str) -> Option<Span> {
        let mut given = self.entries.iter().filter(|(_, value, _)| !matches!(value, Value::Null));
        given.find(|(k, ..)| k.as_str() == key).map(|(.., at)| *at)
    }

    /// The keys that are given something, in the order of the source.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().filter(|(_, value, _)| !matches!(value, Value::Null)).map(|(key, ..)| key.as_str())
    }

    /// As CloudFormation takes it.
    fn finish(self) -> Value {
        without_null(self.entries.into_iter().map(|(key, value, _)| (key, value)), self.call)
    }

    /// Whether the key is written at all, if only with `null`.
    fn names(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, ..)| k.as_str() == key)
    }
}

/// Where keys with their types are looked up.
#[derive(Clone, Copy)]
enum Keys<'t> {
    Known(&'t ObjectType),
    Free(Option<&'t Pattern>, NodeId),
}

impl<'p> Walk<'_, 'p> {
    pub(super) fn object_literal(
        &mut self,
        asked: Asked<'_>,
        object: &'static ObjectType,
        entries: &'p [Entry],
        span: Span,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Value {
        let made = self.entries(asked, Keys::Known(object), entries, scope, depth);
        self.whole(asked, object, made, span)
    }

    pub(super) fn map_literal(
        &mut self,
        asked: Asked<'_>,
        key: Option<&'static Pattern>,
        value: NodeId,
        entries: &'p [Entry],
        scope: &Scope<'_>,
        depth: usize,
    ) -> Value {
        let made = self.entries(asked, Keys::Free(key, value), entries, scope, depth);
        if made.partial { Value::Unknown } else { made.finish() }
    }

    pub(super) fn object(
        &mut self,
        asked: Asked<'_>,
        object: &'static ObjectType,
        value: &Value,
        span: Span,
        depth: usize,
    ) -> Value {
        match value {
            Value::Object(given) => {
                let made = self.spread(asked, Keys::Known(object), given, span, depth);
                self.whole(asked, object, made, span)
            }
            Value::Later(later) if matches!(later.ty, LaterType::Json | LaterType::Any) => value.clone(),
            _ => self.mismatch(asked, value, span),
        }
    }

    pub(super) fn map(
        &mut self,
        asked: Asked<'_>,
        key: Option<&'static Pattern>,
        of: NodeId,
        value: &Value,
        span: Span,
        depth: usize,
    ) -> Value {
        match value {
            Value::Object(given) => self.spread(asked, Keys::Free(key, of), given, span, depth).finish(),
            Value::Later(later) if matches!(later.ty, LaterType::Json | LaterType::Any) => value.clone(),
            _ => self.mismatch(asked, value, span),
        }
    }

    /// Entries as they are written; a key written twice is a mistake, one that is spread is not.
    fn entries(
        &mut self,
        asked: Asked<'_>,
        keys: Keys<'static>,
        entries: &'p [Entry],
        scope: &Scope<'_>,
        depth: usize,
    ) -> Made {
        let mut made = Made { entries: Vec::with_capacity(entries.len()), ..Made::default() };
        let mut written: Vec<(Name, Span)> = Vec::with_capacity(entries.len());
        for entry in entries {
            let (key, value) = match entry {
                Entry::Spread(expr) => {
                    self.spread_expr(asked, keys, expr, scope, depth, &mut made);
                    continue;
                }
                Entry::Field(Key::Name(key), value) => (Some((key.name, key.span)), value),
                Entry::Field(Key::Computed(key), value) => {
                    (self.ev.key(key, scope).map(|name| (name, key.span)), value)
                }
            };
            let Some((name, at)) = key else {
                made.partial = true;
                continue;
            };
            if let Some((_, first)) = written.iter().find(|(n, _)| *n == name) {
                let problem = same_key(name, at, *first);
                self.wrong_always(problem);
                continue;
            }
            written.push((name, at));
            let value = self.entry(asked, keys, name, at, Given::Expr(value), Some(scope), depth);
            made.set(name, value, at);
        }
        made
    }

    fn spread_expr(
        &mut self,
        asked: Asked<'_>,
        keys: Keys<'static>,
        expr: &'p Expr,
        scope: &Scope<'_>,
        depth: usize,
        made: &mut Made,
    ) {
        let value = self.ev.eval(expr, scope);
        match &value {
            Value::Null => {}
            Value::Object(given) => {
                made.call = made.call.or(given.call());
                let (place, before) = (self.place_of(expr, scope), self.found.len());
                let more = self.spread(asked, keys, given, place, depth).entries;
                self.spread_here(before, expr.span, place);
                if made.entries.is_empty() {
                    // Nothing to replace: large maps are spread into nothing.
                    made.entries = more;
                    return;
                }
                for (key, value, at) in more {
                    made.set(key, value, at);
                }
            }
            Value::Unknown => made.partial = true,
            Value::Later(later) if let Some(more) = hatches::entries(later) => {
                for (key, value) in more {
                    self.keep_secrets(asked, key.as_str(), &value, expr.span);
                    made.set(key, value, expr.span);
                }
            }
            Value::Later(later) => {
                self.wrong(fits::too_late("what is spread into an object is needed", later, expr.span));
                made.partial = true;
            }
            other => {
                let message = format!("`...` in an object takes an object, not {}", fits::kind(other));
                let problem = Diagnostic::new(Code::TypeMismatch, message);
                let problem = problem.at(expr.span, format!("this is {}", fits::shown(other)));
                self.wrong(problem.help("spread an object, or give it a key"));
                made.partial = true;
            }
        }
    }

    /// Entries of a value.
    fn spread(&mut self, asked: Asked<'_>, keys: Keys<'static>, given: &Object, span: Span, depth: usize) -> Made {
        let mut made = Made { entries: Vec::with_capacity(given.len()), partial: false, call: given.call() };
        for (key, value) in given.iter() {
            let (at, place) = self.place_of_key(span, key);
            let value = self.entry(asked, keys, key, at, Given::Value(value, place), None, depth);
            made.entries.push((key, value, at));
        }
        made
    }

    /// One key with what it is given.
    #[expect(clippy::too_many_arguments, reason = "what is asked, what is given, and where")]
    fn entry(
        &mut self,
        asked: Asked<'_>,
        keys: Keys<'static>,
        key: Name,
        at: Span,
        given: Given<'p, '_>,
        scope: Option<&Scope<'_>>,
        depth: usize,
    ) -> Value {
        let name = key.as_str();
        if let Given::Value(value, _) = given
            && hatches::is_raw(value)
        {
            // Spread in: what the schema does not know, or knows otherwise, is what this is for.
            self.keep_secrets(asked, name, value, at);
            return value.clone();
        }
        let below = match keys {
            Keys::Free(pattern, node) => {
                if let Some(pattern) = pattern.filter(|pattern| !pattern.matches(name)) {
                    let message = format!("`{name}` cannot be a key of `{}`", asked.name);
                    let problem = Diagnostic::new(Code::BadValue, message).at(at, "this key");
                    self.wrong_always(problem.help(format!("write a key that matches `{}`", pattern.source())));
                }
                Asked { node, name, part: Part::Whole, at }
            }
            Keys::Known(object) => match object.property(name) {
                Some(property) if property.read_only => {
                    self.read_only(asked, name, at);
                    return Value::Unknown;
                }
                Some(property) => {
                    let value = self.given(of_property(property, at), given, scope, depth);
                    self.keep_secrets(asked, name, &value, at);
                    return value;
                }
                None if object.open => return self.free(given, scope, depth),
                None => {
                    // Where the key itself is written, it can be mended.
                    let is_key = !matches!(given, Given::Value(_, place) if place == at);
                    self.unknown_property(asked, object, name, (at, is_key));
                    return self.free(given, scope, depth);
                }
            },
        };
        self.given(below, given, scope, depth)
    }

    fn given(&mut self, asked: Asked<'_>, given: Given<'p, '_>, scope: Option<&Scope<'_>>, depth: usize) -> Value {
        match (given, scope) {
            (Given::Expr(expr), Some(scope)) => self.expr(asked, expr, scope, depth + 1),
            (Given::Expr(_), None) => Value::Unknown,
            (Given::Value(value, span), _) => self.value(asked, value, span, depth + 1),
        }
    }

    /// Under a key that the schema does not know: anything.
    fn free(&mut self, given: Given<'p, '_>, scope: Option<&Scope<'_>>, depth: usize) -> Value {
        match (given, scope) {
            (Given::Expr(expr), Some(scope)) => self.document(Resources::AreRefs, expr, scope, depth + 1),
            (Given::Expr(_), None) => Value::Unknown,
            (Given::Value(value, span), _) => self.data(Resources::AreRefs, value, span, depth + 1),
        }
    }

    /// Checks what an object must have and must not have together.
    fn whole(&mut self, asked: Asked<'_>, object: &'static ObjectType, made: Made, span: Span) -> Value {
        if !made.partial {
            let missing = object.properties.iter().filter(|p| p.required && !p.read_only && !made.has(p.name));
            let missing: Vec<&str> = missing.map(|p| p.name).collect();
            if missing.is_empty() {
                self.groups(asked, object, &made, span);
            } else {
                // Left out by `null` is a matter of values.
                let always = !missing.iter().any(|name| made.names(name));
                let problem = lacks(asked, object, &missing, span);
                if always {
                    self.wrong_always(problem)
                } else {
                    self.wrong(problem)
                };
            }
        }
        made.finish()
    }

    fn read_only(&mut self, asked: Asked<'_>, name: &str, at: Span) {
        let message = format!("`{name}` of {} is set by AWS", words::owner(asked));
        let problem = Diagnostic::new(Code::ReadOnlyProperty, message).at(at, "cannot be given");
        self.wrong_always(problem.help(format!("leave it out; other resources read it as `Name.{name}`")));
    }

    fn unknown_property(&mut self, asked: Asked<'_>, object: &ObjectType, name: &str, (at, is_key): (Span, bool)) {
        let message = format!("{} has no property `{name}`", words::owner(asked));
        let problem = Diagnostic::new(Code::UnknownProperty, message);
        let settable = object.properties.iter().filter(|p| !p.read_only).map(|p| p.name);
        let attribute = asked.part == Part::Resource
            && self.known.is_some_and(|known| known.attributes.iter().any(|a| a.path == name));
        self.wrong_always(match nearest(name, settable.clone()) {
            Some(near) => {
                let problem = problem.at(at, format!("the nearest is `{near}`")).help(format!("write `{near}`"));
                if is_key { problem.fix(at, near) } else { problem }
            }
            None if attribute => problem.at(at, "an attribute, which only AWS sets").help("leave it out"),
            None => problem.at(at, "not a property").help(words::use_one_of("use one of", settable)),
        });
    }
}

fn lacks(asked: Asked<'_>, object: &ObjectType, missing: &[&str], span: Span) -> Diagnostic {
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("{} lacks {}", words::owner(asked), words::and(&names));
    let at = if asked.part == Part::Item { words::head(span) } else { asked.at };
    let hints: Vec<String> = missing
        .iter()
        .filter_map(|name| object.property(name))
        .map(|property| format!("`{}: …`", property.name))
        .collect();
    Diagnostic::new(Code::MissingProperty, message).at(at, "not complete").help(format!("add {}", words::and(&hints)))
}
