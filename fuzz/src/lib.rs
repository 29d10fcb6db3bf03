//! What the fuzz targets share: how a text is changed, and what must hold of every text.
//!
//! An input is always a program as text, so seeds are plain files and a finding can be read,
//! shortened and kept as a case. `CONTRIBUTING.md` says how to run them.

pub mod mutate;
#[path = "../../tests/it/support/checks.rs"]
mod checks;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/support/programs.rs"]
mod programs;

/// A target: what must hold of `bytes`.
pub type Check = fn(&[u8]);

/// Any bytes can be read.
pub const PARSE: Check = checks::parse;
/// Formatting changes nothing that is said.
pub const FORMAT: Check = checks::format;
/// Every program can be judged.
pub const EVALUATE: Check = checks::evaluate;
/// What is built is whole.
pub const EMIT: Check = checks::emit;
