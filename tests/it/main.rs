//! Whole commands, properties, the simulator, emulators, and the shape of the house.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, clippy::string_slice)]

#[cfg(feature = "aws")]
mod acceptance;
#[cfg(feature = "aws")]
mod apply;
#[cfg(feature = "aws")]
mod apply_crash;
#[cfg(all(unix, feature = "aws"))]
mod assets;
#[cfg(feature = "aws")]
mod bad_input;
#[cfg(feature = "aws")]
mod boto;
#[cfg(all(unix, feature = "aws"))]
mod browser;
#[cfg(feature = "aws")]
mod canary;
#[cfg(feature = "aws")]
mod ci;
#[cfg(feature = "aws")]
mod circles;
#[cfg(feature = "aws")]
mod cloud;
#[cfg(feature = "aws")]
mod commands;
mod compose;
#[cfg(feature = "aws")]
mod consumers;
#[cfg(feature = "aws")]
mod contracts;
#[cfg(feature = "aws")]
mod crash;
#[cfg(feature = "aws")]
mod credentials;
mod docs;
#[cfg(feature = "aws")]
mod drift;
#[cfg(feature = "aws")]
mod emptying;
#[cfg(feature = "aws")]
mod emulator;
#[cfg(feature = "aws")]
mod existing;
#[cfg(all(unix, feature = "aws"))]
mod files;
mod fixes;
mod formats;
#[cfg(feature = "aws")]
mod guards;
#[cfg(feature = "aws")]
mod handbook;
#[cfg(feature = "aws")]
mod harness;
#[cfg(feature = "aws")]
mod hatches;
#[cfg(feature = "aws")]
mod journey;
#[cfg(all(unix, feature = "aws"))]
mod kills;
mod lint;
mod malice;
#[cfg(feature = "aws")]
mod markdown;
#[cfg(feature = "aws")]
mod outcome;
mod pages;
#[cfg(feature = "aws")]
mod plan;
#[cfg(feature = "aws")]
mod plan_adversary;
#[cfg(feature = "aws")]
mod port;
#[cfg(feature = "aws")]
mod prefixes;
mod promises;
mod provenance;
#[cfg(feature = "aws")]
mod quotas;
#[cfg(feature = "aws")]
mod recover;
#[cfg(feature = "aws")]
mod sandbox;
#[cfg(feature = "aws")]
mod saved;
mod schema;
mod semantics;
#[cfg(feature = "aws")]
mod serverless;
#[cfg(feature = "aws")]
mod shared_listeners;
#[cfg(all(unix, feature = "aws"))]
mod signals;
#[cfg(feature = "aws")]
mod states;
mod support;
mod syntax;
#[cfg(feature = "aws")]
mod systems;
mod template;
#[cfg(feature = "aws")]
mod testing;
mod tidy;
#[cfg(feature = "aws")]
mod timing;
#[cfg(feature = "aws")]
mod views;
#[cfg(feature = "aws")]
mod watch;
