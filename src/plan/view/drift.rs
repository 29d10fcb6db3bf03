//! Drift as people and machines read it.

use serde_json::{Value, json};

use crate::plan::drift::{Drift, DriftedProperty, DriftedResource, Found, StackDrift};
use crate::plan::view::markdown::code;
use crate::plan::view::value::{clean, pieces, shown};

/// What nobody can tell from a plan.
const WAY_OUT: &str = "A plan compares templates, so it does not show these changes, and an apply may leave them as they are. \
    Undo them where they were made, write them into the source, or say `@ignore_drift`.";

/// The drift as JSON, with what the text concludes. Secrets are not in it.
pub fn to_json(drift: &Drift) -> Value {
    let mut value = serde_json::to_value(drift).unwrap_or_else(|e| json!({ "error": e.to_string() }));
    if let Some(object) = value.as_object_mut() {
        object.insert("drifted".to_owned(), json!(drift.is_drifted()));
        object.insert("complete".to_owned(), json!(drift.problems.is_empty()));
    }
    value
}

/// The drift as text, for lines of that many columns.
pub fn to_text(drift: &Drift, width: usize) -> String {
    let mut out = String::new();
    for stack in &drift.stacks {
        out.push_str(&format!("{}: {}\n", clean(&stack.id), word(stack)));
        for resource in &stack.resources {
            out.push_str(&format!("  {}\n", head(resource)));
            for property in &resource.properties {
                for line in lines(property, width.saturating_sub(6)) {
                    out.push_str(&format!("      {line}\n"));
                }
            }
        }
    }
    out.push_str(&format!("\n{}\n", summary(drift)));
    if drift.is_drifted() {
        pieces(WAY_OUT, width).iter().for_each(|line| out.push_str(&format!("{}\n", line.trim_end())));
    }
    out
}

/// The drift as Markdown, for an issue or a comment.
pub fn to_markdown(drift: &Drift) -> String {
    let place = drift.env.as_deref().map(|env| format!(" for {}", code(env))).unwrap_or_default();
    let mut out = format!("### Drift of {}{place}\n\n**{}**\n", code(&drift.project), summary(drift));
    if drift.is_drifted() {
        out.push_str(&format!("\n{WAY_OUT}\n"));
    }
    let (drifted, others): (Vec<_>, Vec<_>) = drift.stacks.iter().partition(|stack| stack.found == Found::Drifted);
    for stack in drifted {
        out.push_str(&format!("\n#### {}\n\n", code(&stack.id)));
        out.push_str("| resource | property | template | AWS | line |\n| --- | --- | --- | --- | --- |\n");
        for resource in &stack.resources {
            let name = format!("{} {}", code(&resource.logical_id), code(&resource.resource_type));
            let line =
                |place: &Option<String>| place.as_deref().or(resource.place.as_deref()).map(code).unwrap_or_default();
            if resource.deleted {
                out.push_str(&format!("| {name} | | | **deleted** | {} |\n", line(&None)));
            }
            for property in &resource.properties {
                let [expected, actual] =
                    sides(property).map(|side| side.map_or("*none*".to_owned(), |side| code(&side)));
                let path = code(&property.path);
                out.push_str(&format!("| {name} | {path} | {expected} | {actual} | {} |\n", line(&property.place)));
            }
        }
    }
    if !others.is_empty() {
        out.push('\n');
    }
    for stack in others {
        out.push_str(&format!("- {}: {}\n", code(&stack.id), word(stack)));
    }
    out
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn word(stack: &StackDrift) -> String {
    let mut word = match stack.found {
        Found::NotDeployed => return "not deployed".to_owned(),
        Found::InSync => format!("in sync, {} compared", plural(stack.compared, "resource")),
        Found::Drifted => format!("drifted, {} of {}", stack.resources.len(), plural(stack.compared, "resource")),
    };
    if stack.unsupported > 0 {
        word.push_str(&format!("; {} cannot be", stack.unsupported));
    }
    if stack.ignored > 0 {
        word.push_str(&format!("; {} left out, as the source says", plural(stack.ignored, "difference")));
    }
    word
}

fn summary(drift: &Drift) -> String {
    let drifted: Vec<&StackDrift> = drift.stacks.iter().filter(|stack| stack.found == Found::Drifted).collect();
    let resources: usize = drifted.iter().map(|stack| stack.resources.len()).sum();
    let stacks = plural(drift.stacks.len(), "stack");
    let unread = if drift.problems.is_empty() { "" } else { "; not all could be compared" };
    match resources {
        0 => format!("No drift in {stacks}{unread}."),
        _ => format!("Drift in {} of {stacks}: {}{unread}.", drifted.len(), plural(resources, "resource")),
    }
}

fn head(resource: &DriftedResource) -> String {
    let sign = if resource.deleted { "-" } else { "~" };
    let place = resource.place.as_deref().map(|place| format!(", {}", clean(place))).unwrap_or_default();
    let deleted = if resource.deleted { ": deleted" } else { "" };
    format!("{sign} {} ({}{place}){deleted}", clean(&resource.logical_id), clean(&resource.resource_type))
}

fn sides(property: &DriftedProperty) -> [Option<String>; 2] {
    [&property.expected, &property.actual].map(|side| side.as_ref().map(shown))
}

/// On one line where it fits: `Delay: 30 -> 60  main.infra:7`.
fn lines(property: &DriftedProperty, width: usize) -> Vec<String> {
    let [expected, actual] = sides(property).map(|side| side.unwrap_or_else(|| "(none)".to_owned()));
    let path = clean(&property.path);
    let place = property.place.as_deref().map(|place| format!("  {}", clean(place))).unwrap_or_default();
    let line = format!("{path}: {expected} -> {actual}{place}");
    if line.chars().count() <= width {
        return vec![line];
    }
    let side = |word: &str, text: &str| {
        pieces(&format!("{word} {text}"), width.saturating_sub(2)).into_iter().map(|piece| format!("  {piece}"))
    };
    let head = format!("{path}:{place}");
    std::iter::once(head).chain(side("template", &expected)).chain(side("AWS     ", &actual)).collect()
}
