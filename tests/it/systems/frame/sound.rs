//! What holds of every system: its templates are looked at by themselves, whatever the compiler thinks of them.

use std::collections::{BTreeMap, BTreeSet};

use infra::build::Built;
use infra::semantics::model::{Head, InstanceKey, ParameterSource};
use infra::source::Sources;
use infra::syntax::{self, ast::ItemKind};
use serde_json::Value;

use super::System;

/// Types that need `CAPABILITY_IAM`, and the property that asks for `CAPABILITY_NAMED_IAM`.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
const IAM: &[(&str, &str)] = &[
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
    // SAM makes its role.
    ("AWS::Serverless::Function", ""),
];

impl System {
    /// Every reference leads somewhere; capabilities are the least that is needed; no two rules of a listener have the
    /// same priority; and nothing that AWS or another stack says is written by hand.
    #[track_caller]
    pub(crate) fn is_sound(&self) {
        let wrong = self.unsound();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        priorities_are_unique(&[self]);
    }

    pub(super) fn unsound(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for stack in &self.build.stacks {
            let template = template(stack);
            let mut says = |what: String| wrong.push(format!("{}: {what}", stack.head.key));
            unresolved(&template, &mut says);
            self.unfed(&stack.head, &mut says);
            let needed = capabilities(&template);
            if stack.template.capabilities != needed {
                says(format!("asks for {:?} and needs {needed:?}", stack.template.capabilities));
            }
        }
        wrong.extend(self.copied());
        wrong
    }

    fn head(&self, key: &InstanceKey) -> Option<&Head> {
        let built = self.build.stacks.iter().map(|stack| &stack.head);
        built.chain(&self.build.read).find(|head| head.key == *key)
    }

    /// Parameters that no stack feeds although the source says that one does.
    fn unfed(&self, head: &Head, says: &mut dyn FnMut(String)) {
        for parameter in &head.parameters {
            let ParameterSource::Output(from) = &parameter.source else { continue };
            let producer = self.head(&from.instance);
            let known = producer.is_some_and(|p| {
                p.outputs.iter().any(|o| o.name == from.output)
                    || p.foreign.as_ref().is_some_and(|f| f.expected.contains_key(&from.output))
            });
            if !known {
                says(format!("{} is to come from {}.{}", parameter.name, from.instance, from.output));
            }
        }
    }

    /// Accounts are named where they are declared and nowhere else, and what a resource is called in AWS is written once.
    fn copied(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.build.stacks.iter().flat_map(|stack| own_names(&template(stack))).collect();
        let mut wrong = Vec::new();
        let mut written: BTreeMap<&str, usize> = BTreeMap::new();
        for file in
            self.program.sources.iter().filter(|file| file.id.built_in_at().is_none() && file.name.ends_with(".infra"))
        {
            let mut text = String::from(&*file.text);
            let mut sources = Sources::default();
            let id = sources.add("main.infra", text.as_str());
            let items = syntax::parse(sources.get(id).unwrap()).file.items;
            for item in items.iter().filter(|item| matches!(item.kind, ItemKind::Account(_))) {
                let (start, end) = (item.span.start as usize, item.span.end as usize);
                text.replace_range(start..end, &" ".repeat(end - start));
            }
            let code = without_comments(&text);
            for run in code.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12) {
                wrong.push(format!("{}: the account {run} is written by hand: say `NAME.id`", file.name));
            }
            for name in &names {
                *written.entry(name).or_default() += code.matches(&format!("\"{name}\"")).count();
            }
        }
        wrong.extend(
            written.iter().filter(|(_, n)| **n > 1).map(|(name, n)| format!("\"{name}\" is written {n} times")),
        );
        wrong
    }
}

