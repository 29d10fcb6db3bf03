//! What changed between two versions, for the description of a pull request.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::dump::dump;
use super::infra::schema::Types;

/// Types that came and went, and for the others the lines of their dumps that differ.
pub fn report(old: &Types, new: &Types) -> String {
    let names = |types: &Types| types.names().collect::<BTreeSet<_>>();
    let (before, after) = (names(old), names(new));
    let mut out = String::new();
    for name in before.difference(&after) {
        let _ = writeln!(out, "- {name}");
    }
    for name in after.difference(&before) {
        let _ = writeln!(out, "+ {name}");
    }
    for name in before.intersection(&after) {
        let (Some(was), Some(is)) = (old.resource(name), new.resource(name)) else { continue };
        let (was, is) = (dump(old, was), dump(new, is));
        if was != is {
            let _ = writeln!(out, "\n{name}");
            lines(&mut out, &was, &is);
        }
    }
    out
}

/// A line counts with the object it stands under.
fn lines(out: &mut String, was: &str, is: &str) {
    let placed = |text: &str| {
        let mut under = String::new();
        let place = |line: &str| {
            if !line.starts_with(' ') {
                under = line.to_owned();
                return line.to_owned();
            }
            format!("{under}{line}")
        };
        text.lines().map(place).collect::<BTreeSet<_>>()
    };
    let (was, is) = (placed(was), placed(is));
    for line in was.difference(&is) {
        let _ = writeln!(out, "  - {line}");
    }
    for line in is.difference(&was) {
        let _ = writeln!(out, "  + {line}");
    }
}
