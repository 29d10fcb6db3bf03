//! The documents keep their word: programs are checked and built, commands run, tables parsed, links followed.
//!
//! What a block is says the line that opens it; `CONTRIBUTING.md` has the list of these words. The pages of the
//! diagnostics have a test of their own (`pages.rs`).

use std::path::{Path, PathBuf};

use markdown::{Document, Piece};

#[cfg(feature = "aws")]
mod console;
mod links;
mod markdown;
mod programs;
mod reference;
mod stdlib;

/// Folders below the root that have Markdown of ours.
const FOLDERS: &[&str] = &["docs", "examples", "grammar", "schema", "stdlib"];

/// What a block may be written in.
const LANGUAGES: &[&str] =
    &["infra", "sh", "console", "text", "json", "yaml", "diff", "hcl", "typescript", "toml", "rust"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every document but the pages of the diagnostics, by its path below the root.
fn documents() -> Vec<Document> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).filter(|f| f.is_dir()).collect();
    let mut files: Vec<PathBuf> = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_other = path.ends_with("docs/diagnostics") || path.ends_with("target");
            if path.is_dir() && !is_other { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    for path in files.iter().filter(|p| p.is_file() && p.extension().is_some_and(|e| e == "md")) {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        found.push(markdown::read(&name, &std::fs::read_to_string(path).unwrap()));
    }
    found
}

fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{}\n\n{} wrong", wrong.join("\n\n"), wrong.len());
}

#[test]
fn every_block_says_what_it_is() {
    let mut wrong = Vec::new();
    for document in documents() {
        for block in document.pieces.iter().filter_map(Piece::block) {
            if !LANGUAGES.contains(&block.language.as_str()) {
                wrong.push(format!("{}: write one of {LANGUAGES:?} behind the backticks", block.place));
            }
            for word in block.unknown_words() {
                wrong.push(format!("{}: `{word}` is not a word for a block; see CONTRIBUTING.md", block.place));
            }
        }
    }
    report(wrong);
}

#[test]
fn programs_of_the_documents_hold() {
    report(documents().iter().flat_map(programs::check).collect());
}

#[test]
fn columns_of_infra_can_be_read() {
    report(documents().iter().flat_map(|d| &d.cells).filter_map(programs::cell).collect());
}

#[test]
fn links_lead_somewhere() {
    report(documents().iter().flat_map(|d| links::check(d, &root())).collect());
}

#[test]
#[cfg(feature = "aws")]
fn commands_of_the_documents_say_what_is_shown() {
    report(documents().iter().flat_map(|d| console::run(d, &root())).collect());
}

#[test]
#[cfg(feature = "aws")]
fn commands_of_the_documents_exist() {
    let known = console::Known::default();
    report(documents().iter().flat_map(|d| known.check(d, &root())).collect());
}

/// Where a document lies.
fn folder_of(name: &str) -> &Path {
    Path::new(name).parent().unwrap()
}

/// Each of its blocks says something that is not so.
const LIES: &str = r#"# Lies

<!-- given resource Topic = AWS::SNS::Topic -->

```infra
env dev { account: nobody, regions: ["eu-west-1"] }
```

```infra fragment wrong=unknown-property
resource Queue = AWS::SQS::Queue { QueueName: Topic.TopicName }
```

```infra fragment
resource Queue = AWS::SQS::Queue {QueueName:Topic.TopicName}
```

```infra expr
1 + 1 // = 2
1 + 2 // = 4
```

```infra file=a.infra
project lies
core a {
```

```console run
$ infra check
no problems found
```

```diff file=a.infra
-core b {
+core c {
```

| meaning | infra |
| --- | --- |
| nothing | `let = ` |

[nowhere](#truths)
"#;

#[test]
fn lies_are_found_out() {
    let lies = markdown::read("docs/lies.md", LIES);
    let found = programs::check(&lies);
    let lines: Vec<&str> = found.iter().map(|why| why.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["5", "9", "13", "17", "22", "32"], "{}", found.join("\n"));
    assert_eq!(lies.cells.iter().filter_map(programs::cell).count(), 1);
    assert_eq!(links::check(&lies, &root()).len(), 1);
    #[cfg(feature = "aws")]
    assert_eq!(console::run(&lies, &root()).len(), 1);
}
