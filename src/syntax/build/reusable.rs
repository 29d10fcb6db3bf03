//! Declarations beside stacks: components, functions, types, imports, stacks of others, tests.

use super::super::ast::{
    Alias, Arg, Component, Entry, Existing, Expr, ExprKind, External, Fails, Function, Ident, Import, Interface,
    ItemKind, Layer, Param, Path, Quoted, Set, Stmt, Stub, Test, TypeExpr, TypeField, TypeKind,
};
use super::super::explain::Context;
use super::super::grammar::{Pair, Rule};
use super::Builder;
use crate::names::Name;
use crate::source::Span;

/// What stands inside such a declaration, whichever it is.
#[derive(Default)]
struct Inside {
    layer: Option<Layer>,
    names: Vec<Ident>,
    quoted: Option<Quoted>,
    params: Vec<Param>,
    ty: Option<TypeExpr>,
    value: Option<Expr>,
    function: Option<Path>,
    args: Vec<Arg>,
    body: Option<Expr>,
    block: Vec<Stmt>,
    interface: Option<Interface>,
    test: TestBlock,
}

/// What stands between the braces of a test.
#[derive(Default)]
struct TestBlock {
    stubs: Vec<Stub>,
    sets: Vec<Set>,
    fails: Vec<Fails>,
    body: Vec<Stmt>,
}

impl Builder<'_> {
    /// What the declaration declares; `None` for those that `declarations` builds.
    pub(super) fn reusable(&mut self, pair: &Pair<'_, Rule>, span: Span) -> Option<ItemKind> {
        let rule = pair.as_rule();
        if !matches!(
            rule,
            Rule::component
                | Rule::function
                | Rule::alias
                | Rule::import
                | Rule::external
                | Rule::existing
                | Rule::test
        ) {
            return None;
        }
        let mut inside = self.inside_of(pair.clone());
        let name = inside.names.first().copied().unwrap_or_else(|| self.nameless(span));
        let layer = inside.layer.unwrap_or(Layer::Core);
        let quoted = inside.quoted.take().unwrap_or_else(|| Quoted { text: "".into(), span });
        Some(match rule {
            Rule::component => ItemKind::Component(Component { name, body: inside.block }),
            Rule::function => ItemKind::Function(Function {
                name,
                params: inside.params,
                ty: inside.ty,
                value: inside.value.unwrap_or_else(|| Self::broken(span)),
            }),
            Rule::alias => {
                let ty = inside.ty.unwrap_or(TypeExpr { span, kind: TypeKind::Broken });
                ItemKind::Alias(Alias { name, ty })
            }
            Rule::import => ItemKind::Import(Import { path: quoted, name }),
            Rule::external => {
                let interface = inside.interface.unwrap_or(Interface::File(quoted));
                ItemKind::External(External { layer, name, interface })
            }
            Rule::existing => ItemKind::Existing(Existing {
                layer,
                name,
                function: inside.function.unwrap_or_else(|| Path { name: Name::new(""), span }),
                args: inside.args,
                body: inside.body,
            }),
            _ => {
                let TestBlock { stubs, sets, fails, body } = inside.test;
                ItemKind::Test(Test { title: quoted, envs: inside.names, stubs, sets, fails, body })
            }
        })
    }

    fn inside_of(&mut self, pair: Pair<'_, Rule>) -> Inside {
        let mut inside = Inside::default();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::layer => inside.layer = Some(Self::layer(&child)),
                Rule::new_name => inside.names.push(self.ident(&child)),
                Rule::plain_string | Rule::raw_string => inside.quoted = Some(self.quoted(child)),
                Rule::parameters => inside.params = self.parameters(child),
                Rule::of_type => inside.ty = child.into_inner().next().map(|ty| self.ty(ty)),
                Rule::ty => inside.ty = Some(self.ty(child)),
                Rule::expr => inside.value = Some(self.expr(child)),
                Rule::path => inside.function = Some(self.path(&child)),
                Rule::arguments => inside.args = self.arguments(child),
                Rule::object => inside.body = Some(self.object(child)),
                Rule::block => inside.block = self.block(child),
                Rule::test_block => inside.test = self.test(child),
                Rule::interface => inside.interface = Some(self.interface(child)),
                _ => {}
            }
        }
        inside
    }

    /// Text of a file name or a title.
    fn quoted(&mut self, pair: Pair<'_, Rule>) -> Quoted {
        let span = self.span(&pair);
        match self.primary(pair).kind {
            ExprKind::Str(text) => Quoted { text, span },
            _ => Quoted { text: "".into(), span },
        }
    }

    /// What a test says between its braces.
    fn test(&mut self, pair: Pair<'_, Rule>) -> TestBlock {
        let mut test = TestBlock::default();
        let place = pair.as_span();
        self.docs_before(place.start());
        for child in pair.into_inner() {
            let (rule, end) = (child.as_rule(), child.as_span().end());
            let span = self.span(&child);
            match rule {
                Rule::stub => {
                    let parts = self.parts(child);
                    let stack = parts.name.unwrap_or_else(|| self.nameless(span));
                    test.stubs.push(Stub { stack, values: parts.body.unwrap_or_else(|| Self::broken(span)) });
                }
                Rule::set => {
                    let name = child.clone().into_inner().find(|part| part.as_rule() == Rule::set_name);
                    let name = name.map_or_else(|| self.nameless(span), |name| self.ident(&name));
                    let value = self.parts(child).values.pop().unwrap_or_else(|| Self::broken(span));
                    test.sets.push(Set { name, value });
                }
                Rule::fails => {
                    let mut texts = child.into_inner().map(|text| self.quoted(text));
                    let code = texts.next();
                    let message = texts.next();
                    let code = code.unwrap_or_else(|| Quoted { text: "".into(), span });
                    test.fails.push(Fails { code, message });
                }
                Rule::broken_test => self.skipped(Context::Test, &child),
                _ => self.statement_line(child, &mut test.body),
            }
            self.docs_before(end);
        }
        self.docs_before(place.end());
        test
    }

    /// What a function takes.
    fn parameters(&mut self, pair: Pair<'_, Rule>) -> Vec<Param> {
        let mut params = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::parameter => {
                    let span = self.span(&child);
                    let parts = self.parts(child);
                    params.push(self.param(parts, span));
                }
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => self.skipped(Context::Parameter, &child),
            }
        }
        params
    }

    /// Outputs with their types, and settings.
    fn interface(&mut self, pair: Pair<'_, Rule>) -> Interface {
        let span = self.span(&pair);
        let (mut outputs, mut settings): (Vec<TypeField>, Vec<Entry>) = (Vec::new(), Vec::new());
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::type_output => outputs.push(self.type_field(child)),
                Rule::entry => settings.extend(self.entry(child)),
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => self.skipped(Context::Entry, &child),
            }
        }
        Interface::Said(outputs, Expr { span, kind: ExprKind::Object(settings.into()) })
    }
}
