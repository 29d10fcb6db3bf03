//! What we tell people about their program: plain data, worded where the problem is found.
//!
//! Headline = the problem; label = this spot; help = the remedy, starting with the action.
//! Lower case, no final period, backticks round code, never a question.

use crate::source::Span;

mod code;
mod json;
mod render;
mod suggest;

pub use code::Code;
pub use json::to_json;
pub use render::{Style, render};
pub use suggest::nearest;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing is emitted, planned or applied.
    Error,
    /// Worth a look; the program stands.
    Warning,
}

/// One spot and what is to be said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty for the bare underline.
    pub text: String,
}

/// A change of the source that mends the problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// One problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its stable name.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// The headline.
    pub message: String,
    /// Spots; the first is the primary one. Empty for problems that lie in no file.
    pub labels: Vec<Label>,
    /// The remedy.
    pub help: Option<String>,
    /// A machine-applicable remedy.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A problem with the severity that its code has.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), message: message.into(), labels: Vec::new(), help: None, fix: None }
    }

    /// Adds a spot.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a machine-applicable remedy.
    #[must_use]
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, text: text.into() });
        self
    }

    /// The primary spot.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|l| l.span)
    }
}

/// True where any of them is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// Brings diagnostics into reading order (file, place, code) and drops those said twice.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| (a.span(), a.code, &a.message).cmp(&(b.span(), b.code, &b.message)));
    diagnostics.dedup_by(|a, b| a.span() == b.span() && a.code == b.code && a.message == b.message);
}
