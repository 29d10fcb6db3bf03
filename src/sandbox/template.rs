//! A template as the service reads it: sections taken apart, and refused the way AWS refuses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::serverless::TRANSFORMS;
use crate::schema::{Types, serverless};

mod references;

pub(crate) use references::{Piece, Reference, find, get_att, order, pieces};

/// A template taken apart.
#[derive(Debug, Default)]
pub(crate) struct Template {
    pub(crate) transforms: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) parameters: BTreeMap<String, Parameter>,
    pub(crate) mappings: Map<String, Value>,
    pub(crate) conditions: Map<String, Value>,
    pub(crate) resources: BTreeMap<String, Declared>,
    pub(crate) outputs: BTreeMap<String, Output>,
    /// What each resource needs before it.
    needs: BTreeMap<String, BTreeSet<String>>,
}

impl Template {
    /// What a resource needs before it: names in its properties, and `DependsOn`.
    pub(crate) fn needs(&self, name: &str) -> impl Iterator<Item = &String> {
        self.needs.get(name).into_iter().flatten()
    }

    /// Whether SAM works on it.
    pub(crate) fn is_serverless(&self) -> bool {
        self.transforms.iter().any(|name| name == serverless::TRANSFORM)
    }

    /// Whether the functions of the language extensions are allowed.
    pub(crate) fn is_extended(&self) -> bool {
        self.transforms.iter().any(|name| name == "AWS::LanguageExtensions")
    }
}

/// A parameter as declared.
#[derive(Debug, Default)]
pub(crate) struct Parameter {
    pub(crate) kind: String,
    pub(crate) default: Option<String>,
    pub(crate) no_echo: bool,
    pub(crate) description: Option<String>,
    pub(crate) allowed: Vec<String>,
    pub(crate) rules: Map<String, Value>,
}

impl Parameter {
    /// `Ref` gives a list.
    pub(crate) fn is_list(&self) -> bool {
        let kind = self.looked_up().unwrap_or(&self.kind);
        kind == "CommaDelimitedList" || kind.starts_with("List<")
    }

    /// The type of the SSM parameter that the value names.
    pub(crate) fn looked_up(&self) -> Option<&str> {
        self.kind.strip_prefix("AWS::SSM::Parameter::Value<")?.strip_suffix('>')
    }
}

/// A resource as declared.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) kind: String,
    pub(crate) properties: Value,
    pub(crate) metadata: Value,
    pub(crate) condition: Option<String>,
    pub(crate) depends_on: BTreeSet<String>,
    pub(crate) deletion: Policy,
    pub(crate) replacement: Policy,
    pub(crate) update_policy: Value,
    pub(crate) creation_policy: Value,
}

/// What becomes of a resource that its stack lets go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Policy {
    #[default]
    Delete,
    Retain,
    RetainExceptOnCreate,
    Snapshot,
}

impl Policy {
    /// The resource stays. A rollback of its own creation spares only `Retain`.
    pub(crate) fn keeps(self, on_create: bool) -> bool {
        self == Self::Retain || (self == Self::RetainExceptOnCreate && !on_create)
    }
}

/// An output as declared.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) value: Value,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<Value>,
    pub(crate) condition: Option<String>,
}

/// What SAM knows besides, beside the sections and in a resource.
const SERVERLESS: [&str; 3] = ["Connectors", "Globals", "IgnoreGlobals"];
const SECTIONS: [&str; 11] = [
    "Hooks",
    "Rules",
    "Transform",
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
];
const RESOURCE_KEYS: [&str; 10] = [
    "Type",
    "Properties",
    "Metadata",
    "Condition",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Description",
];

