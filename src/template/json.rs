//! Writes JSON texts piece by piece, byte for byte as `serde_json` would.

/// Appends a string with its quotes.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    escaped(out, text);
    out.push('"');
}

/// Appends the inside of a string.
pub(super) fn escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        // What was found is one ASCII byte, so both cuts lie between characters.
        let (plain, tail) = rest.split_at(at);
        let (special, after) = tail.split_at(1);
        out.push_str(plain);
        escape(out, special.bytes().next().unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
}

fn escape(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        0x09 => out.push_str("\\t"),
        0x0a => out.push_str("\\n"),
        0x0c => out.push_str("\\f"),
        0x0d => out.push_str("\\r"),
        _ => out.push_str(&format!("\\u{byte:04x}")),
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
