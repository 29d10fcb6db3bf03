//! What files declare, as Markdown for the people who use it: what may be set, what comes out.
//!
//! Only what is written is told: types and defaults as the source has them. The same tree gives the
//! same text, byte for byte.

use std::fmt::Write as _;

use super::ast::{
    Component, Entry, Expr, ExprKind, External, File, Function, Interface, Item, ItemKind, Key, Param, Record, Stack,
    Stmt, StmtKind, Test,
};
use crate::source::{SourceFile, Span};

/// Longer defaults are cut: the source has them.
const LONGEST: usize = 60;

/// A file and its tree.
pub type Source<'a> = (&'a SourceFile, &'a File);

/// The page of a project.
pub fn project(files: &[Source<'_>]) -> String {
    let mut page = Page::default();
    let declared = |item: &&Item| matches!(item.kind, ItemKind::Project(_));
    let project = files.iter().flat_map(|(_, tree)| &tree.items).find(declared);
    match project.map(|item| (&item.kind, item)) {
        Some((ItemKind::Project(record), item)) => page.title(record.name.name.as_str(), item.doc.as_deref()),
        _ => page.title("Project", None),
    }
    page.environments(files);
    page.settings("## Settings", files);
    page.stacks(files);
    page.reusable("", files, "##");
    page.tests(files);
    page.out
}

/// The page of a module: its components, functions and types, each named `prefix::name`.
pub fn module(title: &str, about: &str, prefix: &str, files: &[Source<'_>]) -> String {
    let mut page = Page::default();
    page.title(title, Some(about));
    let prefix = format!("{prefix}::");
    page.contents(&prefix, files);
    page.reusable(&prefix, files, "##");
    page.out
}

/// What is told of one component, function or type; `None` where there is none of that name.
pub fn one(prefix: &str, files: &[Source<'_>], name: &str) -> Option<String> {
    let mut page = Page::default();
    let prefix = format!("{prefix}::");
    for source in files {
        for item in &source.1.items {
            if named(item) == Some(name) {
                page.item(&prefix, source, item, "#");
            }
        }
    }
    (!page.out.is_empty()).then_some(page.out)
}

/// The names of the components, functions and types, each with the first line of its comment.
pub fn names(files: &[Source<'_>]) -> Vec<(String, String)> {
    let items = files.iter().flat_map(|(_, tree)| &tree.items);
    items.filter_map(|item| Some((named(item)?.to_owned(), first_sentence(item.doc.as_deref())))).collect()
}

/// The name of what modules give to others.
fn named(item: &Item) -> Option<&'static str> {
    match &item.kind {
        ItemKind::Component(component) => Some(component.name.name.as_str()),
        ItemKind::Function(function) => Some(function.name.name.as_str()),
        ItemKind::Alias(alias) => Some(alias.name.name.as_str()),
        _ => None,
    }
}

/// Up to the first full stop, on one line.
fn first_sentence(doc: Option<&str>) -> String {
    let paragraph: Vec<&str> =
        doc.unwrap_or_default().lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    match text.split_once(". ") {
        Some((first, _)) => first.to_owned(),
        None => text.trim_end_matches(['.', ':']).to_owned(),
    }
}

/// Markdown as it grows.
#[derive(Default)]
struct Page {
    out: String,
}

/// A heading, and what stands below it.
type Kind = (&'static str, fn(&ItemKind) -> bool);

/// A row of a table.
type Row = Vec<String>;

impl Page {
    fn title(&mut self, title: &str, doc: Option<&str>) {
        let _ = writeln!(self.out, "# {title}");
        self.doc(doc);
    }

    /// A line behind an empty one.
    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.out, "\n{text}");
    }

    fn doc(&mut self, doc: Option<&str>) {
        if let Some(doc) = doc.map(str::trim).filter(|doc| !doc.is_empty()) {
            self.paragraph(doc);
        }
    }

    /// A table, without the columns that have nothing in them.
    fn table(&mut self, heads: &[&str], rows: &[Row]) {
        let cell = |row: &Row, at: usize| row.get(at).cloned().unwrap_or_default();
        let kept: Vec<usize> =
            (0..heads.len()).filter(|at| rows.iter().any(|row| !cell(row, *at).is_empty())).collect();
        if rows.is_empty() || kept.is_empty() {
            return;
        }
        let line = |cells: Vec<String>| {
            let cell = |cell: &String| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") };
            format!("|{}", cells.iter().map(cell).collect::<String>())
        };
        self.paragraph(&line(kept.iter().filter_map(|at| heads.get(*at)).map(|head| (*head).to_owned()).collect()));
        let _ = writeln!(self.out, "{}", line(kept.iter().map(|_| "---".to_owned()).collect()));
        for row in rows {
            let _ = writeln!(self.out, "{}", line(kept.iter().map(|at| cell(row, *at)).collect()));
        }
    }

    fn environments(&mut self, files: &[Source<'_>]) {
        let rows: Vec<Row> = all(files)
            .filter_map(|(source, item)| match &item.kind {
                ItemKind::Env(record) => {
                    let field = |name| field(source, record, name).map_or_else(String::new, |text| code(&text));
                    let name = code(record.name.name.as_str());
                    Some(vec![name, field("account"), field("regions"), field("branch"), in_cell(item.doc.as_deref())])
                }
                _ => None,
            })
            .collect();
        if !rows.is_empty() {
            self.paragraph("## Environments");
            self.table(&["environment", "account", "regions", "branch", "meaning"], &rows);
        }
    }

    /// The params at the top.
    fn settings(&mut self, heading: &str, files: &[Source<'_>]) {
        let rows: Vec<Row> = all(files)
            .filter_map(|(source, item)| match &item.kind {
                ItemKind::Param(param) => Some(setting(source, param, item.doc.as_deref())),
                _ => None,
            })
            .collect();
        if !rows.is_empty() {
            self.paragraph(heading);
            self.table(&["param", "type", "default", "meaning"], &rows);
        }
    }

    fn stacks(&mut self, files: &[Source<'_>]) {
        let is_stack =
            |item: &Item| matches!(item.kind, ItemKind::Stack(_) | ItemKind::External(_) | ItemKind::Existing(_));
        if !all(files).any(|(_, item)| is_stack(item)) {
            return;
        }
        self.paragraph("## Stacks");
        for (source, item) in all(files) {
            match &item.kind {
                ItemKind::Stack(stack) => self.stack(source, stack, item),
                ItemKind::External(external) => self.external(source, external, item),
                ItemKind::Existing(existing) => {
                    self.paragraph(&format!("### {} {}", existing.layer.as_str(), existing.name.name));
                    self.doc(item.doc.as_deref());
                    self.paragraph(&format!("A template as it lies there: {}.", code(&source_text(source, item.span))));
                }
                _ => {}
            }
        }
    }

    fn stack(&mut self, source: &Source<'_>, stack: &Stack, item: &Item) {
        self.paragraph(&format!("### {} {}", stack.layer.as_str(), stack.name.name));
        self.doc(item.doc.as_deref());
        let (mut inputs, mut params, mut resources) = (Vec::new(), Vec::new(), Vec::new());
        for stmt in within(&stack.body) {
            match &stmt.kind {
                StmtKind::Input(input) => inputs.push(setting(source, input, stmt.doc.as_deref())),
                StmtKind::Param(param) => params.push(setting(source, param, stmt.doc.as_deref())),
                StmtKind::Resource(resource) => {
                    let key = resource
                        .key
                        .as_ref()
                        .map_or_else(String::new, |key| format!("[{}]", source_text(source, key.span)));
                    let name = code(&format!("{}{key}", resource.name.name));
                    resources.push(vec![name, code(resource.ty.name.as_str()), in_cell(stmt.doc.as_deref())]);
                }
                _ => {}
            }
        }
        self.table(&["input", "type", "default", "meaning"], &inputs);
        self.table(&["param", "type", "default", "meaning"], &params);
        self.table(&["resource", "type", "meaning"], &resources);
        self.outputs(source, &stack.body);
    }

    fn external(&mut self, source: &Source<'_>, external: &External, item: &Item) {
        self.paragraph(&format!("### extern {} {}", external.layer.as_str(), external.name.name));
        self.doc(item.doc.as_deref());
        match &external.interface {
            Interface::Said(outputs, _) => {
                let rows: Vec<Row> = outputs
                    .iter()
                    .map(|output| vec![code(output.name.name.as_str()), code(&source_text(source, output.ty.span))])
                    .collect();
                self.table(&["output", "type"], &rows);
            }
            Interface::File(file) => self.paragraph(&format!("As {} says.", code(&file.text))),
        }
    }

    fn outputs(&mut self, source: &Source<'_>, body: &[Stmt]) {
        let rows: Vec<Row> = within(body)
            .filter_map(|stmt| match &stmt.kind {
                StmtKind::Output(output) => {
                    let ty = output.ty.as_ref().map_or_else(String::new, |ty| code(&source_text(source, ty.span)));
                    let value = output.value.as_ref().map(|value| source_text(source, value.span));
                    let value = value.filter(|value| value.chars().count() <= LONGEST).map(|value| code(&value));
                    let name = code(output.name.name.as_str());
                    Some(vec![name, ty, value.unwrap_or_default(), in_cell(stmt.doc.as_deref())])
                }
                _ => None,
            })
            .collect();
        self.table(&["output", "type", "value", "meaning"], &rows);
    }

    /// What there is, each with its first sentence.
    fn contents(&mut self, prefix: &str, files: &[Source<'_>]) {
        let rows: Vec<Row> = all(files)
            .filter_map(|(_, item)| {
                let name = named(item)?;
                let link = format!("[`{prefix}{name}`](#{})", anchor(&format!("{prefix}{name}")));
                Some(vec![link, in_cell(Some(&first_sentence(item.doc.as_deref())))])
            })
            .collect();
        self.table(&["name", "what it is"], &rows);
    }

    /// Components, then functions, then types.
    fn reusable(&mut self, prefix: &str, files: &[Source<'_>], level: &str) {
        let kinds: [Kind; 3] = [
            ("Components", |kind| matches!(kind, ItemKind::Component(_))),
            ("Functions", |kind| matches!(kind, ItemKind::Function(_))),
            ("Types", |kind| matches!(kind, ItemKind::Alias(_))),
        ];
        for (heading, is_meant) in kinds {
            if all(files).any(|(_, item)| is_meant(&item.kind)) {
                self.paragraph(&format!("{level} {heading}"));
                for (source, item) in all(files).filter(|(_, item)| is_meant(&item.kind)) {
                    self.item(prefix, source, item, &format!("{level}#"));
                }
            }
        }
    }

    fn item(&mut self, prefix: &str, source: &Source<'_>, item: &Item, level: &str) {
        let name = named(item).unwrap_or_default();
        if self.out.is_empty() {
            let _ = writeln!(self.out, "{level} {prefix}{name}");
        } else {
            self.paragraph(&format!("{level} {prefix}{name}"));
        }
        match &item.kind {
            ItemKind::Component(component) => self.component(prefix, source, component, item),
            ItemKind::Function(function) => self.function(prefix, source, function, item),
            ItemKind::Alias(alias) => {
                self.doc(item.doc.as_deref());
                self.paragraph(&code(&source_text(source, alias.ty.span)));
            }
            _ => {}
        }
    }

    fn component(&mut self, prefix: &str, source: &Source<'_>, component: &Component, item: &Item) {
        self.doc(item.doc.as_deref());
        let params: Vec<(&Param, Option<&str>)> = within(&component.body)
            .filter_map(|stmt| match &stmt.kind {
                StmtKind::Param(param) => Some((param, stmt.doc.as_deref())),
                _ => None,
            })
            .collect();
        if !item.doc.as_deref().unwrap_or_default().contains("```infra") {
            let needed: Vec<String> = params
                .iter()
                .filter(|(param, _)| is_needed(source, param))
                .map(|(param, _)| format!("{}: …", param.name.name))
                .collect();
            let braces = if needed.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", needed.join(", ")) };
            self.paragraph(&code(&format!("resource Name = {prefix}{} {braces}", component.name.name)));
        }
        let rows: Vec<Row> = params.iter().map(|(param, doc)| setting(source, param, *doc)).collect();
        self.table(&["param", "type", "default", "meaning"], &rows);
        self.outputs(source, &component.body);
        let mut types: Vec<String> = Vec::new();
        for stmt in within(&component.body) {
            if let StmtKind::Resource(resource) = &stmt.kind {
                let ty = code(resource.ty.name.as_str());
                if !types.contains(&ty) {
                    types.push(ty);
                }
            }
        }
        if !types.is_empty() {
            self.paragraph(&format!("Made of {}.", types.join(", ")));
        }
    }

    fn function(&mut self, prefix: &str, source: &Source<'_>, function: &Function, item: &Item) {
        let params: Vec<String> = function
            .params
            .iter()
            .map(|param| {
                let ty = param.ty.as_ref().map_or_else(String::new, |ty| format!(": {}", source_text(source, ty.span)));
                let default = param.default.as_ref().map(|value| format!(" = {}", source_text(source, value.span)));
                format!("{}{ty}{}", param.name.name, default.unwrap_or_default())
            })
            .collect();
        let ty = function.ty.as_ref().map_or_else(String::new, |ty| format!(": {}", source_text(source, ty.span)));
        self.paragraph(&code(&format!("{prefix}{}({}){ty}", function.name.name, params.join(", "))));
        self.doc(item.doc.as_deref());
    }

    fn tests(&mut self, files: &[Source<'_>]) {
        let rows: Vec<Row> = all(files)
            .filter_map(|(_, item)| match &item.kind {
                ItemKind::Test(Test { title, envs, .. }) => {
                    let envs: Vec<String> = envs.iter().map(|env| code(env.name.as_str())).collect();
                    let envs = if envs.is_empty() { "all".to_owned() } else { envs.join(", ") };
                    Some(vec![in_cell(Some(&title.text)), envs])
                }
                _ => None,
            })
            .collect();
        if !rows.is_empty() {
            self.paragraph("## Tests");
            self.table(&["test", "environments"], &rows);
        }
    }
}

/// Every declaration, with its file.
fn all<'a>(files: &'a [Source<'a>]) -> impl Iterator<Item = (&'a Source<'a>, &'a Item)> {
    files.iter().flat_map(|source| source.1.items.iter().map(move |item| (source, item)))
}

/// The statements of a body, those in loops and branches too.
fn within(body: &[Stmt]) -> Box<dyn Iterator<Item = &Stmt> + '_> {
    Box::new(body.iter().flat_map(|stmt| {
        let inner: Box<dyn Iterator<Item = &Stmt>> = match &stmt.kind {
            StmtKind::For(repeat) => within(&repeat.body),
            StmtKind::If(choice) => Box::new(within(&choice.then).chain(within(&choice.otherwise))),
            _ => Box::new(std::iter::empty()),
        };
        std::iter::once(stmt).chain(inner)
    }))
}

/// Name, type, default, meaning.
fn setting(source: &Source<'_>, param: &Param, doc: Option<&str>) -> Row {
    let ty = param.ty.as_ref().map_or_else(String::new, |ty| code(&source_text(source, ty.span)));
    let default = match &param.default {
        Some(value) => code(&cut(&source_text(source, value.span))),
        None if is_needed(source, param) => "required".to_owned(),
        None => String::new(),
    };
    vec![code(param.name.name.as_str()), ty, default, in_cell(doc)]
}

/// Whether it must be given: it has no default and its type has no `null`.
fn is_needed(source: &Source<'_>, param: &Param) -> bool {
    let has_null = param.ty.as_ref().is_some_and(|ty| source_text(source, ty.span).ends_with('?'));
    param.default.is_none() && !has_null
}

/// The text of a field of a declaration.
fn field(source: &Source<'_>, record: &Record, name: &str) -> Option<String> {
    let Some(Expr { kind: ExprKind::Object(entries), .. }) = &record.body else { return None };
    entries.iter().find_map(|entry| match entry {
        Entry::Field(Key::Name(key), value) if key.name.as_str() == name => Some(source_text(source, value.span)),
        _ => None,
    })
}

/// What stands there, on one line.
fn source_text((file, _): &Source<'_>, span: Span) -> String {
    let text = file.text.get(span.start as usize..span.end as usize).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Code in a line or a cell: in more backticks than it has in a row, `|` taken care of.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{ticks}{pad}{}{pad}{ticks}", text.replace('|', "\\|"))
}

/// A comment in a cell: one line; a blank line becomes a break.
fn in_cell(doc: Option<&str>) -> String {
    let paragraphs = doc.unwrap_or_default().split("\n\n");
    let lines: Vec<String> = paragraphs.map(|p| p.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    lines.join("<br>").replace('|', "\\|")
}

/// The anchor that Markdown gives to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
