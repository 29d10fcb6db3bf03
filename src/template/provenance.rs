//! From a deployed resource and one of its properties back to the line that says it.

use crate::diagnostics::Diagnostic;
use crate::names::Name;
use crate::semantics::Program;
use crate::semantics::model::{Instance, Resource, Within};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, File, ItemKind, Key, Stmt, StmtKind};

/// Where the resources of one instance are declared: enough to find a line without the model.
#[derive(Clone, Default, Debug)]
pub struct Index {
    /// Sorted by logical id.
    places: Vec<Place>,
}

/// One resource.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its logical id.
    pub id: Name,
    /// Its type.
    pub ty: Name,
    /// As the source says it: `Public["a"]`.
    pub shown: std::sync::Arc<str>,
    /// Why it is protected, where it is.
    pub protect: Option<std::sync::Arc<str>>,
    /// Paths of properties that keep their deployed value: `@initial`.
    pub initial: Vec<std::sync::Arc<str>>,
    /// Its name in the source.
    pub span: Span,
    /// Its properties in the source.
    pub body: Option<Span>,
    /// The uses of components that it comes from, innermost first.
    pub within: std::sync::Arc<[Within]>,
}

impl Place {
    /// Adds this place to a diagnostic: its line, and where the components around it are used.
    pub fn tell(&self, diagnostic: Diagnostic, text: impl Into<String>) -> Diagnostic {
        Within::tell(&self.within, diagnostic.at(self.span, text))
    }
}

impl FromIterator<Place> for Index {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_by_key(|place| place.id);
        Self { places }
    }
}

impl Index {
    /// The index of an instance.
    pub fn of(instance: &Instance) -> Self {
        let place = |r: &Resource| Place {
            id: r.id,
            ty: r.ty,
            shown: r.shown.clone(),
            protect: r.protect.clone(),
            initial: r.extras.initial.clone(),
            span: r.span,
            body: r.body,
            within: r.within.clone(),
        };
        instance.resources.iter().map(place).collect()
    }

    /// The resource with that logical id.
    pub fn get(&self, id: &str) -> Option<&Place> {
        let at = self.places.binary_search_by(|place| place.id.as_str().cmp(id)).ok()?;
        self.places.get(at)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Place> {
        self.places.iter()
    }
}

/// The place of a property: keys, and positions in lists as numbers from 0. The path may end
/// deeper than the source does (a value made by a function, a spread, a name): then the deepest
/// place that is surely on its way. An empty path gives the name of the resource.
///
/// `None` where the instance has no such resource.
pub fn locate(program: &Program, index: &Index, id: &str, path: &[&str]) -> Option<Span> {
    let known = index.get(id)?;
    Some(place(program, known.span, known.body, path))
}

/// The same for a resource whose name and body stand there.
pub(crate) fn place(program: &Program, name: Span, body: Option<Span>, path: &[&str]) -> Span {
    let body = body.filter(|_| !path.is_empty());
    let found = body.and_then(|body| {
        let expr = match program.tree(body.file) {
            Some(file) => resource_body(file, body)?,
            None => program.body_elsewhere(body)?,
        };
        walk(expr, path)
    });
    found.unwrap_or(name)
}

/// The expression that is the body of a resource.
fn resource_body(file: &File, body: Span) -> Option<&Expr> {
    let item = file.items.iter().find(|item| item.span.covers(body))?;
    match &item.kind {
        ItemKind::Stack(stack) => in_statements(&stack.body, body),
        ItemKind::Component(component) => in_statements(&component.body, body),
        _ => None,
    }
}

fn in_statements(statements: &[Stmt], body: Span) -> Option<&Expr> {
    let statement = statements.iter().find(|statement| statement.span.covers(body))?;
    match &statement.kind {
        StmtKind::Resource(resource) => resource.body.as_ref(),
        StmtKind::For(each) => in_statements(&each.body, body),
        StmtKind::If(choice) => in_statements(&choice.then, body).or_else(|| in_statements(&choice.otherwise, body)),
        _ => None,
    }
}

/// The deepest place along the path; `None` where not even its first step is there.
fn walk(expr: &Expr, path: &[&str]) -> Option<Span> {
    let (step, rest) = path.split_first()?;
    let (place, value) = match &expr.kind {
        ExprKind::Object(entries) => field(entries, step)?,
        ExprKind::List(elements) => {
            let at: usize = step.parse().ok()?;
            // After a spread nobody knows the positions.
            let element = elements.get(..=at).filter(|known| known.iter().all(|e| !e.spread))?.last()?;
            (element.value.span, &element.value)
        }
        // Every item comes from the one expression.
        ExprKind::ListFor(list) => (list.value.span, &list.value),
        _ => return None,
    };
    Some(walk(value, rest).unwrap_or(place))
}

/// The last field of that name, as that is the one that counts; a later spread may replace it,
/// but then the spread is at fault only if it has the name, which is not known here.
fn field<'e>(entries: &'e [Entry], name: &str) -> Option<(Span, &'e Expr)> {
    entries.iter().rev().find_map(|entry| match entry {
        Entry::Field(Key::Name(key), value) if key.name.as_str() == name => {
            let small = !matches!(value.kind, ExprKind::Object(_) | ExprKind::List(_));
            Some((if small { key.span.to(value.span) } else { key.span }, value))
        }
        _ => None,
    })
}
