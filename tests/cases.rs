//! One file under `tests/cases` = one case = one snapshot beside it. Nothing to register.
//!
//! The first folder says what is done with the case, and what its snapshot holds:
//!
//! | folder | snapshot |
//! | --- | --- |
//! | `syntax` | the diagnostics of the parser, then the outline of what it kept |
//! | `format` | the formatted text |
//! | `check` | the diagnostics over all environments, or `ok` |
//! | `fix` | the files after `check --fix`, then what is still wrong |
//! | `build` | each template, readable, and the manifest |
//! | `test` | how each test ended, and what is wrong |
//! | `graph` | the graph of the instances as text and as Mermaid, and that of the resources of each as text |
//!
//! `build` and `graph` take the environment `dev`, or that of a line `//= NAME`.
//! A line `//- name.infra` starts another file of the same project; one of another extension
//! (`//- policy.json`) is a file that the program may read. `UPDATE_SNAPSHOTS=1` rewrites the
//! snapshots; a difference is otherwise a failure that shows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use infra::diagnostics::{self, Diagnostic, Style};
use infra::schema::Types;
use infra::semantics::{self, Program, Target};
use infra::source::{SourceFile, Sources};
use infra::world::Table;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let trials = files.into_iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap().with_extension("").to_string_lossy().replace('\\', "/");
        Trial::test(name.clone(), move || run(&path, &name))
    });
    libtest_mimic::run(&args, trials.collect()).exit_code()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "infra") {
            into.push(path);
        }
    }
}

fn run(path: &Path, name: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let kind = name.split('/').next().unwrap();
    let actual = match kind {
        "syntax" => syntax(&text),
        "format" => format(&text)?,
        "check" => check(&text),
        "fix" => fix(&text),
        "build" => build(&text),
        "graph" => graph(&text),
        "test" => test(&text),
        other => return Err(format!("no such kind of case: {other}").into()),
    };
    compare(&path.with_extension("snap"), &actual)
}

fn compare(snapshot: &Path, actual: &str) -> Result<(), Failed> {
    let expected = std::fs::read_to_string(snapshot).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(snapshot, actual)?;
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(&expected, actual).unified_diff().header("snapshot", "now").to_string();
    Err(format!("{} differs (UPDATE_SNAPSHOTS=1 takes it over):\n{diff}", snapshot.display()).into())
}

/// The files of a case: what stands before the first `//- name` is `main.infra`.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections = Vec::new();
    let mut name = "main.infra".to_owned();
    let mut body = String::new();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("//- ") {
            if name != "main.infra" || !body.trim().is_empty() {
                sections.push((name, body));
            }
            (name, body) = (next.trim().to_owned(), String::new());
        } else {
            writeln!(body, "{line}").unwrap();
        }
    }
    sections.push((name, body));
    sections
}

/// The sources of a case.
fn split(text: &str) -> Vec<SourceFile> {
    let mut sources = Sources::default();
    for (name, body) in sections(text) {
        if name.ends_with(".infra") && !name.starts_with("..") {
            sources.add(name, body);
        }
    }
    sources.iter().cloned().collect()
}

fn analyze(text: &str) -> Program {
    let table: Table = sections(text).into_iter().map(|(name, body)| (name, body.into_bytes())).collect();
    semantics::analyze(split(text), Arc::new(table), Types::aws())
}

fn sources_of(files: &[SourceFile]) -> Sources {
    let mut sources = Sources::default();
    for file in files {
        sources.add(file.name.clone(), file.text.clone());
    }
    sources
}

fn drawn(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    if diagnostics.is_empty() {
        return "ok\n".to_owned();
    }
    let out = diagnostics::render(diagnostics, sources, Style { colour: false, width: 100 });
    format!("{}\n", out.trim_end())
}

fn syntax(text: &str) -> String {
    let files = split(text);
    let sources = sources_of(&files);
    let mut out = String::new();
    for file in &files {
        let parsed = infra::syntax::parse(file);
        out.push_str(&drawn(&parsed.diagnostics, &sources));
        write!(out, "---\n{}", infra::syntax::outline(&parsed.file)).unwrap();
    }
    out
}

