//! Declared types.

use std::fmt;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Near, nearest};
use crate::names::Name;
use crate::schema::{Identifier, Node, Pattern, ResourceType, Types};
use crate::semantics::components::ComponentId;
use crate::semantics::declare::{At, ModuleId, Top};
use crate::semantics::eval::Evaluator;
use crate::semantics::value::{LaterType, Value};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Ident, ItemKind, Path, TypeExpr, TypeKind, Unary};

/// A type as declared.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    /// Could not be read, which is reported; everything fits.
    Unknown,
    /// `String`, `String(/re/)`
    String(Option<Arc<Pattern>>),
    /// `Int`, `Int(1..5)`
    Int(Bounds),
    /// `Float`, `Float(0..1)`
    Float(Bounds),
    /// `Bool`
    Bool,
    /// `Cidr`
    Cidr,
    /// `Arn`
    Arn,
    /// `Json`
    Json,
    /// `Asset`
    Asset,
    /// `Secret`
    Secret,
    /// `[T]`
    List(Arc<Type>),
    /// `{String: T}`
    Map(Arc<Type>),
    /// `{ name: String, port?: Int }`
    Record(Arc<[Field]>),
    /// `"a"`
    Literal(Value),
    /// `A | B`
    Union(Arc<[Type]>),
    /// `T?`
    Optional(Arc<Type>),
    /// `AWS::EC2::VPC`
    Resource(Name, Option<&'static ResourceType>, Arc<[Identifier]>),
    /// `AWS::EC2::VPC.VpcId`
    Identifier(Arc<Identity>),
    /// `lib::queue`
    Component(Name, ComponentId),
    /// What a `type` stands for, where its name says more than the whole.
    Named(Arc<Named>),
}

/// A `type` of the program.
#[derive(Debug)]
pub(crate) struct Named {
    /// Its name.
    pub(crate) name: Name,
    /// The first sentence of its documentation, as it goes on after `give`.
    pub(crate) gives: Option<String>,
    /// What it stands for; never a [`Type::Named`] or [`Type::Optional`].
    pub(crate) ty: Type,
}

/// One field of a record.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: Name,
    /// May be left out.
    pub(crate) optional: bool,
    /// Its type.
    pub(crate) ty: Type,
}

/// The ends of a range; both belong to it.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Bounds {
    /// Least value.
    pub(crate) min: Option<f64>,
    /// Greatest value.
    pub(crate) max: Option<f64>,
}

/// What a value of an identifier type identifies.
#[derive(Debug)]
pub(crate) struct Identity {
    /// As it is written.
    pub(crate) shown: String,
    /// Everything that it goes by.
    pub(crate) identifies: Vec<Identifier>,
    /// What its text must look like.
    pub(crate) pattern: Option<Arc<Pattern>>,
}

/// The types that are words of the language.
const WORDS: [&str; 9] = ["Arn", "Asset", "Bool", "Cidr", "Float", "Int", "Json", "Secret", "String"];

/// What `ty` means; what is wrong with it is reported.
pub(crate) fn resolve(ev: &mut Evaluator<'_>, ty: &TypeExpr) -> Type {
    match &ty.kind {
        TypeKind::Named(path) => named(ev, path),
        TypeKind::Identifier(path, attribute) => identifier(ev, path, *attribute),
        TypeKind::List(item) => Type::List(Arc::new(resolve(ev, item))),
        TypeKind::Map(value) => Type::Map(Arc::new(resolve(ev, value))),
        TypeKind::Record(fields) => {
            let field = |ev: &mut Evaluator<'_>, f: &crate::syntax::ast::TypeField| Field {
                name: f.name.name,
                optional: f.optional,
                ty: resolve(ev, &f.ty),
            };
            Type::Record(fields.iter().map(|f| field(ev, f)).collect())
        }
        TypeKind::Literal(value) => literal(value).map_or_else(|| no_literal(ev, value.span), Type::Literal),
        TypeKind::Union(members) => Type::Union(members.iter().map(|member| resolve(ev, member)).collect()),
        TypeKind::Optional(inner) => Type::Optional(Arc::new(resolve(ev, inner))),
        TypeKind::Range(path, min, max) => range(ev, path, min.as_deref(), max.as_deref()),
        TypeKind::Pattern(path, source) => pattern(ev, path, source, ty.span),
        TypeKind::Broken => Type::Unknown,
    }
}

