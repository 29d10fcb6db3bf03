//! What the pointer lists of a schema and the overrides say about places: a tree along property paths.

use std::collections::BTreeMap;

use crate::ir::{Identifier, flag};

/// Marks of a place and of those below it.
#[derive(Default, Debug)]
pub struct Marks {
    /// `property` flags of the blob.
    pub flags: u64,
    /// The registry or an override has decided what a change does; the overlay is not asked.
    pub settled: bool,
    /// What a string here identifies, whatever the sources say.
    pub identifies: Option<Vec<Identifier>>,
    /// Any document is taken there, whatever the sources say.
    pub document: bool,
    children: BTreeMap<String, Marks>,
}

/// No marks.
pub static NONE: Marks = Marks { flags: 0, settled: false, identifies: None, document: false, children: BTreeMap::new() };

impl Marks {
    /// Nothing is said below here.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty() && self.identifies.is_none()
    }

    pub fn child(&self, name: &str) -> &Self {
        self.children.get(name).unwrap_or(&NONE)
    }

    /// Items of a list, values of a map: `*` if there is one, else the marks pass through.
    pub fn item(&self) -> &Self {
        self.children.get("*").unwrap_or(self)
    }

    /// The place at that path, made where it is missing.
    pub fn place(&mut self, path: &[&str]) -> &mut Self {
        path.iter().fold(self, |marks, step| marks.children.entry((*step).to_owned()).or_default())
    }

    /// Decides what the string at that path identifies. The path may leave out the `*` of a list,
    /// though other marks have it.
    pub fn decide(&mut self, path: &[&str], decided: &[Identifier]) {
        let Some((step, rest)) = path.split_first() else {
            self.identifies = Some(decided.to_vec());
            return;
        };
        if *step != "*"
            && let Some(items) = self.children.get_mut("*")
        {
            items.decide(path, decided);
        }
        self.children.entry((*step).to_owned()).or_default().decide(rest, decided);
    }

    /// Marks the place at a pointer `/properties/A/*/B`.
    pub fn pointer(&mut self, pointer: &str, flags: u64) -> Result<(), String> {
        let path = pointer.strip_prefix("/properties/").ok_or_else(|| format!("`{pointer}` is no property"))?;
        let place = self.place(&path.split('/').collect::<Vec<_>>());
        place.flags |= flags;
        // "Yes" and "it depends" together mean that it depends.
        if place.flags & flag::MAY_REPLACE != 0 && flags & flag::MAY_REPLACE != 0 {
            place.flags &= !flag::REPLACES;
        }
        Ok(())
    }
}
