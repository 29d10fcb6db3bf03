//! Desired against deployed: a [`Plan`], one complete value that text and JSON are views of.
//!
//! Everything that will happen stands in it, with an action and a reason from closed sets; `apply` only obeys.
//!
//! **How an unchanged stack is known.** One `DescribeStacks` must be enough, or a plan of many stacks costs
//! two or three calls for each. A digest in a tag would travel to every taggable resource and change all of
//! them on each deployment; an output or a parameter made for it would stand in every template. But
//! `DescribeStacks` tells the change set that was executed last, and its name is ours to choose: it carries
//! the digest of the template (see `digest`). Where the name is ours, the digest fits, the status
//! says that the last operation went well, and parameters, tags and the names of outputs are as we want
//! them, nothing else is read. In every other case (another tool, a rollback, an emulator that does not tell)
//! the template itself is read and compared. Whoever changes a template by hand through a change set is
//! noticed; whoever does it through `UpdateStack` is noticed by the list of last operations: the name tells after
//! which operation its change set came. Where nobody keeps such a list, AWS must drop the old change set.
//! Stacks with protected resources cost one call more: the stack policy stands in no other answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod allow;
pub(crate) mod change_set;
mod consumers;
mod desired;
mod destroy;
pub(crate) mod diff;
pub(crate) mod digest;
mod discard;
mod drift;
mod empty;
pub(crate) mod exact;
mod exports;
pub(crate) mod fixed;
mod foreign;
pub(crate) mod guard;
pub(crate) mod initial;
pub(crate) mod inputs;
pub(crate) mod large;
mod listing;
pub(crate) mod observe;
mod orphans;
pub(crate) mod outputs;
pub(crate) mod pace;
mod places;
pub(crate) mod policy;
mod priorities;
pub(crate) mod problem;
pub(crate) mod protect;
pub(crate) mod refs;
pub(crate) mod run;
mod saved;
mod secrecy;
pub(crate) mod stack;
mod stuck;
mod upload;
mod view;
mod wanted;

pub use allow::{Act, Allow};
pub use desired::{chosen, desired, target};
pub use destroy::destroy;
pub use discard::{discard, withdraw};
pub use drift::{Drift, DriftedProperty, DriftedResource, Found as DriftFound, StackDrift, drift};
pub(crate) use empty::Vessel;
pub use listing::{Seen, list};
pub use orphans::orphans;
pub use places::{locate, locate_drift};
pub use run::plan;
pub use saved::{LONGEST, Made, Refused, Saved};
pub use stuck::{Stuck, stuck};
pub(crate) use view::clean;
pub use view::{
    Style, drift_to_json, drift_to_markdown, drift_to_text, to_github, to_html, to_json, to_markdown, to_text,
};
pub use wanted::{Asset, Desired, Event, Input, Leaves, Live, Observer, Settings, Silent, Site, Source, Wanted};

/// Version of the JSON form; rises when a reader of the old one would misread it.
pub const FORMAT_VERSION: u32 = 1;

/// What would happen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this form.
    pub format_version: u32,
    /// The first 16 hexadecimal digits of [`Plan::digest`].
    pub id: String,
    /// Name of the project.
    pub project: String,
    /// The environment; none where only shared stacks are planned.
    pub env: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// Every stack looked at, producers before consumers (the other way round where all goes).
    pub stacks: Vec<StackPlan>,
}

/// What a plan is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Bring AWS to what the source says.
    Deploy,
    /// Remove every stack.
    Destroy,
}

/// What would happen to one stack.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StackPlan {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// The stack in the source.
    pub stack: String,
    /// Name of the account in the source.
    pub account_name: String,
    /// Its twelve digits.
    pub account: String,
    /// `eu-west-1`
    pub region: String,
    /// Its name in CloudFormation.
    pub name: String,
    /// What was found there.
    pub found: Found,
    /// What happens.
    pub action: StackAction,
    /// How sure the changes are.
    pub certainty: Certainty,
    /// The change set that will be executed, where one was made.
    pub change_set: Option<ChangeSetRef>,
    /// SHA-256 of the template.
    pub template: String,
    /// Digest of the template, as names of change sets carry it.
    pub fingerprint: String,
    /// What CloudFormation must be allowed, sorted.
    pub capabilities: Vec<String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, ParameterPlan>,
    /// Tags that change, by key.
    pub tags: Vec<ValueChange>,
    /// Outputs that change, by name.
    pub outputs: Vec<ValueChange>,
    /// Properties of the stack itself that change.
    pub settings: Vec<Setting>,
    /// Resources that change, by logical id.
    pub changes: Vec<Change>,
    /// Stacks of this plan that must be done before.
    pub after: Vec<String>,
    /// What else a reader should know; whole sentences without a period.
    pub notes: Vec<String>,
}

