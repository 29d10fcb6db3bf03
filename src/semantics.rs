//! What a program means: names, types, phases, evaluation -> [`model`].
//!
//! There is one evaluator. It runs each instance of each stack with what is known while
//! compiling; what is known only when deploying is a [`value::Later`], carried with its type.
//! Branches that an environment does not take are evaluated *dry*: their names, properties and
//! types are checked, their values are not. So every error is found once, with real values at
//! hand, and no second type checker can disagree with the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::schema::Types;
use crate::source::{SourceFile, Sources};
use crate::syntax::ast;

mod conform;
mod eval;
mod fits;
mod functions;
pub mod model;
mod operators;
mod text;
mod types;
pub mod value;

/// A whole project: every file parsed, every top-level name known.
pub struct Program {
    /// The texts.
    pub sources: Sources,
    /// Their trees, in the order of [`Sources`].
    pub files: Vec<ast::File>,
    /// The resource types it may use.
    pub types: &'static Types,
    /// What is wrong so far.
    pub diagnostics: Vec<Diagnostic>,
    /// Project, accounts, environments, stacks, lets and params by name.
    pub(crate) declared: declare::Declared,
}

/// What a run asks for.
#[derive(Clone, Default, Debug)]
pub struct Target {
    /// The environment; `None` evaluates the shared stacks only.
    pub env: Option<Name>,
    /// `--set name=value` and `--set stack.name=value`, by the part before `=`. Text, as typed.
    pub set: BTreeMap<Arc<str>, Arc<str>>,
    /// With the stacks that no environment owns (`@in`): they are evaluated anyway where an
    /// instance of the environment uses them.
    pub shared: bool,
}

/// Parses every file and collects what is declared at the top. Never fails.
pub fn analyze(files: Vec<SourceFile>, types: &'static Types) -> Program {
    declare::analyze(files, types)
}

/// Evaluates every instance that `target` asks for, producers before consumers, and gives each to
/// `each` as soon as it is done, so that only one needs to be in memory. Instances with errors are
/// given too: `each` may look, nobody may emit.
///
/// Returns the heads in the same order and everything that is wrong, sorted.
pub fn lower(program: &Program, target: &Target, each: &mut dyn FnMut(&model::Instance)) -> model::Lowered {
    run::lower(program, target, each)
}
