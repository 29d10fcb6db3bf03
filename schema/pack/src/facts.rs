//! What is known of a resource type besides its properties.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Result;
use crate::compile::{Compiler, Place};
use crate::doclines;
use crate::identity::Identities;
use crate::inputs::Inputs;
use crate::ir::{Identifier, Node, NodeId, Resource, Table, flag};
use crate::marks::Marks;
use crate::overlay::Overlay;
use crate::overrides::Overrides;
use crate::patterns::Patterns;
use crate::schema::format::resource as bits;
use crate::shape;

/// All types, merged.
pub struct Merged {
    pub table: Table,
    pub resources: BTreeMap<String, Resource>,
}

/// Merges both sources.
pub fn merge(inputs: &Inputs, overrides: &Overrides, patterns: &mut Patterns) -> Result<Merged> {
    overrides.check_types(&inputs.schemas.keys().map(String::as_str).collect())?;
    let types: BTreeMap<&String, &Value> = inputs.schemas.iter().filter(|(n, _)| !overrides.drop.contains(n)).collect();
    let mut given = BTreeMap::new();
    for (name, schema) in &types {
        let facts = Facts { name, schema, cdk: inputs.cdk.resources.get(*name), overrides };
        let mut values: BTreeSet<String> = facts.attribute_paths()?.into_iter().collect();
        values.extend(facts.ref_value());
        given.insert((*name).clone(), values);
    }
    let identities = Identities::new(given, overrides)?;
    let mut merged = Merged { table: Table::default(), resources: BTreeMap::new() };
    for (name, schema) in &types {
        let facts = Facts { name, schema, cdk: inputs.cdk.resources.get(*name), overrides };
        let resource =
            facts.compile(inputs, &identities, patterns, &mut merged.table).map_err(|e| format!("{name}: {e}"))?;
        merged.resources.insert((*name).clone(), resource);
    }
    identities.check_used()?;
    patterns.check()?;
    Ok(merged)
}

/// One type, as the sources have it.
struct Facts<'a> {
    name: &'a str,
    schema: &'a Value,
    cdk: Option<&'a Value>,
    overrides: &'a Overrides,
}

impl<'a> Facts<'a> {
    fn pointers(&self, key: &str) -> impl Iterator<Item = &'a str> {
        self.schema.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn paths(&self, key: &str) -> impl Iterator<Item = String> {
        self.pointers(key).map(|p| p.trim_start_matches("/properties/").replace('/', "."))
    }

    fn cdk_attributes(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.cdk.and_then(|c| c.get("attributes")).and_then(Value::as_object).into_iter().flatten()
    }

