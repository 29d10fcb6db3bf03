//! What the program makes in AWS, by the names that it gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::walk::Seen;
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::{Node, ResourceType};
use crate::semantics::Program;
use crate::semantics::model::{Instance, InstanceKey, Resource, Within};
use crate::semantics::value::Value;
use crate::source::Span;

/// An instance, as far as it matters here.
pub(super) struct Place {
    pub(super) key: InstanceKey,
    pub(super) account: Arc<str>,
    /// CloudFormation exports: name and output.
    pub(super) exports: Vec<(Arc<str>, Name)>,
}

/// A resource that the source names.
pub(super) struct Made {
    pub(super) ty: &'static str,
    pub(super) id: Name,
    /// As the source says it.
    pub(super) shown: Arc<str>,
    /// Which instance, by number.
    pub(super) place: usize,
    /// Where the name stands.
    pub(super) span: Span,
    /// The uses of components that it comes from.
    within: Arc<[Within]>,
    /// The property that names it.
    property: &'static str,
    pub(super) name: Arc<str>,
    pub(super) arn: Option<Arc<str>>,
}

/// Everything that is named.
#[derive(Default)]
pub(super) struct All {
    pub(super) places: Vec<Place>,
    pub(super) made: Vec<Made>,
    by_key: BTreeMap<InstanceKey, usize>,
    pub(super) by_arn: BTreeMap<Arc<str>, usize>,
    by_name: BTreeMap<(&'static str, String), usize>,
    found: Vec<Diagnostic>,
}

impl All {
    /// Enters an instance; gives its number. One that all environments share comes several times.
    pub(super) fn place(&mut self, instance: &Instance) -> usize {
        let head = &instance.head;
        if let Some(at) = self.by_key.get(&head.key) {
            return *at;
        }
        let exports = head.outputs.iter().filter_map(|o| Some((o.export.clone()?, o.name))).collect();
        self.places.push(Place { key: head.key.clone(), account: head.account.id.clone(), exports });
        let at = self.places.len() - 1;
        self.by_key.insert(head.key.clone(), at);
        at
    }

    /// The account of an instance that was entered.
    pub(super) fn account(&self, of: &InstanceKey) -> Option<&Arc<str>> {
        self.places.get(*self.by_key.get(of)?).map(|place| &place.account)
    }

    /// Enters a resource, where the source gives its name.
    pub(super) fn add(&mut self, program: &Program, place: usize, instance: &Instance, resource: &Resource) {
        let Some((known, property, name)) = named(program, resource) else { return };
        // Inline policies are called so within the roles that they are in; their ARN is that of no policy.
        if known.name == "AWS::IAM::Policy" {
            return;
        }
        let arn = arn(program, known, instance, resource).map(Arc::<str>::from);
        if arn.is_none() && known.primary_identifier != [property] {
            return;
        }
        let seen = Seen { program, resource };
        let made = Made {
            ty: known.name,
            id: resource.id,
            shown: resource.shown.clone(),
            place,
            span: seen.property(property),
            within: resource.within.clone(),
            property,
            name,
            arn: arn.clone(),
        };
        let unique = arn.map_or_else(
            || format!("{}/{}/{}", instance.head.account.id, instance.head.key.region, made.name),
            |arn| arn.to_string(),
        );
        let at = self.made.len();
        match self.by_name.get(&(made.ty, unique.clone())).and_then(|first| self.made.get(*first)) {
            // An instance that several environments share.
            Some(first) if first.place == place && first.id == made.id => return,
            Some(first) => {
                let problem = self.same(first, &made);
                self.found.push(problem);
            }
            None => drop(self.by_name.insert((made.ty, unique), at)),
        }
        if let Some(arn) = &made.arn {
            self.by_arn.entry(arn.clone()).or_insert(at);
        }
        self.made.push(made);
    }

    /// Says which names are taken twice.
    pub(super) fn twice(&mut self, found: &mut Vec<Diagnostic>) {
        found.append(&mut self.found);
    }

