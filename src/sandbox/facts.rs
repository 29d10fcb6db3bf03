//! What AWS answers when it refuses: code, HTTP status and text for each precondition.
//!
//! Each fact has its evidence: `[V]` recorded from real AWS by a validated snapshot test,
//! `[A]` AWS's own documentation or API model, `[F]` seen word for word in several public
//! reports, `[J]` a judgement that no source confirms.

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) message: String,
}

/// What every operation returns.
pub(crate) type Answer<T> = Result<T, Fault>;

pub(crate) const BODY_LIMIT: usize = 51_200; // bytes of an inline template [V]
pub(crate) const TEMPLATE_LIMIT: usize = 1_000_000; // bytes of a template in S3 [F]
pub(crate) const RESOURCE_LIMIT: usize = 500; // [F]
pub(crate) const PARAMETER_LIMIT: usize = 200; // [A]
pub(crate) const OUTPUT_LIMIT: usize = 200; // [A]
pub(crate) const MAPPING_LIMIT: usize = 200; // [A]
pub(crate) const PARAMETER_BYTES: usize = 4096; // [A]
pub(crate) const DESCRIPTION_BYTES: usize = 1024; // [A]
pub(crate) const TAG_LIMIT: usize = 50; // [A]
pub(crate) const STACK_LIMIT: usize = 2000; // live stacks of an account and region [A]
pub(crate) const CHANGE_SET_LIMIT: usize = 1000; // [F]

/// An empty change set [V].
pub(crate) const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";
/// The first event of a replacement [V].
pub(crate) const REPLACING: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";
/// The second event of a creation, from which on the physical id is known [V].
pub(crate) const INITIATED: &str = "Resource creation Initiated";
/// Reason of the first event of each operation [V].
pub(crate) const USER_INITIATED: &str = "User Initiated";
/// A value that only the execution can tell [V].
pub(crate) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";
/// Lambda reads the code of a function from S3 itself [F].
pub(crate) const NO_CODE: &str = "Resource handler returned message: \"Error occurred while GetObject. S3 Error Code: NoSuchKey. \
    S3 Error Message: The specified key does not exist. (Service: Lambda, Status Code: 400)\" (HandlerErrorCode: InvalidRequest)";
/// A second rule with the priority of another one of its listener [F].
pub(crate) fn priority_in_use(priority: &str) -> String {
    format!(
        "Resource handler returned message: \"Priority '{priority}' is currently in use (Service: ElasticLoadBalancingV2, \
         Status Code: 400)\" (HandlerErrorCode: AlreadyExists)"
    )
}

/// What stands in place of a secret [A].
pub(crate) const MASK: &str = "****";

fn validation(message: String) -> Fault {
    Fault { code: "ValidationError", status: 400, message }
}

/// Anything with the code `ValidationError`.
pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    validation(message.into())
}

/// A TemplateURL that is no address of S3 [F].
pub(crate) fn bad_template_url() -> Fault {
    invalid("TemplateURL must be a supported URL.")
}

/// What S3 answers CloudFormation when it reads a template [F].
pub(crate) fn s3_error(why: &str) -> Fault {
    let more = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html";
    invalid(format!("S3 error: {why}\n{more}"))
}

/// A template in S3 that is too large [F].
pub(crate) fn template_too_large() -> Fault {
    invalid(format!("Template may not exceed {TEMPLATE_LIMIT} bytes in size."))
}

/// DescribeStacks, GetTemplate, ListStackResources … of a name nobody has [F].
pub(crate) fn no_stack_with_id(name: &str) -> Fault {
    validation(format!("Stack with id {name} does not exist"))
}

/// The change set operations, UpdateStack, DescribeStackEvents … of a name nobody has [V].
pub(crate) fn no_stack(name: &str) -> Fault {
    validation(format!("Stack [{name}] does not exist"))
}

/// DescribeChangeSet and its like, after deletion too [V].
pub(crate) fn no_change_set(name: &str) -> Fault {
    Fault { code: "ChangeSetNotFound", status: 404, message: format!("ChangeSet [{name}] does not exist") }
}

/// A change set name without a stack [V].
pub(crate) fn change_set_needs_stack() -> Fault {
    invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
}

/// ExecuteChangeSet of one that failed, is done or obsolete [V].
pub(crate) fn cannot_execute(arn: &str, status: &str) -> Fault {
    invalid_change_set_status(format!("ChangeSet [{arn}] cannot be executed in its current status of [{status}]"))
}

/// ExecuteChangeSet or DeleteChangeSet while the change set runs [F].
pub(crate) fn change_set_running() -> Fault {
    invalid_change_set_status("An operation on this ChangeSet is currently in progress.".to_owned())
}

fn invalid_change_set_status(message: String) -> Fault {
    Fault { code: "InvalidChangeSetStatus", status: 400, message }
}

/// CreateChangeSet of type CREATE for a live stack [V].
pub(crate) fn change_set_on_existing(name: &str, change_set: &str) -> Fault {
    validation(format!("Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."))
}

