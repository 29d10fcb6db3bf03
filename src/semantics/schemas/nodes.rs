//! JSON Schema, as resource providers write it -> the types that properties are checked against.
//!
//! What is not understood lets everything through: CloudFormation itself decides in the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Made;
use crate::data::{self, Kind};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{Group, Node, NodeId, NumberType, ObjectType, Pattern, Property, Replacement, StringType};

/// Deeper schemas are refused.
const DEEPEST: usize = 64;

/// Reads the parts of one schema.
pub(super) struct Reader<'m, 'd> {
    made: &'m mut Made,
    definitions: Option<&'d data::Node>,
    /// Definitions that have a node, which may still be open: they may contain themselves.
    known: BTreeMap<&'d str, NodeId>,
}

impl<'m, 'd> Reader<'m, 'd> {
    pub(super) fn new(made: &'m mut Made, root: &'d data::Node) -> Self {
        Self { made, definitions: root.get("definitions"), known: BTreeMap::new() }
    }

    fn add(&mut self, node: Node) -> NodeId {
        let id = self.made.next();
        self.made.nodes.push(node);
        id
    }

    fn wrong(&mut self, problem: Diagnostic) -> NodeId {
        self.made.problems.push(problem);
        self.add(Node::Json)
    }

    /// The node of a schema.
    fn node(&mut self, schema: &'d data::Node, depth: usize) -> NodeId {
        if depth > DEEPEST {
            return self.wrong(
                Diagnostic::new(Code::LimitExceeded, format!("this is nested more than {DEEPEST} levels deep"))
                    .at(schema.span, "too deep")
                    .help("name parts of it under `definitions`"),
            );
        }
        if !matches!(schema.kind, Kind::Map(_)) {
            return self.wrong(
                Diagnostic::new(Code::TypeMismatch, "a schema is an object")
                    .at(schema.span, "not an object")
                    .help("write `{ \"type\": \"string\" }`, or another type"),
            );
        }
        if let Some(reference) = schema.get("$ref") {
            return self.reference(reference, depth);
        }
        let made = self.made_of(schema, "", depth);
        self.add(made)
    }

    fn reference(&mut self, reference: &'d data::Node, depth: usize) -> NodeId {
        let text = reference.text().unwrap_or_default();
        let name = text.strip_prefix("#/definitions/").unwrap_or_default();
        if let Some(id) = self.known.get(name) {
            return *id;
        }
        let entries = self.definitions.map(data::Node::entries).unwrap_or_default();
        let Some(entry) = entries.iter().find(|entry| &*entry.key == name) else {
            let problem = Diagnostic::new(Code::UnknownName, format!("the schema has no definition for `{text}`"))
                .at(reference.span, "leads nowhere");
            return self.wrong(match nearest(name, entries.iter().map(|entry| &*entry.key)) {
                Some(near) => problem.help(format!("write `#/definitions/{near}`")),
                None => problem.help("put it under `definitions`; references to other files are not followed"),
            });
        };
        // Its place is taken first, for it may lead back to itself.
        let id = self.add(Node::Json);
        self.known.insert(&entry.key, id);
        let node = match entry.value.get("$ref") {
            Some(further) => Node::Alias(self.reference(further, depth + 1)),
            None if depth > DEEPEST => Node::Json,
            None => self.made_of(&entry.value, Name::new(name).as_str(), depth + 1),
        };
        if let Some(place) = self.made.at(id) {
            *place = node;
        }
        id
    }

    /// What a schema says that goes by that name, if by any.
    fn made_of(&mut self, schema: &'d data::Node, name: &'static str, depth: usize) -> Node {
        if let Some(properties) = schema.get("properties").filter(|p| !p.entries().is_empty()) {
            return Node::Object(self.object_type(schema, properties, name, depth));
        }
        let types: Vec<&str> = match schema.get("type") {
            Some(one) => match &one.kind {
                Kind::List(many) => many.iter().filter_map(data::Node::text).filter(|ty| *ty != "null").collect(),
                _ => one.text().into_iter().collect(),
            },
            None => Vec::new(),
        };
        match types.as_slice() {
            [] => self.untyped(schema, depth),
            [one] => self.typed(one, schema, depth),
            many => {
                let members = many.iter().map(|ty| {
                    let node = self.typed(ty, schema, depth);
                    self.add(node)
                });
                Node::Union(members.collect())
            }
        }
    }

