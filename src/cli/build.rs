//! `infra build`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::Exit;
use super::{Context, project};
use crate::semantics::{Program, Target};
use crate::{build, diagnostics, host};

/// Write the templates of an environment and a manifest of how they hang together
#[derive(Args)]
#[command(after_help = "Examples:
  infra build --env dev -o out
  infra build --env prod -o out --set backend.Image=repo:2

Two builds of the same source are equal byte for byte.")]
pub(super) struct Build {
    #[command(flatten)]
    choice: project::Choice,

    /// The folder to write to; templates of an earlier build that are gone are removed from it
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    output: PathBuf,
}

impl Build {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let built = project::load(context).and_then(|(_, program)| {
            let target = self.choice.target(&program, context)?;
            compile(&program, &target, context)
        });
        let built = match built {
            Ok(built) => built,
            Err(exit) => return exit,
        };
        let here = host::working_directory().unwrap_or_default();
        match write(&here.join(&self.output), &built) {
            Ok(assets) => {
                let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
                let assets = if assets == 0 { String::new() } else { format!(" and {}", count(assets, "asset")) };
                let templates = count(built.stacks.len(), "template");
                context.terminal.say(&format!("{templates}{assets} in {}", self.output.display()));
                Exit::Done
            }
            Err((path, error)) => {
                context.terminal.fail(&format!("cannot write {}: {}", path.display(), host::plain(&error)))
            }
        }
    }
}

/// Builds `target` and says what is wrong.
pub(super) fn compile(program: &Program, target: &Target, context: &mut Context) -> Result<build::Build, Exit> {
    let built = build::build(program, target);
    if !built.diagnostics.is_empty() {
        context.terminal.diagnostics(&built.diagnostics, &program.sources);
    }
    if diagnostics::has_errors(&built.diagnostics) { Err(Exit::Error) } else { Ok(built) }
}

/// Writes all files, the manifest last, then removes those that only the old manifest names. Says how many assets there
/// are. An asset is named by what it holds: one that is there is not written again.
fn write(folder: &Path, built: &build::Build) -> Result<usize, (PathBuf, std::io::Error)> {
    let at = |name: &str| folder.join(name);
    let old = host::read(&at(MANIFEST)).map(|text| written_before(&text)).unwrap_or_default();
    let assets = build::assets(built);
    for (name, asset) in &assets {
        if !host::exists(&at(name)) {
            let bytes = asset.package.bytes().map_err(|refusal| {
                let problem = std::io::Error::other(refusal.why.to_string());
                (PathBuf::from(refusal.path), problem)
            })?;
            host::write(&at(name), &bytes).map_err(|e| (at(name), e))?;
        }
    }
    let files = build::files(built);
    let (manifest, others): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| name == MANIFEST);
    for (name, bytes) in others.into_iter().chain(manifest) {
        host::write(&at(name), bytes).map_err(|e| (at(name), e))?;
    }
    let new: BTreeSet<&str> =
        files.iter().map(|(name, _)| name.as_str()).chain(assets.keys().map(String::as_str)).collect();
    for gone in old.iter().filter(|name| !new.contains(name.as_str())) {
        host::remove(&at(gone)).map_err(|e| (at(gone), e))?;
    }
    Ok(assets.len())
}

const MANIFEST: &str = "manifest.json";

/// The templates and assets that a manifest names. Only plain names in our own folder: what an edited
/// manifest says must not make us remove anything else.
fn written_before(manifest: &str) -> Vec<String> {
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    let stacks = manifest.get("stacks").and_then(|s| s.as_array()).cloned().unwrap_or_default();
    let templates = stacks.iter().filter_map(|s| s.get("template")?.as_str());
    let assets = stacks.iter().filter_map(|s| s.get("assets")?.as_array()).flatten();
    let assets = assets.filter_map(|a| a.get("file")?.as_str());
    let plain = |file: &str| !file.contains(['/', '\\']);
    let ours = |name: &&str| {
        name.strip_prefix("templates/").is_some_and(|file| plain(file) && file.ends_with(".json"))
            || name.strip_prefix("assets/").is_some_and(|file| plain(file) && is_digest(file))
    };
    templates.chain(assets).filter(ours).map(str::to_owned).collect()
}

/// `DIGEST` or `DIGEST.ending`
fn is_digest(file: &str) -> bool {
    let digest = file.split('.').next().unwrap_or_default();
    digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit())
}
