//! infra: from `.infra` files to deployed CloudFormation stacks.
//!
//! `parse → analyze → lower → plan → apply`: one verb, one input, one output each.
//! `ARCHITECTURE.md` shows the rooms and which may use which.

pub mod build;
pub mod cloud;
pub mod diagnostics;
pub mod graph;
pub mod names;
#[cfg(feature = "aws")]
pub mod plan;
#[cfg(feature = "aws")]
pub mod sandbox;
pub mod schema;
pub mod semantics;
pub mod source;
pub mod syntax;
pub mod template;

/// Runs the command line; the whole binary.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
