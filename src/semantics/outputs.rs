//! Outputs and assertions.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::BlockId;
use crate::semantics::model;
use crate::semantics::value::{Later, LaterExpr, LaterType, Value};
use crate::semantics::{decorators, fits, injection, resources, secret_leak, settings, types};
use crate::source::Span;
use crate::syntax::ast::{Assert, Output, Stmt};

impl<'p> Evaluator<'p> {
    /// Evaluates every output; sorted by name. One whose value is `null` is not there.
    pub(super) fn all_outputs(&mut self) -> Vec<model::Output> {
        let mut out = Vec::new();
        for (stmt, output, block) in std::mem::take(&mut self.frame.outputs) {
            self.reports.next_round();
            let dry = self.frame.is_dry(block);
            let before = std::mem::replace(&mut self.dry, dry);
            let made = self.output(stmt, output, block);
            if let Some(made) = &made {
                let published = decorators::published(self, &stmt.decorators, made, &Scope::of(block));
                self.frame.published.extend(published.filter(|_| !dry));
            }
            self.dry = before;
            out.extend(made.filter(|_| !dry));
        }
        out.sort_by_key(|output| output.name);
        out
    }

    fn output(&mut self, stmt: &'p Stmt, output: &'p Output, block: BlockId) -> Option<model::Output> {
        let name = output.name;
        let scope = Scope::of(block);
        let (value, span) = match &output.value {
            Some(expr) => (self.eval(expr, &scope), expr.span),
            None => (self.lookup(name.name, name.span, &scope), name.span),
        };
        let value = self.plain(value, span);
        let value = match &output.ty {
            Some(ty) => {
                let ty = types::resolve(self, ty);
                fits::fit(self, &ty, value, span)
            }
            None => value,
        };
        if matches!(value, Value::Null) {
            return None;
        }
        let ty = self.output_type(&value, name.name.as_str(), span);
        let value = if ty.is_some() { value } else { Value::Unknown };
        Some(model::Output {
            name: name.name,
            value,
            ty: ty.unwrap_or(LaterType::Any),
            description: stmt.doc.clone(),
            deprecated: decorators::deprecated(&stmt.decorators).map(|old| old.reason),
            export: output.export.then(|| self.export_name(name.name)),
            span: name.span,
        })
    }

    /// A stack's name is its own in an account and region, and has no output's name in it; so has this.
    fn export_name(&self, output: Name) -> Arc<str> {
        let stack = self.frame.place.instance.as_ref().map_or("", |instance| &*instance.stack_name);
        format!("{stack}-{output}").into()
    }

    /// A resource outputs what `Ref` returns; several, a list of that.
    fn plain(&mut self, value: Value, span: Span) -> Value {
        let types = self.types();
        match value {
            Value::Resource(resource) => resources::reference(types, &resource, span),
            Value::Resources(all) => {
                Value::List(all.items.iter().map(|(_, item)| self.plain(item.clone(), span)).collect())
            }
            Value::List(items) if items.iter().any(|item| matches!(item, Value::Resource(_))) => {
                Value::List(items.iter().map(|item| self.plain(item.clone(), span)).collect())
            }
            Value::Env(env) => Value::Str(env.name.as_str().into()),
            other => other,
        }
    }

    /// The type of an output as others see it; `None`, with a report, where the value cannot be one.
    fn output_type(&mut self, value: &Value, name: &str, span: Span) -> Option<LaterType> {
        if let Some(secret) = secret_in(value) {
            self.report(secret_leak("an output", secret, span));
            return None;
        }
        let ty = match value {
            Value::List(items) => {
                let mut item_type: Option<LaterType> = None;
                for item in items.iter() {
                    let cut = match item {
                        Value::Str(text) => settings::item_problem(text, span),
                        _ => None,
                    };
                    if let Some(problem) = cut.or_else(|| mangled(item, span)) {
                        self.report_value(problem);
                        return None;
                    }
                    match (scalar_type(item), &item_type) {
                        (None, _) => return self.no_output_shape(item, name, span),
                        (Some(ty), None) => item_type = Some(ty),
                        (Some(ty), Some(first)) if ty == *first => {}
                        // Texts of different kinds have no kind in common.
                        (Some(_), Some(_)) => item_type = Some(LaterType::String(Vec::new())),
                    }
                }
                let item = item_type.unwrap_or(LaterType::String(Vec::new()));
                Some(LaterType::List(Box::new(item), Some(items.len())))
            }
            other => {
                if let Some(problem) = mangled(other, span) {
                    self.report_value(problem);
                    return None;
                }
                scalar_type(other)
            }
        };
        match ty {
            Some(ty) => Some(ty),
            None => self.no_output_shape(value, name, span),
        }
    }

