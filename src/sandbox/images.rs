//! ECR, as far as a repository must be empty to be deleted: images are put, listed and deleted. Of an image its manifest's
//! digest and its tags are kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::sandbox::objects::hexadecimal;
use crate::sandbox::wire::{Request, Response, Scope};
use crate::sandbox::world::{Caller, World};

/// Digests of a repository's images, with their tags.
pub(crate) type Images = BTreeMap<String, BTreeSet<String>>;

/// Images that one call takes; source: BatchDeleteImage.
const AT_ONCE: usize = 100;

/// The operation and repository that a request to ECR means; `None` for other services.
pub(crate) fn named(request: &Request, scope: &Scope) -> Option<(String, String)> {
    if scope.service != "ecr" {
        return None;
    }
    let (_, operation) = request.headers.get("x-amz-target")?.rsplit_once('.')?;
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    Some((operation.to_owned(), text(&asked, "repositoryName")))
}

/// Under what the images of a repository are kept.
pub(crate) fn place(account: &str, region: &str, repository: &str) -> String {
    format!("{account}/{region}/{repository}")
}

/// Carries an operation out.
pub(crate) fn call(world: &mut World, caller: &Caller, request: &Request, operation: &str, repository: &str) -> Answer {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let stacks = world.regions.get(&(caller.account.clone(), caller.region.clone()));
    let is_it = |kind: &str, physical: &str| kind == "AWS::ECR::Repository" && physical == repository;
    let mut resources =
        stacks.into_iter().flat_map(|s| s.values()).filter(|s| s.live()).flat_map(|s| s.resources.values());
    if !resources.any(|r| is_it(&r.kind, &r.physical)) {
        let message = format!(
            "The repository with name '{repository}' does not exist in the registry with id '{}'",
            caller.account
        );
        return Err(("RepositoryNotFoundException", message));
    }
    let page = world.settings.items_per_page;
    let images = world.buckets.images.entry(place(&caller.account, &caller.region, repository)).or_default();
    match operation {
        "PutImage" => {
            let digest = format!("sha256:{}", hexadecimal(&Sha256::digest(text(&asked, "imageManifest"))));
            let tag = Some(text(&asked, "imageTag")).filter(|tag| !tag.is_empty());
            if let Some(tag) = &tag {
                images.values_mut().for_each(|tags| tags.retain(|one| one != tag));
            }
            images.entry(digest.clone()).or_default().extend(tag.clone());
            world.buckets.dirty = true;
            Ok(
                json!({ "image": { "repositoryName": repository, "imageId": { "imageDigest": digest, "imageTag": tag } } }),
            )
        }
        "ListImages" => {
            let from = text(&asked, "nextToken");
            let size = asked
                .get("maxResults")
                .and_then(Value::as_u64)
                .map_or(page, |n| page.min(usize::try_from(n).unwrap_or(page)));
            let mut after = images.iter().filter(|(digest, _)| **digest > from);
            let shown: Vec<_> = after.by_ref().take(size).collect();
            let next = after.next().and(shown.last()).map(|(digest, _)| (*digest).clone());
            let ids = shown.iter().flat_map(|(digest, tags)| {
                let tagged = tags.iter().map(move |tag| json!({ "imageDigest": digest, "imageTag": tag }));
                let bare = tags.is_empty().then(|| json!({ "imageDigest": digest }));
                tagged.chain(bare)
            });
            Ok(json!({ "imageIds": ids.collect::<Vec<_>>(), "nextToken": next }))
        }
        "BatchDeleteImage" => {
            let ids = asked.get("imageIds").and_then(Value::as_array).cloned().unwrap_or_default();
            if ids.is_empty() || ids.len() > AT_ONCE {
                return Err(("InvalidParameterException", format!("imageIds: between 1 and {AT_ONCE} are allowed")));
            }
            let (gone, kept): (Vec<_>, Vec<_>) =
                ids.into_iter().partition(|id| images.remove(&text(id, "imageDigest")).is_some());
            let failures = kept.iter().map(|id| {
                json!({ "imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found" })
            });
            world.buckets.dirty = true;
            Ok(json!({ "imageIds": gone, "failures": failures.collect::<Vec<_>>() }))
        }
        other => Err(("UnknownOperationException", format!("The sandbox knows no {other} of ECR"))),
    }
}

/// What is answered, or a code and its message.
type Answer = Result<Value, (&'static str, String)>;

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The answer as it is sent.
pub(crate) fn response(answer: Answer, request_id: String) -> Response {
    let (status, body) = match answer {
        Ok(value) => (200, value),
        Err((code, message)) => (400, json!({ "__type": code, "message": message })),
    };
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    Response { status, request_id, body: body.to_string(), headers }
}
