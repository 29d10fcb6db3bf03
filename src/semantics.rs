//! What a program means: names, types, phases, evaluation -> [`model`].
//!
//! There is one evaluator. It runs each instance of each stack with what is known while
//! compiling; what is known only when deploying is a [`value::Later`], carried with its type.
//! Branches that an environment does not take are evaluated *dry*: their names, properties and
//! types are checked, their values are not. So every error is found once, with real values at
//! hand, and no second type checker can disagree with the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::Types;
use crate::source::{SourceFile, Sources, Span};
use crate::syntax::ast;
use crate::world::World;

mod access;
mod assets;
mod builtin;
mod calls;
mod choice;
mod circles;
mod components;
mod composed;
mod conform;
pub mod contract;
mod declare;
mod decorators;
mod eval;
mod existing;
mod fits;
mod foreign;
mod frame;
mod functions;
pub mod handbook;
mod hatches;
mod injection;
mod instances;
pub mod interface;
mod iterate;
mod library;
pub mod model;
mod operators;
mod order;
mod outputs;
mod places;
mod project;
pub(crate) mod references;
mod reports;
mod resources;
mod run;
mod schemas;
mod scope;
mod secrecy;
mod sequence;
mod serverless;
mod settings;
mod shows;
mod stack_refs;
mod statements;
mod testing;
mod text;
mod tops;
mod types;
mod units;
mod used;
pub mod value;
mod vpc_of;

/// A whole project: every file parsed, every top-level name known.
pub struct Program {
    /// The texts; those of files that are read while evaluating join behind.
    pub sources: Sources,
    /// The trees of the first of them, in the same order.
    pub files: Vec<ast::File>,
    /// The standard library, where a file names it.
    pub(crate) std: Option<&'static declare::built_in::Std>,
    /// The resource types it may use.
    pub types: &'static Types,
    /// What is wrong so far.
    pub diagnostics: Vec<Diagnostic>,
    /// Project, accounts, environments, stacks, lets, params, components by name.
    pub(crate) declared: declare::Declared,
    /// The modules that it uses, the second of all first: the project itself is `declared`.
    pub(crate) modules: Vec<declare::Declared>,
    /// The existing templates that are stacks of it, by their declaration.
    pub(crate) templates: rustc_hash::FxHashMap<declare::At, existing::Template>,
    /// The project's other files.
    pub(crate) library: library::Library,
}

impl Program {
    /// Name of the project, where one is declared.
    pub fn project(&self) -> Option<Name> {
        self.declared.project.and_then(|at| self.record(at)).map(|record| record.name.name)
    }
}

/// What `--set` says: texts by the part before `=`.
pub type Settings = BTreeMap<Arc<str>, Arc<str>>;

/// What a run asks for.
#[derive(Clone, Default, Debug)]
pub struct Target {
    /// The environments, one after the other; none evaluates the shared stacks only.
    pub envs: Vec<Name>,
    /// `--set name=value` and `--set stack.name=value`, by the part before `=`. Text, as typed.
    pub set: Settings,
    /// With the stacks that no environment owns (`@in`): they are evaluated anyway where an
    /// instance of the environment uses them.
    pub shared: bool,
}

/// Parses every file and collects what is declared at the top. Never fails. `world` is asked for
/// other files of the project while it is evaluated.
pub fn analyze(files: Vec<SourceFile>, world: Arc<dyn World + Send + Sync>, types: &'static Types) -> Program {
    declare::analyze(files, world, types)
}

#[cfg(feature = "aws")]
pub(crate) use existing::long_forms::of as long_forms;

/// What a function of the language takes, gives and does, in plain text; `None` where there is none of that name.
pub fn explain_function(name: &str) -> Option<String> {
    functions::explain(name)
}

/// The built-in functions by subject: signatures, each with what the function does.
pub fn functions() -> Vec<(&'static str, Vec<(String, &'static str)>)> {
    let rows = |table: &'static [functions::Function]| table.iter().map(|f| (f.signature(), f.doc)).collect();
    functions::SUBJECTS.iter().map(|(subject, table)| (*subject, rows(table))).collect()
}

/// The names of the decorators, each with what it stands above.
pub fn decorators() -> Vec<(&'static str, String)> {
    decorators::all().collect()
}

/// Evaluates every instance that `target` asks for, producers before consumers, and gives each to
/// `each` as soon as it is done, so that only one needs to be in memory. Instances with errors are
/// given too: `each` may look, nobody may emit. An instance of another environment that is read by
/// one of these is in the heads, for its account, region and name, and is not given.
///
/// Returns the heads in the same order and everything that is wrong, sorted.
pub fn lower(program: &Program, target: &Target, each: &mut dyn FnMut(&model::Instance)) -> model::Lowered {
    run::lower(program, target, each)
}

/// Evaluates every instance of every environment, and those that all of them share, for what is
/// wrong with them; a problem that several have is said once. `each` sees every instance.
pub fn check(program: &Program, set: &Settings, each: &mut dyn FnMut(&model::Instance)) -> Vec<Diagnostic> {
    run::check(program, set, each)
}

/// The partition that a region lies in: `aws`, `aws-cn`.
pub(crate) fn partition(region: &str) -> &'static str {
    builtin::partition(region)
}

/// What the addresses of a region end with: `amazonaws.com`.
#[cfg(feature = "aws")]
pub(crate) fn url_suffix(region: &str) -> &'static str {
    builtin::url_suffix(region)
}

pub use testing::{Outcome, TestRun};

/// Runs the tests that `only` wants, by title and environment, in the order of the source and of the
/// environments. `set` is what the run sets; what a test sets comes over it.
pub fn test(program: &Program, set: &Settings, only: &dyn Fn(&str, Name) -> bool) -> Vec<TestRun> {
    testing::run(program, set, only)
}

/// The problem of a secret in a place that people read. `what` is that place: `an output`.
pub(crate) fn secret_leak(what: &str, secret: &value::Later, span: Span) -> Diagnostic {
    let problem =
        Diagnostic::new(Code::SecretLeak, format!("a secret would be shown in {what}")).at(span, "made of a secret");
    let problem = if secret.origin == span { problem } else { problem.at(secret.origin, "the secret") };
    problem.help("give it to the property that needs it and to nothing else")
}

/// Where an environment is.
#[derive(Clone, Debug)]
pub struct Primary {
    /// The environment.
    pub env: Name,
    /// Its account.
    pub account: Arc<model::Account>,
    /// Its primary region.
    pub region: Arc<str>,
}

/// The environments in the order of the source, as far as they can be read.
pub fn places(program: &Program) -> Vec<Primary> {
    project::places(program)
}

/// The accounts in the order of the source.
pub fn accounts(program: &Program) -> Vec<Arc<model::Account>> {
    project::accounts(program)
}

/// Whether `stack.Name` is an input whose value nobody may see, as its type says; `*.Name` is one of any stack.
pub fn is_secret_setting(program: &Program, key: &str) -> bool {
    secrecy::is_secret_setting(program, key)
}

/// The environments in the order of the source, each with the branch that deploys it.
pub fn environments(program: &Program) -> Vec<(Name, Option<Arc<str>>)> {
    project::environments(program)
}
