//! `infra ci policy`

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::iam::{Account, Role, accounts};
use crate::cli::output::Exit;
use crate::cli::{Context, build, project};
use crate::names::Name;
use crate::plan;
use crate::semantics::{self, Target};

/// The version of the shape of what is printed.
const FORMAT: u32 = 1;

/// Characters of a managed policy, without white space.
pub(super) const LONGEST: usize = 6_144;

/// Print the least-privilege IAM policies of this project, as JSON
#[derive(Args)]
#[command(after_help = "Examples:
  infra ci policy                                    every policy of every account
  infra ci policy --env prod                         only for the stacks of one environment
  infra ci policy --account prod --role apply        one document, as `aws iam` takes it

Roles: `read` looks (ls, outputs, watch, plan --read-only); `plan` makes change sets too, uploads, and can execute nothing;
`apply` executes; `destroy` deletes stacks. CloudFormation makes the resources themselves with the
permissions of whoever applies: those are not in here.")]
pub(super) struct Policy {
    /// Only for these environments; all, and what they share, where none is named
    #[arg(long = "env", value_name = "ENV")]
    envs: Vec<String>,

    /// Only for this account, by its name or its twelve digits
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,

    /// Only this document: `read`, `plan`, `apply` or `destroy`
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: Option<Role>,

    /// Set a param: `stack.param=value`, `param=value`
    #[arg(long, value_name = "NAME=VALUE", value_parser = project::assignment)]
    set: Vec<(String, String)>,
}

impl Policy {
    pub(super) fn run(self, context: &mut Context) -> Result<Exit, Exit> {
        let (_, program) = project::load(context)?;
        let named: Vec<Name> = self.envs.iter().map(|env| Name::new(env)).collect();
        let every = || semantics::environments(&program).into_iter().map(|(env, _)| env).collect();
        let envs = if named.is_empty() { every() } else { named };
        let set: BTreeMap<Arc<str>, Arc<str>> =
            self.set.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect();
        let built = build::compile(&program, &Target { envs, set, shared: self.envs.is_empty() }, context)?;
        let desired = plan::desired(&built);
        let mut all = accounts(&desired);
        if let Some(asked) = &self.account {
            let known: Vec<String> = all.iter().map(|account| format!("{} ({})", account.name, account.id)).collect();
            all.retain(|account| account.name == *asked || account.id == *asked);
            if all.is_empty() {
                return Err(context
                    .terminal
                    .fail(&format!("nothing is deployed to account `{asked}`; there are: {}", known.join(", "))));
            }
        }
        let text = match (self.role, all.as_slice()) {
            (None, _) => {
                let accounts: Vec<Value> = all.iter().map(|account| whole(account, context)).collect();
                json!({ "format_version": FORMAT, "project": desired.project, "accounts": accounts })
            }
            (Some(role), [account]) => document(account, role, context),
            (Some(_), _) => {
                let names: Vec<&str> = all.iter().map(|account| account.name.as_str()).collect();
                let which = names.join(", ");
                return Err(context.terminal.fail(&format!("say whose document: `--account` with one of: {which}")));
            }
        };
        context.terminal.data(&format!("{text:#}\n"));
        Ok(Exit::Done)
    }
}

fn whole(account: &Account, context: &mut Context) -> Value {
    let policies: BTreeMap<&str, Value> =
        Role::ALL.into_iter().map(|role| (role.as_str(), document(account, role, context))).collect();
    json!({ "account": account.id, "name": account.name, "role": account.role, "policies": policies })
}

fn document(account: &Account, role: Role, context: &mut Context) -> Value {
    let document = account.document(role);
    let length = document.to_string().len();
    if length > LONGEST {
        let (name, role) = (&account.name, role.as_str());
        context.terminal.say(&format!(
            "the `{role}` policy of account `{name}` has {length} characters, and a managed policy takes {LONGEST}: \
             make one role for each environment with `--env`"
        ));
    }
    document
}
