//! `overrides.toml`: what both sources miss or get wrong. An entry that no longer applies is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The file; its comments say what each table is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// Types that are no resources of a user.
    pub drop: Vec<String>,
    /// Types that any attribute can be read from.
    pub open_attributes: Vec<String>,
    /// Types of which `Ref` is the listed value only in some cases.
    pub prefer_attribute: Vec<String>,
    /// Types that hold data, besides those the sources list.
    pub stateful: Vec<String>,
    /// Patterns that backtrack without end and are matched in linear time.
    pub linear: Vec<String>,
    /// Patterns that do not compile, and what stands for them (`""` for none).
    pub patterns: BTreeMap<String, String>,
    /// What `Ref` returns (`""` where it is several values in one).
    #[serde(rename = "ref")]
    pub ref_value: BTreeMap<String, String>,
    /// Attributes of a type that hold the same value, the one that names it first.
    pub same: BTreeMap<String, Vec<String>>,
    /// `format` keywords and what they identify.
    pub formats: BTreeMap<String, Vec<String>>,
    /// Relations to a value that the type does not give, and what is meant.
    pub relations: BTreeMap<String, Vec<String>>,
    /// Where the first is accepted, so are these.
    pub widen: BTreeMap<String, Vec<String>>,
    /// Names of properties that mean the same wherever no source says what they identify.
    pub infer: BTreeMap<String, Vec<String>>,
    /// `TYPE/Path/*/To` and what a string there identifies.
    pub identify: BTreeMap<String, Vec<String>>,
    /// `TYPE/Path` of properties that take documents where the schema knows texts only.
    pub documents: Vec<String>,
    /// `TYPE/Path` and `yes`, `maybe` or `no`.
    pub replace: BTreeMap<String, String>,
}

impl Overrides {
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| format!("overrides.toml: {e}"))
    }

    /// Entries below `TYPE/`, with the path behind it.
    pub fn below<'a, T>(table: &'a BTreeMap<String, T>, name: &str) -> Vec<(Vec<&'a str>, &'a T)> {
        let prefix = format!("{name}/");
        let entries = table.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, value)));
        entries.map(|(path, value)| (path.split('/').collect(), value)).collect()
    }

    /// Types that an override names must exist.
    pub fn check_types(&self, types: &BTreeSet<&str>) -> Result<(), String> {
        let named = self
            .drop
            .iter()
            .chain(&self.open_attributes)
            .chain(&self.prefer_attribute)
            .chain(&self.stateful)
            .chain(self.ref_value.keys())
            .chain(self.same.keys())
            .map(String::as_str)
            .chain(self.identify.keys().chain(self.replace.keys()).map(|k| k.split('/').next().unwrap_or(k)))
            .chain(self.documents.iter().map(|k| k.split('/').next().unwrap_or(k)));
        for name in named {
            if !types.contains(name) {
                return Err(format!("overrides.toml names `{name}`, which no source has"));
            }
        }
        Ok(())
    }
}
