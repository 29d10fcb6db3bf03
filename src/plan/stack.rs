//! Planning one stack: from what was found and what is wanted to what happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloud::{ChangeSetKind, Cloud, Finding, Stack, StackStatus};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::change_set::{Made, Order, Rejection, make};
use crate::plan::diff::{Sides, diff, resources, type_of};
use crate::plan::digest::Fingerprint;
use crate::plan::exact::Reader;
use crate::plan::exports::{self, Export};
use crate::plan::guard::{self, Guard};
use crate::plan::inputs::{self, Inputs, OutputState, Outputs};
use crate::plan::observe::{self, Standing};
use crate::plan::outputs::{self, Known};
use crate::plan::pace::Pace;
use crate::plan::protect::InForce;
use crate::plan::refs::same_text;
use crate::plan::upload::Uploads;
use crate::plan::wanted::{Event, Input, Leaves, Observer, Source, Wanted};
use crate::plan::{
    Allow, Certainty, Change, ChangeSetRef, Found, Origin, ParameterPlan, Setting, Shown, StackAction, StackPlan,
    ValueChange, discard, initial, large, problem,
};
use crate::schema::Types;
use crate::slip::{self, Slip};

/// A planned stack, and what its consumers can know of its outputs.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: StackPlan,
    pub(crate) outputs: BTreeMap<String, OutputState>,
    /// Its exports that do not simply stay.
    pub(crate) exports: Vec<Export>,
}

impl Planned {
    /// One in which nothing happens.
    fn still(plan: StackPlan, stack: &Stack) -> Self {
        Self { plan, outputs: outputs::deployed(stack), exports: Vec::new() }
    }
}

/// What planning a stack goes through.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) cloud: &'a Arc<dyn Cloud>,
    pub(crate) uploads: &'a Uploads,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) leaves: Leaves,
    pub(crate) pace: &'a Pace,
    pub(crate) allow: &'a [Allow],
}

impl Way<'_> {
    /// Nothing may be written.
    fn is_read_only(&self) -> bool {
        self.leaves == Leaves::Nothing
    }

    /// Sees to it that what the stack needs lies in its buckets.
    async fn bring(&self, wanted: &Wanted) -> Result<(), Vec<Diagnostic>> {
        if self.is_read_only() { Ok(()) } else { self.uploads.bring(wanted, self.observer).await }
    }
}

/// Plans one stack; its producers are planned already.
pub(crate) async fn plan(
    way: Way<'_>,
    wanted: &Wanted,
    standing: &Standing,
    produced: &Outputs,
) -> Result<Planned, Vec<Diagnostic>> {
    let after: Value = serde_json::from_str(&wanted.body).unwrap_or_else(|_| json!({}));
    let nothing = BTreeMap::new();
    let in_force = standing.deployed().map_or(&nothing, |s| &s.parameters);
    let inputs = inputs::resolve(wanted, in_force, produced)?;
    let unread = inputs::live(wanted, produced);
    if !unread.is_empty() {
        return Err(unread);
    }
    let one = One { way, wanted, after: &after, inputs: &inputs, types: wanted.types };
    match standing {
        Standing::There(stack) => one.update(stack).await,
        Standing::Dead(stack) => one.create(StackAction::Recreate, Some(stack)).await,
        Standing::Shell(stack) => one.create(StackAction::Create, Some(stack)).await,
        Standing::Absent => one.create(StackAction::Create, None).await,
    }
}

/// What is known while one stack is planned.
struct One<'a> {
    way: Way<'a>,
    wanted: &'a Wanted,
    after: &'a Value,
    inputs: &'a Inputs,
    types: &'a Types,
}

/// What of a template can change a resource or an output. Parameters count by their values.
const SECTIONS: [&str; 6] = ["Resources", "Outputs", "Conditions", "Mappings", "Transform", "Rules"];

/// The deployed side of an update.
struct Deployed {
    /// Its template; none where it is proven to be the wanted one.
    template: Option<Value>,
    /// Its stack policy; none where it was not looked at.
    policy: Option<InForce>,
}

