//! Where a command talks to: AWS, an endpoint that stands for it, or the simulator in this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Context;
use super::hidden::hide_password;
use super::output::Exit;
use crate::cloud::Clouds;
use crate::cloud::aws::{Aws, Settings, is_loopback};
use crate::host::{self, Disk};
use crate::sandbox::{self, Sandbox};
use crate::schema::Types;
use crate::semantics::Program;

/// How often a service on this machine is asked how far it is.
pub(super) const NEAR: Duration = Duration::from_millis(40);

/// Where to talk to.
#[derive(Args)]
pub(super) struct Reach {
    /// Use the simulator, and keep its stacks in DIR [default: .infra/sandbox in the project]
    /// [env: INFRA_SANDBOX]
    #[arg(long, value_name = "DIR", num_args = 0..=1, help_heading = "Where")]
    sandbox: Option<Option<PathBuf>>,

    /// Talk to this address instead of AWS: an emulator, or `infra sandbox` [env: AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL", help_heading = "Where", conflicts_with = "sandbox", value_parser = address)]
    endpoint: Option<String>,
}

/// The other side, and the runtime that speaks with it.
pub(super) struct Reached {
    pub(super) clouds: Arc<dyn Clouds>,
    pub(super) runtime: tokio::runtime::Runtime,
    /// The other side is on this machine: asking often disturbs nobody.
    pub(super) is_near: bool,
}

impl Reached {
    /// Pause between two questions: what stands on this machine may be asked often.
    pub(super) fn poll(&self) -> Duration {
        Duration::from_millis(if self.is_near { 100 } else { 2000 })
    }
}

impl Reach {
    /// Opens the way. Of the program, where there is one, its types and the names of its stacks are used.
    pub(super) fn open(&self, disk: &Disk, program: Option<&Program>, context: &mut Context) -> Result<Reached, Exit> {
        let (sandbox, endpoint) = self.chosen().map_err(|why| context.terminal.fail(&why))?;
        endpoint.iter().for_each(|address| hide_password(address));
        let directory = directory(sandbox, disk, program, context)?;
        let mut settings = Settings { endpoint: endpoint.clone(), ..Settings::default() };
        if let Some(directory) = &directory {
            let types = program.map_or(Types::aws(), |program| program.types);
            let sandbox = Sandbox::open(directory, sandbox::Settings { types, ..sandbox::Settings::default() });
            let sandbox = sandbox.map_err(|error| context.terminal.fail(&error.to_string()))?;
            settings.http = Some(sandbox.connector());
            ignore_in_git(directory);
        }
        let is_real = directory.is_none();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        // The simulator lives in this process and its time moves when it is asked: a paused clock
        // skips every pause between two questions.
        builder.enable_all().start_paused(!is_real);
        let runtime = builder.build().map_err(|error| context.terminal.fail(&format!("cannot start: {error}")))?;
        if let Some(endpoint) = endpoint.as_ref().filter(|_| is_real) {
            context.terminal.say(&format!("talking to {endpoint} instead of AWS"));
        }
        let is_near = endpoint.as_deref().is_some_and(is_loopback);
        Ok(Reached { clouds: Arc::new(Aws::new(settings)), runtime, is_near })
    }

    /// What is asked for: by an option, else by the environment.
    fn chosen(&self) -> Result<(Option<Option<PathBuf>>, Option<String>), String> {
        if self.sandbox.is_some() || self.endpoint.is_some() {
            return Ok((self.sandbox.clone(), self.endpoint.clone()));
        }
        match (host::variable("INFRA_SANDBOX"), host::variable("AWS_ENDPOINT_URL")) {
            (Some(_), Some(_)) => Err(
                "`INFRA_SANDBOX` and `AWS_ENDPOINT_URL` are both set; unset one, or say `--sandbox` or `--endpoint`"
                    .to_owned(),
            ),
            (Some(directory), None) => Ok((Some(Some(directory.into())), None)),
            (None, Some(url)) => {
                address(&url).map(|url| (None, Some(url))).map_err(|e| format!("`AWS_ENDPOINT_URL` is no address: {e}"))
            }
            (None, None) => Ok((None, None)),
        }
    }
}

/// The directory of the simulator, where it is asked for.
fn directory(
    asked: Option<Option<PathBuf>>,
    disk: &Disk,
    program: Option<&Program>,
    context: &mut Context,
) -> Result<Option<PathBuf>, Exit> {
    let Some(asked) = asked else { return Ok(None) };
    let Some(directory) = asked else { return Ok(Some(disk.root.join(".infra").join("sandbox"))) };
    let text = directory.to_string_lossy();
    if program.is_some_and(|program| program.declared.stacks.iter().any(|s| s.name.as_str() == text)) {
        let help = format!("write `--sandbox=DIR`, or name the stack first: `infra apply {text} --sandbox`");
        return Err(context.terminal.fail(&format!("`--sandbox {text}` names a stack as its directory; {help}")));
    }
    Ok(Some(host::working_directory().unwrap_or_default().join(directory)))
}

/// The state of a sandbox is nobody's source. That this fails is no reason to stop.
fn ignore_in_git(directory: &std::path::Path) {
    let ours = directory.parent().filter(|p| p.file_name().is_some_and(|n| n == ".infra"));
    if let Some(folder) = ours.filter(|f| !f.join(".gitignore").exists()) {
        let _ = host::write(&folder.join(".gitignore"), b"*\n");
    }
}

/// An address that can be asked: what it is missing is better said here than by a failed call.
fn address(text: &str) -> Result<String, String> {
    let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() && !host.starts_with('/') => Ok(text.to_owned()),
        _ => Err("write an address such as `http://127.0.0.1:4566`".to_owned()),
    }
}
