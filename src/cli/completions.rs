//! `infra completions`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Context;
use super::output::Exit;

/// Print a completion script for your shell
#[derive(Args)]
#[command(after_help = "Examples:
  infra completions bash > /etc/bash_completion.d/infra
  infra completions zsh > ~/.zfunc/_infra")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "infra", &mut script);
        context.terminal.data(&String::from_utf8_lossy(&script));
        Exit::Done
    }
}
