//! The state of the simulated world, and nothing that changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::drift::Detection;
use crate::sandbox::status::{ChangeSetStatus, ExecutionStatus, ResourceStatus, StackStatus};
use crate::sandbox::template::{Policy, Template};

/// Account, region and stack that an evaluation happens in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) stack_name: String,
    pub(crate) stack_id: String,
    #[serde(default)]
    pub(crate) notifications: Vec<String>,
}

impl Place {
    pub(crate) fn partition(&self) -> &'static str {
        partition(&self.region)
    }

    pub(crate) fn url_suffix(&self) -> &'static str {
        if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

/// The partition that a region belongs to.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// All stacks of one account in one region, by name and by how many had that name before.
pub(crate) type Region = BTreeMap<(String, u32), Stack>;

/// What a stack is asked to become.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Desired {
    pub(crate) body: String,
    /// Every parameter of the template with its final value.
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) notifications: Vec<String>,
    pub(crate) role: Option<String>,
    pub(crate) timeout: Option<String>,
}

/// A stack, living or deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stack {
    pub(crate) place: Place,
    pub(crate) generation: u32,
    pub(crate) status: StackStatus,
    pub(crate) reason: Option<String>,
    pub(crate) created: u64,
    pub(crate) updated: Option<u64>,
    pub(crate) deleted: Option<u64>,
    pub(crate) current: Desired,
    pub(crate) description: Option<String>,
    pub(crate) change_set: Option<String>,
    pub(crate) protection: bool,
    pub(crate) disable_rollback: bool,
    pub(crate) policy: Option<String>,
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) outputs: Vec<StackOutput>,
    /// Exports of other stacks that it uses.
    pub(crate) imports: BTreeSet<String>,
    /// Oldest first.
    pub(crate) events: Vec<Event>,
    pub(crate) change_sets: BTreeMap<String, ChangeSet>,
    /// Change sets that are deleted, with their names; kept where the world goes on telling of them.
    #[serde(default)]
    pub(crate) gone: BTreeMap<String, String>,
    pub(crate) operation: Option<Operation>,
    /// The last operation, newest first, with its kind: `CREATE_STACK`, …
    pub(crate) operations: Vec<(String, String)>,
    /// Where a rollback leads: the state before the update that failed.
    pub(crate) stable: Option<Box<Stable>>,
    /// Resources that were replaced and still are.
    pub(crate) superseded: Vec<(String, Resource)>,
    /// Resources whose rollback failed.
    pub(crate) stuck: BTreeSet<String>,
    /// Client tokens, with the digest of the request that came with each and what it answered.
    pub(crate) tokens: BTreeMap<String, (String, String)>,
    /// The last look for drift.
    #[serde(default)]
    pub(crate) drift: Option<Detection>,
    #[serde(skip)]
    pub(crate) dirty: bool,
}

/// What a rollback brings back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stable {
    pub(crate) current: Desired,
    pub(crate) description: Option<String>,
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) outputs: Vec<StackOutput>,
    pub(crate) imports: BTreeSet<String>,
}

/// A resource of a stack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) physical: String,
    /// How many resources this logical id had before in this stack.
    pub(crate) generation: u32,
    pub(crate) status: ResourceStatus,
    pub(crate) reason: Option<String>,
    pub(crate) at: u64,
    /// The name that no other of its type may have, if it was given one.
    pub(crate) fixed: Option<String>,
    /// As evaluated.
    pub(crate) properties: Value,
    /// Tags of the stack, where the type takes tags.
    pub(crate) stack_tags: BTreeMap<String, String>,
    pub(crate) metadata: Value,
    pub(crate) needs: BTreeSet<String>,
    pub(crate) deletion: Policy,
    pub(crate) replacement: Policy,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StackOutput {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

/// One line of the event log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: u64,
    pub(crate) logical: String,
    pub(crate) physical: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    /// JSON, secrets masked.
    pub(crate) properties: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) operation: Option<String>,
}

