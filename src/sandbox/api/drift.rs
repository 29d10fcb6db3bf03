//! Looking for drift.

use serde_json::Value;

use crate::sandbox::api::describe::named;
use crate::sandbox::api::{Outcome, page, result};
use crate::sandbox::clock::{Pace, iso};
use crate::sandbox::drift::{Detection, Found, look};
use crate::sandbox::facts::{Answer, invalid};
use crate::sandbox::ids;
use crate::sandbox::model::Stack;
use crate::sandbox::status::StackStatus;
use crate::sandbox::wire::{Params, Xml};
use crate::sandbox::world::{Caller, World};

/// Polls that a look takes.
const STEPS: u32 = 2;

pub(super) fn detect(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let key = named(world, caller, params)?;
    let told = world.script.drift.clone();
    let pace = world.settings.pace;
    let outcome = world.visit(caller, &key, |stack, context| {
        let (id, now) = (stack.place.stack_id.clone(), context.time.now());
        // [A]
        if !matches!(
            stack.status,
            StackStatus::CreateComplete
                | StackStatus::UpdateComplete
                | StackStatus::UpdateRollbackComplete
                | StackStatus::UpdateRollbackFailed
        ) {
            let status = stack.status.as_str();
            return Err(invalid(format!("Drift detection cannot be performed on stack [{id}] in {status} state"))); // [J]
        }
        ripen(stack, pace, now, false);
        if stack.drift.as_ref().is_some_and(|look| !look.is_done()) {
            return Err(invalid(format!("Drift detection is already in progress for stack [{id}]"))); // [F]
        }
        let before = stack.drift.as_ref().map(|look| look.id.clone()).unwrap_or_default();
        let found = look(stack, &told, context.types);
        let look = ids::uuid(&["drift", &id, &before]);
        stack.drift = Some(Detection { id: look.clone(), at: now, left: STEPS, found });
        stack.dirty = true;
        Ok(look)
    });
    let id: Answer<String> = outcome.unwrap_or_else(|| Ok(String::new()));
    let id = id?;
    result(|xml| xml.put("StackDriftDetectionId", id))
}

pub(super) fn detection(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let id = params.text("StackDriftDetectionId").unwrap_or_default();
    let is_it = |stack: &Stack| stack.drift.as_ref().is_some_and(|look| look.id == id);
    let key = world.region(caller).iter().find(|(_, stack)| is_it(stack)).map(|(key, _)| key.clone());
    let key = key.ok_or_else(|| invalid(format!("Drift detection with id {id} does not exist")))?; // [J]
    let pace = world.settings.pace;
    let told = world.visit(caller, &key, |stack, context| {
        ripen(stack, pace, context.time.now(), true);
        let mut xml = Xml::default();
        xml.put("StackId", &stack.place.stack_id);
        xml.put("StackDriftDetectionId", &id);
        if let Some(look) = &stack.drift {
            xml.put("DetectionStatus", if look.is_done() { "DETECTION_COMPLETE" } else { "DETECTION_IN_PROGRESS" });
            if look.is_done() {
                xml.put("StackDriftStatus", look.status());
                xml.put("DriftedStackResourceCount", look.drifted().to_string());
            }
            xml.put("Timestamp", iso(look.at));
        }
        xml.finish()
    });
    Ok(told)
}

/// A look comes closer to its end: where time drives it, by the clock, otherwise with each question about it.
fn ripen(stack: &mut Stack, pace: Pace, now: u64, asked: bool) {
    let Some(look) = stack.drift.as_mut().filter(|look| !look.is_done()) else { return };
    look.left = match pace {
        Pace::Polls { .. } => look.left - u32::from(asked),
        Pace::Elapsed { step } if look.at.saturating_add(step * u64::from(look.left)) <= now => 0,
        Pace::Elapsed { .. } => look.left,
    };
    stack.dirty = true;
}

pub(super) fn resources(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let key = named(world, caller, params)?;
    let size = world.settings.items_per_page;
    let done = |stack: &Stack| stack.drift.clone().filter(Detection::is_done);
    let stack = world.region(caller).get(&key);
    let id = stack.map(|stack| stack.place.stack_id.clone()).unwrap_or_default();
    let look = stack.and_then(done);
    let at = look.as_ref().map(|look| look.at).unwrap_or_default();
    let (shown, next) = page(look.map(|look| look.found).unwrap_or_default(), params, size)?;
    result(|xml| {
        xml.list("StackResourceDrifts", &shown, |xml, found| {
            xml.put("StackId", &id);
            resource(xml, found);
            xml.put("Timestamp", iso(at));
        });
        xml.maybe("NextToken", next.as_ref());
    })
}

fn resource(xml: &mut Xml, found: &Found) {
    xml.put("LogicalResourceId", &found.logical);
    xml.put("PhysicalResourceId", &found.physical);
    xml.put("ResourceType", &found.kind);
    xml.put("StackResourceDriftStatus", &found.status);
    if found.status == "NOT_CHECKED" {
        return;
    }
    xml.put("ExpectedProperties", found.expected.to_string());
    if found.status != "DELETED" {
        xml.put("ActualProperties", found.actual.to_string());
    }
    xml.list("PropertyDifferences", &found.differences, |xml, one| {
        xml.put("PropertyPath", &one.path);
        xml.put("ExpectedValue", text(one.expected.as_ref()));
        xml.put("ActualValue", text(one.actual.as_ref()));
        xml.put(
            "DifferenceType",
            match (&one.expected, &one.actual) {
                (None, _) => "ADD",
                (_, None) => "REMOVE",
                _ => "NOT_EQUAL",
            },
        );
    });
}

/// A text as it is, JSON of what is more.
fn text(value: Option<&Value>) -> String {
    match value {
        None => "null".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
