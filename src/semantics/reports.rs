//! What went wrong, each thing once.
//!
//! The same lines are evaluated for many instances and in many rounds of a loop, and what is
//! wrong with them is wrong every time, if in other words. So a problem is said by the first
//! round that finds it; a round may find several at one place.

use rustc_hash::FxHashMap;

use crate::diagnostics::{Code, Diagnostic, has_errors};
use crate::semantics::decorators::Published;
use crate::source::Span;

/// Diagnostics as they come in.
#[derive(Default)]
pub(super) struct Reports {
    list: Vec<Diagnostic>,
    /// The round that found a problem of that kind at that place.
    found: FxHashMap<(Code, Span, Option<Span>), u32>,
    round: u32,
    /// Parameters of Systems Manager that the instances make, over all environments.
    pub(super) published: Published,
    /// What was taken had errors.
    had_errors: bool,
}

impl Reports {
    /// Takes a problem, unless an earlier round said it. `used` is where the function or component is
    /// used that it lies in.
    pub(super) fn add(&mut self, diagnostic: Diagnostic, used: Option<Span>) {
        if let Some(span) = diagnostic.span() {
            let round = *self.found.entry((diagnostic.code, span, used)).or_insert(self.round);
            if round != self.round {
                return;
            }
        }
        self.list.push(diagnostic);
    }

    /// Another instance, another round of a loop.
    pub(super) fn next_round(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// Whether any is an error.
    pub(super) fn has_errors(&self) -> bool {
        self.had_errors || has_errors(&self.list)
    }

    /// Takes what was found so far; none of it is said again.
    pub(super) fn take(&mut self) -> Vec<Diagnostic> {
        self.had_errors = self.has_errors();
        std::mem::take(&mut self.list)
    }

    /// All of them.
    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}
