//! `@policy({ … })`: a stack policy, which says what updates may do to which resources.
//!
//! Its form is that of "Prevent updates to stack resources" in the user guide: `Action`, `Principal` and `Resource` with
//! their few words, and the one condition on `ResourceType`.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key};

const KEYS: [&str; 7] = ["Action", "Condition", "Effect", "NotAction", "NotResource", "Principal", "Resource"];
const ACTIONS: [&str; 4] = ["Update:*", "Update:Delete", "Update:Modify", "Update:Replace"];
const OPERATORS: [&str; 2] = ["StringEquals", "StringLike"];
/// What a resource is named with.
const RESOURCE: &str = "LogicalResourceId/";
/// As the user guide has it.
const LARGEST: usize = 16_384;

/// A stack policy as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::semantics) struct StackPolicy {
    /// Its statements: a JSON list, keys sorted.
    pub(in crate::semantics) statements: Arc<str>,
    /// The logical ids that it names, `*` in them, and where.
    pub(in crate::semantics) names: Vec<(Arc<str>, Span)>,
}

/// Reads the argument of `@policy`; `None` where it is wrong, which is reported, or `null`.
pub(super) fn read<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr, scope: &Scope<'_>) -> Option<StackPolicy> {
    let value = ev.eval(expr, scope);
    if matches!(value, Value::Null | Value::Unknown) {
        return None;
    }
    let mut read = Read { ev, names: Vec::new(), fine: true };
    let statements = read.policy(&value, At { expr: Some(expr), span: expr.span });
    let Read { names, fine, .. } = read;
    if !fine {
        return None;
    }
    let text = Json::Array(statements).to_string();
    if text.len() > LARGEST {
        ev.report(
            Diagnostic::new(Code::LimitExceeded, format!("a stack policy has at most {LARGEST} bytes"))
                .at(expr.span, format!("this one has {}", text.len()))
                .help("say more with `*` and `Condition`, and less one by one"),
        );
        return None;
    }
    Some(StackPolicy { statements: text.into(), names })
}

/// Where a part of the policy stands, as far as it is written there.
#[derive(Clone, Copy)]
struct At<'e> {
    expr: Option<&'e Expr>,
    span: Span,
}

impl<'e> At<'e> {
    fn of(expr: &'e Expr) -> Self {
        Self { expr: Some(expr), span: expr.span }
    }

    fn field(self, key: &str) -> Self {
        let Some(ExprKind::Object(entries)) = self.expr.map(|expr| &expr.kind) else { return self.somewhere() };
        let found = entries.iter().rev().find_map(|entry| match entry {
            Entry::Field(Key::Name(name), value) if name.name.as_str() == key => Some(Self::of(value)),
            _ => None,
        });
        found.unwrap_or_else(|| self.somewhere())
    }

    /// Where a key stands.
    fn key(self, key: &str) -> Span {
        let Some(ExprKind::Object(entries)) = self.expr.map(|expr| &expr.kind) else { return self.span };
        let found = entries.iter().find_map(|entry| match entry {
            Entry::Field(Key::Name(name), _) if name.name.as_str() == key => Some(name.span),
            _ => None,
        });
        found.unwrap_or(self.span)
    }

    fn item(self, at: usize) -> Self {
        match self.expr.map(|expr| &expr.kind) {
            Some(ExprKind::List(items)) if items.iter().all(|item| !item.spread) => {
                items.get(at).map_or_else(|| self.somewhere(), |item| Self::of(&item.value))
            }
            // One in place of a list of one.
            Some(ExprKind::List(_)) | None => self.somewhere(),
            Some(_) => self,
        }
    }

    /// Somewhere inside.
    fn somewhere(self) -> Self {
        Self { expr: None, span: self.span }
    }
}

struct Read<'e, 'p> {
    ev: &'e mut Evaluator<'p>,
    names: Vec<(Arc<str>, Span)>,
    fine: bool,
}

impl Read<'_, '_> {
    fn wrong(&mut self, problem: Diagnostic) {
        self.fine = false;
        self.ev.report(problem);
    }

