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
                _ => Some(clash(owner, &quoted(&given), at)),
            }
        }
        Group::AtLeastOne(names) => given(names, made).is_empty().then(|| lacks(owner, &quoted(names), at)),
        Group::Needs(first, others) => {
            let missing: Vec<&str> = others.iter().copied().filter(|name| !made.has(name)).collect();
            (made.has(first) && !missing.is_empty()).then(|| {
                let missing = words::and(&quoted(&missing));
                Diagnostic::new(Code::MissingProperty, format!("`{first}` of {owner} needs {missing} beside it"))
                    .at(at, "not complete")
                    .help(format!("add {missing}, or leave out `{first}`"))
            })
        }
        Group::Excludes(first, others) => {
            let also = given(others, made);
            (made.has(first) && !also.is_empty()).then(|| {
                let all: Vec<&str> = std::iter::once(*first).chain(also).collect();
                clash(owner, &quoted(&all), at)
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
            let all: Vec<String> = there.iter().map(|set| together(set)).collect();
            clash(owner, &all, at)
        })
        .or_else(|| there.is_empty().then(|| lacks(owner, &choices(sets), at)))
}

/// The keys are all of one variant, and it has what it must.
fn variant(variants: &[Variant], made: &Made, owner: &str, at: Span) -> Option<Diagnostic> {
    // Keys that no variant knows are told about as unknown properties, or are shared by all.
    let ruled: Vec<&str> = made
        .entries
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| made.has(key) && variants.iter().any(|v| v.allowed.contains(key)))
        .collect();
    let allows = |v: &Variant| ruled.iter().all(|key| v.allowed.contains(key));
    if variants.iter().any(|v| allows(v) && complete(&v.required, made)) {
        return None;
    }
    let mut open = variants.iter().filter(|v| allows(v)).peekable();
    if open.peek().is_none() {
        return Some(clash(owner, &quoted(&ruled), at));
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

fn clash(owner: &str, names: &[String], at: Span) -> Diagnostic {
    let all = words::and(names);
    let message = format!("{owner} cannot have {all} together");
    Diagnostic::new(Code::ConflictingProperties, message).at(at, "they exclude each other").help("keep one of them")
}
