//! What is left out of a folder, by patterns.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns of files and folders. The empty one leaves nothing out.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    set: GlobSet,
}

impl Exclude {
    /// Of patterns: `*` stands for anything within a name, `**` also for folders, `?` for one character, `[a-z]` for
    /// one of these, `{a,b}` for either. One with a `/` in it is a path from the folder, any other a name at any depth.
    /// What names a folder leaves out all that is in it.
    ///
    /// # Errors
    /// Which of them is wrong, and how.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, String)> {
        let mut all = GlobSetBuilder::new();
        for (at, pattern) in patterns.into_iter().enumerate() {
            let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
            let whole = match pattern.strip_prefix("./").or_else(|| pattern.strip_prefix('/')) {
                Some(rest) => rest.to_owned(),
                None if pattern.contains('/') => pattern.to_owned(),
                None => format!("**/{pattern}"),
            };
            let glob = GlobBuilder::new(&whole).literal_separator(true).backslash_escape(true).build();
            all.add(glob.map_err(|e| (at, e.kind().to_string()))?);
        }
        Ok(Self { set: all.build().map_err(|e| (0, e.kind().to_string()))? })
    }

    /// Whether a pattern names that path itself.
    pub fn names(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// Whether a pattern names that path or a folder that it lies in.
    pub fn matches(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        self.names(path) || folders.into_iter().any(|folder| self.names(folder))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Exclude;

    #[test]
    fn names_at_any_depth_and_paths_from_the_folder() {
        let all = Exclude::new(["*.pyc", "node_modules/", "/docs", "test/**/*.snap", "./a.txt"]).unwrap();
        for out in
            ["x.pyc", "a/b/x.pyc", "node_modules/a/b.js", "x/node_modules/y", "docs/a.md", "test/u/v.snap", "a.txt"]
        {
            assert!(all.matches(out), "{out}");
        }
        for kept in ["x.py", "x/docs/a.md", "u.snap", "b/a.txt", "node_modules2/x"] {
            assert!(!all.matches(kept), "{kept}");
        }
        assert!(!Exclude::default().matches("anything"));
        assert_eq!(Exclude::new(["a", "[z-a]"]).unwrap_err().0, 1);
    }
}
