//! What can go wrong between us and AWS, worded for people.

use std::fmt;

use crate::cloud::Target;

/// Longest message of AWS that is kept, in bytes: some of them echo the whole template.
const LONGEST_MESSAGE: usize = 2048;

/// The kind of failure: what a program decides by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ErrorKind {
    /// The stack, change set or resource is not there.
    NotFound,
    /// A stack or change set of that name is there already.
    AlreadyExists,
    /// Too many calls; every attempt was used up.
    Throttled,
    /// A quota is reached; waiting does not help.
    Limit,
    /// The caller lacks a permission.
    Denied,
    /// The credentials have run out.
    ExpiredCredentials,
    /// There are no usable credentials.
    NoCredentials,
    /// The credentials belong to another account than the target names.
    WrongAccount,
    /// No connection, no answer, or none in time. A write may have happened.
    Unreachable,
    /// The stack or change set is in a state that does not allow the call.
    InvalidState,
    /// The template needs capabilities that the call did not grant.
    InsufficientCapabilities,
    /// AWS rejects the request as it is.
    Validation,
    /// Something answered that is not AWS: a proxy, a login page.
    NotAws,
    /// The answer was cut off or contradicts itself; nothing may be concluded from it.
    Incomplete,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// A write that failed so may have been carried out all the same: look before doing it again.
    pub fn outcome_is_unknown(self) -> bool {
        matches!(self, Self::Unreachable | Self::NotAws | Self::Incomplete | Self::Throttled | Self::Other)
    }
}

/// One failed call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CloudError {
    /// What a program decides by.
    pub kind: ErrorKind,
    /// The code of AWS, such as `ValidationError`; none where no service answered.
    pub code: Option<Box<str>>,
    /// What happened, in words; at most 2 KB. May quote the request: redact before showing.
    pub message: String,
    /// What the reader can do about it, beginning with the action.
    pub help: Option<String>,
    /// The call, such as `CreateChangeSet`.
    pub operation: &'static str,
    /// Where: `account/region` as people name them.
    pub target: Option<Box<str>>,
    /// The id by which AWS support finds the call.
    pub request_id: Option<Box<str>>,
}

impl CloudError {
    /// A failure of `operation`; cuts the message.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: cut(message.into()), help: None, operation, target: None, request_id: None }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says where it happened.
    #[must_use]
    pub fn at(mut self, target: &Target) -> Self {
        self.target = Some(target.to_string().into());
        self
    }

    /// Replaces each of `secrets` in the message.
    #[must_use]
    pub fn redacted<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        for secret in secrets.into_iter().filter(|s| !s.is_empty()) {
            self.message = self.message.replace(secret, "***");
        }
        self
    }
}

/// `text`, cut at a character border and saying so, where it is too long.
fn cut(mut text: String) -> String {
    if text.len() <= LONGEST_MESSAGE {
        return text;
    }
    let whole = text.len();
    let mut end = LONGEST_MESSAGE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(&format!("… (cut; {whole} bytes)"));
    text
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.message)?;
        if let Some(target) = &self.target {
            write!(f, " ({target})")?;
        }
        Ok(())
    }
}

impl std::error::Error for CloudError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let error = CloudError::new(ErrorKind::Validation, "CreateChangeSet", "ä".repeat(5000));
        assert!(error.message.len() < 2100);
        assert!(error.message.ends_with("(cut; 10000 bytes)"));
    }

    #[test]
    fn secrets_can_be_taken_out() {
        let error = CloudError::new(ErrorKind::Validation, "CreateChangeSet", "value 'hunter2' at 'parameters'");
        assert_eq!(error.redacted(["hunter2", ""]).message, "value '***' at 'parameters'");
    }
}
