//! What kind of type a registry schema describes: the reading of JSON Schema as AWS writes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Result;
use crate::groups;
use crate::ir::Group;

/// A schema, sorted by what it becomes.
pub enum Shape<'a> {
    Json,
    Bool,
    /// Another schema says it all.
    Same(&'a Value),
    String(&'a Value),
    Int(&'a Value),
    Number(&'a Value),
    Array(&'a Value),
    Map {
        key: Option<&'a str>,
        value: Option<&'a Value>,
    },
    Object(Object<'a>),
    Union(Vec<&'a Value>),
    /// Several plain kinds in one schema.
    Kinds(&'a Value, Vec<&'a str>),
    /// An object with known keys that may also be given as JSON text.
    ObjectOrText(Object<'a>),
}

/// The keys of an object, variants merged.
#[derive(Default)]
pub struct Object<'a> {
    pub properties: BTreeMap<&'a str, Vec<&'a Value>>,
    pub required: BTreeSet<&'a str>,
    pub open: Option<bool>,
    pub groups: Vec<Group>,
}

/// Every keyword there is. Another one is an error, so that a new kind of constraint is noticed.
const KNOWN: &[&str] = &[
    "type",
    "description",
    "$ref",
    "additionalProperties",
    "properties",
    "maxLength",
    "minLength",
    "required",
    "pattern",
    "items",
    "enum",
    "maxItems",
    "minItems",
    "uniqueItems",
    "format",
    "minimum",
    "definitions",
    "maximum",
    "patternProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "relationshipRef",
    "enumCaseInsensitive",
    "requiredXor",
    "dependencies",
    "dependentExcluded",
    "dependentRequired",
    "const",
    "exclusiveMaximum",
    "requiredOr",
    // What these say is not packed: order, examples, and conditions between values that AWS checks itself.
    "insertionOrder",
    "default",
    "title",
    "examples",
    "$comment",
    "arrayType",
    "if",
    "then",
    "else",
    "not",
    "multipleOf",
    "prefixItems",
    "uniqueKeys",
    "maxUniqueItems",
    "minProperties",
    "maxProperties",
];

/// Keywords of a whole resource schema.
const KNOWN_AT_ROOT: &[&str] = &[
    "typeName",
    "primaryIdentifier",
    "handlers",
    "tagging",
    "taggable",
    "readOnlyProperties",
    "createOnlyProperties",
    "writeOnlyProperties",
    "deprecatedProperties",
    "conditionalCreateOnlyProperties",
    "sourceUrl",
    "documentationUrl",
    "additionalIdentifiers",
    "propertyTransform",
    "lifecycle",
    "replacementStrategy",
    "$schema",
    "resourceLink",
    "typeConfiguration",
];

/// What says nothing about the type.
const SILENT: &[&str] = &["description", "title", "default", "$comment", "examples", "insertionOrder"];

/// Unknown keywords are errors, in the schema and everywhere below it.
pub fn check_keywords(schema: &Value, root: bool) -> Result<()> {
    let Some(object) = schema.as_object() else {
        return if schema.is_boolean() { Ok(()) } else { Err(format!("not a schema: {schema}")) };
    };
    for (key, value) in object {
        if root && KNOWN_AT_ROOT.contains(&key.as_str()) {
            continue;
        }
        if !KNOWN.contains(&key.as_str()) {
            return Err(format!("unknown keyword `{key}`"));
        }
        match (key.as_str(), value) {
            ("properties" | "definitions" | "patternProperties", Value::Object(schemas)) => {
                for (name, schema) in schemas {
                    check_keywords(schema, false).map_err(|e| format!("{name}: {e}"))?;
                }
            }
            ("items" | "additionalProperties" | "if" | "then" | "else" | "not", schema) => {
                check_keywords(schema, false)?
            }
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                for schema in schemas {
                    check_keywords(schema, false)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Follows `$ref` to the definition.
pub fn resolve<'a>(root: &'a Value, schema: &'a Value) -> Result<&'a Value> {
    let mut schema = schema;
    for _ in 0..16 {
        let Some(pointer) = schema.get("$ref").and_then(Value::as_str) else { return Ok(schema) };
        let path = pointer.strip_prefix('#').ok_or_else(|| format!("`{pointer}` leaves the schema"))?;
        schema = root.pointer(path).ok_or_else(|| format!("`{pointer}` points nowhere"))?;
    }
    Err("`$ref` turns in a circle".to_owned())
}

/// A whole number that may be written as a float.
pub fn count(schema: &Value, key: &str) -> Option<u64> {
    let value = schema.get(key)?;
    value.as_u64().or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
}

/// The values AWS lists, and whether their case is alike.
pub fn values(schema: &Value) -> (Vec<String>, bool) {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let list =
        |key: &str| schema.get(key).and_then(Value::as_array).map(|l| l.iter().map(text).collect::<BTreeSet<_>>());
    let loose = list("enumCaseInsensitive");
    let ignore_case = loose.is_some();
    let one = || schema.get("const").map(|v| BTreeSet::from([text(v)]));
    (list("enum").or(loose).or_else(one).unwrap_or_default().into_iter().collect(), ignore_case)
}

/// The schema's own text, or that of the definition it points at.
pub fn description<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a str> {
    let own = |s: &'a Value| s.get("description").and_then(Value::as_str);
    own(schema).or_else(|| resolve(root, schema).ok().and_then(own))
}

/// The JSON types, inferred where none is written.
fn types(schema: &Value) -> Vec<&str> {
    let has = |keys: &[&str]| keys.iter().any(|k| schema.get(k).is_some());
    let mut types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        // A policy: CloudFormation takes it as an object or as text.
        _ if schema.get("format").is_some_and(|format| format == "json") => vec!["object", "string"],
        _ if has(&["properties", "patternProperties", "required"]) => vec!["object"],
        _ if has(&["items"]) => vec!["array"],
        // Beside alternatives, these only bound the one that is a list.
        _ if has(&["minItems", "maxItems"]) && !has(&["oneOf", "anyOf"]) => vec!["array"],
        _ if has(&[
            "pattern",
            "minLength",
            "maxLength",
            "enum",
            "enumCaseInsensitive",
            "const",
            "format",
            "relationshipRef",
        ]) =>
        {
            vec!["string"]
        }
        _ => Vec::new(),
    };
    types.retain(|t| *t != "null");
    types
}

fn branches<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn alternatives(schema: &Value) -> Vec<&Value> {
    branches(schema, "oneOf").iter().chain(branches(schema, "anyOf")).collect()
}

fn silent(schema: &Value) -> bool {
    schema.as_object().is_some_and(|o| o.keys().all(|k| SILENT.contains(&k.as_str())))
}

/// Only says what a string identifies.
fn names_identity(schema: &Value) -> bool {
    schema.as_object().is_some_and(|o| o.keys().all(|k| k == "format" || k == "relationshipRef"))
}

/// An object of which nothing is known.
fn bare_object(schema: &Value) -> bool {
    types(schema) == ["object"]
        && ["properties", "patternProperties", "oneOf", "anyOf", "allOf"].iter().all(|k| schema.get(k).is_none())
        && schema.get("additionalProperties").is_none_or(|a| a == &Value::Bool(true))
}

/// What the schema describes. `sam`: an object among alternatives stands for an intrinsic function.
pub fn of<'a>(root: &'a Value, schema: &'a Value, sam: bool) -> Result<Shape<'a>> {
    let kinds = types(schema);
    if kinds.is_empty() {
        return untyped(root, schema, sam);
    }
    Ok(match kinds.as_slice() {
        ["string"] => return string(root, schema),
        ["boolean"] => Shape::Bool,
        ["integer"] => Shape::Int(schema),
        ["number"] => Shape::Number(schema),
        ["array"] => Shape::Array(schema),
        ["object"] => return one_object(root, schema),
        kinds if kinds.contains(&"object") && schema.get("properties").is_some() && kinds.len() == 2 => {
            Shape::ObjectOrText(object(root, schema)?)
        }
        kinds if kinds.contains(&"object") || (kinds.contains(&"array") && kinds.len() > 2) => Shape::Json,
        kinds => Shape::Kinds(schema, kinds.to_vec()),
    })
}

fn untyped<'a>(root: &'a Value, schema: &'a Value, sam: bool) -> Result<Shape<'a>> {
    let all: Vec<&Value> = branches(schema, "allOf").iter().filter(|s| !silent(s)).collect();
    if let [one] = all.as_slice() {
        return Ok(Shape::Same(one));
    }
    if !all.is_empty() {
        return Ok(Shape::Object(object(root, schema)?));
    }
    let mut members = alternatives(schema);
    if members.is_empty() {
        return Ok(Shape::Json);
    }
    let mut objects = 0;
    for member in &members {
        let member = resolve(root, member)?;
        objects += usize::from(is_object(member));
    }
    if objects == members.len() {
        return Ok(Shape::Object(object(root, schema)?));
    }
    if sam {
        members.retain(|m| !bare_object(m));
    }
    Ok(Shape::Union(members))
}

/// An object with known keys.
pub fn is_object(schema: &Value) -> bool {
    types(schema) == ["object"] && !bare_object(schema) && schema.get("patternProperties").is_none()
        || (schema.get("type").is_none()
            && !alternatives(schema).is_empty()
            && alternatives(schema).iter().all(|s| s.get("properties").is_some()))
}

fn string<'a>(_root: &'a Value, schema: &'a Value) -> Result<Shape<'a>> {
    let members: Vec<&Value> = alternatives(schema).into_iter().filter(|s| !names_identity(s)).collect();
    Ok(if members.is_empty() { Shape::String(schema) } else { Shape::Union(members) })
}

fn one_object<'a>(root: &'a Value, schema: &'a Value) -> Result<Shape<'a>> {
    let known = schema.get("properties").and_then(Value::as_object).is_some_and(|p| !p.is_empty());
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    if !known && let Some(patterns) = patterns {
        let mut entries = patterns.iter();
        return Ok(match (entries.next(), entries.next()) {
            (Some((key, value)), None) => {
                let any = [".*", ".+", "^.*$", "^.+$", ""].contains(&key.as_str());
                Shape::Map { key: (!any).then_some(key), value: Some(value) }
            }
            _ => Shape::Map { key: None, value: None },
        });
    }
    if !known && let Some(value @ Value::Object(_)) = schema.get("additionalProperties") {
        return Ok(Shape::Map { key: None, value: Some(value) });
    }
    let alternatives = alternatives(schema);
    let keyed = known || closed || alternatives.iter().any(|s| resolve(root, s).is_ok_and(is_object));
    Ok(if keyed { Shape::Object(object(root, schema)?) } else { Shape::Json })
}

/// The keys of an object schema: its own, those of `allOf`, and those of its variants.
pub fn object<'a>(root: &'a Value, schema: &'a Value) -> Result<Object<'a>> {
    let mut object = Object::default();
    collect(root, schema, &mut object, 0)?;
    Ok(object)
}

fn collect<'a>(root: &'a Value, schema: &'a Value, into: &mut Object<'a>, depth: usize) -> Result<()> {
    if depth > 16 {
        return Err("objects nest in themselves".to_owned());
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let schemas = into.properties.entry(name).or_default();
        if !schemas.contains(&property) {
            schemas.push(property);
        }
    }
    into.required
        .extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
    match schema.get("additionalProperties") {
        Some(Value::Bool(open)) => into.open = Some(*open),
        Some(_) => into.open = Some(true),
        None => {}
    }
    if schema.get("patternProperties").is_some() {
        into.open = Some(true);
    }
    into.groups.extend(groups::keywords(schema)?);
    for branch in branches(schema, "allOf") {
        collect(root, resolve(root, branch)?, into, depth + 1)?;
    }
    for key in ["oneOf", "anyOf"] {
        variants(root, schema, key, into, depth)?;
    }
    Ok(())
}

/// `oneOf` or `anyOf`: branches that bring keys are variants of the object, others only constrain it.
fn variants<'a>(root: &'a Value, schema: &'a Value, keyword: &str, into: &mut Object<'a>, depth: usize) -> Result<()> {
    let mut members = Vec::new();
    for branch in branches(schema, keyword) {
        let branch = resolve(root, branch)?;
        if types(branch).iter().any(|t| *t != "object") {
            // An alternative to the object: `Shape::Union` is for those.
            return Err(format!("`{keyword}` mixes objects with other types beside properties"));
        }
        members.push(branch);
    }
    if members.is_empty() {
        return Ok(());
    }
    let mut parts = Vec::new();
    for member in &members {
        let mut part = Object::default();
        collect(root, member, &mut part, depth + 1)?;
        parts.push(part);
    }
    let brings_keys = parts.iter().any(|p| p.properties.keys().any(|k| !into.properties.contains_key(k)));
    let one = keyword == "oneOf";
    if !brings_keys {
        // Where a branch says more than `required`, its meaning is not held; the group is left out.
        let plain = members.iter().all(|m| {
            m.as_object().is_some_and(|o| {
                o.keys()
                    .all(|k| ["required", "type", "properties"].contains(&k.as_str()) || SILENT.contains(&k.as_str()))
            })
        });
        if let ([only], true) = (parts.as_slice(), plain) {
            into.required.extend(&only.required);
        } else if plain {
            into.groups.extend(groups::sets(parts.iter().map(|p| owned(&p.required)).collect(), one));
        }
        return Ok(());
    }
    let shared: BTreeSet<&str> = into.properties.keys().copied().collect();
    let every: BTreeSet<&str> =
        parts.iter().flat_map(|p| p.properties.keys().copied()).chain(shared.iter().copied()).collect();
    if parts.iter().all(|p| p.open == Some(false)) {
        into.open = into.open.or(Some(false));
        let variants = parts
            .iter()
            .map(|p| {
                let allowed: BTreeSet<&str> = p.properties.keys().copied().chain(shared.iter().copied()).collect();
                (owned(&p.required), owned(&allowed))
            })
            .collect();
        into.groups.push(Group::Variants(variants));
    } else if parts.iter().any(|p| p.open == Some(false)) {
        let variants = parts
            .iter()
            .map(|p| {
                let closed: BTreeSet<&str> = p.properties.keys().copied().chain(shared.iter().copied()).collect();
                (owned(&p.required), owned(if p.open == Some(false) { &closed } else { &every }))
            })
            .collect();
        into.groups.push(Group::Variants(variants));
    } else {
        into.groups.extend(groups::sets(parts.iter().map(|p| owned(&p.required)).collect(), one));
    }
    let mut common: Option<BTreeSet<&str>> = None;
    for part in parts {
        common = Some(match common {
            Some(common) => common.intersection(&part.required).copied().collect(),
            None => part.required.clone(),
        });
        for (name, schemas) in part.properties {
            let known = into.properties.entry(name).or_default();
            for schema in schemas {
                if !known.contains(&schema) {
                    known.push(schema);
                }
            }
        }
    }
    into.required.extend(common.unwrap_or_default());
    Ok(())
}

fn owned(keys: &BTreeSet<&str>) -> Vec<String> {
    keys.iter().map(|k| (*k).to_owned()).collect()
}
