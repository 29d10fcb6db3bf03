//! Fixes: what they leave behind can be read, and they come to rest.

use std::path::Path;
use std::sync::Arc;

use infra::build::{self, Mended};
use infra::diagnostics::apply;
use infra::schema::Types;
use infra::semantics::{self, Program, Settings};
use infra::source::{SourceFile, Sources};
use infra::world::Table;
use proptest::prelude::*;

use crate::support::{programs, seeded};

fn analyze(files: Vec<SourceFile>) -> Program {
    semantics::analyze(files, Arc::new(Table::default()), Types::aws())
}

fn files(text: &str) -> Vec<SourceFile> {
    let mut sources = Sources::default();
    sources.add("main.infra", text);
    sources.iter().cloned().collect()
}

fn mend(text: &str) -> Mended {
    build::mend(files(text), &analyze)
}

fn syntax_errors(text: &str) -> usize {
    infra::syntax::parse(&files(text)[0]).diagnostics.len()
}

/// A text with slips of the finger: letters left out, doubled, swapped with their neighbour.
fn slipped(text: &str, slips: &[(u16, u8)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, kind) in slips {
        let at = usize::from(*at) % chars.len().max(1);
        if at + 1 >= chars.len() {
            continue;
        }
        match kind % 3 {
            0 => drop(chars.remove(at)),
            1 => chars.insert(at, chars[at]),
            _ => chars.swap(at, at + 1),
        }
    }
    chars.into_iter().collect()
}

/// What every text must keep to, whatever fixes are found for it.
fn holds(text: &str) -> Result<(), TestCaseError> {
    let before = syntax_errors(text);
    let mended = mend(text);
    if let Some((_, _, now)) = mended.changed.first() {
        prop_assert!(before > 0 || syntax_errors(now) == 0, "{text}\nis now\n{now}");
    }
    prop_assert_eq!(mended.done.is_empty(), mended.changed.is_empty(), "{}", text);
    // Each fix alone, the suggestions too: none makes a text that cannot be read any more.
    for problem in build::check(&analyze(files(text)), &Settings::default()) {
        let Some(fix) = &problem.fix else { continue };
        prop_assert_eq!(fix.span.file.0, 0, "what is built in cannot be changed: {:?}", problem);
        let (now, taken) = apply(text, &[fix]);
        prop_assert_eq!(taken.len(), 1, "{:?} does not fit", fix);
        // Where something cannot be read anyway, a mended word may uncover more of it.
        prop_assert!(before > 0 || syntax_errors(&now) == 0, "{} {:?}\n{}", problem.message, fix, text);
    }
    // It came to rest before the last round: nothing safe is left but what was refused.
    let left = mended.rest.iter().filter_map(|d| d.fix.as_ref()).filter(|fix| fix.is_safe).count();
    prop_assert!(left == 0 || !mended.refused.is_empty(), "{}", text);
    Ok(())
}

proptest! {
    #![proptest_config(seeded(48))]

    #[test]
    fn no_fix_makes_a_program_that_cannot_be_read(
        bytes in prop::collection::vec(any::<u8>(), 0..160),
        slips in prop::collection::vec((any::<u16>(), any::<u8>()), 0..6),
    ) {
        holds(&slipped(&programs::program(&bytes, false), &slips))?;
    }
}

/// Every case, as it is: most are wrong in one way or other.
#[test]
fn no_fix_of_a_case_makes_it_unreadable() {
    let mut folders =
        ["check", "fix", "syntax"].map(|f| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(f)).to_vec();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "infra") {
                let text = std::fs::read_to_string(&path).unwrap();
                // The one whose loops run to the limit takes its time, and there is nothing to fix in it.
                let is_one_file = !text.contains("\n//- ") && !text.starts_with("//- ");
                if is_one_file && path.with_extension("snap").exists() && !path.ends_with("loops/huge.infra") {
                    holds(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 80, "{seen}");
}
