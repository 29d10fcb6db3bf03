//! The nearest existing name to a mistyped one.

/// The candidate nearest to `wanted`, where it is near enough that people mistype it so.
///
/// Near: at most a third of the letters differ (swaps count once), case not counted. Among
/// equals the first one wins, so callers pass candidates in a fixed order.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let from = letters(wanted);
    let limit = (from.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let to = letters(candidate);
        if from.len().abs_diff(to.len()) > limit || candidate == wanted {
            continue;
        }
        let distance = distance(&from, &to);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
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
    use super::nearest;

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
