//! The types as the packer holds them: one table of nodes in which equal types are one node.

use std::collections::{BTreeMap, HashMap};

pub type NodeId = u32;

/// Flags of a property, as they stand in the blob.
pub use crate::schema::format::property as flag;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    Json,
    Bool,
    String(StringType),
    Int(NumberType),
    Number(NumberType),
    Array {
        item: NodeId,
        min: Option<u64>,
        max: Option<u64>,
        unique: bool,
    },
    Map {
        key: Option<u32>,
        value: NodeId,
    },
    Union(Vec<NodeId>),
    /// The target is known once the type that contains itself is complete.
    Alias(u32),
    Object(ObjectType),
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct StringType {
    pub pattern: Option<u32>,
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub values: Vec<String>,
    pub ignore_case: bool,
    pub advice: bool,
    pub identifies: Vec<Identifier>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identifier {
    pub resource: String,
    pub attribute: String,
}

/// Numbers are kept by their bits, so that types can be compared.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct NumberType {
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub values: Vec<u64>,
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct ObjectType {
    pub name: String,
    pub open: bool,
    pub properties: Vec<Property>,
    pub groups: Vec<Group>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Property {
    pub name: String,
    pub node: NodeId,
    pub flags: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    OneOf(Vec<Vec<String>>),
    AnyOf(Vec<Vec<String>>),
    ExactlyOne(Vec<String>),
    AtLeastOne(Vec<String>),
    Needs(String, Vec<String>),
    Excludes(String, Vec<String>),
    /// Required keys and allowed keys of each variant.
    Variants(Vec<(Vec<String>, Vec<String>)>),
}

#[derive(Debug)]
pub struct Resource {
    pub root: NodeId,
    pub attributes: BTreeMap<String, NodeId>,
    pub ref_value: Option<String>,
    pub primary_identifier: Vec<String>,
    pub tags: Option<(String, u64)>,
    pub flags: u64,
    pub arn: Option<String>,
    pub lifecycle: Option<(String, Option<String>)>,
    /// Key (see `schema/docs.rs`) to one line.
    pub docs: BTreeMap<String, String>,
}

/// Nodes, patterns, and the aliases that tie recursive types.
#[derive(Default)]
pub struct Table {
    pub nodes: Vec<Node>,
    index: HashMap<Node, NodeId>,
    pub aliases: Vec<Option<NodeId>>,
    pub patterns: Vec<String>,
    pattern_index: HashMap<String, u32>,
}

impl Table {
    pub fn add(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.index.get(&node) {
            return *id;
        }
        let id = NodeId::try_from(self.nodes.len()).expect("fewer than 2^32 nodes");
        self.nodes.push(node.clone());
        self.index.insert(node, id);
        id
    }

    pub fn pattern(&mut self, source: &str) -> u32 {
        if let Some(id) = self.pattern_index.get(source) {
            return *id;
        }
        let id = u32::try_from(self.patterns.len()).expect("fewer than 2^32 patterns");
        self.patterns.push(source.to_owned());
        self.pattern_index.insert(source.to_owned(), id);
        id
    }

    /// A new alias slot and its node.
    pub fn alias(&mut self) -> (u32, NodeId) {
        let slot = u32::try_from(self.aliases.len()).expect("fewer than 2^32 aliases");
        self.aliases.push(None);
        (slot, self.add(Node::Alias(slot)))
    }
}
