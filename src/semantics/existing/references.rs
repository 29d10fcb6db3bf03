//! What a template refers to, and whether it is there.

use std::sync::Arc;

use crate::data::{Entry, Kind, Node};
use crate::diagnostics::{Code, Diagnostic, Near, nearest};
use crate::names::Name;
use crate::schema::{Types, serverless};
use crate::semantics::hatches::{PSEUDO, placeholders};
use crate::semantics::value::RawName;
use crate::source::Span;

use super::long_forms::call;
use super::read::transforms;

/// The names of a template.
pub(super) struct Names<'t> {
    pub(super) types: &'static Types,
    /// The text of the template.
    text: &'t str,
    /// Parameters.
    pub(super) parameters: Vec<&'t str>,
    /// Resources and their types.
    pub(super) resources: Vec<(&'t str, &'t str)>,
    conditions: Vec<&'t str>,
    mappings: &'t [Entry],
    /// A macro makes what is not written here.
    is_open: bool,
    is_sam: bool,
}

impl<'t> Names<'t> {
    pub(super) fn of(whole: &'t Node, types: &'static Types, text: &'t str) -> Self {
        let section = |name: &str| whole.get(name).map_or(&[][..], Node::entries);
        fn keys(entries: &[Entry]) -> impl Iterator<Item = &str> {
            entries.iter().map(|entry| &*entry.key)
        }
        let type_of = |entry: &'t Entry| entry.value.get("Type").and_then(Node::text).unwrap_or_default();
        let (is_sam, others) = transforms(whole);
        let loops = |name| keys(section(name)).any(|key| key.starts_with("Fn::"));
        Self {
            types,
            text,
            parameters: keys(section("Parameters")).collect(),
            resources: section("Resources").iter().map(|entry| (&*entry.key, type_of(entry))).collect(),
            conditions: keys(section("Conditions")).collect(),
            mappings: section("Mappings"),
            is_open: others || loops("Resources") || loops("Conditions") || loops("Mappings"),
            is_sam,
        }
    }

    /// The type of a resource.
    pub(super) fn type_of(&self, id: &str) -> Option<&'t str> {
        self.resources.iter().find(|(name, _)| *name == id).map(|(_, ty)| *ty)
    }

    /// Where `${name}` stands in a text, where it is written plainly there; else the whole text.
    fn inside(&self, span: Span, name: &str) -> Span {
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let ends = |rest: &str| rest.trim_start().starts_with('}');
        let found = written.match_indices(name).find(|(at, _)| {
            let before = written.get(..*at).unwrap_or_default().trim_end();
            before.ends_with("${") && written.get(at + name.len()..).is_some_and(ends)
        });
        let Some((at, _)) = found else { return span };
        let start = span.start as usize + at;
        Span::new(span.file, start, start + name.len())
    }

    /// Whether `Ref` can name it.
    fn has(&self, name: &str) -> bool {
        self.is_open
            || self.parameters.contains(&name)
            || self.type_of(name).is_some()
            || PSEUDO.contains(&name)
            || self.is_made(name)
    }

    /// Whether SAM may make it.
    fn is_made(&self, name: &str) -> bool {
        let owner = name.split_once('.').map(|(owner, _)| owner);
        self.is_sam
            && (serverless::may_be_generated(name, self.resources.iter().copied())
                || owner.is_some_and(|owner| self.type_of(owner).is_some_and(serverless::is_serverless)))
    }
}

/// Finds everything that is named and not there.
pub(super) fn check(whole: &Node, names: &Names<'_>, problems: &mut Vec<Diagnostic>) {
    let mut check = Check { names, problems };
    for section in whole.entries() {
        match &*section.key {
            "Resources" => section.value.entries().iter().for_each(|entry| check.resource(entry)),
            "Outputs" => {
                for output in section.value.entries() {
                    check.condition_of(&output.value);
                    output
                        .value
                        .entries()
                        .iter()
                        .filter(|e| &*e.key != "Condition")
                        .for_each(|e| check.value(&e.value));
                }
            }
            "Conditions" | "Globals" => check.value(&section.value),
            _ => {}
        }
    }
}

struct Check<'c, 't> {
    names: &'c Names<'t>,
    problems: &'c mut Vec<Diagnostic>,
}

impl Check<'_, '_> {
    fn resource(&mut self, entry: &Entry) {
        self.condition_of(&entry.value);
        for (name, span) in depends_on(&entry.value) {
            if !self.names.is_open && self.names.type_of(name).is_none() && !self.names.is_made(name) {
                let known = self.names.resources.iter().map(|(id, _)| *id);
                self.problems.push(missing("resource", name, span, known));
            }
        }
        for field in entry.value.entries().iter().filter(|f| !matches!(&*f.key, "Condition" | "DependsOn" | "Type")) {
            self.value(&field.value);
        }
    }

