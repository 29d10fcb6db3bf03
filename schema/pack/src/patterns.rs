//! Decides how each pattern is matched.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use crate::overrides::Overrides;
use crate::schema::format::pattern as kind;

/// Accepts patterns and remembers which overrides were needed.
pub struct Patterns {
    linear: Vec<String>,
    instead: BTreeMap<String, String>,
    used: BTreeSet<String>,
    /// Those that do not compile.
    failed: BTreeSet<String>,
    /// How each accepted pattern is matched, and as what text.
    decided: BTreeMap<String, (String, u32)>,
}

impl Patterns {
    pub fn new(overrides: &Overrides) -> Self {
        let (linear, instead) = (overrides.linear.clone(), overrides.patterns.clone());
        Self { linear, instead, used: BTreeSet::new(), failed: BTreeSet::new(), decided: BTreeMap::new() }
    }

    /// The pattern to store for `source`; none where the overrides leave it out.
    pub fn accept(&mut self, source: &str) -> Result<Option<String>> {
        if ["", ".*", "^.*$", "[\\s\\S]*", "^[\\s\\S]*$", ".+", "^.+$"].contains(&source) {
            return Ok(None);
        }
        let text = match self.instead.get(source) {
            Some(instead) => {
                self.used.insert(source.to_owned());
                if instead.is_empty() {
                    return Ok(None);
                }
                instead.clone()
            }
            None => ecmascript(source)?,
        };
        if !self.decided.contains_key(&text) {
            let Some(decided) = self.decide(&text)? else {
                self.failed.insert(text);
                return Ok(None);
            };
            self.decided.insert(text.clone(), decided);
        }
        Ok(Some(text))
    }

    fn decide(&mut self, text: &str) -> Result<Option<(String, u32)>> {
        if self.linear.iter().any(|p| p == text) {
            self.used.insert(text.to_owned());
            let linear = ascii_classes(text);
            return match regex::RegexBuilder::new(&linear).size_limit(16 << 20).build() {
                Ok(_) => Ok(Some((linear, kind::LINEAR))),
                Err(e) => Err(format!("the pattern `{text}` cannot be matched in linear time: {e}")),
            };
        }
        // What only the `u` flag understands means something else without it.
        let unicode = text.contains("\\p{") || text.contains("\\P{") || text.contains("\\u{");
        let flags: &[(&str, u32)] =
            if unicode { &[("u", kind::UNICODE)] } else { &[("", kind::PLAIN), ("u", kind::UNICODE)] };
        for (flags, kind) in flags {
            if regress::Regex::with_flags(text, *flags).is_ok() {
                return Ok(Some((text.to_owned(), *kind)));
            }
        }
        Ok(None)
    }

    /// Text and kind of an accepted pattern.
    pub fn decided(&self, text: &str) -> Option<&(String, u32)> {
        self.decided.get(text)
    }

    /// Accepted patterns that are not linear yet.
    pub fn backtracking(&self) -> impl Iterator<Item = (&str, u32)> {
        self.decided.iter().filter(|(_, (_, k))| *k != kind::LINEAR).map(|(text, (_, k))| (text.as_str(), *k))
    }

    /// Every pattern must compile, and every override must have been of use.
    pub fn check(&self) -> Result<()> {
        if !self.failed.is_empty() {
            let list: Vec<&str> = self.failed.iter().map(String::as_str).collect();
            return Err(format!(
                "patterns that do not compile; give others (or none) in overrides.toml:\n  {}",
                list.join("\n  ")
            ));
        }
        let listed = self.instead.keys().chain(&self.linear);
        let mut stale = listed.filter(|p| !self.used.contains(*p));
        stale.next().map_or(Ok(()), |p| Err(format!("overrides.toml has the pattern `{p}`, which no source has")))
    }
}

/// What Java and Python write and ECMAScript would read as something else.
pub fn ecmascript(source: &str) -> Result<String> {
    const PAIRS: [&str; 2] = [r"\uD800\uDBFF-\uDC00\uDFFF", r"\uD800\uDC00-\uDBFF\uDFFF"];
    let text = PAIRS.iter().fold(source.to_owned(), |t, pair| t.replace(pair, r"\u{10000}-\u{10FFFF}"));
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match escaped {
            Some('A') => out.push('^'),
            Some('Z' | 'z') => out.push('$'),
            Some(e) if e.is_ascii_alphabetic() && !"bBdDwWsSnrtfvxucpPk".contains(e) => {
                return Err(format!("`\\{e}` of the pattern `{source}` means nothing in ECMAScript"));
            }
            Some(e) => out.extend([c, e]),
            None => out.push(c),
        }
    }
    Ok(out)
}

/// A class in the words of ECMAScript, as it stands within brackets. `regex` is built without Unicode tables.
fn class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'w' => "A-Za-z0-9_",
        'd' => "0-9",
        's' => r" \t\n\x0b\x0c\r",
        'S' => r"\x00-\x08\x0e-\x1f\x21-\x{10ffff}",
        'D' => r"\x00-\x2f\x3a-\x{10ffff}",
        'W' => r"\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x{10ffff}",
        _ => return None,
    })
}

/// The pattern for an engine of another dialect, which knows only ASCII.
fn ascii_classes(text: &str) -> String {
    let mut out = String::new();
    let (mut chars, mut in_class) = (text.chars().peekable(), false);
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(letter) if class(letter).is_some() => {
                    let class = class(letter).unwrap_or_default();
                    out.push_str(&if in_class { class.to_owned() } else { format!("[{class}]") });
                }
                // Not special, and escaped all the same: `regex` refuses what it does not know.
                Some(other) if !other.is_ascii_alphanumeric() && !r"\.+*?()|[]{}^$-&~#".contains(other) => {
                    out.push(other);
                }
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            // A bracket within a class is itself in ECMAScript.
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.extend(chars.next());
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{ascii_classes, ecmascript};

    #[test]
    fn other_dialects_are_translated() {
        assert_eq!(ecmascript(r"\A[\w]+\Z").as_deref(), Ok(r"^[\w]+$"));
        assert!(ecmascript(r"\Qa\E").is_err());
        assert_eq!(ascii_classes(r"[\w\-]+\s\d[^\s@]"), r"[A-Za-z0-9_\-]+[ \t\n\x0b\x0c\r][0-9][^ \t\n\x0b\x0c\r@]");
        assert_eq!(ascii_classes("[[a&&b]"), r"[\[a\&\&b]");
    }
}