    fn no_output_shape(&mut self, value: &Value, name: &str, span: Span) -> Option<LaterType> {
        if matches!(value, Value::Unknown) {
            return None;
        }
        let message = format!("`{name}` cannot be an output: it holds {}", fits::kind(value));
        let problem = Diagnostic::new(Code::TypeMismatch, message).at(span, fits::shown(value));
        self.report_value(match value {
            Value::Null => problem.help("leave `null`s out of the list: `[for x in xs if x != null: x]`"),
            _ => problem.help(
                "output texts, numbers, and lists of these; an object can be output field by field, or as `json(…)`",
            ),
        });
        None
    }

    /// Evaluates every assertion.
    pub(super) fn all_asserts(&mut self) -> Checked {
        let mut checked = Checked::default();
        for (unit, assert, block) in std::mem::take(&mut self.frame.asserts) {
            self.reports.next_round();
            self.in_unit(unit, |ev| {
                let dry = ev.frame.is_dry(block);
                let before = std::mem::replace(&mut ev.dry, dry);
                let holds = ev.assert(assert, &Scope::of(block));
                ev.dry = before;
                if !dry {
                    checked.all += 1;
                    checked.undecided = checked.undecided.or(holds.is_none().then_some(assert.condition.span));
                }
            });
        }
        checked
    }

    /// Evaluates one assertion.
    pub(super) fn assert(&mut self, assert: &'p Assert, scope: &Scope<'_>) -> Option<bool> {
        let holds = self.truth(&assert.condition, scope);
        let said = assert.message.as_ref().map(|message| (self.eval(message, scope), message.span));
        let message = match &said {
            Some((Value::Str(text), _)) => text.to_string(),
            Some((Value::Later(later), span)) => {
                self.report(match later.secret {
                    true => secret_leak("the message of an assertion", later, *span),
                    false => fits::too_late("the message of an assertion is needed", later, *span),
                });
                return holds;
            }
            Some((Value::Unknown, _)) => return holds,
            Some((other, span)) => {
                let message = format!("the message of an assertion is text, not {}", fits::kind(other));
                self.report_value(Diagnostic::new(Code::TypeMismatch, message).at(*span, fits::shown(other)));
                return holds;
            }
            None => format!("an assertion does not hold in {}", self.here()),
        };
        // In a branch that is not taken nothing is said of values.
        if holds == Some(false) && !self.dry {
            let problem = Diagnostic::new(Code::AssertionFailed, message);
            let problem = self.with_parts(problem, &assert.condition, scope);
            self.report_value(problem);
        }
        holds
    }
}

/// How a row of assertions ended.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Checked {
    /// So many were evaluated.
    pub(super) all: usize,
    /// The first that could not be decided; why is reported.
    pub(super) undecided: Option<Span>,
}

/// CloudFormation keeps outputs as they are but gives them back with `?` for every character beyond
/// ASCII (aws-cloudformation/cloudformation-coverage-roadmap#814): others would read something else.
fn mangled(value: &Value, span: Span) -> Option<Diagnostic> {
    if let Some(problem) = injection::problem(value, span) {
        return Some(problem);
    }
    let odd = match value {
        Value::Str(text) => text.chars().find(|c| !c.is_ascii())?,
        Value::Later(later) => match &later.expr {
            LaterExpr::Concat(pieces) => return pieces.iter().find_map(|piece| mangled(piece, span)),
            _ => return None,
        },
        _ => return None,
    };
    Some(
        Diagnostic::new(Code::BadValue, format!("an output cannot hold `{odd}`"))
            .at(span, "CloudFormation gives it back as `?`")
            .help("use ASCII only, or encode it: `base64(…)`, `url_encode(…)`"),
    )
}

/// The type of a single value as others see it; `None` where it cannot be an output.
fn scalar_type(value: &Value) -> Option<LaterType> {
    match value {
        Value::Str(_) => Some(LaterType::String(Vec::new())),
        Value::Int(_) => Some(LaterType::Int),
        Value::Float(_) => Some(LaterType::Float),
        Value::Bool(_) => Some(LaterType::Bool),
        Value::Later(later) => match &later.ty {
            LaterType::Json => None,
            LaterType::List(item, _) if matches!(**item, LaterType::List(..) | LaterType::Json) => None,
            ty => Some(ty.clone()),
        },
        _ => None,
    }
}

fn secret_in(value: &Value) -> Option<&Arc<Later>> {
    match value {
        Value::Later(later) if later.secret => Some(later),
        Value::List(items) => items.iter().find_map(secret_in),
        Value::Object(object) => object.iter().find_map(|(_, value)| secret_in(value)),
        _ => None,
    }
}
