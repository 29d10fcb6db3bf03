//! A plan as one page that needs nothing else: what may be lost first, the stacks drawn, the details folded.
//!
//! No script, nothing from a network: the page says so itself (`Content-Security-Policy`), so that a value which got
//! out of its place could do nothing either. Signs and words tell everything; colours only repeat it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::graph::escape;
use crate::plan::view::because::because;
use crate::plan::view::picture;
use crate::plan::view::value::{Sign, clean, drawn, shown};
use crate::plan::view::words::{self, Tone, Verb};
use crate::plan::{
    Action, Change, Counts, Data, Plan, PropertyChange, Reason, Shown, StackAction, StackPlan, ValueChange,
};

/// The look of the page.
const STYLE: &str = include_str!("html.css");

/// A plan of so few stacks is shown unfolded.
const FEW: usize = 2;

/// The plan as an HTML page.
pub fn to_html(plan: &Plan) -> String {
    let place = plan.env.as_deref().map(|env| format!(" for {}", code(env))).unwrap_or_default();
    let of_env = plan.env.as_deref().map(|env| format!(" for {env}")).unwrap_or_default();
    let title = escape(&clean(&format!("Plan of {}{of_env}", plan.project)));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()))
    );
    let mut page = Page::default();
    page.put(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<header>\n<h1>Plan of {}{place}</h1>\n",
        code(&plan.project)
    ));
    page.paragraph("summary", &words::summary(plan));
    if plan.has_changes() && !plan.is_local() {
        page.put(&format!("<p class=\"quiet\">digest <code>{}</code></p>\n", plan.digest()));
    }
    page.put("</header>\n<main>\n");
    page.gone(plan);
    page.picture(plan);
    page.stacks(plan);
    page.unchanged(plan);
    page.put("</main>\n</body>\n</html>\n");
    page.out
}

/// What is written so far.
#[derive(Default)]
struct Page {
    out: String,
}

