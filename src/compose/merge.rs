//! Compose files over each other, by the rules of the specification ("Merge and override").
//!
//! Maps are merged key by key, lists grow, all else is replaced. `!reset` takes away what earlier files say, `!override`
//! replaces it.

use std::sync::Arc;

use crate::data::{Entry, Kind, Node};
use crate::diagnostics::{Code, Diagnostic};

/// Keys of services whose lists `A=B` are maps.
const MAPS: [&str; 7] = ["annotations", "depends_on", "environment", "extra_hosts", "labels", "networks", "sysctls"];
/// Keys of services whose single text is a list.
const LISTS: [&str; 5] = ["dns", "dns_search", "env_file", "expose", "tmpfs"];
/// Lists that are one value.
const WHOLE: [&str; 3] = ["command", "entrypoint", "test"];

/// The file with the short forms of services in their long ones, as far as merging needs them.
pub(super) fn normal(mut whole: Node) -> Node {
    if let Some(services) = value_mut(&mut whole, "services") {
        entries_mut(services).iter_mut().for_each(|service| normal_entries(&mut service.value));
    }
    whole
}

/// The same for a service alone.
pub(super) fn normal_service(mut service: Node) -> Node {
    normal_entries(&mut service);
    service
}

fn normal_entries(service: &mut Node) {
    for entry in entries_mut(service) {
        normal_entry(entry);
        if &*entry.key == "deploy" {
            entries_mut(&mut entry.value).iter_mut().filter(|e| &*e.key == "labels").for_each(normal_entry);
        }
    }
}

fn normal_entry(entry: &mut Entry) {
    let value = match &mut entry.value.kind {
        Kind::Tagged(_, inner) => &mut **inner,
        _ => &mut entry.value,
    };
    let span = value.span;
    let taken = std::mem::replace(&mut value.kind, Kind::Null);
    value.kind = match taken {
        Kind::List(items) if MAPS.contains(&&*entry.key) && items.iter().all(|item| item.text().is_some()) => {
            let mut map: Vec<Entry> = Vec::new();
            for pair in items.iter().filter_map(pair) {
                match map.iter_mut().find(|known| known.key == pair.key) {
                    Some(known) => *known = pair,
                    None => map.push(pair),
                }
            }
            Kind::Map(map)
        }
        Kind::Text(text) if LISTS.contains(&&*entry.key) => Kind::List(vec![Node { span, kind: Kind::Text(text) }]),
        other => other,
    };
}

/// `A=B` or `A`.
fn pair(item: &Node) -> Option<Entry> {
    let text = item.text()?;
    let (key, kind) = match text.split_once('=') {
        Some((key, value)) => (key, Kind::Text(value.into())),
        None => (text, Kind::Null),
    };
    Some(Entry { key: Arc::from(key), key_span: item.span, value: Node { span: item.span, kind } })
}

fn value_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    entries_mut(node).iter_mut().find(|entry| &*entry.key == key).map(|entry| &mut entry.value)
}

fn entries_mut(node: &mut Node) -> &mut [Entry] {
    match &mut node.kind {
        Kind::Map(entries) => entries,
        _ => &mut [],
    }
}

/// `over` on top of `base`.
pub(super) fn merged(base: Node, over: Node) -> Node {
    under(base, over, "")
}

fn under(base: Node, over: Node, key: &str) -> Node {
    let (first, span) = (base.span, over.span);
    match (base.kind, over.kind) {
        (Kind::Map(mut below), Kind::Map(above)) => {
            for entry in above {
                let at = below.iter().position(|known| known.key == entry.key);
                match at.map(|at| (at, below.remove(at))) {
                    Some((at, known)) => {
                        // A map stands where it stood first, what is replaced where it is said last.
                        let grows = matches!((&known.value.kind, &entry.value.kind), (Kind::Map(_), Kind::Map(_)));
                        let key_span = if grows { known.key_span } else { entry.key_span };
                        let value = under(known.value, entry.value, &entry.key);
                        below.insert(at, Entry { key: entry.key, key_span, value });
                    }
                    None => below.push(entry),
                }
            }
            Node { span: first, kind: Kind::Map(below) }
        }
        (Kind::List(mut below), Kind::List(above)) if !WHOLE.contains(&key) => {
            below.extend(above);
            Node { span, kind: Kind::List(below) }
        }
        // `x:` without a value says nothing.
        (kind, Kind::Null) => Node { span: first, kind },
        (_, kind) => Node { span, kind },
    }
}

/// The file without what `!reset` takes away, and without `!override`.
pub(super) fn cleared(node: Node, problems: &mut Vec<Diagnostic>) -> Node {
    let span = node.span;
    let kind = match node.kind {
        Kind::Map(entries) => {
            let kept = entries.into_iter().filter(|entry| !is_tagged(&entry.value, "reset"));
            Kind::Map(kept.map(|entry| Entry { value: cleared(entry.value, problems), ..entry }).collect())
        }
        Kind::List(items) => {
            let kept = items.into_iter().filter(|item| !is_tagged(item, "reset"));
            Kind::List(kept.map(|item| cleared(item, problems)).collect())
        }
        Kind::Tagged(tag, inner) => {
            if &*tag != "override" {
                problems.push(
                    Diagnostic::new(Code::BadValue, format!("compose files have no tag `!{tag}`"))
                        .at(span, "this value has it")
                        .help("write `!reset` to take away what an earlier file says, `!override` to replace it"),
                );
            }
            return cleared(*inner, problems);
        }
        other => other,
    };
    Node { span, kind }
}

fn is_tagged(node: &Node, name: &str) -> bool {
    matches!(&node.kind, Kind::Tagged(tag, _) if &**tag == name)
}
