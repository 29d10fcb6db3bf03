//! `env NAME { account, regions, branch?, protect?, tags?, assets?, mode?, … }`

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Env, Field, binds, buckets, fields, mismatch, shapes, tags, text};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::model::{Account, Buckets};
use crate::semantics::value::{EnvRef, Object, Value};
use crate::source::Span;
use crate::syntax::ast::Record;

/// Reads every environment, and types the user's own fields by all of them together.
pub(super) fn read(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    let mut read = Vec::new();
    for (_, at) in &program.declared.envs {
        let Some(record) = program.record(*at) else { continue };
        let own = one(ev, record);
        read.push((record.name, own));
    }
    shapes::agree(ev, &read);
    branches(ev);
}

/// Reads one environment; returns the fields that are the user's own.
fn one<'p>(ev: &mut Evaluator<'p>, record: &'p Record) -> Vec<(Name, Span, Value)> {
    let name = record.name;
    if name.name.as_str() == "shared" {
        ev.report(
            Diagnostic::new(Code::InvalidName, "no environment can be called `shared`")
                .at(name.span, "this is what stacks of no environment are called")
                .help("choose another name"),
        );
    }
    let mut env = Read::default();
    let mut values = Object::default();
    let mut own = Vec::new();
    values.insert(Name::new("name"), Value::Str(name.name.as_str().into()));
    let mut bind = Vec::new();
    for field in fields(ev, record) {
        if field.name.as_str() == "bind" {
            bind = binds::read(ev, &field);
            continue;
        }
        let value = env.field(ev, &field, &mut own);
        values.insert(field.name, value);
    }
    for (field, given, help) in [
        ("account", env.has_account, "add `account: NAME`, one of the declared accounts"),
        ("regions", env.has_regions, "add `regions: [\"eu-west-1\"]`; the first one is its primary region"),
    ] {
        if !given {
            let problem =
                Diagnostic::new(Code::MissingField, format!("the environment `{}` has no `{field}`", name.name))
                    .at(name.span, "where it is deployed is not said");
            // Any other name is a field of the user's own, so a slip is found only here.
            let slip = own.iter().find_map(|(name, span, _)| Some((nearest(name.as_str(), [field])?, *span)));
            ev.report(match slip {
                Some((near, span)) => {
                    problem.at(span, "a field of your own").help(format!("write `{near}`")).fix(span, near)
                }
                None => problem.help(help),
            });
        }
    }
    for (field, default) in [("assets", Value::Null), ("branch", Value::Null), ("protect", Value::Bool(false))] {
        if values.get(Name::new(field)).is_none() {
            values.insert(Name::new(field), default);
        }
    }
    for unknown in ["account", "regions"] {
        if values.get(Name::new(unknown)).is_none() {
            values.insert(Name::new(unknown), Value::Unknown);
        }
    }
    ev.project.envs.push(Env {
        value: Arc::new(EnvRef { name: name.name, fields: values }),
        account: env.account,
        regions: env.regions,
        branch: env.branch,
        tags: env.tags,
        assets: env.assets,
        bind,
    });
    own
}

/// The compiler's own fields of an environment.
#[derive(Default)]
struct Read {
    account: Option<Arc<Account>>,
    regions: Vec<Arc<str>>,
    branch: Option<Arc<str>>,
    tags: BTreeMap<String, String>,
    assets: Option<Buckets>,
    has_account: bool,
    has_regions: bool,
}

impl Read {
    /// Takes one field; returns what `env.field` is.
    fn field(&mut self, ev: &mut Evaluator<'_>, field: &Field<'_>, own: &mut Vec<(Name, Span, Value)>) -> Value {
        match field.name.as_str() {
            "name" => {
                ev.report(
                    Diagnostic::new(Code::InvalidName, "`name` is the name of the environment already")
                        .at(field.span, "cannot be set")
                        .help("choose another name for this field"),
                );
                return field.value.clone();
            }
            "account" => {
                self.has_account = true;
                self.account = account(ev, field);
            }
            "regions" => {
                self.has_regions = true;
                self.regions = regions(ev, &field.value, field.at);
            }
            "branch" => {
                self.branch = text(ev, field);
                if let Some(branch) = self.branch.as_ref().filter(|branch| branch.contains(['*', '?', '['])) {
                    let message = format!("`{branch}` is a pattern, and `branch` is the name of one branch");
                    ev.report(
                        Diagnostic::new(Code::BadValue, message)
                            .at(field.at, "no branch is called so")
                            .help("write the name itself, such as `\"release\"`"),
                    );
                }
            }
            "protect" => {
                if !matches!(field.value, Value::Bool(_) | Value::Unknown) {
                    mismatch(ev, field, "`true` or `false`", &field.value);
                }
            }
            "tags" => self.tags = tags(ev, field),
            "assets" => self.assets = buckets::read(ev, field),
            "mode" => {
                text(ev, field);
            }
            _ => own.push((field.name, field.span, field.value.clone())),
        }
        field.value.clone()
    }
}

/// The account that a field or an argument means.
fn account(ev: &mut Evaluator<'_>, field: &Field<'_>) -> Option<Arc<Account>> {
    account_of(ev, &field.value, field.at)
}

