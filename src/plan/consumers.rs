//! Who still reads what a plan takes away.
//!
//! Every stack of ours says in its template what it reads of others, and its tags say that it is one of ours. So those
//! who read an output are found without a server, also where another project deploys them: all stacks of an account and
//! region are listed, and the templates of ours read. That costs a call for each; it is done only where an output goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::build::SHARED;
use crate::cloud::{Cloud, CloudError, Clouds, ErrorKind, Stack, StackStatus, Target};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::exports::{self, Export};
use crate::plan::problem;
use crate::plan::wanted::{Desired, Source, Wanted};
use crate::plan::{StackAction, StackPlan, ValueChange};

/// A planned stack, and what others may miss of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) wanted: Arc<Wanted>,
    pub(crate) plan: StackPlan,
    /// Outputs that go.
    pub(crate) outputs: BTreeSet<String>,
    /// Exports that do not simply stay.
    pub(crate) exports: Vec<Export>,
    /// What it says of itself as deployed, where that was read.
    pub(crate) says: Option<Value>,
}

impl Done {
    /// One that stays.
    pub(crate) fn of(wanted: &Arc<Wanted>, plan: StackPlan, exports: Vec<Export>) -> Self {
        let goes = |o: &&ValueChange| o.before.is_some() && o.after.is_none();
        let outputs = plan.outputs.iter().filter(goes).map(|o| o.name.clone()).collect();
        // What stays as it is reads what its source says, and that was compiled.
        let says = (plan.action == StackAction::None).then_some(Value::Null);
        Self { wanted: Arc::clone(wanted), plan, outputs, exports, says }
    }

    /// Which of its outputs that go a stack reads that says `says` of itself.
    fn read_by(&self, project: &str, says: &Value) -> BTreeSet<String> {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let target = &self.wanted.target;
        let is_this = |used: &Value| match (text(used, "account"), text(used, "deployed_as")) {
            (Some(account), Some(name)) => {
                let region = text(used, "stack").and_then(|id| Some(id.rsplit_once('/')?.1.to_owned()));
                Some(account) == target.account.id
                    && name == self.wanted.name
                    && region.as_ref() == Some(&target.region)
            }
            _ => {
                text(says, "project").as_deref() == Some(project)
                    && text(used, "stack").as_ref() == Some(&self.wanted.id)
            }
        };
        let uses = says.get("uses").and_then(Value::as_object);
        let names = uses.into_iter().flat_map(|uses| uses.values()).filter(|used| is_this(used));
        names.filter_map(|used| text(used, "name")).filter(|name| self.outputs.contains(name)).collect()
    }
}

/// A deployed stack that reads what goes.
#[derive(Clone, Debug)]
struct Reader {
    /// Id of the stack whose outputs it reads.
    of: String,
    /// The outputs.
    outputs: BTreeSet<String>,
    /// As it calls itself: `api@dev/eu-west-1`.
    id: String,
    /// Its project.
    project: String,
    /// Its `infra:env`.
    env: String,
    /// Its name in CloudFormation.
    name: String,
    /// Where it is.
    target: Target,
}

/// What was found.
#[derive(Default, Debug)]
struct Readers {
    /// By place and name.
    all: Vec<Reader>,
    /// Where it could not be looked, and why; whole sentences without a period.
    unseen: Vec<String>,
}

