//! pest's pairs -> syntax tree.
//!
//! Each function takes the pair of the rule it is named after. The grammar guarantees which
//! pairs lie inside; where a pair is missing all the same, the tree gets a `Broken` part.

mod declarations;
mod expressions;
mod numbers;
mod text;
mod types;

use std::sync::Arc;

use super::Parsed;
use super::ast::{Expr, ExprKind, File, Ident};
use super::explain::Context;
use super::grammar::{Grammar, Pair, Parser, Rule};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::source::{FileId, Span};

/// The deepest tree that is built: statements, brackets and chains of operators together.
pub(super) const DEEPEST: usize = 256;

/// Parses `text`.
pub(super) fn file(id: FileId, text: &str) -> Parsed {
    let mut builder = Builder { file: id, text, diagnostics: Vec::new(), depth: 0 };
    let mut file = File::default();
    match Grammar::parse(Rule::file, text) {
        Ok(pairs) => {
            for pair in pairs.flat_map(Pair::into_inner) {
                builder.item_line(pair, &mut file.items);
            }
        }
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
            };
            builder.explain(Context::Item, at, text.len());
        }
    }
    Parsed { file, diagnostics: builder.diagnostics }
}

/// What is known while one file's tree is built.
struct Builder<'s> {
    file: FileId,
    text: &'s str,
    diagnostics: Vec<Diagnostic>,
    depth: usize,
}

impl Builder<'_> {
    fn place(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.place(span.start(), span.end())
    }

    fn ident(&self, pair: &Pair<'_, Rule>) -> Ident {
        Ident { name: Name::new(pair.as_str()), span: self.span(pair) }
    }

    /// Stands where a name is missing; the reason is already reported.
    fn nameless(&self, span: Span) -> Ident {
        Ident { name: Name::new(""), span }
    }

    fn broken(span: Span) -> Expr {
        Expr { span, kind: ExprKind::Broken }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn error(&mut self, span: Span, message: impl Into<String>, label: &str, help: &str) {
        self.report(Diagnostic::new(Code::Syntax, message).at(span, label).help(help));
    }

    /// Finds words for a `broken_*` pair.
    fn skipped(&mut self, context: Context, pair: &Pair<'_, Rule>) {
        let span = pair.as_span();
        self.explain(context, span.start(), span.end());
    }

    fn explain(&mut self, context: Context, start: usize, end: usize) {
        let diagnostic = super::explain::explain(self.file, self.text, context, start, end);
        self.report(diagnostic);
    }

    /// Goes `levels` deeper for the time of `build`; says so and gives up where that is too deep.
    fn deeper<T>(&mut self, levels: usize, span: Span, build: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth + levels > DEEPEST {
            self.report(too_deep(span));
            return None;
        }
        self.depth += levels;
        let built = build(self);
        self.depth -= levels;
        Some(built)
    }

    fn not_yet(&mut self, pair: &Pair<'_, Rule>) {
        let span = self.span(pair);
        self.report(
            Diagnostic::new(Code::NotYet, format!("`{}` is not in this version of the language", pair.as_str()))
                .at(span, "not understood yet")
                .help("remove it, or say it with what there is; `infra explain not-yet` lists the ways"),
        );
    }
}

/// Says that `span` lies too deep.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::LimitExceeded, format!("more than {DEEPEST} levels of nesting"))
        .at(span, "too deep from here on")
        .help("name the inner part with `let` and use the name here")
}

/// `text` as shared text: the one copy that the tree keeps.
fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}
