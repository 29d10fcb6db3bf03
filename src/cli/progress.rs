//! What people see while a plan is made and carried out: a live list on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::say_line;
use crate::apply::{self, Outcome};
use crate::plan::{self, StackAction};

/// Watches both engines.
pub(super) struct Progress {
    live: Option<MultiProgress>,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    /// `live` where a terminal that can redraw lines reads stderr.
    pub(super) fn new(live: bool) -> Self {
        let live = live.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { live, bars: Mutex::default() }
    }

    /// A line that stays.
    fn line(&self, text: &str) {
        match &self.live {
            Some(live) => drop(live.println(text)),
            None => say_line(text),
        }
    }

    /// What a stack does right now: its line on a terminal, nothing elsewhere.
    fn now(&self, stack: &str, text: String) {
        let Some(live) = &self.live else { return };
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(stack.to_owned()).or_insert_with(|| {
            let bar = live.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_prefix(stack.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        bar.set_message(text);
    }

    /// A stack is done with; its line goes.
    fn end(&self, stack: &str) {
        let bar = self.bars.lock().unwrap_or_else(PoisonError::into_inner).remove(stack);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}

impl plan::Observer for Progress {
    fn tell(&self, event: plan::Event) {
        match event {
            plan::Event::Waiting { stack, status, whose } => {
                let whose = whose.map(|w| format!(", begun by {w}")).unwrap_or_default();
                self.line(&format!("{stack}: waiting, {status}{whose}"));
                self.now(&stack, format!("waiting: {status}"));
            }
            plan::Event::Asking { stack } => self.now(&stack, "asking CloudFormation for the changes".to_owned()),
            plan::Event::Planned { stack } => self.end(&stack),
        }
    }
}

impl apply::Observer for Progress {
    fn tell(&self, event: apply::Event) {
        match event {
            apply::Event::Started { stack, action } => {
                self.line(&format!("{stack}: {}", begins(action)));
                self.now(&stack, "starting".to_owned());
            }
            apply::Event::Resource { stack, logical_id, resource_type, status, reason } => {
                let reason = reason.map(|r| format!(": {r}")).unwrap_or_default();
                if status.ends_with("_IN_PROGRESS") && reason.is_empty() {
                    self.now(&stack, format!("{logical_id} {status}"));
                } else {
                    self.line(&format!("{stack}: {logical_id} ({resource_type}) {status}{reason}"));
                }
            }
            apply::Event::Blind { stack, problem } => self.line(&format!("{stack}: no answer, trying on: {problem}")),
            apply::Event::Finished { stack, outcome } => {
                self.end(&stack);
                self.line(&format!("{stack}: {}", ended(outcome)));
            }
        }
    }
}

fn begins(action: StackAction) -> &'static str {
    match action {
        StackAction::None => "nothing to do",
        StackAction::Create => "creating",
        StackAction::Update => "updating",
        StackAction::Recreate => "deleting what is left of a failed creation, then creating",
        StackAction::Delete => "deleting",
    }
}

fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unchanged => "unchanged",
        Outcome::Done => "done",
        Outcome::NotStarted => "not started",
        Outcome::Stale => "left as it is, the plan no longer holds",
        Outcome::Failed => "failed",
        Outcome::Unknown => "outcome unknown",
    }
}
