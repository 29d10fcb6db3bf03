//! The bytes of a plan file. There is one way to write a plan, and only that is read: a byte that differs is noticed.

use serde::Deserialize;
use serde_json::Value;

use crate::plan::StackAction;
use crate::plan::digest;
use crate::plan::saved::Saved;
use crate::template;

/// Version of the form of the file; rises when a reader of the old one would misread it.
const FORMAT: u32 = 1;

/// The most that a plan file may hold: 64 MiB.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// What every plan file begins with.
const START: &str = "{\n  \"infra_plan\": ";

/// Why a file is not taken for a plan. Each says what the file is or has, to stand after its name, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// `is no plan file`
    pub why: String,
    /// What the reader can do, beginning with the action.
    pub help: String,
    /// Planning again is all that it takes.
    pub again: bool,
}

impl Refused {
    pub(super) fn new(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { why: why.into(), help: help.into(), again: false }
    }

    fn edited() -> Self {
        Self::new(
            "was changed after it was saved",
            "save the plan again with `infra plan -o FILE`; it cannot be edited",
        )
    }
}

/// The outermost form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    infra_plan: u32,
    digest: String,
    content: Value,
}

impl Saved {
    /// The text of the file.
    ///
    /// # Errors
    /// Where the plan holds what could not be read again.
    pub fn to_text(&self) -> Result<String, Refused> {
        let unfit = |why: String| Refused::new(format!("cannot be saved: {why}"), "apply without a file");
        let content = serde_json::to_value(self).map_err(|e| unfit(e.to_string()))?;
        let text = write(&content);
        // What nobody could apply is better said now.
        match Self::read(text.as_bytes()) {
            Ok(again) if again == *self => Ok(text),
            Ok(_) => Err(unfit("a value does not come back as it is".to_owned())),
            Err(refused) => Err(unfit(format!("it {}", refused.why))),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it is no plan file, or not byte for byte as it was saved.
    pub fn read(bytes: &[u8]) -> Result<Self, Refused> {
        let frame = match serde_json::from_slice::<Frame>(bytes) {
            Ok(frame) => frame,
            Err(e) => return Err(unreadable(bytes, &e)),
        };
        if frame.infra_plan > FORMAT {
            return Err(newer(frame.infra_plan.into()));
        }
        if write(&frame.content).as_bytes() != bytes || frame.digest != digest_of(&frame.content) {
            return Err(Refused::edited());
        }
        let saved: Self = serde_json::from_value(frame.content)
            .map_err(|e| Refused::new(format!("cannot be understood: {e}"), SAVE_AGAIN))?;
        let whole = |(id, part): (&String, &super::Part)| match (saved.plan.stack(id), &part.sent) {
            // For what goes, nothing is sent.
            (Some(plan), Some(sent)) if plan.action == StackAction::Delete => sent.template.is_empty(),
            (Some(plan), Some(sent)) => template::digest(&sent.template) == plan.template,
            _ => true,
        };
        let complete =
            saved.plan.stacks.iter().all(|stack| {
                saved.stacks.get(&stack.id).is_some_and(|part| part.sent.is_some() == stack.has_changes())
            });
        if saved.plan.id != digest::short(&saved.plan.digest(), 16) || !complete || !saved.stacks.iter().all(whole) {
            return Err(Refused::edited());
        }
        Ok(saved)
    }
}

const SAVE_AGAIN: &str = "save one with `infra plan -o FILE`";

fn digest_of(content: &Value) -> String {
    digest::sha256(["infra plan", &FORMAT.to_string(), &content.to_string()])
}

fn write(content: &Value) -> String {
    // Line ends inside of texts are escaped: every one here is of the layout.
    let body = format!("{content:#}").replace('\n', "\n  ");
    format!("{START}{FORMAT},\n  \"digest\": \"{}\",\n  \"content\": {body}\n}}\n", digest_of(content))
}

fn newer(format: u64) -> Refused {
    Refused::new(
        format!("has format {format}, and this is infra {}, which reads format {FORMAT}", env!("CARGO_PKG_VERSION")),
        "use the version of infra that saved it, or save the plan again",
    )
}

/// What is wrong with a file that does not have the form.
fn unreadable(bytes: &[u8], error: &serde_json::Error) -> Refused {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Refused::new("is empty", SAVE_AGAIN);
    }
    let ours = bytes.starts_with(START.as_bytes());
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => match value.get("infra_plan").and_then(Value::as_u64) {
            Some(format) if format > FORMAT.into() => newer(format),
            Some(_) => Refused::edited(),
            None if value.get("format_version").is_some() && value.get("stacks").is_some() => {
                Refused::new("is what `infra plan --format json` shows, which is no plan file", SAVE_AGAIN)
            }
            None if ours => Refused::edited(),
            None => Refused::new("is no plan file", SAVE_AGAIN),
        },
        Err(_) if ours && error.is_eof() => {
            Refused::new("is cut off: its end is missing", "copy it again, or save the plan again")
        }
        Err(_) if ours => Refused::edited(),
        Err(_) => Refused::new("is no plan file", SAVE_AGAIN),
    }
}
