//! What a program may read beside its sources, on a real disk.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use infra::host::Disk;
use infra::world::{Exclude, LARGEST_INCLUDE, MOST_ENTRIES, Why, World as _};

use crate::support::cli::Project;

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A folder with a project in it and something outside, and that project.
fn project() -> (tempfile::TempDir, Disk) {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("p");
    put(&root, "main.infra", b"project p\n");
    put(&root, "a/b.txt", b"inside");
    put(outer.path(), "secret.txt", b"outside");
    (outer, Disk { root })
}

fn refused(disk: &Disk, path: &str) -> Why {
    disk.include(path).expect_err(path).why
}

#[test]
fn only_what_lies_inside_is_read() {
    let (outer, disk) = project();
    assert_eq!(&*disk.include("a/b.txt").unwrap(), b"inside");
    assert_eq!(&*disk.include("./a/../a/b.txt").unwrap(), b"inside");
    assert_eq!(refused(&disk, "../secret.txt"), Why::Outside);
    assert_eq!(refused(&disk, "a/../../secret.txt"), Why::Outside);
    let absolute = outer.path().join("secret.txt");
    assert_eq!(refused(&disk, absolute.to_str().unwrap()), Why::Outside);
    assert_eq!(refused(&disk, "a/c.txt"), Why::Missing);
    assert_eq!(refused(&disk, "a/b.txt/c"), Why::Missing);
    assert_eq!(refused(&disk, "a"), Why::NotAFile("it is a directory"));
}

#[test]
fn a_link_leads_nowhere_outside() {
    let (outer, disk) = project();
    symlink(outer.path().join("secret.txt"), disk.root.join("out.txt")).unwrap();
    symlink("..", disk.root.join("up")).unwrap();
    symlink("a/b.txt", disk.root.join("in.txt")).unwrap();
    symlink("nowhere", disk.root.join("dead.txt")).unwrap();
    symlink("round.txt", disk.root.join("round.txt")).unwrap();
    assert_eq!(refused(&disk, "out.txt"), Why::Outside);
    assert_eq!(refused(&disk, "up/secret.txt"), Why::Outside);
    assert_eq!(&*disk.include("in.txt").unwrap(), b"inside");
    assert_eq!(refused(&disk, "dead.txt"), Why::Missing);
    assert!(matches!(refused(&disk, "round.txt"), Why::Failed(_)));
    // A project that is itself reached through a link is read as any other.
    symlink(&disk.root, outer.path().join("q")).unwrap();
    let linked = Disk { root: outer.path().join("q") };
    assert_eq!(&*linked.include("a/b.txt").unwrap(), b"inside");
}

#[test]
fn what_may_hold_secrets_is_denied_also_through_a_link() {
    let (_outer, disk) = project();
    for path in [".git/config", ".env", ".env.prod", "a/.env", ".infra/x.json", ".aws/credentials"] {
        put(&disk.root, path, b"hidden");
        assert_eq!(refused(&disk, path), Why::Denied, "{path}");
    }
    symlink(".git/config", disk.root.join("config.txt")).unwrap();
    assert_eq!(refused(&disk, "config.txt"), Why::Denied);
}

#[test]
fn pipes_devices_and_large_files_are_refused_at_once() {
    let (_outer, disk) = project();
    assert!(Command::new("mkfifo").arg(disk.root.join("pipe")).status().unwrap().success());
    assert_eq!(refused(&disk, "pipe"), Why::NotAFile("it is no regular file"));
    symlink("/dev/zero", disk.root.join("zero")).unwrap();
    assert_eq!(refused(&disk, "zero"), Why::Outside);
    let large = std::fs::File::create(disk.root.join("large")).unwrap();
    large.set_len(LARGEST_INCLUDE).unwrap();
    assert_eq!(u64::try_from(disk.include("large").unwrap().len()).unwrap(), LARGEST_INCLUDE);
    large.set_len(2 << 30).unwrap();
    assert_eq!(refused(&disk, "large"), Why::TooLarge { bytes: 2 << 30, most: LARGEST_INCLUDE });
}

