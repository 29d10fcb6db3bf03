//! The graph for Graphviz: readers above what they read, each wave on one level.

use super::{Drawing, Node};

/// How many labels an edge shows.
const LABELS: usize = 3;

pub(super) fn draw(drawing: &Drawing) -> String {
    let mut out = String::from(
        "digraph infra {\n  rankdir=TB; nodesep=0.3; ranksep=0.7;\n  \
         node [shape=box, style=\"rounded,filled\", fillcolor=\"#f4f4f4\", color=\"#707070\", fontname=\"Helvetica\", fontsize=11];\n  \
         edge [color=\"#909090\", fontname=\"Helvetica\", fontsize=9, fontcolor=\"#505050\"];\n",
    );
    let last = drawing.nodes.iter().map(|n| n.wave).max();
    for wave in (0..last.map_or(0, |last| last + 1)).rev() {
        out.push_str("  { rank=same;\n");
        for (index, node) in drawing.nodes.iter().enumerate().filter(|(_, n)| n.wave == wave) {
            out.push_str(&format!("    n{index} [label=\"{}\"{}];\n", label(node), colour(node)));
        }
        out.push_str("  }\n");
    }
    for edge in &drawing.edges {
        let how = match edge.is_order() {
            true => "style=dashed".to_owned(),
            false => format!("label=\"{}\"", escape(&few(&edge.labels).join("\n"))),
        };
        out.push_str(&format!("  n{} -> n{} [{how}];\n", edge.from, edge.to));
    }
    out.push_str("}\n");
    out
}

fn label(node: &Node) -> String {
    escape(&format!("{}\n{}", node.name, node.kind))
}

fn colour(node: &Node) -> &'static str {
    match node.kind.as_str() {
        "core" => ", fillcolor=\"#dce8f6\", color=\"#4a73a8\"",
        "service" => ", fillcolor=\"#e2f1e0\", color=\"#4f8a4a\"",
        _ => "",
    }
}

/// The first labels, and how many more there are.
pub(super) fn few(labels: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = labels.iter().take(LABELS).cloned().collect();
    match labels.len().saturating_sub(LABELS) {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown
}

/// The inside of a quoted string; line breaks become those of Graphviz.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
