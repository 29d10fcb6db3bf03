//! A plan for people: 80 columns, whole without colour.

use std::collections::BTreeSet;

use crate::plan::view::because::because;
use crate::plan::view::value::{self, Sign, clean, drawn, shown};
use crate::plan::view::words::{self, Tone, Verb, setting_text, stack_verb, summary, verb};
use crate::plan::{
    Action, Change, Differs, Plan, PropertyChange, Purpose, Reason, Shown, StackAction, StackPlan, ValueChange,
};

/// How to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Columns to write in; at least 40.
    pub width: usize,
}

/// Stacks of which nothing is told but that they are unchanged, by name.
const NAMED: usize = 20;

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

/// The plan as text: stacks in order, then what was skipped, then the counts.
pub fn to_text(plan: &Plan, style: Style) -> String {
    let mut page = Page::new(Style { width: style.width.max(40), ..style }, false);
    for stack in plan.stacks.iter().filter(|s| s.has_changes()) {
        page.stack(plan, stack);
    }
    page.skipped(plan);
    page.closing(plan);
    page.out
}

/// One stack of it, plain, for a block of `diff`: every sign stands at the margin, where such blocks look for it.
pub(super) fn of_stack(plan: &Plan, stack: &StackPlan, width: usize) -> String {
    let mut page = Page::new(Style { colour: false, width }, true);
    page.stack(plan, stack);
    page.out
}

/// What is written so far.
struct Page {
    style: Style,
    /// Signs stand at the margin.
    is_diff: bool,
    out: String,
    /// Chains of causes told of this stack.
    told: BTreeSet<String>,
}

