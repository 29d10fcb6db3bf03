//! A plan as annotations of GitHub: what it does as a whole, and what loses data, beside the line that says it.

use crate::diagnostics::annotation;
use crate::plan::view::words;
use crate::plan::{Change, Plan};

/// Workflow commands, one a line. `folder` is the project's place in the repository, with `/` at its end, or empty.
pub fn to_github(plan: &Plan, folder: &str) -> String {
    let title = match &plan.env {
        Some(env) => format!("plan of {} for {env}", plan.project),
        None => format!("plan of {}", plan.project),
    };
    let mut out = annotation("notice", None, &title, &words::summary(plan));
    for stack in &plan.stacks {
        for change in stack.changes.iter().filter(|change| words::loses(change)) {
            out.push_str(&warning(&stack.id, change, folder));
        }
    }
    out
}

fn warning(stack: &str, change: &Change, folder: &str) -> String {
    let place = change.place.as_ref().and_then(|place| place.rsplit_once(':'));
    let place = place.map(|(file, line)| (format!("{folder}{file}"), line));
    let fate = words::fate(change).map_or("", |(text, _)| text);
    let verb = words::verb(change).word;
    let message = format!("{verb} {} ({}) of {stack}: {fate}", change.logical_id, change.resource_type);
    annotation("warning", place.as_ref().map(|(file, line)| (file.as_str(), *line)), "data is lost", &message)
}