fn word(name: &str) -> Option<Type> {
    Some(match name {
        "String" => Type::String(None),
        "Int" => Type::Int(Bounds::default()),
        "Float" => Type::Float(Bounds::default()),
        "Bool" => Type::Bool,
        "Cidr" => Type::Cidr,
        "Arn" => Type::Arn,
        "Json" => Type::Json,
        "Asset" => Type::Asset,
        "Secret" => Type::Secret,
        _ => return None,
    })
}

fn named(ev: &mut Evaluator<'_>, path: &Path) -> Type {
    if let Some(word) = word(path.name.as_str()) {
        return word;
    }
    let module = ev.frame.unit.module;
    match ev.program.find(module, path.name.as_str()) {
        Some((module, Top::Alias(at))) => return alias(ev, module, at, path),
        Some((module, Top::Component(at))) => return Type::Component(path.name, (module, at)),
        _ => {}
    }
    match resource(ev, path) {
        Some(known) => {
            let identifies = known.map_or_else(Vec::new, |known| ev.types().ref_identifies(known));
            Type::Resource(path.name, known, identifies.into())
        }
        None => Type::Unknown,
    }
}

/// Whether a name or path is one of a type, and of no value.
pub(super) fn is_type(ev: &Evaluator<'_>, name: Name) -> bool {
    match ev.program.find(ev.frame.unit.module, name.as_str()) {
        Some((_, top)) => matches!(top, Top::Alias(_) | Top::Component(_)),
        None => {
            let name = name.as_str();
            word(name).is_some() || name.contains("::") && name.starts_with(|c: char| c.is_ascii_uppercase())
        }
    }
}

/// The type that a pattern of a `match` names.
pub(super) fn pattern_type(ev: &mut Evaluator<'_>, path: &Path, attribute: Option<Ident>) -> Type {
    match attribute {
        Some(attribute) => identifier(ev, path, attribute),
        None => named(ev, path),
    }
}

/// What a `type` stands for, as the module sees it that declares it.
fn alias(ev: &mut Evaluator<'_>, module: ModuleId, at: At, path: &Path) -> Type {
    if let Some(known) = ev.aliases.get(&at) {
        return known.clone();
    }
    let program = ev.program;
    let Some(ItemKind::Alias(alias)) = program.item(at).map(|item| &item.kind) else { return Type::Unknown };
    if ev.resolving.contains(&at) {
        ev.report(
            Diagnostic::new(Code::Cycle, format!("the type `{}` is made of itself", alias.name.name))
                .at(path.span, "needed for itself")
                .at(alias.name.span, "declared here")
                .help("types are finite: take one of these out of the circle, or use `Json`"),
        );
        return Type::Unknown;
    }
    ev.resolving.push(at);
    let fine = ev.enter(path.span);
    let ty = ev.in_top(module, |ev| if fine { resolve(ev, &alias.ty) } else { Type::Unknown });
    // As the program says it.
    let is_std = alias.name.span.file.built_in_at().is_some();
    let name = if is_std { Name::new(&format!("std::{}", alias.name.name)) } else { alias.name.name };
    let ty = named_as(name, program.item(at).and_then(|item| item.doc.as_deref()), ty);
    ev.leave();
    ev.resolving.pop();
    ev.aliases.insert(at, ty.clone());
    ty
}

/// The type under the name that the program gives it, where the whole would be a long read.
fn named_as(name: Name, doc: Option<&str>, ty: Type) -> Type {
    let is_long = match &ty {
        Type::Union(members) => !members.iter().all(|member| matches!(member, Type::Literal(_))),
        Type::String(pattern) => pattern.is_some(),
        _ => false,
    };
    let gives = doc.map(first_sentence).filter(|sentence| !sentence.is_empty());
    match is_long && gives.is_some() {
        true => Type::Named(Arc::new(Named { name, gives, ty })),
        false => ty,
    }
}

