//! Resource types that a project brings along, beside those of AWS.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Node, NodeId, ResourceType, Types};

/// Types that came from files of the project.
#[derive(Default)]
pub(super) struct Extra {
    /// Their nodes count on from those of AWS.
    nodes: Vec<Node>,
    resources: BTreeMap<&'static str, ResourceType>,
}

impl Extra {
    pub(super) fn resource(&self, name: &str) -> Option<&ResourceType> {
        self.resources.get(name)
    }

    /// The node that is `beyond` those of AWS.
    pub(super) fn node(&self, beyond: usize) -> Option<&Node> {
        self.nodes.get(beyond)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }
}

impl Types {
    /// These types and further ones. The ids of `nodes` count on from [`Types::node_count`], in their order.
    #[must_use]
    pub fn with(&self, nodes: Vec<Node>, resources: Vec<ResourceType>) -> Self {
        let resources = resources.into_iter().map(|resource| (resource.name, resource)).collect();
        Self { inner: Arc::clone(&self.inner), extra: Extra { nodes, resources } }
    }

    /// The types that are not of AWS, sorted by name.
    pub fn own(&self) -> impl Iterator<Item = &ResourceType> {
        self.extra.resources.values()
    }

    /// What of an id lies beyond the types of AWS.
    pub(super) fn beyond(&self, id: NodeId) -> Option<usize> {
        usize::try_from(id.0).ok()?.checked_sub(self.inner.nodes())
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own: Vec<&str> = self.own().map(|resource| resource.name).collect();
        f.debug_struct("Types").field("aws", &self.inner.resources()).field("own", &own).finish()
    }
}
