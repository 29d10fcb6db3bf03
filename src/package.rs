//! Files and folders of a project, packed: equal contents give equal bytes, whenever and wherever they are packed.
//!
//! A package is known by the digest of what it holds. Times, owners, the order of a disk and the version of a
//! compressor have no part in it, so it names an object in a bucket that never has to change.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::world::{A_FOLDER, Exclude, Refusal, Why, World, inside};

mod zip;

/// The most bytes that a package may hold before it is compressed: 250 MiB, as much as Lambda unpacks.
pub const LARGEST: u64 = 250 * 1024 * 1024;

/// What goes in front of the digest of a folder: another way to list its files would be another word.
const FOLDER: &str = "infra folder 1";

/// The longest ending that a file keeps in its object's name.
const LONGEST_ENDING: usize = 10;

/// The project's files.
pub type Files = Arc<dyn World + Send + Sync>;

/// A file or folder as it was found.
pub struct Package {
    files: Files,
    path: String,
    content: Content,
    sha256: String,
    size: u64,
}

/// What is in it.
enum Content {
    /// A file goes as it is.
    File,
    /// A folder goes as a zip archive.
    Folder(Vec<Member>),
}

/// A file in a folder.
struct Member {
    path: String,
    executable: bool,
    sha256: [u8; 32],
}

/// Looks at a file or folder of the project, by its path.
///
/// # Errors
/// Why it, or something in it, cannot be read.
pub fn read(files: &Files, path: &str, exclude: &Exclude) -> Result<Package, Refusal> {
    let path = inside(path)?;
    match files.load(&path, LARGEST) {
        Ok(bytes) => {
            let size = length(&bytes);
            let sha256 = hexadecimal(&Sha256::digest(&bytes));
            Ok(Package { files: Arc::clone(files), path, content: Content::File, sha256, size })
        }
        Err(refusal) if refusal.why == A_FOLDER => folder(files, path, exclude),
        Err(refusal) => Err(refusal),
    }
}

fn folder(files: &Files, path: String, exclude: &Exclude) -> Result<Package, Refusal> {
    let mut members = Vec::new();
    let mut size = 0_u64;
    let mut whole = Sha256::new_with_prefix(FOLDER);
    for entry in files.walk(&path, exclude)? {
        let bytes = files.load(&joined(&path, &entry.path), LARGEST)?;
        size = size.saturating_add(length(&bytes));
        if size > LARGEST {
            return Err(Refusal::new(path, Why::TooLarge { bytes: size, most: LARGEST }));
        }
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        // Each part has a fixed length or says its own, so that no two folders run together.
        whole.update(length(entry.path.as_bytes()).to_be_bytes());
        whole.update(entry.path.as_bytes());
        whole.update([u8::from(entry.executable)]);
        whole.update(sha256);
        members.push(Member { path: entry.path, executable: entry.executable, sha256 });
    }
    if members.is_empty() {
        return Err(Refusal::new(path, Why::NotAFile("no file lies in it")));
    }
    let sha256 = hexadecimal(&whole.finalize());
    Ok(Package { files: Arc::clone(files), path, content: Content::Folder(members), sha256, size })
}

impl Package {
    /// Where it lies in the project.
    pub fn path(&self) -> &str {
        if self.path.is_empty() { "." } else { &self.path }
    }

    /// SHA-256 in hexadecimal: of a file its own, of a folder that of its files with their paths.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many bytes it holds, before they are compressed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The name of its object, by what it holds: `DIGEST.zip`, of a file with its own ending.
    pub fn name(&self) -> String {
        match (&self.content, self.path.rsplit('/').next().and_then(|name| name.rsplit_once('.'))) {
            (Content::Folder(_), _) => format!("{}.zip", self.sha256),
            (Content::File, Some((start, end))) if is_ending(start, end) => format!("{}.{end}", self.sha256),
            (Content::File, _) => self.sha256.clone(),
        }
    }

    /// The bytes of its object. The files are read again.
    ///
    /// # Errors
    /// Why one of them cannot be read; also where one has changed since [`read`].
    pub fn bytes(&self) -> Result<Vec<u8>, Refusal> {
        match &self.content {
            Content::File => {
                let bytes = self.files.load(&self.path, LARGEST)?;
                match hexadecimal(&Sha256::digest(&bytes)) == self.sha256 {
                    true => Ok(bytes.to_vec()),
                    false => Err(changed(self.path.clone())),
                }
            }
            Content::Folder(members) => {
                let mut zip = zip::Zip::default();
                for member in members {
                    let path = joined(&self.path, &member.path);
                    let bytes = self.files.load(&path, LARGEST)?;
                    if <[u8; 32]>::from(Sha256::digest(&bytes)) != member.sha256 {
                        return Err(changed(path));
                    }
                    zip.add(&member.path, member.executable, &bytes);
                }
                Ok(zip.finish())
            }
        }
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path(), self.sha256)
    }
}

fn changed(path: String) -> Refusal {
    Refusal::new(path, Why::Failed("it has changed since the project was compiled".to_owned()))
}

/// Whether what follows the last dot of a file's name tells its kind, and can stand in any address.
fn is_ending(start: &str, end: &str) -> bool {
    !start.is_empty()
        && (1..=LONGEST_ENDING).contains(&end.len())
        && end.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn hexadecimal(digest: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Files, read};
    use crate::world::{Exclude, Table, Why};
    use std::sync::Arc;

    fn table(files: &[(&str, &str)]) -> Files {
        Arc::new(files.iter().map(|(path, text)| (*path, text.as_bytes())).collect::<Table>())
    }

    #[test]
    fn a_package_is_what_it_holds_and_not_where_it_lies() {
        let one = table(&[("a/x.py", "1"), ("a/b/y.py", "2"), ("c/x.py", "1"), ("c/b/y.py", "2")]);
        let digest = |path: &str| read(&one, path, &Exclude::default()).unwrap().sha256().to_owned();
        assert_eq!(digest("a"), digest("c"));
        assert_ne!(digest("a"), digest("."));
        let other = |files: &[(&str, &str)]| read(&table(files), "a", &Exclude::default()).unwrap().sha256().to_owned();
        for different in [&[("a/x.py", "1"), ("a/b/y.py", "3")], &[("a/x.py", "1"), ("a/b/z.py", "2")]] {
            assert_ne!(other(different), digest("a"));
        }
        let without = Exclude::new(["*.md"]).unwrap();
        let more = table(&[("a/x.py", "1"), ("a/b/y.py", "2"), ("a/README.md", "no")]);
        assert_eq!(read(&more, "a", &without).unwrap().sha256(), digest("a"));
    }

    #[test]
    fn a_file_keeps_its_bytes_and_its_ending() {
        let files = table(&[("m/api.yaml", "x"), ("m/odd.Y L", "x"), ("m/.env2", "x")]);
        let package = read(&files, "m/../m/api.yaml", &Exclude::default()).unwrap();
        let sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!(package.name(), format!("{sha256}.yaml"));
        assert_eq!(package.bytes().unwrap(), b"x");
        assert_eq!(read(&files, "m/odd.Y L", &Exclude::default()).unwrap().name(), sha256);
        assert_eq!(read(&files, "m/.env2", &Exclude::default()).unwrap_err().why, Why::Denied);
        assert_eq!(read(&files, "n", &Exclude::default()).unwrap_err().why, Why::Missing);
        let nothing = Exclude::new(["*"]).unwrap();
        assert_eq!(read(&files, "m", &nothing).unwrap_err().why, Why::NotAFile("no file lies in it"));
    }
}