#[test]
fn a_folder_is_walked_in_order_and_whole() {
    let (outer, disk) = project();
    put(&disk.root, "f/z.sh", b"#!/bin/sh\n");
    put(&disk.root, "f/a/b.txt", b"");
    put(&disk.root, "f/.git/config", b"");
    std::fs::set_permissions(disk.root.join("f/z.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    symlink("../a/b.txt", disk.root.join("f/link.txt")).unwrap();
    let shown = |folder: &str| {
        let found = disk.walk(folder, &Exclude::default()).unwrap();
        found.into_iter().map(|e| format!("{}{}", e.path, if e.executable { "*" } else { "" })).collect::<Vec<_>>()
    };
    assert_eq!(shown("f"), ["a/b.txt", "link.txt", "z.sh*"]);
    assert!(shown("").contains(&"f/z.sh*".to_owned()));
    symlink(outer.path().join("secret.txt"), disk.root.join("f/out.txt")).unwrap();
    let refusal = disk.walk("f", &Exclude::default()).unwrap_err();
    assert_eq!((refusal.path.as_str(), refusal.why), ("f/out.txt", Why::Outside));
    std::fs::remove_file(disk.root.join("f/out.txt")).unwrap();
    symlink("a", disk.root.join("f/again")).unwrap();
    assert_eq!(disk.walk("f", &Exclude::default()).unwrap_err().why, Why::NotAFile("it is a link to a directory"));
    assert_eq!(disk.walk("f/z.sh", &Exclude::default()).unwrap_err().why, Why::NotAFile("it is no directory"));
    assert_eq!(disk.walk("g", &Exclude::default()).unwrap_err().why, Why::Missing);
    assert_eq!(disk.walk("..", &Exclude::default()).unwrap_err().why, Why::Outside);
    for n in 0..=MOST_ENTRIES {
        put(&disk.root, &format!("many/{n}"), b"");
    }
    assert_eq!(disk.walk("many", &Exclude::default()).unwrap_err().why, Why::TooMany);
}

#[test]
fn sources_of_a_folder_are_named_as_they_are_read() {
    let (outer, disk) = project();
    put(outer.path(), "shared/b.infra", b"let b = 1\n");
    put(outer.path(), "shared/a.infra", b"let a = 1\n");
    put(outer.path(), "shared/c.txt", b"");
    put(outer.path(), "shared/deep/d.infra", b"");
    assert_eq!(disk.files_in("../shared").unwrap(), ["../shared/a.infra", "../shared/b.infra"]);
    assert_eq!(disk.files_in("../shared/").unwrap(), disk.files_in("../shared").unwrap());
    assert_eq!(&*disk.read("../shared/a.infra").unwrap(), "let a = 1\n");
    assert_eq!(disk.files_in("../none").unwrap_err(), "there is no such directory");
}

#[test]
fn a_program_reads_what_lies_in_its_project_only() {
    let project = Project::new(&[
        (
            "p/main.infra",
            r#"
project p
account a { id: "111111111111" }
env dev { account: a, regions: ["eu-west-1"] }
core c {
  resource Motd = AWS::SSM::Parameter { Type: "String", Value: file("motd.txt") }
}
"#,
        ),
        ("p/motd.txt", "\u{feff}hello"),
        ("secret.txt", "hush"),
    ]);
    assert_eq!(project.infra("-C p check").ended(0).err, "no problems found\n");
    project.infra("-C p build --output out").ended(0);
    std::fs::remove_file(project.path("p/motd.txt")).unwrap();
    assert!(project.infra("-C p check").ended(1).err.contains("cannot read `motd.txt`: there is no such file"));
    symlink("../secret.txt", project.path("p/motd.txt")).unwrap();
    let said = project.infra("-C p check").ended(1);
    assert!(said.err.contains("cannot read `motd.txt`: it lies outside the project"), "{}", said.err);
    assert!(!said.err.contains("hush"));
    std::fs::remove_file(project.path("p/motd.txt")).unwrap();
    std::fs::write(project.path("p/motd.txt"), b"one\ntw\xff").unwrap();
    assert!(project.infra("-C p check").ended(1).err.contains("line 2 is not UTF-8 text"));
}