    pub(super) fn place_of(&self, made: &Made) -> Option<&Place> {
        self.places.get(made.place)
    }

    fn same(&self, first: &Made, second: &Made) -> Diagnostic {
        let message = format!("two resources are called `{}`: AWS takes a `{}` once", second.name, second.property);
        let of = |made: &Made| match self.place_of(made) {
            Some(place) => format!("`{}` of `{}`", made.shown, place.key),
            None => format!("`{}`", made.shown),
        };
        let problem = Diagnostic::new(Code::TakenTwice, message);
        let (a, b) = (self.place_of(first).map(|p| &p.key), self.place_of(second).map(|p| &p.key));
        let help = match (a, b) {
            (Some(a), Some(b)) if a.stack == b.stack && a.env != b.env => {
                "put the environment into the name, `\"…-${env.name}\"`, or leave it to AWS"
            }
            (Some(a), Some(b)) if a.stack == b.stack && a.region != b.region => {
                "put the region into the name, `\"…-${aws.region}\"`, or leave it to AWS"
            }
            _ => "give one of them another name, or leave it to AWS",
        };
        let problem = match first.span == second.span {
            true => problem.at(second.span, format!("{} and {}", of(first), of(second))),
            false => problem.at(second.span, of(second)).at(first.span, of(first)),
        };
        let used = |made: &Made| made.within.last().cloned();
        let (first, second) = (used(first), used(second).filter(|u| used(first).is_none_or(|f| f != *u)));
        let uses: Vec<Within> = first.into_iter().chain(second).collect();
        Within::tell(&uses, problem).help(help)
    }
}

/// The type, the property that names the resource, and the name.
fn named(program: &Program, resource: &Resource) -> Option<(&'static ResourceType, &'static str, Arc<str>)> {
    let known = resource.known?;
    let property =
        match known.arn.and_then(|arn| holes(arn).into_iter().find_map(|hole| property(program, known, hole))) {
            Some(property) => property,
            None => match known.primary_identifier.as_slice() {
                [only] => property_of(program, known, only)?,
                _ => return None,
            },
        };
    match text(resource, property)? {
        name if name.is_empty() => None,
        name => Some((known, property, name)),
    }
}

/// The names in `${…}` that are no pseudo parameters.
fn holes(arn: &'static str) -> Vec<&'static str> {
    let all = arn.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    all.filter(|hole| !matches!(*hole, "Partition" | "Region" | "Account")).collect()
}

fn property(program: &Program, known: &ResourceType, hole: &str) -> Option<&'static str> {
    property_of(program, known, hole.strip_suffix("WithPath").unwrap_or(hole))
}

/// A property that people give.
fn property_of(program: &Program, known: &ResourceType, name: &str) -> Option<&'static str> {
    let Node::Object(root) = program.types.node(known.root) else { return None };
    let found = root.properties.iter().find(|p| !p.read_only && p.name.eq_ignore_ascii_case(name))?;
    matches!(program.types.node(found.node), Node::String(_)).then_some(found.name)
}

fn text(resource: &Resource, property: &str) -> Option<Arc<str>> {
    let Value::Object(properties) = &resource.properties else { return None };
    match properties.get(Name::new(property))? {
        Value::Str(text) => Some(text.clone()),
        _ => None,
    }
}

/// The ARN, where the source gives all its parts.
fn arn(program: &Program, known: &ResourceType, instance: &Instance, resource: &Resource) -> Option<String> {
    let head = &instance.head;
    let mut rest = known.arn?;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let (hole, after) = after.split_once('}')?;
        out.push_str(before);
        match hole {
            "Partition" => out.push_str(partition(&head.key.region)),
            "Region" => out.push_str(&head.key.region),
            "Account" => out.push_str(&head.account.id),
            _ => {
                if hole.ends_with("WithPath") {
                    let path = text(resource, "Path");
                    out.push_str(path.as_deref().unwrap_or_default().trim_start_matches('/'));
                }
                out.push_str(&text(resource, property(program, known, hole)?)?);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn partition(region: &str) -> &'static str {
    crate::semantics::partition(region)
}
