//! The parser that pest makes of `grammar/infra.pest`.
#![allow(missing_docs, reason = "the rules are explained in the grammar")]

pub(super) use pest::Parser;
pub(super) use pest::iterators::{Pair, Pairs};

/// The parser.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/infra.pest"]
pub(super) struct Grammar;
