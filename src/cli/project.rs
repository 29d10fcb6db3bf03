//! The project a command works on, and which part of it is meant.

use std::sync::Arc;

use super::Context;
use super::output::Exit;
use crate::diagnostics::{Code, Diagnostic};
use crate::host::{self, Disk};
use crate::schema::Types;
use crate::semantics::{self, Program};
use crate::source::Sources;
use crate::world::World as _;

/// A project's texts as they lie on the disk.
pub(super) struct Texts {
    pub(super) disk: Disk,
    pub(super) sources: Sources,
}

/// Finds the project and reads every file; what cannot be read is said.
pub(super) fn read(context: &mut Context) -> Result<Texts, Exit> {
    let here = host::working_directory().unwrap_or_default();
    let start = context.directory.as_ref().map_or(here.clone(), |d| here.join(d));
    let disk = Disk::find(&start);
    let shown = start.display();
    let names = disk.files().map_err(|why| context.terminal.fail(&format!("cannot read {shown}: {why}")))?;
    let mut sources = Sources::default();
    let mut unreadable = Vec::new();
    for name in names {
        match disk.read(&name) {
            Ok(text) => {
                sources.add(name, text);
            }
            Err(why) => unreadable.push(Diagnostic::new(Code::Unreadable, format!("cannot read {name}: {why}"))),
        }
    }
    if !unreadable.is_empty() {
        context.terminal.diagnostics(&unreadable, &sources);
        return Err(Exit::Error);
    }
    Ok(Texts { disk, sources })
}

/// Reads and analyzes the project.
pub(super) fn load(context: &mut Context) -> Result<Program, Exit> {
    let texts = read(context)?;
    Ok(semantics::analyze(texts.sources.iter().cloned().collect(), Types::aws()))
}

/// The branch that CI works on, from the variables CI systems set; `None` outside CI.
pub(super) fn branch_of_ci() -> Option<Arc<str>> {
    const VARIABLES: &[&str] = &[
        "GITHUB_BASE_REF", "GITHUB_REF_NAME", "CI_COMMIT_BRANCH", "BUILDKITE_BRANCH", "CIRCLE_BRANCH",
        "BITBUCKET_BRANCH", "BUILD_SOURCEBRANCHNAME", "BRANCH_NAME",
    ];
    VARIABLES.iter().find_map(|name| host::variable(name)).map(Arc::from)
}
