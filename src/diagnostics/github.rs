//! Diagnostics as workflow commands of GitHub Actions, which show them beside the lines of a pull request.
//!
//! The form and its escapes: "Workflow commands for GitHub Actions" in the reference on docs.github.com.

use std::borrow::Cow;

use super::Diagnostic;
use crate::source::{Sources, Span};

/// `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`, one line for each.
///
/// `folder` is the project's place in the repository, with `/` at its end, or empty.
pub fn to_github(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> String {
    let mut out = String::new();
    for d in diagnostics {
        out.push_str("::");
        out.push_str(d.severity.as_str());
        out.push(' ');
        // Files of the language itself are not in the repository.
        let span = d.labels.iter().map(|label| label.span).find(|span| span.file.built_in_at().is_none());
        if let Some(span) = span {
            let (start, end) = (sources.locate(span), sources.locate(Span { start: span.end, ..span }));
            out.push_str("file=");
            push_property(&mut out, folder);
            push_property(&mut out, start.file);
            // GitHub takes columns only where the lines are the same.
            out.push_str(&format!(",line={},endLine={}", start.line, end.line));
            if start.line == end.line {
                out.push_str(&format!(",col={},endColumn={}", start.column, end.column));
            }
            out.push(',');
        }
        out.push_str("title=");
        push_property(&mut out, d.code.name());
        out.push_str("::");
        push_data(&mut out, &d.message);
        let labels = d.labels.iter().filter(|label| !label.text.is_empty());
        for label in labels.skip(1) {
            push_data(&mut out, &format!("\n{}: {}", sources.locate(label.span), label.text));
        }
        if let Some(help) = &d.help {
            push_data(&mut out, &format!("\nhelp: {help}"));
        }
        out.push('\n');
    }
    out
}

/// One line that GitHub shows: `level` is `error`, `warning` or `notice`; `place` a file of the repository and a line.
pub fn annotation(level: &str, place: Option<(&str, &str)>, title: &str, message: &str) -> String {
    let mut out = format!("::{level} ");
    if let Some((file, line)) = place {
        out.push_str("file=");
        push_property(&mut out, file);
        out.push_str(",line=");
        push_property(&mut out, line);
        out.push(',');
    }
    out.push_str("title=");
    push_property(&mut out, title);
    out.push_str("::");
    push_data(&mut out, message);
    out.push('\n');
    out
}

/// `text` for people, in a log that GitHub reads: no line of it is a command. The runner looks for `::` at the beginning
/// of a line, behind white space, and for `##[` anywhere.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let begins = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##[") && !text.split(['\n', '\r']).any(begins) {
        return Cow::Borrowed(text);
    }
    let line = |line: &str| if begins(line) { line.replacen("::", ": :", 1) } else { line.to_owned() };
    let lines: String = text.split_inclusive(['\n', '\r']).map(line).collect();
    Cow::Owned(lines.replace("##[", "# #["))
}

/// The text of a command: nothing in it ends the line.
fn push_data(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            // Colours and other tricks of terminals have no place in a log.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// A property of a command: nothing in it ends the property either.
fn push_property(out: &mut String, text: &str) {
    let mut plain = String::new();
    push_data(&mut plain, text);
    out.push_str(&plain.replace(':', "%3A").replace(',', "%2C"));
}
