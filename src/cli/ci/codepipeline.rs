//! `infra ci codepipeline`: the deployment graph of an environment as a pipeline inside AWS.
//!
//! What is written is a project of its own, not a template: so it is read and changed like the rest, and `infra apply`
//! deploys it, with its stores in every region.

use std::sync::Arc;

use clap::Args;
use serde_json::Value;

use super::github;
use super::iam::{Role, accounts};
use super::policy;
use super::written::{marked, save};
use crate::cli::output::Exit;
use crate::cli::{Context, build, project};
use crate::names::Name;
use crate::plan;
use crate::semantics::model;
use crate::semantics::{self, Program, Target};
use crate::source::Sources;
use crate::syntax;

use text::Setting;

mod graph;
mod text;

/// What the first line of the file says.
const ABOUT: &str =
    "// Written by `infra ci codepipeline`; run it again when stacks, their outputs, accounts or regions change.";

/// Write a project whose pipeline deploys an environment inside AWS: waves are its stages
#[derive(Args)]
#[command(after_help = "Examples:
  infra ci codepipeline --env prod --install ./install-infra --bucket shop-sources --key shop.zip
  infra ci codepipeline --env prod --install ./install-infra --approve \\
    --connection arn:aws:codeconnections:eu-west-1:222222222222:connection/1b2c --repository acme/shop

A build runs `infra ci artifact`; then every wave is a stage, in which each stack gets a change set
that is executed, in its account and region. What a stack gives out, later ones are given.")]
pub(super) struct Codepipeline {
    /// The environment that it deploys
    #[arg(long, value_name = "ENV")]
    env: String,

    /// With the stacks that all environments share (`@in`), also where this environment uses none
    #[arg(long)]
    shared: bool,

    /// The command that puts `infra` on the path of the build
    #[arg(long, value_name = "COMMAND", value_parser = github::command)]
    install: String,

    /// The connection to the repository, as an ARN
    #[arg(long, value_name = "ARN", requires = "repository", required_unless_present = "bucket", value_parser = connection)]
    connection: Option<String>,

    /// The repository: `OWNER/NAME`
    #[arg(long, value_name = "REPOSITORY", requires = "connection")]
    repository: Option<String>,

    /// The branch; that of the environment, where it has one
    #[arg(long, value_name = "BRANCH", requires = "connection")]
    branch: Option<String>,

    /// Instead of a repository: the bucket, with versions, that the sources are put into
    #[arg(long, value_name = "BUCKET", requires = "key", conflicts_with = "connection")]
    bucket: Option<String>,

    /// The key of the archive in that bucket
    #[arg(long, value_name = "KEY", requires = "bucket")]
    key: Option<String>,

    /// The account that the pipeline lies in, by its name; that of the environment, where none is named
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,

    /// Before a wave changes anything, somebody has to approve its change sets
    #[arg(long)]
    approve: bool,

    /// The role that CloudFormation deploys with: a name in the account of each stack, or an ARN
    #[arg(long, value_name = "ROLE", default_value = "infra-cloudformation", value_parser = github::role)]
    deploy_role: String,

    /// The folder to write the project to: a hidden one in this project's, which has no part in it
    #[arg(short = 'o', long = "output", value_name = "DIR", default_value = ".codepipeline", value_parser = folder)]
    output: String,

    /// Write to stdout, and no file
    #[arg(long)]
    stdout: bool,

    /// Write over a file that was changed by hand
    #[arg(long, conflicts_with = "stdout")]
    force: bool,
}

impl Codepipeline {
    pub(super) fn run(self, context: &mut Context) -> Result<Exit, Exit> {
        let (disk, program) = project::load(context)?;
        let env = Name::new(&self.env);
        let target = Target { envs: vec![env], shared: self.shared, ..Target::default() };
        let built = build::compile(&program, &target, context)?;
        let fail = |why: &str, context: &mut Context| context.terminal.fail(why);
        let home = self.home(&program, env).map_err(|why| fail(&why, context))?;
        let source = self.source(&program, env).map_err(|why| fail(&why, context))?;
        let graph = graph::of(&built, &home.account, &self.deploy_role, self.approve);
        let graph = graph.map_err(|problems| fail(&problems.join("\n"), context))?;
        let repository = github::repository(&disk);
        let folder = github::folder(&disk, &repository).map_err(|why| fail(&why, context))?;
        let planning = planning(&plan::desired(&built), &home.account).map_err(|why| fail(&why, context))?;
        let near = built.stacks.iter().map(|stack| &stack.head);
        let bucket = near
            .filter(|head| head.account.id == home.account.id && head.key.region == home.region)
            .find_map(|head| head.bucket.as_deref());
        let setting = Setting {
            project: program.project().map_or("", |name| name.as_str()),
            env: &self.env,
            shared: self.shared,
            home: &home.account,
            region: &home.region,
            install: &self.install,
            folder: folder.as_deref(),
            source,
            approve: self.approve,
            bucket,
            planning,
        };
        let text = laid_out(&text::write(&graph, &setting));
        let name = format!("{}/pipeline.infra", self.output);
        let text = marked(ABOUT, &text);
        if self.stdout {
            context.terminal.data(&text);
        } else {
            save(&disk.root, &[(name, text)], self.force, context)?;
        }
        for line in self.once(&graph, &setting) {
            context.terminal.say(&line);
        }
        Ok(Exit::Done)
    }

