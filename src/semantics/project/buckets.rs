//! `assets`: the buckets that packaged files go to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::envs::{is_region, no_region};
use super::{Field, mismatch};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::model::Buckets;
use crate::semantics::value::Value;

/// The name of a bucket, or one for each region; `None` where it is `null` or wrong, which is said.
pub(super) fn read(ev: &mut Evaluator<'_>, field: &Field<'_>) -> Option<Buckets> {
    match &field.value {
        Value::Str(name) => bucket(ev, field, name).map(Buckets::One),
        Value::Object(regions) => {
            let mut all = BTreeMap::new();
            for (region, value) in regions.iter() {
                let region = region.as_str();
                if !is_region(region) {
                    {
                        let problem = no_region(ev, region, field.at);
                        ev.report(problem);
                    }
                    continue;
                }
                match value {
                    Value::Str(name) => {
                        all.extend(bucket(ev, field, name).map(|name| (Arc::from(region), name)));
                    }
                    Value::Unknown => {}
                    other => {
                        let message = format!("the name of a bucket is text, not {}", fits::kind(other));
                        ev.report(Diagnostic::new(Code::TypeMismatch, message).at(field.at, fits::shown(other)));
                    }
                }
            }
            Some(Buckets::Each(all))
        }
        Value::Null | Value::Unknown => None,
        other => {
            mismatch(ev, field, "the name of a bucket, or an object with one for each region", other);
            None
        }
    }
}

/// A name that a bucket can have, by the rules of S3.
fn bucket(ev: &mut Evaluator<'_>, field: &Field<'_>, name: &Arc<str>) -> Option<Arc<str>> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fine = (3..=63).contains(&name.len())
        && name.bytes().all(|b| plain(b) || b == b'-' || b == b'.')
        && [name.bytes().next(), name.bytes().last()].into_iter().flatten().all(plain)
        && !name.contains("..");
    if fine {
        return Some(Arc::clone(name));
    }
    ev.report(
        Diagnostic::new(Code::BadValue, format!("`{name}` cannot be the name of a bucket"))
            .at(field.at, "the bucket for assets")
            .help("use 3 to 63 lower case letters, digits, `-` and `.`; a letter or digit at both ends"),
    );
    None
}
