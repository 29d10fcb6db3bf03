//! `infra graph`

use clap::{Args, ValueEnum};

use super::output::Exit;
use super::{Context, build, project};
use crate::{graph, semantics};

/// Show which stack needs whose outputs, or how the resources of one stack hang together
#[derive(Args)]
#[command(after_help = "Examples:
  infra graph --env dev
  infra graph --env dev --format svg > graph.svg
  infra graph --env dev --format dot | dot -Tpng > graph.png
  infra graph --env dev --format mermaid
  infra graph --env dev network           the resources of `network`")]
pub(super) struct Graph {
    #[command(flatten)]
    choice: project::Choice,

    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Draw the resources of this stack instead (`network`, or `network@us-east-1` for one of several)
    stack: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Dot,
    Mermaid,
    Svg,
}

impl Graph {
    pub(super) fn run(self, context: &mut Context) -> Exit {
        let drawing = match self.draw(context) {
            Ok(drawing) => drawing,
            Err(exit) => return exit,
        };
        context.terminal.data(&match self.format {
            Format::Text => drawing.to_text(),
            Format::Dot => drawing.to_dot(),
            Format::Mermaid => drawing.to_mermaid(),
            Format::Svg => drawing.to_svg(),
        });
        Exit::Done
    }

    fn draw(&self, context: &mut Context) -> Result<graph::Drawing, Exit> {
        let (_, program) = project::load(context)?;
        let target = self.choice.target(&program, context)?;
        let built = build::compile(&program, &target, context)?;
        let Some(asked) = &self.stack else {
            let heads: Vec<_> = built.stacks.into_iter().map(|b| b.head).collect();
            return Ok(graph::instances(&heads));
        };
        let (stack, region) = asked.split_once('@').map_or((asked.as_str(), None), |(s, r)| (s, Some(r)));
        let mut drawing = None;
        semantics::lower(&program, &target, &mut |instance| {
            let key = &instance.head.key;
            if key.stack.as_str() == stack && region.is_none_or(|r| *key.region == *r) {
                drawing.get_or_insert_with(|| graph::resources(instance));
            }
        });
        drawing.ok_or_else(|| {
            let names: Vec<&str> = built.stacks.iter().map(|b| b.head.key.stack.as_str()).collect();
            context.terminal.fail(&format!("there is no stack `{asked}` here; there are: {}", names.join(", ")))
        })
    }
}
