//! The user's own lines: where what changes is said.

use crate::plan::drift::Drift;
use crate::plan::wanted::Desired;
use crate::plan::{Plan, PropertyChange};
use crate::semantics::Program;
use crate::source::{Sources, Span};
use crate::template::provenance::{self, Place};

/// Notes at each resource, and at each property that the source says, the file and line of it.
pub fn locate(plan: &mut Plan, desired: &Desired, program: &Program, sources: &Sources) {
    let line = |span: Span| {
        let at = sources.locate(span);
        format!("{}:{}", at.file, at.line)
    };
    for stack in &mut plan.stacks {
        let Some(wanted) = desired.get(&stack.id) else { continue };
        for change in &mut stack.changes {
            let Some(place) = wanted.places.get(&change.logical_id) else { continue };
            let declared = written(place);
            for property in &mut change.properties {
                property.place = of_property(property, |path| {
                    let span = provenance::locate(program, &wanted.places, &change.logical_id, path)?;
                    (span != place.span && !is_built_in(span)).then(|| line(span))
                });
            }
            change.place = Some(line(declared));
        }
    }
}

/// The same at what drifted.
pub fn locate_drift(drift: &mut Drift, desired: &Desired, program: &Program, sources: &Sources) {
    let line = |span: Span| {
        let at = sources.locate(span);
        format!("{}:{}", at.file, at.line)
    };
    for stack in &mut drift.stacks {
        let Some(wanted) = desired.get(&stack.id) else { continue };
        for resource in &mut stack.resources {
            let Some(place) = wanted.places.get(&resource.logical_id) else { continue };
            for property in &mut resource.properties {
                let path: Vec<&str> = property.path.split('.').collect();
                let span = provenance::locate(program, &wanted.places, &resource.logical_id, &path);
                property.place = span.filter(|span| *span != place.span && !is_built_in(*span)).map(line);
            }
            resource.place = Some(line(written(place)));
        }
    }
}

/// Where people wrote it: of what a component of the standard library makes, where that is used.
fn written(place: &Place) -> Span {
    let uses = place.within.iter().map(|within| within.span);
    std::iter::once(place.span).chain(uses).find(|span| !is_built_in(*span)).unwrap_or(place.span)
}

fn is_built_in(span: Span) -> bool {
    span.file.built_in_at().is_some()
}

/// Nothing for what changes for another reason than its own text.
fn of_property(property: &PropertyChange, find: impl Fn(&[&str]) -> Option<String>) -> Option<String> {
    let path: Vec<&str> = property.path.split('.').filter(|step| !step.is_empty()).collect();
    if property.cause.is_some() || path.is_empty() { None } else { find(&path) }
}
