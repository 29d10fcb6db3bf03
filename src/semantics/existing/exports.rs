//! Exports and imports: texts that templates agree on, and the order that they make.

use std::sync::Arc;

use super::Template;
use super::long_forms::call;
use crate::data::{Kind, Node};
use crate::names::Name;
use crate::semantics::declare::Origin;
use crate::semantics::eval::Evaluator;
use crate::semantics::instances::Index;
use crate::semantics::model::After;
use crate::semantics::places::{Deal, Planned};
use crate::syntax::ast::Layer;

/// The name of an export.
pub(crate) struct Export {
    pub(super) name: Node,
}

impl Export {
    /// The name, where it is known what it is in that place.
    pub(super) fn known(&self, planned: &Planned) -> Option<Arc<str>> {
        text(&self.name, planned).map(Arc::from)
    }
}

/// A text made of plain texts and of what is known of a place.
fn text(node: &Node, planned: &Planned) -> Option<String> {
    match call(node) {
        None => match &node.kind {
            Kind::Text(text) => Some(text.to_string()),
            Kind::Int(number) => Some(number.to_string()),
            _ => None,
        },
        Some(("Ref", name)) => pseudo(name.text()?, planned),
        Some(("Fn::Sub", argument)) => sub(argument.text()?, planned),
        Some(("Fn::Join", argument)) => {
            let [separator, parts] = argument.items() else { return None };
            let parts: Option<Vec<String>> = parts.items().iter().map(|part| text(part, planned)).collect();
            Some(parts?.join(separator.text()?))
        }
        Some(_) => None,
    }
}

fn sub(pattern: &str, planned: &Planned) -> Option<String> {
    let mut out = String::new();
    let mut pieces = pattern.split("${");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once('}')?;
        match name.trim().strip_prefix('!') {
            Some(literal) => out.push_str(&format!("${{{literal}}}")),
            None => out.push_str(&pseudo(name.trim(), planned)?),
        }
        out.push_str(rest);
    }
    Some(out)
}

fn pseudo(name: &str, planned: &Planned) -> Option<String> {
    match name {
        "AWS::StackName" => Some(planned.stack_name.to_string()),
        "AWS::Region" => Some(planned.key.region.to_string()),
        "AWS::AccountId" => Some(planned.account.id.to_string()),
        _ => None,
    }
}

/// The instances of this project whose exports the template imports: they come first.
pub(super) fn imported<'p>(ev: &mut Evaluator<'p>, template: &'p Template, at: Index, planned: &Planned) -> Vec<After> {
    let mut after: Vec<After> = Vec::new();
    for import in &template.imports {
        let Some(name) = text(import, planned) else { continue };
        for (index, other) in providers(ev, &name, at, planned) {
            if ev.layer() == Some(Layer::Core) && other.layer == Layer::Service {
                ev.points_up(other.key.stack, other.span, import.span);
                continue;
            }
            let Some(done) = ev.done(index, import.span) else { continue };
            let head = ev.instances.heads.get(done);
            let gives = head.is_some_and(|head| head.outputs.iter().any(|o| o.export.as_deref() == Some(&*name)));
            if gives && !after.iter().any(|known| known.instance == other.key) {
                after.push(After { instance: other.key.clone(), span: import.span });
            }
        }
    }
    after
}

/// Instances next to this one that may export `name`. Nothing is evaluated for it.
fn providers(ev: &Evaluator<'_>, name: &str, at: Index, planned: &Planned) -> Vec<(Index, Arc<Planned>)> {
    let near = |other: &Planned| {
        matches!(other.deal, Deal::Ours)
            && other.account.id == planned.account.id
            && other.key.region == planned.key.region
    };
    let all = ev.instances.planned.iter().enumerate();
    let others = all.filter(|(index, other)| *index != at && near(other) && may_export(ev, other, name));
    others.map(|(index, other)| (index, Arc::clone(other))).collect()
}

fn may_export(ev: &Evaluator<'_>, other: &Planned, name: &str) -> bool {
    let Some(declared) = ev.program.declared.stacks.get(other.stack) else { return false };
    match declared.origin {
        Origin::External => false,
        Origin::Ours => {
            let output = name.strip_prefix(&*other.stack_name).and_then(|rest| rest.strip_prefix('-'));
            output.is_some_and(|output| declared.members.outputs.iter().any(|o| o.name == Name::new(output)))
        }
        Origin::Template => ev.program.templates.get(&declared.at).is_some_and(|template| {
            let exports = template.outputs.iter().filter_map(|output| output.export.as_ref());
            exports.into_iter().any(|export| export.known(other).as_deref() == Some(name))
        }),
    }
}
