//! Bringing failed rollbacks to their end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::apply::follow::{End, Followed, Mark, PICK_UP};
use crate::apply::{Event, Failure, Observer, Outcome, Settings};
use crate::cloud::{CloudError, Clouds, StackStatus};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::pace::Pace;
use crate::plan::{Stuck, digest, observe, problem};
use crate::semantics::model::Within;

/// How it ended for one stack.
#[derive(Clone, PartialEq, Debug)]
pub struct Recovery {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// [`Outcome::Done`] where the stack is as it was before the update.
    pub outcome: Outcome,
    /// What went wrong, at its line of the source.
    pub problem: Option<Diagnostic>,
}

/// Goes on with each rollback, all at once, and follows them to their ends. `skip` names resources to leave as they are,
/// by the id of their stack. Begun again after it was killed, it meets what runs.
pub async fn recover(
    clouds: &Arc<dyn Clouds>,
    stuck: &[Stuck],
    skip: &BTreeMap<String, BTreeSet<String>>,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Vec<Recovery> {
    let mut tasks = JoinSet::new();
    for (order, one) in stuck.iter().cloned().enumerate() {
        let (clouds, observer, poll) = (Arc::clone(clouds), Arc::clone(observer), settings.poll);
        let skip: Vec<String> = skip.get(&one.wanted.id).into_iter().flatten().cloned().collect();
        tasks.spawn(async move {
            let operation = "going on with the rollback".to_owned();
            observer.tell(Event::Following { stack: one.wanted.id.clone(), operation });
            let recovery = roll_back(&clouds, &one, &skip, &Pace::new(poll), observer.as_ref()).await;
            observer.tell(Event::Finished { stack: recovery.id.clone(), outcome: recovery.outcome });
            (order, recovery)
        });
    }
    let mut ended: BTreeMap<usize, Recovery> = BTreeMap::new();
    while let Some(one) = tasks.join_next().await {
        if let Ok((order, recovery)) = one {
            ended.insert(order, recovery);
        }
    }
    let lost = |one: &Stuck| {
        let told = Diagnostic::new(Code::OutcomeUnknown, format!("the work on `{}` broke off", one.wanted.id));
        Recovery { id: one.wanted.id.clone(), outcome: Outcome::Unknown, problem: Some(told) }
    };
    stuck.iter().enumerate().map(|(order, one)| ended.remove(&order).unwrap_or_else(|| lost(one))).collect()
}

async fn roll_back(
    clouds: &Arc<dyn Clouds>,
    stuck: &Stuck,
    skip: &[String],
    pace: &Pace,
    observer: &dyn Observer,
) -> Recovery {
    let (wanted, arn) = (&stuck.wanted, stuck.found.id.as_str());
    let cloud = clouds.at(&wanted.target);
    // A token for this state of the stack and these resources: said again, it begins nothing twice.
    let base = observe::base(Some(&stuck.found));
    let name = digest::sha256([arn, base.as_str()].into_iter().chain(skip.iter().map(String::as_str)));
    let token = digest::token('r', &format!("infra-{}", digest::short(&name, 32)));
    let begun = match stuck.may_skip() {
        true => cloud.continue_update_rollback(arn, skip, &token).await,
        false => cloud.rollback_stack(arn, &token).await,
    };
    let end = |outcome, problem| Recovery { id: wanted.id.clone(), outcome, problem };
    match begun {
        Err(e) if !e.kind.outcome_is_unknown() => {
            return end(Outcome::Failed, Some(problem::of_call(&e, Some(wanted))));
        }
        // Whether AWS took it is told by the events.
        _ => {}
    }
    let followed = Followed { cloud: &cloud, wanted, stack: arn, mark: Mark::Token(&token), pace, observer };
    match followed.to_the_end(true).await {
        End::Bad { status, .. } if status == StackStatus::UpdateRollbackComplete.as_str() => end(Outcome::Done, None),
        End::Good(_) => end(Outcome::Done, None),
        End::Bad { status, failures } => end(Outcome::Failed, Some(still_stuck(stuck, &status, &failures))),
        End::Never => end(Outcome::Failed, Some(unheard(stuck))),
        End::Lost(e) => end(Outcome::Unknown, Some(lost(stuck, &e))),
    }
}

fn still_stuck(stuck: &Stuck, status: &str, failures: &[Failure]) -> Diagnostic {
    let id = &stuck.wanted.id;
    let Some(first) = failures.first() else {
        let message = format!("the rollback of `{id}` ended in {status}");
        return problem::of_stack(Code::StuckStack, &stuck.wanted, message).help("look at the stack in the console");
    };
    let Failure { logical_id, resource_type, reason, .. } = first;
    let reason = crate::plan::clean(reason.trim_end_matches('.'));
    let message = format!("`{logical_id}` ({resource_type}) of `{id}` cannot be rolled back: {reason}");
    let mut problem = Diagnostic::new(Code::StuckStack, message);
    if let Some(place) = first.place {
        problem = Within::tell(&first.within, problem.at(place, first.status.clone()));
    }
    problem.help(format!(
        "mend the cause and run `infra recover` again, or leave the resource as it is with `--skip {}/{logical_id}`",
        stuck.wanted.stack
    ))
}

fn unheard(stuck: &Stuck) -> Diagnostic {
    let message = format!("nothing was ever heard of the rollback of {}", problem::called(&stuck.wanted));
    problem::of_stack(Code::StuckStack, &stuck.wanted, message).help("run `infra recover` again")
}

fn lost(stuck: &Stuck, error: &CloudError) -> Diagnostic {
    let message = format!("how the rollback of `{}` ended is not known: {error}", stuck.wanted.id);
    Diagnostic::new(Code::OutcomeUnknown, message).help(PICK_UP)
}
