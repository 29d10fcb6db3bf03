//! Commands of a document: those marked `run` are run, in the folder that the document builds up, and say what is
//! shown; the others exist, with the options they are given.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;

use regex::Regex;

use super::markdown::{Block, Document, Piece};
use super::programs::Projects;
use crate::support::cli;

/// Runs the commands of a document and gives what differs.
///
/// With `UPDATE_SNAPSHOTS=1` the document takes over what they say.
pub(super) fn run(document: &Document, root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut projects = Projects::default();
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    let mut news = Vec::new();
    for block in document.pieces.iter().filter_map(Piece::block) {
        if projects.takes(block).unwrap_or(true) || !block.has("run") {
            continue;
        }
        let project = block.value("project").unwrap_or_default();
        let folder = folders.entry(project.to_owned()).or_default();
        for (name, text) in projects.files.get(project).into_iter().flatten() {
            folder.project.write(name, text);
        }
        let said = folder.transcript(block);
        match said {
            Ok(said) if same(&block.text, &said) => {}
            Ok(said) => {
                wrong.push(format!("{}: now says\n{said}", block.place));
                news.push((block.line, block.text.lines().count(), said));
            }
            Err(why) => wrong.push(format!("{}: {why}", block.place)),
        }
    }
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() && !news.is_empty() {
        let path = root.join(&document.name);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        for (line, length, said) in news.iter().rev() {
            lines.splice(line - 1..line - 1 + length, said.lines());
        }
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
    wrong
}

/// A folder in which commands run.
struct Folder {
    project: cli::Project,
    variables: BTreeMap<String, String>,
}

impl Default for Folder {
    fn default() -> Self {
        Self { project: cli::Project::new(&[]), variables: BTreeMap::new() }
    }
}

impl Folder {
    /// The commands of a block with what they say now.
    fn transcript(&mut self, block: &Block) -> Result<String, String> {
        let mut all = String::new();
        let commands: Vec<&str> = block.text.lines().filter(|line| line.starts_with("$ ")).collect();
        for (at, line) in commands.iter().enumerate() {
            all += &format!("{line}\n");
            let words = words(&line[2..]);
            let exit = block.value("exit").filter(|_| at + 1 == commands.len()).unwrap_or("0");
            match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["export", assignment] => {
                    let (name, value) = assignment.split_once('=').ok_or("`export` wants NAME=VALUE")?;
                    self.variables.insert(name.to_owned(), value.to_owned());
                }
                ["mkdir", ..] | ["cd", ..] => {}
                ["infra", arguments @ ..] => all += &self.infra(arguments, exit)?,
                _ => return Err(format!("`{line}` is not a command that can be run here")),
            }
        }
        Ok(all)
    }

    fn infra(&self, arguments: &[&str], exit: &str) -> Result<String, String> {
        let mut command = self.project.command(arguments);
        let (mut reader, writer) = std::io::pipe().unwrap();
        command.envs(&self.variables).stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        // It holds the other end of the pipe.
        drop(command);
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        match status.code().map(|code| code.to_string()) {
            Some(code) if code == exit => Ok(said),
            code => Err(format!("`infra {}` ended with {code:?}:\n{said}", arguments.join(" "))),
        }
    }
}

/// The words of a command; quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '#') if all.last().is_some_and(String::is_empty) => break,
            (None, ' ') => all.push(String::new()),
            _ => all.last_mut().unwrap().push(c),
        }
    }
    all.retain(|word| !word.is_empty());
    all
}

/// Whether the lines are the same; a shown `...` stands for any lines. Times and digests do not count.
fn same(shown: &str, said: &str) -> bool {
    let flat = |text: &str| -> Vec<String> {
        let clock = Regex::new("[0-9]{2}:[0-9]{2}:[0-9]{2}").unwrap();
        let digest = Regex::new("[0-9a-f]{64}").unwrap();
        let length = Regex::new("[0-9]+([.][0-9]+)? ?m?s( |$)").unwrap();
        let lines = text.lines().map(|line| line.trim_end().to_owned());
        lines
            .map(|line| digest.replace_all(&line, "DIGEST").into_owned())
            .map(|line| length.replace_all(&clock.replace_all(&line, "TIME"), "LENGTH").into_owned())
            .collect()
    };
    fn fits(shown: &[String], said: &[String]) -> bool {
        match shown.split_first() {
            None => said.is_empty(),
            Some((first, rest)) if first.trim() == "..." => (0..=said.len()).any(|skip| fits(rest, &said[skip..])),
            Some((first, rest)) => said.split_first().is_some_and(|(line, more)| line == first && fits(rest, more)),
        }
    }
    fits(&flat(shown), &flat(said))
}

/// What commands there are, asked once each.
#[derive(Default)]
pub(super) struct Known {
    help: Mutex<BTreeMap<String, String>>,
}

impl Known {
    /// Commands of a document that do not exist, or not with these options.
    pub(super) fn check(&self, document: &Document, root: &Path) -> Vec<String> {
        let shells = document.pieces.iter().filter_map(Piece::block);
        let shells = shells.filter(|block| matches!(block.language.as_str(), "sh" | "console"));
        let lines = shells.flat_map(|block| {
            let commands = block.text.lines().filter_map(|line| match block.language.as_str() {
                "console" => line.strip_prefix("$ "),
                _ => Some(line),
            });
            commands.map(|line| (block.place.clone(), line.to_owned()))
        });
        let cells = document.cells.iter().map(|cell| (cell.place.clone(), cell.code.clone()));
        lines
            .chain(cells)
            .filter_map(|(place, line)| Some(format!("{place}: {}", self.missing(&line, root)?)))
            .collect()
    }

    fn missing(&self, line: &str, root: &Path) -> Option<String> {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let arguments = match words.as_slice() {
            ["infra", rest @ ..] | ["cargo", "run", "--", rest @ ..] => rest,
            _ => return None,
        };
        let (directory, arguments) = match arguments {
            ["-C", directory, rest @ ..] => (Some(*directory), rest),
            rest => (None, rest),
        };
        if let Some(directory) = directory.filter(|d| !root.join(d).is_dir()) {
            return Some(format!("there is no `{directory}`"));
        }
        let (name, rest) = arguments.split_first()?;
        if name.starts_with('-') {
            return None;
        }
        // A command of commands: the second word counts too.
        let parts = match (*name, rest.first()) {
            ("ci" | "contract", Some(verb)) if !verb.starts_with('-') => format!("{name} {verb}"),
            _ => (*name).to_owned(),
        };
        let help = self.help(&parts);
        let options = rest.iter().filter(|word| word.starts_with('-')).map(|word| word.split('=').next().unwrap());
        let unknown = options.filter(|option| !help.split([' ', ',', '[', '\n']).any(|word| word == *option));
        match help.starts_with("error") {
            true => Some(format!("there is no command `infra {parts}`")),
            false => unknown.map(|option| format!("`infra {parts}` has no `{option}`")).next(),
        }
    }

    fn help(&self, name: &str) -> String {
        let mut all = self.help.lock().unwrap();
        let ask = || {
            let mut command = cli::infra();
            command.args(name.split(' ')).arg("--help");
            let said = cli::run(command);
            format!("{}{}", said.out, said.err)
        };
        all.entry(name.to_owned()).or_insert_with(ask).clone()
    }
}