    /// No handlers: the schema was made from the old specification.
    fn legacy(&self) -> bool {
        self.schema.get("handlers").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty) && !self.sam()
    }

    fn sam(&self) -> bool {
        self.name.starts_with("AWS::Serverless::")
    }

    /// The registry needs an identifier and was given an `Id` that nothing documents.
    fn synthetic_id(&self) -> bool {
        self.legacy() && self.paths("primaryIdentifier").eq(["Id".to_owned()])
    }

    fn documents(&self, attribute: &str) -> bool {
        self.cdk_attributes().any(|(name, a)| name == attribute && a.get("documentation").is_some())
    }

    /// CDK takes the property from its users.
    fn given_to_cdk(&self, pointer: &str) -> bool {
        let name = pointer.trim_start_matches("/properties/");
        self.cdk.is_some_and(|c| c["properties"].get(name).is_some())
    }

    /// What `Fn::GetAtt` gives: what AWS sets and can be pointed at, and what CDK's authors found besides.
    fn attribute_paths(&self) -> Result<Vec<String>> {
        let hidden: BTreeSet<String> = self.paths("writeOnlyProperties").collect();
        let own = self.paths("readOnlyProperties").filter(|p| !p.split('.').any(|s| s == "*"));
        let curated = self.cdk_attributes().map(|(name, _)| name.clone());
        let mut all: BTreeSet<String> = own.chain(curated).filter(|p| !hidden.contains(p)).collect();
        if self.synthetic_id() && !self.documents("Id") {
            all.remove("Id");
        }
        Ok(all.into_iter().collect())
    }

    /// What `Ref` returns, if it is one value.
    fn ref_value(&self) -> Option<String> {
        if let Some(decided) = self.overrides.ref_value.get(self.name) {
            return Some(decided.clone()).filter(|d| !d.is_empty());
        }
        let checked: Option<Vec<&str>> = self
            .cdk
            .and_then(|c| c.get("cfnRefIdentifier"))
            .and_then(Value::as_array)
            .map(|l| l.iter().filter_map(Value::as_str).collect());
        let parts: Vec<String> = match checked {
            Some(parts) => parts.into_iter().map(str::to_owned).collect(),
            None if self.synthetic_id() => return None,
            None => self.paths("primaryIdentifier").collect(),
        };
        match parts.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// Paths of the properties that take documents by the overrides.
    fn documents_at(&self) -> impl Iterator<Item = &str> {
        self.overrides.documents.iter().filter_map(|key| key.strip_prefix(self.name)?.strip_prefix('/'))
    }

    fn marks(&self, identities: &Identities) -> Result<Marks> {
        let mut marks = Marks::default();
        for (key, flags) in [
            ("readOnlyProperties", flag::READ_ONLY),
            ("writeOnlyProperties", flag::WRITE_ONLY),
            ("deprecatedProperties", flag::DEPRECATED),
            ("createOnlyProperties", flag::REPLACES),
            ("conditionalCreateOnlyProperties", flag::MAY_REPLACE),
        ] {
            for pointer in self.pointers(key) {
                // CDK has a few that can be given all the same; they can be read as well.
                if flags != flag::READ_ONLY || !self.given_to_cdk(pointer) {
                    marks.pointer(pointer, flags)?;
                }
            }
        }
        // The registry says outright whether tags can change in place.
        if let Some(tags) = self.schema.get("tagging")
            && tags["tagUpdatable"] == true
            && let Some(pointer) = tags["tagProperty"].as_str()
        {
            marks.pointer(pointer, 0)?;
            marks.place(&pointer.trim_start_matches("/properties/").split('/').collect::<Vec<_>>()).settled = true;
        }
        for (path, decided) in Overrides::below(&self.overrides.replace, self.name) {
            let place = marks.place(&path);
            place.settled = true;
            place.flags &= !(flag::REPLACES | flag::MAY_REPLACE);
            place.flags |= match decided.as_str() {
                "yes" => flag::REPLACES,
                "maybe" => flag::MAY_REPLACE,
                "no" => 0,
                other => return Err(format!("overrides.toml: `{other}` is not yes, maybe or no")),
            };
        }
        // A name that the user gives is no reference, whatever the sources relate it to.
        let own: Vec<String> = self.paths("primaryIdentifier").collect();
        if let [name] = own.as_slice()
            && !self.schema["required"].as_array().is_some_and(|r| r.iter().any(|r| r == name))
        {
            marks.place(&name.split('.').collect::<Vec<_>>()).identifies = Some(Vec::new());
        }
        for attribute in self.overrides.same.get(self.name).and_then(|names| names.get(1..)).into_iter().flatten() {
            let own = Identifier { resource: self.name.to_owned(), attribute: attribute.clone() };
            marks.place(&attribute.split('.').collect::<Vec<_>>()).identifies = Some(vec![identities.canonical(own)]);
        }
        for path in self.documents_at() {
            marks.place(&path.split('/').collect::<Vec<_>>()).document = true;
        }
        for (path, decided) in Overrides::below(&self.overrides.identify, self.name) {
            marks.decide(&path, &identities.listed(decided)?);
        }
        Ok(marks)
    }

    fn compile(
        &self,
        inputs: &Inputs,
        identities: &Identities,
        patterns: &mut Patterns,
        table: &mut Table,
    ) -> Result<Resource> {
        shape::check_keywords(self.schema, true)?;
        let marks = self.marks(identities)?;
        let overlay = self.cdk.map_or(Overlay::NONE, |c| Overlay::Root(&c["properties"]));
        let place = Place { cdk: overlay, marks: &marks, identifies: &[], doc_key: "", name: "", read_only: false };
        let mut compiler = Compiler::new(&mut *table, &inputs.cdk, identities, patterns, self.schema, self.name);
        let mut root = compiler.root(place)?;
        let mut attributes = BTreeMap::new();
        for path in self.attribute_paths()? {
            let node = match walk(compiler.table, root, &path) {
                Some(node) => node,
                // Only CDK knows it: its own type will do.
                None => {
                    plain(compiler.table, self.cdk_attributes().find(|(n, _)| **n == path).map(|(_, a)| &a["type"]))
                }
            };
            below(compiler.table, &path, node, 3, &mut attributes);
            attributes.insert(path, node);
        }
        let mut docs = compiler.docs;
        for (name, attribute) in self.cdk_attributes() {
            let line = attribute.get("documentation").and_then(Value::as_str).and_then(doclines::one_line);
            docs.extend(line.map(|line| (format!("@{name}"), line)));
        }
        let text = self.cdk.and_then(|c| c.get("documentation")).or_else(|| self.schema.get("description"));
        docs.extend(text.and_then(Value::as_str).and_then(doclines::one_line).map(|line| (String::new(), line)));
        if self.synthetic_id() && !self.documents("Id") {
            root = without(table, root, "Id");
        }
        for (path, _) in Overrides::below(&self.overrides.identify, self.name) {
            if !walk(table, root, &path.join(".")).is_some_and(|n| is_string(table, n)) {
                return Err(format!("overrides.toml says what {} identifies, but there is no string", path.join("/")));
            }
        }
        for path in self.documents_at() {
            if walk(table, root, &path.replace('/', ".")).is_none() {
                return Err(format!("overrides.toml takes documents at {path}, which is not there"));
            }
        }
        for (path, _) in Overrides::below(&self.overrides.replace, self.name) {
            if walk(table, root, &path.join(".")).is_none() {
                return Err(format!("overrides.toml decides about {}, which is not there", path.join("/")));
            }
        }
        let ref_value = self
            .ref_value()
            .map(|p| identities.canonical(Identifier { resource: self.name.to_owned(), attribute: p }).attribute);
        if let Some(path) = &ref_value
            && !attributes.contains_key(path)
            && walk(table, root, path).is_none()
        {
            return Err(format!("`Ref` is said to return {path}, which is not there"));
        }
        Ok(Resource {
            root,
            attributes,
            ref_value,
            primary_identifier: if self.synthetic_id() {
                Vec::new()
            } else {
                self.paths("primaryIdentifier").collect()
            },
            tags: self.tags(table, root),
            flags: self.flags(inputs),
            arn: self.cdk.and_then(|c| c.get("arnTemplate")).and_then(Value::as_str).map(str::to_owned),
            lifecycle: self.schema.get("lifecycle").and_then(|l| {
                Some((l.get("status")?.as_str()?.to_owned(), l.get("date").and_then(Value::as_str).map(str::to_owned)))
            }),
            docs,
        })
    }

    fn flags(&self, inputs: &Inputs) -> u64 {
        let name = self.name.to_owned();
        let stateful = inputs.stateful.contains(&name)
            || self.overrides.stateful.contains(&name)
            || self.cdk.is_some_and(|c| c["isStateful"] == true);
        let handlers = self.schema.get("handlers");
        [
            (stateful, bits::STATEFUL),
            (self.overrides.open_attributes.contains(&name), bits::OPEN_ATTRIBUTES),
            (self.overrides.prefer_attribute.contains(&name), bits::PREFER_ATTRIBUTE),
            (!self.legacy() && !self.sam() && handlers.is_some_and(|h| h.get("update").is_none()), bits::NO_UPDATE),
            (self.schema["replacementStrategy"] == "delete_then_create", bits::DELETE_FIRST),
            (self.legacy(), bits::LEGACY),
        ]
        .into_iter()
        .filter_map(|(is, bit)| is.then_some(bit))
        .sum()
    }

    fn tags(&self, table: &Table, root: NodeId) -> Option<(String, u64)> {
        let named = self.schema.get("tagging").and_then(|t| t.get("tagProperty")).and_then(Value::as_str);
        let path = named.unwrap_or("/properties/Tags").trim_start_matches("/properties/");
        let Node::Object(object) = &table.nodes[root as usize] else { return None };
        let property = object.properties.iter().find(|p| p.name == path && p.flags & flag::READ_ONLY == 0)?;
        let map = self.cdk.is_some_and(|c| c["tagInformation"]["variant"] == "map");
        let shape = match &table.nodes[property.node as usize] {
            Node::Map { .. } => bits::TAG_MAP,
            Node::Json if map => bits::TAG_MAP,
            Node::Array { item, .. } => match &table.nodes[*item as usize] {
                Node::Object(tag) => {
                    let has = |key: &str| tag.properties.iter().any(|p| p.name == key);
                    match (has("Key") && has("Value"), has("PropagateAtLaunch")) {
                        (true, true) => bits::TAG_AUTO_SCALING,
                        (true, false) => bits::TAG_LIST,
                        _ => return None,
                    }
                }
                _ => return None,
            },
            _ => return None,
        };
        Some((path.to_owned(), shape))
    }
}

