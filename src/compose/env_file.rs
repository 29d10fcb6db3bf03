//! Files of variables: `NAME=value` in each line.
//!
//! Fact: "`env_file` format" of the Compose specification.

use std::sync::Arc;

use super::text::Text;
use super::{Given, interpolate};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::Piece;

/// A variable: its name, its place, its value.
pub(super) type Variable = (Arc<str>, Span, Text);

/// The variables of a file in its order.
pub(super) fn read(file: &SourceFile, given: &Given) -> Result<Vec<Variable>, Box<Diagnostic>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let span = Span::new(file.id, at, at + line.len());
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let parts = line.split_once('=').map(|(name, value)| (name.trim_end(), value.trim_start()));
        let Some((name, value)) = parts.filter(|(name, _)| is_name(name)) else {
            return Err(Diagnostic::new(Code::Syntax, "this is no variable")
                .at(span, "not `NAME=value`")
                .help("write `NAME=value` in each line; what begins with `#` is a comment")
                .into());
        };
        let pieces = match (quoted(value, '\''), quoted(value, '"')) {
            (Some(raw), _) => vec![Piece::Text(raw.into())],
            (None, Some(text)) => {
                let text = text.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
                interpolate::pieces(&text, span, given)?
            }
            (None, None) => {
                let end = value.find(" #").unwrap_or(value.len());
                interpolate::pieces(value.get(..end).unwrap_or_default().trim_end(), span, given)?
            }
        };
        found.push((Arc::from(name), span, Text { span, pieces }));
    }
    Ok(found)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// What stands in quotes, behind which only a comment may come.
fn quoted(value: &str, quote: char) -> Option<&str> {
    let inner = value.strip_prefix(quote)?;
    let mut escaped = false;
    let (end, _) = inner.char_indices().find(|(_, c)| {
        let is_end = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped && quote == '"';
        is_end
    })?;
    let behind = inner.get(end + 1..)?.trim();
    (behind.is_empty() || behind.starts_with('#')).then(|| inner.get(..end))?
}
