//! Values that nobody may read. Whatever is written goes past them.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use crate::diagnostics::{Diagnostic, Label};

static HIDDEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Shorter values are parts of ordinary words; they would make all we say unreadable and hide nothing.
const SHORTEST: usize = 4;

/// A line of a longer text that is worth hiding by itself.
const LINE: usize = 12;

const VEIL: &str = "****";

/// Where a text was cut off; what stands before may be the beginning of a value.
const CUT: char = '…';

/// Keeps a value out of everything that is written from now on. AWS repeats in its messages what it was given.
pub(super) fn hide(value: &str) {
    if value.len() < SHORTEST {
        return;
    }
    let mut hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    hidden.extend(forms(value));
    // The longest first: one may be a part of another.
    hidden.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    hidden.dedup();
}

/// Keeps the password of an address out, where it has one.
pub(super) fn hide_password(address: &str) {
    let authority = address.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    if let Some((_, password)) = user.and_then(|user| user.split_once(':')) {
        hide(password);
    }
}

/// As it is, as it stands in JSON and in HTML, with control characters written out, without the space around, and its single lines.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json);
    let mut forms = vec![value.to_owned(), json.to_owned()];
    #[cfg(feature = "aws")]
    forms.push(crate::plan::clean(value));
    #[cfg(feature = "aws")]
    forms.extend([crate::plan::clean(value).as_str(), json].map(crate::graph::escape));
    forms.extend(Some(value.trim()).filter(|text| text.len() >= SHORTEST).map(str::to_owned));
    if value.trim().contains('\n') {
        forms.extend(value.lines().map(str::trim).filter(|line| line.len() >= LINE).map(str::to_owned));
    }
    forms
}

/// A text as it may be written.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for value in hidden.iter().filter(|value| !value.is_empty()) {
        if text.contains(value.as_str()) {
            text = Cow::Owned(text.replace(value.as_str(), VEIL));
        }
    }
    if !hidden.is_empty() && text.contains(CUT) {
        text = Cow::Owned(without_beginnings(&text, &hidden));
    }
    text
}

/// The text without beginnings of values where it was cut.
fn without_beginnings(text: &str, hidden: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split(CUT).peekable();
    while let Some(piece) = pieces.next() {
        let is_cut = pieces.peek().is_some();
        let begun = hidden.iter().filter_map(|value| beginning(piece, value)).max().filter(|_| is_cut);
        match begun.and_then(|length| piece.get(..piece.len() - length)) {
            Some(rest) => out.extend([rest, VEIL]),
            None => out.push_str(piece),
        }
        if is_cut {
            out.push(CUT);
        }
    }
    out
}

/// How many bytes at the end of `piece` are the beginning of `value`.
fn beginning(piece: &str, value: &str) -> Option<usize> {
    let lengths = (SHORTEST..=value.len().min(piece.len())).rev().filter(|length| value.is_char_boundary(*length));
    lengths.into_iter().find(|length| value.get(..*length).is_some_and(|start| piece.ends_with(start)))
}

/// A problem as it may be drawn: drawing breaks lines, also within a value.
pub(super) fn veiled(problem: &Diagnostic) -> Diagnostic {
    let label = |label: &Label| Label { span: label.span, text: shown(&label.text).into_owned() };
    Diagnostic {
        message: shown(&problem.message).into_owned(),
        labels: problem.labels.iter().map(label).collect(),
        help: problem.help.as_deref().map(|help| shown(help).into_owned()),
        ..problem.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_go_where_a_text_was_cut() {
        let hidden = ["hunter2 and more".to_owned(), "swordfish".to_owned()];
        assert_eq!(without_beginnings("it is hunter2… (cut)", &hidden), "it is ****… (cut)");
        assert_eq!(without_beginnings("a sword… and hunt… at last", &hidden), "a ****… and ****… at last");
        assert_eq!(without_beginnings("nothing… hunter", &hidden), "nothing… hunter");
    }

    #[test]
    fn a_value_is_hidden_in_every_form() {
        let all = forms(" a \"key\"\nwith two long lines ");
        for form in [
            " a \"key\"\nwith two long lines ",
            " a \\\"key\\\"\\nwith two long lines ",
            "with two long lines",
            #[cfg(feature = "aws")]
            " a &quot;key&quot;\\u{a}with two long lines ",
            #[cfg(feature = "aws")]
            " a \\&quot;key\\&quot;\\nwith two long lines ",
        ] {
            assert!(all.iter().any(|known| known == form), "{form}: {all:?}");
        }
    }
}
