//! Model -> who needs whom: cycles, waves and drawings, of the instances of a project and of the
//! resources of one instance.
//!
//! An edge runs from what needs to what is needed. A wave is the length of the longest path down
//! to something that needs nothing, so everything in a wave can be deployed at once.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::diagnostics::Diagnostic;
use crate::semantics::model::{Head, Instance};

mod cycles;
mod dot;
mod instances;
mod layers;
mod mermaid;
mod resources;
mod svg;
mod text;

pub use svg::Dress;
pub(crate) use svg::escape;

/// A graph with all that its drawings show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawing {
    /// In the order of the source.
    pub nodes: Vec<Node>,
    /// Sorted by reader, then by what is read; one for each pair.
    pub edges: Vec<Edge>,
}

/// An instance or a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What people call it: `network@dev/eu-west-1`, `Public["a"]`.
    pub name: String,
    /// What it is: `core`, `service`, `AWS::EC2::Subnet`.
    pub kind: String,
    /// Its wave, from 0.
    pub wave: usize,
}

/// A node that needs another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// Index of the node that needs.
    pub from: usize,
    /// Index of the node that is needed.
    pub to: usize,
    /// Outputs that are read, or properties that refer. Sorted.
    pub labels: Vec<String>,
}

/// The label of an order that no reference shows.
const ORDER: &str = "(order)";

impl Edge {
    /// Whether there is nothing but an order: no value passes.
    fn is_order(&self) -> bool {
        self.labels.iter().all(|label| label == ORDER)
    }
}

/// The instances and what they read of each other.
pub fn instances(heads: &[Head]) -> Drawing {
    instances::draw(heads)
}

/// The resources of an instance and what they refer to.
pub fn resources(instance: &Instance) -> Drawing {
    resources::draw(instance)
}

/// The wave of each instance, in the order given; what is needed and not among them counts as done.
pub fn waves(heads: &[Head]) -> Vec<usize> {
    ranks(&instances::graph(heads))
}

/// Resources of an instance that need each other: an error for each group of them.
pub fn resource_cycles(instance: &Instance) -> Vec<Diagnostic> {
    resources::cycles(instance)
}

impl Drawing {
    /// For a terminal: wave after wave, with what each reads of whom.
    pub fn to_text(&self) -> String {
        text::draw(self)
    }

    /// For Graphviz.
    pub fn to_dot(&self) -> String {
        dot::draw(self)
    }

    /// For Mermaid, as Markdown on GitHub and GitLab draws it.
    pub fn to_mermaid(&self) -> String {
        mermaid::draw(self)
    }

    /// A picture that stands alone.
    pub fn to_svg(&self) -> String {
        svg::draw(self)
    }

    /// A picture for a page that has the colours: of `.node`, `.name`, `.kind`, `.wave`, `.order` and of the classes
    /// that `dress` gives the node with that index.
    pub fn to_svg_part(&self, dress: &dyn Fn(usize) -> Dress) -> String {
        svg::part(self, dress, "")
    }

    /// The drawing of nodes, by name and kind, and of edges: from what needs to what is needed, with a label.
    pub fn new(nodes: &[(String, String)], edges: impl IntoIterator<Item = (usize, usize, String)>) -> Self {
        let mut graph = DiGraph::new();
        let indices: Vec<NodeIndex> = nodes.iter().map(|node| graph.add_node(node)).collect();
        for (from, to, label) in edges {
            if let (Some(from), Some(to)) = (indices.get(from), indices.get(to)) {
                graph.add_edge(*from, *to, label);
            }
        }
        let node = |of: &&(String, String), wave| Node { name: of.0.clone(), kind: of.1.clone(), wave };
        Self::of(&graph, node, String::clone)
    }

    /// Makes the drawing of a graph.
    fn of<N, E>(graph: &DiGraph<N, E>, node: impl Fn(&N, usize) -> Node, label: impl Fn(&E) -> String) -> Self {
        let waves = ranks(graph);
        let nodes = graph.node_weights().zip(waves).map(|(n, wave)| node(n, wave)).collect();
        let mut edges: Vec<Edge> = Vec::new();
        let mut all: Vec<_> =
            graph.edge_references().map(|e| (e.source().index(), e.target().index(), label(e.weight()))).collect();
        all.sort();
        all.dedup();
        for (from, to, label) in all {
            match edges.last_mut() {
                Some(last) if last.from == from && last.to == to => last.labels.push(label),
                _ => edges.push(Edge { from, to, labels: vec![label] }),
            }
        }
        Self { nodes, edges }
    }
}

/// The length of the longest path from each node. Nodes of a cycle count as one.
fn ranks<N, E>(graph: &DiGraph<N, E>) -> Vec<usize> {
    let mut ranks = vec![0usize; graph.node_count()];
    let mut group = vec![0usize; graph.node_count()];
    let groups = kosaraju_scc(graph);
    for (g, members) in groups.iter().enumerate() {
        members.iter().for_each(|n| set(&mut group, *n, g));
    }
    // The groups come in the order in which they can be done: what is needed first.
    for members in &groups {
        let outward = members
            .iter()
            .flat_map(|n| graph.edges(*n))
            .filter(|e| group.get(e.source().index()) != group.get(e.target().index()))
            .filter_map(|e| ranks.get(e.target().index()));
        let rank = outward.max().map_or(0, |deepest| deepest + 1);
        members.iter().for_each(|n| set(&mut ranks, *n, rank));
    }
    ranks
}

fn set(values: &mut [usize], node: NodeIndex, value: usize) {
    if let Some(slot) = values.get_mut(node.index()) {
        *slot = value;
    }
}
