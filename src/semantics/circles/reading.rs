//! What the source says of one step: what is read there, and what for.

use crate::names::Name;
use crate::semantics::Program;
use crate::semantics::declare::Top;
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key, Output, Resource, Stmt, StmtKind, walk};

use super::Step;

/// How often a name that stands for something is followed.
const FOLLOWED: usize = 4;

/// The longest text that is repeated in a message.
const LONGEST: usize = 120;

/// What an output of another stack is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    /// To say who may do something: in a trust, key or resource policy.
    Principal,
    /// To say what a role may do.
    Allowed,
    /// For anything else.
    Else,
}

/// A use of an output of another stack.
pub(super) struct Reading<'p> {
    /// `roles[prod].Deploy`
    pub(super) span: Span,
    /// The same as text.
    pub(super) text: &'p str,
    /// The name in brackets that no environment has: that of a loop over them.
    pub(super) chosen: Option<Name>,
    /// What for.
    pub(super) how: How,
    /// The resource that it is for.
    pub(super) user: Option<&'p Resource>,
    /// The output by which others know the name of that resource.
    pub(super) role_output: Option<Name>,
    /// Of [`How::Allowed`], the permission: `std::grant_read(data.Reports)`.
    pub(super) allowed: Option<&'p str>,
    /// The resource that the output is of.
    pub(super) read: Option<&'p Resource>,
    /// Whether the output is the name of a role, and not its ARN.
    pub(super) is_name: bool,
    /// What the output is in its own stack: `Deploy.arn`.
    pub(super) value: Option<&'p str>,
}

/// A step inwards, to where something stands.
enum Hop {
    /// The value of a property.
    Key(Name),
    /// An argument of a function: its name where it is said, its place.
    Argument(Name, Option<Name>, usize),
}

impl<'p> Reading<'p> {
    /// Looks at the source; `None` where it is no reference to an output that can be found there.
    pub(super) fn of(program: &'p Program, step: &Step) -> Option<Self> {
        let body = |stack: usize| Some(program.stack(program.declared.stacks.get(stack)?.at)?.1.body.as_slice());
        let (ours, theirs) = (body(step.reader.stack)?, body(step.producer.stack)?);
        let mut stmt = statement(ours, step.at)?;
        let chain = around(stmt, step.at);
        let field =
            chain.iter().rev().find(|e| matches!(&e.kind, ExprKind::Field(base, ..) if base.span.covers(step.at)))?;
        let ExprKind::Field(base, output, _) = &field.kind else { return None };
        let mut hops = hops(&chain, step.at);
        let allowed = chain.iter().find(|e| matches!(&e.kind, ExprKind::Call(f, _) if is_grant(f)));
        // What has a name is used where the name is.
        for _ in 0..FOLLOWED {
            let StmtKind::Let(named) = &stmt.kind else { break };
            let Some(used) = use_of(ours, named.name.name) else { break };
            stmt = statement(ours, used)?;
            let outer = self::hops(&around(stmt, used), used);
            hops.splice(0..0, outer);
        }
        let user = match &stmt.kind {
            StmtKind::Resource(resource) => Some(resource),
            _ => None,
        };
        let made = output_of(theirs, output.name)?;
        let read = resource(theirs, made.value.as_ref().map_or(Some(made.name.name), base_name));
        let is_name = read.is_some_and(|read| is_role(read) && says_name(made, read));
        let text =
            |span: Span| Some(program.sources.text(span)).filter(|text| text.len() <= LONGEST && !text.contains('\n'));
        Some(Self {
            span: field.span,
            text: text(field.span)?,
            chosen: chosen(program, base),
            how: how(&hops, user),
            user,
            role_output: user.and_then(|user| name_output(ours, user)),
            allowed: allowed.and_then(|e| text(e.span)),
            read,
            is_name,
            value: match &made.value {
                Some(value) => text(value.span),
                None => Some(made.name.name.as_str()),
            },
        })
    }
}

/// Whether it is a role, of AWS or of `std`.
pub(super) fn is_role(resource: &Resource) -> bool {
    matches!(resource.ty.name.as_str(), "AWS::IAM::Role" | "std::role")
}

/// Where the value of a property stands.
pub(super) fn property(resource: &Resource, name: &str) -> Option<Span> {
    let ExprKind::Object(entries) = &resource.body.as_ref()?.kind else { return None };
    entries.iter().find_map(|entry| match entry {
        Entry::Field(Key::Name(key), value) if key.name.as_str() == name => Some(value.span),
        _ => None,
    })
}

fn how(hops: &[Hop], user: Option<&Resource>) -> How {
    let names_somebody = |hop: &Hop| match hop {
        Hop::Key(key) => matches!(key.as_str(), "Principal" | "users" | "trust" | "pull"),
        Hop::Argument(function, name, at) => match (function.as_str(), name.map(Name::as_str)) {
            (_, Some("to")) | ("std::trust" | "std::principals", None | Some("who")) => true,
            (function, None) => function.starts_with("std::grant_") && *at == 1,
            _ => false,
        },
    };
    let allows = |user: &Resource| {
        let Some(Hop::Key(key)) = hops.first() else { return false };
        matches!((user.ty.name.as_str(), key.as_str()), ("std::role", "allow") | ("AWS::IAM::Role", "Policies"))
    };
    match user {
        _ if hops.iter().any(names_somebody) => How::Principal,
        Some(user) if allows(user) => How::Allowed,
        _ => How::Else,
    }
}

