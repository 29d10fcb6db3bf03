//! The projects below `examples/`, read and built as the program itself does it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra::build::{self, Build};
use infra::diagnostics::{self, Style, has_errors};
use infra::host::Disk;
use infra::schema::Types;
use infra::semantics::{self, Program, Target};
use infra::source::Sources;
use infra::world::World as _;

/// The folder of the examples of this tree.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Every project, by its folder below `examples/`: `hello`, `toto/core`. An example may have several.
pub(crate) fn projects() -> Vec<(String, PathBuf)> {
    let root = folder();
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        if (Disk { root: folder.clone() }).is_project() {
            let name = folder.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            found.push((name, folder));
            continue;
        }
        let inner = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(inner.filter(|path| path.is_dir()));
    }
    found.sort();
    assert!(found.len() >= 2, "the examples have moved");
    found
}

/// The sources of the project in that folder.
pub(crate) fn program(root: &Path) -> Program {
    let disk = Disk { root: root.to_path_buf() };
    let mut sources = Sources::default();
    for name in disk.files().unwrap() {
        let text = disk.read(&name).unwrap();
        sources.add(name, text);
    }
    semantics::analyze(sources.iter().cloned().collect(), Arc::new(disk), Types::aws())
}

/// Every environment, and what all of them share.
pub(crate) fn everything(program: &Program) -> Target {
    let envs = semantics::environments(program).into_iter().map(|(env, _)| env).collect();
    Target { envs, shared: true, ..Target::default() }
}

/// Builds what has to be without errors; `what` says what that is.
#[track_caller]
pub(crate) fn built(program: &Program, target: &Target, what: &str) -> Build {
    let build = build::build(program, target);
    let said = diagnostics::render(&build.diagnostics, &program.sources, Style { colour: false, width: 100 });
    assert!(!has_errors(&build.diagnostics), "{what}\n{said}");
    build
}
