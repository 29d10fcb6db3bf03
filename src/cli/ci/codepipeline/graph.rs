//! From a build to stages: which stack is deployed where and when, and what it is given by others.
//!
//! Limits are those of "Quotas in AWS CodePipeline" and of its "Variables reference".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::build::{self, Build, Built};
use crate::semantics;
use crate::semantics::model::{Account, InstanceKey, Parameter, ParameterSource};

/// Stages of a pipeline, and actions of a stage.
const MOST: usize = 50;

/// The source and the build.
const BEFORE: usize = 2;

/// Characters of a value of an action's configuration: so many outputs a stack can be given.
const LONGEST: usize = 1_000;

/// Namespaces that mean something already.
const RESERVED: [&str; 2] = ["codepipeline", "variables"];

/// What a pipeline does.
pub(super) struct Graph {
    /// The stacks of each stage, in their order.
    pub stages: Vec<Vec<Deployed>>,
    /// Every region of a stack, sorted.
    pub regions: BTreeSet<String>,
    /// Accounts other than that of the pipeline, by their twelve digits.
    pub others: BTreeSet<String>,
    /// The roles that actions assume.
    pub roles: BTreeSet<String>,
    /// The role that CloudFormation deploys with, by account.
    pub deploy_roles: BTreeMap<String, String>,
    /// Stacks with `@termination_protection`.
    pub protected: Vec<String>,
}

/// One stack.
pub(super) struct Deployed {
    /// What its actions are called: `network.eu-west-1`.
    pub name: String,
    /// Its name in CloudFormation.
    pub stack: String,
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// The role that its actions assume.
    pub role: Option<String>,
    pub deploy_role: String,
    /// The name of its template and its configuration.
    pub file: String,
    pub capabilities: Vec<&'static str>,
    /// Where later actions find its outputs, if any reads one.
    pub namespace: Option<String>,
    /// What earlier ones give it.
    pub parameters: BTreeMap<String, String>,
}

