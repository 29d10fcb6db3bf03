//! One pass over the text that knows strings, comments and brackets, and nothing else.

use super::super::build::{DEEPEST, too_deep};
use super::frames::{Frame, Kind, code_end, in_word, indent, line_start, word, word_before};
use super::report;
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};

/// True for bytes that mean something outside strings; the others are passed over.
fn means(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\'' | b'/' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'\n' | b'\t' | b'\r' | b',' | b'i' | b'm'
    )
}

/// So many brackets and quotes without a partner in one file are no slips.
const MANY: usize = 100;

/// What a pass found.
pub(super) struct Scan<'t> {
    file: FileId,
    text: &'t [u8],
    /// The copy in which comments become blanks.
    out: Vec<u8>,
    at: usize,
    /// Where the current line begins, and how far it is indented.
    line: usize,
    indent: usize,
    /// Up to where the code was last seen to end, and where it ended.
    code: (usize, usize),
    /// Up to where there are only blanks.
    blank_until: usize,
    open: Vec<Frame>,
    /// How many of `open` are `"`: what is inside must stay on its line.
    quotes: usize,
    /// `if` and `match` outside of all brackets, and all together.
    outside: usize,
    words: usize,
    /// What is to be put in, and where.
    inserts: Vec<(usize, &'static str)>,
    /// Looks at the indentation to find out what is missing.
    repair: bool,
    pub(super) balanced: bool,
    pub(super) hopeless: bool,
    pub(super) deepest: usize,
    pub(super) docs: Vec<(usize, usize)>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Scans `text`; without `repair` it may stop at the first thing that does not match.
pub(super) fn scan(file: FileId, text: &str, repair: bool) -> Scan<'_> {
    let mut scan = Scan {
        file,
        text: text.as_bytes(),
        out: text.as_bytes().to_vec(),
        at: 0,
        line: 0,
        indent: indent(text.as_bytes(), 0),
        code: (0, 0),
        blank_until: 0,
        open: Vec::new(),
        quotes: 0,
        outside: 0,
        words: 0,
        inserts: Vec::new(),
        repair,
        balanced: true,
        hopeless: false,
        deepest: 0,
        docs: Vec::new(),
        diagnostics: Vec::new(),
    };
    if text.starts_with('\u{FEFF}') {
        scan.blank(0, '\u{FEFF}'.len_utf8());
        scan.at = '\u{FEFF}'.len_utf8();
    }
    scan.run();
    scan
}

