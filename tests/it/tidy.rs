//! The house stays as `ARCHITECTURE.md` draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use infra::diagnostics::Code;

/// Which room may use which. A new arrow is a reviewed change of this table.
const ARROWS: &[(&str, &[&str])] = &[
    ("names", &[]),
    ("source", &[]),
    ("diagnostics", &["source"]),
    ("world", &[]),
    ("package", &["world"]),
    ("slip", &[]),
    ("cloud", &["slip"]),
    ("data", &["diagnostics", "source"]),
    ("schema", &[]),
    ("syntax", &["diagnostics", "names", "source"]),
    ("stdlib", &[]),
    ("compose", &["data", "diagnostics", "names", "source", "syntax"]),
    (
        "semantics",
        &["compose", "data", "diagnostics", "names", "package", "schema", "source", "stdlib", "syntax", "world"],
    ),
    ("template", &["data", "diagnostics", "names", "schema", "semantics", "source", "syntax"]),
    ("graph", &["diagnostics", "names", "schema", "semantics", "source"]),
    ("build", &["diagnostics", "graph", "names", "schema", "semantics", "source", "syntax", "template"]),
    (
        "plan",
        &[
            "build",
            "cloud",
            "diagnostics",
            "graph",
            "names",
            "package",
            "schema",
            "semantics",
            "slip",
            "source",
            "template",
        ],
    ),
    ("apply", &["build", "cloud", "diagnostics", "names", "plan", "schema", "semantics", "slip", "source", "template"]),
    ("sandbox", &["cloud", "schema"]),
    ("host", &["world"]),
    (
        "cli",
        &[
            "apply",
            "build",
            "cloud",
            "compose",
            "diagnostics",
            "graph",
            "host",
            "names",
            "plan",
            "sandbox",
            "schema",
            "semantics",
            "source",
            "syntax",
            "template",
            "world",
        ],
    ),
    ("lib", &["cli"]),
    ("main", &[]),
];

/// The one home of each external crate, as the start of a path under `src`.
const HOMES: &[(&str, &[&str])] = &[
    ("pest", &["syntax"]),
    ("pest_derive", &["syntax"]),
    ("miette", &["diagnostics/render.rs"]),
    ("saphyr_parser", &["data/yaml.rs"]),
    ("petgraph", &["graph"]),
    ("regress", &["schema/pattern.rs", "semantics/", "sandbox/"]),
    ("regex", &["schema/pattern.rs"]),
    ("miniz_oxide", &["schema/", "package/zip.rs"]),
    ("similar", &["plan/view/", "cli/check/difference.rs"]),
    ("globset", &["cli/select.rs", "world/exclude.rs"]),
    ("aws_config", &["cloud/aws"]),
    ("aws_credential_types", &["cloud/aws"]),
    ("aws_sdk_cloudformation", &["cloud/aws"]),
    ("aws_sdk_ecr", &["cloud/aws"]),
    ("aws_sdk_s3", &["cloud/aws"]),
    ("aws_sdk_sts", &["cloud/aws"]),
    ("aws_smithy_http_client", &["cloud/aws"]),
    ("aws_smithy_runtime_api", &["cloud/aws", "sandbox"]),
    ("aws_smithy_types", &["cloud/aws", "sandbox"]),
    ("hyper", &["sandbox"]),
    ("hyper_util", &["sandbox"]),
    ("http", &["sandbox"]),
    ("http_body_util", &["sandbox"]),
    ("form_urlencoded", &["sandbox"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["cli"]),
    ("terminal_size", &["cli/output.rs"]),
    ("ignore", &["host.rs"]),
    ("tempfile", &["host.rs", "sandbox/store.rs"]),
];

/// Files above 600 lines, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// What the disk, AWS or the deployed stacks say. A case is a file that can be read, and `check` needs
/// no AWS, so neither can show these: tests of `it` do.
pub(crate) const ELSEWHERE: &[&str] = &[
    "aws-call",
    "changed-type",
    "fixed-name",
    "foreign-stack",
    "no-credentials",
    "not-deployed",
    "outcome-unknown",
    "plan-file",
    "protected-resource",
    "rejected-change-set",
    "resource-failed",
    "stack-busy",
    "stale-plan",
    "stateful-resource",
    "still-used",
    "stuck-stack",
    "termination-protection",
    "unreachable",
    "wrong-account",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The room a file of `src` belongs to.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// What a file says outside comments and its own tests.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]").next().unwrap();
    text.lines().map(|l| l.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The word that begins at `at`.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// Rooms that a file names by `crate::…`, also in `use crate::{a, b}`.
fn used(text: &str) -> BTreeSet<String> {
    let code = code(text);
    let mut rooms = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + found.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut fresh = true;
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => fresh = true,
                    c if fresh && depth == 0 && (c.is_alphabetic() || c == '_') => {
                        rooms.insert(word(&list[i..]).to_owned());
                        fresh = false;
                    }
                    _ => {}
                }
            }
        } else {
            rooms.insert(word(rest).to_owned());
        }
    }
    rooms
}

