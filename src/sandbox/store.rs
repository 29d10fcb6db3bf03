//! The state in a directory: one file for each stack, written whole or not at all.
//!
//! ```text
//! DIR/.lock                       held by the process that has the sandbox open
//! DIR/script.json                 rules about failures, written by people
//! DIR/policies.json               IAM policy documents by account, written by people
//! DIR/struck.json                 how often each rule has struck
//! DIR/buckets.json                what was put into S3: sizes and digests
//! DIR/objects/SHA256              the bytes of what was put there, where they could be a template
//! DIR/111122223333/eu-west-1/api.1a2b3c4d.json
//! ```
//!
//! A call changes one stack, and its file is in place before the call is answered. So a process
//! killed at any instant leaves files that load, and an answer that was given is kept.

#![expect(
    clippy::disallowed_methods,
    reason = "the sandbox keeps its own directory; nothing else reaches the disk from here"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::sandbox::Settings;
use crate::sandbox::access::Documents;
use crate::sandbox::clock::Time;
use crate::sandbox::model::{Region, Stack};
use crate::sandbox::objects::{Buckets, hexadecimal};
use crate::sandbox::script::Script;
use crate::sandbox::world::World;

/// The version of the files. A newer one is never read, and never overwritten.
const FORMAT: u64 = 1;

/// Why a directory cannot be a sandbox.
#[derive(Debug)]
pub enum StoreError {
    /// The file holds something else than a sandbox wrote.
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A newer `infra` wrote the file.
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: u64,
    },
    /// Another process has it open.
    Busy {
        /// The directory.
        directory: PathBuf,
    },
    /// Reading or writing failed.
    Io {
        /// The file or directory.
        file: PathBuf,
        /// What the system says.
        problem: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { file, problem } => {
                let help = "delete the file to forget what it holds, or use another directory";
                write!(out, "the sandbox file `{}` is damaged: {problem}; {help}", file.display())
            }
            Self::Newer { file, version } => {
                let help = "use the `infra` that wrote it, or another directory";
                write!(
                    out,
                    "the sandbox file `{}` has format version {version}, newer than {FORMAT}; {help}",
                    file.display()
                )
            }
            Self::Busy { directory } => {
                let help = "wait until it has ended, or use another directory";
                write!(out, "the sandbox `{}` is in use by another process; {help}", directory.display())
            }
            Self::Io { file, problem } => write!(out, "the sandbox cannot use `{}`: {problem}", file.display()),
        }
    }
}

impl std::error::Error for StoreError {}

/// An open directory.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    struck: Vec<u32>,
    /// Held until the process ends, however it does.
    _lock: File,
}

#[derive(Serialize)]
struct Written<'a, T> {
    format_version: u64,
    #[serde(flatten)]
    content: &'a T,
}

#[derive(Serialize)]
struct Outgoing<'a> {
    stack: &'a Stack,
}

#[derive(Deserialize)]
struct StackFile {
    stack: Stack,
}

#[derive(Serialize, Deserialize)]
struct StruckFile {
    struck: Vec<u32>,
}

/// Opens a directory and loads what it keeps.
pub(super) fn open(directory: &Path, settings: Settings) -> Result<World, StoreError> {
    fs::create_dir_all(directory).map_err(|error| io(directory, &error))?;
    let lock = lock(directory)?;
    let mut world = World::new(settings);
    for account in folders(directory)? {
        for region in folders(&account)? {
            let place = (name_of(&account), name_of(&region));
            let stacks = load_region(&region, &place)?;
            world.regions.insert(place, stacks);
        }
    }
    let mut script = read_plain::<Script>(&directory.join("script.json"))?.unwrap_or_default();
    let struck = read::<StruckFile>(&directory.join("struck.json"))?.map(|file| file.struck).unwrap_or_default();
    world.buckets = read::<Buckets>(&directory.join("buckets.json"))?.unwrap_or_default();
    world.policies = read_plain::<Documents>(&directory.join("policies.json"))?.unwrap_or_default();
    script.resume(struck.clone());
    world.script = script;
    let last = world.regions.values().flat_map(BTreeMap::values).map(latest).max().unwrap_or_default();
    world.time = Time::new(world.settings.clock.clone(), last);
    world.store = Some(Store { directory: directory.to_owned(), struck, _lock: lock });
    Ok(world)
}

