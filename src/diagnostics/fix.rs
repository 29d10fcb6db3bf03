//! Changes of the source that mend a problem, and how they are carried out.

use std::borrow::Cow;

use crate::source::Span;

/// A change of the source that mends the problem.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fix {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
    /// The program is wrong as it is and nothing else can be meant, so that a machine may do it unasked. Else it is a
    /// suggestion: a person should look at it first.
    pub is_safe: bool,
}

/// What a fix puts in place of the text under its span.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replacement<'a> {
    /// The new text.
    pub text: Cow<'a, str>,
    /// See [`Fix::is_safe`].
    pub is_safe: bool,
}

impl<'a> From<&'a str> for Replacement<'a> {
    fn from(text: &'a str) -> Self {
        Self { text: text.into(), is_safe: true }
    }
}

impl From<String> for Replacement<'_> {
    fn from(text: String) -> Self {
        Self { text: text.into(), is_safe: true }
    }
}

/// Carries out changes of one text. They are taken from the front to the back; one that overlaps an earlier one is
/// left out, and so is one that does not fit the text.
///
/// Returns the new text and which of the changes, by number, are in it.
pub fn apply(text: &str, fixes: &[&Fix]) -> (String, Vec<usize>) {
    let mut order: Vec<usize> = (0..fixes.len()).collect();
    order.sort_by_key(|at| fixes.get(*at));
    let mut out = String::with_capacity(text.len());
    let mut taken: Vec<usize> = Vec::new();
    let mut last: Option<&Fix> = None;
    let mut done = 0;
    for at in order {
        let Some(fix) = fixes.get(at).copied() else { continue };
        // The same change, asked for by two problems.
        if last == Some(fix) {
            taken.push(at);
            continue;
        }
        let (start, end) = (fix.span.start as usize, fix.span.end as usize);
        // Two insertions at one place have no order, so the second waits.
        let is_free = last.is_none_or(|last| start >= done && (start, end) != (done, done) && last.span != fix.span);
        let (Some(before), true, true) = (text.get(done..start), is_free, text.get(start..end).is_some()) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&fix.text);
        done = end;
        last = Some(fix);
        taken.push(at);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    taken.sort_unstable();
    (out, taken)
}

#[cfg(test)]
mod tests {
    use super::{Fix, apply};
    use crate::source::{FileId, Span};

    fn fix(start: usize, end: usize, text: &str) -> Fix {
        Fix { span: Span::new(FileId(0), start, end), text: text.to_owned(), is_safe: true }
    }

    fn applied(text: &str, fixes: &[Fix]) -> (String, Vec<usize>) {
        apply(text, &fixes.iter().collect::<Vec<_>>())
    }

    #[test]
    fn changes_are_made_from_the_front_and_overlaps_left_out() {
        assert_eq!(applied("abcdef", &[fix(4, 5, "E"), fix(0, 2, "x")]), ("xcdEf".to_owned(), vec![0, 1]));
        assert_eq!(applied("abcdef", &[fix(1, 4, "-"), fix(3, 6, "+")]), ("a-ef".to_owned(), vec![0]));
        assert_eq!(applied("abcdef", &[fix(3, 6, "+"), fix(1, 4, "-")]), ("a-ef".to_owned(), vec![1]));
        assert_eq!(applied("abc", &[fix(1, 2, "x"), fix(1, 2, "x")]), ("axc".to_owned(), vec![0, 1]));
        assert_eq!(applied("abc", &[fix(1, 2, "x"), fix(1, 2, "y")]), ("axc".to_owned(), vec![0]));
        assert_eq!(applied("abc", &[fix(0, 1, "x"), fix(1, 2, "y")]), ("xyc".to_owned(), vec![0, 1]));
    }

    #[test]
    fn insertions_at_one_place_wait_for_each_other() {
        assert_eq!(applied("ab", &[fix(1, 1, "x"), fix(1, 1, "y")]), ("axb".to_owned(), vec![0]));
        assert_eq!(applied("", &[fix(0, 0, "x")]), ("x".to_owned(), vec![0]));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        assert_eq!(applied("aéb", &[fix(2, 3, "x"), fix(3, 9, "y")]), ("aéb".to_owned(), vec![]));
        assert_eq!(applied("ab", &[fix(2, 1, "x")]), ("ab".to_owned(), vec![]));
    }
}
