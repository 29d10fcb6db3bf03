//! Writes JSON texts piece by piece, as `serde_json` would, but in ASCII only: CloudFormation works
//! with other characters, yet gives the template back with a `?` for each
//! (aws-cloudformation/cloudformation-coverage-roadmap#1220), so that it would always seem changed.

/// Appends a string with its quotes.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    escaped(out, text);
    out.push('"');
}

/// Appends the inside of a string.
pub(super) fn escaped(out: &mut String, text: &str) {
    let mut rest = text;
    let is_special = |b: u8| !matches!(b, b' '..=b'~') || b == b'"' || b == b'\\';
    // The first byte that is not ASCII begins a character, so the cut lies between two.
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, tail) = rest.split_at(at);
        let mut tail = tail.chars();
        out.push_str(plain);
        tail.next().into_iter().for_each(|c| escape(out, c));
        rest = tail.as_str();
    }
    out.push_str(rest);
}

fn escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        // Beyond 16 bits a character is two units, as in UTF-16.
        c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
    }
}

/// Appends a finite number: the shortest text that reads back as the same one.
pub(super) fn float(out: &mut String, number: f64) {
    if let Some(number) = serde_json::Number::from_f64(number) {
        out.push_str(&number.to_string());
    }
}

/// An object being written; the caller gives the keys in sorted order.
pub(super) struct Members {
    empty: bool,
}

impl Members {
    /// Opens the brace.
    pub(super) fn open(out: &mut String) -> Self {
        out.push('{');
        Self { empty: true }
    }

    /// Appends a key; its value is to follow.
    pub(super) fn key(&mut self, out: &mut String, key: &str) {
        if !self.empty {
            out.push(',');
        }
        self.empty = false;
        string(out, key);
        out.push(':');
    }

    /// Appends a key and a string.
    pub(super) fn text(&mut self, out: &mut String, key: &str, text: &str) {
        self.key(out, key);
        string(out, text);
    }

    /// Closes the brace.
    pub(super) fn close(self, out: &mut String) {
        out.push('}');
    }
}

/// Appends a list; `each` writes one item.
pub(super) fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
    out.push('[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(']');
}
