//! `@creation_policy`, `@update_policy` and `@metadata`: what CloudFormation takes beside properties.
//!
//! The keys are those of "`CreationPolicy` attribute" and "`UpdatePolicy` attribute" in the template reference.

use super::find;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::conform;
use crate::semantics::eval::{Evaluator, Scope, same_key};
use crate::semantics::fits;
use crate::semantics::model::Extras;
use crate::semantics::types::{Bounds, Type};
use crate::semantics::value::{Later, Object, ResourceRef, Value};
use crate::source::Span;
use crate::syntax::ast::{Decorator, Entry, Expr, ExprKind, Key};

/// A key: its name, what it takes, whether it must be there.
struct Row(&'static str, Shape, bool);

/// What a key takes.
#[derive(Clone, Copy)]
enum Shape {
    Bool,
    /// From 0.
    Count,
    Percent,
    Text,
    /// `PT15M`
    Duration,
    /// A list of these words.
    Words(&'static [&'static str]),
    Object(&'static [Row]),
}

/// Types that take a policy, and its keys.
type Policies = [(&'static str, &'static [Row])];

const SIGNAL: &[Row] = &[Row("Count", Shape::Count, false), Row("Timeout", Shape::Duration, false)];

const CREATION: &Policies = &[
    ("AWS::AppStream::Fleet", &[Row("StartFleet", Shape::Bool, false)]),
    (
        "AWS::AutoScaling::AutoScalingGroup",
        &[
            Row(
                "AutoScalingCreationPolicy",
                Shape::Object(&[Row("MinSuccessfulInstancesPercent", Shape::Percent, false)]),
                false,
            ),
            Row("ResourceSignal", Shape::Object(SIGNAL), false),
        ],
    ),
    ("AWS::CloudFormation::WaitCondition", &[Row("ResourceSignal", Shape::Object(SIGNAL), false)]),
    ("AWS::EC2::Instance", &[Row("ResourceSignal", Shape::Object(SIGNAL), false)]),
];

const PROCESSES: &[&str] = &[
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

const GROUP: &[Row] = &[
    Row("AutoScalingReplacingUpdate", Shape::Object(&[Row("WillReplace", Shape::Bool, false)]), false),
    Row(
        "AutoScalingRollingUpdate",
        Shape::Object(&[
            Row("MaxBatchSize", Shape::Count, false),
            Row("MinActiveInstancesPercent", Shape::Percent, false),
            Row("MinInstancesInService", Shape::Count, false),
            Row("MinSuccessfulInstancesPercent", Shape::Percent, false),
            Row("PauseTime", Shape::Duration, false),
            Row("SuspendProcesses", Shape::Words(PROCESSES), false),
            Row("WaitOnResourceSignals", Shape::Bool, false),
        ]),
        false,
    ),
    Row(
        "AutoScalingScheduledAction",
        Shape::Object(&[Row("IgnoreUnmodifiedGroupSizeProperties", Shape::Bool, false)]),
        false,
    ),
];

const ALIAS: &[Row] = &[Row(
    "CodeDeployLambdaAliasUpdate",
    Shape::Object(&[
        Row("AfterAllowTrafficHook", Shape::Text, false),
        Row("ApplicationName", Shape::Text, true),
        Row("BeforeAllowTrafficHook", Shape::Text, false),
        Row("DeploymentGroupName", Shape::Text, true),
    ]),
    true,
)];

const SEARCH: &[Row] = &[Row("EnableVersionUpgrade", Shape::Bool, false)];

const UPDATE: &Policies = &[
    (
        "AWS::AppStream::Fleet",
        &[Row("StartAfterUpdate", Shape::Bool, false), Row("StopBeforeUpdate", Shape::Bool, false)],
    ),
    ("AWS::AutoScaling::AutoScalingGroup", GROUP),
    ("AWS::ElastiCache::ReplicationGroup", &[Row("UseOnlineResharding", Shape::Bool, false)]),
    ("AWS::Elasticsearch::Domain", SEARCH),
    ("AWS::Lambda::Alias", ALIAS),
    ("AWS::OpenSearchService::Domain", SEARCH),
];

/// Reads the three decorators above a resource.
pub(in crate::semantics) fn attributes<'p>(
    ev: &mut Evaluator<'p>,
    decorators: &'p [Decorator],
    made: &ResourceRef,
    scope: &Scope<'_>,
) -> Extras {
    let mut extras = Extras::default();
    if decorators.is_empty() {
        return extras;
    }
    extras.creation_policy = policy(ev, decorators, ("creation_policy", CREATION), made, scope);
    extras.update_policy = policy(ev, decorators, ("update_policy", UPDATE), made, scope);
    extras.metadata = metadata(ev, decorators, scope);
    extras
}

fn policy<'p>(
    ev: &mut Evaluator<'p>,
    decorators: &'p [Decorator],
    (name, policies): (&'static str, &Policies),
    made: &ResourceRef,
    scope: &Scope<'_>,
) -> Option<Value> {
    let decorator = find(decorators, name)?;
    let given = &decorator.args.first()?.value;
    let Some((_, keys)) = policies.iter().find(|(ty, _)| *ty == made.ty.as_str()) else {
        // Of a type that the schema does not know, CloudFormation says what it takes.
        if made.known.is_none() && !made.ty.as_str().starts_with("AWS::") {
            return None;
        }
        let types: Vec<String> = policies.iter().map(|(ty, _)| format!("`{ty}`")).collect();
        ev.report(
            Diagnostic::new(Code::BadDecorator, format!("CloudFormation takes no `@{name}` for `{}`", made.ty))
                .at(decorator.span, "has no meaning here")
                .at(made.span, "this resource")
                .help(format!("take it out; it is for {}", types.join(", "))),
        );
        return None;
    };
    let mut check = Check { ev, scope, decorator: name };
    // As with properties, `null` leaves it out.
    Some(check.object(keys, Given::Expr(given), &format!("`@{name}`"))).filter(|value| !matches!(value, Value::Null))
}

/// `@metadata`: any JSON, with values known when deploying where CloudFormation takes them.
fn metadata<'p>(ev: &mut Evaluator<'p>, decorators: &'p [Decorator], scope: &Scope<'_>) -> Option<Value> {
    let given = &find(decorators, "metadata")?.args.first()?.value;
    let value = conform::untyped(ev, Some(given), scope);
    match &value {
        Value::Unknown => None,
        Value::Object(object) if object.get(Name::new("infra")).is_some() => {
            ev.report(
                Diagnostic::new(Code::BadDecorator, "the key `infra` of a resource's metadata is taken")
                    .at(given.span, "has it too")
                    .help("name it otherwise: what this tool knows of the resource stands there"),
            );
            None
        }
        Value::Object(_) => {
            if let Some(secret) = secret_in(&value) {
                ev.report(crate::semantics::secret_leak("the metadata of a resource", secret, given.span));
                return None;
            }
            Some(value)
        }
        other => {
            no_object(ev, "metadata", other, given.span);
            None
        }
    }
}

