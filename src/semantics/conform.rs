//! Properties against the AWS schema.
//!
//! Literals are walked together with their types, so that what is wrong is shown at the key or
//! value itself; everything else is evaluated first and walked as a value, shown where the
//! expression stands. What comes out is what CloudFormation takes: texts, numbers and truths of
//! the type that the schema asks for, references in place of resources, no `null`.

use rustc_hash::FxHashMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::{Node, NodeId, Property, ResourceType, Types};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::value::{Object, Value};
use crate::semantics::{hatches, injection};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Path};

mod assets;
mod branches;
mod cidrs;
mod documents;
mod groups;
mod intrinsics;
mod kinship;
mod lists;
mod objects;
mod references;
mod scalars;
mod secrecy;
mod unions;
mod words;
mod written;

/// Values deeper than this are refused.
const DEEPEST: usize = 128;

/// The properties of a resource of a known type, as CloudFormation takes them; an object.
/// `named` is the type as the source names it, for what is missing altogether.
pub(crate) fn properties<'p>(
    ev: &mut Evaluator<'p>,
    known: &'static ResourceType,
    named: &Path,
    body: Option<&'p Expr>,
    scope: &Scope<'_>,
) -> Value {
    let Path { name, span } = *named;
    let asked = Asked { node: known.root, name: name.as_str(), part: Part::Resource, at: span };
    let mut walk = Walk::new(ev, Some(known));
    let value = match body {
        Some(body) => walk.expr(asked, body, scope, 0),
        None => walk.value(asked, &Value::Object(Object::default().into()), span, 0),
    };
    walk.finish();
    value
}

/// The properties of a resource whose type the schema does not know.
pub(crate) fn untyped<'p>(ev: &mut Evaluator<'p>, body: Option<&'p Expr>, scope: &Scope<'_>) -> Value {
    let Some(body) = body else { return Value::Object(Object::default().into()) };
    let mut walk = Walk::new(ev, None);
    let value = walk.document(documents::Resources::AreRefs, body, scope, 0);
    walk.finish();
    value
}

/// What a place asks for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// Its type.
    node: NodeId,
    /// The property, or the resource type.
    name: &'a str,
    /// What of the property.
    part: Part,
    /// The key, or the resource type, in the source: for what is missing.
    at: Span,
}

/// Which part of a property a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All properties of a resource.
    Resource,
    /// The property itself.
    Whole,
    /// One of its items.
    Item,
}

/// One walk through the properties of one resource.
struct Walk<'w, 'p> {
    ev: &'w mut Evaluator<'p>,
    types: &'static Types,
    known: Option<&'static ResourceType>,
    /// Found so far. Kept apart, so that a variant of a union can be tried and forgotten.
    found: Vec<Found>,
    /// Objects and lists that came by a name, by where they are written.
    literals: FxHashMap<Span, &'p Expr>,
}

/// A problem.
struct Found {
    problem: Diagnostic,
    /// It is there whatever the values are: also reported in a branch that is not taken.
    always: bool,
}

impl<'w, 'p> Walk<'w, 'p> {
    fn new(ev: &'w mut Evaluator<'p>, known: Option<&'static ResourceType>) -> Self {
        let types = ev.types();
        Self { ev, types, known, found: Vec::new(), literals: FxHashMap::default() }
    }

    /// Hands over what was found.
    fn finish(self) {
        for Found { problem, always } in self.found {
            if always { self.ev.report(problem) } else { self.ev.report_value(problem) }
        }
    }

    /// Notes a problem of a value.
    fn wrong(&mut self, problem: Diagnostic) -> Value {
        self.found.push(Found { problem, always: false });
        Value::Unknown
    }

    /// Notes a problem that is there whatever the values are.
    fn wrong_always(&mut self, problem: Diagnostic) -> Value {
        self.found.push(Found { problem, always: true });
        Value::Unknown
    }

