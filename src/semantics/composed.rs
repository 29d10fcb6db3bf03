//! Stacks of compose files: `service demo = compose("docker-compose.yaml", "aws.yaml") { cluster: network.Cluster }`.
//!
//! They are translated once, when the program is analyzed, and are stacks like any other from then on. Their statements
//! have their places in the compose files.

use crate::compose::{self, Files, Given};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::Program;
use crate::semantics::declare::{At, Members, Origin};
use crate::semantics::functions::cannot_read;
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::ast::{self, Arg, Decorator, Expr, ExprKind, Ident, ItemKind, Stmt, StmtKind};

/// What stands before the parentheses.
const FUNCTION: &str = "compose";

/// Whether a stack is made of compose files.
pub(super) fn is_composed(existing: &ast::Existing) -> bool {
    existing.function.name.as_str() == FUNCTION
}

/// Whether a file has such stacks. They use the standard library.
pub(super) fn is_in(tree: &ast::File) -> bool {
    tree.items.iter().any(|item| matches!(&item.kind, ItemKind::Existing(existing) if is_composed(existing)))
}

/// Makes stacks of them. One whose files are wrong stays as it is: nobody knows what it offers.
pub(super) fn load(program: &mut Program) {
    let mut problems = Vec::new();
    let mut made: Vec<(usize, At, ast::Stack, Option<Decorator>)> = Vec::new();
    for (index, declared) in program.declared.stacks.iter().enumerate() {
        let Some(existing) = program.existing(declared.at).filter(|existing| is_composed(existing)) else { continue };
        if let Some(stack) = translated(program, existing, &mut problems) {
            let tags = stack.tags.map(|value| Decorator {
                name: Ident { name: Name::new("tags"), span: value.span },
                span: value.span,
                args: vec![Arg { name: None, spread: false, value }],
            });
            let stack = ast::Stack { layer: existing.layer, name: existing.name, body: stack.body };
            made.push((index, declared.at, stack, tags));
        }
    }
    for (index, at, stack, tags) in made {
        let members = Members::of_stack(&stack.body, &mut problems);
        if let Some(declared) = program.declared.stacks.get_mut(index) {
            declared.members = members;
            declared.origin = Origin::Ours;
        }
        if let Some(item) = program.item_mut(at) {
            item.kind = ItemKind::Stack(stack);
            item.decorators.extend(tags);
        }
    }
    program.diagnostics.extend(problems);
}

fn translated(program: &Program, existing: &ast::Existing, problems: &mut Vec<Diagnostic>) -> Option<compose::Stack> {
    let mut files: Vec<&SourceFile> = Vec::new();
    for arg in &existing.args {
        let Arg { name: None, spread: false, value: Expr { kind: ExprKind::Str(path), span } } = arg else {
            problems.push(no_files(arg.value.span));
            return None;
        };
        match text(program, path, *span) {
            Ok(file) => files.push(file),
            Err(problem) => {
                problems.push(*problem);
                return None;
            }
        }
    }
    if files.is_empty() {
        problems.push(no_files(existing.function.span));
        return None;
    }
    let given = Given::read(existing.body.as_ref(), problems);
    let folder = files.first().and_then(|file| file.name.rsplit_once('/')).map_or("", |(folder, _)| folder);
    compose::stack(&files, &given, &InProject { program, folder }, problems)
}

fn no_files(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadArgument, "`compose` takes the names of compose files, as plain texts")
        .at(span, "not that")
        .help("write `compose(\"docker-compose.yaml\", \"aws.yaml\")`; each changes those before it")
}

/// A text of the project; `span` is where it is named.
fn text<'p>(program: &'p Program, path: &str, span: Span) -> Result<&'p SourceFile, Box<Diagnostic>> {
    let unreadable =
        |why: &str| Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`{why}")).at(span, "this file");
    match program.include_text(path) {
        Ok(Ok(file)) => program.sources.get(file).ok_or_else(|| unreadable("").into()),
        Ok(Err(not_text)) => {
            Err(unreadable(&format!(": line {} is not UTF-8 text", not_text.line)).help("save it as UTF-8").into())
        }
        Err(refusal) => Err(cannot_read(program, span, path, &refusal).into()),
    }
}

/// The files that compose files name, below the folder of the first of these.
struct InProject<'p> {
    program: &'p Program,
    folder: &'p str,
}

impl Files for InProject<'_> {
    fn read(&self, path: &str, named: Span) -> Result<&SourceFile, Box<Diagnostic>> {
        let path = if self.folder.is_empty() || path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.folder)
        };
        text(self.program, &path, named)
    }
}

impl Program {
    /// Whether a file is neither a source nor an existing template.
    pub(crate) fn is_translated(&self, file: FileId) -> bool {
        let mut templates = self.templates.values();
        self.tree(file).is_none() && !templates.any(|template| template.whole.span.file == file)
    }

    /// The properties of a resource of a stack of compose files, by where they stand.
    pub(super) fn composed_body(&self, span: Span) -> Option<&Expr> {
        let stacks = self.declared.stacks.iter().filter_map(|declared| self.stack(declared.at));
        stacks.flat_map(|(_, stack)| &stack.body).find_map(|stmt: &Stmt| match &stmt.kind {
            StmtKind::Resource(resource) => resource.body.as_ref().filter(|body| body.span == span),
            _ => None,
        })
    }
}
