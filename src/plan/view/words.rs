//! The words that every view of a plan says things in.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::view::value::clean;
use crate::plan::{
    Action, Cause, Certainty, Change, Data, Differs, Origin, ParameterPlan, Plan, PropertyChange, Purpose, Reason,
    Replaces, Setting, Shown, StackAction, StackPlan, Vessel,
};

/// How much of what: `1 of 2 stacks: 3 to create, …`.
pub(super) fn summary(plan: &Plan) -> String {
    let counts = plan.counts();
    let stacks = |n: usize| if n == 1 { "1 stack".to_owned() } else { format!("{n} stacks") };
    if !plan.has_changes() {
        return match plan.purpose {
            Purpose::Deploy => format!("no changes: {} as the source says", stacks(counts.unchanged)),
            Purpose::Destroy => "nothing to destroy".to_owned(),
        };
    }
    let of_stacks = format!("{} of {}", counts.stacks, stacks(plan.stacks.len()));
    format!("{of_stacks}: {}", counts.words().join(", "))
}

/// What stands for values that nobody tells.
pub(super) const UNTOLD: &str = "(changes)";

/// How something is meant, for colours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Tone {
    Quiet,
    New,
    Changed,
    Lost,
}

/// What happens, as every view says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Verb {
    /// `-/+`: it tells the verbs apart without colour.
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
    pub(super) tone: Tone,
}

impl Verb {
    const fn new(sign: &'static str, word: &'static str, tone: Tone) -> Self {
        Self { sign, word, tone }
    }
}

/// What becomes of the data, where there is any or where it stays.
pub(super) fn fate(change: &Change) -> Option<(&'static str, Tone)> {
    let goes = matches!(change.action, Action::Replace | Action::Delete | Action::Forget);
    let replaced = change.action == Action::Replace;
    let maybe = replaced && change.replacement == Replaces::Maybe;
    // What a service of somebody else holds, nobody here knows.
    let holds = change.stateful || !change.resource_type.starts_with("AWS::");
    Some(match change.data.filter(|_| goes)? {
        Data::Deleted if !holds => return None,
        Data::Deleted if !change.stateful && maybe => ("if it is replaced, whatever it holds is deleted", Tone::Lost),
        Data::Deleted if !change.stateful => ("whatever it holds is deleted", Tone::Lost),
        Data::Deleted if maybe => ("if it is replaced, its data is deleted", Tone::Lost),
        Data::Deleted => ("its data is deleted", Tone::Lost),
        Data::Retained if maybe => ("if it is replaced, the old one stays in AWS, unmanaged", Tone::Changed),
        Data::Retained if replaced => ("the old one stays in AWS, unmanaged", Tone::Changed),
        Data::Retained => ("stays in AWS, unmanaged", Tone::Changed),
        Data::Snapshot if maybe => ("if it is replaced, the old one goes, a snapshot of its data stays", Tone::Changed),
        Data::Snapshot if replaced => ("the old one is deleted, a snapshot of its data stays", Tone::Changed),
        Data::Snapshot => ("it is deleted, a snapshot of its data stays", Tone::Changed),
    })
}

/// The properties that are worth showing: what is proven to stay is only listed by AWS.
pub(super) fn properties(change: &Change) -> impl Iterator<Item = &PropertyChange> {
    change.properties.iter().filter(|p| p.differs != Differs::No || p.replaces != Replaces::No)
}

/// What lets that happen. Where all goes, and all may go, that is the question itself.
pub(super) fn allowed(change: &Change) -> Option<String> {
    let is_asked = |allow: &&String| change.reason == Reason::StackGoes && *allow == "delete:*";
    let allow = change.allowed.as_ref().filter(|allow| !is_asked(allow))?;
    Some(clean(&format!("allowed by {allow}")))
}

/// What is done to it before it goes.
pub(super) fn emptied(change: &Change) -> Option<String> {
    let vessel = Vessel::of(&change.resource_type).filter(|_| change.empties)?;
    Some(format!("emptied first: {}", vessel.holds()))
}

/// True where data is lost, or may be.
pub(super) fn loses(change: &Change) -> bool {
    matches!(fate(change), Some((_, Tone::Lost)))
}

