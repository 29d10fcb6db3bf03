//! `infra sandbox`

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::output::{Exit, say_line};
use super::signals::Signals;
use super::{Context, project};
use crate::host;
use crate::sandbox::{Clock, Drift, Pace, Rule, Sandbox, Settings};

/// Serve the CloudFormation simulator on a port of this machine
#[derive(Args)]
#[command(after_help = "Examples:
  infra sandbox --port 4566
  infra sandbox --port 0 --state DIR            a free port; keeps its stacks in DIR
  infra sandbox --port 0 --fail 'shop-api-dev/Queue=no queues today'

  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=111111111111 \\
         AWS_SECRET_ACCESS_KEY=any AWS_REGION=eu-west-1
  aws cloudformation describe-stacks

The access key of a caller is its account: twelve digits, or keys from sts:AssumeRole.
The address is printed to stdout once it listens; end it with Ctrl-C.")]
pub(super) struct SandboxCommand {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Keep the state in DIR; it is lost at the end otherwise
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Milliseconds that one step of an operation takes
    #[arg(long, value_name = "MS", default_value_t = 20)]
    step: u64,

    /// A resource of a stack fails with this reason
    #[arg(long, value_name = "STACK/ID=REASON", value_parser = rule)]
    fail: Vec<Rule>,

    /// Somebody changed a property of a resource by hand: `STACK/ID.Path=VALUE`; `STACK/ID` was deleted
    #[arg(long, value_name = "WHAT", value_parser = drift)]
    drift: Vec<Drift>,

    /// A role, or any role of an account, that nobody may assume
    #[arg(long, value_name = "ROLE")]
    forbid_role: Vec<String>,

    /// Write a line to stderr for every call: status, access key, region, operation, stack
    #[arg(long)]
    log: bool,

    /// The account of callers whose access key names none
    #[arg(long, value_name = "ID", default_value = "000000000000")]
    account: String,
}

fn rule(text: &str) -> Result<Rule, String> {
    Rule::parse(text).ok_or_else(|| "write STACK/LogicalId=reason; `*` stands for any of them".to_owned())
}

fn drift(text: &str) -> Result<Drift, String> {
    Drift::parse(text).ok_or_else(|| "write STACK/LogicalId.Path=value, or STACK/LogicalId of what is gone".to_owned())
}

impl SandboxCommand {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let types = match project::types(context) {
            Ok(types) => types,
            Err(exit) => return exit,
        };
        let settings = Settings {
            types,
            clock: Clock::Real(Arc::new(host::now_in_milliseconds)),
            pace: Pace::Elapsed { step: self.step },
            account: self.account,
            forbidden_roles: self.forbid_role,
            ..Settings::default()
        };
        let sandbox = match &self.state {
            None => Sandbox::new(settings),
            Some(directory) => match Sandbox::open(directory, settings) {
                Ok(sandbox) => sandbox,
                Err(error) => return context.terminal.fail(&error.to_string()),
            },
        };
        self.fail.into_iter().for_each(|rule| sandbox.order(rule));
        self.drift.into_iter().for_each(|drift| sandbox.drift(drift));
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return context.terminal.fail(&format!("cannot start: {error}")),
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        runtime.block_on(async {
            let mut signals = Signals::listen();
            let server = match sandbox.serve(address).await {
                Ok(server) => server,
                Err(error) => {
                    return context.terminal.fail(&format!("cannot listen on {address}: {}", host::plain(&error)));
                }
            };
            context.terminal.data(&format!("http://{}\n", server.address()));
            let server = if self.log { server.telling(Arc::new(say_line)) } else { server };
            tokio::select! {
                () = server.run() => {}
                () = signals.next() => {}
            }
            Exit::Done
        })
    }
}
