//! Values as people read them: references by name, long texts as a diff, nothing that moves the cursor.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::plan::Shown;
use crate::plan::refs::single;
use crate::plan::view::policy;

/// Texts longer than this, or with line breaks, are drawn as a diff.
const LONG: usize = 60;

/// Unchanged lines drawn around a change.
const CONTEXT: usize = 2;

/// A value on one line.
pub(super) fn shown(value: &Shown) -> String {
    match value {
        Shown::Value(value) => brief(value),
        Shown::Hidden => "(secret)".to_owned(),
        Shown::Later(from) if from.is_empty() => "(known after apply)".to_owned(),
        Shown::Later(from) => format!("(known after apply: {})", clean(from)),
    }
}

/// A value of a template on one line; what CloudFormation computes is written as an interpolation.
pub(super) fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(brief).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => match computed(value) {
            Some(text) => text,
            None => {
                let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{}: {}", clean(k), brief(v))).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        },
        other => other.to_string(),
    }
}

/// A `Ref`, `Fn::GetAtt`, `Fn::Sub` or `Fn::Join` in short.
fn computed(value: &Value) -> Option<String> {
    let (function, of) = single(value)?;
    match function {
        "Ref" => of.as_str().map(clean),
        "Fn::GetAtt" => Some(clean(&path(of)?)),
        "Fn::Sub" => of.as_str().map(quoted),
        "Fn::Join" => joined(of).map(|text| quoted(&text)),
        _ => None,
    }
}

fn joined(of: &Value) -> Option<String> {
    let (between, items) = (of.get(0)?.as_str()?, of.get(1)?.as_array()?);
    let items: Option<Vec<String>> = items.iter().map(piece).collect();
    Some(items?.join(between))
}

fn path(of: &Value) -> Option<String> {
    match of {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            Some(parts?.join("."))
        }
        _ => None,
    }
}

/// One item of a join, as it stands inside the text.
fn piece(item: &Value) -> Option<String> {
    match item {
        Value::String(text) => Some(text.clone()),
        other => computed(other).map(|inner| format!("${{{inner}}}")),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => push_clean(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// `text` without anything that could move the cursor, change colours or turn the reading direction.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_clean(&mut out, c));
    out
}

fn push_clean(out: &mut String, c: char) {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}');
    if c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}') {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

/// Whether a line stays, goes or comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    Same,
    Gone,
    New,
    /// Something is left out here.
    Cut,
}

/// A line of a difference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) sign: Sign,
    pub(super) text: String,
}

impl Line {
    /// `text` may come from anywhere: it is cleaned.
    pub(super) fn new(sign: Sign, text: impl AsRef<str>) -> Self {
        Self { sign, text: clean(text.as_ref()) }
    }

    /// With its sign.
    pub(super) fn plain(&self) -> String {
        let sign = match self.sign {
            Sign::Same => " ",
            Sign::Gone => "-",
            Sign::New => "+",
            Sign::Cut => "  …",
        };
        format!("{sign} {}", self.text)
    }
}

/// What differs of two values that do not fit in a line: policies by statement, long texts by line with some lines
/// around each change. None where they are short, or are no lines.
pub(super) fn drawn(before: Option<&Shown>, after: Option<&Shown>) -> Option<Vec<Line>> {
    let (before, after) = (plain(before)?, plain(after)?);
    if before.is_none() && after.is_none() {
        return None;
    }
    policy::lines(before, after).or_else(|| long_diff(before, after))
}

/// The value of a side, where it has one; none where that is not known or not shown.
fn plain(side: Option<&Shown>) -> Option<Option<&Value>> {
    match side {
        None => Some(None),
        Some(Shown::Value(value)) => Some(Some(value)),
        Some(Shown::Hidden | Shown::Later(_)) => None,
    }
}

fn long_diff(before: Option<&Value>, after: Option<&Value>) -> Option<Vec<Line>> {
    let (a, b) = (before.map(lines).unwrap_or_default(), after.map(lines).unwrap_or_default());
    let long = |text: &str| text.contains('\n') || text.chars().count() > LONG;
    if !long(&a) && !long(&b) {
        return None;
    }
    // A long text of one line against another one says more whole than cut into lines.
    if !a.contains('\n') && !b.contains('\n') {
        return None;
    }
    if a == b {
        return Some(vec![Line::new(Sign::Same, "the same content, written otherwise")]);
    }
    let diff = TextDiff::from_lines(&a, &b);
    let mut out = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        let first = group.first().map_or(0, |op| op.new_range().start);
        if first > 0 {
            out.push(Line::new(Sign::Cut, format!("line {}", first + 1)));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => Sign::Gone,
                ChangeTag::Insert => Sign::New,
                ChangeTag::Equal => Sign::Same,
            };
            out.push(Line::new(sign, change.value().trim_end_matches('\n')));
        }
    }
    Some(out)
}

