//! Instances and the outputs that they read of each other.

use std::collections::BTreeMap;

use petgraph::graph::DiGraph;

use super::{Drawing, Node, cycles};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::model::{Head, Use};

/// The graph; nodes in the order given. Reads of instances that are not given are no edges.
pub(super) fn graph(heads: &[Head]) -> DiGraph<&Head, &Use> {
    let mut graph = DiGraph::with_capacity(heads.len(), heads.len() * 4);
    let nodes: BTreeMap<_, _> = heads.iter().map(|head| (&head.key, graph.add_node(head))).collect();
    for head in heads {
        for used in &head.uses {
            if let (Some(from), Some(to)) = (nodes.get(&head.key), nodes.get(&used.from.instance)) {
                graph.add_edge(*from, *to, used);
            }
        }
    }
    graph
}

pub(super) fn draw(heads: &[Head]) -> Drawing {
    let node = |head: &&Head, wave| Node { name: head.key.to_string(), kind: head.layer.as_str().to_owned(), wave };
    Drawing::of(&graph(heads), node, |used| used.from.output.to_string())
}

pub(super) fn cycles(heads: &[Head]) -> Vec<Diagnostic> {
    let graph = graph(heads);
    let report = |edges: Vec<_>| {
        let steps: Vec<(&Head, &Use)> = edges
            .into_iter()
            .filter_map(|edge| Some((*graph.node_weight(graph.edge_endpoints(edge)?.0)?, *graph.edge_weight(edge)?)))
            .collect();
        let names: Vec<String> = steps.iter().map(|(head, _)| head.key.to_string()).collect();
        let message = format!("these stacks need each other: {}", cycles::path(names.iter().map(String::as_str)));
        let problem = Diagnostic::new(Code::Cycle, message)
            .help("move what both need into a stack below them, or give it a fixed name that both can spell");
        steps.iter().fold(problem, |problem, (head, used)| {
            let read = format!("{}.{}", used.from.instance.stack, used.from.output);
            problem.at(used.span, format!("`{}` reads `{read}` here", head.key.stack))
        })
    };
    cycles::find(&graph).into_iter().map(report).collect()
}
