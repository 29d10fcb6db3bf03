//! `infra watch`

use std::sync::Arc;

use clap::Args;

use super::Context;
use super::output::Exit;
use super::progress::Progress;
use super::session::{Options, Session};
use super::signals::attended;
use crate::apply::{self, Other, Outcome, StackReport, Watched};
use crate::plan::{StackAction, clean};

/// Follow what runs already, whoever began it, to its end
#[derive(Args)]
#[command(after_help = "Examples:
  infra watch --env prod        after Ctrl-C, a lost connection, a cancelled job
  infra watch --env prod api    one stack

Changes nothing, and may be left at any time. What an apply had not yet begun
is not begun here: run that again, and it goes on with the rest.

Exit codes: 0 all ended well or nothing runs, 1 an operation failed or an error,
4 outcome unknown, 130 interrupted.")]
pub(super) struct WatchCommand {
    #[command(flatten)]
    options: Options,
}

impl WatchCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        self.follow(context).unwrap_or_else(|exit| exit)
    }

    fn follow(&self, context: &mut Context) -> Result<Exit, Exit> {
        let mut session = Session::open(&self.options, context)?;
        if self.options.selection.count() == 0 {
            session.look_for_orphans(context);
        }
        let progress = Arc::new(Progress::new(context.terminal.is_live()));
        let observer: Arc<dyn apply::Observer> = progress.clone();
        let settings = session.following();
        // There is nothing that it could not begin: the first signal leaves.
        settings.stop.ask();
        let work = apply::watch(&session.reached.clouds, &session.desired, &session.settings, &settings, &observer);
        let watched = session.reached.runtime.block_on(attended(work, &settings.stop, &progress, context));
        let Watched { others, report } = watched.map_err(|problems| {
            context.terminal.diagnostics(&problems, &session.sources);
            Exit::Error
        })?;
        let wrong = report.diagnostics();
        if !wrong.is_empty() {
            context.terminal.every_diagnostic(&wrong, &session.sources);
        }
        let mut told: String = others.iter().map(other).collect();
        told.extend(report.stacks.iter().map(ended));
        if report.stacks.is_empty() {
            told.push_str("\nnothing runs\n");
        }
        context.terminal.text(&told);
        Ok(Exit::of_code(report.exit_code()))
    }
}

fn other(other: &Other) -> String {
    let word = if other.is_ours { "nothing runs" } else { "not ours" };
    let status = other.status.as_ref().map_or("not deployed", |status| status.as_str());
    format!("{word:<12} {}: {}\n", other.id, clean(status))
}

fn ended(stack: &StackReport) -> String {
    let word = match (stack.outcome, stack.action) {
        (Outcome::Done, StackAction::Create) => "created",
        (Outcome::Done, StackAction::Delete) => "deleted",
        (Outcome::Done, StackAction::None) => "rolled back",
        (Outcome::Done, _) => "updated",
        (Outcome::Failed, _) => "failed",
        _ => "unknown",
    };
    let notes = stack.notes.iter().map(|note| format!("{:<12} note: {}\n", "", clean(note)));
    format!("{word:<12} {}\n{}", stack.id, notes.collect::<String>())
}