impl One<'_> {
    /// A stack that is not there. No change set is made for it: everything in it is new, and asking AWS would
    /// leave an empty stack behind.
    async fn create(&self, action: StackAction, found: Option<&Stack>) -> Result<Planned, Vec<Diagnostic>> {
        self.way.bring(self.wanted).await?;
        let sides = Sides { before: None, after: self.after, parameters: &self.inputs.shown, types: self.types };
        let changes = diff(&sides);
        let mut plan = blank(self.wanted, found);
        plan.action = action;
        plan.settings = self.settings(false, &InForce::default());
        plan.notes.extend(transforms(self.after));
        plan.notes.extend(conditions(self.after));
        Ok(self.finish(plan, changes, None, None))
    }

    async fn update(&self, stack: &Stack) -> Result<Planned, Vec<Diagnostic>> {
        let deployed = self.look(stack).await?;
        let before = deployed.template.as_ref().unwrap_or(self.after);
        let sides =
            Sides { before: Some(before), after: self.after, parameters: &self.inputs.shown, types: self.types };
        if deployed.template.is_some()
            && initial::has_any(self.wanted)
            && let Some(kept) = initial::keep(self.wanted, self.after, &sides)
        {
            let one = One { wanted: &kept.wanted, after: &kept.template, ..*self };
            return one.compare(stack, before, &deployed, kept.notes).await;
        }
        self.compare(stack, before, &deployed, Vec::new()).await
    }

    /// Plans an update from the deployed template to the wanted one.
    async fn compare(
        &self,
        stack: &Stack,
        before: &Value,
        deployed: &Deployed,
        kept: Vec<String>,
    ) -> Result<Planned, Vec<Diagnostic>> {
        let mut plan = blank(self.wanted, Some(stack));
        let policy = deployed.policy.clone().unwrap_or_default();
        plan.settings = self.settings(stack.termination_protection, &policy);
        plan.tags = self.tags(stack);

        let same_parts = |key: &str| same_text(before.get(key), self.after.get(key));
        let same_text = same_text(Some(before), Some(self.after));
        let still = plan.tags.is_empty() && (!self.inputs.differ() || slip::is(Slip::NoParameters));
        plan.notes = kept;
        plan.notes.extend(self.kept_defaults(before));
        plan.notes.extend(policy.leftover(self.wanted));
        if still && (same_text || SECTIONS.into_iter().all(same_parts)) {
            if !same_text && plan.notes.is_empty() {
                plan.notes.push(
                    "only descriptions or metadata of the template differ; CloudFormation takes them with the next change"
                        .to_owned(),
                );
            }
            plan.parameters = self.inputs.shown.clone();
            if deployed.template.is_some() {
                self.sweep(stack).await;
            }
            return Ok(Planned::still(plan, stack));
        }

        let sides =
            Sides { before: Some(before), after: self.after, parameters: &self.inputs.shown, types: self.types };
        let mut local = diff(&sides);
        self.refuse(guard::changed_types(self.wanted, &local, &types_of(before)))?;
        plan.action = StackAction::Update;
        // CloudFormation looks for them when it carries the change out, and some of it already when it is asked.
        self.way.bring(self.wanted).await?;
        if !self.inputs.are_known() {
            plan.certainty = Certainty::Provisional;
            self.judge(&mut plan, &mut local, &policy)?;
            plan.notes.extend(transforms(self.after));
            plan.notes.extend(conditions(self.after));
            return Ok(self.finish(plan, local, Some(stack), Some(before)));
        }
        self.exact(plan, stack, before, local, &policy).await
    }

    /// Asks AWS what an update with known inputs does.
    async fn exact(
        &self,
        mut plan: StackPlan,
        stack: &Stack,
        before: &Value,
        mut local: Vec<Change>,
        policy: &InForce,
    ) -> Result<Planned, Vec<Diagnostic>> {
        // What is certain to be refused need not be asked.
        if self.way.is_read_only() {
            self.judge(&mut plan, &mut local, policy)?;
            plan.certainty = Certainty::Local;
            plan.notes.extend(transforms(self.after));
            plan.notes.extend(conditions(self.after));
            return Ok(self.finish(plan, local, Some(stack), Some(before)));
        }
        self.judge(&mut plan.clone(), &mut local, policy)?;
        self.way.observer.tell(Event::Asking { stack: self.wanted.id.clone() });
        let order = Order {
            wanted: self.wanted,
            kind: ChangeSetKind::Update,
            stack: Some(&stack.id),
            base: &plan.found.base,
            fingerprint: &plan.fingerprint,
            inputs: self.inputs,
            keep: self.way.leaves == Leaves::KeptChangeSets,
        };
        let sent = large::within_reach(&self.way.uploads.store(self.wanted), self.wanted, self.way.observer).await;
        let template = sent.map_err(|problem| vec![*problem])?;
        match make(self.way.cloud, &order, &template, self.way.pace)
            .await
            .map_err(|e| vec![problem::of_call(&e, Some(self.wanted))])?
        {
            Made::Rejected(reason) => Err(vec![rejected(self.wanted, &reason)]),
            Made::Empty => {
                plan.action = StackAction::None;
                plan.tags.clear();
                plan.parameters = self.inputs.shown.clone();
                plan.notes.push(
                    "something differs in which CloudFormation sees nothing to do; it takes it with the next change"
                        .to_owned(),
                );
                self.sweep(stack).await;
                Ok(Planned::still(plan, stack))
            }
            Made::Ready(set) => {
                let reader = Reader {
                    before: Some(before),
                    after: self.after,
                    parameters: &self.inputs.shown,
                    local: &local,
                    types: self.types,
                };
                let mut changes = reader.read(&set);
                let made = ChangeSetRef {
                    name: set.state.name.clone(),
                    arn: set.state.id.clone(),
                    stack: set.state.stack_id.clone(),
                };
                plan.change_set = Some(made.clone());
                if let Err(refused) = self.judge(&mut plan, &mut changes, policy) {
                    // The refusal is what matters; a change set that stays is only untidy.
                    let _ = self.way.cloud.delete_change_set(&made.stack, &made.arn).await;
                    return Err(refused);
                }
                Ok(self.finish(plan, changes, Some(stack), Some(before)))
            }
        }
    }

    /// Refuses what the plan may not do of itself; what is allowed stands in it then.
    fn judge(&self, plan: &mut StackPlan, changes: &mut [Change], policy: &InForce) -> Result<(), Vec<Diagnostic>> {
        let guard = Guard {
            wanted: self.wanted,
            after: self.after,
            deployed: policy,
            allow: self.way.allow,
            is_last: plan.change_set.is_some(),
        };
        self.refuse(guard.judge(changes, &mut plan.notes))?;
        policy.lift(self.wanted, changes, &mut plan.settings);
        Ok(())
    }

    /// A stack that is left alone executes nothing which would remove what killed runs left to it. What its last
    /// change set proves needs no closer look, and so no call; what stays there is harmless.
    async fn sweep(&self, stack: &Stack) {
        if !self.way.is_read_only() {
            // Untidy at worst.
            let _ = discard::sweep(self.way.cloud, &stack.id).await;
        }
    }

    fn refuse(&self, problems: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Reads template and policy where the last change set does not prove them.
    async fn look(&self, stack: &Stack) -> Result<Deployed, Vec<Diagnostic>> {
        let wanted = fingerprint(self.wanted, None);
        let told = proof(stack);
        let names = stack.parameters.keys().eq(self.wanted.parameters.keys()) && self.same_outputs(stack);
        // What is kept of the deployed template is looked up there, where there is something to send.
        let rests = !initial::has_any(self.wanted) || (!self.inputs.differ() && self.tags(stack).is_empty());
        let is_proven = rests && names && told.as_ref().is_some_and(|t| t.template == wanted.template);
        // A policy is set by a call of its own, which leaves no trace in `DescribeStacks`: what should be protected
        // is looked at every time, and whatever changes too. `@protect` stands in the template, so that the change
        // set which puts it into force says that there is something to lift.
        let is_free = is_proven && told.is_some_and(|told| !told.guarded && !wanted.guarded);
        let template = async {
            if is_proven {
                return Ok(None);
            }
            let read = observe::template(self.way.cloud, stack, self.wanted).await.map_err(|d| vec![*d])?;
            read.map(Some).ok_or_else(|| vec![problem::stuck(self.wanted, stack)])
        };
        let policy = async { if is_free { Ok(None) } else { self.policy(stack).await.map(Some) } };
        let (template, policy) = tokio::try_join!(template, policy)?;
        Ok(Deployed { template, policy })
    }

    /// The stack policy in force.
    async fn policy(&self, stack: &Stack) -> Result<InForce, Vec<Diagnostic>> {
        let read = self.way.cloud.stack_policy(&stack.id).await;
        let read = read.map_err(|e| vec![problem::of_call(&e, Some(self.wanted))])?;
        Ok(InForce::read(read))
    }

    /// Inputs that keep their deployed value although the source now has another default.
    fn kept_defaults(&self, before: &Value) -> Vec<String> {
        let default = |template: &Value, name: &str| template.get("Parameters")?.get(name)?.get("Default").cloned();
        let note = |(name, parameter): (&String, &ParameterPlan)| {
            let (old, new) = (default(before, name), default(self.after, name)?);
            let kept = parameter.origin == Origin::Kept && old.as_ref() != Some(&new);
            let same = matches!((&parameter.after, &new), (Shown::Value(now), new) if now == new);
            (kept && !same).then(|| {
                format!(
                    "input `{name}` keeps its deployed value; the source has another default now, which \
                     `--set {}.{name}=…` puts into force",
                    self.wanted.stack
                )
            })
        };
        self.inputs.shown.iter().filter_map(note).collect()
    }

    fn same_outputs(&self, stack: &Stack) -> bool {
        outputs::are_those_of(self.after, stack)
    }

    fn tags(&self, stack: &Stack) -> Vec<ValueChange> {
        let ours = |key: &&String| !key.starts_with("aws:");
        let keys: BTreeSet<&String> = stack.tags.keys().filter(ours).chain(self.wanted.tags.keys()).collect();
        let change = |key: &String| {
            let (before, after) = (stack.tags.get(key), self.wanted.tags.get(key));
            (before != after).then(|| ValueChange {
                name: key.clone(),
                before: before.map(|v| Shown::text(v)),
                after: after.map(|v| Shown::text(v)),
                cause: None,
            })
        };
        keys.into_iter().filter_map(change).collect()
    }

    fn settings(&self, protected: bool, policy: &InForce) -> Vec<Setting> {
        let mut settings: Vec<Setting> = policy.change(self.wanted).into_iter().collect();
        if self.wanted.termination_protection != protected {
            settings.push(Setting::TerminationProtection { on: self.wanted.termination_protection });
        }
        settings
    }

    fn finish(
        &self,
        mut plan: StackPlan,
        changes: Vec<Change>,
        stack: Option<&Stack>,
        before: Option<&Value>,
    ) -> Planned {
        if !self.inputs.are_known() {
            plan.certainty = Certainty::Provisional;
        }
        plan.parameters = self.inputs.shown.clone();
        let known = Known {
            stack,
            before,
            after: self.after,
            changes: &changes,
            parameters: &self.inputs.shown,
            types: self.types,
        };
        let outputs = match stack.filter(|_| slip::is(Slip::DeployedOutputs)) {
            Some(stack) => outputs::deployed(stack),
            None => outputs::states(&known),
        };
        if stack.is_some() {
            plan.outputs = outputs::changes(&known, &outputs);
        }
        plan.changes = changes;
        if slip::is(Slip::ForgottenChange) {
            plan.changes.pop();
        }
        let exports = stack.map_or_else(Vec::new, |stack| exports::changed(stack, before, self.after, &outputs));
        Planned { plan, outputs, exports }
    }
}

