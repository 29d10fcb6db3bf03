//! Which resources and parameters a fragment of a template names, and the order that follows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sandbox::facts::{Answer, invalid};
use crate::sandbox::serverless;
use crate::sandbox::template::Template;

/// One name in a fragment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// `Ref` of a parameter, pseudo parameter or resource.
    Name(String),
    /// `Fn::GetAtt`.
    Attribute(String, String),
    /// `Condition`, or the first argument of `Fn::If`.
    Condition(String),
    /// First argument of `Fn::FindInMap`.
    Mapping(String),
}

/// Every name in a fragment.
pub(crate) fn find(fragment: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    walk(fragment, &mut found);
    found
}

fn walk(value: &Value, found: &mut BTreeSet<Reference>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(fields) => {
            if let (1, Some((key, argument))) = (fields.len(), fields.iter().next()) {
                named(key, argument, found);
            }
            fields.values().for_each(|item| walk(item, found));
        }
        _ => {}
    }
}

fn named(key: &str, argument: &Value, found: &mut BTreeSet<Reference>) {
    match (key, argument) {
        ("Ref", Value::String(name)) => {
            found.insert(Reference::Name(name.clone()));
        }
        ("Fn::GetAtt", _) => {
            if let Some((resource, attribute)) = get_att(argument) {
                found.insert(Reference::Attribute(resource, attribute));
            }
        }
        ("Fn::Sub", Value::String(text)) => substitutions(text, &BTreeSet::new(), found),
        ("Fn::Sub", Value::Array(parts)) => {
            if let (Some(Value::String(text)), Some(Value::Object(own))) = (parts.first(), parts.get(1)) {
                substitutions(text, &own.keys().map(String::as_str).collect(), found);
            }
        }
        ("Fn::If", Value::Array(parts)) => {
            if let Some(Value::String(name)) = parts.first() {
                found.insert(Reference::Condition(name.clone()));
            }
        }
        ("Condition", Value::String(name)) => {
            found.insert(Reference::Condition(name.clone()));
        }
        ("Fn::FindInMap", Value::Array(parts)) => {
            if let Some(Value::String(name)) = parts.first() {
                found.insert(Reference::Mapping(name.clone()));
            }
        }
        _ => {}
    }
}

