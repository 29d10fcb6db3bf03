//! Modules: what other directories declare.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::built_in::Std;
use super::{Collector, Declared, ModuleId, Top, index, misplaced};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::composed;
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::{self, ast};
use crate::world::World;

/// Modules that a program may have.
const MOST: usize = 500;

/// Whether a directory, relative to the project, lies in it.
fn is_inside(folder: &str) -> bool {
    folder != ".." && !folder.starts_with("../")
}

/// Parses and collects modules until none is missing.
pub(super) struct Loader<'w> {
    pub(super) world: &'w dyn World,
    pub(super) sources: Sources,
    pub(super) trees: Vec<ast::File>,
    /// Where a file names it.
    pub(super) std: Option<&'static Std>,
    pub(super) diagnostics: Vec<Diagnostic>,
    modules: Vec<Declared>,
    /// By their directories, relative to the project.
    known: FxHashMap<String, ModuleId>,
}

/// An import that waits for its module.
struct Wanted {
    by: ModuleId,
    name: Name,
    folder: String,
    at: Span,
}

impl<'w> Loader<'w> {
    pub(super) fn new(world: &'w dyn World) -> Self {
        Self {
            world,
            sources: Sources::default(),
            trees: Vec::new(),
            std: None,
            diagnostics: Vec::new(),
            modules: Vec::new(),
            known: FxHashMap::default(),
        }
    }

    /// The project of these files, and every module that it needs.
    pub(super) fn load(&mut self, files: Vec<SourceFile>) -> Vec<Declared> {
        let numbered = files.into_iter().enumerate();
        let parsed: Vec<(SourceFile, syntax::Parsed)> =
            numbered.map(|(at, file)| parse(SourceFile { id: FileId(index(at)), ..file })).collect();
        // A directory that is used as a module belongs to that module alone.
        let used: Vec<String> = parsed.iter().flat_map(|(file, parsed)| folders(file, &parsed.file)).collect();
        let own = parsed.into_iter().filter(|(file, _)| !used.iter().any(|folder| lies_in(&file.name, folder)));
        let mut queue = self.module(own.collect(), ModuleId::PROJECT);
        let mut next = 0;
        while let Some(wanted) = queue.get(next) {
            let (by, name, at) = (wanted.by, wanted.name, wanted.at);
            let id = match self.known.get(&wanted.folder) {
                Some(id) => Some(*id),
                None => {
                    let folder = wanted.folder.clone();
                    self.fetch(&folder, at).map(|files| {
                        let id = ModuleId(index(self.modules.len()));
                        let first = self.trees.len();
                        queue.extend(self.module(files, id));
                        // What lies elsewhere may belong to another project, where all of it has its effect.
                        if is_inside(&folder) {
                            misplaced::check(self.trees.get(first..).unwrap_or_default(), at, &mut self.diagnostics);
                        }
                        self.known.insert(folder, id);
                        id
                    })
                }
            };
            if let Some(declared) = id.and_then(|_| self.modules.get_mut(by.0 as usize)) {
                declared.modules.extend(id.map(|id| (name, id)));
            }
            next += 1;
        }
        std::mem::take(&mut self.modules)
    }

