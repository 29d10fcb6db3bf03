//! Executing a change set, safe to begin again at any point.

use std::time::Duration;

use tokio::time::sleep;

use crate::apply::follow::{End, Followed};
use crate::cloud::{CloudError, ErrorKind, ExecutionStatus, Token};
use crate::plan::StackAction;
use crate::slip::{self, Slip};

/// Looks at a change set that does not come to rest.
const LOOKS: u32 = 40;

/// How an execution ended.
#[derive(Debug)]
pub(crate) enum Executed {
    /// The operation ran, and ended so.
    Ended(End),
    /// The change set can no longer be executed, and it never was.
    Stale,
    /// A call failed before anything began.
    Refused(CloudError),
}

/// Brings the change set to its end, whatever it is found doing: a second run goes the same way as the first.
/// One that was `just_made` is not looked at first: AWS refuses it where somebody was faster.
pub(crate) async fn execute(
    followed: &Followed<'_>,
    set: &str,
    token: &Token,
    action: StackAction,
    just_made: bool,
) -> Executed {
    // A creation carries `OnStackFailure`, which excludes the word on rollback.
    let disable_rollback = (action == StackAction::Update).then_some(slip::is(Slip::NoRollback));
    // Once the call was made, no later failure means that nothing runs. What its last attempt says is not all of it:
    // an earlier attempt may have arrived, and be what the last one was refused for.
    let mut asked = false;
    let mut refusal = None;
    let refused = |e: CloudError, asked: bool| match asked {
        true => Executed::Ended(End::Lost(e)),
        false => Executed::Refused(e),
    };
    let mut known = just_made.then_some((ExecutionStatus::Available, false));
    for look in 0..LOOKS {
        if known.is_none() {
            known = match followed.cloud.change_set_state(followed.stack, set).await {
                Ok(state) => state.map(|state| (state.execution, state.status.is_pending())),
                Err(e) => return refused(e, asked),
            };
        }
        let (execution, is_pending) = known.take().unzip();
        match execution {
            Some(ExecutionStatus::Available) => {
                if let Some(e) = refusal {
                    return Executed::Refused(e);
                }
                let call = followed.cloud.execute_change_set(followed.stack, set, disable_rollback, token);
                let said = call.await;
                asked = true;
                match said {
                    Ok(()) => return Executed::Ended(followed.to_the_end(true).await),
                    Err(e) if e.kind.outcome_is_unknown() && slip::is(Slip::LostAnswerIsRefusal) => {
                        return Executed::Refused(e);
                    }
                    // Somebody was faster, or the answer of our own call was lost: look again.
                    Err(e) if e.kind.outcome_is_unknown() || is_overtaken(e.kind) => {
                        if look + 1 == LOOKS {
                            return refused(e, asked);
                        }
                    }
                    Err(e) => refusal = Some(e),
                }
            }
            Some(
                ExecutionStatus::ExecuteInProgress | ExecutionStatus::ExecuteComplete | ExecutionStatus::ExecuteFailed,
            ) => {
                return Executed::Ended(followed.to_the_end(true).await);
            }
            Some(ExecutionStatus::Unavailable) if is_pending == Some(true) => {}
            // Executing one change set deletes all others: it may be gone because it ran.
            _ => match followed.has_begun().await {
                Ok(true) => return Executed::Ended(followed.to_the_end(true).await),
                Ok(false) if slip::is(Slip::GoneIsDone) => return Executed::Ended(End::Good(Vec::new())),
                Ok(false) => return Executed::Stale,
                Err(e) => return refused(e, asked),
            },
        }
        sleep(Duration::from_millis(500 + 250 * u64::from(look.min(18)))).await;
    }
    match refusal {
        Some(e) => refused(e, asked),
        None => Executed::Stale,
    }
}

fn is_overtaken(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidState | ErrorKind::NotFound | ErrorKind::AlreadyExists)
}
