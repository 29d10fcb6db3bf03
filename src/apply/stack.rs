//! Carrying out what is planned for one stack.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::apply::execute::{Executed, execute};
use crate::apply::follow::{End, Followed, Mark, PICK_UP};
use crate::apply::report::left;
use crate::apply::{Failure, Observer, Outcome, empty, envelope, settings};
use crate::cloud::{
    ChangeSet, ChangeSetKind, Cloud, CloudError, ErrorKind, ExecutionStatus, ParameterInForce, Secret, Stack,
    StackStatus, Store, Token,
};
use crate::diagnostics::Diagnostic;
use crate::plan::change_set::{Made, Order, make};
use crate::plan::diff::Sides;
use crate::plan::exact::Reader;
use crate::plan::inputs::{self, Inputs, OutputState, Outputs};
use crate::plan::pace::Paces;
use crate::plan::{
    Change, ChangeSetRef, Origin, ParameterPlan, Replaces, Shown, Silent, StackAction, StackPlan, Wanted, digest,
    fixed, initial, large, observe, problem, stack as planning,
};
use crate::slip::{self, Slip};

/// For how long an old answer about a stack is put down to AWS being late.
const OLD: Duration = Duration::from_secs(3 * 60);

/// What came of a stack.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reason: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) notes: Vec<String>,
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Ended {
    fn new(outcome: Outcome) -> Self {
        Self { outcome: Some(outcome), ..Self::default() }
    }

    fn because(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(outcome) }
    }

    /// A call that failed: unknown where it may have done something that goes on without us.
    fn call(error: &CloudError, wanted: &Wanted) -> Self {
        let told = problem::of_call(error, Some(wanted));
        Self { help: told.help.clone(), ..Self::because(Outcome::Failed, told.message) }
    }

    fn diagnostic(outcome: Outcome, told: &Diagnostic) -> Self {
        Self { help: told.help.clone(), ..Self::because(outcome, told.message.clone()) }
    }

    fn stale(reason: impl Into<String>) -> Self {
        Self { help: Some("plan again".to_owned()), ..Self::because(Outcome::Stale, reason) }
    }
}

/// A result that ends early with what came of the stack.
type Step<T> = Result<T, Box<Ended>>;

/// The work on one stack.
pub(crate) struct Work {
    pub(crate) cloud: Arc<dyn Cloud>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) wanted: Arc<Wanted>,
    pub(crate) plan: StackPlan,
    pub(crate) pace: Arc<Paces>,
    pub(crate) observer: Arc<dyn Observer>,
    /// What the stacks before it now have.
    pub(crate) produced: BTreeMap<String, BTreeMap<String, String>>,
}

impl Work {
    /// Carries it out.
    pub(crate) async fn run(&self) -> Ended {
        let ended = match self.plan.action {
            StackAction::Delete => self.delete().await,
            StackAction::None => self.only_settings().await,
            StackAction::Update => self.update().await,
            StackAction::Create | StackAction::Recreate => self.create().await,
        };
        ended.unwrap_or_else(|e| *e)
    }

