//! Versions of objects: what a bucket still holds of what was overwritten or deleted, and how all of it goes.

use serde::{Deserialize, Serialize};

use crate::sandbox::ids;
use crate::sandbox::objects::{Bucket, Done, Object, Refusal, decoded, refusal};
use crate::sandbox::wire::Xml;

/// What a version is called in a bucket without versions.
const NONE: &str = "null";

/// A version that is not the newest, or the mark of a deletion.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    key: String,
    id: String,
    is_mark: bool,
}

impl Bucket {
    /// Puts an object there; of a bucket with versions the one before stays.
    pub(super) fn put(&mut self, key: &str, size: usize, sha256: String, keeps_versions: bool) {
        let version = keeps_versions.then(|| self.next_version(key));
        let before = self.objects.insert(key.to_owned(), Object { size, sha256, version });
        self.older.extend(before.filter(|_| keeps_versions).map(|object| Version::of(key, &object)));
    }

    /// Deletes an object. With versions it stays, under a mark.
    pub(super) fn delete(&mut self, key: &str, version: Option<&str>, keeps_versions: bool) {
        match version {
            Some(id) => {
                self.older.retain(|one| one.key != key || one.id != id);
                if self.objects.get(key).is_some_and(|object| Version::of(key, object).id == id) {
                    self.objects.remove(key);
                }
            }
            None => {
                let before = self.objects.remove(key);
                if keeps_versions {
                    self.older.extend(before.map(|object| Version::of(key, &object)));
                    let id = self.next_version(key);
                    self.older.push(Version { key: key.to_owned(), id, is_mark: true });
                }
            }
        }
    }

    /// True where nothing is in it, not even an old version.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.older.is_empty()
    }

    fn next_version(&mut self, key: &str) -> String {
        self.versions += 1;
        ids::uuid(&["version", key, &self.versions.to_string()])
    }

    /// A page of all versions, from behind the marks of the query on.
    pub(super) fn list(&self, name: &str, query: &str, size: usize) -> String {
        let asked =
            |what: &str| query.split('&').find_map(|part| part.strip_prefix(what)?.strip_prefix('=')).map(decoded);
        let from = (asked("key-marker").unwrap_or_default(), asked("version-id-marker").unwrap_or_default());
        let newest = self.objects.iter().map(|(key, object)| (Version::of(key, object), true));
        let mut all: Vec<(Version, bool)> = newest.chain(self.older.iter().map(|one| (one.clone(), false))).collect();
        all.sort_by(|(a, _), (b, _)| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        all.retain(|(one, _)| (one.key.as_str(), one.id.as_str()) > (from.0.as_str(), from.1.as_str()));
        let is_cut = all.len() > size;
        all.truncate(size);
        let mut xml = Xml::default();
        xml.within("ListVersionsResult", |xml| {
            xml.put("Name", name);
            xml.flag("IsTruncated", is_cut);
            if let Some((last, _)) = all.last().filter(|_| is_cut) {
                xml.put("NextKeyMarker", &last.key);
                xml.put("NextVersionIdMarker", &last.id);
            }
            for (one, is_latest) in &all {
                xml.within(if one.is_mark { "DeleteMarker" } else { "Version" }, |xml| {
                    xml.put("Key", &one.key);
                    xml.put("VersionId", &one.id);
                    xml.flag("IsLatest", *is_latest);
                });
            }
        });
        xml.finish()
    }

    /// Deletes what a body names: `<Delete><Object><Key>…</Key><VersionId>…</VersionId></Object>…</Delete>`.
    pub(super) fn delete_all(&mut self, body: &[u8], keeps_versions: bool) -> Result<Done, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let objects: Vec<&str> = inside(text, "Object").collect();
        if objects.is_empty() || objects.len() > 1000 {
            return Err(malformed());
        }
        for object in objects {
            let key = inside(object, "Key").next().map(unescaped).ok_or_else(malformed)?;
            let version = inside(object, "VersionId").next().map(unescaped);
            self.delete(&key, version.as_deref(), keeps_versions);
        }
        Ok(Done { headers: Vec::new(), body: "<DeleteResult></DeleteResult>".to_owned() })
    }
}

impl Version {
    fn of(key: &str, object: &Object) -> Self {
        Self { key: key.to_owned(), id: object.version.clone().unwrap_or_else(|| NONE.to_owned()), is_mark: false }
    }
}

fn malformed() -> Refusal {
    refusal(
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// The insides of all elements of that name, none of which is in another.
fn inside<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<&str> = text.split(open.as_str()).skip(1).collect();
    parts.into_iter().filter_map(move |part| part.split_once(close.as_str()).map(|(inside, _)| inside))
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#xD;", "\r"), ("&#xA;", "\n"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (written, letter)| text.replace(written, letter))
}
