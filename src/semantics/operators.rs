//! Operators: arithmetic and order on numbers, order on texts, equality on everything.
//!
//! Two whole numbers give a whole number (`/` drops the fraction); with a `Float` the result is
//! a `Float`. `+` is for numbers only: texts are interpolated, lists and objects are spread.

use std::cmp::Ordering;

use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::assets::NAME_A_FIELD;
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::value::{Later, LaterExpr, Value};
use crate::source::Span;
use crate::syntax::ast;

/// Values deeper than this are not compared further.
const DEEPEST: usize = 256;

/// Both operands are evaluated; `&&`, `||` and `??` come here only where the left one does not decide.
pub(crate) fn binary(
    ev: &mut Evaluator<'_>,
    op: ast::Binary,
    left: (Value, Span),
    right: (Value, Span),
    span: Span,
) -> Value {
    if matches!(left.0, Value::Unknown) || matches!(right.0, Value::Unknown) {
        return Value::Unknown;
    }
    match compute(op, &left, &right, span) {
        Ok(value) => value,
        Err(problem) => {
            let problem = with_rewrite(ev, op, *problem, &left, &right);
            ev.report_value(problem);
            Value::Unknown
        }
    }
}

/// `!a`, `-a`
pub(crate) fn unary(ev: &mut Evaluator<'_>, op: ast::Unary, operand: (Value, Span), span: Span) -> Value {
    let (value, at) = operand;
    let (symbol, wants) = match op {
        ast::Unary::Not => ("!", "a `Bool`"),
        ast::Unary::Minus => ("-", "a number"),
    };
    let problem = match (op, &value) {
        (_, Value::Unknown) => return Value::Unknown,
        (ast::Unary::Not, Value::Bool(truth)) => return Value::Bool(!truth),
        (ast::Unary::Minus, Value::Float(number)) => return Value::Float(-number),
        (ast::Unary::Minus, Value::Int(number)) => match number.checked_neg() {
            Some(number) => return Value::Int(number),
            None => overflow(span),
        },
        (_, Value::Later(later)) => fits::too_late(&format!("what `{symbol}` is applied to is needed"), later, at),
        _ => Diagnostic::new(Code::TypeMismatch, format!("`{symbol}` takes {wants}, not {}", fits::kind(&value)))
            .at(at, format!("this is {}", fits::shown(&value)))
            .help(format!("give {wants}")),
    };
    ev.report_value(problem);
    Value::Unknown
}

type Problem = Box<Diagnostic>;

fn compute(op: ast::Binary, left: &(Value, Span), right: &(Value, Span), span: Span) -> Result<Value, Problem> {
    use ast::Binary as B;
    match op {
        B::Else => Ok(if matches!(left.0, Value::Null) { right.0.clone() } else { left.0.clone() }),
        B::And | B::Or => {
            let (a, b) = (truth(op, left)?, truth(op, right)?);
            Ok(Value::Bool(if op == B::And { a && b } else { a || b }))
        }
        B::Eq => equality(op, left, right).map(Value::Bool),
        B::Ne => equality(op, left, right).map(|same| Value::Bool(!same)),
        B::Lt => comparison(op, left, right, Ordering::is_lt),
        B::Le => comparison(op, left, right, Ordering::is_le),
        B::Gt => comparison(op, left, right, Ordering::is_gt),
        B::Ge => comparison(op, left, right, Ordering::is_ge),
        B::Add | B::Sub | B::Mul | B::Div | B::Rem => arithmetic(op, left, right, span),
    }
}

fn truth(op: ast::Binary, (value, span): &(Value, Span)) -> Result<bool, Problem> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        _ => Err(operand(op, value, *span, "a `Bool`")),
    }
}

/// An operand of another kind than the operator takes.
fn operand(op: ast::Binary, value: &Value, span: Span, wants: &str) -> Problem {
    let symbol = op.symbol();
    if let Value::Later(later) = value {
        return Box::new(fits::too_late(&format!("a side of `{symbol}` is needed"), later, span));
    }
    let problem = Diagnostic::new(Code::TypeMismatch, format!("`{symbol}` takes {wants}, not {}", fits::kind(value)))
        .at(span, format!("this is {}", fits::shown(value)));
    Box::new(match value {
        Value::Resource(resource) => problem.help(fits::name_an_attribute(resource)),
        _ => problem.help(format!("give {wants}")),
    })
}

