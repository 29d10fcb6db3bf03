//! Following operations that run already, whoever began them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::apply::follow::{End, Followed, Mark, PICK_UP};
use crate::apply::report::left;
use crate::apply::{Event, Observer, Outcome, Report, Settings, StackReport};
use crate::cloud::{
    Cloud, CloudError, Clouds, ResourceStatus, Stack, StackEvent, StackStatus, Target, Token, last_beginning,
};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::pace::Pace;
use crate::plan::{self, Desired, FORMAT_VERSION, StackAction, Wanted, observe, problem, run};

/// What was met.
#[derive(Clone, PartialEq, Debug)]
pub struct Watched {
    /// Stacks that were not followed, in the order of the project.
    pub others: Vec<Other>,
    /// How the operations ended, in the order of the project. The action is [`StackAction::None`] for a rollback that
    /// somebody asked for.
    pub report: Report,
}

/// A stack that is not followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Other {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// As AWS writes it; none where there is no such stack.
    pub status: Option<StackStatus>,
    /// Its tags say that it is ours, so nothing runs on it. What is not ours is nobody's affair here.
    pub is_ours: bool,
}

/// Follows every operation that is under way on the selected stacks to its end, all at once. Makes no call that writes;
/// asked to stop, there is nothing it would leave out.
///
/// # Errors
/// Calls that failed before anything was followed.
pub async fn watch(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    selected: &plan::Settings,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Result<Watched, Vec<Diagnostic>> {
    let chosen: Vec<_> = desired.stacks.iter().filter(|w| selected.selects(w)).collect();
    run::preflight(clouds, chosen.iter().map(|w| &w.target)).await?;
    let mut looks = JoinSet::new();
    for (order, wanted) in chosen.into_iter().enumerate() {
        let (cloud, wanted) = (clouds.at(&wanted.target), Arc::clone(wanted));
        looks.spawn(async move { (order, look(cloud, wanted).await) });
    }
    let (mut others, mut running, mut problems) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    while let Some(looked) = looks.join_next().await {
        match looked {
            Ok((order, Ok(Look::Other(other)))) => drop(others.insert(order, other)),
            Ok((order, Ok(Look::Running(one)))) => drop(running.insert(order, one)),
            Ok((_, Err(told))) => problems.push(*told),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking broke off: {e}"))),
        }
    }
    if !problems.is_empty() {
        sort(&mut problems);
        return Err(problems);
    }
    Ok(Watched {
        others: others.into_values().collect(),
        report: Report {
            format_version: FORMAT_VERSION,
            plan: String::new(),
            project: desired.project.clone(),
            env: desired.env.clone(),
            stopped: false,
            stacks: follow(running, settings, observer).await,
        },
    })
}

/// What a look at a stack shows.
enum Look {
    Other(Other),
    Running(Box<Running>),
}

/// An operation that is under way.
struct Running {
    cloud: Arc<dyn Cloud>,
    wanted: Arc<Wanted>,
    stack: Stack,
    /// The event that began it.
    beginning: StackEvent,
}

async fn look(cloud: Arc<dyn Cloud>, wanted: Arc<Wanted>) -> Result<Look, Box<Diagnostic>> {
    let failed = |e: CloudError| Box::new(problem::of_call(&e, Some(&wanted)));
    let id = wanted.id.clone();
    let found = cloud.stack(&wanted.name).await.map_err(failed)?;
    let Some(stack) = found.filter(|s| s.status != StackStatus::DeleteComplete) else {
        return Ok(Look::Other(Other { id, status: None, is_ours: true }));
    };
    let is_ours = problem::is_ours(&wanted, &stack);
    let other = || Ok(Look::Other(Other { id, status: Some(stack.status.clone()), is_ours }));
    if !stack.status.is_in_progress() || !is_ours {
        return other();
    }
    let events = cloud.events(&stack.id, &BTreeSet::new(), None).await.map_err(failed)?;
    // AWS kept no event of it: all there is to tell is the status.
    let Some(beginning) = last_beginning(&events).cloned() else { return other() };
    Ok(Look::Running(Box::new(Running { cloud, wanted, stack, beginning })))
}

async fn follow(
    running: BTreeMap<usize, Box<Running>>,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Vec<StackReport> {
    let mut paces: BTreeMap<Target, Arc<Pace>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let mut ended = BTreeMap::new();
    for (order, one) in running {
        // What stands there should its task break off.
        ended.insert(order, one.report(End::Never));
        let pace = paces.entry(one.wanted.target.clone()).or_insert_with(|| Arc::new(Pace::new(settings.poll)));
        let (pace, observer) = (Arc::clone(pace), Arc::clone(observer));
        tasks.spawn(async move {
            let report = one.to_the_end(&pace, observer.as_ref()).await;
            observer.tell(Event::Finished { stack: report.id.clone(), outcome: report.outcome });
            (order, report)
        });
    }
    while let Some(one) = tasks.join_next().await {
        if let Ok((order, report)) = one {
            ended.insert(order, report);
        }
    }
    ended.into_values().collect()
}

impl Running {
    async fn to_the_end(&self, pace: &Pace, observer: &dyn Observer) -> StackReport {
        let (status, owner) = (&self.stack.status, observe::owner(&self.beginning));
        let operation = format!("{status}, begun by {owner}");
        observer.tell(Event::Following { stack: self.wanted.id.clone(), operation });
        let token = self.beginning.token.as_deref().and_then(Token::new);
        let followed = Followed {
            cloud: &self.cloud,
            wanted: &self.wanted,
            stack: &self.stack.id,
            mark: token.as_ref().map_or(Mark::Event(&self.beginning.id), Mark::Token),
            pace,
            observer,
        };
        self.report(followed.to_the_end(true).await)
    }

    fn report(&self, end: End) -> StackReport {
        use ResourceStatus as S;
        let action = match self.beginning.status {
            S::CreateInProgress => StackAction::Create,
            S::DeleteInProgress => StackAction::Delete,
            _ if self.beginning.status.is_rollback() => StackAction::None,
            _ => StackAction::Update,
        };
        let called = problem::called(&self.wanted);
        let mut report = StackReport {
            id: self.wanted.id.clone(),
            name: self.wanted.name.clone(),
            account: self.wanted.account().id.clone().unwrap_or_default(),
            region: self.wanted.target.region.clone(),
            action,
            outcome: Outcome::Done,
            reason: None,
            help: None,
            cause: None,
            further: vec![],
            notes: vec![],
            outputs: BTreeMap::new(),
        };
        match end {
            End::Good(orphans) => report.notes = orphans.iter().map(left).collect(),
            // A rollback that was asked for has come to where it should.
            End::Bad { status, .. } if action == StackAction::None && status.ends_with("_COMPLETE") => {}
            End::Bad { status, failures } => {
                let mut failures = failures.into_iter();
                report.outcome = Outcome::Failed;
                report.reason = Some(format!("{called} ended in {status}"));
                report.cause = failures.next();
                report.further = failures.collect();
            }
            End::Never => {
                report.outcome = Outcome::Unknown;
                report.reason = Some(format!("no event tells of the operation on {called} any more"));
                report.help = Some(PICK_UP.to_owned());
            }
            End::Lost(error) => {
                report.outcome = Outcome::Unknown;
                report.reason = Some(problem::of_call(&error, Some(&self.wanted)).message);
                report.help = Some(PICK_UP.to_owned());
            }
        }
        report
    }
}
