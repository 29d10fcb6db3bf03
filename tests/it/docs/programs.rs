//! Programs of a document: parsed, checked, formatted, built.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra::build::{self, Build};
use infra::diagnostics::{Code, Diagnostic};
use infra::schema::Types;
use infra::semantics::{self, Program, Settings, Target};
use infra::source::Sources;
use infra::syntax;
use infra::world::{Table, World as _};

use super::markdown::{Block, Cell, Document, Piece};

/// Files by name.
pub(super) type Files = BTreeMap<String, String>;

/// Every problem of the programs of a document.
pub(super) fn check(document: &Document) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut given = Given::default();
    let mut projects = Projects::default();
    for piece in &document.pieces {
        match piece {
            Piece::Heading => given = Given::default(),
            Piece::Given(what, text) => given.take(what, text),
            Piece::Block(block) => match projects.takes(block) {
                Ok(true) => {}
                // A project is whole where its run of files ends.
                Ok(false) => {
                    wrong.extend(projects.settle());
                    wrong.extend(given.judge(block));
                }
                Err(why) => wrong.push(format!("{}: {why}", block.place)),
            },
        }
    }
    wrong.extend(projects.settle());
    wrong
}

/// The right programs of a document, each with the place of its block.
pub(super) fn right(document: &Document) -> Vec<(String, Files)> {
    let mut given = Given::default();
    let mut found = Vec::new();
    for piece in &document.pieces {
        match piece {
            Piece::Heading => given = Given::default(),
            Piece::Given(what, text) => given.take(what, text),
            Piece::Block(block) if block.language == "infra" => {
                if !["wrong", "parse", "expr", "file", "append"].iter().any(|word| block.has(word)) {
                    let inside = if block.has("fragment") { block.text.as_str() } else { "" };
                    found.push((block.place.clone(), given.whole(block, inside)));
                }
            }
            Piece::Block(_) => {}
        }
    }
    found
}

/// What the blocks of a section stand on.
#[derive(Default)]
struct Given {
    top: String,
    inside: String,
    files: Files,
}

impl Given {
    fn take(&mut self, what: &str, text: &str) {
        match (what, what.strip_prefix("file=")) {
            (_, Some(name)) => drop(self.files.insert(name.to_owned(), text.to_owned())),
            ("top", None) => self.top.push_str(text),
            (_, None) => self.inside.push_str(text),
        }
    }

    /// The whole program that a block, or the statements of it that are to stand in a stack, makes.
    fn whole(&self, block: &Block, inside: &str) -> Files {
        let text = match inside.is_empty() {
            true => complete(&format!("{}{}", self.top, block.text)),
            false => complete(&format!("{}core page {{\n{}{inside}}}\n", self.top, self.inside)),
        };
        let mut files = self.files.clone();
        files.insert("page.infra".to_owned(), text);
        files
    }

    fn judge(&self, block: &Block) -> Option<String> {
        if block.language != "infra" {
            return None;
        }
        let judged = if block.has("parse") {
            self.parses(block)
        } else if block.has("expr") {
            let judge = |(at, text): (usize, String)| {
                self.holds(block, &text).map_err(|why| format!("(line {}) {why}", block.line + at))
            };
            expressions(&block.text).into_iter().try_for_each(judge)
        } else if block.has("fragment") {
            self.holds(block, &block.text)
        } else {
            self.holds(block, "")
        };
        judged.err().map(|why| format!("{}: {why}", block.place))
    }

    fn parses(&self, block: &Block) -> Result<(), String> {
        let wrapped =
            if block.has("fragment") { format!("core page {{\n{}}}\n", block.text) } else { block.text.clone() };
        expect(block, &parsed(&wrapped))
    }

    /// Whether the block, or the statements of it that are to stand in a stack, is as it says.
    fn holds(&self, block: &Block, inside: &str) -> Result<(), String> {
        let program = analyzed(&self.whole(block, inside));
        let mut found = build::check(&program, &Settings::default());
        // An excerpt need not read all that it declares.
        found.retain(|d| d.code != Code::Unused);
        expect(block, &found)?;
        if block.has("wrong") {
            return Ok(());
        }
        build_all(&program)?;
        match block.has("expr") {
            true => Ok(()),
            false => is_formatted(block),
        }
    }
}

