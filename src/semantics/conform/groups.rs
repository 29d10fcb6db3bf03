//! What must and must not go together in an object.

use super::objects::Made;
use super::{Asked, Part, Walk, words};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::{Group, ObjectType, Variant};
use crate::source::Span;

type Names = [&'static str];

impl Walk<'_, '_> {
    /// Checks every group of an object that has all that it must.
    pub(super) fn groups(&mut self, asked: Asked<'_>, object: &'static ObjectType, made: &Made, span: Span) {
        let at = if asked.part == Part::Item { words::head(span) } else { asked.at };
        for group in &object.groups {
            if let Some(problem) = check(group, made, &words::owner(asked), at) {
                self.wrong(problem);
            }
        }
    }
}

fn check(group: &Group, made: &Made, owner: &str, at: Span) -> Option<Diagnostic> {
    match group {
        Group::OneOf(sets) => one_of(sets, made, owner, at),
        Group::AnyOf(sets) => (!sets.iter().any(|set| complete(set, made))).then(|| lacks(owner, &choices(sets), at)),
        Group::ExactlyOne(names) => {
            let given = given(names, made);
            match given.as_slice() {
                [_] => None,
                [] => Some(lacks(owner, &quoted(names), at)),
                _ => Some(clash(owner, &given, made, at)),
            }
        }
        Group::AtLeastOne(names) => given(names, made).is_empty().then(|| lacks(owner, &quoted(names), at)),
        Group::Needs(first, others) => {
            let missing: Vec<&str> = others.iter().copied().filter(|name| !made.has(name)).collect();
            (made.has(first) && !missing.is_empty()).then(|| {
                let (at, missing) = (made.place(first).unwrap_or(at), words::and(&quoted(&missing)));
                Diagnostic::new(Code::MissingProperty, format!("`{first}` of {owner} needs {missing} beside it"))
                    .at(at, "not complete")
                    .help(format!("add {missing}, or leave out `{first}`"))
            })
        }
        Group::Excludes(first, others) => {
            let also = given(others, made);
            (made.has(first) && !also.is_empty()).then(|| {
                let all: Vec<&str> = std::iter::once(*first).chain(also).collect();
                clash(owner, &all, made, at)
            })
        }
        Group::Variants(variants) => variant(variants, made, owner, at),
    }
}

/// Exactly one set of keys is there. A set that another one contains does not count beside it.
fn one_of(sets: &[Vec<&'static str>], made: &Made, owner: &str, at: Span) -> Option<Diagnostic> {
    let there: Vec<&Vec<&str>> = sets.iter().filter(|set| complete(set, made)).collect();
    let widest = there.iter().max_by_key(|set| set.len())?;
    let apart = there.iter().any(|set| !set.iter().all(|name| widest.contains(name)));
    apart
        .then(|| {
            let all: Vec<&str> = there.iter().flat_map(|set| set.iter().copied()).collect();
            clash(owner, &all, made, at)
        })
        .or_else(|| there.is_empty().then(|| lacks(owner, &choices(sets), at)))
}

/// The keys are all of one variant, and it has what it must.
fn variant(variants: &[Variant], made: &Made, owner: &str, at: Span) -> Option<Diagnostic> {
    // Keys that no variant knows are told about as unknown properties, or are shared by all.
    let ruled: Vec<&str> = made.given().filter(|key| variants.iter().any(|v| v.allowed.contains(key))).collect();
    let allows = |v: &Variant| ruled.iter().all(|key| v.allowed.contains(key));
    if variants.iter().any(|v| allows(v) && complete(&v.required, made)) {
        return None;
    }
    let mut open = variants.iter().filter(|v| allows(v)).peekable();
    if open.peek().is_none() {
        let telling: Vec<&str> =
            ruled.into_iter().filter(|key| !variants.iter().all(|v| v.allowed.contains(key))).collect();
        return Some(clash(owner, &telling, made, at));
    }
    let missing: Vec<Vec<&'static str>> =
        open.map(|v| v.required.iter().copied().filter(|name| !made.has(name)).collect()).collect();
    Some(lacks(owner, &choices(&missing), at))
}

fn complete(set: &Names, made: &Made) -> bool {
    set.iter().all(|name| made.has(name))
}

fn given(names: &Names, made: &Made) -> Vec<&'static str> {
    names.iter().copied().filter(|name| made.has(name)).collect()
}

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

fn together(set: &Vec<&'static str>) -> String {
    let names = quoted(set);
    if names.len() > 1 { words::and(&names) } else { names.concat() }
}

fn choices(sets: &[Vec<&'static str>]) -> Vec<String> {
    sets.iter().map(together).collect()
}

fn lacks(owner: &str, choices: &[String], at: Span) -> Diagnostic {
    let choices = words::or(choices);
    Diagnostic::new(Code::MissingProperty, format!("{owner} needs {choices}"))
        .at(at, "not complete")
        .help(format!("add {choices}"))
}

/// Keys that exclude each other; shown at the last one, so that it is said once whichever comes first.
fn clash(owner: &str, names: &[&str], made: &Made, at: Span) -> Diagnostic {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    let message = format!("{owner} cannot have {} together", words::and(&quoted(&names)));
    let mut places: Vec<Span> = names.iter().filter_map(|name| made.place(name)).collect();
    places.sort_unstable();
    places.dedup();
    let last = places.pop().unwrap_or(at);
    let problem = Diagnostic::new(Code::ConflictingProperties, message).at(last, "excludes the others");
    places.into_iter().fold(problem, |problem, place| problem.at(place, "also given")).help("keep one of them")
}
