//! Templates that are too large for a call: CloudFormation reads them from S3.
//!
//! The object is named by what it holds, in the bucket that assets of the same place go to. It is looked for before it
//! is sent, and sent only where a change set needs it.

use std::sync::Arc;

use crate::cloud::{CloudError, ErrorKind, ObjectId, Store, TemplateText};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::problem;
use crate::plan::wanted::{Event, Observer, Wanted};
use crate::semantics;
use crate::template::{self, INLINE};

/// The folder of templates in a bucket.
const FOLDER: &str = "templates";

/// The template of the stack, where CloudFormation can read it.
///
/// # Errors
/// No bucket is named, or it cannot be used.
pub(crate) async fn within_reach(
    store: &Arc<dyn Store>,
    wanted: &Wanted,
    observer: &dyn Observer,
) -> Result<TemplateText, Box<Diagnostic>> {
    let bytes = wanted.body.len();
    if bytes <= INLINE {
        return Ok(TemplateText::Body(wanted.body.clone()));
    }
    let Some(bucket) = &wanted.bucket else { return Err(Box::new(bucketless(wanted, bytes))) };
    // What `@initial` keeps makes another text of it, so the name is that of what is sent.
    let key = format!("{FOLDER}/{}.json", template::digest(&wanted.body));
    let object = ObjectId { bucket: bucket.clone(), key };
    let failed = |error: CloudError| Box::new(unsent(&error, wanted, bucket));
    if !store.holds(&object).await.map_err(failed)? {
        let (stack, path) = (wanted.id.clone(), "its template".to_owned());
        observer.tell(Event::Uploading { stack: stack.clone(), path: path.clone(), bytes: bytes as u64 });
        store.put(&object, wanted.body.clone().into_bytes()).await.map_err(failed)?;
        observer.tell(Event::Uploaded { stack, path, bucket: bucket.clone() });
    }
    Ok(TemplateText::Url(url(&object, &wanted.target.region)))
}

/// Where CloudFormation is told to read an object. By path: the certificate of S3 covers no name with a dot in front of
/// its own.
fn url(object: &ObjectId, region: &str) -> String {
    format!("https://s3.{region}.{}/{}/{}", semantics::url_suffix(region), object.bucket, object.key)
}

/// What the addresses of all templates in a bucket begin with.
pub(crate) fn urls(bucket: &str, region: &str) -> String {
    url(&ObjectId { bucket: bucket.to_owned(), key: format!("{FOLDER}/") }, region)
}

/// `infra check` finds this for what the source says; what is kept of a deployed template may make it larger.
fn bucketless(wanted: &Wanted, bytes: usize) -> Diagnostic {
    let message =
        format!("the template of `{}` has {bytes} bytes, and no bucket is named to send it through", wanted.id);
    problem::of_stack(Code::LimitExceeded, wanted, message).help(format!(
        "name a bucket for `{}` in `assets`: without one, a template has at most {INLINE} bytes",
        wanted.target.region
    ))
}

fn unsent(error: &CloudError, wanted: &Wanted, bucket: &str) -> Diagnostic {
    let told = problem::of_call(error, None);
    let is_about_it = !matches!(error.kind, ErrorKind::NoCredentials | ErrorKind::ExpiredCredentials);
    match wanted.place.filter(|_| is_about_it) {
        Some(place) => told.at(place, format!("its template goes to the bucket `{bucket}`")),
        None => told,
    }
}
