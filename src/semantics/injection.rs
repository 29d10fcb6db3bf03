//! Text that CloudFormation would carry out: `{{resolve:ssm:/path}}`.
//!
//! It is carried out wherever it stands, with the rights of the deployment: a text from a file, from
//! `--set`, from anywhere, could read a secret into a tag. So the language has functions that make
//! such references, and plain text never is one.

use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::value::{Later, LaterExpr, Value};
use crate::source::Span;

/// How a dynamic reference begins.
const BEGINS: &str = "{{resolve:";
/// How one begins whose name is known when deploying; the function `secret` makes it.
const SECRET: &str = "{{resolve:secretsmanager:";

/// Whether a text would be carried out.
pub(super) fn is_carried_out(text: &str) -> bool {
    text.contains(BEGINS)
}

/// The problem of a value with such a text in it; not of one inside a list or object, which are walked anyway.
pub(super) fn problem(value: &Value, span: Span) -> Option<Diagnostic> {
    let text = match value {
        Value::Str(text) => is_carried_out(text).then_some(&**text),
        Value::Later(later) => in_later(later),
        _ => None,
    }?;
    Some(refused(text, span))
}

/// The problem of such a text.
pub(super) fn refused(text: &str, span: Span) -> Diagnostic {
    let at = text.find(BEGINS).unwrap_or(0);
    let service = text.get(at + BEGINS.len()..).unwrap_or_default().split(':').next();
    let help = match service {
        Some("secretsmanager") => "use a secret by its name: `secret(\"name\", \"key\")`",
        Some("ssm-secure") => "use a secret by its path: `ssm_secret(\"/path\")`",
        Some("ssm") => "pass it through in the source itself: `raw { \"Fn::Sub\": \"{{resolve:ssm:/path}}\" }`",
        _ => "take `{{resolve:` out of the text; `secret` and `ssm_secret` make such references",
    };
    Diagnostic::new(Code::DynamicReference, "a text is a dynamic reference")
        .at(span, "CloudFormation would put the value in its place")
        .help(help)
}

fn in_later(later: &Later) -> Option<&str> {
    match &later.expr {
        LaterExpr::Concat(pieces) => pieces.iter().find_map(|piece| match piece {
            Value::Str(text) => {
                let own = if later.secret { text.strip_suffix(SECRET) } else { None };
                is_carried_out(own.unwrap_or(text)).then_some(&**text)
            }
            other => in_value(other),
        }),
        LaterExpr::Join(_, value)
        | LaterExpr::Split(_, value)
        | LaterExpr::Base64(value)
        | LaterExpr::Cidr(value, ..) => in_value(value),
        LaterExpr::Select(_, list) => in_later(list),
        // What was written as CloudFormation's own is meant so.
        _ => None,
    }
}

fn in_value(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => is_carried_out(text).then_some(&**text),
        Value::List(items) => items.iter().find_map(in_value),
        Value::Later(later) => in_later(later),
        _ => None,
    }
}
