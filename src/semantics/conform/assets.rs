//! Assets where AWS asks for an object in S3.

use super::{Asked, Walk};
use crate::names::Name;
use crate::schema::ObjectType;
use crate::semantics::builtin::partition;
use crate::semantics::value::{AssetRef, Object, Value};
use crate::source::Span;

/// How AWS calls a bucket and a key in it, in one type or another.
const PAIRS: [(&str, &str); 5] =
    [("S3Bucket", "S3Key"), ("Bucket", "Key"), ("BucketName", "ObjectKey"), ("BucketName", "Key"), ("S3Bucket", "S3ObjectKey")];

/// The same with the ARN of the bucket.
const BY_ARN: [(&str, &str); 2] = [("BucketARN", "FileKey"), ("BucketArn", "FileKey")];

impl Walk<'_, '_> {
    /// The asset as the object that is asked for: by its shape.
    pub(super) fn asset(
        &mut self,
        asked: Asked<'_>,
        object: &'static ObjectType,
        asset: &AssetRef,
        span: Span,
        depth: usize,
    ) -> Value {
        let has = |pair: &&(&str, &str)| object.property(pair.0).is_some() && object.property(pair.1).is_some();
        let (pair, by_arn) = match (PAIRS.iter().find(has), BY_ARN.iter().find(has)) {
            (Some(pair), _) => (pair, false),
            (None, Some(pair)) => (pair, true),
            (None, None) => return self.mismatch(asked, &Value::Asset(asset.clone().into()), span),
        };
        let Some(located) = self.ev.locate(asset, span) else { return Value::Unknown };
        let bucket = match by_arn {
            true => {
                let region = self.ev.frame.place.region.as_deref().unwrap_or_default();
                format!("arn:{}:s3:::{}", partition(region), located.bucket).into()
            }
            false => located.bucket,
        };
        let mut made = Object::default();
        made.push_new(Name::new(pair.0), Value::Str(bucket));
        made.push_new(Name::new(pair.1), Value::Str(located.key));
        self.object(asked, object, &Value::Object(made.into()), span, depth)
    }
}