/// A value over several lines: objects and lists opened, texts as they are.
fn lines(value: &Value) -> String {
    if let Some(text) = flat(value) {
        let text = decoded(&text).unwrap_or(text);
        // State machines, dashboards and the like are JSON inside a text: they read better opened.
        return match serde_json::from_str::<Value>(&text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => pretty(&inner),
            _ => text,
        };
    }
    match value {
        Value::Object(_) if computed(value).is_some() => brief(value),
        Value::Object(_) | Value::Array(_) if brief(value).chars().count() > LONG => pretty(value),
        other => brief(other),
    }
}

/// The text that a value is or that CloudFormation makes of it, with what it computes as `${…}`.
fn flat(value: &Value) -> Option<String> {
    if let Value::String(text) = value {
        return Some(text.clone());
    }
    match single(value)? {
        ("Fn::Base64", of) => flat(of),
        ("Fn::Sub", of) => of.as_str().or_else(|| of.get(0)?.as_str()).map(str::to_owned),
        ("Fn::Join", of) => joined(of),
        _ => None,
    }
}

/// What AWS tells of user data is in base64. Only what is a text of several lines then is taken for such.
fn decoded(text: &str) -> Option<String> {
    let text = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let readable = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    (readable && text.contains('\n')).then_some(text)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// `text` in pieces of at most `width` characters, broken behind a blank where there is one not too far before; one
/// empty piece for an empty text.
pub(super) fn pieces(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let all: Vec<char> = text.chars().collect();
    let mut rest = all.as_slice();
    let mut pieces = Vec::new();
    while rest.len() > width {
        let (line, _) = rest.split_at(width);
        let blank = line.iter().rposition(|c| *c == ' ').map(|at| at + 1);
        let (piece, more) = rest.split_at(blank.filter(|at| *at > width / 2).unwrap_or(width));
        pieces.push(piece.iter().collect());
        rest = more;
    }
    pieces.push(rest.iter().collect());
    pieces
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn computed_values_read_like_the_source() {
        assert_eq!(brief(&json!({"Ref": "Vpc"})), "Vpc");
        assert_eq!(brief(&json!({"Fn::GetAtt": ["Role", "Arn"]})), "Role.Arn");
        assert_eq!(brief(&json!({"Fn::Join": ["", ["http://", {"Ref": "Lb"}, "/x"]]})), "\"http://${Lb}/x\"");
        assert_eq!(brief(&json!({"a": [1, "b"]})), "{ a: [1, \"b\"] }");
    }

    #[test]
    fn nothing_reaches_the_terminal_that_moves_it() {
        assert_eq!(brief(&json!("a\u{1b}[2Jb\u{202e}c\rd\u{9b}")), "\"a\\u{1b}[2Jb\\u{202e}c\\rd\\u{9b}\"");
    }

    fn told(before: &Value, after: &Value) -> Vec<String> {
        let (before, after) = (Shown::Value(before.clone()), Shown::Value(after.clone()));
        drawn(Some(&before), Some(&after)).unwrap().iter().map(Line::plain).collect()
    }

    #[test]
    fn long_values_become_a_diff() {
        let machine = |kind: &str| {
            let states = json!({"A": {"Type": kind, "Resource": "${F.Arn}"}});
            json!({"Fn::Sub": json!({"StartAt": "A", "States": states}).to_string()})
        };
        assert_eq!(
            told(&machine("Task"), &machine("Pass")),
            [
                "  … line 4",
                "      \"A\": {",
                "        \"Resource\": \"${F.Arn}\",",
                "-       \"Type\": \"Task\"",
                "+       \"Type\": \"Pass\"",
                "      }",
                "    }",
            ]
        );
        assert!(long_diff(Some(&json!("a")), Some(&json!("b"))).is_none());
    }

    #[test]
    fn user_data_is_drawn_as_the_script_that_it_is() {
        let script = |port: u16| format!("#!/bin/sh\nset -eu\nserve --port {port}\n");
        let aws = json!(BASE64_STANDARD.encode(script(80)));
        let wanted = json!({"Fn::Base64": {"Fn::Join": ["", [script(8080), "echo ", {"Ref": "Vpc"}, "\n"]]}});
        assert_eq!(
            told(&aws, &wanted),
            ["  #!/bin/sh", "  set -eu", "- serve --port 80", "+ serve --port 8080", "+ echo ${Vpc}"]
        );
        // What only looks like base64 is a text.
        assert!(long_diff(Some(&json!("AAAAAAAA")), Some(&json!("BBBBBBBB"))).is_none());
    }

    #[test]
    fn the_same_json_in_another_layout_is_no_riddle() {
        let text = |layout: &str| json!(layout.replace('n', "\n"));
        let (a, b) = (text("{\"a\": 1,n\"b\": 2}"), text("{\"a\":1,\"b\":2}"));
        assert_eq!(told(&a, &b), ["  the same content, written otherwise"]);
    }
}
