//! Change sets: made, looked at, executed, dropped.

use std::collections::BTreeMap;

use crate::sandbox::api::{Outcome, page, request, result};
use crate::sandbox::clock::{Pace, iso};
use crate::sandbox::diff::Comparison;
use crate::sandbox::engine::{self, Start};
use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::ids;
use crate::sandbox::model::{Change, ChangeSet, Desired, Detail, Finding, OnFailure, Phase, Stack};
use crate::sandbox::records::fixed_name;
use crate::sandbox::status::{ChangeSetStatus, ExecutionStatus, StackStatus};
use crate::sandbox::template::{self, Template};
use crate::sandbox::wire::{Params, Xml};
use crate::sandbox::world::{Caller, Key, World};
use crate::sandbox::{check, model};

type Verdict = (ChangeSetStatus, ExecutionStatus, Option<String>);

pub(super) fn create(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let stack_name = request::stack_name(params)?;
    let name = change_set_name(params)?;
    let kind = params.text("ChangeSetType").unwrap_or_else(|| "UPDATE".to_owned());
    let token = params.text("ClientToken");
    let digest = ids::hex(&[&params.without(&[])]);
    let found = world.find(caller, &stack_name);
    if let Some(key) = &found
        && let Some(stack) = world.region(caller).get(key)
        && let Some(id) = request::replay(stack, "CreateChangeSet", token.as_deref(), &digest)?
    {
        return answer(&id, &stack.place.stack_id);
    }
    let types = world.settings.types;
    let before = found.as_ref().and_then(|key| world.region(caller).get(key));
    allowed(&kind, before, &stack_name, &name)?;
    if let Some(stack) = before {
        if stack.change_set_by(&name).is_some_and(|set| !set.ran()) {
            return Err(facts::change_set_exists(&name));
        }
        if stack.change_sets.len() >= facts::CHANGE_SET_LIMIT {
            return Err(facts::too_many_change_sets(&stack.place.stack_name));
        }
    }
    let (desired, template) = request::desired(params, before.filter(|stack| !stack.resources.is_empty()), types)?;
    let on_failure = params.text("OnStackFailure");
    let key = match found {
        Some(key) => key,
        None => raise(world, caller, &stack_name)?,
    };
    let (early, steps) = (world.settings.early_validation, world.settings.change_set_steps);
    let id = world.visit(caller, &key, |stack, context| {
        let count =
            stack.events.len().to_string() + &stack.change_sets.len().to_string() + &stack.tokens.len().to_string();
        let uuid = ids::uuid(&[&stack.place.stack_id, "change set", &name, &count, &digest]);
        let partition = model::partition(&stack.place.region);
        let place = &stack.place;
        let id = format!("arn:{partition}:cloudformation:{}:{}:changeSet/{name}/{uuid}", place.region, place.account);
        let (changes, findings, verdict) = judge(stack, context, &desired, &template, early);
        let change_set = ChangeSet {
            id: id.clone(),
            name: name.clone(),
            kind: kind.clone(),
            description: params.text("Description"),
            status: ChangeSetStatus::CreatePending,
            execution: ExecutionStatus::Unavailable,
            reason: None,
            created: context.time.stamp(),
            desired,
            changes,
            on_failure,
            findings,
            operation: ids::uuid(&[&id, "operation"]),
            left: steps,
            verdict,
        };
        engine::note_operation(stack, &change_set.operation, "CREATE_CHANGESET");
        stack.change_sets.insert(id.clone(), change_set);
        request::record(stack, "CreateChangeSet", token.as_deref(), &digest, &id);
        stack.dirty = true;
        if let Some(change_set) = stack.change_sets.get_mut(&id).filter(|set| set.left == 0) {
            reveal(change_set);
        }
        (id, stack.place.stack_id.clone())
    });
    let (id, stack_id) = id.unwrap_or_default();
    answer(&id, &stack_id)
}

fn answer(id: &str, stack_id: &str) -> Outcome {
    result(|xml| {
        xml.put("Id", id);
        xml.put("StackId", stack_id);
    })
}