/// The first sentence of a documentation, beginning with a small letter and without its period.
fn first_sentence(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let paragraph = paragraph.join(" ");
    let sentence = paragraph.split(". ").next().unwrap_or_default().trim_end_matches(['.', ':']);
    let mut letters = sentence.chars();
    // `AWS` and `IAM` stay as they are.
    let is_word = letters.clone().nth(1).is_none_or(|second| !second.is_uppercase());
    match letters.next() {
        Some(first) if is_word => first.to_lowercase().chain(letters).collect(),
        _ => sentence.to_owned(),
    }
}

/// A resource type by its path: `Some(None)` where the schema may not know it yet.
fn resource(ev: &mut Evaluator<'_>, path: &Path) -> Option<Option<&'static ResourceType>> {
    let name = path.name.as_str();
    let known = ev.types().resource(name);
    if known.is_some() || name.starts_with("Custom::") {
        return Some(known);
    }
    let own = ev.program.neighbours(ev.frame.unit.module, name, |top| matches!(top, Top::Alias(_) | Top::Component(_)));
    if name.contains("::") && !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let near = nearest_type(ev, name);
        let problem = Diagnostic::new(Code::UnknownResourceType, format!("the resource type `{name}` is not known"))
            .at(path.span, near.map_or_else(|| "not known".to_owned(), |near| format!("the nearest is `{near}`")));
        ev.report(match near {
            Some(near) => problem.help(format!("write `{near}`")).fix(path.span, near),
            None => problem.help("check the name, or use a newer version that knows it"),
        });
        return Some(None);
    }
    let near = nearest(name, own.iter().map(String::as_str).chain(WORDS)).or(match name {
        "Number" | "Integer" => Some("Int".into()),
        "Text" | "str" => Some("String".into()),
        "Double" | "Decimal" => Some("Float".into()),
        _ => None,
    });
    let problem = Diagnostic::new(Code::UnknownType, format!("there is no type `{name}`")).at(path.span, "not a type");
    ev.report(match near {
        Some(near) => problem.help(format!("write `{near}`")).fix(path.span, near),
        None => problem.help(format!("use one of {}, or a resource type", WORDS.join(", "))),
    });
    None
}

