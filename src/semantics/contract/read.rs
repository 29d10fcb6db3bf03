//! The text of a contract, back to what it says; what is wrong is shown in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Contract, FORMAT, Instance, Promise, digest_of};
use crate::data::{self, Format, Kind, Node, Problem};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::interface::read_type;
use crate::source::{SourceFile, Span};

/// Where things stand in a contract.
#[derive(Default, Debug)]
pub(crate) struct Places {
    /// The name of each output.
    pub(crate) outputs: BTreeMap<String, Span>,
    /// The account of each instance, in the order of [`Contract::instances`].
    pub(crate) accounts: Vec<Span>,
}

/// Reads a contract.
///
/// # Errors
/// What is wrong with it: it is none, a newer version wrote it, or somebody changed it by hand.
pub fn read(file: &SourceFile) -> Result<Contract, Problem> {
    placed(file).map(|(contract, _)| contract)
}

/// Reads a contract, with its places.
///
/// # Errors
/// As [`read`].
pub(crate) fn placed(file: &SourceFile) -> Result<(Contract, Places), Problem> {
    let node = data::parse(file, Format::Json)?;
    version(&node, &file.name)?;
    let (mut outputs, mut places) = (BTreeMap::new(), Places::default());
    for entry in map(&node, "outputs")? {
        let ty = text(&entry.value, "type")?;
        if read_type(&ty).is_none() {
            let span = entry.value.get("type").map_or(entry.key_span, |node| node.span);
            return Err(Box::new(
                Diagnostic::new(Code::UnknownType, format!("`{ty}` is no type of outputs"))
                    .at(span, "not known to this version")
                    .help("write the contract anew where its stack is declared: `infra contract write`"),
            ));
        }
        let promise = Promise {
            ty,
            description: maybe_text(&entry.value, "description")?,
            deprecated: maybe_text(&entry.value, "deprecated")?,
        };
        outputs.insert(entry.key.to_string(), promise);
        places.outputs.insert(entry.key.to_string(), entry.key_span);
    }
    let mut instances = Vec::new();
    for item in node.get("instances").map_or(&[][..], Node::items) {
        let at = item.get("account").map_or(item.span, |node| node.span);
        instances.push((instance(item)?, at));
    }
    instances.sort();
    places.accounts = instances.iter().map(|(_, at)| *at).collect();
    let contract = Contract {
        project: text(&node, "project")?,
        stack: text(&node, "stack")?,
        kind: text(&node, "kind")?,
        description: maybe_text(&node, "description")?,
        outputs,
        instances: instances.into_iter().map(|(instance, _)| instance).collect(),
    };
    digest(&node, &contract)?;
    Ok((contract, places))
}

fn version(node: &Node, name: &str) -> Result<(), Problem> {
    let head = Span { end: node.span.end.min(node.span.start.saturating_add(1)), ..node.span };
    match node.get("format_version") {
        Some(Node { kind: Kind::Int(version), .. }) if *version == i64::from(FORMAT) => Ok(()),
        Some(Node { kind: Kind::Int(version), span }) => Err(Box::new(
            Diagnostic::new(
                Code::BadValue,
                format!("`{name}` is a contract of version {version}, and this is known: {FORMAT}"),
            )
            .at(*span, "another version of this tool wrote it")
            .help("use a version of this tool that knows it"),
        )),
        _ => Err(Box::new(
            Diagnostic::new(Code::BadValue, format!("`{name}` is no contract"))
                .at(head, "has no `format_version`")
                .help("write one where the stack is declared: `infra contract write`, and copy it here"),
        )),
    }
}

/// Nobody edits a contract: it says what there is, and wishing changes nothing of that.
fn digest(node: &Node, contract: &Contract) -> Result<(), Problem> {
    let said = text(node, "digest")?;
    if said == digest_of(&contract.body()) {
        return Ok(());
    }
    let span = node.get("digest").map_or(node.span, |node| node.span);
    Err(Box::new(
        Diagnostic::new(Code::BadValue, "the contract is not as it was written: its digest does not fit")
            .at(span, "of another text")
            .help("write it anew where its stack is declared: `infra contract write`, and copy it whole"),
    ))
}

fn wrong(what: &str, span: Span) -> Problem {
    Box::new(
        Diagnostic::new(Code::BadValue, format!("the contract has no `{what}` as contracts have it"))
            .at(span, "not as expected")
            .help("write it anew where its stack is declared: `infra contract write`"),
    )
}

fn map<'n>(node: &'n Node, key: &str) -> Result<&'n [data::Entry], Problem> {
    match node.get(key) {
        Some(Node { kind: Kind::Map(entries), .. }) => Ok(entries),
        Some(other) => Err(wrong(key, other.span)),
        None => Err(wrong(key, node.span)),
    }
}

fn text(node: &Node, key: &str) -> Result<String, Problem> {
    let value = node.get(key).ok_or_else(|| wrong(key, node.span))?;
    value.text().map(str::to_owned).ok_or_else(|| wrong(key, value.span))
}

fn maybe_text(node: &Node, key: &str) -> Result<Option<String>, Problem> {
    match node.get(key) {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(None),
        Some(value) => value.text().map(|text| Some(text.to_owned())).ok_or_else(|| wrong(key, value.span)),
    }
}

fn instance(node: &Node) -> Result<Instance, Problem> {
    let mut lengths = BTreeMap::new();
    for entry in node.get("lengths").map_or(&[][..], Node::entries) {
        let Kind::Int(length) = entry.value.kind else { return Err(wrong("lengths", entry.value.span)) };
        let length = usize::try_from(length).map_err(|_| wrong("lengths", entry.value.span))?;
        lengths.insert(entry.key.to_string(), length);
    }
    let without: BTreeSet<String> =
        node.get("without").map_or(&[][..], Node::items).iter().filter_map(Node::text).map(str::to_owned).collect();
    Ok(Instance {
        env: maybe_text(node, "env")?,
        region: text(node, "region")?,
        account: text(node, "account")?,
        name: text(node, "name")?,
        lengths,
        without,
    })
}
