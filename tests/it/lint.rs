//! Every template of every example: the same twice, and accepted by AWS's own linter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra::build::{self, Build};
use infra::diagnostics::{self, Style, has_errors};
use infra::host::Disk;
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::Sources;

use crate::support::venv;

/// The example in a folder, built for an environment.
fn built(folder: &Path, env: &str) -> Build {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|e| e == "infra"));
    names.sort();
    let mut sources = Sources::default();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        sources.add(name, std::fs::read_to_string(&path).unwrap());
    }
    let world = Arc::new(Disk { root: folder.to_path_buf() });
    let program = semantics::analyze(sources.iter().cloned().collect(), world, Types::aws());
    let target = Target { envs: vec![env.into()], shared: true, ..Target::default() };
    let build = build::build(&program, &target);
    let said = diagnostics::render(&build.diagnostics, &program.sources, Style { colour: false, width: 100 });
    assert!(!has_errors(&build.diagnostics), "{}\n{said}", folder.display());
    build
}

/// The folders of the examples.
fn examples() -> Vec<PathBuf> {
    let mut examples: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    examples.sort();
    assert!(examples.len() >= 2, "the examples have moved");
    examples
}

#[test]
fn two_builds_are_byte_equal() {
    for example in examples() {
        for env in ["dev", "prod"] {
            assert_eq!(build::files(&built(&example, env)), build::files(&built(&example, env)));
        }
    }
}

#[test]
fn examples_pass_cfn_lint() {
    let builds = examples().into_iter().flat_map(|example| {
        ["dev", "prod"].map(|env| (example.file_name().unwrap().to_string_lossy().into_owned(), built(&example, env)))
    });
    lint("lint", builds);
}

/// Runs AWS's own linter over the templates of builds, each with a name; `folder` is where they are written.
pub(crate) fn lint(folder: &str, builds: impl IntoIterator<Item = (String, Build)>) {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let mut by_region: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (name, build) in builds {
        let folder = out.join(&name).join(build.env.unwrap().as_str());
        std::fs::create_dir_all(folder.join("templates")).unwrap();
        assert!(!build.stacks.is_empty(), "{name}");
        for stack in &build.stacks {
            let path = folder.join(stack.file_name());
            std::fs::write(&path, &stack.template.body).unwrap();
            by_region.entry(stack.head.key.region.to_string()).or_default().push(path);
        }
    }
    for (region, templates) in by_region {
        let mut lint = venv::tool("cfn-lint");
        lint.args(["--non-zero-exit-code", "error", "--format", "parseable", "--regions", &region, "--"]);
        let output = lint.args(templates).output().unwrap();
        venv::said(&output, "cfn-lint");
    }
}
