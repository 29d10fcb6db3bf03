//! The ways out of the language: CloudFormation's own JSON, and what it offers beside parameters.

mod live;
mod raw;

pub(crate) use live::evaluate as live;
pub(crate) use raw::{PSEUDO, check_names, entries, evaluate as raw, is_raw, placeholders};
