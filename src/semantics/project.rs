//! The project itself: its tags, its accounts, its environments.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::components::ComponentId;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::model::{Account, Buckets};
use crate::semantics::run::Round;
use crate::semantics::value::{EnvRef, Object, Value};
use crate::semantics::{Primary, Program};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key, Record};

mod accounts;
mod binds;
mod buckets;
mod envs;
mod shapes;

pub(super) use binds::{Binding, BoundTo, given, is_stack};
pub(super) use envs::{account_of, regions};

/// What is read of the project before any stack.
#[derive(Default)]
pub(super) struct Project {
    /// Its name.
    pub(super) name: Option<Name>,
    /// Tags of every stack.
    pub(super) tags: BTreeMap<String, String>,
    /// Accounts in the order of the source.
    accounts: Vec<Arc<Account>>,
    /// Environments in the order of the source.
    pub(super) envs: Vec<Env>,
    /// Every environment is read.
    pub(super) is_read: bool,
    /// Names of the top that were evaluated.
    pub(super) used: FxHashSet<Name>,
    /// Components that were used.
    pub(super) used_components: FxHashSet<ComponentId>,
}

/// An environment as the compiler needs it.
pub(super) struct Env {
    /// As a value.
    pub(super) value: Arc<EnvRef>,
    /// Where it is.
    pub(super) account: Option<Arc<Account>>,
    /// Its regions, the primary one first.
    pub(super) regions: Vec<Arc<str>>,
    /// The branch that deploys it.
    pub(super) branch: Option<Arc<str>>,
    /// Tags of its stacks.
    pub(super) tags: BTreeMap<String, String>,
    /// Where the assets of its stacks go.
    pub(super) assets: Option<Buckets>,
    /// Stacks that are not deployed there, and what stands for each.
    pub(super) bind: Vec<Binding>,
}

impl Project {
    /// The environment at that place of the declarations.
    pub(super) fn env(&self, at: usize) -> Value {
        self.envs.get(at).map_or(Value::Unknown, |env| Value::Env(Arc::clone(&env.value)))
    }

    /// The buckets of an environment, or of the account where the stack belongs to none; and whose primary region
    /// counts there.
    pub(super) fn buckets<'a>(
        &'a self,
        env: Option<&EnvRef>,
        account: &'a Account,
        region: &'a str,
    ) -> (Option<&'a Buckets>, &'a str) {
        let Some(env) = env else { return (account.assets.as_ref(), region) };
        let read = self.envs.iter().find(|read| read.value.name == env.name);
        let primary = read.and_then(|read| read.regions.first()).map_or(region, |first| first);
        (read.and_then(|read| read.assets.as_ref()), primary)
    }

    /// All environments, in the order of the source.
    pub(super) fn all_envs(&self) -> Value {
        Value::List(self.envs.iter().map(|env| Value::Env(Arc::clone(&env.value))).collect())
    }

    /// The account of that name.
    pub(super) fn account(&self, name: Name) -> Option<Arc<Account>> {
        self.accounts.iter().find(|account| account.name == name).cloned()
    }

    /// The account with that id.
    pub(super) fn account_by_id(&self, id: &str) -> Option<Arc<Account>> {
        self.accounts.iter().find(|account| *account.id == *id).cloned()
    }

    /// An account as a record.
    pub(super) fn account_value(&self, account: &Account) -> Value {
        let text = |text: &Option<Arc<str>>| text.clone().map_or(Value::Null, Value::Str);
        let mut fields = Object::default();
        fields.push_new(Name::new("name"), Value::Str(account.name.as_str().into()));
        fields.push_new(Name::new("id"), Value::Str(Arc::clone(&account.id)));
        fields.push_new(Name::new("role"), text(&account.role));
        fields.push_new(Name::new("profile"), text(&account.profile));
        fields.push_new(Name::new("external_id"), text(&account.external_id));
        Value::Object(fields.into())
    }
}

/// The environments and their branches. What is wrong with them is said by [`super::lower`].
pub(super) fn environments(program: &Program) -> Vec<(Name, Option<Arc<str>>)> {
    let round = Round::default();
    let mut ev = Evaluator::new(program, &round);
    read(&mut ev);
    ev.project.envs.into_iter().map(|env| (env.value.name, env.branch)).collect()
}

/// See [`super::places`].
pub(super) fn places(program: &Program) -> Vec<Primary> {
    let round = Round::default();
    let mut ev = Evaluator::new(program, &round);
    read(&mut ev);
    let place = |env: Env| {
        Some(Primary { env: env.value.name, account: env.account?, region: env.regions.into_iter().next()? })
    };
    ev.project.envs.into_iter().filter_map(place).collect()
}

/// See [`super::accounts`].
pub(super) fn accounts(program: &Program) -> Vec<Arc<Account>> {
    let round = Round::default();
    let mut ev = Evaluator::new(program, &round);
    read(&mut ev);
    ev.project.accounts
}

/// Reads project, accounts and environments.
pub(super) fn read(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    if let Some(record) = program.declared.project.and_then(|at| program.record(at)) {
        ev.project.name = Some(record.name.name);
        for field in fields(ev, record) {
            match field.name.as_str() {
                "tags" => ev.project.tags = tags(ev, &field),
                _ => unknown(ev, "a project", &field, &["tags"]),
            }
        }
    }
    accounts::read(ev);
    envs::read(ev);
    ev.project.is_read = true;
}

/// A field of a declaration, evaluated.
pub(super) struct Field<'p> {
    pub(super) name: Name,
    /// Where the name stands.
    pub(super) span: Span,
    pub(super) value: Value,
    /// Where the value stands.
    pub(super) at: Span,
    /// The value as written; `None` for what a spread brought.
    expr: Option<&'p Expr>,
}

