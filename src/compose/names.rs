//! What the things of compose files are called as resources, and what names refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::Node;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Expr;

use super::draft;

/// The network that is made where none is given.
pub(super) const NETWORK: &str = "Net";
/// The cluster that is made where none is given.
pub(super) const CLUSTER: &str = "Cluster";

/// The DHCP options of that network.
pub(super) const NAMES: &str = "NetNames";

/// The kinds of things, those first that get the plain name: where two would have the same, the later one has its kind
/// behind its name.
const KINDS: [(&str, &str); 4] =
    [("services", "Service"), ("x-elbv2", "Balancer"), ("x-sqs", "Queue"), ("x-cloudmap", "Namespace")];

/// Names of resources, by the section and the name there.
#[derive(Default, Debug)]
pub(super) struct Names {
    resources: BTreeMap<(&'static str, Arc<str>), String>,
    /// Queues for what nobody could handle, each with the queue that it belongs to.
    dead: BTreeMap<Arc<str>, Arc<str>>,
}

impl Names {
    pub(super) fn of(whole: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let mut names = Self::default();
        let queues = whole.get("x-sqs").map_or(&[][..], Node::entries);
        for queue in queues {
            let Some(target) = dead_letters(&queue.value).and_then(Node::text).map(in_files) else { continue };
            if let Some(dead) = queues.iter().find(|entry| &*entry.key == target) {
                names.dead.entry(dead.key.clone()).or_insert_with(|| queue.key.clone());
            }
        }
        let mut taken: BTreeMap<String, Span> = BTreeMap::new();
        for (section, suffix) in KINDS {
            for entry in whole.get(section).map_or(&[][..], Node::entries) {
                if section == "x-sqs" && names.dead.contains_key(&entry.key) {
                    continue;
                }
                let mut name = pascal(&entry.key);
                if taken.contains_key(&name) || [NETWORK, CLUSTER, NAMES].contains(&name.as_str()) {
                    name.push_str(suffix);
                }
                if let Some(first) = taken.insert(name.clone(), entry.key_span) {
                    problems.push(
                        Diagnostic::new(Code::DuplicateName, format!("two things would be called `{name}`"))
                            .at(entry.key_span, "this one")
                            .at(first, "and this one")
                            .help("rename one of them: names are compared without `-`, `_` and `.`"),
                    );
                }
                names.resources.insert((section, entry.key.clone()), name);
            }
        }
        names
    }

    /// The resource that something of a section becomes.
    pub(super) fn get(&self, section: &str, name: &str) -> Option<&str> {
        self.resources.iter().find(|((of, known), _)| *of == section && &**known == name).map(|(_, name)| name.as_str())
    }

    /// What there is in a section.
    pub(super) fn all(&self, section: &str) -> Vec<&str> {
        let dead = self.dead.keys().filter(|_| section == "x-sqs");
        self.resources
            .keys()
            .filter(|(of, _)| *of == section)
            .map(|(_, name)| name)
            .chain(dead)
            .map(|name| &**name)
            .collect()
    }

    /// Whether a queue is one for what nobody could handle, and the queue that it belongs to.
    pub(super) fn dead_letters_of(&self, name: &str) -> Option<&Arc<str>> {
        self.dead.get(name)
    }

    /// A queue as a whole.
    pub(super) fn queue(&self, name: &str, span: Span) -> Option<Expr> {
        if let Some(of) = self.dead.get(name) {
            return Some(draft::path(span, self.get("x-sqs", of)?, &["dead_letters"]));
        }
        Some(draft::name(span, self.get("x-sqs", name)?))
    }

    /// An attribute of a queue: `QueueUrl`, `Arn`, `QueueName`.
    pub(super) fn queue_attribute(&self, name: &str, attribute: &str, span: Span) -> Option<Expr> {
        if let Some(of) = self.dead.get(name) {
            return Some(draft::path(span, self.get("x-sqs", of)?, &["dead_letters", attribute]));
        }
        let output = match attribute {
            "Arn" => "arn",
            "QueueName" => "name",
            _ => "url",
        };
        Some(draft::path(span, self.get("x-sqs", name)?, &[output]))
    }
}

/// `RedrivePolicy.deadLetterTargetArn` of a queue.
pub(super) fn dead_letters(queue: &Node) -> Option<&Node> {
    queue.get("Properties")?.get("RedrivePolicy")?.get("deadLetterTargetArn")
}

/// `jobs` of `x-sqs::jobs::Arn` and of `jobs`.
pub(super) fn in_files(text: &str) -> &str {
    let text = text.strip_prefix("x-sqs::").unwrap_or(text);
    text.split("::").next().unwrap_or(text)
}

/// `batch-processor` -> `BatchProcessor`.
pub(super) fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut begins = true;
    for c in name.chars() {
        match c {
            c if !c.is_ascii_alphanumeric() => begins = true,
            c if begins => {
                out.push(c.to_ascii_uppercase());
                begins = false;
            }
            c => out.push(c),
        }
    }
    if out.starts_with(|c: char| c.is_ascii_alphabetic()) { out } else { format!("N{out}") }
}
