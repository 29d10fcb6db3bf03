//! Data in other notations: a JSON or YAML text -> a tree in which every value knows its place.
//!
//! A text is one of [`crate::source::Sources`], so that what is wrong in it is shown there. It may come
//! from anywhere: reading ends with a tree or one problem, within limits, whatever the text.
//!
//! YAML comes in two dialects, since YAML 1.1 and 1.2 take the same plain words for other values
//! ([`Format`]). Aliases are resolved and merge keys (`<<`) carried out; every copy counts towards
//! [`MOST_NODES`], so that a text of a few lines cannot become a tree of millions.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

mod json;
mod merge;
mod plain;
mod yaml;

/// Levels of lists and maps.
pub const DEEPEST: usize = 256;
/// Values of one text, those that aliases repeat included.
pub const MOST_NODES: usize = 1_000_000;
/// Bytes of one text value or key.
pub const LONGEST_TEXT: usize = 1 << 20;

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// JSON, strictly: no comment, no comma at the end, no key twice.
    Json,
    /// YAML 1.2, core schema: `no` is text. `010`, which is 10 in YAML 1.2 and 8 in 1.1, is refused.
    Yaml,
    /// YAML as CloudFormation reads a template, which is 1.1 but for dates: `no` is `false`, `010` is 8
    /// and `012345678901` is 1.2345678901e10.
    Template,
}

/// A value and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it is written; of a repeated one, where it is written first.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// `null`, `~`, nothing.
    Null,
    /// `true`
    Bool(bool),
    /// A whole number. One that is too large for this is refused rather than rounded.
    Int(i64),
    /// A number, finite.
    Float(f64),
    /// Text, quoted or plain; its span has it as written.
    Text(Arc<str>),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the text. No key is there twice.
    Map(Vec<Entry>),
    /// YAML only: a value with a tag of its own. `!Sub "…"` has the name `Sub`.
    Tagged(Arc<str>, Box<Node>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key, as it is written: `8080:` and `on:` are the texts `8080` and `on`.
    pub key: Arc<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

/// What is wrong with a text.
pub type Problem = Box<Diagnostic>;

/// Reads a text.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(file: &SourceFile, format: Format) -> Result<Node, Problem> {
    match format {
        Format::Json => json::parse(file),
        Format::Yaml => yaml::parse(file, plain::core),
        Format::Template => yaml::parse(file, plain::template),
    }
}

impl Node {
    /// The value under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// Keys and values of a map; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The text cannot be read on from `span`.
fn unreadable(notation: &str, why: impl Into<String>, span: Span) -> Problem {
    Box::new(Diagnostic::new(Code::Syntax, format!("this is not {notation}")).at(span, why))
}

fn twice(key: &str, span: Span, first: Span) -> Problem {
    let problem = Diagnostic::new(Code::DuplicateKey, format!("`{key}` is given twice"));
    Box::new(problem.at(span, "again here").at(first, "given here first").help("keep one of them"))
}

fn too_deep(span: Span) -> Problem {
    let message = format!("this is nested more than {DEEPEST} levels deep");
    Box::new(Diagnostic::new(Code::LimitExceeded, message).at(span, "too deep").help("make it flatter"))
}

fn too_many(span: Span) -> Problem {
    let message = format!("this file has more than {MOST_NODES} values");
    let help = "read a smaller file; what an alias repeats counts again";
    Box::new(Diagnostic::new(Code::LimitExceeded, message).at(span, "one too many").help(help))
}

fn too_long(span: Span) -> Problem {
    let message = format!("a text has at most {LONGEST_TEXT} bytes");
    let help = "keep it in a file that AWS reads itself";
    Box::new(Diagnostic::new(Code::LimitExceeded, message).at(span, "this one has more").help(help))
}

/// A number that would become another one.
fn inexact(span: Span) -> Problem {
    let problem = Diagnostic::new(Code::OutOfRange, "this number cannot be kept exactly");
    Box::new(problem.at(span, "would become another number").help("write it as text, in quotes"))
}

#[cfg(test)]
mod tests;