    /// Collects what the files of one module declare; gives what they import.
    fn module(&mut self, files: Vec<(SourceFile, syntax::Parsed)>, id: ModuleId) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let mut collector = Collector::default();
        let mut std_is_used = false;
        for (file, parsed) in files {
            let file_id = self.sources.add(file.name.clone(), file.text.clone());
            // Modules are parsed before it is known where they lie among the sources.
            let parsed =
                if file_id == file.id { parsed } else { syntax::parse(&SourceFile { id: file_id, ..file.clone() }) };
            std_is_used |= file.text.contains("std::") || composed::is_in(&parsed.file);
            collector.diagnostics.extend(parsed.diagnostics);
            collector.file(file_id, &parsed.file);
            for import in imports(&parsed.file) {
                let folder = resolved(&file.name, &import.path.text);
                wanted.push(Wanted { by: id, name: import.name.name, folder, at: import.path.span });
            }
            self.trees.push(parsed.file);
        }
        if id == ModuleId::PROJECT {
            collector.project_is_there(&self.trees);
            collector.test_envs(&self.trees);
        }
        if std_is_used {
            collector.declared.modules.push((Name::new("std"), ModuleId::STD));
            self.name_std();
        }
        self.diagnostics.append(&mut collector.diagnostics);
        self.modules.push(collector.declared);
        wanted
    }

    fn name_std(&mut self) {
        if self.std.is_none() {
            let std = self.std.insert(Std::get());
            self.sources.add_built_in(&std.sources);
            self.diagnostics.extend_from_slice(&std.diagnostics);
        }
    }

    /// The files of a module; `None`, with a report, where there are none.
    fn fetch(&mut self, folder: &str, at: Span) -> Option<Vec<(SourceFile, syntax::Parsed)>> {
        let read = |name: String| self.world.read(&name).map(|text| (Arc::from(name), text));
        let found = match self.modules.len() < MOST {
            true => {
                self.world.files_in(folder).and_then(|names| names.into_iter().map(read).collect::<Result<Vec<_>, _>>())
            }
            false => Err(format!("a program has at most {MOST} modules")),
        };
        let why = match found {
            Ok(files) if !files.is_empty() => return Some(self.parse(files.into_iter())),
            Ok(_) => "no `.infra` file lies in it".to_owned(),
            Err(why) => why,
        };
        let problem = Diagnostic::new(Code::Unreadable, format!("cannot read the module `{folder}`: {why}"));
        self.diagnostics.push(
            problem
                .at(at, "not a directory with components")
                .help("name a directory, relative to this file, that holds `.infra` files"),
        );
        None
    }

    fn parse(&self, files: impl Iterator<Item = (Arc<str>, Arc<str>)>) -> Vec<(SourceFile, syntax::Parsed)> {
        let first = index(self.trees.len());
        let numbered = (first..).zip(files);
        numbered.map(|(id, (name, text))| parse(SourceFile { id: FileId(id), name, text })).collect()
    }
}

fn parse(file: SourceFile) -> (SourceFile, syntax::Parsed) {
    let parsed = syntax::parse(&file);
    (file, parsed)
}

/// The directories that a file uses as modules.
fn folders(file: &SourceFile, tree: &ast::File) -> Vec<String> {
    imports(tree).map(|import| resolved(&file.name, &import.path.text)).collect()
}

fn imports(tree: &ast::File) -> impl Iterator<Item = &ast::Import> {
    tree.items.iter().filter_map(|item| match &item.kind {
        ast::ItemKind::Import(import) => Some(import),
        _ => None,
    })
}

/// A path as the file at `name` writes it, relative to the project.
fn resolved(name: &str, path: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn lies_in(file: &str, folder: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl super::Program {
    /// What a path means, seen from a module: `queue`, `lib::queue`, `lib::parts::queue`.
    pub(crate) fn find(&self, from: ModuleId, path: &str) -> Option<(ModuleId, Top)> {
        let mut module = from;
        let mut parts = path.split("::").peekable();
        while let Some(part) = parts.next() {
            let declared = self.module(module)?;
            let name = Name::new(part);
            if parts.peek().is_none() {
                return declared.tops.get(&name).map(|top| (module, *top));
            }
            module = declared.modules.iter().find(|(known, _)| *known == name)?.1;
        }
        None
    }

    /// The names that a path could have ended in, sorted, with what stands before the last `::`.
    pub(crate) fn neighbours(&self, from: ModuleId, path: &str, fits: impl Fn(&Top) -> bool) -> Vec<String> {
        let mut module = from;
        let prefix = path.rsplit_once("::").map_or("", |(prefix, _)| prefix);
        for part in prefix.split("::").filter(|part| !part.is_empty()) {
            let next = self.module(module).and_then(|d| d.modules.iter().find(|(known, _)| known.as_str() == part));
            let Some((_, next)) = next else { return Vec::new() };
            module = *next;
        }
        let Some(declared) = self.module(module) else { return Vec::new() };
        let behind = |name: &Name| if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") };
        let mut names: Vec<String> =
            declared.ordered.iter().filter(|(_, top)| fits(top)).map(|(name, _)| behind(name)).collect();
        names.sort();
        names
    }

    /// What a module declares.
    pub(crate) fn module(&self, id: ModuleId) -> Option<&Declared> {
        match id {
            ModuleId::PROJECT => Some(&self.declared),
            ModuleId::STD => self.std.map(|std| &std.declared),
            ModuleId(number) => self.modules.get((number as usize).checked_sub(1)?),
        }
    }
}
