//! Assets where AWS asks for an object in S3.

use super::{Asked, Walk};
use crate::names::Name;
use crate::schema::ObjectType;
use crate::semantics::builtin::partition;
use crate::semantics::value::{AssetRef, Object, Value};
use crate::source::Span;

/// How AWS calls a bucket and a key in it, in one type or another.
const PAIRS: [(&str, &str); 7] = [
    ("S3Bucket", "S3Key"),
    ("Bucket", "Key"),
    ("Bucket", "ObjectKey"),
    ("BucketName", "Key"),
    ("BucketName", "ObjectKey"),
    ("S3Bucket", "S3ObjectKey"),
    ("S3BucketName", "S3ObjectKey"),
];

/// The same with the ARN of the bucket.
const BY_ARN: [(&str, &str); 2] = [("BucketARN", "FileKey"), ("BucketArn", "FileKey")];

/// How that object calls a bucket and a key, and whether it asks for the bucket's ARN; `None` where it is about something
/// else.
pub(super) fn pair(object: &ObjectType) -> Option<((&'static str, &'static str), bool)> {
    let has = |pair: &&(&str, &str)| object.property(pair.0).is_some() && object.property(pair.1).is_some();
    let by_name = PAIRS.iter().find(has).map(|pair| (*pair, false));
    by_name.or_else(|| BY_ARN.iter().find(has).map(|pair| (*pair, true)))
}

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
        let Some((pair, by_arn)) = pair(object) else {
            return self.mismatch(asked, &Value::Asset(asset.clone().into()), span);
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

#[cfg(test)]
mod tests {
    use super::{BY_ARN, PAIRS};
    use crate::schema::{Node, NodeId, Types};
    use std::collections::BTreeSet;

    #[test]
    fn every_pair_is_asked_for_somewhere() {
        let types = Types::aws();
        let mut wanted: BTreeSet<(&str, &str)> = PAIRS.into_iter().chain(BY_ARN).collect();
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        let roots = types.names().filter_map(|name| types.resource(name)).map(|known| known.root);
        let mut waiting: Vec<NodeId> = roots.collect();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            match types.node(id) {
                Node::Object(object) => {
                    let has = |key: &str| object.property(key).is_some();
                    wanted.retain(|(bucket, key)| !(has(bucket) && has(key)));
                    waiting.extend(object.properties.iter().map(|property| property.node));
                }
                Node::Array { item, .. } => waiting.push(*item),
                Node::Map { value, .. } => waiting.push(*value),
                Node::Union(members) => waiting.extend(members),
                _ => {}
            }
        }
        assert!(wanted.is_empty(), "{wanted:?}");
    }
}
