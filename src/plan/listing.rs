//! What is deployed, without a plan: for `ls` and `outputs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::task::JoinSet;

use crate::cloud::{Clouds, StackStatus};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::wanted::{Desired, Settings};
use crate::plan::{problem, run};

/// A stack of the project as it is found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Seen {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// Its name in the source.
    pub stack: String,
    /// Name of the account in the source.
    pub account_name: String,
    /// Twelve digits.
    pub account: String,
    /// `eu-west-1`
    pub region: String,
    /// Its name in CloudFormation.
    pub name: String,
    /// As AWS writes it; none where there is no such stack.
    pub status: Option<String>,
    /// When it last changed, as `2026-11-21T08:00:00.000Z`.
    pub updated: Option<String>,
    /// Its tags say that it is ours; where they do not, its outputs are left out.
    pub ours: bool,
    /// The source no longer has it.
    pub orphaned: bool,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

/// Looks at every selected stack, in the order of the project.
///
/// # Errors
/// Calls that failed.
pub async fn list(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    settings: &Settings,
) -> Result<Vec<Seen>, Vec<Diagnostic>> {
    let chosen: Vec<_> = desired.stacks.iter().filter(|w| settings.selects(w)).collect();
    run::preflight(clouds, chosen.iter().map(|w| &w.target)).await?;
    let mut tasks = JoinSet::new();
    for (order, wanted) in chosen.into_iter().enumerate() {
        let (cloud, wanted) = (clouds.at(&wanted.target), Arc::clone(wanted));
        tasks.spawn(async move {
            let found = cloud.stack(&wanted.name).await.map_err(|e| problem::of_call(&e, Some(&wanted)))?;
            let found = found.filter(|s| s.status != StackStatus::DeleteComplete);
            let ours = found.as_ref().is_some_and(|s| problem::is_ours(&wanted, s));
            let time = found.as_ref().and_then(|s| s.updated.or(s.created));
            let outputs = found.iter().filter(|_| ours).flat_map(|s| &s.outputs);
            Ok((
                order,
                Seen {
                    id: wanted.id.clone(),
                    stack: wanted.stack.clone(),
                    account_name: wanted.account().name.clone(),
                    account: wanted.account().id.clone().unwrap_or_default(),
                    region: wanted.target.region.clone(),
                    name: wanted.name.clone(),
                    status: found.as_ref().map(|s| s.status.to_string()),
                    updated: time.map(|t| t.to_string()),
                    ours,
                    orphaned: wanted.orphan,
                    outputs: outputs.map(|(name, output)| (name.clone(), output.value.clone())).collect(),
                },
            ))
        });
    }
    let mut seen = BTreeMap::new();
    let mut problems = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        match answer {
            Ok(Ok((order, stack))) => drop(seen.insert(order, stack)),
            Ok(Err(problem)) => problems.push(problem),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking broke off: {e}"))),
        }
    }
    sort(&mut problems);
    if problems.is_empty() { Ok(seen.into_values().collect()) } else { Err(problems) }
}
