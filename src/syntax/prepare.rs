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
        at - self.inserted_before(at)
    }

    /// How many bytes were put in before that place of the prepared text.
    fn inserted_before(&self, at: usize) -> usize {
        // The k-th of them stands k bytes further right than where it was put in.
        let (mut low, mut high) = (0, self.inserted.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.inserted.get(middle).is_some_and(|place| place + middle < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// True where something was put in within `start..=end` of the prepared text.
    pub(super) fn mended(&self, start: usize, end: usize) -> bool {
        self.inserted_before(start) < self.inserted_before(end + 1)
    }
}
