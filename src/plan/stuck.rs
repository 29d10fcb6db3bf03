//! Stacks that stand where no update can begin: what a rollback could not bring back, and why.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::cloud::{Clouds, Stack, StackResource, StackStatus};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::wanted::{Desired, Observer, Settings, Wanted};
use crate::plan::{observe, problem, run};

/// A stack that waits for somebody to decide how its rollback goes on.
#[derive(Clone, Debug)]
pub struct Stuck {
    /// The stack as the source has it.
    pub wanted: Arc<Wanted>,
    /// As it is found: `UPDATE_ROLLBACK_FAILED`, or `UPDATE_FAILED` where the rollback has not begun.
    pub found: Stack,
    /// Its resources that failed, by name, each with AWS's reason.
    pub resources: Vec<StackResource>,
}

impl Stuck {
    /// True where the rollback itself failed: single resources may be left out of it then.
    pub fn may_skip(&self) -> bool {
        self.found.status == StackStatus::UpdateRollbackFailed
    }
}

/// Looks for such stacks among the selected ones, in the order of the project. Waits where an operation runs.
///
/// # Errors
/// Calls that failed, and stacks that are not ours.
pub async fn stuck(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Result<Vec<Stuck>, Vec<Diagnostic>> {
    let chosen: Vec<_> = desired.stacks.iter().filter(|w| settings.selects(w)).collect();
    run::preflight(clouds, chosen.iter().map(|w| &w.target)).await?;
    let mut tasks = JoinSet::new();
    for (order, wanted) in chosen.into_iter().enumerate() {
        let (clouds, wanted) = (Arc::clone(clouds), Arc::clone(wanted));
        let (settings, observer) = (settings.clone(), Arc::clone(observer));
        tasks.spawn(async move { Ok((order, look(&clouds, wanted, &settings, observer.as_ref()).await?)) });
    }
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok((order, Some(stuck)))) => found.push((order, stuck)),
            Ok(Ok((_, None))) => {}
            Ok(Err::<_, Box<Diagnostic>>(problem)) => problems.push(*problem),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking broke off: {e}"))),
        }
    }
    sort(&mut problems);
    found.sort_by_key(|(order, _)| *order);
    if problems.is_empty() { Ok(found.into_iter().map(|(_, stuck)| stuck).collect()) } else { Err(problems) }
}

/// The names in `The following resource(s) failed to update: [A, B]. `, of every such list.
fn named(reason: &str) -> Vec<&str> {
    let lists = reason.split("resource(s) failed to").skip(1);
    let inside = lists.filter_map(|rest| Some(rest.split_once('[')?.1.split_once(']')?.0));
    inside.flat_map(|names| names.split(',').map(str::trim)).collect()
}

async fn look(
    clouds: &Arc<dyn Clouds>,
    wanted: Arc<Wanted>,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Option<Stuck>, Box<Diagnostic>> {
    let cloud = clouds.at(&wanted.target);
    let Some(found) = observe::settled(&cloud, &wanted, settings, observer).await? else { return Ok(None) };
    if !matches!(found.status, StackStatus::UpdateRollbackFailed | StackStatus::UpdateFailed) {
        return Ok(None);
    }
    if !problem::is_ours(&wanted, &found) {
        return Err(Box::new(problem::foreign(&wanted, &found)));
    }
    let resources = cloud.resources(&found.id).await.map_err(|e| Box::new(problem::of_call(&e, Some(&wanted))))?;
    let failed = |mut resource: StackResource| {
        resource.status_reason = resource.status_reason.map(|reason| wanted.reason(&resource.logical_id, &reason));
        resource.status.is_failure().then_some(resource)
    };
    let mut resources: Vec<StackResource> = resources.unwrap_or_default().into_iter().filter_map(failed).collect();
    // What failed in the update itself and was never turned back has such a status too; the stack names those that
    // stopped the rollback.
    let named = named(found.status_reason.as_deref().unwrap_or_default());
    if resources.iter().any(|resource| named.contains(&resource.logical_id.as_str())) {
        resources.retain(|resource| named.contains(&resource.logical_id.as_str()));
    }
    Ok(Some(Stuck { wanted, found, resources }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_out_of_the_reason_of_the_stack() {
        let reason =
            "The following resource(s) failed to update: [A, B]. The following resource(s) failed to delete: [C]. ";
        assert_eq!(named(reason), ["A", "B", "C"]);
        for none in ["", "User Initiated", "resource(s) failed to update: [A"] {
            assert_eq!(named(none), [""; 0], "{none}");
        }
    }
}
