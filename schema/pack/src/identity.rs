//! What strings identify: one name for equal things, and only names of values that a type gives.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Result;
use crate::ir::Identifier;
use crate::overrides::Overrides;

/// Knows what every type gives, and what the sources mean by a relation.
pub struct Identities {
    /// What `Ref` and `Fn::GetAtt` give, per type.
    given: BTreeMap<String, BTreeSet<String>>,
    canonical: BTreeMap<Identifier, Identifier>,
    formats: BTreeMap<String, Vec<Identifier>>,
    relations: BTreeMap<Identifier, Vec<Identifier>>,
    widen: BTreeMap<Identifier, Vec<Identifier>>,
    infer: BTreeMap<String, Vec<Identifier>>,
    used: RefCell<BTreeSet<String>>,
    unresolved: RefCell<BTreeSet<Identifier>>,
}

impl Identities {
    pub fn new(given: BTreeMap<String, BTreeSet<String>>, overrides: &Overrides) -> Result<Self> {
        let mut canonical = BTreeMap::new();
        for (resource, attributes) in &overrides.same {
            let names = attributes.iter().map(|a| Identifier { resource: resource.clone(), attribute: a.clone() });
            let names: Vec<Identifier> = names.collect();
            for name in names.get(1..).unwrap_or_default() {
                canonical.insert(name.clone(), names[0].clone());
            }
        }
        let identities = Self {
            given,
            canonical,
            formats: table(&overrides.formats)?,
            relations: table(&overrides.relations)?
                .into_iter()
                .map(|(k, v)| Ok((parse(&k)?, v)))
                .collect::<Result<_>>()?,
            widen: table(&overrides.widen)?.into_iter().map(|(k, v)| Ok((parse(&k)?, v))).collect::<Result<_>>()?,
            infer: table(&overrides.infer)?,
            used: RefCell::default(),
            unresolved: RefCell::default(),
        };
        let named = [&identities.formats, &identities.infer].into_iter().flat_map(BTreeMap::values).flatten();
        let named = named.chain(identities.relations.values().chain(identities.widen.values()).flatten());
        for identifier in
            named.chain(identities.widen.keys()).chain(identities.canonical.keys()).chain(identities.canonical.values())
        {
            identities.must_exist(identifier)?;
        }
        Ok(identities)
    }

    /// Identifiers of an override, each of which must exist.
    pub fn listed(&self, names: &[String]) -> Result<Vec<Identifier>> {
        let list: Vec<Identifier> = names.iter().map(|n| parse(n)).collect::<Result<_>>()?;
        list.iter().try_for_each(|i| self.must_exist(i))?;
        Ok(list)
    }

    fn must_exist(&self, identifier: &Identifier) -> Result<()> {
        if self.gives(identifier) {
            return Ok(());
        }
        let given = self.given.get(&identifier.resource);
        Err(format!(
            "overrides.toml names {}.{}, but that type gives {given:?}",
            identifier.resource, identifier.attribute
        ))
    }

    fn gives(&self, identifier: &Identifier) -> bool {
        self.given.get(&identifier.resource).is_some_and(|a| a.contains(&identifier.attribute))
    }

    pub fn canonical(&self, identifier: Identifier) -> Identifier {
        self.canonical.get(&identifier).cloned().unwrap_or(identifier)
    }

