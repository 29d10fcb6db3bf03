//! AWS resource types: what properties there are, what they take, what replaces, what `Ref` returns.
//!
//! The facts come from two pinned packages, merged and packed by `make schema` (see
//! `schema/README.md`). The hot part is read in place; a type is decoded when it is first
//! asked for and kept. Documentation lies apart and is inflated only for people.

use std::sync::{Arc, OnceLock};

mod decode;
mod docs;
pub mod explain;
mod extra;
pub mod format;
mod identity;
mod path;
mod pattern;
mod read;
pub mod serverless;

pub use pattern::Pattern;

/// The hot part: names, types, constraints.
static HOT: &[u8] = include_bytes!("../schema/aws.hot.bin");
/// Documentation, deflated.
static DOCS: &[u8] = include_bytes!("../schema/aws.docs.bin");

/// The resource types that a compilation knows.
pub struct Types {
    inner: Arc<read::Reader>,
    /// What a project brings along.
    extra: extra::Extra,
}

/// A node of the type table; equal ids are equal types.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// One resource type.
#[derive(Debug)]
pub struct ResourceType {
    /// `AWS::EC2::VPC`
    pub name: &'static str,
    /// Its properties: always a [`Node::Object`].
    pub root: NodeId,
    /// What `Fn::GetAtt` gives, sorted by path.
    pub attributes: Vec<Attribute>,
    /// What `Ref` returns.
    pub ref_value: RefValue,
    /// Property paths that identify it for imports, `A.B` for nested ones.
    pub primary_identifier: Vec<&'static str>,
    /// How it takes tags, if it does.
    pub tags: Option<Tagging>,
    /// Whether it loses data when deleted or replaced.
    pub stateful: bool,
    /// Any name of attribute is allowed (custom resources, nested stacks).
    pub open_attributes: bool,
    /// `Ref` returns what `ref_value` says only in some cases: `Fn::GetAtt` of that path always does.
    pub prefer_attribute: bool,
    /// No handler can change it in place: every change replaces.
    pub no_update: bool,
    /// CloudFormation deletes the old one before it creates the new one.
    pub delete_first: bool,
    /// Generated from the old specification: few constraints are known.
    pub legacy: bool,
    /// `arn:${Partition}:…` where it is known.
    pub arn: Option<&'static str>,
    /// AWS winds it down: the state and, if known, the date (`YYYY-MM-DD`).
    pub lifecycle: Option<(&'static str, Option<&'static str>)>,
}

/// One value that `Fn::GetAtt` gives.
#[derive(Debug)]
pub struct Attribute {
    /// `Arn`, `Endpoint.Address`
    pub path: &'static str,
    /// Its type.
    pub node: NodeId,
}

/// What `Ref` returns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefValue {
    /// The value of one property or attribute, by its path.
    Property(&'static str),
    /// A string made of several, or one that no source describes: usable, but it fits no identifier type.
    Opaque,
}

/// How a type takes tags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tagging {
    /// The property.
    pub property: &'static str,
    /// Its shape.
    pub shape: TagShape,
}

/// The three ways AWS writes tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagShape {
    /// `[{Key, Value}]`
    List,
    /// `{key: value}`
    Map,
    /// `[{Key, Value, PropagateAtLaunch}]`
    AutoScaling,
}

/// What a string identifies: `AWS::EC2::VPC` and `VpcId`.
///
/// Where several attributes of a type hold the same value (`Id` and `GroupId` of a security
/// group), the packed form names one of them, so that equality is enough.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identifier {
    /// The resource type.
    pub resource: &'static str,
    /// The property or attribute of it.
    pub attribute: &'static str,
}

/// One type of the table.
#[derive(Debug)]
pub enum Node {
    /// Any JSON: policies, templates, free-form values. Takes anything, an object or a string most often.
    Json,
    /// `true` or `false`
    Bool,
    /// Text.
    String(StringType),
    /// Whole numbers.
    Int(NumberType),
    /// Numbers.
    Number(NumberType),
    /// A list.
    Array {
        /// Type of the items.
        item: NodeId,
        /// Fewest and most items.
        min: Option<u64>,
        /// Most items.
        max: Option<u64>,
        /// No item twice.
        unique: bool,
    },
    /// An object with free keys.
    Map {
        /// What a key must look like.
        key: Option<Arc<Pattern>>,
        /// Type of the values.
        value: NodeId,
    },
    /// One of several.
    Union(Vec<NodeId>),
    /// A type that contains itself: look there.
    Alias(NodeId),
    /// An object with known keys.
    Object(ObjectType),
}

/// Bounds of a string.
#[derive(Default, Debug)]
pub struct StringType {
    /// What it must look like.
    pub pattern: Option<Arc<Pattern>>,
    /// Fewest characters.
    pub min: Option<u64>,
    /// Most characters.
    pub max: Option<u64>,
    /// The values AWS lists.
    pub values: Vec<&'static str>,
    /// Upper and lower case of those values are alike.
    pub values_ignore_case: bool,
    /// The list lags behind AWS (instance types, runtimes, regions): say so, do not refuse.
    pub values_are_advice: bool,
    /// What it identifies, what AWS means first leading; empty for plain text.
    pub identifies: Vec<Identifier>,
}

/// Bounds of a number.
#[derive(Default, Debug)]
pub struct NumberType {
    /// Least value, itself allowed.
    pub min: Option<f64>,
    /// Greatest value, itself allowed.
    pub max: Option<f64>,
    /// The values AWS lists.
    pub values: Vec<f64>,
}

