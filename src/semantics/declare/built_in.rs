//! The standard library as programs see it. It is parsed once in the life of the process, by the first program that
//! names it: its files have the same ids in every compilation.

use std::sync::{Arc, LazyLock};

use super::{Collector, Declared, ModuleId};
use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::source::{FileId, SourceFile};
use crate::stdlib;
use crate::syntax::{self, ast};

/// The one module of the files that are built in.
pub(crate) struct Std {
    /// The files, by their ids.
    pub(crate) sources: Vec<SourceFile>,
    /// Their trees, in the same order.
    pub(crate) trees: Vec<ast::File>,
    /// What they declare.
    pub(crate) declared: Declared,
    /// What is wrong with them: nothing.
    pub(super) diagnostics: Vec<Diagnostic>,
}

static STD: LazyLock<Std> = LazyLock::new(|| {
    let files = stdlib::FILES.iter().enumerate().map(|(at, (name, text))| SourceFile {
        id: FileId::built_in(at),
        name: Arc::from(*name),
        text: Arc::from(*text),
    });
    let sources: Vec<SourceFile> = files.collect();
    let mut trees = Vec::with_capacity(sources.len());
    let mut collector = Collector::default();
    for file in &sources {
        let parsed = syntax::parse(file);
        collector.diagnostics.extend(parsed.diagnostics);
        collector.file(file.id, &parsed.file);
        trees.push(parsed.file);
    }
    let Collector { mut declared, diagnostics, .. } = collector;
    declared.modules.push((Name::new("std"), ModuleId::STD));
    Std { sources, trees, declared, diagnostics }
});

impl Std {
    /// It, parsed where it was not yet.
    pub(crate) fn get() -> &'static Self {
        &STD
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_wrong_with_it() {
        assert_eq!(super::Std::get().diagnostics, []);
    }
}
