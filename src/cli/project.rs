//! The project a command works on, and which environment of it is meant.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;

use super::Context;
use super::hidden::hide;
use super::output::Exit;
#[cfg(feature = "aws")]
use crate::cloud::Secret;
use crate::diagnostics::{self, Code, Diagnostic};
use crate::host::{self, Disk};
use crate::names::Name;
use crate::schema::Types;
use crate::semantics::{self, Program, Target};
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
    if names.is_empty() {
        let place = context.directory.as_ref().map_or("here".to_owned(), |d| format!("in `{}`", d.display()));
        let nothing = Diagnostic::new(Code::NoProject, format!("there is no `.infra` file {place}"))
            .help("write one that begins with `project NAME`, or say with `-C DIR` where the project is");
        context.terminal.diagnostics(&[nothing], &sources);
        return Err(Exit::Error);
    }
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
pub(super) fn load(context: &mut Context) -> Result<(Disk, Program), Exit> {
    let texts = read(context)?;
    let program =
        semantics::analyze(texts.sources.iter().cloned().collect(), Arc::new(texts.disk.clone()), Types::aws());
    Ok((texts.disk, program))
}

/// Where the project is, or would be.
#[cfg(feature = "aws")]
pub(super) fn disk(context: &Context) -> Disk {
    let here = host::working_directory().unwrap_or_default();
    Disk::find(&context.directory.as_ref().map_or(here.clone(), |directory| here.join(directory)))
}

/// The project that lies there, where one does and can be read; projects further down are others. What is wrong in it is
/// nobody's business here.
#[cfg(feature = "aws")]
pub(super) fn there(disk: &Disk) -> Option<Program> {
    if !disk.is_project() {
        return None;
    }
    let mut sources = Sources::default();
    for name in disk.files().ok()? {
        if let Ok(text) = disk.read(&name) {
            sources.add(name, text);
        }
    }
    let program = semantics::analyze(sources.iter().cloned().collect(), Arc::new(disk.clone()), Types::aws());
    program.project().map(|_| program)
}

/// The resource types of AWS, and those whose schemas lie in the project, where this is in one.
pub(super) fn types(context: &mut Context) -> Result<&'static Types, Exit> {
    let here = host::working_directory().unwrap_or_default();
    let disk = Disk::find(&context.directory.as_ref().map_or(here.clone(), |d| here.join(d)));
    if !disk.is_project() {
        return Ok(Types::aws());
    }
    let schemas = semantics::analyze(Vec::new(), Arc::new(disk), Types::aws());
    if diagnostics::has_errors(&schemas.diagnostics) {
        context.terminal.diagnostics(&schemas.diagnostics, &schemas.sources);
        return Err(Exit::Error);
    }
    Ok(schemas.types)
}

/// Which environments, and which settings for this run.
#[derive(Args)]
pub(super) struct Choice {
    /// The environment
    #[arg(long, value_name = "ENV")]
    env: Option<String>,

    /// The environment that this branch deploys; in CI the branch is known
    #[arg(long, value_name = "BRANCH", conflicts_with = "env")]
    branch: Option<String>,

    /// Every environment, and the stacks that all share
    #[arg(long, conflicts_with_all = ["env", "branch"])]
    all: bool,

    /// With the stacks that all environments share (`@in`), also where this environment uses none
    #[arg(long)]
    shared: bool,

    /// Set an input or a param: `stack.Input=value`, `stack.param=value`, `param=value`; `'*.Input=value'` in every
    /// stack that has it
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

/// The parts of `NAME=VALUE`. What is wrong with it is said without the value: it may be a secret.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if is_name(name.trim()) => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("`--set` takes NAME=VALUE, for example `backend.Image=repo:2`".to_owned()),
    }
}

fn is_name(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

/// What of a choice makes sense for a plan that is made already.
#[cfg(feature = "aws")]
pub(super) struct Restated<'a> {
    /// The environment that it must be for.
    pub(super) env: Option<&'a str>,
    /// Values of secret inputs, by `stack.Input`.
    pub(super) set: BTreeMap<String, Secret>,
}

impl Choice {
    /// For a plan file: what it is checked against, and what is not in it.
    #[cfg(feature = "aws")]
    pub(super) fn restated(&self) -> Result<Restated<'_>, String> {
        let chosen = [(self.branch.is_some(), "--branch"), (self.all, "--all"), (self.shared, "--shared")];
        if let Some((_, option)) = chosen.iter().find(|(is, _)| *is) {
            return Err(format!("a plan file says by itself what it is for; leave `{option}` out"));
        }
        let mut set = BTreeMap::new();
        for text in &self.set {
            let (name, value) = assignment(text)?;
            // Nothing but secrets is taken here.
            hide(&value);
            set.insert(name, Secret::new(value));
        }
        Ok(Restated { env: self.env.as_deref(), set })
    }

    /// The target that is meant: all environments, the one asked for, the one of the branch, or the only one.
    pub(super) fn target(&self, program: &Program, context: &mut Context) -> Result<Target, Exit> {
        let envs = self.envs(program).map_err(|why| {
            // Where the files are wrong, the environment that is missing may be among what is wrong.
            if diagnostics::has_errors(&program.diagnostics) {
                context.terminal.diagnostics(&program.diagnostics, &program.sources);
                return Exit::Error;
            }
            context.terminal.fail(&why)
        })?;
        let mut set: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for text in &self.set {
            let (name, value) = assignment(text).map_err(|why| context.terminal.fail(&why))?;
            if semantics::is_secret_setting(program, &name) {
                hide(&value);
            }
            set.insert(name.into(), value.into());
        }
        Ok(Target { envs, set, shared: self.shared || self.all })
    }

    fn envs(&self, program: &Program) -> Result<Vec<Name>, String> {
        if self.all {
            return Ok(semantics::environments(program).into_iter().map(|(name, _)| name).collect());
        }
        self.env(program).map(|env| vec![env])
    }

    fn env(&self, program: &Program) -> Result<Name, String> {
        if let Some(env) = &self.env {
            return Ok(Name::new(env));
        }
        let all = semantics::environments(program);
        let listed = || all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let of_branch = |branch: &str| all.iter().find(|(_, b)| b.as_deref() == Some(branch)).map(|(name, _)| *name);
        if let Some(branch) = &self.branch {
            let help = format!("give an environment's `branch`, or `--env` with one of: {}", listed());
            return of_branch(branch).ok_or_else(|| format!("no environment deploys branch `{branch}`; {help}"));
        }
        if let [(only, _)] = all.as_slice() {
            return Ok(*only);
        }
        if let Some(env) = branch_of_ci().and_then(|branch| of_branch(&branch)) {
            return Ok(env);
        }
        match all.is_empty() {
            true => Err("the project declares no environment; add `env dev { … }`".to_owned()),
            false => Err(format!("say which environment: `--env` with one of: {}; or `--all`", listed())),
        }
    }
}

/// The branch that CI works on, from the variables CI systems set; `None` outside CI. In a pull
/// request it is the branch that the request goes into, for that is what a plan is about.
fn branch_of_ci() -> Option<String> {
    const VARIABLES: &[&str] = &[
        "GITHUB_BASE_REF",
        "GITHUB_REF_NAME",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "CI_COMMIT_BRANCH",
        "BUILDKITE_BRANCH",
        "CIRCLE_BRANCH",
        "BITBUCKET_BRANCH",
        "BRANCH_NAME",
    ];
    VARIABLES.iter().find_map(|name| host::variable(name))
}
