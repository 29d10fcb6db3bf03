//! Unions: the one that is meant is found by shape, then by trying.

use super::{Asked, Walk};
use crate::schema::{Node, NodeId};
use crate::semantics::eval::Scope;
use crate::semantics::value::{LaterType, Value};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// What is seen of a value at a glance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    List,
    Scalar,
}

impl<'p> Walk<'_, 'p> {
    /// A union where an expression stands.
    pub(super) fn union_literal(
        &mut self,
        asked: Asked<'_>,
        members: &'static [NodeId],
        expr: &'p Expr,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Value {
        let shape = match &expr.kind {
            ExprKind::Object(_) => Some(Shape::Object),
            ExprKind::List(_) | ExprKind::ListFor(_) => Some(Shape::List),
            _ => None,
        };
        let Some(shape) = shape else {
            let value = self.ev.eval(expr, scope);
            return self.value(asked, &value, expr.span, depth);
        };
        if let Some(only) = self.only(members, shape) {
            return self.expr(Asked { node: only, ..asked }, expr, scope, depth + 1);
        }
        let value = self.ev.eval(expr, scope);
        match self.best(asked, members, &value, expr.span, depth) {
            Ok(value) => value,
            // Walked again, so that the problems are shown where they lie.
            Err(Some(best)) => self.expr(Asked { node: best, ..asked }, expr, scope, depth + 1),
            Err(None) => self.mismatch(asked, &value, expr.span),
        }
    }

    /// A union where a value stands.
    pub(super) fn union(
        &mut self,
        asked: Asked<'_>,
        members: &'static [NodeId],
        value: &Value,
        span: Span,
        depth: usize,
    ) -> Value {
        match self.best(asked, members, value, span, depth) {
            Ok(value) => value,
            Err(Some(best)) => self.value(Asked { node: best, ..asked }, value, span, depth + 1),
            Err(None) => self.mismatch(asked, value, span),
        }
    }

    /// The value as the first member that takes it without a word; else the member with the
    /// fewest problems among those of its shape.
    fn best(
        &mut self,
        asked: Asked<'_>,
        members: &'static [NodeId],
        value: &Value,
        span: Span,
        depth: usize,
    ) -> Result<Value, Option<NodeId>> {
        let shape = shape_of(value);
        let mut best: Option<(usize, NodeId)> = None;
        let exact = members.iter().filter(|member| self.is_exact(**member, value));
        let exact: Vec<NodeId> = exact.copied().collect();
        for member in exact.iter().chain(members) {
            if shape.is_some_and(|shape| !self.may_be(*member, shape)) {
                continue;
            }
            let before = self.found.len();
            let taken = self.value(Asked { node: *member, ..asked }, value, span, depth + 1);
            let problems = self.found.len() - before;
            if problems == 0 {
                return Ok(taken);
            }
            self.found.truncate(before);
            if best.is_none_or(|(fewest, _)| problems < fewest) {
                best = Some((problems, *member));
            }
        }
        Err(best.map(|(_, member)| member))
    }

    /// Whether the member takes the value as it is: no coercion where none is needed.
    fn is_exact(&self, member: NodeId, value: &Value) -> bool {
        matches!(
            (self.types.node(member), value),
            (Node::String(_), Value::Str(_))
                | (Node::Int(_), Value::Int(_))
                | (Node::Number(_), Value::Int(_) | Value::Float(_))
                | (Node::Bool, Value::Bool(_))
        )
    }

    fn may_be(&self, member: NodeId, shape: Shape) -> bool {
        match self.types.node(member) {
            Node::Union(_) | Node::Alias(_) => true,
            // What is an object or a text in AWS is no list.
            Node::Json => shape != Shape::List,
            Node::Object(_) | Node::Map { .. } => shape == Shape::Object,
            Node::Array { .. } => shape == Shape::List,
            Node::Bool | Node::String(_) | Node::Int(_) | Node::Number(_) => shape == Shape::Scalar,
        }
    }

    /// The only member of that shape.
    fn only(&self, members: &'static [NodeId], shape: Shape) -> Option<NodeId> {
        let mut fitting = members.iter().filter(|member| self.may_be(**member, shape));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(*first)
    }
}

fn shape_of(value: &Value) -> Option<Shape> {
    Some(match value {
        Value::Object(_) | Value::Asset(_) => Shape::Object,
        Value::List(_) | Value::Resources(_) => Shape::List,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::Resource(_) => Shape::Scalar,
        Value::Later(later) => match later.ty {
            LaterType::List(..) => Shape::List,
            LaterType::Any | LaterType::Json => return None,
            _ => Shape::Scalar,
        },
        _ => return None,
    })
}
