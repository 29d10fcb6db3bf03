//! The merged types to the two blobs. The layout is described in `schema/format.rs`.

use std::collections::{BTreeMap, HashMap};

use crate::Result;
use crate::facts::Merged;
use crate::ir::{Group, Node, NodeId, Resource};
use crate::patterns::Patterns;
use crate::schema::format::{self, group, node as tag, resource as bits, section};

/// Documentation is cut into chunks of about this size.
const CHUNK: usize = 32 << 10;

/// `aws.hot.bin`
pub fn hot(merged: &Merged, patterns: &Patterns) -> Result<Vec<u8>> {
    // The first pass counts strings, the second writes their numbers.
    let mut strings = Strings::default();
    records(merged, patterns, &mut strings)?;
    strings.order();
    let (nodes, types, pattern_numbers) = records(merged, patterns, &mut strings)?;
    let mut sections: [Vec<u8>; section::COUNT] = Default::default();
    (sections[section::STRING_ENDS], sections[section::STRINGS]) =
        packed(strings.list.iter().map(|s| s.as_bytes().to_vec()));
    (sections[section::NODE_ENDS], sections[section::NODES]) = packed(nodes);
    (sections[section::TYPE_ENDS], sections[section::TYPES]) = packed(types);
    sections[section::PATTERNS] = pattern_numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let mut out = Vec::new();
    out.extend(format::MAGIC);
    out.extend(format::VERSION.to_le_bytes());
    out.extend((section::COUNT as u16).to_le_bytes());
    let mut at = out.len() + section::COUNT * 8;
    for section in &sections {
        out.extend(number(at)?);
        out.extend(number(section.len())?);
        at += section.len();
    }
    out.extend(sections.concat());
    Ok(out)
}

fn number(n: usize) -> Result<[u8; 4]> {
    u32::try_from(n).map(u32::to_le_bytes).map_err(|_| "the blob outgrew 32-bit numbers".to_owned())
}

/// Where each record ends, and the records.
fn packed(records: impl IntoIterator<Item = Vec<u8>>) -> (Vec<u8>, Vec<u8>) {
    let (mut ends, mut bytes) = (Vec::new(), Vec::new());
    for record in records {
        bytes.extend(record);
        ends.extend((bytes.len() as u32).to_le_bytes());
    }
    (ends, bytes)
}

type Records = (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<u32>);

fn records(merged: &Merged, patterns: &Patterns, strings: &mut Strings) -> Result<Records> {
    let table = &merged.table;
    let mut pattern_numbers = Vec::new();
    for source in &table.patterns {
        let (text, kind) = patterns.decided(source).ok_or("a pattern was not decided")?;
        pattern_numbers.push(strings.number(text) << 2 | kind);
    }
    let mut nodes = Vec::new();
    for node in &table.nodes {
        nodes.push(node_record(node, &table.aliases, strings)?);
    }
    let types = merged.resources.iter().map(|(name, resource)| type_record(name, resource, strings)).collect();
    Ok((nodes, types, pattern_numbers))
}

/// Strings by number, the most used first.
#[derive(Default)]
struct Strings {
    list: Vec<String>,
    numbers: HashMap<String, u32>,
    uses: BTreeMap<String, usize>,
}

impl Strings {
    fn number(&mut self, text: &str) -> u32 {
        *self.uses.entry(text.to_owned()).or_default() += 1;
        self.numbers.get(text).copied().unwrap_or_default()
    }

    fn order(&mut self) {
        let mut all: Vec<(&String, &usize)> = self.uses.iter().collect();
        all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        self.list = all.into_iter().map(|(text, _)| text.clone()).collect();
        self.numbers = self.list.iter().cloned().zip(0..).collect();
    }
}

/// A record in the making.
struct Record<'s> {
    bytes: Vec<u8>,
    strings: &'s mut Strings,
}

impl Record<'_> {
    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    fn string(&mut self, text: &str) {
        let number = self.strings.number(text);
        self.varint(number.into());
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.varint(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }

    fn strings(&mut self, list: &[String]) {
        self.list(list, |r, s| r.string(s));
    }
}

fn has<T>(value: Option<&T>, bit: u64) -> u64 {
    if value.is_some() { bit } else { 0 }
}

