//! `infra check`

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use super::output::Exit;
use super::{Context, project};
use crate::build;
use crate::diagnostics::{self, Severity};

/// Find every mistake in the project, for all environments, without AWS
#[derive(Args)]
#[command(after_help = "Examples:
  infra check
  infra check --format json     for editors and CI

Exit codes: 0 no error, 1 errors. Warnings do not fail.")]
pub(super) struct Check {
    /// `human` draws on stderr, `json` writes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Check {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let (_, program) = match project::load(context) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        let found = build::check(&program, &BTreeMap::new());
        match self.format {
            Format::Json => {
                let json = diagnostics::to_json(&found, &program.sources);
                context.terminal.data(&format!("{json:#}\n"));
            }
            Format::Human if found.is_empty() => context.terminal.say("no problems found"),
            Format::Human => {
                context.terminal.diagnostics(&found, &program.sources);
                let count = |severity| found.iter().filter(|d| d.severity == severity).count();
                let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
                let summary = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
                context.terminal.say(&summary);
            }
        }
        if diagnostics::has_errors(&found) { Exit::Error } else { Exit::Done }
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
