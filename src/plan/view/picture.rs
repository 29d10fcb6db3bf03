//! The stacks of a plan, drawn: who needs whom, and what happens to each.

use std::collections::BTreeMap;

use crate::graph::{Drawing, Dress};
use crate::plan::view::html::class;
use crate::plan::view::value::clean;
use crate::plan::view::words::{self, Tone};
use crate::plan::{Counts, Origin, Plan, Purpose, StackPlan};

/// With more stacks, those that nothing happens to are left out.
const MANY: usize = 60;

/// A drawing and what to say above it.
pub(super) struct Picture {
    pub(super) svg: String,
    pub(super) caption: String,
}

/// None where there is nothing to see: no stack, or one alone.
pub(super) fn draw(plan: &Plan) -> Option<Picture> {
    let all = plan.stacks.len();
    let shows = |stack: &StackPlan| all <= MANY || stack.has_changes();
    let shown: Vec<(usize, &StackPlan)> = plan.stacks.iter().enumerate().filter(|(_, stack)| shows(stack)).collect();
    if shown.len() < 2 {
        return None;
    }
    let index: BTreeMap<&str, usize> =
        shown.iter().enumerate().map(|(at, (_, stack))| (stack.id.as_str(), at)).collect();
    let mut edges = Vec::new();
    for (at, (_, stack)) in shown.iter().enumerate() {
        for other in &stack.after {
            let Some(to) = index.get(other.as_str()) else { continue };
            let outputs = read(plan, stack, other);
            if outputs.is_empty() {
                edges.push((at, *to, "(order)".to_owned()));
            }
            edges.extend(outputs.into_iter().map(|output| (at, *to, output)));
        }
    }
    let nodes: Vec<(String, String)> = shown.iter().map(|(_, stack)| (clean(&stack.id), kind(stack))).collect();
    let drawing = Drawing::new(&nodes, edges);
    let dress = |at: usize| match shown.get(at) {
        Some((number, stack)) if stack.has_changes() => {
            Dress { class: class(tone(stack)), link: Some(format!("#stack-{number}")) }
        }
        _ => Dress { class: class(Tone::Quiet), link: None },
    };
    let order = match plan.purpose {
        Purpose::Deploy => "From left to right as they are deployed; an arrow points at what a stack needs.",
        Purpose::Destroy => "From left to right as they are deleted; an arrow points at what has to go before.",
    };
    let left_out = all - shown.len();
    let rest = if left_out > 0 { format!(" {left_out} unchanged ones are left out.") } else { String::new() };
    Some(Picture { svg: drawing.to_svg_part(&dress), caption: format!("{order}{rest}") })
}

/// The outputs of `other` that a stack reads; where stacks go, those that `other` reads of it.
fn read(plan: &Plan, stack: &StackPlan, other: &str) -> Vec<String> {
    let (reader, from) = match plan.purpose {
        Purpose::Deploy => (Some(stack), other),
        Purpose::Destroy => (plan.stack(other), stack.id.as_str()),
    };
    let parameters = reader.into_iter().flat_map(|reader| reader.parameters.values());
    let output = |origin: &Origin| match origin {
        Origin::Output { stack, name } if stack == from => Some(clean(name)),
        _ => None,
    };
    parameters.filter_map(|parameter| output(&parameter.origin)).collect()
}

/// The worst that happens to a stack.
pub(super) fn tone(stack: &StackPlan) -> Tone {
    let own = words::stack_verb(stack).tone;
    stack.changes.iter().map(|change| words::verb(change).tone).chain([own]).max().unwrap_or(own)
}

/// The second line of a node: what happens, without colour.
fn kind(stack: &StackPlan) -> String {
    let verb = words::stack_verb(stack);
    let mut counts = Counts::default();
    stack.count(&mut counts);
    let worst: Vec<String> =
        [(counts.replace, "replaced"), (counts.may_replace, "may be replaced"), (counts.delete, "deleted")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}"))
            .collect();
    let what = format!("{} {}", verb.sign, verb.word);
    let worst = if worst.is_empty() { String::new() } else { format!(": {}", worst.join(", ")) };
    format!("{}{worst}", what.trim_start())
}
