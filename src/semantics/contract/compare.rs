//! Two contracts of one stack: what a reader of the old one would notice of the new one.

use super::{Contract, Instance, Promise};
use crate::schema::Types;
use crate::semantics::interface::{Expected, read_type};

/// One thing that is different.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Whether a reader of the old contract cannot go on with the new one.
    pub breaking: bool,
    /// What it is of: `output Vpc`, `instance dev/eu-west-1`.
    pub subject: String,
    /// What has become of it, in words that follow the subject.
    pub what: String,
}

/// Every difference, outputs before instances, sorted by name.
pub fn compare(old: &Contract, new: &Contract, types: &'static Types) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut tell = |breaking: bool, subject: &str, what: String| {
        all.push(Difference { breaking, subject: subject.to_owned(), what });
    };
    if old.kind != new.kind {
        // A core may be read by cores, a service not.
        tell(old.kind == "core", "stack", format!("is a {} now, it was a {}", new.kind, old.kind));
    }
    if old.description != new.description {
        tell(false, "stack", "has another description".to_owned());
    }
    for (name, was) in &old.outputs {
        let subject = format!("output {name}");
        match new.outputs.get(name) {
            None => tell(true, &subject, format!("is gone; it was `{}`", was.ty)),
            Some(is) => output(was, is, types, |breaking, what| tell(breaking, &subject, what)),
        }
    }
    for (name, is) in new.outputs.iter().filter(|(name, _)| !old.outputs.contains_key(*name)) {
        tell(false, &format!("output {name}"), format!("is new: `{}`", is.ty));
    }
    let same = |a: &Instance, b: &Instance| a.env == b.env && a.region == b.region;
    for was in &old.instances {
        let subject = format!("instance {}", was.place());
        match new.instances.iter().find(|is| same(was, is)) {
            None => tell(true, &subject, format!("is gone; it was stack `{}` in {}", was.name, was.account)),
            Some(is) => instance(was, is, old, |breaking, what| tell(breaking, &subject, what)),
        }
    }
    for is in new.instances.iter().filter(|is| !old.instances.iter().any(|was| same(was, is))) {
        tell(false, &format!("instance {}", is.place()), format!("is new: stack `{}` in {}", is.name, is.account));
    }
    all
}

fn output(was: &Promise, is: &Promise, types: &'static Types, mut tell: impl FnMut(bool, String)) {
    if was.ty != is.ty {
        let fits = read_type(&was.ty).is_some_and(|ty| Expected::inferred(types, &ty).accepts(&is.ty));
        tell(!fits, format!("is `{}` now, it was `{}`", is.ty, was.ty));
    }
    if was.description != is.description {
        tell(false, "has another description".to_owned());
    }
    match (&was.deprecated, &is.deprecated) {
        (None, Some(why)) => tell(false, format!("is deprecated now: {why}")),
        (Some(_), None) => tell(false, "is not deprecated any more".to_owned()),
        (Some(a), Some(b)) if a != b => tell(false, format!("is deprecated for another reason: {b}")),
        _ => {}
    }
}

fn instance(was: &Instance, is: &Instance, old: &Contract, mut tell: impl FnMut(bool, String)) {
    if was.name != is.name {
        tell(true, format!("is stack `{}` now, it was `{}`", is.name, was.name));
    }
    if was.account != is.account {
        tell(true, format!("is in account {} now, it was in {}", is.account, was.account));
    }
    // Readers are built for as many items as they know of.
    for (name, length) in &was.lengths {
        if let Some(now) = is.lengths.get(name).filter(|now| *now != length) {
            tell(true, format!("has {now} items in {name} now, it had {length}"));
        }
    }
    for name in is.without.iter().filter(|name| !was.without.contains(*name) && old.outputs.contains_key(*name)) {
        tell(true, format!("has no {name} any more"));
    }
    for name in was.without.iter().filter(|name| !is.without.contains(*name)) {
        tell(false, format!("has {name} now"));
    }
}
