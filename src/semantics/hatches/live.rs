//! `live a.B`: an output of another stack that CloudFormation reads itself, whenever it deploys.
//!
//! Facts: the blog post and template reference page of `Fn::GetStackOutput` (spring 2026); aws/aws-cdk#37724 and
//! #37800 for accounts and regions, aws/aws-cdk#38829 for what a change set makes of it; cfn-lint 1.58 (E1033), which
//! refuses it where a list is asked and in `Fn::Split`.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::model::Output;
use crate::semantics::places::Planned;
use crate::semantics::stack_refs::Offered;
use crate::semantics::value::{ForeignOutput, Later, LaterExpr, LaterType, LiveOutput, StackRef, Value};
use crate::semantics::{builtin, fits};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// The value of `live what`.
pub(crate) fn evaluate<'p>(ev: &mut Evaluator<'p>, what: &'p Expr, span: Span, scope: &Scope<'_>) -> Value {
    if let ExprKind::Index(base, _) = &what.kind
        && matches!(base.kind, ExprKind::Field(..))
        && matches!(evaluate(ev, base, span, scope), Value::Unknown)
    {
        return Value::Unknown;
    }
    let ExprKind::Field(base, output, _) = &what.kind else {
        let value = ev.eval(what, scope);
        return no_output(ev, &value, what, span);
    };
    let stack = match ev.eval(base, scope) {
        Value::Stack(stack) => stack,
        Value::Unknown => return Value::Unknown,
        value => return no_output(ev, &value, base, span),
    };
    match ev.offered(&stack, *output, base.span) {
        Offered::Value(value) => value,
        Offered::Output(producer, found) => {
            let Some(planned) = ev.instances.planned.get(producer).cloned() else { return Value::Unknown };
            read(ev, &planned, (&stack, &found), span)
        }
    }
}

fn no_output(ev: &mut Evaluator<'_>, value: &Value, what: &Expr, span: Span) -> Value {
    let problem = match value {
        Value::Unknown => return Value::Unknown,
        Value::Stack(stack) => {
            Diagnostic::new(Code::TypeMismatch, format!("nothing says which output of `{}` is meant", stack.stack))
                .at(span, "names a stack")
                .help(format!("name one of its outputs: `live {}.Output`", stack.stack))
        }
        other => Diagnostic::new(Code::TypeMismatch, "`live` reads an output of another stack")
            .at(what.span, format!("this is {}", fits::kind(other)))
            .help("name a stack and its output: `live network.Vpc`; within a stack, a name is enough"),
    };
    ev.report(problem);
    Value::Unknown
}

fn read(ev: &mut Evaluator<'_>, planned: &Planned, (stack, output): (&StackRef, &Output), span: Span) -> Value {
    let whole = format!("{}.{}", stack.stack, output.name);
    if let LaterType::List(..) = output.ty {
        ev.report(
            Diagnostic::new(Code::BadValue, format!("`live` cannot read `{whole}`, which is a list"))
                .at(span, "CloudFormation reads texts this way, and cannot take them apart")
                .at(output.span, "declared here")
                .help(format!("write `{whole}` without `live`, or output its items one by one")),
        );
        return Value::Unknown;
    }
    if matches!(output.ty, LaterType::Any) && matches!(output.value, Value::Unknown) {
        return Value::Unknown;
    }
    let there = builtin::partition(&planned.key.region);
    if builtin::partition(ev.region()) != there {
        ev.report(
            Diagnostic::new(Code::BadValue, format!("`live` does not reach `{}`", planned.key))
                .at(span, format!("read from another partition, `{there}`"))
                .help(format!("write `{whole}` without `live`: its value is passed as a parameter")),
        );
        return Value::Unknown;
    }
    let elsewhere = ev.frame.place.account.as_ref().is_some_and(|account| account.id != planned.account.id);
    if elsewhere && planned.account.role.is_none() {
        let account = planned.account.name;
        ev.report(
            Diagnostic::new(
                Code::BadValue,
                format!("`live` cannot read from the account `{account}`: it has no `role`"),
            )
            .at(span, "CloudFormation needs a role there that may describe stacks")
            .at(planned.account.span, "declared without one")
            .help(format!("give the account a `role`, or write `{whole}` without `live`")),
        );
        return Value::Unknown;
    }
    let region = (*planned.key.region != *ev.region()).then(|| Arc::clone(&planned.key.region));
    let from = ForeignOutput { instance: planned.key.clone(), output: output.name };
    if !ev.frame.live.contains_key(&from) {
        let name = ev.parameter_name("Live", (stack, planned), output.name, span);
        ev.frame.live.insert(from.clone(), (name, span));
    }
    let live = LiveOutput {
        from,
        stack_name: Arc::clone(&planned.stack_name),
        region,
        role: planned.account.role.clone().filter(|_| elsewhere),
    };
    let expr = LaterExpr::StackOutput(Arc::new(live));
    Value::Later(Arc::new(Later { expr, ty: output.ty.clone(), origin: span, secret: false }))
}
