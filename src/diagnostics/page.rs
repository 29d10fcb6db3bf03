//! What the page of a code says, in parts.

use super::Code;

/// The first paragraph below the title, on one line.
pub(super) fn summary(code: Code) -> String {
    let mut paragraphs = code.page().split("\n\n").map(str::trim).filter(|p| !p.is_empty() && !p.starts_with('#'));
    paragraphs.next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