fn secret_in(value: &Value) -> Option<&Later> {
    match value {
        Value::Later(later) => later.secret.then_some(&**later),
        Value::List(items) => items.iter().find_map(secret_in),
        Value::Object(object) => object.iter().find_map(|(_, value)| secret_in(value)),
        _ => None,
    }
}

fn no_object(ev: &mut Evaluator<'_>, decorator: &str, given: &Value, span: Span) {
    let message = format!("`@{decorator}` takes an object, not {}", fits::kind(given));
    ev.report_value(
        Diagnostic::new(Code::TypeMismatch, message)
            .at(span, fits::shown(given))
            .help(format!("write `@{decorator}({{ … }})`")),
    );
}

/// A part of an argument: as it is written, or as a value made elsewhere, and where.
enum Given<'p> {
    Expr(&'p Expr),
    Value(Value, Span),
}

/// Holds an argument against its keys.
struct Check<'e, 'p, 's> {
    ev: &'e mut Evaluator<'p>,
    scope: &'e Scope<'s>,
    decorator: &'static str,
}

impl<'p> Check<'_, 'p, '_> {
    /// An object with these keys; `what` it is, for people.
    fn object(&mut self, keys: &'static [Row], given: Given<'p>, what: &str) -> Value {
        let (fields, span) = match given {
            Given::Expr(expr) => match &expr.kind {
                ExprKind::Object(entries) if entries.iter().all(is_written) => (self.written(entries), expr.span),
                _ => {
                    let value = self.ev.eval(expr, self.scope);
                    return self.object(keys, Given::Value(value, expr.span), what);
                }
            },
            Given::Value(Value::Object(object), span) => {
                let fields = object.iter().map(|(name, value)| (name, span, Given::Value(value.clone(), span)));
                (fields.collect(), span)
            }
            Given::Value(value @ (Value::Unknown | Value::Null), _) => return value,
            Given::Value(Value::Later(later), span) => {
                self.ev.report(fits::too_late(&format!("the keys of {what} are needed"), &later, span));
                return Value::Unknown;
            }
            Given::Value(other, span) => {
                no_object(self.ev, self.decorator, &other, span);
                return Value::Unknown;
            }
        };
        let lacks = keys.iter().filter(|key| key.2 && !fields.iter().any(|(name, ..)| name.as_str() == key.0));
        let lacks: Vec<&str> = lacks.map(|key| key.0).collect();
        let mut made = Object::default();
        for (name, at, given) in fields {
            match keys.iter().find(|key| key.0 == name.as_str()) {
                Some(key) => {
                    let value = self.one(key, given);
                    if !matches!(value, Value::Null) {
                        made.insert(name, value);
                    }
                }
                None => self.no_key(keys, name, at, what),
            }
        }
        for lack in lacks {
            self.ev.report(
                Diagnostic::new(Code::MissingProperty, format!("{what} needs `{lack}`"))
                    .at(span, "made without it")
                    .help(format!("add `{lack}: …`")),
            );
        }
        Value::Object(made.into())
    }

