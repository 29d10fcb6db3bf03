//! `infra ci`: what a pipeline needs to plan and apply: permissions, and workflow files.

use clap::{Args, Subcommand};

use super::Context;
use super::output::Exit;

mod artifact;
mod codepipeline;
mod github;
mod iam;
mod policy;
mod workflow;
mod written;

/// Print or write what a pipeline needs: least-privilege IAM policies, workflows
#[derive(Args)]
#[command(after_help = "Examples:
  infra ci policy                                    every policy of every account
  infra ci policy --account prod --role apply        one document, as `aws iam` takes it
  infra ci github --install ./install-infra          workflows that plan and apply
  infra ci codepipeline --env prod --install ./install-infra --bucket sources --key shop.zip
                                                     a pipeline inside AWS")]
pub(super) struct CiCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Policy(policy::Policy),
    Github(github::Github),
    Codepipeline(codepipeline::Codepipeline),
    Artifact(artifact::Artifact),
}

impl CiCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let done = match self.verb {
            Verb::Policy(policy) => policy.run(context),
            Verb::Github(github) => github.run(context),
            Verb::Codepipeline(pipeline) => pipeline.run(context),
            Verb::Artifact(artifact) => artifact.run(context),
        };
        done.unwrap_or_else(|exit| exit)
    }
}
