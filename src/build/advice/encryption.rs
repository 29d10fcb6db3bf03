//! A key of KMS beside an encryption that takes none.
//!
//! The reference of `AWS::S3::Bucket ServerSideEncryptionByDefault` says of `KMSMasterKeyID`: allowed if and only if
//! `SSEAlgorithm` is `aws:kms` or `aws:kms:dsse`. The schema does not have it.

use super::walk::{Path, Seen};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::value::Value;

pub(super) fn check(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    if seen.resource.ty.as_str() != "AWS::S3::Bucket" {
        return;
    }
    let [encryption, rules, default, key, algorithm] = [
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
        "SSEAlgorithm",
    ]
    .map(Name::new);
    let get = |value: &Value, key: Name| match value {
        Value::Object(object) => object.get(key).cloned(),
        _ => None,
    };
    let Some(Value::List(all)) = get(&seen.resource.properties, encryption).and_then(|e| get(&e, rules)) else {
        return;
    };
    for (at, rule) in all.iter().enumerate() {
        let Some(given) = get(rule, default) else { continue };
        if get(&given, key).is_none() || !matches!(get(&given, algorithm), Some(Value::Str(text)) if &*text == "AES256")
        {
            continue;
        }
        let outer = Path::Key(&Path::Root, encryption);
        let outer = Path::Key(&outer, rules);
        let outer = Path::Item(&outer, at);
        let place = Path::Key(&outer, default);
        found.push(
            Diagnostic::new(Code::ConflictingProperties, "encryption with `AES256` takes no key of KMS")
                .at(seen.span(&Path::Key(&place, key)), "refused while deploying")
                .at(seen.span(&Path::Key(&place, algorithm)), "the keys are those of S3")
                .help("write `SSEAlgorithm: \"aws:kms\"`, or take the key out"),
        );
    }
}