/// Whose data is deleted and whose may be, by stack: `("data is deleted", "Orders, Files of shop@dev/eu-west-1")`.
pub(super) fn losses(plan: &Plan) -> Vec<(&'static str, String)> {
    const NAMED: usize = 8;
    let is_open = |change: &Change| change.action == Action::Replace && change.replacement == Replaces::Maybe;
    let told = |maybe: bool| {
        let of_stack = |stack: &StackPlan| {
            let lost = stack.changes.iter().filter(|c| loses(c) && is_open(c) == maybe);
            let names: Vec<&str> = lost.map(|c| c.logical_id.as_str()).collect();
            let more = names.len().saturating_sub(NAMED);
            let mut some: Vec<String> = names.into_iter().take(NAMED).map(str::to_owned).collect();
            if more > 0 {
                some.push(format!("and {more} more"));
            }
            (!some.is_empty()).then(|| format!("{} of {}", some.join(", "), stack.id))
        };
        plan.stacks.iter().filter_map(of_stack).collect::<Vec<_>>().join("; ")
    };
    let both = [("data is deleted", told(false)), ("data may be deleted", told(true))];
    both.into_iter().filter(|(_, names)| !names.is_empty()).collect()
}

/// What happens to a stack.
pub(super) fn stack_verb(stack: &StackPlan) -> Verb {
    match stack.action {
        StackAction::None if stack.settings.is_empty() => Verb::new(" ", "unchanged", Tone::Quiet),
        StackAction::None => Verb::new("~", "settings", Tone::Changed),
        StackAction::Create => Verb::new("+", "create", Tone::New),
        StackAction::Update => Verb::new("~", "update", Tone::Changed),
        StackAction::Recreate => Verb::new("+", "delete shell, create", Tone::New),
        StackAction::Delete => Verb::new("-", "delete", Tone::Lost),
    }
}

/// What happens to a resource.
pub(super) fn verb(change: &Change) -> Verb {
    match (change.action, change.replacement) {
        (Action::Create, _) => Verb::new("+", "create", Tone::New),
        (Action::Replace, Replaces::Maybe) => Verb::new("~/+", "may replace", Tone::Lost),
        (Action::Replace, _) => Verb::new("-/+", "replace", Tone::Lost),
        (Action::Update, _) if !change.properties.is_empty() && change.properties.iter().all(is_open) => {
            Verb::new("~", "may update", Tone::Changed)
        }
        (Action::Update, _) => Verb::new("~", "update", Tone::Changed),
        (Action::Delete, _) => Verb::new("-", "delete", Tone::Lost),
        (Action::Forget, _) => Verb::new("-", "forget", Tone::Changed),
        (Action::Import, _) => Verb::new("+", "import", Tone::New),
        (Action::Move, _) => Verb::new(">", "move", Tone::Changed),
        (Action::None, _) => Verb::new(" ", "none", Tone::Quiet),
    }
}

/// How sure the changes of a stack are.
pub(super) fn certainty(stack: &StackPlan) -> &'static str {
    match stack.certainty {
        Certainty::Exact => "exact",
        Certainty::Provisional => "provisional",
        Certainty::Local => "local",
    }
}

/// What makes a stack less than exact, as sentences.
pub(super) fn reserves(stack: &StackPlan) -> Vec<String> {
    match stack.certainty {
        Certainty::Exact => Vec::new(),
        Certainty::Local => vec!["local: computed from the templates, CloudFormation was not asked".to_owned()],
        Certainty::Provisional => {
            let mut waits: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for parameter in stack.parameters.values() {
                if let (Shown::Later(_), Origin::Output { stack, name }) = (&parameter.after, &parameter.origin) {
                    waits.entry(stack).or_default().insert(format!("`{name}`"));
                }
            }
            let wait = |(from, names): (&str, BTreeSet<String>)| {
                let names: Vec<String> = names.into_iter().collect();
                clean(&format!("provisional: waits for {} of {from}", names.join(", ")))
            };
            let mut all: Vec<String> = waits.into_iter().map(wait).collect();
            all.push("no more than what is shown here may happen".to_owned());
            all
        }
    }
}

/// How a parameter that is worth showing gets its value: `set`, `kept`, `default`, `` `Vpc` of network@… ``.
pub(super) fn origin(parameter: &ParameterPlan) -> Option<String> {
    Some(match &parameter.origin {
        Origin::Set => "set".to_owned(),
        Origin::Kept => "kept".to_owned(),
        Origin::Default => "default".to_owned(),
        Origin::Output { .. } if parameter.differs == Differs::No || parameter.before.is_none() => return None,
        Origin::Output { stack, name } => clean(&format!("`{name}` of {stack}")),
    })
}

