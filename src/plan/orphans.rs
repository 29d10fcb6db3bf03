//! Stacks that are deployed and that the source no longer has.
//!
//! Their tags say whose they are, and `DescribeStacks` without a name tells all stacks of a place, those of others too:
//! it costs a call for every page of them. A plan is to cost no more than its own stacks do, so this is asked only where
//! it is wanted: by `--prune`, `infra ls` and `infra watch`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::build::Scope;
use crate::cloud::{Cloud, CloudError, Clouds, Stack, StackStatus, Target};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::problem;
use crate::plan::wanted::{Desired, Wanted};
use crate::schema::Types;
use crate::template::provenance;

/// The stacks that carry the tags of the project and of an environment that `desired` has whole, and that it does not
/// have; by name. Added to its stacks, they go. Looks in the accounts and regions of these environments.
///
/// # Errors
/// Calls that failed.
pub async fn orphans(clouds: &Arc<dyn Clouds>, desired: &Desired) -> Result<Vec<Arc<Wanted>>, Vec<Diagnostic>> {
    let types = desired.stacks.first().map_or(Types::aws(), |wanted| wanted.types);
    let mut asked = JoinSet::new();
    for target in places(desired) {
        let cloud = clouds.at(&target);
        asked.spawn(async move { (listed(&cloud).await, target) });
    }
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    while let Some(answer) = asked.join_next().await {
        match answer {
            Ok((Ok(stacks), target)) => {
                let ours = stacks.into_iter().filter(|stack| is_orphan(desired, &target, stack));
                found.extend(ours.map(|stack| wanted(&target, stack, types)));
            }
            Ok((Err(error), _)) => problems.push(problem::of_call(&error, None)),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking broke off: {e}"))),
        }
    }
    if !problems.is_empty() {
        sort(&mut problems);
        return Err(problems);
    }
    found.sort_by(|a, b| (&a.id, &a.name).cmp(&(&b.id, &b.name)));
    tell_apart(desired, &mut found);
    Ok(found.into_iter().map(Arc::new).collect())
}

/// Every account and region of the environments that are there whole, each once.
fn places(desired: &Desired) -> Vec<Target> {
    let ours = desired.stacks.iter().filter(|w| w.is_ours_to_deploy()).map(|w| &w.target);
    let sites = desired.sites.iter().filter(|site| desired.scope.covers(&site.env)).map(|site| &site.target);
    let mut places: BTreeMap<(Option<&str>, &str), &Target> = BTreeMap::new();
    for target in ours.chain(sites) {
        places.entry((target.account.id.as_deref(), &target.region)).or_insert(target);
    }
    places.into_values().cloned().collect()
}

async fn listed(cloud: &Arc<dyn Cloud>) -> Result<Vec<Stack>, CloudError> {
    cloud.identify().await?;
    cloud.stacks().await
}

fn is_orphan(desired: &Desired, target: &Target, stack: &Stack) -> bool {
    let Desired { project, scope, .. } = desired;
    let of = |scope: &Scope| stack.tags.get("infra:env").is_some_and(|env| scope.covers(env));
    // Nested stacks carry the tags of the one they are in; an empty shell may become what somebody just makes.
    let counts = stack.parent.is_none() && stack.status != StackStatus::ReviewInProgress;
    let place = |w: &Wanted| (w.target.account.id.clone(), w.target.region.clone(), w.name.clone());
    let here = (target.account.id.clone(), target.region.clone(), stack.name.clone());
    counts
        && stack.tags.get("infra:project") == Some(project)
        && stack.tags.contains_key("infra:stack")
        && of(scope)
        && !desired.stacks.iter().any(|w| w.foreign.is_none() && place(w) == here)
}

fn wanted(target: &Target, stack: Stack, types: &'static Types) -> Wanted {
    let tag = |key: &str| stack.tags.get(key).cloned().unwrap_or_default();
    Wanted {
        id: format!("{}@{}/{}", tag("infra:stack"), tag("infra:env"), target.region),
        stack: tag("infra:stack"),
        target: target.clone(),
        tags: stack
            .tags
            .iter()
            .filter(|(key, _)| key.starts_with("infra:"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        name: stack.name,
        body: String::new(),
        sha256: String::new(),
        capabilities: Vec::new(),
        parameters: BTreeMap::new(),
        after: BTreeSet::new(),
        protected: BTreeMap::new(),
        initial: BTreeMap::new(),
        policy: None,
        termination_protection: false,
        assets: Vec::new(),
        bucket: None,
        live: Vec::new(),
        types,
        place: None,
        places: provenance::Index::default(),
        foreign: None,
        orphan: true,
    }
}

/// A stack whose name in CloudFormation changed has the id of the one that takes its place: then the name tells.
fn tell_apart(desired: &Desired, found: &mut [Wanted]) {
    let mut taken: BTreeSet<String> = desired.stacks.iter().map(|w| w.id.clone()).collect();
    for orphan in found {
        if !taken.insert(orphan.id.clone()) {
            orphan.id = format!("{} ({})", orphan.id, orphan.name);
            taken.insert(orphan.id.clone());
        }
    }
}

/// The resources that a deployed template says are protected; why, it does not say.
pub(crate) fn protected(template: &Value) -> BTreeMap<String, String> {
    let is_protected =
        |resource: &Value| resource.pointer("/Metadata/infra/protect").is_some_and(|says| *says == Value::Bool(true));
    let resources = template.get("Resources").and_then(Value::as_object).into_iter().flatten();
    resources.filter(|(_, r)| is_protected(r)).map(|(id, _)| (id.clone(), String::new())).collect()
}
