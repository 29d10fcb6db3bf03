//! The text as the grammar wants it: comments, tabs and carriage returns are blanks, every
//! bracket has its partner, every string its end.
//!
//! What is missing is reported where it was opened and put in, so that the rest of the file
//! can be read as usual; what is too much becomes a blank. Offsets stay the same but for what
//! is put in, and [`Prepared::original`] takes that back. The depth of brackets is bounded
//! here, before anything recursive sees the text.

use crate::diagnostics::Diagnostic;
use crate::source::FileId;

mod frames;
mod report;
mod scan;

/// A text that is ready for the grammar.
pub(super) struct Prepared {
    /// As long as the original, plus what was put in.
    pub(super) text: String,
    /// `///` lines: first byte and one past the last, in the original.
    pub(super) docs: Vec<(usize, usize)>,
    /// What was wrong.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The largest number of brackets around any place.
    pub(super) deepest: usize,
    /// Too deep to be read at all; said in the diagnostics.
    pub(super) hopeless: bool,
    /// Where something was put in, in the original, ascending.
    inserted: Vec<usize>,
}

/// Prepares `text`.
pub(super) fn prepare(file: FileId, text: &str) -> Prepared {
    // Where something does not match, a second look uses the indentation to find out what is missing.
    let first = scan::scan(file, text, false);
    let found = if first.balanced { first } else { scan::scan(file, text, true) };
    let (text, inserted) = found.finish(text);
    Prepared {
        text,
        docs: found.docs,
        diagnostics: found.diagnostics,
        deepest: found.deepest,
        hopeless: found.hopeless,
        inserted,
    }
}

impl Prepared {
    /// The offset in the original of an offset in the prepared text.
    pub(super) fn original(&self, at: usize) -> usize {
        if self.inserted.is_empty() {
            return at;
        }
        // The k-th piece stands k bytes further right than where it was put in.
        let before = self.inserted.iter().enumerate().take_while(|(k, place)| **place + *k < at).count();
        at - before
    }

    /// True where something was put in within `start..=end` of the prepared text.
    pub(super) fn mended(&self, start: usize, end: usize) -> bool {
        self.inserted.iter().enumerate().any(|(k, place)| (start..=end).contains(&(*place + k)))
    }
}
