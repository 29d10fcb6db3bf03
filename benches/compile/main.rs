//! How fast a large project compiles, phase by phase, with everything checked.
//!
//! `cargo bench` prints the table. `cargo bench --bench compile -- 100 500` takes other numbers of
//! stacks (of 200 resources each); `-- write DIR 100 flat` writes a generated project to a folder.
//!
//! Each row is a process of its own, so that its peak of memory is its own. Times are CPU seconds
//! of that one thread, read from Linux, which counts in ticks of up to 4 ms: the columns of single
//! phases are rough, totals are not. They depend on the machine, and nothing asserts them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::Command;

use infra::diagnostics::has_errors;
use infra::names::Name;
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::{SourceFile, Sources};
use infra::{graph, syntax, template};

use generate::Form;

mod generate;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["row", stacks, form] => row(stacks.parse().unwrap(), self::form(form)),
        ["write", folder, stacks, form] => write(Path::new(folder), stacks.parse().unwrap(), self::form(form)),
        [] => table(&["25", "100", "500"]),
        sizes => table(sizes),
    }
}

fn form(word: &str) -> Form {
    Form::ALL.into_iter().find(|form| form.word() == word).expect("`for`, `component` or `flat`")
}

fn table(sizes: &[&str]) {
    println!(
        "{:>9} {:>9} {:>8} | {:>7} {:>7} {:>7} {:>7} {:>7} | {:>7} | {:>8} {:>9}",
        "resources", "form", "source", "parse", "names", "lower", "graph", "emit", "total", "peak", "templates"
    );
    for stacks in sizes {
        for form in Form::ALL.map(Form::word) {
            let status = Command::new(std::env::current_exe().unwrap()).args(["row", stacks, form]).status().unwrap();
            assert!(status.success(), "{stacks} stacks, {form}");
        }
    }
}

fn row(stacks: usize, form: Form) {
    let files = files(stacks, form);
    let bytes: usize = files.iter().map(|f| f.text.len()).sum();
    let types = Types::aws();

    let start = cpu();
    let program = semantics::analyze(files.clone(), std::sync::Arc::new(infra::world::Table::default()), types);
    let analyzed = cpu();
    let target = Target { envs: vec![Name::new("dev")], ..Target::default() };
    let (mut drawing, mut emitting, mut written, mut resources) = (0.0, 0.0, Vec::new(), 0);
    let mut found = Vec::new();
    let lowered = semantics::lower(&program, &target, &mut |instance| {
        let before = cpu();
        found.extend(graph::resource_cycles(instance));
        let drawn = cpu();
        let template = template::emit(instance);
        found.extend(template::limits(instance, &template));
        resources += template.resources;
        written.push(template);
        drawing += drawn - before;
        emitting += cpu() - drawn;
    });
    let end = cpu();
    let peak = peak();
    found.extend(lowered.diagnostics);
    assert!(!has_errors(&found), "{:?}", found.first());
    assert_eq!(lowered.heads.len(), stacks + 1);
    // Each service reads eight outputs of the core, and a queue of one or two stacks below all but the lowest.
    assert!(lowered.heads.iter().skip(1).all(|head| (8..=10).contains(&head.uses.len())));

    // Parsing alone, once more, so that the rest of `analyze` can be told from it.
    let before = cpu();
    let parsed: Vec<_> = files.iter().map(syntax::parse).collect();
    let parsing = cpu() - before;
    assert_eq!(parsed.len(), files.len());

    let templates: usize = written.iter().map(|t| t.body.len()).sum();
    println!(
        "{resources:>9} {:>9} {:>5.1} MB | {parsing:>7.3} {:>7.3} {:>7.3} {drawing:>7.3} {emitting:>7.3} | {:>7.3} | {peak:>5.0} MB {:>6.1} MB",
        form.word(),
        megabytes(bytes),
        (analyzed - start - parsing).max(0.0),
        end - analyzed - drawing - emitting,
        end - start,
        megabytes(templates),
    );
}

fn files(stacks: usize, form: Form) -> Vec<SourceFile> {
    let mut sources = Sources::default();
    for (name, text) in generate::project(stacks, form) {
        sources.add(name, text);
    }
    sources.iter().cloned().collect()
}

fn write(folder: &Path, stacks: usize, form: Form) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in generate::project(stacks, form) {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Seconds that this thread has run: the first figure of Linux's `schedstat`, in nanoseconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this bench runs on Linux");
    text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).expect("nanoseconds") / 1e9
}

/// The most memory this process has had, in megabytes.
fn peak() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|l| l.starts_with("VmHWM:")).expect("the peak of memory");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).expect("kilobytes") / 1e3
}