/// Equality; comparing a name with a text is a mistake, not a difference.
fn equality(op: ast::Binary, left: &(Value, Span), right: &(Value, Span)) -> Result<bool, Problem> {
    if let Some(same) = equal(&left.0, &right.0) {
        let named = |v: &Value| {
            matches!(v, Value::Env(_) | Value::Resource(_) | Value::Seen(_) | Value::Stack(_) | Value::Asset(_))
        };
        for (name, other) in [(left, right), (right, left)] {
            if named(&name.0) && matches!(other.0, Value::Str(_)) {
                return Err(name_and_text(op, name));
            }
        }
        return Ok(same);
    }
    for (value, span) in [left, right] {
        if let Some(later) = fits::later_inside(value) {
            let what = format!("a side of `{}` is needed", op.symbol());
            return Err(Box::new(fits::too_late(&what, later, *span)));
        }
    }
    Ok(false)
}

fn name_and_text(op: ast::Binary, (value, span): &(Value, Span)) -> Problem {
    let message = format!("{} never equals a text", fits::kind(value));
    let help = match value {
        Value::Env(env) => {
            format!("compare the environment itself, `env {} {}`, or its name, `env.name`", op.symbol(), env.name)
        }
        Value::Resource(resource) => fits::name_an_attribute(resource),
        Value::Asset(_) => NAME_A_FIELD.to_owned(),
        Value::Seen(seen) => format!("compare a value of it, such as `{}.ref`", seen.shown),
        _ => "compare one of its outputs".to_owned(),
    };
    Box::new(
        Diagnostic::new(Code::TypeMismatch, message).at(*span, format!("this is {}", fits::shown(value))).help(help),
    )
}

/// Whether two values are the same; `None` where only the deployment can say.
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    equal_within(left, right, 0)
}

fn equal_within(left: &Value, right: &Value, depth: usize) -> Option<bool> {
    use Value as V;
    if depth > DEEPEST {
        return Some(false);
    }
    Some(match (left, right) {
        (V::Unknown, _) | (_, V::Unknown) => return None,
        // A later value is something, whatever it is.
        (V::Later(_), V::Null) | (V::Null, V::Later(_)) => false,
        (V::Later(a), V::Later(b)) if is_same(a, b, depth + 1) => true,
        (V::Later(_), _) | (_, V::Later(_)) => return None,
        (V::Null, V::Null) => true,
        (V::Bool(a), V::Bool(b)) => a == b,
        (V::Int(_) | V::Float(_), V::Int(_) | V::Float(_)) => order(left, right) == Some(Ordering::Equal),
        (V::Str(a), V::Str(b)) => a == b,
        (V::Asset(a), V::Asset(b)) => a.package.sha256() == b.package.sha256(),
        (V::List(a), V::List(b)) => {
            return all(a.len() == b.len(), a.iter().zip(b.iter()).map(|(a, b)| equal_within(a, b, depth + 1)));
        }
        (V::Object(a), V::Object(b)) => {
            let pairs = a.iter().map(|(key, a)| match b.get(key) {
                Some(b) => equal_within(a, b, depth + 1),
                None => Some(false),
            });
            return all(a.len() == b.len(), pairs);
        }
        (V::Resource(a), V::Resource(b)) => a.id == b.id && a.span == b.span,
        (V::Resources(a), V::Resources(b)) => a.name == b.name && a.span == b.span,
        (V::Seen(a), V::Seen(b)) => a.instance == b.instance && a.shown == b.shown,
        (V::Stack(a), V::Stack(b)) => a == b,
        (V::Env(a), V::Env(b)) => a.name == b.name,
        _ => false,
    })
}