/// The stack that a change set of type CREATE brings with it.
fn raise(world: &mut World, caller: &Caller, name: &str) -> Answer<Key> {
    let stack = request::shell(world, caller, name)?;
    let key = (name.to_owned(), stack.generation);
    world.region(caller).insert(key.clone(), stack);
    world.visit(caller, &key, |stack, context| {
        engine::turn(stack, context, StackStatus::ReviewInProgress, Some(facts::USER_INITIATED.to_owned()));
    });
    Ok(key)
}

fn change_set_name(params: &Params) -> Answer<String> {
    let name = params.text("ChangeSetName").unwrap_or_default();
    let good = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= 128
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if good {
        return Ok(name);
    }
    let rule = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/]*";
    Err(facts::constraint(&name, "changeSetName", rule))
}

/// Whether such a change set may be made of the stack as it is.
fn allowed(kind: &str, before: Option<&Stack>, stack_name: &str, name: &str) -> Answer<()> {
    match (kind, before) {
        ("CREATE", None) if stack_name.starts_with("arn:") => Err(facts::no_stack(stack_name)),
        ("CREATE", None) => Ok(()),
        ("CREATE", Some(stack)) if stack.status == StackStatus::ReviewInProgress => Ok(()),
        ("CREATE", Some(_)) => Err(facts::change_set_on_existing(stack_name, name)),
        ("UPDATE", None) => Err(facts::no_stack(stack_name)),
        ("UPDATE", Some(stack)) if stack.status == StackStatus::ReviewInProgress => Err(facts::no_stack(stack_name)),
        ("UPDATE", Some(stack)) if stack.status.updatable() || stack.status == StackStatus::UpdateFailed => Ok(()),
        ("UPDATE", Some(stack)) => Err(facts::not_updatable(&stack.place.stack_id, stack.status.as_str())),
        ("IMPORT", _) => Err(invalid("Change sets of type IMPORT are not known to this sandbox yet")),
        (other, _) => Err(facts::constraint(
            other,
            "changeSetType",
            "Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]",
        )),
    }
}

/// Works out what would change, and whether anything does.
fn judge(
    stack: &Stack,
    context: &engine::Context<'_>,
    desired: &Desired,
    new: &Template,
    early: bool,
) -> (Vec<Change>, Vec<Finding>, Verdict) {
    let failed = |reason: String| (ChangeSetStatus::Failed, ExecutionStatus::Unavailable, Some(reason));
    let existing = (stack.status != StackStatus::ReviewInProgress).then_some(stack);
    let old = existing.and_then(|stack| template::read(&stack.current.body).ok()).unwrap_or_default();
    let exports = |name: &str| context.export(name).map(|(_, value)| value);
    let place = &stack.place;
    let comparison =
        Comparison { types: context.types, place, stack: existing, old: &old, new, desired, exports: &exports };
    let compared = match comparison.run() {
        Ok(compared) => compared,
        Err(reason) => return (Vec::new(), Vec::new(), failed(reason)),
    };
    let findings = if early { findings(stack, context, &compared.changes) } else { Vec::new() };
    if let Some(first) = findings.first() {
        let reason = format!(
            "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
            first.check
        );
        return (Vec::new(), findings, failed(reason));
    }
    if compared.changes.is_empty() && !compared.others {
        return (Vec::new(), Vec::new(), failed(facts::NO_CHANGES.to_owned()));
    }
    let missing = missing_imports(&comparison);
    let warning = missing.map(|(logical, export)| {
        format!("[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation failed for resource [{logical}] because: No export named {export} found.")
    });
    (compared.changes, Vec::new(), (ChangeSetStatus::CreateComplete, ExecutionStatus::Available, warning))
}

