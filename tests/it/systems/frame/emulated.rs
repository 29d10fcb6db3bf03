//! A system against ministack, without what ministack does not know. Its templates are cut: a resource of a type that
//! is refused goes, and so does everything that reads it, in other stacks too. The test names all that went, so that a
//! newer ministack, or a change of the example, shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra::plan::{Desired, Source as From, Wanted};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::sound::names_in;
use super::{Example, System};
use crate::emulator::lacks;
use crate::support::ministack;
use crate::support::peer::{Peer, Source};
use crate::support::script::wait;

/// Types that ministack takes and does otherwise than AWS, each with why it cannot be part of a life.
const OTHERWISE: &[(&str, &str)] =
    &[("Custom::S3AutoDeleteObjects", "its code would run as a process of this machine, against AWS")];

/// Properties of which SAM makes types that ministack does not know: they go, and the types are told.
const MADE_OF: &[(&str, &str, &[&str])] = &[(
    "AWS::Serverless::Function",
    "DeploymentPreference",
    &["CodeDeploy::Application", "CodeDeploy::DeploymentGroup"],
)];

/// Attributes that ministack does not give; the property of the same name stands in for each.
const ATTRIBUTES: &[(&str, &str)] = &[("AWS::EC2::VPC", "CidrBlock")];

impl Example {
    /// Deploys a scenario, changes it by `changed`, and destroys it. `lacks` is what it goes without: a type
    /// (`EC2::EIP`), or a type some of which read one that is gone (`EC2::Route reads EC2::NatGateway`). `seen` is what
    /// the services then tell through boto3, expression by expression, in the place of the last stack.
    #[track_caller]
    pub(crate) fn emulated(self, scenario: &str, changed: &str, lacks: &[&str], seen: &[(&str, &str)]) {
        self.gets_its_own_accounts();
        let system = self.build(scenario);
        let (first, gone) = system.cut();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        let mut lacks = lacks.to_vec();
        lacks.sort_unstable();
        assert_eq!(gone, lacks, "what it goes without");
        let peer = Peer::ministack();
        system.gets_its_buckets(&peer);
        let (second, _) = self.build(&format!("{scenario} {changed}")).cut();
        let place = |stack: &Arc<Wanted>| (stack.target.account.id.clone().unwrap(), stack.target.region.clone());
        let (account, region) = second.desired.stacks.last().map(place).unwrap();
        wait(async {
            assert!(peer.settle(&first).await.has_changes());
            assert!(peer.settle(&second).await.has_changes(), "{changed} changes something");
            for (expression, told) in seen {
                assert_eq!(peer.boto_at(&account, &region, expression), *told);
            }
            peer.destroy(&second).await;
        });
        for (account, region) in second.desired.stacks.iter().map(place).collect::<BTreeSet<_>>() {
            let names = "[s['StackName'] for s in c('cloudformation').describe_stacks()['Stacks']]";
            assert_eq!(peer.boto_at(&account, &region, names), "[]");
        }
    }

    /// No other test has the accounts that stand in the sources from now on.
    fn gets_its_own_accounts(&self) {
        let program = self.program();
        let ids: BTreeMap<String, String> = infra::semantics::accounts(&program)
            .iter()
            .map(|account| (account.id.to_string(), ministack::account()))
            .collect();
        for file in program.sources.iter().filter(|file| file.id.built_in_at().is_none()) {
            let text = ids.iter().fold(file.text.to_string(), |text, (from, to)| text.replace(from, to));
            std::fs::write(self.path(&file.name), text).unwrap();
        }
    }
}

/// What went: resources of a stack by their names, outputs by stack and name.
#[derive(Default)]
struct Gone {
    outputs: BTreeMap<(String, String), String>,
    types: BTreeSet<String>,
}

impl System {
    /// Buckets for assets are there before everything else.
    fn gets_its_buckets(&self, peer: &Peer) {
        let heads = self.build.stacks.iter().map(|stack| &stack.head);
        let buckets: BTreeSet<_> =
            heads.flat_map(|h| h.assets.iter().map(|a| (&h.account.id, &h.key.region, &a.bucket))).collect();
        for (account, region, bucket) in buckets {
            let place = match &**region {
                "us-east-1" => String::new(),
                region => format!(", CreateBucketConfiguration={{'LocationConstraint': '{region}'}}"),
            };
            peer.boto_at(account, region, &format!("c('s3').create_bucket(Bucket='{bucket}'{place}) and 0"));
        }
    }

