//! `infra doc`

use std::path::PathBuf;

use clap::Args;

use super::output::Exit;
use super::{Context, project};
use crate::host;
use crate::semantics::handbook;

/// Write what the project declares as Markdown: stacks, components, what may be set, what comes out
#[derive(Args)]
#[command(after_help = "Examples:
  infra doc                       all of it, to stdout
  infra doc -o docs/reference     a file for the project and for each module it uses
  infra doc --std > std.md        the standard library

`infra explain std::network` shows one component.")]
pub(super) struct Doc {
    /// The folder to write to: `PROJECT.md`, and `MODULE.md` for each module
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    output: Option<PathBuf>,

    /// The standard library instead of the project
    #[arg(long)]
    std: bool,
}

impl Doc {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let pages = match self.std {
            true => vec![("std".to_owned(), handbook::library())],
            false => match project::load(context) {
                Ok((_, program)) if program.diagnostics.is_empty() => handbook::project(&program),
                Ok((_, program)) => {
                    context.terminal.diagnostics(&program.diagnostics, &program.sources);
                    return Exit::Error;
                }
                Err(exit) => return exit,
            },
        };
        let Some(folder) = self.output else {
            let pages: Vec<&str> = pages.iter().map(|(_, text)| text.as_str()).collect();
            context.terminal.data(&pages.join("\n"));
            return Exit::Done;
        };
        let here = host::working_directory().unwrap_or_default();
        for (name, text) in &pages {
            let path = here.join(&folder).join(format!("{name}.md"));
            if let Err(error) = host::write(&path, text.as_bytes()) {
                return context.terminal.fail(&format!("cannot write {}: {}", path.display(), host::plain(&error)));
            }
        }
        let files = if pages.len() == 1 { "1 file".to_owned() } else { format!("{} files", pages.len()) };
        context.terminal.say(&format!("{files} in {}", folder.display()));
        Exit::Done
    }
}
