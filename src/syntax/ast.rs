//! The syntax tree. It says what was written, nothing of what it means.

use std::sync::Arc;

use crate::names::Name;
use crate::source::Span;

/// A name where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ident {
    /// The name.
    pub name: Name,
    /// Where.
    pub span: Span,
}

/// One file.
#[derive(Default, Debug)]
pub struct File {
    /// Declarations in the order of the text.
    pub items: Vec<Item>,
}

/// A declaration at the top of a file.
#[derive(Debug)]
pub struct Item {
    /// `///` lines above it, joined by line breaks, without the slashes and one following space.
    pub doc: Option<Arc<str>>,
    /// `@…` above it.
    pub decorators: Vec<Decorator>,
    /// From the keyword to the end.
    pub span: Span,
    /// What is declared.
    pub kind: ItemKind,
}

/// What a declaration declares.
#[derive(Debug)]
pub enum ItemKind {
    /// `project NAME { … }?`
    Project(Record),
    /// `account NAME { … }`
    Account(Record),
    /// `env NAME { … }`
    Env(Record),
    /// `core NAME { … }` or `service NAME { … }`
    Stack(Stack),
    /// `let name: Type = expr`
    Let(Let),
    /// `param name: Type = expr`
    Param(Param),
    /// `assert cond, "message"`
    Assert(Assert),
}

/// A name with fields.
#[derive(Debug)]
pub struct Record {
    /// Its name.
    pub name: Ident,
    /// Its fields; an [`ExprKind::Object`]. `None` where there are no braces.
    pub body: Option<Expr>,
}

/// The layer of a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Layer {
    /// `core`
    Core,
    /// `service`
    Service,
}

impl Layer {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Service => "service",
        }
    }
}

/// A stack.
#[derive(Debug)]
pub struct Stack {
    /// Its layer.
    pub layer: Layer,
    /// Its name.
    pub name: Ident,
    /// What is in it.
    pub body: Vec<Stmt>,
}

/// A statement inside a stack.
#[derive(Debug)]
pub struct Stmt {
    /// `///` lines above it, as in [`Item::doc`].
    pub doc: Option<Arc<str>>,
    /// `@…` above it.
    pub decorators: Vec<Decorator>,
    /// From the keyword to the end.
    pub span: Span,
    /// What it says.
    pub kind: StmtKind,
}

/// What a statement says.
#[derive(Debug)]
pub enum StmtKind {
    /// `param name: Type = expr`
    Param(Param),
    /// `input Name: Type = expr`
    Input(Param),
    /// `let name: Type = expr`
    Let(Let),
    /// `resource Name[key] = Type { … }`
    Resource(Resource),
    /// `output Name = expr`
    Output(Output),
    /// `for k, v in xs { … }`
    For(For),
    /// `if cond { … } else { … }`
    If(If),
    /// `assert cond, "message"`
    Assert(Assert),
}

/// `@name(args)`
#[derive(Debug)]
pub struct Decorator {
    /// Without the `@`.
    pub name: Ident,
    /// What stands in the parentheses.
    pub args: Vec<Arg>,
    /// From the `@` to the end.
    pub span: Span,
}

/// `param` and `input`.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its type, if said.
    pub ty: Option<TypeExpr>,
    /// Its default, if it has one.
    pub default: Option<Expr>,
}

/// `let`.
#[derive(Debug)]
pub struct Let {
    /// Its name.
    pub name: Ident,
    /// Its type, if said.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
}

/// `resource`.
#[derive(Debug)]
pub struct Resource {
    /// Its name.
    pub name: Ident,
    /// The key in a loop: `Public[i]`.
    pub key: Option<Expr>,
    /// `AWS::EC2::Subnet`, or later the path of a component.
    pub ty: Path,
    /// Its properties: an [`ExprKind::Object`]. `None` where there are no braces.
    pub body: Option<Expr>,
}

/// `output`.
#[derive(Debug)]
pub struct Output {
    /// Its name.
    pub name: Ident,
    /// Its type, if said.
    pub ty: Option<TypeExpr>,
    /// Its value; `None` for `output Vpc`, which outputs what has that name.
    pub value: Option<Expr>,
}

/// What a loop binds.
#[derive(Debug)]
pub struct Binding {
    /// `x`, or the second of `k, v`.
    pub item: Ident,
    /// The first of `k, v`: index or key.
    pub key: Option<Ident>,
    /// What it runs over.
    pub over: Expr,
}

/// `for`.
#[derive(Debug)]
pub struct For {
    /// What it binds.
    pub binding: Binding,
    /// What it repeats.
    pub body: Vec<Stmt>,
}

/// `if` as a statement.
#[derive(Debug)]
pub struct If {
    /// When.
    pub condition: Expr,
    /// What then.
    pub then: Vec<Stmt>,
    /// What else; `else if` is one nested `If`.
    pub otherwise: Vec<Stmt>,
}

/// `assert`.
#[derive(Debug)]
pub struct Assert {
    /// What must hold.
    pub condition: Expr,
    /// What to say where it does not.
    pub message: Option<Expr>,
}

/// `A::B::C`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    /// The whole path, with `::` between the parts.
    pub name: Name,
    /// Where.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: TypeKind,
}

/// The forms of types.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `String`, `Cidr`, `AWS::EC2::VPC`
    Named(Path),
    /// `AWS::EC2::VPC.VpcId`
    Identifier(Path, Ident),
    /// `[T]`
    List(Box<TypeExpr>),
    /// `{String: T}`
    Map(Box<TypeExpr>),
    /// `{ name: String, port?: Int }`
    Record(Vec<TypeField>),
    /// `"a"`, `42`, `true`
    Literal(Box<Expr>),
    /// `A | B`
    Union(Vec<TypeExpr>),
    /// `T?`
    Optional(Box<TypeExpr>),
    /// `Int(1..)`, `Int(1..=5)` is not written: ranges include both ends here. Either end may be absent.
    Range(Path, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `String(/re/)`
    Pattern(Path, Arc<str>),
    /// Could not be read; already reported.
    Broken,
}

/// One field of a record type.
#[derive(Clone, Debug)]
pub struct TypeField {
    /// Its name.
    pub name: Ident,
    /// `name?:`
    pub optional: bool,
    /// Its type.
    pub ty: TypeExpr,
}

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
