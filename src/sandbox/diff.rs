//! What a change set would do: every changed property, its cause, and what becomes of the resource.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::sandbox::eval::{Lookup, Scope, StackOutput, later};
use crate::sandbox::model::{Change, Desired, Detail, Place, Resource, Stack};
use crate::sandbox::records::Identity;
use crate::sandbox::template::{Declared, Policy, Reference, Template, find, order, scalar};
use crate::sandbox::values::{mask, secrets};
use crate::schema::{Replacement, ResourceType, Types};

mod leaves;

pub(crate) use leaves::{Leaf, alike, leaves};

/// All that a comparison looks at.
pub(crate) struct Comparison<'a> {
    pub(crate) types: &'a Types,
    pub(crate) place: &'a Place,
    /// The stack as it is, if it has resources already.
    pub(crate) stack: Option<&'a Stack>,
    pub(crate) old: &'a Template,
    pub(crate) new: &'a Template,
    pub(crate) desired: &'a Desired,
    pub(crate) exports: &'a dyn Fn(&str) -> Option<String>,
}

/// What a comparison found.
pub(crate) struct Compared {
    pub(crate) changes: Vec<Change>,
    /// Outputs or the tags of the stack differ.
    pub(crate) others: bool,
}

/// What becomes of a resource, as far as those that name it care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Same,
    InPlace,
    MaybeReplaced,
    Replaced,
    New,
}

/// Names are looked up as they will be, as far as that can be known.
struct Forecast<'a> {
    comparison: &'a Comparison<'a>,
    fates: &'a BTreeMap<String, Fate>,
}

impl Forecast<'_> {
    fn standing(&self, name: &str) -> Option<&Resource> {
        let stays = matches!(self.fates.get(name), Some(Fate::Same | Fate::InPlace));
        self.comparison.stack.and_then(|stack| stack.resources.get(name)).filter(|_| stays)
    }
}

impl Lookup for Forecast<'_> {
    fn reference(&self, name: &str) -> Result<Value, String> {
        Ok(self.standing(name).map_or_else(later, |resource| Value::String(resource.physical.clone())))
    }

    fn attribute(&self, name: &str, attribute: &str) -> Result<Value, String> {
        let Some(resource) = self.standing(name) else { return Ok(later()) };
        let place = self.comparison.place;
        let identity = Identity {
            types: self.comparison.types,
            place,
            logical: name,
            kind: &resource.kind,
            generation: resource.generation,
            properties: &resource.properties,
        };
        identity.attribute(attribute)
    }

    fn import(&self, export: &str) -> Result<Value, String> {
        Ok((self.comparison.exports)(export).map_or_else(later, Value::String))
    }

    // Read while the change set executes, not before [D, aws/aws-cdk#38829].
    fn output(&self, _: &StackOutput) -> Result<Value, String> {
        Ok(later())
    }
}

