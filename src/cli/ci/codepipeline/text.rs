//! The project that is written: stores in every region, a build, the pipeline.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::called;
use super::graph::Graph;
use crate::semantics;
use crate::semantics::model::Account;

/// Where the sources come from.
pub(super) enum Source {
    /// A repository, through a connection.
    Connection { connection: String, repository: String, branch: String },
    /// An archive in a bucket.
    Bucket { bucket: String, key: String },
}

/// What the text says besides the stacks.
pub(super) struct Setting<'a> {
    /// Of what is deployed.
    pub project: &'a str,
    pub env: &'a str,
    /// With what all environments share.
    pub shared: bool,
    /// The account of the pipeline.
    pub home: &'a Account,
    /// Its region.
    pub region: &'a str,
    /// The command that puts `infra` on the path.
    pub install: &'a str,
    /// The project's folder in the sources.
    pub folder: Option<&'a str>,
    pub source: Source,
    /// Somebody approves each wave.
    pub approve: bool,
    /// Where templates go that are too large to be sent, in the region of the pipeline.
    pub bucket: Option<&'a str>,
    /// What planning takes in the account of the pipeline, where no role is assumed there.
    pub planning: Option<Value>,
}

/// The whole file, not laid out.
pub(super) fn write(graph: &Graph, setting: &Setting<'_>) -> String {
    let Setting { project, env, home, region, .. } = setting;
    let mut regions = vec![(*region).to_owned()];
    regions.extend(graph.regions.iter().filter(|other| *other != region).cloned());
    let role = home.role.as_ref().map(|role| format!(", role: {}", quoted(role))).unwrap_or_default();
    let account = called(home);
    let assets = setting.bucket.map(|bucket| format!(", assets: {}", quoted(bucket))).unwrap_or_default();
    let mut out = format!(
        "project {project}_{env}_pipeline\n\naccount {account} {{ id: {}{role} }}\n\nenv {env} {{ account: {account}, \
         regions: {}{assets} }}\n\n",
        quoted(&home.id),
        value(&json!(regions)),
    );
    out.push_str(&stores(graph));
    let _ = write!(out, "/// Deploys `{project}` to `{env}`: each wave is a stage.\nservice pipeline {{\n");
    out.push_str(&stacks(graph));
    out.push_str(&roles(graph, setting));
    out.push_str(&build(setting));
    out.push_str(&pipeline(setting));
    out.push_str("}\n\n");
    out.push_str(ACTIONS);
    if setting.approve {
        out.push_str(APPROVAL);
    }
    out
}

fn stores(graph: &Graph) -> String {
    let others = value(&json!(graph.others));
    let (users, allow) = match graph.others.is_empty() {
        true => (String::new(), String::new()),
        false => (format!(" {{ users: {others} }}"), format!("    allow: std::grant_read(Store, to: {others})\n")),
    };
    format!(
        "/// What an action hands to the next ones, in each region where there are any.\n@regions(env.regions)\ncore stores {{\n  \
         resource Key = std::key{users}\n  resource Store = std::bucket {{\n    key: Key\n    versions: false\n    expire: {{ \"\": \
         30 }}\n{allow}  }}\n\n  output Store = Store.name\n  output StoreArn = Store.arn\n  output Key = Key.arn\n}}\n\n"
    )
}

/// The stacks of each stage.
fn stacks(graph: &Graph) -> String {
    let mut out =
        String::from("  /// The stacks, wave after wave: those of one are deployed at once\n  let waves = [\n");
    for stage in &graph.stages {
        out.push_str("    [\n");
        for stack in stage {
            let _ = writeln!(out, "      {}", value(&stack.record()));
        }
        out.push_str("    ]\n");
    }
    out.push_str("  ]\n\n");
    out
}

