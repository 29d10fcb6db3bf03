//! Planning all stacks: each as soon as its producers are planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cloud::{Clouds, Target};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::consumers::Done;
use crate::plan::foreign::{self, Read};
use crate::plan::inputs::{OutputState, Outputs};
use crate::plan::pace::Pace;
use crate::plan::stack::{self, Planned, Way};
use crate::plan::upload::Uploads;
use crate::plan::wanted::{Desired, Event, Input, Observer, Settings, Source, Wanted};
use crate::plan::{
    FORMAT_VERSION, Plan, Purpose, StackPlan, consumers, destroy, digest, discard, observe, outputs, priorities,
    problem,
};

/// The first pause between two questions about a change set.
const ASK: Duration = Duration::from_millis(250);

/// Plans `desired` against what is deployed. Changes no stack; leaves change sets, which [`discard`](crate::plan::discard) removes.
///
/// # Errors
/// Everything that stands in the way, of all stacks: nothing may be applied then.
pub async fn plan(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Result<Plan, Vec<Diagnostic>> {
    let selected = |w: &Wanted| settings.selects(w);
    let chosen: Vec<&Arc<Wanted>> = desired.stacks.iter().filter(|w| selected(w)).collect();
    let read: BTreeSet<&str> = chosen.iter().flat_map(|w| w.producers()).collect();
    let needed: Vec<(&Arc<Wanted>, bool)> = desired
        .stacks
        .iter()
        .filter(|w| selected(w) || read.contains(w.id.as_str()))
        .map(|w| (w, selected(w)))
        .collect();
    preflight(clouds, needed.iter().map(|(w, _)| &w.target)).await?;

    let mut senders = BTreeMap::new();
    let mut receivers = BTreeMap::new();
    for (wanted, _) in &needed {
        let (send, receive) = watch::channel(None);
        senders.insert(wanted.id.clone(), send);
        receivers.insert(wanted.id.clone(), receive);
    }
    let uploads = Arc::new(Uploads::new(clouds));
    let mut paces: BTreeMap<&Target, Arc<Pace>> = BTreeMap::new();
    let mut reads = foreign::reads(chosen.iter().copied());
    let mut tasks = JoinSet::new();
    for (order, (wanted, selected)) in needed.iter().enumerate() {
        let Some(tell) = senders.remove(&wanted.id) else { continue };
        let producers = if *selected { wanted.producers() } else { BTreeSet::new() };
        let from = producers.into_iter().filter_map(|id| Some((id.to_owned(), receivers.get(id)?.clone()))).collect();
        let task = Task {
            clouds: Arc::clone(clouds),
            wanted: Arc::clone(wanted),
            selected: *selected,
            from,
            reads: reads.remove(&wanted.id).unwrap_or_default(),
            settings: settings.clone(),
            pace: Arc::clone(
                paces.entry(&wanted.target).or_insert_with(|| Arc::new(Pace::new(ASK.min(settings.poll)))),
            ),
            observer: Arc::clone(observer),
            uploads: Arc::clone(&uploads),
            tell,
        };
        tasks.spawn(async move { (order, task.run().await) });
    }
    // Tasks that wait for a stack which nobody plans would wait for ever.
    drop((senders, receivers));
    gather(clouds, desired, tasks).await
}

/// What one task ended with.
type Ended = Result<Option<Done>, Vec<Diagnostic>>;

async fn gather(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    mut tasks: JoinSet<(usize, Ended)>,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut done = BTreeMap::new();
    let mut problems = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((order, Ok(Some(one)))) => drop(done.insert(order, one)),
            Ok((_, Ok(None))) => {}
            Ok((_, Err(found))) => problems.extend(found),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("planning broke off: {e}"))),
        }
    }
    let mut done: Vec<Done> = done.into_values().collect();
    if problems.is_empty() {
        problems = consumers::judge(clouds, desired, &mut done).await;
        problems.extend(priorities::judge(clouds, &mut done).await);
    }
    let mut stacks: Vec<StackPlan> = done.into_iter().map(|one| one.plan).collect();
    left_out(desired, &mut stacks);
    let plan = finish(desired, Purpose::Deploy, stacks);
    if problems.is_empty() {
        return Ok(plan);
    }
    // Nobody will execute these now; that one may stay behind is not worth a second problem.
    let _ = discard(clouds, desired, &plan).await;
    sort(&mut problems);
    Err(problems)
}

/// Notes what a change of outputs leaves undone: stacks that read them and are no part of the plan.
fn left_out(desired: &Desired, stacks: &mut [StackPlan]) {
    let planned: BTreeSet<String> = stacks.iter().map(|s| s.id.clone()).collect();
    for stack in stacks {
        let changed: BTreeSet<&str> =
            stack.outputs.iter().filter(|o| o.before.is_some()).map(|o| o.name.as_str()).collect();
        let reads = |input: &Input| matches!(&input.source, Source::Output { stack: from, name, .. } if *from == stack.id && changed.contains(name.as_str()));
        let outside = desired.stacks.iter().filter(|w| w.is_ours_to_deploy() && !planned.contains(&w.id));
        let readers: Vec<String> =
            outside.filter(|w| w.parameters.values().any(reads)).map(|w| format!("`{}`", w.id)).collect();
        if !readers.is_empty() {
            stack.notes.push(format!(
                "{} read outputs that change here and are not part of this plan: where deployed, they keep the old \
                 values until they are applied too",
                readers.join(", ")
            ));
        }
    }
}