    /// What ministack can have of it, and the types it goes without.
    fn cut(&self) -> (Source, BTreeSet<String>) {
        let mut source = Source::of(&self.build);
        let mut gone = Gone::default();
        let stacks: Vec<Wanted> = source.desired.stacks.iter().map(|stack| cut(stack, &mut gone)).collect();
        let stacks: Vec<_> = stacks.into_iter().filter(|stack| !stack.body.is_empty()).map(Arc::new).collect();
        source.chosen = stacks.iter().map(|stack| stack.id.clone()).collect();
        source.desired = Desired { stacks, ..source.desired };
        (source, gone.types)
    }
}

/// Producers come first, so what went of them is known.
fn cut(stack: &Wanted, gone: &mut Gone) -> Wanted {
    let mut stack = stack.clone();
    // Nothing is deleted with it, there as at AWS.
    stack.termination_protection = false;
    // What is only read has no template.
    if stack.body.is_empty() {
        return stack;
    }
    let mut template: Value = serde_json::from_str(&stack.body).unwrap();
    stand_in(&mut template);
    gone.types.extend(unmade(&mut template));
    // What went, with the type that this is due to.
    let mut here: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in &stack.parameters {
        let From::Output { stack, name: output, .. } = &input.source else { continue };
        if let Some(ty) = gone.outputs.get(&(stack.clone(), output.clone())) {
            here.insert(name.clone(), ty.clone());
        }
    }
    loop {
        let before = here.len();
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let ty = resource["Type"].as_str().unwrap();
            let short = ty.trim_start_matches("AWS::");
            if here.contains_key(id) {
                continue;
            }
            if lacks::TYPES.contains(&ty) || OTHERWISE.iter().any(|(name, _)| *name == ty) {
                here.insert(id.clone(), short.to_owned());
                gone.types.insert(short.to_owned());
            } else if let Some(cause) = names_in(&resource["Properties"]).iter().find_map(|name| here.get(name)) {
                gone.types.insert(format!("{short} reads {cause}"));
                here.insert(id.clone(), cause.clone());
            }
        }
        if here.len() == before {
            break;
        }
    }
    for section in ["Resources", "Parameters", "Outputs"] {
        let Some(all) = template.get_mut(section).and_then(Value::as_object_mut) else { continue };
        all.retain(|name, value| {
            let cause = match section {
                "Outputs" => names_in(value).iter().find_map(|name| here.get(name)).cloned(),
                _ => here.get(name).cloned(),
            };
            if let (Some(cause), "Outputs") = (&cause, section) {
                gone.outputs.insert((stack.id.clone(), name.clone()), cause.clone());
            }
            cause.is_none()
        });
    }
    for resource in template["Resources"].as_object_mut().unwrap().values_mut() {
        if let Some(before) = resource.get_mut("DependsOn").and_then(Value::as_array_mut) {
            before.retain(|name| !here.contains_key(name.as_str().unwrap()));
        }
    }
    stack.parameters.retain(|name, _| !here.contains_key(name));
    let is_empty = template["Resources"].as_object().unwrap().is_empty();
    stack.body = if is_empty { String::new() } else { template.to_string() };
    stack.sha256 = Sha256::digest(&stack.body).iter().map(|byte| format!("{byte:02x}")).collect();
    stack
}

/// Takes the properties away of which SAM would make what ministack does not know; gives the types.
fn unmade(template: &mut Value) -> Vec<String> {
    let mut types = Vec::new();
    for resource in template["Resources"].as_object_mut().unwrap().values_mut() {
        let own = resource["Type"].as_str().unwrap().to_owned();
        for (_, property, made) in MADE_OF.iter().filter(|(ty, ..)| *ty == own) {
            let properties = resource["Properties"].as_object_mut();
            if properties.and_then(|all| all.remove(*property)).is_some() {
                types.extend(made.iter().map(|made| (*made).to_owned()));
            }
        }
    }
    types
}

/// Puts the property in the place of an attribute that ministack does not give.
fn stand_in(template: &mut Value) {
    let resources = template["Resources"].clone();
    replace(template, &resources);
}

fn replace(value: &mut Value, resources: &Value) {
    if let (Some(id), Some(attribute)) = (value["Fn::GetAtt"][0].as_str(), value["Fn::GetAtt"][1].as_str()) {
        let resource = &resources[id];
        if ATTRIBUTES.iter().any(|(ty, name)| resource["Type"] == *ty && *name == attribute) {
            *value = resource["Properties"][attribute].clone();
        }
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, resources)),
        Value::Object(object) => object.values_mut().for_each(|item| replace(item, resources)),
        _ => {}
    }
}
