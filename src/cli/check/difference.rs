//! What changes in a file, as `patch` takes it.

use similar::TextDiff;

/// The change as a unified diff with the file's name on both sides.
pub(super) fn unified(name: &str, before: &str, now: &str) -> String {
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    TextDiff::from_lines(before, now).unified_diff().context_radius(3).header(&old, &new).to_string()
}