/// Whether what was found is what the block promises.
fn expect(block: &Block, found: &[Diagnostic]) -> Result<(), String> {
    let said = || found.iter().map(|d| format!("\n    {}: {}", d.code, d.message)).collect::<String>();
    match (block.has("wrong"), block.value("wrong")) {
        (false, _) if found.is_empty() => Ok(()),
        (false, _) => Err(format!("has problems:{}", said())),
        (true, None) if !found.is_empty() => Ok(()),
        (true, Some(code)) if !found.is_empty() && found.iter().all(|d| d.code.name() == code) => Ok(()),
        (true, code) => Err(format!("should have the problem {}, and has:{}", code.unwrap_or("it shows"), said())),
    }
}

/// The expressions of a block as statements, each with its line. `// = value` asserts the value.
fn expressions(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let goes_on = line.starts_with(|c: char| c.is_whitespace() || matches!(c, '}' | ']' | ')'));
        match found.last_mut().filter(|_| goes_on) {
            Some((_, last)) => *last += &format!("\n{line}"),
            None if line.starts_with("//") => {}
            None => found.push((at, line.to_owned())),
        }
    }
    let statement = |text: String| match text.split_once("// = ") {
        Some((expr, value)) => format!("let it = {expr}\nassert it == ({value}), json(it)\n"),
        None => format!("let it = {text}\n"),
    };
    found.into_iter().map(|(at, text)| (at, statement(text))).collect()
}

/// A document leaves out what does not matter to it; this adds it: the project, accounts, environments.
fn complete(block: &str) -> String {
    let begins = |words: &[&str]| block.lines().any(|line| words.iter().any(|word| line.starts_with(word)));
    let mut text = String::new();
    if !begins(&["project "]) {
        text.push_str("project page\n");
        for (account, digit) in [("nonprod", "1"), ("prod", "2")] {
            if !begins(&[&format!("account {account} ")]) {
                text.push_str(&format!("account {account} {{ id: \"{}\" }}\n", digit.repeat(12)));
            }
        }
        if !begins(&["env "]) {
            text.push_str("env dev { account: nonprod, regions: [\"eu-west-1\"], azs: 2 }\n");
            text.push_str(
                "env prod { account: prod, regions: [\"eu-west-1\", \"us-east-1\"], azs: 3, protect: true }\n",
            );
        }
    }
    text + block
}

/// The layout of the documents is the one of `infra fmt`.
fn is_formatted(block: &Block) -> Result<(), String> {
    let is_fragment = block.has("fragment");
    let text = if is_fragment { format!("core page {{\n{}}}\n", indented(&block.text)) } else { block.text.clone() };
    let mut sources = Sources::default();
    let id = sources.add("page.infra", &*text);
    let formatted = syntax::format(sources.get(id).unwrap()).unwrap_or_default();
    match formatted == text {
        true => Ok(()),
        false => Err(format!("is not laid out as `infra fmt` does it:\n{formatted}")),
    }
}

fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    text.lines().map(line).collect()
}

/// Whether code in a table is a declaration, a statement, an entry, a value, a type or a decorator.
pub(super) fn cell(cell: &Cell) -> Option<String> {
    // `…` stands for what does not matter.
    let code = cell.code.replace('…', "");
    let is_command = code.starts_with("infra ") || code.starts_with('-');
    let forms = [
        format!("{code}\n"),
        format!("core page {{\n{code}\n}}\n"),
        format!("let it = {{ {code} }}\n"),
        format!("let it = {code}\n"),
        format!("core page {{\nresource A = {code}\n}}\n"),
        format!("test \"page\" {{\n{code}\n}}\n"),
        format!("param it: {code}\n"),
        format!("{code}\ncore page {{}}\n"),
    ];
    let can_be_read = is_command || forms.iter().any(|form| parsed(form).is_empty());
    (!can_be_read).then(|| format!("{}: `{}` cannot be read", cell.place, cell.code))
}

