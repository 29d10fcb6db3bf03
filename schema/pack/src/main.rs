//! Merges the pinned AWS schema packages and packs them for `infra`.
//!
//! `update` downloads the pins and builds; `build` builds from what was downloaded; `check`
//! downloads and builds aside and compares; `diff OLD NEW` tells two directories apart; `bump`
//! pins the newest versions, builds, and tells what changed; `probe` looks for patterns that
//! backtrack. See `schema/README.md`.

mod compile;
mod diff;
mod doclines;
mod dump;
mod facts;
mod groups;
mod identity;
mod inputs;
mod ir;
mod marks;
mod overlay;
mod overrides;
mod patterns;
mod pins;
mod probe;
mod shape;
mod write;

/// The reader, so that what was written is read back by the code that will read it.
#[path = "../../../src"]
#[allow(dead_code, unused_imports)]
mod infra {
    pub mod schema;
}

use std::path::{Path, PathBuf};

use facts::Merged;
use infra::schema;
use inputs::Inputs;
use overrides::Overrides;
use patterns::Patterns;
use pins::Pins;

/// Errors are for the maintainer: one line, or a few.
type Result<T> = std::result::Result<T, String>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let outcome = match arguments.as_slice() {
        ["update"] => build(&home, &home, true),
        ["build"] => build(&home, &home, false),
        ["check"] => check(&home),
        ["bump"] => bump(&home),
        ["diff", old, new] => diff(Path::new(old), Path::new(new)).map(|text| print!("{text}")),
        ["dump", names @ ..] => dumps(&home, names),
        ["probe"] => probe_all(&home),
        ["try"] => probe::answer(),
        _ => Err("update | build | check | diff OLD NEW | bump | dump [TYPE…] | probe".to_owned()),
    };
    if let Err(problem) = outcome {
        eprintln!("{problem}");
        std::process::exit(1);
    }
}

/// Downloads stay below the packer's `target`, which git ignores.
fn downloads(home: &Path) -> PathBuf {
    home.join("pack/target/downloads")
}

fn text(path: &Path) -> Result<String> {
    String::from_utf8(pins::read(path)?).map_err(|e| format!("{}: {e}", path.display()))
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}

/// Merges what the pins of `home` name. `fresh` packages are downloaded anew.
fn merge(home: &Path, fresh: bool) -> Result<(Inputs, Merged, Patterns)> {
    let pins = Pins::read(&text(&home.join("sources.toml"))?)?;
    let (wheel, package) = pins.packages(&downloads(home), fresh)?;
    let inputs = inputs::read(&wheel, &package)?;
    let overrides = Overrides::read(&text(&home.join("overrides.toml"))?)?;
    let mut patterns = Patterns::new(&overrides);
    let merged = facts::merge(&inputs, &overrides, &mut patterns)?;
    Ok((inputs, merged, patterns))
}

/// Builds from the pins of `home` into `out`, and reads back what was written.
fn build(home: &Path, out: &Path, fresh: bool) -> Result<()> {
    let (inputs, merged, patterns) = merge(home, fresh)?;
    let hot = write::hot(&merged, &patterns)?;
    let docs = write::docs(&merged.resources)?;
    save(&out.join("aws.hot.bin"), &hot)?;
    save(&out.join("aws.docs.bin"), &docs)?;
    let manifest = manifest(home, &inputs, &merged, &hot, &docs)?;
    save(&out.join("MANIFEST.json"), manifest.as_bytes())?;
    let types = open(out)?;
    let unread = types.names().find(|name| types.resource(name).is_none_or(|r| dump::dump(&types, r).is_empty()));
    let nodes = (0..types.node_count()).all(|id| types.raw_node(schema::NodeId(id as u32)).is_some());
    match (unread, nodes) {
        (None, true) => {}
        (name, _) => return Err(format!("what was written cannot be read back ({name:?})")),
    }
    print!("{manifest}");
    Ok(())
}

