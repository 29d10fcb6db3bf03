//! Templates that are passed on as they are: in canonical JSON, with what the planner needs to know beside it.

use std::collections::BTreeMap;

use super::document;
use super::json::{self, Members};
use crate::data::{Kind, Node};
use crate::semantics::model::Instance;

/// What writes the value of a member that may be there already.
type Write<'a> = &'a dyn Fn(&mut String, Option<&Node>);

/// The whole text.
pub(super) fn write(instance: &Instance, whole: &Node) -> String {
    let protected: Vec<&str> =
        instance.resources.iter().filter(|r| r.protect.is_some()).map(|r| r.id.as_str()).collect();
    // As with resources of our own.
    let protects: Write<'_> = &|out, _| out.push_str(r#"{"protect":true}"#);
    let resource: Write<'_> =
        &|out, own| with(out, own, &[("Metadata", &|out, own| with(out, own, &[("infra", protects)]))]);
    let resources: Vec<(&str, Write<'_>)> = protected.iter().map(|id| (*id, resource)).collect();
    let interface: Write<'_> = &|out, _| document::interface(out, instance);
    let mut out = String::with_capacity(1024);
    with(
        &mut out,
        Some(whole),
        &[
            ("Metadata", &|out, own| with(out, own, &[("infra", interface)])),
            ("Resources", &|out, own| with(out, own, &resources)),
        ],
    );
    out
}

/// A map, some of whose members are written by us, whether they are there or not.
fn with(out: &mut String, own: Option<&Node>, ours: &[(&str, Write<'_>)]) {
    let own = own.map_or(&[][..], Node::entries).iter().map(|entry| (&*entry.key, Some(&entry.value)));
    let mut all: BTreeMap<&str, Option<&Node>> = ours.iter().map(|(key, _)| (*key, None)).collect();
    all.extend(own);
    let mut members = Members::open(out);
    for (key, value) in all {
        members.key(out, key);
        match (ours.iter().find(|(name, _)| *name == key), value) {
            (Some((_, write)), value) => write(out, value),
            (None, Some(value)) => node(out, value),
            (None, None) => {}
        }
    }
    members.close(out);
}

/// A value of it.
pub(super) fn node(out: &mut String, value: &Node) {
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
