//! A registry schema, with what aws-service-spec adds at each place, to nodes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Result;
use crate::identity::Identities;
use crate::inputs::Cdk;
use crate::ir::{Group, Identifier, Node, NodeId, NumberType, ObjectType, Property, StringType, Table, flag};
use crate::marks::Marks;
use crate::overlay::Overlay;
use crate::patterns::{Patterns, ecmascript};
use crate::shape::{self, Shape};
use crate::{doclines, groups};

/// Compiles one resource type.
pub struct Compiler<'a> {
    pub table: &'a mut Table,
    pub cdk: &'a Cdk,
    pub identities: &'a Identities,
    pub patterns: &'a mut Patterns,
    /// The whole schema, to which `$ref` points.
    pub schema: &'a Value,
    /// `AWS::Serverless::…`: an object in a union stands for an intrinsic function there.
    pub sam: bool,
    /// Key to line; see `schema/docs.rs`.
    pub docs: BTreeMap<String, String>,
    /// Definitions compiled, by what decides their result.
    memo: BTreeMap<Key, NodeId>,
    /// Definitions in the making, and the alias slot of those that contain themselves.
    open: Vec<(Key, Option<(u32, NodeId)>)>,
    /// The type and the path so far, for messages.
    trail: Vec<String>,
}

/// Pointer of the definition, definition of the overlay, identifiers of its strings, whether AWS sets it.
type Key = (String, String, Vec<Identifier>, bool);

/// What is known at a place besides the schema.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub cdk: Overlay<'a>,
    pub marks: &'a Marks,
    /// What a string here identifies according to the property it is the value of.
    pub identifies: &'a [Identifier],
    /// Where documentation of the properties here goes.
    pub doc_key: &'a str,
    /// Name of the definition.
    pub name: &'a str,
    /// AWS sets it: what a string identifies is what it is, not what it would take.
    pub read_only: bool,
}

impl<'a> Compiler<'a> {
    pub fn new(
        table: &'a mut Table,
        cdk: &'a Cdk,
        identities: &'a Identities,
        patterns: &'a mut Patterns,
        schema: &'a Value,
        name: &str,
    ) -> Self {
        Self {
            table,
            cdk,
            identities,
            patterns,
            schema,
            sam: name.starts_with("AWS::Serverless::"),
            docs: BTreeMap::new(),
            memo: BTreeMap::new(),
            open: Vec::new(),
            trail: vec![name.to_owned()],
        }
    }

    /// The properties of the resource.
    pub fn root(&mut self, place: Place<'a>) -> Result<NodeId> {
        let shape = shape::object(self.schema, self.schema).map_err(|e| self.at(&e))?;
        self.object(&shape, place)
    }

    fn at(&self, problem: &str) -> String {
        format!("{}: {problem}", self.trail.join("."))
    }

    /// A schema at a place: a definition is compiled once per distinct knowledge about it.
    pub fn node(&mut self, schema: &Value, place: Place<'_>) -> Result<NodeId> {
        let Some(pointer) = schema.get("$ref").and_then(Value::as_str) else {
            return self.inline(schema, place);
        };
        // The registry ignores what stands beside `$ref`, except that cfn-lint's patches put
        // a format there.
        let mut identifies = place.identifies.to_vec();
        identifies.extend(self.identities.named_by(schema));
        let target = shape::resolve(self.schema, schema).map_err(|e| self.at(&e))?;
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let inner = Place { identifies: &identifies, name, ..place };
        if !place.marks.is_empty() {
            return self.inline(target, inner);
        }
        let key = (pointer.to_owned(), place.cdk.key(), identifies.clone(), place.read_only);
        if let Some(id) = self.memo.get(&key) {
            return Ok(*id);
        }
        if let Some(open) = self.open.iter_mut().find(|(k, _)| *k == key) {
            let (_, id) = *open.1.get_or_insert_with(|| self.table.alias());
            return Ok(id);
        }
        self.open.push((key.clone(), None));
        let id = self.inline(target, inner)?;
        if let Some((_, Some((slot, _)))) = self.open.pop() {
            self.table.aliases[slot as usize] = Some(id);
        }
        self.memo.insert(key, id);
        Ok(id)
    }

