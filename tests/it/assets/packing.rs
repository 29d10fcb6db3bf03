//! Folders on a real disk become archives that others read, the same from every copy.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions, set_permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use infra::host::Disk;
use infra::package::{Files, LARGEST, Package, read};
use infra::world::{Exclude, Refusal, Table, Why};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

use super::put;
use crate::support::venv;

fn disk(root: &Path) -> Files {
    Arc::new(Disk { root: root.to_path_buf() })
}

fn package(root: &Path, path: &str) -> Result<Package, Refusal> {
    read(&disk(root), path, &Exclude::default())
}

/// The same files, written in another order, at another time, under another mask.
fn copy(turned: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut files = vec![
        ("f/a.py", "print(1)\n"),
        ("f/z/deep.txt", "x"),
        ("f/b.sh", "#!/bin/sh\n"),
        ("f/empty", ""),
        ("f/ü.txt", "ü"),
    ];
    if turned {
        files.reverse();
    }
    for (path, text) in &files {
        put(folder.path(), path, text.as_bytes());
        let mode = match (path.ends_with(".sh"), turned) {
            (true, false) => 0o755,
            (true, true) => 0o700,
            (false, false) => 0o644,
            (false, true) => 0o600,
        };
        let path = folder.path().join(path);
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let seconds = if turned { 1_000_000_000 } else { 1_700_000_001 };
        fs::File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .unwrap();
    }
    // What is empty has nothing in it, and what may hold secrets stays where it is.
    fs::create_dir_all(folder.path().join(if turned { "f/nothing" } else { "f/nil" })).unwrap();
    put(folder.path(), "f/.env", if turned { b"A=1" } else { b"A=2" });
    folder
}

#[test]
fn two_copies_are_one_package() {
    let (one, other) = (copy(false), copy(true));
    let (one, other) = (package(one.path(), "f").unwrap(), package(other.path(), "./f/").unwrap());
    assert_eq!(one.sha256(), other.sha256());
    assert_eq!(one.bytes().unwrap(), other.bytes().unwrap());
    assert_eq!(one.name(), format!("{}.zip", one.sha256()));
    // Written down once: another digest of the same files would upload everything again.
    assert_eq!(one.sha256(), "282f9b61ea838af01c8e787abbcc62aa21f64e126fc89874923b93980e121a62");
}

#[test]
fn who_may_execute_and_what_is_called_how_counts() {
    let folder = copy(false);
    let before = package(folder.path(), "f").unwrap();
    set_permissions(folder.path().join("f/a.py"), Permissions::from_mode(0o744)).unwrap();
    let executable = package(folder.path(), "f").unwrap();
    fs::rename(folder.path().join("f/a.py"), folder.path().join("f/c.py")).unwrap();
    let renamed = package(folder.path(), "f").unwrap();
    assert!(before.sha256() != executable.sha256() && executable.sha256() != renamed.sha256());
}

#[test]
fn what_changes_under_our_hands_is_not_packed() {
    let folder = copy(false);
    let (all, one) = (package(folder.path(), "f").unwrap(), package(folder.path(), "f/a.py").unwrap());
    put(folder.path(), "f/a.py", b"print(2)\n");
    for package in [all, one] {
        let refusal = package.bytes().unwrap_err();
        assert_eq!(refusal.path, "f/a.py");
        assert!(refusal.why.to_string().contains("has changed since"), "{refusal:?}");
    }
    let all = package(folder.path(), "f").unwrap();
    fs::remove_file(folder.path().join("f/empty")).unwrap();
    assert_eq!(all.bytes().unwrap_err(), Refusal::new("f/empty", Why::Missing));
}

