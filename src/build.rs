//! Everything a run deploys: each instance lowered, checked as a graph, and written.
//!
//! This room stands on `template` and `graph`, which do not know each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::diagnostics::{self, Code, Diagnostic};
use crate::graph;
use crate::names::Name;
use crate::schema::Types;
use crate::semantics::model::{Asset, Head, Instance, Parameter, ParameterSource, Site};
use crate::semantics::{self, Program, Settings, Target};
use crate::template::{self, Template, provenance};

mod advice;
mod mend;
pub(crate) mod priorities;

use advice::Advice;
pub use mend::{Done, Mended, mend};
use priorities::Priorities;

/// The version of the shape of `manifest.json`.
const FORMAT: u32 = 1;

/// What one run deploys.
#[derive(Clone, Debug)]
pub struct Build {
    /// The environment, where one was asked for and no other.
    pub env: Option<Name>,
    /// Producers before consumers. Empty where there are errors.
    pub stacks: Vec<Built>,
    /// Instances of other environments that are only read, in the same order.
    pub read: Vec<Head>,
    /// Where the project deploys something, or may, in any environment.
    pub sites: Vec<Site>,
    /// Which environments it has whole.
    pub scope: Scope,
    /// Everything that is wrong, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// The resource types that it uses.
    pub types: &'static Types,
}

/// Whose stacks are all in a build: what else carries their tags, the source no longer has.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Scope {
    /// Values of the tag `infra:env`.
    pub envs: BTreeSet<String>,
    /// Every environment, and what they share: also those of which the source knows nothing.
    pub all: bool,
}

impl Scope {
    fn of(program: &Program, target: &Target) -> Self {
        let shared = target.shared.then(|| SHARED.to_owned());
        let envs = target.envs.iter().map(ToString::to_string).chain(shared).collect();
        let every = semantics::environments(program);
        Self { envs, all: target.shared && every.iter().all(|(env, _)| target.envs.contains(env)) }
    }

    /// True where the stacks with that tag are all in it.
    pub fn covers(&self, env: &str) -> bool {
        self.all || self.envs.contains(env)
    }
}

/// The tag `infra:env` of what all environments share.
pub const SHARED: &str = "shared";

/// One instance, ready to be deployed.
#[derive(Clone, Debug)]
pub struct Built {
    /// All that is known of it but its resources.
    pub head: Head,
    /// Its template.
    pub template: Template,
    /// Its wave: 0 needs nothing of this build, 1 only what is in 0, and so on.
    pub order: usize,
    /// Where its resources are declared.
    pub places: provenance::Index,
}

/// Builds what `target` asks for.
pub fn build(program: &Program, target: &Target) -> Build {
    let mut written = BTreeMap::new();
    let mut found = Vec::new();
    let (mut priorities, mut advice) = (Priorities::default(), Advice::default());
    let lowered = semantics::lower(program, target, &mut |instance| {
        let template = judge(instance, &mut found);
        priorities.check(instance, &mut found);
        advice.look(program, instance);
        written.insert(instance.head.key.clone(), (template, provenance::Index::of(instance)));
    });
    found.extend(lowered.diagnostics);
    found.extend(advice.finish(program));
    ours_alone(program, &mut found);
    diagnostics::sort(&mut found);
    let heads = if diagnostics::has_errors(&found) { Vec::new() } else { lowered.heads };
    let (heads, read): (Vec<Head>, Vec<Head>) = heads.into_iter().partition(|head| written.contains_key(&head.key));
    let orders = graph::waves(&heads);
    let stacks = heads.into_iter().zip(orders).filter_map(|(head, order)| {
        let (template, places) = written.remove(&head.key)?;
        Some(Built { head, template, order, places })
    });
    let env = if let [env] = target.envs.as_slice() { Some(*env) } else { None };
    Build {
        env,
        stacks: stacks.collect(),
        read,
        sites: lowered.sites,
        scope: Scope::of(program, target),
        diagnostics: found,
        types: program.types,
    }
}

/// Everything that is wrong in any environment, sorted: the whole of what `build` would find in each.
pub fn check(program: &Program, set: &Settings) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let (mut priorities, mut advice) = (Priorities::default(), Advice::default());
    let rest = semantics::check(program, set, &mut |instance| {
        judge(instance, &mut found);
        priorities.check(instance, &mut found);
        advice.look(program, instance);
    });
    found.extend(rest);
    found.extend(advice.finish(program));
    found.extend(advice::of_texts(program, !diagnostics::has_errors(&found)));
    ours_alone(program, &mut found);
    diagnostics::sort(&mut found);
    found
}

/// What is built in, nobody can change, and in a compose file other words stand than those that are checked: a fix there is
/// none.
fn ours_alone(program: &Program, found: &mut Vec<Diagnostic>) {
    // What has said so already where the name is given says it better.
    let said: Vec<_> = found.iter().filter(|d| d.code == Code::DuplicateName).map(Diagnostic::span).collect();
    found.retain(|d| d.code != Code::TakenTwice || !said.contains(&d.span()));
    for problem in found {
        problem.fix.take_if(|fix| fix.span.file.built_in_at().is_some() || program.is_translated(fix.span.file));
    }
}

