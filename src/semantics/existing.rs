//! Existing templates: `core legacy = template("legacy.yaml") { Param: value }`.
//!
//! Such a template is passed on as it is. It is read for what hangs together with the rest: its
//! parameters, the types of its outputs, what its resources refer to. What is wrong in it is shown
//! in it. What depends on no environment is found once, when the program is analyzed; values of
//! parameters and properties are held against their types with each instance, by the evaluator that
//! does so for everything else: properties become expressions for that ([`exprs`]), nothing is made
//! of these but problems.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::data::{self, Format, Node};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::declare::{At, Origin};
use crate::semantics::functions::cannot_read;
use crate::semantics::model::DataPolicy;
use crate::semantics::value::RawName;
use crate::semantics::{Program, composed};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{self, Expr, ExprKind};

mod conditions;
mod exports;
mod exprs;
mod instance;
pub(crate) mod long_forms;
mod parameters;
mod properties;
mod read;
mod references;

pub(crate) use exports::Export;
pub(crate) use parameters::{Parameter, settable};

/// A template as far as its neighbours need to know it.
pub(crate) struct Template {
    /// The whole of it, functions in their long forms.
    pub(crate) whole: Arc<Node>,
    /// Its parameters, sorted by name.
    pub(crate) parameters: Vec<Parameter>,
    /// Its resources, in the order of the text.
    pub(crate) resources: Vec<Resource>,
    /// Its outputs, sorted by name.
    pub(crate) outputs: Vec<Output>,
    /// The arguments of `Fn::ImportValue`.
    imports: Vec<Node>,
    /// SAM fills in properties that resources do not have.
    has_globals: bool,
}

/// A resource of a template.
pub(crate) struct Resource {
    /// Its logical id.
    id: Name,
    /// Where that stands.
    span: Span,
    /// Its type, and where that stands.
    ty: Name,
    ty_span: Span,
    /// Its properties, to be checked; `None` where it has none, or a macro makes them.
    pub(crate) body: Option<Expr>,
    /// What the made-up names in `body` stand for.
    bound: Vec<(Name, Says, Span)>,
    /// The names of its properties, each with what it refers to.
    properties: Vec<(Name, Vec<RawName>)>,
    /// A macro makes its properties, or some of them.
    is_open: bool,
    depends_on: Vec<Name>,
    on_delete: Option<DataPolicy>,
    on_replace: Option<DataPolicy>,
}

/// An output of a template.
pub(crate) struct Output {
    /// Its name.
    pub(crate) name: Name,
    /// Where that stands.
    pub(crate) span: Span,
    description: Option<Arc<str>>,
    /// The condition under which it is there.
    pub(crate) condition: Option<Arc<str>>,
    export: Option<Export>,
    value: Says,
}

/// What a value says, where that tells its type.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Says {
    /// `Ref` of a resource or parameter.
    Ref(Name),
    /// An attribute of a resource.
    GetAtt(Name, Arc<str>),
    /// Something else.
    Anything,
}

/// Reads every template that the program names.
pub(crate) fn load(program: &Program, problems: &mut Vec<Diagnostic>) -> FxHashMap<At, Template> {
    let stacks = program.declared.stacks.iter().filter(|stack| stack.origin == Origin::Template);
    let mut templates = FxHashMap::default();
    for at in stacks.map(|stack| stack.at) {
        let Some(existing) = program.existing(at).filter(|existing| !composed::is_composed(existing)) else { continue };
        match one(program, existing, problems) {
            Ok(template) => drop(templates.insert(at, template)),
            Err(problem) => problems.push(*problem),
        }
    }
    templates
}

fn one(
    program: &Program,
    existing: &ast::Existing,
    problems: &mut Vec<Diagnostic>,
) -> Result<Template, Box<Diagnostic>> {
    let (path, span) = path(existing)?;
    let file = match program.include_text(path) {
        Ok(Ok(file)) => file,
        Ok(Err(not_text)) => {
            let problem = Diagnostic::new(
                Code::Unreadable,
                format!("cannot read `{path}`: line {} is not UTF-8 text", not_text.line),
            );
            return Err(problem.at(span, "this file").help("save it as UTF-8").into());
        }
        Err(refusal) => return Err(cannot_read(program, span, path, &refusal).into()),
    };
    let Some(file) = program.sources.get(file) else {
        return Err(Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`")).at(span, "this file").into());
    };
    let here = |problem: Box<Diagnostic>| Box::new(problem.at(span, "taken as a template here"));
    let whole = data::parse(file, format(file)).and_then(long_forms::of).map_err(here)?;
    read::template(whole, program.types, file, problems).map_err(here)
}

/// JSON by its name or its first character; everything else is YAML as CloudFormation reads it.
fn format(file: &SourceFile) -> Format {
    let is_json = file.name.ends_with(".json") || file.text.trim_start().starts_with('{');
    if is_json { Format::Json } else { Format::Template }
}

/// The file in `template("FILE")`, and where it stands. It is a plain text: what the stack offers must be known
/// before anything is evaluated.
fn path(existing: &ast::Existing) -> Result<(&str, Span), Box<Diagnostic>> {
    let function = existing.function.name.as_str();
    match function {
        "template" => {}
        other => {
            return Err(Diagnostic::new(Code::UnknownFunction, format!("`{other}` makes no stack"))
                .at(existing.function.span, "not known here")
                .help("write `template(\"FILE\") { Parameter: value }`, `compose(\"FILE\")`, or declare the stack in braces")
                .into());
        }
    }
    match existing.args.as_slice() {
        [ast::Arg { name: None, spread: false, value: Expr { kind: ExprKind::Str(path), span }, .. }] => {
            Ok((path, *span))
        }
        args => {
            let at = args.first().map_or(existing.function.span, |arg| arg.value.span);
            Err(Diagnostic::new(Code::BadArgument, "`template` takes the name of one file, as plain text")
                .at(at, "not that")
                .help("write `template(\"legacy.yaml\")`; parameters go into braces behind it")
                .into())
        }
    }
}

impl Template {
    /// The parameter of that name.
    pub(crate) fn parameter(&self, name: Name) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl Program {
    /// The properties of a resource of an existing template, or of one made of compose files, by where they stand.
    pub(crate) fn body_elsewhere(&self, span: Span) -> Option<&Expr> {
        let mut bodies = self.templates.values().flat_map(|t| &t.resources).filter_map(|r| r.body.as_ref());
        bodies.find(|body| body.span == span).or_else(|| self.composed_body(span))
    }
}
