//! The safe fixes of all problems, carried out until nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::build;
use crate::diagnostics::{self, Code, Diagnostic, Fix};
use crate::semantics::{Program, Settings};
use crate::source::SourceFile;
use crate::syntax;

/// How often the program is looked at again. One mended name may uncover the next mistake.
const ROUNDS: usize = 20;

/// A program after its fixes.
pub struct Mended {
    /// As it is now.
    pub program: Program,
    /// What is still wrong with it.
    pub rest: Vec<Diagnostic>,
    /// What was done, in that order. Its places are those of the round before it was.
    pub done: Vec<Done>,
    /// Files that are not as they were, sorted: name, text before, text now.
    pub changed: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
    /// Fixes that were not carried out: the file could not be read afterwards, or was one that it has been before.
    pub refused: Vec<Done>,
}

/// One fix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// The problem.
    pub code: Code,
    /// `main.infra:3:5`
    pub place: String,
    /// What stood there.
    pub before: String,
    /// What stands there now.
    pub now: String,
}

/// A fix of this round, and the problem that it mends.
type Asked<'d> = (&'d Fix, &'d Diagnostic);

/// Carries out every safe fix in `files`; `analyze` makes the program of them and of what else belongs to it.
///
/// Of fixes that overlap, the first in the file is taken, and the others are asked for again in the next round. A fix
/// after which less of a file can be read is refused. Ends after 20 rounds at the latest.
pub fn mend(mut files: Vec<SourceFile>, analyze: &dyn Fn(Vec<SourceFile>) -> Program) -> Mended {
    let first: BTreeMap<Arc<str>, Arc<str>> = files.iter().map(|f| (f.name.clone(), f.text.clone())).collect();
    let mut program = analyze(files.clone());
    let mut rest = build::check(&program, &Settings::default());
    let (mut done, mut refused): (Vec<Done>, Vec<Done>) = (Vec::new(), Vec::new());
    let mut seen: BTreeSet<(Arc<str>, Arc<str>)> = first.clone().into_iter().collect();
    for _ in 0..ROUNDS {
        let mut next = files.clone();
        let mut made = Vec::new();
        for file in &mut next {
            let asked = asked(&program, &rest, file, &refused);
            let (text, taken) = diagnostics::apply(&file.text, &asked.iter().map(|(fix, _)| *fix).collect::<Vec<_>>());
            if text == *file.text {
                continue;
            }
            let before = file.clone();
            file.text = text.into();
            // Two problems that undo each other's fix: which is right, nobody but the author knows.
            if seen.contains(&(file.name.clone(), file.text.clone())) {
                refused.extend(asked.iter().map(|(fix, problem)| said(&program, fix, problem)));
                *file = before;
                continue;
            }
            if is_worse(file, &before) {
                *file = before;
                // One of them is to blame: each is tried alone, and those that do no harm are carried out one a round.
                let alone = asked.iter().find(|(fix, _)| {
                    let (text, _) = diagnostics::apply(&file.text, &[fix]);
                    !is_worse(&SourceFile { text: text.into(), ..file.clone() }, file)
                });
                match alone {
                    Some((fix, problem)) => {
                        file.text = diagnostics::apply(&file.text, &[fix]).0.into();
                        made.push(said(&program, fix, problem));
                    }
                    None => refused.extend(asked.iter().map(|(fix, problem)| said(&program, fix, problem))),
                }
                continue;
            }
            made.extend(
                asked.iter().enumerate().filter(|(at, _)| taken.contains(at)).map(|(_, a)| said(&program, a.0, a.1)),
            );
        }
        if made.is_empty() {
            break;
        }
        done.extend(made);
        files = next;
        seen.extend(files.iter().map(|file| (file.name.clone(), file.text.clone())));
        program = analyze(files.clone());
        rest = build::check(&program, &Settings::default());
    }
    let mut changed: Vec<_> = files
        .into_iter()
        .filter_map(|file| {
            let before = first.get(&file.name).filter(|before| **before != file.text)?;
            Some((file.name, before.clone(), file.text))
        })
        .collect();
    changed.sort();
    Mended { program, rest, done, changed, refused }
}

/// The safe fixes in a file, in reading order.
fn asked<'d>(program: &Program, rest: &'d [Diagnostic], file: &SourceFile, refused: &[Done]) -> Vec<Asked<'d>> {
    let mut all: Vec<Asked<'d>> = Vec::new();
    for problem in rest {
        let Some(fix) = problem.fix.as_ref().filter(|fix| fix.is_safe) else { continue };
        let is_here = program.sources.get(fix.span.file).is_some_and(|f| f.name == file.name && f.text == file.text);
        if is_here && !refused.contains(&said(program, fix, problem)) {
            all.push((fix, problem));
        }
    }
    all.sort_by_key(|(fix, _)| *fix);
    all.dedup_by_key(|(fix, _)| *fix);
    all
}

fn said(program: &Program, fix: &Fix, problem: &Diagnostic) -> Done {
    Done {
        code: problem.code,
        place: program.sources.locate(fix.span).to_string(),
        before: program.sources.text(fix.span).to_owned(),
        now: fix.text.clone(),
    }
}

/// Whether less of a file can be read in this form than in that one: it has syntax errors for the first time, or an
/// earlier one. A mended word may well uncover more of them behind it.
fn is_worse(now: &SourceFile, before: &SourceFile) -> bool {
    let first = |file: &SourceFile| {
        let all = syntax::parse(file).diagnostics;
        all.iter().filter_map(|problem| problem.span().map(|span| span.start)).min()
    };
    match (first(now), first(before)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(now), Some(before)) => now < before,
    }
}