/// A stack as it was found.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Found {
    /// Its ARN; none where there is no stack.
    pub arn: Option<String>,
    /// Its status, as AWS writes it.
    pub status: Option<String>,
    /// Digest of what tells one state of it from the next: ARN, time of the last update, last operation.
    pub base: String,
}

/// What happens to a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackAction {
    /// Nothing; it was skipped.
    None,
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// Only what is left of a failed creation is there: that goes, then it is created.
    Recreate,
    /// It goes.
    Delete,
}

/// How sure the changes of a stack are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Every input is known: what is shown is what happens.
    Exact,
    /// An input comes from something this plan changes: what is shown is the most that may happen.
    Provisional,
    /// Every input is known, and CloudFormation was not asked: what is shown is what the templates tell.
    Local,
}

/// A change set in AWS.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeSetRef {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// ARN of its stack.
    pub stack: String,
}

/// A parameter of a stack.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ParameterPlan {
    /// Where its value comes from.
    pub origin: Origin,
    /// The deployed value.
    pub before: Option<Shown>,
    /// The value it gets.
    pub after: Shown,
    /// Whether the two differ.
    pub differs: Differs,
}

/// Where the value of a parameter comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Given for this run.
    Set,
    /// Not given: the deployed value stays.
    Kept,
    /// Not given and nothing deployed: the default.
    Default,
    /// An output of another stack.
    Output {
        /// `network@prod/eu-west-1`
        stack: String,
        /// Its name.
        name: String,
    },
}

/// Whether a value changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// It stays.
    No,
    /// It is known only when applying, and may be another one.
    Maybe,
    /// It is another one.
    Yes,
}

/// A value as it may be shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// This value.
    Value(Value),
    /// A secret: it is there, and never shown.
    Hidden,
    /// Known after apply; what it comes from.
    Later(String),
}

impl Shown {
    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Value(Value::String(text.to_owned()))
    }
}

/// A named value that changes; a side that is missing was or will be absent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ValueChange {
    /// Its name.
    pub name: String,
    /// The deployed value.
    pub before: Option<Shown>,
    /// The new value.
    pub after: Option<Shown>,
    /// Where it is not its own text that changed: what did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// A property of the stack itself that changes, outside its change set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Whether deleting the stack is refused.
    TerminationProtection {
        /// From now on.
        on: bool,
    },
    /// What updates may do to which resources.
    StackPolicy {
        /// Their logical ids, sorted; with no statements of its own either, the policy is lifted.
        protects: Vec<String>,
        /// The statements that the source gives besides, as a JSON list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        own: Option<String>,
        /// Protected resources that this one update may replace all the same, for that was allowed; sorted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lifts: Vec<String>,
    },
}

/// What happens to one resource.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Its name in the template.
    pub logical_id: String,
    /// `AWS::SQS::Queue`
    #[serde(rename = "type")]
    pub resource_type: String,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Whether a new one takes its place.
    pub replacement: Replaces,
    /// What becomes of the old one and its data, where an old one goes.
    pub data: Option<Data>,
    /// It holds data of its own: tables, buckets, volumes.
    pub stateful: bool,
    /// Where it would be refused otherwise: what allows it, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// All that is in it is deleted first, for CloudFormation would not delete it otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empties: bool,
    /// Its properties that change, by path.
    pub properties: Vec<PropertyChange>,
    /// Other attributes that change: `Tags`, `Metadata`, `DeletionPolicy` …
    pub attributes: Vec<String>,
    /// File and line that declare it, as `shop/api.infra:12`; none where the source no longer has it, or is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    None,
    /// It moves to another name or stack and stays what it is.
    Move,
    /// It comes under management as it is.
    Import,
    /// It leaves the stack and stays in AWS.
    Forget,
    /// A new one is made.
    Create,
    /// It changes in place.
    Update,
    /// A new one takes its place.
    Replace,
    /// It goes.
    Delete,
}

/// Why something happens to a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The source has it, AWS does not.
    New,
    /// The source no longer has it.
    Gone,
    /// Its whole stack goes.
    StackGoes,
    /// Its own text changed.
    Edited,
    /// Only its tags change, by the stack's or its own.
    Tagged,
    /// A parameter it reads changes or may change.
    Parameter,
    /// A resource it reads changes or may change.
    Reference,
    /// CloudFormation gives no cause that we know.
    Other,
}

/// Whether a new resource takes the place of the old one: the three honest answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replaces {
    /// No.
    No,
    /// It depends on values that are known only when applying, or on AWS.
    Maybe,
    /// Yes.
    Yes,
}