    fn condition_of(&mut self, node: &Node) {
        if let Some(condition) = node.get("Condition") {
            self.condition(condition);
        }
    }

    fn condition(&mut self, node: &Node) {
        let Some(name) = node.text() else { return };
        if !self.names.is_open && !self.names.conditions.contains(&name) {
            self.problems.push(missing("condition", name, node.span, self.names.conditions.iter().copied()));
        }
    }

    fn value(&mut self, node: &Node) {
        match (call(node), &node.kind) {
            (Some((function, argument)), _) => self.function(function, argument),
            (None, Kind::List(items)) => items.iter().for_each(|item| self.value(item)),
            (None, Kind::Map(entries)) => entries.iter().for_each(|entry| self.value(&entry.value)),
            _ => {}
        }
    }

    fn function(&mut self, function: &str, argument: &Node) {
        match function {
            "Ref" => {
                match argument.text() {
                    Some(name) => self.name(name, argument.span),
                    // With its extensions, CloudFormation takes functions here.
                    None if self.names.is_open => self.value(argument),
                    None => self.problems.push(not_a_name(argument.span)),
                }
            }
            // A policy has a key of that name, too.
            "Condition" if argument.text().is_some() => self.condition(argument),
            "Fn::GetAtt" => self.get_att(argument),
            "Fn::Sub" => self.sub(argument),
            "Fn::If" => {
                let mut items = argument.items().iter();
                items.next().into_iter().for_each(|condition| self.condition(condition));
                items.for_each(|item| self.value(item));
            }
            "Fn::FindInMap" => {
                self.find_in_map(argument);
                self.value(argument);
            }
            _ => self.value(argument),
        }
    }

    fn name(&mut self, name: &str, span: Span) {
        if !self.names.has(name) {
            let resources = self.names.resources.iter().map(|(id, _)| *id);
            let known = resources.chain(self.names.parameters.iter().copied()).chain(PSEUDO);
            self.problems.push(missing("resource and no parameter", name, span, known));
        }
    }

    fn get_att(&mut self, argument: &Node) {
        let Some((id, path)) = attribute(argument) else { return self.value(argument) };
        let at = argument.items().first().map_or(argument.span, |first| first.span);
        self.attribute(&id, &path, at, argument.items().get(1).map_or(argument.span, |second| second.span));
    }

    fn attribute(&mut self, id: &str, path: &str, id_span: Span, path_span: Span) {
        let Some(ty) = self.names.type_of(id) else {
            if !self.names.is_open && !self.names.is_made(id) {
                let known = self.names.resources.iter().map(|(id, _)| *id);
                self.problems.push(missing("resource", id, id_span, known));
            }
            return;
        };
        let Some(known) = self.names.types.resource(ty) else { return };
        let made = serverless::is_serverless(ty);
        let open = known.open_attributes || made || self.names.is_open;
        let there = |path: &str| known.attributes.iter().any(|attribute| attribute.path == path);
        if open || path.is_empty() || there(path) {
            return;
        }
        // What lies inside an attribute that is an object of unknown shape.
        if path.rmatch_indices('.').any(|(at, _)| path.get(..at).is_some_and(there)) {
            return;
        }
        let problem = Diagnostic::new(Code::UnknownAttribute, format!("`{ty}` has no attribute `{path}`"))
            .at(path_span, "not an attribute");
        self.problems.push(match nearest(path, known.attributes.iter().map(|attribute| attribute.path)) {
            Some(near) => problem.help(format!("write `{near}`")),
            None => problem.help(format!("run `infra explain {ty}` to see its attributes")),
        });
    }

    fn sub(&mut self, argument: &Node) {
        let (text, own) = match &argument.kind {
            Kind::Text(_) => (argument, None),
            Kind::List(parts) => match parts.as_slice() {
                [text, own] => (text, Some(own)),
                _ => return self.value(argument),
            },
            _ => return,
        };
        for name in whole_placeholders(text.text().unwrap_or_default()) {
            if own.is_some_and(|own| own.get(name).is_some()) {
                continue;
            }
            let span = self.names.inside(text.span, name);
            match name.split_once('.') {
                Some((id, path)) if !self.names.is_made(name) => self.attribute(id, path, span, span),
                Some(_) => {}
                None => self.name(name, span),
            }
        }
        own.into_iter().flat_map(Node::entries).for_each(|entry| self.value(&entry.value));
    }

