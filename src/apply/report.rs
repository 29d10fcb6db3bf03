//! Views of a report.

use serde_json::{Value, json};

use crate::apply::{Failure, Outcome, Report, StackReport};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::{StackAction, Vessel, clean};
use crate::semantics::model::Within;

/// The report as JSON, with the exit code.
pub fn to_json(report: &Report) -> Value {
    let mut value = serde_json::to_value(report).unwrap_or_else(|e| json!({ "error": e.to_string() }));
    if let Some(object) = value.as_object_mut() {
        object.insert("exit_code".to_owned(), json!(report.exit_code()));
    }
    value
}

/// The report as text: a line for each stack that was to change, then one that sums up.
///
/// The causes are diagnostics ([`Report::diagnostics`]), so that they are drawn at their lines of the source.
pub fn to_text(report: &Report) -> String {
    let mut out = String::new();
    let mut counts = [0_usize; 6];
    for stack in &report.stacks {
        if let Some(count) = counts.get_mut(stack.outcome as usize) {
            *count += 1;
        }
        if stack.outcome == Outcome::Unchanged {
            continue;
        }
        let reason = stack.reason.as_deref().filter(|_| stack.outcome == Outcome::NotStarted);
        let reason = reason.map(|r| format!(": {}", clean(r))).unwrap_or_default();
        out.push_str(&format!("{:<12} {}{reason}\n", word(stack), clean(&stack.id)));
        for note in &stack.notes {
            out.push_str(&format!("{:<12} note: {}\n", "", clean(note)));
        }
    }
    let names = ["unchanged", "done", "not started", "no longer as planned", "failed", "unknown"];
    let parts: Vec<String> =
        counts.iter().zip(names).filter(|(n, _)| **n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&format!("{}\n", if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }));
    out
}

fn word(stack: &StackReport) -> &'static str {
    match (stack.outcome, stack.action) {
        (Outcome::Done, StackAction::Create | StackAction::Recreate) => "created",
        (Outcome::Done, StackAction::Delete) => "deleted",
        (Outcome::Done, _) => "updated",
        (Outcome::Unchanged, _) => "unchanged",
        (Outcome::NotStarted, _) => "not started",
        (Outcome::Stale, _) => "stale",
        (Outcome::Failed, _) => "failed",
        (Outcome::Unknown, _) => "unknown",
    }
}

impl Report {
    /// What went wrong, root causes first, each at its line of the source.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.stacks.iter().filter_map(of_stack).collect()
    }
}

fn of_stack(stack: &StackReport) -> Option<Diagnostic> {
    let reason = stack.reason.clone().unwrap_or_default();
    let diagnostic = match (stack.outcome, &stack.cause) {
        (Outcome::Failed, Some(cause)) => return Some(of_failure(stack, cause)),
        (Outcome::Failed, None) => Diagnostic::new(Code::AwsCall, reason),
        (Outcome::Stale, _) => {
            Diagnostic::new(Code::StalePlan, format!("the plan for `{}` no longer holds: {reason}", stack.id))
        }
        (Outcome::Unknown, _) => Diagnostic::new(
            Code::OutcomeUnknown,
            format!("how the change of `{}` ended is not known: {reason}", stack.id),
        ),
        (Outcome::Unchanged | Outcome::Done | Outcome::NotStarted, _) => return None,
    };
    Some(match &stack.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    })
}

fn of_failure(stack: &StackReport, cause: &Failure) -> Diagnostic {
    let message = format!(
        "`{}` ({}) of `{}` failed: {}",
        cause.logical_id,
        cause.resource_type,
        stack.id,
        clean(cause.reason.trim_end_matches('.'))
    );
    let mut diagnostic = Diagnostic::new(Code::ResourceFailed, message);
    if let Some(place) = cause.place {
        diagnostic = Within::tell(&cause.within, diagnostic.at(place, cause.status.clone()));
    }
    for further in stack.further.iter().filter(|f| f.logical_id != cause.logical_id) {
        if let Some(place) = further.place {
            diagnostic = diagnostic.at(place, format!("failed too: {}", clean(&further.reason)));
        }
    }
    let left = stack.reason.clone().unwrap_or_default();
    if stack.action == StackAction::Delete && is_full(cause) {
        return diagnostic.help(format!("`infra destroy --empty` deletes what is in it, too, for good; {left}"));
    }
    diagnostic.help(format!("mend the cause and apply again, it goes on from there; {left}"))
}

/// AWS deletes no bucket and no repository in which something is.
fn is_full(cause: &Failure) -> bool {
    let says = |words: &str| cause.reason.contains(words);
    Vessel::of(&cause.resource_type).is_some() && (says("not empty") || says("contains images"))
}

/// What stayed behind although all ended well.
pub(crate) fn left(orphan: &Failure) -> String {
    format!("{} ({}) could not be removed and stays in AWS: {}", orphan.logical_id, orphan.resource_type, orphan.reason)
}
