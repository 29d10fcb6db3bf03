//! What we tell people about their program: plain data, worded where the problem is found.
//!
//! Headline = the problem; label = this spot; help = the remedy, starting with the action.
//! Lower case, no final period, backticks round code, never a question.

use crate::source::Span;

mod code;
mod concise;
mod fix;
mod github;
mod json;
mod page;
mod render;
mod sarif;
mod suggest;

pub use code::Code;
pub use concise::to_concise;
pub use fix::{Fix, Replacement, apply};
pub use github::{annotation, harmless, to_github};
pub use json::to_json;
pub use render::{Style, render};
pub use sarif::to_sarif;
pub use suggest::{Near, nearest};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing is emitted, planned or applied.
    Error,
    /// Worth a look; the program stands.
    Warning,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One spot and what is to be said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty for the bare underline.
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
        Self {
            code,
            severity: code.severity(),
            message: cut(message.into()),
            labels: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Adds a spot.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: cut(text.into()) });
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(cut(text.into()));
        self
    }

    /// Adds a machine-applicable remedy. It is a safe one, but for a [`Near`] name of which there are several.
    #[must_use]
    pub fn fix<'a>(mut self, span: Span, by: impl Into<Replacement<'a>>) -> Self {
        let Replacement { text, is_safe } = by.into();
        self.fix = Some(Fix { span, text: text.into_owned(), is_safe });
        self
    }

    /// Adds a remedy that a machine can apply where a person says so: it guesses, or changes what the program makes.
    #[must_use]
    pub fn suggestion<'a>(self, span: Span, by: impl Into<Replacement<'a>>) -> Self {
        let replacement = by.into();
        self.fix(span, Replacement { is_safe: false, ..replacement })
    }

    /// The primary spot.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|l| l.span)
    }
}

/// The most bytes of a headline, a label or a remedy: what quotes a name of a megabyte is no message.
const LONGEST: usize = 2_000;

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
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
