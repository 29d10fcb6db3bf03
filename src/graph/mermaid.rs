//! The graph for Mermaid: readers above what they read.

use super::{Drawing, Node, dot};

pub(super) fn draw(drawing: &Drawing) -> String {
    let mut out = String::from("flowchart TD\n");
    for (index, node) in drawing.nodes.iter().enumerate() {
        let class = class(node).map_or(String::new(), |class| format!(":::{class}"));
        out.push_str(&format!("  n{index}[\"{}<br/>{}\"]{class}\n", escape(&node.name), escape(&node.kind)));
    }
    for edge in &drawing.edges {
        let arrow = match edge.is_order() {
            true => "-.->".to_owned(),
            false => format!("-->|\"{}\"|", escape(&dot::few(&edge.labels).join("\n"))),
        };
        out.push_str(&format!("  n{} {arrow} n{}\n", edge.from, edge.to));
    }
    if drawing.nodes.iter().any(|node| class(node).is_some()) {
        out.push_str("  classDef core fill:#dce8f6,stroke:#4a73a8,color:#1d1d1d\n");
        out.push_str("  classDef service fill:#e2f1e0,stroke:#4f8a4a,color:#1d1d1d\n");
    }
    out
}

fn class(node: &Node) -> Option<&str> {
    matches!(node.kind.as_str(), "core" | "service").then_some(node.kind.as_str())
}

/// The inside of a quoted label: Mermaid's own entities, without `&`.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push_str("#96;"),
            '\n' => out.push_str("<br/>"),
            c => out.push(c),
        }
    }
    out
}