/// The account that a value is; says so where it is none.
pub(in crate::semantics) fn account_of(ev: &mut Evaluator<'_>, value: &Value, at: Span) -> Option<Arc<Account>> {
    let (name, id) = (Name::new("name"), Name::new("id"));
    if let Value::Object(object) = value
        && let (Some(Value::Str(name)), Some(_)) = (object.get(name), object.get(id))
    {
        let found = ev.project.account(Name::new(name));
        if found.is_some() {
            return found;
        }
    }
    if !matches!(value, Value::Unknown) {
        let message = format!("an account is asked for, not {}", fits::kind(value));
        ev.report(
            Diagnostic::new(Code::TypeMismatch, message)
                .at(at, fits::shown(value))
                .help("name an account, without quotes; `account NAME { id: \"…\" }` declares one"),
        );
    }
    None
}

/// A list of regions, not empty, none twice; says what is wrong with it.
pub(in crate::semantics) fn regions(ev: &mut Evaluator<'_>, value: &Value, at: Span) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    let items = match value {
        Value::List(items) => items,
        Value::Unknown => return out,
        other => {
            let message = format!("regions are a list of texts, not {}", fits::kind(other));
            ev.report(
                Diagnostic::new(Code::TypeMismatch, message).at(at, fits::shown(other)).help("write `[\"eu-west-1\"]`"),
            );
            return out;
        }
    };
    if items.is_empty() {
        ev.report(
            Diagnostic::new(Code::BadValue, "there is no region in this list")
                .at(at, "empty")
                .help("name one: `[\"eu-west-1\"]`"),
        );
    }
    for item in items.iter() {
        match item {
            Value::Str(region) if !is_region(region) => {
                let problem = no_region(ev, region, at);
                ev.report(problem);
            }
            Value::Str(region) if out.contains(region) => {
                ev.report(
                    Diagnostic::new(Code::BadValue, format!("`{region}` is listed twice")).at(at, "in this list"),
                );
            }
            Value::Str(region) => out.push(Arc::clone(region)),
            Value::Unknown => {}
            other => {
                let message = format!("a region is text, not {}", fits::kind(other));
                ev.report(Diagnostic::new(Code::TypeMismatch, message).at(at, fits::shown(other)));
            }
        }
    }
    out
}

/// Regions that people mistype; others are judged by their shape, as AWS adds some every year.
const COMMON: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// The last word of every region.
const DIRECTIONS: [&str; 9] =
    ["central", "east", "north", "northeast", "northwest", "south", "southeast", "southwest", "west"];

/// `eu-west-1`: letters, one or more words, a number.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [first, middle @ .., number] if !middle.is_empty() => {
            is_word(first)
                && middle.iter().all(is_word)
                && middle.last().is_some_and(|word| DIRECTIONS.contains(word))
                && (1..=2).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

pub(super) fn no_region(ev: &Evaluator<'_>, text: &str, at: Span) -> Diagnostic {
    let problem =
        Diagnostic::new(Code::BadValue, format!("`{text}` is not a region")).at(at, "of this form: `eu-west-1`");
    match nearest(text, COMMON) {
        Some(near) => {
            let problem = problem.help(format!("write `{near}`"));
            match ev.program.sources.only(at, &format!("\"{text}\""), |_, _| true) {
                Some(literal) => problem.fix(literal, near.quoted()),
                None => problem,
            }
        }
        None => problem,
    }
}

/// One branch deploys one environment.
fn branches(ev: &mut Evaluator<'_>) {
    let mut taken: Vec<(Arc<str>, Name)> = Vec::new();
    let mut twice = Vec::new();
    for env in &ev.project.envs {
        let Some(branch) = &env.branch else { continue };
        match taken.iter().find(|(b, _)| b == branch) {
            Some((_, first)) => twice.push((Arc::clone(branch), *first, env.value.name)),
            None => taken.push((Arc::clone(branch), env.value.name)),
        }
    }
    let program = ev.program;
    let span_of = |name: Name| {
        let at = program.declared.envs.iter().find(|(env, _)| *env == name).map(|(_, at)| *at);
        at.and_then(|at| program.record(at)).map(|record| record.name.span)
    };
    for (branch, first, second) in twice {
        let mut problem = Diagnostic::new(
            Code::DuplicateName,
            format!("the branch `{branch}` deploys two environments, `{first}` and `{second}`"),
        );
        for span in [span_of(second), span_of(first)].into_iter().flatten() {
            problem = problem.at(span, "has this branch");
        }
        ev.report(problem.help("give each environment a branch of its own"));
    }
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn knows_the_shape_of_a_region() {
        for region in ["eu-west-1", "us-gov-west-1", "ap-southeast-3", "cn-northwest-1", "mx-central-1"] {
            assert!(is_region(region), "{region}");
        }
        for text in ["", "eu", "eu-wets-1", "eu-west", "eu_west_1", "EU-WEST-1", "eu-west-1a", "-west-1", "eu--1"] {
            assert!(!is_region(text), "{text}");
        }
    }
}
