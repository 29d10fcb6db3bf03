//! `infra explain`

use clap::Args;

use super::Context;
use super::output::Exit;
use crate::diagnostics::{Code, nearest};
use crate::schema::{Types, explain};
use crate::semantics;

/// Explain a resource type, a property of one, a function, or the code of a problem
#[derive(Args)]
#[command(after_help = "Examples:
  infra explain AWS::ECS::Service
  infra explain AWS::ECS::Service.NetworkConfiguration
  infra explain cidr_subnet
  infra explain unknown-property")]
pub(super) struct Explain {
    /// `AWS::EC2::VPC`, `AWS::EC2::VPC.CidrBlock`, `join`, or a code such as `cycle`
    subject: String,
}

impl Explain {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let subject = self.subject.as_str();
        if !subject.contains("::") {
            return explain_word(subject, context);
        }
        let types = Types::aws();
        let (name, path) = subject.split_once('.').map_or((subject, None), |(name, path)| (name, Some(path)));
        if types.resource(name).is_none() {
            let near = nearest(name, types.names()).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
            return context.terminal.fail(&format!("there is no resource type `{name}`{near}"));
        }
        let text = match path {
            None => explain::explain(types, name),
            Some(path) => explain::explain_property(types, name, path),
        };
        match text {
            Some(text) => {
                context.terminal.data(&text);
                Exit::Done
            }
            None => {
                let path = path.unwrap_or_default();
                let help = format!("`infra explain {name}` lists what there is");
                context.terminal.fail(&format!("`{name}` has no property or attribute `{path}`; {help}"))
            }
        }
    }
}

fn explain_word(name: &str, context: &mut Context) -> Exit {
    let page = Code::from_name(name).map(|code| code.page().to_owned());
    if let Some(text) = page.or_else(|| semantics::explain_function(name)) {
        context.terminal.data(&text);
        return Exit::Done;
    }
    let all = Code::ALL.iter().map(|c| c.name());
    let near = match nearest(name, all) {
        Some(near) => format!("the nearest code is `{near}`"),
        None => "give a code such as `unknown-property`, or a type such as `AWS::EC2::VPC`".to_owned(),
    };
    context.terminal.fail(&format!("nothing is known of `{name}`; {near}"))
}
