//! The ports to CloudFormation and S3: what the planner and the executor need from AWS, as plain data.
//!
//! Names no AWS crate, so plan and apply are checked without them. `aws` is the one adapter; the simulator and
//! the emulators stand behind it too, so that what is tested is what runs.
//!
//! Absent is not an error: what may be missing comes back as `Option`. Sets of words are open, for AWS adds to
//! them. Every write takes a [`Token`].

#[cfg(feature = "aws")]
pub mod aws;
mod change_set;
mod drift;
mod error;
mod operation;
#[cfg(feature = "aws")]
pub(crate) mod policy;
mod secret;
mod stack;
mod status;
mod store;
#[cfg(any(feature = "aws", test))]
mod union;

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use change_set::{
    ChangeAction, ChangeDetail, ChangeSet, ChangeSetKind, ChangeSetState, Finding, MadeChangeSet, NewChangeSet,
    OnStackFailure, ParameterValue, PolicyAction, Recreation, Replacement, ResourceChange, TemplateText,
};
pub use drift::{Detection, Difference, ResourceDrift, Verdict};
pub use error::{CloudError, ErrorKind};
pub use operation::last_beginning;
pub use secret::{Secret, Token};
pub use stack::{Output, ParameterInForce, Stack, StackEvent, StackResource, StackSummary, Time, in_order};
pub use status::{ChangeSetStatus, ExecutionStatus, ResourceStatus, StackStatus};
pub use store::{ObjectId, Store};

/// An answer that is on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CloudError>> + Send + 'a>>;

/// An account as the program declares it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Account {
    /// Its name in the program.
    pub name: String,
    /// Its twelve digits. None accepts whatever account the credentials belong to.
    pub id: Option<String>,
    /// ARN of the role to assume there.
    pub role: Option<String>,
    /// Profile of the shared AWS configuration to take credentials from.
    pub profile: Option<String>,
    /// External id that the role asks for.
    pub external_id: Option<String>,
}

/// Where a stack lives.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Target {
    /// The account.
    pub account: Account,
    /// The region, such as `eu-west-1`.
    pub region: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = &self.account;
        let name = if account.name.is_empty() { account.id.as_deref().unwrap_or("default") } else { &account.name };
        write!(f, "{name}/{}", self.region)
    }
}

/// Who we are there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// ARN of the user or session.
    pub arn: String,
}

/// All clouds of a run. Hands out one client per target and keeps it.
pub trait Clouds: Send + Sync {
    /// The client for `target`; makes no call yet.
    fn at(&self, target: &Target) -> Arc<dyn Cloud>;

    /// The buckets and repositories of `target`; makes no call yet.
    fn store(&self, target: &Target) -> Arc<dyn Store>;
}

/// One account and region.
///
/// `stack` is a name or an ARN everywhere; after the first look use the ARN, for a name can be used again.
pub trait Cloud: Send + Sync {
    /// Asks once who we are there; fails with [`ErrorKind::WrongAccount`] where the target names another account.
    fn identify(&self) -> Answer<'_, Identity>;

    /// The stack; `None` where there is none. By ARN, a deleted stack is still told, as `DELETE_COMPLETE`.
    fn stack<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Stack>>;

    /// All stacks that are not deleted, with tags and outputs, by name.
    fn stacks(&self) -> Answer<'_, Vec<Stack>>;

    /// Stacks that have one of `statuses` (any, where empty), also deleted ones of the last 90 days, by name.
    fn list_stacks<'a>(&'a self, statuses: &'a [StackStatus]) -> Answer<'a, Vec<StackSummary>>;

    /// The template as it was given; `None` where there is no such stack, or it was never deployed.
    fn template<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>>;

    /// Names of the stacks that import what is exported under that name, sorted; empty where nobody does.
    fn imports<'a>(&'a self, export: &'a str) -> Answer<'a, Vec<String>>;

    /// Resources of the stack, by logical id; `None` where there is no such stack.
    fn resources<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Vec<StackResource>>>;

