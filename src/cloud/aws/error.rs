//! From the errors of the SDK to errors that people can act on.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use crate::cloud::aws::body::Unbelievable;
use crate::cloud::aws::{deviations, retry};
use crate::cloud::{Account, CloudError, ErrorKind, Target};

/// What an error message needs to know of the call.
pub(crate) struct Context<'a> {
    pub(crate) operation: &'static str,
    pub(crate) target: &'a Target,
    /// Whom we asked, `cloudformation.eu-west-1.amazonaws.com`, where a request was made.
    pub(crate) host: Option<String>,
}

/// Translates an error of the SDK.
pub(crate) fn translate<E>(error: &SdkError<E, HttpResponse>, context: &Context<'_>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut told = match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            of_service(service.err().code(), service.err().message(), status, context)
        }
        SdkError::TimeoutError(_) => unreachable(context, "did not answer in time"),
        SdkError::ResponseError(_) => of_response(error, context),
        _ => of_credentials(error, context)
            .unwrap_or_else(|| unreachable(context, &format!("cannot be reached: {}", root_cause(error)))),
    };
    if let SdkError::ServiceError(service) = error {
        let meta = service.err().meta();
        told.code = meta.code().map(Into::into);
        told.request_id = aws_sdk_cloudformation::operation::RequestId::request_id(meta).map(Into::into);
    }
    told.at(context.target)
}

/// An answer of a service that is an error.
fn of_service(code: Option<&str>, message: Option<&str>, status: u16, context: &Context<'_>) -> CloudError {
    let Some(code) = code else {
        return not_aws(context, &format!("with status {status} and no error that AWS would send"));
    };
    let message = message.unwrap_or_default();
    let kind = kind_of(code, message);
    let text = if message.is_empty() { code } else { message };
    let error = CloudError::new(kind, context.operation, text);
    match help_for(kind, context) {
        Some(help) => error.help(help),
        None => error,
    }
}

/// The kind of an error that a service tells.
fn kind_of(code: &str, message: &str) -> ErrorKind {
    use ErrorKind as K;
    match code {
        code if retry::QUOTA_CODES.contains(&code) => K::Limit,
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "PriorRequestNotComplete" => K::Throttled,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "OptInRequired" | "AuthorizationError" => {
            K::Denied
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => K::ExpiredCredentials,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "AuthFailure"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationTokenException" => K::NoCredentials,
        "AlreadyExistsException" | "TokenAlreadyExistsException" | "NameAlreadyExistsException" => K::AlreadyExists,
        "ChangeSetNotFound" | "ChangeSetNotFoundException" | "StackNotFoundException" => K::NotFound,
        "InvalidChangeSetStatus"
        | "InvalidChangeSetStatusException"
        | "OperationInProgressException"
        | "InvalidOperationException"
        | "InvalidStateTransition"
        | "StaleRequestException" => K::InvalidState,
        "InsufficientCapabilitiesException" | "InsufficientCapabilities" => K::InsufficientCapabilities,
        "ValidationError" | "ValidationException" => kind_of_validation(message),
        _ => K::Other,
    }
}

/// `ValidationError` stands for much; the texts tell it apart.
fn kind_of_validation(message: &str) -> ErrorKind {
    let forbidden_now = [
        "state and can not be ",
        "cannot be deleted while TerminationProtection is enabled",
        "is currently in a non-terminal",
        "is in progress",
        "cannot be deleted as it is in use by",
        "No updates are to be performed",
    ];
    if deviations::says_absent(message) {
        ErrorKind::NotFound
    } else if deviations::says_present(message) {
        ErrorKind::AlreadyExists
    } else if forbidden_now.iter().any(|text| message.contains(text)) {
        ErrorKind::InvalidState
    } else if message.contains("Requires capabilities") {
        ErrorKind::InsufficientCapabilities
    } else {
        ErrorKind::Validation
    }
}

/// What the reader can do, where that follows from the kind alone.
fn help_for(kind: ErrorKind, context: &Context<'_>) -> Option<String> {
    let account = &context.target.account;
    match kind {
        ErrorKind::ExpiredCredentials => Some(renew(account)),
        ErrorKind::NoCredentials => Some(format!(
            "check the access key and the clock of this machine; AWS does not accept the credentials for {}",
            named(account)
        )),
        ErrorKind::Denied => Some(format!(
            "allow `cloudformation:{}` in {}, or use other credentials",
            context.operation,
            named(account)
        )),
        ErrorKind::Throttled => {
            Some("run again later, or with a smaller `--concurrency`; others may be using the same account".into())
        }
        ErrorKind::Limit => Some("delete what is not used any more, or ask AWS for a higher quota".into()),
        _ => None,
    }
}

/// An answer that cannot be believed.
fn of_response<E: Error + 'static>(error: &SdkError<E, HttpResponse>, context: &Context<'_>) -> CloudError {
    match find::<Unbelievable>(error) {
        Some(Unbelievable::NotAws) => not_aws(context, "with something else"),
        _ => CloudError::new(
            ErrorKind::Incomplete,
            context.operation,
            format!("the answer of {} is cut off or damaged, also when asked again", host(context)),
        )
        .help("check the network and the proxy between this machine and AWS"),
    }
}

