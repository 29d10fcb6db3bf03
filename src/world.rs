//! The port to the project's files: what the compiler may ask of the outside.

use std::sync::Arc;

/// Reads files inside the project. The disk, an editor's buffers, a test's table.
pub trait World {
    /// The text of a file of the project. `path` is relative to it, with `/`.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow `cannot read …: `.
    fn read(&self, path: &str) -> Result<Arc<str>, String>;

    /// Every `*.infra` file of the project, sorted, with paths as `read` takes them.
    ///
    /// # Errors
    /// What is wrong with the directory, in the same words.
    fn files(&self) -> Result<Vec<String>, String>;
}