fn format(text: &str) -> Result<String, Failed> {
    let mut out = String::new();
    for file in &split(text) {
        let once = infra::syntax::format(file).ok_or("does not parse")?;
        let again = SourceFile { text: once.as_str().into(), ..file.clone() };
        if infra::syntax::format(&again).as_deref() != Some(once.as_str()) {
            return Err(format!("formatting twice gives something else:\n{once}").into());
        }
        out.push_str(&once);
    }
    Ok(out)
}

fn check(text: &str) -> String {
    let program = analyze(text);
    let found = infra::build::check(&program, &Default::default());
    drawn(&found, &program.sources)
}

/// The files after every safe fix, then what was left out and what is still wrong.
fn fix(text: &str) -> String {
    let table: Arc<Table> =
        Arc::new(sections(text).into_iter().map(|(name, body)| (name, body.into_bytes())).collect());
    let analyze = |files| semantics::analyze(files, table.clone(), Types::aws());
    let mended = infra::build::mend(split(text), &analyze);
    let mut out = String::new();
    for file in mended.program.sources.iter().filter(|f| !f.name.starts_with("std:")) {
        write!(out, "--- {}\n{}", file.name, file.text).unwrap();
    }
    for done in &mended.refused {
        writeln!(out, "--- refused: {} `{}`", done.place, done.now).unwrap();
    }
    write!(out, "--- left\n{}", drawn(&mended.rest, &mended.program.sources)).unwrap();
    out
}

/// The program of a case, and its environment: `dev`, or that of a line `//= prod`.
fn program(text: &str) -> (Program, Target) {
    let env = text.lines().find_map(|line| line.strip_prefix("//= ")).unwrap_or("dev");
    let target = Target { envs: vec![env.trim().into()], shared: true, ..Default::default() };
    (analyze(text), target)
}

/// What is wrong, then the templates, then what the manifest says of each stack but its tags.
fn build(text: &str) -> String {
    let (program, target) = program(text);
    let build = infra::build::build(&program, &target);
    let mut out = String::new();
    if !build.diagnostics.is_empty() {
        out.push_str(&drawn(&build.diagnostics, &program.sources));
    }
    for built in &build.stacks {
        let template: serde_json::Value = serde_json::from_str(&built.template.body).unwrap();
        // Sorted and minified as `serde_json` writes it, other characters than ASCII escaped.
        let canonical = serde_json::to_string(&template).unwrap();
        let ascii = canonical.chars().fold(String::new(), |mut out, c| match c.is_ascii() && c != '\u{7f}' {
            true => out + c.encode_utf8(&mut [0; 4]),
            false => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write!(out, "\\u{unit:04x}").unwrap());
                out
            }
        });
        assert_eq!(ascii, built.template.body, "canonical");
        writeln!(out, "--- {}\n{template:#}", built.file_name()).unwrap();
    }
    let mut manifest = infra::build::manifest(&build);
    for stack in manifest["stacks"].as_array_mut().unwrap() {
        stack.as_object_mut().unwrap().remove("tags");
    }
    writeln!(out, "--- manifest.json\n{manifest:#}").unwrap();
    out
}

/// How each test ended, and what is wrong.
fn test(text: &str) -> String {
    let program = analyze(text);
    let mut out = String::new();
    if !program.diagnostics.is_empty() {
        out.push_str(&drawn(&program.diagnostics, &program.sources));
    }
    for run in semantics::test(&program, &Default::default(), &|_, _| true) {
        writeln!(out, "--- {:?} {} {:?}", run.outcome(), run.env, run.title).unwrap();
        if !run.problems.is_empty() {
            out.push_str(&drawn(&run.problems, &program.sources));
        }
    }
    out
}

/// What is wrong, then the graph of the instances, then that of the resources of each.
fn graph(text: &str) -> String {
    let (program, target) = program(text);
    let mut drawings = String::new();
    let lowered = semantics::lower(&program, &target, &mut |instance| {
        let drawing = infra::graph::resources(instance);
        write!(drawings, "--- {}\n{}", instance.head.key, drawing.to_text()).unwrap();
    });
    let found = infra::build::build(&program, &target).diagnostics;
    let drawing = infra::graph::instances(&lowered.heads);
    let mut out = if found.is_empty() { String::new() } else { drawn(&found, &program.sources) };
    write!(out, "--- text\n{}--- mermaid\n{}", drawing.to_text(), drawing.to_mermaid()).unwrap();
    out + &drawings
}
