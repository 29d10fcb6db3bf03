//! `extends`: a service that begins as another one, of the same file or of another.

use super::{Files, instead, merge};
use crate::data::{self, Entry, Format, Kind, Node, Problem};
use crate::diagnostics::{Code, Diagnostic};

/// Services that may extend each other in a row.
const LONGEST: usize = 20;

/// Keys that are not taken over, since they speak of other services.
const OWN: [&str; 3] = ["depends_on", "links", "volumes_from"];

/// The file with each service whole.
pub(super) fn resolved(mut whole: Node, files: &dyn Files) -> Result<Node, Problem> {
    let Some(services) = whole.get("services") else { return Ok(whole) };
    if services.entries().iter().all(|entry| entry.value.get("extends").is_none()) {
        return Ok(whole);
    }
    let mut done = Vec::new();
    for entry in services.entries() {
        let value = service(entry.value.clone(), &whole, files, 0)?;
        done.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
    }
    if let Kind::Map(entries) = &mut whole.kind
        && let Some(services) = entries.iter_mut().find(|entry| &*entry.key == "services")
    {
        services.value.kind = Kind::Map(done);
    }
    Ok(whole)
}

/// A service on top of what it extends.
fn service(mut over: Node, whole: &Node, files: &dyn Files, depth: usize) -> Result<Node, Problem> {
    let Kind::Map(entries) = &mut over.kind else { return Ok(over) };
    let Some(at) = entries.iter().position(|entry| &*entry.key == "extends") else { return Ok(over) };
    let extends = entries.remove(at);
    if depth >= LONGEST {
        let message = format!("more than {LONGEST} services extend each other in a row, or in a circle");
        return Err(Diagnostic::new(Code::Cycle, message)
            .at(extends.key_span, "one of them")
            .help("let one service at the end say all of it")
            .into());
    }
    let by_name = |whole: &Node, name: &Node| -> Result<Node, Problem> {
        let known = whole.get("services").map_or(&[][..], Node::entries);
        let text = name.text().unwrap_or_default();
        if let Some(found) = known.iter().find(|entry| &*entry.key == text) {
            return Ok(found.value.clone());
        }
        let names: Vec<&str> = known.iter().map(|entry| &*entry.key).collect();
        Err(Diagnostic::new(Code::UnknownName, format!("there is no service `{text}` to extend"))
            .at(name.span, "not known")
            .help(instead(text, &names, "declare it"))
            .into())
    };
    let (name, path) = match &extends.value.kind {
        Kind::Text(_) => (&extends.value, None),
        Kind::Map(_) => match extends.value.get("service") {
            Some(name) => (name, extends.value.get("file")),
            None => return Err(which(&extends)),
        },
        _ => return Err(which(&extends)),
    };
    let base = match path.map(|path| (path.text(), path.span)) {
        None => service(by_name(whole, name)?, whole, files, depth + 1)?,
        Some((Some(path), span)) => {
            let other = files.read(path, span)?;
            let there = data::parse(other, Format::Yaml)?;
            service(by_name(&there, name)?, &there, files, depth + 1)?
        }
        Some((None, _)) => return Err(which(&extends)),
    };
    let base = match base.kind {
        Kind::Map(entries) => {
            let kept = entries.into_iter().filter(|entry| !OWN.contains(&&*entry.key));
            Node { span: base.span, kind: Kind::Map(kept.collect()) }
        }
        other => Node { span: base.span, kind: other },
    };
    Ok(merge::merged(merge::normal_service(base), merge::normal_service(over)))
}

fn which(extends: &Entry) -> Problem {
    Diagnostic::new(Code::TypeMismatch, "`extends` names a service, and its file where that is another one")
        .at(extends.key_span, "neither is said")
        .help("write `extends: NAME`, or `extends: { file: common.yaml, service: NAME }`")
        .into()
}