#[test]
fn arrows_point_down() {
    let table: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let room = room(&file);
        let Some(allowed) = table.get(room) else {
            wrong.push(format!("{file}: the room `{room}` is not in the table"));
            continue;
        };
        for other in used(&text) {
            // What `lib.rs` itself defines begins with no room's name; macros and `main` are such.
            if other != room && table.contains_key(other.as_str()) && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{file}: `{room}` may not use `{other}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_external_crate_has_one_home() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let code = code(&text);
        for (name, homes) in HOMES {
            let path = format!("{name}::");
            let named = code.match_indices(&path).any(|(at, _)| {
                let before = &code[..at];
                !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !homes.iter().any(|home| file.starts_with(home)) {
                wrong.push(format!("{file}: `{name}` lives in {homes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_small_and_lie_beside_their_folders() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        if lines > 600 && !LONG.iter().any(|(name, _)| *name == file) {
            wrong.push(format!("{file}: {lines} lines; split it, or say why not in the tidy list"));
        }
        if file.ends_with("mod.rs") {
            wrong.push(format!("{file}: `foo.rs` beside `foo/` is our way"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{file}: says not what it is for"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_page_and_a_case() {
    let mut cases = String::new();
    let mut folders = vec![root().join("tests/cases")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "snap") {
                cases.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let raised: BTreeSet<&str> = cases.lines().map(str::trim).collect();
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let name = code.name();
        let page = code.page();
        if !page.starts_with(&format!("# {name}\n")) || page.matches("```").count() < 4 {
            wrong.push(format!("docs/diagnostics/{name}.md: wants the title, a wrong program and a right one"));
        }
        match (raised.contains(name), ELSEWHERE.contains(&name)) {
            (false, false) => wrong.push(format!("{name}: no case under tests/cases shows it")),
            (true, true) => wrong.push(format!("{name}: a case shows it, so it is not elsewhere")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_unfinished_is_left() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for mark in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("unimple", "mented!(")] {
            if text.contains(mark) {
                wrong.push(format!("{file}: {mark}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_says_why() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut inside = false;
    let mut wrong = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && line.contains('=') && !line.starts_with('#') && !line.contains(" # ") {
            wrong.push(line.to_owned());
        }
    }
    assert!(wrong.is_empty(), "no reason is given for:\n{}", wrong.join("\n"));
}

#[test]
fn every_dependency_is_used() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let listed = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let all: String = sources().values().map(|text| code(text)).collect();
    let names = listed.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let idle: Vec<&str> =
        names.map(|(name, _)| name.trim()).filter(|name| !all.contains(&name.replace('-', "_"))).collect();
    assert!(idle.is_empty(), "nothing uses {idle:?}");
}

#[test]
fn no_path_of_a_machine_is_in_the_tree() {
    let here = root();
    let own = here.to_str().map(|path| format!("{path}/"));
    let paths = [Some(concat!("/ro", "ot/").to_owned()), own];
    let mut folders = vec![here.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                // What is made here, and what git keeps, is not in the tree.
                folders.extend((!["target", ".git", ".venv"].contains(&name.as_str())).then_some(path));
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let named = paths.iter().flatten().find(|one| text.contains(one.as_str()));
                assert_eq!(named, None, "{}", path.strip_prefix(&here).unwrap().display());
            }
        }
    }
}
