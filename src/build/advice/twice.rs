//! The same resource twice in a list of such: a security group that is given and is there already.

use super::walk::{Path, Seen};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::semantics::value::{LaterExpr, Value};

/// Items of longer lists are not compared: each is, with every other.
const MOST: usize = 256;

/// Looks at a list whose items identify resources: where it stands, and whether texts in it are compared already.
pub(super) fn check(
    seen: &Seen<'_>,
    items: &[Value],
    (path, is_unique): (&Path<'_>, bool),
    found: &mut Vec<Diagnostic>,
) {
    let mut asked =
        items.iter().enumerate().take(MOST).filter(|(_, item)| !is_unique || !matches!(item, Value::Str(_)));
    let pair = asked.find_map(|(again, item)| {
        let first = items.iter().take(again).position(|other| are_same(item, other))?;
        Some((first, again))
    });
    let Some((first, again)) = pair else { return };
    let steps = path.steps();
    let Some(property) = steps.iter().rev().find(|step| step.parse::<usize>().is_err()) else { return };
    let [first, again] = [first, again].map(|at| seen.span(&Path::Item(path, at)));
    let problem = Diagnostic::new(Code::BadValue, format!("`{property}` names the same thing twice"));
    let mut problem = match first == again {
        true => problem.at(again, "an item is there twice"),
        false => problem.at(again, "again here").at(first, "first here"),
    };
    problem.severity = Severity::Warning;
    found.push(problem.help("take one of them out"));
}

fn are_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Later(a), Value::Later(b)) => match (&a.expr, &b.expr) {
            (LaterExpr::Ref(a), LaterExpr::Ref(b)) | (LaterExpr::Parameter(a), LaterExpr::Parameter(b)) => a == b,
            (LaterExpr::GetAtt(a, path), LaterExpr::GetAtt(b, other)) => a == b && path == other,
            _ => false,
        },
        _ => false,
    }
}