/// What a property's change does and why, as far as it can be said in a few words; where it stands in the source.
pub(super) fn remarks(property: &PropertyChange, change: &Change) -> Vec<String> {
    let mut remarks = Vec::new();
    match property.replaces {
        Replaces::Yes => remarks.push("replaces".to_owned()),
        Replaces::Maybe => remarks.push("may replace".to_owned()),
        Replaces::No => {}
    }
    let is_own = property.cause.is_none() && property.differs == Differs::Yes;
    if is_own && property.before.is_none() && property.after.is_some() {
        remarks.push("added".to_owned());
    }
    match &property.cause {
        // The chain tells it.
        Some(Cause::Parameter { origin: Origin::Output { .. }, .. }) | None => {}
        Some(Cause::Parameter { name, .. }) => remarks.push(format!("input {name}")),
        Some(Cause::Resource { logical_id, .. }) => remarks.push(format!("<- {logical_id}")),
        Some(Cause::Live { .. }) => remarks.push("read live".to_owned()),
    }
    remarks.extend(property.place.as_deref().and_then(|place| near(place, change.place.as_deref())));
    remarks.iter().map(|remark| clean(remark)).collect()
}

/// `line 12` where the file is that of the resource, nothing where the line is, too.
fn near(place: &str, resource: Option<&str>) -> Option<String> {
    let same_file = |a: &str, b: &str| a.rsplit_once(':').map(|x| x.0) == b.rsplit_once(':').map(|x| x.0);
    match resource {
        Some(resource) if resource == place => None,
        Some(resource) if same_file(resource, place) => place.rsplit_once(':').map(|(_, line)| format!("line {line}")),
        _ => Some(place.to_owned()),
    }
}

/// The text that an open value needs no words for, since its cause is told beside it.
pub(super) fn later() -> Shown {
    Shown::Later(String::new())
}

/// The new value of a property; of one that waits, the cause says for what.
pub(super) fn after(property: &PropertyChange) -> Option<Shown> {
    let waits = matches!(property.after, Some(Shown::Later(_))) && property.cause.is_some();
    if waits { Some(later()) } else { property.after.clone() }
}

/// A value that may also stay as it is.
fn is_open(property: &PropertyChange) -> bool {
    property.differs == Differs::Maybe
}

pub(super) fn setting_text(setting: &Setting) -> String {
    match setting {
        Setting::TerminationProtection { on: true } => "termination protection: off -> on".to_owned(),
        Setting::TerminationProtection { on: false } => "termination protection: on -> off".to_owned(),
        Setting::StackPolicy { protects, own: None, .. } if protects.is_empty() => {
            "stack policy: lifted, nothing is protected".to_owned()
        }
        Setting::StackPolicy { protects, own, lifts } => {
            let mut all: Vec<String> = own.as_deref().map(statements).unwrap_or_default();
            if !protects.is_empty() {
                all.push(format!("never replace or delete {}", protects.join(", ")));
            }
            if !lifts.is_empty() {
                all.push(format!("this once {} may be replaced", lifts.join(", ")));
            }
            format!("stack policy: {}", clean(&all.join("; ")))
        }
    }
}

/// `deny Update:Delete on Prod*`, for each statement of a stack policy.
fn statements(policy: &str) -> Vec<String> {
    let all: Vec<serde_json::Value> = serde_json::from_str(policy).unwrap_or_default();
    let words = |value: &serde_json::Value| match value {
        serde_json::Value::Array(many) => many.iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
        one => one.as_str().unwrap_or_default().to_owned(),
    };
    let said = |one: &serde_json::Value, key: &str| {
        let plain = one.get(key).map(&words);
        let not = one.get(format!("Not{key}")).map(|value| format!("all but {}", words(value)));
        plain.or(not).unwrap_or_default().replace("LogicalResourceId/", "")
    };
    let types = |one: &serde_json::Value| {
        let condition = one.get("Condition")?.as_object()?;
        let types: Vec<String> = condition.values().filter_map(|c| c.get("ResourceType")).map(&words).collect();
        Some(format!(" of {}", types.join(" and ")))
    };
    let one = |one: &serde_json::Value| {
        let effect = one.get("Effect").map(&words).unwrap_or_default().to_lowercase();
        let (action, on) = (said(one, "Action"), said(one, "Resource"));
        let on = if on == "*" { "all" } else { &on };
        format!("{effect} {action} on {on}{}", types(one).unwrap_or_default())
    };
    all.iter().map(one).collect()
}
