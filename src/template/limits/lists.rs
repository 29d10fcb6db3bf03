//! What makes a template large: the lists that stand with a quota that is passed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::semantics::model::{Instance, Parameter, ParameterSource};
use crate::template::{document, existing};

/// How many lines a list shows.
const SHOWN: usize = 5;

/// `300 AWS::EC2::Subnet, 12 AWS::EC2::Route`: the most frequent types first.
pub(super) fn kinds(instance: &Instance) -> String {
    let kinds = counted(instance.resources.iter().map(|r| r.ty.as_str()));
    ranked(kinds, |kind, n| format!("{n} `{kind}`"), "types")
}

/// Where the parameters come from: `180 outputs of network@dev/eu-west-1, 30 inputs`.
pub(super) fn origins(parameters: &[Parameter]) -> String {
    let origin = |parameter: &Parameter| match &parameter.source {
        ParameterSource::Input { .. } => String::new(),
        ParameterSource::Output(from) => from.instance.to_string(),
    };
    let say = |from: &String, n: usize| match (from.as_str(), n) {
        ("", 1) => "1 input".to_owned(),
        ("", _) => format!("{n} inputs"),
        (from, 1) => format!("1 output of `{from}`"),
        (from, _) => format!("{n} outputs of `{from}`"),
    };
    ranked(counted(parameters.iter().map(origin)), say, "stacks")
}

/// The largest resources, in bytes of the template.
pub(super) fn largest(instance: &Instance) -> String {
    let sizes = texts(instance).into_iter().map(|(name, text)| (Arc::clone(&name), text.len() + name.len()));
    ranked(sizes.collect(), |name, n| format!("`{name}` {}", grouped(n)), "resources")
}

/// Which resources read secrets, and how often.
pub(super) fn references(instance: &Instance) -> String {
    let counts = texts(instance).into_iter().map(|(name, text)| (name, text.matches("{{resolve:").count()));
    ranked(counts.filter(|(_, n)| *n > 0).collect(), |name, n| format!("{n} in `{name}`"), "resources")
}

/// `` `a`, `b` and 3 more ``
pub(super) fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Every resource as it is called, and its text in the template.
fn texts(instance: &Instance) -> Vec<(Arc<str>, String)> {
    let mut all = Vec::new();
    match &instance.template {
        None => all.extend(instance.resources.iter().map(|r| {
            let mut text = String::new();
            document::resource(&mut text, r);
            (Arc::clone(&r.shown), text)
        })),
        Some(whole) => all.extend(whole.get("Resources").into_iter().flat_map(|all| all.entries()).map(|entry| {
            let mut text = String::new();
            existing::node(&mut text, &entry.value);
            (Arc::clone(&entry.key), text)
        })),
    }
    all
}

fn counted<K: Ord>(all: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_insert(0) += 1;
    }
    counts
}

/// The largest first, and how many others there are.
fn ranked<K: Ord>(counts: BTreeMap<K, usize>, say: impl Fn(&K, usize) -> String, others: &str) -> String {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(x, a), (y, b)| b.cmp(a).then(x.cmp(y)));
    let more = counts.len().saturating_sub(SHOWN);
    let mut parts: Vec<String> = counts.iter().take(SHOWN).map(|(one, n)| say(one, *n)).collect();
    if more > 0 {
        parts.push(format!("{more} other {others}"));
    }
    parts.join(", ")
}

/// `1000000` as `1,000,000`.
pub(crate) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