    fn failed(&self) -> impl Fn(CloudError) -> Box<Ended> + '_ {
        |e| Box::new(Ended::call(&e, &self.wanted))
    }

    pub(crate) fn followed<'a>(&'a self, stack: &'a str, token: &'a Token) -> Followed<'a> {
        Followed {
            cloud: &self.cloud,
            wanted: &self.wanted,
            stack,
            mark: Mark::Token(token),
            pace: &self.pace.operations,
            observer: self.observer.as_ref(),
        }
    }

    async fn only_settings(&self) -> Step<Ended> {
        let arn = self.arn()?;
        settings::before(&self.cloud, &arn, &self.plan).await.map_err(self.failed())?;
        settings::after(&self.cloud, &arn, &self.plan).await.map_err(self.failed())?;
        Ok(Ended::new(Outcome::Done))
    }

    /// ARN of the stack the plan found.
    fn arn(&self) -> Step<String> {
        self.plan.found.arn.clone().ok_or_else(|| Box::new(Ended::stale("the plan names no stack to work on")))
    }

    /// The stack as it is now, looked up by name: the plan holds only for the one it saw.
    async fn now(&self) -> Step<Option<Stack>> {
        let stack = self.cloud.stack(&self.wanted.name).await.map_err(self.failed())?;
        Ok(stack.filter(|s| s.status != StackStatus::DeleteComplete))
    }

    async fn update(&self) -> Step<Ended> {
        let arn = self.arn()?;
        if let Some(set) = &self.plan.change_set {
            // All it needs is in the change set; what it was made from must still be so.
            self.outputs_read()?;
            return self.execute(set, false).await;
        }
        let inputs = self.inputs()?;
        let stack = self.now().await?;
        if let Some(ran) = self.ran_before(stack.as_ref(), &inputs) {
            return self.execute(&ran, false).await;
        }
        if observe::base(stack.as_ref()) != self.plan.found.base {
            return Ok(self.moved(stack.as_ref()));
        }
        let sent = self.sent(stack.as_ref(), &inputs).await?;
        self.make_and_execute(ChangeSetKind::Update, Some(&arn), sent.as_ref(), &inputs).await
    }

    async fn create(&self) -> Step<Ended> {
        let inputs = self.inputs()?;
        let mut stack = self.now().await?;
        if let Some(ran) = self.ran_before(stack.as_ref(), &inputs) {
            return self.execute(&ran, false).await;
        }
        if let Some(dead) = stack.as_ref().filter(|s| s.status.is_dead_shell()) {
            if self.plan.action != StackAction::Recreate || !problem::is_ours(&self.wanted, dead) {
                return Ok(self.moved(stack.as_ref()));
            }
            let ended = self.remove(dead).await;
            if ended.outcome != Some(Outcome::Done) {
                return Ok(ended);
            }
            stack = self.now().await?;
        }
        match &stack {
            None => {}
            Some(stack) if stack.status == StackStatus::ReviewInProgress => {}
            Some(_) => return Ok(self.moved(stack.as_ref())),
        }
        self.make_and_execute(ChangeSetKind::Create, stack.as_ref().map(|s| s.id.as_str()), None, &inputs).await
    }

    async fn delete(&self) -> Step<Ended> {
        let arn = self.arn()?;
        let Some(stack) = self.cloud.stack(&arn).await.map_err(self.failed())? else {
            return Ok(Ended::new(Outcome::Done));
        };
        if stack.status == StackStatus::DeleteComplete {
            return Ok(Ended::new(Outcome::Done));
        }
        if stack.status != StackStatus::DeleteInProgress && observe::base(Some(&stack)) != self.plan.found.base {
            return Ok(self.moved(Some(&stack)));
        }
        if stack.status != StackStatus::DeleteInProgress {
            empty::first(self, &stack).await.map_err(self.failed())?;
        }
        Ok(self.remove(&stack).await)
    }

    /// Deletes a stack by ARN and follows it; the token belongs to the state in which it was found.
    async fn remove(&self, stack: &Stack) -> Ended {
        let name = format!("infra-{}", digest::short(&digest::sha256([stack.id.as_str(), &self.plan.found.base]), 32));
        let token = digest::token('d', &name);
        if stack.status != StackStatus::DeleteInProgress
            && let Err(e) = self.cloud.delete_stack(&stack.id, &[], &token).await
        {
            // What the last attempt says is not all of it: an earlier one may have arrived.
            return match self.cloud.stack(&stack.id).await {
                Ok(Some(now)) if now.status == stack.status && !e.kind.outcome_is_unknown() => {
                    Ended::call(&e, &self.wanted)
                }
                _ => self.told(End::Lost(e)),
            };
        }
        let end = self.followed(&stack.id, &token).to_the_end(true).await;
        if matches!(end, End::Never) {
            // Somebody else's deletion carries another token; gone is gone.
            let gone = self.cloud.stack(&stack.id).await;
            if gone.is_ok_and(|s| s.is_none_or(|s| s.status == StackStatus::DeleteComplete)) {
                return Ended::new(Outcome::Done);
            }
        }
        self.told(end)
    }

    /// What the plan says of the values of others, against what they now are.
    fn outputs_read(&self) -> Step<Outputs> {
        let mut outputs = Outputs::new();
        for (name, parameter) in &self.plan.parameters {
            let Origin::Output { stack, name: output } = &parameter.origin else { continue };
            let shown = match &parameter.after {
                Shown::Value(Value::String(text)) => Some(text),
                _ => None,
            };
            let now = self.produced.get(stack).and_then(|outputs| outputs.get(output));
            let now = match &parameter.before {
                _ if slip::is(Slip::WrongOutput) => self.produced.values().find_map(|outputs| outputs.values().next()),
                Some(Shown::Value(Value::String(before))) if slip::is(Slip::KeptParameter) => Some(before),
                _ => now,
            };
            let value = match (shown, now) {
                (Some(shown), Some(now)) if shown != now => {
                    let text = format!("`{output}` of {stack} is now another value than the plan shows for {name}");
                    return Err(Box::new(Ended::stale(text)));
                }
                (_, Some(now)) => now.clone(),
                (Some(shown), None) => shown.clone(),
                (None, None) => {
                    return Err(Box::new(Ended::stale(format!("{stack} has no output `{output}` after all"))));
                }
            };
            outputs.entry(stack.clone()).or_default().insert(output.clone(), OutputState::Known(value));
        }
        Ok(outputs)
    }

    /// The parameters, now that those before it are done.
    pub(crate) fn inputs(&self) -> Step<Inputs> {
        let outputs = self.outputs_read()?;
        let deployed = self.deployed_parameters();
        let resolved = inputs::resolve(&self.wanted, &deployed, &outputs);
        resolved.map_err(|problems| match problems.first() {
            Some(problem) => Box::new(Ended::diagnostic(Outcome::Stale, problem)),
            None => Box::new(Ended::stale("the inputs can no longer be resolved")),
        })
    }

    /// The parameters as the plan found them deployed; secrets as the asterisks that AWS tells.
    fn deployed_parameters(&self) -> BTreeMap<String, ParameterInForce> {
        if self.plan.action != StackAction::Update {
            return BTreeMap::new();
        }
        let in_force = |shown: &Shown| match shown {
            Shown::Value(Value::String(text)) => Secret::new(text.clone()),
            _ => Secret::from("****"),
        };
        let found = self.plan.parameters.iter().filter_map(|(name, parameter)| {
            let value = in_force(parameter.before.as_ref()?);
            Some((name.clone(), ParameterInForce { value, resolved: None }))
        });
        found.collect()
    }

    /// The change set that this plan made in an earlier run, where the stack says that it was executed.
    pub(crate) fn ran_before(&self, stack: Option<&Stack>, inputs: &Inputs) -> Option<ChangeSetRef> {
        let stack = stack?;
        let arn = stack.change_set.as_deref()?;
        let name = arn.rsplit_once(":changeSet/")?.1.split('/').next()?;
        let order = self.order(ChangeSetKind::Update, None, inputs);
        order.may_be_called(name).then(|| ChangeSetRef {
            name: name.to_owned(),
            arn: arn.to_owned(),
            stack: stack.id.clone(),
        })
    }

    fn order<'a>(&'a self, kind: ChangeSetKind, stack: Option<&'a str>, inputs: &'a Inputs) -> Order<'a> {
        Order {
            wanted: &self.wanted,
            kind,
            stack,
            base: &self.plan.found.base,
            fingerprint: &self.plan.fingerprint,
            inputs,
            keep: false,
        }
    }

    /// The stack as it is sent: with what its deployed template has where the source leaves that alone.
    async fn sent(&self, stack: Option<&Stack>, inputs: &Inputs) -> Step<Option<Wanted>> {
        let Some(stack) = stack.filter(|_| initial::has_any(&self.wanted)) else { return Ok(None) };
        let before = observe::template(&self.cloud, stack, &self.wanted).await;
        let before = before.map_err(|told| Box::new(Ended::diagnostic(Outcome::Failed, &told)))?;
        Ok(self.kept(before.as_ref(), &inputs.shown))
    }

    /// The same where the deployed template is known.
    pub(crate) fn kept(&self, before: Option<&Value>, parameters: &BTreeMap<String, ParameterPlan>) -> Option<Wanted> {
        let after: Value = serde_json::from_str(&self.wanted.body).unwrap_or_default();
        let sides = Sides { before, after: &after, parameters, types: self.wanted.types };
        initial::keep(&self.wanted, &after, &sides).map(|kept| kept.wanted)
    }

    /// Asks AWS what is to happen now that all inputs are known, and does it where the plan covers it.
    async fn make_and_execute(
        &self,
        kind: ChangeSetKind,
        stack: Option<&str>,
        sent: Option<&Wanted>,
        inputs: &Inputs,
    ) -> Step<Ended> {
        let wanted = sent.unwrap_or(&self.wanted);
        let template = large::within_reach(&self.store, wanted, &Silent).await;
        let template = template.map_err(|told| Box::new(Ended::diagnostic(Outcome::Failed, &told)))?;
        let made =
            make(&self.cloud, &Order { wanted, ..self.order(kind, stack, inputs) }, &template, &self.pace.sets).await;
        let made = match made {
            Ok(made) => made,
            Err(e) => return self.not_made(&e, inputs).await,
        };
        let set = match made {
            Made::Ready(set) => set,
            Made::Rejected(reason) => {
                return Ok(Ended::diagnostic(Outcome::Failed, &planning::rejected(&self.wanted, &reason)));
            }
            Made::Empty => {
                if let Some(arn) = stack.filter(|_| !self.plan.settings.is_empty()) {
                    settings::before(&self.cloud, arn, &self.plan).await.map_err(self.failed())?;
                    settings::after(&self.cloud, arn, &self.plan).await.map_err(self.failed())?;
                }
                let outputs = self.outputs_of(&self.wanted.name, None).await?;
                return Ok(Ended { outputs, ..Ended::new(Outcome::Unchanged) });
            }
        };
        let after: Value = serde_json::from_str(&wanted.body).unwrap_or_default();
        let made =
            ChangeSetRef { name: set.state.name.clone(), arn: set.state.id.clone(), stack: set.state.stack_id.clone() };
        if let Some(beyond) = self.beyond(&set, &after, &inputs.shown) {
            // What counts is that it is not executed; one that stays is only untidy.
            let _ = self.cloud.delete_change_set(&made.stack, &made.arn).await;
            return Ok(Ended::stale(format!("the change goes beyond the plan: {beyond}")));
        }
        self.execute(&made, true).await
    }

    /// What the change set would do beyond the plan, if anything; `after` is the template it was made from.
    pub(crate) fn beyond(
        &self,
        set: &ChangeSet,
        after: &Value,
        parameters: &BTreeMap<String, ParameterPlan>,
    ) -> Option<String> {
        let reader = Reader { before: None, after, parameters, local: &self.plan.changes, types: self.wanted.types };
        let protected = |id: &str| self.wanted.protected.contains_key(id);
        let transforms = after.get("Transform").is_some();
        let generated = |id: &str| transforms && after.get("Resources").is_some_and(|all| all.get(id).is_none());
        let known = envelope::Known { protected: &protected, made: &generated };
        let changes = reader.read(set);
        envelope::beyond(&self.plan.changes, &changes, &known).or_else(|| {
            let names = |change: &Change| {
                fixed::kept(change, after, self.wanted.types).filter(|_| change.replacement == Replaces::Yes)
            };
            let (id, names) = changes.iter().find_map(|change| Some((&change.logical_id, names(change)?)))?;
            Some(format!("it would replace {id}, and its {} is not free before the old one goes", names.join(", ")))
        })
    }

    /// A change set that AWS did not take. Another run of the same plan may have been faster: then that one is
    /// followed. For a stack that somebody else works on, or a name that was taken, the plan no longer holds.
    async fn not_made(&self, error: &CloudError, inputs: &Inputs) -> Step<Ended> {
        if let Ok(now) = self.now().await {
            if let Some(ran) = self.ran_before(now.as_ref(), inputs) {
                return self.execute(&ran, false).await;
            }
            let moved = match (self.plan.action, &now) {
                (StackAction::Update, _) => observe::base(now.as_ref()) != self.plan.found.base,
                // A shell may be ours; anything else was made by another run, under another name than ours.
                (_, Some(stack)) => stack.status != StackStatus::ReviewInProgress,
                (_, None) => false,
            };
            if moved {
                return Ok(self.moved(now.as_ref()));
            }
        }
        match error.kind {
            ErrorKind::AlreadyExists | ErrorKind::NotFound => {
                Ok(Ended::stale(format!("{} is not as the plan found it: {error}", problem::called(&self.wanted))))
            }
            _ => Ok(Ended::call(error, &self.wanted)),
        }
    }

    async fn execute(&self, set: &ChangeSetRef, just_made: bool) -> Step<Ended> {
        let token = digest::token('x', &slip::fresh(&set.name));
        if !self.plan.settings.is_empty() {
            // A change set that is spent leaves the stack to whoever came first.
            let state = self.cloud.change_set_state(&set.stack, &set.arn).await.map_err(self.failed())?;
            if state.is_some_and(|s| s.execution == ExecutionStatus::Available) {
                settings::before(&self.cloud, &set.stack, &self.plan).await.map_err(self.failed())?;
            }
        }
        let followed = self.followed(&set.stack, &token);
        let ended = match execute(&followed, &set.arn, &token, self.plan.action, just_made).await {
            Executed::Refused(_) if slip::is(Slip::RefusedIsDone) => Ended::new(Outcome::Done),
            Executed::Stale if slip::is(Slip::StaleIsDone) => Ended::new(Outcome::Done),
            Executed::Refused(e) => Ended::call(&e, &self.wanted),
            Executed::Stale => Ended::stale(format!("{} changed since it was planned", problem::called(&self.wanted))),
            Executed::Ended(end) => self.told(end),
        };
        if ended.outcome != Some(Outcome::Done) {
            return Ok(self.held_again(ended, &set.stack).await);
        }
        settings::after(&self.cloud, &set.stack, &self.plan).await.map_err(self.failed())?;
        let outputs = self.outputs_of(&set.stack, Some(&set.arn)).await?;
        Ok(Ended { outputs, ..ended })
    }

    /// Protects again what was not to be replaced after all; of an operation that may still run nothing is known.
    async fn held_again(&self, mut ended: Ended, stack: &str) -> Ended {
        if ended.outcome != Some(Outcome::Unknown)
            && let Err(error) = settings::again(&self.cloud, stack, &self.plan).await
        {
            ended.notes.push(format!("its stack policy could not be put back, which the next apply does: {error}"));
        }
        ended
    }

    /// The outputs once the operation is over: what `DescribeStacks` says right after it may still be old.
    async fn outputs_of(&self, stack: &str, set: Option<&str>) -> Step<BTreeMap<String, String>> {
        let begin = Instant::now();
        loop {
            // The operation is over and went well: not hearing of its outputs is no failure of it.
            let found = self.cloud.stack(stack).await.map_err(|e| Box::new(self.told(End::Lost(e))))?;
            // Where AWS tells which change set ran last, an old answer gives itself away.
            let old = |s: &Stack| s.change_set.as_deref().zip(set).is_some_and(|(told, ours)| told != ours);
            let patient = begin.elapsed() < OLD;
            let settled = |s: &Stack| {
                slip::is(Slip::OldOutputs) || s.status.is_terminal() && self.has_all_outputs(s) && !(old(s) && patient)
            };
            if let Some(stack) = found.filter(settled) {
                return Ok(stack.outputs.into_iter().map(|(name, output)| (name, output.value)).collect());
            }
            if begin.elapsed() > OLD * 2 {
                let reason = "the operation ended well, and AWS does not tell the new outputs";
                return Err(Box::new(Ended::because(Outcome::Unknown, reason)));
            }
            self.pace.operations.turn().await;
        }
    }

    fn has_all_outputs(&self, stack: &Stack) -> bool {
        let template: Value = serde_json::from_str(&self.wanted.body).unwrap_or_default();
        let wanted = template.get("Outputs").and_then(Value::as_object);
        // A condition of an existing template may leave an output out, and a macro makes others of what it finds.
        let is_open = |name: &str, output: &Value| name.starts_with("Fn::") || output.get("Condition").is_some();
        let is_there = |(name, output): (&String, &Value)| is_open(name, output) || stack.outputs.contains_key(name);
        wanted.is_none_or(|wanted| wanted.iter().all(is_there))
    }

    /// The stack is no longer as the plan found it.
    fn moved(&self, stack: Option<&Stack>) -> Ended {
        let now = match stack {
            None => "it is gone".to_owned(),
            Some(stack) => format!("it is now {}", stack.status),
        };
        Ended::stale(format!("{} changed since it was planned: {now}", problem::called(&self.wanted)))
    }

    fn told(&self, end: End) -> Ended {
        match end {
            End::Good(orphans) => Ended { notes: orphans.iter().map(left).collect(), ..Ended::new(Outcome::Done) },
            End::Bad { status, failures } => {
                let reason = format!("{} ended in {status}", problem::called(&self.wanted));
                Ended { failures, ..Ended::because(Outcome::Failed, reason) }
            }
            End::Never => {
                Ended::stale(format!("nothing was ever heard of the change of {}", problem::called(&self.wanted)))
            }
            End::Lost(error) => {
                let told = Ended::call(&error, &self.wanted);
                if slip::is(Slip::LostSightIsFailure) {
                    return told;
                }
                if slip::is(Slip::LostSightIsDone) {
                    return Ended::new(Outcome::Done);
                }
                Ended { outcome: Some(Outcome::Unknown), help: Some(PICK_UP.to_owned()), ..told }
            }
        }
    }
}