/// The first literal import that nobody exports.
fn missing_imports(comparison: &Comparison<'_>) -> Option<(String, String)> {
    fn walk(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            serde_json::Value::Object(fields) => {
                found.extend(fields.get("Fn::ImportValue").and_then(|name| name.as_str()).map(str::to_owned));
                fields.values().for_each(|item| walk(item, found));
            }
            _ => {}
        }
    }
    comparison.new.resources.iter().find_map(|(logical, declared)| {
        let mut names = Vec::new();
        walk(&declared.properties, &mut names);
        let missing = names.into_iter().find(|name| (comparison.exports)(name).is_none())?;
        Some((logical.clone(), missing))
    })
}

/// Early validation: properties that the type refuses, names that are taken.
fn findings(stack: &Stack, context: &engine::Context<'_>, changes: &[Change]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in changes {
        let after = change.after.as_deref().and_then(|after| serde_json::from_str::<serde_json::Value>(after).ok());
        let Some(properties) = after.as_ref().and_then(|after| after.get("Properties")) else { continue };
        let finding = |check: &str, path: String, reason: String| Finding {
            logical: change.logical.clone(),
            kind: change.kind.clone(),
            check: format!("AWS::EarlyValidation::{check}"),
            path,
            reason,
        };
        for problem in check::problems(context.types, &change.kind, properties) {
            // A masked secret is not the value that counts.
            if problem.text.contains(facts::MASK) {
                continue;
            }
            let path = format!("/Resources/{}/Properties{}", change.logical, problem.path);
            findings.push(finding("PropertyValidation", path, problem.text));
        }
        if change.action == "Add"
            && let Some(fixed) = fixed_name(context.types, &change.kind, properties)
            && engine::taken(stack, context, &change.logical, &change.kind, &fixed.1)
        {
            let path = format!("/Resources/{}/Properties/{}", change.logical, fixed.0);
            let reason = format!("Resource of type '{}' with identifier '{}' already exists.", change.kind, fixed.1);
            findings.push(finding("ResourceExistenceCheck", path, reason));
        }
    }
    findings
}

/// The stack and change set that a call names: by ARN, or by both names.
fn locate(world: &mut World, caller: &Caller, params: &Params) -> Answer<(Key, String)> {
    let name = params.text("ChangeSetName").unwrap_or_default();
    let missing = || facts::no_change_set(&name);
    if name.starts_with("arn:") {
        let region = world.region(caller);
        let found = region.iter().find(|(_, stack)| stack.change_sets.contains_key(&name)).map(|(key, _)| key.clone());
        return found.map(|key| (key, name.clone())).ok_or_else(missing);
    }
    let Some(stack_name) = params.text("StackName") else {
        return Err(facts::change_set_needs_stack());
    };
    let key = world.find(caller, &stack_name).ok_or_else(|| facts::no_stack(&stack_name))?;
    let id = world.region(caller).get(&key).and_then(|stack| stack.change_set_by(&name)).map(|set| set.id.clone());
    id.map(|id| (key, id)).ok_or_else(missing)
}

/// A change set comes closer to being made.
fn ripen(stack: &mut Stack, id: &str, pace: Pace, now: u64) {
    let Some(set) = stack.change_sets.get_mut(id).filter(|set| set.left > 0) else { return };
    stack.dirty = true;
    set.status = ChangeSetStatus::CreateInProgress;
    set.left = match pace {
        Pace::Polls { .. } => set.left - 1,
        Pace::Elapsed { step } if set.created.saturating_add(step * u64::from(set.left)) <= now => 0,
        Pace::Elapsed { .. } => set.left,
    };
}

fn reveal(set: &mut ChangeSet) {
    (set.status, set.execution, set.reason) = set.verdict.clone();
}

