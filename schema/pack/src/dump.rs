//! A resource type as text, one fact per line: for golden files, and for telling two versions apart.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::infra::schema::{
    Group, Identifier, Node, NodeId, NumberType, ObjectType, Property, RefValue, Replacement, ResourceType, StringType,
    TagShape, Types,
};

/// The whole type.
pub(crate) fn dump(types: &Types, resource: &ResourceType) -> String {
    let mut dump = Dump { types, names: BTreeMap::new(), open: vec![(resource.root, "properties".to_owned())] };
    dump.names.insert(resource.root, "properties".to_owned());
    let mut out = head(types, resource);
    for attribute in &resource.attributes {
        let kind = dump.kind(attribute.node, attribute.path);
        let kind = kind.split(" -> ").next().unwrap_or_default();
        let own = identifiers(&types.attribute_identifies(resource, attribute.path));
        let _ = writeln!(out, "attribute {}: {kind}{own}", attribute.path);
    }
    let mut next = 0;
    while let Some((id, name)) = dump.open.get(next).cloned() {
        if let Node::Object(object) = types.node(id) {
            let _ = writeln!(out, "{name}{}", if object.open { " (open)" } else { "" });
            dump.object(&mut out, object, if next == 0 { "" } else { &name });
        }
        next += 1;
    }
    out
}

fn head(types: &Types, resource: &ResourceType) -> String {
    let mut out = format!("{}\n", resource.name);
    let reference = match resource.ref_value {
        RefValue::Property(path) => format!("{path}{}", identifiers(&types.ref_identifies(resource))),
        RefValue::Opaque => "opaque".to_owned(),
    };
    let _ = writeln!(out, "ref {reference}");
    let _ = writeln!(out, "primary identifier {}", resource.primary_identifier.join(", "));
    if let Some(tags) = &resource.tags {
        let shape = match tags.shape {
            TagShape::List => "list",
            TagShape::Map => "map",
            TagShape::AutoScaling => "list with PropagateAtLaunch",
        };
        let _ = writeln!(out, "tags {} {shape}", tags.property);
    }
    for (is, word) in [
        (resource.stateful, "stateful"),
        (resource.open_attributes, "any attribute"),
        (resource.prefer_attribute, "prefer the attribute to ref"),
        (resource.no_update, "no update"),
        (resource.delete_first, "deleted before it is replaced"),
        (resource.legacy, "legacy"),
    ] {
        if is {
            let _ = writeln!(out, "is {word}");
        }
    }
    if let Some(arn) = resource.arn {
        let _ = writeln!(out, "arn {arn}");
    }
    if let Some((state, date)) = resource.lifecycle {
        let _ = writeln!(out, "lifecycle {state} {}", date.unwrap_or_default());
    }
    out
}

struct Dump<'t> {
    types: &'t Types,
    /// What each object is called here.
    names: BTreeMap<NodeId, String>,
    /// Objects met, in the order in which they are written.
    open: Vec<(NodeId, String)>,
}

