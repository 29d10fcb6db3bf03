//! Plan files, for the commands that take one: read and checked, the other side reached.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::output::Exit;
use super::reach::Reach;
use super::session::Session;
use super::{Context, project};
use crate::cloud::Secret;
use crate::diagnostics::{Code, Diagnostic};
use crate::host::{self, Disk};
use crate::plan::{self, LONGEST, Made, Plan, Refused, Saved};
use crate::schema::Types;
use crate::semantics::Program;
use crate::source::Sources;

/// The version that runs.
const TOOL: &str = env!("CARGO_PKG_VERSION");

/// A plan file, and how it is called.
pub(super) struct File {
    name: String,
    pub(super) saved: Saved,
}

impl File {
    /// Reads it; what is wrong with it is said.
    pub(super) fn read(name: &str, context: &mut Context) -> Result<Self, Exit> {
        let path = host::working_directory().unwrap_or_default().join(name);
        let bytes = host::read_bytes(&path, LONGEST)
            .map_err(|e| context.terminal.fail(&format!("cannot read {name}: {}", host::plain(&e))))?;
        let saved = Saved::read(&bytes).and_then(|saved| saved.fits(TOOL).map(|()| saved));
        match saved {
            Ok(saved) => Ok(Self { name: name.to_owned(), saved }),
            Err(refused) => Err(refuse(name, refused, context)),
        }
    }

    /// When and from what it was made, for people.
    pub(super) fn origin(&self) -> String {
        let Made { tool, time, commit } = &self.saved.made;
        let time = crate::cloud::Time(i64::try_from(*time).unwrap_or(i64::MAX));
        let commit = commit.as_ref().map(|commit| format!(" from commit {commit}")).unwrap_or_default();
        format!("{}: saved {time} by infra {tool}{commit}", self.name)
    }

    /// Refuses one that is too old.
    pub(super) fn is_fresh(&self, most: Duration, context: &mut Context) -> Result<(), Exit> {
        let fresh = self.saved.is_fresh(host::now_in_milliseconds(), most);
        fresh.map_err(|refused| refuse(&self.name, refused, context))
    }

    /// Refuses one of another project or environment than meant, and reaches the other side.
    pub(super) fn open(
        &self,
        reach: &Reach,
        env: Option<&str>,
        given: &BTreeMap<String, Secret>,
        context: &mut Context,
    ) -> Result<Session, Exit> {
        let (disk, program) = around(context);
        let project = program.as_ref().and_then(Program::project);
        let belongs = self.saved.belongs(project.as_ref().map(|name| name.as_str()), env);
        belongs.map_err(|refused| refuse(&self.name, refused, context))?;
        let reached = reach.open(&disk, program.as_ref(), context)?;
        let types = program.map_or(Types::aws(), |program| program.types);
        let settings = plan::Settings { poll: reached.poll(), ..plan::Settings::default() };
        let desired = self.saved.desired(types, given);
        Ok(Session { program: None, sources: Sources::default(), desired, settings, reached })
    }

    /// Refuses to go on without the secrets that the file cannot hold, or with more than those.
    pub(super) fn complete(&self, given: &BTreeMap<String, Secret>, context: &mut Context) -> Result<(), Exit> {
        let missing = self.saved.missing();
        if let Some(name) = given.keys().find(|name| !missing.iter().any(|(_, input)| input == *name)) {
            let why = format!("`--set {name}` changes nothing in a plan that is made: plan again with it");
            return Err(context.terminal.fail(&why));
        }
        let problem = |(id, input): &(String, String)| {
            let message = format!("`{id}` needs the secret input `{input}` again, which no plan file holds");
            Diagnostic::new(Code::MissingInput, message).help(format!("give it with `--set {input}=…`"))
        };
        let problems: Vec<Diagnostic> =
            missing.iter().filter(|(_, input)| !given.contains_key(input)).map(problem).collect();
        if problems.is_empty() {
            return Ok(());
        }
        context.terminal.diagnostics(&problems, &Sources::default());
        Err(Exit::Error)
    }
}

fn refuse(name: &str, refused: Refused, context: &mut Context) -> Exit {
    let code = if refused.again { Code::StalePlan } else { Code::PlanFile };
    let told = Diagnostic::new(code, format!("`{name}` {}", refused.why)).help(refused.help);
    context.terminal.diagnostics(&[told], &Sources::default());
    if refused.again { Exit::Stale } else { Exit::Error }
}

/// The project around, where there is one: a plan file does not need it.
fn around(context: &Context) -> (Disk, Option<Program>) {
    let disk = project::disk(context);
    let program = project::there(&disk);
    (disk, program)
}

/// Writes a plan file, whole or not at all.
pub(super) fn write(file: &Path, plan: &Plan, session: &Session, context: &mut Context) -> Result<(), Exit> {
    let here = host::working_directory().unwrap_or_default();
    let start = context.directory.as_ref().map_or(here.clone(), |directory| here.join(directory));
    let made = Made { tool: TOOL.to_owned(), time: host::now_in_milliseconds(), commit: commit(&start) };
    let name = file.display().to_string();
    let text = match Saved::new(made, plan.clone(), &session.desired).to_text() {
        Ok(text) => text,
        Err(refused) => return Err(refuse(&name, refused, context)),
    };
    host::write(&here.join(file), text.as_bytes())
        .map_err(|e| context.terminal.fail(&format!("cannot write {name}: {}", host::plain(&e))))
}

/// The commit that is planned: as CI tells it, else as git does.
fn commit(start: &Path) -> Option<String> {
    const VARIABLES: &[&str] =
        &["GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "BITBUCKET_COMMIT", "GIT_COMMIT"];
    VARIABLES.iter().find_map(|name| host::variable(name)).or_else(|| host::commit(start))
}
