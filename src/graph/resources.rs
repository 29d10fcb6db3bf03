//! Resources of one instance and what they refer to.

use petgraph::graph::DiGraph;
use rustc_hash::FxHashMap;

use super::{Drawing, Node, ORDER, cycles};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::model::{Instance, Resource};
use crate::semantics::references;
use crate::semantics::value::Value;
use crate::source::Span;

/// Why a resource needs another.
struct Need {
    /// The property that refers to it; `None` for an order that no reference shows.
    property: Option<Name>,
    /// Where the source says so.
    span: Span,
}

/// The graph; nodes in the order of the source, edges in that of the properties.
fn graph(instance: &Instance) -> DiGraph<&Resource, Need> {
    let resources = &instance.resources;
    let mut graph = DiGraph::with_capacity(resources.len(), resources.len() * 2);
    let nodes: FxHashMap<Name, _> = resources.iter().map(|r| (r.id, graph.add_node(r))).collect();
    for resource in resources {
        let Some(from) = nodes.get(&resource.id) else { continue };
        let mut need = |target: Name, property: Option<Name>, span: Span| {
            if let Some(to) = nodes.get(&target) {
                graph.add_edge(*from, *to, Need { property, span });
            }
        };
        if let Value::Object(properties) = &resource.properties {
            for (property, value) in properties.iter() {
                references::each(value, &mut |found| need(found.target, Some(property), found.origin));
            }
        }
        let extras = &resource.extras;
        for (attribute, value) in [
            ("CreationPolicy", &extras.creation_policy),
            ("Metadata", &extras.metadata),
            ("UpdatePolicy", &extras.update_policy),
        ] {
            if let Some(value) = value {
                references::each(value, &mut |found| need(found.target, Some(Name::new(attribute)), found.origin));
            }
        }
        for target in &resource.depends_on {
            need(*target, None, resource.span);
        }
    }
    graph
}

pub(super) fn draw(instance: &Instance) -> Drawing {
    let node =
        |resource: &&Resource, wave| Node { name: resource.shown.to_string(), kind: resource.ty.to_string(), wave };
    Drawing::of(&graph(instance), node, |need| need.property.map_or(ORDER.to_owned(), |name| name.to_string()))
}

pub(super) fn cycles(instance: &Instance) -> Vec<Diagnostic> {
    // What a condition leaves out of an existing template closes no circle, and which hold is known when deploying.
    if instance.template.as_ref().is_some_and(|whole| whole.get("Conditions").is_some()) {
        return Vec::new();
    }
    let graph = graph(instance);
    cycles::find(&graph)
        .into_iter()
        .map(|edges| {
            let step = |edge| {
                let (from, to) = graph.edge_endpoints(edge)?;
                Some((*graph.node_weight(from)?, *graph.node_weight(to)?, graph.edge_weight(edge)?))
            };
            report(&edges.into_iter().filter_map(step).collect::<Vec<_>>())
        })
        .collect()
}

fn report(steps: &[(&Resource, &Resource, &Need)]) -> Diagnostic {
    let message = match steps {
        [(only, ..)] => format!("`{}` refers to itself", only.shown),
        _ => format!("these resources need each other: {}", cycles::path(steps.iter().map(|(from, ..)| &*from.shown))),
    };
    let groups = steps.iter().all(|(from, ..)| from.ty.as_str() == "AWS::EC2::SecurityGroup");
    let help = if groups {
        "move one of the rules into a resource of its own, `AWS::EC2::SecurityGroupIngress` or `AWS::EC2::SecurityGroupEgress`"
    } else {
        "take one of these references out, or set a fixed name on one of the resources and spell it where it is needed"
    };
    let problem = Diagnostic::new(Code::Cycle, message).help(help);
    steps.iter().fold(problem, |problem, (from, to, need)| {
        let label = match need.property {
            Some(property) => format!("`{property}` of `{}` needs `{}`", from.shown, to.shown),
            None => format!("`{}` comes after `{}`", from.shown, to.shown),
        };
        problem.at(need.span, label)
    })
}
