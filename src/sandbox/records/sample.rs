//! A text that fits a pattern: for identifiers whose shape only their schema tells.

use std::iter::Peekable;
use std::str::Chars;

/// A text made for the pattern, the same one for equal seeds. What the pattern says by looking
/// ahead or back is not followed, so the caller checks the result.
pub(super) fn sample(pattern: &str, seed: &str) -> Option<String> {
    let mut sampler = Sampler { rest: pattern.chars().peekable(), seed: seed.bytes().collect(), at: 0, depth: 0 };
    let text = sampler.alternatives()?;
    // Anything left is a bracket too many.
    sampler.rest.next().is_none().then_some(text)
}

struct Sampler<'a> {
    rest: Peekable<Chars<'a>>,
    seed: Vec<u8>,
    at: usize,
    depth: u32,
}

/// One thing that a quantifier can follow.
enum Atom {
    Text(String),
    /// Any of these letters.
    Class(Vec<char>),
    /// An anchor: nothing.
    Empty,
}

impl Sampler<'_> {
    /// The next letter of the seed; it begins again when it is used up.
    fn digit(&mut self) -> usize {
        let byte = self.seed.get(self.at % self.seed.len().max(1)).copied().unwrap_or_default();
        self.at += 1;
        usize::from(byte).wrapping_add(self.at / self.seed.len().max(1))
    }

    /// Of `a|b|c`, the first that is not empty.
    fn alternatives(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > 32 {
            return None;
        }
        let mut best = self.sequence()?;
        while self.rest.next_if_eq(&'|').is_some() {
            let other = self.sequence()?;
            if best.is_empty() {
                best = other;
            }
        }
        self.depth -= 1;
        Some(best)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(letter) = self.rest.peek().copied() {
            if matches!(letter, '|' | ')') {
                break;
            }
            let atom = self.atom()?;
            let (min, max) = self.quantifier()?;
            self.repeat(&mut text, &atom, min, max);
        }
        Some(text)
    }

    fn repeat(&mut self, text: &mut String, atom: &Atom, min: usize, max: usize) {
        match atom {
            Atom::Empty => {}
            Atom::Text(one) => text.push_str(&one.repeat(min.min(64))),
            Atom::Class(letters) => {
                // Long enough to differ from its neighbours, unless the pattern wants it short;
                // what may stay out does, and the partition is plain `aws`.
                let left_out = max == 1 || text.ends_with("aws");
                let count = match min {
                    0 if left_out => 0,
                    min => min.max(12).min(max),
                };
                for _ in 0..count.min(256) {
                    let at = self.digit() % letters.len().max(1);
                    text.extend(letters.get(at));
                }
            }
        }
    }

    fn atom(&mut self) -> Option<Atom> {
        Some(match self.rest.next()? {
            '^' | '$' => Atom::Empty,
            '.' => Atom::Class(alphanumeric()),
            '[' => Atom::Class(self.class()?),
            '\\' => match self.rest.next()? {
                'b' | 'B' => Atom::Empty,
                letter => escaped(letter)?,
            },
            '(' => self.group()?,
            letter => Atom::Text(letter.to_string()),
        })
    }

    fn group(&mut self) -> Option<Atom> {
        let mut looks = false;
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next()? {
                ':' => {}
                '=' | '!' => looks = true,
                // A named group, or a look back.
                '<' => match self.rest.peek()? {
                    '=' | '!' => looks = true,
                    _ => while self.rest.next()? != '>' {},
                },
                _ => return None,
            }
        }
        let inside = self.alternatives()?;
        self.rest.next_if_eq(&')')?;
        Some(if looks { Atom::Empty } else { Atom::Text(inside) })
    }

    /// The letters of `[a-z_]`, the plainest first; of `[^:/]`, letters and digits without those.
    fn class(&mut self) -> Option<Vec<char>> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut listed: Vec<char> = Vec::new();
        loop {
            let from = match self.rest.next()? {
                ']' => break,
                '\\' => match escaped(self.rest.next()?)? {
                    Atom::Class(letters) => {
                        listed.extend(letters);
                        continue;
                    }
                    Atom::Text(text) => text.chars().next()?,
                    Atom::Empty => continue,
                },
                letter => letter,
            };
            let range =
                self.rest.clone().nth(1).is_some_and(|after| after != ']') && self.rest.next_if_eq(&'-').is_some();
            let to = match range.then(|| self.rest.next()).flatten() {
                Some('\\') => match escaped(self.rest.next()?)? {
                    Atom::Text(text) => text.chars().next()?,
                    _ => return None,
                },
                Some(letter) => letter,
                None => from,
            };
            listed.extend((from..=to).take(512));
        }
        let plain = |letters: Vec<char>| {
            let lower: Vec<char> = letters
                .iter()
                .copied()
                .filter(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
                .collect();
            let some: Vec<char> = letters.iter().copied().filter(char::is_ascii_alphanumeric).collect();
            [lower, some, letters].into_iter().find(|letters| !letters.is_empty())
        };
        if negated {
            return plain(alphanumeric().into_iter().filter(|letter| !listed.contains(letter)).collect());
        }
        plain(listed)
    }

    /// How often the atom before comes, at least and at most.
    fn quantifier(&mut self) -> Option<(usize, usize)> {
        let bounds = match self.rest.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => return self.counted(),
            _ => return Some((1, 1)),
        };
        self.rest.next();
        self.rest.next_if_eq(&'?');
        Some(bounds)
    }

    fn counted(&mut self) -> Option<(usize, usize)> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '}' => break,
                letter => text.push(letter),
            }
        }
        self.rest.next_if_eq(&'?');
        match text.split_once(',') {
            None => text.parse().ok().map(|count| (count, count)),
            Some((min, "")) => Some((min.parse().ok()?, usize::MAX)),
            Some((min, max)) => Some((min.parse().ok()?, max.parse().ok()?)),
        }
    }
}

fn alphanumeric() -> Vec<char> {
    ('a'..='z').chain('0'..='9').collect()
}

/// What stands behind a backslash.
fn escaped(letter: char) -> Option<Atom> {
    Some(match letter {
        'd' => Atom::Class(('0'..='9').collect()),
        'w' | 'S' | 'D' => {
            Atom::Class(alphanumeric().into_iter().filter(|one| letter != 'D' || one.is_alphabetic()).collect())
        }
        's' => Atom::Text(" ".to_owned()),
        'W' => Atom::Text("-".to_owned()),
        'n' | 'r' | 't' | 'p' | 'P' | 'u' | 'x' | 'k' | '0'..='9' => return None,
        letter => Atom::Text(letter.to_string()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::sample;

    #[test]
    fn fits_its_pattern() {
        for pattern in [
            "^tgw-[-a-f0-9]{17}$",
            r"^arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:cluster/[a-z0-9]{12}$",
            "^(requested|pending|available)$",
            r"^([0-2]\d{3})-(0[0-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-4]):([0-5]\d)((\.\d{3})?)Z$",
            "^$|^arn:.+:iam::\\d{12}:role.+",
            "^#[A-F0-9]{6}$",
            "^(?<kind>ab|cd)[^:]+$",
        ] {
            let text = sample(pattern, "0123456789abcdef").unwrap();
            assert!(regress::Regex::new(pattern).unwrap().find(&text).is_some(), "{pattern}: {text}");
        }
    }

    #[test]
    fn gives_up_quietly() {
        let deep = "(".repeat(1000);
        for pattern in ["(", "[", "a{", "a)", r"\u{1}", deep.as_str(), "[z-", "(?"] {
            assert_eq!(sample(pattern, "00"), None, "{pattern}");
        }
    }
}
