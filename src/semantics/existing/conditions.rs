//! Conditions of a template, as far as the source decides them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::parameters::text_of;
use super::{Template, long_forms};
use crate::data::Node;
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::names::Name;
use crate::semantics::eval::Evaluator;
use crate::semantics::instances::Index;
use crate::semantics::model::{self, ParameterSource};
use crate::semantics::places::{Deal, Planned};
use crate::source::Span;

/// Conditions that stand on each other; CloudFormation refuses circles, and nobody builds towers.
const DEEPEST: usize = 64;

/// The conditions of one instance.
pub(super) struct Conditions<'a> {
    template: &'a Template,
    planned: &'a Planned,
    parameters: &'a [model::Parameter],
    /// What is found out already.
    known: BTreeMap<&'a str, Option<bool>>,
    depth: usize,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(template: &'a Template, planned: &'a Planned, parameters: &'a [model::Parameter]) -> Self {
        Self { template, planned, parameters, known: BTreeMap::new(), depth: 0 }
    }

    /// Whether the condition of that name holds; `None` where that shows when deploying.
    pub(super) fn holds(&mut self, name: &'a str) -> Option<bool> {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let condition = self.template.whole.get("Conditions")?.get(name)?;
        if self.depth == DEEPEST {
            return None;
        }
        // A condition that stands on itself is not known.
        self.known.insert(name, None);
        self.depth += 1;
        let holds = self.truth(condition);
        self.depth -= 1;
        self.known.insert(name, holds);
        holds
    }

    fn truth(&mut self, node: &'a Node) -> Option<bool> {
        let (function, argument) = long_forms::call(node)?;
        let items = argument.items();
        match (function, items) {
            ("Condition", _) => self.holds(argument.text()?),
            ("Fn::Equals", [a, b]) => Some(self.text(a)? == self.text(b)?),
            ("Fn::Not", [one]) => self.truth(one).map(|holds| !holds),
            ("Fn::And", all) => self.first(all, false),
            ("Fn::Or", all) => self.first(all, true),
            _ => None,
        }
    }

    /// `decides` where one of them is that; its opposite where all of them are the opposite.
    fn first(&mut self, all: &'a [Node], decides: bool) -> Option<bool> {
        let mut open = false;
        for one in all {
            match self.truth(one) {
                Some(truth) if truth == decides => return Some(decides),
                Some(_) => {}
                None => open = true,
            }
        }
        (!open).then_some(!decides)
    }

    /// A text that is known.
    fn text(&self, node: &'a Node) -> Option<Arc<str>> {
        match long_forms::call(node) {
            None => text_of(node),
            Some(("Ref", argument)) => self.named(argument.text()?),
            Some(("Fn::FindInMap", argument)) => {
                let [map, first, second] = argument.items() else { return None };
                let map = self.template.whole.get("Mappings")?.get(&self.text(map)?)?;
                text_of(map.get(&self.text(first)?)?.get(&self.text(second)?)?)
            }
            Some(_) => None,
        }
    }

    /// What a parameter is given by the source or `--set`, and what is known of the place.
    fn named(&self, name: &str) -> Option<Arc<str>> {
        match name {
            "AWS::AccountId" => return Some(Arc::clone(&self.planned.account.id)),
            "AWS::Region" => return Some(Arc::clone(&self.planned.key.region)),
            "AWS::StackName" => return Some(Arc::clone(&self.planned.stack_name)),
            _ => {}
        }
        let name = Name::new(name);
        match &self.parameters.iter().find(|parameter| parameter.name == name)?.source {
            // One that is not set keeps its deployed value.
            ParameterSource::Input { set, .. } => set.clone(),
            ParameterSource::Output(_) => None,
        }
    }
}

impl Evaluator<'_> {
    /// Warns where an output of a template of ours is read, and whether it will be there shows when deploying.
    /// `at` is where it is read.
    pub(in crate::semantics) fn may_be_left_out(&mut self, producer: Index, output: Name, at: Span) {
        let Some(planned) = self.instances.planned.get(producer).cloned() else { return };
        let Some(declared) = self.program.declared.stacks.get(planned.stack) else { return };
        let Some(template) = self.program.templates.get(&declared.at) else { return };
        let Some(output) = template.outputs.iter().find(|known| known.name == output) else { return };
        let (Some(condition), Deal::Ours) = (output.condition.as_deref(), &planned.deal) else { return };
        let head = self.instances.heads.iter().find(|head| head.key == planned.key);
        let parameters = head.map_or(&[][..], |head| &head.parameters);
        if Conditions::new(template, &planned, parameters).holds(condition).is_some() {
            return;
        }
        let stack = declared.name;
        let mut problem = Diagnostic::new(
            Code::NothingHere,
            format!("`{stack}.{}` may not be there: its condition is open", output.name),
        )
        .at(at, "read here")
        .at(output.span, format!("is there where `{condition}` holds"))
        .help(format!("give the parameters that decide `{condition}` in the braces behind the template"));
        problem.severity = Severity::Warning;
        self.report(problem);
    }
}
