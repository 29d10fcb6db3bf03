//! `infra ci github`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::workflow::{Job, Kind, Setup, workflow};
use super::written::{marked, save};
use crate::build;
use crate::cli::output::Exit;
use crate::cli::{Context, project};
use crate::diagnostics;
use crate::host::{self, Disk};
use crate::semantics::{self, Program};

/// Where GitHub looks for workflows, in the repository.
const FOLDER: &str = ".github/workflows";

/// What the first line of a file says.
const ABOUT: &str = "# Written by `infra ci github`; run it again when environments, accounts or branches change.";

/// Write workflows for GitHub Actions: plan a pull request, apply what is merged
#[derive(Args)]
#[command(after_help = "Examples:
  infra ci github --install 'cargo install --locked --path tools/infra'
  infra ci github --install ./install-infra --stdout
  infra ci github --install ./install-infra --apply-role arn:aws:iam::222222222222:role/deploy
  infra ci github --install ./install-infra --build ./build-image --set 'api.Tag=$GITHUB_SHA'

Each environment with a `branch` gets jobs in both files: `infra-plan.yml` plans requests into that
branch and comments on them; `infra-apply.yml` plans what is pushed to it, and applies just that plan
in the GitHub environment of the same name, where somebody may have to approve. Started by hand, it
takes what `--allow` takes. `infra ci policy` prints the policies of the roles.")]
pub(super) struct Github {
    /// The command that puts `infra` on the path of a job
    #[arg(long, value_name = "COMMAND", value_parser = command)]
    install: String,

    /// The role that plans: a name in the account of each environment, or an ARN
    #[arg(long, value_name = "ROLE", default_value = "infra-plan", value_parser = role)]
    plan_role: String,

    /// The role that applies: a name in the account of each environment, or an ARN
    #[arg(long, value_name = "ROLE", default_value = "infra-apply", value_parser = role)]
    apply_role: String,

    /// A command that builds what is planned, such as images, before what is pushed is planned; `INFRA_ENV` is the
    /// environment
    #[arg(long, value_name = "COMMAND", value_parser = command)]
    build: Option<String>,

    /// The role that builds: a name in the account of each environment, or an ARN
    #[arg(long, value_name = "ROLE", default_value = "infra-build", value_parser = role, requires = "build")]
    build_role: String,

    /// What plans set, as with `infra plan`; a variable of the job may stand in it: `'api.Tag=$GITHUB_SHA'`
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,

    /// Write to stdout, and no file
    #[arg(long)]
    stdout: bool,

    /// Write over files that were changed by hand
    #[arg(long, conflicts_with = "stdout")]
    force: bool,
}

impl Github {
    pub(super) fn run(self, context: &mut Context) -> Result<Exit, Exit> {
        let (disk, program) = project::load(context)?;
        let set: Result<_, String> = self.set.iter().map(|one| setting(&program, one)).collect();
        let found = build::check(&program, &set.map_err(|why| context.terminal.fail(&why))?);
        if diagnostics::has_errors(&found) {
            context.terminal.diagnostics(&found, &program.sources);
            return Err(Exit::Error);
        }
        let repository = repository(&disk);
        let fail = |why: String, context: &mut Context| context.terminal.fail(&why);
        let folder = folder(&disk, &repository).map_err(|why| fail(why, context))?;
        let jobs = self.jobs(&program, folder).map_err(|why| fail(why, context))?;
        let setup = Setup {
            install: &self.install,
            plan_role: &self.plan_role,
            apply_role: &self.apply_role,
            build: self.build.as_deref().map(|command| (command, &*self.build_role)),
            set: &self.set,
        };
        let files =
            Kind::ALL.map(|kind| (format!("{FOLDER}/{}", kind.file()), marked(ABOUT, &workflow(kind, &jobs, setup))));
        if self.stdout {
            let text: String = files.iter().map(|(name, text)| format!("---\n# {name}\n{text}")).collect();
            context.terminal.data(&text);
            return Ok(Exit::Done);
        }
        save(&repository, &files, self.force, context)?;
        Ok(Exit::Done)
    }

