//! The disk, the environment and the clock. The only room with this door to the outside.
#![expect(clippy::disallowed_methods, reason = "this is the door that the ban leads people to")]

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::world::{Entry, Exclude, Refusal, World};

mod include;

/// The most that one source file may hold: 4 MiB.
pub const LARGEST_SOURCE: u64 = 4 * 1024 * 1024;

/// An environment variable; unset, empty and non-Unicode ones are `None`.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The directory the command was started in.
///
/// # Errors
/// Where it is gone or may not be read.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// Milliseconds since 1970: the clock of a sandbox on a port.
pub fn now_in_milliseconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// `09:05:07`, in UTC: when something was said.
pub fn time_of_day() -> String {
    let seconds = now_in_milliseconds() / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// The path of `inner` relative to `outer`, with `/`, links resolved; `None` where it does not lie there.
pub fn below(inner: &Path, outer: &Path) -> Option<String> {
    let (inner, outer) = (std::fs::canonicalize(inner).ok()?, std::fs::canonicalize(outer).ok()?);
    let relative = inner.strip_prefix(outer).ok()?;
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// The commit that the work tree around `start` stands on, where git tells it in plain files.
pub fn commit(start: &Path) -> Option<String> {
    let git = start.ancestors().map(|folder| folder.join(".git")).find(|git| git.join("HEAD").is_file())?;
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let head = head.trim();
    let told = match head.strip_prefix("ref: ") {
        None => head.to_owned(),
        Some(name) => match std::fs::read_to_string(git.join(name)) {
            Ok(told) => told.trim().to_owned(),
            Err(_) => {
                let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
                let of_name = |line: &str| line.strip_suffix(name)?.strip_suffix(' ').map(str::to_owned);
                packed.lines().find_map(of_name)?
            }
        },
    };
    (told.len() >= 40 && told.bytes().all(|b| b.is_ascii_hexdigit())).then_some(told)
}

/// Writes a file whole or not at all, making its folder where needed.
///
/// # Errors
/// What the system says. An earlier file of that name is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a link, what it leads to is written; it stays a link.
    let real = std::fs::canonicalize(path);
    let path = real.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".infra-").permissions(permissions()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Readable by whom the user's mask says, as any file a tool writes; temporary files are private otherwise.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o666)
}

#[cfg(not(unix))]
fn permissions() -> std::fs::Permissions {
    unreachable!("only asked for on unix")
}

/// The text of a file the user named.
///
/// # Errors
/// What the system says; also for text that is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// The bytes of a file the user named, of which there may be `most`.
///
/// # Errors
/// What the system says; also for a longer file.
pub fn read_bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Whether there is something at that path.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Removes a file that may be there.
///
/// # Errors
/// What the system says, absence apart.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The names of the files in a folder, sorted; none where there is no such folder.
///
/// # Errors
/// What the system says, absence apart.
pub fn list(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A project on the disk.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The directory of the file that declares `project`.
    pub root: PathBuf,
}

fn declares(folder: &Path) -> bool {
    let names = list(folder).unwrap_or_default();
    names.iter().filter(|n| n.ends_with(".infra")).any(|n| {
        let text = std::fs::read_to_string(folder.join(n)).unwrap_or_default();
        // A byte order mark is not part of the first line.
        text.trim_start_matches('\u{feff}').lines().any(|line| line.starts_with("project "))
    })
}

impl Disk {
    /// The project that `start` lies in: the nearest directory, upwards, with a file that declares
    /// one. Where there is none, `start` itself, so that `no-project` can be said of what is there.
    pub fn find(start: &Path) -> Self {
        let root = start.ancestors().find(|folder| declares(folder)).unwrap_or(start);
        Self { root: root.to_path_buf() }
    }

    /// Whether a file there declares a project.
    pub fn is_project(&self) -> bool {
        declares(&self.root)
    }
}

impl World for Disk {
    fn read(&self, path: &str) -> Result<Arc<str>, String> {
        let full = self.root.join(path);
        let size = std::fs::metadata(&full).map_err(|e| plain(&e))?.len();
        if size > LARGEST_SOURCE {
            return Err(format!("it has {size} bytes, and a source file may have {LARGEST_SOURCE}"));
        }
        let bytes = std::fs::read(&full).map_err(|e| plain(&e))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(e) => {
                let at = e.utf8_error().valid_up_to();
                let line = e.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
                Err(format!("line {line} is not UTF-8 text"))
            }
        }
    }

    fn files(&self) -> Result<Vec<String>, String> {
        if !self.root.is_dir() {
            return Err("there is no such directory".to_owned());
        }
        let mut found = Vec::new();
        let walk = ignore::WalkBuilder::new(&self.root).require_git(false).build();
        for entry in walk {
            let entry = entry.map_err(|e| e.to_string())?;
            let is_source = entry.path().extension().is_some_and(|e| e == "infra");
            // A link counts, also one that leads nowhere: left out in silence, it would be a plan to delete.
            let is_file = |t: std::fs::FileType| t.is_file() || (t.is_symlink() && !entry.path().is_dir());
            if is_source && entry.file_type().is_some_and(is_file) {
                let relative = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
                let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
                found.push(parts.join("/"));
            }
        }
        found.sort();
        Ok(found)
    }

    fn files_in(&self, folder: &str) -> Result<Vec<String>, String> {
        let full = self.root.join(folder);
        if !full.is_dir() {
            return Err("there is no such directory".to_owned());
        }
        let names = list(&full).map_err(|e| plain(&e))?;
        let folder = folder.trim_end_matches('/').trim_start_matches("./");
        let is_source = |name: &String| name.ends_with(".infra") && !full.join(name).is_dir();
        let named = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
        Ok(names.into_iter().filter(is_source).map(named).collect())
    }

    fn load(&self, path: &str, most: u64) -> Result<Arc<[u8]>, Refusal> {
        include::file(&self.root, path, most)
    }

    fn walk(&self, folder: &str, exclude: &Exclude) -> Result<Vec<Entry>, Refusal> {
        include::walk(&self.root, folder, exclude)
    }
}

/// What the system refused, in plain words: no number, and no name of a file that only we know.
pub fn plain(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a file stands where a directory should",
        io::ErrorKind::IsADirectory => "it is a directory",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::AddrInUse => "another program listens there",
        _ => return error.to_string(),
    };
    text.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Disk, write};

    #[test]
    fn a_byte_order_mark_hides_no_project() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        write(&outer.path().join("a.infra"), b"project outer\n").unwrap();
        write(&inner.join("b.infra"), "\u{feff}project inner\r\n".as_bytes()).unwrap();
        assert_eq!(Disk::find(&inner).root, inner);
        assert_eq!(Disk::find(&inner.join("below")).root, inner);
    }
}