impl Page {
    /// Markup.
    fn put(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// A paragraph of plain text.
    fn paragraph(&mut self, class: &str, text: &str) {
        self.put(&format!("<p class=\"{class}\">{}</p>\n", prose(text)));
    }

    /// Everything that is replaced or goes, those first that lose data.
    fn gone(&mut self, plan: &Plan) {
        let goes = |c: &&Change| matches!(c.action, Action::Replace | Action::Delete | Action::Forget);
        let mut all: Vec<(usize, &StackPlan, &Change)> = Vec::new();
        for (at, stack) in plan.stacks.iter().enumerate() {
            all.extend(stack.changes.iter().filter(goes).map(|change| (at, stack, change)));
        }
        if all.is_empty() {
            return;
        }
        all.sort_by_key(|(_, _, change)| (!words::loses(change), std::cmp::Reverse(change.action)));
        self.put(
            "<section id=\"gone\">\n<h2>Replaced or deleted</h2>\n<table>\n<thead><tr><th>what</th><th>resource</th>\
             <th>stack</th><th>its data</th></tr></thead>\n<tbody>\n",
        );
        for (at, stack, change) in all {
            let fate = words::fate(change).map_or_else(|| without_data(change), |(text, _)| text);
            let more = [words::emptied(change), words::allowed(change)].into_iter().flatten();
            let fate = more.fold(fate.to_owned(), |fate, more| format!("{fate}; {more}"));
            self.put(&format!(
                "<tr class=\"{}\"><td data-head=\"what\">{}</td><td data-head=\"resource\">{} <span class=\"kind\">{}</span></td>\
                 <td data-head=\"stack\"><a href=\"#stack-{at}\">{}</a></td><td data-head=\"its data\">{}</td></tr>\n",
                if words::loses(change) { "lost" } else { "quiet" },
                verb(words::verb(change)),
                code(&change.logical_id),
                plain(&change.resource_type),
                code(&stack.id),
                plain(&fate),
            ));
        }
        self.put("</tbody>\n</table>\n</section>\n");
    }

    fn picture(&mut self, plan: &Plan) {
        if let Some(picture) = picture::draw(plan) {
            self.put("<section id=\"graph\">\n<h2>Stacks</h2>\n");
            self.paragraph("quiet", &picture.caption);
            self.put(&format!(
                "<figure tabindex=\"0\" aria-label=\"The graph of stacks\">\n{}</figure>\n",
                picture.svg
            ));
            self.put("</section>\n");
        }
    }

    fn stacks(&mut self, plan: &Plan) {
        let changed = plan.stacks.iter().filter(|stack| stack.has_changes()).count();
        if changed == 0 {
            return;
        }
        self.put("<section id=\"changes\">\n<h2>Changes</h2>\n");
        for (at, stack) in plan.stacks.iter().enumerate().filter(|(_, stack)| stack.has_changes()) {
            let tone = picture::tone(stack);
            let open = if changed <= FEW || tone == Tone::Lost { " open" } else { "" };
            let mut counts = Counts::default();
            stack.count(&mut counts);
            let some: Vec<String> = counts.words().into_iter().filter(|words| !words.starts_with("0 ")).collect();
            let certainty = words::certainty(stack);
            self.put(&format!(
                "<details class=\"stack {}\"{open}>\n<summary>{} {} <span class=\"badge\">{certainty}</span> \
                 <span class=\"counts\">{}</span></summary>\n<div id=\"stack-{at}\" class=\"inside\">\n",
                class(tone),
                verb(words::stack_verb(stack)),
                code(&stack.id),
                plain(&some.join(", ")),
            ));
            self.stack(plan, stack);
            self.put("</div>\n</details>\n");
        }
        self.put("</section>\n");
    }

    fn stack(&mut self, plan: &Plan, stack: &StackPlan) {
        let status = stack.found.status.as_deref().map(|s| format!(", {s}")).unwrap_or_default();
        let place = format!("{} in {} ({}), {}{status}", stack.name, stack.account_name, stack.account, stack.region);
        self.put(&format!("<p class=\"quiet\">{}</p>\n", plain(&place)));
        if stack.action == StackAction::Recreate {
            self.paragraph("reserve", "what a failed creation left is deleted first");
        }
        for reserve in words::reserves(stack) {
            self.paragraph("reserve", &reserve);
        }
        self.inputs(stack);
        let (mut changes, listed): (Vec<&Change>, Vec<&Change>) =
            stack.changes.iter().partition(|change| change.action != Action::None);
        changes.sort_by_key(|change| std::cmp::Reverse((words::loses(change), change.action)));
        for change in changes {
            self.change(plan, stack, change);
        }
        self.values("tag", &stack.tags);
        self.values("output", &stack.outputs);
        for setting in &stack.settings {
            self.put(&format!("<p class=\"setting\">{}</p>\n", prose(&words::setting_text(setting))));
        }
        if !listed.is_empty() {
            let names: Vec<&str> = listed.iter().map(|change| change.logical_id.as_str()).collect();
            let text = format!("AWS also lists {}: what they read of the above stays the same", names.join(", "));
            self.paragraph("quiet", &text);
        }
        for note in &stack.notes {
            self.paragraph("note", &format!("note: {note}"));
        }
    }

    fn inputs(&mut self, stack: &StackPlan) {
        let mut rows = String::new();
        for (name, parameter) in &stack.parameters {
            let Some(how) = words::origin(parameter) else { continue };
            let same = parameter.differs == crate::plan::Differs::No || parameter.before.is_none();
            let before = parameter.before.as_ref().filter(|_| !same);
            let later = words::later();
            let after = if matches!(parameter.after, Shown::Later(_)) { &later } else { &parameter.after };
            let value = sides(before, Some(after));
            rows.push_str(&format!(
                "<li>input {}: {value} <span class=\"quiet\">({})</span></li>\n",
                code(name),
                prose(&how)
            ));
        }
        if !rows.is_empty() {
            self.put(&format!("<ul>\n{rows}</ul>\n"));
        }
    }

    fn change(&mut self, plan: &Plan, stack: &StackPlan, change: &Change) {
        let what = words::verb(change);
        let place = change.place.as_deref().map(|place| format!(" <span class=\"place\">{}</span>", plain(place)));
        self.put(&format!(
            "<div class=\"change {}\">\n<h3>{} {} <span class=\"kind\">{}</span>{}</h3>\n",
            class(what.tone),
            verb(what),
            code(&change.logical_id),
            plain(&change.resource_type),
            place.unwrap_or_default(),
        ));
        if let Some((fate, tone)) = words::fate(change) {
            self.put(&format!("<p class=\"fate {}\">{}</p>\n", class(tone), plain(fate)));
        }
        for more in [words::emptied(change), words::allowed(change)].into_iter().flatten() {
            self.put(&format!("<p class=\"fate {}\">{}</p>\n", class(Tone::Changed), plain(&more)));
        }
        let mut properties = words::properties(change).peekable();
        if properties.peek().is_some() {
            self.put("<ul>\n");
            properties.for_each(|property| self.property(plan, stack, property, change));
            self.put("</ul>\n");
        }
        let bare = change.properties.is_empty() && change.action == Action::Update;
        if bare && !change.attributes.is_empty() {
            self.paragraph("quiet", &format!("changes: {}", change.attributes.join(", ")));
        }
        if bare && change.attributes.is_empty() && change.reason == Reason::Tagged {
            self.paragraph("quiet", "by the tags of the stack");
        }
        self.put("</div>\n");
    }

    fn property(&mut self, plan: &Plan, stack: &StackPlan, property: &PropertyChange, change: &Change) {
        let path = if property.path.is_empty() { &change.logical_id } else { &property.path };
        let remarks = words::remarks(property, change);
        let remark = match remarks.is_empty() {
            true => String::new(),
            false => format!(" <span class=\"remark\">({})</span>", escape(&remarks.join("; "))),
        };
        let after = words::after(property);
        match difference(property.before.as_ref(), after.as_ref()) {
            Some(lines) => self.put(&format!("<li>{}:{remark}{lines}", code(path))),
            None => {
                let value = sides(property.before.as_ref(), after.as_ref());
                self.put(&format!("<li>{}: {value}{remark}", code(path)));
            }
        }
        if let Some(chain) = because(plan, stack, property) {
            self.put(&format!("<p class=\"because\">because {}</p>", plain(&chain)));
        }
        self.put("</li>\n");
    }

    fn values(&mut self, kind: &str, changes: &[ValueChange]) {
        if changes.is_empty() {
            return;
        }
        self.put("<ul class=\"values\">\n");
        for change in changes {
            let sign = match (&change.before, &change.after) {
                (None, _) => "+",
                (_, None) => "-",
                _ => "~",
            };
            let (before, after) = (change.before.as_ref(), change.after.as_ref());
            let value = difference(before, after).unwrap_or_else(|| sides(before, after));
            self.put(&format!("<li><b class=\"sign\">{sign}</b> {kind} {}: {value}</li>\n", code(&change.name)));
        }
        self.put("</ul>\n");
    }

    fn unchanged(&mut self, plan: &Plan) {
        let still: Vec<&StackPlan> = plan.stacks.iter().filter(|stack| !stack.has_changes()).collect();
        if still.is_empty() {
            return;
        }
        self.put("<section id=\"unchanged\">\n<h2>Unchanged</h2>\n<ul>\n");
        for stack in still {
            let notes: Vec<String> = stack.notes.iter().map(|note| prose(note)).collect();
            let notes = if notes.is_empty() { String::new() } else { format!(" — {}", notes.join("; ")) };
            self.put(&format!("<li>{}{notes}</li>\n", code(&stack.id)));
        }
        self.put("</ul>\n</section>\n");
    }
}

/// A difference of many lines.
fn difference(before: Option<&Shown>, after: Option<&Shown>) -> Option<String> {
    let mut out = String::from("<pre class=\"diff\">");
    for line in drawn(before, after)? {
        let text = escape(&line.plain());
        match line.sign {
            Sign::New => out.push_str(&format!("<ins>{text}</ins>\n")),
            Sign::Gone => out.push_str(&format!("<del>{text}</del>\n")),
            Sign::Same | Sign::Cut => out.push_str(&format!("{text}\n")),
        }
    }
    out.push_str("</pre>");
    Some(out)
}

/// `before -> after`, as code.
fn sides(before: Option<&Shown>, after: Option<&Shown>) -> String {
    let value = |side: &Shown, element: &str| format!("<{element}>{}</{element}>", escape(&shown(side)));
    match (before, after) {
        (Some(a), Some(b)) => format!("{} <span class=\"to\">-&gt;</span> {}", value(a, "del"), value(b, "ins")),
        (None, Some(b)) => value(b, "ins"),
        (Some(a), None) => format!("{} <span class=\"to\">-&gt;</span> (none)", value(a, "del")),
        (None, None) => words::UNTOLD.to_owned(),
    }
}

/// What becomes of a resource of which it is not known that it has data.
fn without_data(change: &Change) -> &'static str {
    match change.data {
        Some(Data::Deleted) if change.action == Action::Delete => "none that is known of; it is deleted",
        Some(Data::Deleted) => "none that is known of; the old one is deleted",
        _ => "",
    }
}

fn verb(verb: Verb) -> String {
    format!(
        "<span class=\"verb {}\"><b class=\"sign\">{}</b> {}</span>",
        class(verb.tone),
        escape(verb.sign),
        verb.word
    )
}

/// The class of a tone.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Quiet => "still",
        Tone::New => "new",
        Tone::Changed => "changed",
        Tone::Lost => "lost",
    }
}

/// A name as code.
fn code(name: &str) -> String {
    format!("<code>{}</code>", plain(name))
}

/// A text as it is.
fn plain(text: &str) -> String {
    escape(&clean(text))
}

/// A sentence: what stands between backticks is code.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in clean(text).split('`').enumerate() {
        match at % 2 {
            0 => out.push_str(&escape(piece)),
            _ => out.push_str(&format!("<code>{}</code>", escape(piece))),
        }
    }
    out
}
