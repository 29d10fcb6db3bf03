//! `infra contract check`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Contract, all, built, read};
use crate::cli::output::Exit;
use crate::cli::{Context, project};
use crate::host;
use crate::semantics::contract::{Difference, compare};

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Hold contracts against what the source says now, or against what is deployed
#[derive(Args)]
#[command(after_help = "Examples:
  infra contract check                       all of contracts/
  infra contract check contracts/network.json --format json
  infra contract check --deployed            also those of other projects, against AWS

Exit codes: 0 as written, 1 breaking differences or an error, 2 compatible differences only.")]
pub(super) struct Check {
    /// The contracts; all of contracts/ where none is named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Set a param: `stack.param=value`, `param=value`
    #[arg(long, value_name = "NAME=VALUE", value_parser = project::assignment)]
    set: Vec<(String, String)>,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    deployed: super::deployed::Against,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A contract, and what it was held against.
pub(super) struct Checked {
    /// As it is called.
    pub(super) file: String,
    pub(super) contract: Contract,
    /// `source`, `deployed`; none for one of another project without `--deployed`.
    pub(super) against: Option<&'static str>,
    /// The digest of what there is now, where that is one contract.
    pub(super) current: Option<String>,
    pub(super) differences: Vec<Difference>,
}

impl Check {
    pub(super) fn run(self, context: &mut Context) -> Result<Exit, Exit> {
        let (disk, program) = project::load(context)?;
        let here = host::working_directory().unwrap_or_default();
        let files =
            if self.files.is_empty() { all(&disk) } else { self.files.iter().map(|file| here.join(file)).collect() };
        if files.is_empty() {
            return Err(context.terminal.fail("there is no contract in contracts/; write one: `infra contract write`"));
        }
        let mut checked = Vec::new();
        for path in files {
            let shown = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
            let text = host::read(&path)
                .map_err(|error| context.terminal.fail(&format!("cannot read {shown}: {}", host::plain(&error))))?;
            let contract = read(&program, &shown, &text, context)?;
            checked.push(Checked { file: shown, contract, against: None, current: None, differences: Vec::new() });
        }
        #[cfg(feature = "aws")]
        if self.deployed.is_asked() {
            self.deployed.look(&mut checked, &disk, &program, context)?;
            return Ok(self.tell(&checked, context));
        }
        let own = program.declared.project.and_then(|at| program.record(at)).map(|record| record.name.name);
        let is_ours = |checked: &Checked| own.is_some_and(|own| own.as_str() == checked.contract.project);
        let now = match checked.iter().any(is_ours) {
            true => built(&program, &self.set, context)?,
            false => BTreeMap::new(),
        };
        for one in checked.iter_mut().filter(|one| is_ours(one)) {
            one.against = Some("source");
            match now.get(&one.contract.stack) {
                Some(current) => {
                    one.differences = compare(&one.contract, current, program.types);
                    one.current = Some(current.digest());
                }
                None => one.differences.push(gone("is not in the source any more")),
            }
        }
        Ok(self.tell(&checked, context))
    }

    fn tell(&self, checked: &[Checked], context: &mut Context) -> Exit {
        let text = match self.format {
            Format::Json => format!("{:#}\n", to_json(checked)),
            Format::Text => to_text(checked),
        };
        context.terminal.data(&text);
        let mut differences = checked.iter().flat_map(|one| &one.differences).peekable();
        if differences.peek().is_none() {
            return Exit::Done;
        }
        if differences.any(|difference| difference.breaking) { Exit::Error } else { Exit::Changes }
    }
}

/// The stack as a whole is not there.
pub(super) fn gone(what: &str) -> Difference {
    Difference { breaking: true, subject: "stack".to_owned(), what: what.to_owned() }
}

fn word(difference: &Difference) -> &'static str {
    if difference.breaking { "breaking" } else { "compatible" }
}

fn to_text(checked: &[Checked]) -> String {
    let mut out = String::new();
    for one in checked {
        let breaking = one.differences.iter().filter(|difference| difference.breaking).count();
        let state = match (one.against, breaking, one.differences.len()) {
            (None, ..) => {
                format!("whole, of project `{}`; `--deployed` holds it against what is there", one.contract.project)
            }
            (Some(_), _, 0) => "as written".to_owned(),
            (Some(_), breaking, all) => format!("{breaking} breaking, {} compatible", all - breaking),
        };
        let _ = writeln!(out, "{}: {state}", one.file);
        for difference in &one.differences {
            let _ = writeln!(out, "  {:<10}  {} {}", word(difference), difference.subject, difference.what);
        }
        match one.against.filter(|_| !one.differences.is_empty()) {
            Some("source") => {
                let _ = writeln!(out, "  take it over with `infra contract write {}`", one.contract.stack);
            }
            Some(_) => out.push_str("  have the stack deployed, or take over its new contract\n"),
            None => {}
        }
    }
    out
}

fn to_json(checked: &[Checked]) -> Value {
    let contracts: Vec<Value> = checked
        .iter()
        .map(|one| {
            let differences: Vec<Value> = one
                .differences
                .iter()
                .map(|d| json!({ "kind": word(d), "subject": d.subject, "what": d.what }))
                .collect();
            json!({
                "file": one.file,
                "project": one.contract.project,
                "stack": one.contract.stack,
                "against": one.against,
                "digest": one.contract.digest(),
                "current_digest": one.current,
                "breaking": one.differences.iter().any(|difference| difference.breaking),
                "differences": differences,
            })
        })
        .collect();
    json!({ "format_version": FORMAT, "contracts": contracts })
}
