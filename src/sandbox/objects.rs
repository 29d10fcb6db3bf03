//! S3, as far as a deployment needs it: objects are put, looked at and deleted. Of an object its size and digest are kept; its
//! bytes too where they could be a template, for CloudFormation reads those.
//!
//! A bucket is there when a stack made it. One that no stack made is made by the first upload to it, for the account
//! and region of whoever uploads: on AWS somebody did so long ago, with another tool.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::sandbox::access::{self, Asked};
use crate::sandbox::facts::{self, Answer, Fault};
use crate::sandbox::images::{self, Images};
use crate::sandbox::model::{Place, Resource};
use crate::sandbox::wire::{Request, Response, Scope, Xml};
use crate::sandbox::world::{Caller, World};

mod versions;

/// All buckets that something was put into, and the images of all repositories.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Buckets {
    buckets: BTreeMap<String, Bucket>,
    #[serde(default)]
    pub(crate) images: BTreeMap<String, Images>,
    #[serde(skip)]
    pub(crate) dirty: bool,
    /// Bytes of objects by their digest; of a sandbox in a directory only those of this run.
    #[serde(skip)]
    pub(crate) bytes: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Bucket {
    account: String,
    region: String,
    objects: BTreeMap<String, Object>,
    #[serde(default)]
    older: Vec<versions::Version>,
    /// How many there ever were.
    #[serde(default)]
    versions: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Object {
    size: usize,
    sha256: String,
    #[serde(default)]
    version: Option<String>,
}

impl Buckets {
    /// Whether the object is there, or in a bucket of which nothing is known.
    pub(crate) fn may_hold(&self, bucket: &str, key: &str) -> bool {
        self.buckets.get(bucket).is_none_or(|bucket| bucket.objects.contains_key(key))
    }

    /// Why AWS would not delete a resource: something is in it.
    pub(crate) fn in_the_way(&self, place: &Place, resource: &Resource) -> Option<String> {
        match resource.kind.as_str() {
            "AWS::S3::Bucket" => {
                let bucket = self.buckets.get(&resource.physical)?;
                (!bucket.is_empty()).then(facts::bucket_not_empty)
            }
            "AWS::ECR::Repository" if resource.properties.get("EmptyOnDelete") != Some(&Value::Bool(true)) => {
                let images = self.images.get(&images::place(&place.account, &place.region, &resource.physical))?;
                (!images.is_empty()).then(|| facts::repository_not_empty(&resource.physical, &place.account))
            }
            _ => None,
        }
    }
}

/// The template that lies at an address of S3, as CloudFormation reads it for a caller.
pub(crate) fn template(world: &World, caller: &Caller, url: &str) -> Answer<String> {
    let (bucket, key) = addressed(url).ok_or_else(facts::bad_template_url)?;
    let refused = |why: &str| Err(facts::s3_error(why));
    match whose(world, &bucket) {
        None => return refused("The specified bucket does not exist"),
        Some((account, _)) if account != caller.account => return refused("Access Denied"),
        Some((owner, _)) => {
            let asked = Asked::of_s3("GetObject", &bucket, &key, &owner, &caller.region);
            if access::permit(&world.policies, caller, &asked).is_err() {
                return refused("Access Denied");
            }
        }
    }
    let found = world.buckets.buckets.get(&bucket).and_then(|bucket| bucket.objects.get(&key));
    let Some(object) = found else { return refused("The specified key does not exist.") };
    if object.size > facts::TEMPLATE_LIMIT {
        return Err(facts::template_too_large());
    }
    let kept = match (world.buckets.bytes.get(&object.sha256), &world.store) {
        (Some(bytes), _) => Some(bytes.clone()),
        (None, Some(store)) => store.object(&object.sha256).map_err(|error| facts::not_kept(&error.to_string()))?,
        (None, None) => None,
    };
    match kept.map(String::from_utf8) {
        Some(Ok(text)) => Ok(text),
        _ => refused("The specified key does not exist."),
    }
}

/// Bucket and key of `https://s3.REGION.amazonaws.com/BUCKET/KEY` or `https://BUCKET.s3.REGION.amazonaws.com/KEY`.
fn addressed(url: &str) -> Option<(String, String)> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    if !host.ends_with(".amazonaws.com") && !host.ends_with(".amazonaws.com.cn") {
        return None;
    }
    let (bucket, key) = placed(host, &decoded(path));
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

/// Bucket and key by host and path.
fn placed(host: &str, path: &str) -> (String, String) {
    // `BUCKET.s3.eu-west-1.amazonaws.com/KEY` or `s3.eu-west-1.amazonaws.com/BUCKET/KEY`
    match host.split_once(".s3.").or_else(|| host.split_once(".s3-")) {
        Some((bucket, _)) => (bucket.to_owned(), path.to_owned()),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (bucket.to_owned(), key.to_owned())
        }
    }
}

