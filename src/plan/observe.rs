//! What is there: who we are in each place, and in which state each stack is found.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cloud::{Cloud, ErrorKind, Stack, StackEvent, StackStatus, last_beginning};
use crate::diagnostics::Diagnostic;
use crate::plan::digest;
use crate::plan::problem;
use crate::plan::wanted::{Event, Observer, Settings, Wanted};
use crate::slip::{self, Slip};

/// How a stack is found: the table of states, as far as it decides what to plan.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// There is none.
    Absent,
    /// A name that waits for its first change set, ours and empty.
    Shell(Box<Stack>),
    /// What a failed creation of ours left: it can only be deleted.
    Dead(Box<Stack>),
    /// It can be updated.
    There(Box<Stack>),
}

impl Standing {
    /// The stack, where something is deployed.
    pub(crate) fn deployed(&self) -> Option<&Stack> {
        match self {
            Self::There(stack) => Some(stack),
            _ => None,
        }
    }
}

/// Pause before the next look at something that goes on by itself: grows to five times the first.
fn pause(first: Duration, looks: u32) -> Duration {
    first + first / 2 * looks.min(8)
}

/// Reads a stack and classifies it; waits where an operation runs.
pub(crate) async fn observe(
    cloud: &Arc<dyn Cloud>,
    wanted: &Wanted,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Standing, Box<Diagnostic>> {
    let Some(stack) = settled(cloud, wanted, settings, observer).await? else { return Ok(Standing::Absent) };
    if stack.status == StackStatus::ReviewInProgress && !slip::is(Slip::ShellIsStack) {
        return shell(cloud, wanted, stack).await;
    }
    if !problem::is_ours(wanted, &stack) {
        return Err(Box::new(problem::foreign(wanted, &stack)));
    }
    if stack.status.is_dead_shell() {
        return Ok(Standing::Dead(Box::new(stack)));
    }
    if stack.status.is_updatable() {
        return Ok(Standing::There(Box::new(stack)));
    }
    Err(Box::new(problem::stuck(wanted, &stack)))
}

/// The stack once no operation runs on it.
pub(crate) async fn settled(
    cloud: &Arc<dyn Cloud>,
    wanted: &Wanted,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Option<Stack>, Box<Diagnostic>> {
    let failed = |e| Box::new(problem::of_call(&e, Some(wanted)));
    let deadline = Instant::now() + settings.wait;
    let mut whose = None;
    let mut looks = 0;
    loop {
        let Some(stack) = cloud.stack(&wanted.name).await.map_err(failed)? else { return Ok(None) };
        if stack.status == StackStatus::DeleteComplete {
            return Ok(None);
        }
        if !stack.status.is_in_progress() {
            return Ok(Some(stack));
        }
        if looks == 0 {
            whose = owner_of_operation(cloud, &stack).await;
        }
        if Instant::now() >= deadline {
            return Err(Box::new(problem::busy(wanted, &stack, whose.as_deref())));
        }
        observer.tell(Event::Waiting {
            stack: wanted.id.clone(),
            status: stack.status.to_string(),
            whose: whose.clone(),
        });
        sleep(pause(settings.poll, looks)).await;
        looks += 1;
    }
}

/// Whose operation runs. Not knowing stops nobody.
async fn owner_of_operation(cloud: &Arc<dyn Cloud>, stack: &Stack) -> Option<String> {
    let events = cloud.events(&stack.id, &BTreeSet::new(), None).await.ok()?;
    last_beginning(&events).map(owner)
}

/// Whose operation it is, by the event that began it: tokens of ours have a form of their own.
pub(crate) fn owner(beginning: &StackEvent) -> String {
    match beginning.token.as_deref() {
        Some(token) if digest::is_ours(token) => format!("an earlier run of infra (token {token})"),
        Some(token) => format!("somebody else (token {token})"),
        None => "somebody else, who gave no token".to_owned(),
    }
}

/// A stack that waits for its first change set: ours where no foreign change set waits there.
pub(crate) async fn shell(cloud: &Arc<dyn Cloud>, wanted: &Wanted, stack: Stack) -> Result<Standing, Box<Diagnostic>> {
    let foreign_tags = stack.tags.keys().any(|k| k.starts_with("infra:")) && !problem::is_ours(wanted, &stack);
    let sets = cloud.change_sets(&stack.id).await.map_err(|e| Box::new(problem::of_call(&e, Some(wanted))))?;
    let foreign = sets.iter().any(|set| !set.name.starts_with(digest::PREFIX));
    if foreign_tags || foreign {
        return Err(Box::new(problem::foreign(wanted, &stack)));
    }
    Ok(Standing::Shell(Box::new(stack)))
}

/// The template of a deployed stack, parsed. `None` where there is none or it is neither JSON nor YAML.
pub(crate) async fn template(
    cloud: &Arc<dyn Cloud>,
    stack: &Stack,
    wanted: &Wanted,
) -> Result<Option<serde_json::Value>, Box<Diagnostic>> {
    match cloud.template(&stack.id).await {
        Ok(body) => Ok(body.and_then(|b| crate::template::read(&b))),
        Err(e) if e.kind == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Box::new(problem::of_call(&e, Some(wanted)))),
    }
}

/// What tells one state of a stack from the next. Change sets come and go without touching it.
pub(crate) fn base(stack: Option<&Stack>) -> String {
    let Some(stack) = stack else { return digest::sha256(["absent"]) };
    let time = |t: Option<crate::cloud::Time>| t.map(|t| t.0.to_string()).unwrap_or_default();
    let last = stack.operations.first().map_or("", String::as_str);
    digest::sha256([stack.id.as_str(), &time(stack.created), &time(stack.updated), stack.status.as_str(), last])
}