/// A change set name that is taken; the code is [A], the wording [J].
pub(crate) fn change_set_exists(name: &str) -> Fault {
    already_exists(format!("ChangeSet {name} already exists"))
}

/// CreateStack of a live name [F].
pub(crate) fn stack_exists(name: &str) -> Fault {
    already_exists(format!("Stack [{name}] already exists"))
}

fn already_exists(message: String) -> Fault {
    Fault { code: "AlreadyExistsException", status: 400, message }
}

/// The same token with another body; the code is [A], the wording [J].
pub(crate) fn token_reused(token: &str) -> Fault {
    Fault {
        code: "TokenAlreadyExistsException",
        status: 400,
        message: format!("A request with the client token {token} was already made with other parameters"),
    }
}

/// A stack that is busy or broken [V for DELETE_*, F for the others].
pub(crate) fn not_updatable(arn: &str, status: &str) -> Fault {
    validation(format!("Stack:{arn} is in {status} state and can not be updated."))
}

/// An update of a stack that failed with rollback switched off [F].
pub(crate) fn not_terminal(status: &str) -> Fault {
    validation(format!(
        "This stack is currently in a non-terminal [{status}] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API"
    ))
}

/// DeleteStack of a busy stack [F].
pub(crate) fn not_deletable(name: &str, status: &str) -> Fault {
    validation(format!("Stack [{name}] cannot be deleted while in status {status}"))
}

/// DeleteStack of a protected one [F].
pub(crate) fn protected(name: &str) -> Fault {
    validation(format!("Stack [{name}] cannot be deleted while TerminationProtection is enabled"))
}

/// UpdateStack without a difference [F].
pub(crate) fn no_updates() -> Fault {
    invalid("No updates are to be performed.")
}

/// Capabilities are missing [F]; that several are listed so is [J].
pub(crate) fn capabilities_missing(needed: &str) -> Fault {
    Fault {
        code: "InsufficientCapabilitiesException",
        status: 400,
        message: format!("Requires capabilities : [{needed}]"),
    }
}

/// Too many stacks [F].
pub(crate) fn too_many_stacks() -> Fault {
    limit("Limit for stacks has been exceeded".to_owned())
}

/// Too many change sets [F].
pub(crate) fn too_many_change_sets(stack: &str) -> Fault {
    limit(format!("ChangeSet limit exceeded for stack {stack}"))
}

fn limit(message: String) -> Fault {
    Fault { code: "LimitExceededException", status: 400, message }
}

/// A value that breaks the constraints of the API itself [V].
pub(crate) fn constraint(value: &str, field: &str, rule: &str) -> Fault {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {rule}"
    ))
}

/// The body is longer than may be sent inline; AWS repeats it whole [V].
pub(crate) fn body_too_long(body: &str) -> Fault {
    constraint(body, "templateBody", &format!("Member must have length less than or equal to {BODY_LIMIT}"))
}

/// A name that is no stack name [V].
pub(crate) fn bad_stack_name(name: &str) -> Fault {
    constraint(
        name,
        "stackName",
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
    )
}

/// A logical id whose type changes [F].
pub(crate) fn type_changed(ids: &[String]) -> Fault {
    validation(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
        ids.join(", ")
    ))
}

/// Anything else that the API does not know [J].
pub(crate) fn unknown_action(action: &str) -> Fault {
    Fault {
        code: "InvalidAction",
        status: 400,
        message: format!("The action {action} is not valid for this endpoint."),
    }
}

/// Too many calls [A].
pub(crate) fn throttled() -> Fault {
    Fault { code: "Throttling", status: 400, message: "Rate exceeded".to_owned() }
}

/// A request that nobody signed [A].
pub(crate) fn unsigned() -> Fault {
    Fault {
        code: "MissingAuthenticationToken",
        status: 403,
        message: "Request is missing Authentication Token".to_owned(),
    }
}

/// A role that may not be assumed [F].
pub(crate) fn not_assumable(caller: &str, role: &str) -> Fault {
    Fault {
        code: "AccessDenied",
        status: 403,
        message: format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"),
    }
}

/// A page token that this sandbox did not hand out [J].
pub(crate) fn bad_page_token() -> Fault {
    invalid("Invalid NextToken")
}

/// The state could not be written: the call did not happen for good.
pub(crate) fn not_kept(problem: &str) -> Fault {
    Fault { code: "InternalFailure", status: 500, message: format!("the sandbox could not keep its state: {problem}") }
}

/// Why a bucket is not deleted. [F]
pub(crate) fn bucket_not_empty() -> String {
    "The bucket you tried to delete is not empty. You must delete all versions in the bucket. (Service: S3, Status Code: \
     409)"
        .to_owned()
}

/// Why a repository is not deleted. [F]
pub(crate) fn repository_not_empty(name: &str, account: &str) -> String {
    format!(
        "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains \
         images (Service: Ecr, Status Code: 400)"
    )
}
