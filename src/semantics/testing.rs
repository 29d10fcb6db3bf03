//! Tests of the language: assertions over what the stacks of an environment become.
//!
//! A test is evaluated like a stack that makes nothing. What it names is evaluated when it is first
//! asked for, exactly as a build does it; only what is known when deploying reads differently here:
//! see [`plain`]. Tests of an environment that set and stub nothing share what was evaluated.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostics::{Code, Diagnostic, Severity, nearest};
use crate::names::Name;
use crate::semantics::declare::{ModuleId, TestDecl};
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::{Frame, Place};
use crate::semantics::instances::Index;
use crate::semantics::model::Instance;
use crate::semantics::outputs::Checked;
use crate::semantics::run::Round;
use crate::semantics::units::{Unit, UnitId};
use crate::semantics::{Program, Settings, run, tops};
use crate::source::Span;
use crate::syntax::ast::{Fails, Test};

mod look;
mod plain;
mod says;

/// A test in one environment, and how it ended.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// What it shows.
    pub title: Arc<str>,
    /// Where its title stands.
    pub span: Span,
    /// The environment.
    pub env: Name,
    /// What is wrong; nothing where it passed.
    pub problems: Vec<Diagnostic>,
}

/// How a test ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Everything that it asserts holds.
    Passed,
    /// Something that it asserts does not.
    Failed,
    /// It could not be evaluated.
    Broken,
}

impl TestRun {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match self.problems.iter().all(|problem| problem.code == Code::AssertionFailed) {
            _ if self.problems.is_empty() => Outcome::Passed,
            true => Outcome::Failed,
            false => Outcome::Broken,
        }
    }
}

/// What tests need to know of the instances that are done.
#[derive(Default)]
pub(super) struct Testing<'p> {
    kept: FxHashMap<Index, Kept<'p>>,
    /// What the test sets, and where.
    set: Vec<(Arc<str>, Span)>,
}

/// An instance and its names.
struct Kept<'p> {
    frame: Frame<'p>,
    instance: Instance,
}

impl<'p> Testing<'p> {
    /// Takes an instance that is done.
    pub(super) fn keep(&mut self, at: Index, frame: Frame<'p>, instance: Instance) {
        self.kept.insert(at, Kept { frame, instance });
    }

    /// Where the test sets that.
    pub(super) fn set_at(&self, key: &str) -> Option<Span> {
        self.set.iter().find(|(name, _)| **name == *key).map(|(_, span)| *span)
    }
}

/// What is wrong with tests but for assertions that do not hold, each thing once.
pub(super) fn check(program: &Program, set: &Settings) -> Vec<Diagnostic> {
    let runs = run(program, set, &|_, _| true);
    let mut said = FxHashSet::default();
    let problems = runs.into_iter().flat_map(|run| run.problems);
    problems.filter(|p| p.code != Code::AssertionFailed && said.insert((p.code, p.span()))).collect()
}

/// Runs the tests that `only` wants, by title and environment, in the order of the source.
pub(super) fn run(program: &Program, set: &Settings, only: &dyn Fn(&str, Name) -> bool) -> Vec<TestRun> {
    let rounds: Vec<Round> = program.declared.envs.iter().map(|(env, _)| Round::of(*env, set.clone())).collect();
    let mut shared: FxHashMap<Name, Evaluator<'_>> = FxHashMap::default();
    let mut runs = Vec::new();
    for declared in &program.declared.tests {
        let Some(test) = program.test(declared.at) else { continue };
        for round in &rounds {
            let Some(env) = round.env.filter(|env| runs_in(test, *env) && only(&test.title.text, *env)) else {
                continue;
            };
            let is_plain = test.stubs.is_empty() && test.sets.is_empty() && test.fails.is_empty();
            let problems = match is_plain {
                true => one(shared.entry(env).or_insert_with(|| start(program, round)), declared, test),
                false => alone(program, env, round, declared, test),
            };
            runs.push(TestRun { title: Arc::clone(&test.title.text), span: test.title.span, env, problems });
        }
    }
    runs
}

fn runs_in(test: &Test, env: Name) -> bool {
    test.envs.is_empty() || test.envs.iter().any(|named| named.name == env)
}

/// An evaluator that knows where everything is placed.
fn start<'p>(program: &'p Program, round: &'p Round) -> Evaluator<'p> {
    let mut ev = Evaluator::new(program, round);
    ev.testing = Some(Box::default());
    run::read(&mut ev);
    run::place(&mut ev);
    ev
}

