//! `infra from-compose`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::output::Exit;
use super::{Context, project};
use crate::compose::{self, Files, Given};
use crate::diagnostics::{Code, Diagnostic, has_errors};
use crate::source::{SourceFile, Sources, Span};
use crate::{host, syntax, world};

/// Write a stack for compose files, as a start of one's own
#[derive(Args)]
#[command(after_help = "Examples:
  infra from-compose docker-compose.yaml > demo.infra
  infra from-compose docker-compose.yaml aws.yaml --name demo --set TAG=1.2.0

To deploy compose files as they are, name them in the source instead:
  service demo = compose(\"docker-compose.yaml\", \"aws.yaml\")")]
pub(super) struct FromCompose {
    /// The compose files; each changes those before it
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The name of the stack
    #[arg(long, value_name = "NAME", default_value = "demo")]
    name: String,

    /// The value of a variable of the files; nothing is taken from the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl FromCompose {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let here = host::working_directory().unwrap_or_default();
        let here = context.directory.as_ref().map_or(here.clone(), |directory| here.join(directory));
        let mut sources = Sources::default();
        let mut ids = Vec::new();
        for path in &self.files {
            let shown = path.to_string_lossy().replace('\\', "/");
            match host::read(&here.join(path)) {
                Ok(text) => ids.push(sources.add(shown, text.strip_prefix('\u{feff}').unwrap_or(&text))),
                Err(error) => return context.terminal.fail(&format!("cannot read {shown}: {}", host::plain(&error))),
            }
        }
        let mut variables = Vec::new();
        for text in &self.set {
            match project::assignment(text) {
                Ok((name, value)) => variables.push((
                    Arc::from(name),
                    Arc::from(value),
                    Span::new(crate::source::FileId(u32::MAX), 0, 0),
                )),
                Err(why) => return context.terminal.fail(&why),
            }
        }
        let folder = self.files.first().and_then(|path| path.parent()).map_or(here.clone(), |folder| here.join(folder));
        let given = Given::of_texts(variables.into_iter());
        let mut problems = Vec::new();
        let read: Vec<&SourceFile> = ids.iter().filter_map(|id| sources.get(*id)).collect();
        let stack = compose::stack(&read, &given, &Beside { folder: &folder, sources: &sources }, &mut problems);
        context.terminal.diagnostics(&problems, &sources);
        let Some(stack) = stack.filter(|_| !has_errors(&problems)) else { return Exit::Error };
        let text = compose::print(&stack, &self.name, &sources);
        let mut made = Sources::default();
        let id = made.add("main.infra", text.as_str());
        // All but the name is made here.
        let Some(text) = made.get(id).and_then(syntax::format) else {
            let why = format!("`{}` is no name for a stack: use small letters, digits and `_`", self.name);
            return context.terminal.fail(&why);
        };
        context.terminal.data(&text);
        Exit::Done
    }
}

/// The files that compose files name, below the folder of the first of them.
struct Beside<'s> {
    folder: &'s Path,
    sources: &'s Sources,
}

impl Files for Beside<'_> {
    fn read(&self, path: &str, named: Span) -> Result<&SourceFile, Box<Diagnostic>> {
        let fail = |why: &str| {
            Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`: {why}"))
                .at(named, "this file")
                .help("name a file beside the compose file, or below it")
        };
        let inside = world::inside(path).map_err(|refusal| fail(&refusal.why.to_string()))?;
        let text = host::read(&self.folder.join(&inside)).map_err(|error| fail(&host::plain(&error)))?;
        let id = self.sources.include(inside, text);
        self.sources.get(id).ok_or_else(|| fail("it is gone").into())
    }
}
