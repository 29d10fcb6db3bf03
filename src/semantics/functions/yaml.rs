//! `yaml`: block style, texts in double quotes, so that no reader takes one for a number.

use super::encoding::{Notation, Stop, Writer};
use crate::semantics::value::{Object, Value};

/// Writes YAML.
#[derive(Default)]
pub(super) struct Yaml {
    /// Levels of blocks around this one.
    level: usize,
    /// The next block starts on the line of its `-`.
    inline: bool,
}

impl Yaml {
    /// Starts an entry of a block: on a new line, or right after a `-`.
    fn start(&mut self, out: &mut Writer<'_, '_>, first: bool) {
        let inline = std::mem::take(&mut self.inline);
        if first && (inline || self.level == 0) {
            return;
        }
        out.line.push('\n');
        out.line.extend(std::iter::repeat_n("  ", self.level));
    }

    /// A value inside a block.
    fn nested(&mut self, out: &mut Writer<'_, '_>, value: &Value, inline: bool, depth: usize) -> Result<(), Stop> {
        if is_block(value) {
            self.level += 1;
            self.inline = inline;
            if inline {
                out.line.push(' ');
            }
            out.value(self, value, depth + 1)?;
            self.level -= 1;
            return Ok(());
        }
        out.line.push(' ');
        out.value(self, value, depth + 1)
    }
}

/// Takes lines of its own.
fn is_block(value: &Value) -> bool {
    match value {
        Value::List(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Env(_) => true,
        _ => false,
    }
}

impl Notation for Yaml {
    fn list(&mut self, out: &mut Writer<'_, '_>, items: &[Value], depth: usize) -> Result<(), Stop> {
        if items.is_empty() {
            out.line.push_str("[]");
        }
        for (at, item) in items.iter().enumerate() {
            self.start(out, at == 0);
            out.line.push('-');
            self.nested(out, item, true, depth)?;
        }
        Ok(())
    }

    fn object(&mut self, out: &mut Writer<'_, '_>, object: &Object, depth: usize) -> Result<(), Stop> {
        if object.is_empty() {
            out.line.push_str("{}");
        }
        for (at, (key, value)) in object.iter().enumerate() {
            self.start(out, at == 0);
            if is_plain(key.as_str()) {
                out.line.push_str(key.as_str());
            } else {
                out.quoted(key.as_str());
            }
            out.line.push(':');
            self.nested(out, value, false, depth)?;
        }
        Ok(())
    }
}

/// A key that every reader of YAML takes as the text that it is.
fn is_plain(key: &str) -> bool {
    const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "null", "y"];
    let mut letters = key.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !WORDS.iter().any(|word| key.eq_ignore_ascii_case(word))
        && !key.eq_ignore_ascii_case("n")
}
