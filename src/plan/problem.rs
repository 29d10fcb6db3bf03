//! What planning refuses, said so that it can be acted on: what was found, whose it is, what to do.

use crate::cloud::{CloudError, ErrorKind, Stack};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::wanted::Wanted;

/// A problem of one stack, at its place in the source.
pub(crate) fn of_stack(code: Code, wanted: &Wanted, message: impl Into<String>) -> Diagnostic {
    let diagnostic = Diagnostic::new(code, message);
    match wanted.place {
        Some(place) => diagnostic.at(place, "this stack"),
        None => diagnostic,
    }
}

/// How a stack is called: by id, with its name and place in AWS.
pub(crate) fn called(wanted: &Wanted) -> String {
    format!("`{}` (stack `{}` in {})", wanted.id, wanted.name, wanted.target)
}

/// A call that failed.
pub(crate) fn of_call(error: &CloudError, wanted: Option<&Wanted>) -> Diagnostic {
    let code = match error.kind {
        ErrorKind::WrongAccount => Code::WrongAccount,
        ErrorKind::NoCredentials | ErrorKind::ExpiredCredentials => Code::NoCredentials,
        ErrorKind::Unreachable | ErrorKind::NotAws => Code::Unreachable,
        _ => Code::AwsCall,
    };
    let message = match wanted {
        Some(wanted) => wanted.redacted(&format!("{error}, for `{}`", wanted.id)),
        None => error.to_string(),
    };
    // Credentials and networks lie in no file; a stack that AWS rejects does.
    let diagnostic = match wanted.filter(|_| code == Code::AwsCall) {
        Some(wanted) => of_stack(code, wanted, message),
        None => Diagnostic::new(code, message),
    };
    match &error.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }
}

/// The stack of that name belongs to somebody else.
pub(crate) fn foreign(wanted: &Wanted, stack: &Stack) -> Diagnostic {
    let whose = match (stack.tags.get("infra:project"), stack.tags.get("infra:stack"), stack.tags.get("infra:env")) {
        (Some(project), Some(name), env) => {
            let env = env.map(|e| format!(" of environment `{e}`")).unwrap_or_default();
            format!("it is stack `{name}`{env} of project `{project}`")
        }
        (Some(project), None, _) => format!("it belongs to project `{project}`"),
        _ => "it carries no tag of this tool".to_owned(),
    };
    let message = format!("stack `{}` in {} is not ours: {whose}", wanted.name, wanted.target);
    of_stack(Code::ForeignStack, wanted, message).help(format!(
        "choose another name with `@stack_name`, or, to take it over, give the stack the tags {} first",
        ownership(wanted).map(|(k, v)| format!("`{k}={v}`")).collect::<Vec<_>>().join(", "),
    ))
}

/// The tags that say whose a stack is.
pub(crate) fn ownership(wanted: &Wanted) -> impl Iterator<Item = (&String, &String)> {
    wanted.tags.iter().filter(|(key, _)| key.starts_with("infra:"))
}

/// True where the stack is the one we want to bring forward.
pub(crate) fn is_ours(wanted: &Wanted, stack: &Stack) -> bool {
    ownership(wanted).all(|(key, value)| stack.tags.get(key) == Some(value))
}

/// An operation runs and went on for longer than we wait.
pub(crate) fn busy(wanted: &Wanted, stack: &Stack, whose: Option<&str>) -> Diagnostic {
    let whose = whose.map(|w| format!(", begun by {w}")).unwrap_or_default();
    let message = format!("an operation runs on {}: {}{whose}", called(wanted), stack.status);
    of_stack(Code::StackBusy, wanted, message)
        .help("run the command again when it has ended, or wait longer with `--wait`")
}

/// The stack stands where no update can start.
pub(crate) fn stuck(wanted: &Wanted, stack: &Stack) -> Diagnostic {
    let reason = stack.status_reason.as_deref().filter(|r| !r.is_empty());
    let reason = reason.map(|r| format!(" ({r})")).unwrap_or_default();
    let message = format!("{} is stuck in {}{reason}", called(wanted), stack.status);
    let help = match stack.status.as_str() {
        "UPDATE_ROLLBACK_FAILED" => {
            "mend what the reason names, then run `infra recover` with the same options: it goes on with the rollback"
                .to_owned()
        }
        "UPDATE_FAILED" => "roll it back: run `infra recover` with the same options, then plan again".to_owned(),
        "DELETE_FAILED" => "finish the deletion with `infra destroy`, then plan again".to_owned(),
        _ => "look at the stack in the console and bring it to an end, then plan again".to_owned(),
    };
    of_stack(Code::StuckStack, wanted, message).help(help)
}