    /// A job for each environment that a branch deploys.
    fn jobs(&self, program: &Program, folder: Option<String>) -> Result<Vec<Job>, String> {
        let folder: Option<Arc<str>> = folder.map(Into::into);
        let places = semantics::places(program);
        // Programs without a project are refused before.
        let project = program.project().map_or("", |name| name.as_str());
        let mut jobs = Vec::new();
        for (env, branch) in semantics::environments(program) {
            let (Some(branch), Some(place)) = (branch, places.iter().find(|place| place.env == env)) else { continue };
            // Both stand in expressions and commands of the workflow, where other letters could mean something.
            for (what, text, plain) in [("environment", env.as_str(), "_-"), ("branch", &*branch, "_-./")] {
                if !text.chars().all(|c| c.is_ascii_alphanumeric() || plain.contains(c)) {
                    return Err(format!(
                        "the {what} `{text}` cannot stand in a workflow; give it a name of ASCII letters, digits and \
                         {}",
                        plain.chars().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
                    ));
                }
            }
            jobs.push(Job {
                project: project.to_string(),
                env: env.to_string(),
                branch: branch.to_string(),
                partition: semantics::partition(&place.region),
                account: place.account.id.to_string(),
                region: place.region.to_string(),
                folder: folder.clone(),
            });
        }
        match jobs.is_empty() {
            true => Err("no environment says which branch deploys it; add `branch: \"main\"` to one".to_owned()),
            false => Ok(jobs),
        }
    }
}

/// The folder of the repository that the project lies in; that of the project where there is none.
pub(super) fn repository(disk: &Disk) -> PathBuf {
    let mut above = disk.root.ancestors();
    above.find(|folder| host::exists(&folder.join(".git"))).unwrap_or(&disk.root).to_path_buf()
}

/// Where the project lies in the repository; `None` where that is the same.
pub(super) fn folder(disk: &Disk, repository: &Path) -> Result<Option<String>, String> {
    let folder = host::below(&disk.root, repository).unwrap_or_default();
    let odd = |c: char| !(c.is_alphanumeric() || " _-./+@".contains(c));
    match folder.find(odd) {
        Some(_) => {
            Err(format!("the folder `{}` cannot stand in a workflow; give it a plainer name", folder.escape_debug()))
        }
        None => Ok((!folder.is_empty()).then_some(folder)),
    }
}

/// A command of one line. An expression in it would be replaced before the shell sees it.
pub(super) fn command(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("write a command, such as `./install-infra`".to_owned()),
        line if line.contains("${{") || line.contains(char::is_control) => {
            Err("write one line without `${{`; what is longer goes into a script".to_owned())
        }
        line => Ok(line.to_owned()),
    }
}

/// `stack.Input=value`, which stands between double quotes in a script, in a file that everybody reads. What is wrong is
/// said without the value: it may be secret.
fn setting(program: &Program, text: &str) -> Result<(Arc<str>, Arc<str>), String> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "*_.".contains(c);
    let in_value = |c: char| c.is_ascii_alphanumeric() || " _-./:@+,=${}".contains(c);
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty() && name.chars().all(in_name))
        .ok_or("write `--set stack.Input=value`")?;
    if !value.chars().all(in_value) || value.contains("${{") {
        return Err(format!("`--set {name}=…` takes plain text, and variables such as `$GITHUB_SHA`"));
    }
    let is_variable = || {
        let name = value.strip_prefix('$').unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if semantics::is_secret_setting(program, name) && !is_variable() {
        return Err(format!(
            "`{name}` is secret, and its value would stand in the workflow: name a variable, as in `--set \
             '{name}=$TOKEN'`, which the job gets from a secret of GitHub"
        ));
    }
    Ok((name.into(), value.into()))
}

/// The name or the ARN of a role.
pub(super) fn role(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("arn:").unwrap_or(text);
    let more = if name.len() < text.len() { "+=,.@_/-:" } else { "+=,.@_/-" };
    match !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c)) {
        true => Ok(text.to_owned()),
        false => Err("write the name of a role, or its ARN".to_owned()),
    }
}
