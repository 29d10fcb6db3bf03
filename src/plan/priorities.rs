//! Rules of a listener that several projects share have different priorities.
//!
//! What one project compiles is compared there. Rules of other projects are found in what is deployed: who puts rules
//! on a listener is given its ARN, so it stands among the parameters of that stack, or among the outputs of the stack
//! that made it. That costs a list of the stacks, and a template of each that knows the listener; it is done only where
//! a rule is new or changes its priority.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::build::priorities::{LEAST, MOST, RULES};
use crate::cloud::{Cloud, CloudError, Clouds, ErrorKind, Stack, StackStatus, Target};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::consumers::Done;
use crate::plan::wanted::Wanted;
use crate::plan::{Action, Change, Shown, problem};

/// A rule, as a template has it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Rule {
    id: String,
    listener: String,
    priority: i64,
}

/// What stands in the way of the rules that are made or moved; and what could not be found out, into the notes.
pub(crate) async fn judge(clouds: &Arc<dyn Clouds>, done: &mut [Done]) -> Vec<Diagnostic> {
    let mut asked: BTreeMap<Target, BTreeSet<String>> = BTreeMap::new();
    let new: Vec<(usize, Rule)> = done.iter().enumerate().flat_map(|(at, one)| placed(at, one)).collect();
    for (at, rule) in &new {
        if let Some(one) = done.get(*at) {
            asked.entry(one.wanted.target.clone()).or_default().insert(rule.listener.clone());
        }
    }
    let mut found = JoinSet::new();
    for (target, listeners) in asked {
        let cloud = clouds.at(&target);
        let planned =
            done.iter().filter(|one| one.wanted.target == target).map(|one| one.wanted.name.clone()).collect();
        found.spawn(async move {
            let rules = deployed(&cloud, &listeners, &planned).await;
            (target, rules)
        });
    }
    let mut problems = Vec::new();
    while let Some(answer) = found.join_next().await {
        let Ok((target, rules)) = answer else { continue };
        match rules {
            Ok(rules) => problems.extend(new.iter().filter_map(|(at, rule)| {
                let one = done.get(*at).filter(|one| one.wanted.target == target)?;
                taken(&one.wanted, rule, &rules)
            })),
            // What may not be seen, cannot be told; CloudFormation will.
            Err(error) if error.kind == ErrorKind::Denied => {
                let note = format!(
                    "whether another stack in {target} has a rule of the same priority could not be found out: {error}"
                );
                let theirs = new.iter().map(|(at, _)| *at).collect::<BTreeSet<_>>();
                for (_, one) in done.iter_mut().enumerate().filter(|(at, _)| theirs.contains(at)) {
                    if one.wanted.target == target {
                        one.plan.notes.push(note.clone());
                    }
                }
            }
            Err(error) => problems.push(problem::of_call(&error, None)),
        }
    }
    problems
}

/// The rules that a plan makes or moves, on listeners that are there.
fn placed(at: usize, one: &Done) -> Vec<(usize, Rule)> {
    let is_placed = |change: &&Change| {
        RULES.iter().any(|(ty, _)| *ty == change.resource_type)
            && (matches!(change.action, Action::Create | Action::Import | Action::Replace)
                || change.properties.iter().any(|p| p.path == "Priority"))
    };
    let ids: BTreeSet<&str> =
        one.plan.changes.iter().filter(is_placed).map(|change| change.logical_id.as_str()).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let value = |name: &str| match &one.plan.parameters.get(name)?.after {
        Shown::Value(value) => value.as_str().map(str::to_owned),
        _ => None,
    };
    let rules = crate::template::read(&one.wanted.body).map(|template| rules(&template, value)).unwrap_or_default();
    rules.into_iter().filter(|rule| ids.contains(rule.id.as_str())).map(|rule| (at, rule)).collect()
}

