//! Types, marks and rules in words.

use super::super::{
    Attribute, Group, Identifier, Node, NodeId, NumberType, ObjectType, Property, Replacement, ResourceType,
    StringType, Types, Variant,
};

/// Lists of values and keys are cut after this many.
const MANY: usize = 6;

/// Types within types are told this deep.
const DEPTH: usize = 3;

/// The type of an attribute: text goes by what it identifies.
pub(super) fn attribute(types: &Types, resource: &ResourceType, attribute: &Attribute) -> String {
    match types.node(attribute.node) {
        Node::String(string) if string.values.is_empty() => {
            identifiers(&types.attribute_identifies(resource, attribute.path))
        }
        _ => kind(types, attribute.node),
    }
}

/// A type in a few words.
pub(super) fn kind(types: &Types, id: NodeId) -> String {
    told(types, id, DEPTH, MANY)
}

/// A type with all its values, its pattern and its bounds.
pub(super) fn whole_kind(types: &Types, id: NodeId) -> String {
    let mut text = told(types, id, DEPTH, usize::MAX);
    if let Node::String(string) = types.node(id)
        && let Some(pattern) = &string.pattern
    {
        text.push_str(&format!(", matches {pattern:?}"));
    }
    text
}

fn told(types: &Types, id: NodeId, depth: usize, many: usize) -> String {
    let Some(deeper) = depth.checked_sub(1) else { return "…".to_owned() };
    match types.node(id) {
        Node::Json => "Json".to_owned(),
        Node::Bool => "Bool".to_owned(),
        Node::String(string) => string_words(string, many),
        Node::Int(number) => number_words("Int", number, many),
        Node::Number(number) => number_words("Float", number, many),
        Node::Array { item, min, max, .. } => {
            let count = between(*min, *max).map_or(String::new(), |count| format!(", {count}"));
            format!("[{}]{count}", told(types, *item, deeper, many))
        }
        Node::Map { value, .. } => format!("{{String: {}}}", told(types, *value, deeper, many)),
        Node::Union(members) => members.iter().map(|m| told(types, *m, deeper, many)).collect::<Vec<_>>().join(" or "),
        Node::Alias(target) => told(types, *target, deeper, many),
        Node::Object(object) => keys(object),
    }
}

fn keys(object: &ObjectType) -> String {
    let given: Vec<&str> = object.properties.iter().filter(|p| !p.read_only).map(|p| p.name).collect();
    let all = if given.is_empty() { object.properties.iter().map(|p| p.name).collect() } else { given };
    format!("{{ {} }}", cut(&all, MANY, ", "))
}

/// The first of many.
fn cut(all: &[&str], many: usize, between: &str) -> String {
    match all.get(..many) {
        Some(first) if all.len() > many + 1 => {
            format!("{}{between}… ({} in all)", first.join(between), all.len())
        }
        _ => all.join(between),
    }
}

fn string_words(string: &StringType, many: usize) -> String {
    if !string.values.is_empty() {
        let values: Vec<String> = string.values.iter().map(|v| format!("\"{v}\"")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let known = if string.values_are_advice { "String, for example " } else { "" };
        let case = if string.values_ignore_case { " in any case" } else { "" };
        return format!("{known}{}{case}", cut(&values, many, " | "));
    }
    if !string.identifies.is_empty() {
        return identifiers(&string.identifies);
    }
    between(string.min, string.max).map_or_else(|| "String".to_owned(), |n| format!("String of {n} characters"))
}

/// `AWS::ECS::Cluster.ClusterName or .Arn`
fn identifiers(list: &[Identifier]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut last = "";
    for identifier in list {
        let short = identifier.resource == last;
        let resource = if short { "" } else { identifier.resource };
        words.push(format!("{resource}.{}", identifier.attribute));
        last = identifier.resource;
    }
    words.join(" or ")
}

fn number_words(name: &str, number: &NumberType, many: usize) -> String {
    if !number.values.is_empty() {
        let values: Vec<String> = number.values.iter().map(f64::to_string).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        return cut(&values, many, " | ");
    }
    let text = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    match (number.min, number.max) {
        (None, None) => name.to_owned(),
        (min, max) => format!("{name}({}..{})", text(min), text(max)),
    }
}

/// How many, in words.
fn between(min: Option<u64>, max: Option<u64>) -> Option<String> {
    match (min, max) {
        (None, None) => None,
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (Some(min), Some(max)) if min == max => Some(format!("exactly {min}")),
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
    }
}

/// What a person should know before giving the property.
pub(super) fn marks(property: &Property, replacement: Replacement) -> Vec<&'static str> {
    let marks = [
        (property.read_only, "set by AWS"),
        (property.deprecated, "deprecated"),
        (property.write_only, "never read back"),
        (replacement == Replacement::Yes, "replaces"),
        (replacement == Replacement::Maybe, "may replace"),
    ];
    marks.into_iter().filter_map(|(is, mark)| is.then_some(mark)).collect()
}

/// A rule as a sentence.
pub(super) fn group(group: &Group) -> String {
    let sets = |sets: &[Vec<&str>]| sets.iter().map(|s| s.join(" with ")).collect::<Vec<_>>().join(", or ");
    match group {
        Group::OneOf(list) => format!("Give exactly one of: {}.", sets(list)),
        Group::AnyOf(list) => format!("Give at least one of: {}.", sets(list)),
        Group::ExactlyOne(keys) => format!("Give exactly one of {}.", or(keys)),
        Group::AtLeastOne(keys) => format!("Give at least one of {}.", or(keys)),
        Group::Needs(key, keys) => format!("{key} needs {}.", and(keys)),
        Group::Excludes(key, keys) => format!("{key} excludes {}.", or(keys)),
        Group::Variants(variants) => {
            let words: Vec<String> = variants.iter().map(variant).collect();
            format!("The keys are those of one of: {}.", words.join("; or "))
        }
    }
}

/// Required keys first; the others in brackets.
fn variant(variant: &Variant) -> String {
    let optional: Vec<&str> = variant.allowed.iter().filter(|k| !variant.required.contains(k)).copied().collect();
    let mut words = variant.required.clone();
    let optional = format!("[{}]", optional.join(", "));
    if optional != "[]" {
        words.push(&optional);
    }
    words.join(", ")
}

fn and(keys: &[&str]) -> String {
    listed(keys, "and")
}

fn or(keys: &[&str]) -> String {
    listed(keys, "or")
}

fn listed(keys: &[&str], word: &str) -> String {
    match keys.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
        None => String::new(),
    }
}
