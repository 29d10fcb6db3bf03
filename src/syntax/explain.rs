//! Words for what could not be read.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// What should have stood there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Context {
    Item,
    Statement,
    Entry,
    Value,
    Argument,
    Arm,
    Type,
    TypeField,
    Refinement,
    ListFor,
    ObjectFor,
    Interpolation,
    Closer,
    EndOfLine,
    EndOfEntry,
}

/// What is to be said of a piece of the prepared text.
pub(super) struct Told {
    pub(super) start: usize,
    pub(super) end: usize,
    message: String,
    label: String,
    help: Option<String>,
}

impl Told {
    /// As a diagnostic; `span` is the place in the original.
    pub(super) fn diagnostic(self, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(Code::Syntax, self.message).at(span, self.label);
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// Words for the text from `start` to `end`, which was skipped.
pub(super) fn explain(text: &str, context: Context, start: usize, end: usize) -> Told {
    let _ = (text, context);
    Told { start, end, message: "cannot be read".to_owned(), label: "skipped".to_owned(), help: None }
}