pub(super) fn describe(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let (key, id) = match locate(world, caller, params) {
        Ok(found) => found,
        Err(fault) => return deleted(world, caller, params).unwrap_or(Err(fault)),
    };
    let values = params.flag("IncludePropertyValues").unwrap_or_default();
    let (pace, size) = (world.settings.pace, world.settings.changes_per_page);
    let outcome = world.poll(caller, &key, |stack, context| {
        // A change set that is ready is revealed by the look after the one that made it so.
        if let Some(set) = stack.change_sets.get_mut(&id).filter(|set| set.left == 0 && !made(set)) {
            reveal(set);
            stack.dirty = true;
        }
        ripen(stack, &id, pace, context.time.now());
        let set = stack.change_sets.get(&id).ok_or_else(|| facts::no_change_set(&id))?;
        let shown = if made(set) { set.changes.clone() } else { Vec::new() };
        let shown = shown.into_iter().filter(|change| !values || change.detailed.is_some()).collect();
        let (changes, next) = page(shown, params, size)?;
        let template = template::read(&set.desired.body).unwrap_or_default();
        result(|xml| {
            head(xml, stack, set);
            parameters(xml, &template, &set.desired.parameters);
            xml.texts("Capabilities", &set.desired.capabilities);
            xml.texts("NotificationARNs", &set.desired.notifications);
            tags(xml, &set.desired.tags);
            xml.within("RollbackConfiguration", |_| ());
            xml.maybe("OnStackFailure", set.on_failure.as_ref());
            xml.list("Changes", &changes, |xml, one| change(xml, one, values));
            xml.maybe("NextToken", next.as_ref());
        })
    });
    outcome.unwrap_or_else(|| Err(facts::no_change_set(&id)))
}

/// What is told of a change set that is deleted, where anything is.
fn deleted(world: &mut World, caller: &Caller, params: &Params) -> Option<Outcome> {
    let id = params.text("ChangeSetName")?;
    let (stack, name) = world.region(caller).values().find_map(|stack| Some((stack, stack.gone.get(&id)?)))?;
    Some(result(|xml| {
        xml.put("ChangeSetName", name);
        xml.put("ChangeSetId", &id);
        xml.put("StackId", &stack.place.stack_id);
        xml.put("StackName", &stack.place.stack_name);
        xml.put("ExecutionStatus", ExecutionStatus::Unavailable.as_str());
        xml.put("Status", ChangeSetStatus::DeleteComplete.as_str());
    }))
}

/// Removes the change sets of a stack that are `doomed`.
fn drop_sets(stack: &mut Stack, tells: bool, doomed: impl Fn(&str) -> bool) {
    let gone: Vec<String> = stack.change_sets.keys().filter(|id| doomed(id)).cloned().collect();
    for id in gone {
        if let Some(set) = stack.change_sets.remove(&id).filter(|_| tells) {
            stack.gone.insert(id, set.name);
        }
    }
}

fn made(set: &ChangeSet) -> bool {
    matches!(set.status, ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed)
}

fn head(xml: &mut Xml, stack: &Stack, set: &ChangeSet) {
    xml.put("ChangeSetName", &set.name);
    xml.put("ChangeSetId", &set.id);
    xml.put("StackId", &stack.place.stack_id);
    xml.put("StackName", &stack.place.stack_name);
    xml.maybe("Description", set.description.as_ref());
    xml.put("CreationTime", iso(set.created));
    xml.put("ExecutionStatus", set.execution.as_str());
    xml.put("Status", set.status.as_str());
    xml.maybe("StatusReason", set.reason.as_ref());
    xml.flag("IncludeNestedStacks", false);
}

/// Parameters as every call shows them: secrets as stars.
pub(super) fn parameters(xml: &mut Xml, template: &Template, values: &BTreeMap<String, String>) {
    xml.list("Parameters", values, |xml, (name, value)| {
        let hidden = template.parameters.get(name).is_none_or(|declared| declared.no_echo);
        xml.put("ParameterKey", name);
        xml.put("ParameterValue", if hidden { facts::MASK } else { value });
    });
}

pub(super) fn tags(xml: &mut Xml, tags: &BTreeMap<String, String>) {
    xml.list("Tags", tags, |xml, (key, value)| {
        xml.put("Key", key);
        xml.put("Value", value);
    });
}

