//! `if` and `match`: one branch counts, the others are checked all the same.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::types::Type;
use crate::semantics::value::{EnvRef, Value};
use crate::semantics::{fits, types};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Match, Path};

impl<'p> Evaluator<'p> {
    /// Whether a condition holds; `None`, with a report, where that is not known.
    pub(super) fn truth(&mut self, condition: &'p Expr, scope: &Scope<'_>) -> Option<bool> {
        match self.eval(condition, scope) {
            Value::Bool(holds) => return Some(holds),
            Value::Unknown => {}
            Value::Later(later) => self.report(fits::too_late("a condition is needed", &later, condition.span)),
            other => {
                let message = format!("a condition is `true` or `false`, not {}", fits::kind(&other));
                let problem = Diagnostic::new(Code::TypeMismatch, message).at(condition.span, fits::shown(&other));
                let problem = match other {
                    Value::Null | Value::Resource(_) => problem.help("compare it: `… != null`"),
                    _ => problem.help("compare it with something"),
                };
                self.report_value(problem);
            }
        }
        None
    }

    /// `if c then a else b`
    pub(super) fn choose(&mut self, c: &'p Expr, a: &'p Expr, b: &'p Expr, scope: &Scope<'_>) -> Value {
        match self.truth(c, scope) {
            Some(true) => {
                self.eval_dry(b, scope);
                self.eval(a, scope)
            }
            Some(false) => {
                self.eval_dry(a, scope);
                self.eval(b, scope)
            }
            None => {
                self.eval_dry(a, scope);
                self.eval_dry(b, scope);
                Value::Unknown
            }
        }
    }

    /// `match x { … }`
    pub(super) fn pick(&mut self, m: &'p Match, span: Span, scope: &Scope<'_>) -> Value {
        let taken = self.taken(m, span, scope);
        let untaken = self.untaken(m, scope);
        for value in m.values() {
            if !taken.is_some_and(|t| std::ptr::eq(t, value)) {
                self.eval_dry(value, &untaken);
            }
        }
        taken.map_or(Value::Unknown, |value| self.eval(value, scope))
    }

