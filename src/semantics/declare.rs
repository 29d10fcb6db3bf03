//! What is declared: the names at the top of all files, and the names inside each stack.
//!
//! Nothing is evaluated here. The tables hold places in the trees, not the trees, so that a
//! [`Program`] owns everything it speaks of.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::Types;
use crate::semantics::library::Library;
use crate::semantics::{Program, composed, existing, functions, schemas};
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::ast;
use crate::world::World;

pub(crate) mod built_in;
mod members;
mod misplaced;
mod modules;
pub(crate) mod spelling;

pub(crate) use members::{Kind, Members};

/// A declaration: which file, which of its items.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct At {
    file: FileId,
    item: u32,
}

/// A module: the project, or a directory of components that it uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct ModuleId(u32);

impl ModuleId {
    /// The project itself.
    pub(crate) const PROJECT: Self = Self(0);
    /// The standard library.
    pub(crate) const STD: Self = Self(u32::MAX);
}

/// The names of a module.
#[derive(Default)]
pub(crate) struct Declared {
    /// Its files.
    pub(crate) files: Vec<FileId>,
    /// The one `project`.
    pub(crate) project: Option<At>,
    /// Accounts, in the order of the source.
    pub(crate) accounts: Vec<(Name, At)>,
    /// Environments, in the order of the source.
    pub(crate) envs: Vec<(Name, At)>,
    /// Stacks, in the order of the source.
    pub(crate) stacks: Vec<StackDecl>,
    /// Components, in the order of the source.
    pub(crate) components: Vec<ComponentDecl>,
    /// The modules that it uses.
    pub(crate) modules: Vec<(Name, ModuleId)>,
    /// Assertions at the top.
    pub(crate) asserts: Vec<At>,
    /// Tests, in the order of the source.
    pub(crate) tests: Vec<TestDecl>,
    /// The names at the top, in the order of the source.
    pub(crate) ordered: Vec<(Name, Top)>,
    /// What a name at the top means. Accounts are apart: `account prod` and `env prod` may both be.
    pub(crate) tops: FxHashMap<Name, Top>,
}

/// What a name at the top means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Top {
    /// An environment, by its index in [`Declared::envs`].
    Env(usize),
    /// A stack, by its index in [`Declared::stacks`].
    Stack(usize),
    /// `let`
    Let(At),
    /// `param`
    Param(At),
    /// A component, by its index in [`Declared::components`].
    Component(usize),
    /// `fn`
    Function(At),
    /// `type`
    Alias(At),
    /// `use`
    Module,
}

/// A component and the names in it.
pub(crate) struct ComponentDecl {
    /// Its name.
    pub(crate) name: Name,
    /// Where.
    pub(crate) at: At,
    /// What it declares.
    pub(crate) members: Members,
}

/// A test and the names in it.
pub(crate) struct TestDecl {
    /// Where.
    pub(crate) at: At,
    /// What it declares.
    pub(crate) members: Members,
}

/// A stack and the names in it.
pub(crate) struct StackDecl {
    /// Its name.
    pub(crate) name: Name,
    /// Where.
    pub(crate) at: At,
    /// Its layer.
    pub(crate) layer: ast::Layer,
    /// Where its name stands.
    pub(crate) span: Span,
    /// What it is made of.
    pub(crate) origin: Origin,
    /// What it declares; nothing where it is not [`Origin::Ours`].
    pub(crate) members: Members,
}

/// What a stack is made of, and so who deploys it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// Our statements.
    Ours,
    /// An interface: others deploy it, and it is only read.
    External,
    /// A template that was there before.
    Template,
}

/// Names that mean something already.
const RESERVED: [&str; 5] = ["aws", "env", "envs", "self", "std"];