fn change(xml: &mut Xml, change: &Change, values: bool) {
    let details = if values { change.detailed.as_ref().unwrap_or(&change.details) } else { &change.details };
    xml.put("Type", "Resource");
    xml.within("ResourceChange", |xml| {
        xml.maybe("PolicyAction", change.policy_action.as_ref());
        xml.put("Action", &change.action);
        xml.put("LogicalResourceId", &change.logical);
        xml.maybe("PhysicalResourceId", change.physical.as_ref());
        xml.put("ResourceType", &change.kind);
        xml.maybe("Replacement", change.replacement.as_ref());
        xml.texts("Scope", &change.scope);
        xml.list("Details", details, detail);
        if values {
            xml.maybe("BeforeContext", change.before.as_ref());
            xml.maybe("AfterContext", change.after.as_ref());
        }
    });
}

fn detail(xml: &mut Xml, detail: &Detail) {
    xml.within("Target", |xml| {
        xml.put("Attribute", &detail.attribute);
        xml.maybe("Name", detail.name.as_ref());
        xml.put("RequiresRecreation", &detail.recreation);
        xml.maybe("Path", detail.path.as_ref());
        xml.maybe("BeforeValue", detail.before.as_ref());
        xml.maybe("AfterValue", detail.after.as_ref());
        xml.maybe("AttributeChangeType", detail.change.as_ref());
    });
    xml.put("Evaluation", &detail.evaluation);
    xml.put("ChangeSource", &detail.source);
    xml.maybe("CausingEntity", detail.cause.as_ref());
}

pub(super) fn list(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let stack_name = request::stack_name(params)?;
    let key = world.find(caller, &stack_name).ok_or_else(|| facts::no_stack(&stack_name))?;
    let (pace, size) = (world.settings.pace, world.settings.items_per_page);
    let outcome = world.visit(caller, &key, |stack, _| {
        // Where nothing but questions lets time pass, one that nobody asks about any more is made at last.
        for set in stack.change_sets.values_mut().filter(|set| matches!(pace, Pace::Polls { .. }) && !made(set)) {
            set.left = 0;
            reveal(set);
            stack.dirty = true;
        }
        let mut sets: Vec<&ChangeSet> = stack.change_sets.values().collect();
        sets.sort_by_key(|set| set.created);
        let (sets, next) = page(sets, params, size)?;
        result(|xml| {
            xml.list("Summaries", sets, |xml, set| head(xml, stack, set));
            xml.maybe("NextToken", next.as_ref());
        })
    });
    outcome.unwrap_or_else(|| Err(facts::no_stack(&stack_name)))
}

pub(super) fn delete(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    // Deleting what is not there is no error: the API model lists only one for this call [A].
    let (key, id) = match locate(world, caller, params) {
        Ok(found) => found,
        Err(fault) if fault.code == "ChangeSetNotFound" => return result(|_| ()),
        Err(fault) => return Err(fault),
    };
    let tells = world.settings.tells_deleted;
    let outcome = world.visit(caller, &key, |stack, _| {
        if stack.change_sets.get(&id).is_some_and(|set| set.execution == ExecutionStatus::ExecuteInProgress) {
            return Err(facts::change_set_running());
        }
        drop_sets(stack, tells, |other| *other == id);
        stack.dirty = true;
        Ok(())
    });
    outcome.unwrap_or(Ok(()))?;
    result(|_| ())
}

pub(super) fn execute(world: &mut World, caller: &Caller, params: &Params) -> Outcome {
    let (key, id) = locate(world, caller, params)?;
    let token = params.text("ClientRequestToken");
    let disable = params.flag("DisableRollback").unwrap_or_default();
    let again = world.settings.execute_again;
    let (tells, at_start) = (world.settings.tells_deleted, world.settings.executed_at_start);
    let outcome = world.visit(caller, &key, |stack, context| {
        let replayed = request::replay(stack, "ExecuteChangeSet", token.as_deref(), &id)?.is_some();
        if replayed && again {
            return Ok(());
        }
        let Some(set) = stack.change_sets.get(&id).cloned() else {
            return Err(facts::no_change_set(&id));
        };
        ready(stack, &set, disable)?;
        request::record(stack, "ExecuteChangeSet", token.as_deref(), &id, &id);
        let on_failure = on_failure(set.on_failure.as_deref(), disable)?;
        // Executing one drops all others of the stack [A].
        drop_sets(stack, tells, |other| *other != id);
        if let Some(set) = stack.change_sets.get_mut(&id) {
            set.execution =
                if at_start { ExecutionStatus::ExecuteComplete } else { ExecutionStatus::ExecuteInProgress };
        }
        let start = Begin { token, change_set: Some(id.clone()), on_failure, disable, desired: set.desired };
        launch(stack, context, start);
        Ok(())
    });
    outcome.unwrap_or_else(|| Err(facts::no_change_set(&id)))?;
    result(|_| ())
}

