//! Objects in S3. Every call carries the account that must own the bucket.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextMut,
};
use aws_sdk_cloudformation::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_cloudformation::error::BoxError;
use aws_sdk_s3 as s3;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_types::timeout::TimeoutConfig;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::cloud::aws::body::{LastHost, Unbelievable, note};
use crate::cloud::aws::client::Client;
use crate::cloud::aws::{Settings, config, deviations, retry};
use crate::cloud::{CloudError, ErrorKind, ObjectId, Target};

/// The slowest line that is waited for, in bytes a second.
const SLOWEST: u64 = 50_000;

/// Settings of the client.
pub(crate) fn config(sdk: &SdkConfig, target: &Target, settings: &Settings, host: &LastHost) -> s3::Config {
    s3::config::Builder::from(sdk)
        .region(Region::new(target.region.clone()))
        .retry_config(retry::policy(config::first_pause(settings)))
        .retry_partition(retry::partition("s3", target))
        .retry_classifier(retry::ConflictPasses)
        .interceptor(Believed { host: Arc::clone(host), marks: &["x-amz-request-id", "x-amz-id-2"] })
        // Names of buckets are no names of machines behind an address on this one.
        .force_path_style(settings.endpoint.as_deref().is_some_and(deviations::is_loopback))
        .build()
}

/// Whether the object is there, as far as that may be asked.
pub(crate) async fn holds(client: &Client, object: &ObjectId) -> Result<bool, CloudError> {
    let owner = owner(client).await?;
    let sdk = client.s3().await;
    let asked = async {
        let head = sdk.head_object().bucket(&object.bucket).key(&object.key).expected_bucket_owner(owner);
        match head.send().await {
            Ok(_) => Ok(true),
            // An answer to HEAD has no body that would say more. What stands in the way is told by the upload.
            Err(error) if error.raw_response().is_some_and(|raw| is_no(raw.status().as_u16())) => Ok(false),
            Err(error) => Err(error),
        }
    };
    client.call("HeadObject", asked).await
}

/// Absent, not ours to ask, elsewhere, or a request that is refused as it is.
fn is_no(status: u16) -> bool {
    matches!(status, 301 | 307 | 400 | 403 | 404)
}

/// Uploads the object where it is not there.
pub(crate) async fn put(client: &Client, object: &ObjectId, bytes: Vec<u8>) -> Result<(), CloudError> {
    let owner = owner(client).await?;
    let sdk = client.s3().await;
    let checksum = BASE64_STANDARD.encode(Sha256::digest(&bytes));
    let patience = s3::config::Config::builder().timeout_config(patience(bytes.len()));
    let sent = sdk
        .put_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .expected_bucket_owner(&owner)
        .if_none_match("*")
        .checksum_sha256(checksum)
        .body(ByteStream::from(bytes))
        .customize()
        .config_override(patience)
        .send();
    let Err(error) = client.call("PutObject", sent).await else { return Ok(()) };
    match error.code.as_deref() {
        // Somebody was faster. Equal names hold equal things.
        Some("PreconditionFailed") => Ok(()),
        Some("AccessDenied") => Err(denied(client, object, &owner, error).await),
        Some("NoSuchBucket") => Err(no_bucket(client, object)),
        Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
            Err(elsewhere(client, object))
        }
        _ => Err(error),
    }
}

/// The account that must own the bucket.
pub(crate) async fn owner(client: &Client) -> Result<String, CloudError> {
    match &client.target().account.id {
        Some(id) => Ok(id.clone()),
        None => Ok(client.identify_account().await?.account),
    }
}

/// How long an upload of so many bytes may take.
fn patience(bytes: usize) -> TimeoutConfig {
    let attempt = Duration::from_secs(35 + u64::try_from(bytes).unwrap_or(u64::MAX) / SLOWEST);
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(3100))
        .read_timeout(attempt)
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt * 4)
        .build()
}

/// S3 says `AccessDenied` of a bucket that somebody else owns and of a missing permission alike; that the bucket may be
/// looked at with the owner's number tells the second.
async fn denied(client: &Client, object: &ObjectId, owner: &str, error: CloudError) -> CloudError {
    let sdk = client.s3().await;
    let asked = async {
        let status = match sdk.head_bucket().bucket(&object.bucket).expected_bucket_owner(owner).send().await {
            Ok(_) => 200,
            Err(error) => match error.raw_response() {
                Some(raw) => raw.status().as_u16(),
                None => return Err(error),
            },
        };
        Ok(status)
    };
    let folder = object.key.split_once('/').map_or("*".to_owned(), |(folder, _)| format!("{folder}/*"));
    let allow = format!("allow `s3:PutObject` and `s3:GetObject` on `arn:aws:s3:::{}/{folder}`", object.bucket);
    match client.call("HeadBucket", asked).await {
        Ok(200) => error.help(format!("{allow} in {}, or use other credentials", named(client))),
        Ok(404) => no_bucket(client, object),
        Ok(301) => elsewhere(client, object),
        _ => new(
            client,
            ErrorKind::Denied,
            format!(
                "the bucket `{}` belongs to somebody else than {}, or may not be used",
                object.bucket,
                named(client)
            ),
        )
        .help(format!("name a bucket of this account in `assets`, or {allow} and `s3:ListBucket` on the bucket")),
    }
}

fn no_bucket(client: &Client, object: &ObjectId) -> CloudError {
    let (bucket, region) = (&object.bucket, &client.target().region);
    new(client, ErrorKind::NotFound, format!("there is no bucket `{bucket}`")).help(format!(
        "make it in {}, `aws s3 mb s3://{bucket} --region {region}`, or name another one in `assets`",
        named(client)
    ))
}

fn elsewhere(client: &Client, object: &ObjectId) -> CloudError {
    let region = &client.target().region;
    let message = format!("the bucket `{}` is in another region than `{region}`", object.bucket);
    new(client, ErrorKind::Validation, message)
        .help(format!("name one for each region: `assets: {{ \"{region}\": \"BUCKET\" }}`"))
}

fn new(client: &Client, kind: ErrorKind, message: String) -> CloudError {
    CloudError::new(kind, "PutObject", message).at(client.target())
}

fn named(client: &Client) -> String {
    let account = &client.target().account;
    match &account.id {
        Some(id) => format!("account `{}` ({id})", account.name),
        None => format!("account `{}`", account.name),
    }
}

/// Notes whom was asked, and believes no answer that AWS would not send: a login page is no upload.
#[derive(Debug)]
pub(crate) struct Believed {
    pub(crate) host: LastHost,
    /// Headers of which every answer of the service has one.
    pub(crate) marks: &'static [&'static str],
}

#[dyn_dispatch_hint]
impl Intercept for Believed {
    fn name(&self) -> &'static str {
        "answers of AWS"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        note(&self.host, context.request().uri());
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let signed = |name: &&str| context.response().is_some_and(|response| response.headers().get(*name).is_some());
        let fine = context.response().is_some_and(|response| response.status().is_success());
        if fine
            && !self.marks.iter().any(signed)
            && let Some(result) = context.output_or_error_mut()
        {
            *result = Err(OrchestratorError::other(Unbelievable::NotAws));
        }
        Ok(())
    }
}
