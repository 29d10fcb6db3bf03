//! A plan for people: 80 columns, whole without colour.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{
    Action, Cause, Certainty, Change, Data, Differs, Origin, Plan, PropertyChange, Purpose, Reason, Replaces, Setting,
    Shown, StackAction, StackPlan, ValueChange,
};

mod value;

pub(crate) use value::clean;
use value::shown;

/// How to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Columns to write in; at least 40.
    pub width: usize,
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

/// The plan as text: stacks in order, then what was skipped, then the counts.
pub fn to_text(plan: &Plan, style: Style) -> String {
    let mut page = Page { style: Style { width: style.width.max(40), ..style }, out: String::new() };
    for stack in plan.stacks.iter().filter(|s| s.has_changes()) {
        page.stack(stack);
    }
    page.skipped(plan);
    page.closing(plan);
    page.out
}

/// One stack of it, plain.
pub(super) fn of_stack(stack: &StackPlan, width: usize) -> String {
    let mut page = Page { style: Style { colour: false, width }, out: String::new() };
    page.stack(stack);
    page.out
}

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

/// What is written so far.
struct Page {
    style: Style,
    out: String,
}

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() {
            self.out.push_str(&" ".repeat(indent));
            self.out.push_str(text);
        }
        self.out.push('\n');
    }

    /// A sentence, broken between words where it is too long.
    fn words(&mut self, indent: usize, text: &str, colour: &str) {
        let room = self.style.width.saturating_sub(indent).max(20);
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                let done = self.paint(&line, colour);
                self.line(indent, &done);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let done = self.paint(&line, colour);
        self.line(indent, &done);
    }

    /// What the values below it belong to.
    fn heading(&mut self, indent: usize, label: &str, remark: &str) {
        let one = format!("{label}: {remark}");
        if one.chars().count() + indent <= self.style.width {
            return self.line(indent, &one);
        }
        self.wrapped(indent, &format!("{label}:"), "");
        self.words(indent + 2, remark, "");
    }

    /// A value, broken wherever the line ends: nothing of it is left out.
    fn wrapped(&mut self, indent: usize, text: &str, colour: &str) {
        for (number, piece) in value::pieces(text, self.style.width.saturating_sub(indent + 2)).enumerate() {
            let painted = self.paint(&piece, colour);
            self.line(if number == 0 { indent } else { indent + 2 }, &painted);
        }
    }

    fn paint(&self, text: &str, colour: &str) -> String {
        let plain = !self.style.colour || colour.is_empty();
        if plain { text.to_owned() } else { format!("\x1b[{colour}m{text}\x1b[0m") }
    }

    fn stack(&mut self, stack: &StackPlan) {
        let (sign, word, colour) = stack_verb(stack);
        let certainty = match stack.certainty {
            Certainty::Exact => "exact",
            Certainty::Provisional => "provisional",
            Certainty::Local => "local",
        };
        let title = self.paint(&format!("{sign} {}", clean(&stack.id)), BOLD);
        let verb = self.paint(word, colour);
        self.line(0, &format!("{title}   {verb}   {certainty}"));
        let status = stack.found.status.as_deref().map(|s| format!(", {}", clean(s))).unwrap_or_default();
        let place = format!("{} in {} ({}){status}", clean(&stack.name), clean(&stack.account_name), stack.account);
        self.words(4, &place, DIM);
        if stack.action == StackAction::Recreate {
            self.words(4, "what a failed creation left is deleted first", "");
        }
        if stack.certainty == Certainty::Provisional {
            self.provisional(stack);
        }
        if stack.certainty == Certainty::Local {
            self.words(4, "local: computed from the templates, CloudFormation was not asked", YELLOW);
        }
        self.inputs(stack);
        self.out.push('\n');
        self.resources(stack);
        self.values("tag", &stack.tags);
        self.values("output", &stack.outputs);
        for setting in &stack.settings {
            self.words(2, &format!("~   {}", setting_text(setting)), "");
        }
        for note in &stack.notes {
            self.words(4, &format!("note: {}", clean(note)), DIM);
        }
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn provisional(&mut self, stack: &StackPlan) {
        let mut waits: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for parameter in stack.parameters.values() {
            if let (Shown::Later(_), Origin::Output { stack, name }) = (&parameter.after, &parameter.origin) {
                waits.entry(stack).or_default().insert(format!("`{name}`"));
            }
        }
        for (from, names) in waits {
            let names: Vec<String> = names.into_iter().collect();
            self.words(4, &clean(&format!("provisional: waits for {} of {from}", names.join(", "))), YELLOW);
        }
        self.words(4, "no more than what is shown here may happen", YELLOW);
    }

    fn inputs(&mut self, stack: &StackPlan) {
        for (name, parameter) in &stack.parameters {
            let how = match &parameter.origin {
                Origin::Set => "set".to_owned(),
                Origin::Kept => "kept".to_owned(),
                Origin::Default => "default".to_owned(),
                Origin::Output { .. } if parameter.differs == Differs::No || parameter.before.is_none() => continue,
                Origin::Output { stack, name } => format!("`{name}` of {stack}"),
            };
            let label = format!("input {}", clean(name));
            let same = parameter.differs == Differs::No || parameter.before.is_none();
            let before = parameter.before.as_ref().filter(|_| !same);
            let later = Shown::Later(String::new());
            let after = if matches!(parameter.after, Shown::Later(_)) { &later } else { &parameter.after };
            self.change(4, &label, before, Some(after), &format!("({})", clean(&how)));
        }
    }

    fn resources(&mut self, stack: &StackPlan) {
        let (changes, listed): (Vec<&Change>, Vec<&Change>) =
            stack.changes.iter().partition(|c| c.action != Action::None);
        let widest = |of: fn(&Change) -> usize| changes.iter().map(|c| of(c)).max().unwrap_or(0).min(28);
        let ids = widest(|c| c.logical_id.chars().count());
        let verbs = widest(|c| verb(c).1.len());
        for change in &changes {
            let (sign, word, colour) = verb(change);
            let id = format!("{:<ids$}", clean(&change.logical_id));
            let padded = format!("{word:<verbs$}");
            let head = format!("{} {id}  {}", self.paint(&format!("{sign:<3}"), colour), self.paint(&padded, colour));
            let plain = 2 + 4 + id.chars().count() + 2 + verbs + 2;
            let kind = clean(&change.resource_type);
            if plain + kind.chars().count() <= self.style.width {
                self.line(2, &format!("{head}  {kind}"));
            } else {
                self.line(2, &head);
                self.line(6, &kind);
            }
            self.fate(change);
            for property in &change.properties {
                self.property(property, change);
            }
            let bare = change.properties.is_empty() && change.action == Action::Update;
            if bare && !change.attributes.is_empty() {
                self.words(8, &format!("changes: {}", clean(&change.attributes.join(", "))), "");
            }
            if change.reason == Reason::Tagged && bare && change.attributes.is_empty() {
                self.words(8, "by the tags of the stack", DIM);
            }
        }
        if !listed.is_empty() {
            let names: Vec<String> = listed.iter().map(|c| clean(&c.logical_id)).collect();
            let text = format!("AWS also lists {}: what they read of the above stays the same", names.join(", "));
            self.words(6, &text, DIM);
        }
    }

    fn fate(&mut self, change: &Change) {
        if let Some(text) = fate(change) {
            self.words(8, text, if change.data == Some(Data::Deleted) { RED } else { YELLOW });
        }
    }

    fn property(&mut self, property: &PropertyChange, change: &Change) {
        let mut remarks = Vec::new();
        match property.replaces {
            Replaces::Yes => remarks.push("replaces".to_owned()),
            Replaces::Maybe => remarks.push("may replace".to_owned()),
            Replaces::No => {}
        }
        match &property.cause {
            Some(Cause::Parameter { name, origin: Origin::Output { stack, name: output } }) => {
                remarks.push(format!("{name} <- `{output}` of {stack}"));
            }
            Some(Cause::Parameter { name, .. }) => remarks.push(format!("input {name}")),
            Some(Cause::Resource { logical_id, .. }) => remarks.push(format!("<- {logical_id}")),
            Some(Cause::Live { stack, output }) => remarks.push(format!("read live <- `{output}` of {stack}")),
            None => {}
        }
        let remark = if remarks.is_empty() { String::new() } else { format!("({})", clean(&remarks.join("; "))) };
        let path = if property.path.is_empty() { change.logical_id.as_str() } else { property.path.as_str() };
        // The remark names what the value waits for.
        let waits = matches!(property.after, Some(Shown::Later(_))) && property.cause.is_some();
        let later = Shown::Later(String::new());
        let after = if waits { Some(&later) } else { property.after.as_ref() };
        self.change(8, path, property.before.as_ref(), after, &remark);
    }

    /// `label: before -> after remark`, on as few lines as fit.
    fn change(&mut self, indent: usize, label: &str, before: Option<&Shown>, after: Option<&Shown>, remark: &str) {
        let inner = indent + label.find(|c: char| c.is_alphanumeric()).unwrap_or(0) + 2;
        let label = clean(label);
        if let (Some(Shown::Value(a)), Some(Shown::Value(b))) = (before, after)
            && let Some(lines) = value::long_diff(a, b)
        {
            self.heading(indent, &label, remark);
            for line in lines {
                let colour = if line.starts_with('+') {
                    GREEN
                } else if line.starts_with('-') {
                    RED
                } else {
                    DIM
                };
                self.wrapped(inner, &line, colour);
            }
            return;
        }
        let text = |s: Option<&Shown>| s.map(shown);
        let (before, after) = (text(before), text(after));
        let body = match (&before, &after) {
            (Some(a), Some(b)) => format!("{a} -> {b}"),
            (None, Some(b)) => b.clone(),
            (Some(a), None) => format!("{a} -> (none)"),
            (None, None) => "(changes)".to_owned(),
        };
        let room = self.style.width.saturating_sub(indent);
        let one = format!("{label}: {body} {remark}");
        if one.trim_end().chars().count() <= room {
            self.line(indent, &one);
            return;
        }
        let without = format!("{label}: {body}");
        if without.chars().count() <= room {
            self.line(indent, &without);
            self.words(inner, remark, "");
            return;
        }
        self.heading(indent, &label, remark);
        let sides = [(before, "-", RED), (after, "+", GREEN)];
        let both = sides.iter().filter(|(s, ..)| s.is_some()).count() == 2;
        for (side, sign, colour) in sides {
            let Some(side) = side else { continue };
            let line = if both { format!("{sign} {side}") } else { side };
            self.wrapped(inner, &line, if both { colour } else { "" });
        }
    }

    fn values(&mut self, kind: &str, changes: &[ValueChange]) {
        for value in changes {
            let sign = match (&value.before, &value.after) {
                (None, _) => "+  ",
                (_, None) => "-  ",
                _ => "~  ",
            };
            let label = format!("{sign} {kind} {}", value.name);
            self.change(2, &label, value.before.as_ref(), value.after.as_ref(), "");
        }
    }

    fn skipped(&mut self, plan: &Plan) {
        let skipped: Vec<&StackPlan> = plan.stacks.iter().filter(|s| !s.has_changes()).collect();
        let (noted, silent): (Vec<&StackPlan>, Vec<&StackPlan>) =
            skipped.into_iter().partition(|s| !s.notes.is_empty());
        if !silent.is_empty() && plan.has_changes() {
            let names: Vec<&str> = silent.iter().map(|s| s.id.as_str()).collect();
            let what = if plan.purpose == Purpose::Destroy { "not there" } else { "unchanged, skipped" };
            self.words(0, &format!("{what}: {}", clean(&names.join(", "))), DIM);
        }
        for stack in noted {
            self.words(0, &format!("{}: unchanged, skipped", clean(&stack.id)), DIM);
            for note in &stack.notes {
                self.words(4, &format!("note: {}", clean(note)), DIM);
            }
        }
    }

    fn closing(&mut self, plan: &Plan) {
        self.words(0, &summary(plan), BOLD);
    }
}

