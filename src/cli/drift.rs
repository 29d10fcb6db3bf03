//! `infra drift`

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::Context;
use super::output::Exit;
use super::progress::Progress;
use super::session::{Options, Patience, Session};
use crate::plan;

/// Show what was changed in AWS beside CloudFormation
#[derive(Args)]
#[command(after_help = "Examples:
  infra drift --env prod
  infra drift --env prod api 'queue-*'               these stacks only
  infra drift --env prod --format json | jq -r '.stacks[] | select(.found == \"drifted\").id'
  infra drift --env prod --format markdown           for an issue

CloudFormation compares each resource with its deployed template; nothing that is deployed changes.
What `@ignore_drift` and `@initial` name may differ.

Exit codes: 0 no drift, 1 error or not all could be compared, 2 drifted.")]
pub(super) struct DriftCommand {
    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    patience: Patience,

    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: View,
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum View {
    Text,
    Json,
    Markdown,
}

impl DriftCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        self.look(context).unwrap_or_else(|exit| exit)
    }

    fn look(&self, context: &mut Context) -> Result<Exit, Exit> {
        let session = Session::open(&self.options, context)?.waiting(&self.patience);
        let observer: Arc<dyn plan::Observer> = Arc::new(Progress::new(context.terminal.is_live()));
        let (clouds, runtime) = (&session.reached.clouds, &session.reached.runtime);
        let looked = runtime.block_on(plan::drift(clouds, &session.desired, &session.settings, &observer));
        let mut drift = looked.map_err(|problems| {
            context.terminal.diagnostics(&problems, &session.sources);
            Exit::Error
        })?;
        if let Some(program) = &session.program {
            plan::locate_drift(&mut drift, &session.desired, program, &session.sources);
        }
        let terminal = &mut context.terminal;
        match self.format {
            View::Text => terminal.text(&plan::drift_to_text(&drift, terminal.out_width())),
            View::Json => terminal.data(&format!("{:#}\n", plan::drift_to_json(&drift))),
            View::Markdown => terminal.data(&plan::drift_to_markdown(&drift)),
        }
        if !drift.problems.is_empty() {
            terminal.diagnostics(&drift.problems, &session.sources);
            return Ok(Exit::Error);
        }
        Ok(if drift.is_drifted() { Exit::Changes } else { Exit::Done })
    }
}
