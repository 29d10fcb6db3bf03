//! Merges the pinned AWS schema packages and packs them for `infra`.
//!
//! `update` downloads the pins and builds; `build` builds from what was downloaded; `check`
//! downloads and builds aside and compares; `diff OLD NEW` tells two directories apart; `bump`
//! pins the newest versions, builds, and tells what changed; `probe` looks for patterns that
//! backtrack. See `schema/README.md`.

mod compile;
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
mod shape;
mod write;

/// The reader, so that what was written is read back by the code that will read it.
#[path = "../../../src"]
#[allow(dead_code, unused_imports)]
mod infra {
    pub mod schema;
}

use std::path::{Path, PathBuf};

use infra::schema;
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
        ["update"] | ["build"] => build(&home, &home),
        ["dump", names @ ..] => dumps(&home, names),
        ["check"] => check(&home),
        _ => Err("update | build | check | diff OLD NEW | bump | probe".to_owned()),
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

/// Builds from the pins of `home` into `out`.
fn build(home: &Path, out: &Path) -> Result<()> {
    let pins = Pins::read(&text(&home.join("sources.toml"))?)?;
    let (wheel, package) = pins.fetch(&downloads(home))?;
    let inputs = inputs::read(&wheel, &package)?;
    let overrides = Overrides::read(&text(&home.join("overrides.toml"))?)?;
    let mut patterns = Patterns::new(&overrides);
    let merged = facts::merge(&inputs, &overrides, &mut patterns)?;
    write::check_docs(&merged.resources)?;
    let hot = write::hot(&merged, &patterns)?;
    let docs = write::docs(&merged.resources)?;
    save(&out.join("aws.hot.bin"), &hot)?;
    save(&out.join("aws.docs.bin"), &docs)?;
    println!(
        "{} types, {} nodes, {} patterns, {} + {} bytes",
        merged.resources.len(),
        merged.table.nodes.len(),
        merged.table.patterns.len(),
        hot.len(),
        docs.len()
    );
    Ok(())
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

fn check(_home: &Path) -> Result<()> {
    Err("later".into())
}