/// `std::grant_read`, `std::allow`
fn is_grant(function: &Expr) -> bool {
    matches!(&function.kind, ExprKind::Path(name) if name.as_str().starts_with("std::grant") || name.as_str() == "std::allow")
}

/// The statement that stands around a place, the innermost.
fn statement(body: &[Stmt], at: Span) -> Option<&Stmt> {
    let stmt = body.iter().find(|stmt| stmt.span.covers(at))?;
    Some(inside(stmt).find_map(|body| statement(body, at)).unwrap_or(stmt))
}

/// The bodies inside a statement.
fn inside(stmt: &Stmt) -> impl Iterator<Item = &[Stmt]> {
    let bodies: [&[Stmt]; 2] = match &stmt.kind {
        StmtKind::For(f) => [&f.body, &[]],
        StmtKind::If(i) => [&i.then, &i.otherwise],
        _ => [&[], &[]],
    };
    bodies.into_iter()
}

/// The first statement, at any depth, that `want` has something to say of.
fn find<'p, R>(body: &'p [Stmt], want: &dyn Fn(&'p StmtKind) -> Option<R>) -> Option<R> {
    body.iter().find_map(|stmt| want(&stmt.kind).or_else(|| inside(stmt).find_map(|body| find(body, want))))
}

fn output_of(body: &[Stmt], name: Name) -> Option<&Output> {
    find(body, &|kind| match kind {
        StmtKind::Output(output) if output.name.name == name => Some(output),
        _ => None,
    })
}

fn resource(body: &[Stmt], name: Option<Name>) -> Option<&Resource> {
    find(body, &|kind| match kind {
        StmtKind::Resource(resource) if Some(resource.name.name) == name => Some(resource),
        _ => None,
    })
}

/// The output that tells others the name of a role.
fn name_output(body: &[Stmt], role: &Resource) -> Option<Name> {
    find(body, &|kind| match kind {
        StmtKind::Output(output) if says_name(output, role) => Some(output.name.name),
        _ => None,
    })
}

/// Whether an output is the name of a role, which is what `Ref` returns of it.
fn says_name(output: &Output, role: &Resource) -> bool {
    let is_component = role.ty.name.as_str() == "std::role";
    match output.value.as_ref().map(|value| &value.kind) {
        None => output.name.name == role.name.name && !is_component,
        Some(ExprKind::Name(name)) => *name == role.name.name && !is_component,
        Some(ExprKind::Field(base, field, _)) => {
            base_name(base) == Some(role.name.name)
                && matches!(field.name.as_str(), "name" | "ref" | "role" | "RoleName")
        }
        _ => false,
    }
}

/// `Deploy` of `Deploy.arn`, `Deploy[0].Arn`, `arn(Deploy)`.
fn base_name(of: &Expr) -> Option<Name> {
    match &of.kind {
        ExprKind::Name(name) => Some(*name),
        ExprKind::Field(base, ..) | ExprKind::Index(base, _) => base_name(base),
        ExprKind::Call(_, args) => base_name(&args.first()?.value),
        _ => None,
    }
}

/// The name in `roles[e]`, where it is that of no environment.
fn chosen(program: &Program, base: &Expr) -> Option<Name> {
    let ExprKind::Index(_, keys) = &base.kind else { return None };
    let ExprKind::Name(name) = keys.first()?.kind else { return None };
    (!matches!(program.declared.tops.get(&name), Some(Top::Env(_)))).then_some(name)
}

/// Where a name is used first.
fn use_of(body: &[Stmt], name: Name) -> Option<Span> {
    let mut found = None;
    walk::statements(body, &mut |e| {
        if found.is_none() && matches!(e.kind, ExprKind::Name(used) if used == name) {
            found = Some(e.span);
        }
    });
    found
}

/// The expressions around a place, outermost first.
fn around(stmt: &Stmt, at: Span) -> Vec<&Expr> {
    let mut found = Vec::new();
    walk::statements(std::slice::from_ref(stmt), &mut |e| {
        if e.span.covers(at) {
            found.push(e);
        }
    });
    found
}

/// The way inwards through those expressions.
fn hops(chain: &[&Expr], at: Span) -> Vec<Hop> {
    let hop = |e: &&Expr| match &e.kind {
        ExprKind::Object(entries) => entries.iter().find_map(|entry| match entry {
            Entry::Field(Key::Name(key), value) if value.span.covers(at) => Some(Hop::Key(key.name)),
            _ => None,
        }),
        ExprKind::Call(function, args) => {
            let (ExprKind::Path(name) | ExprKind::Name(name)) = function.kind else { return None };
            let place = args.iter().position(|arg| arg.value.span.covers(at))?;
            Some(Hop::Argument(name, args.get(place)?.name.map(|name| name.name), place))
        }
        _ => None,
    };
    chain.iter().filter_map(hop).collect()
}
