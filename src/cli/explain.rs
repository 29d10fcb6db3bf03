//! `infra explain`

use clap::Args;

use super::output::Exit;
use super::{Context, project};
use crate::diagnostics::{Code, nearest};
use crate::schema::{Types, explain};
use crate::semantics::{self, handbook};

/// Explain a resource type, a property, a function, a component of `std`, or the code of a problem
#[derive(Args)]
#[command(after_help = "Examples:
  infra explain AWS::ECS::Service
  infra explain AWS::ECS::Service.NetworkConfiguration
  infra explain Acme::Queue::Thing      by its schema in the project, schemas/*.json
  infra explain cidr_subnet
  infra explain std::network            `std::` lists all of it
  infra explain std:/network.infra      its source, as messages name it
  infra explain unknown-property")]
pub(super) struct Explain {
    /// `AWS::EC2::VPC`, `AWS::EC2::VPC.CidrBlock`, `join`, `std::network`, or a code such as `cycle`
    subject: String,
}

impl Explain {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let subject = self.subject.as_str();
        if subject.starts_with("std:/") {
            return explain_file(subject, context);
        }
        if !subject.contains("::") {
            return explain_word(subject, context);
        }
        if let Some(name) = subject.strip_prefix("std::") {
            return explain_library(name, context);
        }
        let (name, path) = subject.split_once('.').map_or((subject, None), |(name, path)| (name, Some(path)));
        let types = match Types::aws().resource(name) {
            Some(_) => Types::aws(),
            None => match project::types(context) {
                Ok(types) => types,
                Err(exit) => return exit,
            },
        };
        if types.resource(name).is_none() {
            let all = types.names().chain(types.own().map(|own| own.name));
            let near = nearest(name, all).map_or(String::new(), |n| format!("; the nearest is `{n}`"));
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

/// A file of the standard library, as messages name it.
fn explain_file(name: &str, context: &mut Context) -> Exit {
    if let Some(text) = handbook::file_of_library(name) {
        context.terminal.data(text);
        return Exit::Done;
    }
    let near = match nearest(name, handbook::files_in_library()) {
        Some(near) => format!("the nearest is `{near}`"),
        None => "`infra explain std::` lists what the standard library has".to_owned(),
    };
    context.terminal.fail(&format!("there is no file `{name}`; {near}"))
}

/// Something in the standard library; all that is in it for no name at all.
fn explain_library(name: &str, context: &mut Context) -> Exit {
    if let Some(text) = handbook::of_library(name) {
        context.terminal.data(&text);
        return Exit::Done;
    }
    let names = handbook::names_in_library();
    if name.is_empty() {
        let width = names.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = names.iter().map(|(name, what)| format!("std::{name:width$}  {what}\n"));
        context.terminal.data(&lines.collect::<String>());
        return Exit::Done;
    }
    let near = match nearest(name, names.iter().map(|(name, _)| name.as_str())) {
        Some(near) => format!("the nearest is `std::{near}`"),
        None => "`infra explain std::` lists what there is".to_owned(),
    };
    context.terminal.fail(&format!("there is no `std::{name}`; {near}"))
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
