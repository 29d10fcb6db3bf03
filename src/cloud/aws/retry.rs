//! When a call is tried again, and how often.

use std::time::Duration;

use aws_sdk_cloudformation::config::interceptors::InterceptorContext;
use aws_sdk_cloudformation::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::retries::classifiers::RetryClassifierPriority;

use crate::cloud::Target;

/// Attempts of one call, the first included.
pub(crate) const ATTEMPTS: u32 = 8;

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Retries of CloudFormation. Always set in code: with `AWS_MAX_ATTEMPTS=abc` the SDK panics otherwise.
pub(crate) fn policy(first_pause: Duration) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(first_pause)
        .with_max_backoff(LONGEST_PAUSE)
}

/// Retries of the first look, which is to fail soon where nobody answers.
pub(crate) fn first_look(first_pause: Duration) -> RetryConfig {
    policy(first_pause).with_max_attempts(3)
}

/// The retry budget of one account and region. The default one, shared by all of a region, is empty after a
/// hundred throttled polls and would then fail calls that only had to wait.
pub(crate) fn partition(service: &str, target: &Target) -> RetryPartition {
    RetryPartition::custom(format!("{service}-{target}"))
        .token_bucket(TokenBucket::builder().capacity(2000).build())
        .build()
}

/// Keeps quotas from being taken for throttling.
///
/// The SDK counts `LimitExceededException` as throttling; CloudFormation says it of full quotas ("Limit for stacks
/// has been exceeded"), which no waiting mends.
#[derive(Debug)]
pub(crate) struct QuotaIsNotThrottling;

/// Codes that mean a full quota.
pub(crate) const QUOTA_CODES: &[&str] = &[
    "LimitExceededException",
    "LimitExceeded",
    "ConcurrentResourcesLimitExceededException",
    "ConcurrentResourcesLimitExceeded",
];

impl ClassifyRetry for QuotaIsNotThrottling {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if context.response().is_some_and(|r| r.body().bytes().is_some_and(says_quota)) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "quota is not throttling"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Tries an upload again that met another one of the same object: that one may fail yet.
#[derive(Debug)]
pub(crate) struct ConflictPasses;

impl ClassifyRetry for ConflictPasses {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let conflict = |body: &[u8]| code_of(body) == Some("ConditionalRequestConflict");
        match context.response().and_then(|r| r.body().bytes()).is_some_and(conflict) {
            true => RetryAction::transient_error(),
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "conflict passes"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// True where an error body carries one of [`QUOTA_CODES`].
fn says_quota(body: &[u8]) -> bool {
    code_of(body).is_some_and(|code| QUOTA_CODES.contains(&code))
}

/// The code in the body of an error. Each operation has its own error type in the SDK, so
/// the code is read from the answer, whose form is the same for all: `<Code>LimitExceededException</Code>`.
fn code_of(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_code_counts() {
        assert!(says_quota(b"<ErrorResponse><Error><Code>LimitExceededException</Code></Error></ErrorResponse>"));
        assert!(!says_quota(b"<Error><Code>Throttling</Code><Message>LimitExceededException</Message></Error>"));
        assert!(!says_quota(b"\xff<Code>LimitExceededException</Code>"));
    }
}
