//! What several tests stand on.

#[cfg(feature = "aws")]
pub(crate) mod script;
