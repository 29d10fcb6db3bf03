//! Text -> syntax tree. Parsing never fails: what is broken becomes a diagnostic, and the
//! healthy statements around it are kept.
//!
//! The grammar is `grammar/infra.pest`; nothing outside this room knows pest.

use crate::diagnostics::Diagnostic;
use crate::source::SourceFile;

pub mod ast;
mod build;
mod explain;
mod format;
mod grammar;
pub mod handbook;
mod outline;
mod prepare;

pub use outline::outline;

/// A parsed file: always a tree, and what is wrong with the text.
#[derive(Debug)]
pub struct Parsed {
    /// The healthy part.
    pub file: ast::File,
    /// The rest, said.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses one file.
pub fn parse(file: &SourceFile) -> Parsed {
    build::file(file.id, &file.text)
}

/// The text in its one layout; `None` where it does not parse.
pub fn format(file: &SourceFile) -> Option<String> {
    format::format(file)
}
