//! References in texts: `x-sqs::jobs::Arn`, `x-aws::AWS::Region`.

use super::super::{draft, no_such, not_carried};
use super::{Reader, Text};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Expr, Piece};

/// Values that AWS has of a stack, and what the language calls them.
const AWS: [(&str, &str); 5] = [
    ("AWS::AccountId", "account_id"),
    ("AWS::Partition", "partition"),
    ("AWS::Region", "region"),
    ("AWS::StackName", "stack_name"),
    ("AWS::URLSuffix", "url_suffix"),
];

/// Attributes of a queue.
pub(super) const QUEUE: [&str; 3] = ["Arn", "QueueName", "QueueUrl"];

impl Reader<'_> {
    /// The text with what it refers to.
    pub(super) fn referring(&mut self, text: &Text) -> Text {
        let mut pieces = Vec::new();
        for piece in &text.pieces {
            match piece {
                Piece::Text(words) if words.contains("::") => self.pieces_of(words, text.span, &mut pieces),
                other => pieces.push(other.clone()),
            }
        }
        Text { span: text.span, pieces }
    }

    fn pieces_of(&mut self, words: &str, span: Span, pieces: &mut Vec<Piece>) {
        let mut rest = words;
        while let Some((before, reference, behind)) = next(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            match self.reference(reference, span) {
                Some(expr) => pieces.push(Piece::Expr(expr)),
                None => pieces.push(Piece::Text(reference.into())),
            }
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
    }

    fn reference(&mut self, reference: &str, span: Span) -> Option<Expr> {
        let (kind, path) = reference.split_once("::")?;
        match kind {
            "x-aws" => {
                let found = AWS.iter().find(|(name, _)| *name == path);
                if found.is_none() {
                    self.report(no_such("value of AWS", path, span, &AWS.map(|(name, _)| name)));
                }
                found.map(|(_, field)| draft::path(span, "aws", &[field]))
            }
            "x-sqs" => {
                let (name, attribute) = path.split_once("::").unwrap_or((path, "QueueUrl"));
                if !QUEUE.contains(&attribute) {
                    self.report(no_such("attribute of queues", attribute, span, &QUEUE));
                    return None;
                }
                let found = self.names.queue_attribute(name, attribute, span);
                if found.is_none() {
                    let problem = no_such("queue", name, span, &self.names.all("x-sqs"));
                    self.report(problem);
                }
                found
            }
            kind => {
                self.report(not_carried(
                    &format!("a reference to `{kind}`"),
                    span,
                    "this is not translated",
                    "write a variable, and give it in the braces: `variables: { NAME: data.Bucket }`",
                ));
                None
            }
        }
    }

    /// The name of a queue where one is asked for.
    pub(super) fn queue_is_there(&mut self, name: &str, span: Span) -> bool {
        let is_there = self.names.queue(name, span).is_some();
        if !is_there {
            let problem = no_such("queue", name, span, &self.names.all("x-sqs"));
            self.report(problem);
        }
        is_there
    }

    /// The name of a service where one is asked for. Compose-X also says `family:container`.
    pub(super) fn service_is_there(&mut self, name: &str, span: Span) -> bool {
        let is_there = self.names.get("services", name).is_some();
        if !is_there {
            let problem = no_such("service", name, span, &self.names.all("services"));
            self.report(problem);
        }
        is_there
    }

    /// A value that is one of few.
    pub(super) fn one_of(&mut self, what: &str, word: &str, span: Span, known: &[&str]) -> bool {
        let is_known = known.contains(&word);
        if !is_known {
            self.report(
                Diagnostic::new(Code::BadValue, format!("{what} cannot be `{word}`"))
                    .at(span, "not known")
                    .help(super::instead(word, known, "")),
            );
        }
        is_known
    }
}

/// The next `x-kind::…` in a text, what is before it and what behind.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let (at, _) = text.match_indices("x-").find(|(at, _)| {
        let begins = text.get(..*at).is_some_and(|before| !before.ends_with(is_name));
        let rest = text.get(at + 2..).unwrap_or_default();
        let kind = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        begins && kind > 0 && rest.get(kind..).is_some_and(|rest| rest.starts_with("::"))
    })?;
    let rest = text.get(at..)?;
    let mut end = 0;
    loop {
        let tail = rest.get(end..)?;
        let word = tail.find(|c: char| !is_name(c)).unwrap_or(tail.len());
        end += word;
        match rest.get(end..)?.strip_prefix("::") {
            Some(more) if more.starts_with(is_name) => end += 2,
            _ => break,
        }
    }
    Some((text.get(..at)?, rest.get(..end)?, rest.get(end..)?))
}
