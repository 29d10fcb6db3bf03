//! Contracts and what is deployed: every stack of ours carries its interface in its template.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::check::{Checked, gone};
use super::{Contract, Write, read};
use crate::cli::Context;
use crate::cli::output::Exit;
use crate::cli::reach::{Reach, Reached};
use crate::cloud::Target;
use crate::host::{self, Disk};
use crate::plan;
use crate::semantics::contract::compare;
use crate::semantics::{self, Program, model};

/// Where a contract is read from instead of the source.
#[derive(Args)]
pub(super) struct From {
    /// Take the contract that this stack in AWS carries; an instance more in FILE, where that is there
    #[arg(long, value_name = "NAME", requires = "output", conflicts_with = "stacks")]
    from_deployed: Option<String>,

    /// The environment of this project whose account and region it is in
    #[arg(long, value_name = "ENV", requires = "from_deployed")]
    env: Option<String>,

    /// Its region, where it is another one
    #[arg(long, value_name = "REGION", requires = "from_deployed")]
    region: Option<String>,

    #[command(flatten)]
    reach: Reach,
}

/// What contracts are held against.
#[derive(Args)]
pub(super) struct Against {
    /// Hold them against the deployed stacks, also those of other projects
    #[arg(long)]
    deployed: bool,

    #[command(flatten)]
    reach: Reach,
}

impl From {
    pub(super) fn is_asked(&self) -> bool {
        self.from_deployed.is_some()
    }
}

impl Write {
    pub(super) fn take_over(&self, disk: &Disk, program: &Program, context: &mut Context) -> Result<Exit, Exit> {
        let (Some(name), Some(output)) = (&self.deployed.from_deployed, &self.output) else { return Err(Exit::Error) };
        let (account, region) = self.deployed.place(program, context)?;
        let reached = self.deployed.reach.open(disk, Some(program), context)?;
        let found = fetch(&reached, &account, &region, name, context)?;
        let Some(mut contract) = found else {
            let message = format!(
                "stack `{name}` in {}/{region} is not there, or says nothing of its interface; \
                 only stacks that `infra` deployed do",
                account.name
            );
            return Err(context.terminal.fail(&message));
        };
        if let Some(old) = self.there(output, program, context)? {
            if (&old.project, &old.stack) != (&contract.project, &contract.stack) {
                let message = format!(
                    "{} is the contract of `{}` of project `{}`, and `{name}` is `{}` of project `{}`; choose another file",
                    output.display(),
                    old.stack,
                    old.project,
                    contract.stack,
                    contract.project
                );
                return Err(context.terminal.fail(&message));
            }
            let new = std::mem::replace(&mut contract, old);
            contract.join(new);
        }
        self.save(output, &contract, context)?;
        Ok(Exit::Done)
    }

    /// The contract that is in the file already.
    fn there(&self, output: &Path, program: &Program, context: &mut Context) -> Result<Option<Contract>, Exit> {
        let path = host::working_directory().unwrap_or_default().join(output);
        match host::read(&path) {
            Ok(text) => read(program, &output.display().to_string(), &text, context).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) if output.as_os_str() == "-" => Ok(None),
            Err(error) => {
                Err(context.terminal.fail(&format!("cannot read {}: {}", output.display(), host::plain(&error))))
            }
        }
    }
}

impl From {
    fn place(&self, program: &Program, context: &mut Context) -> Result<(Arc<model::Account>, String), Exit> {
        let all = semantics::places(program);
        let env = match &self.env {
            Some(env) => all.iter().find(|place| place.env.as_str() == env),
            None if all.len() == 1 => all.first(),
            None => None,
        };
        let names = || all.iter().map(|place| place.env.as_str()).collect::<Vec<_>>().join(", ");
        match env {
            Some(place) => {
                Ok((Arc::clone(&place.account), self.region.clone().unwrap_or_else(|| place.region.to_string())))
            }
            None => Err(context.terminal.fail(&format!("say which environment: `--env` with one of: {}", names()))),
        }
    }
}

impl Against {
    pub(super) fn is_asked(&self) -> bool {
        self.deployed
    }

    /// Holds every contract against what is deployed, instance by instance.
    pub(super) fn look(
        &self,
        checked: &mut [Checked],
        disk: &Disk,
        program: &Program,
        context: &mut Context,
    ) -> Result<(), Exit> {
        let accounts = semantics::accounts(program);
        let reached = self.reach.open(disk, Some(program), context)?;
        for one in checked {
            one.against = Some("deployed");
            let mut there: Option<Contract> = None;
            for instance in &one.contract.instances {
                let Some(account) = accounts.iter().find(|account| *account.id == *instance.account) else {
                    let message = format!(
                        "{} names account {}, which is not declared here; declare it: `account NAME {{ id: \"{1}\" }}`",
                        one.file, instance.account
                    );
                    return Err(context.terminal.fail(&message));
                };
                match fetch(&reached, account, &instance.region, &instance.name, context)? {
                    Some(found) if (&found.project, &found.stack) != (&one.contract.project, &one.contract.stack) => {
                        let what = format!("`{}` is `{}` of project `{}`", instance.name, found.stack, found.project);
                        one.differences.push(gone(&what));
                    }
                    Some(found) => match &mut there {
                        Some(there) => there.join(found),
                        None => there = Some(found),
                    },
                    None => {}
                }
            }
            match there {
                Some(there) => {
                    one.differences.extend(compare(&one.contract, &there, program.types));
                    one.current = Some(there.digest());
                }
                None if one.differences.is_empty() => one.differences.push(gone("is not deployed")),
                None => {}
            }
        }
        Ok(())
    }
}

/// The contract that a stack carries; nothing where there is no such stack, or it says nothing.
fn fetch(
    reached: &Reached,
    account: &model::Account,
    region: &str,
    name: &str,
    context: &mut Context,
) -> Result<Option<Contract>, Exit> {
    let target: Target = plan::target(account, region);
    let cloud = reached.clouds.at(&target);
    let asked = reached.runtime.block_on(async {
        cloud.identify().await?;
        cloud.template(name).await
    });
    match asked {
        Ok(text) => Ok(text
            .and_then(|text| crate::template::read(&text))
            .and_then(|template| Contract::of_template(&template, &account.id, region, name))),
        Err(error) if error.kind == crate::cloud::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(context.terminal.fail(&match &error.help {
            Some(help) => format!("{error}; {help}"),
            None => error.to_string(),
        })),
    }
}