    fn policy(&mut self, value: &Value, at: At<'_>) -> Vec<Json> {
        let Some(entries) = self.entries(value, at, "a stack policy") else { return Vec::new() };
        let mut statements = Vec::new();
        for (key, value) in &entries {
            match key.as_str() {
                "Statement" => {
                    for (number, one) in list(value).iter().enumerate().filter(|(_, one)| !matches!(one, Value::Null)) {
                        statements.extend(self.statement(one, at.field("Statement").item(number)));
                    }
                }
                _ => self.no_key(*key, at.key(key.as_str()), "a stack policy", &["Statement"]),
            }
        }
        if statements.is_empty() && self.fine {
            self.wrong(
                Diagnostic::new(Code::MissingProperty, "a stack policy needs `Statement`")
                    .at(at.span, "made without one")
                    .help("add `Statement: [{ Effect: \"Allow\", Action: \"Update:*\", Resource: \"*\" }, …]`"),
            );
        }
        let allows = |one: &Json| one.get("Effect") == Some(&json!("Allow"));
        let all =
            |one: &Json| one.get("Action") == Some(&json!("Update:*")) && one.get("Resource") == Some(&json!("*"));
        if self.fine && !statements.iter().any(|one| allows(one) || all(one)) {
            self.wrong(
                Diagnostic::new(Code::BadValue, "this stack policy allows nothing: what no statement allows is denied")
                    .at(at.field("Statement").span, "only denies")
                    .help("add the rest: `{ Effect: \"Allow\", Action: \"Update:*\", Resource: \"*\" }`"),
            );
        }
        statements
    }

    fn statement(&mut self, value: &Value, at: At<'_>) -> Option<Json> {
        let entries = self.entries(value, at, "a statement of a stack policy")?;
        let mut made = Map::new();
        // The only one there is.
        made.insert("Principal".to_owned(), json!("*"));
        for (key, value) in &entries {
            let here = at.field(key.as_str());
            let json = match key.as_str() {
                "Effect" => self.word(value, here, &["Allow", "Deny"]),
                "Action" | "NotAction" => self.words(value, here, |read, value, at| read.word(value, at, &ACTIONS)),
                "Principal" => self.word(value, here, &["*"]),
                "Resource" | "NotResource" => self.words(value, here, Self::resource),
                "Condition" => self.condition(value, here),
                _ => {
                    self.no_key(*key, at.key(key.as_str()), "a statement of a stack policy", &KEYS);
                    None
                }
            };
            made.extend(json.map(|json| (key.to_string(), json)));
        }
        if !self.fine {
            return None;
        }
        for keys in [&["Effect"][..], &["Action", "NotAction"], &["Resource", "NotResource"]] {
            let given = keys.iter().filter(|key| made.contains_key(**key)).count();
            if given != 1 {
                let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                let verb = if given == 0 { "needs" } else { "takes only one of" };
                let message = format!(
                    "a statement of a stack policy {verb} {}",
                    names.join(if given == 0 { " or " } else { ", " })
                );
                let help = if given == 0 {
                    format!("add `{}: …`", keys.first().copied().unwrap_or_default())
                } else {
                    "keep one of them".to_owned()
                };
                self.wrong(Diagnostic::new(Code::MissingProperty, message).at(at.span, "this one").help(help));
            }
        }
        self.fine.then_some(Json::Object(made))
    }

    fn words(
        &mut self,
        value: &Value,
        at: At<'_>,
        mut one: impl FnMut(&mut Self, &Value, At<'_>) -> Option<Json>,
    ) -> Option<Json> {
        match value {
            Value::List(items) => {
                let items = items.iter().enumerate().map(|(number, item)| one(self, item, at.item(number)));
                items.collect::<Option<Vec<Json>>>().map(Json::Array)
            }
            other => one(self, other, at),
        }
    }

    fn word(&mut self, value: &Value, at: At<'_>, words: &[&str]) -> Option<Json> {
        let text = self.text(value, at)?;
        if words.contains(&&*text) {
            return Some(json!(&*text));
        }
        let problem = Diagnostic::new(Code::BadValue, format!("`{text}` is not known to stack policies"));
        self.wrong(match nearest(&text, words.iter().copied()) {
            Some(near) => problem.at(at.span, "not one of them").help(format!("write `\"{near}\"`")),
            None => {
                let all: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
                problem.at(at.span, "not one of them").help(format!("write {}", all.join(", ")))
            }
        });
        None
    }

    fn resource(&mut self, value: &Value, at: At<'_>) -> Option<Json> {
        let text = self.text(value, at)?;
        match text.strip_prefix(RESOURCE) {
            Some(name) if !name.is_empty() => self.names.push((name.into(), at.span)),
            None if &*text == "*" => {}
            _ => {
                let near = if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'*') { &*text } else { "Name" };
                self.wrong(
                    Diagnostic::new(Code::BadValue, format!("`{text}` is no resource of a stack policy"))
                        .at(at.span, "names no logical id")
                        .help(format!("write `\"{RESOURCE}{near}\"`, or `\"*\"` for all")),
                );
                return None;
            }
        }
        Some(json!(&*text))
    }

