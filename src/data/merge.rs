//! Merge keys: `<<: *defaults`, `<<: [*a, *b]`.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Entry, Kind, Node, Problem};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// A map while it is read.
#[derive(Default)]
pub(super) struct Map {
    entries: Vec<Entry>,
    /// Where each key stands in `entries`, and whether a merge brought it.
    seen: FxHashMap<Arc<str>, (usize, bool)>,
}

impl Map {
    /// Adds what is written. It takes the place of what was merged, also where it follows.
    pub(super) fn add(&mut self, key: Arc<str>, key_span: Span, value: Node) -> Result<(), Problem> {
        let entry = Entry { key: Arc::clone(&key), key_span, value };
        match self.seen.get(&key).copied() {
            None => {
                self.seen.insert(key, (self.entries.len(), false));
                self.entries.push(entry);
            }
            Some((at, merged)) => {
                let Some(old) = self.entries.get_mut(at) else { return Ok(()) };
                if !merged {
                    return Err(super::twice(&key, key_span, old.key_span));
                }
                *old = entry;
                self.seen.insert(key, (at, false));
            }
        }
        Ok(())
    }

    /// Adds the entries of a map, or of several of which the first has the last word.
    pub(super) fn merge(&mut self, from: Node) -> Result<(), Problem> {
        let maps = match from.kind {
            Kind::List(maps) => maps,
            _ => vec![from],
        };
        for map in maps {
            let Kind::Map(entries) = map.kind else {
                let problem = Diagnostic::new(Code::TypeMismatch, "`<<` merges a map, or a list of maps");
                return Err(Box::new(problem.at(map.span, "this is neither")));
            };
            for entry in entries {
                if !self.seen.contains_key(&entry.key) {
                    self.seen.insert(Arc::clone(&entry.key), (self.entries.len(), true));
                    self.entries.push(entry);
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Kind {
        Kind::Map(self.entries)
    }
}
