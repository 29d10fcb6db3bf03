//! Secrets: references that CloudFormation resolves, so that their values are never seen here.

use std::sync::Arc;

use super::{Args, Function, Kind, Outcome, Parameter, later, text};
use crate::diagnostics::Diagnostic;
use crate::semantics::text as pieces;
use crate::semantics::value::{Later, LaterExpr, LaterType, ResourceRef, Value};

pub(super) const TABLE: &[Function] = &[
    Function::new(
        "secret",
        &[Parameter::new("name", Kind::Any).later(), Parameter::new("key", Kind::Text).optional()],
        "Secret",
        "A secret of Secrets Manager by its name, ARN or resource, or the value under one key of it.",
        secret,
    ),
    Function::new(
        "ssm_secret",
        &[Parameter::new("path", Kind::Text)],
        "Secret",
        "A `SecureString` parameter of Systems Manager by its path.",
        ssm_secret,
    ),
];

fn secret(args: &Args<'_>) -> Outcome {
    let name = match args.value(0) {
        Value::Str(name) => {
            // Names have no colon; ARNs do.
            let colon = name.contains(':') && !name.starts_with("arn:");
            plain(args, 0, name, |c| c.is_ascii_alphanumeric() || "/_+=.@-:".contains(c) && (c != ':' || !colon))?;
            args.value(0).clone()
        }
        Value::Later(name) => {
            later::scalar(args, 0, name)?;
            args.value(0).clone()
        }
        Value::Resource(resource) if resource.ty.as_str() == "AWS::SecretsManager::Secret" => whole(args, resource),
        other => return Err(args.mistyped("name", "String", other, args.span_of(0))),
    };
    let key = args.text(1);
    plain(args, 1, key, |c| !c.is_control() && !":{}".contains(c))?;
    let rest = match args.given(1) {
        Some(_) => format!(":SecretString:{key}}}}}"),
        None => "}}".to_owned(),
    };
    if let Value::Str(name) = &name {
        return Ok(dynamic(args, format!("{{{{resolve:secretsmanager:{name}{rest}")));
    }
    let span = args.span;
    let reference = vec![(text("{{resolve:secretsmanager:"), span), (name, span), (text(rest), span)];
    Ok(match pieces::concat(reference, span)? {
        Value::Later(later) => Value::Later(Arc::new(Later {
            expr: later.expr.clone(),
            ty: LaterType::String(Vec::new()),
            origin: later.origin,
            secret: true,
        })),
        other => other,
    })
}

/// What `Ref` of a secret gives is its ARN.
fn whole(args: &Args<'_>, resource: &ResourceRef) -> Value {
    Value::Later(Arc::new(Later {
        expr: LaterExpr::Ref(resource.id),
        ty: LaterType::String(Vec::new()),
        origin: args.span_of(0),
        secret: false,
    }))
}

fn ssm_secret(args: &Args<'_>) -> Outcome {
    if args.text(0).starts_with("arn:") {
        let message = "`ssm_secret` takes the path of a parameter, not an ARN".to_owned();
        return Err(args.bad(0, message, "write its name as AWS shows it: `/orders/password`"));
    }
    plain(args, 0, args.text(0), |c| c.is_ascii_alphanumeric() || "/_.-:".contains(c))?;
    Ok(dynamic(args, format!("{{{{resolve:ssm-secure:{}}}}}", args.text(0))))
}

fn dynamic(args: &Args<'_>, reference: String) -> Value {
    Value::Later(Arc::new(Later {
        expr: LaterExpr::Dynamic(reference.into()),
        ty: LaterType::String(Vec::new()),
        origin: args.span,
        secret: true,
    }))
}

/// Refuses what would end the reference early or mean something else in it.
fn plain(args: &Args<'_>, position: usize, value: &str, allowed: impl Fn(char) -> bool) -> Result<(), Box<Diagnostic>> {
    let given = args.given(position).is_some();
    if !given || (!value.is_empty() && value.chars().all(allowed)) {
        return Ok(());
    }
    let message = format!("`{value}` cannot be the {} of a secret", args.parameter(position));
    Err(args.bad(position, message, "use the name as AWS shows it: letters, digits and `/_+=.@-`"))
}
