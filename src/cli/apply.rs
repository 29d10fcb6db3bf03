//! `infra apply`

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Context;
use super::output::Exit;
use super::plan::{Format, discard, make, text};
use super::progress::Progress;
use super::project::Restated;
use super::saved::File;
use super::session::{self, Allowed, Options, Orphans, Patience, Session};
use super::signals::attended;
use crate::apply::{self, Report, Stop};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Plan;
use crate::source::Sources;

/// Plan, show, ask, and change AWS accordingly
#[derive(Args)]
#[command(after_help = "Examples:
  infra apply --env dev
  infra apply --env prod --yes                  in CI, where nobody can answer
  infra apply --env dev --set api.Image=repo:2
  infra apply --env prod --yes --expect DIGEST  only the plan with this digest
  infra apply plan.json                         what `infra plan -o` saved
  infra apply --env dev --sandbox --yes         against the simulator

What has a `.` or a `/` is a plan file. Nobody is asked, and nothing is done
if anything moved since it was saved.

Ctrl-C or SIGTERM starts nothing new and follows what runs; twice leaves at
once. `infra watch` follows what is left; the same command again goes on there.

Exit codes: 0 applied or nothing to do, 1 error, 3 the plan no longer holds,
4 outcome unknown, 130 declined or interrupted.")]
pub(super) struct ApplyCommand {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    orphans: Orphans,

    #[command(flatten)]
    patience: Patience,

    #[command(flatten)]
    allowed: Allowed,

    /// Go on only if the plan has this digest, as `infra plan` shows it at its end
    #[arg(long, value_name = "DIGEST")]
    expect: Option<String>,

    /// How old a plan file may be: `90m`, `24h`, `7d`
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = session::age)]
    max_age: Duration,

    #[command(flatten)]
    consent: Consent,
}

/// What commands that change AWS share.
#[derive(Args)]
pub(super) struct Consent {
    /// Do not ask
    #[arg(short = 'y', long)]
    pub(super) yes: bool,

    /// Stacks that may be under way at once
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    concurrency: u16,

    /// How to write the report; with `json` the plan goes to stderr
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl ApplyCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let done = match self.options.selection.file() {
            Some(name) => self.saved(name, context),
            None => self.anew(context),
        };
        done.unwrap_or_else(|exit| exit)
    }

    /// Plans and applies.
    fn anew(&self, context: &mut Context) -> Result<Exit, Exit> {
        let mut session = Session::with_orphans(&self.options, &self.orphans, context)?.waiting(&self.patience);
        let plan = make(&mut session, &self.allowed, context)?;
        if let Err(exit) = self.expected(&plan, context) {
            discard(&session, &plan, context);
            return Err(exit);
        }
        Ok(carry_out(&session, &plan, &self.consent, "Apply these changes?", context))
    }

    /// Applies a plan that was saved, and so agreed to: nobody is asked.
    fn saved(&self, name: &str, context: &mut Context) -> Result<Exit, Exit> {
        if self.options.selection.count() > 1 {
            return Err(context.terminal.fail("a plan file says by itself which stacks it changes; give it alone"));
        }
        if self.orphans.prune {
            return Err(context.terminal.fail("a plan file says by itself which stacks go; leave `--prune` out"));
        }
        self.allowed.none().map_err(|why| context.terminal.fail(&why))?;
        let file = File::read(name, context)?;
        let Restated { env, set } = self.options.choice.restated().map_err(|why| context.terminal.fail(&why))?;
        let session = file.open(&self.options.reach, env, &set, context)?;
        file.is_fresh(self.max_age, context)?;
        self.expected(&file.saved.plan, context)?;
        file.complete(&set, context)?;
        let reached = &session.reached;
        let holds = apply::preflight(&reached.clouds, &session.desired, &file.saved.plan);
        if let Err(problems) = reached.runtime.block_on(holds) {
            context.terminal.diagnostics(&problems, &session.sources);
            let stale = problems.iter().any(|problem| problem.code == Code::StalePlan);
            return Err(if stale { Exit::Stale } else { Exit::Error });
        }
        let consent = Consent { yes: true, ..self.consent };
        Ok(carry_out(&session, &file.saved.plan, &consent, "", context))
    }

    /// Refuses another plan than the one that was looked at.
    fn expected(&self, plan: &Plan, context: &mut Context) -> Result<(), Exit> {
        let digest = plan.digest();
        let Some(expected) = self.expect.as_deref().map(str::trim).filter(|e| *e != digest) else { return Ok(()) };
        let message = format!("the plan is not the expected one: its digest is {digest}, and not {expected}");
        let told = Diagnostic::new(Code::StalePlan, message)
            .help("look at what `infra plan` shows now, and expect that; nothing was done");
        context.terminal.diagnostics(&[told], &Sources::default());
        Err(Exit::Stale)
    }
}

/// Shows `plan`, asks, and does it.
pub(super) fn carry_out(
    session: &Session,
    plan: &Plan,
    consent: &Consent,
    question: &str,
    context: &mut Context,
) -> Exit {
    let shown = text(plan, context);
    match consent.format {
        Format::Text => context.terminal.text(&shown),
        Format::Json => context.terminal.say(&shown),
    }
    if plan.has_changes() && !consent.yes {
        if !context.terminal.can_ask() {
            discard(session, plan, context);
            return context.terminal.fail("nobody can answer here; give `--yes` to apply without asking");
        }
        if !context.terminal.confirm(question) {
            discard(session, plan, context);
            context.terminal.say("nothing was changed");
            return Exit::Declined;
        }
    }
    let report = execute(session, plan, consent, context);
    if context.terminal.is_live() && plan.has_changes() {
        // What is done stands apart from how it came about.
        context.terminal.say("");
    }
    let wrong = report.diagnostics();
    if !wrong.is_empty() {
        context.terminal.every_diagnostic(&wrong, &session.sources);
    }
    match consent.format {
        Format::Json => context.terminal.data(&format!("{:#}\n", apply::to_json(&report))),
        Format::Text if plan.has_changes() => context.terminal.text(&apply::to_text(&report)),
        Format::Text => {}
    }
    Exit::of_code(report.exit_code())
}

fn execute(session: &Session, plan: &Plan, consent: &Consent, context: &mut Context) -> Report {
    let stop = Stop::default();
    let settings =
        apply::Settings { concurrency: consent.concurrency.into(), stop: stop.clone(), ..session.following() };
    let progress = Arc::new(Progress::new(context.terminal.is_live()));
    let observer: Arc<dyn apply::Observer> = progress.clone();
    let reached = &session.reached;
    let work = apply::apply(&reached.clouds, &session.desired, plan, &settings, &observer);
    reached.runtime.block_on(attended(work, &stop, &progress, context))
}