impl Comparison<'_> {
    /// Compares twice: AWS leaves out changes that only a reference might cause when it is asked
    /// for property values, so the two lists differ.
    pub(crate) fn run(&self) -> Result<Compared, String> {
        let plain = self.pass(false)?;
        let detailed = self.pass(true)?;
        let mut changes = plain.0;
        let mut by_name: BTreeMap<String, Change> =
            detailed.0.into_iter().map(|change| (change.logical.clone(), change)).collect();
        for change in &mut changes {
            let twin = by_name.remove(&change.logical);
            change.detailed = twin.as_ref().map(|twin| twin.details.clone());
            if let Some(twin) = twin {
                (change.before, change.after) = (twin.before, twin.after);
            }
        }
        Ok(Compared { changes, others: plain.1 })
    }

    fn pass(&self, values: bool) -> Result<(Vec<Change>, bool), String> {
        let mut fates: BTreeMap<String, Fate> = BTreeMap::new();
        let mut changes = Vec::new();
        for name in order(self.new).map_err(|fault| fault.message)? {
            let Some(declared) = self.new.resources.get(&name) else { continue };
            let lookup = Forecast { comparison: self, fates: &fates };
            let scope = Scope::new(self.new, &self.desired.parameters, self.place, &lookup);
            if !scope.exists(declared.condition.as_ref())? {
                continue;
            }
            let after = scope.eval(&declared.properties)?.unwrap_or_default();
            let standing = self.stack.and_then(|stack| stack.resources.get(&name));
            let (fate, change) = match standing {
                None => (Fate::New, Some(self.addition(&name, declared, &after))),
                Some(resource) => self.modification(&name, resource, declared, &after, &fates, values),
            };
            fates.insert(name, fate);
            changes.extend(change);
        }
        changes.extend(self.removals(&fates));
        changes.sort_by(|left, right| left.logical.cmp(&right.logical));
        let others = self.others(&fates)?;
        Ok((changes, others))
    }

    fn secrets(&self) -> Vec<&str> {
        let before = self.stack.map(|stack| secrets(self.old, &stack.current.parameters)).unwrap_or_default();
        secrets(self.new, &self.desired.parameters).into_iter().chain(before).collect()
    }

    fn addition(&self, name: &str, declared: &Declared, after: &Value) -> Change {
        Change {
            action: "Add".to_owned(),
            logical: name.to_owned(),
            physical: None,
            kind: declared.kind.clone(),
            replacement: None,
            scope: Vec::new(),
            policy_action: None,
            details: Vec::new(),
            detailed: None,
            before: None,
            after: Some(self.context(after, &declared.metadata)),
        }
    }

    fn context(&self, properties: &Value, metadata: &Value) -> String {
        let mut context = Map::new();
        context.insert("Properties".to_owned(), mask(properties, &self.secrets()));
        if !metadata.is_null() {
            context.insert("Metadata".to_owned(), metadata.clone());
        }
        Value::Object(context).to_string()
    }

    fn removals(&self, fates: &BTreeMap<String, Fate>) -> Vec<Change> {
        let standing = self.stack.into_iter().flat_map(|stack| &stack.resources);
        let gone = standing.filter(|(name, _)| !fates.contains_key(*name));
        gone.map(|(name, resource)| Change {
            action: "Remove".to_owned(),
            logical: name.clone(),
            physical: Some(resource.physical.clone()),
            kind: resource.kind.clone(),
            replacement: None,
            scope: Vec::new(),
            policy_action: Some(
                match resource.deletion {
                    Policy::Delete => "Delete",
                    Policy::Retain | Policy::RetainExceptOnCreate => "Retain",
                    Policy::Snapshot => "Snapshot",
                }
                .to_owned(),
            ),
            details: Vec::new(),
            detailed: None,
            before: Some(self.context(&resource.properties, &resource.metadata)),
            after: None,
        })
        .collect()
    }

    fn modification(
        &self,
        name: &str,
        resource: &Resource,
        declared: &Declared,
        after: &Value,
        fates: &BTreeMap<String, Fate>,
        values: bool,
    ) -> (Fate, Option<Change>) {
        let Some(kind) = self.types.resource(&declared.kind) else {
            return self.custom(name, resource, declared, after);
        };
        let mut details = Vec::new();
        let keys: BTreeSet<&String> = keys(&resource.properties).chain(keys(after)).collect();
        for key in keys {
            let one = Property { comparison: self, kind, name, key, declared, fates, values };
            details.extend(one.details(resource.properties.get(key), after.get(key)));
        }
        details.extend(self.attributes(name, resource, declared, kind));
        details.dedup();
        finish(self, name, resource, declared, after, details)
    }

    /// Custom resources have no schema; nothing about them replaces from the outside.
    fn custom(&self, name: &str, resource: &Resource, declared: &Declared, after: &Value) -> (Fate, Option<Change>) {
        let details = keys(&resource.properties)
            .chain(keys(after))
            .filter(|key| !alike(resource.properties.get(*key), after.get(*key)))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|key| Detail {
                name: Some(key.clone()),
                ..detail("Properties", Replacement::No, "Static", "DirectModification")
            })
            .collect();
        finish(self, name, resource, declared, after, details)
    }

    /// What is not a property: metadata, the update and creation policies, tags of the stack.
    fn attributes(&self, name: &str, resource: &Resource, declared: &Declared, kind: &ResourceType) -> Vec<Detail> {
        let old = self.old.resources.get(name);
        let mut changed = Vec::new();
        if !alike(Some(&resource.metadata), Some(&declared.metadata)) {
            changed.push("Metadata");
        }
        if old.is_some_and(|old| old.update_policy != declared.update_policy) {
            changed.push("UpdatePolicy");
        }
        if old.is_some_and(|old| old.creation_policy != declared.creation_policy) {
            changed.push("CreationPolicy");
        }
        if kind.tags.is_some() && resource.stack_tags != self.desired.tags {
            changed.push("Tags");
        }
        changed
            .into_iter()
            .map(|attribute| detail(attribute, Replacement::No, "Static", "DirectModification"))
            .collect()
    }

    /// Outputs, exports and tags of the stack itself.
    fn others(&self, fates: &BTreeMap<String, Fate>) -> Result<bool, String> {
        let Some(stack) = self.stack else { return Ok(true) };
        if stack.current.tags != self.desired.tags {
            return Ok(true);
        }
        let lookup = Forecast { comparison: self, fates };
        let scope = Scope::new(self.new, &self.desired.parameters, self.place, &lookup);
        let after = outputs(&scope)?;
        let bare = |list: &[crate::sandbox::model::StackOutput]| {
            list.iter().map(|one| (one.key.clone(), one.value.clone(), one.export.clone())).collect::<BTreeSet<_>>()
        };
        Ok(bare(&stack.outputs) != bare(&after))
    }
}

