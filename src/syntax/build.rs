//! pest's pairs -> syntax tree.
//!
//! Each function takes the pair of the rule it is named after. The grammar guarantees which
//! pairs lie inside; where a pair is missing all the same, the tree gets a `Broken` part.

mod declarations;
mod expressions;
mod numbers;
mod reusable;
mod text;
mod types;

pub(super) use text::common_indent;

use std::sync::Arc;
use std::thread;

use super::Parsed;
use super::ast::{Expr, ExprKind, File, Ident};
use super::explain::Context;
use super::grammar::{Grammar, Pair, Parser, Rule};
use super::prepare::{Prepared, prepare};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::source::{FileId, Span};

/// The deepest tree that is built: statements, brackets and chains of operators together.
pub(super) const DEEPEST: usize = 256;

/// Nesting from which the parser gets a stack of its own.
const DEEP: usize = 40;

/// The size of that stack: [`DEEPEST`] levels take less than a tenth of it, optimised or not.
const STACK: usize = 128 << 20;

/// The largest file that is read, in bytes.
const LARGEST: usize = 4 << 20;

/// More errors of one file help nobody.
const MOST: usize = 100;

/// Parses `text`.
pub(super) fn file(id: FileId, text: &str) -> Parsed {
    if text.len() > LARGEST {
        let diagnostic = Diagnostic::new(Code::LimitExceeded, "this file is larger than 4 MiB")
            .at(Span::new(id, 0, 0), format!("{} bytes", text.len()))
            .help("split it: all files of a project see each other");
        return Parsed { file: File::default(), diagnostics: vec![diagnostic] };
    }
    let prepared = prepare(id, text);
    if prepared.hopeless {
        return Parsed { file: File::default(), diagnostics: prepared.diagnostics };
    }
    let told = prepared.diagnostics.clone();
    roomy(prepared.deepest, || tree(id, text, prepared)).unwrap_or_else(|| {
        let mut diagnostics = told;
        diagnostics.push(too_deep(Span::new(id, 0, 0)));
        Parsed { file: File::default(), diagnostics }
    })
}

/// Does something with the prepared text of a file that parses.
pub(super) fn with_room<T: Send>(text: &str, work: impl FnOnce(&Prepared) -> Option<T> + Send) -> Option<T> {
    let prepared = prepare(FileId(0), text);
    roomy(prepared.deepest, || work(&prepared)).flatten()
}

/// Runs `work` where there is stack enough for that depth; `None` where the system gives none.
fn roomy<T: Send>(depth: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    if depth <= DEEP {
        return Some(work());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    })
}

fn tree(id: FileId, original: &str, mut prepared: Prepared) -> Parsed {
    let diagnostics = std::mem::take(&mut prepared.diagnostics);
    let mut builder = Builder {
        file: id,
        source: &prepared,
        original,
        text: &prepared.text,
        diagnostics,
        depth: 0,
        docs: 0,
        unsaid: 0,
    };
    let mut file = File::default();
    match Grammar::parse(Rule::file, &prepared.text) {
        Ok(pairs) => {
            for pair in pairs.flat_map(Pair::into_inner) {
                builder.item_line(pair, &mut file.items);
            }
        }
        // The recovery rules take everything, so this is not seen; it is an error all the same.
        Err(_) => builder.explain(Context::Item, 0, prepared.text.len()),
    }
    let (mut diagnostics, unsaid) = (builder.diagnostics, builder.unsaid);
    crate::diagnostics::sort(&mut diagnostics);
    if unsaid > 0 {
        let message = format!("{unsaid} more errors in this file");
        diagnostics.push(Diagnostic::new(Code::Syntax, message).help("mend the first ones and look again"));
    }
    Parsed { file, diagnostics }
}

/// What is known while one file's tree is built.
struct Builder<'s> {
    file: FileId,
    source: &'s Prepared,
    /// The text as it was written.
    original: &'s str,
    /// The text as the grammar sees it.
    text: &'s str,
    diagnostics: Vec<Diagnostic>,
    depth: usize,
    /// How many of the `///` lines are used up.
    docs: usize,
    /// Errors beyond the first [`MOST`].
    unsaid: usize,
}

impl Builder<'_> {
    fn place(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.source.original(start), self.source.original(end))
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
        if self.diagnostics.len() < MOST {
            self.diagnostics.push(diagnostic);
        } else {
            self.unsaid += 1;
        }
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
        if self.diagnostics.len() >= MOST {
            self.unsaid += 1;
            return;
        }
        // Around what was put in, the missing bracket or quote is the mistake, and it is already told.
        if !self.source.mended(start.saturating_sub(1), end) {
            let told = super::explain::explain(self.text, context, start, end);
            let span = self.place(told.start, told.end);
            self.report(told.diagnostic(span));
        }
    }

    /// Goes `levels` deeper for the time of `build`; says so and gives up where that is too deep.
    fn deeper<T>(&mut self, levels: usize, span: Span, build: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth + levels > DEEPEST {
            // The whole of it may be a long piece of text; where it begins is enough.
            self.report(too_deep(Span { end: span.start + 1, ..span }));
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
                .help("remove it; `infra explain not-yet` says more"),
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
