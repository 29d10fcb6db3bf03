//! The examples that are published systems: each has what the original has, deploys from nothing and goes again.
//!
//! A module for each example, and [`frame`], which says how they are tested.

mod backend_service;
mod compose_app;
mod compose_x;
pub(crate) mod frame;
mod sam_matrix;
mod toto_pipeline;
mod toto_workflow;
