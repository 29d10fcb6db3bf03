//! The text as a row of tokens, comments among them. Only texts that parse come here.

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    Comma,
    /// `// …`
    Comment,
    /// `/* … */`
    Remark,
    /// An operator or another sign.
    Sign,
    /// A name, a word of the language, a number.
    Word,
    /// A string of any kind, or a pattern.
    Text,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Its first byte.
    pub(super) at: usize,
    /// How many line breaks stand before it.
    pub(super) breaks: usize,
    /// The place of the other bracket in the row; of other tokens, their own.
    pub(super) partner: usize,
}

impl Token<'_> {
    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment | Kind::Remark)
    }
}

/// Longer signs first.
const SIGNS: &[&str] = &["...", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "::"];

/// The tokens of `text`.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut open = Vec::new();
    let mut at = 0;
    let mut breaks = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if first == '\n' {
            breaks += 1;
        }
        if matches!(first, ' ' | '\n' | '\t' | '\r' | '\u{FEFF}') {
            at += first.len_utf8();
            continue;
        }
        let behind = |sign: &str| tokens.last().is_some_and(|last| last.text == sign && last.at + sign.len() == at);
        let rest = text.get(at..).unwrap_or("");
        let (kind, length) = match token(rest, first) {
            (Kind::Sign, _) if first == '/' && behind("(") => (Kind::Text, pattern_end(rest)),
            // In a path, a name may begin with a digit.
            (Kind::Word, _) if behind("::") => (Kind::Word, word_end(rest)),
            told => told,
        };
        let own = tokens.len();
        let mut partner = own;
        match kind {
            Kind::Open => open.push(own),
            Kind::Close => {
                if let Some(opener) = open.pop() {
                    partner = opener;
                    if let Some(opener) = tokens.get_mut(opener) {
                        opener.partner = own;
                    }
                }
            }
            _ => {}
        }
        let words = text.get(at..at + length).unwrap_or("");
        tokens.push(Token { kind, text: words, at, breaks, partner });
        at += length.max(1);
        breaks = 0;
    }
    tokens
}

fn token(rest: &str, first: char) -> (Kind, usize) {
    match first {
        '(' | '[' | '{' => (Kind::Open, 1),
        ')' | ']' | '}' => (Kind::Close, 1),
        ',' => (Kind::Comma, 1),
        '"' | '\'' => (Kind::Text, text_end(rest)),
        '/' if rest.starts_with("//") => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Kind::Remark, remark_end(rest)),
        c if c.is_ascii_digit() => (Kind::Word, number_end(rest)),
        c if c.is_ascii_alphabetic() || c == '_' => (Kind::Word, word_end(rest)),
        c => (Kind::Sign, SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(c.len_utf8(), |sign| sign.len())),
    }
}

/// The length of the remark that `rest` begins with; `/*/` only opens one.
fn remark_end(rest: &str) -> usize {
    rest.get(2..).and_then(|inside| inside.find("*/")).map_or(rest.len(), |end| end + 4)
}

fn word_end(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
}

fn number_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end += 1 + sign + digits(end + 1 + sign);
    }
    end
}

fn pattern_end(rest: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'\\' if !escaped => escaped = true,
            b'/' if !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The length of the string that `rest` begins with.
pub(super) fn text_end(rest: &str) -> usize {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes)).unwrap_or("");
    let raw = quotes.starts_with('\'');
    let mut at = quotes.len();
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with(quotes) {
            return at + quotes.len();
        }
        at += match here.chars().next() {
            Some('\\') if !raw => 1 + here.chars().nth(1).map_or(0, char::len_utf8),
            Some('$') if !raw && here.starts_with("${") => 2 + inside_end(here.get(2..).unwrap_or("")),
            Some(c) => c.len_utf8(),
            None => 1,
        };
    }
    rest.len()
}

/// The length of what stands in `${…}`, with the brace that closes it.
fn inside_end(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        at += match here.chars().next() {
            Some('"' | '\'') => text_end(here),
            Some('/') if here.starts_with("//") => here.find('\n').unwrap_or(here.len()),
            Some('/') if here.starts_with("/*") => remark_end(here),
            Some('}') if depth == 0 => return at + 1,
            Some(c) => {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                c.len_utf8()
            }
            None => 1,
        };
    }
    rest.len()
}
