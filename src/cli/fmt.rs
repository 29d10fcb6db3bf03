//! `infra fmt`

use clap::Args;

use super::output::Exit;
use super::{Context, project};
use crate::{host, syntax};

/// Bring every file into the one layout
#[derive(Args)]
#[command(after_help = "Examples:
  infra fmt            rewrite what is not yet formatted
  infra fmt --check    only name those files; exit 1 if there are any")]
pub(super) struct Fmt {
    /// Write nothing; exit 1 where a file is not formatted
    #[arg(long)]
    check: bool,
}

impl Fmt {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let loaded = match project::read(context) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        let mut exit = Exit::Done;
        for file in loaded.sources.iter() {
            let Some(text) = syntax::format(file) else {
                let diagnostics = syntax::parse(file).diagnostics;
                context.terminal.diagnostics(&diagnostics, &loaded.sources);
                exit = Exit::Error;
                continue;
            };
            if text == *file.text {
                continue;
            }
            if self.check {
                exit = Exit::Error;
            } else if let Err(error) = host::write(&loaded.disk.root.join(&*file.name), text.as_bytes()) {
                exit = context.terminal.fail(&format!("cannot write {}: {}", file.name, host::plain(&error)));
                continue;
            }
            context.terminal.data(&format!("{}\n", file.name));
        }
        exit
    }
}
