//! What every command that talks to AWS begins with: the project compiled, the other side reached.

use std::time::Duration;

use clap::Args;

use super::output::Exit;
use super::reach::{NEAR, Reach, Reached};
use super::select::Selection;
use super::{Context, build, project};
use crate::apply;
use crate::diagnostics::Diagnostic;
use crate::plan::{self, Allow, Desired, Plan};
use crate::semantics::Program;
use crate::source::Sources;

/// What these commands share.
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    pub(super) selection: Selection,

    #[command(flatten)]
    pub(super) choice: project::Choice,

    #[command(flatten)]
    pub(super) reach: Reach,
}

/// What those share that can only begin where nothing runs.
#[derive(Args)]
pub(super) struct Patience {
    /// How long to wait for what runs: `1h`
    #[arg(long, value_name = "TIME", default_value = "20m", value_parser = duration)]
    wait: Duration,
}

/// What becomes of stacks that the source no longer has.
#[derive(Args)]
pub(super) struct Orphans {
    /// Remove the stacks of this environment too that are deployed and that the source no longer has
    #[arg(long)]
    pub(super) prune: bool,
}

/// What a plan may do that it does not do of itself.
#[derive(Args)]
pub(super) struct Allowed {
    /// Let data go: `replace:STACK/RESOURCE` or `delete:STACK/RESOURCE`; `*` stands for any letters
    #[arg(long = "allow", value_name = "WHAT")]
    allow: Vec<Allow>,
}

impl Allowed {
    /// As planning takes them.
    pub(super) fn list(&self) -> Vec<Allow> {
        self.allow.clone()
    }

    /// Says which of them nothing came of.
    pub(super) fn tell_idle(&self, plan: &Plan, context: &mut Context) {
        for allow in &self.allow {
            if let Some(why) = allow.idle(plan) {
                context.terminal.say(&format!("`--allow {allow}` changes nothing here: {why}"));
            }
        }
    }

    /// A plan that is made takes no more of them.
    pub(super) fn none(&self) -> Result<(), String> {
        match self.allow.first() {
            Some(allow) => Err(format!("`--allow {allow}` changes nothing in a plan that is made: plan again with it")),
            None => Ok(()),
        }
    }
}

/// A compiled project and the way to AWS.
pub(super) struct Session {
    /// What it was compiled from; none for a plan file, which needs no sources.
    pub(super) program: Option<Program>,
    pub(super) sources: Sources,
    pub(super) desired: Desired,
    pub(super) settings: plan::Settings,
    pub(super) reached: Reached,
}

impl Session {
    /// Compiles and reaches; what is wrong is said.
    pub(super) fn open(options: &Options, context: &mut Context) -> Result<Self, Exit> {
        let (disk, program) = project::load(context)?;
        let target = options.choice.target(&program, context)?;
        let built = build::compile(&program, &target, context)?;
        let desired = plan::desired(&built);
        let ids: Vec<String> = plan::chosen(&built).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let only = options.selection.choose(&ids, context)?.or_else(|| Some(plan::chosen(&built).collect()));
        let reached = options.reach.open(&disk, Some(&program), context)?;
        let settings = plan::Settings { only, poll: reached.poll(), ..plan::Settings::default() };
        let sources = program.sources.clone();
        Ok(Self { program: Some(program), sources, desired, settings, reached })
    }

    /// Adds the user's own lines to a plan, where the sources are at hand.
    pub(super) fn locate(&self, plan: &mut Plan) {
        if let Some(program) = &self.program {
            plan::locate(plan, &self.desired, program, &self.sources);
        }
    }

    /// The same, with the stacks that the source no longer has, where they are asked for.
    pub(super) fn with_orphans(options: &Options, orphans: &Orphans, context: &mut Context) -> Result<Self, Exit> {
        if orphans.prune && options.selection.count() > 0 {
            let why = "`--prune` looks at a whole environment; leave the names of stacks out";
            return Err(context.terminal.fail(why));
        }
        let mut session = Self::open(options, context)?;
        if orphans.prune {
            session.add_orphans().map_err(|problems| {
                context.terminal.diagnostics(&problems, &session.sources);
                Exit::Error
            })?;
        }
        Ok(session)
    }

    /// Finds the stacks that the source no longer has, and has them among its own from now on.
    pub(super) fn add_orphans(&mut self) -> Result<(), Vec<Diagnostic>> {
        let found = self.reached.runtime.block_on(plan::orphans(&self.reached.clouds, &self.desired))?;
        self.desired.stacks.extend(found);
        Ok(())
    }

    /// The same where the stacks of the source do without them: that they cannot be found is only said.
    pub(super) fn look_for_orphans(&mut self, context: &mut Context) {
        if let Err(problems) = self.add_orphans() {
            let why = problems.first().map_or("", |problem| problem.message.as_str());
            context.terminal.say(&format!("could not look for stacks that the source no longer has: {why}"));
        }
    }

    /// The same with as much patience where an operation runs.
    pub(super) fn waiting(mut self, patience: &Patience) -> Self {
        self.settings.wait = patience.wait;
        self
    }

    /// How what runs is to be followed.
    pub(super) fn following(&self) -> apply::Settings {
        let settings = apply::Settings::default();
        apply::Settings { poll: if self.reached.is_near { NEAR } else { settings.poll }, ..settings }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    time(text, 86_400, "at most one day")
}

/// How old a plan may be.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    time(text, 30 * 86_400, "at most 30 days")
}

/// `90s`, `20m`, `1h`, `7d`: no more than `most` seconds.
fn time(text: &str, most: u64, too_much: &str) -> Result<Duration, String> {
    let wrong = || "write a number and a unit: `90s`, `20m`, `1h`".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).filter(|s| *s <= most).map(Duration::from_secs).ok_or_else(|| too_much.to_owned())
}