fn roles(graph: &Graph, setting: &Setting<'_>) -> String {
    let list = |of: &BTreeSet<String>| value(&json!(of));
    let assume = match graph.roles.is_empty() {
        true => String::new(),
        false => format!("      std::grant_assume({})\n", list(&graph.roles)),
    };
    let source = match &setting.source {
        Source::Connection { connection, .. } => {
            // Both names of the service are in use.
            let both = json!(["codeconnections:UseConnection", "codestar-connections:UseConnection"]);
            format!("      std::allow({}, {})\n", value(&both), quoted(connection))
        }
        Source::Bucket { bucket, key } => {
            let partition = semantics::partition(setting.region);
            let (bucket, object) =
                (format!("arn:{partition}:s3:::{bucket}"), format!("arn:{partition}:s3:::{bucket}/{key}"));
            format!(
                "      std::allow([\"s3:GetBucketVersioning\", \"s3:ListBucket\"], {})\n      std::allow([\"s3:GetObject\", \
                 \"s3:GetObjectVersion\"], {})\n",
                quoted(&bucket),
                quoted(&object)
            )
        }
    };
    let own: Vec<&super::graph::Deployed> =
        graph.stages.iter().flatten().filter(|stack| stack.role.is_none()).collect();
    let partition = semantics::partition(setting.region);
    let arns: BTreeSet<String> = own
        .iter()
        .map(|s| format!("arn:{partition}:cloudformation:{}:{}:stack/{}/*", s.region, s.account, s.stack))
        .collect();
    let passed: BTreeSet<String> = own.iter().map(|stack| stack.deploy_role.clone()).collect();
    let deploy = match own.is_empty() {
        true => String::new(),
        false => format!(
            "      std::allow({}, {})\n      std::allow(\"iam:PassRole\", {}, {{ StringEquals: {{ \"iam:PassedToService\": \
             \"cloudformation.amazonaws.com\" }} }})\n",
            value(&json!(DEPLOY)),
            list(&arns),
            list(&passed)
        ),
    };
    let planning = match &setting.planning {
        Some(document) => {
            format!("  resource Planning = AWS::IAM::ManagedPolicy {{\n    PolicyDocument: {}\n  }}\n", value(document))
        }
        None => String::new(),
    };
    let planner = if setting.planning.is_some() { "    managed_policies: [Planning.PolicyArn]\n" } else { "" };
    format!(
        "  /// What the actions hand to each other\n  let handing = std::grants([for region in env.regions: \
         std::grant_read_write(stores[region].StoreArn, key: stores[region].Key)])\n\n{planning}  resource Builder = std::role \
         {{\n    trust: \"codebuild.amazonaws.com\"\n    allow: [\n      handing\n{assume}      std::allow([\"logs:CreateLogGroup\", \
         \"logs:CreateLogStream\", \"logs:PutLogEvents\"])\n    ]\n{planner}  }}\n  resource Role = std::role {{\n    trust: \
         \"codepipeline.amazonaws.com\"\n    allow: [\n      handing\n{assume}{source}      std::allow([\"codebuild:BatchGetBuilds\", \
         \"codebuild:StartBuild\"], Build)\n{deploy}    ]\n  }}\n\n"
    )
}

/// What an action of CloudFormation does to a stack, by the pipeline's own role.
const DEPLOY: [&str; 9] = [
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:SetStackPolicy",
    "cloudformation:TagResource",
];

/// The job: it is given settings by the variables of a run.
fn build(setting: &Setting<'_>) -> String {
    let enter = setting.folder.map(|folder| format!("cd \"{folder}\"")).into_iter();
    let given = |option: &str, variable: &str| {
        format!("[ \"${variable}\" = none ] || for one in ${variable}; do set -- \"$@\" {option} \"$one\"; done")
    };
    // Each command keeps what the one before left only where they are one.
    let artifact = format!(
        "set -f; {}; {}; infra ci artifact --env {}{} -o \"$CODEBUILD_SRC_DIR/out\" \"$@\"",
        given("--set", "INFRA_SET"),
        given("--allow", "INFRA_ALLOW"),
        setting.env,
        if setting.shared { " --shared" } else { "" }
    );
    let commands: Vec<String> = enter.chain([artifact]).collect();
    let spec = json!({
        "version": "0.2",
        "env": { "shell": "bash" },
        "phases": { "install": { "commands": [setting.install] }, "build": { "commands": commands } },
        "artifacts": { "base-directory": "out", "files": ["**/*"] },
    });
    format!(
        "  resource Build = AWS::CodeBuild::Project {{\n    Description: {}\n    ServiceRole: Builder.role\n    Artifacts: {{ Type: \
         \"CODEPIPELINE\" }}\n    Environment: {{\n      Type: \"LINUX_CONTAINER\"\n      ComputeType: \"BUILD_GENERAL1_SMALL\"\n      \
         Image: \"aws/codebuild/standard:7.0\"\n    }}\n    Source: {{\n      Type: \"CODEPIPELINE\"\n      BuildSpec: json({})\n    \
         }}\n  }}\n\n",
        quoted(&format!("plans {} for {}", setting.project, setting.env)),
        value(&spec)
    )
}

