//! Before the first write of a plan that was made earlier: everything is still as it was found.
//!
//! A run that was killed is picked up by the same command, so a stack that this very plan has brought on, or is bringing
//! on, is as it should be: its last change set is ours. Everything else that moved is told, all of it, and nothing is
//! begun. Stacks that the plan leaves alone may move, as long as what is read of them stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::apply::Silent;
use crate::apply::stack::Work;
use crate::cloud::{CloudError, Clouds, ExecutionStatus, Stack, StackStatus};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::digest::{self, Fingerprint};
use crate::plan::pace::Paces;
use crate::plan::{
    ChangeSetRef, Desired, Origin, Plan, Shown, StackAction, StackPlan, Wanted, observe, problem, run, stack,
};
use crate::slip::{self, Slip};
use crate::template;

/// Makes sure that `plan` still holds. Changes nothing.
///
/// # Errors
/// [`Code::StalePlan`] for each thing that moved; other codes where AWS cannot be asked, or is another account.
pub async fn preflight(clouds: &Arc<dyn Clouds>, desired: &Desired, plan: &Plan) -> Result<(), Vec<Diagnostic>> {
    if slip::is(Slip::NoPreflight) {
        return Ok(());
    }
    let changing: Vec<&StackPlan> = plan.stacks.iter().filter(|stack| stack.has_changes()).collect();
    let read = changing.iter().flat_map(|stack| stack.parameters.values()).filter_map(|p| match &p.origin {
        Origin::Output { stack, .. } => Some(stack.as_str()),
        _ => None,
    });
    let needed: BTreeSet<&str> = changing.iter().map(|stack| stack.id.as_str()).chain(read).collect();
    let needed: Vec<&Arc<Wanted>> = desired.stacks.iter().filter(|w| needed.contains(w.id.as_str())).collect();
    run::preflight(clouds, needed.iter().map(|w| &w.target)).await?;

    let found = Arc::new(look(clouds, &needed).await?);
    let mut tasks = JoinSet::new();
    for stack in changing {
        let Some(wanted) = desired.get(&stack.id) else { continue };
        let produced = found.iter().filter_map(|(id, found)| {
            let outputs = found.as_ref()?.outputs.iter().map(|(name, output)| (name.clone(), output.value.clone()));
            Some((id.clone(), outputs.collect()))
        });
        let work = Work {
            cloud: clouds.at(&wanted.target),
            store: clouds.store(&wanted.target),
            wanted: Arc::clone(wanted),
            plan: stack.clone(),
            pace: Arc::new(Paces::new(Duration::from_secs(2))),
            observer: Arc::new(Silent),
            produced: produced.collect(),
        };
        let moves = plan.stacks.iter().filter(|s| s.has_changes()).map(|s| s.id.clone()).collect();
        let now = found.get(&stack.id).cloned().flatten();
        tasks.spawn(async move { Check { work, now, moves }.run().await });
    }
    let mut problems = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(told) => problems.extend(told),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking at a stack broke off: {e}"))),
        }
    }
    sort(&mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The stacks as they are now.
async fn look(
    clouds: &Arc<dyn Clouds>,
    needed: &[&Arc<Wanted>],
) -> Result<BTreeMap<String, Option<Stack>>, Vec<Diagnostic>> {
    let mut tasks = JoinSet::new();
    for wanted in needed {
        let (cloud, wanted) = (clouds.at(&wanted.target), Arc::clone(wanted));
        tasks.spawn(async move {
            let found = cloud.stack(&wanted.name).await;
            let found = found.map_err(|e| problem::of_call(&e, Some(&wanted)))?;
            Ok((wanted.id.clone(), found.filter(|s| s.status != StackStatus::DeleteComplete)))
        });
    }
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok((id, stack))) => drop(found.insert(id, stack)),
            Ok(Err(told)) => problems.push(told),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking at a stack broke off: {e}"))),
        }
    }
    sort(&mut problems);
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The look at one stack.
struct Check {
    work: Work,
    now: Option<Stack>,
    /// Stacks that this plan changes: their outputs are what they will be.
    moves: BTreeSet<String>,
}

