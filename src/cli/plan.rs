//! `infra plan`

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::output::Exit;
use super::session::{Options, Session};
use super::{Context, progress::Progress};
use crate::plan::{self, Plan};

/// Show exactly what an apply would change
#[derive(Args)]
#[command(after_help = "Examples:
  infra plan --env dev
  infra plan --env dev api                           one stack only
  infra plan --env dev --set api.Image=repo:2        with another input
  infra plan --env dev --sandbox                     against the simulator
  infra plan --env dev --format json > plan.json
  infra plan --env dev --format markdown             for a pull request

Exit codes: 0 no error, 1 error, 2 changes planned (--detailed-exitcode).")]
pub(super) struct PlanCommand {
    #[command(flatten)]
    options: Options,

    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: View,

    /// Exit with 2 where there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

/// How a plan is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum View {
    Text,
    Markdown,
    Json,
}

/// How reports and lists are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl PlanCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let session = match Session::open(&self.options, context) {
            Ok(session) => session,
            Err(exit) => return exit,
        };
        let made = match make(&session, context) {
            Ok(plan) => plan,
            Err(exit) => return exit,
        };
        let shown = match self.format {
            View::Text => text(&made, context),
            View::Markdown => plan::to_markdown(&made),
            View::Json => format!("{:#}\n", plan::to_json(&made)),
        };
        context.terminal.data(&shown);
        discard(&session, &made, context);
        if self.detailed_exitcode && made.has_changes() { Exit::Changes } else { Exit::Done }
    }
}

/// Nobody will apply this plan any more: a change set that stays behind would only be in the way.
pub(super) fn discard(session: &Session, plan: &Plan, context: &mut Context) {
    let discarded = plan::discard(&session.reached.clouds, &session.desired, plan);
    if let Err(error) = session.reached.runtime.block_on(discarded) {
        context.terminal.say(&format!("could not remove a change set of this plan: {error}"));
    }
}

/// Plans, saying what stands in the way.
pub(super) fn make(session: &Session, context: &mut Context) -> Result<Plan, Exit> {
    let observer: Arc<dyn plan::Observer> = Arc::new(Progress::new(context.terminal.is_live()));
    let clouds = &session.reached.clouds;
    let made = session.reached.runtime.block_on(plan::plan(clouds, &session.desired, &session.settings, &observer));
    made.map_err(|problems| {
        context.terminal.diagnostics(&problems, &session.program.sources);
        Exit::Error
    })
}

/// A plan for people.
pub(super) fn text(plan: &Plan, context: &Context) -> String {
    plan::to_text(plan, plan::Style { colour: context.terminal.out_colour(), width: context.terminal.out_width() })
}
