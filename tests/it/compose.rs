//! Compose files: what each key becomes, and that the converter and the language make the same of them.
//!
//! A folder of `tests/compose` is a row: `docker-compose.yaml`, further files over it in the order of their names, and
//! `stack.infra`, what the converter prints. `UPDATE_SNAPSHOTS=1` takes over what it prints now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra::build::{Build, build};
use infra::compose::{self, Files, Given};
use infra::diagnostics::{self, Code, Diagnostic, Style};
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::{FileId, SourceFile, Sources, Span};
use infra::syntax;
use infra::world::Table;

const PROJECT: &str = r#"project row
account main { id: "111111111111" }
env dev { account: main, regions: ["eu-west-1"] }
"#;

fn rows() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose");
    let mut rows: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    rows.sort();
    rows
}

/// The texts of a row by name, the compose files first.
struct Row {
    compose: Vec<(String, String)>,
    others: Vec<(String, String)>,
}

fn row(folder: &Path) -> Row {
    let mut row = Row { compose: Vec::new(), others: Vec::new() };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // `docker-compose.yaml` is the first of all.
    paths.sort_by_key(|path| (!path.ends_with("docker-compose.yaml"), path.clone()));
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        match name.as_str() {
            "stack.infra" => {}
            name if name.ends_with(".yaml") && !name.starts_with('_') => row.compose.push((name.to_owned(), text)),
            _ => row.others.push((name, text)),
        }
    }
    row
}

struct Others<'s> {
    row: &'s Row,
    sources: &'s Sources,
}

