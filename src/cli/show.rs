//! `infra show`

use clap::Args;

use super::Context;
use super::output::Exit;
use super::plan::{View, show};
use super::saved::File;

/// Show a plan file as `infra plan` showed it, without AWS
#[derive(Args)]
#[command(after_help = "Examples:
  infra show plan.json
  infra show plan.json --format markdown       for a pull request
  infra show plan.json --format html > plan.html
  infra show plan.json --format json")]
pub(super) struct Show {
    /// The file that `infra plan -o FILE` wrote
    #[arg(value_name = "FILE")]
    file: String,

    /// How to write it; `github` is `text`, with annotations for a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: View,
}

impl Show {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let file = match File::read(&self.file, context) {
            Ok(file) => file,
            Err(exit) => return exit,
        };
        context.terminal.say(&file.origin());
        show(&file.saved.plan, self.format, context);
        Exit::Done
    }
}
