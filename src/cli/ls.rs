//! `infra ls` and `infra outputs`: what is deployed.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::Context;
use super::output::Exit;
use super::plan::Format;
use super::session::{Options, Session};
use crate::plan::{self, Seen};

/// List the stacks of an environment and how they stand
#[derive(Args)]
#[command(after_help = "Examples:
  infra ls --env dev
  infra ls --env prod --format json")]
pub(super) struct Ls {
    #[command(flatten)]
    options: Options,

    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Print the outputs of deployed stacks
#[derive(Args)]
#[command(after_help = "Examples:
  infra outputs --env dev
  infra outputs --env dev network --format json | jq -r '.network.Vpc'")]
pub(super) struct Outputs {
    #[command(flatten)]
    options: Options,

    /// How to write it; `json` is an object of stacks (`network`; of several `network@region`,
    /// or `network@env/region`), each an object of outputs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Ls {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let seen = match look(&self.options, self.options.selection.count() == 0, context) {
            Ok(seen) => seen,
            Err(exit) => return exit,
        };
        match self.format {
            Format::Json => {
                let stacks: Vec<_> = seen.iter().map(without_outputs).collect();
                let json = json!({ "format_version": plan::FORMAT_VERSION, "stacks": stacks });
                context.terminal.data(&format!("{json:#}\n"));
            }
            Format::Text => {
                let rows = seen.iter().map(|s| {
                    let status = s.status.clone().unwrap_or_else(|| "not deployed".to_owned());
                    let status = match () {
                        () if s.orphaned => format!("{status} (not in the source)"),
                        () if s.ours || s.status.is_none() => status,
                        () => format!("{status} (not ours)"),
                    };
                    [s.id.clone(), status, s.account.clone(), s.name.clone(), s.updated.clone().unwrap_or_default()]
                });
                context.terminal.text(&table(rows.collect()));
            }
        }
        Exit::Done
    }
}

fn without_outputs(seen: &Seen) -> serde_json::Value {
    let mut value = json!(seen);
    if let Some(object) = value.as_object_mut() {
        object.remove("outputs");
    }
    value
}

impl Outputs {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let seen = match look(&self.options, false, context) {
            Ok(seen) => seen,
            Err(exit) => return exit,
        };
        let name = |s: &Seen| {
            let alike: Vec<&Seen> = seen.iter().filter(|other| other.stack == s.stack).collect();
            match alike.iter().filter(|other| other.region == s.region).count() {
                1 if alike.len() == 1 => s.stack.clone(),
                1 => format!("{}@{}", s.stack, s.region),
                _ => s.id.clone(),
            }
        };
        let deployed: BTreeMap<String, &Seen> =
            seen.iter().filter(|s| s.status.is_some()).map(|s| (name(s), s)).collect();
        match self.format {
            Format::Json => {
                let outputs: BTreeMap<_, _> = deployed.iter().map(|(name, s)| (name, &s.outputs)).collect();
                context.terminal.data(&format!("{:#}\n", json!(outputs)));
            }
            Format::Text => {
                let rows = deployed.iter().flat_map(|(name, s)| {
                    s.outputs.iter().map(move |(output, value)| [format!("{name}.{output}"), value.clone()])
                });
                context.terminal.text(&table(rows.collect()));
            }
        }
        Exit::Done
    }
}

fn look(options: &Options, orphans: bool, context: &mut Context) -> Result<Vec<Seen>, Exit> {
    let mut session = Session::open(options, context)?;
    if orphans {
        session.look_for_orphans(context);
    }
    let (clouds, runtime) = (&session.reached.clouds, &session.reached.runtime);
    runtime.block_on(plan::list(clouds, &session.desired, &session.settings)).map_err(|problems| {
        context.terminal.diagnostics(&problems, &session.sources);
        Exit::Error
    })
}

/// Columns as wide as their widest cell.
fn table<const N: usize>(rows: Vec<[String; N]>) -> String {
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let line: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
