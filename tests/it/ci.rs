//! `infra ci`: what is printed for pipelines is held against what commands do.

mod codepipeline;
mod github;
mod policy;
