//! Files that a program reads while it is evaluated. Each is read once: two readers, and two
//! environments, always see the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Program;
use super::functions::Outcome;
use crate::package::{self, Package};
use crate::source::FileId;
use crate::world::{Exclude, Refusal, Why, World, inside};

/// The project's files, and what was read of them.
pub(crate) struct Library {
    world: Arc<dyn World + Send + Sync>,
    read: Mutex<BTreeMap<String, Kept>>,
    /// What texts hold that are data.
    data: Mutex<BTreeMap<FileId, Outcome>>,
    /// Packages by path and what is left out of them.
    packages: Mutex<BTreeMap<Chosen, Packed>>,
}

/// A path, and what is left out of it.
type Chosen = (String, Vec<Arc<str>>);

type Packed = Result<Arc<Package>, Refusal>;

/// A file that was asked for.
#[derive(Clone)]
struct Kept {
    bytes: Result<Arc<[u8]>, Refusal>,
    /// Its text, once it is one of the [`crate::source::Sources`].
    text: Option<Result<FileId, NotText>>,
}

/// A file that is no UTF-8 text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotText {
    /// The first line that is not, from 1.
    pub(crate) line: usize,
}

impl Library {
    pub(crate) fn new(world: Arc<dyn World + Send + Sync>) -> Self {
        Self { world, read: Mutex::default(), data: Mutex::default(), packages: Mutex::default() }
    }
}

impl Program {
    /// The project's files as they lie, for what need not be the same twice.
    pub fn world(&self) -> &(dyn World + Send + Sync) {
        &*self.library.world
    }

    /// What a file inside the project holds, by its path relative to the project.
    ///
    /// # Errors
    /// Why it may not or cannot be read.
    pub fn include(&self, path: &str) -> Result<Arc<[u8]>, Refusal> {
        self.kept(&inside(path)?).bytes
    }

    /// A file inside the project as a text of [`Program::sources`], so that what is wrong in it can be
    /// shown there. A byte order mark is no part of the text.
    ///
    /// # Errors
    /// Why it may not or cannot be read; a file that is no text is [`NotText`].
    pub(crate) fn include_text(&self, path: &str) -> Result<Result<FileId, NotText>, Refusal> {
        let path = inside(path)?;
        let kept = self.kept(&path);
        let bytes = kept.bytes?;
        if let Some(text) = kept.text {
            return Ok(text);
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(self.sources.include(path.as_str(), text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(e) => {
                let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
                Err(NotText { line: before.iter().filter(|b| **b == b'\n').count() + 1 })
            }
        };
        if let Some(kept) = self.lock().get_mut(&path) {
            kept.text = Some(text);
        }
        Ok(text)
    }

    /// A file or folder as a package, looked at once; `patterns` are those of `exclude`.
    pub(crate) fn package(&self, path: &str, patterns: &[Arc<str>], exclude: &Exclude) -> Packed {
        let key = (path.to_owned(), patterns.to_vec());
        let lock = || self.library.packages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(packed) = lock().get(&key) {
            return packed.clone();
        }
        let packed = package::read(&self.library.world, path, exclude).map(Arc::new);
        lock().insert(key, packed.clone());
        packed
    }

    /// The value of an included file, made once: every environment reads it, and most are alike.
    pub(crate) fn data(&self, file: FileId, make: impl FnOnce() -> Outcome) -> Outcome {
        let lock = || self.library.data.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = lock().get(&file) {
            return made.clone();
        }
        let made = make();
        lock().insert(file, made.clone());
        made
    }

    fn kept(&self, path: &str) -> Kept {
        if let Some(kept) = self.lock().get(path) {
            return kept.clone();
        }
        let bytes = match path {
            "" => Err(Refusal::new(path, Why::NotAFile("it is a directory"))),
            path => self.library.world.include(path),
        };
        self.lock().entry(path.to_owned()).or_insert(Kept { bytes, text: None }).clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Kept>> {
        self.library.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
