//! What is open at a place: brackets and strings.

/// A kind of bracket or string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `(`
    Round,
    /// `[`
    Square,
    /// `{`
    Curly,
    /// `${` inside a string
    Interpolation,
    /// `"`
    Quote,
    /// `"""`
    Block,
}

impl Kind {
    pub(super) fn of_opener(byte: u8) -> Self {
        match byte {
            b'(' => Self::Round,
            b'[' => Self::Square,
            _ => Self::Curly,
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Quote | Self::Block)
    }

    pub(super) fn opener(self) -> &'static str {
        match self {
            Self::Round => "(",
            Self::Square => "[",
            Self::Curly => "{",
            Self::Interpolation => "${",
            Self::Quote => "\"",
            Self::Block => "\"\"\"",
        }
    }

    pub(super) fn closer(self) -> &'static str {
        match self {
            Self::Round => ")",
            Self::Square => "]",
            Self::Curly | Self::Interpolation => "}",
            Self::Quote => "\"",
            Self::Block => "\"\"\"",
        }
    }
}

/// Something open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Where it was opened.
    pub(super) at: usize,
    /// Where the line of `at` begins, and how far it is indented.
    pub(super) line: usize,
    pub(super) indent: usize,
    /// `if` and `match` since the last entry began: they nest without brackets.
    pub(super) words: usize,
}

/// The byte offset at which the line of `at` begins.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1)
}

/// How far the line that begins at `line` is indented.
pub(super) fn indent(bytes: &[u8], line: usize) -> usize {
    let rest = bytes.get(line..).unwrap_or_default();
    rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// One past the last byte before `at` that is not blank.
pub(super) fn code_end(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    before.iter().rposition(|b| !matches!(b, b' ' | b'\n' | b'\t' | b'\r')).map_or(0, |last| last + 1)
}

/// True for a byte of a name.
pub(super) fn in_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// The word that begins at `at`.
pub(super) fn word(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().take_while(|b| in_word(Some(b))).count();
    rest.get(..length).unwrap_or_default()
}

/// The word that ends at `end`.
pub(super) fn word_before(bytes: &[u8], end: usize) -> &[u8] {
    let before = bytes.get(..end).unwrap_or_default();
    let length = before.iter().rev().take_while(|b| in_word(Some(b))).count();
    before.get(end - length..).unwrap_or_default()
}
