//! Assets: which bucket one lies in, and what can be asked of it.
//!
//! The value of `asset(…)` has no place, so that it can be made at the top of a file. Where it is put to use, in an
//! instance, the bucket is that of the environment, and the instance is noted to need it.

use std::sync::Arc;

use super::access::no_field;
use super::builtin::url_suffix;
use super::eval::Evaluator;
use super::model::{Asset, Buckets};
use super::value::{AssetRef, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::source::Span;
use crate::syntax::ast::Ident;

/// What can be asked of an asset.
const FIELDS: [&str; 5] = ["bucket", "hash", "key", "uri", "url"];

/// The remedy where an asset stands and text is asked for.
pub(super) const NAME_A_FIELD: &str =
    "name what is meant of it: `.uri` (`s3://…`), `.url` (`https://…`), `.bucket`, `.key` or `.hash`";

/// An asset in its bucket.
pub(super) struct Located {
    pub(super) bucket: Arc<str>,
    pub(super) key: Arc<str>,
}

impl Located {
    /// As the AWS command line and SAM write it.
    pub(super) fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

impl Evaluator<'_> {
    /// `asset("src").url`
    pub(super) fn asset_field(&mut self, asset: &AssetRef, name: Ident) -> Value {
        let text = |text: &str| Value::Str(text.into());
        let field = name.name.as_str();
        if field == "hash" {
            return text(asset.package.sha256());
        }
        if !FIELDS.contains(&field) {
            let known: Vec<Name> = FIELDS.iter().map(|name| Name::new(name)).collect();
            self.report(no_field("an asset", name, &known));
            return Value::Unknown;
        }
        let Some(located) = self.locate(asset, name.span) else { return Value::Unknown };
        match field {
            "bucket" => Value::Str(located.bucket),
            "key" => Value::Str(located.key),
            "uri" => text(&located.uri()),
            _ => {
                let region = self.frame.place.region.as_deref().unwrap_or_default();
                let host = format!("{region}.{}", url_suffix(region));
                let Located { bucket, key } = located;
                // The certificate of S3 covers one name before its own.
                match bucket.contains('.') {
                    true => text(&format!("https://s3.{host}/{bucket}/{key}")),
                    false => text(&format!("https://{bucket}.s3.{host}/{key}")),
                }
            }
        }
    }

    /// Where the asset lies for this instance, which needs it from now on; `None`, with a report, where no bucket is
    /// named.
    pub(super) fn locate(&mut self, asset: &AssetRef, used: Span) -> Option<Located> {
        let place = self.frame.place.clone();
        let (Some(account), Some(region)) = (&place.account, &place.region) else {
            self.report(
                Diagnostic::new(Code::NothingHere, "the bucket of an asset is not known here")
                    .at(used, "this is evaluated before any environment is chosen")
                    .help("use it inside a stack; `.hash` is known everywhere"),
            );
            return None;
        };
        let (buckets, primary) = self.project.buckets(place.env.as_deref(), account, region);
        let (whose, declared) = match &place.env {
            Some(env) => {
                let at = self.program.declared.envs.iter().find(|(name, _)| *name == env.name).map(|(_, at)| *at);
                let declared = at.and_then(|at| self.program.record(at)).map(|record| record.name.span);
                (format!("environment `{}`", env.name), declared)
            }
            None => (format!("account `{}`", account.name), Some(account.span)),
        };
        let Some(bucket) = buckets.and_then(|buckets| buckets.at(region, primary)).map(Arc::clone) else {
            let (lacks, help) = match buckets {
                None => ("no `assets`".to_owned(), "add `assets: \"BUCKET\"` to it".to_owned()),
                Some(Buckets::One(bucket)) => (
                    format!("one bucket, for `{primary}`"),
                    format!(
                        "name one for each region: `assets: {{ \"{primary}\": \"{bucket}\", \"{region}\": \"BUCKET\" }}`"
                    ),
                ),
                Some(Buckets::Each(_)) => {
                    (format!("none for `{region}`"), format!("add `\"{region}\": \"BUCKET\"` to its `assets`"))
                }
            };
            let message = format!("the {whose} names no bucket for assets in `{region}`");
            let mut problem = Diagnostic::new(Code::MissingField, message);
            // The declaration stands first: what it lacks is said once for each environment, not once for all.
            if let Some(span) = declared {
                problem = problem.at(span, format!("has {lacks}"));
            }
            problem = problem.at(asset.span, "has to lie in a bucket");
            let beside = used.file == asset.span.file && used.start <= asset.span.end && used.end >= asset.span.start;
            if !beside {
                problem = problem.at(used, "used here");
            }
            self.report_value(problem.help(format!("{help}; the bucket must be there, in account {}", account.id)));
            return None;
        };
        let key: Arc<str> = format!("assets/{}", asset.package.name()).into();
        if !self.dry {
            let needed = Asset {
                bucket: Arc::clone(&bucket),
                key: Arc::clone(&key),
                package: Arc::clone(&asset.package),
                span: asset.span,
            };
            self.frame.assets.entry(Arc::clone(&key)).or_insert(needed);
        }
        Some(Located { bucket, key })
    }
}
