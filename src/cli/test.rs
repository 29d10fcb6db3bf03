//! `infra test`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::output::Exit;
use super::{Context, project};
use crate::diagnostics::{self, Style};
use crate::graph::escape;
use crate::semantics::{self, Outcome, Program, TestRun};
use crate::source::Sources;

/// Run the project's tests: assertions over what is compiled, without AWS
#[derive(Args)]
#[command(after_help = "Examples:
  infra test                            every test, in each of its environments
  infra test zones --env dev            those with `zones` in their titles, in `dev`
  infra test --format junit > test.xml  for CI

Exit codes: 0 all passed, 1 one did not.")]
pub(super) struct Test {
    /// Run the tests whose titles contain this, in capitals or not
    filter: Option<String>,

    /// Run them in this environment only
    #[arg(long, value_name = "ENV")]
    env: Option<String>,

    /// Set an input or a param where a test does not: `stack.Input=value`, `param=value`
    #[arg(long, value_name = "NAME=VALUE", value_parser = project::assignment)]
    set: Vec<(String, String)>,

    /// `human` draws on stderr, `json` and `junit` write to stdout
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    Junit,
}

impl Test {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let (_, program) = match project::load(context) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        if diagnostics::has_errors(&program.diagnostics) {
            context.terminal.diagnostics(&program.diagnostics, &program.sources);
            return Exit::Error;
        }
        if let Some(why) = self.no_such_env(&program) {
            return context.terminal.fail(&why);
        }
        let wanted = self.filter.as_ref().map(|filter| filter.to_lowercase());
        let set: BTreeMap<Arc<str>, Arc<str>> =
            self.set.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
        let runs = semantics::test(&program, &set, &|title, env| {
            wanted.as_ref().is_none_or(|wanted| title.to_lowercase().contains(wanted))
                && self.env.as_ref().is_none_or(|only| only == env.as_str())
        });
        if runs.is_empty() && self.filter.is_some() {
            let filter = self.filter.as_deref().unwrap_or_default();
            return context
                .terminal
                .fail(&format!("no test has `{filter}` in its title; `infra test` runs all of them"));
        }
        match self.format {
            Format::Human => human(&runs, &program.sources, context),
            Format::Json => context.terminal.data(&format!("{:#}\n", to_json(&runs, &program.sources))),
            Format::Junit => context.terminal.data(&to_junit(&runs, &program.sources)),
        }
        let passed = runs.iter().all(|run| run.outcome() == Outcome::Passed);
        if passed { Exit::Done } else { Exit::Error }
    }

    fn no_such_env(&self, program: &Program) -> Option<String> {
        let env = self.env.as_ref()?;
        let all = semantics::environments(program);
        if all.iter().any(|(name, _)| name.as_str() == env) {
            return None;
        }
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        Some(format!("there is no environment `{env}`; name one of: {}", names.join(", ")))
    }
}

/// Every test on a line of its own, what is wrong below it, and the sum.
fn human(runs: &[TestRun], sources: &Sources, context: &mut Context) {
    let terminal = &mut context.terminal;
    for run in runs {
        let (word, style) = match run.outcome() {
            Outcome::Passed => ("passed", "32"),
            Outcome::Failed => ("failed", "1;31"),
            Outcome::Broken => ("broken", "1;31"),
        };
        let word = terminal.paint(word, style);
        terminal.say(&format!("{word}  {}  {}", run.env, printed(&run.title)));
        if !run.problems.is_empty() {
            terminal.say("");
            terminal.diagnostics(&run.problems, sources);
        }
    }
    let count = |outcome| runs.iter().filter(|run| run.outcome() == outcome).count();
    let (passed, failed, broken) = (count(Outcome::Passed), count(Outcome::Failed), count(Outcome::Broken));
    let sum = match (failed, broken) {
        _ if runs.is_empty() => "there are no tests".to_owned(),
        (0, 0) => format!("{passed} passed"),
        (_, 0) => format!("{passed} passed, {failed} failed"),
        _ => format!("{passed} passed, {failed} failed, {broken} broken"),
    };
    terminal.say(&sum);
}

/// A title on one line, without what a terminal would carry out.
fn printed(title: &str) -> String {
    title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `{format_version, passed, failed, broken, tests: [{title, env, file, line, outcome, diagnostics}]}`
fn to_json(runs: &[TestRun], sources: &Sources) -> Value {
    let count = |outcome| runs.iter().filter(|run| run.outcome() == outcome).count();
    let tests: Vec<Value> = runs
        .iter()
        .map(|run| {
            let place = sources.locate(run.span);
            let found = diagnostics::to_json(&run.problems, sources);
            json!({
                "title": &*run.title,
                "env": run.env.as_str(),
                "file": place.file,
                "line": place.line,
                "outcome": outcome(run),
                "diagnostics": found.get("diagnostics"),
            })
        })
        .collect();
    json!({
        "format_version": 1,
        "passed": count(Outcome::Passed),
        "failed": count(Outcome::Failed),
        "broken": count(Outcome::Broken),
        "tests": tests,
    })
}

fn outcome(run: &TestRun) -> &'static str {
    match run.outcome() {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Broken => "broken",
    }
}

/// The XML that CI systems read: a suite for each environment, in the order in which they come.
fn to_junit(runs: &[TestRun], sources: &Sources) -> String {
    let mut envs = Vec::new();
    runs.iter().for_each(|run| {
        if !envs.contains(&run.env) {
            envs.push(run.env);
        }
    });
    let counts = |runs: &[&TestRun]| {
        let count = |outcome| runs.iter().filter(|run| run.outcome() == outcome).count();
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
            runs.len(),
            count(Outcome::Failed),
            count(Outcome::Broken)
        )
    };
    // Writing into a string cannot fail.
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(out, "<testsuites {}>", counts(&runs.iter().collect::<Vec<_>>()));
    for env in envs {
        let suite: Vec<&TestRun> = runs.iter().filter(|run| run.env == env).collect();
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escape(env.as_str()), counts(&suite));
        for run in suite {
            let place = sources.locate(run.span);
            let (file, title) = (escape(place.file), escape(&run.title));
            let _ = write!(
                out,
                "    <testcase name=\"{title}\" classname=\"{file}\" file=\"{file}\" line=\"{}\"",
                place.line
            );
            let element = match run.outcome() {
                Outcome::Passed => {
                    out.push_str("/>\n");
                    continue;
                }
                Outcome::Failed => "failure",
                Outcome::Broken => "error",
            };
            let first = run.problems.first();
            let (message, code) = first.map_or(("", ""), |problem| (problem.message.as_str(), problem.code.name()));
            let text = diagnostics::render(&run.problems, sources, Style { colour: false, width: 100 });
            let _ = writeln!(
                out,
                ">\n      <{element} message=\"{}\" type=\"{code}\">{}</{element}>\n    </testcase>",
                escape(message),
                escape(text.trim_end())
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}
