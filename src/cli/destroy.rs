//! `infra destroy`

use std::sync::Arc;

use clap::Args;

use super::Context;
use super::apply::{Consent, carry_out};
use super::output::Exit;
use super::progress::Progress;
use super::session::{Options, Orphans, Patience, Session};
use crate::plan;

/// Delete stacks, consumers before producers
#[derive(Args)]
#[command(after_help = "Examples:
  infra destroy --env dev
  infra destroy --env dev api          one stack; refused while others use its outputs
  infra destroy --env dev --yes        without asking
  infra destroy --env dev --prune      with stacks that the source no longer has

Protected resources and stacks are not deleted: take `@protect` or `@termination_protection` off
and apply first.")]
pub(super) struct DestroyCommand {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    orphans: Orphans,

    #[command(flatten)]
    patience: Patience,

    #[command(flatten)]
    consent: Consent,
}

impl DestroyCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let session = match Session::with_orphans(&self.options, &self.orphans, context) {
            Ok(session) => session.waiting(&self.patience),
            Err(exit) => return exit,
        };
        let observer: Arc<dyn plan::Observer> = Arc::new(Progress::new(context.terminal.is_live()));
        let (clouds, runtime) = (&session.reached.clouds, &session.reached.runtime);
        match runtime.block_on(plan::destroy(clouds, &session.desired, &session.settings, &observer)) {
            Ok(mut plan) => {
                session.locate(&mut plan);
                carry_out(&session, &plan, &self.consent, "Delete all of this?", context)
            }
            Err(problems) => {
                context.terminal.diagnostics(&problems, &session.sources);
                Exit::Error
            }
        }
    }
}
