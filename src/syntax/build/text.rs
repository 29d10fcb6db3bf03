//! Text: escapes, interpolation, indentation.

use std::sync::Arc;

use super::super::ast::{Expr, ExprKind, Piece};
use super::super::grammar::{Pair, Rule};
use super::Builder;
use crate::source::Span;

/// Text as it grows: literal text, and the pieces that are finished.
#[derive(Default)]
struct Growing {
    text: String,
    pieces: Vec<Piece>,
    /// The first half of a pair of `\u` escapes, as JSON writes characters beyond 16 bits.
    half: Option<(u32, Span)>,
}

impl Growing {
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(Arc::from(self.text.as_str())));
            self.text.clear();
        }
    }

    fn push(&mut self, value: Expr) {
        self.flush();
        self.pieces.push(Piece::Expr(value));
    }

    fn finish(mut self) -> ExprKind {
        if self.pieces.is_empty() {
            return ExprKind::Str(Arc::from(self.text));
        }
        self.flush();
        ExprKind::Template(self.pieces.into())
    }
}

impl Builder<'_> {
    /// `"…"` that is more than its own text, and `"""…"""`.
    pub(super) fn string(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        if pair.as_str().starts_with("\"\"\"") {
            return self.block_string(pair);
        }
        let mut growing = Growing::default();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::text => {
                    self.no_half(&mut growing);
                    growing.text.push_str(child.as_str());
                }
                Rule::interpolation => {
                    self.no_half(&mut growing);
                    let value = self.enclosed(child);
                    growing.push(value);
                }
                _ => self.escape(&child, &mut growing),
            }
        }
        self.no_half(&mut growing);
        growing.finish()
    }

    /// `"""…"""`: what the lines have in common at their beginning goes, escapes are resolved after that.
    fn block_string(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let text = pair.as_str();
        let inside = text.get(3..text.len() - 3).unwrap_or("");
        let body = after_break(inside);
        let indent = if body.len() == inside.len() { "" } else { common_indent(body) };
        let mut growing = Growing::default();
        let last = pair.clone().into_inner().len();
        let mut begins_line = false;
        // The opening quotes are the first pair.
        for (at, child) in pair.into_inner().enumerate().skip(1) {
            // An escaped line break joins two lines of the source.
            let joins = child.as_rule() == Rule::block_escape && child.as_str().ends_with('\n');
            match child.as_rule() {
                Rule::block_text => {
                    self.no_half(&mut growing);
                    let text = child.as_str();
                    let body = if at == 1 { after_break(text) } else { text };
                    push_lines(&mut growing.text, body, indent, begins_line || body.len() < text.len(), at + 1 == last);
                }
                Rule::interpolation => {
                    self.no_half(&mut growing);
                    let value = self.enclosed(child);
                    growing.push(value);
                }
                _ => self.escape(&child, &mut growing),
            }
            begins_line = joins;
        }
        self.no_half(&mut growing);
        growing.finish()
    }

    /// `'''…'''`
    pub(super) fn raw_block(pair: &Pair<'_, Rule>) -> ExprKind {
        let text = Self::inside(pair, 3, 3);
        let body = after_break(&text);
        // Text that begins behind the opening quotes has no indentation to lose.
        let indent = if body.len() == text.len() { "" } else { common_indent(body) };
        let mut out = String::with_capacity(body.len());
        push_lines(&mut out, body, indent, body.len() != text.len(), true);
        ExprKind::Str(Arc::from(out))
    }

    fn escape(&mut self, pair: &Pair<'_, Rule>, growing: &mut Growing) {
        let text = pair.as_str();
        let digits = text.strip_prefix("\\u").map(|rest| rest.trim_matches(['{', '}'])).filter(|d| !d.is_empty());
        let plain = match text {
            "\\n" => '\n',
            "\\t" => '\t',
            "\\r" => '\r',
            "\\b" => '\u{8}',
            "\\f" => '\u{c}',
            "\\\\" => '\\',
            "\\\"" => '"',
            "\\/" => '/',
            "\\$" => '$',
            "\\\n" | "\\\r\n" if pair.as_rule() == Rule::block_escape => return,
            _ => {
                match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
                    Some(number) => self.unicode(pair, number, growing),
                    None => self.bad_escape(pair),
                }
                return;
            }
        };
        self.no_half(growing);
        growing.text.push(plain);
    }

    /// `\u0041`, `\u{1F600}`, or one half of `\uD83D\uDE00`.
    fn unicode(&mut self, pair: &Pair<'_, Rule>, number: u32, growing: &mut Growing) {
        if let (Some((high, _)), 0xDC00..=0xDFFF) = (growing.half, number) {
            growing.half = None;
            growing.text.extend(char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (number - 0xDC00)));
            return;
        }
        self.no_half(growing);
        match char::from_u32(number) {
            Some(plain) => growing.text.push(plain),
            None if (0xD800..=0xDBFF).contains(&number) => growing.half = Some((number, self.span(pair))),
            None => self.bad_escape(pair),
        }
    }

    /// The first half of a pair of escapes must be followed by the second at once.
    fn no_half(&mut self, growing: &mut Growing) {
        if let Some((number, span)) = growing.half.take() {
            self.error(
                span,
                format!("`\\u{number:04X}` is half a character"),
                "the other half is missing",
                "write both halves as JSON does, or the whole character as in `\\u{1F600}`",
            );
        }
    }

    fn bad_escape(&mut self, pair: &Pair<'_, Rule>) {
        let span = self.span(pair);
        self.error(
            span,
            format!("`{}` is not an escape", pair.as_str()),
            "unknown escape",
            "write `\\\\` for a backslash; the escapes are `\\n \\t \\r \\\" \\\\ \\/ \\b \\f \\$ \\u0041 \\u{1F600}`, and \
             text in single quotes has none",
        );
    }
}

/// The text after a line break that follows the opening quotes.
fn after_break(text: &str) -> &str {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text)
}

/// The longest run of blanks that every line of `body` begins with; lines of nothing but blanks
/// do not count, and so the line of the closing quotes does not where they stand alone.
pub(in super::super) fn common_indent(body: &str) -> &str {
    let mut common: Option<&str> = None;
    for line in body.split('\n') {
        let rest = line.trim_start_matches([' ', '\t']);
        if rest.is_empty() || rest == "\r" {
            continue;
        }
        let blanks = line.get(..line.len() - rest.len()).unwrap_or("");
        common = Some(match common {
            None => blanks,
            Some(known) => {
                let same = known.bytes().zip(blanks.bytes()).take_while(|(a, b)| a == b).count();
                known.get(..same).unwrap_or("")
            }
        });
    }
    common.unwrap_or("")
}

/// Adds the lines of `text` without `indent`; the blanks before the closing quotes go where they stand alone.
fn push_lines(out: &mut String, text: &str, indent: &str, begins_line: bool, closes: bool) {
    let count = text.split('\n').count();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let last = at + 1 == count;
        let line = if last { line } else { line.strip_suffix('\r').unwrap_or(line) };
        let starts = at > 0 || begins_line;
        let blank = line.trim_start_matches([' ', '\t']).is_empty();
        if starts && blank && (!last || closes) {
            continue;
        }
        out.push_str(if starts { line.strip_prefix(indent).unwrap_or(line) } else { line });
    }
}