    fn condition(&mut self, value: &Value, at: At<'_>) -> Option<Json> {
        let mut made = Map::new();
        for (operator, value) in self.entries(value, at, "the condition of a stack policy")? {
            let here = at.field(operator.as_str());
            if !OPERATORS.contains(&operator.as_str()) {
                self.no_key(operator, at.key(operator.as_str()), "the condition of a stack policy", &OPERATORS);
                continue;
            }
            let mut keys = Map::new();
            for (key, value) in self.entries(&value, here, "a condition")? {
                if key.as_str() != "ResourceType" {
                    self.no_key(key, here.key(key.as_str()), "the condition of a stack policy", &["ResourceType"]);
                    continue;
                }
                let types = self.words(&value, here.field("ResourceType"), |read, value, at| {
                    read.text(value, at).map(|text| json!(&*text))
                })?;
                keys.insert(key.to_string(), types);
            }
            made.insert(operator.to_string(), Json::Object(keys));
        }
        Some(Json::Object(made))
    }

    fn entries(&mut self, value: &Value, at: At<'_>, what: &str) -> Option<Vec<(Name, Value)>> {
        match value {
            Value::Object(object) => {
                let there = object.iter().filter(|(_, value)| !matches!(value, Value::Null));
                Some(there.map(|(key, value)| (key, value.clone())).collect())
            }
            other => {
                self.no_value(
                    other,
                    at,
                    &format!("{what} is an object"),
                    "write `{ … }`, as AWS documents stack policies",
                );
                None
            }
        }
    }

    fn text(&mut self, value: &Value, at: At<'_>) -> Option<Arc<str>> {
        match value {
            Value::Str(text) => Some(Arc::clone(text)),
            other => {
                self.no_value(
                    other,
                    at,
                    "this is text in a stack policy",
                    "write one word in quotes, or a list of such",
                );
                None
            }
        }
    }

    fn no_value(&mut self, value: &Value, at: At<'_>, asked: &str, help: &str) {
        match value {
            Value::Unknown => self.fine = false,
            Value::Later(later) => {
                let problem = fits::too_late("what a stack policy says is needed", later, at.span);
                self.wrong(problem);
            }
            other => self.wrong(
                Diagnostic::new(Code::TypeMismatch, format!("{asked}, not {}", fits::kind(other)))
                    .at(at.span, fits::shown(other))
                    .help(help),
            ),
        }
    }

    fn no_key(&mut self, key: Name, at: Span, what: &str, keys: &[&str]) {
        let problem = Diagnostic::new(Code::UnknownProperty, format!("{what} has no `{key}`")).at(at, "not known");
        // Of the operators, the nearest may say the opposite.
        let near = nearest(key.as_str(), keys.iter().copied()).filter(|_| keys != OPERATORS);
        self.wrong(match near {
            Some(near) => problem.help(format!("write `{near}`")).fix(at, near),
            None => {
                let all: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                problem.help(format!("use {}", all.join(" or ")))
            }
        });
    }
}

/// One in place of a list of one, as in policies of IAM.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => items.to_vec(),
        other => vec![other.clone()],
    }
}

/// Whether the name, `*` in it standing for any letters, is that of one of the resources.
fn fits_name(pattern: &str, id: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == id };
    let Some(mut left) = id.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    // Each piece as early as it can be: what fits at all then fits behind it.
    for piece in middle.split('*') {
        match left.split_once(piece) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(tail)
}

impl Evaluator<'_> {
    /// Says where a stack policy names a resource that no environment has; `ids` are those of this instance, with
    /// what its conditions leave out.
    pub(in crate::semantics) fn check_policy(&mut self, policy: &StackPolicy, ids: &[Name]) {
        for (name, span) in &policy.names {
            if ids.iter().any(|id| fits_name(name, id.as_str())) {
                continue;
            }
            let problem = Diagnostic::new(Code::UnknownName, format!("this stack has no resource `{name}`"))
                .at(*span, "no such logical id");
            self.report(match nearest(name, ids.iter().map(|id| id.as_str())) {
                Some(near) => problem.help(format!("write `\"{RESOURCE}{near}\"`")),
                None => problem.help("name a resource by its logical id, or several with `*`"),
            });
        }
    }
}
