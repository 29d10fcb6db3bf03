//! Looking at the text around a mistake.

/// A place in the prepared text, and where the skipped piece ends.
#[derive(Clone, Debug)]
pub(super) struct Place<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) end: usize,
}

/// Longer signs first.
const SIGNS: &[&str] = &[
    "===", "!==", "...", "==", "!=", "<=", ">=", "=>", "->", "&&", "||", "??", "?.", "..", "::", "<<", "${", ":=", "+=",
];

/// Signs and words that want an operand behind them.
const OPERATORS: &[&str] =
    &["==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "<", ">", "+", "-", "*", "/", "%", "."];

impl<'t> Place<'t> {
    /// What is left of the skipped piece.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest().trim().is_empty()
    }

    pub(super) fn starts(&self, with: &str) -> bool {
        self.rest().starts_with(with)
    }

    pub(super) fn after(&self, bytes: usize) -> Self {
        Self { at: (self.at + bytes).min(self.end.max(self.at)), ..*self }
    }

    pub(super) fn skip_blanks(&self) -> Self {
        let rest = self.rest();
        self.after(rest.len() - rest.trim_start().len())
    }

    /// The name that begins here; empty where none does.
    pub(super) fn word(&self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or("");
        if word.starts_with(|c: char| c.is_ascii_digit()) { "" } else { word }
    }

    /// The key that begins here: a name, or simple text in quotes.
    pub(super) fn key(&self) -> &'t str {
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        match quote.and_then(|quote| rest.get(1..)?.find(quote)) {
            Some(end) => rest.get(..end + 2).unwrap_or(""),
            None => self.word(),
        }
    }

    /// Behind the `@…` that begin here.
    pub(super) fn skip_decorators(&self) -> Self {
        let mut place = self.skip_blanks();
        while place.starts("@") {
            place = place.after(1);
            place = place.after(place.word().len());
            if place.starts("(") {
                place = place.after(round(place.rest()));
            }
            place = place.skip_blanks();
        }
        place
    }

    /// What stands here, as short as it can be named: a word, a number, a sign, the beginning of a text.
    pub(super) fn token(&self) -> &'t str {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return "";
        };
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if matches!(first, '"' | '\'') {
            rest.get(1..).and_then(|inner| inner.find([first, '\n'])).map_or(rest.len(), |end| end + 2)
        } else {
            SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(first.len_utf8(), |sign| sign.len())
        };
        rest.get(..length).or(rest.lines().next()).unwrap_or(rest)
    }

    /// The token in backticks, or that nothing is left.
    pub(super) fn quoted(&self) -> String {
        let token = self.token();
        match token.chars().count() {
            0 => "nothing".to_owned(),
            1..=30 => format!("`{token}`"),
            _ => format!("`{}…`", token.chars().take(28).collect::<String>()),
        }
    }

    /// The operator that begins here.
    pub(super) fn operator(&self) -> Option<&'static str> {
        if self.word() == "as" {
            return Some("as");
        }
        let token = self.token();
        OPERATORS.iter().copied().find(|sign| token == *sign)
    }

    /// What stands before this place, as short as it can be named.
    pub(super) fn before(&self) -> &'t str {
        let text = self.text.get(..self.at).unwrap_or("").trim_end();
        let Some(last) = text.chars().next_back() else {
            return "";
        };
        let start = if last.is_alphanumeric() || last == '_' {
            text.rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').map_or(0, |at| at + 1)
        } else {
            let sign = SIGNS.iter().find(|sign| text.ends_with(**sign));
            text.len() - sign.map_or(last.len_utf8(), |sign| sign.len())
        };
        text.get(start..).unwrap_or("")
    }

    /// One past what stands before this place.
    pub(super) fn before_end(&self) -> usize {
        self.text.get(..self.at).unwrap_or("").trim_end().len()
    }

    /// True where no blank stands before this place.
    pub(super) fn touches(&self) -> bool {
        self.before_end() == self.at
    }
}

/// The length of the parentheses that `text` begins with.
fn round(text: &str) -> usize {
    let mut depth = 0usize;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}
