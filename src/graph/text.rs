//! The graph as text.

use super::{Drawing, Edge, Node};

pub(super) fn draw(drawing: &Drawing) -> String {
    let width = drawing.nodes.iter().map(|n| n.name.chars().count()).max().unwrap_or(0);
    let last = drawing.nodes.iter().map(|n| n.wave).max();
    let mut out = String::new();
    for wave in 0..last.map_or(0, |last| last + 1) {
        out.push_str(&format!("wave {wave}\n"));
        let members = drawing.nodes.iter().enumerate().filter(|(_, n)| n.wave == wave);
        for (index, node) in members {
            out.push_str(&format!("  {:width$}  {}\n", node.name, node.kind));
            needs(&mut out, drawing, index);
        }
    }
    out
}

/// What a node needs, as branches below it.
fn needs(out: &mut String, drawing: &Drawing, index: usize) {
    let edges: Vec<(&Edge, &Node)> = drawing
        .edges
        .iter()
        .filter(|edge| edge.from == index)
        .filter_map(|edge| Some((edge, drawing.nodes.get(edge.to)?)))
        .collect();
    for (i, (edge, node)) in edges.iter().enumerate() {
        let branch = if i + 1 == edges.len() { '└' } else { '├' };
        out.push_str(&format!("  {branch}─ {}: {}\n", node.name, edge.labels.join(", ")));
    }
}
