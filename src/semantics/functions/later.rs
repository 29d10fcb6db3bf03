//! Checks on later values that functions pass on.

use super::Args;
use crate::diagnostics::Diagnostic;
use crate::semantics::value::{Later, LaterType};

/// Refuses later lists and objects where text is asked for.
pub(super) fn scalar(args: &Args<'_>, position: usize, later: &Later) -> Result<(), Box<Diagnostic>> {
    match later.ty {
        LaterType::List(..) | LaterType::Json => {
            Err(args.mistyped(args.parameter(position), "String", args.value(position), args.span_of(position)))
        }
        _ => Ok(()),
    }
}
