//! YAML: the events of the parser to a tree. Nothing here recurses.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::merge::Map;
use super::plain::Schema;
use super::{DEEPEST, Kind, LONGEST_TEXT, MOST_NODES, Node, Problem};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

/// Tags of YAML itself: `!!str`.
const YAML: &str = "tag:yaml.org,2002:";

pub(super) fn parse(file: &SourceFile, schema: Schema) -> Result<Node, Problem> {
    let places = Places::of(file);
    let mut tree =
        Tree { places: &places, schema, open: Vec::new(), anchors: FxHashMap::default(), size: 0, root: None };
    let mut parser = Parser::new_from_str(&file.text);
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => tree.event(event, places.span(span.start.index(), span.end.index()))?,
            Err(error) => {
                let at = places.span(error.marker().index(), error.marker().index());
                // The parser's own limit for `[[[[…`.
                let too_deep = error.info().starts_with("recursion limit");
                return Err(if too_deep { super::too_deep(at) } else { super::unreadable("YAML", error.info(), at) });
            }
        }
    }
    Ok(tree.root.map_or(Node { span: Span::new(file.id, 0, 0), kind: Kind::Null }, |built| built.node))
}

/// The parser counts characters, we count bytes.
struct Places<'t> {
    file: &'t SourceFile,
    /// Byte of every so many characters; none where every character is a byte.
    marks: Vec<usize>,
}

const EVERY: usize = 64;

impl<'t> Places<'t> {
    fn of(file: &'t SourceFile) -> Self {
        let marks = match file.text.is_ascii() {
            true => Vec::new(),
            false => file.text.char_indices().step_by(EVERY).map(|(at, _)| at).collect(),
        };
        Self { file, marks }
    }

    fn byte(&self, character: usize) -> usize {
        let text = &*self.file.text;
        if self.marks.is_empty() {
            return character.min(text.len());
        }
        let Some(start) = self.marks.get(character / EVERY).copied() else { return text.len() };
        let rest = text.get(start..).unwrap_or_default();
        rest.char_indices().nth(character % EVERY).map_or(text.len(), |(at, _)| start + at)
    }

    /// A place without what is blank at its end.
    fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = (self.byte(start), self.byte(end));
        let text = self.file.text.get(start..end).unwrap_or_default();
        Span::new(self.file.id, start, start + text.trim_end().len())
    }
}

/// A finished value.
#[derive(Clone)]
struct Built {
    node: Node,
    /// Values in it, itself included.
    size: usize,
    /// Levels below it.
    height: usize,
}

/// A list or map that has begun.
struct Open {
    kind: OpenKind,
    anchor: usize,
    tag: Option<Arc<str>>,
    start: Span,
    size: usize,
    height: usize,
}

enum OpenKind {
    List(Vec<Node>),
    /// With the key whose value is awaited.
    Map(Map, Option<Key>),
}

enum Key {
    Text(Arc<str>, Span),
    Merge,
}

struct Tree<'t> {
    places: &'t Places<'t>,
    schema: Schema,
    open: Vec<Open>,
    anchors: FxHashMap<usize, Built>,
    /// Values so far, in the tree and again behind anchors.
    size: usize,
    root: Option<Built>,
}

