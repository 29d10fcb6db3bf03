//! Patterns of strings, as AWS writes them: ECMAScript, found anywhere in the text.

use std::fmt;
use std::sync::OnceLock;

use super::format::pattern as kind;

/// A pattern, compiled when it is first tried.
pub struct Pattern {
    source: &'static str,
    kind: u32,
    engine: OnceLock<Engine>,
}

enum Engine {
    /// Understands all that AWS writes, but may backtrack.
    EcmaScript(regress::Regex),
    /// Takes linear time.
    Linear(regex::Regex),
    /// It cannot be compiled. The packer lets no such pattern through.
    None,
}

/// Texts longer than this (in bytes) match every pattern that is not linear: the time of a
/// backtracking search grows with a power of the length, and AWS decides in the end.
const LONGEST: usize = 1024;

/// A repetition such as `{1,2048}` takes room when it is compiled.
const COMPILED_SIZE: usize = 16 << 20;

impl Pattern {
    pub(super) fn new(source: &'static str, kind: u32) -> Self {
        Self { source, kind, engine: OnceLock::new() }
    }

    /// A pattern that the program wrote: of the linear kind, compiled at once.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn linear(source: &'static str) -> Result<Self, String> {
        match regex::RegexBuilder::new(source).size_limit(COMPILED_SIZE).build() {
            Ok(regex) => Ok(Self { source, kind: kind::LINEAR, engine: OnceLock::from(Engine::Linear(regex)) }),
            Err(error) => Err(last_line(&error.to_string())),
        }
    }

    /// A pattern of a schema that a project brings along: of the linear kind where it can be, else as ECMAScript
    /// reads it. Compiled at once.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn of_schema(source: &'static str) -> Result<Self, String> {
        Self::linear(source).or_else(|_| {
            let regex = regress::Regex::new(source).map_err(|error| last_line(&error.to_string()))?;
            Ok(Self { source, kind: kind::PLAIN, engine: OnceLock::from(Engine::EcmaScript(regex)) })
        })
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the pattern is found in `text`.
    pub fn matches(&self, text: &str) -> bool {
        match self.engine.get_or_init(|| self.compile()) {
            Engine::EcmaScript(regex) => text.len() > LONGEST || regex.find(text).is_some(),
            Engine::Linear(regex) => regex.is_match(text),
            Engine::None => true,
        }
    }

    /// Whether it can be compiled at all.
    pub fn compiles(&self) -> bool {
        !matches!(self.engine.get_or_init(|| self.compile()), Engine::None)
    }

    fn compile(&self) -> Engine {
        let linear =
            || regex::RegexBuilder::new(self.source).size_limit(COMPILED_SIZE).build().map(Engine::Linear).ok();
        let ecmascript = |flags| regress::Regex::with_flags(self.source, flags).map(Engine::EcmaScript).ok();
        match self.kind {
            kind::PLAIN => ecmascript(""),
            kind::UNICODE => ecmascript("u"),
            _ => linear(),
        }
        .unwrap_or(Engine::None)
    }
}

/// The engine draws the pattern first; what is wrong stands in the last line.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.source)
    }
}
