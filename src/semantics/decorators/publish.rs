//! `@publish("/path")`: the value of an output as a parameter of Systems Manager, for readers that are no stacks.
//!
//! Names are as "Systems Manager parameter naming constraints" has them; a standard parameter holds 4,096 bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{argument, text};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::model::{Extras, InstanceKey, Output, Resource};
use crate::semantics::places::Planned;
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Value};
use crate::source::Span;
use crate::syntax::ast::Decorator;

const PARAMETER: &str = "AWS::SSM::Parameter";
/// Characters of a name, levels of a path, bytes of a value.
const LONGEST_NAME: usize = 1_011;
const DEEPEST: usize = 15;
const LARGEST_VALUE: usize = 4_096;

/// Names of parameters by account, region and name: the instance that makes each, and where.
pub(in crate::semantics) type Published = BTreeMap<[Arc<str>; 3], (InstanceKey, Span)>;

/// The parameter that carries an output, where `@publish` stands above it.
pub(in crate::semantics) fn published<'p>(
    ev: &mut Evaluator<'p>,
    decorators: &'p [Decorator],
    output: &Output,
    scope: &Scope<'_>,
) -> Option<Resource> {
    let expr = argument(decorators, "publish")?;
    let path = text(ev, expr, scope, "the path of a parameter")?;
    if let Some(why) = wrong_path(&path) {
        ev.report(
            Diagnostic::new(Code::InvalidName, format!("`{path}` cannot be the path of a parameter: {why}"))
                .at(expr.span, "of this output")
                .help("write it like `\"/shop/dev/vpc_id\"`: letters, digits, `.`, `-` and `_` between `/`"),
        );
        return None;
    }
    let (ty, value) = match (&output.ty, as_text(&output.value)) {
        (_, Value::Unknown) => return None,
        (LaterType::List(..), value) => ("StringList", value),
        (_, value) => ("String", value),
    };
    if let Value::Str(text) = &value
        && (text.is_empty() || text.len() > LARGEST_VALUE)
    {
        let message = format!("`{}` cannot be published: a parameter holds 1 to {LARGEST_VALUE} bytes", output.name);
        ev.report_value(
            Diagnostic::new(Code::BadValue, message)
                .at(output.span, format!("has {}", text.len()))
                .help("take `@publish` off, or publish another value"),
        );
        return None;
    }
    let id = Name::new(&format!("Published{}", output.name));
    if let Some((other, at)) = ev.frame.ids.get(&id) {
        let problem = Diagnostic::new(Code::DuplicateName, format!("`{id}` is the logical id of `{other}` already"))
            .at(expr.span, "the parameter of this output would have it")
            .at(*at, "this one has it");
        ev.report(problem.help("rename one of them"));
        return None;
    }
    let shown: Arc<str> = format!("the published {}", output.name).into();
    ev.frame.ids.insert(id, (Arc::clone(&shown), expr.span));
    let ty_name = Name::new(PARAMETER);
    let word = |text: &str| Value::Str(text.into());
    let properties: Object = [("Name", Value::Str(path)), ("Type", word(ty)), ("Value", value)]
        .map(|(k, v)| (Name::new(k), v))
        .into_iter()
        .collect();
    Some(Resource {
        id,
        ty: ty_name,
        known: ev.resource_type(ty_name),
        shown,
        properties: Value::Object(properties.into()),
        depends_on: Vec::new(),
        on_delete: None,
        on_replace: None,
        protect: None,
        extras: Extras::default(),
        description: None,
        span: expr.span,
        body: None,
        within: [].into(),
    })
}

fn wrong_path(path: &str) -> Option<String> {
    let Some(rest) = path.strip_prefix('/') else { return Some("it does not begin with `/`".to_owned()) };
    let parts: Vec<&str> = rest.split('/').collect();
    let plain = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if parts.contains(&"") {
        return Some("it has a `/` with nothing behind it".to_owned());
    }
    if let Some(part) = parts.iter().find(|part| !plain(part)) {
        return Some(format!("`{part}` is no part of one"));
    }
    let first = parts.first().copied().unwrap_or_default().to_ascii_lowercase();
    if let Some(taken) = ["aws", "ssm"].into_iter().find(|taken| first.starts_with(taken)) {
        return Some(format!("AWS keeps those that begin with `{taken}` for itself"));
    }
    if parts.len() > DEEPEST {
        return Some(format!("it has {} levels, and at most {DEEPEST} are allowed", parts.len()));
    }
    (path.len() > LONGEST_NAME)
        .then(|| format!("it has {} characters, and at most {LONGEST_NAME} are allowed", path.len()))
}

/// As a parameter holds it: lists with commas between.
fn as_text(value: &Value) -> Value {
    let plain = |value: &Value| -> Option<String> {
        match value {
            Value::Str(text) => Some(text.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            Value::Int(n) => Some(n.to_string()),
            Value::Float(n) => Some(n.to_string()),
            _ => None,
        }
    };
    let joined = |list: Value, origin: Span| {
        let expr = LaterExpr::Join(",".into(), list);
        Value::Later(Arc::new(Later { expr, ty: LaterType::String(Vec::new()), origin, secret: false }))
    };
    match value {
        Value::List(items) => {
            let texts: Option<Vec<String>> = items.iter().map(plain).collect();
            if let Some(texts) = texts {
                return Value::Str(texts.join(",").into());
            }
            let origin = items.iter().find_map(|item| match item {
                Value::Later(later) => Some(later.origin),
                _ => None,
            });
            match origin {
                Some(origin) => joined(Value::List(items.iter().map(as_text).collect()), origin),
                None => Value::Unknown,
            }
        }
        Value::Later(later) if matches!(later.ty, LaterType::List(..)) => joined(value.clone(), later.origin),
        Value::Later(_) => value.clone(),
        other => plain(other).map_or(Value::Unknown, |text| Value::Str(text.into())),
    }
}

impl Evaluator<'_> {
    /// Says where two instances of the project make the same parameter in one account and region: the second
    /// could not be created.
    pub(in crate::semantics) fn claim_parameters(&mut self, planned: &Planned, resources: &[Resource]) {
        for resource in resources.iter().filter(|resource| resource.ty.as_str() == PARAMETER) {
            let Value::Object(properties) = &resource.properties else { continue };
            let Some(Value::Str(name)) = properties.get(Name::new("Name")) else { continue };
            let place = [Arc::clone(&planned.account.id), Arc::clone(&planned.key.region), Arc::clone(name)];
            let Some((other, span)) = self.reports.published.get(&place).cloned() else {
                self.reports.published.insert(place, (planned.key.clone(), resource.span));
                continue;
            };
            // The same one, met again for another environment.
            if (&other, span) == (&planned.key, resource.span) {
                continue;
            }
            let message = match other == planned.key {
                true => format!("`{other}` makes the parameter `{name}` twice"),
                false => format!("`{other}` and `{}` both make the parameter `{name}`", planned.key),
            };
            let mut problem = Diagnostic::new(Code::DuplicateName, message).at(resource.span, "made here");
            if span != resource.span {
                problem = problem.at(span, "and here");
            }
            self.report(problem.help(match other.env == planned.key.env {
                true => "give them different paths",
                false => "put the environment into its path: `\"/…/${env.name}/…\"`",
            }));
        }
    }
}
