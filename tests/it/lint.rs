//! Every template of every example: the same twice, and accepted by AWS's own linter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use infra::build::{self, Build};

use crate::support::examples::{built, everything, program, projects};
use crate::support::venv;

/// Every example, each in all of its environments.
fn builds() -> impl Iterator<Item = (String, Build)> {
    projects().into_iter().map(|(name, folder)| {
        let program = program(&folder);
        let build = built(&program, &everything(&program), &name);
        (name, build)
    })
}

#[test]
fn two_builds_are_byte_equal() {
    for ((name, one), (_, two)) in builds().zip(builds()) {
        assert!(build::files(&one) == build::files(&two), "{name}");
    }
}

#[test]
fn examples_pass_cfn_lint() {
    lint("lint", builds());
}

/// Runs AWS's own linter over the templates of builds, each with a name; `folder` is where they are written.
pub(crate) fn lint(folder: &str, builds: impl IntoIterator<Item = (String, Build)>) {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    // What environments share is built for each of them.
    let mut by_region: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for (name, build) in builds {
        let folder = out.join(&name);
        std::fs::create_dir_all(folder.join("templates")).unwrap();
        assert!(!build.stacks.is_empty(), "{name}");
        for stack in &build.stacks {
            let path = folder.join(stack.file_name());
            std::fs::write(&path, &stack.template.body).unwrap();
            by_region.entry(stack.head.key.region.to_string()).or_default().insert(path);
        }
    }
    for (region, templates) in by_region {
        let mut lint = venv::tool("cfn-lint");
        lint.args(["--non-zero-exit-code", "error", "--format", "parseable", "--regions", &region, "--"]);
        let output = lint.args(templates).output().unwrap();
        venv::said(&output, "cfn-lint");
    }
}
