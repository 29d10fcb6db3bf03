//! What a piece of a template refers to, and when two pieces are the same.

use serde_json::{Map, Value};

use crate::schema::serverless;

/// One reference inside a template.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Reference {
    /// A resource or a parameter.
    pub name: String,
    /// The attribute read of a resource; none for `Ref`.
    pub attribute: Option<String>,
}

/// True for `{"Ref": …}` and `{"Fn::…": …}`: a value that CloudFormation computes.
pub(crate) fn is_intrinsic(value: &Value) -> bool {
    single(value).is_some_and(|(key, _)| key == "Ref" || key == "Condition" || key.starts_with("Fn::"))
}

/// The one entry of an object that has just one.
pub(crate) fn single(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|o| o.len() == 1)?;
    object.iter().next().map(|(k, v)| (k.as_str(), v))
}

/// Everything that `value` refers to, sorted; pseudo parameters (`AWS::Region`) are left out, for they stay.
pub(crate) fn references(value: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found.sort();
    found.dedup();
    found
}

/// The outputs of other stacks that CloudFormation reads itself in `value`: names of the stack and of the output.
pub(crate) fn live_reads(value: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(entries) => match single(value) {
                Some(("Fn::GetStackOutput", of)) => {
                    let text = |key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default();
                    found.push((text("StackName"), text("OutputName")));
                }
                _ => waiting.extend(entries.values()),
            },
            _ => {}
        }
    }
    found.sort_unstable();
    found
}

fn collect(value: &Value, found: &mut Vec<Reference>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(entries) => match single(value) {
            Some(("Ref", Value::String(name))) => add(name, None, found),
            Some(("Fn::GetAtt", target)) => get_att(target, found),
            Some(("Fn::Sub", target)) => sub(target, found),
            _ => entries.values().for_each(|entry| collect(entry, found)),
        },
        _ => {}
    }
}

fn add(name: &str, attribute: Option<&str>, found: &mut Vec<Reference>) {
    if let (Some((owner, made)), false) = (name.split_once('.'), name.starts_with("AWS::")) {
        // `Ref` of `Hello.Alias`, which SAM makes of `Hello`: as little is known of it as of an attribute.
        found.push(Reference { name: owner.to_owned(), attribute: Some(made.to_owned()) });
    } else if !name.starts_with("AWS::") {
        found.push(Reference { name: name.to_owned(), attribute: attribute.map(str::to_owned) });
    }
}

fn get_att(target: &Value, found: &mut Vec<Reference>) {
    match target {
        Value::String(path) => match path.split_once('.') {
            Some((name, attribute)) => add(name, Some(attribute), found),
            None => add(path, Some(""), found),
        },
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name), Value::String(attribute)] => add(name, Some(attribute), found),
            other => other.iter().for_each(|part| collect(part, found)),
        },
        _ => {}
    }
}

/// `"text ${Name} ${Name.Attr} ${!literal}"`, or that and a map of names of its own.
fn sub(target: &Value, found: &mut Vec<Reference>) {
    let (text, own) = match target {
        Value::String(text) => (text.as_str(), None),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(text), Value::Object(own)] => (text.as_str(), Some(own)),
            _ => return,
        },
        _ => return,
    };
    for name in placeholders(text) {
        if own.is_some_and(|own| own.contains_key(name)) {
            continue;
        }
        match name.split_once('.') {
            Some((resource, attribute)) => add(resource, Some(attribute), found),
            None => add(name, None, found),
        }
    }
    own.into_iter().flat_map(|own| own.values()).for_each(|value| collect(value, found));
}

/// Names between `${` and `}`, without those of `${!…}`.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("${")
        .skip(1)
        .filter_map(|piece| piece.split_once('}'))
        .map(|(name, _)| name.trim())
        .filter(|name| !name.starts_with('!') && !name.is_empty())
}

/// The resource of SAM from which a transform makes what is called `name`: `Hello` of `HelloRole`. `resources`
/// are those of the template, in which `name` is not.
pub(crate) fn maker<'a>(name: &str, resources: &'a Map<String, Value>) -> Option<&'a str> {
    let kind = |resource: &Value| resource.get("Type").and_then(Value::as_str).is_some_and(serverless::is_serverless);
    let makers = resources.iter().filter(|(id, resource)| name.starts_with(id.as_str()) && kind(resource));
    if resources.contains_key(name) { None } else { makers.map(|(id, _)| id.as_str()).max_by_key(|id| id.len()) }
}

/// Equal but for characters outside ASCII: `GetTemplate` gives those back as question marks.
pub(crate) fn same_text(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a == b || a.chars().map(mangled).eq(b.chars().map(mangled)),
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_text(Some(a), Some(b)))
        }
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.len() == b.len() && a.iter().all(|(key, value)| same_text(Some(value), b.get(key)))
        }
        (a, b) => a == b,
    }
}

fn mangled(c: char) -> char {
    if c.is_ascii() { c } else { '?' }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let value: Value = serde_json::from_str(text).unwrap();
        let shown = |r: Reference| r.attribute.map_or(r.name.clone(), |a| format!("{}.{a}", r.name));
        references(&value).into_iter().map(shown).collect()
    }

    #[test]
    fn finds_every_form() {
        assert_eq!(
            names(r#"[{"Ref":"A"},{"Fn::GetAtt":["B","Arn"]},{"Fn::GetAtt":"C.D.E"}]"#),
            ["A", "B.Arn", "C.D.E"]
        );
        assert_eq!(names(r#"{"Fn::Sub":"${A}/${B.Arn}/${!C}/${AWS::Region}"}"#), ["A", "B.Arn"]);
        assert_eq!(names(r#"{"Fn::Sub":["${x}${Y}",{"x":{"Ref":"Z"}}]}"#), ["Y", "Z"]);
        assert_eq!(names(r#"{"Fn::Join":["",[{"Ref":"A"},"b"]],"other":{"Ref":"C"}}"#), ["A", "C"]);
    }
}
