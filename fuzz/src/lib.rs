//! What the fuzz targets share: how a text is changed, and what must hold of every text.
//!
//! An input is always a program as text, so seeds are plain files and a finding can be read,
//! shortened and kept as a case. `CONTRIBUTING.md` says how to run them.

pub mod checks;
pub mod mutate;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/support/programs.rs"]
mod programs;