    /// What `format` and `relationshipRef` of a string schema, or of its alternatives, name.
    pub fn named_by(&self, schema: &Value) -> Vec<Identifier> {
        let mut found = Vec::new();
        if let Some(format) = schema.get("format").and_then(Value::as_str).filter(|f| f.starts_with("AWS::")) {
            match self.formats.get(format) {
                Some(named) => {
                    self.used.borrow_mut().insert(format.to_owned());
                    found.extend(named.clone());
                }
                None => drop(
                    self.unresolved
                        .borrow_mut()
                        .insert(Identifier { resource: format.to_owned(), attribute: "(format)".to_owned() }),
                ),
            }
        }
        if let Some(relation) = schema.get("relationshipRef") {
            let path = relation["propertyPath"]
                .as_str()
                .unwrap_or_default()
                .trim_start_matches("/properties/")
                .replace('/', ".");
            found.extend(self.related(&[(relation["typeName"].as_str().unwrap_or_default(), &path)]));
        }
        for key in ["oneOf", "anyOf"] {
            for branch in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                found.extend(self.named_by(branch));
            }
        }
        found
    }

    /// What the relations of CDK mean for a property of that name.
    ///
    /// Its authors gathered them from templates in use, so that `LogGroupName` is related to a function's
    /// name and `DefinitionString` to a queue. They count where the property is called after what one of them
    /// leads to; then all of them count, because a list of which a part is left out refuses what is right.
    pub fn gathered(&self, property: &str, relations: &[(&str, &str)]) -> Vec<Identifier> {
        let all = self.related(relations);
        if all.iter().any(|i| called_after(property, i)) { all } else { Vec::new() }
    }

    /// What relations to (type, property) pairs mean.
    pub fn related(&self, relations: &[(&str, &str)]) -> Vec<Identifier> {
        let mut found = Vec::new();
        for (resource, attribute) in relations {
            let named = Identifier { resource: (*resource).to_owned(), attribute: (*attribute).to_owned() };
            if let Some(meant) = self.relations.get(&named) {
                self.used.borrow_mut().insert(format!("{resource}.{attribute}"));
                found.extend(meant.clone());
            } else if self.gives(&named) {
                found.push(self.canonical(named));
            } else {
                self.unresolved.borrow_mut().insert(named);
            }
        }
        found
    }

    /// What a property of that name identifies where no source says it.
    pub fn inferred(&self, property: &str) -> Vec<Identifier> {
        let inferred = self.infer.get(property).cloned();
        if inferred.is_some() {
            self.used.borrow_mut().insert(property.to_owned());
        }
        inferred.unwrap_or_default()
    }

    /// The list with what the overrides add, each once, in a fixed order: what the sources name comes first.
    pub fn widen(&self, identifiers: Vec<Identifier>) -> Vec<Identifier> {
        let mut wide: Vec<Identifier> = Vec::new();
        for identifier in &identifiers {
            if !wide.contains(identifier) {
                wide.push(identifier.clone());
            }
        }
        for identifier in &identifiers {
            for more in self.widen.get(identifier).into_iter().flatten() {
                if !wide.contains(more) {
                    wide.push(more.clone());
                }
            }
        }
        wide
    }

    /// All relations must lead somewhere, and all overrides must have been met.
    pub fn check_used(&self) -> Result<()> {
        let unresolved = self.unresolved.borrow();
        if !unresolved.is_empty() {
            let list: Vec<String> = unresolved.iter().map(|i| format!("{}.{}", i.resource, i.attribute)).collect();
            return Err(format!(
                "relations to values that no type gives; say in overrides.toml what is meant:\n  {}",
                list.join("\n  ")
            ));
        }
        let used = self.used.borrow();
        let relations = self.relations.keys().map(|i| format!("{}.{}", i.resource, i.attribute));
        for key in self.formats.keys().chain(self.infer.keys()).cloned().chain(relations) {
            if !used.contains(&key) {
                return Err(format!("overrides.toml explains `{key}`, which no source names"));
            }
        }
        Ok(())
    }
}

/// Whether a property such as `NatGatewayId` is called after `AWS::EC2::NatGateway.NatGatewayId`.
fn called_after(property: &str, identifier: &Identifier) -> bool {
    const GENERAL: [&str; 4] = ["Arn", "ARN", "Id", "Name"];
    if property == identifier.attribute {
        return !GENERAL.contains(&property);
    }
    let words = words(property);
    let kind = words_of_type(&identifier.resource);
    kind.iter().any(|k| words.contains(k))
}

/// The last word of a type's name, and what else people call it.
fn words_of_type(resource: &str) -> Vec<String> {
    let last = words(resource.rsplit("::").next().unwrap_or_default()).pop().unwrap_or_default();
    let also: &[&str] = match last.as_str() {
        "function" => &["lambda"],
        "topic" => &["sns"],
        "queue" => &["sqs"],
        "key" => &["kms", "cmk"],
        "alias" => &["lambda", "function", "key", "kms"],
        "version" => &["lambda", "function"],
        "stream" => &["firehose"],
        "filesystem" => &["system"],
        _ => &[],
    };
    std::iter::once(last).chain(also.iter().map(|w| (*w).to_owned())).collect()
}

/// `VPCSecurityGroups` to `vpc`, `security`, `group`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let starts = c.is_uppercase()
            && (before.is_none_or(|b| !b.is_uppercase()) || chars.get(i + 1).is_some_and(|n| n.is_lowercase()));
        if starts || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    let plural = |w: &String| w.len() > 4 && w.ends_with('s') && !w.ends_with("ss");
    words.into_iter().map(|w| if plural(&w) { w[..w.len() - 1].to_owned() } else { w }).collect()
}

/// `AWS::EC2::VPC.VpcId`
pub fn parse(text: &str) -> Result<Identifier> {
    let (resource, attribute) =
        text.split_once('.').ok_or_else(|| format!("overrides.toml: `{text}` is no TYPE.Attribute"))?;
    Ok(Identifier { resource: resource.to_owned(), attribute: attribute.to_owned() })
}

fn table(table: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<Identifier>>> {
    table.iter().map(|(k, v)| Ok((k.clone(), v.iter().map(|i| parse(i)).collect::<Result<_>>()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::{called_after, parse};

    #[test]
    fn a_property_is_called_after_what_it_takes() {
        for (property, identifier, is) in [
            ("NatGatewayId", "AWS::EC2::NatGateway.NatGatewayId", true),
            ("LambdaArn", "AWS::Lambda::Function.Arn", true),
            ("KMSArn", "AWS::KMS::Key.Arn", true),
            ("VPCSecurityGroups", "AWS::EC2::SecurityGroup.GroupId", true),
            ("LogGroupName", "AWS::Lambda::Function.FunctionName", false),
            ("Endpoint", "AWS::SQS::Queue.Arn", false),
            ("Arn", "AWS::SQS::Queue.Arn", false),
        ] {
            assert_eq!(called_after(property, &parse(identifier).expect("an identifier")), is, "{property}");
        }
    }
}
