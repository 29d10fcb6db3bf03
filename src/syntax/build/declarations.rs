//! Declarations and statements.

use std::sync::Arc;

use super::super::ast::{
    Assert, Binding, Decorator, Expr, For, Ident, If, Item, ItemKind, Layer, Let, Output, Param, Path, Record,
    Resource, Stack, Stmt, StmtKind, TypeExpr,
};
use super::super::explain::Context;
use super::super::grammar::{Pair, Pairs, Rule};
use super::{Builder, shared};
use crate::names::Name;
use crate::source::Span;

/// What stands above a declaration or statement.
type Prelude = (Option<Arc<str>>, Vec<Decorator>);

/// What stands inside a declaration or statement, whichever it is.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) layer: Option<Layer>,
    pub(super) export: bool,
    pub(super) name: Option<Ident>,
    pub(super) key: Option<Expr>,
    pub(super) ty: Option<TypeExpr>,
    pub(super) path: Option<Path>,
    pub(super) body: Option<Expr>,
    pub(super) values: Vec<Expr>,
    pub(super) block: Vec<Stmt>,
}

impl Builder<'_> {
    /// A line of the file: a declaration, or what stands in its place.
    pub(super) fn item_line(&mut self, pair: Pair<'_, Rule>, items: &mut Vec<Item>) {
        match pair.as_rule() {
            Rule::item => {
                let end = pair.as_span().end();
                items.extend(self.item(pair));
                self.docs_before(end);
            }
            Rule::broken_item => self.skipped(Context::Item, &pair),
            Rule::broken_rest => self.skipped(Context::EndOfLine, &pair),
            Rule::later => self.later(pair),
            _ => {}
        }
    }

    pub(super) fn statement_line(&mut self, pair: Pair<'_, Rule>, statements: &mut Vec<Stmt>) {
        match pair.as_rule() {
            Rule::statement => {
                let end = pair.as_span().end();
                statements.extend(self.statement(pair));
                self.docs_before(end);
            }
            Rule::broken_statement => self.skipped(Context::Statement, &pair),
            Rule::broken_rest => self.skipped(Context::EndOfLine, &pair),
            Rule::later => self.later(pair),
            _ => {}
        }
    }

    /// A statement of the language to come.
    fn later(&mut self, pair: Pair<'_, Rule>) {
        let end = pair.as_span().end();
        for child in pair.into_inner() {
            if child.as_rule() == Rule::later_word {
                self.not_yet(&child);
            }
        }
        self.docs_before(end);
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        let ((doc, decorators), pair) = self.prelude(pair)?;
        let span = self.span(&pair);
        if let Some(kind) = self.reusable(&pair, span) {
            return Some(Item { doc, decorators, span, kind });
        }
        let rule = pair.as_rule();
        let parts = self.parts(pair);
        let kind = match rule {
            Rule::project => ItemKind::Project(self.record(parts, span)),
            Rule::account => ItemKind::Account(self.record(parts, span)),
            Rule::environment => ItemKind::Env(self.record(parts, span)),
            Rule::stack => ItemKind::Stack(Stack {
                layer: parts.layer.unwrap_or(Layer::Core),
                name: parts.name.unwrap_or_else(|| self.nameless(span)),
                body: parts.block,
            }),
            Rule::let_statement => ItemKind::Let(self.binding(parts, span)),
            Rule::param => ItemKind::Param(self.param(parts, span)),
            _ => ItemKind::Assert(Self::assertion(parts, span)),
        };
        Some(Item { doc, decorators, span, kind })
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Option<Stmt> {
        let ((doc, decorators), pair) = self.prelude(pair)?;
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::for_statement => StmtKind::For(self.for_statement(pair, span)),
            Rule::if_statement => self.if_statement(pair, span)?,
            _ => {
                let parts = self.parts(pair);
                match rule {
                    Rule::resource => StmtKind::Resource(self.resource(parts, span)),
                    Rule::output => StmtKind::Output(self.output(parts, span)),
                    Rule::input => StmtKind::Input(self.param(parts, span)),
                    Rule::param => StmtKind::Param(self.param(parts, span)),
                    Rule::let_statement => StmtKind::Let(self.binding(parts, span)),
                    _ => StmtKind::Assert(Self::assertion(parts, span)),
                }
            }
        };
        Some(Stmt { doc, decorators, span, kind })
    }

    /// What stands above a declaration, and the declaration.
    fn prelude<'i>(&mut self, pair: Pair<'i, Rule>) -> Option<(Prelude, Pair<'i, Rule>)> {
        let mut decorators = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::decorator => decorators.push(self.decorator(child)),
                _ => return Some(((self.doc(child.as_span().start()), decorators), child)),
            }
        }
        None
    }

    /// The `///` lines above `before` that belong to nothing else.
    fn doc(&mut self, before: usize) -> Option<Arc<str>> {
        let lines = self.docs_before(before);
        if lines.is_empty() {
            return None;
        }
        let mut doc = String::new();
        for line in lines {
            let text = line.trim_start_matches('/').trim_end();
            if !doc.is_empty() {
                doc.push('\n');
            }
            doc.push_str(text.strip_prefix(' ').unwrap_or(text));
        }
        Some(Arc::from(doc))
    }

    /// Takes the `///` lines before that place.
    pub(super) fn docs_before(&mut self, place: usize) -> Vec<&str> {
        let place = self.source.original(place);
        let rest = self.source.docs.get(self.docs..).unwrap_or_default();
        let count = rest.iter().take_while(|(start, _)| *start < place).count();
        self.docs += count;
        rest.iter().take(count).filter_map(|(start, end)| self.original.get(*start..*end)).collect()
    }

    fn decorator(&mut self, pair: Pair<'_, Rule>) -> Decorator {
        // The pair begins behind the `@`.
        let span = pair.as_span();
        let span = self.place(span.start().saturating_sub(1), span.end());
        let mut name = self.nameless(span);
        let mut args = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::name => name = self.ident(&child),
                _ => args = self.arguments(child),
            }
        }
        Decorator { name, args, span }
    }

    pub(super) fn parts(&mut self, pair: Pair<'_, Rule>) -> Parts {
        let mut parts = Parts::default();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::layer => parts.layer = Some(Self::layer(&child)),
                Rule::exported => parts.export = true,
                Rule::new_name => parts.name = Some(self.ident(&child)),
                Rule::instance_key => parts.key = Some(self.enclosed(child)),
                Rule::of_type => parts.ty = child.into_inner().next().map(|ty| self.ty(ty)),
                Rule::path => parts.path = Some(self.path(&child)),
                Rule::object => parts.body = Some(self.object(child)),
                Rule::block => parts.block = self.block(child),
                Rule::expr => parts.values.push(self.expr(child)),
                _ => {}
            }
        }
        parts
    }

    /// A path such as `AWS::EC2::VPC`.
    pub(super) fn path(&self, pair: &Pair<'_, Rule>) -> Path {
        Path { name: Name::new(pair.as_str()), span: self.span(pair) }
    }

    pub(super) fn layer(pair: &Pair<'_, Rule>) -> Layer {
        if pair.as_str() == "core" { Layer::Core } else { Layer::Service }
    }

    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> Vec<Stmt> {
        let span = self.span(&pair);
        let build = |builder: &mut Self| {
            let mut statements = Vec::new();
            let place = pair.as_span();
            builder.docs_before(place.start());
            for child in pair.into_inner() {
                builder.statement_line(child, &mut statements);
            }
            builder.docs_before(place.end());
            statements
        };
        self.deeper(1, span, build).unwrap_or_default()
    }

    fn record(&self, parts: Parts, span: Span) -> Record {
        Record { name: parts.name.unwrap_or_else(|| self.nameless(span)), body: parts.body }
    }

    fn resource(&self, parts: Parts, span: Span) -> Resource {
        Resource {
            name: parts.name.unwrap_or_else(|| self.nameless(span)),
            key: parts.key,
            ty: parts.path.unwrap_or_else(|| Path { name: Name::new(""), span }),
            body: parts.body,
        }
    }

    fn output(&self, mut parts: Parts, span: Span) -> Output {
        let name = parts.name.unwrap_or_else(|| self.nameless(span));
        Output { export: parts.export, name, ty: parts.ty, value: parts.values.pop() }
    }

    pub(super) fn param(&self, mut parts: Parts, span: Span) -> Param {
        Param { name: parts.name.unwrap_or_else(|| self.nameless(span)), ty: parts.ty, default: parts.values.pop() }
    }

    fn binding(&self, mut parts: Parts, span: Span) -> Let {
        Let {
            name: parts.name.unwrap_or_else(|| self.nameless(span)),
            ty: parts.ty,
            value: parts.values.pop().unwrap_or_else(|| Self::broken(span)),
        }
    }

    fn assertion(parts: Parts, span: Span) -> Assert {
        let mut values = parts.values.into_iter();
        Assert { condition: values.next().unwrap_or_else(|| Self::broken(span)), message: values.next() }
    }

    fn for_statement(&mut self, pair: Pair<'_, Rule>, span: Span) -> For {
        let mut names = (self.nameless(span), None);
        let mut over = None;
        let mut body = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::loop_names => names = self.loop_names(child),
                Rule::expr => over = Some(self.expr(child)),
                Rule::block => body = self.block(child),
                _ => {}
            }
        }
        let (item, key) = names;
        For { binding: Binding { item, key, over: over.unwrap_or_else(|| Self::broken(span)) }, body }
    }

    /// `x`, or `k, v`: the item, and the index or key before it.
    pub(super) fn loop_names(&self, pair: Pair<'_, Rule>) -> (Ident, Option<Ident>) {
        let span = self.span(&pair);
        let mut names = pair.into_inner().map(|name| self.ident(&name));
        let first = names.next().unwrap_or_else(|| self.nameless(span));
        match names.next() {
            Some(second) => (second, Some(first)),
            None => (first, None),
        }
    }

    /// The grammar keeps `if … else if … else` in one row; the tree nests it.
    fn if_statement(&mut self, pair: Pair<'_, Rule>, span: Span) -> Option<StmtKind> {
        let arms = pair.clone().into_inner().filter(|c| c.as_rule() == Rule::expr).count();
        let nested = self.deeper(arms, span, |builder| builder.arms(&mut pair.into_inner(), span))?;
        Some(StmtKind::If(nested?))
    }

    fn arms(&mut self, pairs: &mut Pairs<'_, Rule>, span: Span) -> Option<If> {
        let condition = pairs.find(|c| c.as_rule() == Rule::expr).map(|c| self.expr(c))?;
        let then = pairs.next().map(|c| self.block(c))?;
        let mut otherwise = Vec::new();
        if pairs.next().is_some() {
            match pairs.peek().map(|next| next.as_rule()) {
                Some(Rule::block) => otherwise = pairs.next().map(|c| self.block(c)).unwrap_or_default(),
                Some(_) => {
                    let start = pairs.peek().map_or(span, |next| self.span(&next));
                    let whole = start.to(span);
                    if let Some(nested) = self.arms(pairs, span) {
                        let kind = StmtKind::If(nested);
                        otherwise.push(Stmt { doc: None, decorators: Vec::new(), span: whole, kind });
                    }
                }
                None => {}
            }
        }
        Some(If { condition, then, otherwise })
    }

    /// The text of a pair without what surrounds it, shared.
    pub(super) fn inside(pair: &Pair<'_, Rule>, open: usize, close: usize) -> Arc<str> {
        let text = pair.as_str();
        shared(text.get(open..text.len().saturating_sub(close)).unwrap_or(""))
    }
}
