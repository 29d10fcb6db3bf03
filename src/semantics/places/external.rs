//! `extern core NAME { stack: "name-${env.name}", Output: Type }`: where the stack is, and what it offers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::foreign::There;
use super::{Deal, Spot};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::access::no_field;
use crate::semantics::declare::spelling;
use crate::semantics::decorators::Old;
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::frame::Place;
use crate::semantics::project::{self, Field};
use crate::semantics::types::{self, Type};
use crate::semantics::value::{LaterType, Value};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, Ident, TypeField};

/// What a stack that others deploy offers.
#[derive(Default, Debug)]
pub(in crate::semantics) struct Interface {
    /// Its outputs, sorted by name.
    pub(in crate::semantics) outputs: BTreeMap<Name, Offered>,
}

/// One output of it.
#[derive(Clone, Debug)]
pub(in crate::semantics) struct Offered {
    /// Where its name stands.
    pub(in crate::semantics) span: Span,
    /// As it is declared.
    pub(in crate::semantics) declared: Type,
    /// As consumers see it.
    pub(in crate::semantics) ty: LaterType,
    /// What it is for.
    pub(in crate::semantics) description: Option<Arc<str>>,
    /// Why it should not be used, if it should not.
    pub(in crate::semantics) old: Option<Old>,
}

const FIELDS: [&str; 4] = ["account", "region", "regions", "stack"];

impl<'p> Spot<'p> {
    /// Reads the interface, and places an instance for each environment.
    pub(super) fn external(&self, ev: &mut Evaluator<'p>) {
        let Some(external) = ev.program.external(self.stack.at) else { return };
        match &external.interface {
            ast::Interface::Said(outputs, settings) => {
                let interface = said(ev, outputs);
                ev.instances.interfaces.insert(self.stack.name, Arc::new(interface));
                self.refuse_braces_without_stack(ev, settings);
                for env in 0..ev.project.envs.len() {
                    self.external_in(ev, env, settings);
                }
            }
            ast::Interface::File(file) => self.contracted(ev, external, file),
        }
    }

    /// Says, once for all environments, that nothing says which stack is meant.
    fn refuse_braces_without_stack(&self, ev: &mut Evaluator<'p>, settings: &Expr) {
        let ast::ExprKind::Object(entries) = &settings.kind else { return };
        let has_stack = entries.iter().any(|entry| match entry {
            ast::Entry::Field(ast::Key::Name(key), _) => key.name.as_str() == "stack",
            ast::Entry::Field(..) => false,
            ast::Entry::Spread(_) => true,
        });
        if !has_stack {
            ev.report(
                Diagnostic::new(Code::MissingField, format!("`extern {}` has no `stack`", self.stack.name))
                    .at(self.stack.span, "which stack is meant is not said")
                    .help("add `stack: \"name-${env.name}\"`, the name that it has in CloudFormation"),
            );
        }
    }

    fn external_in(&self, ev: &mut Evaluator<'p>, at: usize, settings: &'p Expr) {
        let Some(env) = ev.project.envs.get(at) else { return };
        let (Some(account), Some(primary)) = (env.account.clone(), env.regions.first().cloned()) else { return };
        let place = Place {
            env: Some(Arc::clone(&env.value)),
            account: Some(Arc::clone(&account)),
            region: Some(Arc::clone(&primary)),
            instance: None,
        };
        let says = self.at_place(ev, &place, |ev| says(ev, settings));
        let regions = says.regions.unwrap_or_else(|| vec![primary]);
        if self.is_bound(ev, at, &place, &regions) {
            return;
        }
        let Some(name) = says.stack else { return };
        for region in regions {
            let account = says.account.clone().unwrap_or_else(|| Arc::clone(&account));
            let there = There { account, region, name: name.clone() };
            self.enter_foreign(ev, &place, there, Deal::External(name.1));
        }
    }
}

/// The settings of an external stack in one environment.
#[derive(Default)]
struct Says {
    stack: Option<(Arc<str>, Span)>,
    account: Option<Arc<crate::semantics::model::Account>>,
    regions: Option<Vec<Arc<str>>>,
}

