//! Buckets and repositories of images are emptied, so that they can be deleted.
//!
//! Each round looks at the first page of what is there and deletes that: what is gone is on no page, so nothing has to
//! be remembered, and who is interrupted begins again.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::config::Region;
use aws_sdk_ecr as ecr;
use aws_sdk_s3 as s3;

use crate::cloud::aws::body::LastHost;
use crate::cloud::aws::client::Client;
use crate::cloud::aws::objects::{Believed, owner};
use crate::cloud::aws::{Settings, config, retry};
use crate::cloud::{CloudError, ErrorKind, Target};

/// Images that one call takes; source: BatchDeleteImage.
const IMAGES: i32 = 100;

/// Settings of the client of ECR.
pub(crate) fn config(sdk: &SdkConfig, target: &Target, settings: &Settings, host: &LastHost) -> ecr::Config {
    ecr::config::Builder::from(sdk)
        .region(Region::new(target.region.clone()))
        .retry_config(retry::policy(config::first_pause(settings)))
        .retry_partition(retry::partition("ecr", target))
        .interceptor(Believed { host: Arc::clone(host), marks: &["x-amzn-requestid"] })
        .build()
}

/// Deletes every version of every object, and every mark that one was deleted.
pub(crate) async fn bucket(client: &Client, bucket: &str) -> Result<(), CloudError> {
    let owner = owner(client).await?;
    let sdk = client.s3().await;
    loop {
        let look = sdk.list_object_versions().bucket(bucket).expected_bucket_owner(&owner).send();
        let page = match client.call("ListObjectVersions", look).await {
            Err(e) if e.code.as_deref() == Some("NoSuchBucket") => return Ok(()),
            answer => answer?,
        };
        let versions = page.versions().iter().map(|one| (one.key(), one.version_id()));
        let marks = page.delete_markers().iter().map(|one| (one.key(), one.version_id()));
        let there = versions.chain(marks).filter_map(|(key, version)| {
            s3::types::ObjectIdentifier::builder()
                .set_key(key.map(str::to_owned))
                .set_version_id(version.map(str::to_owned))
                .build()
                .ok()
        });
        let there: Vec<_> = there.collect();
        if there.is_empty() {
            return Ok(());
        }
        let these = s3::types::Delete::builder().set_objects(Some(there)).quiet(true).build();
        let these = these.map_err(|e| refused(client, "DeleteObjects", &e.to_string()))?;
        let sent = sdk.delete_objects().bucket(bucket).expected_bucket_owner(&owner).delete(these).send();
        let done = client.call("DeleteObjects", sent).await?;
        if let Some(error) = done.errors().first() {
            let what = format!("`{}` of `{bucket}`", error.key().unwrap_or_default());
            let why = error.message().or(error.code()).unwrap_or("no reason given");
            return Err(refused(client, "DeleteObjects", &format!("{what} cannot be deleted: {why}")));
        }
    }
}

/// Deletes every image, under whatever tags.
pub(crate) async fn repository(client: &Client, repository: &str) -> Result<(), CloudError> {
    let sdk = client.ecr().await;
    let mut page: Option<String> = None;
    loop {
        let look = sdk.list_images().repository_name(repository).max_results(IMAGES).set_next_token(page.take()).send();
        let there = match client.call("ListImages", look).await {
            Err(e) if e.code.as_deref() == Some("RepositoryNotFoundException") => return Ok(()),
            answer => answer?,
        };
        let digests: BTreeSet<&str> = there.image_ids().iter().filter_map(|id| id.image_digest()).collect();
        if digests.is_empty() {
            return Ok(());
        }
        let ids = digests.iter().map(|digest| ecr::types::ImageIdentifier::builder().image_digest(*digest).build());
        let sent = sdk.batch_delete_image().repository_name(repository).set_image_ids(Some(ids.collect())).send();
        let done = client.call("BatchDeleteImage", sent).await?;
        // What a list of images names goes only after that list, which may be on a later page.
        if done.image_ids().is_empty() {
            page = there.next_token;
            if let (None, Some(failure)) = (&page, done.failures().first()) {
                let why = failure.failure_reason().unwrap_or("no reason given");
                return Err(refused(
                    client,
                    "BatchDeleteImage",
                    &format!("an image of `{repository}` cannot be deleted: {why}"),
                ));
            }
        }
    }
}

fn refused(client: &Client, operation: &'static str, message: &str) -> CloudError {
    CloudError::new(ErrorKind::Denied, operation, message).at(client.target())
}