/// What a plan that CloudFormation did not compute leaves out.
fn transforms(after: &Value) -> Option<String> {
    let names = match after.get("Transform")? {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => "a transform".to_owned(),
    };
    Some(format!(
        "{names} works on the template when CloudFormation takes it: what it adds to these resources is not listed"
    ))
}

/// What a plan that CloudFormation did not compute cannot know.
fn conditions(after: &Value) -> Option<String> {
    let resources = after.get("Resources").and_then(Value::as_object)?;
    let conditional = resources.values().filter(|resource| resource.get("Condition").is_some()).count();
    let are = if conditional == 1 { "1 resource has".to_owned() } else { format!("{conditional} resources have") };
    (conditional > 0).then(|| format!("{are} a condition of the template, and may turn out not to be there"))
}

fn fingerprint(wanted: &Wanted, found: Option<&Stack>) -> Fingerprint {
    // What a failed creation leaves is deleted, and its operations with it.
    let before = found.filter(|s| s.status.is_updatable()).and_then(|s| s.operations.first());
    Fingerprint::new(&wanted.sha256, wanted.is_guarded(), before.map(String::as_str))
}

/// True where what is deployed is known to be another thing than `wanted`, from what is read anyway.
pub(crate) fn is_behind(wanted: &Wanted, stack: &Stack) -> bool {
    let set = |(name, input): (&String, &Input)| match &input.source {
        Source::Input { set: Some(value), .. } => stack.parameters.get(name).is_none_or(|p| p.value != *value),
        _ => false,
    };
    let now = fingerprint(wanted, None).template;
    wanted.is_ours_to_deploy() && (proof(stack).is_some_and(|p| p.template != now) || wanted.parameters.iter().any(set))
}

