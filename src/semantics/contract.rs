//! Contracts: the interface of a stack as a file, for projects that do not have its source.
//!
//! JSON, and not the language itself: what a deployed stack says of itself in its metadata is JSON too,
//! every tool can read it, and nothing in it is to be evaluated. It is written in one way only, with a
//! digest over all of it, so that two writings of one interface are equal and a change by hand shows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::semantics::interface::{read_type, type_name};
use crate::semantics::model::Head;
use crate::semantics::value::LaterType;

mod compare;
mod read;

pub use compare::{Difference, compare};
pub use read::read;
pub(crate) use read::{Places, placed};

/// The version of the form; a reader refuses newer ones.
pub const FORMAT: u32 = 1;

/// What a stack promises to those who read it.
#[derive(Clone, PartialEq, Debug)]
pub struct Contract {
    /// The project that deploys it.
    pub project: String,
    /// Its name there.
    pub stack: String,
    /// `core` or `service`.
    pub kind: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, Promise>,
    /// Where it is deployed, sorted.
    pub instances: Vec<Instance>,
}

/// An output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Promise {
    /// Its type, as the language writes it.
    pub ty: String,
    /// What it is for.
    pub description: Option<String>,
    /// Why and for what it should not be used any more.
    pub deprecated: Option<String>,
}

/// One place where the stack is deployed. Ordered by environment, region, account, name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instance {
    /// The environment; none where all share it.
    pub env: Option<String>,
    /// `eu-west-1`
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// Its name in CloudFormation.
    pub name: String,
    /// How many items each list has.
    pub lengths: BTreeMap<String, usize>,
    /// Outputs that are not there.
    pub without: BTreeSet<String>,
}

impl Contract {
    /// The contract of a stack by all its instances; `None` where there is none.
    pub fn of<'h>(instances: impl IntoIterator<Item = &'h Head>) -> Option<Self> {
        let mut whole: Option<Self> = None;
        for head in instances {
            let one = Self::of_one(head);
            match &mut whole {
                None => whole = Some(one),
                Some(whole) => whole.join(one),
            }
        }
        whole
    }

    fn of_one(head: &Head) -> Self {
        let mut lengths = BTreeMap::new();
        let mut outputs = BTreeMap::new();
        for output in &head.outputs {
            let (ty, length) = without_length(&output.ty);
            lengths.extend(length.map(|length| (output.name.to_string(), length)));
            let [description, deprecated] =
                [&output.description, &output.deprecated].map(|text| text.as_ref().map(ToString::to_string));
            outputs.insert(output.name.to_string(), Promise { ty: type_name(&ty), description, deprecated });
        }
        Self {
            project: head.tags.get("infra:project").cloned().unwrap_or_default(),
            stack: head.key.stack.to_string(),
            kind: head.layer.as_str().to_owned(),
            description: head.description.as_ref().map(ToString::to_string),
            outputs,
            instances: vec![Instance {
                env: head.key.env.map(|env| env.to_string()),
                region: head.key.region.to_string(),
                account: head.account.id.to_string(),
                name: head.stack_name.to_string(),
                lengths,
                without: BTreeSet::new(),
            }],
        }
    }

    /// The contract that a deployed stack carries in its template, of this one instance; `None` where the template
    /// says nothing.
    pub fn of_template(template: &Value, account: &str, region: &str, name: &str) -> Option<Self> {
        let says = template.get("Metadata")?.get("infra")?;
        let text = |key: &str| says.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut lengths = BTreeMap::new();
        let mut outputs = BTreeMap::new();
        for (output, ty) in says.get("outputs")?.as_object()? {
            let ty = read_type(ty.as_str()?)?;
            let (ty, length) = without_length(&ty);
            lengths.extend(length.map(|length| (output.clone(), length)));
            let described = template.get("Outputs").and_then(|all| all.get(output)?.get("Description")?.as_str());
            let deprecated = says.get("deprecated").and_then(|all| all.get(output)?.as_str());
            let promise = Promise {
                ty: type_name(&ty),
                description: described.map(str::to_owned),
                deprecated: deprecated.map(str::to_owned),
            };
            outputs.insert(output.clone(), promise);
        }
        let instance = Instance {
            env: text("env"),
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
            lengths,
            without: BTreeSet::new(),
        };
        Some(Self {
            project: text("project")?,
            stack: text("stack")?,
            kind: text("kind")?,
            description: template.get("Description").and_then(Value::as_str).map(str::to_owned),
            outputs,
            instances: vec![instance],
        })
    }

    /// Takes in what another instance of the same stack says. One of the same environment and region takes the
    /// place of the one that is there.
    pub fn join(&mut self, other: Self) {
        let same = |a: &Instance, b: &Instance| a.env == b.env && a.region == b.region;
        self.instances.retain(|old| !other.instances.iter().any(|new| same(old, new)));
        for instance in &mut self.instances {
            let missing = other.outputs.keys().filter(|name| !self.outputs.contains_key(*name));
            instance.without.extend(missing.cloned());
        }
        let mut added = other.instances;
        for instance in &mut added {
            instance.without.extend(self.outputs.keys().filter(|name| !other.outputs.contains_key(*name)).cloned());
        }
        self.instances.extend(added);
        self.instances.sort();
        self.description = other.description.or(self.description.take());
        self.kind = other.kind;
        for (name, promise) in other.outputs {
            match self.outputs.get_mut(&name) {
                None => drop(self.outputs.insert(name, promise)),
                Some(known) => {
                    known.ty = common(&known.ty, &promise.ty);
                    known.description = promise.description.or(known.description.take());
                    known.deprecated = promise.deprecated.or(known.deprecated.take());
                }
            }
        }
        // What no instance has is promised by nobody.
        let instances = &self.instances;
        self.outputs.retain(|name, _| instances.is_empty() || instances.iter().any(|i| !i.without.contains(name)));
        let outputs = &self.outputs;
        for instance in &mut self.instances {
            instance.without.retain(|name| outputs.contains_key(name));
        }
    }

    /// The digest of all that it says: 16 hexadecimal digits.
    pub fn digest(&self) -> String {
        digest_of(&self.body())
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut all = self.body();
        let digest = digest_of(&all);
        if let Some(fields) = all.as_object_mut() {
            fields.insert("digest".to_owned(), json!(digest));
            fields.insert("format_version".to_owned(), json!(FORMAT));
        }
        format!("{all:#}\n")
    }

    /// All of it but version and digest.
    fn body(&self) -> Value {
        let outputs: Map<String, Value> = self
            .outputs
            .iter()
            .map(|(name, promise)| {
                let mut fields = Map::new();
                fields.insert("type".to_owned(), json!(promise.ty));
                let more = [("description", &promise.description), ("deprecated", &promise.deprecated)];
                fields.extend(more.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?)))));
                (name.clone(), Value::Object(fields))
            })
            .collect();
        let instances: Vec<Value> = self.instances.iter().map(Instance::to_json).collect();
        let mut all = json!({
            "project": self.project,
            "stack": self.stack,
            "kind": self.kind,
            "outputs": outputs,
            "instances": instances,
        });
        if let (Some(fields), Some(description)) = (all.as_object_mut(), &self.description) {
            fields.insert("description".to_owned(), json!(description));
        }
        all
    }
}

