//! Making a change set and waiting until it can be read.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::{
    ChangeSet, ChangeSetKind, ChangeSetState, ChangeSetStatus, Cloud, CloudError, ErrorKind, ExecutionStatus, Finding,
    NewChangeSet, OnStackFailure, TemplateText,
};
use crate::plan::digest;
use crate::plan::inputs::Inputs;
use crate::plan::pace::Pace;
use crate::plan::wanted::Wanted;
use crate::slip::{self, Slip};

/// How long AWS may take to make one.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Names tried where an earlier one is spent, each twice: deleting what has it mostly makes it free again.
const NAMES: u32 = 4;

/// What came of asking for a change set.
#[derive(Debug)]
pub(crate) enum Made {
    /// It can be executed.
    Ready(Box<ChangeSet>),
    /// There is nothing to change; it is deleted again.
    Empty,
    /// AWS rejects what it would do; it is deleted again.
    Rejected(Rejection),
}

/// Why AWS rejects a change set.
#[derive(Debug)]
pub(crate) struct Rejection {
    /// In AWS's words.
    pub reason: String,
    /// What its checks found, where they were the reason.
    pub findings: Vec<Finding>,
}

/// What a change set is made from.
pub(crate) struct Order<'a> {
    /// The stack as it should be.
    pub wanted: &'a Wanted,
    /// Create or update.
    pub kind: ChangeSetKind,
    /// ARN of the stack for an update.
    pub stack: Option<&'a str>,
    /// State of the stack it is made for.
    pub base: &'a str,
    /// What its name tells of template and policy.
    pub fingerprint: &'a str,
    /// Its parameters, all known.
    pub inputs: &'a Inputs,
    /// It stays after planning, for a plan that is saved.
    pub keep: bool,
}

impl Order<'_> {
    /// Tells one base and set of inputs from the next. Secret values stay out: a digest of one could be guessed.
    fn digest(&self) -> String {
        let mut parts = vec![self.wanted.id.clone(), self.base.to_owned(), self.wanted.sha256.clone()];
        for (name, parameter) in &self.inputs.shown {
            parts.push(name.clone());
            parts.push(serde_json::to_string(&parameter.after).unwrap_or_default());
        }
        for (key, value) in &self.wanted.tags {
            parts.extend([key.clone(), value.clone()]);
        }
        if self.keep {
            parts.push("kept".to_owned());
        }
        digest::sha256(parts.iter().map(String::as_str))
    }

    /// A value that the name does not tell: an older change set of that name may hold another one.
    fn has_hidden_values(&self) -> bool {
        let hidden = |name: &String| self.wanted.parameters.get(name).is_some_and(|p| p.secret);
        let given = |value: &crate::cloud::ParameterValue| matches!(value, crate::cloud::ParameterValue::Value(_));
        self.inputs.values.iter().any(|(name, value)| hidden(name) && given(value))
    }

    /// True for the names that a change set made from this may have.
    pub(crate) fn may_be_called(&self, name: &str) -> bool {
        let digest = self.digest();
        (1..=NAMES).any(|attempt| digest::change_set_name(self.fingerprint, &digest, attempt) == name)
    }

    /// Without a client token: AWS may answer one that it knows with the change set that was made for it then, though
    /// that is deleted long since. A second call of that name is refused, so that a lost answer does no harm.
    fn request(&self, name: &str, template: &TemplateText) -> NewChangeSet {
        let create = self.kind == ChangeSetKind::Create;
        NewChangeSet {
            stack: self.stack.filter(|_| !create).unwrap_or(&self.wanted.name).to_owned(),
            name: name.to_owned(),
            kind: self.kind,
            template: template.clone(),
            parameters: self.inputs.values.clone(),
            tags: self.wanted.tags.clone(),
            capabilities: self.wanted.capabilities.clone(),
            role: None,
            on_stack_failure: create.then_some(OnStackFailure::Delete),
            description: Some(format!("{} of {}", self.wanted.id, short_project(self.wanted))),
        }
    }
}

