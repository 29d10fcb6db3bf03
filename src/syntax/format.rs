//! The one layout of a file.
//!
//! The tokens stay as they are; what changes is the white space and the commas between them.
//! So the formatted text says what the text said, and nothing can get lost.
//!
//! Brackets stay on one line where they were written so and fit; otherwise each entry has a line
//! of its own and no comma. Comments and single blank lines are kept.

use super::build;
use super::grammar::{Grammar, Parser, Rule};
use crate::source::SourceFile;

mod block;
mod marks;
mod tokens;

use marks::{Group, Marks};
use tokens::{Kind, Token};

/// Lines are not longer than this where brackets can be broken: the names of AWS are long.
const WIDTH: usize = 120;

/// Blanks per level.
const STEP: usize = 2;

/// The text of `file` in its one layout; `None` where it does not parse.
pub(super) fn format(file: &SourceFile) -> Option<String> {
    if !build::file(file.id, &file.text).diagnostics.is_empty() {
        return None;
    }
    build::with_room(&file.text, |prepared| {
        let marks = Marks::of(Grammar::parse(Rule::file, &prepared.text).ok()?);
        let tokens = tokens::tokens(&file.text);
        let following = following(&tokens);
        let out = String::with_capacity(file.text.len());
        let mut printer = Printer { marks, tokens, following, out, column: 0, indent: 0 };
        let end = printer.tokens.len();
        printer.level(0, end, &Level { group: Group::Block, broken: true, indent: 0 });
        if !printer.out.is_empty() {
            printer.out.push('\n');
        }
        Some(printer.out)
    })
}

/// How the inside of a pair of brackets is laid out.
struct Level {
    group: Group,
    /// Each entry on a line of its own.
    broken: bool,
    indent: usize,
}

/// What stands between two tokens.
enum Gap {
    None,
    Blank,
    Comma,
    /// A line break, and how far the next line is indented.
    Line(usize),
    /// The same with an empty line.
    Empty(usize),
}

struct Printer<'t> {
    marks: Marks,
    tokens: Vec<Token<'t>>,
    /// For each token, the first from there on that is neither a comment nor a comma.
    following: Vec<usize>,
    out: String,
    /// Characters in the current line.
    column: usize,
    /// Levels by which the current line is indented.
    indent: usize,
}

