//! Resources of SAM. The sandbox runs no transform: each stays one record, with the attributes of its
//! type. What SAM would make of it can be named, and gets an id as any record does.

use serde_json::Value;

use crate::sandbox::eval::{Evaluated, Scope, later, unknown};
use crate::sandbox::records::Identity;
use crate::sandbox::template::Template;
use crate::schema::{Types, serverless};

/// The transforms that this sandbox takes: it runs none of them, and what they add is nothing or a record.
pub(crate) const TRANSFORMS: [&str; 5] = [
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    serverless::TRANSFORM,
];

/// What SAM makes under a name.
pub(crate) struct Made<'a> {
    /// The resource it is made of.
    owner: &'a str,
    name: &'a str,
    /// Its type; empty where the name does not tell.
    kind: &'static str,
}

/// What SAM makes under `name`, which may be `Hello.Alias`; `None` where it is a resource of the
/// template, or nothing.
pub(crate) fn made<'a>(template: &'a Template, name: &'a str) -> Option<Made<'a>> {
    if !template.is_serverless() || template.resources.contains_key(name) {
        return None;
    }
    let there = || template.resources.iter().map(|(id, declared)| (id.as_str(), declared.kind.as_str()));
    if let Some((id, property)) = name.split_once('.') {
        let (owner, declared) = template.resources.get_key_value(id)?;
        let found = serverless::referable(&declared.kind, property)?;
        return Some(Made { owner, name, kind: found.kind });
    }
    let named = serverless::generated(name, there());
    if named.is_none() && !serverless::may_be_generated(name, there()) {
        return None;
    }
    let is_owner = |(id, kind): &(&str, &str)| serverless::is_serverless(kind) && name.starts_with(id);
    let (owner, _) = there().find(is_owner).or_else(|| there().find(|(_, kind)| serverless::is_serverless(kind)))?;
    Some(Made { owner, name, kind: named.unwrap_or_default() })
}

impl<'a> Made<'a> {
    /// The resource that must be there first.
    pub(crate) fn owner(&self) -> &'a str {
        self.owner
    }

    /// What `Ref` gives.
    pub(crate) fn reference(&self, scope: &Scope<'_>) -> Evaluated {
        self.look(scope, |identity| Ok(Value::String(identity.physical())))
    }

    /// What `Fn::GetAtt` gives.
    pub(crate) fn attribute(&self, scope: &Scope<'_>, attribute: &str) -> Evaluated {
        self.look(scope, |identity| identity.attribute(attribute))
    }

    fn look(&self, scope: &Scope<'_>, get: impl Fn(&Identity<'_>) -> Result<Value, String>) -> Evaluated {
        // What its owner is not yet, it cannot be.
        if unknown(&scope.lookup.reference(self.owner)?) {
            return Ok(Some(later()));
        }
        let identity = Identity {
            types: Types::aws(),
            place: scope.place,
            logical: &self.name.replace('.', ""),
            kind: self.kind,
            generation: 0,
            properties: &Value::Null,
        };
        get(&identity).map(Some)
    }
}

/// Takes `Hello` and `DestinationQueue.Arn` apart anew where the first part names what SAM makes.
pub(crate) fn split(template: &Template, resource: &str, attribute: &str) -> (String, Option<String>) {
    let (first, rest) = match attribute.split_once('.') {
        Some((first, rest)) => (first, Some(rest.to_owned())),
        None => (attribute, None),
    };
    let dotted = format!("{resource}.{first}");
    match made(template, &dotted).is_some() {
        true => (dotted, rest),
        false => (resource.to_owned(), Some(attribute.to_owned())),
    }
}