/// The latest time that a stack has seen.
fn latest(stack: &Stack) -> u64 {
    let events = stack.events.iter().map(|event| event.at);
    let sets = stack.change_sets.values().map(|set| set.created);
    events.chain(sets).chain([stack.created]).chain(stack.updated).chain(stack.deleted).max().unwrap_or_default()
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(".lock");
    let file = File::options().create(true).append(true).open(&path).map_err(|error| io(&path, &error))?;
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(io(&path, &error)),
        }
    }
    Err(StoreError::Busy { directory: directory.to_owned() })
}

/// A process that starts another one shares its open files with it for a moment, locks included. So
/// a lock that was just given back may still be held for some milliseconds.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

fn io(path: &Path, error: &std::io::Error) -> StoreError {
    let problem = match error.kind() {
        // Said where a file stands in the place of the directory.
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => "it is not a directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    StoreError::Io { file: path.to_owned(), problem }
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| io(directory, &error))? {
        paths.push(entry.map_err(|error| io(directory, &error))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn folders(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    Ok(entries(directory)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn load_region(directory: &Path, place: &(String, String)) -> Result<Region, StoreError> {
    let mut stacks = Region::new();
    // A temporary file is what is left of a write that was cut short: nobody heard of it.
    for path in entries(directory)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let Some(StackFile { stack }) = read::<StackFile>(&path)? else { continue };
        let here = (stack.place.account.clone(), stack.place.region.clone());
        if here != *place || name_of(&path) != file_name(&stack) {
            let problem = format!("it holds the stack {} of {} in {}", stack.place.stack_name, here.0, here.1);
            return Err(StoreError::Damaged { file: path, problem });
        }
        stacks.insert((stack.place.stack_name.clone(), stack.generation), stack);
    }
    Ok(stacks)
}

fn file_name(stack: &Stack) -> String {
    // The letters of the id keep `Api` and `api` apart where the file system does not.
    let uuid = stack.place.stack_id.rsplit('/').next().unwrap_or_default();
    format!("{}.{}.json", stack.place.stack_name, uuid.get(..8).unwrap_or_default())
}

/// A file with a version; `None` where there is none.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let damaged = |problem: String| StoreError::Damaged { file: path.to_owned(), problem };
    let Some(value) = read_plain::<Value>(path)? else { return Ok(None) };
    match value.get("format_version").and_then(Value::as_u64) {
        Some(FORMAT) => serde_json::from_value(value).map(Some).map_err(|error| damaged(error.to_string())),
        Some(version) if version > FORMAT => Err(StoreError::Newer { file: path.to_owned(), version }),
        _ => Err(damaged("it says no format version".to_owned())),
    }
}

fn read_plain<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(path, &error)),
    };
    let damaged = |error: serde_json::Error| StoreError::Damaged { file: path.to_owned(), problem: error.to_string() };
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Puts a file in place in one move.
fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(&Written { format_version: FORMAT, content });
    write_bytes(path, &bytes.map_err(|error| io(path, &error.into()))?)
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let directory = path.parent().unwrap_or(path);
    let put = || -> std::io::Result<()> {
        fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(|error| io(path, &error))
}

impl Store {
    /// The bytes of an object, by their digest; `None` where they were not kept.
    pub(crate) fn object(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.object_path(sha256);
        match fs::read(&path) {
            Ok(bytes) if hexadecimal(&Sha256::digest(&bytes)) == sha256 => Ok(Some(bytes)),
            Ok(_) => Err(StoreError::Damaged { file: path, problem: "its name is not its digest".to_owned() }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(&path, &error)),
        }
    }

    fn object_path(&self, sha256: &str) -> PathBuf {
        self.directory.join("objects").join(sha256)
    }

    /// Writes every stack that changed.
    pub(crate) fn keep(
        &mut self,
        regions: &mut BTreeMap<(String, String), Region>,
        script: &Script,
        buckets: &mut Buckets,
    ) -> Result<(), StoreError> {
        for ((account, region), stacks) in regions {
            for stack in stacks.values_mut().filter(|stack| stack.dirty) {
                let path = self.directory.join(account).join(region).join(file_name(stack));
                write(&path, &Outgoing { stack })?;
                stack.dirty = false;
            }
        }
        if buckets.dirty {
            // The bytes come first: what the list names is there.
            for (sha256, bytes) in std::mem::take(&mut buckets.bytes) {
                write_bytes(&self.object_path(&sha256), &bytes)?;
            }
            write(&self.directory.join("buckets.json"), buckets)?;
            buckets.dirty = false;
        }
        if script.struck() != self.struck.as_slice() && script.struck().iter().any(|count| *count > 0) {
            write(&self.directory.join("struck.json"), &StruckFile { struck: script.struck().to_vec() })?;
            self.struck = script.struck().to_vec();
        }
        Ok(())
    }
}
