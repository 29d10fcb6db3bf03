//! From a build to what is planned for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::build::{Build, Built, SHARED};
use crate::cloud::{Account, ObjectId, Secret, Target};
use crate::plan::wanted::{Asset, Desired, Input, Live, Site, Source, Wanted};
use crate::schema::Types;
use crate::semantics::model::{self, Head, InstanceKey, Parameter, ParameterSource, Use};
use crate::semantics::value::{ForeignOutput, LaterType};
use crate::template::provenance;

/// What a build asks AWS to be. Instances of other environments, which it only reads, come with an
/// empty template; they are never planned, for they are no part of [`chosen`].
pub fn desired(build: &Build) -> Desired {
    let tag = |key: &str| build.stacks.iter().find_map(|b| b.head.tags.get(key).cloned());
    let heads: Heads<'_> =
        build.read.iter().chain(build.stacks.iter().map(|b| &b.head)).map(|head| (&head.key, head)).collect();
    let read = build.read.iter().map(|head| Arc::new(wanted(head, &heads, build.types)));
    let built = build.stacks.iter().map(|b| Arc::new(whole(b, &heads, build.types)));
    Desired {
        project: tag("infra:project").unwrap_or_default(),
        env: build.env.map(|env| env.to_string()),
        stacks: read.chain(built).collect(),
        sites: build.sites.iter().map(site).collect(),
        scope: build.scope.clone(),
    }
}

fn site(site: &model::Site) -> Site {
    let env = site.env.map_or_else(|| SHARED.to_owned(), |env| env.to_string());
    Site { env, target: target(&site.account, &site.region) }
}

/// Ids of the stacks that a build deploys.
pub fn chosen(build: &Build) -> impl Iterator<Item = String> {
    build.stacks.iter().map(|b| b.head.key.to_string())
}

/// Every instance of a build.
type Heads<'a> = BTreeMap<&'a InstanceKey, &'a Head>;

fn whole(built: &Built, heads: &Heads<'_>, types: &'static Types) -> Wanted {
    let protected =
        built.places.iter().filter_map(|place| Some((place.id.to_string(), place.protect.as_ref()?.to_string())));
    let initial = built.places.iter().filter(|place| !place.initial.is_empty());
    Wanted {
        body: built.template.body.clone(),
        sha256: built.template.sha256.clone(),
        capabilities: built.template.capabilities.iter().map(|c| (*c).to_owned()).collect(),
        protected: protected.collect(),
        initial: initial
            .map(|place| (place.id.to_string(), place.initial.iter().map(ToString::to_string).collect()))
            .collect(),
        assets: built.head.assets.iter().map(asset).collect(),
        places: built.places.clone(),
        ..wanted(&built.head, heads, types)
    }
}

fn wanted(head: &Head, heads: &Heads<'_>, types: &'static Types) -> Wanted {
    Wanted {
        id: head.key.to_string(),
        stack: head.key.stack.to_string(),
        target: target(&head.account, &head.key.region),
        name: head.stack_name.to_string(),
        body: String::new(),
        sha256: String::new(),
        capabilities: Vec::new(),
        tags: head.tags.clone(),
        parameters: head.parameters.iter().map(|p| (p.name.to_string(), input(p, heads))).collect(),
        after: head.after.iter().map(|after| after.instance.to_string()).collect(),
        protected: BTreeMap::new(),
        initial: BTreeMap::new(),
        policy: head.policy.as_ref().map(ToString::to_string),
        termination_protection: head.termination_protection,
        assets: Vec::new(),
        bucket: head.bucket.as_deref().map(str::to_owned),
        live: head.uses.iter().filter(|used| used.live).map(live).collect(),
        types,
        place: Some(head.span),
        places: provenance::Index::default(),
        foreign: head.foreign.clone().map(Arc::new),
        orphan: false,
    }
}

fn asset(asset: &model::Asset) -> Asset {
    let object = ObjectId { bucket: asset.bucket.to_string(), key: asset.key.to_string() };
    Asset { object, package: Arc::clone(&asset.package), place: asset.span }
}

/// Where to ask for what is in that account and region.
pub fn target(account: &model::Account, region: &str) -> Target {
    let text = |text: &Option<Arc<str>>| text.as_ref().map(ToString::to_string);
    Target {
        account: Account {
            name: account.name.to_string(),
            id: Some(account.id.to_string()),
            role: text(&account.role),
            profile: text(&account.profile),
            external_id: text(&account.external_id),
        },
        region: region.to_owned(),
    }
}

/// How many items the source gives a list, where its length is part of its type: templates rely on it.
fn items(from: &ForeignOutput, heads: &Heads<'_>) -> Option<usize> {
    let output = heads.get(&from.instance)?.outputs.iter().find(|o| o.name == from.output)?;
    match output.ty {
        LaterType::List(_, length) => length,
        _ => None,
    }
}

fn live(used: &Use) -> Live {
    Live { stack: used.from.instance.to_string(), output: used.from.output.to_string(), place: Some(used.span) }
}

fn input(parameter: &Parameter, heads: &Heads<'_>) -> Input {
    let source = match &parameter.source {
        ParameterSource::Input { set, default } => Source::Input {
            set: set.as_ref().map(|value| Secret::new(value.to_string())),
            default: default.as_ref().map(ToString::to_string),
        },
        ParameterSource::Output(from) => {
            let items = items(from, heads);
            Source::Output { stack: from.instance.to_string(), name: from.output.to_string(), items }
        }
    };
    Input { source, secret: parameter.no_echo, place: Some(parameter.span) }
}