/// Parses every file and collects the names.
pub(crate) fn analyze(files: Vec<SourceFile>, world: Arc<dyn World + Send + Sync>, types: &'static Types) -> Program {
    let mut loader = modules::Loader::new(world.as_ref());
    let mut modules = loader.load(files).into_iter();
    let declared = modules.next().unwrap_or_default();
    let modules::Loader { sources, trees, std, diagnostics, .. } = loader;
    let mut program = Program {
        sources,
        files: trees,
        std,
        types,
        diagnostics,
        declared,
        modules: modules.collect(),
        templates: FxHashMap::default(),
        library: Library::new(world),
    };
    schemas::read(&mut program);
    composed::load(&mut program);
    let mut problems = Vec::new();
    program.templates = existing::load(&program, &mut problems);
    program.diagnostics.extend(problems);
    program
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Program {
    /// The declaration at `at`.
    pub(crate) fn item(&self, at: At) -> Option<&ast::Item> {
        self.tree(at.file)?.items.get(at.item as usize)
    }

    /// The same, to be changed; none of the standard library.
    pub(in crate::semantics) fn item_mut(&mut self, at: At) -> Option<&mut ast::Item> {
        self.files.get_mut(at.file.0 as usize)?.items.get_mut(at.item as usize)
    }

    /// The tree of a source.
    pub(crate) fn tree(&self, file: FileId) -> Option<&ast::File> {
        match file.built_in_at() {
            Some(at) => self.std?.trees.get(at),
            None => self.files.get(file.0 as usize),
        }
    }

    /// The items of all files, those of the standard library at the end.
    pub(crate) fn items(&self) -> impl Iterator<Item = &ast::Item> {
        self.files.iter().chain(self.std.iter().flat_map(|std| &std.trees)).flat_map(|file| &file.items)
    }

    /// The stack at `at`, with what stands above it.
    pub(crate) fn stack(&self, at: At) -> Option<(&ast::Item, &ast::Stack)> {
        let item = self.item(at)?;
        match &item.kind {
            ast::ItemKind::Stack(stack) => Some((item, stack)),
            _ => None,
        }
    }

    /// The interface at `at` of a stack that others deploy.
    pub(crate) fn external(&self, at: At) -> Option<&ast::External> {
        match &self.item(at)?.kind {
            ast::ItemKind::External(external) => Some(external),
            _ => None,
        }
    }

    /// The template at `at` that is a stack as it is.
    pub(crate) fn existing(&self, at: At) -> Option<&ast::Existing> {
        match &self.item(at)?.kind {
            ast::ItemKind::Existing(existing) => Some(existing),
            _ => None,
        }
    }

    /// A component of a module, its statements and what stands above it.
    pub(crate) fn component(&self, module: ModuleId, at: usize) -> Option<(&ComponentDecl, &ast::Item, &[ast::Stmt])> {
        let declared = self.module(module)?.components.get(at)?;
        let item = self.item(declared.at)?;
        match &item.kind {
            ast::ItemKind::Component(component) => Some((declared, item, &component.body)),
            _ => None,
        }
    }

    /// The test at `at`.
    pub(crate) fn test(&self, at: At) -> Option<&ast::Test> {
        match &self.item(at)?.kind {
            ast::ItemKind::Test(test) => Some(test),
            _ => None,
        }
    }

    /// The project, account or environment at `at`.
    pub(crate) fn record(&self, at: At) -> Option<&ast::Record> {
        match &self.item(at)?.kind {
            ast::ItemKind::Project(record) | ast::ItemKind::Account(record) | ast::ItemKind::Env(record) => {
                Some(record)
            }
            _ => None,
        }
    }
}

/// Collects the names, file by file.
#[derive(Default)]
struct Collector {
    declared: Declared,
    /// Where each name at the top was declared first; accounts under `true`.
    first: FxHashMap<(bool, Name), Span>,
    diagnostics: Vec<Diagnostic>,
}

impl Collector {
    fn file(&mut self, file: FileId, tree: &ast::File) {
        self.declared.files.push(file);
        for (item, declaration) in tree.items.iter().enumerate() {
            self.item(declaration, At { file, item: index(item) });
        }
    }

    fn item(&mut self, item: &ast::Item, at: At) {
        match &item.kind {
            ast::ItemKind::Project(record) => self.project(record, at),
            ast::ItemKind::Account(record) => {
                if self.claim(record.name, true) {
                    self.declared.accounts.push((record.name.name, at));
                }
            }
            ast::ItemKind::Env(record) => {
                let top = Top::Env(self.declared.envs.len());
                if self.top(record.name, top) {
                    self.declared.envs.push((record.name.name, at));
                }
            }
            ast::ItemKind::Stack(stack) => {
                let members = Members::of_stack(&stack.body, &mut self.diagnostics);
                self.stack(stack.name, stack.layer, at, Origin::Ours, members);
            }
            ast::ItemKind::External(external) => {
                self.stack(external.name, external.layer, at, Origin::External, Members::default());
            }
            ast::ItemKind::Let(binding) => {
                self.top(binding.name, Top::Let(at));
            }
            ast::ItemKind::Param(param) => {
                self.top(param.name, Top::Param(at));
            }
            ast::ItemKind::Assert(_) => self.declared.asserts.push(at),
            ast::ItemKind::Component(component) => self.component(component, at),
            ast::ItemKind::Function(function) => self.function(function, at),
            ast::ItemKind::Alias(alias) => {
                spelling::type_name(alias.name, &mut self.diagnostics);
                if self.enter(alias.name) {
                    self.name(alias.name.name, Top::Alias(at));
                }
            }
            ast::ItemKind::Import(import) => {
                self.top(import.name, Top::Module);
            }
            ast::ItemKind::Existing(existing) => {
                self.stack(existing.name, existing.layer, at, Origin::Template, Members::default());
            }
            ast::ItemKind::Test(test) => {
                let members = Members::of_test(&test.body, &mut self.diagnostics);
                self.declared.tests.push(TestDecl { at, members });
            }
        }
    }

    fn project(&mut self, record: &ast::Record, at: At) {
        spelling::snake(record.name, &mut self.diagnostics);
        let key = (false, Name::new("project"));
        match self.first.get(&key) {
            None => {
                self.first.insert(key, record.name.span);
                self.declared.project = Some(at);
            }
            Some(first) => self.diagnostics.push(
                Diagnostic::new(Code::DuplicateName, "the project is declared twice")
                    .at(record.name.span, "again here")
                    .at(*first, "declared here first")
                    .help("keep one `project`; every file below it belongs to it"),
            ),
        }
    }

    fn stack(&mut self, name: ast::Ident, layer: ast::Layer, at: At, origin: Origin, members: Members) {
        if self.top(name, Top::Stack(self.declared.stacks.len())) {
            self.declared.stacks.push(StackDecl { name: name.name, at, layer, span: name.span, origin, members });
        }
    }

    /// Enters a name that is a value; false where it is taken.
    fn top(&mut self, name: ast::Ident, top: Top) -> bool {
        let fresh = self.claim(name, false);
        if fresh {
            self.name(name.name, top);
        }
        fresh
    }

    fn name(&mut self, name: Name, top: Top) {
        self.declared.tops.insert(name, top);
        self.declared.ordered.push((name, top));
    }

    fn component(&mut self, component: &ast::Component, at: At) {
        let fresh = self.top(component.name, Top::Component(self.declared.components.len()));
        let members = Members::of_component(&component.body, &mut self.diagnostics);
        if fresh {
            self.declared.components.push(ComponentDecl { name: component.name.name, at, members });
        }
    }

    fn function(&mut self, function: &ast::Function, at: At) {
        let name = function.name;
        if functions::names().contains(&name.name.as_str()) {
            self.diagnostics.push(
                Diagnostic::new(Code::InvalidName, format!("`{}` is a function of the language", name.name))
                    .at(name.span, "cannot be declared")
                    .help("choose another name"),
            );
        }
        self.top(name, Top::Function(at));
        let mut taken: FxHashMap<Name, Span> = FxHashMap::default();
        for param in &function.params {
            spelling::snake(param.name, &mut self.diagnostics);
            reserved(param.name, &mut self.diagnostics);
            if let Some(first) = taken.insert(param.name.name, param.name.span) {
                self.diagnostics.push(twice(param.name, first));
            }
        }
    }

    fn claim(&mut self, name: ast::Ident, account: bool) -> bool {
        spelling::snake(name, &mut self.diagnostics);
        reserved(name, &mut self.diagnostics);
        self.enter_as(name, account)
    }

    fn enter(&mut self, name: ast::Ident) -> bool {
        self.enter_as(name, false)
    }

    /// Takes a name; false, with a report, where it is taken.
    fn enter_as(&mut self, name: ast::Ident, account: bool) -> bool {
        if let Some(first) = self.first.get(&(account, name.name)) {
            self.diagnostics.push(twice(name, *first));
            return false;
        }
        self.first.insert((account, name.name), name.span);
        true
    }

    /// The environments that tests name are there.
    fn test_envs(&mut self, trees: &[ast::File]) {
        for declared in &self.declared.tests {
            let tree = trees.get(declared.at.file.0 as usize);
            let item = tree.and_then(|tree| tree.items.get(declared.at.item as usize));
            let Some(ast::ItemKind::Test(test)) = item.map(|item| &item.kind) else { continue };
            for env in &test.envs {
                if self.declared.envs.iter().any(|(known, _)| *known == env.name) {
                    continue;
                }
                let problem = Diagnostic::new(Code::UnknownName, format!("there is no environment `{}`", env.name));
                let problem = problem.at(env.span, "not known");
                let known = || self.declared.envs.iter().map(|(name, _)| name.as_str());
                self.diagnostics.push(match nearest(env.name.as_str(), known()) {
                    Some(near) => problem.help(format!("write `{near}`")).fix(env.span, near),
                    None => {
                        let names: Vec<String> = known().map(|name| format!("`{name}`")).collect();
                        problem.help(format!("name one of {}, or none for all", names.join(", ")))
                    }
                });
            }
        }
    }

    fn project_is_there(&mut self, trees: &[ast::File]) {
        // Where nothing at all was read, the files are missing or broken, and that is said already.
        if self.declared.project.is_some() || trees.iter().all(|tree| tree.items.is_empty()) {
            return;
        }
        let mut diagnostic = Diagnostic::new(Code::NoProject, "no file declares the project")
            .help("add `project NAME` to one of the files; stacks are named after it");
        if let Some(item) = trees.iter().find_map(|tree| tree.items.first()) {
            diagnostic = diagnostic.at(crate::source::Span { end: item.span.start, ..item.span }, "it may stand here");
        }
        self.diagnostics.push(diagnostic);
    }
}

/// Refuses a name that means something already.
fn reserved(name: ast::Ident, diagnostics: &mut Vec<Diagnostic>) {
    if RESERVED.contains(&name.name.as_str()) {
        diagnostics.push(
            Diagnostic::new(Code::InvalidName, format!("`{}` is a name of the language", name.name))
                .at(name.span, "cannot be declared")
                .help("choose another name"),
        );
    }
}

/// The same name again.
fn twice(name: ast::Ident, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("`{}` is declared twice", name.name))
        .at(name.span, "again here")
        .at(first, "declared here first")
        .help("rename one of them")
}
