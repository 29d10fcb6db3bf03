//! Lists.

use super::{Asked, Part, Walk, words};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::{Node, NodeId};
use crate::semantics::eval::Scope;
use crate::semantics::fits;
use crate::semantics::operators;
use crate::semantics::value::{Later, LaterType, Value};
use crate::source::Span;
use crate::syntax::ast::{Element, ListFor};

/// Items of longer lists are compared only where they are texts.
const MOST_COMPARED: usize = 64;

impl<'p> Walk<'_, 'p> {
    pub(super) fn list_literal(
        &mut self,
        asked: Asked<'_>,
        node: &Node,
        elements: &'p [Element],
        span: Span,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Value {
        let item = item_of(asked, node);
        let mut items = Vec::with_capacity(elements.len());
        let mut partial = false;
        for element in elements {
            let at = element.value.span;
            if !element.spread {
                items.push((self.expr(item, &element.value, scope, depth + 1), at));
                continue;
            }
            let value = self.ev.eval(&element.value, scope);
            match self.ev.spread_items(value, at) {
                Some(more) => items.extend(self.items(item, more.into_iter(), at, depth)),
                None => partial = true,
            }
        }
        self.whole_list(asked, node, items, span, partial)
    }

    pub(super) fn list_comprehension(
        &mut self,
        asked: Asked<'_>,
        node: &Node,
        list: &'p ListFor,
        span: Span,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Value {
        let item = item_of(asked, node);
        let at = list.value.span;
        let (items, known) = self.rounds(item, list, scope, depth + 1);
        let items = items.into_iter().map(|value| (value, at)).collect();
        self.whole_list(asked, node, items, span, !known)
    }

    pub(super) fn list(&mut self, asked: Asked<'_>, node: &Node, value: &Value, span: Span, depth: usize) -> Value {
        let item = item_of(asked, node);
        let items = match value {
            Value::List(items) => self.items(item, items.iter().cloned(), span, depth),
            Value::Resources(all) => self.items(item, all.items.iter().map(|(_, value)| value.clone()), span, depth),
            Value::Later(later) => return self.later_list(asked, node, value, later, span),
            _ => return self.mismatch(asked, value, span),
        };
        self.whole_list(asked, node, items, span, false)
    }

    /// Items of a value. Where they are all shown at one place, the first one with problems speaks for all.
    fn items(
        &mut self,
        item: Asked<'_>,
        values: impl Iterator<Item = Value>,
        span: Span,
        depth: usize,
    ) -> Vec<(Value, Span)> {
        let mut items = Vec::with_capacity(values.size_hint().0);
        let mut most = None;
        for (at, value) in values.enumerate() {
            let before = self.found.len();
            let place = self.place_of_item(span, at);
            let at = place.unwrap_or(span);
            items.push((self.value(item, &value, at, depth + 1), at));
            if self.found.len() > before && place.is_none() {
                self.found.truncate(*most.get_or_insert(self.found.len()));
            }
        }
        items
    }

    /// A list known when deploying: its items must be what is asked for.
    fn later_list(&mut self, asked: Asked<'_>, node: &Node, value: &Value, later: &Later, span: Span) -> Value {
        let LaterType::List(of, length) = &later.ty else {
            return match later.ty {
                LaterType::Any | LaterType::Json => value.clone(),
                _ => self.mismatch(asked, value, span),
            };
        };
        let item = item_of(asked, node);
        match self.types.node(item.node) {
            Node::String(ty) => {
                let one = Later { expr: later.expr.clone(), ty: (**of).clone(), ..*later };
                if let Value::Unknown = self.later_string(item, ty, value, &one, span) {
                    return Value::Unknown;
                }
            }
            Node::Object(_) | Node::Map { .. } | Node::Array { .. }
                if !matches!(**of, LaterType::Any | LaterType::Json) =>
            {
                let message = format!("{} takes {}, not a text", words::owner(item), self.wanted(item));
                let problem =
                    Diagnostic::new(Code::TypeMismatch, message).at(span, "a list of texts, known when deploying");
                return self.wrong(problem.help("write the list here, with objects as items"));
            }
            _ => {}
        }
        if let Some(length) = length {
            self.count(asked, node, *length, span);
        }
        value.clone()
    }

    /// Checks the number of items and that none is there twice. `null` leaves an item out.
    fn whole_list(
        &mut self,
        asked: Asked<'_>,
        node: &Node,
        mut items: Vec<(Value, Span)>,
        span: Span,
        partial: bool,
    ) -> Value {
        if partial {
            return Value::Unknown;
        }
        items.retain(|(value, _)| !matches!(value, Value::Null));
        self.count(asked, node, items.len(), span);
        if let Node::Array { unique: true, .. } = node {
            self.once_each(asked, &items);
        }
        Value::List(items.into_iter().map(|(value, _)| value).collect())
    }

    fn count(&mut self, asked: Asked<'_>, node: &Node, length: usize, span: Span) {
        let Node::Array { min, max, .. } = node else { return };
        let length = length as u64;
        let (few, many) = (min.is_some_and(|min| length < min), max.is_some_and(|max| length > max));
        if !few && !many {
            return;
        }
        let items = |n: u64| if n == 1 { "1 item".to_owned() } else { format!("{n} items") };
        let bound = match (min, max) {
            (Some(min), Some(max)) if min == max => items(*max),
            (Some(min), Some(max)) => format!("{min} to {}", items(*max)),
            (Some(min), None) => format!("at least {}", items(*min)),
            (_, max) => format!("at most {}", items(max.unwrap_or(u64::MAX))),
        };
        let message = format!("{} takes {bound}, and this has {length}", words::owner(asked));
        let problem = Diagnostic::new(Code::OutOfRange, message).at(span, items(length));
        self.wrong(problem.help(if few { "add items" } else { "take items away" }));
    }

    fn once_each(&mut self, asked: Asked<'_>, items: &[(Value, Span)]) {
        let twice = if items.len() <= MOST_COMPARED { compared(items) } else { hashed(items) };
        if let Some((first, again)) = twice {
            let message = format!("{} takes each item once", words::owner(asked));
            let problem = Diagnostic::new(Code::BadValue, message).at(again, "already in the list");
            let problem = if first == again { problem } else { problem.at(first, "first here") };
            self.wrong(problem.help("take it away, or wrap the list in `distinct`"));
        }
    }
}

/// What the deployment knows is compared when the whole stack is known: `build::advice::twice`.
fn compared(items: &[(Value, Span)]) -> Option<(Span, Span)> {
    let known = |(_, (value, _)): &(usize, &(Value, Span))| fits::later_inside(value).is_none();
    items.iter().enumerate().filter(known).find_map(|(at, (value, again))| {
        let before = items.get(..at)?;
        let (_, first) = before.iter().find(|(other, _)| operators::equal(other, value) == Some(true))?;
        Some((*first, *again))
    })
}

fn hashed(items: &[(Value, Span)]) -> Option<(Span, Span)> {
    let mut seen = rustc_hash::FxHashMap::default();
    items.iter().find_map(|(value, again)| match value {
        Value::Str(text) => seen.insert(&**text, *again).map(|first| (first, *again)),
        _ => None,
    })
}

/// What an item of the list is asked to be.
fn item_of<'a>(asked: Asked<'a>, node: &Node) -> Asked<'a> {
    let item: NodeId = match node {
        Node::Array { item, .. } => *item,
        _ => asked.node,
    };
    Asked { node: item, part: Part::Item, ..asked }
}
