//! Statements and expressions that have their places in a compose file.

use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::{
    Arg, Decorator, Element, Entry, Expr, ExprKind, Ident, Key, Output, Param, Path, Resource, Stmt, StmtKind,
    TypeExpr, TypeKind,
};

fn expr(span: Span, kind: ExprKind) -> Expr {
    Expr { span, kind }
}

pub(super) fn ident(span: Span, name: &str) -> Ident {
    Ident { name: Name::new(name), span }
}

pub(super) fn text(span: Span, text: &str) -> Expr {
    expr(span, ExprKind::Str(text.into()))
}

pub(super) fn int(span: Span, number: i64) -> Expr {
    expr(span, ExprKind::Int(number))
}

pub(super) fn truth(span: Span, is: bool) -> Expr {
    expr(span, ExprKind::Bool(is))
}

pub(super) fn null(span: Span) -> Expr {
    expr(span, ExprKind::Null)
}

pub(super) fn name(span: Span, name: &str) -> Expr {
    expr(span, ExprKind::Name(Name::new(name)))
}

/// `Net.vpc`, `Jobs.dead_letters.Arn`
pub(super) fn path(span: Span, first: &str, fields: &[&str]) -> Expr {
    let field = |base, field: &&str| expr(span, ExprKind::Field(Box::new(base), ident(span, field), false));
    fields.iter().fold(name(span, first), field)
}

/// `std::grant_send(…)`, `cidr_subnet(…)`
pub(super) fn call(span: Span, function: &str, args: Vec<Expr>) -> Expr {
    let function = match function.contains("::") {
        true => expr(span, ExprKind::Path(Name::new(function))),
        false => name(span, function),
    };
    let args = args.into_iter().map(|value| Arg { name: None, spread: false, value }).collect();
    expr(span, ExprKind::Call(Box::new(function), args))
}

pub(super) fn list(span: Span, items: Vec<Expr>) -> Expr {
    expr(span, ExprKind::List(items.into_iter().map(|value| Element { spread: false, value }).collect()))
}

/// The fields of an object.
#[derive(Clone, Default, Debug)]
pub(super) struct Fields(Vec<Entry>);

impl Fields {
    pub(super) fn put(&mut self, key: &str, value: Expr) -> &mut Self {
        self.at(key, value.span, value)
    }

    /// Adds a field whose key stands somewhere else than its value.
    pub(super) fn at(&mut self, key: &str, span: Span, value: Expr) -> &mut Self {
        self.0.push(Entry::Field(Key::Name(ident(span, key)), value));
        self
    }

    pub(super) fn maybe(&mut self, key: &str, value: Option<Expr>) -> &mut Self {
        if let Some(value) = value {
            self.put(key, value);
        }
        self
    }

    /// Adds an object, where it has any fields.
    pub(super) fn object(&mut self, key: &str, span: Span, fields: Self) -> &mut Self {
        self.maybe(key, (!fields.is_empty()).then(|| fields.expr(span)))
    }

    /// Adds a list, where it has any items.
    pub(super) fn list(&mut self, key: &str, span: Span, items: Vec<Expr>) -> &mut Self {
        self.maybe(key, (!items.is_empty()).then(|| list(span, items)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|entry| matches!(entry, Entry::Field(Key::Name(key), _) if key.name.as_str() == name))
    }

    /// Takes the field of that name out.
    pub(super) fn take(&mut self, name: &str) -> Option<Expr> {
        let is = |entry: &Entry| matches!(entry, Entry::Field(Key::Name(key), _) if key.name.as_str() == name);
        let at = self.0.iter().position(is)?;
        match self.0.remove(at) {
            Entry::Field(_, value) => Some(value),
            Entry::Spread(_) => None,
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn expr(self, span: Span) -> Expr {
        expr(span, ExprKind::Object(self.0.into()))
    }
}

/// `resource Name = Type { … }`, after those that it waits for.
pub(super) fn resource(span: Span, name: &str, ty: &str, fields: Fields, after: &[(String, Span)]) -> Stmt {
    let body = Some(fields.expr(span));
    let args = after.iter().map(|(other, at)| Arg { name: None, spread: false, value: self::name(*at, other) });
    let args: Vec<Arg> = args.collect();
    let decorators = match args.is_empty() {
        true => Vec::new(),
        false => vec![Decorator { name: ident(span, "after"), args, span }],
    };
    let ty = Path { name: Name::new(ty), span };
    let resource = Resource { name: ident(span, name), key: None, ty, body };
    Stmt { doc: None, decorators, span, kind: StmtKind::Resource(resource) }
}

/// `input Name: String = default`
pub(super) fn input(name: &str, default: &Expr) -> Stmt {
    let span = default.span;
    let ty = TypeExpr { span, kind: TypeKind::Named(Path { name: Name::new("String"), span }) };
    let input = Param { name: ident(span, name), ty: Some(ty), default: Some(default.clone()) };
    Stmt { doc: None, decorators: Vec::new(), span, kind: StmtKind::Input(input) }
}

/// `output Name = value`
pub(super) fn output(span: Span, name: &str, value: Expr, doc: &str) -> Stmt {
    let output = Output { export: false, name: ident(span, name), ty: None, value: Some(value) };
    Stmt { doc: Some(doc.into()), decorators: Vec::new(), span, kind: StmtKind::Output(output) }
}
