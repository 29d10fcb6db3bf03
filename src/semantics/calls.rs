//! Functions of the program: arguments to parameters, and the value.

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::{At, ModuleId, Top};
use crate::semantics::decorators;
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::frame::{BlockId, Step, What};
use crate::semantics::functions::Argument;
use crate::semantics::types;
use crate::semantics::units::UnitId;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::{Function, Ident, ItemKind};

/// Steps that a call costs beside what it evaluates.
const COST: usize = 10;

impl<'p> Evaluator<'p> {
    /// The function of the program that is meant by that name or path, if it is one.
    pub(super) fn own_function(&self, name: Name) -> Option<(ModuleId, At)> {
        match self.program.find(self.frame.unit.module, name.as_str()) {
            Some((module, Top::Function(at))) => Some((module, at)),
            _ => None,
        }
    }

    /// Calls a function of the program. `span` is the whole call.
    pub(super) fn call_own(
        &mut self,
        (module, at): (ModuleId, At),
        name: Ident,
        given: Vec<Argument>,
        span: Span,
    ) -> Value {
        let Some(function) = self.function(at) else { return Value::Unknown };
        let old = self.program.item(at).and_then(|item| decorators::deprecated(&item.decorators));
        self.uses_old(old.as_ref(), name.name.as_str(), name.span);
        let Some(arguments) = self.bind_own(function, name, given, span) else { return Value::Unknown };
        if self.frame.path.iter().any(|step| step.what == What::Call(at)) {
            return self.cycle(What::Call(at), span);
        }
        let mut calls = self.calls.clone();
        calls.push((name.name, span));
        self.frame.path.push(Step { what: What::Call(at), unit: UnitId::TOP, asked: span });
        let fine = self.enter(span) && self.burn(COST, span);
        let value = self.in_top(module, |ev| {
            ev.calls = calls;
            if fine { ev.run_function(function, arguments) } else { Value::Unknown }
        });
        self.leave();
        self.frame.path.pop();
        value
    }

    fn function(&self, at: At) -> Option<&'p Function> {
        match &self.program.item(at)?.kind {
            ItemKind::Function(function) => Some(function),
            _ => None,
        }
    }

    fn run_function(&mut self, function: &'p Function, arguments: Vec<Option<(Value, Span)>>) -> Value {
        let mut scope = Scope { outer: None, bound: Vec::with_capacity(arguments.len()), block: BlockId::default() };
        for (param, given) in function.params.iter().zip(arguments) {
            let (value, span) = match (given, &param.default) {
                (Some(given), _) => given,
                (None, Some(default)) => (self.eval(default, &scope), default.span),
                (None, None) => (Value::Unknown, param.name.span),
            };
            let value = match &param.ty {
                Some(ty) => self.fit_declared(ty, value, span, param.name),
                None => value,
            };
            scope.bound.push((param.name.name, value));
        }
        let value = self.eval(&function.value, &scope);
        match &function.ty {
            Some(ty) => {
                let ty = types::resolve(self, ty);
                fits::fit(self, &ty, value, function.value.span)
            }
            None => value,
        }
    }

    /// Evaluates a function that nobody called, for what is wrong with it in any case.
    pub(super) fn check_function(&mut self, module: ModuleId, at: At) {
        let Some(function) = self.function(at) else { return };
        let unknown = function.params.iter().map(|param| (param.name.name, Value::Unknown)).collect();
        self.in_top(module, |ev| {
            for ty in function.params.iter().filter_map(|param| param.ty.as_ref()).chain(&function.ty) {
                types::resolve(ev, ty);
            }
            ev.eval_dry(&function.value, &Scope { outer: None, bound: unknown, block: BlockId::default() });
        });
    }

    /// Each argument at its parameter; `None`, with a report, where they do not fit.
    fn bind_own(
        &mut self,
        function: &'p Function,
        name: Ident,
        given: Vec<Argument>,
        span: Span,
    ) -> Option<Vec<Option<(Value, Span)>>> {
        let mut slots: Vec<Option<(Value, Span)>> = function.params.iter().map(|_| None).collect();
        let mut position = 0;
        let mut fine = true;
        for argument in given {
            let at = match argument.name {
                Some(name) => function.params.iter().position(|param| param.name.name == name.name),
                None => Some(position),
            };
            position += usize::from(argument.name.is_none());
            match (at.and_then(|at| slots.get_mut(at)), argument.name) {
                (Some(slot @ None), _) => *slot = Some((argument.value, argument.span)),
                (Some(Some(_)), _) => {
                    let message = format!("`{}` is given an argument twice", name.name);
                    let problem = Diagnostic::new(Code::BadArgument, message).at(argument.span, "already given before");
                    self.report(problem.help(call_it(name.name, function)));
                    fine = false;
                }
                (None, unknown) => {
                    self.no_parameter(function, name.name, unknown, argument.span);
                    fine = false;
                }
            }
        }
        let lacks =
            function.params.iter().zip(&slots).filter(|(param, slot)| param.default.is_none() && slot.is_none());
        let lacks: Vec<String> = lacks.map(|(param, _)| format!("`{}`", param.name.name)).collect();
        if fine && !lacks.is_empty() {
            let message = format!("`{}` lacks {}", name.name, lacks.join(" and "));
            let problem = Diagnostic::new(Code::MissingArgument, message).at(span, "called here");
            self.report(problem.at(function.name.span, "declared here").help(call_it(name.name, function)));
        }
        (fine && lacks.is_empty()).then_some(slots)
    }

    fn no_parameter(&mut self, function: &Function, called: Name, name: Option<Ident>, span: Span) {
        let help = call_it(called, function);
        let problem = match name {
            None => {
                let most = function.params.len();
                let plural = if most == 1 { "" } else { "s" };
                Diagnostic::new(Code::BadArgument, format!("`{called}` takes {most} argument{plural}"))
                    .at(span, "one too many")
            }
            Some(name) => {
                let message = format!("`{called}` has no parameter `{}`", name.name);
                let problem = Diagnostic::new(Code::BadArgument, message);
                match nearest(name.name.as_str(), function.params.iter().map(|param| param.name.name.as_str())) {
                    Some(near) => problem.at(name.span, format!("the nearest is `{near}`")).fix(name.span, near),
                    None => problem.at(name.span, "not a parameter"),
                }
            }
        };
        self.report(problem.help(help));
    }
}

/// How a function is called, for people.
fn call_it(called: Name, function: &Function) -> String {
    let optional = |default: bool| if default { "?" } else { "" };
    let params: Vec<String> =
        function.params.iter().map(|p| format!("{}{}", p.name.name, optional(p.default.is_some()))).collect();
    format!("call it as `{called}({})`", params.join(", "))
}