impl Files for Others<'_> {
    fn read(&self, path: &str, named: Span) -> Result<&SourceFile, Box<Diagnostic>> {
        let missing = || Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`")).at(named, "this file");
        let (name, text) = self.row.others.iter().find(|(name, _)| name == path).ok_or_else(missing)?;
        let id = self.sources.include(name.as_str(), text.as_str());
        self.sources.get(id).ok_or_else(|| missing().into())
    }
}

/// What the converter prints.
fn printed(row: &Row) -> String {
    let mut sources = Sources::default();
    let ids: Vec<FileId> = row.compose.iter().map(|(name, text)| sources.add(name.as_str(), text.as_str())).collect();
    let files: Vec<&SourceFile> = ids.iter().map(|id| sources.get(*id).unwrap()).collect();
    let mut problems = Vec::new();
    let stack = compose::stack(&files, &Given::default(), &Others { row, sources: &sources }, &mut problems);
    let said = diagnostics::render(&problems, &sources, Style { colour: false, width: 100 });
    let text = compose::print(&stack.unwrap_or_else(|| panic!("{said}")), "demo", &sources);
    let file = SourceFile { id: FileId(0), name: "stack.infra".into(), text: text.as_str().into() };
    syntax::format(&file).unwrap_or_else(|| panic!("what is printed cannot be read:\n{text}"))
}

/// A project of these texts, built without a problem.
fn built(files: &[(&str, &str)]) -> Build {
    let table: Table = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let mut sources = Sources::default();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".infra")) {
        sources.add(*name, *text);
    }
    let program = semantics::analyze(sources.iter().cloned().collect(), Arc::new(table), Types::aws());
    let built = build(&program, &Target { envs: vec!["dev".into()], ..Target::default() });
    let said = diagnostics::render(&built.diagnostics, &program.sources, Style { colour: false, width: 100 });
    assert!(built.diagnostics.is_empty(), "{said}");
    built
}

fn templates(built: &Build) -> BTreeMap<String, (String, BTreeMap<String, String>)> {
    let one = |stack: &infra::build::Built| {
        (stack.head.key.to_string(), (stack.template.body.to_string(), stack.head.tags.clone()))
    };
    built.stacks.iter().map(one).collect()
}

#[test]
fn the_converter_prints_what_is_kept() {
    let mut wrong = Vec::new();
    for folder in rows() {
        let (path, now) = (folder.join("stack.infra"), printed(&row(&folder)));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != now && std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &now).unwrap();
        } else if kept != now {
            wrong.push(format!("{}: UPDATE_SNAPSHOTS=1 takes this over:\n{now}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows().len() >= 15, "a row is missing");
}

#[test]
fn the_language_makes_the_same_of_them() {
    for folder in rows() {
        let row = row(&folder);
        let names: Vec<String> = row.compose.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let taken = format!("service demo = compose({})\n", names.join(", "));
        let mut files = vec![("main.infra", PROJECT), ("demo.infra", taken.as_str())];
        files.extend(row.compose.iter().chain(&row.others).map(|(name, text)| (name.as_str(), text.as_str())));
        let by_language = built(&files);
        let printed = printed(&row);
        let by_converter = built(&[("main.infra", PROJECT), ("demo.infra", &printed)]);
        assert_eq!(templates(&by_language), templates(&by_converter), "{}", folder.display());
        assert_eq!(by_language.stacks.len(), 1);
    }
}

/// The keys in the first cells of the table below a heading.
fn listed(text: &str, heading: &str) -> Vec<String> {
    let section = text.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn the_document_has_every_key_once() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compose.md")).unwrap();
    for (heading, keys) in compose::keys() {
        let mut listed = listed(&text, heading);
        listed.sort();
        let mut keys: Vec<&str> = keys;
        keys.sort_unstable();
        assert_eq!(listed, keys, "{heading}");
    }
}

/// Whatever a file holds, it ends with a stack or with problems that have a place.
#[test]
fn nothing_panics_and_every_problem_has_a_place() {
    let deep = |open: &str, close: &str| format!("services: {}x{}", open.repeat(300), close.repeat(300));
    let defaults = format!("services: {{ a: {{ image: \"{}x{}\" }} }}", "${A:-".repeat(5000), "}".repeat(5000));
    let many: String =
        (0..3000).map(|n| format!("  s{n}: {{ image: x, depends_on: [s{}] }}\n", (n + 1) % 3000)).collect();
    let texts = [
        deep("[", "]"),
        deep("{a: ", "}"),
        defaults,
        format!("services:\n{many}"),
        format!("services: {{ a: {{ image: {} }} }}", "x".repeat(2 << 20)),
        "services: &a { a: *a }".to_owned(),
        "services: { a: { <<: 1 } }".to_owned(),
        "services: { a: { image: x, ports: ['1-99'], expose: ['0-70000'] } }".to_owned(),
        "services: { 'é/💥': { image: x } }\nx-sqs: { '💥': { Services: { 'é/💥': { Access: RO } } } }".to_owned(),
        "services: { a: { image: x } }\nx-elbv2: { b: { Listeners: 1, Services: [1, { name: a }, { name: a, port: 99999999999999999999 }] } }".to_owned(),
        "services: { a: { image: x } }\nx-vpc: { Properties: { VpcCidr: 10.0.0.0/99, SingleNat: 1 } }".to_owned(),
        "services: { a: { image: x, deploy: { resources: { limits: { cpus: .nan, memory: -1 } } } } }".to_owned(),
        "services: { a: { image: x, healthcheck: { test: [] }, command: \"'\\\\\" } }".to_owned(),
    ];
    for text in texts {
        let row = Row { compose: vec![("docker-compose.yaml".to_owned(), text)], others: Vec::new() };
        let mut sources = Sources::default();
        let id = sources.add("docker-compose.yaml", row.compose[0].1.as_str());
        let mut problems = Vec::new();
        let files = [sources.get(id).unwrap()];
        let stack = compose::stack(&files, &Given::default(), &Others { row: &row, sources: &sources }, &mut problems);
        assert!(stack.is_some() || diagnostics::has_errors(&problems));
        assert!(problems.iter().all(|problem| problem.span().is_some_and(|span| span.file == id)), "{problems:?}");
    }
}

/// The whole command. Processes are only started with the AWS half.
#[cfg(feature = "aws")]
mod command {
    use super::{row, rows};
    use crate::support::cli::Project;

    #[test]
    fn it_prints_the_same() {
        for folder in rows() {
            let row = row(&folder);
            let all = row.compose.iter().chain(&row.others).map(|(name, text)| (name.as_str(), text.as_str()));
            let project = Project::new(&all.collect::<Vec<_>>());
            let files = row.compose.iter().map(|(name, _)| name.as_str());
            let said = project.run(&["from-compose"].into_iter().chain(files).collect::<Vec<_>>()).ended(0);
            let kept = std::fs::read_to_string(folder.join("stack.infra")).unwrap();
            assert_eq!(said.out, kept, "{}", folder.display());
        }
    }

    #[test]
    fn it_says_what_is_wrong_where_it_stands() {
        let project = Project::new(&[
            ("docker-compose.yaml", "services:\n  web:\n    image: nginx:${TAG}\n"),
            ("aws.yaml", "services:\n  web:\n    imagee: nginx\n"),
        ]);
        let said = project.infra("from-compose docker-compose.yaml aws.yaml --set TAG=1").ended(1);
        assert!(said.err.contains("aws.yaml:3:5") && said.err.contains("`image`"), "{}", said.err);
        assert_eq!(said.out, "");

        let said = project.infra("from-compose docker-compose.yaml --name web --set TAG=1.27").ended(0);
        assert!(said.out.starts_with("service web {") && said.out.contains("\"nginx:1.27\""), "{}", said.out);

        let said = project.infra("from-compose docker-compose.yaml --name 1x --set TAG=1").ended(1);
        assert!(said.err.contains("`1x` is no name for a stack"), "{}", said.err);
        let said = project.infra("from-compose nothing.yaml").ended(1);
        assert!(said.err.contains("cannot read nothing.yaml"), "{}", said.err);
    }
}
