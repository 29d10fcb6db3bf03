//! A plan as people and machines read it: views of one value, none of which knows more than another.

mod because;
mod drift;
mod github;
mod html;
mod json;
mod markdown;
mod picture;
mod policy;
mod text;
mod value;
mod words;

pub use drift::{to_json as drift_to_json, to_markdown as drift_to_markdown, to_text as drift_to_text};
pub use github::to_github;
pub use html::to_html;
pub use json::to_json;
pub use markdown::to_markdown;
pub use text::{Style, to_text};
pub(crate) use value::clean;