/// What resources are called in AWS, where their templates say so in plain text.
fn own_names(template: &Value) -> Vec<String> {
    let all = template["Resources"].as_object().unwrap().values();
    let properties = all.filter_map(|resource| resource["Properties"].as_object()).flatten();
    let names = properties.filter(|(key, _)| key.ends_with("Name") || *key == "Family");
    names.filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect()
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| if line.trim_start().starts_with("//") { "\n" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

fn template(stack: &Built) -> Value {
    serde_json::from_str(&stack.template.body).unwrap()
}

/// Names in a template that nothing of it has.
fn unresolved(template: &Value, says: &mut dyn FnMut(String)) {
    let has = |section: &str, name: &str| !template[section][name].is_null();
    for name in names_in(template) {
        if !name.starts_with("AWS::") && !has("Resources", &name) && !has("Parameters", &name) {
            says(format!("there is no {name}"));
        }
    }
}

/// Everything that a value of a template names: resources, parameters, pseudo parameters.
pub(super) fn names_in(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    gather(value, &mut names);
    names
}

fn gather(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        Value::Object(object) => {
            for (key, inner) in object {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(name)) => drop(names.insert(name.clone())),
                    ("Fn::GetAtt", Value::Array(path)) => names.extend(path[0].as_str().map(str::to_owned)),
                    ("Fn::Sub", Value::String(text)) => names.extend(substituted(text)),
                    ("DependsOn", Value::Array(all)) => {
                        names.extend(all.iter().filter_map(|n| n.as_str()).map(str::to_owned))
                    }
                    ("DependsOn", Value::String(name)) => drop(names.insert(name.clone())),
                    _ => gather(inner, names),
                }
            }
        }
        _ => {}
    }
}

/// `Queue` of `${Queue.Arn}`; `${!x}` names nothing.
fn substituted(text: &str) -> impl Iterator<Item = String> {
    let inner = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    inner.filter(|name| !name.starts_with('!')).map(|name| name.split('.').next().unwrap().to_owned())
}

/// The least that CloudFormation wants to be told about a template.
fn capabilities(template: &Value) -> Vec<&'static str> {
    let mut needed = Vec::new();
    if !template["Transform"].is_null() {
        needed.push("CAPABILITY_AUTO_EXPAND");
    }
    let (mut iam, mut named) = (false, false);
    for resource in template["Resources"].as_object().unwrap().values() {
        if let Some((_, name)) = IAM.iter().find(|(ty, _)| resource["Type"] == *ty) {
            iam = true;
            named |= !resource["Properties"][*name].is_null();
        }
    }
    needed.extend(if named { Some("CAPABILITY_NAMED_IAM") } else { iam.then_some("CAPABILITY_IAM") });
    needed
}

/// A stack as AWS knows it: account, region, name.
type Place = (String, String, String);

/// No two rules of a listener have the same priority, in whichever stacks and projects they are.
#[track_caller]
pub(crate) fn priorities_are_unique(systems: &[&System]) {
    let mut taken: BTreeMap<(String, String), String> = BTreeMap::new();
    let outputs: BTreeMap<Place, (&System, &Built)> = systems
        .iter()
        .flat_map(|system| system.build.stacks.iter().map(|stack| (place(&stack.head), (*system, stack))))
        .collect();
    for (system, stack) in outputs.values() {
        let template = template(stack);
        for (id, rule) in template["Resources"].as_object().unwrap() {
            if rule["Type"] != "AWS::ElasticLoadBalancingV2::ListenerRule" {
                continue;
            }
            let listener = listener(&rule["Properties"]["ListenerArn"], system, &stack.head, &outputs);
            let priority = rule["Properties"]["Priority"].to_string().replace('"', "");
            let here = format!("{} in {}", id, stack.head.key);
            if let Some(other) = taken.insert((listener, priority.clone()), here.clone()) {
                panic!("{other} and {here} have the priority {priority}");
            }
        }
    }
}

fn place(head: &Head) -> Place {
    (head.account.id.to_string(), head.key.region.to_string(), head.stack_name.to_string())
}

/// What a value that names a listener stands for in the end: the resource, in whichever stack it is.
fn listener(value: &Value, system: &System, head: &Head, all: &BTreeMap<Place, (&System, &Built)>) -> String {
    let named = value["Ref"].as_str().or_else(|| value["Fn::GetAtt"][0].as_str());
    let Some(name) = named else { return value.to_string() };
    let parameter = head.parameters.iter().find(|p| p.name.as_str() == name);
    let Some(ParameterSource::Output(from)) = parameter.map(|p| &p.source) else {
        return format!("{name} in {:?}", place(head));
    };
    let producer = system.head(&from.instance).unwrap();
    match all.get(&place(producer)) {
        Some((system, stack)) => {
            listener(&template(stack)["Outputs"][from.output.as_str()]["Value"], system, &stack.head, all)
        }
        None => format!("{} of {:?}", from.output, place(producer)),
    }
}
