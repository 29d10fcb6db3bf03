//! Policy documents: what AWS refuses while deploying, or what grants nothing.

use super::walk::{Path, Seen};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::value::{LaterExpr, Object, Value};

/// Looks at an object that is a policy document, if it is one.
pub(super) fn check(seen: &Seen<'_>, document: &Object, path: &Path<'_>, found: &mut Vec<Diagnostic>) {
    let statement = Name::new("Statement");
    let at = Path::Key(path, statement);
    match document.get(statement) {
        Some(Value::List(statements)) => {
            for (i, item) in statements.iter().enumerate() {
                if let Value::Object(item) = item {
                    one(seen, item, &Path::Item(&at, i), found);
                }
            }
        }
        Some(Value::Object(item)) => one(seen, item, &at, found),
        _ => {}
    }
}

fn one(seen: &Seen<'_>, statement: &Object, path: &Path<'_>, found: &mut Vec<Diagnostic>) {
    let get = |name: &str| statement.get(Name::new(name));
    if get("Effect").is_none() && get("Action").is_none() && get("NotAction").is_none() {
        return;
    }
    let mut report = |key: &str, message: String, label: &str, help: String| {
        let at = seen.span(&Path::Key(path, Name::new(key)));
        found.push(Diagnostic::new(Code::PolicyMistake, message).at(at, label).help(help));
    };
    if let Some(Value::Str(sid)) = get("Sid") {
        let odd = sid.chars().find(|c| !c.is_ascii_alphanumeric());
        if let Some(odd) = odd.filter(|_| seen.resource.ty.as_str().starts_with("AWS::IAM::")) {
            let help = "write letters and digits only".to_owned();
            report("Sid", format!("the `Sid` of a statement of IAM has no `{odd}`"), "refused while deploying", help);
        }
    }
    let actions: Vec<&str> = texts(get("Action"));
    for action in &actions {
        let is_action = *action == "*"
            || action.split_once(':').is_some_and(|(service, name)| {
                let word = |text: &str, more: &str| {
                    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
                };
                word(service, "-") && word(name, "*?")
            });
        if !is_action {
            let help = "write `service:Action`, such as `\"s3:GetObject\"`".to_owned();
            report("Action", format!("`{action}` is no action"), "grants nothing", help);
        }
    }
    let allows = matches!(get("Effect"), Some(Value::Str(effect)) if &**effect == "Allow");
    let is_any = texts(get("Resource")).contains(&"*");
    let passes = actions.iter().any(|action| action.eq_ignore_ascii_case("iam:PassRole"));
    if allows && passes && is_any && get("Condition").is_none() {
        let help = "name the roles in `Resource`, or the service in a `Condition` of `iam:PassedToService`".to_owned();
        report(
            "Resource",
            "every role may be passed on".to_owned(),
            "with `iam:PassRole`: the rights of all roles",
            help,
        );
    }
    bucket_or_object(get("Resource"), &actions, &mut report);
}

/// Actions of S3 on buckets, and those on what is in them: an ARN of the other kind never matches.
fn bucket_or_object(resource: Option<&Value>, actions: &[&str], report: &mut impl FnMut(&str, String, &str, String)) {
    let resources: Vec<Level> = match resource {
        Some(Value::List(items)) => items.iter().map(level).collect(),
        Some(one) => vec![level(one)],
        None => return,
    };
    if resources.is_empty() || resources.contains(&Level::Unknown) {
        return;
    }
    for action in actions {
        let Some(name) = action.strip_prefix("s3:") else { continue };
        let wanted = if ["GetBucket", "PutBucket", "DeleteBucket", "ListBucket", "CreateBucket"]
            .iter()
            .any(|start| name.starts_with(start))
        {
            Level::Bucket
        } else if ["GetObject", "PutObject", "DeleteObject", "RestoreObject", "AbortMultipartUpload"]
            .iter()
            .any(|start| name.starts_with(start))
        {
            Level::Object
        } else {
            continue;
        };
        if resources.contains(&wanted) {
            continue;
        }
        let (what, help) = match wanted {
            Level::Bucket => ("a bucket, and this names what is in one", "name the bucket itself, without `/*`"),
            _ => ("what is in a bucket, and this names the bucket", "name what is in it: `\"${Bucket.Arn}/*\"`"),
        };
        let help = format!("{help}, or another action");
        report("Resource", format!("`{action}` is an action on {what}"), "grants nothing", help);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Bucket,
    Object,
    Unknown,
}

fn level(value: &Value) -> Level {
    match value {
        Value::Str(text) if text.contains(['*', '?']) && !text.contains('/') => Level::Unknown,
        Value::Str(text) if text.starts_with("arn:") && text.contains(":s3:::") => {
            if text.contains('/') {
                Level::Object
            } else {
                Level::Bucket
            }
        }
        Value::Later(later) => match &later.expr {
            LaterExpr::GetAtt(..) => Level::Bucket,
            LaterExpr::Concat(pieces) => match pieces.as_slice() {
                [.., Value::Str(last)] if last.contains('/') => Level::Object,
                _ => Level::Unknown,
            },
            _ => Level::Unknown,
        },
        _ => Level::Unknown,
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::Str(text)) => vec![text],
        Some(Value::List(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        _ => Vec::new(),
    }
}