fn node_record(node: &Node, aliases: &[Option<NodeId>], strings: &mut Strings) -> Result<Vec<u8>> {
    let mut r = Record { bytes: Vec::new(), strings };
    match node {
        Node::Json => r.bytes.push(tag::JSON),
        Node::Bool => r.bytes.push(tag::BOOL),
        Node::String(s) => {
            r.bytes.push(tag::STRING);
            r.varint(
                has(s.pattern.as_ref(), tag::PATTERN)
                    | has(s.min.as_ref(), tag::MIN)
                    | has(s.max.as_ref(), tag::MAX)
                    | has(s.values.first(), tag::VALUES)
                    | has(s.identifies.first(), tag::IDENTIFIES)
                    | if s.ignore_case { tag::IGNORE_CASE } else { 0 }
                    | if s.advice { tag::ADVICE } else { 0 },
            );
            for n in [s.pattern.map(u64::from), s.min, s.max].into_iter().flatten() {
                r.varint(n);
            }
            if !s.values.is_empty() {
                r.strings(&s.values);
            }
            if !s.identifies.is_empty() {
                r.list(&s.identifies, |r, i| {
                    r.string(&i.resource);
                    r.string(&i.attribute);
                });
            }
        }
        Node::Int(n) | Node::Number(n) => {
            r.bytes.push(if matches!(node, Node::Int(_)) { tag::INT } else { tag::NUMBER });
            r.varint(
                has(n.min.as_ref(), tag::MIN) | has(n.max.as_ref(), tag::MAX) | has(n.values.first(), tag::VALUES),
            );
            for n in [n.min, n.max].into_iter().flatten() {
                r.bytes.extend(n.to_le_bytes());
            }
            if !n.values.is_empty() {
                r.list(&n.values, |r, n| r.bytes.extend(n.to_le_bytes()));
            }
        }
        Node::Array { item, min, max, unique } => {
            r.bytes.push(tag::ARRAY);
            r.varint(has(min.as_ref(), tag::MIN) | has(max.as_ref(), tag::MAX) | if *unique { tag::UNIQUE } else { 0 });
            r.varint((*item).into());
            for n in [min, max].into_iter().flatten() {
                r.varint(*n);
            }
        }
        Node::Map { key, value } => {
            r.bytes.push(tag::MAP);
            r.varint(has(key.as_ref(), tag::PATTERN));
            if let Some(key) = key {
                r.varint((*key).into());
            }
            r.varint((*value).into());
        }
        Node::Union(members) => {
            r.bytes.push(tag::UNION);
            r.list(members, |r, m| r.varint((*m).into()));
        }
        Node::Alias(slot) => {
            r.bytes.push(tag::ALIAS);
            let target = aliases.get(*slot as usize).copied().flatten().ok_or("an alias without a target")?;
            r.varint(target.into());
        }
        Node::Object(object) => {
            r.bytes.push(tag::OBJECT);
            r.string(&object.name);
            r.varint(if object.open { tag::OPEN } else { 0 });
            r.list(&object.properties, |r, p| {
                r.string(&p.name);
                r.varint(p.node.into());
                r.varint(p.flags);
            });
            r.list(&object.groups, group_record);
        }
    }
    Ok(r.bytes)
}

fn group_record(r: &mut Record<'_>, group: &Group) {
    match group {
        Group::OneOf(sets) | Group::AnyOf(sets) => {
            r.varint(if matches!(group, Group::OneOf(_)) { group::ONE_OF } else { group::ANY_OF });
            r.list(sets, |r, s| r.strings(s));
        }
        Group::ExactlyOne(keys) | Group::AtLeastOne(keys) => {
            r.varint(if matches!(group, Group::ExactlyOne(_)) { group::EXACTLY_ONE } else { group::AT_LEAST_ONE });
            r.strings(keys);
        }
        Group::Needs(key, keys) | Group::Excludes(key, keys) => {
            r.varint(if matches!(group, Group::Needs(..)) { group::NEEDS } else { group::EXCLUDES });
            r.string(key);
            r.strings(keys);
        }
        Group::Variants(variants) => {
            r.varint(group::VARIANTS);
            r.list(variants, |r, (required, allowed)| {
                r.strings(required);
                r.strings(allowed);
            });
        }
    }
}

fn type_record(name: &str, resource: &Resource, strings: &mut Strings) -> Vec<u8> {
    let mut r = Record { bytes: Vec::new(), strings };
    r.string(name);
    r.varint(resource.root.into());
    r.varint(
        resource.flags
            | has(resource.ref_value.as_ref(), bits::REF_KNOWN)
            | has(resource.tags.as_ref(), bits::TAGS)
            | has(resource.arn.as_ref(), bits::ARN)
            | has(resource.lifecycle.as_ref(), bits::LIFECYCLE),
    );
    if let Some(path) = &resource.ref_value {
        r.string(path);
    }
    if let Some((property, shape)) = &resource.tags {
        r.string(property);
        r.varint(*shape);
    }
    if let Some(arn) = &resource.arn {
        r.string(arn);
    }
    if let Some((state, date)) = &resource.lifecycle {
        r.string(state);
        r.string(date.as_deref().unwrap_or_default());
    }
    r.strings(&resource.primary_identifier);
    r.varint(resource.attributes.len() as u64);
    for (path, node) in &resource.attributes {
        r.string(path);
        r.varint((*node).into());
    }
    r.bytes
}

/// `aws.docs.bin`
pub fn docs(resources: &BTreeMap<String, Resource>) -> Result<Vec<u8>> {
    let (mut rows, mut chunks, mut open) = (Vec::new(), Vec::new(), String::new());
    for resource in resources.values() {
        // A key or line with a tab or a line break would be read as something else; `one_line` makes none.
        let block: String = resource.docs.iter().map(|(key, line)| format!("{key}\t{line}\n")).collect();
        rows.push([chunks.len(), open.len(), block.len()]);
        open.push_str(&block);
        if open.len() >= CHUNK {
            chunks.push(std::mem::take(&mut open));
        }
    }
    chunks.push(open);
    let mut out = Vec::new();
    out.extend(format::DOCS_MAGIC);
    out.extend(format::VERSION.to_le_bytes());
    out.extend([0, 0]);
    out.extend(number(rows.len())?);
    out.extend(number(chunks.len())?);
    let deflated: Vec<Vec<u8>> =
        chunks.iter().map(|c| miniz_oxide::deflate::compress_to_vec(c.as_bytes(), 10)).collect();
    let mut at = out.len() + 12 * (rows.len() + chunks.len());
    for (chunk, bytes) in chunks.iter().zip(&deflated) {
        rows.push([at, bytes.len(), chunk.len()]);
        at += bytes.len();
    }
    for n in rows.iter().flatten() {
        out.extend(number(*n)?);
    }
    out.extend(deflated.concat());
    Ok(out)
}