    /// Events that are not in `seen`, in the order in which they happened.
    ///
    /// Reads backwards until it meets one that is in `seen`, or has passed all events of the operation with
    /// `token`; all that are kept (90 days) otherwise. Empty where there is no such stack.
    fn events<'a>(
        &'a self,
        stack: &'a str,
        seen: &'a BTreeSet<String>,
        token: Option<&'a Token>,
    ) -> Answer<'a, Vec<StackEvent>>;

    /// Begins to look for drift; the id to ask [`Cloud::drift_detection`] for. `None` where somebody's look at the
    /// stack is under way: there may be one at a time. Changes nothing that is deployed.
    fn detect_drift<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>>;

    /// How far that look is.
    fn drift_detection<'a>(&'a self, id: &'a str) -> Answer<'a, Detection>;

    /// What the last look at the stack found, by logical id, all pages.
    fn resource_drifts<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ResourceDrift>>;

    /// Makes a change set. It is not ready when this returns: ask [`Cloud::change_set_state`].
    fn create_change_set<'a>(&'a self, change_set: &'a NewChangeSet) -> Answer<'a, MadeChangeSet>;

    /// Where the change set is in its making and execution; `None` where it is gone. One call.
    fn change_set_state<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Option<ChangeSetState>>;

    /// All that the change set would do; `None` where it is gone.
    ///
    /// Reads all pages, with and without property values, and joins the two: AWS is known to leave out whole
    /// resources from the first form. Fails with [`ErrorKind::Incomplete`] where the two contradict each other.
    fn change_set<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Option<ChangeSet>>;

    /// The template that the change set was made from, as it was given; `None` where it is gone.
    fn change_set_template<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Option<String>>;

    /// Why AWS refuses a change set whose status is `FAILED`; empty where it does not tell more than the status does.
    fn findings<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Vec<Finding>>;

    /// All change sets of the stack, by name; empty where there is no such stack.
    fn change_sets<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ChangeSetState>>;

    /// Begins to execute a change set; deletes all others of the stack.
    ///
    /// `disable_rollback` is always said, for its default is told in two ways; give `None` only where the change
    /// set carries [`OnStackFailure`], which excludes it.
    fn execute_change_set<'a>(
        &'a self,
        stack: &'a str,
        name: &'a str,
        disable_rollback: Option<bool>,
        token: &'a Token,
    ) -> Answer<'a, ()>;

    /// Deletes a change set; one that is gone counts as deleted. Harmless to repeat, so it takes no token.
    fn delete_change_set<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, ()>;

    /// Begins to delete a stack, leaving the resources named in `retain` (only after `DELETE_FAILED`).
    /// One that is gone counts as deleted.
    fn delete_stack<'a>(&'a self, stack: &'a str, retain: &'a [String], token: &'a Token) -> Answer<'a, ()>;

    /// Goes on with a rollback that failed, leaving out the resources named in `skip`.
    fn continue_update_rollback<'a>(&'a self, stack: &'a str, skip: &'a [String], token: &'a Token) -> Answer<'a, ()>;

    /// Begins to roll back a stack that was left as it failed.
    fn rollback_stack<'a>(&'a self, stack: &'a str, token: &'a Token) -> Answer<'a, ()>;

    /// Says whether deleting the stack is refused. Sets a state, so it is harmless to repeat and takes no token.
    fn set_termination_protection<'a>(&'a self, stack: &'a str, on: bool) -> Answer<'a, ()>;

    /// The stack policy, as JSON; `None` where there is none.
    fn stack_policy<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>>;

    /// Sets the stack policy. Sets a state, so it is harmless to repeat and takes no token.
    fn set_stack_policy<'a>(&'a self, stack: &'a str, policy: &'a str) -> Answer<'a, ()>;
}

/// One call as it leaves us, for those who count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The operation, such as `DescribeStacks`.
    pub operation: &'static str,
    /// Where.
    pub target: Target,
}
