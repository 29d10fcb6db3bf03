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
        match write(&here.join(&self.output), &build::files(&built)) {
            Ok(()) => {
                let stacks = built.stacks.len();
                let plural = if stacks == 1 { "" } else { "s" };
                context.terminal.say(&format!("{stacks} template{plural} in {}", self.output.display()));
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

/// Writes all files, the manifest last, then removes the templates that only the old manifest names.
fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), (PathBuf, std::io::Error)> {
    let at = |name: &str| folder.join(name);
    let old = host::read(&at(MANIFEST)).map(|text| templates(&text)).unwrap_or_default();
    let (manifest, others): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| name == MANIFEST);
    for (name, bytes) in others.into_iter().chain(manifest) {
        host::write(&at(name), bytes).map_err(|e| (at(name), e))?;
    }
    let new: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for gone in old.iter().filter(|name| !new.contains(name.as_str())) {
        host::remove(&at(gone)).map_err(|e| (at(gone), e))?;
    }
    Ok(())
}

const MANIFEST: &str = "manifest.json";

/// The templates that a manifest names. Only plain names in our own folder: what an edited
/// manifest says must not make us remove anything else.
fn templates(manifest: &str) -> Vec<String> {
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    let stacks = manifest.get("stacks").and_then(|s| s.as_array()).cloned().unwrap_or_default();
    let names = stacks.iter().filter_map(|s| s.get("template")?.as_str());
    let ours = |name: &&str| {
        name.strip_prefix("templates/").is_some_and(|file| !file.contains(['/', '\\']) && file.ends_with(".json"))
    };
    names.filter(ours).map(str::to_owned).collect()
}
