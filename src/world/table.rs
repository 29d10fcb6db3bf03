//! Files in memory: for tests, for tools, for buffers of an editor.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, Exclude, MOST_ENTRIES, Refusal, Why, World, inside};

/// Files by path. An empty one is a project without any.
#[derive(Clone, Default, Debug)]
pub struct Table {
    files: BTreeMap<String, Arc<[u8]>>,
}

impl Table {
    /// Adds a file, in place of one of that path.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Arc<[u8]>>) {
        self.files.insert(path.into(), bytes.into());
    }
}

impl<P: Into<String>, B: Into<Arc<[u8]>>> FromIterator<(P, B)> for Table {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let mut table = Self::default();
        files.into_iter().for_each(|(path, bytes)| table.add(path, bytes));
        table
    }
}

impl World for Table {
    fn read(&self, path: &str) -> Result<Arc<str>, String> {
        let bytes = self.files.get(path).ok_or_else(|| Why::Missing.to_string())?;
        std::str::from_utf8(bytes).map(Arc::from).map_err(|_| "it is not UTF-8 text".to_owned())
    }

    fn files(&self) -> Result<Vec<String>, String> {
        let sources = self.files.keys().filter(|path| path.ends_with(".infra") && !path.starts_with(".."));
        Ok(sources.cloned().collect())
    }

    fn files_in(&self, folder: &str) -> Result<Vec<String>, String> {
        let folder = folder.trim_end_matches('/').trim_start_matches("./");
        let directly = |path: &&String| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            parent == folder && name.ends_with(".infra")
        };
        Ok(self.files.keys().filter(directly).cloned().collect())
    }

    fn load(&self, path: &str, most: u64) -> Result<Arc<[u8]>, Refusal> {
        let path = inside(path)?;
        let Some(bytes) = self.files.get(&path) else {
            let folder = format!("{path}/");
            let is_folder = path.is_empty() || self.files.keys().any(|file| file.starts_with(&folder));
            let why = if is_folder { Why::NotAFile("it is a directory") } else { Why::Missing };
            return Err(Refusal::new(path, why));
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > most {
            return Err(Refusal::new(path, Why::TooLarge { bytes: size, most }));
        }
        Ok(Arc::clone(bytes))
    }

    fn walk(&self, folder: &str, exclude: &Exclude) -> Result<Vec<Entry>, Refusal> {
        let folder = inside(folder)?;
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let found = self.files.keys().filter(|path| inside(path).is_ok());
        let mut is_there = false;
        let mut found: Vec<Entry> = found
            .filter_map(|path| path.strip_prefix(&below))
            .inspect(|_| is_there = true)
            .filter(|path| !exclude.matches(path))
            .map(|path| Entry { path: path.to_owned(), executable: false })
            .collect();
        found.sort();
        if !is_there {
            return Err(Refusal::new(folder, Why::Missing));
        }
        if found.len() > MOST_ENTRIES {
            return Err(Refusal::new(folder, Why::TooMany));
        }
        Ok(found)
    }
}