    fn find_in_map(&mut self, argument: &Node) {
        let [map, top, ..] = argument.items() else { return };
        let Some(name) = map.text().filter(|_| !self.names.is_open) else { return };
        let all = self.names.mappings;
        let Some(found) = all.iter().find(|entry| &*entry.key == name) else {
            self.problems.push(missing("mapping", name, map.span, all.iter().map(|entry| &*entry.key)));
            return;
        };
        let Some(key) = top.text() else { return };
        let keys = || found.value.entries().iter().map(|entry| &*entry.key);
        let has_default = argument.items().len() > 3;
        let Some(row) = found.value.get(key) else {
            if !has_default {
                let message = format!("the mapping `{name}` has no `{key}`");
                let problem = Diagnostic::new(Code::UnknownName, message).at(top.span, "not one of its keys");
                self.problems.push(help(problem, nearest(key, keys())));
            }
            return;
        };
        let second = argument.items().get(2).and_then(|node| Some((node.text()?, node.span)));
        if let Some((key, span)) = second.filter(|(key, _)| row.get(key).is_none() && !has_default) {
            let message = format!("the mapping `{name}` has no `{key}` there");
            let problem = Diagnostic::new(Code::UnknownName, message).at(span, "not one of its keys");
            self.problems.push(help(problem, nearest(key, row.entries().iter().map(|entry| &*entry.key))));
        }
    }
}

/// `!Ref On` is one, as YAML reads `On`.
fn not_a_name(span: Span) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, "`Ref` takes the name of a resource or parameter")
        .at(span, "CloudFormation reads this as another thing than text")
        .help("write the name, in quotes where YAML takes it for a truth or a number")
}

fn missing<'n>(what: &str, name: &str, span: Span, known: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownName, format!("the template has no `{name}`"))
        .at(span, format!("no {what} of this template"));
    help(problem, nearest(name, known))
}

fn help(problem: Diagnostic, near: Option<Near<'_>>) -> Diagnostic {
    match near {
        Some(near) => problem.help(format!("write `{near}`")),
        None => problem.help("name what the template declares, or declare it"),
    }
}

/// The logical ids in `DependsOn`, and where each stands.
pub(super) fn depends_on(resource: &Node) -> impl Iterator<Item = (&str, Span)> {
    let node = resource.get("DependsOn");
    let all = node.map_or(Vec::new(), |node| match &node.kind {
        Kind::List(items) => items.iter().collect(),
        _ => vec![node],
    });
    all.into_iter().filter_map(|node| Some((node.text()?, node.span)))
}

/// The logical id and the path in the argument of `Fn::GetAtt`, where both are plain.
pub(super) fn attribute(argument: &Node) -> Option<(Arc<str>, Arc<str>)> {
    match argument.items() {
        [] => argument.text()?.split_once('.').map(|(id, path)| (id.into(), path.into())),
        [id, path] => Some((id.text()?.into(), path.text()?.into())),
        _ => None,
    }
}

/// The names between `${` and `}`, with their attributes, without `${!literal}`.
fn whole_placeholders(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split("${").skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name.trim());
    inside.filter(|name| !name.starts_with('!') && !name.is_empty())
}

/// Gives every resource or parameter that `node` names to `found`.
pub(super) fn named(node: &Node, found: &mut impl FnMut(RawName)) {
    let mut name = |text: &str, span: Span| found(RawName { name: Name::new(text), span });
    match (call(node), &node.kind) {
        (Some(("Ref", argument)), _) => argument.text().into_iter().for_each(|text| name(text, argument.span)),
        (Some(("Fn::GetAtt", argument)), _) => {
            attribute(argument).into_iter().for_each(|(id, _)| name(&id, argument.span));
        }
        (Some(("Fn::Sub", argument)), _) => {
            let parts = argument.items();
            let text = parts.first().unwrap_or(argument);
            let own = |name: &str| parts.get(1).is_some_and(|own| own.get(name).is_some());
            placeholders(text.text().unwrap_or_default())
                .filter(|name| !own(name))
                .for_each(|text_name| name(text_name, text.span));
            parts.iter().skip(1).flat_map(Node::entries).for_each(|entry| named(&entry.value, found));
        }
        (_, Kind::List(items)) => items.iter().for_each(|item| named(item, found)),
        (_, Kind::Map(entries)) => entries.iter().for_each(|entry| named(&entry.value, found)),
        _ => {}
    }
}

/// Collects the arguments of `Fn::ImportValue`.
pub(super) fn imports(node: &Node, found: &mut Vec<Node>) {
    match (call(node), &node.kind) {
        (Some(("Fn::ImportValue", argument)), _) => found.push(argument.clone()),
        (_, Kind::List(items)) => items.iter().for_each(|item| imports(item, found)),
        (_, Kind::Map(entries)) => entries.iter().for_each(|entry| imports(&entry.value, found)),
        _ => {}
    }
}