/// The outputs of a template whose resources can be looked up.
pub(crate) fn outputs(scope: &Scope<'_>) -> Result<Vec<crate::sandbox::model::StackOutput>, String> {
    let hidden = secrets(scope.template, scope.parameters);
    let mut outputs = Vec::new();
    for (key, declared) in &scope.template.outputs {
        if !scope.exists(declared.condition.as_ref())? {
            continue;
        }
        let value = scope.eval(&declared.value)?.map(|value| mask(&value, &hidden));
        let Some(value) = value.as_ref().and_then(scalar) else {
            return Err(format!(
                "Template format error: Output {key} is malformed. The Value field of every Outputs member must evaluate to a String."
            ));
        };
        let export = declared.export.as_ref().map(|name| scope.text(name, "Export")).transpose()?;
        outputs.push(crate::sandbox::model::StackOutput {
            key: key.clone(),
            value,
            description: declared.description.clone(),
            export,
        });
    }
    Ok(outputs)
}

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(Map::keys)
}

fn detail(attribute: &str, recreation: Replacement, evaluation: &str, source: &str) -> Detail {
    Detail {
        attribute: attribute.to_owned(),
        name: None,
        recreation: match recreation {
            Replacement::No => "Never",
            Replacement::Maybe => "Conditionally",
            Replacement::Yes => "Always",
        }
        .to_owned(),
        evaluation: evaluation.to_owned(),
        source: source.to_owned(),
        cause: None,
        path: None,
        before: None,
        after: None,
        change: None,
    }
}

fn finish(
    comparison: &Comparison<'_>,
    name: &str,
    resource: &Resource,
    declared: &Declared,
    after: &Value,
    details: Vec<Detail>,
) -> (Fate, Option<Change>) {
    if details.is_empty() {
        return (Fate::Same, None);
    }
    let sure = details.iter().any(|one| one.recreation == "Always" && one.evaluation == "Static");
    let fate = match sure {
        true => Fate::Replaced,
        false if details.iter().any(|one| one.recreation != "Never") => Fate::MaybeReplaced,
        false => Fate::InPlace,
    };
    let replacement = match fate {
        Fate::Replaced => "True",
        Fate::MaybeReplaced => "Conditional",
        _ => "False",
    };
    let policy_action = match declared.replacement {
        Policy::Retain | Policy::RetainExceptOnCreate => "ReplaceAndRetain",
        Policy::Snapshot => "ReplaceAndSnapshot",
        Policy::Delete => "ReplaceAndDelete",
    };
    let scope: BTreeSet<String> = details.iter().map(|one| one.attribute.clone()).collect();
    let change = Change {
        action: "Modify".to_owned(),
        logical: name.to_owned(),
        physical: Some(resource.physical.clone()),
        kind: resource.kind.clone(),
        replacement: Some(replacement.to_owned()),
        scope: scope.into_iter().collect(),
        policy_action: (fate != Fate::InPlace).then(|| policy_action.to_owned()),
        details,
        detailed: None,
        before: Some(comparison.context(&resource.properties, &resource.metadata)),
        after: Some(comparison.context(after, &declared.metadata)),
    };
    (fate, Some(change))
}

/// One top-level property of one resource.
struct Property<'a> {
    comparison: &'a Comparison<'a>,
    kind: &'a ResourceType,
    name: &'a str,
    key: &'a str,
    declared: &'a Declared,
    fates: &'a BTreeMap<String, Fate>,
    values: bool,
}