    /// Where the pipeline lies.
    fn home(&self, program: &Program, env: Name) -> Result<semantics::Primary, String> {
        let place = semantics::places(program).into_iter().find(|place| place.env == env);
        let Some(place) = place else { return Err(format!("there is no environment `{env}`")) };
        let Some(asked) = &self.account else { return Ok(place) };
        let all = semantics::accounts(program);
        let names: Vec<&str> = all.iter().map(|account| account.name.as_str()).collect();
        match all.iter().find(|account| account.name.as_str() == asked) {
            Some(account) => Ok(semantics::Primary { account: Arc::clone(account), ..place }),
            None => Err(format!("there is no account `{asked}`; there are: {}", names.join(", "))),
        }
    }

    /// The configuration of the source's action.
    fn source(&self, program: &Program, env: Name) -> Result<text::Source, String> {
        if let (Some(bucket), Some(key)) = (&self.bucket, &self.key) {
            return Ok(text::Source::Bucket { bucket: bucket.clone(), key: key.clone() });
        }
        let (Some(connection), Some(repository)) = (&self.connection, &self.repository) else {
            return Err(
                "say where the sources are: `--connection` with `--repository`, or `--bucket` with `--key`".to_owned()
            );
        };
        let environments = semantics::environments(program);
        let of_env = || environments.iter().find(|(name, _)| *name == env).and_then(|(_, branch)| branch.as_deref());
        match self.branch.as_deref().or_else(of_env) {
            Some(branch) => Ok(text::Source::Connection {
                connection: connection.clone(),
                repository: repository.clone(),
                branch: branch.to_owned(),
            }),
            None => Err(format!("say which branch is deployed: `branch: \"main\"` in `env {env}`, or `--branch`")),
        }
    }

    /// What has to be done once, by people.
    fn once(&self, graph: &graph::Graph, setting: &Setting<'_>) -> Vec<String> {
        let Setting { home, .. } = setting;
        let mut lines = vec!["once, before the first run:".to_owned()];
        if let Some(connection) = &self.connection {
            lines.push(format!(
                "- the connection {connection} must be \"available\": one that was just made is pending until somebody \
                 opens it in the console (Developer Tools, Connections) and completes the handshake with the repository"
            ));
        }
        for (account, deploy_role) in &graph.deploy_roles {
            lines.push(format!("- account {account}: the role {deploy_role}, which trusts `cloudformation.amazonaws.com` and may make what the stacks hold"));
        }
        for role in &graph.roles {
            lines.push(format!(
                "- the role {role} trusts account {}; it has the `apply` policy of `infra ci policy`, `iam:PassRole` on the \
                 role that CloudFormation deploys with, and may read the stores and use their keys, which `infra -C {} \
                 outputs` tells",
                home.id, self.output
            ));
        }
        lines.push(format!(
            "- `infra -C {} apply --env {}` makes the pipeline, with credentials of account {}",
            self.output, setting.env, home.id
        ));
        if !graph.protected.is_empty() {
            lines.push(format!(
                "after the first run: CodePipeline cannot set termination protection of {}; `infra apply --env {}` does",
                graph.protected.join(", "),
                setting.env
            ));
        }
        lines
    }
}

/// What the build is allowed in the account of the pipeline, so that it can plan there; none where it assumes the role of
/// that account.
fn planning(desired: &plan::Desired, home: &model::Account) -> Result<Option<Value>, String> {
    let account = accounts(desired).into_iter().find(|account| account.id == *home.id && account.role.is_none());
    let Some(document) = account.map(|account| account.document(Role::Plan)) else { return Ok(None) };
    let length = document.to_string().len();
    if length > policy::LONGEST {
        return Err(format!(
            "the policy with which the build plans in account `{0}` has {length} characters, and a managed policy takes {1}: \
             say with `role` in `account {0}` which role it assumes there",
            home.name,
            policy::LONGEST
        ));
    }
    Ok(Some(document))
}

/// The text as `infra fmt` lays it out.
fn laid_out(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("pipeline.infra", text);
    sources.get(id).and_then(syntax::format).unwrap_or_else(|| text.to_owned())
}

/// The ARN of a connection.
fn connection(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/-".contains(c);
    match text.starts_with("arn:") && text.contains(":connection/") && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => {
            Err("write the ARN of a connection: `arn:aws:codeconnections:REGION:ACCOUNT:connection/ID`".to_owned())
        }
    }
}

/// A folder below the project whose files are not the project's own: hidden ones are not.
fn folder(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let inside = text.split('/').all(|part| !part.trim_matches('.').is_empty());
    match text.starts_with('.') && inside && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("write a hidden folder of this project, such as `.codepipeline`".to_owned()),
    }
}

/// What an account is called in the file that is written.
fn called(account: &model::Account) -> &str {
    account.name.as_str()
}
