//! What a program and the standard library declare, as Markdown: which files belong to which page.

use crate::semantics::Program;
use crate::semantics::declare::ModuleId;
use crate::semantics::declare::built_in::Std;
use crate::stdlib;
use crate::syntax::handbook;

/// What the page of the standard library begins with.
const STD: &str = "\
Components and functions that are always there, under `std::`. They are written in the language itself, and what they
make lies flat in the stack that uses them. `infra explain std::network` shows one of them at the command line; where
something goes wrong inside of one, its source is shown.

`infra doc --std` writes this page.";

/// The page of the project, and one for each module that it uses, by name: file name without an ending, and text.
pub fn project(program: &Program) -> Vec<(String, String)> {
    let of = |module: ModuleId| -> Vec<handbook::Source<'_>> {
        let declared = program.module(module);
        let files = declared.iter().flat_map(|declared| &declared.files);
        files.filter_map(|file| Some((program.sources.get(*file)?, program.tree(*file)?))).collect()
    };
    let text = handbook::project(&of(ModuleId::PROJECT));
    let name = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or("project").to_owned();
    let mut pages = vec![(name, text)];
    let mut modules: Vec<_> = program.declared.modules.iter().filter(|(name, _)| name.as_str() != "std").collect();
    modules.sort_by_key(|(name, _)| *name);
    for (name, module) in modules {
        let about = format!("`use \"…\" as {name}` brings in what follows.");
        pages.push((name.to_string(), handbook::module(name.as_str(), &about, name.as_str(), &of(*module))));
    }
    pages
}

/// The page of the standard library.
pub fn library() -> String {
    handbook::module("The standard library", STD, "std", &of_std())
}

/// What is known of a component, function or type of the standard library; `None` where there is none of that name.
pub fn of_library(name: &str) -> Option<String> {
    handbook::one("std", &of_std(), name)
}

/// The names in the standard library, each with its first sentence.
pub fn names_in_library() -> Vec<(String, String)> {
    handbook::names(&of_std())
}

/// The text of a file of the standard library, by the name that messages show: `std:/network.infra`.
pub fn file_of_library(name: &str) -> Option<&'static str> {
    stdlib::FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of its files.
pub fn files_in_library() -> impl Iterator<Item = &'static str> {
    stdlib::FILES.iter().map(|(name, _)| *name)
}

fn of_std() -> Vec<handbook::Source<'static>> {
    let std = Std::get();
    std.sources.iter().zip(&std.trees).collect()
}