    /// The value that a `match` takes; `None`, with a report, where that is not known.
    pub(super) fn taken(&mut self, m: &'p Match, span: Span, scope: &Scope<'_>) -> Option<&'p Expr> {
        let subject = self.eval(&m.subject, scope);
        let by_env = matches!(subject, Value::Env(_))
            || matches!(&m.subject.kind, ExprKind::Name(name) if name.as_str() == "env");
        let mut covered = Vec::new();
        let mut seen: FxHashMap<Constant, (Value, Span)> = FxHashMap::default();
        let mut taken = None;
        // Only the deployment can say whether a pattern before the one that is taken fits.
        let mut open = false;
        for arm in &m.arms {
            for pattern in &arm.patterns {
                let before = covered.len();
                let (hit, value) = if by_env {
                    let hit = self.is_env(pattern, &subject, &mut covered, scope);
                    let name = covered.get(before).map(|name| Value::Str(name.as_str().into()));
                    (hit, name.unwrap_or(Value::Unknown))
                } else if let Some(ty) = self.pattern_type(pattern, scope) {
                    let fits = fits::try_fit(self, &ty, subject.clone(), pattern.span).is_ok();
                    (fits && !matches!(subject, Value::Unknown), Value::Unknown)
                } else {
                    let value = self.eval(pattern, scope);
                    // A later value is something, whatever it is.
                    let may_fit = matches!(subject, Value::Later(_)) && !matches!(value, Value::Null);
                    open |= may_fit && taken.is_none();
                    (alike(&value, &subject), value)
                };
                // What is computed may be the same in one environment only.
                if by_env || is_literal(pattern) {
                    let first = constant(&value).and_then(|constant| match seen.entry(constant) {
                        Entry::Occupied(first) => Some(first.get().clone()),
                        Entry::Vacant(room) => {
                            room.insert((value.clone(), pattern.span));
                            None
                        }
                    });
                    if let Some((_, first)) = first.filter(|(first, _)| alike(first, &value)) {
                        self.report(same_arm(&value, pattern.span, first));
                    }
                }
                if hit && taken.is_none() {
                    taken = Some(&arm.value);
                }
            }
        }
        if let Value::Later(later) = &subject
            && open
        {
            self.report(fits::too_late("the subject of a `match` is needed", later, m.subject.span));
            return None;
        }
        if by_env && m.otherwise.is_none() && !self.covers_all(&covered, span) {
            // Said already; the arms are looked at below.
        } else if taken.is_none() && m.otherwise.is_none() {
            self.no_arm(&subject, span, m.subject.span);
        }
        match subject {
            Value::Unknown => None,
            _ => taken.or(m.otherwise.as_ref()),
        }
    }

    /// What the arms see that are not taken: where types tell them apart, the subject is nothing that they know.
    pub(super) fn untaken<'s>(&self, m: &Match, scope: &'s Scope<'s>) -> Scope<'s> {
        let patterns = || m.arms.iter().flat_map(|arm| &arm.patterns);
        let bound = match &m.subject.kind {
            ExprKind::Name(name) if patterns().any(|pattern| self.names_type(pattern, scope)) => {
                vec![(*name, Value::Unknown)]
            }
            _ => Vec::new(),
        };
        Scope { outer: Some(scope), bound, block: scope.block }
    }

    /// Whether a pattern names a type and no value.
    fn names_type(&self, pattern: &Expr, scope: &Scope<'_>) -> bool {
        match &pattern.kind {
            ExprKind::Name(name) => !self.is_local(*name, scope) && types::is_type(self, *name),
            ExprKind::Path(name) => types::is_type(self, *name),
            ExprKind::Field(base, _, false) => {
                matches!(&base.kind, ExprKind::Path(name) if types::is_type(self, *name))
            }
            _ => false,
        }
    }

    /// The type that a pattern names, where it names no value.
    fn pattern_type(&mut self, pattern: &Expr, scope: &Scope<'_>) -> Option<Type> {
        if !self.names_type(pattern, scope) {
            return None;
        }
        let (base, attribute) = match &pattern.kind {
            ExprKind::Field(base, attribute, _) => (&**base, Some(*attribute)),
            _ => (pattern, None),
        };
        let (ExprKind::Name(name) | ExprKind::Path(name)) = &base.kind else { return None };
        Some(types::pattern_type(self, &Path { name: *name, span: base.span }, attribute))
    }

    fn is_env(&mut self, pattern: &'p Expr, subject: &Value, covered: &mut Vec<Name>, scope: &Scope<'_>) -> bool {
        let name = match &pattern.kind {
            ExprKind::Name(name) => *name,
            ExprKind::Str(text) => Name::new(text),
            _ => match self.eval(pattern, scope) {
                Value::Env(env) => env.name,
                Value::Unknown => return false,
                other => {
                    let message = format!("an arm of `match env` names an environment, not {}", fits::kind(&other));
                    self.report(Diagnostic::new(Code::TypeMismatch, message).at(pattern.span, "not an environment"));
                    return false;
                }
            },
        };
        let envs = &self.program.declared.envs;
        if !envs.iter().any(|(env, _)| *env == name) {
            let problem = Diagnostic::new(Code::UnknownName, format!("there is no environment `{name}`"));
            let problem = match nearest(name.as_str(), envs.iter().map(|(env, _)| env.as_str())) {
                Some(near) => {
                    problem.at(pattern.span, "not declared").help(format!("write `{near}`")).fix(pattern.span, near)
                }
                None => problem.at(pattern.span, "not declared").help(format!("declare it: `env {name} {{ … }}`")),
            };
            self.report(problem);
            return false;
        }
        covered.push(name);
        matches!(subject, Value::Env(env) if env.name == name)
    }

    /// Whether every environment has an arm; says which has none.
    fn covers_all(&mut self, covered: &[Name], span: Span) -> bool {
        let program = self.program;
        let missing: Vec<_> = program.declared.envs.iter().filter(|(env, _)| !covered.contains(env)).collect();
        if missing.is_empty() {
            return true;
        }
        let names: Vec<String> = missing.iter().map(|(env, _)| format!("`{env}`")).collect();
        let message = format!("`match env` has no arm for {}", names.join(", "));
        let mut problem = Diagnostic::new(Code::MissingEnvironment, message).at(head(span), "not exhaustive");
        for (env, at) in &missing {
            if let Some(record) = program.record(*at) {
                problem = problem.at(record.name.span, format!("`{env}` is declared here"));
            }
        }
        let first = missing.first().map_or("prod", |(env, _)| env.as_str());
        self.report(problem.help(format!("add `{first}: …`, or `else: …`")));
        false
    }

    fn no_arm(&mut self, subject: &Value, span: Span, at: Span) {
        if matches!(subject, Value::Unknown) {
            return;
        }
        let shown = fits::shown(subject);
        self.report_value(
            Diagnostic::new(Code::BadValue, format!("no arm of this `match` takes {shown}"))
                .at(at, format!("this is {shown}"))
                .at(head(span), "")
                .help("add an arm for it, or `else: …`"),
        );
    }
}

fn is_literal(pattern: &Expr) -> bool {
    matches!(
        pattern.kind,
        ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Null
    )
}

/// What equal literals have in common.
#[derive(PartialEq, Eq, Hash)]
enum Constant {
    Null,
    Bool(bool),
    /// As bits of a fraction: `1` and `1.0` are equal.
    Number(u64),
    Text(Arc<str>),
}

fn constant(value: &Value) -> Option<Constant> {
    Some(match value {
        Value::Null => Constant::Null,
        Value::Bool(value) => Constant::Bool(*value),
        #[expect(clippy::cast_precision_loss, reason = "a comparison with a fraction is about its value")]
        Value::Int(value) => Constant::Number((*value as f64).to_bits()),
        // Two zeros are one.
        Value::Float(value) => Constant::Number((value + 0.0).to_bits()),
        Value::Str(text) => Constant::Text(text.clone()),
        _ => return None,
    })
}

fn same_arm(value: &Value, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateKey, format!("two arms of this `match` take {}", fits::shown(value)))
        .at(again, "never taken")
        .at(first, "taken here already")
        .help("keep one of them")
}

/// The word `match`: the whole expression may be long.
fn head(span: Span) -> Span {
    Span { end: span.end.min(span.start + 5), ..span }
}

/// Whether two values are the same, as `==` sees it.
pub(super) fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        #[expect(clippy::cast_precision_loss, reason = "a comparison with a fraction is about its value")]
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Env(a), Value::Env(b)) => same_env(a, b),
        (Value::Asset(a), Value::Asset(b)) => a.package.sha256() == b.package.sha256(),
        _ => false,
    }
}

fn same_env(a: &EnvRef, b: &EnvRef) -> bool {
    a.name == b.name
}
