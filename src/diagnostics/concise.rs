//! Diagnostics a line each, as compilers have written them since long: editors and `grep` know the form.

use std::fmt::Write as _;

use super::Diagnostic;
use crate::source::Sources;

/// `path:line:column: severity[code]: message`, one line for each. What lies in no file begins with the severity.
pub fn to_concise(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for d in diagnostics {
        if let Some(span) = d.span() {
            push_plain(&mut out, &sources.locate(span).to_string());
            out.push_str(": ");
        }
        out.push_str(d.severity.as_str());
        out.push('[');
        out.push_str(d.code.name());
        out.push_str("]: ");
        push_plain(&mut out, &d.message);
        if let Some(help) = &d.help {
            out.push_str("; ");
            push_plain(&mut out, help);
        }
        out.push('\n');
    }
    out
}

/// A line stays a line: control characters of names and texts are shown as escapes.
fn push_plain(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}