impl Page {
    fn new(style: Style, is_diff: bool) -> Self {
        Self { style, is_diff, out: String::new(), told: BTreeSet::new() }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() {
            // What is indented at all begins with a sign of two columns.
            let indent = if self.is_diff { indent.saturating_sub(2) } else { indent };
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
        for (number, piece) in value::pieces(text, self.style.width.saturating_sub(indent + 2)).into_iter().enumerate()
        {
            let painted = self.paint(&piece, colour);
            self.line(if number == 0 { indent } else { indent + 2 }, &painted);
        }
    }

    fn paint(&self, text: &str, colour: &str) -> String {
        let plain = !self.style.colour || colour.is_empty();
        if plain { text.to_owned() } else { format!("\x1b[{colour}m{text}\x1b[0m") }
    }

    fn stack(&mut self, plan: &Plan, stack: &StackPlan) {
        self.told.clear();
        let verb = stack_verb(stack);
        let certainty = words::certainty(stack);
        let title = self.paint(&format!("{} {}", verb.sign, clean(&stack.id)), BOLD);
        let verb = self.paint(verb.word, colour(verb.tone));
        self.line(0, &format!("{title}   {verb}   {certainty}"));
        let status = stack.found.status.as_deref().map(|s| format!(", {}", clean(s))).unwrap_or_default();
        let place =
            format!("{} in {} ({}){status}", clean(&stack.name), clean(&stack.account_name), clean(&stack.account));
        self.words(4, &place, DIM);
        if stack.action == StackAction::Recreate {
            self.words(4, "what a failed creation left is deleted first", "");
        }
        for reserve in words::reserves(stack) {
            self.words(4, &reserve, YELLOW);
        }
        self.inputs(stack);
        self.out.push('\n');
        self.resources(plan, stack);
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

    fn inputs(&mut self, stack: &StackPlan) {
        for (name, parameter) in &stack.parameters {
            let Some(how) = words::origin(parameter) else { continue };
            let label = format!("input {}", clean(name));
            let same = parameter.differs == Differs::No || parameter.before.is_none();
            let before = parameter.before.as_ref().filter(|_| !same);
            let later = words::later();
            let after = if matches!(parameter.after, Shown::Later(_)) { &later } else { &parameter.after };
            self.change(4, &label, before, Some(after), &format!("({how})"));
        }
    }

    fn resources(&mut self, plan: &Plan, stack: &StackPlan) {
        let (changes, listed): (Vec<&Change>, Vec<&Change>) =
            stack.changes.iter().partition(|c| c.action != Action::None);
        // One long name is no reason to move all others to the right.
        let widest = |of: fn(&Change) -> usize| changes.iter().map(|c| of(c)).filter(|n| *n <= 28).max().unwrap_or(0);
        let ids = widest(|c| c.logical_id.chars().count());
        let verbs = widest(|c| verb(c).word.len());
        for change in &changes {
            let Verb { sign, word, tone } = verb(change);
            let id = format!("{:<ids$}", clean(&change.logical_id));
            let padded = format!("{word:<verbs$}");
            let tone = colour(tone);
            let head = format!("{} {id}  {}", self.paint(&format!("{sign:<3}"), tone), self.paint(&padded, tone));
            self.heads(&head, 2 + 4 + id.chars().count() + 2 + verbs, change);
            if let Some((text, tone)) = words::fate(change) {
                self.words(8, text, colour(tone));
            }
            for more in [words::emptied(change), words::allowed(change)].into_iter().flatten() {
                self.words(8, &more, YELLOW);
            }
            for property in words::properties(change) {
                self.property(property, change);
                if let Some(chain) = because(plan, stack, property) {
                    self.because(&chain);
                }
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

    /// A chain of causes; one that takes several lines is told once for a stack, and then by its end.
    fn because(&mut self, chain: &str) {
        let text = clean(&format!("because {chain}"));
        let is_long = text.chars().count() + 10 > self.style.width;
        let end = chain.rsplit(" -> ").next().unwrap_or_default();
        match self.told.insert(text.clone()) {
            false if is_long => self.words(10, &clean(&format!("because {end}, as above")), DIM),
            _ => self.words(10, &text, DIM),
        }
    }

    /// What a resource is and where it is declared, behind its name or below it.
    fn heads(&mut self, head: &str, columns: usize, change: &Change) {
        let kind = clean(&change.resource_type);
        let place = change.place.as_deref().map(clean).unwrap_or_default();
        let dim = self.paint(&place, DIM);
        let (kind_fits, room) = {
            let with_kind = columns + 2 + kind.chars().count();
            (with_kind <= self.style.width, self.style.width.saturating_sub(with_kind))
        };
        let place_fits = place.chars().count() + 2 <= room;
        match (kind_fits, place_fits) {
            _ if place.is_empty() && kind_fits => self.line(2, &format!("{head}  {kind}")),
            (true, true) => self.line(2, &format!("{head}  {kind}  {dim}")),
            (true, false) => {
                self.line(2, &format!("{head}  {kind}"));
                self.line(8, &dim);
            }
            (false, _) => {
                self.line(2, head);
                self.line(8, &format!("{kind}  {dim}"));
            }
        }
    }

    fn property(&mut self, property: &PropertyChange, change: &Change) {
        let remarks = words::remarks(property, change);
        let remark = if remarks.is_empty() { String::new() } else { format!("({})", remarks.join("; ")) };
        let path = if property.path.is_empty() { change.logical_id.as_str() } else { property.path.as_str() };
        self.change(8, path, property.before.as_ref(), words::after(property).as_ref(), &remark);
    }

    /// `label: before -> after remark`, on as few lines as fit.
    fn change(&mut self, indent: usize, label: &str, before: Option<&Shown>, after: Option<&Shown>, remark: &str) {
        let inner = indent + label.find(|c: char| c.is_alphanumeric()).unwrap_or(0) + 2;
        let label = clean(label);
        if let Some(lines) = drawn(before, after) {
            self.heading(indent, &label, remark);
            for line in lines {
                let colour = match line.sign {
                    Sign::New => GREEN,
                    Sign::Gone => RED,
                    Sign::Same | Sign::Cut => DIM,
                };
                match line.sign {
                    Sign::New | Sign::Gone if self.is_diff => {
                        let sign = if line.sign == Sign::New { '+' } else { '-' };
                        self.wrapped(
                            0,
                            &format!("{sign}{} {}", " ".repeat(inner.saturating_sub(2)), line.text),
                            colour,
                        );
                    }
                    _ => self.wrapped(inner, &line.plain(), colour),
                }
            }
            return;
        }
        let text = |s: Option<&Shown>| s.map(shown);
        let (before, after) = (text(before), text(after));
        let body = match (&before, &after) {
            (Some(a), Some(b)) => format!("{a} -> {b}"),
            (None, Some(b)) => b.clone(),
            (Some(a), None) => format!("{a} -> (none)"),
            (None, None) => words::UNTOLD.to_owned(),
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
            let mut names: Vec<String> = silent.iter().take(NAMED).map(|s| s.id.clone()).collect();
            if silent.len() > NAMED {
                names.push(format!("and {} more", silent.len() - NAMED));
            }
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
        // The end is what a terminal still shows of a long plan.
        for (what, names) in words::losses(plan) {
            self.words(0, &clean(&format!("{what}: {names}")), RED);
        }
        self.words(0, &summary(plan), BOLD);
    }
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Quiet => DIM,
        Tone::New => GREEN,
        Tone::Changed => YELLOW,
        Tone::Lost => RED,
    }
}
