//! Files that programs name: inside the project, regular, of a bounded size.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{plain, variable};
use crate::world::{Entry, Exclude, MOST_ENTRIES, Refusal, Why, inside, is_denied};

/// What the file at `path` holds.
pub(super) fn file(root: &Path, path: &str, most: u64) -> Result<Arc<[u8]>, Refusal> {
    let path = inside(path)?;
    read(root, &path, most).map_err(|why| Refusal::new(path, why))
}

/// Looks before it opens, since opening a pipe may wait for ever, and again at what it has opened:
/// where a link was changed in between, what was read lies elsewhere, and is not given.
fn read(root: &Path, path: &str, most: u64) -> Result<Arc<[u8]>, Why> {
    let real = resolve(root, path)?;
    regular(&fs::metadata(&real).map_err(failed)?, most)?;
    let file = File::open(&real).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    regular(&opened, most)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > most {
        return Err(Why::TooLarge { bytes: size.max(opened.len()), most });
    }
    let now = fs::metadata(resolve(root, path)?).map_err(failed)?;
    if same(&opened, &now) { Ok(bytes.into()) } else { Err(Why::Failed("it changed while it was read".to_owned())) }
}

/// Where a path of the project really lies, which is inside it.
fn resolve(root: &Path, path: &str) -> Result<PathBuf, Why> {
    let root = fs::canonicalize(root).map_err(failed)?;
    let real = fs::canonicalize(root.join(path)).map_err(failed)?;
    let below = real.strip_prefix(&root).map_err(|_| Why::Outside)?;
    if below.iter().any(|part| part.to_str().is_none_or(is_denied)) || is_of_aws(&real) {
        return Err(Why::Denied);
    }
    Ok(real)
}

/// Whether AWS tools keep profiles or credentials in it.
fn is_of_aws(real: &Path) -> bool {
    let named = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].into_iter().filter_map(variable);
    named.filter_map(|path| fs::canonicalize(path).ok()).any(|path| path == real)
}

fn regular(metadata: &Metadata, most: u64) -> Result<(), Why> {
    if metadata.is_dir() {
        return Err(Why::NotAFile("it is a directory"));
    }
    if !metadata.is_file() {
        return Err(Why::NotAFile("it is no regular file"));
    }
    if metadata.len() > most {
        return Err(Why::TooLarge { bytes: metadata.len(), most });
    }
    Ok(())
}

fn failed(error: io::Error) -> Why {
    match error.kind() {
        // Below a file there is nothing either.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Why::Missing,
        _ => Why::Failed(plain(&error)),
    }
}

#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino(), one.size(), one.mtime(), one.mtime_nsec())
        == (other.dev(), other.ino(), other.size(), other.mtime(), other.mtime_nsec())
}

#[cfg(not(unix))]
fn same(one: &Metadata, other: &Metadata) -> bool {
    one.len() == other.len() && one.modified().ok() == other.modified().ok()
}

/// The files below `folder`. A folder that is excluded is not looked into.
pub(super) fn walk(root: &Path, folder: &str, exclude: &Exclude) -> Result<Vec<Entry>, Refusal> {
    let folder = inside(folder)?;
    let start = resolve(root, &folder).map_err(|why| Refusal::new(folder.as_str(), why))?;
    if !start.is_dir() {
        return Err(Refusal::new(folder, Why::NotAFile("it is no directory")));
    }
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(below) = waiting.pop() {
        let listed = |e| Refusal::new(joined(&folder, &below), failed(e));
        // In order, so that of several problems the same one is told every time.
        let here = fs::read_dir(start.join(&below)).and_then(|all| all.map(|e| Ok(e?.file_name())).collect());
        let mut here: Vec<std::ffi::OsString> = here.map_err(listed)?;
        here.sort();
        for name in here {
            let text = name.to_string_lossy();
            let relative = joined(&below, &text);
            if is_denied(&text) || exclude.names(&relative) {
                continue;
            }
            let shown = joined(&folder, &relative);
            if name.to_str().is_none() {
                return Err(Refusal::new(shown, Why::NotText));
            }
            match entry(root, &start.join(&relative), &shown) {
                Ok(Some(executable)) => found.push(Entry { path: relative, executable }),
                Ok(None) => waiting.push(relative),
                Err(why) => return Err(Refusal::new(shown, why)),
            }
            if found.len() + waiting.len() > MOST_ENTRIES {
                return Err(Refusal::new(folder, Why::TooMany));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Of a file whether it is executable; of a folder nothing.
fn entry(root: &Path, full: &Path, path: &str) -> Result<Option<bool>, Why> {
    let itself = fs::symlink_metadata(full).map_err(failed)?;
    if itself.is_dir() {
        return Ok(None);
    }
    let target = fs::metadata(resolve(root, path)?).map_err(failed)?;
    if target.is_dir() {
        return Err(Why::NotAFile("it is a link to a directory"));
    }
    if !target.is_file() {
        return Err(Why::NotAFile("it is no regular file"));
    }
    Ok(Some(executable(&target)))
}

#[cfg(unix)]
fn executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn executable(_: &Metadata) -> bool {
    false
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
