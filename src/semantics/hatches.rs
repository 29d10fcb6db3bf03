//! The ways out of the language: CloudFormation's own JSON, and what it offers beside parameters.

mod raw;

pub(crate) use raw::{PSEUDO, check_names, entries, evaluate as raw, is_raw, placeholders};
