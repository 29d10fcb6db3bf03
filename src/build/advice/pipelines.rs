//! Pipelines: what an action reads was written before, and an action elsewhere has what it needs there.

use std::sync::Arc;

use super::made;
use super::walk::Seen;
use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::semantics::model::{Instance, Within};
use crate::semantics::value::{Object, Value};
use crate::source::Span;

mod artifacts;
mod elsewhere;

pub(super) fn check(seen: &Seen<'_>, instance: &Instance, made: &made::All, found: &mut Vec<Diagnostic>) {
    if seen.resource.ty.as_str() != "AWS::CodePipeline::Pipeline" {
        return;
    }
    let Value::Object(pipeline) = &seen.resource.properties else { return };
    let actions = actions(pipeline);
    artifacts::check(seen, &actions, hides_a_writer(pipeline), found);
    elsewhere::check(seen, (instance, made), pipeline, &actions, found);
}

/// Whether a mistake, which is told already, hides an action or what one writes.
fn hides_a_writer(pipeline: &Object) -> bool {
    let hides = |object: &Object, name: &str| match object.get(Name::new(name)) {
        Some(Value::List(items)) => items.iter().any(|item| matches!(item, Value::Unknown)),
        value => matches!(value, Some(Value::Unknown)),
    };
    let is_nameless = |artifact: &Object| matches!(artifact.get(Name::new("Name")), Some(Value::Unknown));
    let hides_artifact =
        |action| hides(action, "OutputArtifacts") || objects(action, "OutputArtifacts").into_iter().any(is_nameless);
    let hides_action = |stage| hides(stage, "Actions") || objects(stage, "Actions").into_iter().any(hides_artifact);
    hides(pipeline, "Stages") || objects(pipeline, "Stages").into_iter().any(hides_action)
}

/// An action of a pipeline.
struct Action<'v> {
    properties: &'v Object,
    /// Which stage and which action, from 0.
    at: (usize, usize),
}

impl<'v> Action<'v> {
    fn get(&self, key: &str) -> Option<&'v Value> {
        self.properties.get(Name::new(key))
    }

    fn setting(&self, key: &str) -> Option<&'v Value> {
        match self.get("Configuration") {
            Some(Value::Object(settings)) => settings.get(Name::new(key)),
            _ => None,
        }
    }

    fn name(&self) -> &'v str {
        match self.get("Name") {
            Some(Value::Str(name)) => name,
            _ => "an action",
        }
    }

    fn is_made(&self) -> bool {
        self.properties.call().is_some()
    }

    /// Where it stands: the call that made it, else its property.
    fn span(&self, seen: &Seen<'_>, within: &[&str]) -> Span {
        self.properties.call().unwrap_or_else(|| {
            let (stage, action) = (self.at.0.to_string(), self.at.1.to_string());
            seen.at(&[&["Stages", &stage, "Actions", &action], within].concat())
        })
    }

    /// Adds where the component is used that the action is in, unless the call that made the action is shown.
    fn told(&self, seen: &Seen<'_>, problem: Diagnostic) -> Diagnostic {
        if self.is_made() { problem } else { Within::tell(&seen.resource.within, problem) }
    }
}

fn actions(pipeline: &Object) -> Vec<Action<'_>> {
    let mut all = Vec::new();
    for (i, stage) in objects(pipeline, "Stages").into_iter().enumerate() {
        let here = objects(stage, "Actions").into_iter().enumerate();
        all.extend(here.map(|(j, properties)| Action { properties, at: (i, j) }));
    }
    all
}

/// The objects in a list.
fn objects<'v>(object: &'v Object, name: &str) -> Vec<&'v Object> {
    match object.get(Name::new(name)) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Object(item) => Some(&**item),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The names of artifacts, so far as they are texts.
fn artifacts(action: &Object, property: &str) -> Vec<Arc<str>> {
    let all = objects(action, property).into_iter().filter_map(|item| match item.get(Name::new("Name")) {
        Some(Value::Str(name)) => Some(name.clone()),
        _ => None,
    });
    all.collect()
}