    fn untyped(&mut self, schema: &'d data::Node, depth: usize) -> Node {
        for key in ["oneOf", "anyOf"] {
            if let Some(many) = schema.get(key).map(data::Node::items).filter(|many| !many.is_empty()) {
                return Node::Union(many.iter().map(|one| self.node(one, depth + 1)).collect());
            }
        }
        let texts = values(schema);
        match texts.is_empty() {
            true => Node::Json,
            false => Node::String(StringType { values: texts, ..StringType::default() }),
        }
    }

    fn typed(&mut self, ty: &str, schema: &'d data::Node, depth: usize) -> Node {
        match ty {
            "boolean" => Node::Bool,
            "string" => Node::String(StringType {
                pattern: self.pattern(schema.get("pattern")),
                min: count(schema, "minLength"),
                max: count(schema, "maxLength"),
                values: values(schema),
                ..StringType::default()
            }),
            "integer" | "number" => {
                let number = NumberType {
                    min: number(schema.get("minimum")),
                    max: number(schema.get("maximum")),
                    values: schema
                        .get("enum")
                        .map(|all| all.items().iter().filter_map(|v| number(Some(v))).collect())
                        .unwrap_or_default(),
                };
                if ty == "integer" { Node::Int(number) } else { Node::Number(number) }
            }
            "array" => {
                let item = match schema.get("items") {
                    Some(item) => self.node(item, depth + 1),
                    None => self.add(Node::Json),
                };
                let unique = schema.get("uniqueItems").is_some_and(|v| v.kind == Kind::Bool(true));
                Node::Array { item, min: count(schema, "minItems"), max: count(schema, "maxItems"), unique }
            }
            "object" => self.map(schema, depth),
            other => {
                let span = schema.get("type").map_or(schema.span, |ty| ty.span);
                let words = ["array", "boolean", "integer", "number", "object", "string"];
                let problem = Diagnostic::new(Code::UnknownType, format!("`{other}` is no type of JSON Schema"))
                    .at(span, "not known");
                let help = match nearest(other, words) {
                    Some(near) => format!("write `\"{near}\"`"),
                    None => "use one of `array`, `boolean`, `integer`, `number`, `object`, `string`".to_owned(),
                };
                self.made.problems.push(problem.help(help));
                Node::Json
            }
        }
    }

    /// An object whose keys are not listed.
    fn map(&mut self, schema: &'d data::Node, depth: usize) -> Node {
        if let Some([entry]) = schema.get("patternProperties").map(data::Node::entries) {
            let key = self.compiled(&entry.key, entry.key_span);
            return Node::Map { key, value: self.node(&entry.value, depth + 1) };
        }
        match schema.get("additionalProperties") {
            Some(value @ data::Node { kind: Kind::Map(_), .. }) => {
                Node::Map { key: None, value: self.node(value, depth + 1) }
            }
            _ => Node::Json,
        }
    }

    /// The node of an object with known keys.
    pub(super) fn object(
        &mut self,
        schema: &'d data::Node,
        properties: &'d data::Node,
        name: &'static str,
        depth: usize,
    ) -> NodeId {
        let object = self.object_type(schema, properties, name, depth);
        // The root has no name of its own.
        self.add(Node::Object(ObjectType { name: if depth == 0 { "" } else { name }, ..object }))
    }