fn ready(stack: &Stack, set: &ChangeSet, disable: bool) -> Answer<()> {
    match (set.status, set.execution) {
        (ChangeSetStatus::CreateComplete, ExecutionStatus::Available) => {}
        (_, ExecutionStatus::ExecuteInProgress) => return Err(facts::change_set_running()),
        (ChangeSetStatus::CreateComplete, other) => return Err(facts::cannot_execute(&set.id, other.as_str())),
        (other, _) => return Err(facts::cannot_execute(&set.id, other.as_str())),
    }
    match stack.status {
        StackStatus::ReviewInProgress => Ok(()),
        status if status.updatable() => Ok(()),
        StackStatus::UpdateFailed if disable => Ok(()),
        StackStatus::UpdateFailed => Err(facts::not_terminal(stack.status.as_str())),
        status => Err(facts::not_updatable(&stack.place.stack_id, status.as_str())),
    }
}

/// What a failure leads to; the two ways to say it exclude each other [A].
pub(super) fn on_failure(given: Option<&str>, disable: bool) -> Answer<OnFailure> {
    match (given, disable) {
        (Some(_), true) => Err(invalid("You can specify either OnStackFailure or DisableRollback, but not both.")),
        (Some("DELETE"), _) => Ok(OnFailure::Delete),
        (Some("DO_NOTHING"), _) | (None, true) => Ok(OnFailure::DoNothing),
        (Some("ROLLBACK") | None, _) => Ok(OnFailure::Rollback),
        (Some(other), _) => Err(facts::constraint(
            other,
            "onStackFailure",
            "Member must satisfy enum value set: [DELETE, DO_NOTHING, ROLLBACK]",
        )),
    }
}

/// All that a creation or an update starts from.
pub(super) struct Begin {
    pub(super) token: Option<String>,
    pub(super) change_set: Option<String>,
    pub(super) on_failure: OnFailure,
    pub(super) disable: bool,
    pub(super) desired: Desired,
}

/// Starts a creation or an update. Returns the id of the operation.
pub(super) fn launch(stack: &mut Stack, context: &mut engine::Context<'_>, begin: Begin) -> String {
    let creating = stack.status == StackStatus::ReviewInProgress;
    let id = ids::uuid(&[&stack.place.stack_id, "operation", &stack.events.len().to_string()]);
    if !creating {
        engine::remember(stack);
    }
    if begin.change_set.is_some() || !creating {
        // A stack made by a change set counts as updated from its start [V].
        stack.updated = Some(context.time.stamp());
    }
    if let Some(change_set) = &begin.change_set {
        stack.change_set = Some(change_set.clone());
    }
    stack.place.notifications = begin.desired.notifications.clone();
    stack.description = template::read(&begin.desired.body).ok().and_then(|template| template.description);
    stack.current = begin.desired;
    stack.disable_rollback = begin.disable;
    let (phase, status, kind) = match creating {
        true => (Phase::Create, StackStatus::CreateInProgress, "CREATE_STACK"),
        false => (Phase::Update, StackStatus::UpdateInProgress, "UPDATE_STACK"),
    };
    let start = Start {
        id: id.clone(),
        token: begin.token,
        change_set: begin.change_set,
        phase,
        status,
        on_failure: begin.on_failure,
        kind,
    };
    engine::begin(stack, context, start);
    id
}