    fn written(&mut self, entries: &'p [Entry]) -> Vec<(Name, Span, Given<'p>)> {
        let mut fields: Vec<(Name, Span, Given<'p>)> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Entry::Field(Key::Name(key), value) = entry else { continue };
            match fields.iter().find(|(name, ..)| *name == key.name) {
                Some((_, first, _)) => self.ev.report(same_key(key.name, key.span, *first)),
                None => fields.push((key.name, key.span, Given::Expr(value))),
            }
        }
        fields
    }

    fn one(&mut self, key: &Row, given: Given<'p>) -> Value {
        if let Shape::Object(keys) = key.1 {
            return self.object(keys, given, &format!("`{}`", key.0));
        }
        let (value, span) = match given {
            Given::Expr(expr) => (self.ev.eval(expr, self.scope), expr.span),
            Given::Value(value, span) => (value, span),
        };
        match (&value, key.1) {
            (Value::Null, _) => value,
            (Value::Later(later), _) if later.secret => {
                self.ev.report(crate::semantics::secret_leak(&format!("`@{}`", self.decorator), later, span));
                Value::Unknown
            }
            (Value::Str(text), Shape::Duration) if !is_duration(text) => {
                self.ev.report_value(
                    Diagnostic::new(Code::BadValue, format!("`{text}` is no duration"))
                        .at(span, "not of the form `PT…`")
                        .help("write it as ISO 8601 has it: `PT15M`, `PT1H30M`, `PT45S`"),
                );
                Value::Unknown
            }
            (_, shape) => fits::fit(self.ev, &asked(shape), value, span),
        }
    }

    fn no_key(&mut self, keys: &[Row], name: Name, at: Span, what: &str) {
        let problem = Diagnostic::new(Code::UnknownProperty, format!("{what} has no `{name}`"));
        let problem = match nearest(name.as_str(), keys.iter().map(|key| key.0)) {
            Some(near) => problem.at(at, "not known").help(format!("write `{near}`")).fix(at, near),
            None => {
                let all: Vec<String> = keys.iter().map(|key| format!("`{}`", key.0)).collect();
                problem.at(at, "not known").help(format!("use one of {}", all.join(", ")))
            }
        };
        self.ev.report(problem);
    }
}

/// Written keys only.
fn is_written(entry: &Entry) -> bool {
    matches!(entry, Entry::Field(Key::Name(_), _))
}

fn asked(shape: Shape) -> Type {
    let from_zero = |max| Type::Int(Bounds { min: Some(0.0), max });
    match shape {
        Shape::Bool => Type::Bool,
        Shape::Count => from_zero(None),
        Shape::Percent => from_zero(Some(100.0)),
        Shape::Text | Shape::Duration => Type::String(None),
        Shape::Words(words) => {
            let word = |word: &&str| Type::Literal(Value::Str((*word).into()));
            Type::List(Type::Union(words.iter().map(word).collect()).into())
        }
        Shape::Object(_) => Type::Json,
    }
}

/// `PT#H#M#S`, at least one of the three, in that order.
fn is_duration(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix("PT").filter(|rest| !rest.is_empty()) else { return false };
    for unit in ['H', 'M', 'S'] {
        if let Some((number, after)) = rest.split_once(unit)
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
        {
            rest = after;
        }
    }
    rest.is_empty()
}