/// The node at a path with dots. A step that is no `*` passes through lists and maps, as pointers do.
fn walk(table: &Table, root: NodeId, path: &str) -> Option<NodeId> {
    path.split('.').try_fold(root, |at, step| child(table, at, step))
}

fn child(table: &Table, at: NodeId, step: &str) -> Option<NodeId> {
    match &table.nodes[at as usize] {
        Node::Object(object) => object.properties.iter().find(|p| p.name == step).map(|p| p.node),
        Node::Array { item, .. } | Node::Map { value: item, .. } if step == "*" => Some(*item),
        Node::Array { item, .. } | Node::Map { value: item, .. } => child(table, *item, step),
        Node::Union(members) => members.iter().find_map(|m| child(table, *m, step)),
        _ => None,
    }
}

/// A string, or a list of strings.
fn is_string(table: &Table, id: NodeId) -> bool {
    match &table.nodes[id as usize] {
        Node::String(_) => true,
        Node::Array { item, .. } => is_string(table, *item),
        Node::Union(members) => members.iter().any(|m| is_string(table, *m)),
        _ => false,
    }
}

/// Of an object that AWS sets, the parts can be read as well.
fn below(table: &Table, path: &str, node: NodeId, depth: usize, into: &mut BTreeMap<String, NodeId>) {
    let Node::Object(object) = &table.nodes[node as usize] else { return };
    if depth == 0 {
        return;
    }
    for property in &object.properties {
        let path = format!("{path}.{}", property.name);
        below(table, &path, property.node, depth - 1, into);
        into.entry(path).or_insert(property.node);
    }
}

/// A type as CDK writes it, without constraints.
fn plain(table: &mut Table, t: Option<&Value>) -> NodeId {
    let kind = t.and_then(|t| t["type"].as_str()).unwrap_or_default();
    let node = match kind {
        "string" | "date-time" => Node::String(crate::ir::StringType::default()),
        "integer" => Node::Int(crate::ir::NumberType::default()),
        "number" => Node::Number(crate::ir::NumberType::default()),
        "boolean" => Node::Bool,
        "array" => {
            let item = plain(table, t.map(|t| &t["element"]));
            Node::Array { item, min: None, max: None, unique: false }
        }
        _ => Node::Json,
    };
    table.add(node)
}

fn without(table: &mut Table, root: NodeId, name: &str) -> NodeId {
    let mut node = table.nodes[root as usize].clone();
    if let Node::Object(object) = &mut node {
        object.properties.retain(|p| p.name != name);
    }
    table.add(node)
}
