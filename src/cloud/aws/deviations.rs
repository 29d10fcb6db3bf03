//! Everything in which emulators are allowed to differ from AWS, in one place, with what AWS does beside it.
//!
//! Nothing here may change what happens against AWS. An emulator is what answers on a loopback address.
//!
//! Deviations that need no code, because what is missing is missing in the port too:
//!
//! - `DescribeStacks`: AWS tells the change set that was executed last; ministack does not. A plan then reads the
//!   template.
//! - `CreateChangeSet` twice with one token: AWS answers like the first time; ministack says
//!   `AlreadyExistsException`.
//! - `DescribeChangeSet`: AWS tells values before and after on demand and hides `NoEcho`; ministack does neither.
//!   It also says `Conditional` of some replacements that AWS knows.
//! - A stack whose creation fails under `OnStackFailure=DELETE` ends with `ROLLBACK_COMPLETE` and then
//!   `DELETE_COMPLETE` on ministack, with one token.
//! - Events of ministack often share one millisecond; the order in which they are told is then the true one.

use aws_credential_types::Credentials;

use crate::cloud::{Account, ChangeDetail, CloudError, Recreation, Replacement, ResourceChange, Stack, StackStatus};

/// True where `endpoint` lies on this machine.
///
/// AWS: never does. Emulators and `infra sandbox --port`: always do.
pub(crate) fn is_loopback(endpoint: &str) -> bool {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "::1"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Credentials for an emulator.
///
/// AWS: verifies signatures, and roles lead to accounts. Emulators (ministack, LocalStack, our own): take any
/// signature, and read a twelve-digit access key as the account. So every declared account is apart from the
/// others without a role having to be there, and no real credentials are sent to a test server.
pub(crate) fn made_up_credentials(account: &Account) -> Credentials {
    let key = account.id.as_deref().unwrap_or("000000000000");
    Credentials::new(key, "made-up", None, None, "emulator")
}

/// True where a stack that was asked for by name is to be taken for absent.
///
/// AWS: a deleted stack is told by its ARN only; by name there is none. ministack and LocalStack: may tell it by
/// name too.
pub(crate) fn is_absent_by_name(asked: &str, stack: &Stack) -> bool {
    !asked.starts_with("arn:") && stack.status == StackStatus::DeleteComplete
}

/// Takes "it depends" off a change where that is all an emulator says.
///
/// AWS: `Conditionally` for the few properties of which it depends. ministack: for every property of every type of
/// which it does not know what replaces, which is most of them. Left out, the schema has the word; a sure `Always`
/// or `Never` stays.
pub(crate) fn leave_open(change: &mut ResourceChange) {
    let sure = |d: &ChangeDetail| d.recreation == Some(Recreation::Always);
    if change.replacement != Some(Replacement::Conditional) || change.details.iter().any(sure) {
        return;
    }
    change.replacement = None;
    for detail in &mut change.details {
        if detail.recreation == Some(Recreation::Conditionally) {
            detail.recreation = None;
        }
    }
}

/// An optional text.
///
/// AWS: leaves out what there is none of. ministack: sends it empty.
pub(crate) fn text(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// True where the service does not know an operation that only adds to what others tell.
///
/// AWS: knows them all. Emulators: `InvalidAction` (ministack), `InternalFailure` with status 501 (LocalStack).
pub(crate) fn lacks_operation(error: &CloudError) -> bool {
    matches!(error.code.as_deref(), Some("InvalidAction" | "InternalFailure"))
}

/// True where `message` says that a stack or change set is not there.
///
/// AWS: `Stack with id X does not exist` and `Stack [X] does not exist` (`ValidationError`), `ChangeSet [X] does
/// not exist` (`ChangeSetNotFound`). Emulators: also `Stack 'X' does not exist`, `Stack X does not exist`, and
/// moto the first wording with the name of a change set, as `ValidationError`. Texts about templates and exports
/// begin otherwise.
pub(crate) fn says_absent(message: &str) -> bool {
    let message = message.trim_start();
    (message.starts_with("Stack") || message.starts_with("ChangeSet")) && message.contains("does not exist")
}

/// True where `message` says that nobody imports an export, which is no error.
///
/// AWS: `Export 'X' is not imported by any stack.` as `ValidationError`. ministack: an empty list, or the same.
pub(crate) fn says_unused(message: &str) -> bool {
    message.trim_start().starts_with("Export") && message.contains("is not imported by any stack")
}

/// True where `message` says that a stack is there already.
///
/// AWS: `Stack [X] already exists …` as `AlreadyExistsException`, for change sets of type CREATE as
/// `ValidationError`. LocalStack: only the latter.
pub(crate) fn says_present(message: &str) -> bool {
    message.trim_start().starts_with("Stack") && message.contains("already exists")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["http://127.0.0.1:4566", "http://localhost:80/x", "https://[::1]:9", "http://sqs.localhost:1"] {
            assert!(is_loopback(here), "{here}");
        }
        for away in
            ["https://cloudformation.eu-west-1.amazonaws.com", "http://localhost.example.com", "http://10.0.0.1"]
        {
            assert!(!is_loopback(away), "{away}");
        }
    }

    #[test]
    fn absence_is_told_in_five_ways_and_no_others() {
        for text in [
            "Stack with id web does not exist",
            "Stack [web] does not exist",
            "Stack 'web' does not exist",
            "Stack web does not exist",
            "ChangeSet [web] does not exist",
        ] {
            assert!(says_absent(text), "{text}");
        }
        assert!(!says_absent("Template error: resource Vpc does not exist"));
        assert!(!says_absent("No export named x found"));
    }
}