/// Writes an instance, and finds what only shows in the whole of it.
fn judge(instance: &Instance, found: &mut Vec<Diagnostic>) -> Template {
    let template = template::emit(instance);
    found.extend(graph::resource_cycles(instance));
    found.extend(template::limits(instance, &template));
    template
}

/// The files of a build: paths relative to its folder, with `/`, and their bytes. Sorted.
pub fn files(build: &Build) -> Vec<(String, Vec<u8>)> {
    let manifest = format!("{:#}\n", manifest(build));
    let templates = build.stacks.iter().map(|b| (b.file_name(), b.template.body.clone().into_bytes()));
    let mut files: Vec<_> = templates.chain([("manifest.json".to_owned(), manifest.into_bytes())]).collect();
    files.sort();
    files
}

/// What the stacks need in buckets, each once, sorted: the name of a file relative to the build's folder, and what goes
/// there. Its bytes are made only when they are asked for, since they may be many.
pub fn assets(build: &Build) -> BTreeMap<String, &Asset> {
    let all = build.stacks.iter().flat_map(|built| &built.head.assets);
    all.map(|asset| (asset.key.to_string(), asset)).collect()
}

/// What `manifest.json` says: enough for another tool to deploy the templates in order.
pub fn manifest(build: &Build) -> Value {
    let project = build.stacks.iter().find_map(|b| b.head.tags.get("infra:project"));
    let stacks: Vec<Value> = build.stacks.iter().map(stack).collect();
    json!({ "format_version": FORMAT, "project": project, "env": build.env.map(Name::as_str), "stacks": stacks })
}

fn stack(built: &Built) -> Value {
    let head = &built.head;
    let mut depends_on: Vec<String> = head
        .uses
        .iter()
        .map(|used| &used.from.instance)
        .chain(head.after.iter().map(|after| &after.instance))
        .map(ToString::to_string)
        .collect();
    depends_on.sort();
    depends_on.dedup();
    let parameters: BTreeMap<&str, Value> = head.parameters.iter().map(|p| (p.name.as_str(), parameter(p))).collect();
    let mut stack = json!({
        "id": head.key.to_string(),
        "stack": head.key.stack.as_str(),
        "kind": head.layer.as_str(),
        "env": head.key.env.map(Name::as_str),
        "account": &*head.account.id,
        "region": &*head.key.region,
        "name": &*head.stack_name,
        "template": built.file_name(),
        "order": built.order,
        "capabilities": built.template.capabilities,
        "tags": head.tags,
        "parameters": parameters,
        "depends_on": depends_on,
    });
    if let (Some(fields), Some(policy)) = (stack.as_object_mut(), &head.policy) {
        let statements: Value = serde_json::from_str(policy).unwrap_or_default();
        fields.insert("stack_policy".to_owned(), json!({ "Statement": statements }));
    }
    let exports: BTreeMap<&str, Value> =
        head.outputs.iter().filter_map(|o| Some((o.name.as_str(), json!(o.export.as_deref()?)))).collect();
    let assets: Vec<Value> = head.assets.iter().map(asset).collect();
    if let Some(fields) = stack.as_object_mut() {
        if !exports.is_empty() {
            fields.insert("exports".to_owned(), json!(exports));
        }
        if !assets.is_empty() {
            fields.insert("assets".to_owned(), json!(assets));
        }
    }
    stack
}

/// What must lie in a bucket before the stack is deployed. `infra build` writes it to a file of the key's name.
fn asset(asset: &Asset) -> Value {
    json!({
        "path": asset.package.path(),
        "sha256": asset.package.sha256(),
        "bucket": &*asset.bucket,
        "key": &*asset.key,
        "file": &*asset.key,
    })
}

/// `{"output": …}` for what another instance gives, else `{"value": …}`: what was set for this run,
/// or the default. `null` where there is neither: then the deployed value is kept. A masked value
/// is `null` too, since a manifest is kept and passed on.
fn parameter(parameter: &Parameter) -> Value {
    match &parameter.source {
        ParameterSource::Output(from) => {
            json!({ "output": { "stack": from.instance.to_string(), "name": from.output.as_str() } })
        }
        ParameterSource::Input { .. } if parameter.no_echo => json!({ "value": null }),
        ParameterSource::Input { set, default } => json!({ "value": set.as_deref().or(default.as_deref()) }),
    }
}

/// The longest name of a file without its ending; every file system takes 255 bytes.
const NAME: usize = 200;

impl Built {
    /// Where `infra build` writes its template.
    pub fn file_name(&self) -> String {
        format!("templates/{}.json", plain_name(&self.head.key.to_string()))
    }
}

/// `network@dev@eu-west-1`: the id, as every file system takes it. The `@` keeps a stack from being a device on Windows
/// (`con.json`). An id with other letters than a stack, an environment and a region have, or a very long one, ends in a
/// digest instead, so that two ids never share a file, not even where case is ignored.
pub fn plain_name(id: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '@' | '/');
    let safe = |c: char| if plain(c) && c != '/' { c } else { '@' };
    let mut name: String = id.to_ascii_lowercase().chars().map(safe).collect();
    if name.len() > NAME || !id.chars().all(plain) {
        name.truncate(NAME);
        let digest = template::digest(id);
        name = format!("{name}@{}", digest.get(..16).unwrap_or(&digest));
    }
    name
}