    fn object_type(
        &mut self,
        schema: &'d data::Node,
        properties: &'d data::Node,
        name: &'static str,
        depth: usize,
    ) -> ObjectType {
        let mut made = Vec::with_capacity(properties.entries().len());
        for entry in properties.entries() {
            let node = self.node(&entry.value, depth + 1);
            made.push(Property {
                name: Name::new(&entry.key).as_str(),
                node,
                required: false,
                read_only: false,
                write_only: false,
                deprecated: false,
                replacement: Replacement::No,
            });
        }
        made.sort_by_key(|property| property.name);
        for required in schema.get("required").map(data::Node::items).unwrap_or_default() {
            let text = required.text().unwrap_or_default();
            match made.iter_mut().find(|property| property.name == text) {
                Some(property) => property.required = true,
                None => {
                    let problem =
                        Diagnostic::new(Code::UnknownProperty, format!("`{text}` is required and is no property"))
                            .at(required.span, "not among the `properties`");
                    let near = nearest(text, made.iter().map(|property| property.name));
                    self.made.problems.push(problem.help(match near {
                        Some(near) => format!("write `{near}`"),
                        None => "take it out, or add it to the `properties`".to_owned(),
                    }));
                }
            }
        }
        let open = schema.get("additionalProperties").is_none_or(|v| v.kind != Kind::Bool(false));
        let keys =
            |group: &Vec<&'static str>| group.iter().all(|key| made.iter().any(|property| property.name == *key));
        let groups = groups(schema).into_iter().filter(|group| match group {
            Group::OneOf(sets) | Group::AnyOf(sets) => sets.iter().all(keys),
            Group::Needs(key, others) => keys(&vec![*key]) && keys(others),
            _ => true,
        });
        ObjectType { name, open, groups: groups.collect(), properties: made }
    }

    fn pattern(&mut self, pattern: Option<&data::Node>) -> Option<Arc<Pattern>> {
        let node = pattern?;
        self.compiled(node.text()?, node.span)
    }

    fn compiled(&mut self, text: &str, span: crate::source::Span) -> Option<Arc<Pattern>> {
        match Pattern::of_schema(Name::new(text).as_str()) {
            Ok(pattern) => Some(Arc::new(pattern)),
            Err(why) => {
                self.made.problems.push(
                    Diagnostic::new(Code::BadValue, format!("`{text}` is not a regular expression: {why}"))
                        .at(span, "cannot be read")
                        .help("write it as ECMAScript has it"),
                );
                None
            }
        }
    }
}

/// The texts of `enum` or `const`.
fn values(schema: &data::Node) -> Vec<&'static str> {
    let listed = schema.get("enum").map(data::Node::items).unwrap_or_default();
    listed.iter().chain(schema.get("const")).filter_map(data::Node::text).map(|text| Name::new(text).as_str()).collect()
}

fn count(schema: &data::Node, key: &str) -> Option<u64> {
    match schema.get(key)?.kind {
        Kind::Int(n) => u64::try_from(n).ok(),
        _ => None,
    }
}

fn number(node: Option<&data::Node>) -> Option<f64> {
    match node?.kind {
        #[expect(clippy::cast_precision_loss, reason = "bounds beyond 2^53 bind nothing")]
        Kind::Int(n) => Some(n as f64),
        Kind::Float(n) => Some(n),
        _ => None,
    }
}

/// What must go together: sets of required keys in `oneOf` and `anyOf`, and `dependencies`.
fn groups(schema: &data::Node) -> Vec<Group> {
    let mut found = Vec::new();
    let names = |list: &data::Node| {
        let mut names: Vec<&'static str> =
            list.items().iter().filter_map(data::Node::text).map(|text| Name::new(text).as_str()).collect();
        names.sort_unstable();
        names
    };
    for (key, make) in [("oneOf", Group::OneOf as fn(_) -> _), ("anyOf", Group::AnyOf as fn(_) -> _)] {
        let Some(many) = schema.get(key).map(data::Node::items).filter(|many| !many.is_empty()) else { continue };
        // Anything else in one of them says more than which keys there are.
        let sets: Option<Vec<Vec<&'static str>>> =
            many.iter().map(|one| one.get("required").filter(|_| one.entries().len() == 1).map(names)).collect();
        found.extend(sets.map(make));
    }
    for entry in schema.get("dependencies").map(data::Node::entries).unwrap_or_default() {
        if matches!(entry.value.kind, Kind::List(_)) {
            found.push(Group::Needs(Name::new(&entry.key).as_str(), names(&entry.value)));
        }
    }
    found
}