/// Runs a test that has settings or stubs of its own.
fn alone(program: &Program, env: Name, round: &Round, declared: &TestDecl, test: &Test) -> Vec<Diagnostic> {
    let (set, places, reports) = says::settings(program, round, test);
    let round = Round::of(env, set);
    let mut ev = Evaluator::new(program, &round);
    ev.testing = Some(Box::new(Testing { set: places, ..Testing::default() }));
    ev.reports = reports;
    run::read(&mut ev);
    says::bind(&mut ev, test);
    run::place(&mut ev);
    let mut problems = Vec::new();
    if !test.fails.is_empty() {
        run::instances(&mut ev, &mut |_| {});
        tops::rest(&mut ev);
        problems = expected(ev.reports.take(), &test.fails);
    }
    problems.extend(ev.reports.take());
    problems.retain(|problem| problem.severity == Severity::Error);
    problems.extend(one(&mut ev, declared, test));
    problems
}

/// Evaluates a test; gives what is wrong.
fn one<'p>(ev: &mut Evaluator<'p>, declared: &'p TestDecl, test: &'p Test) -> Vec<Diagnostic> {
    let Some(place) = place(ev) else { return Vec::new() };
    let before = std::mem::replace(&mut ev.frame, Frame::new(place));
    ev.frame.is_test = true;
    ev.frame.unit = Unit::new(UnitId::STACK, ModuleId::PROJECT, &declared.members, &test.body);
    ev.reports.next_round();
    ev.run_statements();
    let checked = ev.all_asserts();
    ev.frame = before;
    ev.reports.next_round();
    let mut problems = ev.reports.take();
    problems.retain(|problem| problem.severity == Severity::Error);
    let env = ev.round.env.map_or("", |env| env.as_str());
    if !problems.is_empty() {
        return problems;
    }
    match checked {
        Checked { undecided: Some(span), .. } => {
            let problem = Diagnostic::new(Code::NothingHere, format!("this could not be decided in `{env}`"));
            problems.push(
                problem
                    .at(span, "made of what is wrong elsewhere")
                    .help("mend the problem that is said for an earlier test"),
            );
        }
        Checked { all: 0, .. } if test.fails.is_empty() => {
            let problem = Diagnostic::new(Code::AssertionFailed, format!("nothing was asserted in `{env}`"));
            let problem = problem.at(test.title.span, "no assertion was reached");
            problems.push(problem.help("assert something outside of loops and branches, such as the length of a list"));
        }
        Checked { .. } => {}
    }
    problems
}

/// Where a test is evaluated.
fn place(ev: &Evaluator<'_>) -> Option<Place> {
    let env = ev.project.envs.iter().find(|env| Some(env.value.name) == ev.round.env)?;
    Some(Place {
        env: Some(Arc::clone(&env.value)),
        account: env.account.clone(),
        region: env.regions.first().cloned(),
        instance: None,
    })
}

/// What is left of the problems without those that a test expects; and those that did not come.
fn expected(mut found: Vec<Diagnostic>, fails: &[Fails]) -> Vec<Diagnostic> {
    for fails in fails {
        let is_meant = |problem: &Diagnostic| {
            let message = fails.message.as_ref();
            problem.code.name() == &*fails.code.text && message.is_none_or(|m| problem.message.contains(&*m.text))
        };
        let before = found.len();
        found.retain(|problem| !is_meant(problem));
        if found.len() == before {
            found.push(not_failed(fails));
        }
    }
    found
}

fn not_failed(fails: &Fails) -> Diagnostic {
    if Code::from_name(&fails.code.text).is_none() {
        let problem = Diagnostic::new(Code::UnknownName, format!("`{}` is no code of a problem", fails.code.text));
        let near = nearest(&fails.code.text, Code::ALL.iter().map(|code| code.name()));
        return match near {
            Some(near) => problem.at(fails.code.span, "not known").help(format!("write `\"{near}\"`")),
            None => {
                problem.at(fails.code.span, "not known").help("write a code as problems show it: `\"out-of-range\"`")
            }
        };
    }
    let message = match &fails.message {
        Some(message) => format!("no `{}` says `{}`", fails.code.text, message.text),
        None => format!("there is no `{}`", fails.code.text),
    };
    Diagnostic::new(Code::AssertionFailed, message)
        .at(fails.code.span, "expected, and did not come")
        .help("look at what the stacks do with these settings, or take this out")
}