/// Looks for those who read what goes, in all accounts and regions in which they may be.
async fn find(clouds: &Arc<dyn Clouds>, desired: &Desired, done: &[Done]) -> Result<Readers, Vec<Diagnostic>> {
    let losing: Vec<&Done> = done.iter().filter(|one| !one.outputs.is_empty()).collect();
    let own: BTreeSet<&Target> = losing.iter().map(|one| &one.wanted.target).collect();
    let mut asked = JoinSet::new();
    for target in places(desired, &losing) {
        let (cloud, is_own) = (clouds.at(&target), own.contains(&target));
        let known = |one: &Done| Some((one.wanted.name.clone(), one.says.clone()?));
        let known = done.iter().filter(|one| one.wanted.target == target).filter_map(known).collect();
        asked.spawn(async move {
            let found = said(&cloud, known).await;
            (target, is_own, found)
        });
    }
    let (mut readers, mut problems) = (Readers::default(), Vec::new());
    while let Some(answer) = asked.join_next().await {
        let Ok((target, is_own, found)) = answer else { continue };
        match found {
            Ok(all) => {
                readers.all.extend(all.iter().flat_map(|(stack, says)| read(desired, &losing, &target, stack, says)));
            }
            // What may not be seen, cannot be told; what does not answer now, would another time.
            Err(error) if !is_own || error.kind == ErrorKind::Denied => {
                readers.unseen.push(format!("who reads these outputs in {target} could not be found out: {error}"));
            }
            Err(error) => problems.push(problem::of_call(&error, None)),
        }
    }
    readers.all.sort_by(|a, b| (&a.of, &a.target, &a.name).cmp(&(&b.of, &b.target, &b.name)));
    readers.unseen.sort();
    if problems.is_empty() { Ok(readers) } else { Err(problems) }
}

/// Where readers may be: where this run has something, and for what all environments share, wherever the project has.
fn places(desired: &Desired, losing: &[&Done]) -> BTreeSet<Target> {
    let shared = losing.iter().any(|l| l.wanted.env() == SHARED);
    let everywhere = desired.sites.iter().filter(|_| shared).map(|site| &site.target);
    // What others deploy is in their account, and not where we have anything to look for.
    let ours = desired.stacks.iter().filter(|w| w.foreign.is_none()).map(|w| &w.target);
    let mut seen: BTreeMap<(Option<&str>, &str), &Target> = BTreeMap::new();
    for target in ours.chain(everywhere) {
        seen.entry((target.account.id.as_deref(), &target.region)).or_insert(target);
    }
    seen.into_values().cloned().collect()
}

/// What the stacks of ours say of themselves; of some, by their names, that is known.
async fn said(cloud: &Arc<dyn Cloud>, mut known: BTreeMap<String, Value>) -> Result<Vec<(Stack, Value)>, CloudError> {
    cloud.identify().await?;
    let (mut asked, mut all) = (JoinSet::new(), Vec::new());
    for stack in cloud.stacks().await? {
        if stack.status == StackStatus::ReviewInProgress || !stack.tags.contains_key("infra:project") {
            continue;
        }
        if let Some(says) = known.remove(&stack.name) {
            all.push((stack, says));
        } else {
            let cloud = Arc::clone(cloud);
            asked.spawn(async move { (cloud.template(&stack.id).await, stack) });
        }
    }
    while let Some(answer) = asked.join_next().await {
        let Ok((template, stack)) = answer else { continue };
        let template = template?.and_then(|text| crate::template::read(&text));
        all.extend(template.map(|template| (stack, says(&template))));
    }
    Ok(all)
}

/// What a template says of itself.
pub(crate) fn says(template: &Value) -> Value {
    template.get("Metadata").and_then(|all| all.get("infra")).cloned().unwrap_or_default()
}

fn read(desired: &Desired, losing: &[&Done], target: &Target, stack: &Stack, says: &Value) -> Vec<Reader> {
    let tag = |key: &str| stack.tags.get(key).cloned().unwrap_or_default();
    let id = says.get("id").and_then(Value::as_str).unwrap_or(&stack.name);
    let one = |l: &&Done| {
        let outputs = l.read_by(&desired.project, says);
        (!outputs.is_empty()).then(|| Reader {
            of: l.wanted.id.clone(),
            outputs,
            id: id.to_owned(),
            project: tag("infra:project"),
            env: tag("infra:env"),
            name: stack.name.clone(),
            target: target.clone(),
        })
    };
    losing.iter().filter_map(one).collect()
}