    fn inline(&mut self, schema: &Value, place: Place<'_>) -> Result<NodeId> {
        let shape = shape::of(self.schema, schema, self.sam).map_err(|e| self.at(&e))?;
        match shape {
            Shape::Json => Ok(self.table.add(Node::Json)),
            Shape::Bool => Ok(self.table.add(Node::Bool)),
            Shape::Same(inner) => self.node(inner, place),
            Shape::String(s) => self.string(s, place),
            Shape::Int(s) => Ok(self.number(s, Node::Int)),
            Shape::Number(s) => Ok(self.number(s, Node::Number)),
            Shape::Array(s) => self.array(s, place),
            Shape::Map { key, value } => self.map(key, value, place),
            Shape::Object(object) => self.object(&object, place),
            Shape::Union(members) => self.union(&members, place),
            Shape::Kinds(schema, kinds) => self.kinds(schema, &kinds, place),
            Shape::ObjectOrText(object) => {
                let object = self.object(&object, place)?;
                let text = self.table.add(Node::String(StringType::default()));
                Ok(self.table.add(Node::Union(vec![object, text])))
            }
        }
    }

    fn union(&mut self, members: &[&Value], place: Place<'_>) -> Result<NodeId> {
        let mut ids = Vec::new();
        for member in members {
            let id = self.node(member, place)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.join(ids)
    }

    fn kinds(&mut self, schema: &Value, kinds: &[&str], place: Place<'_>) -> Result<NodeId> {
        let mut ids = Vec::new();
        for kind in kinds {
            ids.push(match *kind {
                "string" => self.string(schema, place)?,
                "integer" => self.number(schema, Node::Int),
                "number" => self.number(schema, Node::Number),
                "boolean" => self.table.add(Node::Bool),
                "array" => self.array(schema, place)?,
                other => return Err(self.at(&format!("unknown type `{other}`"))),
            });
        }
        self.join(ids)
    }

    /// One of several nodes; one that takes anything swallows the others.
    fn join(&mut self, mut ids: Vec<NodeId>) -> Result<NodeId> {
        let mut flat = Vec::new();
        for id in ids.drain(..) {
            match &self.table.nodes[id as usize] {
                Node::Json => return Ok(id),
                Node::Union(members) => flat.extend(members.clone()),
                _ => flat.push(id),
            }
        }
        let mut seen = BTreeSet::new();
        flat.retain(|id| seen.insert(*id));
        match flat.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.at("a union of nothing")),
            _ => Ok(self.table.add(Node::Union(flat))),
        }
    }

    fn string(&mut self, schema: &Value, place: Place<'_>) -> Result<NodeId> {
        let mut identifies = place.identifies.to_vec();
        identifies.extend(self.identities.named_by(schema));
        if let Some(decided) = &place.marks.identifies {
            identifies.clone_from(decided);
        } else if identifies.is_empty() && !place.read_only {
            identifies.extend(self.identities.inferred(self.last_name()));
        }
        let pattern = match schema.get("pattern").and_then(Value::as_str) {
            Some(source) => self.pattern(source)?,
            None => None,
        };
        fitting_names_of_a_key(schema.get("pattern").and_then(Value::as_str).unwrap_or_default(), &mut identifies);
        let (values, ignore_case) = shape::values(schema);
        let node = Node::String(StringType {
            pattern,
            min: shape::count(schema, "minLength").filter(|n| *n > 0),
            max: shape::count(schema, "maxLength"),
            advice: !values.is_empty() && self.advice(&values),
            values,
            ignore_case,
            identifies: if place.read_only { once(identifies) } else { self.identities.widen(identifies) },
        });
        Ok(self.table.add(node))
    }

    /// The number of a pattern; none where the overrides leave it out.
    fn pattern(&mut self, source: &str) -> Result<Option<u32>> {
        let accepted = self.patterns.accept(source).map_err(|e| self.at(&e))?;
        Ok(accepted.map(|source| self.table.pattern(&source)))
    }

    /// Lists that grow with every new machine, runtime and place.
    fn advice(&self, values: &[String]) -> bool {
        const MANY: usize = 40;
        const GROWING: [&str; 14] = [
            "Runtime",
            "CompatibleRuntimes",
            "InstanceType",
            "InstanceTypes",
            "DBInstanceClass",
            "CacheNodeType",
            "NodeType",
            "Region",
            "RegionName",
            "Engine",
            "EngineVersion",
            "ServiceNamespace",
            "ScalableDimension",
            "LanguageCode",
        ];
        values.len() > MANY || GROWING.contains(&self.last_name())
    }

    /// The property this is the value of.
    fn last_name(&self) -> &str {
        self.trail.iter().rev().find(|step| *step != "*").map_or("", String::as_str)
    }

    fn number(&mut self, schema: &Value, make: fn(NumberType) -> Node) -> NodeId {
        let bits = |n: f64| (n + 0.0).to_bits();
        let get = |key: &str| schema.get(key).and_then(Value::as_f64);
        // Whole numbers are meant where AWS writes an exclusive bound.
        let max = get("maximum").or_else(|| get("exclusiveMaximum").map(|n| n - 1.0));
        let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        self.table.add(make(NumberType {
            min: get("minimum").map(bits),
            max: max.map(bits),
            values: values.filter_map(Value::as_f64).map(bits).collect(),
        }))
    }

    fn array(&mut self, schema: &Value, place: Place<'_>) -> Result<NodeId> {
        let mut identifies = place.identifies.to_vec();
        identifies.extend(self.identities.named_by(schema));
        self.trail.push("*".to_owned());
        let item = match schema.get("items") {
            Some(items) => self.node(
                items,
                Place { cdk: place.cdk.element(self.cdk), marks: place.marks.item(), identifies: &identifies, ..place },
            )?,
            None => self.table.add(Node::Json),
        };
        self.trail.pop();
        Ok(self.table.add(Node::Array {
            item,
            min: shape::count(schema, "minItems").filter(|n| *n > 0),
            max: shape::count(schema, "maxItems"),
            unique: schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or_default(),
        }))
    }

    fn map(&mut self, key: Option<&str>, value: Option<&Value>, place: Place<'_>) -> Result<NodeId> {
        let key = match key {
            Some(source) => self.pattern(source)?,
            None => None,
        };
        self.trail.push("*".to_owned());
        let value = match value {
            Some(value) => {
                self.node(value, Place { cdk: place.cdk.element(self.cdk), marks: place.marks.item(), ..place })?
            }
            None => self.table.add(Node::Json),
        };
        self.trail.pop();
        Ok(self.table.add(Node::Map { key, value }))
    }

    fn object(&mut self, shape: &shape::Object<'_>, place: Place<'_>) -> Result<NodeId> {
        let mut properties = Vec::new();
        for (name, schemas) in &shape.properties {
            self.trail.push((*name).to_owned());
            let overlay = place.cdk.property(self.cdk, name);
            let marks = place.marks.child(name);
            let doc_key = doc_key(place, name);
            let identifies = overlay.as_ref().map_or_else(Vec::new, |o| self.identities.gathered(name, &o.relations()));
            let read_only = place.read_only || marks.flags & flag::READ_ONLY != 0;
            let inner = Place {
                cdk: overlay.as_ref().map_or(Overlay::NONE, |o| o.value),
                marks,
                identifies: &identifies,
                doc_key: &doc_key,
                name: "",
                read_only,
            };
            let mut nodes = Vec::new();
            for schema in schemas {
                nodes.push(self.node(schema, inner)?);
            }
            nodes.dedup();
            let node = match nodes.as_slice() {
                _ if marks.document => self.table.add(Node::Json),
                [one] => *one,
                _ => self.merge(nodes)?,
            };
            let mut flags = marks.flags;
            if shape.required.contains(name) && flags & flag::READ_ONLY == 0 {
                flags |= flag::REQUIRED;
            }
            if let Some(overlay) = &overlay {
                flags |= overlay.flags(flags, self.sam || marks.settled);
            }
            let text = overlay
                .as_ref()
                .and_then(|o| o.documentation())
                .or_else(|| schemas.iter().find_map(|s| shape::description(self.schema, s)))
                .and_then(doclines::one_line);
            if let Some(text) = text {
                self.docs.entry(doc_key).or_insert(text);
            }
            properties.push(Property { name: (*name).to_owned(), node, flags });
            self.trail.pop();
        }
        properties.sort_by(|a, b| a.name.cmp(&b.name));
        let groups = self.groups(shape, &properties);
        // A schema that does not say is open by the letter; where CDK knows the keys, they are all.
        let open = shape.open.unwrap_or_else(|| !place.cdk.is_definition());
        Ok(self.table.add(Node::Object(ObjectType { name: place.name.to_owned(), open, properties, groups })))
    }

    /// Several variants give the same key: lists of values are one list, other types a union.
    fn merge(&mut self, nodes: Vec<NodeId>) -> Result<NodeId> {
        let mut values = BTreeSet::new();
        let mut merged = StringType::default();
        for id in &nodes {
            match &self.table.nodes[*id as usize] {
                Node::String(s) if !s.values.is_empty() && s.pattern.is_none() => {
                    values.extend(s.values.clone());
                    merged.ignore_case |= s.ignore_case;
                    merged.advice |= s.advice;
                }
                _ => return self.join(nodes),
            }
        }
        merged.values = values.into_iter().collect();
        Ok(self.table.add(Node::String(merged)))
    }

    /// A group that asks for a key which AWS sets, or which is not there, says nothing to a user.
    fn groups(&self, shape: &shape::Object<'_>, properties: &[Property]) -> Vec<Group> {
        let writable: BTreeSet<&str> =
            properties.iter().filter(|p| p.flags & flag::READ_ONLY == 0).map(|p| p.name.as_str()).collect();
        groups::clean(&shape.groups, &writable)
    }
}

