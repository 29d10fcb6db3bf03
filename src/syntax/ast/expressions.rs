//! Expressions.

use std::sync::Arc;

use super::{Ident, TypeExpr};
use crate::names::Name;
use crate::source::Span;

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ExprKind,
}

/// The forms of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// Text without `${…}`; escapes resolved, indentation stripped.
    Str(Arc<str>),
    /// Text with `${…}`.
    Template(Box<[Piece]>),
    /// `x`
    Name(Name),
    /// `std::x`, `AWS::EC2::VPC`; only called, or as a type.
    Path(Name),
    /// `[a, ...b]`
    List(Box<[Element]>),
    /// `{ a: 1, ...b }`
    Object(Box<[Entry]>),
    /// `[for x in xs if c: e]`
    ListFor(Box<ListFor>),
    /// `{for k, v in m if c: k: e}`
    ObjectFor(Box<ObjectFor>),
    /// `a.b`, and `a?.b` with `true`
    Field(Box<Expr>, Ident, bool),
    /// `a[0]`, `roles[prod, "us-east-1"]`
    Index(Box<Expr>, Box<[Expr]>),
    /// `f(x, named: y)`
    Call(Box<Expr>, Box<[Arg]>),
    /// `!a`, `-a`
    Unary(Unary, Box<Expr>),
    /// `a + b`
    Binary(Binary, Box<(Expr, Expr)>),
    /// `if c then a else b`
    If(Box<(Expr, Expr, Expr)>),
    /// `match x { … }`
    Match(Box<Match>),
    /// `a..b`, without `b`
    Range(Box<(Expr, Expr)>),
    /// `a as T`
    As(Box<Expr>, Box<TypeExpr>),
    /// `raw { … }`; what stands in the braces.
    Raw(Box<Expr>),
    /// `live network.Vpc`; what stands behind `live`.
    Live(Box<Expr>),
    /// Could not be read; already reported.
    Broken,
}

/// A piece of interpolated text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// As it is.
    Text(Arc<str>),
    /// `${expr}`
    Expr(Expr),
}

/// An element of a list.
#[derive(Clone, Debug)]
pub struct Element {
    /// `...x`
    pub spread: bool,
    /// The value.
    pub value: Expr,
}

/// An entry of an object.
#[derive(Clone, Debug)]
pub enum Entry {
    /// `key: value`
    Field(Key, Expr),
    /// `...x`
    Spread(Expr),
}

/// A key of an object.
#[derive(Clone, Debug)]
pub enum Key {
    /// `Key`, or `"key"` without interpolation.
    Name(Ident),
    /// `"${k}-x"`, or `[expr]`.
    Computed(Expr),
}

/// `[for …]`
#[derive(Clone, Debug)]
pub struct ListFor {
    /// What it binds.
    pub binding: Comprehension,
    /// What it yields.
    pub value: Expr,
}

/// `{for …}`
#[derive(Clone, Debug)]
pub struct ObjectFor {
    /// What it binds.
    pub binding: Comprehension,
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// `for k, v in xs if c`
#[derive(Clone, Debug)]
pub struct Comprehension {
    /// `x`, or the second of `k, v`.
    pub item: Ident,
    /// The first of `k, v`.
    pub key: Option<Ident>,
    /// What it runs over.
    pub over: Expr,
    /// Which to keep.
    pub condition: Option<Expr>,
}

/// An argument.
#[derive(Clone, Debug)]
pub struct Arg {
    /// `name:` before it.
    pub name: Option<Ident>,
    /// `...` before it.
    pub spread: bool,
    /// The value.
    pub value: Expr,
}

/// `match`.
#[derive(Clone, Debug)]
pub struct Match {
    /// What is looked at.
    pub subject: Expr,
    /// The arms before `else`.
    pub arms: Vec<Arm>,
    /// `else: …`
    pub otherwise: Option<Expr>,
}

impl Match {
    /// The values of all arms, that of `else` last.
    pub fn values(&self) -> impl Iterator<Item = &Expr> {
        self.arms.iter().map(|arm| &arm.value).chain(&self.otherwise)
    }
}

/// One arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// `"b", "c"`; bare names are environments, where the subject is `env`.
    pub patterns: Vec<Expr>,
    /// The value.
    pub value: Expr,
}

/// Operators before one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unary {
    /// `!`
    Not,
    /// `-`
    Minus,
}

/// Operators between two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binary {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `??`
    Else,
}

impl Binary {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::And => "&&",
            Self::Or => "||",
            Self::Else => "??",
        }
    }
}
