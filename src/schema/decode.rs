//! Records of the hot blob to the public types.

use std::sync::Arc;

use super::format::{group, node as tag, property, resource as bits};
use super::read::Cursor;
use super::{
    Attribute, Group, Identifier, Node, NodeId, NumberType, ObjectType, Pattern, Property, RefValue, Replacement,
    ResourceType, StringType, TagShape, Tagging, Variant,
};

/// Gives the pattern of a number.
type Patterns<'p> = &'p dyn Fn(u64) -> Option<Arc<Pattern>>;

/// A node record.
pub(super) fn node(c: &mut Cursor<'_>, patterns: Patterns<'_>) -> Option<Node> {
    let node = match c.byte()? {
        tag::JSON => Node::Json,
        tag::BOOL => Node::Bool,
        tag::STRING => Node::String(string(c, patterns)?),
        tag::INT => Node::Int(number(c)?),
        tag::NUMBER => Node::Number(number(c)?),
        tag::ARRAY => array(c)?,
        tag::MAP => {
            let has = c.varint()?;
            let key = if has & tag::PATTERN != 0 { Some(patterns(c.varint()?)?) } else { None };
            Node::Map { key, value: id(c)? }
        }
        tag::UNION => Node::Union(c.list(id)?),
        tag::ALIAS => Node::Alias(id(c)?),
        tag::OBJECT => Node::Object(object(c)?),
        _ => return None,
    };
    c.done()?;
    Some(node)
}

fn id(c: &mut Cursor<'_>) -> Option<NodeId> {
    c.number().map(NodeId)
}

fn when<T>(has: bool, read: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
    if has { read().map(Some) } else { Some(None) }
}

fn string(c: &mut Cursor<'_>, patterns: Patterns<'_>) -> Option<StringType> {
    let has = c.varint()?;
    Some(StringType {
        pattern: when(has & tag::PATTERN != 0, || patterns(c.varint()?))?,
        min: when(has & tag::MIN != 0, || c.varint())?,
        max: when(has & tag::MAX != 0, || c.varint())?,
        values: if has & tag::VALUES == 0 { Vec::new() } else { c.list(Cursor::string)? },
        values_ignore_case: has & tag::IGNORE_CASE != 0,
        values_are_advice: has & tag::ADVICE != 0,
        identifies: if has & tag::IDENTIFIES == 0 { Vec::new() } else { c.list(identifier)? },
    })
}

fn identifier(c: &mut Cursor<'_>) -> Option<Identifier> {
    Some(Identifier { resource: c.string()?, attribute: c.string()? })
}

fn number(c: &mut Cursor<'_>) -> Option<NumberType> {
    let has = c.varint()?;
    Some(NumberType {
        min: when(has & tag::MIN != 0, || c.float())?,
        max: when(has & tag::MAX != 0, || c.float())?,
        values: if has & tag::VALUES == 0 { Vec::new() } else { c.list(Cursor::float)? },
    })
}

fn array(c: &mut Cursor<'_>) -> Option<Node> {
    let has = c.varint()?;
    Some(Node::Array {
        item: id(c)?,
        min: when(has & tag::MIN != 0, || c.varint())?,
        max: when(has & tag::MAX != 0, || c.varint())?,
        unique: has & tag::UNIQUE != 0,
    })
}

fn object(c: &mut Cursor<'_>) -> Option<ObjectType> {
    Some(ObjectType {
        name: c.string()?,
        open: c.varint()? & tag::OPEN != 0,
        properties: c.list(property)?,
        groups: c.list(group)?,
    })
}

fn property(c: &mut Cursor<'_>) -> Option<Property> {
    let (name, node, flags) = (c.string()?, id(c)?, c.varint()?);
    Some(Property {
        name,
        node,
        required: flags & property::REQUIRED != 0,
        read_only: flags & property::READ_ONLY != 0,
        write_only: flags & property::WRITE_ONLY != 0,
        deprecated: flags & property::DEPRECATED != 0,
        replacement: if flags & property::REPLACES != 0 {
            Replacement::Yes
        } else if flags & property::MAY_REPLACE != 0 {
            Replacement::Maybe
        } else {
            Replacement::No
        },
    })
}

fn group(c: &mut Cursor<'_>) -> Option<Group> {
    let keys = |c: &mut Cursor<'_>| c.list(Cursor::string);
    Some(match c.varint()? {
        group::ONE_OF => Group::OneOf(c.list(keys)?),
        group::ANY_OF => Group::AnyOf(c.list(keys)?),
        group::EXACTLY_ONE => Group::ExactlyOne(keys(c)?),
        group::AT_LEAST_ONE => Group::AtLeastOne(keys(c)?),
        group::NEEDS => Group::Needs(c.string()?, keys(c)?),
        group::EXCLUDES => Group::Excludes(c.string()?, keys(c)?),
        group::VARIANTS => Group::Variants(c.list(|c| Some(Variant { required: keys(c)?, allowed: keys(c)? }))?),
        _ => return None,
    })
}

/// A type record.
pub(super) fn resource(c: &mut Cursor<'_>) -> Option<ResourceType> {
    let name = c.string()?;
    let root = id(c)?;
    let is = c.varint()?;
    let resource = ResourceType {
        name,
        root,
        ref_value: when(is & bits::REF_KNOWN != 0, || c.string())?.map_or(RefValue::Opaque, RefValue::Property),
        tags: when(is & bits::TAGS != 0, || tagging(c))?,
        arn: when(is & bits::ARN != 0, || c.string())?,
        lifecycle: when(is & bits::LIFECYCLE != 0, || {
            Some((c.string()?, Some(c.string()?).filter(|d| !d.is_empty())))
        })?,
        primary_identifier: c.list(Cursor::string)?,
        attributes: c.list(|c| Some(Attribute { path: c.string()?, node: id(c)? }))?,
        stateful: is & bits::STATEFUL != 0,
        open_attributes: is & bits::OPEN_ATTRIBUTES != 0,
        prefer_attribute: is & bits::PREFER_ATTRIBUTE != 0,
        no_update: is & bits::NO_UPDATE != 0,
        delete_first: is & bits::DELETE_FIRST != 0,
        legacy: is & bits::LEGACY != 0,
    };
    c.done()?;
    Some(resource)
}

fn tagging(c: &mut Cursor<'_>) -> Option<Tagging> {
    let property = c.string()?;
    let shape = match c.varint()? {
        bits::TAG_LIST => TagShape::List,
        bits::TAG_MAP => TagShape::Map,
        bits::TAG_AUTO_SCALING => TagShape::AutoScaling,
        _ => return None,
    };
    Some(Tagging { property, shape })
}
