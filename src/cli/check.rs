//! `infra check`

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;

use super::output::Exit;
use super::problems::{self, Format, counted};
use super::{Context, project};
use crate::schema::Types;
use crate::{build, diagnostics, host, semantics};

mod difference;

/// Find every mistake in the project, for all environments, without AWS
#[derive(Args)]
#[command(after_help = "Examples:
  infra check
  infra check --fix              correct what can only be meant otherwise, say what is left
  infra check --fix --diff       show what that would change
  infra check --format concise   one problem a line, for editors
  infra check --format github    annotations, in a workflow of GitHub Actions
  infra check --format sarif > infra.sarif

Exit codes: 0 no error, 1 errors, or a file that --diff would change. Warnings do not fail.")]
pub(super) struct Check {
    /// How to write the problems; all but `human` go to stdout
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,

    /// Carry out the safe fixes, then say what is left
    #[arg(long)]
    fix: bool,

    /// With `--fix`: write no file, but what would change, to stdout
    #[arg(long, requires = "fix")]
    diff: bool,
}

impl Check {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        if self.fix {
            return self.mend(context);
        }
        let (disk, program) = match project::load(context) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        let found = build::check(&program, &BTreeMap::new());
        problems::write(context, self.format, &found, &program.sources, &disk);
        if diagnostics::has_errors(&found) { Exit::Error } else { Exit::Done }
    }

    fn mend(&self, context: &mut Context) -> Exit {
        if self.diff && !matches!(self.format, Format::Human) {
            return context.terminal.fail("`--diff` writes to stdout, and so does this format; leave one of them out");
        }
        let texts = match project::read(context) {
            Ok(texts) => texts,
            Err(exit) => return exit,
        };
        let world = Arc::new(texts.disk.clone());
        let mended = build::mend(texts.sources.iter().cloned().collect(), &|files| {
            semantics::analyze(files, world.clone(), Types::aws())
        });
        for (name, before, now) in &mended.changed {
            if self.diff {
                context.terminal.data(&difference::unified(name, before, now));
            } else if let Err(error) = host::write(&texts.disk.root.join(&**name), now.as_bytes()) {
                return context.terminal.fail(&format!("cannot write {name}: {}", host::plain(&error)));
            }
        }
        if !self.diff {
            for done in &mended.done {
                let (place, before, now) = (&done.place, &done.before, &done.now);
                context.terminal.say(&format!("{place}: `{before}` is now `{now}` ({})", done.code));
            }
        }
        for refused in &mended.refused {
            let (place, now) = (&refused.place, &refused.now);
            let why = "the file could not be read afterwards, or another fix would undo it";
            context.terminal.say(&format!("{place}: not changed to `{now}` ({}): {why}", refused.code));
        }
        let fixes = counted(mended.done.len(), "fix");
        let files = counted(mended.changed.len(), "file");
        context.terminal.say(&match (self.diff, mended.done.is_empty()) {
            (_, true) => "nothing to fix".to_owned(),
            (true, false) => format!("{fixes} in {files} would be made"),
            (false, false) => format!("{fixes} in {files}"),
        });
        problems::write(context, self.format, &mended.rest, &mended.program.sources, &texts.disk);
        let is_wrong = diagnostics::has_errors(&mended.rest) || (self.diff && !mended.changed.is_empty());
        if is_wrong { Exit::Error } else { Exit::Done }
    }
}