/// The stages of a build; else what cannot be carried, each with the stack that it is about.
pub(super) fn of(built: &Build, home: &Account, deploy_role: &str, approve: bool) -> Result<Graph, Vec<String>> {
    let names = Names::of(built);
    let mut problems: Vec<String> = built.stacks.iter().flat_map(|stack| refuse(stack, home)).collect();
    let mut waves: BTreeMap<usize, Vec<Deployed>> = BTreeMap::new();
    for stack in &built.stacks {
        let deployed = deployed(stack, &names, deploy_role);
        let length = Value::from_iter(deployed.parameters.clone()).to_string().len();
        if length > LONGEST {
            problems.push(format!(
                "`{}` is given {} outputs of other stacks, which take {length} characters, and CodePipeline takes {LONGEST}: \
                 read fewer, put several into one output, or read some with `live`",
                stack.head.key,
                deployed.parameters.len()
            ));
        }
        waves.entry(stack.order).or_default().push(deployed);
    }
    // Two actions for each stack, and one to approve.
    let most = (MOST - usize::from(approve)) / 2;
    let mut stages: Vec<Vec<Deployed>> = Vec::new();
    for wave in waves.into_values() {
        let mut rest = wave.into_iter().peekable();
        while rest.peek().is_some() {
            stages.push(rest.by_ref().take(most).collect());
        }
    }
    if stages.len() + BEFORE > MOST {
        problems.push(format!(
            "the stacks take {} stages, and a pipeline has at most {MOST}, of which the source and the build are {BEFORE}",
            stages.len()
        ));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let all = || stages.iter().flatten();
    Ok(Graph {
        regions: all().map(|stack| stack.region.clone()).collect(),
        others: all().map(|stack| stack.account.clone()).filter(|id| **id != *home.id).collect(),
        roles: all().filter_map(|stack| stack.role.clone()).collect(),
        deploy_roles: all().map(|stack| (stack.account.clone(), stack.deploy_role.clone())).collect(),
        protected: built
            .stacks
            .iter()
            .filter(|stack| stack.head.termination_protection)
            .map(|stack| format!("`{}`", stack.head.key))
            .collect(),
        stages,
    })
}

/// Why a stack cannot be deployed by CodePipeline.
fn refuse(stack: &Built, home: &Account) -> Vec<String> {
    let head = &stack.head;
    let key = &head.key;
    let mut why = Vec::new();
    let secret = |p: &&Parameter| p.no_echo && matches!(p.source, ParameterSource::Input { .. });
    for parameter in head.parameters.iter().filter(secret) {
        why.push(format!(
            "`{key}` has the secret input `{}`, which CodePipeline can neither keep nor be given: read it from where it \
             lies, with `secret(…)` or `ssm_secret(…)`",
            parameter.name
        ));
    }
    for place in stack.places.iter().filter(|place| !place.initial.is_empty()) {
        why.push(format!(
            "`{key}` keeps what `{}` has (`@initial`), and CodePipeline sends the template as it is: leave `@initial` out",
            place.shown
        ));
    }
    if head.account.id != home.id && head.account.role.is_none() {
        why.push(format!(
            "`{key}` lies in account `{0}`, and the pipeline in `{1}`: say with `role` in `account {0}` which role the \
             pipeline assumes there",
            head.account.name, home.name
        ));
    }
    if semantics::partition(&key.region) == "aws-cn" {
        why.push(format!("`{key}` lies in China, where CodePipeline has no action for CloudFormation"));
    }
    why
}

fn deployed(stack: &Built, names: &Names<'_>, deploy_role: &str) -> Deployed {
    let head = &stack.head;
    let account = &head.account.id;
    let given = head.parameters.iter().filter_map(|parameter| match &parameter.source {
        ParameterSource::Output(from) => {
            let namespace = names.namespaces.get(&from.instance)?;
            Some((parameter.name.to_string(), format!("#{{{namespace}.{}}}", from.output)))
        }
        ParameterSource::Input { .. } => None,
    });
    let name = names.actions.get(&head.key).cloned().unwrap_or_default();
    Deployed {
        stack: head.stack_name.to_string(),
        region: head.key.region.to_string(),
        account: account.to_string(),
        role: head.account.role.as_ref().map(ToString::to_string),
        deploy_role: match deploy_role.starts_with("arn:") {
            true => deploy_role.to_owned(),
            false => format!("arn:{}:iam::{account}:role/{deploy_role}", semantics::partition(&head.key.region)),
        },
        file: build::plain_name(&head.key.to_string()),
        capabilities: stack.template.capabilities.clone(),
        namespace: names.read.contains(&head.key).then(|| names.namespaces.get(&head.key).cloned()).flatten(),
        parameters: given.collect(),
        name,
    }
}

/// What actions and namespaces are called.
struct Names<'a> {
    actions: BTreeMap<&'a InstanceKey, String>,
    namespaces: BTreeMap<&'a InstanceKey, String>,
    /// The instances that others read.
    read: BTreeSet<&'a InstanceKey>,
}

impl<'a> Names<'a> {
    fn of(built: &'a Build) -> Self {
        let keys: Vec<&InstanceKey> = built.stacks.iter().map(|stack| &stack.head.key).collect();
        let is_alone = |key: &InstanceKey| keys.iter().filter(|other| other.stack == key.stack).count() == 1;
        // Of one environment, a stack has one instance in each region.
        let called = |key: &InstanceKey, mark: char| match is_alone(key) && !RESERVED.contains(&key.stack.as_str()) {
            true => key.stack.to_string(),
            false => format!("{}{mark}{}", key.stack, key.region),
        };
        let read = built.stacks.iter().flat_map(|stack| &stack.head.uses).map(|used| &used.from.instance);
        Self {
            actions: keys.iter().map(|key| (*key, called(key, '.'))).collect(),
            namespaces: keys.iter().map(|key| (*key, called(key, '-'))).collect(),
            read: read.collect(),
        }
    }
}

impl Deployed {
    /// As a record of the file that is written.
    pub(super) fn record(&self) -> Value {
        json!({
            "name": self.name,
            "stack": self.stack,
            "region": self.region,
            "role": self.role,
            "deploy_role": self.deploy_role,
            "file": self.file,
            "capabilities": self.capabilities.join(","),
            "namespace": self.namespace,
            "parameters": self.parameters,
        })
    }
}