/// Refuses a plan after which somebody would read or import what is gone. Where such a stack is changed or goes in the
/// same run, it comes first, if nothing else stands against that.
pub(crate) async fn judge(clouds: &Arc<dyn Clouds>, desired: &Desired, done: &mut Vec<Done>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if done.iter().any(|one| !one.outputs.is_empty()) {
        match find(clouds, desired, done).await {
            Ok(readers) => problems.extend(judge_readers(desired, done, &readers)),
            Err(failed) => return failed,
        }
    }
    for at in 0..done.len() {
        problems.extend(judge_exports(clouds, done, at).await);
    }
    in_order(done);
    problems
}

fn judge_readers(desired: &Desired, done: &mut [Done], readers: &Readers) -> Vec<Diagnostic> {
    let losing = |one: &&Done| !one.outputs.is_empty();
    let mut problems: Vec<Diagnostic> =
        done.iter().filter(losing).flat_map(|one| bound_readers(desired, done, one)).collect();
    for reader in &readers.all {
        let is_reader = |one: &&Done| one.wanted.target == reader.target && one.wanted.name == reader.name;
        match done.iter().find(is_reader).map(|one| one.wanted.id.clone()) {
            Some(id) if id == reader.of => {}
            Some(id) if follow(done, &reader.of, &id) => {}
            Some(id) => {
                let note = format!(
                    "`{id}` reads {} as deployed and can only be changed after this: until then it keeps the old value",
                    quoted(&reader.outputs)
                );
                done.iter_mut()
                    .filter(|one| one.wanted.id == reader.of)
                    .for_each(|one| one.plan.notes.push(note.clone()));
            }
            None => {
                problems.extend(
                    done.iter().find(|one| one.wanted.id == reader.of).map(|one| refusal(desired, one, reader)),
                );
            }
        }
    }
    for one in done.iter_mut().filter(|one| !one.outputs.is_empty()) {
        one.plan.notes.extend(readers.unseen.iter().cloned());
    }
    problems
}

async fn judge_exports(clouds: &Arc<dyn Clouds>, done: &mut [Done], at: usize) -> Vec<Diagnostic> {
    let Some(one) = done.get(at).filter(|one| !one.exports.is_empty()) else { return Vec::new() };
    let (wanted, exports) = (Arc::clone(&one.wanted), one.exports.clone());
    let cloud = clouds.at(&wanted.target);
    let mut before = BTreeSet::new();
    let judged = exports::judge(&cloud, &wanted, &exports, |name| {
        let is_it = |one: &&Done| one.wanted.target == wanted.target && one.wanted.name == name && leaves_imports(one);
        let importer = done.iter().find(is_it).map(|one| one.wanted.id.clone());
        before.extend(importer.clone());
        importer.is_some_and(|id| !needs(done, &id, &wanted.id))
    });
    let (problems, notes) = judged.await;
    for id in before {
        follow(done, &wanted.id, &id);
    }
    if let Some(one) = done.get_mut(at) {
        one.plan.notes.extend(notes);
    }
    problems
}

/// True where nothing is imported after this run, whatever it is called.
fn leaves_imports(one: &Done) -> bool {
    match one.plan.action {
        StackAction::Delete => true,
        StackAction::Update => !one.wanted.body.contains("ImportValue"),
        _ => false,
    }
}

/// Stacks of this run that read what goes as if others deployed it: no compiler could know.
fn bound_readers(desired: &Desired, done: &[Done], losing: &Done) -> Vec<Diagnostic> {
    let is_it = |id: &str| {
        desired.get(id).is_some_and(|w| {
            let (there, here) = (&w.target, &losing.wanted.target);
            let same = (&there.account.id, &there.region) == (&here.account.id, &here.region);
            w.foreign.is_some() && same && w.name == losing.wanted.name
        })
    };
    let mut problems = Vec::new();
    for one in done {
        for input in one.wanted.parameters.values() {
            let Source::Output { stack, name, .. } = &input.source else { continue };
            if is_it(stack) && losing.outputs.contains(name) {
                let message =
                    format!("`{}` would lose the output `{name}`, which `{}` reads", losing.wanted.id, one.wanted.id);
                let problem = problem::of_stack(Code::StillUsed, &losing.wanted, message);
                let problem = input.place.into_iter().fold(problem, |problem, place| problem.at(place, "read here"));
                problems.push(problem.help("keep the output, or read another one"));
            }
        }
    }
    problems
}

