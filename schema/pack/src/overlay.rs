//! The places of aws-service-spec, walked alongside the registry schema.

use serde_json::Value;

use crate::inputs::Cdk;
use crate::ir::flag;

/// What aws-service-spec says about the type at a place.
#[derive(Clone, Copy)]
pub enum Overlay<'a> {
    Nothing,
    /// Properties of a resource.
    Root(&'a Value),
    Type(&'a Value),
}

/// What it says about a property.
pub struct PropertyOverlay<'a> {
    property: &'a Value,
    pub value: Overlay<'a>,
}

impl<'a> Overlay<'a> {
    pub const NONE: Self = Self::Nothing;

    /// Distinguishes definitions; the same key gives the same facts.
    pub fn key(self) -> String {
        match self {
            Self::Nothing | Self::Root(_) => String::new(),
            Self::Type(t) => t.to_string(),
        }
    }

    pub fn is_definition(self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Root(_) => true,
            Self::Type(t) => t["type"] == "ref" || union(t).iter().any(|m| m["type"] == "ref"),
        }
    }

    pub fn element(self, _cdk: &'a Cdk) -> Self {
        let Self::Type(t) = self else { return Self::Nothing };
        let list = std::iter::once(t).chain(union(t)).find(|t| t["type"] == "array" || t["type"] == "map");
        list.map_or(Self::Nothing, |l| Self::Type(&l["element"]))
    }

    pub fn property(self, cdk: &'a Cdk, name: &str) -> Option<PropertyOverlay<'a>> {
        let property = match self {
            Self::Nothing => return None,
            Self::Root(properties) => properties.get(name)?,
            Self::Type(t) => std::iter::once(t).chain(union(t)).find_map(|t| {
                let id = t.get("reference")?.get("$ref")?.as_str()?;
                cdk.definitions.get(id)?.get("properties")?.get(name)
            })?,
        };
        Some(PropertyOverlay { property, value: Self::Type(&property["type"]) })
    }
}

fn union(t: &Value) -> &[Value] {
    t.get("types").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl<'a> PropertyOverlay<'a> {
    pub fn documentation(&self) -> Option<&'a str> {
        self.property.get("documentation").and_then(Value::as_str)
    }

    /// (type, property) pairs that the value comes from.
    pub fn relations(&self) -> Vec<(&'a str, &'a str)> {
        let refs = self.property.get("relationshipRefs").and_then(Value::as_array).into_iter().flatten();
        refs.filter_map(|r| Some((r.get("cloudFormationType")?.as_str()?, r.get("propertyName")?.as_str()?))).collect()
    }

    /// What it adds to the flags a property has: CloudFormation acts on the registry schema, so
    /// where only this source speaks of replacement it is a possibility and no more.
    pub fn flags(&self, flags: u64, settled: bool) -> u64 {
        let replaces = self.property.get("causesReplacement").and_then(Value::as_str);
        let doubtful = matches!(replaces, Some("yes" | "maybe")) && flags & (flag::REPLACES | flag::READ_ONLY) == 0;
        let warned = self.property.get("deprecated").is_some_and(|d| d == "WARN");
        (if doubtful && !settled { flag::MAY_REPLACE } else { 0 }) | if warned { flag::DEPRECATED } else { 0 }
    }
}
