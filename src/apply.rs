//! Carries out a [`Plan`](crate::plan::Plan), and nothing else.
//!
//! A stack starts the moment its own producers are done. What a run leaves behind wherever it is killed, the
//! next one finds: names and tokens are pure functions of the plan, an operation of ours is followed and not
//! begun again, and success is decided by events that carry our own token, never by a status alone, for what
//! `DescribeStacks` says may be old. The engine never prints: progress is an [`Observer`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::plan::StackAction;
use crate::semantics::model::Within;
use crate::slip::{self, Slip};
use crate::source::Span;

mod empty;
mod envelope;
mod execute;
mod follow;
mod preflight;
mod recover;
mod report;
mod run;
mod settings;
mod stack;
mod watch;

pub use preflight::preflight;
pub use recover::{Recovery, recover};
pub use report::{to_json, to_text};
pub use run::apply;
pub use watch::{Other, Watched, watch};

/// How to apply.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Stacks that may be under way at once.
    pub concurrency: usize,
    /// Asked from outside to start nothing new.
    pub stop: Stop,
    /// Pause between two questions about what runs; it grows to 30 times that while nothing happens.
    pub poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrency: 10, stop: Stop::default(), poll: Duration::from_millis(250) }
    }
}

/// Says that nothing new is to be started; what runs is followed to its end.
#[derive(Clone, Default, Debug)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Starts nothing from now on.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once it was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happens while applying, for those who watch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Work on the stack begins.
    Started {
        /// Its id.
        stack: String,
        /// What is done.
        action: StackAction,
    },
    /// An operation on the stack that is no part of a plan is followed.
    Following {
        /// Its id.
        stack: String,
        /// What it is, and whose.
        operation: String,
    },
    /// Something happened to a resource of it.
    Resource {
        /// Id of the stack.
        stack: String,
        /// Name in the template.
        logical_id: String,
        /// `AWS::SQS::Queue`
        resource_type: String,
        /// As AWS writes it.
        status: String,
        /// Why, where AWS says so.
        reason: Option<String>,
    },
    /// What is in a resource is deleted, so that it can be.
    Emptying {
        /// Id of the stack.
        stack: String,
        /// Name in the template.
        logical_id: String,
        /// What the service calls it.
        physical_id: String,
    },
    /// AWS cannot be asked at the moment; we go on trying.
    Blind {
        /// Id of the stack.
        stack: String,
        /// What went wrong.
        problem: String,
    },
    /// Work on the stack has ended.
    Finished {
        /// Its id.
        stack: String,
        /// How.
        outcome: Outcome,
    },
}

/// Watches an apply. Called from several tasks; must not block.
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

/// How the work on a stack ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There was nothing to do.
    Unchanged,
    /// It is as the plan says.
    Done,
    /// It was not begun.
    NotStarted,
    /// The plan no longer holds for it; it was left as it is.
    Stale,
    /// AWS could not do it, or refused.
    Failed,
    /// We lost sight of it.
    Unknown,
}

/// How a run ended.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// Version of the JSON form.
    pub format_version: u32,
    /// Id of the plan; empty where there is none.
    pub plan: String,
    /// Name of the project.
    pub project: String,
    /// The environment.
    pub env: Option<String>,
    /// Somebody asked to stop.
    pub stopped: bool,
    /// Every stack of the plan, in its order.
    pub stacks: Vec<StackReport>,
}

/// How it ended for one stack.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StackReport {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// Its name in CloudFormation.
    pub name: String,
    /// Twelve digits.
    pub account: String,
    /// `eu-west-1`
    pub region: String,
    /// What was planned.
    pub action: StackAction,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end well; whole sentences without a period.
    pub reason: Option<String>,
    /// What the reader can do, beginning with the action.
    pub help: Option<String>,
    /// What went wrong first: a resource AWS could not bring about.
    pub cause: Option<Failure>,
    /// Failures after the first that are not its consequences.
    pub further: Vec<Failure>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// Its outputs, where it is done.
    pub outputs: BTreeMap<String, String>,
}

/// A resource that AWS could not bring about.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Failure {
    /// Name in the template.
    pub logical_id: String,
    /// `AWS::SQS::Queue`
    #[serde(rename = "type")]
    pub resource_type: String,
    /// As AWS writes it.
    pub status: String,
    /// AWS's words.
    pub reason: String,
    /// Where it is declared.
    #[serde(skip)]
    pub place: Option<Span>,
    /// The uses of components that it comes from, innermost first.
    #[serde(skip)]
    pub within: Arc<[Within]>,
}

impl Report {
    /// The exit code that says how it ended: the worst of all stacks.
    pub fn exit_code(&self) -> u8 {
        let any = |outcome: Outcome| self.stacks.iter().any(|s| s.outcome == outcome);
        if any(Outcome::Unknown) && !slip::is(Slip::UnknownIsZero) {
            4
        } else if any(Outcome::Failed) {
            1
        } else if any(Outcome::Stale) && !slip::is(Slip::StaleIsZero) {
            3
        } else if self.stopped && any(Outcome::NotStarted) {
            130
        } else {
            0
        }
    }

    /// The stack with that id.
    pub fn stack(&self, id: &str) -> Option<&StackReport> {
        self.stacks.iter().find(|s| s.id == id)
    }
}
