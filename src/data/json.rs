//! JSON as RFC 8259 has it, and no key twice.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{DEEPEST, Entry, Kind, LONGEST_TEXT, MOST_NODES, Node, Problem};
use crate::source::{SourceFile, Span};

pub(super) fn parse(file: &SourceFile) -> Result<Node, Problem> {
    let mut reader = Reader { file, text: &file.text, at: 0, nodes: 0 };
    reader.blank();
    let node = reader.value(0)?;
    reader.blank();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.wrong("the file ends before this, by its first value")),
    }
}

struct Reader<'t> {
    file: &'t SourceFile,
    text: &'t str,
    at: usize,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn since(&self, start: usize) -> Span {
        Span::new(self.file.id, start, self.at)
    }

    /// The next character, or the end.
    fn here(&self) -> Span {
        Span::new(self.file.id, self.at, self.at + self.peek().map_or(0, char::len_utf8))
    }

    fn wrong(&self, why: &str) -> Problem {
        super::unreadable("JSON", why, self.here())
    }

    fn expected(&self, what: &str) -> Problem {
        match self.peek() {
            None => self.wrong(&format!("the file ends here; expected {what}")),
            Some('/' | '#') => self.wrong("JSON has no comments"),
            Some('\'') => self.wrong("JSON has its texts in double quotes"),
            Some(_) => self.wrong(&format!("expected {what}")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(super::too_many(self.here()));
        }
        let start = self.at;
        let kind = match self.peek() {
            Some('{' | '[') if depth >= DEEPEST => return Err(super::too_deep(self.here())),
            Some('{') => self.map(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Kind::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { span: self.since(start), kind })
    }

    fn word(&mut self) -> Result<Kind, Problem> {
        for (word, kind) in [("null", Kind::Null), ("true", Kind::Bool(true)), ("false", Kind::Bool(false))] {
            let follows = self.rest().strip_prefix(word);
            if follows.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.expected("a value"))
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Problem> {
        self.eat('[');
        self.blank();
        let mut items = Vec::new();
        if self.eat(']') {
            return Ok(Kind::List(items));
        }
        loop {
            self.blank();
            items.push(self.value(depth + 1)?);
            if self.ends(']')? {
                return Ok(Kind::List(items));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Problem> {
        self.eat('{');
        self.blank();
        let mut entries = Vec::new();
        let mut seen: FxHashMap<Arc<str>, Span> = FxHashMap::default();
        if self.eat('}') {
            return Ok(Kind::Map(entries));
        }
        loop {
            self.blank();
            if self.peek() != Some('"') {
                return Err(self.expected("a key in double quotes"));
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = self.since(start);
            if let Some(first) = seen.insert(Arc::clone(&key), key_span) {
                return Err(super::twice(&key, key_span, first));
            }
            self.blank();
            if !self.eat(':') {
                return Err(self.expected("`:`"));
            }
            self.blank();
            entries.push(Entry { key, key_span, value: self.value(depth + 1)? });
            if self.ends('}')? {
                return Ok(Kind::Map(entries));
            }
        }
    }

    /// After an item: whether the list or map ends, or goes on.
    fn ends(&mut self, close: char) -> Result<bool, Problem> {
        self.blank();
        if self.eat(close) {
            return Ok(true);
        }
        if !self.eat(',') {
            return Err(self.expected(&format!("`,` or `{close}`")));
        }
        self.blank();
        if self.peek() == Some(close) {
            return Err(self.wrong("JSON has no comma after the last item"));
        }
        Ok(false)
    }

    fn string(&mut self) -> Result<Arc<str>, Problem> {
        let start = self.at;
        self.eat('"');
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some('"') => break,
                Some('\\') => text.push(self.escape()?),
                Some(_) => return Err(self.wrong("a control character in a text is written `\\n`, `\\t`, `\\u00…`")),
                None => return Err(self.wrong("the file ends inside a text")),
            }
        }
        self.eat('"');
        if text.len() > LONGEST_TEXT {
            return Err(super::too_long(self.since(start)));
        }
        Ok(text.into())
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let start = self.at;
        self.eat('\\');
        let letter = self.peek();
        let plain = match letter {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.at += 1;
                return self.unicode(start);
            }
            _ => return Err(self.wrong("no such escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `\u0041`, or two of them that are halves of one character.
    fn unicode(&mut self, start: usize) -> Result<char, Problem> {
        let first = self.four()?;
        let second = (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u");
        let code = if second {
            self.at += 2;
            let low = self.four()?;
            match low.checked_sub(0xdc00) {
                Some(low) if low < 0x400 => 0x10000 + ((first - 0xd800) << 10) + low,
                _ => first,
            }
        } else {
            first
        };
        let lone = || super::unreadable("JSON", "half a character: a lone surrogate", self.since(start));
        char::from_u32(code).ok_or_else(lone)
    }

    fn four(&mut self) -> Result<u32, Problem> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.wrong("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<Kind, Problem> {
        let start = self.at;
        self.eat('-');
        let zero = self.peek() == Some('0');
        if self.digits()? > 1 && zero {
            return Err(super::unreadable("JSON", "a number does not begin with `0`", self.since(start)));
        }
        let mut whole = true;
        if self.eat('.') {
            whole = false;
            self.digits()?;
        }
        if self.eat('e') || self.eat('E') {
            whole = false;
            let _ = self.eat('+') || self.eat('-');
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if whole {
            return text.parse().map(Kind::Int).map_err(|_| super::inexact(self.since(start)));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Kind::Float(number)),
            _ => Err(super::inexact(self.since(start))),
        }
    }

    fn digits(&mut self) -> Result<usize, Problem> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += count;
        Ok(count)
    }
}