fn says<'p>(ev: &mut Evaluator<'p>, settings: &'p Expr) -> Says {
    let mut says = Says::default();
    let mut first: Option<Span> = None;
    for field in project::fields_of(ev, settings) {
        let name = field.name.as_str();
        match name {
            "stack" => says.stack = stack_name(ev, &field),
            "account" => says.account = project::account_of(ev, &field.value, field.at),
            "region" | "regions" => {
                if let Some(first) = first.replace(field.span) {
                    ev.report(
                        Diagnostic::new(Code::DuplicateKey, "`region` and `regions` both say where this is")
                            .at(field.span, "again here")
                            .at(first, "first here")
                            .help("keep one of them"),
                    );
                }
                let value = match (name, &field.value) {
                    ("region", Value::Unknown) => continue,
                    ("region", value) => Value::List(Arc::new([value.clone()])),
                    (_, value) => value.clone(),
                };
                says.regions = Some(project::regions(ev, &value, field.at));
            }
            _ => {
                let known: Vec<Name> = FIELDS.iter().map(|n| Name::new(n)).collect();
                let ident = Ident { name: field.name, span: field.span };
                ev.report(no_field("an external stack", ident, &known));
            }
        }
    }
    says
}

fn stack_name(ev: &mut Evaluator<'_>, field: &Field<'_>) -> Option<(Arc<str>, Span)> {
    match &field.value {
        Value::Str(text) => return Some((Arc::clone(text), field.at)),
        Value::Unknown => {}
        other => {
            let message = format!("the name of a stack is text, not {}", fits::kind(other));
            ev.report(Diagnostic::new(Code::TypeMismatch, message).at(field.at, fits::shown(other)));
        }
    }
    None
}

/// The outputs as they are declared.
fn said<'p>(ev: &mut Evaluator<'p>, outputs: &'p [TypeField]) -> Interface {
    let mut interface = Interface::default();
    let mut problems = Vec::new();
    for output in outputs {
        spelling::pascal(output.name, &mut problems);
        if let Some(first) = interface.outputs.get(&output.name.name) {
            ev.report(crate::semantics::eval::same_key(output.name.name, output.name.span, first.span));
            continue;
        }
        let declared = types::resolve(ev, &output.ty);
        if output.optional || matches!(declared, Type::Optional(_)) {
            ev.report(optional(output));
        }
        let ty = crossing(ev, &declared, output);
        let offered = Offered { span: output.name.span, declared, ty, description: None, old: None };
        interface.outputs.insert(output.name.name, offered);
    }
    problems.into_iter().for_each(|problem| ev.report(problem));
    interface
}

/// Whether an output is there shows when the stack is read, which is after everything is decided that
/// `null` could decide.
fn optional(output: &TypeField) -> Diagnostic {
    let name = output.name.name;
    Diagnostic::new(Code::KnownTooLate, format!("whether `{name}` is there is known only when deploying"))
        .at(output.name.span, "may be absent")
        .help("declare it without `?`; where an environment has none, give it there: `bind: { … }`")
}

/// The type as a value has it that crosses stacks.
fn crossing(ev: &mut Evaluator<'_>, declared: &Type, output: &TypeField) -> LaterType {
    if declared.is_secret() {
        ev.report(
            Diagnostic::new(Code::SecretLeak, format!("`{}` cannot be a secret", output.name.name))
                .at(output.ty.span, "everybody who may see the stack reads its outputs")
                .help("read the secret itself: `secret(\"name\")` or `ssm_secret(\"/path\")`"),
        );
        return LaterType::Any;
    }
    declared.later().unwrap_or_else(|| {
        ev.report(
            Diagnostic::new(
                Code::TypeMismatch,
                format!("`{}` cannot be an output: `{declared}` is not a type of outputs", output.name.name),
            )
            .at(output.ty.span, "outputs are texts, numbers and lists of them")
            .help("declare what the output holds: `String`, `[String]`, `Int`, an identifier"),
        );
        LaterType::Any
    })
}
