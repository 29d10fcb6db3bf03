//! `infra contract`: the interface of a stack as a file that other projects are checked against.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::output::Exit;
use super::{Context, build, project};
use crate::host::{self, Disk};
use crate::semantics::contract::{self, Contract};
use crate::semantics::model::Head;
use crate::semantics::{self, Program, Target};

mod check;
#[cfg(feature = "aws")]
mod deployed;

/// The folder of contracts in a project.
const FOLDER: &str = "contracts";

/// Write or check the interface of a stack as a file, for projects that do not have its source
#[derive(Args)]
#[command(after_help = "Examples:
  infra contract write                  every core that has outputs, into contracts/
  infra contract write network -o ../api/contracts/network.json
  infra contract check                  is what is committed what the source says now

Elsewhere: `extern core network from \"contracts/network.json\"`.")]
pub(super) struct ContractCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Write(Write),
    Check(check::Check),
}

/// Write the contract of a stack: its outputs with their types, and where it is deployed
#[derive(Args)]
#[command(after_help = "Examples:
  infra contract write                       every core that has outputs, into contracts/
  infra contract write network               contracts/network.json
  infra contract write network -o -          to stdout
  infra contract write --from-deployed platform-network-dev --env dev -o contracts/network.json
                                             from what is deployed; once for each environment

Two writings of one interface are equal byte for byte.")]
struct Write {
    /// The stacks; every core that has outputs where none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,

    /// The file of the one stack [default: contracts/STACK.json]; `-` is stdout
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    output: Option<PathBuf>,

    /// Set a param: `stack.param=value`, `param=value`
    #[arg(long, value_name = "NAME=VALUE", value_parser = project::assignment)]
    set: Vec<(String, String)>,

    #[cfg(feature = "aws")]
    #[command(flatten)]
    deployed: deployed::From,
}

impl ContractCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let done = match self.verb {
            Verb::Write(write) => write.run(context),
            Verb::Check(check) => check.run(context),
        };
        done.unwrap_or_else(|exit| exit)
    }
}

impl Write {
    fn run(self, context: &mut Context) -> Result<Exit, Exit> {
        let (disk, program) = project::load(context)?;
        #[cfg(feature = "aws")]
        if self.deployed.is_asked() {
            return self.take_over(&disk, &program, context);
        }
        let mut contracts = built(&program, &self.set, context)?;
        if self.stacks.is_empty() {
            contracts.retain(|_, contract| contract.kind == "core" && !contract.outputs.is_empty());
        }
        for stack in &self.stacks {
            if !contracts.contains_key(stack) {
                let names: Vec<&str> = contracts.keys().map(String::as_str).collect();
                return Err(context
                    .terminal
                    .fail(&format!("there is no stack `{stack}` here; there are: {}", names.join(", "))));
            }
        }
        let mut chosen: Vec<(String, Contract)> =
            contracts.into_iter().filter(|(stack, _)| self.stacks.is_empty() || self.stacks.contains(stack)).collect();
        match (&self.output, chosen.len()) {
            (_, 0) => Err(context
                .terminal
                .fail("no core here has outputs; name the stacks to write: `infra contract write api`")),
            (Some(output), 1) => {
                let (_, contract) = chosen.remove(0);
                self.save(output, &contract, context)?;
                Ok(Exit::Done)
            }
            (Some(_), _) => Err(context.terminal.fail("`-o` is the file of one stack; name that stack")),
            (None, _) => {
                for (stack, contract) in &chosen {
                    let file = disk.root.join(FOLDER).join(format!("{stack}.json"));
                    self.save(&file, contract, context)?;
                }
                Ok(Exit::Done)
            }
        }
    }

    /// Writes a contract whole or not at all, and says whether it is another one now.
    fn save(&self, file: &std::path::Path, contract: &Contract, context: &mut Context) -> Result<(), Exit> {
        let text = contract.to_text();
        if file.as_os_str() == "-" {
            context.terminal.data(&text);
            return Ok(());
        }
        let here = host::working_directory().unwrap_or_default();
        let path = here.join(file);
        let shown = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
        if host::read(&path).is_ok_and(|old| old == text) {
            context.terminal.say(&format!("{shown}: as it was"));
            return Ok(());
        }
        host::write(&path, text.as_bytes())
            .map_err(|error| context.terminal.fail(&format!("cannot write {shown}: {}", host::plain(&error))))?;
        context.terminal.say(&format!("{shown}: written"));
        Ok(())
    }
}

/// The contracts of all stacks that the project deploys, over all environments.
fn built(
    program: &Program,
    set: &[(String, String)],
    context: &mut Context,
) -> Result<BTreeMap<String, Contract>, Exit> {
    let envs = semantics::environments(program).into_iter().map(|(env, _)| env).collect();
    let set: BTreeMap<Arc<str>, Arc<str>> =
        set.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
    let built = build::compile(program, &Target { envs, set, shared: true }, context)?;
    let mut heads: BTreeMap<String, Vec<&Head>> = BTreeMap::new();
    for stack in &built.stacks {
        heads.entry(stack.head.key.stack.to_string()).or_default().push(&stack.head);
    }
    Ok(heads.into_iter().filter_map(|(stack, heads)| Some((stack, Contract::of(heads)?))).collect())
}

/// Reads a contract; what is wrong with it is shown in it.
fn read(program: &Program, name: &str, text: &str, context: &mut Context) -> Result<Contract, Exit> {
    let id = program.sources.include(name, text);
    let Some(file) = program.sources.get(id) else { return Err(Exit::Error) };
    contract::read(file).map_err(|problem| {
        context.terminal.diagnostics(&[*problem], &program.sources);
        Exit::Error
    })
}

/// The contracts of the project's folder, by path.
fn all(disk: &Disk) -> Vec<PathBuf> {
    let folder = disk.root.join(FOLDER);
    let names = host::list(&folder).unwrap_or_default();
    names.into_iter().filter(|name| name.ends_with(".json")).map(|name| folder.join(name)).collect()
}