/// A plan in which nothing happens yet.
pub(crate) fn blank(wanted: &Wanted, found: Option<&Stack>) -> StackPlan {
    StackPlan {
        id: wanted.id.clone(),
        stack: wanted.stack.clone(),
        account_name: wanted.account().name.clone(),
        account: wanted.account().id.clone().unwrap_or_default(),
        region: wanted.target.region.clone(),
        name: wanted.name.clone(),
        found: found_as(found),
        action: StackAction::None,
        certainty: Certainty::Exact,
        change_set: None,
        template: wanted.sha256.clone(),
        fingerprint: fingerprint(wanted, found).text(),
        capabilities: wanted.capabilities.clone(),
        parameters: BTreeMap::new(),
        tags: Vec::new(),
        outputs: Vec::new(),
        settings: Vec::new(),
        changes: Vec::new(),
        after: wanted.producers().into_iter().map(str::to_owned).collect(),
        notes: Vec::new(),
    }
}

/// What the last change set says of the template; nothing where it did not end well, or where AWS tells of an
/// operation that came after it.
fn proof(stack: &Stack) -> Option<Fingerprint> {
    let good = matches!(stack.status, StackStatus::CreateComplete | StackStatus::UpdateComplete);
    let told = stack.change_set.as_deref().filter(|_| good).and_then(Fingerprint::of_change_set)?;
    // Its own operation is the last one where the one before that is the one it was made after. AWS keeps only a few:
    // one that stands alone must be the creation.
    let before = Fingerprint::new("", false, stack.operations.get(1).map(String::as_str)).after;
    let last = match stack.operations.len() {
        0 => true,
        1 => before == told.after && stack.status == StackStatus::CreateComplete,
        _ => before == told.after,
    };
    last.then_some(told)
}