impl Printer<'_> {
    fn token(&self, at: usize) -> Token<'_> {
        let nothing = Token { kind: Kind::Close, text: "", at: usize::MAX, breaks: 0, partner: at };
        self.tokens.get(at).copied().unwrap_or(nothing)
    }

    /// Prints the tokens of one level; brackets among them with their insides.
    fn level(&mut self, from: usize, to: usize, level: &Level) {
        let mut at = from;
        let mut last = None;
        while at < to {
            if self.separates(at, to, level) {
                at += 1;
                continue;
            }
            let gap = self.gap(last, at, to, level);
            self.space(&gap);
            if self.token(at).kind == Kind::Open {
                self.brackets(at);
                at = self.token(at).partner.max(at);
            } else {
                self.print(at);
            }
            last = Some(at);
            at += 1;
        }
    }

    /// True for a comma that only separates entries.
    fn separates(&self, at: usize, to: usize, level: &Level) -> bool {
        self.token(at).kind == Kind::Comma && level.group == Group::Entries && self.starts_item(at + 1, to)
    }

    /// True where the next token that is no comment begins an entry, or ends the level.
    fn starts_item(&self, at: usize, to: usize) -> bool {
        self.next(at, to).is_none_or(|next| self.marks.is_item(next.at))
    }

    /// The first token from `at` on that is neither a comment nor a comma; `None` where the level ends before.
    fn next(&self, at: usize, to: usize) -> Option<Token<'_>> {
        self.following.get(at).filter(|next| **next < to).map(|next| self.token(*next))
    }

    /// What stands before the token at `at`, after the one at `last`.
    fn gap(&self, last: Option<usize>, at: usize, to: usize, level: &Level) -> Gap {
        let token = self.token(at);
        let Some(last) = last else {
            return self.first_gap(token, level);
        };
        let before = self.token(last);
        let holds_items = matches!(level.group, Group::Block | Group::Entries);
        let item = holds_items && self.marks.is_item(token.at);
        if item && before.kind == Kind::Remark && token.breaks == 0 && self.leads(last, to) {
            return Gap::Blank;
        }
        if item || (holds_items && token.is_comment() && self.starts_item(at + 1, to)) {
            let leads = item || self.leads(at, to);
            return match (level.broken, leads, token.breaks) {
                (_, false, 0) => Gap::Blank,
                (true, _, 2..) => Gap::Empty(level.indent),
                (true, ..) => Gap::Line(level.indent),
                (false, true, _) => Gap::Comma,
                (false, false, _) => Gap::Blank,
            };
        }
        self.inner_gap(before, token, at, to, level)
    }

    fn first_gap(&self, token: Token<'_>, level: &Level) -> Gap {
        if self.out.is_empty() || !level.broken {
            Gap::None
        } else if token.is_comment() && token.breaks == 0 {
            Gap::Blank
        } else {
            Gap::Line(level.indent)
        }
    }

    /// True for a remark that stands before an entry, on its line.
    fn leads(&self, at: usize, to: usize) -> bool {
        let next = self.token(at + 1);
        self.token(at).kind == Kind::Remark && at + 1 < to && next.breaks == 0 && self.marks.is_item(next.at)
    }

    /// Between two tokens of one entry.
    fn inner_gap(&self, before: Token<'_>, token: Token<'_>, at: usize, to: usize, level: &Level) -> Gap {
        let line = self.next(at, to).is_some_and(|next| self.marks.is_line(next.at));
        if line && (!token.is_comment() || token.breaks > 0) {
            return Gap::Line(level.indent);
        }
        let further = Gap::Line(level.indent + 1);
        if before.kind == Kind::Comment {
            return further;
        }
        if token.is_comment() {
            return if token.breaks > 0 { further } else { Gap::Blank };
        }
        let operator = before.kind == Kind::Sign && is_operator(before.text) && !self.marks.is_before(before.at);
        let choice = matches!(token.text, "then" | "else") && !self.ends_block(before);
        if token.breaks > 0 && (operator || choice) {
            return further;
        }
        if self.spaced(before, token) { Gap::Blank } else { Gap::None }
    }

    fn ends_block(&self, token: Token<'_>) -> bool {
        token.kind == Kind::Close && self.marks.group(self.token(token.partner).at) == Group::Block
    }

    /// True where a blank stands between two tokens of one line.
    fn spaced(&self, before: Token<'_>, token: Token<'_>) -> bool {
        if before.kind == Kind::Open {
            return before.text == "{" && !self.marks.is_narrow(before.at) && token.kind != Kind::Close;
        }
        if token.kind == Kind::Close {
            return token.text == "}" && !self.marks.is_narrow(self.token(token.partner).at);
        }
        if self.marks.is_behind(token.at) || self.marks.is_before(before.at) {
            return false;
        }
        !(matches!(token.text, "," | ":" | "::" | "." | "?." | "..")
            || matches!(before.text, "::" | "." | "?." | ".." | "..." | "@"))
    }

    /// Brackets and what they hold.
    fn brackets(&mut self, open: usize) {
        let close = self.token(open).partner;
        let group = self.marks.group(self.token(open).at);
        let base = self.indent;
        let broken = close > open + 1 && self.breaks(open, close, group);
        self.print(open);
        let blank = !broken && self.spaced(self.token(open), self.token(open + 1));
        if blank {
            self.space(&Gap::Blank);
        }
        self.level(open + 1, close, &Level { group, broken, indent: base + 1 });
        if broken || self.token(close.saturating_sub(1)).kind == Kind::Comment {
            self.space(&Gap::Line(base));
        } else if blank {
            self.space(&Gap::Blank);
        }
        self.print(close);
    }

    /// True where the entries of these brackets stand on lines of their own.
    fn breaks(&self, open: usize, close: usize, group: Group) -> bool {
        match group {
            Group::Block => true,
            Group::Single => self.written_broken(open, close, group),
            Group::Entries | Group::Loop => {
                self.written_broken(open, close, group) || !(self.wraps_one(open, close) || self.fits(open, close))
            }
        }
    }

    /// True for `[{ … }]` and the like, where breaking the inner brackets is enough.
    fn wraps_one(&self, open: usize, close: usize) -> bool {
        self.token(open + 1).kind == Kind::Open && self.token(open + 1).partner + 1 == close
    }

    /// True where the brackets cannot stay on one line because of how they were written.
    fn written_broken(&self, open: usize, close: usize, group: Group) -> bool {
        if group == Group::Block {
            return close > open + 1;
        }
        let mut at = open + 1;
        while at <= close {
            let token = self.token(at);
            let counts = match group {
                Group::Entries => true,
                Group::Single | Group::Loop => at == open + 1,
                Group::Block => false,
            };
            if (counts && token.breaks > 0) || (group != Group::Single && token.kind == Kind::Comment) {
                return true;
            }
            if token.kind == Kind::Open {
                at = token.partner.max(at);
            }
            at += 1;
        }
        false
    }

    /// True where the brackets fit on the current line, up to the first ones inside that will be broken.
    fn fits(&self, open: usize, close: usize) -> bool {
        let mut width = self.column;
        let mut at = open;
        let mut last = None;
        while at <= close && width <= WIDTH {
            let token = self.token(at);
            if self.is_idle(at, last) {
                at += 1;
                continue;
            }
            let first = token.text.lines().next().unwrap_or("");
            width += first.chars().count();
            if let Some(before) = last {
                width += usize::from(before.kind == Kind::Comma || self.spaced(before, token));
            }
            last = Some(token);
            let inner = token.kind == Kind::Open && at > open;
            if first.len() != token.text.len() {
                break;
            }
            if inner && self.written_broken(at, token.partner, self.marks.group(token.at)) {
                break;
            }
            at += 1;
        }
        width <= WIDTH
    }

    /// True for a comma with nothing before or behind it, which is not printed.
    fn is_idle(&self, at: usize, last: Option<Token<'_>>) -> bool {
        let opened = last.is_none_or(|last| last.kind == Kind::Open);
        self.token(at).kind == Kind::Comma && (opened || matches!(self.token(at + 1).kind, Kind::Comma | Kind::Close))
    }

    fn print(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at).copied() else {
            return;
        };
        let changed = match token.kind {
            Kind::Remark => Some(token.text.replace("\r\n", "\n")),
            Kind::Text => block::moved(token.text, (self.indent + 1) * STEP, self.indent * STEP),
            _ => None,
        };
        let text = changed.as_deref().unwrap_or(token.text).trim_end();
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    fn space(&mut self, gap: &Gap) {
        match gap {
            Gap::None => {}
            Gap::Blank => {
                self.out.push(' ');
                self.column += 1;
            }
            Gap::Comma => {
                self.out.push_str(", ");
                self.column += 2;
            }
            Gap::Line(indent) => self.newline(*indent),
            Gap::Empty(indent) => {
                self.out.push('\n');
                self.newline(*indent);
            }
        }
    }

    fn newline(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent * STEP));
        self.column = indent * STEP;
        self.indent = indent;
    }
}

fn following(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut next = tokens.len();
    let mut following: Vec<usize> = Vec::with_capacity(next);
    for (at, token) in tokens.iter().enumerate().rev() {
        if !token.is_comment() && token.kind != Kind::Comma {
            next = at;
        }
        following.push(next);
    }
    following.reverse();
    following
}

/// Signs behind which a line may end.
fn is_operator(sign: &str) -> bool {
    matches!(
        sign,
        "==" | "!=" | "<=" | ">=" | "<" | ">" | "&&" | "||" | "??" | "+" | "-" | "*" | "/" | "%" | ".." | "|"
    )
}