/// The type of AWS that is meant by a name that is none. Each part must be near on its own:
/// `AWS::New::Thing` is not a slip for `AWS::IoT::Thing`.
pub(crate) fn nearest_type(ev: &Evaluator<'_>, name: &str) -> Option<Near<'static>> {
    nearest_of(ev.types(), name)
}

/// The resource type of the nearest name.
pub(crate) fn nearest_of(types: &'static Types, name: &str) -> Option<Near<'static>> {
    let near = |a: &str, b: &'static str| a == b || nearest(a, [b]).is_some();
    let alike = |other: &&'static str| {
        name.split("::").count() == other.split("::").count()
            && name.split("::").zip(other.split("::")).all(|(a, b)| near(a, b))
    };
    let own = types.own().map(|resource| resource.name);
    nearest(name, types.names().chain(own).filter(alike))
}

fn identifier(ev: &mut Evaluator<'_>, path: &Path, attribute: Ident) -> Type {
    let known = match resource(ev, path) {
        None => return Type::Unknown,
        Some(None) => return Type::String(None),
        Some(Some(known)) => known,
    };
    let (name, types) = (attribute.name.as_str(), ev.types());
    let step: Vec<&str> = name.split('.').collect();
    let node = match known.attributes.iter().find(|a| a.path == name) {
        Some(found) => Some(types.node(found.node)),
        None => types.at_path(known, &step),
    };
    let Some(node) = node else {
        let near = nearest(name, known.attributes.iter().map(|a| a.path));
        let problem = Diagnostic::new(Code::UnknownAttribute, format!("`{}` has no attribute `{name}`", path.name)).at(
            attribute.span,
            near.map_or_else(|| "not an attribute".to_owned(), |near| format!("the nearest is `{near}`")),
        );
        ev.report(match near {
            Some(near) => problem.help(format!("write `{near}`")).fix(attribute.span, near),
            None => problem.help(format!("run `infra explain {}` to see its attributes", path.name)),
        });
        return Type::Unknown;
    };
    let mut identifies = types.attribute_identifies(known, name);
    let own = Identifier { resource: known.name, attribute: Name::new(name).as_str() };
    let mut pattern = None;
    if let Node::String(string) = node {
        identifies.extend(string.identifies.iter().copied());
        pattern.clone_from(&string.pattern);
    }
    if identifies.is_empty() {
        identifies.push(own);
    }
    identifies.sort_unstable();
    identifies.dedup();
    Type::Identifier(Arc::new(Identity { shown: format!("{}.{name}", path.name), identifies, pattern }))
}

/// A literal as a type: text, number, `true`, `null`.
fn literal(expr: &Expr) -> Option<Value> {
    Some(match &expr.kind {
        ExprKind::Null => Value::Null,
        ExprKind::Bool(truth) => Value::Bool(*truth),
        ExprKind::Int(number) => Value::Int(*number),
        ExprKind::Float(number) => Value::Float(*number),
        ExprKind::Str(text) => Value::Str(text.clone()),
        ExprKind::Unary(Unary::Minus, inner) => match &inner.kind {
            ExprKind::Int(number) => Value::Int(number.checked_neg()?),
            ExprKind::Float(number) => Value::Float(-number),
            _ => return None,
        },
        _ => return None,
    })
}

fn no_literal(ev: &mut Evaluator<'_>, span: Span) -> Type {
    ev.report(
        Diagnostic::new(Code::UnknownType, "only literals can stand in a type")
            .at(span, "computed")
            .help("write the text or number itself"),
    );
    Type::Unknown
}

fn range(ev: &mut Evaluator<'_>, path: &Path, min: Option<&Expr>, max: Option<&Expr>) -> Type {
    let mut end = |expr: Option<&Expr>| -> Result<Option<f64>, ()> {
        let Some(expr) = expr else { return Ok(None) };
        match literal(expr) {
            #[expect(clippy::cast_precision_loss, reason = "ends of ranges are far from the limits of numbers")]
            Some(Value::Int(number)) => Ok(Some(number as f64)),
            Some(Value::Float(number)) => Ok(Some(number)),
            _ => {
                ev.report(
                    Diagnostic::new(Code::UnknownType, "the end of a range in a type is a number")
                        .at(expr.span, "not a number")
                        .help("write a number, such as `Int(1..10)`"),
                );
                Err(())
            }
        }
    };
    let (Ok(min), Ok(max)) = (end(min), end(max)) else { return Type::Unknown };
    match path.name.as_str() {
        "Int" => Type::Int(Bounds { min, max }),
        "Float" => Type::Float(Bounds { min, max }),
        name => {
            ev.report(
                Diagnostic::new(Code::UnknownType, format!("`{name}` has no range"))
                    .at(path.span, "takes no range")
                    .help("give a range to `Int` or `Float`"),
            );
            Type::Unknown
        }
    }
}

fn pattern(ev: &mut Evaluator<'_>, path: &Path, source: &str, span: Span) -> Type {
    let problem = if path.name.as_str() == "String" {
        // Interning gives the pattern the lifetime that patterns of the schema have.
        match Pattern::linear(Name::new(source).as_str()) {
            Ok(pattern) => return Type::String(Some(Arc::new(pattern))),
            Err(why) => Diagnostic::new(Code::BadValue, format!("`/{source}/` is not a regular expression"))
                .at(span, why)
                .help("write it in the syntax of Rust's `regex`"),
        }
    } else {
        Diagnostic::new(Code::UnknownType, format!("`{}` has no pattern", path.name))
            .at(path.span, "takes no pattern")
            .help("give a pattern to `String`")
    };
    ev.report(problem);
    Type::Unknown
}

impl Type {
    /// How a value of this type is known before it is deployed: the type of an `input`.
    /// `None` where CloudFormation has no parameter of that shape (objects, nested lists).
    pub(crate) fn later(&self) -> Option<LaterType> {
        Some(match self {
            Self::Unknown => LaterType::Any,
            Self::String(_) | Self::Cidr | Self::Arn | Self::Secret | Self::Literal(Value::Str(_)) => {
                LaterType::String(Vec::new())
            }
            Self::Int(_) | Self::Literal(Value::Int(_)) => LaterType::Int,
            Self::Float(_) | Self::Literal(Value::Float(_)) => LaterType::Float,
            Self::Bool | Self::Literal(Value::Bool(_)) => LaterType::Bool,
            Self::List(item) => match item.later()? {
                LaterType::List(..) => return None,
                item => LaterType::List(Box::new(item), None),
            },
            Self::Union(members) => {
                let mut all = members.iter().map(|member| member.later());
                let first = all.next()??;
                all.all(|other| other.as_ref() == Some(&first)).then_some(first)?
            }
            Self::Optional(inner) => inner.later()?,
            Self::Named(named) => named.ty.later()?,
            Self::Resource(_, _, identifies) => LaterType::String(identifies.to_vec()),
            Self::Identifier(identity) => LaterType::String(identity.identifies.clone()),
            Self::Json | Self::Asset | Self::Map(_) | Self::Record(_) | Self::Literal(_) | Self::Component(..) => {
                return None;
            }
        })
    }

    /// `Secret`, or a union or optional of it.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::Optional(inner) => inner.is_secret(),
            Self::Union(members) => members.iter().any(Self::is_secret),
            Self::Named(named) => named.ty.is_secret(),
            _ => false,
        }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: Option<f64>| end.map_or_else(String::new, |end| end.to_string());
        write!(f, "{}..{}", end(self.min), end(self.max))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounded = |f: &mut fmt::Formatter<'_>, name: &str, bounds: &Bounds| match bounds {
            Bounds { min: None, max: None } => f.write_str(name),
            bounds => write!(f, "{name}({bounds})"),
        };
        match self {
            Self::Unknown => f.write_str("_"),
            Self::String(None) => f.write_str("String"),
            Self::String(Some(pattern)) => write!(f, "String(/{}/)", pattern.source()),
            Self::Int(bounds) => bounded(f, "Int", bounds),
            Self::Float(bounds) => bounded(f, "Float", bounds),
            Self::Bool => f.write_str("Bool"),
            Self::Cidr => f.write_str("Cidr"),
            Self::Arn => f.write_str("Arn"),
            Self::Json => f.write_str("Json"),
            Self::Asset => f.write_str("Asset"),
            Self::Secret => f.write_str("Secret"),
            Self::List(item) => write!(f, "[{item}]"),
            Self::Map(value) => write!(f, "{{String: {value}}}"),
            Self::Record(fields) => {
                f.write_str("{ ")?;
                for (at, field) in fields.iter().enumerate() {
                    let (before, mark) = (if at > 0 { ", " } else { "" }, if field.optional { "?" } else { "" });
                    write!(f, "{before}{}{mark}: {}", field.name, field.ty)?;
                }
                f.write_str(" }")
            }
            Self::Literal(Value::Str(text)) => write!(f, "{text:?}"),
            Self::Literal(Value::Null) => f.write_str("null"),
            Self::Literal(value) => f.write_str(&super::fits::scalar_text(value)),
            Self::Union(members) => {
                for (at, member) in members.iter().enumerate() {
                    write!(f, "{}{member}", if at > 0 { " | " } else { "" })?;
                }
                Ok(())
            }
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::Resource(name, ..) => write!(f, "{name}"),
            Self::Identifier(identity) => f.write_str(&identity.shown),
            Self::Component(name, _) => write!(f, "{name}"),
            Self::Named(named) => write!(f, "{}", named.name),
        }
    }
}