    /// What `expr` gives where `asked` is; `null` where it leaves the place out.
    fn expr(&mut self, asked: Asked<'_>, expr: &'p Expr, scope: &Scope<'_>, depth: usize) -> Value {
        if let Some(value) = self.too_deep(expr.span, depth) {
            return value;
        }
        if self.is_intrinsic_literal(expr) {
            return Value::Unknown;
        }
        let node = self.types.node(asked.node);
        match (node, &expr.kind) {
            (_, ExprKind::If(_) | ExprKind::Match(_)) => self.branches(asked, expr, scope, depth),
            (Node::Object(object), ExprKind::Object(entries)) => {
                self.object_literal(asked, object, entries, expr.span, scope, depth)
            }
            (Node::Map { key, value }, ExprKind::Object(entries)) => {
                self.map_literal(asked, key.as_deref(), *value, entries, scope, depth)
            }
            (Node::Array { .. }, ExprKind::List(elements)) => {
                self.list_literal(asked, node, elements, expr.span, scope, depth)
            }
            (Node::Array { .. }, ExprKind::ListFor(list)) => {
                self.list_comprehension(asked, node, list, expr.span, scope, depth)
            }
            (Node::Json, ExprKind::Object(_) | ExprKind::List(_)) => {
                self.document(documents::Resources::NeedAttributes, expr, scope, depth)
            }
            (Node::Union(members), _) => self.union_literal(asked, members, expr, scope, depth),
            _ => {
                let value = self.ev.eval(expr, scope);
                self.value(asked, &value, expr.span, depth)
            }
        }
    }

    /// What `value` becomes where `asked` is; `null` where it leaves the place out.
    fn value(&mut self, asked: Asked<'_>, value: &Value, span: Span, depth: usize) -> Value {
        if let Some(value) = self.too_deep(span, depth) {
            return value;
        }
        if matches!(value, Value::Unknown | Value::Null) || hatches::is_raw(value) {
            return value.clone();
        }
        if let Value::Object(object) = value
            && self.is_intrinsic(object, span)
        {
            return Value::Unknown;
        }
        if let Some(problem) = injection::problem(value, span) {
            return self.wrong(problem);
        }
        let node = self.types.node(asked.node);
        match node {
            Node::Json => self.data(documents::Resources::NeedAttributes, value, span, depth),
            Node::String(ty) => self.string(asked, ty, value, span),
            Node::Int(ty) => self.int(asked, ty, value, span),
            Node::Number(ty) => self.number(asked, ty, value, span),
            Node::Bool => self.truth(asked, value, span),
            Node::Array { .. } => self.list(asked, node, value, span, depth),
            Node::Map { key, value: of } => self.map(asked, key.as_deref(), *of, value, span, depth),
            Node::Object(object) => match value {
                Value::Asset(asset) => self.asset(asked, object, asset, span, depth),
                _ => self.object(asked, object, value, span, depth),
            },
            Node::Union(members) => self.union(asked, members, value, span, depth),
            // The table follows aliases; one that leads nowhere takes anything.
            Node::Alias(_) => value.clone(),
        }
    }

    fn too_deep(&mut self, span: Span, depth: usize) -> Option<Value> {
        (depth > DEEPEST).then(|| {
            let message = format!("these properties are nested more than {DEEPEST} levels deep");
            self.wrong(
                Diagnostic::new(Code::LimitExceeded, message)
                    .at(span, "too deep")
                    .help("make them flatter, or write the inner part with `json`"),
            )
        })
    }
}

/// What is asked for under a key of an object.
fn of_property<'a>(property: &'a Property, at: Span) -> Asked<'a> {
    Asked { node: property.node, name: property.name, part: Part::Whole, at }
}

/// An object without what is left out.
fn without_null(entries: impl IntoIterator<Item = (Name, Value)>, call: Option<Span>) -> Value {
    let mut object = Object::default();
    object.made_by(call);
    for (key, value) in entries {
        if !matches!(value, Value::Null) {
            object.push_new(key, value);
        }
    }
    Value::Object(object.into())
}
