//! All stacks of a plan: each starts the moment its own producers are done.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::apply::stack::{Ended, Work};
use crate::apply::{Event, Failure, Observer, Outcome, Report, Settings, StackReport};
use crate::cloud::{Clouds, Target};
use crate::plan::pace::Paces;
use crate::plan::{Desired, FORMAT_VERSION, Plan, StackPlan, Wanted};
use crate::slip::{self, Slip};

/// Carries out `plan`. `desired` holds what the plan was made from: templates and the values set for this run.
///
/// Never fails: what went wrong stands in the report, stack by stack. Dropping the future stops nothing in AWS;
/// a later call with the same plan, or with one made anew, goes on from there.
pub async fn apply(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    plan: &Plan,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Report {
    let mut senders = BTreeMap::new();
    let mut receivers = BTreeMap::new();
    for stack in &plan.stacks {
        let (send, receive) = watch::channel(Told::Waiting);
        senders.insert(stack.id.clone(), send);
        receivers.insert(stack.id.clone(), receive);
    }
    let slots = Arc::new(Semaphore::new(settings.concurrency.max(1)));
    let mut paces: BTreeMap<Target, Arc<Paces>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    for (order, stack) in plan.stacks.iter().enumerate() {
        let (Some(tell), Some(wanted)) = (senders.remove(&stack.id), desired.get(&stack.id)) else { continue };
        let before = stack.after.iter().filter_map(|id| Some((id.clone(), receivers.get(id)?.clone()))).collect();
        let pace = paces.entry(wanted.target.clone()).or_insert_with(|| Arc::new(Paces::new(settings.poll)));
        let task = Task {
            clouds: Arc::clone(clouds),
            wanted: Arc::clone(wanted),
            plan: stack.clone(),
            before,
            slots: Arc::clone(&slots),
            pace: Arc::clone(pace),
            settings: settings.clone(),
            observer: Arc::clone(observer),
            tell,
        };
        tasks.spawn(async move { (order, task.run().await) });
    }
    drop((senders, receivers));
    let mut reports = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        if let Ok((order, report)) = ended {
            reports.insert(order, report);
        }
    }
    let whole = |(order, stack): (usize, &StackPlan)| {
        let lost = || report(stack, Ended { reason: Some("its task broke off".to_owned()), ..Ended::default() });
        reports.remove(&order).unwrap_or_else(lost)
    };
    Report {
        format_version: FORMAT_VERSION,
        plan: plan.id.clone(),
        project: plan.project.clone(),
        env: plan.env.clone(),
        stopped: settings.stop.is_asked(),
        stacks: plan.stacks.iter().enumerate().map(whole).collect(),
    }
}

/// What a stack tells those after it.
#[derive(Clone, Debug)]
enum Told {
    Waiting,
    /// It is as planned; its outputs, where they were read anew.
    Good(Arc<BTreeMap<String, String>>),
    Bad,
}

struct Task {
    clouds: Arc<dyn Clouds>,
    wanted: Arc<Wanted>,
    plan: StackPlan,
    before: BTreeMap<String, watch::Receiver<Told>>,
    slots: Arc<Semaphore>,
    pace: Arc<Paces>,
    settings: Settings,
    observer: Arc<dyn Observer>,
    tell: watch::Sender<Told>,
}

impl Task {
    async fn run(self) -> StackReport {
        let ended = self.work().await;
        let report = report(&self.plan, ended);
        let told = match report.outcome {
            Outcome::Unchanged | Outcome::Done => Told::Good(Arc::new(report.outputs.clone())),
            _ => Told::Bad,
        };
        if self.plan.has_changes() {
            self.observer.tell(Event::Finished { stack: report.id.clone(), outcome: report.outcome });
        }
        self.tell.send_replace(told);
        report
    }

    async fn work(&self) -> Ended {
        if !self.plan.has_changes() {
            return Ended { outcome: Some(Outcome::Unchanged), ..Ended::default() };
        }
        let produced = match self.produced().await {
            Ok(produced) => produced,
            Err(_) if slip::is(Slip::BlockedIsDone) => {
                return Ended { outcome: Some(Outcome::Done), ..Ended::default() };
            }
            Err(blocked) => return not_started(format!("{} did not end well", blocked.join(", "))),
        };
        // Nothing closes the semaphore; without a slot there would be nothing to do but to go on.
        let _slot = self.slots.acquire().await;
        if self.settings.stop.is_asked() {
            return not_started("stopped before it began".to_owned());
        }
        self.observer.tell(Event::Started { stack: self.plan.id.clone(), action: self.plan.action });
        let work = Work {
            cloud: self.clouds.at(&self.wanted.target),
            store: self.clouds.store(&self.wanted.target),
            wanted: Arc::clone(&self.wanted),
            plan: self.plan.clone(),
            pace: Arc::clone(&self.pace),
            observer: Arc::clone(&self.observer),
            produced,
        };
        work.run().await
    }

    /// Waits for the stacks before this one: what they now have, or which of them did not end well.
    async fn produced(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, Vec<String>> {
        let mut produced = BTreeMap::new();
        let mut bad = Vec::new();
        for (id, before) in &self.before {
            let mut before = before.clone();
            let told = before.wait_for(|told| !matches!(told, Told::Waiting) || slip::is(Slip::NoWaiting)).await;
            match told.as_deref() {
                Ok(Told::Good(outputs)) => drop(produced.insert(id.clone(), outputs.as_ref().clone())),
                Ok(Told::Waiting) if slip::is(Slip::NoWaiting) => {}
                Ok(Told::Bad) if slip::is(Slip::FailureIsDone) => {}
                _ => bad.push(id.clone()),
            }
        }
        if bad.is_empty() { Ok(produced) } else { Err(bad) }
    }
}

fn not_started(reason: String) -> Ended {
    Ended { outcome: Some(Outcome::NotStarted), reason: Some(reason), ..Ended::default() }
}

fn report(plan: &StackPlan, ended: Ended) -> StackReport {
    let mut failures = ended.failures.into_iter();
    let cause: Option<Failure> = failures.next();
    StackReport {
        id: plan.id.clone(),
        name: plan.name.clone(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        action: plan.action,
        outcome: match ended.outcome.unwrap_or(Outcome::Unknown) {
            Outcome::Done if slip::is(Slip::DoneIsUnchanged) => Outcome::Unchanged,
            outcome => outcome,
        },
        reason: ended.reason,
        help: ended.help,
        cause,
        further: failures.collect(),
        notes: ended.notes,
        outputs: ended.outputs,
    }
}
