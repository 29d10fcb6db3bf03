//! Drift: what somebody changed beside CloudFormation, found by CloudFormation's own comparison.
//!
//! It compares what the *deployed* template says; the source is not asked. Differences that are none are taken out
//! (`phantom`), and so are those at paths of `@ignore_drift` and `@initial`, which may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cloud::{Cloud, Clouds, Detection, Difference, ResourceDrift, Secret, Stack, StackStatus, Target, Verdict};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::pace::Pace;
use crate::plan::wanted::{Desired, Event, Observer, Settings, Wanted};
use crate::plan::{FORMAT_VERSION, Shown, observe, problem, run, secrecy};

mod phantom;

/// What differs from the deployed templates, stack by stack.
#[derive(Clone, Debug, Serialize)]
pub struct Drift {
    /// Version of this form.
    pub format_version: u32,
    /// Name of the project.
    pub project: String,
    /// The environment; none where only shared stacks are looked at.
    pub env: Option<String>,
    /// Every stack that was looked at, in the order of the project.
    pub stacks: Vec<StackDrift>,
    /// Why some of it could not be compared.
    #[serde(skip)]
    pub problems: Vec<Diagnostic>,
}

/// How one stack was found.
#[derive(Clone, Debug, Serialize)]
pub struct StackDrift {
    /// `network@prod/eu-west-1`
    pub id: String,
    /// Name of the account in the source.
    pub account_name: String,
    /// Its twelve digits.
    pub account: String,
    /// `eu-west-1`
    pub region: String,
    /// Its name in CloudFormation.
    pub name: String,
    /// How it is.
    pub found: Found,
    /// Resources that were compared.
    pub compared: usize,
    /// Resources of types that CloudFormation cannot compare.
    pub unsupported: usize,
    /// Differences where the source says that there may be some.
    pub ignored: usize,
    /// Resources that drifted.
    pub resources: Vec<DriftedResource>,
}

/// How a stack is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Nothing is deployed.
    NotDeployed,
    /// As its template has it.
    InSync,
    /// Not as its template has it.
    Drifted,
}

/// A resource that is not as its template has it.
#[derive(Clone, Debug, Serialize)]
pub struct DriftedResource {
    /// Its name in the template.
    pub logical_id: String,
    /// What the service calls it.
    pub physical_id: Option<String>,
    /// `AWS::SQS::Queue`
    #[serde(rename = "type")]
    pub resource_type: String,
    /// It is gone.
    pub deleted: bool,
    /// What differs, by path; nothing where it is gone.
    pub properties: Vec<DriftedProperty>,
    /// File and line that declare it; none where the source does not have it.
    pub place: Option<String>,
}

/// A property that differs.
#[derive(Clone, Debug, Serialize)]
pub struct DriftedProperty {
    /// `Tags.0.Value`
    pub path: String,
    /// As the template has it; none where it does not.
    pub expected: Option<Shown>,
    /// As it is; none where it was taken away.
    pub actual: Option<Shown>,
    /// File and line of its own text.
    pub place: Option<String>,
}

impl Drift {
    /// True where anything drifted.
    pub fn is_drifted(&self) -> bool {
        self.stacks.iter().any(|stack| stack.found == Found::Drifted)
    }
}

/// Compares every selected stack, in the order of the project. Waits where an operation runs. Changes nothing that is
/// deployed.
///
/// # Errors
/// Nobody could be asked. What only some stacks are refused for stands in [`Drift::problems`].
pub async fn drift(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Result<Drift, Vec<Diagnostic>> {
    let chosen: Vec<_> = desired.stacks.iter().filter(|w| settings.selects(w)).collect();
    run::preflight(clouds, chosen.iter().map(|w| &w.target)).await?;
    let mut paces: BTreeMap<&Target, Arc<Pace>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    for (order, wanted) in chosen.into_iter().enumerate() {
        let pace = paces.entry(&wanted.target).or_insert_with(|| Arc::new(Pace::new(settings.poll)));
        let look = Look {
            cloud: clouds.at(&wanted.target),
            wanted: Arc::clone(wanted),
            settings: settings.clone(),
            pace: Arc::clone(pace),
            observer: Arc::clone(observer),
        };
        tasks.spawn(async move { (order, look.run().await) });
    }
    let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((order, Ok((stack, unread)))) => {
                found.insert(order, stack);
                problems.extend(unread);
            }
            Ok((_, Err(problem))) => problems.push(*problem),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("looking broke off: {e}"))),
        }
    }
    sort(&mut problems);
    Ok(Drift {
        format_version: FORMAT_VERSION,
        project: desired.project.clone(),
        env: desired.env.clone(),
        stacks: found.into_values().collect(),
        problems,
    })
}

/// One stack, and the way to it.
struct Look {
    cloud: Arc<dyn Cloud>,
    wanted: Arc<Wanted>,
    settings: Settings,
    pace: Arc<Pace>,
    observer: Arc<dyn Observer>,
}

