//! The forms in which problems are written, and where they go.

use clap::ValueEnum;

use super::Context;
use crate::diagnostics::{self, Diagnostic, Severity};
use crate::host::{self, Disk};
use crate::source::Sources;

/// How problems are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Drawn with the lines that they are about, on stderr
    Human,
    /// One a line: `path:line:column: severity[code]: message`
    Concise,
    /// For programs of your own
    Json,
    /// SARIF 2.1.0, for code scanners and editors
    Sarif,
    /// Workflow commands of GitHub Actions, shown beside the lines of a pull request
    Github,
}

/// Writes problems; all forms but the drawing go to stdout. How many there are is said to people.
pub(super) fn write(context: &mut Context, format: Format, found: &[Diagnostic], sources: &Sources, disk: &Disk) {
    let terminal = &mut context.terminal;
    match format {
        Format::Human if found.is_empty() => {}
        Format::Human => terminal.diagnostics(found, sources),
        Format::Concise => terminal.data(&diagnostics::to_concise(found, sources)),
        Format::Json => terminal.data(&format!("{:#}\n", diagnostics::to_json(found, sources))),
        Format::Sarif => terminal.data(&format!("{:#}\n", diagnostics::to_sarif(found, sources, &folder(disk)))),
        Format::Github => terminal.data(&diagnostics::to_github(found, sources, &folder(disk))),
    }
    match format {
        Format::Json | Format::Sarif => {}
        _ if found.is_empty() => terminal.say("no problems found"),
        _ => {
            let count = |severity| found.iter().filter(|d| d.severity == severity).count();
            let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
            terminal.say(&format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")));
        }
    }
}

/// `1 error`, `2 errors`
pub(super) fn counted(n: usize, what: &str) -> String {
    match (n, what.strip_suffix('x')) {
        (1, _) => format!("1 {what}"),
        (_, Some(_)) => format!("{n} {what}es"),
        (_, None) => format!("{n} {what}s"),
    }
}

/// Where the project lies in the repository that a workflow has checked out, with `/` at the end.
pub(super) fn folder(disk: &Disk) -> String {
    let workspace = host::variable("GITHUB_WORKSPACE");
    let below = workspace.and_then(|workspace| host::below(&disk.root, workspace.as_ref()));
    below.filter(|folder| !folder.is_empty()).map_or_else(String::new, |folder| format!("{folder}/"))
}