/// Whether the deployment computes both in the same way, of the same.
fn is_same(left: &Later, right: &Later, depth: usize) -> bool {
    use LaterExpr as E;
    let values = |a: &Value, b: &Value| equal_within(a, b, depth) == Some(true);
    match (&left.expr, &right.expr) {
        (E::Ref(a), E::Ref(b)) | (E::Parameter(a), E::Parameter(b)) => a == b,
        (E::GetAtt(a, of), E::GetAtt(b, and)) => a == b && of == and,
        (E::Concat(a), E::Concat(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| values(a, b)),
        (E::Join(between, a), E::Join(and, b)) | (E::Split(between, a), E::Split(and, b)) => {
            between == and && values(a, b)
        }
        (E::Select(at, a), E::Select(and, b)) => at == and && depth <= DEEPEST && is_same(a, b, depth + 1),
        (E::Base64(a), E::Base64(b)) => values(a, b),
        (E::Dynamic(a), E::Dynamic(b)) => a == b,
        (E::StackOutput(a), E::StackOutput(b)) => a == b,
        _ => false,
    }
}

/// All of them equal: one difference decides, whatever the deployment says of the others.
fn all(same_size: bool, pairs: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    if !same_size {
        return Some(false);
    }
    let mut result = Some(true);
    for pair in pairs {
        match pair {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

fn comparison(
    op: ast::Binary,
    left: &(Value, Span),
    right: &(Value, Span),
    holds: fn(Ordering) -> bool,
) -> Result<Value, Problem> {
    if let Some(order) = order(&left.0, &right.0) {
        return Ok(Value::Bool(holds(order)));
    }
    let wants = "two numbers or two texts";
    let comparable = |value: &Value| matches!(value, Value::Int(_) | Value::Float(_) | Value::Str(_));
    Err(if comparable(&left.0) { operand(op, &right.0, right.1, wants) } else { operand(op, &left.0, left.1, wants) })
}

/// The order of two numbers or two texts; `None` for anything else.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => float(left)?.partial_cmp(&float(right)?),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mixed operation is one of floating point numbers")]
fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn arithmetic(op: ast::Binary, left: &(Value, Span), right: &(Value, Span), span: Span) -> Result<Value, Problem> {
    match numbers(op, &left.0, &right.0) {
        Some(Ok(value)) => Ok(value),
        Some(Err(_)) if is_zero(&right.0) => Err(Box::new(
            Diagnostic::new(Code::OutOfRange, "division by zero")
                .at(right.1, "this is 0")
                .help("check for 0 first: `if n == 0 then … else …`"),
        )),
        Some(Err(_)) => Err(Box::new(overflow(span))),
        None => {
            let number = |value: &Value| matches!(value, Value::Int(_) | Value::Float(_));
            let (value, at) = if number(&left.0) { right } else { left };
            Err(operand(op, value, *at, "numbers"))
        }
    }
}

/// The result of two numbers, or why there is none; `None` where they are not numbers.
pub(crate) fn numbers(op: ast::Binary, left: &Value, right: &Value) -> Option<Result<Value, &'static str>> {
    use ast::Binary as B;
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        let result = match op {
            B::Add => a.checked_add(*b),
            B::Sub => a.checked_sub(*b),
            B::Mul => a.checked_mul(*b),
            B::Div => a.checked_div(*b),
            _ => a.checked_rem(*b),
        };
        return Some(result.map(Value::Int).ok_or("the result is too large for a number"));
    }
    let (a, b) = (float(left)?, float(right)?);
    let result = match op {
        B::Add => a + b,
        B::Sub => a - b,
        B::Mul => a * b,
        B::Div => a / b,
        _ => a % b,
    };
    Some(if result.is_finite() { Ok(Value::Float(result)) } else { Err("the result is too large for a number") })
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Int(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        _ => false,
    }
}

fn overflow(span: Span) -> Diagnostic {
    Diagnostic::new(Code::OutOfRange, "the result is too large for a number")
        .at(span, "computed here")
        .help("use numbers between -9223372036854775808 and 9223372036854775807")
}

/// For `+` on texts, lists and objects: says how that is written here.
fn with_rewrite(
    ev: &Evaluator<'_>,
    op: ast::Binary,
    mut problem: Diagnostic,
    left: &(Value, Span),
    right: &(Value, Span),
) -> Diagnostic {
    if op != ast::Binary::Add || problem.code != Code::TypeMismatch {
        return problem;
    }
    let source = |(_, span): &(Value, Span)| ev.program.sources.text(*span);
    let either = |is: fn(&Value) -> bool| is(&left.0) || is(&right.0);
    let rewrite = if either(|v| matches!(v, Value::Str(_))) {
        let piece = |side: &(Value, Span)| match source(side) {
            quoted
                if quoted.len() >= 2
                    && quoted.starts_with('"')
                    && quoted.ends_with('"')
                    && !quoted.starts_with("\"\"\"") =>
            {
                quoted.trim_matches('"').to_owned()
            }
            other => format!("${{{other}}}"),
        };
        format!("interpolate: `\"{}{}\"`", piece(left), piece(right))
    } else if either(|v| matches!(v, Value::List(_))) {
        format!("spread both into one list: `[...{}, ...{}]`", source(left), source(right))
    } else if either(|v| matches!(v, Value::Object(_))) {
        format!("spread both into one object: `{{ ...{}, ...{} }}`", source(left), source(right))
    } else {
        return problem;
    };
    let short = !rewrite.contains('\n') && rewrite.len() <= 120;
    problem.help =
        Some(if short { rewrite } else { "interpolate texts, and spread lists and objects with `...`".into() });
    problem
}
