//! Diagnostics as SARIF 2.1.0, which code scanners and editors read:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Code, Diagnostic, Fix, Label, page};
use crate::source::{Sources, Span};

/// One run of one tool, with a rule for each code that occurs.
///
/// Lines and columns count from 1, columns in characters. `folder` is the project's place in the repository, with `/`
/// at its end, or empty.
pub fn to_sarif(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> Value {
    let mut codes: Vec<Code> = diagnostics.iter().map(|d| d.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let places = Places { sources, folder };
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|d| places.result(d, codes.iter().position(|code| *code == d.code).unwrap_or_default()))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "infra",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let summary = page::summary(code);
    json!({
        "id": code.name(),
        "shortDescription": { "text": summary },
        "help": { "text": format!("`infra explain {code}`: {summary}"), "markdown": code.page() },
        "defaultConfiguration": { "level": code.severity().as_str() },
    })
}

struct Places<'a> {
    sources: &'a Sources,
    folder: &'a str,
}

impl Places<'_> {
    fn result(&self, d: &Diagnostic, rule: usize) -> Value {
        let text = match &d.help {
            Some(help) => format!("{}\nhelp: {help}", d.message),
            None => d.message.clone(),
        };
        let mut result = json!({
            "ruleId": d.code.name(),
            "ruleIndex": rule,
            "level": d.severity.as_str(),
            "message": { "text": text },
            "locations": d.labels.iter().take(1).map(|label| self.location(label)).collect::<Vec<_>>(),
        });
        let related = d.labels.iter().skip(1).enumerate().map(|(id, label)| {
            let mut location = self.location(label);
            if let Some(fields) = location.as_object_mut() {
                fields.insert("id".to_owned(), id.into());
            }
            location
        });
        let related: Vec<Value> = related.collect();
        if let Some(fields) = result.as_object_mut() {
            if !related.is_empty() {
                fields.insert("relatedLocations".to_owned(), related.into());
            }
            if let Some(fix) = &d.fix {
                fields.insert("fixes".to_owned(), json!([self.fix(fix)]));
            }
        }
        result
    }

    fn location(&self, label: &Label) -> Value {
        let mut location = json!({ "physicalLocation": {
            "artifactLocation": self.artifact(label.span), "region": self.region(label.span),
        } });
        if let Some(fields) = location.as_object_mut().filter(|_| !label.text.is_empty()) {
            fields.insert("message".to_owned(), json!({ "text": label.text }));
        }
        location
    }

    fn fix(&self, fix: &Fix) -> Value {
        let kind = if fix.is_safe { "fix" } else { "suggestion" };
        json!({
            "description": { "text": format!("{kind}: write `{}`", fix.text) },
            "artifactChanges": [{
                "artifactLocation": self.artifact(fix.span),
                "replacements": [{
                    "deletedRegion": self.region(fix.span), "insertedContent": { "text": fix.text },
                }],
            }],
        })
    }

    fn region(&self, span: Span) -> Value {
        let start = self.sources.locate(span);
        let end = self.sources.locate(Span { start: span.end, ..span });
        // A file that is gone has no lines; SARIF counts from 1.
        json!({
            "startLine": start.line.max(1), "startColumn": start.column.max(1),
            "endLine": end.line.max(1), "endColumn": end.column.max(1),
        })
    }

    fn artifact(&self, span: Span) -> Value {
        let name = self.sources.locate(span).file;
        let mut uri = String::new();
        let parts = if name.starts_with("std:") { ["", name] } else { [self.folder, name] };
        for byte in parts.concat().bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte) {
                uri.push(byte.into());
            } else {
                // Writing into a string cannot fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        json!({ "uri": uri })
    }
}
