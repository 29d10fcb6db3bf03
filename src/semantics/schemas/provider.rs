//! One schema of a resource provider: its name, its properties, and what is said of them by path.

use std::collections::BTreeMap;

use super::Made;
use super::nodes::Reader;
use crate::data::{self, Kind};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{Attribute, Node, NodeId, Property, RefValue, Replacement, ResourceType, TagShape, Tagging};
use crate::source::Span;

/// Reads a schema; what is wrong with it is reported, and it gives no type then.
pub(super) fn read(made: &mut Made, root: &data::Node) {
    let before = made.problems.len();
    let Some((name, span)) = name(made, root) else { return };
    if let Some(first) = made.names.get(name) {
        made.problems.push(
            Diagnostic::new(Code::DuplicateName, format!("two schemas are of `{name}`"))
                .at(span, "this one")
                .at(*first, "and this one")
                .help("keep one of the files"),
        );
        return;
    }
    made.names.insert(name, span);
    let Some(properties) = root.get("properties").filter(|p| !p.entries().is_empty()) else {
        lacks(made, root, "properties", "an object with a schema for each property");
        return;
    };
    let mut reader = Reader::new(made, root);
    let object = reader.object(root, properties, name, 0);
    let mut schema = Schema { made, name, root: object };
    let resource = schema.resource(root);
    if made.problems.len() == before {
        made.resources.push(resource);
    }
}

fn lacks(made: &mut Made, root: &data::Node, key: &str, what: &str) {
    made.problems.push(
        Diagnostic::new(Code::MissingField, format!("the schema of a resource type needs `{key}`"))
            .at(Span { end: root.span.start + 1, ..root.span }, "this schema")
            .help(format!("add `\"{key}\"`: {what}")),
    );
}

/// `Acme::Queue::Thing`: three parts, the first of them not one that AWS keeps.
fn name(made: &mut Made, root: &data::Node) -> Option<(&'static str, Span)> {
    let Some(node) = root.get("typeName") else {
        lacks(made, root, "typeName", "the type's name, such as `Acme::Queue::Thing`");
        return None;
    };
    let text = node.text().unwrap_or_default();
    let parts: Vec<&str> = text.split("::").collect();
    let fits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let problem = if parts.len() != 3 || !parts.iter().all(fits) {
        let shown = if text.is_empty() { "this".to_owned() } else { format!("`{text}`") };
        Diagnostic::new(Code::InvalidName, format!("{shown} is not a name for a resource type"))
            .at(node.span, "not of this form: `Acme::Queue::Thing`")
            .help("write three parts of letters and digits with `::` between them")
    } else if parts
        .first()
        .is_some_and(|first| ["alexa", "amazon", "amzn", "aws", "custom"].contains(&&*first.to_ascii_lowercase()))
    {
        Diagnostic::new(Code::InvalidName, format!("`{text}` is a name that AWS keeps for itself"))
            .at(node.span, "a type of AWS, or a custom resource")
            .help("take the file out: the types of AWS are known, and custom resources have no schema")
    } else {
        return Some((Name::new(text).as_str(), node.span));
    };
    made.problems.push(problem);
    None
}

struct Schema<'m> {
    made: &'m mut Made,
    name: &'static str,
    root: NodeId,
}

/// Where a pointer leads.
struct Found {
    /// `A.B`
    path: &'static str,
    /// The object that has it, and its node.
    object: NodeId,
    name: &'static str,
    node: NodeId,
}