/// A change set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `CREATE` or `UPDATE`.
    pub(crate) kind: String,
    pub(crate) description: Option<String>,
    pub(crate) status: ChangeSetStatus,
    pub(crate) execution: ExecutionStatus,
    pub(crate) reason: Option<String>,
    pub(crate) created: u64,
    pub(crate) desired: Desired,
    pub(crate) changes: Vec<Change>,
    pub(crate) on_failure: Option<String>,
    /// Early validation found these.
    pub(crate) findings: Vec<Finding>,
    pub(crate) operation: String,
    /// Steps until it is made; then it gets the verdict.
    pub(crate) left: u32,
    pub(crate) verdict: (ChangeSetStatus, ExecutionStatus, Option<String>),
}

/// One problem that early validation found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) check: String,
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// One resource change of a change set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) action: String,
    pub(crate) logical: String,
    pub(crate) physical: Option<String>,
    pub(crate) kind: String,
    /// `True`, `False`, `Conditional`.
    pub(crate) replacement: Option<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) policy_action: Option<String>,
    pub(crate) details: Vec<Detail>,
    /// The details when property values are asked for; `None` leaves the whole change out, as AWS does.
    pub(crate) detailed: Option<Vec<Detail>>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// One detail of a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub(crate) attribute: String,
    pub(crate) name: Option<String>,
    /// `Never`, `Conditionally`, `Always`.
    pub(crate) recreation: String,
    pub(crate) evaluation: String,
    pub(crate) source: String,
    pub(crate) cause: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// `Add`, `Remove`, `Modify`.
    pub(crate) change: Option<String>,
}

/// What a stack is doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) token: Option<String>,
    pub(crate) change_set: Option<String>,
    pub(crate) phase: Phase,
    pub(crate) on_failure: OnFailure,
    /// When the next step is due, where time drives the steps.
    pub(crate) due: u64,
    pub(crate) running: BTreeMap<String, Task>,
    pub(crate) done: BTreeSet<String>,
    pub(crate) failed: Vec<String>,
    /// Somebody asked to stop the update.
    pub(crate) cancelled: bool,
    /// Resources that go in the deletion phase of this operation.
    pub(crate) doomed: BTreeMap<String, Doomed>,
    /// Resources that a deletion leaves alone, or a rollback skips, as told.
    pub(crate) spared: BTreeSet<String>,
    /// The status to come back to when a deletion is refused.
    pub(crate) before: StackStatus,
    #[serde(skip)]
    pub(crate) template: Option<Arc<Template>>,
}

/// Which part of an operation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Resources are created.
    Create,
    /// Resources are created and changed.
    Update,
    /// An update is done; what it replaced or dropped goes.
    Cleanup,
    /// What a failed creation made goes.
    Rollback,
    /// Old values come back.
    UpdateRollback,
    /// Old values are back; what the failed update made goes.
    RollbackCleanup,
    /// Everything goes.
    Delete,
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OnFailure {
    #[default]
    Rollback,
    Delete,
    DoNothing,
}

/// A resource at work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// What it is to become.
    pub(crate) next: Resource,
    pub(crate) action: Action,
    pub(crate) left: u32,
    /// It will fail, for this reason.
    pub(crate) fails: Option<String>,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Create,
    Update,
    Replace,
}

/// A resource to delete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Doomed {
    pub(crate) logical: String,
    pub(crate) resource: Resource,
    /// Steps left once it has begun.
    pub(crate) left: Option<u32>,
    /// It stays in AWS and leaves the stack.
    pub(crate) keep: bool,
    pub(crate) fails: Option<String>,
}

impl Stack {
    pub(crate) fn live(&self) -> bool {
        self.status != StackStatus::DeleteComplete
    }

    pub(crate) fn export(&self, name: &str) -> Option<&StackOutput> {
        self.outputs.iter().find(|output| output.export.as_deref() == Some(name))
    }

    pub(crate) fn change_set_by(&self, name_or_arn: &str) -> Option<&ChangeSet> {
        // One that ran leaves its name to the next.
        let named = || self.change_sets.values().filter(|set| set.name == name_or_arn).max_by_key(|set| set.created);
        self.change_sets.get(name_or_arn).or_else(named)
    }
}

impl ChangeSet {
    /// It was executed, well or badly.
    pub(crate) fn ran(&self) -> bool {
        matches!(self.execution, ExecutionStatus::ExecuteComplete | ExecutionStatus::ExecuteFailed)
    }
}
