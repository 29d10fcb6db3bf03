//! The resources of an instance by type, and what their properties refer to.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::names::Name;
use crate::semantics::model::{Instance, InstanceKey, ParameterSource, Resource};
use crate::semantics::value::{Later, LaterExpr, Value};

/// What custom resources are found under, whatever they are called.
pub(super) const CUSTOM: &str = "Custom::";

/// The resources of an instance, ready to be asked.
pub(super) struct Index<'i> {
    resources: &'i [Resource],
    by_id: FxHashMap<Name, usize>,
    by_type: FxHashMap<&'static str, Vec<usize>>,
    foreign: FxHashMap<Name, Key>,
}

/// What a property refers to, so that two properties can be compared.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Key {
    /// A resource of this instance, whichever of its attributes.
    Resource(usize),
    /// An output of another instance, or an input. `Role` and `RoleArn` of one instance are taken
    /// for the same thing: at worst that makes an order nobody needs.
    Foreign(Option<InstanceKey>, &'static str),
    /// A name that the program spells.
    Text(Arc<str>),
}

impl<'i> Index<'i> {
    pub(super) fn of(instance: &'i Instance) -> Self {
        let resources = &instance.resources;
        let mut by_type: FxHashMap<&'static str, Vec<usize>> = FxHashMap::default();
        for (i, resource) in resources.iter().enumerate() {
            let ty = resource.ty.as_str();
            let custom = ty.starts_with(CUSTOM) || ty == "AWS::CloudFormation::CustomResource";
            by_type.entry(if custom { CUSTOM } else { ty }).or_default().push(i);
        }
        let foreign = instance.head.parameters.iter().map(|p| match &p.source {
            ParameterSource::Output(from) => (p.name, Key::Foreign(Some(from.instance.clone()), stem(from.output))),
            ParameterSource::Input { .. } => (p.name, Key::Foreign(None, stem(p.name))),
        });
        Self {
            resources,
            by_id: resources.iter().enumerate().map(|(i, r)| (r.id, i)).collect(),
            by_type,
            foreign: foreign.collect(),
        }
    }

    /// The resources of a type, by position.
    pub(super) fn of_type(&self, ty: &str) -> &[usize] {
        self.by_type.get(ty).map_or(&[], Vec::as_slice)
    }

    /// Whether there are resources of that type.
    pub(super) fn has(&self, ty: &str) -> bool {
        self.by_type.contains_key(ty)
    }

    /// What a property says where it is plain text.
    pub(super) fn text(&self, resource: usize, property: &str) -> Option<Arc<str>> {
        match self.values(resource, property).first() {
            Some(Value::Str(text)) => Some(Arc::clone(text)),
            _ => None,
        }
    }

    /// The plain text that a property ends in.
    pub(super) fn ending(&self, resource: usize, property: &str) -> Option<Arc<str>> {
        let last = |value: &Value| match value {
            Value::Str(text) => Some(Arc::clone(text)),
            _ => None,
        };
        match self.values(resource, property).first()? {
            Value::Later(later) => match &later.expr {
                LaterExpr::Concat(pieces) => pieces.last().and_then(last),
                _ => None,
            },
            plain => last(plain),
        }
    }

    /// The values at a path: keys with `.` between, `*` for every item or entry, and `>` where the
    /// path goes on in the resource that the value refers to.
    pub(super) fn values(&self, resource: usize, path: &str) -> Vec<&'i Value> {
        let mut found: Vec<&'i Value> = self.resources.get(resource).map(|r| &r.properties).into_iter().collect();
        for (i, hop) in path.split('>').enumerate() {
            if i > 0 {
                let next = found.iter().filter_map(|value| self.resources.get(self.resource(value)?));
                found = next.map(|r| &r.properties).collect();
            }
            for step in hop.split('.') {
                found = found.into_iter().flat_map(|value| children(value, step)).collect();
            }
        }
        found
    }

    /// What the values at a path refer to.
    pub(super) fn keys(&self, resource: usize, path: &str) -> Vec<Key> {
        self.values(resource, path).into_iter().filter_map(|value| self.key(value)).collect()
    }

    /// The resources of this instance that the values at a path refer to.
    pub(super) fn targets(&self, resource: usize, path: &str) -> Vec<usize> {
        self.values(resource, path).into_iter().filter_map(|value| self.resource(value)).collect()
    }

    fn resource(&self, value: &Value) -> Option<usize> {
        match self.key(value)? {
            Key::Resource(at) => Some(at),
            _ => None,
        }
    }

    fn key(&self, value: &Value) -> Option<Key> {
        match value {
            Value::Str(text) if !text.is_empty() => Some(Key::Text(Arc::clone(text))),
            Value::Later(later) => self.later(later),
            _ => None,
        }
    }

    fn later(&self, later: &Later) -> Option<Key> {
        match &later.expr {
            LaterExpr::Ref(id) | LaterExpr::GetAtt(id, _) => self.by_id.get(id).copied().map(Key::Resource),
            LaterExpr::Parameter(name) => self.foreign.get(name).cloned(),
            LaterExpr::Raw(raw) => match raw.names.as_slice() {
                [only] => self.by_id.get(&only.name).copied().map(Key::Resource),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The name of an output without the attribute it ends in.
fn stem(name: Name) -> &'static str {
    let name = name.as_str();
    ["Arn", "Name", "Id"].into_iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn children<'v>(value: &'v Value, step: &str) -> Vec<&'v Value> {
    match (value, step) {
        (Value::List(items), "*") => items.iter().collect(),
        (Value::Object(object), "*") => object.iter().map(|(_, v)| v).collect(),
        (Value::Object(object), key) => object.iter().filter(|(k, _)| k.as_str() == key).map(|(_, v)| v).collect(),
        _ => Vec::new(),
    }
}