/// True where AWS tells of an operation after that of the stack's last change set, which is ours. A rollback may or may
/// not count as one of its own.
pub(crate) fn is_overtaken(stack: &Stack) -> bool {
    let told = stack.change_set.as_deref().and_then(Fingerprint::of_change_set);
    let before = stack.operations.get(1).map(|before| Fingerprint::new("", false, Some(before)).after);
    let is_good = !stack.status.is_rollback() && !stack.status.is_failure();
    is_good && told.zip(before).is_some_and(|(told, before)| told.after != before)
}

/// A stack as it was found, as plans tell it.
pub(crate) fn found_as(stack: Option<&Stack>) -> Found {
    Found { arn: stack.map(|s| s.id.clone()), status: stack.map(|s| s.status.to_string()), base: observe::base(stack) }
}

/// A change set that AWS refuses.
pub(crate) fn rejected(wanted: &Wanted, rejection: &Rejection) -> Diagnostic {
    let called = problem::called(wanted);
    let help = "change what the reason names; nothing was done";
    let Some(first) = rejection.findings.first() else {
        let message = format!("CloudFormation rejects the change of {called}: {}", wanted.redacted(&rejection.reason));
        return problem::of_stack(Code::RejectedChangeSet, wanted, message).help(help);
    };
    let spot = first.path.as_deref().or(first.logical_id.as_deref()).unwrap_or("the template");
    let reason = |finding: &Finding| match &finding.logical_id {
        Some(id) => wanted.reason(id, &finding.reason),
        None => wanted.redacted(&finding.reason),
    };
    let first = reason(first);
    let message = format!("CloudFormation rejects the change of {called}: {}, at {spot}", first.trim_end_matches('.'));
    let mut diagnostic = Diagnostic::new(Code::RejectedChangeSet, message);
    for finding in &rejection.findings {
        if let Some(place) = finding.logical_id.as_ref().and_then(|id| wanted.places.get(id)) {
            diagnostic = place.tell(diagnostic, reason(finding));
        }
    }
    diagnostic.help(help)
}

fn types_of(template: &Value) -> BTreeMap<String, String> {
    let nothing = serde_json::Map::new();
    resources(template, &nothing).iter().map(|(id, r)| (id.clone(), type_of(r).to_owned())).collect()
}
