//! Finds cycles, each with its whole path.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

/// A shortest cycle through the first node of each group of nodes that need each other: its edges,
/// from that node round to it again. Groups in the order of their first nodes.
pub(super) fn find<N, E>(graph: &DiGraph<N, E>) -> Vec<Vec<EdgeIndex>> {
    let mut found: Vec<(NodeIndex, Vec<EdgeIndex>)> = kosaraju_scc(graph)
        .into_iter()
        .filter_map(|mut group| {
            group.sort();
            let first = *group.first()?;
            Some((first, round(graph, first, &group)?))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, edges)| edges).collect()
}

/// The shortest way from `start` back to it inside its group (sorted), if there is one; of several,
/// that by the edges added first.
fn round<N, E>(graph: &DiGraph<N, E>, start: NodeIndex, group: &[NodeIndex]) -> Option<Vec<EdgeIndex>> {
    let mut came_by: FxHashMap<NodeIndex, EdgeIndex> = FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut edges: Vec<_> = graph.edges(node).map(|e| (e.id(), e.target())).collect();
        edges.sort();
        for (edge, next) in edges {
            if next == start {
                return Some(trace(graph, &came_by, start, node, edge));
            }
            if group.binary_search(&next).is_ok()
                && let Entry::Vacant(free) = came_by.entry(next)
            {
                free.insert(edge);
                queue.push_back(next);
            }
        }
    }
    None
}

/// The edges from `start` to `node`, and then `last`.
fn trace<N, E>(
    graph: &DiGraph<N, E>,
    came_by: &FxHashMap<NodeIndex, EdgeIndex>,
    start: NodeIndex,
    mut node: NodeIndex,
    last: EdgeIndex,
) -> Vec<EdgeIndex> {
    let mut edges = vec![last];
    while node != start {
        let Some(edge) = came_by.get(&node) else { break };
        edges.push(*edge);
        let Some((from, _)) = graph.edge_endpoints(*edge) else { break };
        node = from;
    }
    edges.reverse();
    edges
}

/// `A -> B -> A`
pub(super) fn path<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.extend(names.first().copied());
    names.join(" -> ")
}
