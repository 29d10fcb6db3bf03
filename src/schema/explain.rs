//! Says what a resource type is, in plain text of 80 columns.

use super::{Attribute, Node, NodeId, ObjectType, Property, RefValue, ResourceType, Types};
use page::Page;

mod page;
mod words;

/// What there is to know about a resource type; `None` if there is none of that name.
pub fn explain(types: &Types, name: &str) -> Option<String> {
    let resource = types.resource(name)?;
    let Node::Object(root) = types.node(resource.root) else { return None };
    let mut page = Page::default();
    page.line(resource.name);
    if let Some(text) = types.resource_doc(resource) {
        page.text(2, &text);
    }
    page.break_line();
    for fact in facts(resource) {
        page.text(2, &fact);
    }
    let path = |property: &str| vec![property.to_owned()];
    properties(&mut page, types, resource, root, &path);
    attributes(&mut page, types, resource);
    Some(page.done())
}

/// What there is to know about one property or attribute, `NetworkConfiguration.AwsvpcConfiguration`.
///
/// Lists and maps are stepped through; their items need not be written.
pub fn explain_property(types: &Types, name: &str, path: &str) -> Option<String> {
    let resource = types.resource(name)?;
    let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
    let found = find(types, resource.root, &steps);
    let mut page = Page::default();
    page.line(&format!("{}.{path}", resource.name));
    let Some((property, full)) = found else {
        let attribute = resource.attribute(path)?;
        page.text(2, &words::attribute(types, resource, attribute));
        attribute_text(&mut page, types, resource, attribute);
        return Some(page.done());
    };
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    if let Some(text) = types.property_doc(resource, &full) {
        page.text(2, &text);
    }
    page.break_line();
    page.text(2, &words::whole_kind(types, property.node));
    let replaces = types.replacement(resource, &full);
    for mark in words::marks(property, replaces) {
        page.text(2, mark);
    }
    if let Some((inside, steps)) = object_inside(types, property.node) {
        let above: Vec<String> = full.iter().map(|s| (*s).to_owned()).chain(steps).collect();
        let path = |property: &str| above.iter().cloned().chain([property.to_owned()]).collect();
        properties(&mut page, types, resource, inside, &path);
    }
    Some(page.done())
}

/// The property at a path, and the path with its `*`.
fn find<'t>(types: &'t Types, root: NodeId, steps: &[String]) -> Option<(&'t Property, Vec<String>)> {
    let (mut full, mut at, mut found) = (Vec::new(), root, None);
    for step in steps.iter().filter(|s| *s != "*") {
        let (object, through) = object_inside(types, at)?;
        let property = object.property(step)?;
        full.extend(through);
        full.push(step.clone());
        (at, found) = (property.node, Some(property));
    }
    found.map(|property| (property, full))
}

/// The object a node is or holds, and the `*` on the way.
fn object_inside(types: &Types, id: NodeId) -> Option<(&ObjectType, Vec<String>)> {
    let (mut at, mut through) = (id, Vec::new());
    loop {
        match types.node(at) {
            Node::Array { item, .. } | Node::Map { value: item, .. } => {
                through.push("*".to_owned());
                at = *item;
            }
            _ => return types.object(at).map(|object| (object, through)),
        }
    }
}

/// What is true of the type as a whole, a sentence each.
fn facts(resource: &ResourceType) -> Vec<String> {
    let mut facts = Vec::new();
    facts.push(match resource.ref_value {
        RefValue::Property(path) if resource.prefer_attribute => {
            format!("`ref` gives the {path} in most cases; read the attribute {path} to be sure.")
        }
        RefValue::Property(path) => format!("`ref` gives the {path}."),
        RefValue::Opaque => "`ref` gives a text that fits no typed property; read an attribute instead.".to_owned(),
    });
    if resource.stateful {
        facts.push("It holds data that is lost when it is deleted or replaced.".to_owned());
    }
    if resource.no_update {
        facts.push("AWS cannot update it: a change replaces it or fails.".to_owned());
    }
    if resource.delete_first {
        facts.push("When replaced, it is deleted before the new one is created.".to_owned());
    }
    if let Some((state, date)) = resource.lifecycle {
        let date = date.map_or(String::new(), |date| format!(" {date}"));
        facts.push(format!("AWS winds it down: {state}{date}."));
    }
    if resource.legacy {
        facts.push("AWS publishes no full schema of it: little can be checked here.".to_owned());
    }
    match &resource.tags {
        Some(tags) if tags.property == "Tags" => {}
        Some(tags) => facts.push(format!("Its tags go into {}.", tags.property)),
        None => facts.push("It takes no tags.".to_owned()),
    }
    if resource.open_attributes {
        facts.push("Any attribute can be read from it.".to_owned());
    }
    facts
}

/// Required properties, then the others, then what must go together.
fn properties(
    page: &mut Page,
    types: &Types,
    resource: &ResourceType,
    object: &ObjectType,
    path: &dyn Fn(&str) -> Vec<String>,
) {
    let given: Vec<&Property> = object.properties.iter().filter(|p| !p.read_only).collect();
    for (title, required) in [("Required", true), ("Optional", false)] {
        let listed: Vec<&&Property> = given.iter().filter(|p| p.required == required).collect();
        if listed.is_empty() {
            continue;
        }
        page.title(title);
        for property in listed {
            let path = path(property.name);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let marks = words::marks(property, property.replacement);
            page.entry(property.name, &words::kind(types, property.node), &marks);
            if let Some(text) = types.property_doc(resource, &path) {
                page.text(6, &text);
            }
        }
    }
    if object.open {
        page.break_line();
        page.text(2, "Other keys are allowed too.");
    }
    if !object.groups.is_empty() {
        page.title("Rules");
        for group in &object.groups {
            page.text(2, &words::group(group));
        }
    }
}

fn attributes(page: &mut Page, types: &Types, resource: &ResourceType) {
    // The parts of an object that AWS sets are told with it, not each by itself.
    let outer: Vec<&Attribute> = resource
        .attributes
        .iter()
        .filter(|a| a.path.rsplit_once('.').is_none_or(|(above, _)| resource.attribute(above).is_none()))
        .collect();
    if outer.is_empty() {
        return;
    }
    page.title("Attributes");
    for attribute in outer {
        page.entry(attribute.path, &words::attribute(types, resource, attribute), &[]);
        attribute_text(page, types, resource, attribute);
    }
}

fn attribute_text(page: &mut Page, types: &Types, resource: &ResourceType, attribute: &Attribute) {
    let path: Vec<&str> = attribute.path.split('.').collect();
    let text = types.property_doc(resource, &[attribute.path]).or_else(|| types.property_doc(resource, &path));
    if let Some(text) = text {
        page.text(6, &text);
    }
}
