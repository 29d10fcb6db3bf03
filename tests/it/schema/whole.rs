//! Every byte of the blobs, and what must be true of all types.

use std::collections::BTreeSet;

use infra::schema::{Group, Identifier, Node, NodeId, ObjectType, RefValue, TagShape, Types};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::folder;

/// Types of which nothing has been decoded yet.
pub(super) fn fresh() -> Types {
    open(read("aws.hot.bin"), read("aws.docs.bin")).unwrap()
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder("schema").join(name)).unwrap()
}

fn open(hot: Vec<u8>, docs: Vec<u8>) -> Option<Types> {
    Types::open(hot.leak(), docs.leak())
}

fn nodes(types: &Types) -> impl Iterator<Item = (u32, &Node)> {
    let count = u32::try_from(types.node_count()).unwrap();
    (0..count).map(|id| (id, types.raw_node(NodeId(id)).unwrap_or_else(|| panic!("node {id}"))))
}

fn objects(types: &Types) -> impl Iterator<Item = &ObjectType> {
    nodes(types).filter_map(|(_, node)| match node {
        Node::Object(object) => Some(object),
        _ => None,
    })
}

#[test]
fn the_manifest_names_these_blobs() {
    let manifest: Value = serde_json::from_slice(&read("MANIFEST.json")).unwrap();
    let mut total = 0;
    for name in ["aws.hot.bin", "aws.docs.bin"] {
        let bytes = read(name);
        let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(manifest["files"][name]["sha256"], hash, "{name}");
        total += bytes.len();
    }
    assert!(total < 3_000_000, "{total} bytes");
    let types = Types::aws();
    assert_eq!(manifest["counts"]["types"], types.names().len());
    assert_eq!(manifest["counts"]["nodes"], types.node_count());
    assert!(types.names().len() >= 1896, "types have gone");
}

#[test]
fn every_node_decodes_and_leads_somewhere() {
    let types = Types::aws();
    let count = u32::try_from(types.node_count()).unwrap();
    let mut patterns = 0;
    for (id, node) in nodes(types) {
        let targets: Vec<NodeId> = match node {
            Node::Array { item, .. } => vec![*item],
            Node::Map { value, key } => {
                assert!(key.as_ref().is_none_or(|k| k.compiles()), "{key:?}");
                vec![*value]
            }
            Node::Union(members) => {
                assert!(members.len() > 1, "node {id}");
                members.clone()
            }
            Node::Alias(target) => {
                assert!(!matches!(types.raw_node(*target), Some(Node::Alias(_))), "node {id}");
                vec![*target]
            }
            Node::Object(object) => object.properties.iter().map(|p| p.node).collect(),
            Node::String(text) => {
                patterns += usize::from(text.pattern.is_some());
                assert!(text.pattern.as_ref().is_none_or(|p| p.compiles()), "{:?}", text.pattern);
                assert!(text.values.is_sorted(), "node {id}");
                vec![]
            }
            Node::Json | Node::Bool | Node::Int(_) | Node::Number(_) => vec![],
        };
        assert!(targets.iter().all(|t| t.0 < count), "node {id}");
    }
    assert!(patterns > 2000);
}

#[test]
fn objects_are_sorted_and_their_groups_can_be_fulfilled() {
    for object in objects(Types::aws()) {
        assert!(object.properties.is_sorted_by(|a, b| a.name < b.name), "{}", object.name);
        let writable: BTreeSet<&str> = object.properties.iter().filter(|p| !p.read_only).map(|p| p.name).collect();
        for property in &object.properties {
            assert!(!(property.required && property.read_only), "{}.{}", object.name, property.name);
        }
        for group in &object.groups {
            for key in keys(group) {
                assert!(writable.contains(key), "{}: {group:?}", object.name);
            }
        }
    }
}

fn keys(group: &Group) -> Vec<&'static str> {
    match group {
        Group::OneOf(sets) | Group::AnyOf(sets) => sets.concat(),
        Group::ExactlyOne(keys) | Group::AtLeastOne(keys) => keys.clone(),
        Group::Needs(key, keys) | Group::Excludes(key, keys) => [&[*key], keys.as_slice()].concat(),
        Group::Variants(variants) => {
            for variant in variants {
                assert!(variant.required.iter().all(|k| variant.allowed.contains(k)), "{group:?}");
            }
            variants.iter().flat_map(|v| v.allowed.clone()).collect()
        }
    }
}

