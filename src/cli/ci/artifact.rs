//! `infra ci artifact`: what a job of CodeBuild hands to the actions of the pipeline.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::output::Exit;
use crate::cli::plan as command;
use crate::cli::reach::Reach;
use crate::cli::select::Selection;
use crate::cli::session::{Allowed, Options, Session};
use crate::cli::{Context, project};
use crate::plan::{Leaves, Origin, Plan, Shown, StackPlan, Wanted, protect};
use crate::{build, host};

/// Plan, and write what the actions of `infra ci codepipeline` read: templates and configurations
#[derive(Args)]
#[command(after_help = "Examples:
  infra ci artifact --env prod -o out
  infra ci artifact --env prod -o out --set api.Image=repo:2

The plan is shown and refused as that of `infra plan`; assets are uploaded. An input that is not set
keeps its deployed value, which its configuration holds then.")]
pub(super) struct Artifact {
    #[command(flatten)]
    choice: project::Choice,

    #[command(flatten)]
    reach: Reach,

    #[command(flatten)]
    allowed: Allowed,

    /// The folder to write to
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    output: PathBuf,
}

impl Artifact {
    pub(super) fn run(self, context: &mut Context) -> Result<Exit, Exit> {
        let options = Options { selection: Selection::default(), choice: self.choice, reach: self.reach };
        let mut session = Session::open(&options, context)?;
        session.settings.leaves = Leaves::ChangeSets;
        let plan = command::make(&mut session, &self.allowed, context)?;
        command::show(&plan, command::View::Text, context);
        // The actions make change sets of their own.
        command::discard(&session, &plan, context);
        let folder = host::working_directory().unwrap_or_default().join(&self.output);
        for stack in &plan.stacks {
            let Some(wanted) = session.desired.get(&stack.id) else { continue };
            let configuration = configuration(stack, wanted, &plan).map_err(|why| context.terminal.fail(&why))?;
            let name = build::plain_name(&stack.id);
            for (kind, text) in [("templates", &wanted.body), ("configurations", &format!("{configuration:#}\n"))] {
                let name = format!("{kind}/{name}.json");
                host::write(&folder.join(&name), text.as_bytes())
                    .map_err(|e| context.terminal.fail(&format!("cannot write {name}: {}", host::plain(&e))))?;
            }
        }
        let count = plan.stacks.len();
        let stacks = if count == 1 { "stack" } else { "stacks" };
        context.terminal.say(&format!("templates and configurations of {count} {stacks} in {}", self.output.display()));
        Ok(Exit::Done)
    }
}

/// A template configuration file, as CodePipeline reads it: parameters, tags, stack policy.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html
fn configuration(stack: &StackPlan, wanted: &Wanted, plan: &Plan) -> Result<Value, String> {
    let mut parameters = BTreeMap::new();
    for (name, parameter) in &stack.parameters {
        match (&parameter.origin, &parameter.after) {
            // The action before gives it.
            (Origin::Output { stack: producer, .. }, _) if plan.stack(producer).is_some() => {}
            (_, Shown::Value(Value::String(text))) => {
                parameters.insert(name, text.clone());
            }
            (_, Shown::Value(other)) => {
                parameters.insert(name, other.to_string());
            }
            (_, Shown::Hidden | Shown::Later(_)) => {
                return Err(format!("`{name}` of `{}` is a secret, and CodePipeline cannot carry one", stack.id));
            }
        }
    }
    let mut configuration = json!({ "Parameters": parameters, "Tags": wanted.tags });
    if let Some(policy) = protect::policy(wanted.policy.as_deref(), wanted.protected.keys())
        && let Some(fields) = configuration.as_object_mut()
    {
        fields.insert("StackPolicy".to_owned(), serde_json::from_str(&policy).unwrap_or_default());
    }
    Ok(configuration)
}