/// The rules of a template whose listener and priority are known; `value` gives what its references stand for.
fn rules(template: &Value, value: impl Fn(&str) -> Option<String>) -> Vec<Rule> {
    let resources = template.get("Resources").and_then(Value::as_object).into_iter().flatten();
    let rule = |(id, resource): (&String, &Value)| {
        let (_, owner) = RULES.iter().find(|(ty, _)| resource.get("Type").and_then(Value::as_str) == Some(ty))?;
        let properties = resource.get("Properties")?;
        let listener = match properties.get(*owner)? {
            Value::String(arn) => arn.clone(),
            reference => match reference.get("Ref") {
                Some(name) => value(name.as_str()?)?,
                // An item of a list parameter.
                None => {
                    let list = value(reference.pointer("/Fn::Select/1/Ref")?.as_str()?)?;
                    let at = reference.pointer("/Fn::Select/0")?.as_u64()?;
                    list.split(',').nth(usize::try_from(at).ok()?)?.to_owned()
                }
            },
        };
        let priority = match properties.get("Priority")? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_i64()?,
        };
        Some(Rule { id: id.clone(), listener, priority })
    };
    resources.filter_map(rule).collect()
}

/// The rules of these listeners that other stacks have than the planned ones.
async fn deployed(
    cloud: &Arc<dyn Cloud>,
    listeners: &BTreeSet<String>,
    planned: &BTreeSet<String>,
) -> Result<Vec<(Stack, Rule)>, CloudError> {
    let mut asked = JoinSet::new();
    for stack in cloud.stacks().await? {
        let parameters = stack.parameters.values().map(|parameter| parameter.value.expose());
        let mut values = parameters.chain(stack.outputs.values().map(|output| output.value.as_str()));
        let counts = stack.status != StackStatus::ReviewInProgress && !planned.contains(&stack.name);
        if counts && values.any(|value| value.split(',').any(|item| listeners.contains(item))) {
            let cloud = Arc::clone(cloud);
            asked.spawn(async move { (cloud.template(&stack.id).await, stack) });
        }
    }
    let mut all = Vec::new();
    while let Some(answer) = asked.join_next().await {
        let Ok((template, stack)) = answer else { continue };
        // Templates that this tool did not write may be hidden from it, or in YAML: theirs are told while deploying.
        let Some(template) = template.ok().flatten().and_then(|text| crate::template::read(&text)) else { continue };
        let output = |id: &str| {
            let outputs = template.get("Outputs")?.as_object()?;
            let (name, _) =
                outputs.iter().find(|(_, output)| output.pointer("/Value/Ref").and_then(Value::as_str) == Some(id))?;
            Some(stack.outputs.get(name)?.value.clone())
        };
        let value =
            |name: &str| stack.parameters.get(name).map(|p| p.value.expose().to_owned()).or_else(|| output(name));
        all.extend(rules(&template, value).into_iter().map(|rule| (stack.clone(), rule)));
    }
    all.sort_by(|(a, one), (b, other)| (&a.name, &one.id).cmp(&(&b.name, &other.id)));
    Ok(all)
}

/// Somebody else's rule has the priority.
fn taken(wanted: &Wanted, rule: &Rule, others: &[(Stack, Rule)]) -> Option<Diagnostic> {
    let of_listener = || others.iter().filter(|(_, other)| other.listener == rule.listener);
    let (stack, other) = of_listener().find(|(_, other)| other.priority == rule.priority)?;
    let whose = match stack.tags.get("infra:project") {
        Some(project) => format!(" of project `{project}`"),
        None => String::new(),
    };
    let message = format!(
        "`{}` gives a rule the priority {}, which `{}` of stack `{}`{whose} has at the same listener, in {}",
        wanted.id, rule.priority, other.id, stack.name, wanted.target
    );
    let problem = Diagnostic::new(Code::DuplicatePriority, message);
    let problem = match wanted.places.get(&rule.id) {
        Some(place) => place.tell(problem, "this rule"),
        None => wanted.place.into_iter().fold(problem, |problem, place| problem.at(place, "this stack")),
    };
    let is_free = |priority: &i64| of_listener().all(|(_, other)| other.priority != *priority);
    let free = (rule.priority..=MOST).chain(LEAST..rule.priority).find(is_free);
    let such_as = free.map(|free| format!(", such as {free}")).unwrap_or_default();
    Some(problem.help(format!("give it a priority that no other rule of the listener has{such_as}")))
}
