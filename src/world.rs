//! The port to the project's files: what the compiler may ask of the outside.

use std::fmt;
use std::sync::Arc;

mod exclude;
mod table;

pub use exclude::Exclude;
pub use table::Table;

/// The most that a file beside the sources may hold: 16 MiB.
pub const LARGEST_INCLUDE: u64 = 16 * 1024 * 1024;
/// The most files that lie below a folder that is read as a whole.
pub const MOST_ENTRIES: usize = 20_000;

/// Reads files of the project. The disk, an editor's buffers, a test's [`Table`].
///
/// Paths are relative to the project, with `/`.
pub trait World {
    /// The text of a source file, as `files` and `files_in` name it.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow `cannot read …: `.
    fn read(&self, path: &str) -> Result<Arc<str>, String>;

    /// Every `*.infra` file of the project, sorted, with paths as `read` takes them.
    ///
    /// # Errors
    /// What is wrong with the directory, in the same words.
    fn files(&self) -> Result<Vec<String>, String>;

    /// The `*.infra` files that lie directly in a folder, sorted, with paths as `read` takes them.
    /// The folder may lie outside the project (`../shared`): sources of others are code that the user chose.
    ///
    /// # Errors
    /// What is wrong with the folder, in the same words.
    fn files_in(&self, folder: &str) -> Result<Vec<String>, String>;

    /// What a file holds that a program names: any regular file inside the project, at most
    /// [`LARGEST_INCLUDE`] bytes. What a program reads could be shown in a plan, so nothing outside
    /// the project can be read, also not through a link, nor where secrets or tools keep their own.
    ///
    /// # Errors
    /// Why not.
    fn include(&self, path: &str) -> Result<Arc<[u8]>, Refusal> {
        self.load(path, LARGEST_INCLUDE)
    }

    /// The same for a file of at most `most` bytes.
    ///
    /// # Errors
    /// Why not.
    fn load(&self, path: &str, most: u64) -> Result<Arc<[u8]>, Refusal>;

    /// The regular files below a folder, sorted by path; `""` is the project itself. What `include`
    /// denies (`.git`, `.env`…) and what `exclude` names is left out; what is neither file nor folder
    /// is refused, since leaving it out would make another package than the folder.
    ///
    /// # Errors
    /// Why not.
    fn walk(&self, folder: &str, exclude: &Exclude) -> Result<Vec<Entry>, Refusal>;
}

/// Why a folder is not read as a file.
pub const A_FOLDER: Why = Why::NotAFile("it is a directory");

/// A file below a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    /// Relative to that folder, with `/`.
    pub path: String,
    /// Its owner may execute it.
    pub executable: bool,
}

/// Why a file of the project was not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The path that was meant, relative to the project.
    pub path: String,
    /// The reason.
    pub why: Why,
}

/// The reasons of a [`Refusal`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// There is no such file or folder.
    Missing,
    /// It leads out of the project: an absolute path, `..`, a link.
    Outside,
    /// The name is one that programs may not read: `.git`, `.env`, what AWS tools or this one keep.
    Denied,
    /// It is no path that all systems read alike: a backslash, a colon, a control character.
    Malformed,
    /// A folder, a pipe, a device; the words say which.
    NotAFile(&'static str),
    /// It holds so many bytes.
    TooLarge {
        /// In it.
        bytes: u64,
        /// Allowed.
        most: u64,
    },
    /// Its name is no UTF-8 text.
    NotText,
    /// So many files lie below it that it is not read as a whole.
    TooMany,
    /// What the system says.
    Failed(String),
}

impl Refusal {
    /// The refusal of `path`.
    pub fn new(path: impl Into<String>, why: Why) -> Self {
        Self { path: path.into(), why }
    }
}

/// In words that follow `cannot read …: `.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file"),
            Self::Outside => f.write_str("it lies outside the project"),
            Self::Denied => f.write_str("such files may hold secrets, and programs do not read them"),
            Self::Malformed => f.write_str("a path has `/` between its parts, and no control character, `\\` or `:`"),
            Self::NotAFile(what) => f.write_str(what),
            Self::TooLarge { bytes, most } => write!(f, "it has {bytes} bytes, and it may have {most}"),
            Self::NotText => f.write_str("its name is not UTF-8 text"),
            Self::TooMany => write!(f, "more than {MOST_ENTRIES} files lie below it"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// The path without `.` and `..`: what is inside the project by its words alone.
///
/// # Errors
/// Where it leads out, or is denied by its name.
pub fn inside(path: &str) -> Result<String, Refusal> {
    let refuse = |why| Err(Refusal::new(path, why));
    if path.starts_with('/') {
        return refuse(Why::Outside);
    }
    if path.chars().any(|c| c == '\\' || c == ':' || c.is_control()) {
        return refuse(Why::Malformed);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return refuse(Why::Outside),
            ".." => {}
            part if is_denied(part) => return refuse(Why::Denied),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Whether programs may not read what has a part of that name in its path. Case does not count, as on
/// some disks it does not.
pub fn is_denied(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    [".git", ".infra", ".aws", ".ssh"].contains(&part.as_str()) || part.starts_with(".env")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Exclude, Table, Why, World as _, inside};

    #[test]
    fn a_path_stays_inside_or_is_refused() {
        assert_eq!(inside("a/./b//../c.json").unwrap(), "a/c.json");
        assert_eq!(inside("").unwrap(), "");
        for (path, why) in [
            ("/etc/passwd", Why::Outside),
            ("..", Why::Outside),
            ("a/../../b", Why::Outside),
            ("a\\b", Why::Malformed),
            ("C:/x", Why::Malformed),
            ("a\0b", Why::Malformed),
            (".git/config", Why::Denied),
            ("x/.GIT/config", Why::Denied),
            (".env", Why::Denied),
            ("a/.env.prod", Why::Denied),
            (".infra/state.json", Why::Denied),
            (".aws/credentials", Why::Denied),
        ] {
            assert_eq!(inside(path).unwrap_err().why, why, "{path}");
        }
    }

    #[test]
    fn a_table_answers_like_a_disk() {
        let files = [("a.infra", "x"), ("m/b.infra", "y"), ("m/n/c.txt", "z"), ("m/.env", "no"), ("../o/d.infra", "w")];
        let table: Table = files.into_iter().map(|(path, text)| (path, text.as_bytes())).collect();
        assert_eq!(table.files().unwrap(), ["a.infra", "m/b.infra"]);
        assert_eq!(table.files_in("m").unwrap(), ["m/b.infra"]);
        assert_eq!(table.files_in("../o").unwrap(), ["../o/d.infra"]);
        assert_eq!(&*table.include("m/../m/n/c.txt").unwrap(), b"z");
        assert_eq!(table.include("m").unwrap_err().why, Why::NotAFile("it is a directory"));
        assert_eq!(table.include("m/x").unwrap_err().why, Why::Missing);
        let paths: Vec<String> =
            table.walk("m", &Exclude::default()).unwrap().into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["b.infra", "n/c.txt"]);
        assert_eq!(table.walk("x", &Exclude::default()).unwrap_err().why, Why::Missing);
    }
}