impl Look {
    async fn run(&self) -> Result<(StackDrift, Option<Diagnostic>), Box<Diagnostic>> {
        let result = self.look().await;
        self.observer.tell(Event::Planned { stack: self.wanted.id.clone() });
        result
    }

    async fn look(&self) -> Result<(StackDrift, Option<Diagnostic>), Box<Diagnostic>> {
        let wanted = &self.wanted;
        let found = observe::settled(&self.cloud, wanted, &self.settings, self.observer.as_ref()).await?;
        let Some(found) = found.filter(|stack| stack.status != StackStatus::ReviewInProgress) else {
            return Ok((self.told(Found::NotDeployed), None));
        };
        if !problem::is_ours(wanted, &found) {
            return Err(Box::new(problem::foreign(wanted, &found)));
        }
        if !found.status.is_updatable() && found.status != StackStatus::UpdateRollbackFailed {
            return Err(Box::new(incomparable(wanted, &found)));
        }
        self.observer.tell(Event::Comparing { stack: wanted.id.clone() });
        let why = self.detect(&found).await?;
        let failed = |e| Box::new(problem::of_call(&e, Some(wanted)));
        let all = self.cloud.resource_drifts(&found.id).await.map_err(failed)?;
        let drifted = |one: &ResourceDrift| matches!(one.verdict, Verdict::Modified | Verdict::Deleted);
        let template = match all.iter().any(drifted) {
            true => observe::template(&self.cloud, &found, wanted).await?.unwrap_or_default(),
            false => Value::Null,
        };
        let mut told = self.told(Found::InSync);
        let judge = Judge::new(wanted, &found, &template);
        let mut unread = Vec::new();
        for one in &all {
            match one.verdict {
                Verdict::Unsupported => told.unsupported += 1,
                Verdict::Unknown => unread.push(one),
                Verdict::InSync => told.compared += 1,
                Verdict::Modified | Verdict::Deleted => {
                    told.compared += 1;
                    let (resource, ignored) = judge.resource(one);
                    told.ignored += ignored;
                    told.resources.extend(resource);
                }
            }
        }
        if !told.resources.is_empty() {
            told.found = Found::Drifted;
        }
        let problem = (why.is_some() || !unread.is_empty()).then(|| unreadable(wanted, &unread, why.flatten()));
        Ok((told, problem))
    }

    /// Has it compared. The reason where that failed for some resource.
    async fn detect(&self, found: &Stack) -> Result<Option<Option<String>>, Box<Diagnostic>> {
        let failed = |e| Box::new(problem::of_call(&e, Some(&self.wanted)));
        let deadline = Instant::now() + self.settings.wait;
        let _following = self.pace.follow();
        let mut look = None;
        loop {
            match &look {
                None => look = self.cloud.detect_drift(&found.id).await.map_err(failed)?,
                Some(id) => match self.cloud.drift_detection(id).await.map_err(failed)? {
                    Detection::Running => {}
                    Detection::Done => return Ok(None),
                    Detection::Failed(why) => return Ok(Some(why)),
                },
            }
            if Instant::now() >= deadline {
                let name = problem::called(&self.wanted);
                let message = format!("CloudFormation still looks for drift of {name}");
                return Err(Box::new(
                    problem::of_stack(Code::StackBusy, &self.wanted, message)
                        .help("run the command again later, or wait longer with `--wait`"),
                ));
            }
            self.pace.turn().await;
        }
    }

    fn told(&self, found: Found) -> StackDrift {
        let wanted = &self.wanted;
        StackDrift {
            id: wanted.id.clone(),
            account_name: wanted.account().name.clone(),
            account: wanted.account().id.clone().unwrap_or_default(),
            region: wanted.target.region.clone(),
            name: wanted.name.clone(),
            found,
            compared: 0,
            unsupported: 0,
            ignored: 0,
            resources: Vec::new(),
        }
    }
}

/// CloudFormation compares only stacks whose last operation came to a good end, and those stuck in a rollback.
fn incomparable(wanted: &Wanted, stack: &Stack) -> Diagnostic {
    let name = problem::called(wanted);
    let message = format!("{name} is in {}, in which CloudFormation looks for no drift", stack.status);
    let help = match &stack.status {
        status if status.is_dead_shell() => "it never came to be: `infra apply` with the same options makes it anew",
        StackStatus::UpdateFailed => "roll it back: run `infra recover` with the same options, then look again",
        StackStatus::DeleteFailed => "finish the deletion with `infra destroy`",
        _ => "look at the stack in the console and bring it to an end, then look again",
    };
    problem::of_stack(Code::StuckStack, wanted, message).help(help)
}

