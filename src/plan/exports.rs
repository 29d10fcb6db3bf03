//! Exports that others import. CloudFormation refuses to take them away or to change their values, and says so only
//! while it works on the stack; who imports them can be asked before. It is, where an export vanishes or changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::cloud::{Cloud, ErrorKind, Stack};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::inputs::OutputState;
use crate::plan::problem;
use crate::plan::refs::same_text;
use crate::plan::wanted::Wanted;

/// What becomes of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It goes.
    Vanishes,
    /// It gets another value.
    Changes,
    /// That depends on what is known only when applying.
    Open,
}

/// An export that does not simply stay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Export {
    /// The name under which it is exported.
    name: String,
    /// The output.
    output: String,
    fate: Fate,
}

/// The exports of a deployed stack that do not stay as they are.
pub(crate) fn changed(
    stack: &Stack,
    before: Option<&Value>,
    after: &Value,
    states: &BTreeMap<String, OutputState>,
) -> Vec<Export> {
    let of = |template: &Value, output: &str| {
        template.get("Outputs").and_then(|all| all.get(output)?.get("Export")?.get("Name").cloned())
    };
    let fate = |name: &str, output: &str, value: &str| {
        let (old, new) = (before.and_then(|before| of(before, output)), of(after, output));
        match &new {
            None => return Some(Fate::Vanishes),
            Some(Value::String(new)) if new != name => return Some(Fate::Vanishes),
            Some(Value::String(_)) => {}
            // What CloudFormation computes: the same, as long as it stands there as before.
            Some(_) if same_text(old.as_ref(), new.as_ref()) => {}
            Some(_) => return Some(Fate::Open),
        }
        match states.get(output) {
            Some(OutputState::Known(new)) if new == value => None,
            Some(OutputState::Known(_) | OutputState::Anew) => Some(Fate::Changes),
            Some(OutputState::Open) | None => Some(Fate::Open),
        }
    };
    let exported = stack.outputs.iter().filter_map(|(output, o)| Some((output, o.export.as_ref()?, &o.value)));
    exported
        .filter_map(|(output, name, value)| {
            Some(Export { name: name.clone(), output: output.clone(), fate: fate(name, output, value)? })
        })
        .collect()
}

/// The exports of a stack that goes.
pub(crate) fn all(stack: &Stack) -> Vec<Export> {
    let gone = |(output, o): (&String, &crate::cloud::Output)| {
        Some(Export { name: o.export.clone()?, output: output.clone(), fate: Fate::Vanishes })
    };
    stack.outputs.iter().filter_map(gone).collect()
}

/// Refuses what CloudFormation would refuse, and notes what it may refuse. `goes` says which importers are gone before.
pub(crate) async fn judge(
    cloud: &Arc<dyn Cloud>,
    wanted: &Wanted,
    exports: &[Export],
    mut goes: impl FnMut(&str) -> bool,
) -> (Vec<Diagnostic>, Vec<String>) {
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    for export in exports {
        let importers = match cloud.imports(&export.name).await {
            Ok(importers) => importers,
            Err(error) if error.kind == ErrorKind::Denied => {
                notes.push(format!("who imports the export `{}` could not be found out: {error}", export.name));
                continue;
            }
            Err(error) => {
                problems.push(problem::of_call(&error, Some(wanted)));
                continue;
            }
        };
        let stay: Vec<String> = importers.into_iter().filter(|name| !goes(name)).collect();
        if stay.is_empty() {
            continue;
        }
        match export.fate {
            Fate::Open => notes.push(format!(
                "{} the export `{}`: if it had to change, CloudFormation would refuse",
                imported_by(&stay),
                export.name
            )),
            Fate::Vanishes | Fate::Changes => problems.push(refusal(wanted, export, &stay)),
        }
    }
    (problems, notes)
}

fn refusal(wanted: &Wanted, export: &Export, importers: &[String]) -> Diagnostic {
    let what = match export.fate {
        Fate::Vanishes => "would lose",
        Fate::Changes | Fate::Open => "would change",
    };
    let message = format!(
        "`{}` {what} the export `{}` of its output `{}`, which CloudFormation refuses: {} it",
        wanted.id,
        export.name,
        export.output,
        imported_by(importers)
    );
    let help = match export.fate {
        Fate::Vanishes => "keep the export until nobody imports it: change or remove those stacks first",
        Fate::Changes | Fate::Open => "export the new value under another name, and change those stacks to it",
    };
    problem::of_stack(Code::StillUsed, wanted, message).help(help)
}

/// ``stacks `a`, `b` import``
fn imported_by(stacks: &[String]) -> String {
    /// As many names as a reader can take in.
    const SHOWN: usize = 8;
    let shown: Vec<String> = stacks.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match stacks {
        [_] => format!("stack {} imports", shown.join(", ")),
        _ if stacks.len() > SHOWN => format!("stacks {} and {} more import", shown.join(", "), stacks.len() - SHOWN),
        _ => format!("stacks {} import", shown.join(", ")),
    }
}
