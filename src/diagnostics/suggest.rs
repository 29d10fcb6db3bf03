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
/// equals the first one wins, so callers pass candidates in a fixed order. Of very many the first are looked at.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Near<'a>> {
    let (from, shape) = (letters(wanted), Shape::of(wanted));
    let limit = (from.len() / 3).max(1);
    let mut best: Option<(usize, Near<'a>)> = None;
    let near = candidates.into_iter().take(MOST).filter(|candidate| {
        let is_far = || Some(shape?.is_far(Shape::of(candidate)?, limit));
        *candidate != wanted && is_far() != Some(true)
    });
    for candidate in near.take(MOST_ALIKE) {
        let to = letters(candidate);
        if from.len().abs_diff(to.len()) > limit {
            continue;
        }
        let distance = distance(&from, &to, limit);
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

/// A program with more names than this may have as many mistakes. So many are looked at, and so many of them compared.
const MOST: usize = 4_000;
const MOST_ALIKE: usize = 1_000;

/// What tells most names apart at a glance: how long they are, and a bit for each letter that occurs.
#[derive(Clone, Copy)]
struct Shape {
    length: usize,
    letters: u64,
}

impl Shape {
    /// `None` where there are letters that have no bit.
    fn of(name: &str) -> Option<Self> {
        let bit = |letters, byte: u8| letters | 1 << (byte.to_ascii_lowercase() % 64);
        let letters = || name.bytes().take(LONGEST).fold(0, bit);
        name.is_ascii().then(|| Self { length: name.len().min(LONGEST), letters: letters() })
    }

    /// Surely more than `limit` edits away: one edit adds or takes away one letter.
    fn is_far(self, other: Self, limit: usize) -> bool {
        let lacks = |a: u64, b: u64| (a & !b).count_ones() as usize > limit;
        self.length.abs_diff(other.length) > limit
            || lacks(self.letters, other.letters)
            || lacks(other.letters, self.letters)
    }
}

fn letters(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).take(LONGEST).collect()
}

/// Edits from one to the other: insert, delete, replace, swap neighbours. More than `limit` are not counted.
fn distance(from: &[char], to: &[char], limit: usize) -> usize {
    let at = |line: &[usize], k: usize| line.get(k).copied().unwrap_or(usize::MAX / 2);
    let is_far = |line: &[usize]| line.iter().all(|edits| *edits > limit);
    let mut before: Vec<usize> = Vec::with_capacity(to.len() + 1);
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut row = before.clone();
    for (i, a) in from.iter().enumerate() {
        row.clear();
        row.push(i + 1);
        for (j, b) in to.iter().enumerate() {
            let replace = at(&above, j) + usize::from(a != b);
            let mut least = replace.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a) {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        if is_far(&row) && is_far(&above) {
            return limit + 1;
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
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
    fn a_glance_loses_nothing() {
        let names = ["name", "nmae", "anme", "Name", "names", "neme", "ame", "x1", "\u{212a}ey", "key", "", "naïve"];
        for (a, b) in names.iter().flat_map(|a| names.map(|b| (*a, b))) {
            let edits = super::distance(&super::letters(a), &super::letters(b), 100);
            let glance = |limit| Some(super::Shape::of(a)?.is_far(super::Shape::of(b)?, limit));
            assert_ne!(glance(edits), Some(true), "{a} {b}");
        }
    }

    #[test]
    fn a_thousand_times_as_many_names_are_not_a_thousand_times_the_work() {
        let seen = std::cell::Cell::new(0);
        let names = std::iter::repeat_n("Queue", 1_000_000).inspect(|_| seen.set(seen.get() + 1));
        assert_eq!(nearest("Queu", names), Some("Queue"));
        assert_eq!(seen.get(), super::MOST_ALIKE);
        let names = std::iter::repeat_n("Topic", 1_000_000).inspect(|_| seen.set(seen.get() + 1));
        assert_eq!(nearest("Queu", names), None);
        assert_eq!(seen.get(), super::MOST_ALIKE + super::MOST);
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