impl Tree<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(super::unreadable("one YAML document", "a second document begins here", span))
            }
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span),
            Event::SequenceStart(anchor, tag) => self.begin(OpenKind::List(Vec::new()), anchor, tag, "seq", span),
            Event::MappingStart(anchor, tag) => {
                self.begin(OpenKind::Map(Map::default(), None), anchor, tag, "map", span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    /// A map waits for a key.
    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map(_, None), .. }))
    }

    fn begin(
        &mut self,
        kind: OpenKind,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        own: &str,
        start: Span,
    ) -> Result<(), Problem> {
        if self.awaits_key() {
            return Err(no_key(start));
        }
        if self.open.len() >= DEEPEST {
            return Err(super::too_deep(start));
        }
        let tag = match tag.as_deref() {
            None => None,
            Some(tag) if is_bare(tag) || (tag.handle == YAML && tag.suffix == own) => None,
            Some(tag) => Some(named(tag, start)?),
        };
        self.grow(1, start)?;
        self.open.push(Open { kind, anchor, tag, start, size: 1, height: 0 });
        Ok(())
    }

    fn end(&mut self, end: Span) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A block ends where the next thing begins: what is blank before that is not part of it.
        let span = self.trimmed(open.start.to(end));
        let kind = match open.kind {
            OpenKind::List(items) => Kind::List(items),
            OpenKind::Map(map, _) => map.finish(),
        };
        let node = tagged(Node { span, kind }, open.tag);
        self.done(Built { node, size: open.size, height: open.height + 1 }, open.anchor)
    }

    fn trimmed(&self, span: Span) -> Span {
        let (start, end) = (span.start as usize, span.end as usize);
        let text = self.places.file.text.get(start..end).unwrap_or_default();
        Span::new(span.file, start, start + text.trim_end().len())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Problem> {
        if text.len() > LONGEST_TEXT {
            return Err(super::too_long(span));
        }
        let plain = style == ScalarStyle::Plain;
        if self.awaits_key() {
            if tag.is_some_and(|tag| tag.handle != YAML || tag.suffix != "str") {
                return Err(no_key(span));
            }
            if plain && tag.is_none() && matches!(text, "" | "~") {
                return Err(no_key(span));
            }
            let merges = plain && text == "<<";
            if anchor != 0 {
                let node = Node { span, kind: Kind::Text(text.into()) };
                self.anchors.insert(anchor, Built { node, size: 1, height: 0 });
            }
            return self.key(if merges { Key::Merge } else { Key::Text(text.into(), span) });
        }
        let plainly = |schema: Schema| match schema(text) {
            Ok(kind) => Ok(kind.unwrap_or_else(|| Kind::Text(text.into()))),
            Err(_) => Err(super::inexact(span)),
        };
        let (kind, tag) = match tag {
            Some(tag) if tag.handle == YAML => (own_tag(&tag.suffix, text, self.schema, span)?, None),
            // Not what it looks like, but text.
            Some(tag) if is_bare(tag) => (Kind::Text(text.into()), None),
            Some(tag) if plain => (plainly(self.schema)?, Some(named(tag, span)?)),
            Some(tag) => (Kind::Text(text.into()), Some(named(tag, span)?)),
            None if plain => (plainly(self.schema)?, None),
            None => (Kind::Text(text.into()), None),
        };
        self.grow(1, span)?;
        self.done(Built { node: tagged(Node { span, kind }, tag), size: 1, height: 0 }, anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        let Some(built) = self.anchors.get(&anchor) else {
            return Err(super::unreadable("YAML", "repeats what it is itself part of", span));
        };
        if self.awaits_key() {
            return match &built.node.kind {
                Kind::Text(text) => self.key(Key::Text(Arc::clone(text), span)),
                _ => Err(no_key(span)),
            };
        }
        // Counted before it is copied, so that a bomb costs nothing.
        let (size, too_deep) = (built.size, self.open.len() + built.height > DEEPEST);
        self.grow(size, span)?;
        if too_deep {
            return Err(super::too_deep(span));
        }
        match self.anchors.get(&anchor).cloned() {
            Some(built) => self.done(built, 0),
            None => Ok(()),
        }
    }

    fn key(&mut self, next: Key) -> Result<(), Problem> {
        if let Some(Open { kind: OpenKind::Map(_, key), .. }) = self.open.last_mut() {
            *key = Some(next);
        }
        Ok(())
    }

    fn grow(&mut self, by: usize, span: Span) -> Result<(), Problem> {
        self.size = self.size.saturating_add(by);
        if self.size > MOST_NODES { Err(super::too_many(span)) } else { Ok(()) }
    }

    /// A value is finished: kept for its aliases, and put where it belongs.
    fn done(&mut self, built: Built, anchor: usize) -> Result<(), Problem> {
        if anchor != 0 {
            self.grow(built.size, built.node.span)?;
            self.anchors.insert(anchor, built.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built);
            return Ok(());
        };
        open.size = open.size.saturating_add(built.size);
        open.height = open.height.max(built.height);
        let span = built.node.span;
        match &mut open.kind {
            OpenKind::List(items) => items.push(built.node),
            OpenKind::Map(map, key) => match key.take() {
                Some(Key::Text(key, span)) => map.add(key, span, built.node)?,
                Some(Key::Merge) => map.merge(built.node)?,
                None => return Err(no_key(span)),
            },
        }
        Ok(())
    }
}

/// `! x`: no tag at all, not even the one that the value would get.
fn is_bare(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

/// The name of a tag that is not YAML's own.
fn named(tag: &Tag, span: Span) -> Result<Arc<str>, Problem> {
    if tag.handle == "!" && !tag.suffix.is_empty() {
        return Ok(tag.suffix.as_str().into());
    }
    let name = tag.suffix.as_str();
    let problem = Diagnostic::new(Code::BadValue, format!("the tag `{name}` is not supported"));
    Err(Box::new(problem.at(span, "this value has it").help("write the value without it")))
}

fn tagged(node: Node, tag: Option<Arc<str>>) -> Node {
    match tag {
        None => node,
        Some(name) => Node { span: node.span, kind: Kind::Tagged(name, Box::new(node)) },
    }
}

/// `!!str 5` is text; `!!int 5` a number, whatever the style.
fn own_tag(name: &str, text: &str, schema: Schema, span: Span) -> Result<Kind, Problem> {
    let read = || schema(text).map_err(|_| super::inexact(span));
    let kind = match name {
        "str" => Some(Kind::Text(text.into())),
        "null" => read()?.filter(|kind| *kind == Kind::Null),
        "bool" => read()?.filter(|kind| matches!(kind, Kind::Bool(_))),
        "int" => read()?.filter(|kind| matches!(kind, Kind::Int(_))),
        "float" => read()?.filter(|kind| matches!(kind, Kind::Int(_) | Kind::Float(_))),
        _ => None,
    };
    kind.ok_or_else(|| {
        let problem = Diagnostic::new(Code::BadValue, format!("`!!{name}` does not fit this value"));
        Box::new(problem.at(span, "this value").help("write the value without it"))
    })
}

fn no_key(span: Span) -> Problem {
    let problem = Diagnostic::new(Code::BadValue, "a key is text");
    Box::new(problem.at(span, "cannot be a key").help("write a word, or a text in quotes"))
}
