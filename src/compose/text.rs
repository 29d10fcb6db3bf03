//! Texts of a compose file, their variables filled in.

use std::sync::Arc;

use super::draft;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Piece};

/// A text and its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) span: Span,
    pub(super) pieces: Vec<Piece>,
}

impl Text {
    pub(super) fn plain(text: &str, span: Span) -> Self {
        Self { span, pieces: vec![Piece::Text(text.into())] }
    }

    /// What it says; `None` where that is known only when a stack is evaluated.
    pub(super) fn literal(&self) -> Option<Arc<str>> {
        match self.pieces.as_slice() {
            [] => Some("".into()),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// It as an expression. One that is a variable and nothing else has the type of that.
    pub(super) fn expr(&self) -> Expr {
        match self.pieces.as_slice() {
            [] => draft::text(self.span, ""),
            [Piece::Text(text)] => draft::text(self.span, text),
            [Piece::Expr(expr)] => expr.clone(),
            pieces => Expr { span: self.span, kind: ExprKind::Template(pieces.into()) },
        }
    }
}
