//! Model -> CloudFormation: one minified, canonical JSON per instance.
//!
//! Keys are sorted everywhere and nothing depends on the clock or on hashing, so equal input
//! gives equal bytes. The text is written straight out of the model; no tree of JSON values
//! stands between. What is absent from the output: `null`, conditions, mappings, macros,
//! secrets, and the `///` texts of resources (a comment must not make CloudFormation touch one).

use sha2::{Digest, Sha256};

use crate::semantics::model::Instance;

mod capabilities;
mod document;
mod existing;
mod json;
mod limits;
pub mod provenance;
mod value;

#[cfg(feature = "aws")]
pub(crate) use existing::read;
pub use limits::limits;
#[cfg(feature = "aws")]
pub(crate) use limits::{INLINE, PARAMETER_VALUE, grouped};

/// A template ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The JSON text.
    pub body: String,
    /// SHA-256 of the body, in lower-case hex.
    pub sha256: String,
    /// What the caller has to acknowledge, sorted: `CAPABILITY_AUTO_EXPAND`, `CAPABILITY_IAM` or
    /// `CAPABILITY_NAMED_IAM`.
    pub capabilities: Vec<&'static str>,
    /// How many resources.
    pub resources: usize,
}

/// Writes the template of an instance. Values that an error left [unknown] are left out, so the
/// template of an instance with errors is not to be used.
///
/// [unknown]: crate::semantics::value::Value::Unknown
pub fn emit(instance: &Instance) -> Template {
    let body = match &instance.template {
        Some(whole) => existing::write(instance, whole),
        None => document::write(instance),
    };
    let sha256 = digest(&body);
    let transforms = instance.template.as_ref().is_some_and(|whole| whole.get("Transform").is_some());
    let capabilities = capabilities::infer(&instance.resources, transforms, &body);
    Template { body, sha256, capabilities, resources: instance.resources.len() }
}

/// SHA-256 of a text, in lower-case hex.
pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
