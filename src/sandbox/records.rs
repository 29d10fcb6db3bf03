//! Resources are records. Their physical ids and attributes are made up here, as pure functions
//! of who they are and what they were given: shaped like AWS's, equal in every run.

use serde_json::{Map, Value};

use crate::sandbox::ids;
use crate::sandbox::model::Place;
use crate::sandbox::template::scalar;
use crate::schema::{Node, NodeId, RefValue, ResourceType, StringType, Types};

mod sample;
mod shapes;
#[cfg(test)]
mod tests;

/// Who a resource is.
pub(crate) struct Identity<'a> {
    pub(crate) types: &'a Types,
    pub(crate) place: &'a Place,
    pub(crate) logical: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) generation: u32,
    pub(crate) properties: &'a Value,
}

/// Fn::GetAtt of a name the type does not have [V].
fn no_attribute(kind: &str, path: &str) -> String {
    format!("Resource type {kind} does not support attribute {{{path}}}")
}

impl Identity<'_> {
    /// What `Ref` gives: the physical id.
    pub(crate) fn physical(&self) -> String {
        let Some(resource) = self.types.resource(self.kind) else {
            return self.name(None);
        };
        match resource.ref_value {
            RefValue::Property(path) => match self.value(resource, path) {
                Some(value) => scalar(&value).unwrap_or_else(|| self.name(None)),
                None => self.name(None),
            },
            RefValue::Opaque => self.name(None),
        }
    }

    /// What `Fn::GetAtt` gives.
    pub(crate) fn attribute(&self, path: &str) -> Result<Value, String> {
        let Some(resource) = self.types.resource(self.kind) else {
            // A custom resource answers with whatever it likes.
            return Ok(Value::String(format!("{}-{}", self.logical, path)));
        };
        let listed = resource.attributes.iter().any(|attribute| attribute.path == path);
        if !listed && !resource.open_attributes {
            return Err(no_attribute(self.kind, path));
        }
        Ok(self.value(resource, path).unwrap_or_else(|| Value::String(format!("{}-{}", self.logical, path))))
    }

    /// The property or attribute at that path: as given, or made up.
    fn value(&self, resource: &ResourceType, path: &str) -> Option<Value> {
        if let Some(given) = self.given(path) {
            return Some(given.clone());
        }
        if let Some(known) = shapes::known(self, path) {
            return Some(Value::String(known));
        }
        let steps: Vec<&str> = path.split('.').collect();
        let attribute = resource.attributes.iter().find(|attribute| attribute.path == path);
        if let Some(attribute) = attribute {
            return Some(self.make(resource, path, attribute.node, 0));
        }
        // A property that nobody gave: the service names the resource.
        match self.types.at_path(resource, &steps)? {
            Node::String(rules) => Some(Value::String(self.text(resource, path, rules))),
            _ => None,
        }
    }

    fn given(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(self.properties, |value, step| value.get(step))
    }

    fn make(&self, resource: &ResourceType, path: &str, node: NodeId, depth: u32) -> Value {
        match self.types.node(node) {
            Node::Bool => Value::Bool(false),
            Node::Int(rules) => Value::from(shapes::whole(path, rules)),
            Node::Number(rules) => rules.values.first().copied().or(rules.min).map_or(Value::from(1), Value::from),
            Node::String(rules) => Value::String(self.text(resource, path, rules)),
            Node::Array { item, min, .. } if depth < 4 => {
                let count = min.unwrap_or_default().clamp(2, 4);
                (1..=count).map(|at| self.make(resource, &format!("{path}.{at}"), *item, depth + 1)).collect()
            }
            Node::Object(object) if depth < 4 => {
                let fields = object.properties.iter().map(|property| {
                    let path = format!("{path}.{}", property.name);
                    (property.name.to_owned(), self.make(resource, &path, property.node, depth + 1))
                });
                Value::Object(fields.collect())
            }
            Node::Union(nodes) if depth < 4 => {
                nodes.first().map_or_else(Value::default, |node| self.make(resource, path, *node, depth + 1))
            }
            Node::Array { .. } => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        }
    }

    /// Text that fits the rules, if any shape does.
    fn text(&self, resource: &ResourceType, path: &str, rules: &StringType) -> String {
        if let Some(first) = rules.values.first() {
            return (*first).to_owned();
        }
        let candidates = shapes::candidates(self, resource, path, rules);
        let fits = |text: &&String| {
            rules.max.is_none_or(|max| text.len() as u64 <= max)
                && rules.min.is_none_or(|min| text.len() as u64 >= min)
                && rules.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
        };
        let sampled = || {
            let text = sample::sample(rules.pattern.as_ref()?.source(), &self.hash(path, 64))?;
            [self.at_home(&text), Some(text)].into_iter().flatten().find(|text| fits(&text))
        };
        let fitting = candidates.iter().find(fits).cloned().or_else(sampled);
        fitting.or_else(|| candidates.first().cloned()).unwrap_or_else(|| self.name(rules.max))
    }

    /// An ARN with the account and region of the stack, where it has any.
    fn at_home(&self, arn: &str) -> Option<String> {
        let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, _, region, account, _] = parts.as_mut_slice() else { return None };
        for (part, own) in [(region, self.place.region.as_str()), (account, self.place.account.as_str())] {
            if !part.is_empty() {
                *part = own;
            }
        }
        Some(parts.join(":"))
    }

    /// `stack-Logical-1A2B3C4D5E6F`, cut from the left parts where it is too long.
    pub(crate) fn name(&self, max: Option<u64>) -> String {
        let hash = self.capitals("", 12);
        let room = usize::try_from(max.unwrap_or(128)).unwrap_or(128).saturating_sub(hash.len() + 1);
        let cut = |text: &str, room: usize| text.chars().take(room).collect::<String>();
        let (stack, logical) = (self.place.stack_name.as_str(), self.logical);
        let head = if stack.len() + logical.len() < room {
            format!("{stack}-{logical}")
        } else {
            // As AWS does: both halves lose.
            let half = room.saturating_sub(1) / 2;
            format!("{}-{}", cut(stack, half), cut(logical, half))
        };
        let name = format!("{head}-{hash}");
        if shapes::lower_case(self.kind) { name.to_lowercase() } else { name }
    }

    /// Letters of a hash over who the resource is and a path: equal paths of one resource give equal ids.
    fn hash(&self, path: &str, length: usize) -> String {
        ids::short(&[&self.place.stack_id, self.logical, self.kind, &self.generation.to_string(), path], length)
    }

    fn capitals(&self, path: &str, length: usize) -> String {
        ids::capitals(&[&self.place.stack_id, self.logical, self.kind, &self.generation.to_string(), path], length)
    }
}

/// The property that fixes the name of a resource, with the name: two of a kind cannot share it. The first property of
/// several that do so together, with all their values.
pub(crate) fn fixed_name(types: &Types, kind: &str, properties: &Value) -> Option<(&'static str, String)> {
    let names = types.name_of(types.resource(kind)?, |name| properties.get(name).is_some());
    let values: Option<Vec<String>> = names.iter().map(|name| scalar(properties.get(name)?)).collect();
    Some((*names.first()?, values?.join("|")))
}
