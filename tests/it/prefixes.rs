//! No text makes the compiler panic: every prefix of every case and example, lines lost and doubled, deep nesting.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use infra::diagnostics::{self, Code, Diagnostic, Style};
use infra::schema::Types;
use infra::source::{SourceFile, Sources};
use infra::{build, semantics};

/// What `infra check` does, drawing included.
fn check(files: &[(&str, &str)]) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add((*name).to_owned(), *text);
    }
    let files: Vec<SourceFile> = sources.iter().cloned().collect();
    let program = semantics::analyze(files, std::sync::Arc::new(infra::world::Table::default()), Types::aws());
    let found = build::check(&program, &BTreeMap::new());
    diagnostics::render(&found, &program.sources, Style { colour: false, width: 100 });
    found
}

/// Runs a check; where it panics, says with what.
fn survives(name: &str, text: &str, around: &[(&str, &str)]) {
    let mut files = vec![("main.infra", text)];
    files.extend_from_slice(around);
    let done = catch_unwind(AssertUnwindSafe(|| check(&files)));
    assert!(done.is_ok(), "{name}: panics with\n{text}");
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

/// Every case and example, by name.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("tests/cases"), &mut paths);
    collect(&root.join("examples"), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    let all: Vec<_> = paths.into_iter().map(read).collect();
    assert!(all.len() > 100, "{} files", all.len());
    all
}

/// Spreads work over threads, whose panics it passes on.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(item) = all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

/// Every prefix of a text that ends in a word or sign; far into a long text, each fourth. `syntax::` cuts anywhere.
fn prefixes(text: &str) -> impl Iterator<Item = &str> {
    const LONG: usize = 2_500;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let ends = text.char_indices().zip(text.chars().skip(1)).filter_map(move |((at, last), next)| {
        let is_end = !(last.is_whitespace() || is_word(last) && is_word(next));
        is_end.then_some(at + last.len_utf8())
    });
    ends.enumerate().filter(|(n, at)| *at < LONG || n % 4 == 0).map(|(_, at)| &text[..at])
}

#[test]
fn a_prefix_ends_in_each_word_and_sign() {
    let all: Vec<&str> = prefixes("let ab1 = [x]\n\n  b\n").collect();
    assert_eq!(
        all,
        ["let", "let ab1", "let ab1 =", "let ab1 = [", "let ab1 = [x", "let ab1 = [x]", "let ab1 = [x]\n\n  b"]
    );
}

#[test]
fn no_prefix_of_any_file_makes_it_panic() {
    each(&texts(), |(name, text)| {
        for prefix in prefixes(text) {
            survives(name, prefix, &[]);
        }
    });
}

#[test]
fn no_prefix_beside_the_other_files_of_an_example_makes_it_panic() {
    let texts = texts();
    let of = |name: &str| texts.iter().find(|(n, _)| n.ends_with(name)).map(|(_, t)| t.as_str()).unwrap();
    let (project, core) = (of("backend-service/project.infra"), of("backend-service/core.infra"));
    let cuts: Vec<usize> = (0..core.len()).step_by(97).filter(|at| core.is_char_boundary(*at)).collect();
    each(&cuts, |at| survives("core.infra", &core[..*at], &[("project.infra", project)]));
    let cuts: Vec<usize> = (0..project.len()).step_by(29).filter(|at| project.is_char_boundary(*at)).collect();
    each(&cuts, |at| survives("project.infra", &project[..*at], &[("core.infra", core)]));
}

#[test]
fn lines_that_are_lost_doubled_or_moved_do_not_make_it_panic() {
    let around = texts();
    // Texts about limits are made to cost much.
    let around: Vec<_> = around.iter().filter(|(name, text)| text.len() < 4000 && !name.contains("/limits/")).collect();
    each(&around, |(name, text)| {
        let lines: Vec<&str> = text.lines().collect();
        // A third of the lines: which one, and what befalls it, differs from file to file.
        for at in (name.len() % 3..lines.len()).step_by(3) {
            let mut changed = lines.clone();
            let line = changed.remove(at);
            match at / 3 % 3 {
                0 => {}
                1 => changed.splice(at..at, [line, line]).for_each(drop),
                // Somewhere else, after a line that it does not belong to.
                _ => changed.insert((at * 7 + 3) % (changed.len() + 1), line),
            }
            survives(name, &changed.join("\n"), &[]);
        }
    });
}

#[test]
fn nesting_ends_at_its_limit_with_a_diagnostic() {
    let head = "project p\naccount a { id: \"111111111111\" }\nenv dev { account: a, regions: [\"eu-west-1\"] }\n";
    for (open, close) in [("[", "]"), ("(", ")"), ("{ A: ", " }"), ("if true then ", " else 1"), ("-", ""), ("!", "")] {
        let nested = |depth: usize| {
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            format!("{head}let x = {open}1{close}\ncore c {{ resource T = AWS::SNS::Topic {{}} }}\n")
        };
        for depth in [100, 260, 20_000] {
            let found = check(&[("main.infra", &nested(depth))]);
            let refused = found.iter().any(|d| d.code == Code::LimitExceeded);
            assert_eq!(refused, depth > 256, "`{open}` {depth} deep: {found:#?}");
        }
    }
    for (open, close) in [("if true {\n", "}\n"), ("for i in 0..1 {\n", "}\n")] {
        let nested = |depth: usize| format!("{head}core c {{\n{}{}}}\n", open.repeat(depth), close.repeat(depth));
        for depth in [100, 20_000] {
            let found = check(&[("main.infra", &nested(depth))]);
            let refused = found.iter().any(|d| d.code == Code::LimitExceeded);
            assert_eq!(refused, depth > 256, "`{open}` {depth} deep");
        }
    }
    let interpolated = format!("{head}let x = {}1{}\n", "\"${".repeat(5000), "}\"".repeat(5000));
    assert!(check(&[("main.infra", &interpolated)]).iter().any(|d| d.code == Code::LimitExceeded));
}
