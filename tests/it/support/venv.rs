//! The Python tools that tests run beside us: boto3, the AWS CLI, cfn-lint and ministack, with pinned hashes.
//!
//! Made once in `target/tmp`, whoever comes first; the others wait at the lock. A test whose tools cannot be made
//! fails and says why: a skipped test proves nothing.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// What is installed; `make requirements` writes it.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/requirements.txt");

/// Interpreters to try, best known first.
const PYTHONS: &[&str] = &["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python3.14", "python"];

static FOLDER: LazyLock<Result<PathBuf, String>> = LazyLock::new(make);

/// The program `name` of the environment, such as `aws` or `cfn-lint`, ready to be given arguments.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = Command::new(folder().join("bin").join(name));
    command.stdin(Stdio::null());
    command
}

/// Runs a Python program and gives what it prints; fails with all it said where it fails.
pub(crate) fn python(program: &str, arguments: &[&str]) -> String {
    let output = tool("python").args(["-c", program]).args(arguments).output().unwrap();
    said(&output, program)
}

/// Standard output of a program that has to succeed.
pub(crate) fn said(output: &Output, what: &str) -> String {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}\n{}\n{out}\n{err}", output.status);
    out
}

fn folder() -> &'static Path {
    match &*FOLDER {
        Ok(folder) => folder,
        Err(why) => panic!("the Python tools of the tests cannot be made: {why}"),
    }
}

/// Makes the environment where it is not there yet.
fn make() -> Result<PathBuf, String> {
    let interpreter = interpreter()?;
    let requirements = fs::read(REQUIREMENTS).map_err(|e| format!("{REQUIREMENTS}: {e}"))?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("venv-{}", digest(&requirements)));
    let ready = folder.join("ready");
    fs::create_dir_all(env!("CARGO_TARGET_TMPDIR")).map_err(|e| e.to_string())?;
    let lock = File::create(folder.with_extension("lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    if !ready.exists() {
        // What an earlier run left unfinished is of no use.
        let _ = fs::remove_dir_all(&folder);
        run(Command::new(interpreter).args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
            .args(["--require-hashes", "--only-binary", ":all:", "-r", REQUIREMENTS]))?;
        fs::write(&ready, "").map_err(|e| e.to_string())?;
    }
    Ok(folder)
}

/// A Python of at least 3.10 that can make environments.
fn interpreter() -> Result<&'static str, String> {
    let probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    PYTHONS
        .iter()
        .copied()
        .find(|name| {
            let quiet = Command::new(name).args(["-c", probe]).stdout(Stdio::null()).stderr(Stdio::null()).status();
            quiet.is_ok_and(|status| status.success())
        })
        .ok_or_else(|| "install Python 3.10 or newer with `venv` (Debian: `apt-get install python3-venv`)".into())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