impl Instance {
    fn to_json(&self) -> Value {
        let mut all = json!({ "env": self.env, "account": self.account, "region": self.region, "name": self.name });
        if let Some(fields) = all.as_object_mut() {
            if !self.lengths.is_empty() {
                fields.insert("lengths".to_owned(), json!(self.lengths));
            }
            if !self.without.is_empty() {
                fields.insert("without".to_owned(), json!(self.without));
            }
        }
        all
    }

    /// `dev/eu-west-1`
    pub fn place(&self) -> String {
        format!("{}/{}", self.env.as_deref().unwrap_or("shared"), self.region)
    }
}

fn digest_of(body: &Value) -> String {
    let digest = Sha256::digest(body.to_string());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn without_length(ty: &LaterType) -> (LaterType, Option<usize>) {
    match ty {
        LaterType::List(item, length) => (LaterType::List(item.clone(), None), *length),
        other => (other.clone(), None),
    }
}

/// What values of both types are: text, where they have nothing else in common, since everything crosses as text.
fn common(a: &str, b: &str) -> String {
    let (Some(first), Some(second)) = (read_type(a), read_type(b)) else { return a.to_owned() };
    type_name(&common_type(&first, &second))
}

fn common_type(a: &LaterType, b: &LaterType) -> LaterType {
    match (a, b) {
        (LaterType::String(a), LaterType::String(b)) => {
            LaterType::String(a.iter().filter(|id| b.contains(id)).copied().collect())
        }
        (LaterType::List(a, _), LaterType::List(b, _)) => LaterType::List(Box::new(common_type(a, b)), None),
        (a, b) if a == b => a.clone(),
        _ => LaterType::String(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Contract, common};

    #[test]
    fn types_of_several_environments_have_what_they_share() {
        assert_eq!(common("AWS::EC2::VPC.VpcId", "AWS::EC2::VPC.VpcId"), "AWS::EC2::VPC.VpcId");
        assert_eq!(common("AWS::A::B.C | AWS::A::B.D", "AWS::A::B.D"), "AWS::A::B.D");
        assert_eq!(common("Int", "AWS::A::B.D"), "String");
        assert_eq!(common("[AWS::A::B.D]", "[AWS::A::B.D]"), "[AWS::A::B.D]");
        assert_eq!(common("[AWS::A::B.D]", "[Int]"), "[String]");
    }

    #[test]
    fn nothing_makes_no_contract() {
        assert_eq!(Contract::of([]), None);
    }
}