fn short_project(wanted: &Wanted) -> &str {
    wanted.tags.get("infra:project").map_or("an infra project", String::as_str)
}

/// Makes the change set, waits for it and reads it.
///
/// A name that is taken by a usable change set means that an earlier run asked for the same: that one is taken.
/// `template` is that of the stack as it should be, where CloudFormation can read it.
pub(crate) async fn make(
    cloud: &Arc<dyn Cloud>,
    order: &Order<'_>,
    template: &TemplateText,
    pace: &Pace,
) -> Result<Made, CloudError> {
    let digest = order.digest();
    let stack = order.stack.unwrap_or(&order.wanted.name);
    for attempt in (1..=NAMES).flat_map(|attempt| [attempt; 2]) {
        let name = digest::change_set_name(order.fingerprint, &digest, attempt);
        if order.has_hidden_values() && order.stack.is_some() {
            cloud.delete_change_set(stack, &name).await?;
        }
        let id = match cloud.create_change_set(&order.request(&name, template)).await {
            Ok(made) => made.id,
            Err(e) if e.kind == ErrorKind::AlreadyExists => match usable(cloud, stack, &name, order).await? {
                Some(state) => state.id,
                None => continue,
            },
            Err(e) => return Err(e),
        };
        if let Some(made) = finish(cloud, stack, &id, pace).await? {
            return Ok(made);
        }
    }
    Err(CloudError::new(
        ErrorKind::InvalidState,
        "CreateChangeSet",
        "change sets of this stack vanish while they are made",
    ))
}

/// The change set that has the name already, where it is as good as a new one; a spent one is deleted.
async fn usable(
    cloud: &Arc<dyn Cloud>,
    stack: &str,
    name: &str,
    order: &Order<'_>,
) -> Result<Option<ChangeSetState>, CloudError> {
    let Some(state) = cloud.change_set_state(stack, name).await? else { return Ok(None) };
    let good = state.status.is_pending() || state.execution == ExecutionStatus::Available;
    if good && !order.has_hidden_values() {
        return Ok(Some(state));
    }
    cloud.delete_change_set(stack, name).await?;
    Ok(None)
}

/// Waits until the change set can be judged; `None` where it is gone or was overtaken.
async fn finish(cloud: &Arc<dyn Cloud>, stack: &str, id: &str, pace: &Pace) -> Result<Option<Made>, CloudError> {
    let deadline = Instant::now() + DEADLINE;
    let _following = pace.follow();
    let state = loop {
        // None is ready at once.
        pace.turn().await;
        let Some(state) = cloud.change_set_state(stack, id).await? else { return Ok(None) };
        if !state.status.is_pending() {
            break state;
        }
        if Instant::now() >= deadline {
            let text = format!("change set {} is still {} after 15 minutes", state.name, state.status);
            return Err(CloudError::new(ErrorKind::Unreachable, "DescribeChangeSet", text));
        }
    };
    if state.is_empty() && !slip::is(Slip::EmptyIsRejected) {
        cloud.delete_change_set(stack, id).await?;
        return Ok(Some(Made::Empty));
    }
    if state.status == ChangeSetStatus::Failed {
        // What the checks found goes with the change set. Not knowing it spoils nothing: the reason is there.
        let mut findings = cloud.findings(stack, id).await.unwrap_or_default();
        findings.retain(|finding| finding.blocks);
        cloud.delete_change_set(stack, id).await?;
        let reason = state.status_reason.unwrap_or_else(|| "AWS gives no reason".to_owned());
        return Ok(Some(Made::Rejected(Rejection { reason, findings })));
    }
    if state.execution != ExecutionStatus::Available {
        return Ok(None);
    }
    Ok(cloud.change_set(stack, id).await?.map(|set| Made::Ready(Box::new(set))))
}
