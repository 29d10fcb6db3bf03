//! A plan as a file: all that an apply of it needs, so that it runs without the sources.
//!
//! A file holds the plan as it was shown, and for every stack that changes what AWS is sent: the template, tags, how its
//! account is reached. The templates are in it, and not read from the sources again, because a stack that waits for
//! another one gets its change set only while applying: what is sent then is what was looked at. Values that are
//! secret are never in it, nor a digest of one, which could be guessed: an exact change set carries them in AWS, and
//! for the others they are given again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloud::{Account, Secret, Target};
use crate::plan::wanted::{Desired, Input, Source, Wanted};
use crate::plan::{Origin, ParameterPlan, Plan, Shown, StackAction, StackPlan};
use crate::schema::Types;
use crate::template::provenance;

mod file;
mod fits;

pub use file::{LONGEST, Refused};

/// How a saved plan came about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Version of the tool that made it.
    pub tool: String,
    /// When: milliseconds since 1970, by the clock of that machine.
    pub time: u64,
    /// Commit of the source, where that is known.
    pub commit: Option<String>,
}

/// A plan with all that an apply of it needs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// How it came about.
    pub made: Made,
    /// The plan.
    pub plan: Plan,
    /// The stacks of the plan, and those whose outputs it reads, by id.
    stacks: BTreeMap<String, Part>,
}

/// What is to be known of a stack besides its plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    stack: String,
    name: String,
    region: String,
    account: Reach,
    /// Where it changes: what is sent.
    sent: Option<Sent>,
}

/// An account, and how to reach it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reach {
    name: String,
    id: Option<String>,
    role: Option<String>,
    profile: Option<String>,
    external_id: Option<String>,
}

/// What AWS is sent, and what guards it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    template: String,
    /// Where a template that is too large for a call goes.
    bucket: Option<String>,
    tags: BTreeMap<String, String>,
    protected: BTreeMap<String, String>,
    initial: BTreeMap<String, Vec<String>>,
    secret: BTreeSet<String>,
    /// Of lists whose length the template relies on: how many items they have.
    items: BTreeMap<String, usize>,
}

impl Saved {
    /// `plan` of `desired`, as a file holds it.
    pub fn new(made: Made, plan: Plan, desired: &Desired) -> Self {
        let read = plan.stacks.iter().flat_map(|stack| stack.parameters.values()).filter_map(producer);
        let ids: BTreeSet<&str> = plan.stacks.iter().map(|stack| stack.id.as_str()).chain(read).collect();
        let part = |id: &str| {
            let changes = plan.stack(id).is_some_and(StackPlan::has_changes);
            Some((id.to_owned(), Part::of(desired.get(id)?, changes)))
        };
        let stacks = ids.into_iter().filter_map(part).collect();
        Self { made, stacks, plan }
    }

    /// What the plan was made from. `types` are the resource types that are known here; `given` the values of what
    /// is [`Saved::missing`], by `stack.Input`.
    pub fn desired(&self, types: &'static Types, given: &BTreeMap<String, Secret>) -> Desired {
        let wanted = |(id, part): (&String, &Part)| Arc::new(part.wanted(id, self.plan.stack(id), types, given));
        Desired {
            project: self.plan.project.clone(),
            env: self.plan.env.clone(),
            stacks: self.stacks.iter().map(wanted).collect(),
            ..Desired::default()
        }
    }

    /// Secret inputs that have to be given again, as `(id of the stack, stack.Input)`: those set for a stack whose
    /// change set is only made while applying.
    pub fn missing(&self) -> Vec<(String, String)> {
        let mut missing = Vec::new();
        for stack in self.plan.stacks.iter().filter(|s| s.action != StackAction::None && s.change_set.is_none()) {
            let secret = |name: &&String| {
                let sent = self.stacks.get(&stack.id).and_then(|part| part.sent.as_ref());
                sent.is_some_and(|sent| sent.secret.contains(*name))
            };
            let set = stack.parameters.iter().filter(|(_, p)| p.origin == Origin::Set).map(|(name, _)| name);
            missing.extend(set.filter(secret).map(|name| (stack.id.clone(), format!("{}.{name}", stack.stack))));
        }
        missing
    }
}