/// Completes a plan with its digest.
pub(crate) fn finish(desired: &Desired, purpose: Purpose, stacks: Vec<StackPlan>) -> Plan {
    let mut plan = Plan {
        format_version: FORMAT_VERSION,
        id: String::new(),
        project: desired.project.clone(),
        env: desired.env.clone(),
        purpose,
        stacks,
    };
    plan.id = digest::short(&plan.digest(), 16).to_owned();
    plan
}

/// Makes sure, once for each account and region, that we are who the program says.
pub(crate) async fn preflight<'a>(
    clouds: &Arc<dyn Clouds>,
    targets: impl Iterator<Item = &'a Target>,
) -> Result<(), Vec<Diagnostic>> {
    let targets: BTreeSet<&Target> = targets.collect();
    let mut asked = JoinSet::new();
    for target in targets {
        let cloud = clouds.at(target);
        asked.spawn(async move { cloud.identify().await.map(drop) });
    }
    let mut problems = Vec::new();
    while let Some(answer) = asked.join_next().await {
        if let Ok(Err(error)) = answer {
            problems.push(problem::of_call(&error, None));
        }
    }
    sort(&mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The planning of one stack.
struct Task {
    clouds: Arc<dyn Clouds>,
    wanted: Arc<Wanted>,
    /// Planned, and not only read.
    selected: bool,
    from: BTreeMap<String, watch::Receiver<Told>>,
    /// What the planned stacks read of it.
    reads: Vec<Read>,
    settings: Settings,
    /// At which all stacks there ask about their change sets.
    pace: Arc<Pace>,
    observer: Arc<dyn Observer>,
    uploads: Arc<Uploads>,
    tell: watch::Sender<Told>,
}

/// What a stack tells its consumers; nothing until it is planned or read.
type Told = Option<Arc<Produced>>;

/// What a consumer needs to know of a stack that it reads.
struct Produced {
    /// Its outputs; none where it is not deployed and not planned.
    outputs: Option<BTreeMap<String, OutputState>>,
    /// It is only read, and the source has another version of it.
    behind: bool,
}

impl Task {
    async fn run(self) -> Ended {
        let cloud = self.clouds.at(&self.wanted.target);
        if self.wanted.orphan {
            return destroy::one(&cloud, &self.wanted, &self.settings, self.observer.as_ref()).await.map(Some);
        }
        let found = observe::observe(&cloud, &self.wanted, &self.settings, self.observer.as_ref()).await;
        if !self.selected {
            // Only read: one that is not there is a problem of whoever needs it, for it says what for.
            let standing = found.map_err(|d| vec![*d])?;
            let deployed = standing.deployed();
            if let Some(foreign) = &self.wanted.foreign {
                let problems = foreign::check(&cloud, &self.wanted, foreign, deployed, &self.reads).await;
                if !problems.is_empty() {
                    return Err(problems);
                }
            }
            let behind = deployed.is_some_and(|stack| stack::is_behind(&self.wanted, stack));
            self.tell.send_replace(Some(Arc::new(Produced { outputs: deployed.map(outputs::deployed), behind })));
            return Ok(None);
        }
        let standing = found.map_err(|d| vec![*d])?;
        let Some((produced, behind)) = self.produced().await else { return Ok(None) };
        let way = Way {
            cloud: &cloud,
            uploads: &self.uploads,
            observer: self.observer.as_ref(),
            leaves: self.settings.leaves,
            pace: &self.pace,
            allow: &self.settings.allow,
        };
        let planned = stack::plan(way, &self.wanted, &standing, &produced).await?;
        let Planned { mut plan, outputs, exports } = planned;
        plan.notes.extend(behind.into_iter().map(|id| {
            format!("`{id}` has changes that are not deployed and not part of this plan: its deployed outputs are read")
        }));
        self.observer.tell(Event::Planned { stack: self.wanted.id.clone() });
        self.tell.send_replace(Some(Arc::new(Produced { outputs: Some(outputs), behind: false })));
        Ok(Some(Done::of(&self.wanted, plan, exports)))
    }

    /// The outputs of all producers, and those of them that are behind the source. `None` where one could not be
    /// planned or read: it has said why.
    async fn produced(&self) -> Option<(Outputs, Vec<String>)> {
        let mut all = Outputs::new();
        let mut behind = Vec::new();
        for (id, from) in &self.from {
            let mut from = from.clone();
            let told = from.wait_for(Option::is_some).await.ok()?;
            let Some(told) = told.as_deref() else { continue };
            if told.behind {
                behind.push(id.clone());
            }
            if let Some(outputs) = &told.outputs {
                all.insert(id.clone(), outputs.clone());
            }
        }
        Some((all, behind))
    }
}
