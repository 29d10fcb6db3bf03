//! A plan as a comment of a pull request: what matters first, the details folded.
//!
//! Names and values are the users' own. They stand in code only, in a fence longer than any they hold,
//! so that none of them becomes a heading, a mention, a link or a tag.

use crate::plan::view::value::clean;
use crate::plan::view::words::Verb;
use crate::plan::view::{text, words};
use crate::plan::{Certainty, Change, Counts, Plan, StackPlan};

/// The longest comment that GitHub takes, in characters.
const LONGEST: usize = 65_536;
/// Kept free for what says that something was left out.
const RESERVE: usize = 400;
/// At least as much as stands around the details of a stack.
const FRAME: usize = 400;
/// The least room in which a part of the details is shown.
const WORTH: usize = 2000;
/// Columns of the details.
const WIDTH: usize = 100;

/// The plan as Markdown, at most 65,536 characters; what does not fit is counted.
pub fn to_markdown(plan: &Plan) -> String {
    let place = plan.env.as_deref().map(|env| format!(" for {}", code(env))).unwrap_or_default();
    let mut out = format!("### Plan of {}{place}\n\n**{}**\n", code(&plan.project), words::summary(plan));
    if plan.has_changes() && !plan.is_local() {
        out.push_str(&format!("\nDigest: `{}`\n", plan.digest()));
    }
    let changed: Vec<&StackPlan> = plan.stacks.iter().filter(|stack| stack.has_changes()).collect();
    let mut left_out = LeftOut::default();
    for warning in changed.iter().flat_map(|stack| dangers(stack)) {
        left_out.put(&mut out, &warning);
    }
    if !changed.is_empty() {
        out.push_str("\n| stack | what | resources |\n| --- | --- | --- |\n");
    }
    for stack in &changed {
        left_out.put(&mut out, &row(stack));
    }
    for stack in changed {
        let room = (LONGEST - RESERVE).saturating_sub(out.chars().count());
        left_out.put(&mut out, &details(plan, stack, room));
    }
    out + &left_out.told()
}

/// What found no room.
#[derive(Default)]
struct LeftOut {
    parts: usize,
    characters: usize,
}

impl LeftOut {
    fn put(&mut self, out: &mut String, part: &str) {
        let length = part.chars().count();
        if out.chars().count() + length > LONGEST - RESERVE {
            self.parts += 1;
            self.characters += length;
        } else {
            out.push_str(part);
        }
    }

    fn told(&self) -> String {
        match self.parts {
            0 => String::new(),
            n => format!(
                "\n**{n} parts of this plan, {} characters, found no room here.** All of it: `infra plan`, `--format html` or `json`.\n",
                self.characters
            ),
        }
    }
}

/// What may lose something, each a line that nobody overlooks.
fn dangers(stack: &StackPlan) -> Vec<String> {
    let told = |change: &Change| {
        let (id, kind) = (code(&change.logical_id), code(&change.resource_type));
        let fate = words::fate(change).map(|(text, _)| text).unwrap_or_default();
        format!("\n> [!CAUTION]\n> {} {id} ({kind}) of {}: {fate}\n", words::verb(change).word, code(&stack.id))
    };
    stack.changes.iter().filter(|change| words::loses(change)).map(told).collect()
}

fn row(stack: &StackPlan) -> String {
    let mut counts = Counts::default();
    stack.count(&mut counts);
    let some: Vec<String> = counts.words().into_iter().filter(|words| !words.starts_with("0 ")).collect();
    format!("| {} | {} | {} |\n", code(&stack.id), verb(stack), some.join(", "))
}

fn verb(stack: &StackPlan) -> String {
    let Verb { sign, word, .. } = words::stack_verb(stack);
    match stack.certainty {
        Certainty::Exact => format!("{} {word}", code(sign)),
        _ => format!("{} {word}, {}", code(sign), words::certainty(stack)),
    }
}

/// One stack, folded. What is longer than `room` is cut, where a beginning of it is worth showing.
fn details(plan: &Plan, stack: &StackPlan, room: usize) -> String {
    let text = text::of_stack(plan, stack, WIDTH);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let mut body = lines.join("\n");
    if body.chars().count() + FRAME > room && room > WORTH {
        let mut left = room - FRAME;
        let fits = |line: &&&str| left.checked_sub(line.chars().count() + 1).inspect(|rest| left = *rest).is_some();
        let shown: Vec<&str> = lines.iter().take_while(fits).copied().collect();
        body = format!("{}\n… {} more lines", shown.join("\n"), lines.len() - shown.len());
    }
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    let title = html(&stack.id);
    format!("\n<details><summary><code>{title}</code></summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n")
}

/// A name as code, also in a table.
pub(super) fn code(name: &str) -> String {
    let name = clean(name).replace('|', "\\|");
    let fence = "`".repeat(longest_run(&name) + 1);
    // A backtick at an end would belong to the fence.
    let pad = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{name}{pad}{fence}")
}

fn html(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
