//! What people see while a plan is made and carried out: a live list on a terminal, plain lines elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::hidden::shown;
use super::output::say_line;
use crate::apply::{self, Outcome};
use crate::host;
use crate::plan::{self, StackAction};

/// Watches both engines.
pub(super) struct Progress {
    live: Option<MultiProgress>,
    bars: Mutex<BTreeMap<String, Bar>>,
    /// What each stack was last said to wait for: said again only where it has changed.
    waiting: Mutex<BTreeMap<String, String>>,
    /// Stacks on which an operation of this run may be under way.
    begun: Mutex<BTreeSet<String>>,
}

/// The line of a stack that is under way.
struct Bar {
    line: ProgressBar,
    /// What it waits for, longest first: the resource, and when it began.
    waits: Vec<(String, String)>,
}

impl Progress {
    /// `live` where a terminal that can redraw lines reads stderr.
    pub(super) fn new(live: bool) -> Self {
        let live = live.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { live, bars: Mutex::default(), waiting: Mutex::default(), begun: Mutex::default() }
    }

    /// The stacks on which an operation may be under way.
    pub(super) fn under_way(&self) -> Vec<String> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A line that stays. Where no live line says since when, it carries the time.
    fn line(&self, text: &str) {
        let text = plan::clean(text);
        match &self.live {
            Some(live) => drop(live.println(shown(&text))),
            None => say_line(&format!("{} {text}", host::time_of_day())),
        }
    }

    /// What a stack does right now: its line on a terminal, nothing elsewhere.
    fn now(&self, stack: &str, text: &str) {
        self.on_bar(stack, |bar| bar.line.set_message(shown(&plan::clean(text)).into_owned()));
    }

    /// A resource begins, or has ended.
    fn resource(&self, stack: &str, logical_id: &str, runs: bool) {
        self.on_bar(stack, |bar| {
            let known = bar.waits.iter().any(|(id, _)| id == logical_id);
            match (runs, known) {
                (true, false) => bar.waits.push((logical_id.to_owned(), host::time_of_day())),
                (false, _) => bar.waits.retain(|(id, _)| id != logical_id),
                (true, true) => {}
            }
            let others = bar.waits.len().saturating_sub(1);
            let others = if others == 0 { String::new() } else { format!(", and for {others} more") };
            bar.line.set_message(match bar.waits.first() {
                Some((id, since)) => plan::clean(&format!("waits for {id} since {since}{others}")),
                None => String::new(),
            });
        });
    }

    fn on_bar(&self, stack: &str, work: impl FnOnce(&mut Bar)) {
        let Some(live) = &self.live else { return };
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        work(bars.entry(stack.to_owned()).or_insert_with(|| {
            let line = live.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg} {elapsed}") {
                line.set_style(style);
            }
            line.set_prefix(stack.to_owned());
            line.enable_steady_tick(Duration::from_millis(120));
            Bar { line, waits: Vec::new() }
        }));
    }

    /// An operation on a stack begins, or is met.
    fn begins(&self, stack: &str, operation: &str) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(stack.to_owned());
        self.line(&format!("{stack}: {operation}"));
        self.now(stack, "starting");
    }

    /// A stack is done with; its line goes.
    fn end(&self, stack: &str) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(stack);
        let bar = self.bars.lock().unwrap_or_else(PoisonError::into_inner).remove(stack);
        if let Some(bar) = bar {
            bar.line.finish_and_clear();
        }
    }
}

impl plan::Observer for Progress {
    fn tell(&self, event: plan::Event) {
        match event {
            plan::Event::Waiting { stack, status, whose } => {
                let whose = whose.map(|w| format!(", begun by {w}")).unwrap_or_default();
                let text = format!("{stack}: waiting, {status}{whose}");
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.insert(stack.clone(), text.clone()).as_ref() != Some(&text) {
                    self.line(&text);
                }
                drop(waiting);
                self.now(&stack, &format!("waiting: {status}"));
            }
            plan::Event::Asking { stack } => self.now(&stack, "asking CloudFormation for the changes"),
            plan::Event::Comparing { stack } => self.now(&stack, "CloudFormation looks for drift"),
            plan::Event::Uploading { stack, path, bytes } => {
                let text = format!("uploading {path} ({})", size(bytes));
                if bytes >= LARGE {
                    self.line(&format!("{stack}: {text}"));
                }
                self.now(&stack, &text);
            }
            plan::Event::Uploaded { stack, path, bucket } => {
                self.line(&format!("{stack}: uploaded {path} to {bucket}"));
            }
            plan::Event::Planned { stack } => self.end(&stack),
        }
    }
}

impl apply::Observer for Progress {
    fn tell(&self, event: apply::Event) {
        match event {
            apply::Event::Started { stack, action } => self.begins(&stack, begins(action)),
            apply::Event::Following { stack, operation } => self.begins(&stack, &operation),
            apply::Event::Resource { stack, logical_id, resource_type, status, reason } => {
                // AWS tells twice that a resource begins; that it ended, or why not, is what people look for.
                let runs = status.ends_with("_IN_PROGRESS");
                self.resource(&stack, &logical_id, runs);
                match reason {
                    Some(reason) if !runs => {
                        self.line(&format!("{stack}: {logical_id} ({resource_type}) {status}: {reason}"));
                    }
                    _ if !runs => self.line(&format!("{stack}: {logical_id} {status}")),
                    _ => {}
                }
            }
            apply::Event::Emptying { stack, logical_id, physical_id } => {
                self.line(&format!("{stack}: emptying {logical_id} ({physical_id})"));
                self.now(&stack, &format!("emptying {logical_id}"));
            }
            apply::Event::Blind { stack, problem } => self.line(&format!("{stack}: no answer, trying on: {problem}")),
            apply::Event::Finished { stack, outcome } => {
                self.end(&stack);
                self.line(&format!("{stack}: {}", ended(outcome)));
            }
        }
    }
}

/// An upload of so many bytes may take long enough to ask what is going on.
const LARGE: u64 = 5_000_000;

/// `12.3 MB`
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
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