impl Property<'_> {
    fn details(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Detail> {
        let changed = leaves(self.key, before, after);
        if changed.is_empty() {
            // Nothing is known to change, but an attribute of something that changes might.
            let whole = [Leaf { path: vec![self.key.to_owned()], before: None, after: None }];
            let causes =
                self.causes().into_iter().filter(|(_, _, evaluation)| *evaluation == "Dynamic" && !self.values);
            return causes
                .flat_map(|(source, cause, evaluation)| self.write(&whole, source, Some(cause), evaluation))
                .collect();
        }
        let old = self.comparison.old.resources.get(self.name).and_then(|old| old.properties.get(self.key));
        if old != self.declared.properties.get(self.key) {
            return self.write(&changed, "DirectModification", None, "Static");
        }
        let causes = self.causes();
        if causes.is_empty() {
            let known = after.is_none_or(|after| !crate::sandbox::eval::unknown(after));
            return self.write(&changed, "DirectModification", None, if known { "Static" } else { "Dynamic" });
        }
        let by_parameter = causes.iter().any(|(source, ..)| *source == "ParameterReference");
        let mut details: Vec<Detail> = causes
            .into_iter()
            .flat_map(|(source, cause, evaluation)| self.write(&changed, source, Some(cause), evaluation))
            .collect();
        // AWS adds this line for parameters always, for resources only next to property values [V].
        if by_parameter || self.values {
            details.extend(self.write(&changed, "DirectModification", None, "Dynamic"));
        }
        details
    }

    /// Which names in the fragment bring a change with them: source, entity, evaluation.
    fn causes(&self) -> Vec<(&'static str, String, &'static str)> {
        let Some(fragment) = self.declared.properties.get(self.key) else { return Vec::new() };
        let before = self.comparison.stack.map(|stack| &stack.current.parameters);
        let after = &self.comparison.desired.parameters;
        let fate = |name: &str| self.fates.get(name).copied().unwrap_or(Fate::Same);
        let causes = find(fragment).into_iter().filter_map(|reference| match reference {
            Reference::Name(name) if after.contains_key(&name) => {
                let differs = before.and_then(|before| before.get(&name)) != after.get(&name);
                differs.then_some(("ParameterReference", name, "Static"))
            }
            Reference::Name(name) => match fate(&name) {
                Fate::Replaced => Some(("ResourceReference", name, "Static")),
                Fate::MaybeReplaced => Some(("ResourceReference", name, "Dynamic")),
                _ => None,
            },
            Reference::Attribute(name, attribute) => match fate(&name) {
                Fate::Replaced => Some(("ResourceAttribute", format!("{name}.{attribute}"), "Static")),
                Fate::MaybeReplaced | Fate::InPlace => {
                    Some(("ResourceAttribute", format!("{name}.{attribute}"), "Dynamic"))
                }
                _ => None,
            },
            _ => None,
        });
        causes.collect()
    }

    /// One detail for the property, or one for each changed value in it.
    fn write(&self, changed: &[Leaf], source: &str, cause: Option<String>, evaluation: &str) -> Vec<Detail> {
        let tags = self.kind.tags.as_ref().is_some_and(|tags| tags.property == self.key);
        let attribute = if tags { "Tags" } else { "Properties" };
        let base = |recreation| Detail {
            name: (!tags).then(|| self.key.to_owned()),
            cause: cause.clone(),
            ..detail(attribute, recreation, evaluation, source)
        };
        if !self.values {
            let worst = changed.iter().map(|leaf| self.replacement(leaf)).max().unwrap_or(Replacement::No);
            return vec![base(worst)];
        }
        let hidden = self.comparison.secrets();
        let shown = |value: &Value| {
            let value = mask(value, &hidden);
            scalar(&value).unwrap_or_else(|| value.to_string())
        };
        let one = |leaf: &Leaf| Detail {
            path: Some(format!("/Properties/{}", leaf.path.join("/"))),
            before: leaf.before.as_ref().map(shown),
            after: leaf.after.as_ref().map(shown),
            change: Some(
                match (&leaf.before, &leaf.after) {
                    (None, _) => "Add",
                    (_, None) => "Remove",
                    _ => "Modify",
                }
                .to_owned(),
            ),
            ..base(self.replacement(leaf))
        };
        changed.iter().map(one).collect()
    }

    fn replacement(&self, leaf: &Leaf) -> Replacement {
        replacement(self.comparison.types, self.kind, &leaf.path)
    }
}

/// What a change at that path does; items of lists are `*` in the schema.
pub(crate) fn replacement(types: &Types, kind: &ResourceType, path: &[String]) -> Replacement {
    if kind.no_update {
        return Replacement::Yes;
    }
    let steps: Vec<&str> =
        path.iter().map(|step| if step.parse::<usize>().is_ok() { "*" } else { step.as_str() }).collect();
    types.replacement(kind, &steps)
}

/// The properties of a resource as the event log shows them.
pub(crate) fn properties_json(properties: &Value, hidden: &[&str]) -> Option<String> {
    let empty = properties.as_object().is_none_or(Map::is_empty);
    (!empty).then(|| json!(mask(properties, hidden)).to_string())
}