/// What the blobs are made of, and what they are.
fn manifest(home: &Path, inputs: &Inputs, merged: &Merged, hot: &[u8], docs: &[u8]) -> Result<String> {
    let pins = Pins::read(&text(&home.join("sources.toml"))?)?;
    let described = merged.resources.values().map(|r| r.docs.len()).sum::<usize>();
    let manifest = serde_json::json!({
        "format_version": schema::format::VERSION,
        "sources": {
            "cfn-lint": { "version": pins.lint.version, "sha256": pins.lint.sha256, "schema_date": inputs.schema_date },
            "@aws-cdk/aws-service-spec": { "version": pins.spec.version, "integrity": pins.spec.integrity },
        },
        "counts": {
            "types": merged.resources.len(),
            "nodes": merged.table.nodes.len(),
            "patterns": merged.table.patterns.len(),
            "documentation_lines": described,
        },
        "files": {
            "aws.hot.bin": { "bytes": hot.len(), "sha256": pins::sha256(hot) },
            "aws.docs.bin": { "bytes": docs.len(), "sha256": pins::sha256(docs) },
        },
    });
    serde_json::to_string_pretty(&manifest).map(|t| t + "\n").map_err(|e| e.to_string())
}

const OUTPUTS: [&str; 3] = ["aws.hot.bin", "aws.docs.bin", "MANIFEST.json"];

/// Downloads the pins, builds aside, and compares every byte with what is committed.
fn check(home: &Path) -> Result<()> {
    let aside = tempfile::tempdir().map_err(|e| e.to_string())?;
    build(home, aside.path(), true)?;
    for name in OUTPUTS {
        if pins::read(&home.join(name))? != pins::read(&aside.path().join(name))? {
            return Err(format!("{name} is not what the pins and the overrides make: run `make schema`"));
        }
    }
    println!("the packed types are what their sources make");
    Ok(())
}

/// Pins the newest versions, builds, looks for slow patterns, and tells what changed.
fn bump(home: &Path) -> Result<()> {
    let pins = Pins::read(&text(&home.join("sources.toml"))?)?;
    let before = tempfile::tempdir().map_err(|e| e.to_string())?;
    for name in OUTPUTS {
        save(&before.path().join(name), &pins::read(&home.join(name))?)?;
    }
    save(&home.join("sources.toml"), pins.newest(&downloads(home))?.text()?.as_bytes())?;
    build(home, home, true)?;
    print!("{}", diff(before.path(), home)?);
    probe_all(home)
}

fn diff(old: &Path, new: &Path) -> Result<String> {
    Ok(diff::report(&open(old)?, &open(new)?))
}

/// Says which patterns belong into `linear` of the overrides.
fn probe_all(home: &Path) -> Result<()> {
    let (_, _, patterns) = merge(home, false)?;
    let candidates: Vec<(String, u32)> = patterns.backtracking().map(|(text, kind)| (text.to_owned(), kind)).collect();
    let slow = probe::slow(&candidates)?;
    for text in &slow {
        println!("  '{text}',");
    }
    if slow.is_empty() {
        Ok(())
    } else {
        Err(format!("{} patterns are slow: list them under `linear` in overrides.toml", slow.len()))
    }
}

/// Prints types of `home`; all of them if none is named.
fn dumps(home: &Path, names: &[&str]) -> Result<()> {
    let types = open(home)?;
    for name in types.names().filter(|n| names.is_empty() || names.contains(n)) {
        let resource = types.resource(name).ok_or_else(|| format!("{name} cannot be read"))?;
        println!("{}", dump::dump(&types, resource));
    }
    Ok(())
}

/// The blobs of a directory. They are read once and the process is short, so they are left in memory.
fn open(dir: &Path) -> Result<schema::Types> {
    let leak = |name: &str| pins::read(&dir.join(name)).map(|bytes| &*bytes.leak());
    schema::Types::open(leak("aws.hot.bin")?, leak("aws.docs.bin")?)
        .ok_or_else(|| format!("{} holds no blobs of this version", dir.display()))
}
