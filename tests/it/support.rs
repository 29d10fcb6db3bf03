//! What several tests stand on.

pub(crate) mod checks;
#[cfg(feature = "aws")]
pub(crate) mod cli;
#[cfg(feature = "aws")]
pub(crate) mod dying;
#[cfg(feature = "aws")]
pub(crate) mod faults;
#[cfg(feature = "aws")]
pub(crate) mod ministack;
#[allow(dead_code, reason = "`fuzz/` uses the rest")]
pub(crate) mod programs;
#[cfg(feature = "aws")]
pub(crate) mod script;
#[cfg(feature = "aws")]
pub(crate) mod stacks;
pub(crate) mod venv;