fn pipeline(setting: &Setting<'_>) -> String {
    let source = match &setting.source {
        Source::Connection { connection, repository, branch } => format!(
            "\"CodeStarSourceConnection\", {}",
            value(&json!({ "ConnectionArn": connection, "FullRepositoryId": repository, "BranchName": branch }))
        ),
        Source::Bucket { bucket, key } => format!(
            "\"S3\", {}",
            value(&json!({ "S3Bucket": bucket, "S3ObjectKey": key, "PollForSourceChanges": "true" }))
        ),
    };
    let wave = match setting.approve {
        true => "[...[for stack in wave: prepare(stack, 1)], approval, ...[for stack in wave: execute(stack, 3)]]",
        false => "[...[for stack in wave: prepare(stack, 1)], ...[for stack in wave: execute(stack, 2)]]",
    };
    let variable = |name: &str, says: &str| {
        format!("{{ Name: \"{name}\", DefaultValue: \"none\", Description: {} }}", quoted(says))
    };
    format!(
        "  resource Pipeline = AWS::CodePipeline::Pipeline {{\n    Name: {}\n    PipelineType: \"V2\"\n    RoleArn: Role.role\n    \
         ArtifactStores: [\n      for region in env.regions: {{\n        Region: region\n        ArtifactStore: {{\n          Type: \
         \"S3\"\n          Location: stores[region].Store\n          EncryptionKey: {{ Type: \"KMS\", Id: stores[region].Key \
         }}\n        }}\n      }}\n    ]\n    Variables: [\n      {}\n      {}\n    ]\n    Stages: [\n      {{ Name: \"Source\", Actions: \
         [sources({source})] }}\n      {{ Name: \"Build\", Actions: [planned(Build.ref)] }}\n      ...[for at, wave in waves: {{ \
         Name: \"Wave${{at + 1}}\", Actions: {wave} }}]\n    ]\n  }}\n\n  output Name = Pipeline.ref\n",
        quoted(&format!("{}-{}", setting.project, setting.env)),
        variable("set", "inputs and params: stack.Input=value, with blanks between several"),
        variable("allow", "what may go: replace:STACK/RESOURCE, delete:STACK/RESOURCE"),
    )
}

/// The actions, each said once.
const ACTIONS: &str = r##"/// The sources, as an artifact.
fn sources(provider: String, configuration: Json): Json = {
  Name: "Source"
  ActionTypeId: { Category: "Source", Owner: "AWS", Provider: provider, Version: "1" }
  Configuration: configuration
  OutputArtifacts: [{ Name: "Sources" }]
}

/// The plan, and what comes of it: a template and a configuration for each stack.
fn planned(project: String): Json = {
  Name: "Plan"
  ActionTypeId: { Category: "Build", Owner: "AWS", Provider: "CodeBuild", Version: "1" }
  Configuration: {
    ProjectName: project
    EnvironmentVariables: json([
      { name: "INFRA_SET", type: "PLAINTEXT", value: "#{variables.set}" }
      { name: "INFRA_ALLOW", type: "PLAINTEXT", value: "#{variables.allow}" }
    ])
  }
  InputArtifacts: [{ Name: "Sources" }]
  OutputArtifacts: [{ Name: "Stacks" }]
}

/// An action of CloudFormation, with what both that there are share.
fn on_stack(stack, what: String, order: Int, configuration: Json): Json = {
  Name: "${stack.name}.${what}"
  RunOrder: order
  Region: stack.region
  RoleArn: stack.role
  ActionTypeId: { Category: "Deploy", Owner: "AWS", Provider: "CloudFormation", Version: "1" }
  Configuration: { StackName: stack.stack, ChangeSetName: "infra-codepipeline", ...configuration }
}

/// Makes the change set of a stack, from what the build wrote and what earlier stacks give out.
fn prepare(stack, order: Int): Json = {
  ...on_stack(stack, "prepare", order, {
    ActionMode: "CHANGE_SET_REPLACE"
    RoleArn: stack.deploy_role
    TemplatePath: "Stacks::templates/${stack.file}.json"
    TemplateConfiguration: "Stacks::configurations/${stack.file}.json"
    Capabilities: if stack.capabilities == "" then null else stack.capabilities
    ParameterOverrides: if len(stack.parameters) == 0 then null else json(stack.parameters)
  })
  InputArtifacts: [{ Name: "Stacks" }]
}

/// Executes it; what the stack gives out, later actions find in its namespace.
fn execute(stack, order: Int): Json = {
  ...on_stack(stack, "execute", order, { ActionMode: "CHANGE_SET_EXECUTE" })
  Namespace: stack.namespace
}
"##;

/// Only where somebody approves.
const APPROVAL: &str = r#"
/// Somebody has looked at the change sets of the wave.
let approval = {
  Name: "Approve"
  RunOrder: 2
  ActionTypeId: { Category: "Approval", Owner: "AWS", Provider: "Manual", Version: "1" }
}
"#;

/// A text in double quotes.
fn quoted(text: &str) -> String {
    // What follows `$` in a text of ours is never meant as an expression.
    Value::from(text).to_string().replace("${", "\\${")
}

/// JSON as an expression: keys that are names go without quotes.
fn value(of: &Value) -> String {
    match of {
        Value::Object(entries) => {
            let is_name = |key: &str| {
                key.starts_with(|c: char| c.is_ascii_alphabetic())
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            let entry = |(key, of): (&String, &Value)| match is_name(key) {
                true => format!("{key}: {}", value(of)),
                false => format!("{}: {}", quoted(key), value(of)),
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}
