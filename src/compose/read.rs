//! The merged files -> a [`Model`]. Every key is looked at: what is not known, or cannot be carried to AWS, is said.

use std::sync::Arc;

use super::draft::Fields;
use super::keys::{self, Fate, Row};
use super::model::{Model, Named};
use super::names::Names;
use super::text::Text;
use super::{Files, Given, draft, instead, interpolate, not_carried};
use crate::data::{Entry, Kind, Node};
use crate::diagnostics::{Code, Diagnostic, has_errors, nearest};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::Expr;

mod balancers;
mod container;
mod deploy;
mod environment;
mod logging;
mod network;
mod places;
mod ports;
mod queues;
mod references;
mod scaling;
mod secrets;
mod services;
mod volumes;

/// Reads one set of files.
pub(super) struct Reader<'a> {
    given: &'a Given,
    files: &'a dyn Files,
    sources: &'a [&'a SourceFile],
    problems: &'a mut Vec<Diagnostic>,
    names: Names,
    /// Volumes that have a name.
    volume_names: Vec<Arc<str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        given: &'a Given,
        files: &'a dyn Files,
        sources: &'a [&'a SourceFile],
        problems: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self { given, files, sources, problems, names: Names::default(), volume_names: Vec::new() }
    }

    /// All of it; `None` where these are no compose files.
    pub(super) fn file(&mut self, whole: &Node) -> Option<Model> {
        let span = Span { end: whole.span.start, ..whole.span };
        if whole.entries().is_empty() || whole.get("services").is_none() {
            let first = whole.entries().first().map_or(span, |entry| entry.key_span);
            self.report(
                Diagnostic::new(Code::MissingField, "this is no compose file: it has no `services`")
                    .at(first, "of these files")
                    .help("add `services:`, with a map of what runs"),
            );
            return None;
        }
        self.names = Names::of(whole, self.problems);
        self.top(whole);
        let mut volumes = Vec::new();
        for entry in self.section(whole, "volumes") {
            volumes.push(self.volume(entry));
        }
        self.volume_names = volumes.iter().map(|volume| volume.named.name.clone()).collect();
        let tiers = self.tiers(whole);
        let secrets = self.secrets(whole);
        let mut services = Vec::new();
        for entry in self.section(whole, "services") {
            services.extend(self.service(entry, &tiers, &secrets));
        }
        if services.is_empty() && !self.has_errors() {
            let key =
                whole.entries().iter().find(|entry| &*entry.key == "services").map_or(span, |entry| entry.key_span);
            self.report(
                Diagnostic::new(Code::NothingHere, "these compose files have no service to deploy")
                    .at(key, "nothing below it, or only what a profile starts")
                    .help("take a service out of its `profiles`, or add one"),
            );
        }
        let mut balancers = Vec::new();
        for entry in self.section(whole, "x-elbv2") {
            balancers.extend(self.balancer(entry));
        }
        let queues = self.queues(whole);
        let mut namespaces = Vec::new();
        for entry in self.section(whole, "x-cloudmap") {
            namespaces.extend(self.namespace(entry));
        }
        let cluster = self.cluster(whole, span);
        let network = self.network(whole);
        let tags = whole.get("x-tags").and_then(|node| self.tags(node));
        let names = std::mem::take(&mut self.names);
        Some(Model { names, span, services, balancers, queues, namespaces, cluster, network, volumes, tags })
    }

    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Whether something is wrong already, of which other problems may only be the echo.
    fn has_errors(&self) -> bool {
        has_errors(self.problems)
    }

    /// The keys at the top. One that begins with `x-` and holds an anchor only keeps what is repeated elsewhere.
    fn top(&mut self, whole: &Node) {
        let entries = whole.entries().iter();
        let kept: Vec<&Entry> = entries
            .filter(|entry| {
                let is_known = keys::TOP.iter().any(|(name, _)| *name == &*entry.key);
                is_known || !entry.key.starts_with("x-") || !self.holds_anchor(entry)
            })
            .collect();
        self.fates("a compose file", kept.into_iter(), keys::TOP);
    }

    fn holds_anchor(&self, entry: &Entry) -> bool {
        let span = entry.key_span;
        let file = self.sources.iter().find(|file| file.id == span.file);
        let end = if entry.value.span.file == span.file { entry.value.span.end.max(span.end) } else { span.end };
        let text = file.and_then(|file| file.text.get(span.end as usize..end as usize)).unwrap_or_default();
        text.split(|c: char| c.is_whitespace() || "[{,".contains(c)).any(|word| word.len() > 1 && word.starts_with('&'))
    }

    /// Says of each key what is wrong with it, if anything is.
    fn fates<'n>(&mut self, what: &str, entries: impl Iterator<Item = &'n Entry>, rows: &[Row]) {
        for entry in entries {
            match rows.iter().find(|(name, _)| *name == &*entry.key) {
                Some((_, Fate::Carried | Fate::Local)) => {}
                // What is switched off is not asked for.
                Some((_, Fate::Refused(..))) if is_nothing(&entry.value) => {}
                Some((name, Fate::Refused(why, help))) => {
                    self.report(not_carried(&format!("`{name}`"), entry.key_span, why, help));
                }
                None => {
                    let known: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
                    self.unknown(what, entry, &known);
                }
            }
        }
    }

    /// Says which keys of a map are not among those known.
    fn known(&mut self, what: &str, node: &Node, known: &[&str]) {
        for entry in node.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            self.unknown(what, entry, known);
        }
    }

    fn unknown(&mut self, what: &str, entry: &Entry, known: &[&str]) {
        let problem = Diagnostic::new(Code::UnknownField, format!("{what} has no `{}`", entry.key))
            .at(entry.key_span, "not known");
        let help = match nearest(&entry.key, known.iter().copied()) {
            Some(near) => format!("write `{near}`"),
            None if known.len() > 12 => "take it out, or see the table of keys in `docs/compose.md`".to_owned(),
            None => instead("", known, ""),
        };
        self.report(problem.help(help));
    }

    /// The entries of a map at the top; none where it is not there.
    fn section<'n>(&mut self, whole: &'n Node, name: &str) -> &'n [Entry] {
        match whole.get(name) {
            Some(node) => self.map(node, &format!("`{name}`")),
            None => &[],
        }
    }

    fn map<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Null => &[],
            _ => {
                self.mistyped(node, what, "a map");
                &[]
            }
        }
    }

    fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => {
                self.mistyped(node, what, "a list");
                &[]
            }
        }
    }

    fn mistyped(&mut self, node: &Node, what: &str, wanted: &str) {
        let head = Span { end: node.span.end.min(node.span.start.saturating_add(40)), ..node.span };
        self.report(
            Diagnostic::new(Code::TypeMismatch, format!("{what} is {wanted}"))
                .at(if node.entries().is_empty() { node.span } else { head }, "something else")
                .help(format!("write {wanted}")),
        );
    }

    /// A text, a number or a truth, as text.
    fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        let span = node.span;
        match &node.kind {
            Kind::Text(text) => match interpolate::pieces(text, span, self.given) {
                Ok(pieces) => Some(Text { span, pieces }),
                Err(problem) => {
                    self.report(*problem);
                    None
                }
            },
            Kind::Int(number) => Some(Text::plain(&number.to_string(), span)),
            Kind::Float(number) => Some(Text::plain(&number.to_string(), span)),
            Kind::Bool(is) => Some(Text::plain(&is.to_string(), span)),
            _ => {
                self.mistyped(node, what, "text");
                None
            }
        }
    }

    /// A text that must be known before anything is evaluated.
    fn word(&mut self, node: &Node, what: &str) -> Option<Arc<str>> {
        let text = self.text(node, what)?;
        let literal = text.literal();
        if literal.is_none() {
            self.report(
                Diagnostic::new(Code::KnownTooLate, format!("{what} must be known before anything is evaluated"))
                    .at(node.span, "has a variable that is an expression")
                    .help("give the variable a plain text"),
            );
        }
        literal
    }

    /// The same, and where it stands.
    fn named(&mut self, node: &Node, what: &str) -> Option<Named> {
        Some(Named { name: self.word(node, what)?, span: node.span })
    }

    /// A whole number that must be known before anything is evaluated.
    fn whole(&mut self, node: &Node, what: &str) -> Option<i64> {
        let word = self.word(node, what)?;
        self.parsed(node, what, "a whole number", word.parse().ok())
    }

    /// A truth that must be known before anything is evaluated.
    fn truth(&mut self, node: &Node, what: &str) -> Option<bool> {
        let word = self.word(node, what)?;
        self.parsed(node, what, "`true` or `false`", word.parse().ok())
    }

    fn parsed<T>(&mut self, node: &Node, what: &str, wanted: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.report(
                Diagnostic::new(Code::BadValue, format!("{what} is {wanted}"))
                    .at(node.span, "this is not")
                    .help(format!("write {wanted}")),
            );
        }
        value
    }

    /// A number, which a variable may give.
    fn number(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let text = self.text(node, what)?;
        match text.literal() {
            Some(word) => {
                let number = self.parsed(node, what, "a whole number", word.parse().ok())?;
                Some(draft::int(node.span, number))
            }
            None => Some(text.expr()),
        }
    }

    /// A text, which may refer to something.
    fn string(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let text = self.text(node, what)?;
        Some(self.referring(&text).expr())
    }

    /// What CloudFormation is given as it stands, but for variables and references in its texts.
    fn verbatim(&mut self, node: &Node) -> Option<Expr> {
        let span = node.span;
        Some(match &node.kind {
            Kind::Null => draft::null(span),
            Kind::Bool(is) => draft::truth(span, *is),
            Kind::Int(number) => draft::int(span, *number),
            Kind::List(items) => draft::list(span, items.iter().filter_map(|item| self.verbatim(item)).collect()),
            Kind::Map(entries) => {
                let mut fields = Fields::default();
                for entry in entries {
                    if &*entry.key == "Ref" || entry.key.starts_with("Fn::") {
                        self.report(not_carried(
                            &format!("the function `{}`", entry.key),
                            entry.key_span,
                            "of CloudFormation's templates",
                            "write `x-aws::AWS::Region`, `x-sqs::NAME::Arn`, or a variable",
                        ));
                        continue;
                    }
                    if let Some(value) = self.verbatim(&entry.value) {
                        fields.at(&entry.key, entry.key_span, value);
                    }
                }
                fields.expr(span)
            }
            Kind::Text(_) | Kind::Float(_) => self.string(node, "this")?,
            Kind::Tagged(..) => return None,
        })
    }

    /// The keys of a map under `Properties`, as they stand.
    fn properties(&mut self, node: Option<&Node>) -> Fields {
        let mut fields = Fields::default();
        for entry in node.map_or(&[][..], Node::entries) {
            if let Some(value) = self.verbatim(&entry.value) {
                fields.at(&entry.key, entry.key_span, value);
            }
        }
        fields
    }

    /// A look-up in AWS while compiling.
    fn no_lookup(&mut self, what: &str, entry: &Entry, instead: &str) {
        self.report(not_carried(
            &format!("the look-up of {what}"),
            entry.key_span,
            "what is built would depend on what is in AWS by now",
            instead,
        ));
    }
}

/// `false`, an empty list, nothing.
fn is_nothing(node: &Node) -> bool {
    match &node.kind {
        Kind::Null | Kind::Bool(false) => true,
        Kind::List(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        _ => false,
    }
}
