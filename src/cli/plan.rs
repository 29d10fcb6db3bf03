//! `infra plan`

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::output::Exit;
use super::session::{Allowed, Options, Orphans, Patience, Session};
use super::{Context, problems, progress::Progress, project, saved};
use crate::plan::{self, Leaves, Plan};

/// Show exactly what an apply would change
#[derive(Args)]
#[command(after_help = "Examples:
  infra plan --env dev
  infra plan --env dev api                           one stack only
  infra plan --env dev --set api.Image=repo:2        with another input
  infra plan --env dev --sandbox                     against the simulator
  infra plan --env dev --format json > shown.json
  infra plan --env dev --format markdown             for a pull request
  infra plan --env dev --format html > plan.html     one page, for a browser
  infra plan --env dev -o plan.json                  for `infra apply plan.json`
  infra plan --env dev --read-only                   makes no call that writes
  infra plan --env dev --prune                       with what the source lost
  infra plan --env dev --allow replace:orders/Db     the data in it may go

Exit codes: 0 no error, 1 error, 2 changes planned (--detailed-exitcode).")]
pub(super) struct PlanCommand {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    orphans: Orphans,

    #[command(flatten)]
    patience: Patience,

    #[command(flatten)]
    allowed: Allowed,

    /// How to write it; `github` is `text`, with annotations for a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: View,

    /// Save it to FILE, with its change sets, for `infra apply FILE`
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: Option<PathBuf>,

    /// Make no call that writes: what an update does is computed here, and CloudFormation not asked
    #[arg(long, conflicts_with = "output")]
    read_only: bool,

    /// Exit with 2 where there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

/// How a plan is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum View {
    Text,
    Markdown,
    // No help of its own: one such text makes the help of every option take a line of its own.
    Github,
    Html,
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
        if self.format == View::Github {
            let folder = problems::folder(&project::disk(context));
            context.terminal.annotate(folder);
        }
        let mut session = match Session::with_orphans(&self.options, &self.orphans, context) {
            Ok(session) => session.waiting(&self.patience),
            Err(exit) => return exit,
        };
        session.settings.leaves = match self.output {
            _ if self.read_only => Leaves::Nothing,
            Some(_) => Leaves::KeptChangeSets,
            None => Leaves::ChangeSets,
        };
        let made = match make(&mut session, &self.allowed, context) {
            Ok(plan) => plan,
            Err(exit) => return exit,
        };
        show(&made, self.format, context);
        match &self.output {
            None => discard(&session, &made, context),
            Some(file) => {
                if let Err(exit) = saved::write(file, &made, &session, context) {
                    discard(&session, &made, context);
                    return exit;
                }
                let name = file.display();
                context.terminal.say(&format!(
                    "saved; `infra apply {name}` does exactly that, `infra discard {name}` takes it back"
                ));
            }
        }
        if self.detailed_exitcode && made.has_changes() { Exit::Changes } else { Exit::Done }
    }
}

/// Writes a plan as it is asked for. For people, its digest is at the end, for `infra apply --expect`.
pub(super) fn show(plan: &Plan, view: View, context: &mut Context) {
    let shown = text(plan, context);
    let shown = match plan.has_changes() && !plan.is_local() {
        true => format!("{shown}\ndigest {}\n", plan.digest()),
        false => shown,
    };
    let terminal = &mut context.terminal;
    match view {
        View::Text => terminal.text(&shown),
        View::Github => {
            terminal.text(&shown);
            let folder = problems::folder(&project::disk(context));
            context.terminal.data(&plan::to_github(plan, &folder));
        }
        View::Markdown => terminal.data(&plan::to_markdown(plan)),
        View::Html => terminal.data(&plan::to_html(plan)),
        View::Json => terminal.data(&format!("{:#}\n", plan::to_json(plan))),
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
pub(super) fn make(session: &mut Session, allowed: &Allowed, context: &mut Context) -> Result<Plan, Exit> {
    session.settings.allow = allowed.list();
    let observer: Arc<dyn plan::Observer> = Arc::new(Progress::new(context.terminal.is_live()));
    let clouds = &session.reached.clouds;
    let made = session.reached.runtime.block_on(plan::plan(clouds, &session.desired, &session.settings, &observer));
    let mut plan = made.map_err(|problems| {
        context.terminal.diagnostics(&problems, &session.sources);
        Exit::Error
    })?;
    session.locate(&mut plan);
    allowed.tell_idle(&plan, context);
    Ok(plan)
}

/// A plan for people.
pub(super) fn text(plan: &Plan, context: &Context) -> String {
    plan::to_text(plan, plan::Style { colour: context.terminal.out_colour(), width: context.terminal.out_width() })
}