/// What moved; a call that fails ends the look.
type Moved = Result<Vec<String>, CloudError>;

impl Check {
    async fn run(self) -> Vec<Diagnostic> {
        match self.moved().await {
            Ok(moved) => moved.into_iter().map(stale).collect(),
            Err(e) => vec![problem::of_call(&e, Some(&self.work.wanted))],
        }
    }

    async fn moved(&self) -> Moved {
        let plan = &self.work.plan;
        if let Some(set) = &plan.change_set {
            return self.exact(set).await;
        }
        let inputs = self.work.inputs();
        if inputs.is_ok_and(|inputs| self.work.ran_before(self.now.as_ref(), &inputs).is_some()) {
            return Ok(self.overtaken());
        }
        let stands = match plan.action {
            StackAction::Create | StackAction::Recreate => self.may_be_created().await?,
            StackAction::Delete => self.goes() || self.is_unmoved(),
            StackAction::Update | StackAction::None => self.is_unmoved(),
        };
        let mut moved = self.origins();
        if !stands {
            moved.insert(0, self.stack_moved());
        }
        Ok(moved)
    }

    fn is_unmoved(&self) -> bool {
        observe::base(self.now.as_ref()) == self.work.plan.found.base
    }

    /// Gone is gone, whoever deleted it; a deletion that runs is followed.
    fn goes(&self) -> bool {
        self.now.as_ref().is_none_or(|stack| stack.status == StackStatus::DeleteInProgress)
    }

    /// No stack, an empty one of ours, or what the plan says goes first.
    async fn may_be_created(&self) -> Result<bool, CloudError> {
        let Some(stack) = &self.now else { return Ok(true) };
        if stack.status != StackStatus::ReviewInProgress {
            return Ok(self.work.plan.action == StackAction::Recreate && self.is_unmoved());
        }
        let sets = self.work.cloud.change_sets(&stack.id).await?;
        let ours = problem::is_ours(&self.work.wanted, stack) || !stack.tags.keys().any(|k| k.starts_with("infra:"));
        Ok(ours && sets.iter().all(|set| set.name.starts_with(digest::PREFIX)))
    }

    /// A change set that was made when planning: it is there, it is what the plan shows, and nothing it was made
    /// from moved.
    async fn exact(&self, set: &ChangeSetRef) -> Moved {
        let (plan, cloud) = (&self.work.plan, &self.work.cloud);
        let told = Fingerprint::of_change_set(&set.arn).map(|print| print.text());
        if told.as_ref() != Some(&plan.fingerprint) || plan.found.arn.as_ref() != Some(&set.stack) {
            return Ok(vec![self.say("the plan names a change set that was not made for it")]);
        }
        let last = self.now.as_ref().and_then(|stack| stack.change_set.as_ref());
        if last == Some(&set.arn) {
            return Ok(self.overtaken());
        }
        use ExecutionStatus::{Available, ExecuteComplete, ExecuteFailed, ExecuteInProgress};
        let state = cloud.change_set_state(&set.stack, &set.arn).await?;
        let token = digest::token('x', &set.name);
        let ran = match state.as_ref().map(|state| &state.execution) {
            Some(Available) => false,
            Some(ExecuteInProgress | ExecuteComplete | ExecuteFailed) => true,
            // It may be gone because it ran.
            _ => self.work.followed(&set.stack, &token).has_begun().await?,
        };
        let runs = self.now.as_ref().is_some_and(|stack| stack.status.is_in_progress());
        // An answer about a stack may be old, or not tell what ran last; what tells another change set is neither.
        if ran && (runs || last.is_none() || self.is_unmoved()) {
            return Ok(Vec::new());
        }
        let mut moved = self.origins();
        if !self.is_unmoved() {
            // What became of the change set follows from that.
            moved.insert(0, self.stack_moved());
        } else if let Some(Available) = state.as_ref().map(|state| &state.execution) {
            moved.extend(self.content(set).await?);
        } else {
            let now = state.map_or("is gone".to_owned(), |state| format!("is now {}", state.execution));
            moved.push(self.say(&format!("its change set {now}")));
        }
        Ok(moved)
    }

