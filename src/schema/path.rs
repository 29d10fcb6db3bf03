//! Finds what lies at a property path.

use super::{Node, NodeId, ObjectType, Property, Replacement, ResourceType, Types};

/// Unions within unions are looked through this deep.
const UNION_DEPTH: usize = 4;

/// Stands for an item of a list or a value of a map.
const ITEM: &str = "*";

impl Types {
    /// The node at a property path of a resource type: `["VpcConfig", "SubnetIds", "*"]`.
    ///
    /// `*` or a number is an item of a list; in a map any key will do.
    pub fn at_path(&self, resource: &ResourceType, path: &[&str]) -> Option<&Node> {
        let mut id = resource.root;
        for step in path {
            id = self.step(id, step)?.0;
        }
        Some(self.node(id))
    }

    /// What a change at that path of the properties does; a parent's mark covers its children.
    ///
    /// A step that is not known ends the walk: what was found above it holds.
    pub fn replacement(&self, resource: &ResourceType, path: &[&str]) -> Replacement {
        // AWS has no way to update such a type; what is not marked may fail instead of replacing.
        let mut worst = if resource.no_update { Replacement::Maybe } else { Replacement::No };
        let mut id = resource.root;
        for step in path {
            let Some((next, property)) = self.step(id, step) else { break };
            worst = worst.max(property.map_or(Replacement::No, |p| p.replacement));
            id = next;
        }
        worst
    }

    /// True where AWS never gives back what stands at that path, nor anything below it.
    pub fn is_write_only(&self, resource: &ResourceType, path: &[&str]) -> bool {
        let mut id = resource.root;
        for step in path {
            let Some((next, property)) = self.step(id, step) else { break };
            if property.is_some_and(|p| p.write_only) {
                return true;
            }
            id = next;
        }
        false
    }

    /// The node one step further, and the property if the step was one.
    pub(super) fn step(&self, id: NodeId, step: &str) -> Option<(NodeId, Option<&Property>)> {
        self.step_within(id, step, UNION_DEPTH)
    }

    fn step_within(&self, id: NodeId, step: &str, depth: usize) -> Option<(NodeId, Option<&Property>)> {
        match self.node(id) {
            Node::Object(object) => object.property(step).map(|p| (p.node, Some(p))),
            Node::Array { item, .. } if step == ITEM || step.bytes().all(|b| b.is_ascii_digit()) => Some((*item, None)),
            Node::Map { value, .. } => Some((*value, None)),
            Node::Union(members) => {
                let depth = depth.checked_sub(1)?;
                members.iter().find_map(|member| self.step_within(*member, step, depth))
            }
            _ => None,
        }
    }

    /// The key under which the documentation of that path stands: the name of the nearest named
    /// object, `/`, and the names below it joined with dots.
    pub(super) fn doc_key(&self, resource: &ResourceType, path: &[&str]) -> Option<String> {
        let (mut key, mut id) = (String::new(), resource.root);
        for step in path {
            let (next, property) = self.step(id, step)?;
            if property.is_some() {
                match self.object(id).map(|object| object.name) {
                    Some(name) if !name.is_empty() => key = format!("{name}/{step}"),
                    _ if key.is_empty() => key = (*step).to_owned(),
                    _ => key = format!("{key}.{step}"),
                }
            }
            id = next;
        }
        Some(key)
    }

    /// The object a node is, or the first one it may be.
    pub(super) fn object(&self, id: NodeId) -> Option<&ObjectType> {
        match self.node(id) {
            Node::Object(object) => Some(object),
            Node::Union(members) => members.iter().find_map(|member| match self.node(*member) {
                Node::Object(object) => Some(object),
                _ => None,
            }),
            _ => None,
        }
    }
}

impl ObjectType {
    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        let position = self.properties.binary_search_by(|p| p.name.cmp(name)).ok()?;
        self.properties.get(position)
    }
}