impl Scan<'_> {
    /// The prepared text, and where something was put in.
    pub(super) fn finish(&self, original: &str) -> (String, Vec<usize>) {
        let mut out = Vec::with_capacity(self.out.len() + self.inserts.len());
        let mut places = Vec::new();
        let mut from = 0;
        for (place, piece) in &self.inserts {
            out.extend_from_slice(self.out.get(from..*place).unwrap_or_default());
            out.extend_from_slice(piece.as_bytes());
            places.extend(std::iter::repeat_n(*place, piece.len()));
            from = *place;
        }
        out.extend_from_slice(self.out.get(from..).unwrap_or_default());
        // Only whole characters are ever blanked, so this does not fail.
        (String::from_utf8(out).unwrap_or_else(|_| original.to_owned()), places)
    }

    fn run(&mut self) {
        self.line_begins();
        while self.at < self.text.len() && !self.hopeless && (self.balanced || self.repair) {
            match self.open.last().map(|frame| frame.kind) {
                Some(Kind::Quote) => self.quote(),
                Some(Kind::Block) => self.block(),
                _ => self.code(),
            }
        }
        if self.hopeless || !(self.balanced || self.repair) {
            return;
        }
        self.end_of_file();
    }

    /// What is still open is one mistake, told from the inside out.
    fn end_of_file(&mut self) {
        let end = code_end(&self.out, self.out.len());
        let Some(innermost) = self.pop() else {
            return;
        };
        self.missing(innermost, end, self.text.len());
        while let Some(frame) = self.pop() {
            self.put_in(end, frame.kind.closer());
            if let Some(told) = self.diagnostics.last_mut() {
                *told = report::also_open(self.file, frame, told.clone());
            }
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    fn blank(&mut self, from: usize, to: usize) {
        for byte in self.out.get_mut(from..to).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// Outside of strings.
    fn code(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let skip = rest.iter().position(|b| means(*b));
        let Some(skip) = skip else {
            self.at = self.text.len();
            return;
        };
        self.at += skip;
        match self.peek(0) {
            b'"' if self.starts(b"\"\"\"") => self.opens(Kind::Block, 3),
            b'"' => self.opens(Kind::Quote, 1),
            b'\'' => self.raw(),
            b'/' => self.slash(),
            byte @ (b'(' | b'[' | b'{') => self.opens(Kind::of_opener(byte), 1),
            byte @ (b')' | b']' | b'}') => self.closes(byte),
            b'\n' => self.newline(),
            b',' => self.comma(),
            b'\t' | b'\r' => {
                self.blank(self.at, self.at + 1);
                self.at += 1;
            }
            _ => self.letter(),
        }
    }

    fn opens(&mut self, kind: Kind, length: usize) {
        self.quotes += usize::from(kind == Kind::Quote);
        self.open.push(Frame { kind, at: self.at, line: self.line, indent: self.indent, words: 0 });
        self.at += length;
        self.depth();
    }

    /// Where hardly anything fits, this is not a text of this language, and the rest is not looked at.
    fn told(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.hopeless |= self.diagnostics.len() > MANY;
    }

    /// Keeps count of the depth, and gives up where it is too large.
    fn depth(&mut self) {
        let depth = self.open.len() + self.words;
        self.deepest = self.deepest.max(depth);
        if depth > DEEPEST && !self.hopeless {
            self.hopeless = true;
            let at = self.at.saturating_sub(1);
            self.diagnostics.clear();
            self.diagnostics.push(too_deep(Span::new(self.file, at, at + 1)));
        }
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.open.pop()?;
        self.quotes -= usize::from(frame.kind == Kind::Quote);
        self.words -= frame.words;
        Some(frame)
    }

    fn closes(&mut self, byte: u8) {
        let fits = |kind: Kind| kind.closer().as_bytes() == [byte];
        let top = self.open.last().copied();
        match top {
            Some(frame) if fits(frame.kind) && !self.left_open(frame, byte) => {
                self.pop();
            }
            _ => {
                self.balanced = false;
                if self.repair {
                    self.odd(byte);
                }
            }
        }
        self.at += 1;
    }

    /// True where nothing stands before this place in its line.
    fn begins_line(&self) -> bool {
        self.line + self.indent == self.at
    }

    /// A line begins somewhere in what was passed over since `from`.
    fn passed(&mut self, from: usize) {
        let passed = self.text.get(from..self.at).unwrap_or_default();
        if let Some(newline) = passed.iter().rposition(|b| *b == b'\n') {
            self.line = from + newline + 1;
            self.indent = indent(self.text, self.line);
        }
    }

    /// While repairing: a closing bracket that begins its line, further left than the line that
    /// opened `frame`, belongs to a bracket further out.
    fn left_open(&self, frame: Frame, byte: u8) -> bool {
        if !self.repair || self.quotes > 0 {
            return false;
        }
        if !self.begins_line() || self.indent >= frame.indent {
            return false;
        }
        let outer = self.open.iter().rev().skip(1).take_while(|outer| !outer.kind.is_text());
        outer.into_iter().any(|outer| outer.kind.closer().as_bytes() == [byte] && outer.indent == self.indent)
    }

    /// A closing bracket that does not close the innermost open one.
    fn odd(&mut self, byte: u8) {
        let begins = self.begins_line();
        let inside = self.open.iter().rev().take_while(|frame| !frame.kind.is_text());
        let fits: Vec<Frame> = inside.copied().filter(|frame| frame.kind.closer().as_bytes() == [byte]).collect();
        let same = fits.iter().find(|frame| begins && frame.indent == self.indent);
        let Some(partner) = same.or(fits.first()).copied() else {
            self.alone(byte);
            return;
        };
        // What was opened since then is not closed.
        let place = if begins { code_end(&self.out, self.at) } else { self.at };
        while let Some(frame) = self.pop() {
            if frame.at == partner.at {
                break;
            }
            self.missing(frame, place, self.at);
        }
    }

    /// No open bracket fits: the wrong one was written, or one too many.
    fn alone(&mut self, byte: u8) {
        let closer = char::from(byte);
        match self.open.last().copied() {
            Some(frame) if !frame.kind.is_text() && frame.kind != Kind::Interpolation => {
                self.told(report::mismatch(self.file, frame, self.at, closer));
                if let (Some(place), Some(right)) = (self.out.get_mut(self.at), frame.kind.closer().as_bytes().first())
                {
                    *place = *right;
                }
                self.pop();
            }
            _ => {
                self.told(report::stray(self.file, self.at, closer));
                self.blank(self.at, self.at + 1);
            }
        }
    }

    /// `frame` is not closed: says so, and puts its end in at `place`.
    fn missing(&mut self, frame: Frame, place: usize, missed: usize) {
        self.balanced = false;
        self.told(report::unclosed(self.file, frame, missed, self.text.len()));
        self.put_in(place, frame.kind.closer());
    }

    /// Where the last piece was put in: nothing is put in before it any more.
    fn last_insert(&self) -> usize {
        self.inserts.last().map_or(0, |(last, _)| *last)
    }

    fn put_in(&mut self, place: usize, piece: &'static str) {
        self.inserts.push((place.max(self.last_insert()), piece));
    }

    fn newline(&mut self) {
        if self.quotes > 0 {
            self.end_of_line_in_quotes();
            return;
        }
        if self.words > 0 && self.at >= self.blank_until && !self.goes_on() {
            self.no_words();
        }
        self.at += 1;
        self.line = self.at;
        self.indent = indent(self.text, self.at);
        self.line_begins();
    }

    fn comma(&mut self) {
        self.no_words();
        self.at += 1;
    }

    /// An entry or statement begins.
    fn no_words(&mut self) {
        let words = self.open.last_mut().map_or(&mut self.outside, |frame| &mut frame.words);
        self.words -= *words;
        *words = 0;
    }

    /// True where the line after this one belongs to the same expression.
    fn goes_on(&mut self) -> bool {
        let end = self.code_end();
        let last = end.checked_sub(1).and_then(|last| self.out.get(last)).copied().unwrap_or(0);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        // Each run of blanks is looked at once, however many lines it has.
        self.blank_until = self.at + blanks;
        b"+-*/%=<>!&|?:.([{".contains(&last)
            || matches!(word_before(&self.out, end), b"if" | b"then" | b"else" | b"in" | b"match" | b"as")
            || matches!(word(self.text, self.blank_until), b"then" | b"else")
            || rest.get(blanks..).is_some_and(|rest| rest.starts_with(b"//") || rest.starts_with(b"/*"))
    }

    /// Where the code before this place ends. Comments are blanks already; each is passed over once.
    fn code_end(&mut self) -> usize {
        let (seen, known) = self.code;
        let since = self.out.get(seen..self.at).unwrap_or_default();
        let end = code_end(since, since.len());
        self.code = (self.at, if end == 0 { known } else { seen + end });
        self.code.1
    }

    /// `i` or `m`: `if` and `match` nest without brackets, so they are counted.
    fn letter(&mut self) {
        let before = self.at.checked_sub(1).and_then(|before| self.text.get(before));
        if in_word(before) {
            self.at += 1;
            return;
        }
        let word = word(self.text, self.at);
        if matches!(word, b"if" | b"match") {
            *self.open.last_mut().map_or(&mut self.outside, |frame| &mut frame.words) += 1;
            self.words += 1;
        }
        self.at += word.len();
        self.depth();
    }

    fn slash(&mut self) {
        let after_round = self.at.checked_sub(1).and_then(|before| self.text.get(before)) == Some(&b'(');
        match self.peek(1) {
            b'/' => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                if rest.starts_with(b"///") && !rest.starts_with(b"////") {
                    self.docs.push((self.at, self.at + length));
                }
                self.blank(self.at, self.at + length);
                self.at += length;
            }
            b'*' => {
                let start = self.at;
                self.at += 2;
                match self.find(b"*/") {
                    Some(end) => self.at = end + 2,
                    None => {
                        self.told(report::endless(self.file, start, "/*", "*/"));
                        self.at = self.text.len();
                    }
                }
                self.blank(start, self.at);
                self.passed(start);
            }
            _ if after_round => self.pattern(),
            _ => self.at += 1,
        }
    }

    /// `/re/` in the parentheses of a type; its brackets and quotes are its own.
    fn pattern(&mut self) {
        let mut at = self.at + 1;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b'\n' => break,
                b'\\' => at += 1,
                b'/' => {
                    self.at = at + 1;
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        self.at += 1;
    }

    fn find(&self, end: &[u8]) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        rest.windows(end.len()).position(|window| window == end).map(|found| self.at + found)
    }

    /// `'…'` and `'''…'''`
    fn raw(&mut self) {
        let start = self.at;
        if self.starts(b"'''") {
            self.at += 3;
            match self.find(b"'''") {
                Some(end) => self.at = end + 3,
                None => self.endless(start, "'''", self.text.len()),
            }
            self.passed(start);
            return;
        }
        self.at += 1;
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.iter().position(|b| matches!(b, b'\'' | b'\n')) {
            Some(found) if rest.get(found) == Some(&b'\'') => self.at += found + 1,
            found => {
                let end = self.at + found.unwrap_or(rest.len());
                self.endless(start, "'", end);
            }
        }
    }

    /// A raw string that does not end: ends it at the end of what could belong to it.
    fn endless(&mut self, start: usize, quotes: &'static str, end: usize) {
        self.balanced = false;
        let place = if quotes.len() == 1 { self.before_closers(end) } else { end };
        self.told(report::endless(self.file, start, quotes, quotes));
        self.put_in(place, quotes);
        self.at = place;
    }

    /// Inside `"…"`.
    fn quote(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let skip = rest.iter().position(|b| matches!(b, b'"' | b'\\' | b'$' | b'\n')).unwrap_or(rest.len());
        self.at += skip;
        match self.peek(0) {
            b'"' => {
                self.pop();
                self.at += 1;
            }
            b'\\' => self.at += if self.peek(1) == b'\n' { 1 } else { 2 },
            b'$' if self.peek(1) == b'{' => self.interpolation(),
            b'\n' => self.end_of_line_in_quotes(),
            _ => self.at += 1,
        }
        self.at = self.at.min(self.text.len());
    }

    /// Inside `"""…"""`.
    fn block(&mut self) {
        let start = self.at;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let skip = rest.iter().position(|b| matches!(b, b'"' | b'\\' | b'$')).unwrap_or(rest.len());
        self.at += skip;
        self.passed(start);
        match self.peek(0) {
            b'"' if self.starts(b"\"\"\"") => {
                self.pop();
                self.at += 3;
            }
            b'\\' => self.at += 2,
            b'$' if self.peek(1) == b'{' => self.interpolation(),
            _ => self.at += 1,
        }
        self.at = self.at.min(self.text.len());
    }

    fn interpolation(&mut self) {
        self.opens(Kind::Interpolation, 1);
        self.at += 1;
    }

    /// A line ends inside `"`: the outermost such string is not closed, and what is open in it neither.
    fn end_of_line_in_quotes(&mut self) {
        self.balanced = false;
        let Some(outermost) = self.open.iter().position(|frame| frame.kind == Kind::Quote) else {
            return;
        };
        let simple = self.open.len() == outermost + 1;
        let place = if simple { self.before_closers(self.at) } else { code_end(&self.out, self.at) };
        let place = place.max(self.last_insert());
        // `"${a"` lacks the end of the interpolation, not of the text.
        if let Some(frame) = self.open.get(outermost + 1).or(self.open.get(outermost)).copied() {
            self.told(report::unclosed(self.file, frame, self.at, self.text.len()));
        }
        while self.open.len() > outermost {
            let Some(frame) = self.pop() else { break };
            self.put_in(place, frame.kind.closer());
        }
        self.at = place;
    }

    /// Where text that does not end ends best: before the closing brackets and commas at the end of its line.
    fn before_closers(&self, end: usize) -> usize {
        let start = line_start(self.text, end);
        let start = self.open.last().map_or(start, |frame| start.max(frame.at + 1)).max(self.last_insert());
        let line = self.text.get(start..end).unwrap_or_default();
        let kept = line.iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'\r' | b',' | b')' | b']' | b'}'));
        kept.map_or(end, |last| start + last + 1)
    }

    /// While repairing: a statement that begins a line shows that what is open was not meant to hold it.
    fn line_begins(&mut self) {
        if !self.repair {
            return;
        }
        let column = self.indent;
        let begins = self.at + column;
        let Some(begun) = line(self.text, begins) else {
            return;
        };
        while let Some(frame) = self.open.last().copied() {
            let less = column <= frame.indent && frame.line < self.line;
            let holds_no_statement = match frame.kind {
                Kind::Curly => less,
                Kind::Round | Kind::Square => less || begun == Line::Statement,
                Kind::Interpolation | Kind::Quote | Kind::Block => false,
            };
            if !holds_no_statement {
                break;
            }
            self.pop();
            let place = code_end(&self.out, self.at);
            self.missing(frame, place, begins);
        }
    }
}

/// What begins a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A statement, and nothing else it could be.
    Statement,
    /// `for`, `if`, `assert`, or `key:`
    Perhaps,
}

/// What begins at `at`, where that is the beginning of a statement or an entry.
fn line(bytes: &[u8], at: usize) -> Option<Line> {
    let first = word(bytes, at);
    let rest = bytes.get(at + first.len()..).unwrap_or_default();
    let blanks = rest.iter().take_while(|b| **b == b' ').count();
    let next = rest.get(blanks).copied().unwrap_or(b'\n');
    if first.is_empty() {
        return None;
    }
    if next == b':' {
        return Some(Line::Perhaps);
    }
    let named = blanks > 0 && (next.is_ascii_alphabetic() || next == b'_');
    match first {
        b"resource" | b"output" | b"input" | b"let" | b"param" | b"core" | b"service" | b"project" | b"account"
        | b"env" => named.then_some(Line::Statement),
        b"for" | b"if" | b"assert" => (blanks > 0).then_some(Line::Perhaps),
        _ => None,
    }
}
