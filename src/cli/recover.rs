//! `infra recover`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Args;

use super::Context;
use super::output::Exit;
use super::progress::Progress;
use super::select::matching;
use super::session::{Options, Patience, Session};
use super::signals::attended;
use crate::apply::{self, Outcome, Recovery};
use crate::diagnostics::Diagnostic;
use crate::plan::{self, Stuck, clean};

/// Bring stacks that are stuck in a failed update back to where they were
#[derive(Args)]
#[command(after_help = "Examples:
  infra recover --env dev                        say what is stuck and why, ask, go on with the rollback
  infra recover --env dev network --yes          one stack, without asking
  infra recover --env dev --skip network/Vpc     leave Vpc out of the rollback

Mend what the reasons name first. A skipped resource stays as it is in AWS, and CloudFormation takes
it for rolled back: bring it in line before the next update.

Exit codes: 0 rolled back or nothing stuck, 1 error, 4 outcome unknown, 130 declined or interrupted.")]
pub(super) struct RecoverCommand {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    patience: Patience,

    /// Leave this resource out of the rollback, by its name in the template; for a failed rollback only
    #[arg(long, value_name = "STACK/RESOURCE")]
    skip: Vec<String>,

    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,
}

impl RecoverCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        self.carry_out(context).unwrap_or_else(|exit| exit)
    }

    fn carry_out(&self, context: &mut Context) -> Result<Exit, Exit> {
        let session = Session::open(&self.options, context)?.waiting(&self.patience);
        let progress = Arc::new(Progress::new(context.terminal.is_live()));
        let (clouds, runtime) = (&session.reached.clouds, &session.reached.runtime);
        let observer: Arc<dyn plan::Observer> = progress.clone();
        let looked = runtime.block_on(plan::stuck(clouds, &session.desired, &session.settings, &observer));
        let stuck = looked.map_err(|problems| {
            context.terminal.diagnostics(&problems, &session.sources);
            Exit::Error
        })?;
        let skip = skipped(&self.skip, &stuck).map_err(|why| context.terminal.fail(&why))?;
        if stuck.is_empty() {
            context.terminal.data("no stack is stuck\n");
            return Ok(Exit::Done);
        }
        context.terminal.text(&listed(&stuck, &skip, &session));
        if !self.yes {
            if !context.terminal.can_ask() {
                return Err(context.terminal.fail("nobody can answer here; give `--yes` to go on without asking"));
            }
            if !context.terminal.confirm("Go on with these rollbacks?") {
                context.terminal.say("nothing was changed");
                return Ok(Exit::Declined);
            }
        }
        let settings = session.following();
        let observer: Arc<dyn apply::Observer> = progress.clone();
        let work = apply::recover(clouds, &stuck, &skip, &settings, &observer);
        let ended = runtime.block_on(attended(work, &settings.stop, &progress, context));
        Ok(told(&ended, &session, context))
    }
}

/// How it ended, for people; the exit code is that of the worst.
fn told(ended: &[Recovery], session: &Session, context: &mut Context) -> Exit {
    let problems: Vec<Diagnostic> = ended.iter().filter_map(|one| one.problem.clone()).collect();
    if !problems.is_empty() {
        context.terminal.diagnostics(&problems, &session.sources);
    }
    let line = |one: &Recovery| {
        let word = match one.outcome {
            Outcome::Done => "rolled back",
            Outcome::Unknown => "unknown",
            _ => "still stuck",
        };
        format!("{word:<12} {}\n", one.id)
    };
    context.terminal.text(&ended.iter().map(line).collect::<String>());
    let any = |outcome| ended.iter().any(|one| one.outcome == outcome);
    match (any(Outcome::Unknown), any(Outcome::Failed)) {
        (true, _) => Exit::Unknown,
        (false, true) => Exit::Error,
        (false, false) => Exit::Applied,
    }
}

/// What is stuck and why, each resource with its line of the source.
fn listed(stuck: &[Stuck], skip: &BTreeMap<String, BTreeSet<String>>, session: &Session) -> String {
    let mut out = String::new();
    for one in stuck {
        let id = &one.wanted.id;
        out.push_str(&format!("{id} is stuck in {}\n", one.found.status));
        for resource in &one.resources {
            let name = &resource.logical_id;
            let place = one.wanted.places.get(name).map(|place| session.sources.locate(place.span));
            let place = place.map(|at| format!(", {}:{}", at.file, at.line)).unwrap_or_default();
            let skipped = skip.get(id).is_some_and(|skip| skip.contains(name));
            let skipped = if skipped { "; left as it is" } else { "" };
            let reason = resource.status_reason.as_deref().filter(|reason| !reason.is_empty());
            let reason = clean(reason.unwrap_or("AWS gives no reason"));
            let ty = &resource.resource_type;
            out.push_str(&format!("  {} ({}{place}): {reason}{skipped}\n", clean(name), clean(ty)));
        }
    }
    out
}

/// The resources to leave out, by the id of their stack. Only what is stuck can be left out, and only as told.
fn skipped(asked: &[String], stuck: &[Stuck]) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let ids: Vec<&str> = stuck.iter().filter(|one| one.may_skip()).map(|one| one.wanted.id.as_str()).collect();
    let mut skip: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for text in asked {
        // The place of a stack may have a `/` in it, a resource never has.
        let (stack, resource) = text
            .rsplit_once('/')
            .ok_or_else(|| format!("`--skip {text}` names no resource; write `STACK/RESOURCE`"))?;
        let chosen = matching(stack, &ids)?;
        let among: Vec<&Stuck> = stuck.iter().filter(|one| chosen.contains(&one.wanted.id)).collect();
        let failed = |one: &&&Stuck| one.resources.iter().any(|failed| failed.logical_id == resource);
        let fits: Vec<&&Stuck> = among.iter().filter(failed).collect();
        if fits.is_empty() {
            let known: BTreeSet<String> = stuck
                .iter()
                .filter(|one| one.may_skip())
                .flat_map(|one| one.resources.iter().map(|r| format!("`{}/{}`", one.wanted.stack, r.logical_id)))
                .collect();
            let known: Vec<String> = known.into_iter().collect();
            return Err(match known.is_empty() {
                true => format!("`--skip {text}`: no rollback here failed at a resource"),
                false => format!("`--skip {text}` is not stuck; what is: {}", known.join(", ")),
            });
        }
        for one in fits {
            skip.entry(one.wanted.id.clone()).or_default().insert(resource.to_owned());
        }
    }
    Ok(skip)
}
