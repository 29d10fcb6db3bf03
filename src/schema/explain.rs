//! Says what a resource type is, in plain text of 80 columns.

use super::Types;

/// What there is to know about a resource type.
pub fn explain(types: &Types, name: &str) -> Option<String> {
    types.resource(name).map(|r| r.name.to_owned())
}

/// What there is to know about one property of it.
pub fn explain_property(types: &Types, name: &str, path: &str) -> Option<String> {
    types.at_path(types.resource(name)?, &path.split('.').collect::<Vec<_>>()).map(|n| format!("{n:?}"))
}
