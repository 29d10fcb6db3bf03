//! Instances and the outputs that they read of each other.

use std::collections::BTreeMap;

use petgraph::graph::DiGraph;

use super::ORDER;
use super::{Drawing, Node};
use crate::semantics::model::Head;

/// The graph; nodes in the order given, edges with what is read. Reads of instances that are not given are no edges.
pub(super) fn graph(heads: &[Head]) -> DiGraph<&Head, &str> {
    let mut graph = DiGraph::with_capacity(heads.len(), heads.len() * 4);
    let nodes: BTreeMap<_, _> = heads.iter().map(|head| (&head.key, graph.add_node(head))).collect();
    for head in heads {
        for used in &head.uses {
            if let (Some(from), Some(to)) = (nodes.get(&head.key), nodes.get(&used.from.instance)) {
                graph.add_edge(*from, *to, used.from.output.as_str());
            }
        }
        for after in &head.after {
            if let (Some(from), Some(to)) = (nodes.get(&head.key), nodes.get(&after.instance)) {
                graph.add_edge(*from, *to, ORDER);
            }
        }
    }
    graph
}

pub(super) fn draw(heads: &[Head]) -> Drawing {
    let node = |head: &&Head, wave| Node { name: head.key.to_string(), kind: head.layer.as_str().to_owned(), wave };
    Drawing::of(&graph(heads), node, |label| (*label).to_owned())
}