/// Both spellings of `Fn::GetAtt`: `["A", "B.C"]` and `"A.B.C"`.
pub(crate) fn get_att(argument: &Value) -> Option<(String, String)> {
    match argument {
        Value::String(text) => {
            text.split_once('.').map(|(resource, attribute)| (resource.to_owned(), attribute.to_owned()))
        }
        Value::Array(parts) => match (parts.first()?, parts.get(1)?) {
            (Value::String(resource), Value::String(attribute)) => Some((resource.clone(), attribute.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The pieces of a `Fn::Sub` text: literal text, or a name between `${` and `}`.
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Cuts a `Fn::Sub` text; `${!X}` is the literal `${X}`.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        pieces.push(Piece::Text(before));
        let Some((name, tail)) = after.split_once('}') else {
            pieces.push(Piece::Text("${"));
            rest = after;
            continue;
        };
        match name.strip_prefix('!') {
            Some(literal) => pieces.extend([Piece::Text("${"), Piece::Text(literal), Piece::Text("}")]),
            None => pieces.push(Piece::Name(name.trim())),
        }
        rest = tail;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn substitutions(text: &str, own: &BTreeSet<&str>, found: &mut BTreeSet<Reference>) {
    for piece in pieces(text) {
        let Piece::Name(name) = piece else { continue };
        if own.contains(name) {
            continue;
        }
        found.insert(match name.split_once('.') {
            Some((resource, attribute)) => Reference::Attribute(resource.to_owned(), attribute.to_owned()),
            None => Reference::Name(name.to_owned()),
        });
    }
}

const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Names that lead nowhere are refused, section by section, as AWS does.
pub(super) fn check(template: &Template) -> Answer<()> {
    let mut missing = BTreeSet::new();
    for resource in template.resources.values() {
        missing.extend(unresolved(template, &resource.properties));
        missing.extend(resource.depends_on.iter().filter(|name| !template.resources.contains_key(*name)).cloned());
    }
    refuse_missing(missing, "Resources")?;
    let outputs = template.outputs.values();
    let missing = outputs.flat_map(|output| {
        let export = output.export.as_ref().map(|export| unresolved(template, export)).unwrap_or_default();
        unresolved(template, &output.value).into_iter().chain(export)
    });
    refuse_missing(missing.collect(), "Outputs")?;
    let conditions = template.resources.values().filter_map(|resource| resource.condition.as_ref());
    let conditions = conditions.chain(template.outputs.values().filter_map(|output| output.condition.as_ref()));
    for name in conditions.cloned().collect::<BTreeSet<_>>() {
        known_condition(template, &name)?;
    }
    let fragments = template.resources.values().map(|resource| &resource.properties);
    for fragment in
        fragments.chain(template.outputs.values().map(|output| &output.value)).chain(template.conditions.values())
    {
        for reference in find(fragment) {
            match reference {
                Reference::Condition(name) => known_condition(template, &name)?,
                Reference::Mapping(name) if !template.mappings.contains_key(&name) => {
                    return Err(invalid(format!("Template error: Unable to get mapping for {name}")));
                }
                _ => {}
            }
        }
    }
    condition_references(template)
}

fn condition_references(template: &Template) -> Answer<()> {
    for fragment in template.conditions.values() {
        let bad = find(fragment).into_iter().any(|reference| match reference {
            Reference::Name(name) => !template.parameters.contains_key(&name) && !PSEUDO.contains(&name.as_str()),
            Reference::Attribute(..) => true,
            _ => false,
        });
        if bad {
            let names: Vec<&str> = template.conditions.keys().map(String::as_str).collect();
            let names = names.join(", ");
            return Err(invalid(format!(
                "Template format error: Unresolved dependencies [{names}]. Cannot reference resources in the Conditions block of the template"
            )));
        }
    }
    Ok(())
}

fn known_condition(template: &Template, name: &str) -> Answer<()> {
    if template.conditions.contains_key(name) {
        return Ok(());
    }
    Err(invalid(format!(
        "Template format error: Unresolved condition dependency {name} in the Resources block of the template"
    )))
}

fn refuse_missing(missing: BTreeSet<String>, section: &str) -> Answer<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.into_iter().collect::<Vec<_>>().join(", ");
    Err(invalid(format!(
        "Template format error: Unresolved resource dependencies [{list}] in the {section} block of the template"
    )))
}

fn unresolved(template: &Template, fragment: &Value) -> BTreeSet<String> {
    let names = find(fragment).into_iter().filter_map(|reference| match reference {
        Reference::Name(name) => {
            let known = template.parameters.contains_key(&name)
                || template.resources.contains_key(&name)
                || PSEUDO.contains(&name.as_str())
                || serverless::made(template, &name).is_some();
            (!known).then_some(name)
        }
        Reference::Attribute(name, _) => {
            let known = template.resources.contains_key(&name) || serverless::made(template, &name).is_some();
            (!known).then_some(name)
        }
        _ => None,
    });
    names.collect()
}

/// What each resource needs before it: names in its properties, and `DependsOn`.
pub(super) fn needs(template: &Template, name: &str) -> BTreeSet<String> {
    let Some(resource) = template.resources.get(name) else {
        return BTreeSet::new();
    };
    let named = find(&resource.properties).into_iter().filter_map(|reference| match reference {
        Reference::Name(name) | Reference::Attribute(name, _) => {
            Some(serverless::made(template, &name).map_or(name.clone(), |made| made.owner().to_owned()))
        }
        _ => None,
    });
    let named = named.filter(|owner| owner != name);
    named.chain(resource.depends_on.iter().cloned()).filter(|name| template.resources.contains_key(name)).collect()
}

/// The resources in an order in which each comes after all it needs, by name where that leaves a choice.
pub(crate) fn order(template: &Template) -> Answer<Vec<String>> {
    let mut open: BTreeMap<&str, BTreeSet<&String>> =
        template.resources.keys().map(|name| (name.as_str(), template.needs(name).collect())).collect();
    let mut order: Vec<String> = Vec::new();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    while !open.is_empty() {
        let ready: Vec<&str> = open
            .iter()
            .filter(|(_, needs)| needs.iter().all(|need| placed.contains(need.as_str())))
            .map(|(name, _)| *name)
            .collect();
        if ready.is_empty() {
            let list = in_cycles(&open).join(", ");
            return Err(invalid(format!("Circular dependency between resources: [{list}]")));
        }
        for name in ready {
            open.remove(name);
            placed.insert(name);
            order.push(name.to_owned());
        }
    }
    Ok(order)
}

/// Those left over that are also needed by others left over: the cycles without what hangs below them.
fn in_cycles<'a>(open: &BTreeMap<&'a str, BTreeSet<&String>>) -> Vec<&'a str> {
    let mut left: BTreeSet<&str> = open.keys().copied().collect();
    loop {
        let needed: BTreeSet<&str> =
            left.iter().filter_map(|name| open.get(name)).flatten().map(|need| need.as_str()).collect();
        let kept: BTreeSet<&str> = left.intersection(&needed).copied().collect();
        if kept.len() == left.len() {
            return kept.into_iter().filter_map(|name| open.get_key_value(name).map(|(key, _)| *key)).collect();
        }
        left = kept;
    }
}
