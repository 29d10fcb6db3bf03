//! Which stacks are meant: names and globs, `stack`, `stack@region` or `stack@env`.

use std::collections::BTreeSet;

use clap::Args;
use globset::{Glob, GlobMatcher};

use super::Context;
use super::output::Exit;
use crate::diagnostics::nearest;

/// Which stacks.
#[derive(Args, Default)]
pub(super) struct Selection {
    /// Only these stacks: `api`, `api@us-east-1`, `api@prod`, `'queue-*'`; all where none is named
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
}

impl Selection {
    /// The plan file, where one is given in place of stacks: no name of a stack has a `.` or a `/` before its `@`.
    pub(super) fn file(&self) -> Option<&str> {
        let is_file = |text: &&String| text.split('@').next().is_some_and(|name| name.contains(['.', '/', '\\']));
        self.stacks.iter().find(is_file).map(String::as_str)
    }

    /// How many are named.
    pub(super) fn count(&self) -> usize {
        self.stacks.len()
    }

    /// The ids among `ids` (`stack@env/region`) that are meant; `None` where all are.
    pub(super) fn choose(&self, ids: &[&str], context: &mut Context) -> Result<Option<BTreeSet<String>>, Exit> {
        let mut chosen = BTreeSet::new();
        for pattern in &self.stacks {
            let found = matching(pattern, ids).map_err(|why| context.terminal.fail(&why))?;
            if found.is_empty() {
                let names: BTreeSet<&str> = ids.iter().map(|id| parts(id).0).collect();
                let asked = pattern.split('@').next().unwrap_or(pattern);
                let help = match nearest(asked, names.iter().copied()) {
                    Some(near) => format!("the nearest is `{near}`"),
                    None => format!("there are: {}", names.into_iter().collect::<Vec<_>>().join(", ")),
                };
                return Err(context.terminal.fail(&format!("no stack `{pattern}` here; {help}")));
            }
            chosen.extend(found);
        }
        Ok(if self.stacks.is_empty() { None } else { Some(chosen) })
    }
}

/// The ids that `pattern` means. What follows the `@` is a region, an environment, or a whole place `env/region`.
pub(super) fn matching(pattern: &str, ids: &[&str]) -> Result<Vec<String>, String> {
    let (stack, place) = pattern.split_once('@').unwrap_or((pattern, "*"));
    let (stack, place) = (glob(stack)?, glob(place)?);
    let fits = |id: &&&str| {
        let (name, at) = parts(id);
        let (env, region) = at.split_once('/').unwrap_or((at, at));
        stack.is_match(name) && [region, env, at].iter().any(|part| place.is_match(part))
    };
    Ok(ids.iter().filter(fits).map(|id| (*id).to_owned()).collect())
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|e| format!("`{text}` is no pattern: {}", e.kind()))
}

fn parts(id: &str) -> (&str, &str) {
    id.split_once('@').unwrap_or((id, ""))
}