/// The fields of a declaration; a later one takes the place of one that was spread.
fn fields<'p>(ev: &mut Evaluator<'p>, record: &'p Record) -> Vec<Field<'p>> {
    record.body.as_ref().map_or_else(Vec::new, |body| fields_of(ev, body))
}

/// The fields that stand in the braces of a declaration.
pub(super) fn fields_of<'p>(ev: &mut Evaluator<'p>, body: &'p Expr) -> Vec<Field<'p>> {
    let mut out: Vec<Field<'p>> = Vec::new();
    let ExprKind::Object(entries) = &body.kind else { return out };
    for entry in entries {
        match entry {
            Entry::Field(Key::Name(key), expr) => {
                let name = key.name;
                if let Some(first) = out.iter().find(|f| f.name == name && f.expr.is_some()) {
                    ev.report(super::eval::same_key(name, key.span, first.span));
                    continue;
                }
                // What a stack is bound to is no value.
                let is_binding = name.as_str() == "bind";
                let value = if is_binding { Value::Unknown } else { account_or_value(ev, name, expr) };
                out.retain(|f| f.name != name);
                out.push(Field { name, span: key.span, value, at: expr.span, expr: Some(expr) });
            }
            Entry::Field(Key::Computed(key), _) => ev.report(
                Diagnostic::new(Code::InvalidName, "the fields of a declaration have plain names")
                    .at(key.span, "this name is computed")
                    .help("write the name itself, or spread an object: `...fields`"),
            ),
            Entry::Spread(expr) => spread(ev, expr, &mut out),
        }
    }
    out
}

/// `account: prod` means the account, also where an environment has the same name.
pub(super) fn account_or_value<'p>(ev: &mut Evaluator<'p>, name: Name, expr: &'p Expr) -> Value {
    if name.as_str() == "account"
        && let ExprKind::Name(named) = &expr.kind
        && let Some(account) = ev.project.account(*named)
    {
        return ev.project.account_value(&account);
    }
    ev.eval(expr, &Scope::default())
}

fn spread<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr, out: &mut Vec<Field<'p>>) {
    match ev.eval(expr, &Scope::default()) {
        Value::Object(object) => {
            for (name, value) in object.iter() {
                if !out.iter().any(|f| f.name == name && f.expr.is_some()) {
                    out.retain(|f| f.name != name);
                    out.push(Field { name, span: expr.span, value: value.clone(), at: expr.span, expr: None });
                }
            }
        }
        Value::Unknown | Value::Null => {}
        other => {
            let message = format!("`...` takes an object here, not {}", fits::kind(&other));
            ev.report(Diagnostic::new(Code::TypeMismatch, message).at(expr.span, fits::shown(&other)));
        }
    }
}

fn unknown(ev: &mut Evaluator<'_>, what: &str, field: &Field<'_>, known: &[&'static str]) {
    let known: Vec<Name> = known.iter().map(|n| Name::new(n)).collect();
    let ident = crate::syntax::ast::Ident { name: field.name, span: field.span };
    ev.report(super::access::no_field(what, ident, &known));
}

/// A field that is text, or `null`.
fn text(ev: &mut Evaluator<'_>, field: &Field<'_>) -> Option<Arc<str>> {
    match &field.value {
        Value::Str(text) => return Some(Arc::clone(text)),
        Value::Null | Value::Unknown => {}
        other => mismatch(ev, field, "text", other),
    }
    None
}

fn mismatch(ev: &mut Evaluator<'_>, field: &Field<'_>, wanted: &str, got: &Value) {
    let message = format!("`{}` is {wanted}, not {}", field.name, fits::kind(got));
    ev.report(Diagnostic::new(Code::TypeMismatch, message).at(field.at, fits::shown(got)));
}

/// What `@tags` says.
pub(super) fn stack_tags(ev: &mut Evaluator<'_>, value: Value, at: Span) -> BTreeMap<String, String> {
    tags(ev, &Field { name: Name::new("tags"), span: at, value, at, expr: None })
}

/// Tags: an object of texts.
fn tags(ev: &mut Evaluator<'_>, field: &Field<'_>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let object = match &field.value {
        Value::Object(object) => Arc::clone(object),
        Value::Null | Value::Unknown => return out,
        other => {
            mismatch(ev, field, "an object of texts", other);
            return out;
        }
    };
    for (key, value) in object.iter() {
        let text = match value {
            Value::Str(text) => text.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Null | Value::Unknown => continue,
            other => {
                let message = format!("the tag `{key}` is text, not {}", fits::kind(other));
                ev.report(Diagnostic::new(Code::TypeMismatch, message).at(field.at, fits::shown(other)));
                continue;
            }
        };
        match tag_problem(key.as_str(), &text) {
            Some(message) => ev.report(Diagnostic::new(Code::BadValue, message).at(field.at, "these tags")),
            None => {
                out.insert(key.to_string(), text);
            }
        }
    }
    out
}

/// What AWS or we have against a tag. AWS: 1 to 128 characters for the key, 256 for the value.
fn tag_problem(key: &str, value: &str) -> Option<String> {
    if key.starts_with("aws:") || key.starts_with("infra:") {
        return Some(format!(
            "the tag `{key}` is reserved: its prefix belongs to {}",
            if key.starts_with("aws:") { "AWS" } else { "infra" }
        ));
    }
    if key.is_empty() || key.chars().count() > 128 {
        return Some(format!("a tag's name has 1 to 128 characters, this one has {}", key.chars().count()));
    }
    (value.chars().count() > 256).then(|| format!("the value of the tag `{key}` has more than 256 characters"))
}
