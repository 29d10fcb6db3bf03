//! One walk through the properties of a resource: texts that name things by hand, policies.

use std::sync::Arc;

use super::sites::{Kind, Site};
use super::{policy, twice};
use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::schema::{Identifier, Node, NodeId, Types};
use crate::semantics::Program;
use crate::semantics::model::Resource;
use crate::semantics::value::{LaterExpr, Value};
use crate::source::Span;
use crate::template::provenance;

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) program: &'a Program,
    pub(super) resource: &'a Resource,
}

impl Seen<'_> {
    /// Where a property stands.
    pub(super) fn span(&self, path: &Path<'_>) -> Span {
        let steps = path.steps();
        self.at(&steps.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Where a property stands, by the keys and positions that lead to it.
    pub(super) fn at(&self, steps: &[&str]) -> Span {
        provenance::place(self.program, self.resource.span, self.resource.body, steps)
    }

    /// Where a property at the top stands.
    pub(super) fn property(&self, name: &str) -> Span {
        self.at(&[name])
    }
}

/// Where in the properties we are.
pub(super) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, Name),
    Item(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// From the top: keys, and positions as numbers.
    pub(super) fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        let mut at = self;
        loop {
            at = match at {
                Self::Root => break,
                Self::Key(outer, name) => {
                    steps.push(name.as_str().to_owned());
                    outer
                }
                Self::Item(outer, position) => {
                    steps.push(position.to_string());
                    outer
                }
            };
        }
        steps.reverse();
        steps
    }
}

pub(super) fn resource(seen: &Seen<'_>, place: usize, sites: &mut Vec<Site>, found: &mut Vec<Diagnostic>) {
    let node = seen.resource.known.map(|known| known.root);
    Walk { seen, place, sites, found }.value(&seen.resource.properties, node, &Path::Root);
}

struct Walk<'w> {
    seen: &'w Seen<'w>,
    place: usize,
    sites: &'w mut Vec<Site>,
    found: &'w mut Vec<Diagnostic>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, node: Option<NodeId>, path: &Path<'_>) {
        let types = self.seen.program.types;
        let known = node.map(|node| types.node(node));
        match (value, known) {
            (_, Some(Node::Alias(to))) => self.value(value, Some(*to), path),
            (Value::Object(object), known) => {
                let is_document = known.is_none_or(|known| is_free(types, known));
                if is_document {
                    policy::check(self.seen, object, path, self.found);
                }
                for (key, value) in object.iter() {
                    let inner = match known.map(|known| member(types, known, key)) {
                        Some(Node::Object(ty)) => ty.properties.iter().find(|p| p.name == key.as_str()).map(|p| p.node),
                        Some(Node::Map { value, .. }) => Some(*value),
                        _ => node.filter(|_| is_document),
                    };
                    let path = Path::Key(path, key);
                    if let Value::Str(text) = value {
                        self.ends_in_arn(key, text, &path);
                    }
                    self.value(value, inner, &path);
                }
            }
            (Value::List(items), known) => {
                let inner = match known {
                    Some(Node::Array { item, .. }) => Some(*item),
                    Some(Node::Json) => node,
                    _ => None,
                };
                let item = inner.map(|inner| types.node(inner));
                if matches!(item, Some(Node::String(string)) if !string.identifies.is_empty()) {
                    let is_unique = matches!(known, Some(Node::Array { unique: true, .. }));
                    twice::check(self.seen, items, (path, is_unique), self.found);
                }
                for (at, item) in items.iter().enumerate() {
                    self.value(item, inner, &Path::Item(path, at));
                }
            }
            (Value::Str(text), known) => {
                let asked: &[Identifier] = match known {
                    Some(Node::String(string)) => &string.identifies,
                    _ => &[],
                };
                self.text(text, asked, path);
            }
            (Value::Later(later), _) => match &later.expr {
                LaterExpr::Dynamic(text) => self.dynamic(text, path),
                LaterExpr::Raw(raw) => self.raw(&raw.value, path),
                LaterExpr::Concat(pieces) => {
                    pieces.iter().for_each(|piece| {
                        if let Value::Later(_) = piece {
                            self.value(piece, None, path);
                        }
                    });
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn site(&mut self, kind: Kind, text: &Arc<str>, path: &Path<'_>) {
        let resource = self.seen.resource;
        self.sites.push(Site {
            kind,
            text: text.clone(),
            place: self.place,
            resource: (resource.span, resource.body),
            id: resource.id,
            path: path.steps(),
        });
    }

    fn text(&mut self, text: &Arc<str>, asked: &[Identifier], path: &Path<'_>) {
        if text.starts_with("arn:") {
            self.site(Kind::Arn, text, path);
        } else if let Some(first) = asked.first() {
            self.site(Kind::Name(first.resource), text, path);
        }
    }

    /// `…Arn: "text"`. Task definitions of ECS take the name of a role there, too.
    fn ends_in_arn(&mut self, key: Name, text: &Arc<str>, path: &Path<'_>) {
        let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') && !text.is_empty();
        if key.as_str().ends_with("Arn") && is_plain && self.seen.resource.ty.as_str() != "AWS::ECS::TaskDefinition" {
            self.site(Kind::NoArn, text, path);
        }
    }

    fn dynamic(&mut self, text: &Arc<str>, path: &Path<'_>) {
        self.site(Kind::Dynamic, text, path);
    }

    fn raw(&mut self, value: &Value, path: &Path<'_>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object.iter() {
                    match value {
                        Value::Str(text) if key.as_str() == "Fn::ImportValue" => self.site(Kind::Import, text, path),
                        _ => self.raw(value, path),
                    }
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.raw(item, path)),
            _ => {}
        }
    }
}

/// Of several types, the one with that key.
fn member<'t>(types: &'t Types, node: &'t Node, key: Name) -> &'t Node {
    let Node::Union(members) = node else { return node };
    let has = |node: &&Node| matches!(node, Node::Object(ty) if ty.properties.iter().any(|p| p.name == key.as_str()));
    members.iter().map(|member| types.node(*member)).find(has).unwrap_or(node)
}

/// Any JSON may stand there.
fn is_free(types: &Types, node: &Node) -> bool {
    match node {
        Node::Json => true,
        Node::Union(members) => members.iter().any(|member| is_free(types, types.node(*member))),
        Node::Map { value, .. } => matches!(types.node(*value), Node::Json),
        Node::Object(ty) => ty.open && ty.properties.is_empty(),
        _ => false,
    }
}
