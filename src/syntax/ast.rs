//! The syntax tree. It says what was written, nothing of what it means.

use std::sync::Arc;

use crate::names::Name;
use crate::source::Span;

mod expressions;
pub mod walk;

pub use expressions::*;

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
    /// `component NAME { … }`
    Component(Component),
    /// `fn name(a: T, b: T = v): T = expr`
    Function(Function),
    /// `type NAME = T`
    Alias(Alias),
    /// `use "PATH" as NAME`
    Import(Import),
    /// `extern core NAME { … }`, `extern core NAME from "FILE"`
    External(External),
    /// `core NAME = template("FILE") { … }`
    Existing(Existing),
    /// `test "…" for ENV { … }`
    Test(Test),
}

/// A resource type of the project's own.
#[derive(Debug)]
pub struct Component {
    /// Its name.
    pub name: Ident,
    /// What is in it.
    pub body: Vec<Stmt>,
}

/// A pure function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: Ident,
    /// What it takes.
    pub params: Vec<Param>,
    /// The type of what it gives, if said.
    pub ty: Option<TypeExpr>,
    /// What it gives.
    pub value: Expr,
}

/// A name for a type.
#[derive(Debug)]
pub struct Alias {
    /// Its name.
    pub name: Ident,
    /// What it stands for.
    pub ty: TypeExpr,
}

/// Text where it stands, quotes and all.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// What it says.
    pub text: Arc<str>,
    /// Where.
    pub span: Span,
}

/// What another directory declares, under a name.
#[derive(Debug)]
pub struct Import {
    /// The directory, relative to the project.
    pub path: Quoted,
    /// Its name here.
    pub name: Ident,
}

/// A stack that others deploy.
#[derive(Debug)]
pub struct External {
    /// Its layer.
    pub layer: Layer,
    /// Its name here.
    pub name: Ident,
    /// What it offers.
    pub interface: Interface,
}

/// The interface of a stack that others deploy.
#[derive(Debug)]
pub enum Interface {
    /// Its outputs with their types, and settings (`stack: "name"`), an [`ExprKind::Object`].
    Said(Vec<TypeField>, Expr),
    /// The contract file that says it.
    File(Quoted),
}

/// A template that is a stack as it is.
#[derive(Debug)]
pub struct Existing {
    /// Its layer.
    pub layer: Layer,
    /// Its name.
    pub name: Ident,
    /// `template`, and where it stands.
    pub function: Path,
    /// What it is called with.
    pub args: Vec<Arg>,
    /// Values of its parameters: an [`ExprKind::Object`]. `None` where there are no braces.
    pub body: Option<Expr>,
}

/// Assertions over what is compiled.
#[derive(Debug)]
pub struct Test {
    /// What it shows.
    pub title: Quoted,
    /// The environments it runs for; none means all.
    pub envs: Vec<Ident>,
    /// What stands for other stacks.
    pub stubs: Vec<Stub>,
    /// Inputs and params that are set.
    pub sets: Vec<Set>,
    /// Problems that there must be.
    pub fails: Vec<Fails>,
    /// `let`s, assertions, and what repeats and chooses them.
    pub body: Vec<Stmt>,
}

/// `stub network { Vpc: "vpc-1" }`
#[derive(Debug)]
pub struct Stub {
    /// The stack.
    pub stack: Ident,
    /// Its outputs: an [`ExprKind::Object`].
    pub values: Expr,
}

/// `set api.Image = "repo:2"`
#[derive(Debug)]
pub struct Set {
    /// `api.Image`, or the name of a `param` at the top.
    pub name: Ident,
    /// Its value.
    pub value: Expr,
}

/// `fails "assertion-failed", "a week"`
#[derive(Debug)]
pub struct Fails {
    /// The code of the problem.
    pub code: Quoted,
    /// What its message has in it.
    pub message: Option<Quoted>,
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
    /// `AWS::EC2::Subnet`, or the path of a component.
    pub ty: Path,
    /// Its properties: an [`ExprKind::Object`]. `None` where there are no braces.
    pub body: Option<Expr>,
}

/// `output`.
#[derive(Debug)]
pub struct Output {
    /// `export` before it: also a CloudFormation export.
    pub export: bool,
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