/// Reads a body and refuses what AWS refuses before it looks at any resource.
pub(crate) fn read(body: &str) -> Answer<Template> {
    let value: Value = serde_json::from_str(body).map_err(|error| {
        invalid(format!(
            "Template format error: JSON not well-formed. (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    let Value::Object(root) = value else {
        return Err(invalid("Template format error: unsupported structure."));
    };
    let transforms = transforms(&root)?;
    let globals = |key: &str| key == "Globals" && transforms.iter().any(|name| name == serverless::TRANSFORM);
    let unknown: Vec<&str> =
        root.keys().map(String::as_str).filter(|key| !SECTIONS.contains(key) && !globals(key)).collect();
    if !unknown.is_empty() {
        return Err(invalid(format!("Invalid template property or properties [{}]", unknown.join(", "))));
    }
    if let Some(path) = null_path(&Value::Object(root.clone()), String::new()) {
        return Err(invalid(format!("[{path}] 'null' values are not allowed in templates")));
    }
    if root.get("AWSTemplateFormatVersion").is_some_and(|version| version != "2010-09-09") {
        return Err(invalid("Template format error: unsupported value for AWSTemplateFormatVersion."));
    }
    let mut template = Template {
        transforms,
        description: text(&root, "Description"),
        metadata: root.get("Metadata").cloned().unwrap_or_default(),
        mappings: section(&root, "Mappings")?,
        conditions: section(&root, "Conditions")?,
        ..Template::default()
    };
    for (name, value) in section(&root, "Parameters")? {
        template.parameters.insert(name.clone(), parameter(&value)?);
    }
    for (name, value) in section(&root, "Resources")? {
        let declared = resource(&name, value, template.is_serverless())?;
        template.resources.insert(name, declared);
    }
    for (name, value) in section(&root, "Outputs")? {
        template.outputs.insert(name.clone(), output(&name, &value)?);
    }
    limits(&template)?;
    template.needs = template.resources.keys().map(|name| (name.clone(), references::needs(&template, name))).collect();
    Ok(template)
}

/// The macros that the template names. Rules are taken and not judged.
fn transforms(root: &Map<String, Value>) -> Answer<Vec<String>> {
    let names: Vec<String> = match root.get("Transform") {
        None => Vec::new(),
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().map(|name| name.as_str().unwrap_or("a macro").to_owned()).collect(),
        Some(_) => vec!["AWS::Include".to_owned()],
    };
    match names.iter().find(|name| !TRANSFORMS.contains(&name.as_str())) {
        Some(name) => Err(invalid(format!("The transform {name} is not known to this sandbox: it runs no macros"))),
        None => Ok(names),
    }
}

fn null_path(value: &Value, path: String) -> Option<String> {
    match value {
        Value::Null => Some(path),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| null_path(item, format!("{path}/{at}"))),
        Value::Object(fields) => fields.iter().find_map(|(key, item)| null_path(item, format!("{path}/{key}"))),
        _ => None,
    }
}

fn section(root: &Map<String, Value>, name: &str) -> Answer<Map<String, Value>> {
    match root.get(name) {
        None => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields.clone()),
        Some(_) => Err(invalid(format!("Template format error: {name} must be an object."))),
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Option<String> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// CloudFormation writes scalars as strings wherever it can.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn parameter(value: &Value) -> Answer<Parameter> {
    let Some(fields) = value.as_object() else {
        return Err(invalid("Template format error: Any Parameters member must be an object."));
    };
    let Some(kind) = text(fields, "Type") else {
        return Err(invalid("Template format error: Every Parameters object must contain a Type member."));
    };
    let known = ["String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"].contains(&kind.as_str())
        || kind.starts_with("AWS::EC2::")
        || kind.starts_with("AWS::Route53::")
        || kind.starts_with("AWS::SSM::Parameter::")
        || kind.starts_with("List<AWS::");
    if !known {
        return Err(invalid(format!("Template format error: Unrecognized parameter type: {kind}")));
    }
    let default = fields.get("Default").map(|value| {
        let list = value.as_array().map(|items| items.iter().filter_map(scalar).collect::<Vec<_>>().join(","));
        list.or_else(|| scalar(value)).unwrap_or_default()
    });
    Ok(Parameter {
        kind,
        default,
        no_echo: fields.get("NoEcho").is_some_and(|flag| flag == true || flag == "true"),
        description: text(fields, "Description"),
        allowed: fields
            .get("AllowedValues")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(scalar)
            .collect(),
        rules: fields.clone(),
    })
}

fn resource(name: &str, value: Value, serverless: bool) -> Answer<Declared> {
    if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return Err(invalid(format!("Template format error: Resource name {name} is non alphanumeric.")));
    }
    let Value::Object(mut fields) = value else {
        return Err(invalid("Template format error: Any Resources member must be an object."));
    };
    let known = |key: &str| RESOURCE_KEYS.contains(&key) || (serverless && SERVERLESS.contains(&key));
    if let Some(key) = fields.keys().find(|key| !known(key)) {
        return Err(invalid(format!("Invalid template resource property '{key}'")));
    }
    let Some(kind) = text(&fields, "Type") else {
        return Err(invalid(format!(
            "Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )));
    };
    let depends_on = match fields.remove("DependsOn") {
        None => BTreeSet::new(),
        Some(Value::String(one)) => BTreeSet::from([one]),
        Some(Value::Array(many)) if many.iter().all(Value::is_string) => many.iter().filter_map(scalar).collect(),
        Some(_) => return Err(invalid("Template format error: DependsOn must be a string or list of strings.")),
    };
    let properties = fields.remove("Properties").unwrap_or_else(|| Value::Object(Map::new()));
    if !properties.is_object() {
        return Err(invalid(
            "Template format error: [/Resources/".to_owned() + name + "/Properties] must be an object.",
        ));
    }
    Ok(Declared {
        deletion: policy(&fields, "DeletionPolicy", name)?,
        replacement: policy(&fields, "UpdateReplacePolicy", name)?,
        condition: text(&fields, "Condition"),
        metadata: fields.remove("Metadata").unwrap_or_default(),
        update_policy: fields.remove("UpdatePolicy").unwrap_or_default(),
        creation_policy: fields.remove("CreationPolicy").unwrap_or_default(),
        kind,
        properties,
        depends_on,
    })
}

fn policy(fields: &Map<String, Value>, key: &str, name: &str) -> Answer<Policy> {
    match (fields.get(key).map(|value| value.as_str().unwrap_or_default()), key) {
        (None, _) | (Some("Delete"), _) => Ok(Policy::Delete),
        (Some("Retain"), _) => Ok(Policy::Retain),
        (Some("Snapshot"), _) => Ok(Policy::Snapshot),
        (Some("RetainExceptOnCreate"), "DeletionPolicy") => Ok(Policy::RetainExceptOnCreate),
        (Some(other), _) => Err(invalid(format!("Template error: resource {name} has an unsupported {key} {other}"))),
    }
}

fn output(name: &str, value: &Value) -> Answer<Output> {
    let Some(fields) = value.as_object() else {
        return Err(invalid("Template format error: Any Outputs member must be an object."));
    };
    let Some(value) = fields.get("Value") else {
        return Err(invalid("Template format error: Every Outputs member must contain a Value object"));
    };
    if name.len() > 255 || !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return Err(invalid(format!("Template format error: Output name {name} is non alphanumeric.")));
    }
    let export = fields.get("Export").map(|export| {
        export.get("Name").cloned().ok_or_else(|| {
            invalid(format!(
                "Template format error: Output {name} is malformed. The Export object must contain a Name."
            ))
        })
    });
    Ok(Output {
        value: value.clone(),
        description: text(fields, "Description"),
        export: export.transpose()?,
        condition: text(fields, "Condition"),
    })
}

fn limits(template: &Template) -> Answer<()> {
    if template.resources.is_empty() {
        return Err(invalid("Template format error: At least one Resources member must be defined."));
    }
    let counts = [
        ("resources", template.resources.len(), facts::RESOURCE_LIMIT),
        ("parameters", template.parameters.len(), facts::PARAMETER_LIMIT),
        ("outputs", template.outputs.len(), facts::OUTPUT_LIMIT),
        ("mappings", template.mappings.len(), facts::MAPPING_LIMIT),
    ];
    for (what, count, limit) in counts {
        if count > limit {
            return Err(invalid(format!(
                "Template format error: Number of {what}, {count}, is greater than maximum allowed, {limit}"
            )));
        }
    }
    if template.description.as_ref().is_some_and(|text| text.len() > facts::DESCRIPTION_BYTES) {
        return Err(invalid("Template format error: 'Description' length is greater than 1024."));
    }
    Ok(())
}

/// Refuses what can be seen without parameters: unknown types, names that lead nowhere, cycles.
pub(crate) fn validate(template: &Template, types: &Types) -> Answer<()> {
    let unknown: BTreeSet<&str> = template
        .resources
        .values()
        .map(|resource| resource.kind.as_str())
        .filter(|kind| !known(template, types, kind))
        .collect();
    if !unknown.is_empty() {
        let list = unknown.into_iter().collect::<Vec<_>>().join(", ");
        return Err(invalid(format!("Template format error: Unrecognized resource types: [{list}]")));
    }
    if template.resources.values().any(|resource| resource.kind == "AWS::CloudFormation::Stack") {
        return Err(invalid(
            "AWS::CloudFormation::Stack is not known to this sandbox: it has no S3 to take templates from",
        ));
    }
    references::check(template)?;
    references::order(template).map(|_| ())
}

/// A type of AWS, of SAM where that is at work, or one that the customer brings along.
fn known(template: &Template, types: &Types, kind: &str) -> bool {
    let fits = !serverless::is_serverless(kind) || template.is_serverless();
    fits && (kind.starts_with("Custom::") || types.resource(kind).is_some())
}

/// The capabilities that a template asks for, with the types that ask: those of IAM, with fixed names or
/// without, and that of transforms.
///
/// The reference of CreateChangeSet says that the latter does not apply to change sets; reports of
/// `sam deploy` show that it is asked for there too [F].
pub(crate) fn capabilities(template: &Template) -> Vec<(&'static str, Vec<String>)> {
    let transforms = (!template.transforms.is_empty()).then(|| ("CAPABILITY_AUTO_EXPAND", template.transforms.clone()));
    iam(template).into_iter().chain(transforms).collect()
}

/// The capability for roles, policies and users, also those that SAM makes.
fn iam(template: &Template) -> Option<(&'static str, Vec<String>)> {
    // The types and their naming property are those of AWS's list for CAPABILITY_NAMED_IAM.
    let names: BTreeMap<&str, &str> = BTreeMap::from([
        ("AWS::IAM::AccessKey", ""),
        ("AWS::IAM::Group", "GroupName"),
        ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
        ("AWS::IAM::Policy", ""),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::IAM::RolePolicy", ""),
        ("AWS::IAM::GroupPolicy", ""),
        ("AWS::IAM::UserPolicy", ""),
        ("AWS::IAM::User", "UserName"),
        ("AWS::IAM::UserToGroupAddition", ""),
    ]);
    let iam: Vec<(&str, bool)> = template
        .resources
        .values()
        .filter_map(|resource| {
            if serverless::makes_roles(&resource.kind) {
                return Some(("AWS::IAM::Role", false));
            }
            let name = names.get(resource.kind.as_str())?;
            Some((resource.kind.as_str(), resource.properties.get(name).is_some()))
        })
        .collect();
    let kinds: BTreeSet<String> = iam.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    let capability = if iam.iter().any(|(_, named)| *named) { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
    (!iam.is_empty()).then(|| (capability, kinds.into_iter().collect()))
}