/// What becomes of the data, where there is any or where it stays.
pub(super) fn fate(change: &Change) -> Option<&'static str> {
    let goes = matches!(change.action, Action::Replace | Action::Delete | Action::Forget);
    match change.data.filter(|_| goes)? {
        Data::Deleted if change.stateful => Some("its data is deleted"),
        Data::Deleted => None,
        Data::Retained if change.action == Action::Replace => Some("the old one stays in AWS, unmanaged"),
        Data::Retained => Some("stays in AWS, unmanaged"),
        Data::Snapshot => Some("it is deleted, a snapshot of its data stays"),
    }
}

pub(super) fn stack_verb(stack: &StackPlan) -> (&'static str, &'static str, &'static str) {
    match stack.action {
        StackAction::None => ("~", "settings", YELLOW),
        StackAction::Create => ("+", "create", GREEN),
        StackAction::Update => ("~", "update", YELLOW),
        StackAction::Recreate => ("+", "delete shell, create", GREEN),
        StackAction::Delete => ("-", "delete", RED),
    }
}

pub(super) fn verb(change: &Change) -> (&'static str, &'static str, &'static str) {
    match (change.action, change.replacement) {
        (Action::Create, _) => ("+", "create", GREEN),
        (Action::Replace, Replaces::Maybe) => ("~/+", "may replace", RED),
        (Action::Replace, _) => ("-/+", "replace", RED),
        (Action::Update, _) if !change.properties.is_empty() && change.properties.iter().all(is_open) => {
            ("~", "may update", YELLOW)
        }
        (Action::Update, _) => ("~", "update", YELLOW),
        (Action::Delete, _) => ("-", "delete", RED),
        (Action::Forget, _) => ("-", "forget", YELLOW),
        (Action::Import, _) => ("+", "import", GREEN),
        (Action::Move, _) => (">", "move", YELLOW),
        (Action::None, _) => (" ", "none", DIM),
    }
}

/// A value that may also stay as it is.
fn is_open(property: &PropertyChange) -> bool {
    property.differs == Differs::Maybe
}

fn setting_text(setting: &Setting) -> String {
    match setting {
        Setting::TerminationProtection { on: true } => "termination protection: off -> on".to_owned(),
        Setting::TerminationProtection { on: false } => "termination protection: on -> off".to_owned(),
        Setting::StackPolicy { protects, own: None } if protects.is_empty() => {
            "stack policy: lifted, nothing is protected".to_owned()
        }
        Setting::StackPolicy { protects, own } => {
            let mut all: Vec<String> = own.as_deref().map(statements).unwrap_or_default();
            if !protects.is_empty() {
                all.push(format!("never replace or delete {}", protects.join(", ")));
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
