//! infra: from `.infra` files to deployed CloudFormation stacks.
//!
//! `parse → analyze → lower → plan → apply`: one verb, one input, one output each.
//! `ARCHITECTURE.md` shows the rooms and which may use which.
#![cfg_attr(feature = "aws", doc = "")]
#![cfg_attr(feature = "aws", doc = include_str!("lib.md"))]

#[cfg(feature = "aws")]
pub mod apply;
pub mod build;
mod cli;
pub mod cloud;
pub mod compose;
pub mod data;
pub mod diagnostics;
pub mod graph;
pub mod host;
pub mod names;
pub mod package;
#[cfg(feature = "aws")]
pub mod plan;
#[cfg(feature = "aws")]
pub mod sandbox;
pub mod schema;
pub mod semantics;
#[cfg(feature = "aws")]
pub mod slip;
pub mod source;
pub mod stdlib;
pub mod syntax;
pub mod template;
pub mod world;

/// Runs the command line; the whole binary.
pub fn main() -> std::process::ExitCode {
    cli::main()
}
