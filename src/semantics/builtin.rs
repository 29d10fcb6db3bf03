//! `env`, `envs`, `aws`, and accounts by name.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::value::{Object, Value};
use crate::source::Span;

/// Names that are always there.
pub(super) const NAMES: [&str; 4] = ["aws", "env", "envs", "self"];

/// The value of such a name; `None` where `name` is not one.
pub(super) fn name(ev: &mut Evaluator<'_>, name: Name, span: Span) -> Option<Value> {
    match name.as_str() {
        "env" => Some(match &ev.frame.place.env {
            Some(env) => Value::Env(Arc::clone(env)),
            None => no_environment(ev, span),
        }),
        "envs" if ev.project.is_read => Some(ev.project.all_envs()),
        "envs" => Some(not_read(ev, "envs", span)),
        "aws" => Some(aws(ev, span)),
        "self" => Some(itself(ev, span)),
        _ => ev.project.account(name).map(|account| ev.project.account_value(&account)),
    }
}

fn no_environment(ev: &mut Evaluator<'_>, span: Span) -> Value {
    let (message, label) = match &ev.frame.place.instance {
        Some(instance) => (
            format!("`{}` is shared by all environments: it has no `env`", instance.key.stack),
            "none of them is meant",
        ),
        None => ("there is no `env` here".to_owned(), "this is evaluated before any environment is chosen"),
    };
    let help = "name the environment that is meant, or range over `envs`";
    ev.report(Diagnostic::new(Code::NothingHere, message).at(span, label).help(help));
    Value::Unknown
}

/// Environments cannot be made of each other: which comes first would decide what they are.
pub(super) fn not_read(ev: &mut Evaluator<'_>, name: &str, span: Span) -> Value {
    ev.report(
        Diagnostic::new(Code::NothingHere, format!("there is no `{name}` here"))
            .at(span, "this is evaluated while the environments are read")
            .help("put what they share into a `let`"),
    );
    Value::Unknown
}

/// The component at hand: under which logical id it is used.
fn itself(ev: &mut Evaluator<'_>, span: Span) -> Value {
    let Some(part) = &ev.frame.unit.part else {
        let problem = Diagnostic::new(Code::NothingHere, "there is no `self` here").at(span, "not inside a component");
        ev.report(problem.help("use it in a component, or give it to the function as an argument"));
        return Value::Unknown;
    };
    let id = Value::Str(part.id.as_str().into());
    Value::Object(Object::from_iter([(Name::new("id"), id)]).into())
}

/// What stands for a pseudo parameter of CloudFormation.
pub(super) fn pseudo(name: &str) -> Option<&'static str> {
    Some(match name {
        "AWS::AccountId" => "aws.account_id",
        "AWS::NoValue" => "null",
        "AWS::Partition" => "aws.partition",
        "AWS::Region" => "aws.region",
        "AWS::StackName" => "aws.stack_name",
        "AWS::URLSuffix" => "aws.url_suffix",
        _ => return None,
    })
}

/// What CloudFormation calls pseudo parameters: all of them are known while compiling.
fn aws(ev: &mut Evaluator<'_>, span: Span) -> Value {
    let place = &ev.frame.place;
    let (Some(account), Some(region)) = (&place.account, &place.region) else {
        let message = "there is no `aws` here";
        let label = "this is evaluated before any account and region is chosen";
        ev.report(Diagnostic::new(Code::NothingHere, message).at(span, label).help("use it inside a stack"));
        return Value::Unknown;
    };
    let text = |text: &str| Value::Str(text.into());
    let mut fields = Object::default();
    fields.push_new(Name::new("account_id"), Value::Str(Arc::clone(&account.id)));
    fields.push_new(Name::new("partition"), text(partition(region)));
    fields.push_new(Name::new("region"), Value::Str(Arc::clone(region)));
    fields.push_new(Name::new("url_suffix"), text(url_suffix(region)));
    if let Some(instance) = &place.instance {
        fields.push_new(Name::new("stack_name"), Value::Str(Arc::clone(&instance.stack_name)));
    }
    Value::Object(fields.into())
}

/// The partition that a region belongs to.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("us-iso-") => "aws-iso",
        r if r.starts_with("us-isob-") => "aws-iso-b",
        _ => "aws",
    }
}

/// What the addresses of a region end with.
pub(super) fn url_suffix(region: &str) -> &'static str {
    match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        _ => "amazonaws.com",
    }
}
