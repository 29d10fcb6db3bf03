//! What is planned for: stacks as they should be, as plain data. The planner's own form of a build, so that it
//! knows nothing of how templates are made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::build::Scope;
use crate::cloud::{Account, ObjectId, Secret, Target};
use crate::package::Package;
use crate::plan::Allow;
use crate::plan::refs::references;
use crate::schema::Types;
use crate::semantics::model::Foreign;
use crate::slip::{self, Slip};
use crate::source::Span;
use crate::template::provenance;

/// Every stack of a project that a run may touch.
#[derive(Clone, Default, Debug)]
pub struct Desired {
    /// Name of the project.
    pub project: String,
    /// The environment; none where only shared stacks are wanted.
    pub env: Option<String>,
    /// Producers before consumers.
    pub stacks: Vec<Arc<Wanted>>,
    /// Where the project has something, or may have, in any environment.
    pub sites: Vec<Site>,
    /// Which environments it has whole.
    pub scope: Scope,
}

/// An account and region of an environment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// The tag `infra:env` of what is there.
    pub env: String,
    /// Where.
    pub target: Target,
}

/// One stack as it should be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// Its name in the source.
    pub stack: String,
    /// Account and region.
    pub target: Target,
    /// Its name in CloudFormation.
    pub name: String,
    /// The template, as JSON. Empty for a stack of which only outputs are read: it is never planned.
    pub body: String,
    /// SHA-256 of the template.
    pub sha256: String,
    /// What CloudFormation must be allowed, sorted.
    pub capabilities: Vec<String>,
    /// All tags; those that begin with `infra:` say whose the stack is.
    pub tags: BTreeMap<String, String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Input>,
    /// Ids of stacks that come before it although it reads none of their outputs.
    pub after: BTreeSet<String>,
    /// Resources that are never replaced nor deleted, and why.
    pub protected: BTreeMap<String, String>,
    /// Properties that keep their deployed value (`@initial`), as paths, by resource.
    pub initial: BTreeMap<String, Vec<String>>,
    /// Statements of a stack policy of its own, as a JSON list; those for `protected` come on top.
    pub policy: Option<String>,
    /// Deleting the stack is refused.
    pub termination_protection: bool,
    /// What must lie in a bucket before it is deployed.
    pub assets: Vec<Asset>,
    /// The bucket of its place, where one is named: a template too large for a call goes through it.
    pub bucket: Option<String>,
    /// What CloudFormation itself reads of other stacks while it deploys this one.
    pub live: Vec<Live>,
    /// The resource types that its template uses.
    pub types: &'static Types,
    /// Where it is declared.
    pub place: Option<Span>,
    /// Where others deploy it: what the source says of it.
    pub foreign: Option<Arc<Foreign>>,
    /// It is deployed, and the source no longer has it: it goes.
    pub orphan: bool,
    /// Where its resources are declared, by logical id.
    pub places: provenance::Index,
}

/// A file or folder that must lie in a bucket.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Where in S3.
    pub object: ObjectId,
    /// What is in it.
    pub package: Arc<Package>,
    /// Where it is asked for.
    pub place: Span,
}

/// An output of another stack that CloudFormation reads itself.
#[derive(Clone, Debug)]
pub struct Live {
    /// Id of that stack.
    pub stack: String,
    /// Name of the output.
    pub output: String,
    /// Where it is first read.
    pub place: Option<Span>,
}

/// A parameter as it should be.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where its value comes from.
    pub source: Source,
    /// Its value is never shown.
    pub secret: bool,
    /// Where it is declared or first read.
    pub place: Option<Span>,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Set for this run, else the deployed value, else the default.
    Input {
        /// For this run.
        set: Option<Secret>,
        /// What the template says.
        default: Option<String>,
    },
    /// An output of another stack.
    Output {
        /// Its id.
        stack: String,
        /// Name of the output.
        name: String,
        /// For a list whose length the template relies on: how many items the source says it has.
        items: Option<usize>,
    },
}

