//! Values as people read them: references by name, long texts as a diff, nothing that moves the cursor.

use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::plan::Shown;
use crate::plan::refs::single;

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
fn brief(value: &Value) -> String {
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
        "Fn::Join" => {
            let parts = of.as_array()?;
            let (between, items) = (parts.first()?.as_str()?, parts.get(1)?.as_array()?);
            let items: Option<Vec<String>> = items.iter().map(piece).collect();
            Some(quoted(&items?.join(between)))
        }
        _ => None,
    }
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

/// The changed lines of two long values with some lines around them; none where both are short.
pub(super) fn long_diff(before: &Value, after: &Value) -> Option<Vec<String>> {
    let (a, b) = (lines(before), lines(after));
    let long = |text: &str| text.contains('\n') || text.chars().count() > LONG;
    if !long(&a) && !long(&b) {
        return None;
    }
    // A long text of one line against another one says more whole than cut into lines.
    if !a.contains('\n') && !b.contains('\n') {
        return None;
    }
    let diff = TextDiff::from_lines(&a, &b);
    let mut out = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            out.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            out.push(format!("{sign} {}", clean(change.value().trim_end_matches('\n'))));
        }
    }
    Some(out)
}

/// A value over several lines: objects and lists opened, texts as they are.
fn lines(value: &Value) -> String {
    match value {
        // Policies and the like are often JSON inside a text: they read better opened.
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => pretty(&inner),
            _ => text.clone(),
        },
        Value::Object(_) if computed(value).is_some() => brief(value),
        Value::Object(_) | Value::Array(_) if brief(value).chars().count() > LONG => pretty(value),
        other => brief(other),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// `text` in pieces of at most `width` characters; one empty piece for an empty text.
pub(super) fn pieces(text: &str, width: usize) -> impl Iterator<Item = String> {
    let all: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = all.chunks(width.max(20)).map(|piece| piece.iter().collect()).collect();
    if pieces.is_empty() { vec![String::new()] } else { pieces }.into_iter()
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

    #[test]
    fn long_values_become_a_diff() {
        let policy = |action: &str| json!({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", "Sid": "OneTwoThree"}]});
        let lines = long_diff(&policy("s3:GetObject"), &policy("s3:*")).unwrap();
        assert!(lines.iter().any(|l| l.starts_with("- ") && l.contains("s3:GetObject")), "{lines:?}");
        assert!(lines.iter().any(|l| l.starts_with("+ ") && l.contains("s3:*")));
        assert!(long_diff(&json!("a"), &json!("b")).is_none());
    }
}