/// What becomes of an old resource and the data in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Gone.
    Deleted,
    /// Stays in AWS, unmanaged.
    Retained,
    /// Gone, a snapshot stays.
    Snapshot,
}

/// One property that changes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PropertyChange {
    /// `VpcConfig.SubnetIds.0`
    pub path: String,
    /// The deployed value.
    pub before: Option<Shown>,
    /// The new value.
    pub after: Option<Shown>,
    /// Whether it is sure that the value becomes another one.
    pub differs: Differs,
    /// What this change does to the resource.
    pub replaces: Replaces,
    /// Where it is not the property's own text that changed: what did.
    pub cause: Option<Cause>,
    /// File and line of its own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What makes a property change whose text stays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A parameter of the stack.
    Parameter {
        /// Its name.
        name: String,
        /// Where its value comes from.
        origin: Origin,
    },
    /// A resource of the stack.
    Resource {
        /// Its name in the template.
        logical_id: String,
        /// What of it is read: an attribute, or `Ref`.
        attribute: String,
    },
    /// An output of another stack that CloudFormation reads while it deploys.
    Live {
        /// The stack's name in CloudFormation.
        stack: String,
        /// Name of the output.
        output: String,
    },
}

/// How many of what a plan does.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Counts {
    /// Resources made.
    pub create: usize,
    /// Resources changed in place.
    pub update: usize,
    /// Resources replaced.
    pub replace: usize,
    /// Resources that may be replaced.
    pub may_replace: usize,
    /// Resources deleted.
    pub delete: usize,
    /// Resources that leave their stack and stay in AWS.
    pub forget: usize,
    /// Stacks that change.
    pub stacks: usize,
    /// Stacks that do not.
    pub unchanged: usize,
}

impl Plan {
    /// True where applying it would do something.
    pub fn has_changes(&self) -> bool {
        self.stacks.iter().any(StackPlan::has_changes)
    }

    /// True where CloudFormation would have been asked for some of it, and was not. Such a plan is one to look at: what is
    /// applied is another one.
    pub fn is_local(&self) -> bool {
        self.stacks.iter().any(|stack| stack.certainty == Certainty::Local)
    }

    /// Digest of all that it shows, change sets apart: 64 hexadecimal digits. A plan that is made again has the same
    /// one as long as neither the source nor any of its stacks moved.
    pub fn digest(&self) -> String {
        digest::of_plan(self)
    }

    /// The stack with that id.
    pub fn stack(&self, id: &str) -> Option<&StackPlan> {
        self.stacks.iter().find(|s| s.id == id)
    }

    /// How many resources lose their data for good: those that leave no snapshot.
    pub fn lost(&self) -> usize {
        let all = self.stacks.iter().flat_map(|stack| &stack.changes);
        all.filter(|c| guard::loses_data(c) && c.data == Some(Data::Deleted)).count()
    }

    /// How many of what it does.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for stack in &self.stacks {
            stack.count(&mut counts);
        }
        counts
    }
}

impl Counts {
    /// `3 to create`, and so on; what nothing is done of is left out where that is no news.
    pub(crate) fn words(&self) -> Vec<String> {
        let all = [
            (self.create, "to create", true),
            (self.update, "to update", true),
            (self.replace, "to replace", true),
            (self.may_replace, "may be replaced", false),
            (self.delete, "to delete", true),
            (self.forget, "to leave in AWS", false),
        ];
        all.into_iter().filter(|(n, _, always)| *always || *n > 0).map(|(n, what, _)| format!("{n} {what}")).collect()
    }
}

impl StackPlan {
    /// True where applying would do something to this stack.
    pub fn has_changes(&self) -> bool {
        self.action != StackAction::None || !self.settings.is_empty()
    }

    /// Adds what happens here to `counts`.
    pub(crate) fn count(&self, counts: &mut Counts) {
        *if self.has_changes() { &mut counts.stacks } else { &mut counts.unchanged } += 1;
        for change in &self.changes {
            match (change.action, change.replacement) {
                (Action::Create, _) => counts.create += 1,
                (Action::Replace, Replaces::Maybe) => counts.may_replace += 1,
                (Action::Replace, _) => counts.replace += 1,
                (Action::Update, _) => counts.update += 1,
                (Action::Delete, _) => counts.delete += 1,
                (Action::Forget, _) => counts.forget += 1,
                (Action::None | Action::Move | Action::Import, _) => {}
            }
        }
    }
}

impl Action {
    /// As text and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Move => "move",
            Self::Import => "import",
            Self::Forget => "forget",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }
}
