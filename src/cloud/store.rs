//! The port to what holds files and images: objects that a deployment needs, by names that tell what they hold, and
//! what has to be empty before it can be deleted.

use std::fmt;

use crate::cloud::Answer;

/// An object in S3.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId {
    /// Its bucket.
    pub bucket: String,
    /// Its key in it.
    pub key: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The buckets, and the repositories of images, of one account and region. Every call says whose the bucket must be: one
/// that somebody else owns is never read nor written, whatever its name.
pub trait Store: Send + Sync {
    /// Whether the object is there. False also where that may not be asked: who may write is then told by the writing.
    fn holds<'a>(&'a self, object: &'a ObjectId) -> Answer<'a, bool>;

    /// Puts the object there, whole or not at all. One that is there already stays: its name says what it holds.
    fn put<'a>(&'a self, object: &'a ObjectId, bytes: Vec<u8>) -> Answer<'a, ()>;

    /// Deletes all that is in a bucket of S3, in every version, for good. One that is not there counts as empty.
    fn empty_bucket<'a>(&'a self, bucket: &'a str) -> Answer<'a, ()>;

    /// Deletes all images of a repository of ECR, for good. One that is not there counts as empty.
    fn empty_repository<'a>(&'a self, repository: &'a str) -> Answer<'a, ()>;
}