fn not_aws(context: &Context<'_>, how: &str) -> CloudError {
    CloudError::new(
        ErrorKind::NotAws,
        context.operation,
        format!("the answer did not come from AWS: {} answered {how}", host(context)),
    )
    .help("check `HTTPS_PROXY`, `--endpoint` and whether this network asks you to log in first")
}

fn unreachable(context: &Context<'_>, what: &str) -> CloudError {
    let error = CloudError::new(ErrorKind::Unreachable, context.operation, format!("{} {what}", host(context)));
    match context.host.as_deref() {
        Some(host) if deviations::is_loopback(host) => {
            error.help("start the emulator that `--endpoint` names, or leave `--endpoint` out")
        }
        _ => error.help("check the network, the region's name, and `HTTPS_PROXY`"),
    }
}

/// No credentials, or none that could be used; `None` where the error is about something else.
fn of_credentials(error: &(dyn Error + 'static), context: &Context<'_>) -> Option<CloudError> {
    let cause = find::<CredentialsError>(error)?;
    let account = &context.target.account;
    if let Some(refused) = find::<SdkError<AssumeRoleError, HttpResponse>>(cause) {
        return Some(of_role(refused, context));
    }
    let text = root_cause(cause);
    let new = |kind, message: String| CloudError::new(kind, context.operation, message);
    // The metadata service of EC2 is asked last: what it says of itself only tells that nothing was found.
    let nothing_found = matches!(cause, CredentialsError::CredentialsNotLoaded(_)) || text.contains("IMDS");
    Some(match cause {
        _ if nothing_found => new(
            ErrorKind::NoCredentials,
            format!("there are no AWS credentials for {}", named(account)),
        )
        .help(match &account.profile {
            Some(profile) => {
                format!("log in with `aws sso login --profile {profile}` or `aws configure --profile {profile}`")
            }
            None => {
                "log in with `aws sso login` or `aws configure`, set `AWS_PROFILE`, or name a `profile` in the account"
                    .into()
            }
        }),
        _ if text.to_ascii_lowercase().contains("expired") => {
            new(ErrorKind::ExpiredCredentials, format!("the login for {} has expired", named(account)))
                .help(renew(account))
        }
        CredentialsError::ProviderTimedOut(_) => {
            new(ErrorKind::NoCredentials, format!("getting credentials for {} took too long", named(account)))
                .help("set `AWS_EC2_METADATA_DISABLED=true` outside EC2, and check `credential_process`")
        }
        CredentialsError::InvalidConfiguration(_) => new(
            ErrorKind::NoCredentials,
            format!("the AWS configuration cannot be used for {}: {text}", named(account)),
        )
        .help("mend the shared configuration (`~/.aws/config`) or the `profile` of the account"),
        _ => new(ErrorKind::NoCredentials, format!("no credentials could be had for {}: {text}", named(account)))
            .help("check that you are logged in; `aws sts get-caller-identity` asks the same"),
    })
}

/// STS did not hand out the role.
fn of_role(error: &SdkError<AssumeRoleError, HttpResponse>, context: &Context<'_>) -> CloudError {
    let role = context.target.account.role.as_deref().unwrap_or("the role");
    let asked = Context { operation: "AssumeRole", target: context.target, host: context.host.clone() };
    let mut told = translate(error, &asked);
    if matches!(told.kind, ErrorKind::Denied) {
        told.message = format!("`{role}` may not be assumed: {}", told.message);
        told.help = Some("let the role trust these credentials, and check the `external_id` of the account".into());
    }
    told
}

fn renew(account: &Account) -> String {
    match &account.profile {
        Some(profile) => format!("log in again: `aws sso login --profile {profile}`"),
        None => "log in again (`aws sso login`), or renew the credentials in the environment".into(),
    }
}

fn named(account: &Account) -> String {
    match (account.name.is_empty(), &account.profile) {
        (false, Some(profile)) => format!("account `{}` (profile `{profile}`)", account.name),
        (false, None) => format!("account `{}`", account.name),
        (true, _) => "this account".into(),
    }
}

fn host(context: &Context<'_>) -> String {
    context.host.clone().unwrap_or_else(|| format!("AWS in {}", context.target.region))
}

/// The first error of that type in the chain of causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The innermost cause in words; the outer ones only say that something failed.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    let text = last.to_string();
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_errors_are_told_apart_by_their_text() {
        use ErrorKind as K;
        for (text, kind) in [
            ("Stack with id web does not exist", K::NotFound),
            ("Stack [web] already exists and cannot be created again with the changeSet [x].", K::AlreadyExists),
            ("Stack:arn:aws:… is in ROLLBACK_COMPLETE state and can not be updated.", K::InvalidState),
            ("Stack [web] cannot be deleted while TerminationProtection is enabled", K::InvalidState),
            ("Template format error: Unrecognized resource types: [AWS::X::Y]", K::Validation),
        ] {
            assert_eq!(kind_of("ValidationError", text), kind, "{text}");
        }
        assert_eq!(kind_of("LimitExceededException", "Limit for stacks has been exceeded"), K::Limit);
        assert_eq!(kind_of("ChangeSetNotFound", ""), K::NotFound);
        assert_eq!(kind_of("SomethingNew", ""), K::Other);
    }
}