fn parsed(text: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    let id = sources.add("page.infra", text);
    syntax::parse(sources.get(id).unwrap()).diagnostics
}

pub(super) fn analyzed(files: &Files) -> Program {
    let world: Table = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let mut sources = Sources::default();
    for name in world.files().unwrap() {
        sources.add(name.as_str(), files[&name].as_str());
    }
    semantics::analyze(sources.iter().cloned().collect(), Arc::new(world), Types::aws())
}

/// The program built for each of its environments.
pub(super) fn build_all(program: &Program) -> Result<Vec<Build>, String> {
    let build = |(env, _)| {
        let built = build::build(program, &Target { envs: vec![env], shared: true, ..Target::default() });
        match built.diagnostics.first() {
            Some(problem) => Err(format!("does not build for {env}: {}", problem.message)),
            None => Ok(built),
        }
    };
    let built = semantics::environments(program).into_iter().map(build).collect::<Result<_, _>>()?;
    match semantics::test(program, &Settings::default(), &|_, _| true).iter().find(|run| !run.problems.is_empty()) {
        Some(run) => Err(format!("the test `{}` does not pass in {}: {}", run.title, run.env, run.problems[0].message)),
        None => Ok(built),
    }
}

/// The projects that a document builds up.
#[derive(Default)]
pub(super) struct Projects {
    pub(super) files: BTreeMap<String, Files>,
    /// The projects that changed, each with the block that changed it last.
    changed: BTreeMap<String, Block>,
}

impl Projects {
    /// Takes a block that is a file of a project or a part of one; false where it is neither.
    pub(super) fn takes(&mut self, block: &Block) -> Result<bool, String> {
        let (Some(name), appends) = (block.value("file").or(block.value("append")), block.has("append")) else {
            return Ok(false);
        };
        let project = block.value("project").unwrap_or_default().to_owned();
        let file = self.files.entry(project.clone()).or_default().entry(name.to_owned()).or_default();
        match (block.language.as_str(), appends) {
            ("diff", _) => *file = patched(file, &block.text)?,
            (_, true) => *file += &block.text,
            (_, false) => file.clone_from(&block.text),
        }
        self.changed.insert(project, block.clone());
        Ok(true)
    }

    /// Checks and builds the projects that changed since.
    fn settle(&mut self) -> Vec<String> {
        let changed = std::mem::take(&mut self.changed);
        let judge = |(project, block): (String, Block)| {
            let judged = self.judge(&project, &block);
            judged.err().map(|why| format!("{}: the project {why}", block.place))
        };
        changed.into_iter().filter_map(judge).collect()
    }

    fn judge(&self, project: &str, block: &Block) -> Result<(), String> {
        let program = analyzed(&self.files[project]);
        expect(block, &build::check(&program, &Settings::default()))?;
        if block.has("wrong") {
            return Ok(());
        }
        for file in program.sources.iter() {
            if syntax::format(file).as_deref() != Some(&file.text) {
                return Err(format!("has `{}` in another layout than `infra fmt` makes", file.name));
            }
        }
        build_all(&program).map(drop)
    }
}

/// A text with the lines of a difference changed: what begins with `-` or a blank is found in it, as a whole.
fn patched(text: &str, difference: &str) -> Result<String, String> {
    let side = |keep: char| -> Vec<&str> {
        let lines = difference.lines().filter(|l| l.starts_with(keep) || l.starts_with(' ') || l.is_empty());
        lines.map(|l| l.get(1..).unwrap_or_default()).collect()
    };
    let (old, new) = (side('-'), side('+'));
    let lines: Vec<&str> = text.lines().collect();
    let places: Vec<usize> = (0..lines.len()).filter(|at| lines[*at..].starts_with(&old)).collect();
    let [at] = places[..] else { return Err(format!("its old lines are found {} times", places.len())) };
    let all = [&lines[..at], &new, &lines[at + old.len()..]].concat();
    Ok(all.join("\n") + "\n")
}
