//! What the values of a resource identify.

use super::{Attribute, Identifier, Node, RefValue, ResourceType, Types};

impl Types {
    /// What `Ref` of that resource identifies; nothing where `Ref` is opaque.
    pub fn ref_identifies(&self, resource: &ResourceType) -> Vec<Identifier> {
        match resource.ref_value {
            RefValue::Property(path) => self.identifies(resource, path),
            RefValue::Opaque => Vec::new(),
        }
    }

    /// What the attribute at `path` identifies: the identifier it is itself, and those its schema names.
    ///
    /// For a list it is what its items identify.
    pub fn attribute_identifies(&self, resource: &ResourceType, path: &str) -> Vec<Identifier> {
        resource.attribute(path).map_or_else(Vec::new, |attribute| self.identifies(resource, attribute.path))
    }

    fn identifies(&self, resource: &ResourceType, path: &'static str) -> Vec<Identifier> {
        let node = match resource.attribute(path) {
            Some(attribute) => Some(self.node(attribute.node)),
            None => self.at_path(resource, &path.split('.').collect::<Vec<_>>()),
        };
        let own = Identifier { resource: resource.name, attribute: path };
        match node {
            Some(Node::String(string)) => with(own, &string.identifies),
            Some(Node::Array { item, .. }) => match self.node(*item) {
                Node::String(string) => string.identifies.clone(),
                _ => Vec::new(),
            },
            Some(Node::Object(_) | Node::Map { .. }) => Vec::new(),
            _ => vec![own],
        }
    }
}

/// `own` and `named`; an attribute that is packed under another name of its type goes by that name alone.
fn with(own: Identifier, named: &[Identifier]) -> Vec<Identifier> {
    let renamed = named.iter().any(|i| i.resource == own.resource);
    (!renamed).then_some(own).into_iter().chain(named.iter().copied()).collect()
}

impl ResourceType {
    /// The attribute at that path.
    pub fn attribute(&self, path: &str) -> Option<&Attribute> {
        let position = self.attributes.binary_search_by(|a| a.path.cmp(path)).ok()?;
        self.attributes.get(position)
    }
}
