//! The nearest existing name to a mistyped one.

use std::fmt;
use std::ops::Deref;

use super::Replacement;

/// A name that is near to a mistyped one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Near<'a> {
    /// The name.
    pub name: &'a str,
    /// No other one is as near, and they differ in more than a number: `Subnet3` is no slip for `Subnet2`.
    pub is_sure: bool,
}

impl<'a> From<&'a str> for Near<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, is_sure: true }
    }
}

impl Deref for Near<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.name
    }
}

impl fmt::Display for Near<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<'a> Near<'a> {
    /// The same as a string literal of the language.
    pub fn quoted(self) -> Replacement<'static> {
        Replacement { text: format!("\"{}\"", self.name).into(), is_safe: self.is_sure }
    }
}

impl<'a> From<Near<'a>> for Replacement<'a> {
    fn from(near: Near<'a>) -> Self {
        Self { text: near.name.into(), is_safe: near.is_sure }
    }
}

/// The candidate nearest to `wanted`, where it is near enough that people mistype it so.
///
/// Near: at most a third of the letters differ (swaps count once), case not counted. Among
/// equals the first one wins, so callers pass candidates in a fixed order.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Near<'a>> {
    let from = letters(wanted);
    let limit = (from.len() / 3).max(1);
    let mut best: Option<(usize, Near<'a>)> = None;
    for candidate in candidates {
        let to = letters(candidate);
        if from.len().abs_diff(to.len()) > limit || candidate == wanted {
            continue;
        }
        let distance = distance(&from, &to);
        if distance > limit {
            continue;
        }
        match &mut best {
            Some((least, near)) if distance == *least => near.is_sure &= near.name == candidate,
            Some((least, _)) if distance > *least => {}
            _ => best = Some((distance, Near { name: candidate, is_sure: !differ_in_number(wanted, candidate) })),
        }
    }
    best.map(|(_, near)| near)
}

fn differ_in_number(a: &str, b: &str) -> bool {
    let is_digit = |c: &char| c.is_ascii_digit();
    let digits = |text: &str| text.chars().filter(is_digit).collect::<String>();
    digits(a) != digits(b)
}

/// Names are compared up to this many letters; nobody mistypes longer ones.
const LONGEST: usize = 120;

fn letters(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).take(LONGEST).collect()
}

/// Edits from one to the other: insert, delete, replace, swap neighbours.
fn distance(from: &[char], to: &[char]) -> usize {
    let at = |line: &[usize], k: usize| line.get(k).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(i + 1);
        for (j, b) in to.iter().enumerate() {
            let replace = at(&above, j) + usize::from(a != b);
            let mut least = replace.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a) {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest as near;

    fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        near(wanted, names).map(|near| near.name)
    }

    #[test]
    fn what_is_one_of_several_is_not_sure() {
        let is_sure = |wanted, names: &[&str]| near(wanted, names.iter().copied()).map(|near| near.is_sure);
        assert_eq!(is_sure("Publik", &["Public"]), Some(true));
        assert_eq!(is_sure("Pubic", &["Pubic1", "Public", "Pubis"]), Some(false));
        assert_eq!(is_sure("Subnet3", &["Subnet2"]), Some(false));
        assert_eq!(is_sure("Vpc", &["Vpcs", "Vpc1", "Vpcs"]), Some(false));
        assert_eq!(is_sure("VpcId", &["VpcIds", "VpcIds"]), Some(true));
    }

    #[test]
    fn finds_what_people_mean() {
        let names = ["CidrBlock", "Tags", "InstanceTenancy", "EnableDnsSupport"];
        assert_eq!(nearest("CidrBlok", names), Some("CidrBlock"));
        assert_eq!(nearest("cidrblock", names), Some("CidrBlock"));
        assert_eq!(nearest("Tasg", names), Some("Tags"));
        assert_eq!(nearest("Instances", names), None);
        assert_eq!(nearest("", names), None);
    }
}