/// Why S3 refuses.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    status: u16,
    message: String,
    region: Option<String>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code, status: fault.status, message: fault.message, region: None }
    }
}

/// What is answered where it went well.
#[derive(Debug, Default)]
pub(crate) struct Done {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Done {
    fn told(headers: Vec<(&'static str, String)>) -> Self {
        Self { headers, body: String::new() }
    }
}

/// The operation, bucket and key that a request to S3 means; `None` for other services.
pub(crate) fn named(request: &Request, scope: &Scope) -> Option<(&'static str, String, String)> {
    if scope.service != "s3" {
        return None;
    }
    let (bucket, key) = placed(&request.host, &decoded(request.path.trim_start_matches('/')));
    let operation = match (request.method.as_str(), key.is_empty()) {
        ("HEAD", true) => "HeadBucket",
        ("HEAD", false) => "HeadObject",
        ("PUT", false) => "PutObject",
        ("DELETE", false) => "DeleteObject",
        ("GET", true) if has(&request.query, "versions") => "ListObjectVersions",
        ("POST", true) if has(&request.query, "delete") => "DeleteObjects",
        _ => "S3",
    };
    Some((operation, bucket, key))
}

/// Whether a query has a part of that name.
fn has(query: &str, name: &str) -> bool {
    query.split('&').any(|part| part.split('=').next() == Some(name))
}

fn decoded(path: &str) -> String {
    // A plus means itself in a path, unlike in a form.
    let form = format!("k={}", path.replace('+', "%2B"));
    form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Carries an operation out.
pub(crate) fn call(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    operation: &str,
    bucket: &str,
    key: &str,
) -> Result<Done, Refusal> {
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    let known = whose(world, bucket);
    if let Some((account, region)) = &known {
        if header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != account) || *account != caller.account {
            return Err(refusal("AccessDenied", 403, "Access Denied"));
        }
        if *region != caller.region {
            let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                           Please send all future requests to this endpoint.";
            return Err(Refusal { region: Some(region.clone()), ..refusal("PermanentRedirect", 301, message) });
        }
    } else if header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != caller.account) {
        return Err(refusal("AccessDenied", 403, "Access Denied"));
    }
    let owner = known.as_ref().map_or(caller.account.as_str(), |(account, _)| account);
    let asked = Asked::of_s3(operation, bucket, key, owner, &caller.region);
    access::permit(&world.policies, caller, &asked)?;
    let found = world.buckets.buckets.get(bucket).and_then(|bucket| bucket.objects.get(key));
    match operation {
        "HeadBucket" if known.is_some() => Ok(Done::told(vec![("x-amz-bucket-region", caller.region.clone())])),
        "HeadBucket" => Err(refusal("NoSuchBucket", 404, "The specified bucket does not exist")),
        "HeadObject" => match found {
            Some(object) => {
                Ok(Done::told(vec![("content-length", object.size.to_string()), ("etag", etag(&object.sha256))]))
            }
            None => Err(refusal("NoSuchKey", 404, "The specified key does not exist.")),
        },
        "PutObject" => {
            if header("if-none-match") == Some("*") && found.is_some() {
                let message = "At least one of the pre-conditions you specified did not hold";
                return Err(refusal("PreconditionFailed", 412, message));
            }
            let digest = Sha256::digest(&request.body);
            if header("x-amz-checksum-sha256").is_some_and(|told| told != BASE64_STANDARD.encode(digest)) {
                let message = "The SHA256 you specified did not match the calculated checksum.";
                return Err(refusal("BadDigest", 400, message));
            }
            let sha256 = hexadecimal(&digest);
            let tag = etag(&sha256);
            if request.body.len() <= facts::TEMPLATE_LIMIT {
                world.buckets.bytes.insert(sha256.clone(), request.body.clone());
            }
            let keeps_versions = keeps_versions(world, bucket);
            let made = || Bucket::of(caller);
            let bucket = world.buckets.buckets.entry(bucket.to_owned()).or_insert_with(made);
            bucket.put(key, request.body.len(), sha256, keeps_versions);
            world.buckets.dirty = true;
            Ok(Done::told(vec![("etag", tag)]))
        }
        _ if known.is_none() => Err(refusal("NoSuchBucket", 404, "The specified bucket does not exist")),
        "ListObjectVersions" => {
            let bucket_there = world.buckets.buckets.get(bucket).cloned().unwrap_or_else(|| Bucket::of(caller));
            let body = bucket_there.list(bucket, &request.query, world.settings.items_per_page);
            Ok(Done { headers: Vec::new(), body })
        }
        "DeleteObject" | "DeleteObjects" => {
            let keeps_versions = keeps_versions(world, bucket);
            world.buckets.dirty = true;
            let bucket = world.buckets.buckets.entry(bucket.to_owned()).or_insert_with(|| Bucket::of(caller));
            if operation == "DeleteObjects" {
                return bucket.delete_all(&request.body, keeps_versions);
            }
            bucket.delete(key, None, keeps_versions);
            Ok(Done::default())
        }
        _ => Err(refusal("NotImplemented", 501, "The sandbox knows no such operation of S3")),
    }
}

impl Bucket {
    fn of(caller: &Caller) -> Self {
        let (account, region) = (caller.account.clone(), caller.region.clone());
        Self { account, region, objects: BTreeMap::new(), older: Vec::new(), versions: 0 }
    }
}

/// Whether the stack that made the bucket lets it keep versions.
fn keeps_versions(world: &World, bucket: &str) -> bool {
    let mut resources = world.regions.values().flat_map(|r| r.values()).flat_map(|stack| stack.resources.values());
    let made = resources.find(|r| r.kind == "AWS::S3::Bucket" && r.physical == bucket);
    made.and_then(|r| r.properties.pointer("/VersioningConfiguration/Status")).is_some_and(|status| status == "Enabled")
}

/// Account and region of a bucket that is there.
fn whose(world: &World, bucket: &str) -> Option<(String, String)> {
    let is_it = |stack: &crate::sandbox::model::Stack| {
        stack.live() && stack.resources.values().any(|r| r.kind == "AWS::S3::Bucket" && r.physical == bucket)
    };
    let of_stack = world.regions.iter().find(|(_, stacks)| stacks.values().any(is_it)).map(|(place, _)| place.clone());
    of_stack.or_else(|| {
        let known = world.buckets.buckets.get(bucket)?;
        Some((known.account.clone(), known.region.clone()))
    })
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Not MD5, as for large or encrypted objects of S3; nobody may read anything out of it.
fn etag(sha256: &str) -> String {
    format!("\"{}\"", sha256.get(..32).unwrap_or(sha256))
}

fn refusal(code: &'static str, status: u16, message: &str) -> Refusal {
    Refusal { code, status, message: message.to_owned(), region: None }
}

/// The answer of S3. One to HEAD has no body.
pub(crate) fn response(answer: Result<Done, Refusal>, request_id: String, is_head: bool) -> Response {
    let id = ("x-amz-request-id", request_id.clone());
    match answer {
        Ok(Done { mut headers, body }) => {
            headers.push(id);
            Response { status: 200, request_id, body, headers }
        }
        Err(refusal) => {
            let mut xml = Xml::default();
            xml.within("Error", |xml| {
                xml.put("Code", refusal.code);
                xml.put("Message", &refusal.message);
                xml.put("RequestId", &request_id);
            });
            let body = if is_head { String::new() } else { xml.finish() };
            let region = refusal.region.map(|region| ("x-amz-bucket-region", region));
            Response { status: refusal.status, request_id, body, headers: [id].into_iter().chain(region).collect() }
        }
    }
}