#[test]
fn hostile_folders_are_refused_at_once() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("p");
    put(outer.path(), "secret.txt", b"outside");
    put(&root, "f/a.txt", b"inside");
    let refused = |make: &dyn Fn(&Path), path: &str, why: &Why| {
        let bad = root.join("f").join(OsStr::from_bytes(path.as_bytes()));
        make(&bad);
        let refusal = package(&root, "f").unwrap_err();
        assert_eq!(refusal, Refusal::new(format!("f/{path}"), why.clone()));
        // What is excluded is not even looked at.
        let without = Exclude::new([&*path.replace('\\', "?")]).unwrap();
        assert!(read(&disk(&root), "f", &without).is_ok(), "{path}");
        if fs::symlink_metadata(&bad).unwrap().is_dir() { fs::remove_dir(&bad) } else { fs::remove_file(&bad) }
            .unwrap();
    };
    refused(&|bad| symlink(outer.path().join("secret.txt"), bad).unwrap(), "out.txt", &Why::Outside);
    refused(&|bad| symlink("../../../secret.txt", bad).unwrap(), "up.txt", &Why::Missing);
    refused(&|bad| symlink("/dev/zero", bad).unwrap(), "zero", &Why::Outside);
    refused(&|bad| symlink(".", bad).unwrap(), "round", &Why::NotAFile("it is a link to a directory"));
    let pipe = |bad: &Path| assert!(Command::new("mkfifo").arg(bad).status().unwrap().success());
    refused(&pipe, "pipe", &Why::NotAFile("it is no regular file"));
    let huge = |bad: &Path| fs::File::create(bad).unwrap().set_len(3 << 30).unwrap();
    refused(&huge, "huge.bin", &Why::TooLarge { bytes: 3 << 30, most: LARGEST });
    refused(&|bad| put(&root, bad.strip_prefix(&root).unwrap().to_str().unwrap(), b""), "back\\slash", &Why::Malformed);

    let odd = root.join("f").join(OsStr::from_bytes(b"\xff.txt"));
    fs::write(&odd, b"").unwrap();
    assert_eq!(package(&root, "f").unwrap_err(), Refusal::new("f/\u{fffd}.txt", Why::NotText));
    fs::remove_file(odd).unwrap();

    // Two files that are each small enough.
    for name in ["f/one", "f/two"] {
        fs::File::create(root.join(name)).unwrap().set_len(LARGEST / 2 + 1).unwrap();
    }
    assert_eq!(package(&root, "f").unwrap_err().why, Why::TooLarge { bytes: LARGEST + 2 + 6, most: LARGEST });
}

#[test]
fn a_file_that_may_not_be_read_is_refused() {
    let folder = copy(false);
    let path = folder.path().join("f/a.py");
    set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything, and then there is nothing to refuse.
    if fs::read(&path).is_err() {
        let refusal = package(folder.path(), "f").unwrap_err();
        assert_eq!(refusal.path, "f/a.py");
        assert!(matches!(refusal.why, Why::Failed(_)), "{refusal:?}");
    }
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-zA-Z0-9_äß☃ .-]{1,9}", 1..4)
        .prop_map(|parts| parts.join("/"))
        .prop_filter("a path that stays where it is", |path| path.split('/').all(|part| !part.starts_with('.')))
}

fn contents() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        (any::<u8>(), 0..70_000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ];
    prop::collection::btree_map(name(), bytes, 1..12).prop_filter("no file is also a folder", |files| {
        files.keys().all(|path| !files.keys().any(|other| other.starts_with(&format!("{path}/"))))
    })
}

/// What Python's own reader finds in an archive must be what was put in.
const CHECK: &str = r#"
import base64, io, json, sys, zipfile
for case in json.load(open(sys.argv[1], encoding='utf-8')):
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(case['zip'])))
    assert archive.testzip() is None
    names = [entry.filename for entry in archive.infolist()]
    assert names == sorted(names, key=lambda name: name.encode()), names
    assert {name: base64.b64encode(archive.read(name)).decode() for name in names} == case['files'], names
    for entry in archive.infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0), entry
        assert entry.external_attr >> 16 == 0o100644 and entry.create_system == 3, entry
print('fine')
"#;

#[test]
fn pythons_reader_finds_what_was_packed() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let cases: Vec<Value> = (0..80)
        .map(|_| {
            let files = contents().new_tree(&mut runner).unwrap().current();
            let table: Table = files.iter().map(|(path, bytes)| (format!("f/{path}"), bytes.as_slice())).collect();
            let package = read(&(Arc::new(table) as Files), "f", &Exclude::default()).unwrap();
            let files: BTreeMap<&String, String> =
                files.iter().map(|(path, bytes)| (path, BASE64_STANDARD.encode(bytes))).collect();
            json!({ "zip": BASE64_STANDARD.encode(package.bytes().unwrap()), "files": files })
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.json");
    fs::write(&path, Value::from(cases).to_string()).unwrap();
    assert_eq!(venv::python(CHECK, &[path.to_str().unwrap()]).trim(), "fine");
}

#[test]
fn pythons_reader_finds_the_modes() {
    let folder = copy(true);
    put(folder.path(), "out.zip", &package(folder.path(), "f").unwrap().bytes().unwrap());
    let program = "import sys, zipfile\nfor e in zipfile.ZipFile(sys.argv[1]).infolist(): print(oct(e.external_attr >> 16), e.filename)";
    let said = venv::python(program, &[folder.path().join("out.zip").to_str().unwrap()]);
    let modes = "0o100644 a.py\n0o100755 b.sh\n0o100644 empty\n0o100644 z/deep.txt\n0o100644 ü.txt";
    assert_eq!(said.trim(), modes);
}