impl Dump<'_> {
    fn object(&mut self, out: &mut String, object: &ObjectType, name: &str) {
        for property in &object.properties {
            let path = if name.is_empty() { property.name.to_owned() } else { format!("{name}.{}", property.name) };
            let kind = self.kind(property.node, &path);
            let _ = writeln!(out, "  {}: {kind}{}", property.name, marks(property));
        }
        for group in &object.groups {
            let _ = writeln!(out, "  {}", group_line(group));
        }
    }

    fn kind(&mut self, id: NodeId, path: &str) -> String {
        match self.types.node(id) {
            Node::Json => "json".to_owned(),
            Node::Bool => "bool".to_owned(),
            Node::String(s) => string(s),
            Node::Int(n) => number("int", n),
            Node::Number(n) => number("number", n),
            Node::Array { item, min, max, unique } => {
                let unique = if *unique { " unique" } else { "" };
                format!("[{}]{}{unique}", self.kind(*item, path), range(*min, *max))
            }
            Node::Map { key, value } => {
                let key = key.as_ref().map_or_else(|| "string".to_owned(), |k| format!("{k:?}"));
                format!("{{{key}: {}}}", self.kind(*value, path))
            }
            Node::Union(members) => members.iter().map(|m| self.kind(*m, path)).collect::<Vec<_>>().join(" | "),
            Node::Alias(target) => self.kind(*target, path),
            Node::Object(object) => self.name(id, object, path),
        }
    }

    /// The object's name; a number tells apart what one definition has become at several places.
    fn name(&mut self, id: NodeId, object: &ObjectType, path: &str) -> String {
        // An alias has another id than its target.
        let mut id = id;
        while let Some(Node::Alias(target)) = self.types.raw_node(id) {
            id = *target;
        }
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        let base = if object.name.is_empty() { path } else { object.name };
        let taken = |name: &str| self.names.values().any(|n| n == name);
        let numbered = (2..).map(|n| format!("{base}#{n}"));
        let name = std::iter::once(base.to_owned()).chain(numbered).find(|n| !taken(n)).unwrap_or_default();
        self.names.insert(id, name.clone());
        self.open.push((id, name.clone()));
        name
    }
}

fn marks(property: &Property) -> String {
    let replaces = match property.replacement {
        Replacement::No => "",
        Replacement::Maybe => "may replace",
        Replacement::Yes => "replaces",
    };
    let words = [
        (property.required, "required"),
        (property.read_only, "read-only"),
        (property.write_only, "write-only"),
        (property.deprecated, "deprecated"),
        (!replaces.is_empty(), replaces),
    ];
    words.into_iter().filter(|(is, _)| *is).map(|(_, word)| format!(", {word}")).collect()
}

fn range(min: Option<u64>, max: Option<u64>) -> String {
    let text = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    if min.is_none() && max.is_none() { String::new() } else { format!(" {}..{}", text(min), text(max)) }
}

fn string(s: &StringType) -> String {
    let mut out = format!("string{}", range(s.min, s.max));
    if let Some(pattern) = &s.pattern {
        let _ = write!(out, " {pattern:?}");
    }
    if !s.values.is_empty() {
        let case = if s.values_ignore_case { " in any case" } else { "" };
        let advice = if s.values_are_advice { " for example" } else { "" };
        let _ = write!(out, "{case}{advice} ({})", s.values.join(" "));
    }
    out + &identifiers(&s.identifies)
}

fn identifiers(list: &[Identifier]) -> String {
    list.iter().map(|i| format!(" -> {}.{}", i.resource, i.attribute)).collect()
}

fn number(kind: &str, n: &NumberType) -> String {
    let text = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    let mut out = kind.to_owned();
    if n.min.is_some() || n.max.is_some() {
        let _ = write!(out, " {}..{}", text(n.min), text(n.max));
    }
    if !n.values.is_empty() {
        let _ = write!(out, " ({})", n.values.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
    }
    out
}

fn group_line(group: &Group) -> String {
    let sets = |sets: &[Vec<&str>]| sets.iter().map(|s| s.join(" + ")).collect::<Vec<_>>().join(" | ");
    match group {
        Group::OneOf(list) => format!("exactly one of {}", sets(list)),
        Group::AnyOf(list) => format!("at least one of {}", sets(list)),
        Group::ExactlyOne(keys) => format!("exactly one of {}", keys.join(" | ")),
        Group::AtLeastOne(keys) => format!("at least one of {}", keys.join(" | ")),
        Group::Needs(key, keys) => format!("{key} needs {}", keys.join(" + ")),
        Group::Excludes(key, keys) => format!("{key} excludes {}", keys.join(", ")),
        Group::Variants(variants) => {
            let one =
                |v: &super::infra::schema::Variant| format!("({} of {})", v.required.join(" + "), v.allowed.join(" "));
            format!("variants {}", variants.iter().map(one).collect::<Vec<_>>().join(" "))
        }
    }
}