/// Some resources could not be read.
fn unreadable(wanted: &Wanted, unread: &[&ResourceDrift], why: Option<String>) -> Diagnostic {
    let one = |resource: &&ResourceDrift| {
        let why = resource.reason.as_deref().map(|why| format!(": {}", wanted.reason(&resource.logical_id, why)));
        format!("`{}` ({}){}", resource.logical_id, resource.resource_type, why.unwrap_or_default())
    };
    let mut parts: Vec<String> = unread.iter().map(one).collect();
    if parts.is_empty() {
        parts.push(why.map_or_else(|| "it does not say which".to_owned(), |why| wanted.redacted(&why)));
    }
    let name = problem::called(wanted);
    let message = format!("CloudFormation could not compare every resource of {name}: {}", parts.join(", "));
    problem::of_stack(Code::AwsCall, wanted, message)
        .help("whoever looks for drift needs the rights to read each resource, besides those of CloudFormation")
}

/// CloudFormation tells numbers as texts; what reads as a number or `true` is shown as one.
fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_)))
            if serde_json::to_string(&value).is_ok_and(|same| same == text) =>
        {
            value
        }
        _ => phantom::read(text),
    }
}

/// What decides whether a difference is one, and what of it may be shown.
struct Judge<'a> {
    wanted: &'a Wanted,
    stack: &'a Stack,
    /// The deployed template, and the one of the source.
    templates: [Value; 2],
    /// Paths that may differ, by resource.
    may_differ: BTreeMap<String, Vec<String>>,
    /// Names of parameters that nobody may read.
    secret: BTreeSet<&'a str>,
}

impl<'a> Judge<'a> {
    fn new(wanted: &'a Wanted, stack: &'a Stack, template: &Value) -> Self {
        let source: Value = serde_json::from_str(&wanted.body).unwrap_or_default();
        let mut may_differ = wanted.initial.clone();
        let ignored = source.pointer("/Metadata/infra/ignore_drift").and_then(Value::as_object);
        for (resource, paths) in ignored.into_iter().flatten() {
            let paths = paths.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            may_differ.entry(resource.clone()).or_default().extend(paths);
        }
        let ours = wanted.parameters.iter().filter(|(_, input)| input.secret).map(|(name, _)| name.as_str());
        let theirs = stack.parameters.iter().filter(|(_, p)| p.value.is_masked()).map(|(name, _)| name.as_str());
        let secret = ours.chain(theirs).collect();
        Self { wanted, stack, templates: [template.clone(), source], may_differ, secret }
    }

    /// The resource, unless all its differences are none; and how many may be.
    fn resource(&self, from: &ResourceDrift) -> (Option<DriftedResource>, usize) {
        let deleted = from.verdict == Verdict::Deleted;
        let real = |one: &&Difference| !phantom::is_phantom(one, from, self.stack, self.wanted.types);
        let (may, real): (Vec<_>, Vec<_>) =
            from.differences.iter().filter(|_| !deleted).filter(real).partition(|one| self.may_differ(from, one));
        let mut properties: Vec<DriftedProperty> = real.into_iter().map(|one| self.property(from, one)).collect();
        properties.sort_by(|a, b| a.path.cmp(&b.path));
        let drifted = deleted || !properties.is_empty();
        let resource = drifted.then(|| DriftedResource {
            logical_id: from.logical_id.clone(),
            physical_id: from.physical_id.as_deref().map(|id| self.wanted.redacted(id)),
            resource_type: from.resource_type.clone(),
            deleted,
            properties,
            place: None,
        });
        (resource, may.len())
    }

    fn may_differ(&self, resource: &ResourceDrift, one: &Difference) -> bool {
        let path = one.path.join(".");
        let covers =
            |above: &String| path == *above || path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'));
        self.may_differ.get(&resource.logical_id).is_some_and(|paths| paths.iter().any(covers))
    }

    fn property(&self, resource: &ResourceDrift, one: &Difference) -> DriftedProperty {
        let path = one.path.join(".");
        let properties = |side: &'_ Value| -> Option<Value> {
            side.get("Resources")?.get(&resource.logical_id)?.get("Properties").cloned()
        };
        let template: Vec<Value> = self.templates.iter().filter_map(properties).collect();
        // A value that only the service has stands under no parameter, but may be called a password all the same.
        let told: Vec<Value> = resource
            .properties
            .iter()
            .flat_map(|(expected, actual)| [expected, actual])
            .filter_map(|side| serde_json::from_str(side.expose()).ok())
            .collect();
        let is_secret = secrecy::comes_from(template.iter().chain(&told), &path, |name| self.secret.contains(name));
        let side = |value: &Option<Secret>| {
            let mut shown = Shown::Value(typed(&self.wanted.redacted(value.as_ref()?.expose())));
            secrecy::veil_side(&mut shown, is_secret);
            Some(shown)
        };
        DriftedProperty { expected: side(&one.expected), actual: side(&one.actual), place: None, path }
    }
}
