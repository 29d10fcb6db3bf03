//! Constraints between the keys of an object.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Result;
use crate::ir::Group;

/// The groups that have keywords of their own.
pub fn keywords(schema: &Value) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    for (keyword, make) in [
        ("requiredXor", Group::ExactlyOne as fn(Vec<String>) -> Group),
        ("requiredOr", Group::AtLeastOne as fn(Vec<String>) -> Group),
    ] {
        if let Some(keys) = schema.get(keyword) {
            groups.push(make(strings(keys)?));
        }
    }
    for (keyword, make) in [
        ("dependentRequired", Group::Needs as fn(String, Vec<String>) -> Group),
        ("dependentExcluded", Group::Excludes as fn(String, Vec<String>) -> Group),
    ] {
        for (key, others) in schema.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            groups.push(make(key.clone(), strings(others)?));
        }
    }
    for (key, needed) in schema.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
        // As a list, or as a schema of which only `required` is held.
        let list = if needed.is_array() { Some(needed) } else { needed.get("required") };
        if let Some(list) = list {
            groups.push(Group::Needs(key.clone(), strings(list)?));
        }
    }
    Ok(groups)
}

fn strings(list: &Value) -> Result<Vec<String>> {
    let list = list.as_array().ok_or_else(|| format!("a list of keys is asked, not {list}"))?;
    let keys: BTreeSet<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(keys.into_iter().collect())
}

/// `oneOf` (or `anyOf`) over sets of required keys.
///
/// A set without keys is always fulfilled: there is then nothing to ask for. Where a set
/// contains another, "exactly one" cannot be meant, and "at least one" is what is held.
pub fn sets(mut sets: Vec<Vec<String>>, one: bool) -> Option<Group> {
    sets.sort();
    sets.dedup();
    if sets.iter().any(Vec::is_empty) {
        return None;
    }
    let within = |a: &[String], b: &[String]| a.iter().all(|k| b.contains(k));
    let nested = sets.iter().enumerate().any(|(i, a)| sets.iter().enumerate().any(|(j, b)| i != j && within(a, b)));
    let single = sets.iter().all(|s| s.len() == 1);
    let exactly = one && !nested;
    Some(match (exactly, single) {
        (true, true) => Group::ExactlyOne(sets.concat()),
        (true, false) => Group::OneOf(sets),
        (false, true) => Group::AtLeastOne(sets.concat()),
        (false, false) => Group::AnyOf(sets),
    })
}

/// The groups as they are packed: sorted, and only those that a user can fulfil.
pub fn clean(groups: &[Group], writable: &BTreeSet<&str>) -> Vec<Group> {
    let known = |keys: &[String]| keys.iter().all(|k| writable.contains(k.as_str()));
    let mut clean: BTreeSet<Group> = BTreeSet::new();
    for group in groups {
        let kept = match group {
            Group::OneOf(sets) | Group::AnyOf(sets) => sets.iter().all(|s| known(s)).then(|| group.clone()),
            Group::ExactlyOne(keys) | Group::AtLeastOne(keys) => (keys.len() > 1 && known(keys)).then(|| group.clone()),
            Group::Needs(key, keys) | Group::Excludes(key, keys) => {
                let keys: Vec<String> =
                    keys.iter().filter(|k| *k != key && writable.contains(k.as_str())).cloned().collect();
                (!keys.is_empty() && writable.contains(key.as_str())).then(|| match group {
                    Group::Needs(..) => Group::Needs(key.clone(), keys),
                    _ => Group::Excludes(key.clone(), keys),
                })
            }
            Group::Variants(variants) => variants_of(variants, writable),
        };
        clean.extend(kept);
    }
    clean.into_iter().collect()
}

fn variants_of(variants: &[(Vec<String>, Vec<String>)], writable: &BTreeSet<&str>) -> Option<Group> {
    let keep = |keys: &[String]| keys.iter().filter(|k| writable.contains(k.as_str())).cloned().collect::<Vec<_>>();
    let mut kept: Vec<_> = variants.iter().map(|(required, allowed)| (keep(required), keep(allowed))).collect();
    kept.sort();
    kept.dedup();
    // A variant that allows every key and asks for none takes any object.
    let free = kept.iter().any(|(required, allowed)| required.is_empty() && allowed.len() == writable.len());
    // One variant alone is the object itself, whose required keys say it already.
    if free || kept.len() == 1 {
        return None;
    }
    let single = kept.iter().all(|(required, allowed)| required.len() == 1 && required == allowed);
    Some(if single {
        Group::ExactlyOne(kept.into_iter().flat_map(|(required, _)| required).collect())
    } else {
        Group::Variants(kept)
    })
}

#[cfg(test)]
mod tests {
    use super::{Group, sets};

    fn keys(list: &[&[&str]]) -> Vec<Vec<String>> {
        list.iter().map(|set| set.iter().map(|k| (*k).to_owned()).collect()).collect()
    }

    #[test]
    fn only_what_is_certain_is_asked_for() {
        assert_eq!(sets(keys(&[&["B"], &["A"]]), true), Some(Group::ExactlyOne(vec!["A".into(), "B".into()])));
        assert_eq!(sets(keys(&[&["A"], &["B", "C"]]), true), Some(Group::OneOf(keys(&[&["A"], &["B", "C"]]))));
        // The second set contains the first: both match, and that must not be refused.
        assert_eq!(sets(keys(&[&["A"], &["A", "B"]]), true), Some(Group::AnyOf(keys(&[&["A"], &["A", "B"]]))));
        assert_eq!(sets(keys(&[&["A"], &[]]), true), None);
    }
}
