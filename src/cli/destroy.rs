//! `infra destroy`

use std::sync::Arc;

use clap::Args;

use super::Context;
use super::apply::{Consent, carry_out};
use super::output::Exit;
use super::progress::Progress;
use super::session::{Allowed, Options, Orphans, Patience, Session};
use crate::plan::{self, Act, Allow, Plan};

/// Delete stacks, consumers before producers
#[derive(Args)]
#[command(after_help = "Examples:
  infra destroy --env dev
  infra destroy --env dev api          one stack; refused while others use its outputs
  infra destroy --env dev --yes        without asking
  infra destroy --env dev --prune      with stacks that the source no longer has
  infra destroy --env dev --yes --allow 'delete:*'     with all data
  infra destroy --env dev --empty      with what is in its buckets and repositories

Who is asked, is asked for the data too; with `--yes`, `--allow` says which may go. What is
protected only goes if its name is in an `--allow`; a stack with `@termination_protection` does
not: take that off and apply first.")]
pub(super) struct DestroyCommand {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    orphans: Orphans,

    #[command(flatten)]
    patience: Patience,

    #[command(flatten)]
    allowed: Allowed,

    /// Delete what is in the buckets and image repositories that go, in every version; AWS keeps them otherwise
    #[arg(long)]
    empty: bool,

    #[command(flatten)]
    consent: Consent,
}

impl DestroyCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let mut session = match Session::with_orphans(&self.options, &self.orphans, context) {
            Ok(session) => session.waiting(&self.patience),
            Err(exit) => return exit,
        };
        session.settings.allow = self.allowed.list();
        session.settings.empty = self.empty;
        if !self.consent.yes {
            session.settings.allow.push(Allow::all(Act::Delete));
        }
        let observer: Arc<dyn plan::Observer> = Arc::new(Progress::new(context.terminal.is_live()));
        let (clouds, runtime) = (&session.reached.clouds, &session.reached.runtime);
        match runtime.block_on(plan::destroy(clouds, &session.desired, &session.settings, &observer)) {
            Ok(mut plan) => {
                session.locate(&mut plan);
                self.allowed.tell_idle(&plan, context);
                carry_out(&session, &plan, &self.consent, &question(&plan), context)
            }
            Err(problems) => {
                context.terminal.diagnostics(&problems, &session.sources);
                Exit::Error
            }
        }
    }
}

/// Names what cannot be brought back.
fn question(plan: &Plan) -> String {
    match plan.lost() {
        0 => "Delete all of this?".to_owned(),
        1 => "Delete all of this, and the data in 1 resource?".to_owned(),
        n => format!("Delete all of this, and the data in {n} resources?"),
    }
}
