//! Change sets: what we ask for, and what AWS says it would do.

use std::collections::BTreeMap;

use crate::cloud::status::words;
use crate::cloud::{ChangeSetStatus, ExecutionStatus, ParameterInForce, Secret, Time};

/// What a change set is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeSetKind {
    /// The stack is absent or has status `REVIEW_IN_PROGRESS`.
    Create,
    /// The stack is there.
    Update,
}

/// What becomes of a stack whose operation fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnStackFailure {
    /// Delete it; for creation only.
    Delete,
    /// Leave it as it is.
    DoNothing,
    /// Bring back what was.
    Rollback,
}

/// A parameter as a request gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParameterValue {
    /// This value.
    Value(Secret),
    /// The value in force, which the caller need not know.
    Previous,
}

/// A template as a request gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplateText {
    /// The whole of it, at most 51,200 bytes.
    Body(String),
    /// Its address in S3, from where CloudFormation reads it with our permissions; at most 1,000,000 bytes.
    Url(String),
}

/// A change set to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewChangeSet {
    /// Name or ARN of the stack. For [`ChangeSetKind::Create`] its name.
    pub stack: String,
    /// Name of the change set, unique for the stack.
    pub name: String,
    /// What it is made for.
    pub kind: ChangeSetKind,
    /// The template.
    pub template: TemplateText,
    /// Parameters by name.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Such as `CAPABILITY_NAMED_IAM`; only what the template needs.
    pub capabilities: Vec<String>,
    /// Service role that CloudFormation is to use from now on.
    pub role: Option<String>,
    /// What becomes of the stack if execution fails. Not together with `disable_rollback` of the execution.
    pub on_stack_failure: Option<OnStackFailure>,
    /// Words for people who find the change set in the console.
    pub description: Option<String>,
}

/// Names of a change set that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeChangeSet {
    /// ARN of the change set.
    pub id: String,
    /// ARN of its stack.
    pub stack_id: String,
}

/// State of a change set, without what it would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeSetState {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// ARN of its stack.
    pub stack_id: String,
    /// Name of its stack.
    pub stack_name: String,
    /// Where it is in its making.
    pub status: ChangeSetStatus,
    /// Why, where AWS says so.
    pub status_reason: Option<String>,
    /// Whether it can be executed.
    pub execution: ExecutionStatus,
    /// When it was made.
    pub created: Option<Time>,
    /// Its description.
    pub description: Option<String>,
}

impl ChangeSetState {
    /// True where AWS found that there is nothing to change.
    ///
    /// AWS says so only by failing the change set with one of these two reasons.
    pub fn is_empty(&self) -> bool {
        let reason = self.status_reason.as_deref().unwrap_or_default();
        self.status == ChangeSetStatus::Failed
            && (reason.starts_with("The submitted information didn't contain changes.")
                || reason.starts_with("No updates are to be performed"))
    }
}

/// A change set with all that it would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeSet {
    /// Its state.
    pub state: ChangeSetState,
    /// Parameters as they would be. `NoEcho` ones may be in the clear here on some emulators.
    pub parameters: BTreeMap<String, ParameterInForce>,
    /// Tags as they would be.
    pub tags: BTreeMap<String, String>,
    /// Capabilities it was granted.
    pub capabilities: Vec<String>,
    /// What would happen, by logical id.
    pub changes: Vec<ResourceChange>,
    /// How many pages were read of the form without property values.
    pub pages: usize,
}

/// Why AWS refuses a change set before it runs: an early validation or a hook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Name in the template, where one resource is meant.
    pub logical_id: Option<String>,
    /// `AWS::SQS::Queue`.
    pub resource_type: Option<String>,
    /// The spot, as `/Resources/Jobs/Properties/QueueName`.
    pub path: Option<String>,
    /// The check, as `AWS::EarlyValidation::PropertyValidation`, or the type of the hook.
    pub check: String,
    /// What it says.
    pub reason: String,
    /// False where it only warns.
    pub blocks: bool,
}

words! {
    /// What happens to a resource.
    ChangeAction {
        Add = "Add",
        Modify = "Modify",
        Remove = "Remove",
        Import = "Import",
        Dynamic = "Dynamic",
        SyncWithActual = "SyncWithActual",
    }
}

words! {
    /// Whether a modified resource is made anew.
    Replacement {
        True = "True",
        False = "False",
        Conditional = "Conditional",
    }
}

words! {
    /// Whether a change of one property makes the resource anew.
    Recreation {
        Never = "Never",
        Conditionally = "Conditionally",
        Always = "Always",
    }
}

words! {
    /// What becomes of the old resource.
    PolicyAction {
        Delete = "Delete",
        Retain = "Retain",
        Snapshot = "Snapshot",
        ReplaceAndDelete = "ReplaceAndDelete",
        ReplaceAndRetain = "ReplaceAndRetain",
        ReplaceAndSnapshot = "ReplaceAndSnapshot",
    }
}

/// One resource that would change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceChange {
    /// What happens.
    pub action: ChangeAction,
    /// Name in the template.
    pub logical_id: String,
    /// What the service calls it; none for new ones.
    pub physical_id: Option<String>,
    /// `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Whether it is made anew; none where AWS does not say, as for `Add` and `Remove`.
    pub replacement: Option<Replacement>,
    /// What becomes of the old resource.
    pub policy: Option<PolicyAction>,
    /// Attributes that change: `Properties`, `Tags`, `Metadata`, …
    pub scope: Vec<String>,
    /// Single properties that change.
    pub details: Vec<ChangeDetail>,
    /// All properties before, as JSON text.
    pub before: Option<Secret>,
    /// All properties after, as JSON text.
    pub after: Option<Secret>,
}

/// One property that would change, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ChangeDetail {
    /// `Properties`, `Tags`, `Metadata`, …
    pub attribute: Option<String>,
    /// Name of the property.
    pub name: Option<String>,
    /// Path to the value, as `/Properties/VisibilityTimeout`.
    pub path: Option<String>,
    /// Whether the change makes the resource anew.
    pub recreation: Option<Recreation>,
    /// `Static` or `Dynamic`: known now, or at execution.
    pub evaluation: Option<String>,
    /// `DirectModification`, `ParameterReference`, `ResourceReference`, …
    pub source: Option<String>,
    /// The parameter or `Resource.Attribute` that causes it.
    pub cause: Option<String>,
    /// Value before, where AWS tells it.
    pub before: Option<Secret>,
    /// Value after, where AWS tells it.
    pub after: Option<Secret>,
}
