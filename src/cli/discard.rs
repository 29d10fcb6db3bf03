//! `infra discard`

use std::collections::BTreeMap;

use clap::Args;

use super::Context;
use super::output::Exit;
use super::reach::Reach;
use super::saved::File;
use crate::plan;
use crate::source::Sources;

/// Take back what a saved plan left in AWS, for a plan that nobody will apply
#[derive(Args)]
#[command(after_help = "Examples:
  infra discard plan.json

Its change sets are deleted, and the empty stacks that an apply of it began
with and did not bring on. What was executed stays, and so does the file.")]
pub(super) struct Discard {
    /// The file that `infra plan -o FILE` wrote
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    reach: Reach,
}

impl Discard {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let opened = File::read(&self.file, context)
            .and_then(|file| Ok((file.open(&self.reach, None, &BTreeMap::new(), context)?, file)));
        let (session, file) = match opened {
            Ok(opened) => opened,
            Err(exit) => return exit,
        };
        let reached = &session.reached;
        let poll = session.settings.poll;
        let gone = plan::withdraw(&reached.clouds, &session.desired, &file.saved.plan, poll);
        match reached.runtime.block_on(gone) {
            Ok(gone) if gone.is_empty() => context.terminal.say("nothing of it is left"),
            Ok(gone) => gone.iter().for_each(|what| context.terminal.say(what)),
            Err(problems) => {
                context.terminal.diagnostics(&problems, &Sources::default());
                return Exit::Error;
            }
        }
        Exit::Done
    }
}
