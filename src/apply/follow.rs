//! Following an operation to its end by the events that carry its mark.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::apply::{Event, Failure, Observer};
use crate::cloud::{Cloud, CloudError, ErrorKind, ResourceStatus, StackEvent, StackStatus, Token, in_order};
use crate::plan::Wanted;
use crate::plan::pace::Pace;
use crate::slip::{self, Slip};

/// For how long we go on asking when AWS does not answer.
const BLIND: Duration = Duration::from_secs(30 * 60);

/// For how long an operation that AWS took may be silent.
const SILENT: Duration = Duration::from_secs(5 * 60);

/// The way back to an operation that we lost sight of.
pub(crate) const PICK_UP: &str = "once AWS can be reached, `infra watch` for the same environment follows it to its end; \
                                  the same command again goes on from there";

/// How an operation ended.
#[derive(Debug)]
pub(crate) enum End {
    /// As it was meant to. Resources that could not be cleaned up are told.
    Good(Vec<Failure>),
    /// Otherwise: failed, or rolled back. Root cause first.
    Bad {
        /// Status the stack is left in.
        status: String,
        /// What went wrong, in the order of time.
        failures: Vec<Failure>,
    },
    /// No event carries its mark: it never began.
    Never,
    /// We lost sight of it.
    Lost(CloudError),
}

/// What tells the operation from others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark<'a> {
    /// The token of the call that began it.
    Token(&'a Token),
    /// The event that began it, where the call carried no token.
    Event(&'a str),
}

impl<'a> Mark<'a> {
    fn is_on(self, event: &StackEvent) -> bool {
        match self {
            Self::Token(token) => event.token.as_deref() == Some(token.as_str()),
            Self::Event(id) => event.id == id,
        }
    }

    fn token(self) -> Option<&'a Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Event(_) => None,
        }
    }
}

/// What is followed.
pub(crate) struct Followed<'a> {
    pub(crate) cloud: &'a Arc<dyn Cloud>,
    pub(crate) wanted: &'a Wanted,
    /// ARN of the stack.
    pub(crate) stack: &'a str,
    pub(crate) mark: Mark<'a>,
    pub(crate) pace: &'a Pace,
    pub(crate) observer: &'a dyn Observer,
}

/// Events of one operation, as far as they are told.
#[derive(Default)]
struct Story {
    seen: BTreeSet<String>,
    events: Vec<StackEvent>,
}

