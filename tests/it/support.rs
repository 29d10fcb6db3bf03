//! What several tests stand on.

#[cfg(feature = "aws")]
pub(crate) mod cli;
#[cfg(feature = "aws")]
pub(crate) mod dying;
#[cfg(feature = "aws")]
pub(crate) mod faults;
#[cfg(feature = "aws")]
pub(crate) mod ministack;
#[cfg(feature = "aws")]
pub(crate) mod script;
#[cfg(feature = "aws")]
pub(crate) mod stacks;
pub(crate) mod programs;
pub(crate) mod venv;
