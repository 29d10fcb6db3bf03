//! `bind: { network: stack("platform-core"), queue: { Url: "https://…" } }` of an environment.

use std::sync::Arc;

use super::{Field, account_of, account_or_value, regions};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::Top;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::model::Account;
use crate::semantics::places::Given;
use crate::semantics::value::Value;
use crate::semantics::{fits, secret_leak};
use crate::source::Span;
use crate::syntax::ast::{Arg, Entry, Expr, ExprKind, Ident, Key};

/// A stack that an environment does not deploy.
pub(in crate::semantics) struct Binding {
    /// The stack.
    pub(in crate::semantics) stack: Ident,
    /// What stands for it.
    pub(in crate::semantics) to: BoundTo,
}

/// What stands for a stack.
#[derive(Clone)]
pub(in crate::semantics) enum BoundTo {
    /// A stack that is there already.
    Stack {
        /// Its name in CloudFormation.
        name: Arc<str>,
        /// Its account, where it is not that of the environment.
        account: Option<Arc<Account>>,
        /// Its region, where it is not that of the instance it stands for.
        region: Option<Arc<str>>,
        /// Where that is said.
        span: Span,
    },
    /// The outputs themselves.
    Values(Arc<Given>),
}

/// How a binding is written.
const HELP: &str =
    "write `bind: { network: stack(\"name\") }`, or give the outputs: `bind: { network: { Vpc: \"vpc-1\" } }`";

/// Reads the field; what is wrong is said and left out.
pub(super) fn read<'p>(ev: &mut Evaluator<'p>, field: &Field<'p>) -> Vec<Binding> {
    let Some(Expr { kind: ExprKind::Object(entries), .. }) = field.expr else {
        ev.report(
            Diagnostic::new(Code::TypeMismatch, "`bind` is an object: stacks, and what stands for each")
                .at(field.at, "written in another way")
                .help(HELP),
        );
        return Vec::new();
    };
    let mut out: Vec<Binding> = Vec::new();
    for entry in entries {
        let Entry::Field(Key::Name(stack), expr) = entry else {
            let span = match entry {
                Entry::Field(Key::Computed(key), _) => key.span,
                Entry::Field(Key::Name(key), _) => key.span,
                Entry::Spread(expr) => expr.span,
            };
            ev.report(
                Diagnostic::new(Code::InvalidName, "a binding names its stack")
                    .at(span, "this name is computed")
                    .help(HELP),
            );
            continue;
        };
        if let Some(first) = out.iter().find(|b| b.stack.name == stack.name) {
            ev.report(crate::semantics::eval::same_key(stack.name, stack.span, first.stack.span));
        } else if is_stack(ev, *stack)
            && let Some(to) = bound_to(ev, expr)
        {
            out.push(Binding { stack: *stack, to });
        }
    }
    out
}

/// Whether it is the name of a stack; says so where it is not.
pub(in crate::semantics) fn is_stack(ev: &mut Evaluator<'_>, stack: Ident) -> bool {
    let declared = &ev.program.declared;
    if matches!(declared.tops.get(&stack.name), Some(Top::Stack(_))) {
        return true;
    }
    let problem = Diagnostic::new(Code::UnknownName, format!("there is no stack `{}` to bind", stack.name))
        .at(stack.span, "not a stack");
    let problem = match nearest(stack.name.as_str(), declared.stacks.iter().map(|s| s.name.as_str())) {
        Some(near) => problem.help(format!("write `{near}`")).fix(stack.span, near),
        None => problem.help("name a `core`, a `service` or an `extern` of this project"),
    };
    ev.report(problem);
    false
}

fn bound_to<'p>(ev: &mut Evaluator<'p>, expr: &'p Expr) -> Option<BoundTo> {
    match &expr.kind {
        ExprKind::Call(callee, args) if matches!(&callee.kind, ExprKind::Name(name) if name.as_str() == "stack") => {
            existing(ev, args, expr.span)
        }
        ExprKind::Object(entries) => Some(BoundTo::Values(Arc::new(given(ev, entries, expr.span, false)))),
        _ => {
            ev.report(
                Diagnostic::new(Code::TypeMismatch, "a stack is bound to an existing one, or to its outputs")
                    .at(expr.span, "neither of both")
                    .help(HELP),
            );
            None
        }
    }
}

