//! Diagnostics for machines.

use serde_json::{Value, json};

use super::Diagnostic;
use crate::source::{Sources, Span};

/// `{format_version, diagnostics: [{code, severity, message, labels: [{file, start, end, text}], help, fix:
/// {file, start, end, replacement, safe}}]}`.
///
/// Lines and columns count from 1, columns in characters; `end` is one past the last character.
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let all: Vec<Value> = diagnostics.iter().map(|d| one(d, sources)).collect();
    json!({ "format_version": 1, "diagnostics": all })
}

fn one(d: &Diagnostic, sources: &Sources) -> Value {
    let labels: Vec<Value> = d.labels.iter().map(|l| place(l.span, sources, "text", &l.text)).collect();
    let fix = d.fix.as_ref().map(|f| {
        let mut fix = place(f.span, sources, "replacement", &f.text);
        if let Some(fields) = fix.as_object_mut() {
            fields.insert("safe".to_owned(), f.is_safe.into());
        }
        fix
    });
    json!({
        "code": d.code.name(), "severity": d.severity.as_str(), "message": d.message,
        "labels": labels, "help": d.help, "fix": fix,
    })
}

fn place(span: Span, sources: &Sources, key: &str, text: &str) -> Value {
    let start = sources.locate(span);
    let end = sources.locate(Span { start: span.end, ..span });
    json!({
        "file": start.file,
        "start": { "line": start.line, "column": start.column },
        "end": { "line": end.line, "column": end.column },
        key: text,
    })
}