    /// What the change set would do, against what the plan shows.
    async fn content(&self, set: &ChangeSetRef) -> Result<Option<String>, CloudError> {
        let (plan, wanted) = (&self.work.plan, &self.work.wanted);
        let Some(real) = self.work.cloud.change_set(&set.stack, &set.arn).await? else {
            return Ok(Some(self.say("its change set is gone")));
        };
        // What is sent may keep something of the deployed template, so it is put together again as it was then.
        let sent = self.sent().await?;
        let given = self.work.cloud.change_set_template(&set.stack, &set.arn).await?;
        if given.as_deref().and_then(template::read) != template::read(sent.as_deref().unwrap_or(&wanted.body)) {
            return Ok(Some(self.say("its change set was made from another template")));
        }
        let after: Value = serde_json::from_str(&wanted.body).unwrap_or_default();
        if let Some(beyond) = self.work.beyond(&real, &after, &plan.parameters) {
            return Ok(Some(self.say(&format!("its change set goes beyond the plan: {beyond}"))));
        }
        let other = plan.parameters.iter().find(|(name, parameter)| {
            let (Shown::Value(Value::String(shown)), Some(real)) = (&parameter.after, real.parameters.get(*name))
            else {
                return false;
            };
            real.value.expose() != shown
        });
        if let Some((name, _)) = other {
            return Ok(Some(self.say(&format!("its change set has another value for `{name}`"))));
        }
        // Some emulators tell neither of the two.
        let other = [
            ("tags", !real.tags.is_empty() && real.tags != wanted.tags),
            ("capabilities", real.capabilities.iter().any(|granted| !plan.capabilities.contains(granted))),
        ];
        let other = other.into_iter().find(|(_, is_other)| *is_other);
        Ok(other.map(|(what, _)| self.say(&format!("its change set has other {what}"))))
    }

    /// The template as it is sent, where that is not as the source has it.
    async fn sent(&self) -> Result<Option<String>, CloudError> {
        let Some(stack) = self.now.as_ref().filter(|_| !self.work.wanted.initial.is_empty()) else { return Ok(None) };
        let before = self.work.cloud.template(&stack.id).await?;
        let before = before.as_deref().and_then(template::read);
        Ok(self.work.kept(before.as_ref(), &self.work.plan.parameters).map(|wanted| wanted.body))
    }

    /// Values that the plan gives and their stacks no longer have.
    fn origins(&self) -> Vec<String> {
        let mut moved = Vec::new();
        for (name, parameter) in &self.work.plan.parameters {
            let (Origin::Output { stack, name: output }, Shown::Value(Value::String(shown))) =
                (&parameter.origin, &parameter.after)
            else {
                continue;
            };
            if self.moves.contains(stack) {
                continue;
            }
            let now = self.work.produced.get(stack).and_then(|outputs| outputs.get(output));
            if now != Some(shown) {
                let now = now.map_or("gone".to_owned(), |now| format!("`{now}`"));
                moved.push(self.say(&format!("`{output}` of `{stack}` is now {now}, and `{name}` was `{shown}`")));
            }
        }
        moved
    }

    /// The plan has brought this stack on; what somebody else did to it since is told.
    fn overtaken(&self) -> Vec<String> {
        let is_overtaken = self.now.as_ref().is_some_and(stack::is_overtaken);
        is_overtaken.then(|| self.stack_moved()).into_iter().collect()
    }

    fn stack_moved(&self) -> String {
        let now = match &self.now {
            None => "it is gone".to_owned(),
            Some(stack) => {
                let last = stack.updated.or(stack.created).map(|time| format!(", last changed {time}"));
                format!("it is now {}{}", stack.status, last.unwrap_or_default())
            }
        };
        self.say(&format!("the stack changed since: {now}"))
    }

    fn say(&self, what: &str) -> String {
        format!("the plan for `{}` no longer holds: {what}", self.work.plan.id)
    }
}

fn stale(message: String) -> Diagnostic {
    Diagnostic::new(Code::StalePlan, message).help("plan again; nothing was done")
}