/// `stack("name", account: X, region: "eu-west-1")`
fn existing<'p>(ev: &mut Evaluator<'p>, args: &'p [Arg], span: Span) -> Option<BoundTo> {
    let (mut name, mut account, mut region) = (None, None, None);
    let mut fine = true;
    for arg in args {
        match arg.name.map_or("name", |n| n.name.as_str()) {
            "name" if name.is_none() && !arg.spread => name = Some(&arg.value),
            "account" if account.is_none() => account = Some(&arg.value),
            "region" if region.is_none() => region = Some(&arg.value),
            _ => {
                fine = false;
                ev.report(
                    Diagnostic::new(Code::BadArgument, "`stack` takes a name, and where the stack is")
                        .at(arg.name.map_or(arg.value.span, |n| n.span), "not among these, or given twice")
                        .help("write `stack(\"name\", account: NAME, region: \"eu-west-1\")`"),
                );
            }
        }
    }
    let Some(name) = name else {
        ev.report(
            Diagnostic::new(Code::MissingArgument, "`stack` needs the name of a stack in CloudFormation")
                .at(span, "no name is given")
                .help("write `stack(\"name\")`"),
        );
        return None;
    };
    let name = match ev.eval(name, &Scope::default()) {
        Value::Str(text) => Some(text),
        Value::Unknown => None,
        other => {
            let message = format!("the name of a stack is text, not {}", fits::kind(&other));
            ev.report(Diagnostic::new(Code::TypeMismatch, message).at(name.span, fits::shown(&other)));
            None
        }
    };
    let account = match account {
        None => None,
        Some(expr) => {
            let value = account_or_value(ev, Name::new("account"), expr);
            let found = account_of(ev, &value, expr.span);
            fine &= found.is_some();
            found
        }
    };
    let region = match region {
        None => None,
        Some(expr) => {
            let value = ev.eval(expr, &Scope::default());
            let found = regions(ev, &Value::List(Arc::new([value])), expr.span).pop();
            fine &= found.is_some();
            found
        }
    };
    Some(BoundTo::Stack { name: name.filter(|_| fine)?, account, region, span })
}

/// `{ Vpc: "vpc-1", Subnets: ["subnet-1"] }`
pub(in crate::semantics) fn given<'p>(
    ev: &mut Evaluator<'p>,
    entries: &'p [Entry],
    span: Span,
    is_partial: bool,
) -> Given {
    let mut given = Given { span, values: Vec::new(), is_partial };
    for entry in entries {
        match entry {
            Entry::Field(Key::Name(key), expr) => {
                if let Some((_, first, _)) = given.values.iter().find(|(name, ..)| name.name == key.name) {
                    ev.report(crate::semantics::eval::same_key(key.name, key.span, *first));
                    continue;
                }
                let value = ev.eval(expr, &Scope::default());
                let value = now(ev, value, expr.span);
                given.values.push((*key, expr.span, value));
            }
            Entry::Field(Key::Computed(key), _) => ev.report(
                Diagnostic::new(Code::InvalidName, "the outputs of a binding have plain names")
                    .at(key.span, "this name is computed")
                    .help("write the name itself"),
            ),
            Entry::Spread(expr) => match ev.eval(expr, &Scope::default()) {
                Value::Object(object) => {
                    for (name, value) in object.iter() {
                        given.values.retain(|(key, ..)| key.name != name);
                        let value = now(ev, value.clone(), expr.span);
                        given.values.push((Ident { name, span: expr.span }, expr.span, value));
                    }
                }
                Value::Unknown | Value::Null => {}
                other => {
                    let message = format!("`...` takes an object here, not {}", fits::kind(&other));
                    ev.report(Diagnostic::new(Code::TypeMismatch, message).at(expr.span, fits::shown(&other)));
                }
            },
        }
    }
    given
}

/// The value, where it is known while compiling; says so where it is not.
fn now(ev: &mut Evaluator<'_>, value: Value, span: Span) -> Value {
    let Some(later) = fits::later_inside(&value) else { return value };
    let problem = match later.secret {
        true => secret_leak("an output", later, span),
        false => fits::too_late("an output that is given is needed", later, span),
    };
    ev.report(problem);
    Value::Unknown
}
