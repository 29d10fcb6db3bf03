//! Before a stack is deleted: what would stand in the way of that is emptied, where the plan says so.

use crate::apply::Event;
use crate::apply::stack::Work;
use crate::cloud::{CloudError, Stack};
use crate::plan::Vessel;

/// Empties the resources that the plan names. Who is interrupted begins again.
///
/// # Errors
/// The call that failed. The stack is then as it was; of what one resource holds, some may be gone.
pub(crate) async fn first(work: &Work, stack: &Stack) -> Result<(), CloudError> {
    let named = work.plan.changes.iter().filter(|change| change.empties);
    let named: Vec<_> = named.filter_map(|c| Some((c, Vessel::of(&c.resource_type)?))).collect();
    if named.is_empty() {
        return Ok(());
    }
    let there = work.cloud.resources(&stack.id).await?.unwrap_or_default();
    for (change, vessel) in named {
        let found = there.iter().find(|r| r.logical_id == change.logical_id && r.status.as_str() != "DELETE_COMPLETE");
        let Some(physical_id) = found.and_then(|r| r.physical_id.clone()) else { continue };
        work.observer.tell(Event::Emptying {
            stack: work.wanted.id.clone(),
            logical_id: change.logical_id.clone(),
            physical_id: physical_id.clone(),
        });
        match vessel {
            Vessel::Bucket => work.store.empty_bucket(&physical_id).await?,
            Vessel::Repository => work.store.empty_repository(&physical_id).await?,
        }
    }
    Ok(())
}
