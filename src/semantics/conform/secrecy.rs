//! Secrets flow into properties, but not into names and tags, which AWS shows to everyone.

use super::{Asked, Part, Walk};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::value::{Later, Value};
use crate::source::Span;

impl Walk<'_, '_> {
    /// Refuses a secret in a property that names or tags the resource.
    pub(super) fn keep_secrets(&mut self, asked: Asked<'_>, property: &str, value: &Value, at: Span) {
        let Some(known) = self.known.filter(|_| asked.part == Part::Resource) else { return };
        let tags = known.tags.as_ref().is_some_and(|tags| tags.property == property);
        if !tags && !known.primary_identifier.contains(&property) && !names(known.name, property) {
            return;
        }
        if let Some(secret) = secret_inside(value) {
            let what = if tags { "tags are" } else { "the name of a resource is" };
            let problem = Diagnostic::new(Code::SecretLeak, format!("a secret flows into `{property}`"))
                .at(at, format!("{what} shown to everyone who can list resources"))
                .at(secret.origin, "the secret");
            self.wrong(problem.help("take the secret out; give the service its ARN instead"));
        }
    }
}

/// `QueueName` of `AWS::SQS::Queue`, or just `Name`.
fn names(resource: &str, property: &str) -> bool {
    property.strip_suffix("Name").is_some_and(|of| of.is_empty() || resource.rsplit("::").next() == Some(of))
}

fn secret_inside(value: &Value) -> Option<&Later> {
    match value {
        Value::Later(later) => later.secret.then_some(&**later),
        Value::List(items) => items.iter().find_map(secret_inside),
        Value::Object(object) => object.iter().find_map(|(_, value)| secret_inside(value)),
        _ => None,
    }
}