impl Schema<'_> {
    fn resource(&mut self, root: &data::Node) -> ResourceType {
        self.mark(root, "createOnlyProperties", |p| p.replacement = Replacement::Yes);
        self.mark(root, "conditionalCreateOnlyProperties", |p| p.replacement = p.replacement.max(Replacement::Maybe));
        self.mark(root, "writeOnlyProperties", |p| p.write_only = true);
        self.mark(root, "deprecatedProperties", |p| p.deprecated = true);
        let read_only = self.mark(root, "readOnlyProperties", |p| p.read_only = true);
        let identifier = self.mark(root, "primaryIdentifier", |_| {});
        if root.get("primaryIdentifier").is_none_or(|p| p.items().is_empty()) {
            lacks(self.made, root, "primaryIdentifier", "a list of the properties that identify a resource");
        }
        let mut attributes: BTreeMap<&'static str, NodeId> = BTreeMap::new();
        attributes.extend(read_only.iter().map(|found| (found.path, found.node)));
        let ref_value = match identifier.as_slice() {
            [only] => RefValue::Property(only.path),
            _ => RefValue::Opaque,
        };
        let handlers = root.get("handlers");
        let strategy = root.get("replacementStrategy").and_then(data::Node::text);
        ResourceType {
            name: self.name,
            root: self.root,
            attributes: attributes.into_iter().map(|(path, node)| Attribute { path, node }).collect(),
            ref_value,
            primary_identifier: identifier.iter().map(|found| found.path).collect(),
            tags: self.tags(root),
            stateful: false,
            open_attributes: false,
            prefer_attribute: false,
            no_update: handlers.is_some_and(|all| !all.entries().is_empty() && all.get("update").is_none()),
            delete_first: strategy == Some("delete_then_create"),
            legacy: false,
            arn: None,
            lifecycle: None,
        }
    }

    fn tags(&mut self, root: &data::Node) -> Option<Tagging> {
        let tagging = root.get("tagging");
        let off = |key: &str| tagging.and_then(|t| t.get(key)).is_some_and(|v| v.kind == Kind::Bool(false));
        if off("taggable") {
            return None;
        }
        let pointer =
            tagging.and_then(|t| t.get("tagProperty")).and_then(data::Node::text).unwrap_or("/properties/Tags");
        let found = self.find(pointer).ok()?;
        let shape = match self.made.at(found.node)? {
            Node::Array { .. } => TagShape::List,
            Node::Map { .. } => TagShape::Map,
            _ => return None,
        };
        Some(Tagging { property: found.path, shape })
    }

    /// Marks every property that the list under `key` points at.
    fn mark(&mut self, root: &data::Node, key: &str, mark: impl Fn(&mut Property)) -> Vec<Found> {
        let mut all = Vec::new();
        let Some(list) = root.get(key) else { return all };
        if !matches!(list.kind, Kind::List(_)) {
            self.made.problems.push(
                Diagnostic::new(Code::TypeMismatch, format!("`{key}` is a list of paths"))
                    .at(list.span, "not a list")
                    .help(format!("write `\"{key}\": [\"/properties/Name\"]`")),
            );
            return all;
        }
        for item in list.items() {
            match self.find(item.text().unwrap_or_default()) {
                Ok(found) => {
                    if let Some(Node::Object(object)) = self.made.at(found.object)
                        && let Some(property) = object.properties.iter_mut().find(|p| p.name == found.name)
                    {
                        mark(property);
                    }
                    all.push(found);
                }
                Err(known) => self.leads_nowhere(key, item, &known),
            }
        }
        all
    }

    fn leads_nowhere(&mut self, key: &str, item: &data::Node, known: &[&'static str]) {
        let text = item.text().unwrap_or_default();
        let last = text.rsplit('/').next().unwrap_or_default();
        let problem = Diagnostic::new(Code::UnknownProperty, format!("`{text}` of `{key}` leads to no property"))
            .at(item.span, "no such path");
        self.made.problems.push(match nearest(last, known.iter().copied()) {
            Some(near) => {
                let start = text.strip_suffix(last).filter(|start| !start.is_empty()).unwrap_or("/properties/");
                problem.help(format!("write `{start}{near}`"))
            }
            None => problem.help("point at a property: `/properties/Name`, or deeper: `/properties/Name/Part`"),
        });
    }

    /// What `/properties/A/B` leads to; where it leads nowhere, the names there are at that place. Items of lists
    /// are passed through, with `*` or without.
    fn find(&mut self, pointer: &str) -> Result<Found, Vec<&'static str>> {
        let Some(rest) = pointer.strip_prefix("/properties/") else { return Err(self.keys(self.root)) };
        let mut path = String::new();
        let mut at = self.root;
        let mut found = None;
        for step in rest.split('/') {
            let object = self.inside(at);
            let next = match self.made.at(object) {
                Some(Node::Object(object)) => {
                    object.properties.iter().find(|p| p.name == step).map(|p| (p.name, p.node))
                }
                _ => None,
            };
            match next {
                Some((name, node)) => {
                    path.push_str(if path.is_empty() { "" } else { "." });
                    path.push_str(name);
                    found = Some((object, name, node));
                    at = node;
                }
                None if matches!(step, "*" | "items" | "properties") => {}
                None => return Err(self.keys(object)),
            }
        }
        match found {
            Some((object, name, node)) => Ok(Found { path: Name::new(&path).as_str(), object, name, node }),
            None => Err(self.keys(self.root)),
        }
    }

    /// The object in lists, maps and choices.
    fn inside(&mut self, mut id: NodeId) -> NodeId {
        for _ in 0..8 {
            id = match self.made.at(id) {
                Some(Node::Array { item, .. }) => *item,
                Some(Node::Map { value, .. }) => *value,
                Some(Node::Union(members)) => match members.first() {
                    Some(first) => *first,
                    None => return id,
                },
                _ => return id,
            };
        }
        id
    }

    fn keys(&mut self, id: NodeId) -> Vec<&'static str> {
        match self.made.at(id) {
            Some(Node::Object(object)) => object.properties.iter().map(|p| p.name).collect(),
            _ => Vec::new(),
        }
    }
}
