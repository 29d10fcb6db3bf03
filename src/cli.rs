//! The command line: what people type, and which engine answers. One file per command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "aws")]
mod apply;
mod build;
mod check;
#[cfg(feature = "aws")]
mod ci;
mod completions;
mod contract;
#[cfg(feature = "aws")]
mod destroy;
#[cfg(feature = "aws")]
mod discard;
mod doc;
#[cfg(feature = "aws")]
mod drift;
mod explain;
mod fmt;
mod from_compose;
mod graph;
mod hidden;
#[cfg(feature = "aws")]
mod ls;
mod output;
#[cfg(feature = "aws")]
mod plan;
mod problems;
#[cfg(feature = "aws")]
mod progress;
mod project;
#[cfg(feature = "aws")]
mod reach;
#[cfg(feature = "aws")]
mod recover;
#[cfg(feature = "aws")]
mod sandbox;
#[cfg(feature = "aws")]
mod saved;
#[cfg(feature = "aws")]
mod select;
#[cfg(feature = "aws")]
mod session;
#[cfg(feature = "aws")]
mod show;
#[cfg(feature = "aws")]
mod signals;
mod test;
#[cfg(feature = "aws")]
mod watch;

use output::{ColourChoice, Exit, Terminal};

/// Everything that may be typed.
#[derive(Parser)]
#[command(
    name = "infra",
    version,
    about = "Declare AWS infrastructure, plan it, apply it",
    long_about = None,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Examples:
  infra check                          find every mistake, without AWS
  infra plan --env dev                 show exactly what would change
  infra apply --env prod --yes         change it
  infra apply --env dev --sandbox      the same against the simulator, no account needed

Exit codes: 0 done or nothing to do, 1 error, 2 changes planned (--detailed-exitcode),
3 the plan no longer holds, 4 outcome unknown, 130 declined or interrupted.
After 4 or 130, `infra watch` follows what goes on in AWS."
)]
struct Cli {
    /// Work on the project in DIR instead of here
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    directory: Option<PathBuf>,

    /// When to use colours: `auto`, `always` or `never`
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_possible_values = true)]
    color: ColourChoice,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Check),
    Test(test::Test),
    #[cfg(feature = "aws")]
    Plan(plan::PlanCommand),
    #[cfg(feature = "aws")]
    Apply(apply::ApplyCommand),
    #[cfg(feature = "aws")]
    Show(show::Show),
    #[cfg(feature = "aws")]
    Discard(discard::Discard),
    #[cfg(feature = "aws")]
    Destroy(destroy::DestroyCommand),
    #[cfg(feature = "aws")]
    Watch(watch::WatchCommand),
    #[cfg(feature = "aws")]
    Recover(recover::RecoverCommand),
    #[cfg(feature = "aws")]
    Drift(drift::DriftCommand),
    #[cfg(feature = "aws")]
    Outputs(ls::Outputs),
    #[cfg(feature = "aws")]
    Ls(ls::Ls),
    #[cfg(feature = "aws")]
    Sandbox(sandbox::SandboxCommand),
    Build(build::Build),
    Contract(contract::ContractCommand),
    #[cfg(feature = "aws")]
    Ci(ci::CiCommand),
    Graph(graph::Graph),
    Fmt(fmt::Fmt),
    FromCompose(from_compose::FromCompose),
    Explain(explain::Explain),
    Doc(doc::Doc),
    Completions(completions::Completions),
}

/// What every command gets.
struct Context {
    terminal: Terminal,
    directory: Option<PathBuf>,
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help and version to stdout with 0, mistakes to stderr.
            let mistake = error.use_stderr();
            return if error.print().is_ok() && !mistake { Exit::Done.into() } else { Exit::Error.into() };
        }
    };
    let mut context = Context { terminal: Terminal::new(cli.color), directory: cli.directory };
    let exit = match cli.command {
        Command::Check(c) => c.run(&mut context),
        Command::Test(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Plan(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Apply(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Show(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Discard(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Destroy(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Watch(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Recover(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Drift(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Outputs(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Ls(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Sandbox(c) => c.run(&mut context),
        Command::Build(c) => c.run(&mut context),
        Command::Contract(c) => c.run(&mut context),
        #[cfg(feature = "aws")]
        Command::Ci(c) => c.run(&mut context),
        Command::Graph(c) => c.run(&mut context),
        Command::Fmt(c) => c.run(&mut context),
        Command::FromCompose(c) => c.run(&mut context),
        Command::Explain(c) => c.run(&mut context),
        Command::Doc(c) => c.run(&mut context),
        Command::Completions(c) => c.run(&mut context),
    };
    context.terminal.finish(exit).into()
}