/// Of a KMS key there is an ARN, an id and an alias; the pattern tells which of them will do.
fn fitting_names_of_a_key(pattern: &str, identifies: &mut Vec<Identifier>) {
    let pattern = ecmascript(pattern).unwrap_or_default();
    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let fits = |sample: &str| {
        pattern.is_empty()
            || regress::Regex::new(&pattern)
                .is_ok_and(|p| p.find(sample).is_some_and(|m| m.range() == (0..sample.len())))
    };
    let key = format!("arn:aws:kms:us-east-1:111122223333:key/{ID}");
    let samples =
        [("AWS::KMS::Key.Arn", key.as_str()), ("AWS::KMS::Key.KeyId", ID), ("AWS::KMS::Alias.AliasName", "alias/name")];
    let kept: Vec<&str> = samples.iter().filter(|(_, sample)| fits(sample)).map(|(name, _)| *name).collect();
    let name = |i: &Identifier| format!("{}.{}", i.resource, i.attribute);
    if !kept.is_empty() {
        identifies.retain(|i| kept.contains(&name(i).as_str()) || !samples.iter().any(|(n, _)| *n == name(i)));
        // The ARN names a key in every account.
        identifies.sort_by_key(|i| name(i) != samples[0].0);
    }
}

/// Each identifier once.
fn once(identifiers: Vec<Identifier>) -> Vec<Identifier> {
    let mut seen = BTreeSet::new();
    identifiers.into_iter().filter(|i| seen.insert(i.clone())).collect()
}

/// Under which key the documentation of a property stands; the reader makes the same key from a path.
fn doc_key(place: Place<'_>, name: &str) -> String {
    match (place.name, place.doc_key) {
        ("", "") => name.to_owned(),
        ("", outer) => format!("{outer}.{name}"),
        (definition, _) => format!("{definition}/{name}"),
    }
}