/// Has `first` come before `then`; false where it waits for `then` already.
fn follow(done: &mut [Done], then: &str, first: &str) -> bool {
    if needs(done, first, then) {
        return false;
    }
    if let Some(one) = done.iter_mut().find(|one| one.wanted.id == then)
        && !one.plan.after.iter().any(|id| id == first)
    {
        one.plan.after.push(first.to_owned());
        one.plan.after.sort();
    }
    true
}

/// True where `stack` waits for `other`, directly or not.
fn needs(done: &[Done], stack: &str, other: &str) -> bool {
    let after: BTreeMap<&str, &[String]> = done.iter().map(|one| (one.plan.id.as_str(), &one.plan.after[..])).collect();
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![stack]);
    while let Some(id) = waiting.pop() {
        if id == other {
            return true;
        }
        if seen.insert(id) {
            waiting.extend(after.get(id).into_iter().copied().flatten().map(String::as_str));
        }
    }
    false
}

/// Brings those that wait behind what they wait for; all else keeps its place.
fn in_order(done: &mut Vec<Done>) {
    let mut behind: BTreeSet<String> = done.iter().map(|one| one.plan.id.clone()).collect();
    let mut waiting = std::mem::take(done);
    while !waiting.is_empty() {
        let before = done.len();
        for one in std::mem::take(&mut waiting) {
            if one.plan.after.iter().any(|id| behind.contains(id)) {
                waiting.push(one);
            } else {
                behind.remove(&one.plan.id);
                done.push(one);
            }
        }
        if done.len() == before {
            // Where they waited for each other, the order they came in would be as good as any.
            done.append(&mut waiting);
        }
    }
}

/// Somebody who stays reads what goes.
fn refusal(desired: &Desired, losing: &Done, reader: &Reader) -> Diagnostic {
    let wanted = &losing.wanted;
    let is_ours = reader.project == desired.project;
    let whose = if is_ours { String::new() } else { format!(" of project `{}`", reader.project) };
    let outputs = quoted(&reader.outputs);
    let goes = losing.plan.action == StackAction::Delete;
    let what = match (goes, reader.outputs.len()) {
        (true, 1) => "would go with its output",
        (true, _) => "would go with its outputs",
        (false, 1) => "would lose the output",
        (false, _) => "would lose the outputs",
    };
    let message = format!(
        "`{}` {what} {outputs}, which `{}`{whose} reads as deployed (stack `{}` in {})",
        wanted.id, reader.id, reader.name, reader.target
    );
    let stack = reader.id.split('@').next().unwrap_or(&reader.id);
    let in_source = desired.stacks.iter().any(|w| w.id == reader.id && w.is_ours_to_deploy());
    let keep = if goes { "keep it".to_owned() } else { format!("keep {outputs}") };
    problem::of_stack(Code::StillUsed, wanted, message).help(if !is_ours {
        format!("{keep} until project `{}` has deployed a version that does not read it", reader.project)
    } else if in_source && !goes {
        format!("apply `{stack}` in the same run, or before")
    } else if in_source {
        format!("destroy `{}` too, or first", reader.id)
    } else if desired.scope.covers(&reader.env) {
        format!("the source no longer has `{stack}`: remove it in the same run with `--prune`, or {keep}")
    } else {
        format!("{keep} until `{}` is deployed without it", reader.id)
    })
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
