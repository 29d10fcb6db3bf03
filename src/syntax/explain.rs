//! Words for what could not be read.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};

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

/// The diagnostic for the text from `start` to `end`, which was skipped.
pub(super) fn explain(file: FileId, text: &str, context: Context, start: usize, end: usize) -> Diagnostic {
    let _ = (text, context);
    Diagnostic::new(Code::Syntax, "cannot be read").at(Span::new(file, start, end), "skipped")
}
