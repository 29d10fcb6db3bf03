//! Properties of a template as expressions, so that what checks those checks these.
//!
//! Every expression has its place in the template. A function becomes a made-up name, one that no
//! program can write, whose value has the type of what the function gives; `Fn::If` becomes a choice
//! whose other branch is checked too.

use super::Says;
use super::long_forms::call;
use super::read::says;
use super::references::Names;
use crate::data::{Kind, Node};
use crate::names::Name;
use crate::semantics::injection;
use crate::source::Span;
use crate::syntax::ast::{Element, Entry, Expr, ExprKind, Ident, Key};

/// Makes the expressions of one resource.
pub(super) struct Builder<'b, 't> {
    names: &'b Names<'t>,
    /// The made-up names, what they stand for, and where they stand first.
    pub(super) bound: Vec<(Name, Says, Span)>,
}

impl<'b, 't> Builder<'b, 't> {
    pub(super) fn new(names: &'b Names<'t>) -> Self {
        Self { names, bound: Vec::new() }
    }

    /// The expression that stands for `node`.
    pub(super) fn expr(&mut self, node: &Node) -> Expr {
        let kind = match (&node.kind, call(node)) {
            (_, Some((function, argument))) => return self.function(node, function, argument),
            (Kind::Null, _) => ExprKind::Null,
            (Kind::Bool(truth), _) => ExprKind::Bool(*truth),
            (Kind::Int(number), _) => ExprKind::Int(*number),
            (Kind::Float(number), _) => ExprKind::Float(*number),
            // Dynamic references are welcome in a template.
            (Kind::Text(text), _) if injection::is_carried_out(text) => return self.bind(Says::Anything, node.span),
            (Kind::Text(text), _) => ExprKind::Str(text.clone()),
            (Kind::List(items), _) => {
                let items = items.iter().map(|item| Element { spread: false, value: self.expr(item) });
                ExprKind::List(items.collect())
            }
            // `Fn::Transform` beside other keys adds to them.
            (Kind::Map(entries), _) if entries.iter().any(|entry| entry.key.starts_with("Fn::")) => {
                return self.bind(Says::Anything, node.span);
            }
            (Kind::Map(entries), _) => {
                let entry = |entry: &crate::data::Entry| {
                    let key = Key::Name(Ident { name: Name::new(&entry.key), span: entry.key_span });
                    Entry::Field(key, self.expr(&entry.value))
                };
                ExprKind::Object(entries.iter().map(entry).collect())
            }
            (Kind::Tagged(..), _) => return self.bind(Says::Anything, node.span),
        };
        Expr { span: node.span, kind }
    }

    fn function(&mut self, node: &Node, function: &str, argument: &Node) -> Expr {
        match (function, argument.items()) {
            ("Ref", _) if argument.text() == Some("AWS::NoValue") => Expr { span: node.span, kind: ExprKind::Null },
            ("Fn::If", [_, then, otherwise]) => {
                let (mut then, mut otherwise) = (self.expr(then), self.expr(otherwise));
                // The first is the one whose value counts: better the one that has a value.
                if matches!(then.kind, ExprKind::Null) {
                    std::mem::swap(&mut then, &mut otherwise);
                }
                let condition = Expr { span: node.span, kind: ExprKind::Bool(true) };
                Expr { span: node.span, kind: ExprKind::If(Box::new((condition, then, otherwise))) }
            }
            // A condition of a policy is a map like any other, but that has no function in it.
            ("Condition", _) if argument.text().is_none() => {
                let key = Key::Name(Ident { name: Name::new("Condition"), span: node.span });
                let entries = Box::new([Entry::Field(key, self.expr(argument))]);
                Expr { span: node.span, kind: ExprKind::Object(entries) }
            }
            _ => {
                let says = match says(node) {
                    Says::Ref(name) if self.names.type_of(name.as_str()).is_some() => Says::Ref(name),
                    Says::Ref(name) if self.names.parameters.contains(&name.as_str()) => Says::Ref(name),
                    Says::GetAtt(id, path) if self.names.type_of(id.as_str()).is_some() => Says::GetAtt(id, path),
                    _ => Says::Anything,
                };
                self.bind(says, node.span)
            }
        }
    }

    fn bind(&mut self, says: Says, span: Span) -> Expr {
        let name = Name::new(&match &says {
            Says::Ref(name) => format!("Ref {name}"),
            Says::GetAtt(id, path) => format!("Fn::GetAtt {id}.{path}"),
            Says::Anything => "Fn::".to_owned(),
        });
        if !self.bound.iter().any(|(known, ..)| *known == name) {
            self.bound.push((name, says, span));
        }
        Expr { span, kind: ExprKind::Name(name) }
    }
}
