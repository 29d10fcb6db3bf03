//! What must hold of every text, fuzzed or not, holds of all cases, examples and the standard library.

use std::path::Path;

use crate::support::checks;

fn collect(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "infra") {
            into.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Runs `check` on every file; a failure names the file.
fn holds(check: fn(&[u8])) {
    let mut texts = Vec::new();
    for folder in ["tests/cases", "examples", "stdlib"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
    }
    assert!(texts.len() > 200);
    for (name, text) in texts {
        let ended = std::panic::catch_unwind(|| check(text.as_bytes()));
        assert!(ended.is_ok(), "{name} breaks a promise");
    }
}

#[test]
fn every_file_can_be_read() {
    holds(checks::parse);
}

#[test]
fn every_file_says_the_same_when_formatted() {
    holds(checks::format);
}

#[test]
fn every_program_can_be_judged() {
    holds(checks::evaluate);
}

#[test]
fn every_program_is_built_whole() {
    holds(checks::emit);
}