#[test]
fn every_type_is_whole() {
    let types = Types::aws();
    assert!(types.names().is_sorted());
    for name in types.names() {
        let resource = types.resource(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(resource.name, name);
        assert!(matches!(types.raw_node(resource.root), Some(Node::Object(_))), "{name}");
        assert!(resource.attributes.is_sorted_by(|a, b| a.path < b.path), "{name}");
        if let RefValue::Property(path) = resource.ref_value {
            let path: Vec<&str> = path.split('.').collect();
            let given = resource.attribute(&path.join(".")).is_some() || types.at_path(resource, &path).is_some();
            assert!(given, "{name}: {path:?}");
            assert!(!types.ref_identifies(resource).is_empty(), "{name}");
        }
        if let Some(tags) = &resource.tags {
            let node = types.at_path(resource, &[tags.property]).unwrap();
            let map = matches!(node, Node::Map { .. } | Node::Json);
            assert_eq!(map, tags.shape == TagShape::Map, "{name}");
        }
        assert!(!name.starts_with("AMZN::"), "{name}");
    }
}

/// Nothing is asked for that no type gives: such a property could take no computed value at all.
#[test]
fn every_identifier_can_be_given() {
    let types = Types::aws();
    let mut given: BTreeSet<Identifier> = BTreeSet::new();
    for name in types.names() {
        let resource = types.resource(name).unwrap();
        given.extend(types.ref_identifies(resource));
        for attribute in &resource.attributes {
            given.extend(types.attribute_identifies(resource, attribute.path));
        }
    }
    for (_, node) in nodes(types) {
        let Node::String(text) = node else { continue };
        for identifier in &text.identifies {
            assert!(given.contains(identifier), "{identifier:?}");
        }
        let distinct: BTreeSet<&Identifier> = text.identifies.iter().collect();
        assert_eq!(distinct.len(), text.identifies.len(), "{:?}", text.identifies);
    }
}

#[test]
fn every_line_of_documentation_is_found() {
    let types = Types::aws();
    let mut described = 0;
    for name in types.names() {
        let resource = types.resource(name).unwrap();
        described += usize::from(types.resource_doc(resource).is_some());
        let Node::Object(root) = types.node(resource.root) else { continue };
        for property in &root.properties {
            described += usize::from(types.property_doc(resource, &[property.name]).is_some());
        }
    }
    assert!(described > 13_000, "{described}");
    let function = types.resource("AWS::Lambda::Function").unwrap();
    let line = types.property_doc(function, &["VpcConfig", "SubnetIds"]).unwrap();
    assert_eq!(line, "A list of VPC subnet IDs");
    assert_eq!(types.property_doc(function, &["VpcConfig", "Nothing"]), None);
}

/// A blob that is cut, or in which a byte differs, costs types and never the process.
#[test]
fn damage_is_survived() {
    let (hot, docs) = (read("aws.hot.bin"), read("aws.docs.bin"));
    for len in [0, 3, 4, 6, 8, 63, 64, 1000, hot.len() / 2, hot.len() - 1] {
        assert!(open(hot[..len].to_vec(), docs.clone()).is_none(), "{len}");
    }
    for len in [0, 8, 15, 16, 1000] {
        assert!(open(hot.clone(), docs[..len].to_vec()).is_none(), "{len}");
    }
    for step in 0..40 {
        let (mut hot, mut docs) = (hot.clone(), docs.clone());
        let (at, other) = (64 + step * (hot.len() - 64) / 40, 16 + step * (docs.len() - 16) / 40);
        hot[at] ^= 0xff;
        docs[other] ^= 0xff;
        let Some(types) = open(hot, docs) else { continue };
        for name in ["AWS::EC2::VPC", "AWS::ECS::Service", "AWS::S3::Bucket", "AWS::WAFv2::WebACL"] {
            infra::schema::explain::explain(&types, name);
        }
        for id in 0..types.node_count() {
            types.raw_node(NodeId(u32::try_from(id).unwrap()));
        }
    }
}

/// Text that would keep a backtracking engine busy for ever.
#[test]
fn no_pattern_takes_long() {
    let hostile: Vec<String> =
        ["a", "a-", "a0", "-", "."].iter().map(|piece| piece.repeat(400 / piece.len()) + "\u{1}").collect();
    for (_, node) in nodes(Types::aws()) {
        if let Node::String(text) = node
            && let Some(pattern) = &text.pattern
        {
            for text in &hostile {
                pattern.matches(text);
            }
        }
    }
}
