//! Files that we write into the repository, and that people may have changed since.

use std::path::Path;

use crate::cli::Context;
use crate::cli::output::Exit;
use crate::{host, template};

/// What the second line of a file of ours says, behind the sign of a comment; the digest of all below it follows.
const MARK: &str = "Contents: ";

/// A file under its mark, which tells whether it was changed. `about` is its first line, a comment.
pub(super) fn marked(about: &str, text: &str) -> String {
    let comment = about.split(' ').next().unwrap_or_default();
    format!("{about}\n{comment} {MARK}{}\n{text}", template::digest(text))
}

/// Writes files below a folder and says which are other ones now; none where one was changed by hand, unless `force`.
pub(super) fn save(folder: &Path, files: &[(String, String)], force: bool, context: &mut Context) -> Result<(), Exit> {
    if let Some((name, _)) = files.iter().find(|(name, _)| !force && is_changed(&folder.join(name))) {
        return Err(context.terminal.fail(&format!(
            "`{name}` was changed by hand, or is somebody else's; move the changes elsewhere, or write over them with \
             `--force`"
        )));
    }
    for (name, text) in files {
        let path = folder.join(name);
        if host::read(&path).is_ok_and(|old| old == *text) {
            context.terminal.say(&format!("{name}: as it was"));
            continue;
        }
        host::write(&path, text.as_bytes())
            .map_err(|error| context.terminal.fail(&format!("cannot write {name}: {}", host::plain(&error))))?;
        context.terminal.say(&format!("{name}: written"));
    }
    Ok(())
}

/// Whether a file is there that is not as one of us wrote it.
fn is_changed(path: &Path) -> bool {
    if !host::exists(path) {
        return false;
    }
    let text = host::read(path).unwrap_or_default();
    let mut lines = text.splitn(3, '\n').skip(1);
    let told = lines.next().and_then(|line| Some(line.split_once(MARK)?.1));
    told != lines.next().map(template::digest).as_deref()
}
