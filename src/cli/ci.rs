//! `infra ci`: what a pipeline needs to plan and apply: permissions, and workflow files.

use clap::{Args, Subcommand};

use super::Context;
use super::output::Exit;

mod iam;
mod policy;

/// Print what a pipeline needs: least-privilege IAM policies
#[derive(Args)]
#[command(after_help = "Examples:
  infra ci policy                                    every policy of every account
  infra ci policy --account prod --role apply        one document, as `aws iam` takes it")]
pub(super) struct CiCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Policy(policy::Policy),
}

impl CiCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let done = match self.verb {
            Verb::Policy(policy) => policy.run(context),
        };
        done.unwrap_or_else(|exit| exit)
    }
}