impl Wanted {
    /// Ids of the stacks whose outputs it reads or that come before it for another reason, sorted.
    pub fn producers<'a>(&'a self) -> BTreeSet<&'a str> {
        let of = |input: &'a Input| match &input.source {
            Source::Output { stack, .. } => Some(stack.as_str()),
            Source::Input { .. } => None,
        };
        let others = self.live.iter().map(|live| live.stack.as_str()).chain(self.after.iter().map(String::as_str));
        self.parameters.values().filter_map(of).chain(others).collect()
    }

    /// True where a stack policy is to be in force.
    pub(crate) fn is_guarded(&self) -> bool {
        self.policy.is_some() || !self.protected.is_empty()
    }

    /// `text` without the secret values of this run: AWS quotes requests in what it says.
    pub(crate) fn redacted(&self, text: &str) -> String {
        if slip::is(Slip::NoRedaction) {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        for input in self.parameters.values().filter(|input| input.secret) {
            if let Source::Input { set: Some(value), .. } = &input.source
                && !value.expose().is_empty()
            {
                text = text.replace(value.expose(), "***");
            }
        }
        text
    }

    /// Why a resource failed, as AWS words it. Where it is given a secret that this run does not know, one that is kept
    /// as deployed or that only the change set holds, nothing could be taken out of the words: they are withheld.
    pub(crate) fn reason(&self, logical_id: &str, text: &str) -> String {
        if slip::is(Slip::NoRedaction) || !self.holds_unknown_secret(logical_id) {
            return self.redacted(text);
        }
        format!(
            "the reason may quote a secret that this run was not given, and is not shown; \
             `aws cloudformation describe-stack-events --region {} --stack-name {}` tells it",
            self.target.region, self.name
        )
    }

    fn holds_unknown_secret(&self, logical_id: &str) -> bool {
        let known = |source: &Source| matches!(source, Source::Input { set: Some(_), .. });
        let unknown: BTreeSet<&str> =
            self.parameters.iter().filter(|(_, i)| i.secret && !known(&i.source)).map(|(n, _)| n.as_str()).collect();
        if unknown.is_empty() {
            return false;
        }
        let template: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let resource = template.get("Resources").and_then(|all| all.get(logical_id));
        resource.is_some_and(|resource| references(resource).iter().any(|r| unknown.contains(r.name.as_str())))
    }

    /// True where it is to be deployed and not only read.
    pub(crate) fn is_ours_to_deploy(&self) -> bool {
        !self.body.is_empty()
    }

    /// The value of its tag `infra:env`.
    pub(crate) fn env(&self) -> &str {
        self.tags.get("infra:env").map_or("", String::as_str)
    }

    /// The account it lives in.
    pub(crate) fn account(&self) -> &Account {
        &self.target.account
    }
}

impl Desired {
    /// The stack with that id.
    pub fn get(&self, id: &str) -> Option<&Arc<Wanted>> {
        self.stacks.iter().find(|s| s.id == id)
    }
}

/// How to plan.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Ids of the stacks to plan; all where none are named. What they read of others is read, not planned.
    pub only: Option<BTreeSet<String>>,
    /// How long to wait for a stack on which an operation runs.
    pub wait: Duration,
    /// Pause before the second look at something that goes on by itself; later ones are longer.
    pub poll: Duration,
    /// What planning leaves in AWS.
    pub leaves: Leaves,
    /// What may happen to resources that are protected or hold data.
    pub allow: Vec<Allow>,
    /// Destroying first empties the buckets and repositories that go.
    pub empty: bool,
}

/// What planning leaves in AWS.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Leaves {
    /// Nothing, and it makes no call that writes: all is computed here.
    Nothing,
    /// Change sets, until the plan is applied or discarded.
    #[default]
    ChangeSets,
    /// Change sets of a plan that is saved. They get names of their own, so that no plan that is only looked at takes
    /// them for its own and removes them.
    KeptChangeSets,
}

impl Settings {
    /// True where the stack is to be planned.
    pub(crate) fn selects(&self, wanted: &Wanted) -> bool {
        let named = || self.only.as_ref().is_none_or(|only| only.contains(&wanted.id));
        wanted.orphan || wanted.is_ours_to_deploy() && named()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only: None,
            wait: Duration::from_secs(20 * 60),
            poll: Duration::from_secs(2),
            leaves: Leaves::default(),
            allow: Vec::new(),
            empty: false,
        }
    }
}

/// What happens while planning, for those who watch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// An operation runs on the stack; we wait for its end.
    Waiting {
        /// Id of the stack.
        stack: String,
        /// Its status.
        status: String,
        /// Whose operation it is, where AWS tells.
        whose: Option<String>,
    },
    /// A change set is being made.
    Asking {
        /// Id of the stack.
        stack: String,
    },
    /// CloudFormation compares what is deployed with its template.
    Comparing {
        /// Id of the stack.
        stack: String,
    },
    /// An asset is on its way to its bucket.
    Uploading {
        /// Id of the stack.
        stack: String,
        /// Its path in the project.
        path: String,
        /// How many bytes are sent.
        bytes: u64,
    },
    /// An asset is in its bucket.
    Uploaded {
        /// Id of the stack.
        stack: String,
        /// Its path in the project.
        path: String,
        /// The bucket.
        bucket: String,
    },
    /// The stack is planned.
    Planned {
        /// Id of the stack.
        stack: String,
    },
}

/// Watches planning. Called from several tasks; must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn tell(&self, event: Event);
}

/// Watches nothing.
#[derive(Clone, Copy, Default, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn tell(&self, _event: Event) {}
}
