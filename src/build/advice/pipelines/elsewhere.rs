//! Actions in other accounts and regions.
//!
//! A pipeline acts in another account with a role there, and in another region with a bucket there:
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html>,
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-create-cross-region.html>.

use std::sync::Arc;

use super::{Action, objects};
use crate::build::advice::made;
use crate::build::advice::walk::Seen;
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::model::Instance;
use crate::semantics::value::{Later, LaterExpr, Object, Value};

/// What an action acts on, or with, by its provider: where that is, the action is.
const ACTS_ON: &[(&str, &[&str])] = &[
    ("CloudFormation", &["RoleArn"]),
    ("CodeBuild", &["ProjectName"]),
    ("CodeCommit", &["RepositoryName"]),
    ("ECS", &["ServiceName", "ClusterName"]),
];

pub(super) fn check(
    seen: &Seen<'_>,
    here: (&Instance, &made::All),
    pipeline: &Object,
    actions: &[Action<'_>],
    found: &mut Vec<Diagnostic>,
) {
    let regions = regions_with_store(pipeline, &here.0.head.key.region);
    if !regions.iter().any(|region| **region == *here.0.head.key.region) && !regions.is_empty() {
        found.push(no_store_here(seen, &here.0.head.key.region));
    }
    for action in actions {
        found.extend(without_role(seen, here, action));
        if let Some(Value::Str(region)) = action.get("Region")
            && !regions.is_empty()
            && !regions.contains(region)
        {
            found.push(no_store(seen, action, region, &regions));
        }
    }
}

/// The regions that have a bucket for artifacts, as far as they are told; none where that is not known.
fn regions_with_store(pipeline: &Object, own: &Arc<str>) -> Vec<Arc<str>> {
    if pipeline.get(Name::new("ArtifactStore")).is_some() {
        return vec![own.clone()];
    }
    let all = objects(pipeline, "ArtifactStores");
    let regions = all.iter().map(|store| match store.get(Name::new("Region")) {
        Some(Value::Str(region)) => Some(region.clone()),
        _ => None,
    });
    regions.collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn no_store_here(seen: &Seen<'_>, region: &str) -> Diagnostic {
    let problem = Diagnostic::new(
        Code::MissingArtifactStore,
        format!("the pipeline has no bucket for artifacts in its own region, `{region}`"),
    );
    let written = seen.property("ArtifactStores");
    let used = seen.resource.within.iter().map(|used| used.span);
    let mut places = std::iter::once(written).chain(used);
    let at = places.find(|span| span.file.built_in_at().is_none()).unwrap_or(written);
    problem.at(at, format!("without `{region}`")).help(format!("give it a bucket in `{region}`, too"))
}

fn no_store(seen: &Seen<'_>, action: &Action<'_>, region: &str, regions: &[Arc<str>]) -> Diagnostic {
    let all: Vec<String> = regions.iter().map(|region| format!("`{region}`")).collect();
    let message = format!("`{}` acts in `{region}`, where the pipeline has no bucket for artifacts", action.name());
    let problem = Diagnostic::new(Code::MissingArtifactStore, message)
        .at(action.span(seen, &["Region"]), format!("buckets are in {}", all.join(", ")));
    let where_to = if action.is_made() { "`artifacts` of the pipeline" } else { "`ArtifactStores`" };
    let problem = problem.help(format!("add a bucket in `{region}`, and its key, to {where_to}"));
    action.told(seen, problem)
}

fn without_role(seen: &Seen<'_>, here: (&Instance, &made::All), action: &Action<'_>) -> Option<Diagnostic> {
    let (key, account) = acts_in(here, action)?;
    let own = &here.0.head.account.id;
    let role = action.get("RoleArn");
    let role_in = role.and_then(|role| account_of(here, role));
    let at = action.span(seen, &["Configuration", key]);
    let problem = |message: String, label: String| Diagnostic::new(Code::MissingActionRole, message).at(at, label);
    let parameter = if action.is_made() { "`role`" } else { "`RoleArn` beside `Configuration`" };
    let problem = match (role, role_in) {
        (None, _) if account != *own => problem(
            format!("`{}` acts in account `{account}` without a role there", action.name()),
            format!("the pipeline is in `{own}`"),
        )
        .help(format!("give {parameter}: a role of account `{account}` that account `{own}` may assume")),
        (Some(_), Some(role_in)) if role_in != account => problem(
            format!("`{}` acts in account `{account}` with a role of account `{role_in}`", action.name()),
            format!("acts in `{account}`"),
        )
        .help(format!("give {parameter} of account `{account}`: roles are not passed on to another account")),
        _ => return None,
    };
    Some(action.told(seen, problem))
}

/// The account that an action acts in, where that is known, and what says so.
fn acts_in(here: (&Instance, &made::All), action: &Action<'_>) -> Option<(&'static str, Arc<str>)> {
    let Some(Value::Object(ty)) = action.get("ActionTypeId") else { return None };
    let Some(Value::Str(provider)) = ty.get(Name::new("Provider")) else { return None };
    let (_, keys) = ACTS_ON.iter().find(|(name, _)| *name == &**provider)?;
    keys.iter().find_map(|key| Some((*key, account_of(here, action.setting(key)?)?)))
}

/// The account of what a value names: of an ARN, the one in it; of another stack's output, that stack's; of a
/// resource of this stack, its own.
fn account_of(here: (&Instance, &made::All), value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Str(text) => in_arn(text),
        Value::Later(later) => of_later(here, later),
        _ => None,
    }
}

fn of_later((instance, made): (&Instance, &made::All), later: &Later) -> Option<Arc<str>> {
    match &later.expr {
        LaterExpr::Ref(_) | LaterExpr::GetAtt(..) => Some(instance.head.account.id.clone()),
        LaterExpr::Parameter(name) => {
            let used = instance.head.uses.iter().find(|used| used.parameter == *name && !used.live)?;
            match &used.others {
                Some(others) => Some(others.account.clone()),
                None => made.account(&used.from.instance).cloned(),
            }
        }
        LaterExpr::Concat(pieces) => match pieces.first() {
            Some(Value::Str(text)) => in_arn(text),
            _ => None,
        },
        LaterExpr::Select(_, of) => of_later((instance, made), of),
        LaterExpr::Split(_, of) => account_of((instance, made), of),
        _ => None,
    }
}

/// The account in an ARN: `arn:aws:iam::111111111111:role/deploy`.
fn in_arn(text: &str) -> Option<Arc<str>> {
    let mut parts = text.split(':');
    let account = parts.next().filter(|first| *first == "arn").and_then(|_| parts.nth(3))?;
    (account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit())).then(|| account.into())
}
