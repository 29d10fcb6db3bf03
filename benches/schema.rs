//! What it costs to find and decode the types of a project: in a fresh process, and once more in the same.
//!
//! Each line is the median of many processes, since one decodes a type only once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use everyday::EVERYDAY;
use infra::schema::{Node, NodeId, Types};

#[path = "../tests/it/schema/everyday.rs"]
mod everyday;

/// Processes of each line.
const RUNS: usize = 41;

fn main() {
    if std::env::args().any(|a| a == "row") {
        return row();
    }
    let mut rows: Vec<Vec<u128>> = (0..RUNS).map(|_| measured()).collect();
    println!("{:>44} {:>9} {:>9}", "", "median", "least");
    for (column, what) in ["open", "find and decode 40 types, cold", "the same, data in the caches"].iter().enumerate()
    {
        rows.sort_by_key(|row| row[column]);
        println!("{what:>44} {:>6} µs {:>6} µs", rows[RUNS / 2][column] / 1000, rows[0][column] / 1000);
    }
}

/// What a process of its own measures, in nanoseconds.
fn measured() -> Vec<u128> {
    let output = Command::new(std::env::current_exe().unwrap()).arg("row").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect()
}

fn row() {
    let start = Instant::now();
    let types = Types::aws();
    let opened = start.elapsed();
    let cold = decode(types);
    // A second set of the same bytes, now in the caches of the processor: the work without the waiting.
    let hot = include_bytes!("../schema/aws.hot.bin");
    let docs = include_bytes!("../schema/aws.docs.bin");
    decode(&Types::open(hot, docs).unwrap());
    let warm = decode(&Types::open(hot, docs).unwrap());
    println!("{} {} {}", opened.as_nanos(), cold.as_nanos(), warm.as_nanos());
}

/// Finds every everyday type and decodes all that it is made of.
fn decode(types: &Types) -> Duration {
    let start = Instant::now();
    let mut seen = BTreeSet::new();
    for name in EVERYDAY {
        let mut left = vec![types.resource(name).unwrap().root];
        while let Some(id) = left.pop() {
            if seen.insert(id.0) {
                left.extend(below(types.raw_node(id).unwrap()));
            }
        }
    }
    let time = start.elapsed();
    assert!(types.decoded_nodes() > 1000);
    time
}

fn below(node: &Node) -> Vec<NodeId> {
    match node {
        Node::Array { item, .. } => vec![*item],
        Node::Map { value, .. } => vec![*value],
        Node::Union(nodes) => nodes.clone(),
        Node::Alias(node) => vec![*node],
        Node::Object(object) => object.properties.iter().map(|p| p.node).collect(),
        _ => Vec::new(),
    }
}