impl Followed<'_> {
    /// True where any event carries our mark.
    pub(crate) async fn has_begun(&self) -> Result<bool, CloudError> {
        let events = self.cloud.events(self.stack, &BTreeSet::new(), self.mark.token()).await?;
        Ok(events.iter().any(|event| self.mark.is_on(event)))
    }

    /// Follows the operation to its end; how long it takes is AWS's affair.
    ///
    /// `begun` says that AWS took our call, so that an operation without events is only late.
    pub(crate) async fn to_the_end(&self, begun: bool) -> End {
        let mut story = Story::default();
        let begin = Instant::now();
        let mut answered = begin;
        let _following = self.pace.follow();
        loop {
            match self.read(&mut story).await {
                Ok(()) => answered = Instant::now(),
                Err(e) if is_final(&e) || answered.elapsed() > BLIND => return End::Lost(e),
                Err(e) => {
                    let problem = self.wanted.redacted(&e.to_string());
                    self.observer.tell(Event::Blind { stack: self.wanted.id.clone(), problem });
                }
            }
            if slip::is(Slip::StatusIsEnd) && self.is_quiet().await {
                return End::Good(Vec::new());
            }
            match story.ours(self.mark) {
                Some(ours) => match self.judge(ours).await {
                    Ok(Some(end)) => return end,
                    Ok(None) => {}
                    Err(e) => return End::Lost(e),
                },
                None if !begun => return End::Never,
                None => {
                    // Taken, but nothing is told for long: where even the status says that all is quiet, it never ran.
                    let patience = if slip::is(Slip::Impatience) { Duration::ZERO } else { SILENT };
                    if begin.elapsed() >= patience && self.is_quiet().await {
                        return End::Never;
                    }
                }
            }
            self.pace.turn().await;
        }
    }

    async fn read(&self, story: &mut Story) -> Result<(), CloudError> {
        let fresh = self.cloud.events(self.stack, &story.seen, self.mark.token()).await?;
        let before = story.ours(self.mark).map_or(0, <[StackEvent]>::len);
        story.seen.extend(fresh.iter().map(|e| e.id.clone()));
        story.events.extend(fresh);
        story.events = in_order(std::mem::take(&mut story.events));
        let Some(ours) = story.ours(self.mark) else { return Ok(()) };
        if ours.len() > before {
            self.pace.quicken();
        }
        for event in ours.iter().skip(before).filter(|e| !e.is_of_stack()) {
            self.observer.tell(Event::Resource {
                stack: self.wanted.id.clone(),
                logical_id: event.logical_id.clone(),
                resource_type: event.resource_type.clone(),
                status: event.status.to_string(),
                reason: event.reason.as_deref().map(|reason| match event.status.is_failure() {
                    true => self.wanted.reason(&event.logical_id, reason),
                    false => self.wanted.redacted(reason),
                }),
            });
        }
        Ok(())
    }

    /// How it ended, where it has.
    async fn judge(&self, ours: &[StackEvent]) -> Result<Option<End>, CloudError> {
        let Some(last) = ours.iter().rev().find(|e| e.is_of_stack()) else { return Ok(None) };
        let failures = || self.failures(ours);
        let bad = || End::Bad { status: last.status.to_string(), failures: failures() };
        if slip::is(Slip::FailureIsEnd) && ours.iter().any(|e| e.status.is_failure()) {
            return Ok(Some(bad()));
        }
        use ResourceStatus as S;
        Ok(match &last.status {
            S::CreateComplete | S::UpdateComplete | S::ImportComplete => Some(End::Good(self.orphans(ours))),
            // A creation that failed deletes itself; a deletion that was asked for ends so too.
            S::DeleteComplete if self.was_deletion(ours) => Some(End::Good(Vec::new())),
            S::UpdateRollbackComplete if slip::is(Slip::RollbackIsDone) => Some(End::Good(Vec::new())),
            S::DeleteComplete
            | S::DeleteFailed
            | S::RollbackComplete
            | S::RollbackFailed
            | S::UpdateRollbackComplete
            | S::UpdateRollbackFailed
            | S::ImportRollbackComplete
            | S::ImportRollbackFailed => Some(bad()),
            // Mostly the beginning of a rollback; it is the end only where the stack stays so.
            S::CreateFailed | S::UpdateFailed | S::ImportFailed => {
                let stack = self.cloud.stack(self.stack).await?;
                let rests = stack.is_none_or(|s| {
                    matches!(
                        s.status,
                        StackStatus::CreateFailed | StackStatus::UpdateFailed | StackStatus::DeleteComplete
                    )
                });
                rests.then(bad)
            }
            _ => None,
        })
    }

    /// True where our own call asked for the deletion.
    fn was_deletion(&self, ours: &[StackEvent]) -> bool {
        ours.iter().find(|e| e.is_of_stack()).is_some_and(|e| e.status.as_str().starts_with("DELETE_"))
    }

    /// Failures in the order of time, without those that only follow from another one.
    fn failures(&self, ours: &[StackEvent]) -> Vec<Failure> {
        let failed = |e: &&StackEvent| e.status.is_failure();
        let of_resources: Vec<&StackEvent> = ours.iter().filter(failed).filter(|e| !e.is_of_stack()).collect();
        let real: Vec<&StackEvent> = of_resources.iter().copied().filter(|e| !is_cancellation(e)).collect();
        let chosen = match (real.is_empty(), of_resources.is_empty()) {
            (false, _) => real,
            (true, false) => of_resources,
            // Sometimes only the stack itself tells why.
            (true, true) => {
                ours.iter().filter(|e| e.reason.is_some() && (failed(e) || e.status.is_rollback())).take(1).collect()
            }
        };
        chosen.into_iter().map(|e| self.failure(e)).collect()
    }

    /// What stayed behind although all ended well.
    fn orphans(&self, ours: &[StackEvent]) -> Vec<Failure> {
        let left = |e: &&StackEvent| e.status == ResourceStatus::DeleteFailed && !e.is_of_stack();
        let gone = |id: &str| ours.iter().any(|e| e.logical_id == id && e.status == ResourceStatus::DeleteComplete);
        ours.iter().filter(left).filter(|e| !gone(&e.logical_id)).map(|e| self.failure(e)).collect()
    }

    fn failure(&self, event: &StackEvent) -> Failure {
        let place = self.wanted.places.get(&event.logical_id);
        Failure {
            logical_id: event.logical_id.clone(),
            resource_type: event.resource_type.clone(),
            status: event.status.to_string(),
            reason: match event.reason.as_deref() {
                Some(reason) => self.wanted.reason(&event.logical_id, reason),
                None => "AWS gives no reason".to_owned(),
            },
            place: place.map(|place| place.span).or(self.wanted.place),
            within: place.map(|place| place.within.clone()).unwrap_or_default(),
        }
    }

    async fn is_quiet(&self) -> bool {
        match self.cloud.stack(self.stack).await {
            Ok(stack) => stack.is_none_or(|s| !s.status.is_in_progress()),
            Err(_) => false,
        }
    }
}

impl Story {
    /// From the first event with our mark to the first of another operation. `None` where there is none.
    fn ours(&self, mark: Mark<'_>) -> Option<&[StackEvent]> {
        let is_ours = |e: &StackEvent| mark.is_on(e);
        let start = self.events.iter().position(is_ours)?;
        let rest = self.events.get(start..)?;
        // Events of a rollback may come without a token; another token on the stack is another operation.
        let foreign = |e: &StackEvent| e.is_of_stack() && e.token.is_some() && !is_ours(e) && e.status.is_in_progress();
        let end = rest.iter().position(|e| foreign(e) && !e.status.is_rollback()).unwrap_or(rest.len());
        rest.get(..end)
    }
}

/// A failure that is only the shadow of another one.
fn is_cancellation(event: &StackEvent) -> bool {
    let reason = event.reason.as_deref().unwrap_or_default();
    [
        "Resource creation cancelled",
        "Resource update cancelled",
        "Resource deletion cancelled",
        "Resource import cancelled",
    ]
    .iter()
    .any(|start| reason.starts_with(start))
}

/// Asking again cannot help.
fn is_final(error: &CloudError) -> bool {
    matches!(
        error.kind,
        ErrorKind::ExpiredCredentials | ErrorKind::NoCredentials | ErrorKind::WrongAccount | ErrorKind::Denied
    )
}