/// The stack that gives a parameter its value.
fn producer(parameter: &ParameterPlan) -> Option<&str> {
    match &parameter.origin {
        Origin::Output { stack, .. } => Some(stack),
        Origin::Set | Origin::Kept | Origin::Default => None,
    }
}

impl Part {
    fn of(wanted: &Wanted, changes: bool) -> Self {
        let account = wanted.account();
        let secret = wanted.parameters.iter().filter(|(_, input)| input.secret).map(|(name, _)| name.clone());
        let items = wanted.parameters.iter().filter_map(|(name, input)| match &input.source {
            Source::Output { items: Some(items), .. } => Some((name.clone(), *items)),
            _ => None,
        });
        Self {
            stack: wanted.stack.clone(),
            name: wanted.name.clone(),
            region: wanted.target.region.clone(),
            account: Reach {
                name: account.name.clone(),
                id: account.id.clone(),
                role: account.role.clone(),
                profile: account.profile.clone(),
                external_id: account.external_id.clone(),
            },
            sent: changes.then(|| Sent {
                template: wanted.body.clone(),
                bucket: wanted.bucket.clone(),
                tags: wanted.tags.clone(),
                protected: wanted.protected.clone(),
                initial: wanted.initial.clone(),
                secret: secret.collect(),
                items: items.collect(),
            }),
        }
    }

    fn wanted(
        &self,
        id: &str,
        plan: Option<&StackPlan>,
        types: &'static Types,
        given: &BTreeMap<String, Secret>,
    ) -> Wanted {
        let Reach { name, id: digits, role, profile, external_id } = self.account.clone();
        let account = Account { name, id: digits, role, profile, external_id };
        let sent = self.sent.as_ref();
        let input = |(name, parameter): (&String, &ParameterPlan)| {
            Some((name.clone(), sent?.input(name, parameter, given.get(&format!("{}.{name}", self.stack)))))
        };
        Wanted {
            id: id.to_owned(),
            stack: self.stack.clone(),
            target: Target { account, region: self.region.clone() },
            name: self.name.clone(),
            body: sent.map(|s| s.template.clone()).unwrap_or_default(),
            sha256: plan.map(|p| p.template.clone()).unwrap_or_default(),
            capabilities: plan.map(|p| p.capabilities.clone()).unwrap_or_default(),
            tags: sent.map(|s| s.tags.clone()).unwrap_or_default(),
            parameters: plan.into_iter().flat_map(|p| &p.parameters).filter_map(input).collect(),
            after: plan.map(|p| p.after.iter().cloned().collect()).unwrap_or_default(),
            protected: sent.map(|s| s.protected.clone()).unwrap_or_default(),
            initial: sent.map(|s| s.initial.clone()).unwrap_or_default(),
            // These two are in the plan, as settings and in the fingerprint; uploads are done, and CloudFormation reads
            // live what it reads live.
            policy: None,
            termination_protection: false,
            assets: Vec::new(),
            bucket: sent.and_then(|s| s.bucket.clone()),
            live: Vec::new(),
            types,
            place: None,
            places: provenance::Index::default(),
            foreign: None,
            orphan: false,
        }
    }
}

impl Sent {
    fn input(&self, name: &str, parameter: &ParameterPlan, given: Option<&Secret>) -> Input {
        let shown = match &parameter.after {
            Shown::Value(Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        let source = match &parameter.origin {
            Origin::Output { stack, name: output } => {
                Source::Output { stack: stack.clone(), name: output.clone(), items: self.items.get(name).copied() }
            }
            Origin::Set => Source::Input { set: shown.map(Secret::new).or_else(|| given.cloned()), default: None },
            Origin::Kept => Source::Input { set: None, default: None },
            Origin::Default => Source::Input { set: None, default: shown.or_else(|| self.default(name)) },
        };
        Input { source, secret: self.secret.contains(name), place: None }
    }

    /// The default of a parameter whose value is not shown: the template says it.
    fn default(&self, name: &str) -> Option<String> {
        let template: Value = serde_json::from_str(&self.template).ok()?;
        match template.get("Parameters")?.get(name)?.get("Default")? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}