/// An object with known keys.
#[derive(Debug)]
pub struct ObjectType {
    /// Name of the definition; empty for the root and for nameless ones.
    pub name: &'static str,
    /// Other keys are allowed too.
    pub open: bool,
    /// Sorted by name.
    pub properties: Vec<Property>,
    /// What must or must not go together.
    pub groups: Vec<Group>,
}

/// One key of an object.
#[derive(Debug)]
pub struct Property {
    /// `CidrBlock`
    pub name: &'static str,
    /// Its type.
    pub node: NodeId,
    /// Must be given.
    pub required: bool,
    /// Set by AWS; must not be given.
    pub read_only: bool,
    /// AWS never gives it back.
    pub write_only: bool,
    /// AWS advises against it.
    pub deprecated: bool,
    /// What a change of it does to the resource.
    pub replacement: Replacement,
}

/// What a change of a property does to the resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Replacement {
    /// Nothing says that it replaces.
    No,
    /// It depends, or the sources disagree.
    Maybe,
    /// A new resource takes its place.
    Yes,
}

/// What must or must not go together in an object. Names are sorted.
#[derive(PartialEq, Eq, Debug)]
pub enum Group {
    /// Exactly one of these sets of keys.
    OneOf(Vec<Vec<&'static str>>),
    /// At least one of these sets of keys.
    AnyOf(Vec<Vec<&'static str>>),
    /// Exactly one of these keys.
    ExactlyOne(Vec<&'static str>),
    /// At least one of these keys.
    AtLeastOne(Vec<&'static str>),
    /// Where the first is given, all of the others are.
    Needs(&'static str, Vec<&'static str>),
    /// Where the first is given, none of the others is.
    Excludes(&'static str, Vec<&'static str>),
    /// The object is one of these variants: its keys are all of one of them (required ones, allowed ones).
    Variants(Vec<Variant>),
}

/// One variant of a tagged union.
#[derive(PartialEq, Eq, Debug)]
pub struct Variant {
    /// Keys it must have.
    pub required: Vec<&'static str>,
    /// Keys it may have, the required ones included.
    pub allowed: Vec<&'static str>,
}

impl Types {
    /// The types of AWS, embedded in the binary.
    pub fn aws() -> &'static Self {
        static AWS: OnceLock<Types> = OnceLock::new();
        AWS.get_or_init(|| Self::open(HOT, DOCS).unwrap_or_else(Self::none))
    }

    /// The types of two blobs; `None` where they are not what `format` describes.
    pub fn open(hot: &'static [u8], docs: &'static [u8]) -> Option<Self> {
        read::Reader::open(hot, docs).map(|inner| Self { inner: Arc::new(inner), extra: extra::Extra::default() })
    }

    /// No types at all: every resource type is then unknown, which warns and stops nothing.
    fn none() -> Self {
        Self { inner: Arc::new(read::Reader::empty()), extra: extra::Extra::default() }
    }

    /// The type of that name.
    ///
    /// `Custom::Anything` is a custom resource, and is found under its own type's name,
    /// `AWS::CloudFormation::CustomResource`: a template must keep the name that the user wrote.
    pub fn resource(&self, name: &str) -> Option<&ResourceType> {
        let name = if name.starts_with("Custom::") { "AWS::CloudFormation::CustomResource" } else { name };
        match self.inner.position(name) {
            Some(position) => self.inner.resource(position),
            None => self.extra.resource(name),
        }
    }

    /// Every name of AWS, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'static str> + '_ {
        (0..self.inner.resources()).map(|position| self.inner.name(position).unwrap_or_default())
    }

    /// The node with that id, aliases followed.
    pub fn node(&self, id: NodeId) -> &Node {
        let mut id = id;
        for _ in 0..read::ALIAS_HOPS {
            match self.beyond(id).map(|beyond| self.extra.node(beyond)) {
                None => return self.inner.node(id.0),
                Some(Some(Node::Alias(target))) => id = *target,
                Some(node) => return node.unwrap_or(&read::ANYTHING),
            }
        }
        &read::ANYTHING
    }

    /// The node as it is packed, an alias as an alias; `None` where there is none of that id.
    pub fn raw_node(&self, id: NodeId) -> Option<&Node> {
        match self.beyond(id) {
            Some(beyond) => self.extra.node(beyond),
            None => self.inner.raw(id.0),
        }
    }

    /// How many nodes there are; their ids count from 0.
    pub fn node_count(&self) -> usize {
        self.inner.nodes() + self.extra.len()
    }

    /// How many nodes have been decoded: what the types asked for so far have cost.
    pub fn decoded_nodes(&self) -> usize {
        self.inner.decoded_nodes()
    }

    /// One line on a resource type.
    pub fn resource_doc(&self, resource: &ResourceType) -> Option<String> {
        self.line(resource, "")
    }

    /// One line on a property (`["VpcConfig", "SubnetIds"]`) or, with one element, an attribute.
    pub fn property_doc(&self, resource: &ResourceType, path: &[&str]) -> Option<String> {
        let property = self.doc_key(resource, path).and_then(|key| self.line(resource, &key));
        property.or_else(|| match path {
            [attribute] => self.line(resource, &format!("@{attribute}")),
            _ => None,
        })
    }

    fn line(&self, resource: &ResourceType, key: &str) -> Option<String> {
        self.inner.docs.line(self.inner.position(resource.name)?, key).map(str::to_owned)
    }
}
