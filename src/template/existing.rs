//! Templates that are passed on as they are: in canonical JSON, with what the planner needs to know beside it.

use std::collections::BTreeMap;

use super::document;
use super::json::{self, Members};
use crate::data::{Kind, Node};
use crate::semantics::model::Instance;

/// The whole text.
pub(super) fn write(instance: &Instance, whole: &Node) -> String {
    let mut sections: BTreeMap<&str, Option<&Node>> =
        whole.entries().iter().map(|entry| (&*entry.key, Some(&entry.value))).collect();
    sections.entry("Metadata").or_default();
    let mut out = String::with_capacity(1024);
    let mut members = Members::open(&mut out);
    for (name, section) in sections {
        members.key(&mut out, name);
        match (name, section) {
            ("Metadata", section) => metadata(&mut out, instance, section),
            (_, Some(section)) => node(&mut out, section),
            (_, None) => {}
        }
    }
    members.close(&mut out);
    out
}

/// The template's own metadata, and ours among it.
fn metadata(out: &mut String, instance: &Instance, own: Option<&Node>) {
    let mut all: BTreeMap<&str, Option<&Node>> =
        own.map_or(&[][..], Node::entries).iter().map(|entry| (&*entry.key, Some(&entry.value))).collect();
    all.insert("infra", None);
    let mut members = Members::open(out);
    for (key, value) in all {
        members.key(out, key);
        match value {
            Some(value) => node(out, value),
            None => document::interface(out, instance),
        }
    }
    members.close(out);
}

fn node(out: &mut String, value: &Node) {
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Kind::Int(number) => out.push_str(&number.to_string()),
        Kind::Float(number) => json::float(out, *number),
        Kind::Text(text) => json::string(out, text),
        Kind::List(items) => json::list(out, items, node),
        Kind::Map(entries) => {
            let sorted: BTreeMap<&str, &Node> = entries.iter().map(|entry| (&*entry.key, &entry.value)).collect();
            let mut members = Members::open(out);
            for (key, value) in sorted {
                members.key(out, key);
                node(out, value);
            }
            members.close(out);
        }
        // No tag is left in a template that was read.
        Kind::Tagged(_, inner) => node(out, inner),
    }
}

/// A template in JSON or YAML, as JSON; `None` where it is neither.
#[cfg(feature = "aws")]
pub(crate) fn read(text: &str) -> Option<serde_json::Value> {
    use crate::data::{Format, parse};
    use crate::semantics::long_forms;
    use crate::source::{FileId, SourceFile};

    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let file = SourceFile { id: FileId(0), name: "template".into(), text: text.into() };
    let whole = parse(&file, Format::Template).and_then(long_forms).ok()?;
    let mut out = String::with_capacity(text.len());
    node(&mut out, &whole);
    serde_json::from_str(&out).ok()
}

#[cfg(all(test, feature = "aws"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::read;

    #[test]
    fn a_deployed_template_is_read_as_json_or_yaml() {
        let json = read(
            r#"{"Resources":{"A":{"Type":"AWS::SNS::Topic","Properties":{"TopicName":{"Fn::GetAtt":["B","Arn"]}}}}}"#,
        );
        let yaml = read("Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties: { TopicName: !GetAtt B.Arn }\n");
        assert_eq!(json.unwrap(), yaml.unwrap());
        assert!(read("a: [").is_none() && read("{").is_none() && read("!Nope x").is_none());
    }
}
