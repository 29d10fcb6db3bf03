//! The forms in which problems are written: SARIF as the standard has it, workflow commands that nobody slips into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra::build;
use infra::diagnostics::{self, Code, Diagnostic, Severity};
use infra::schema::Types;
use infra::semantics::{self, Settings};
use infra::source::{FileId, Sources, Span};
use infra::world::Table;
use serde::Deserialize;
use serde_json::Value;

mod published;

/// SARIF 2.1.0, section 3, so far as we write it: what must be there is, nothing else may be.
/// Where the standard lets a property be left out, it is an `Option` only where we leave it out.
mod sarif {
    use super::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Log {
        #[serde(rename = "$schema")]
        pub(super) schema: String,
        pub(super) version: String,
        pub(super) runs: Vec<Run>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Run {
        pub(super) tool: Tool,
        pub(super) column_kind: ColumnKind,
        pub(super) results: Vec<Outcome>,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(rename_all = "camelCase")]
    pub(super) enum ColumnKind {
        Utf16CodeUnits,
        UnicodeCodePoints,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Tool {
        pub(super) driver: Driver,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Driver {
        pub(super) name: String,
        pub(super) semantic_version: String,
        pub(super) rules: Vec<Rule>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Rule {
        pub(super) id: String,
        pub(super) short_description: Text,
        pub(super) help: Text,
        pub(super) default_configuration: Configuration,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Configuration {
        pub(super) level: Level,
    }

    #[derive(Deserialize, PartialEq, Debug, Clone, Copy)]
    #[serde(rename_all = "camelCase")]
    pub(super) enum Level {
        None,
        Note,
        Warning,
        Error,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Text {
        pub(super) text: String,
        pub(super) markdown: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Outcome {
        pub(super) rule_id: String,
        pub(super) rule_index: usize,
        pub(super) level: Level,
        pub(super) message: Text,
        pub(super) locations: Vec<Location>,
        #[serde(default)]
        pub(super) related_locations: Vec<Location>,
        #[serde(default)]
        pub(super) fixes: Vec<Fix>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Location {
        pub(super) id: Option<u64>,
        pub(super) physical_location: Physical,
        pub(super) message: Option<Text>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Physical {
        pub(super) artifact_location: Artifact,
        pub(super) region: Region,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Artifact {
        pub(super) uri: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Region {
        pub(super) start_line: u32,
        pub(super) start_column: u32,
        pub(super) end_line: u32,
        pub(super) end_column: u32,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Fix {
        pub(super) description: Text,
        pub(super) artifact_changes: Vec<Change>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Change {
        pub(super) artifact_location: Artifact,
        pub(super) replacements: Vec<Replacement>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    pub(super) struct Replacement {
        pub(super) deleted_region: Region,
        pub(super) inserted_content: Text,
    }
}

/// What section 3 of the standard says beyond shapes.
fn look_at_sarif(log: &Value) -> sarif::Log {
    let log: sarif::Log = serde_json::from_value(log.clone()).unwrap();
    assert_eq!(log.version, "2.1.0");
    assert!(log.schema.ends_with("sarif-schema-2.1.0.json"));
    assert_eq!(log.runs.len(), 1);
    let run = &log.runs[0];
    assert_eq!((run.tool.driver.name.as_str(), &run.column_kind), ("infra", &sarif::ColumnKind::UnicodeCodePoints));
    assert_eq!(run.tool.driver.semantic_version, env!("CARGO_PKG_VERSION"));
    let mut ids: Vec<&str> = run.tool.driver.rules.iter().map(|rule| rule.id.as_str()).collect();
    for rule in &run.tool.driver.rules {
        assert!(!rule.short_description.text.is_empty() && !rule.help.text.is_empty(), "{}", rule.id);
        assert!(rule.help.markdown.as_ref().is_some_and(|page| page.starts_with("# ")), "{}", rule.id);
        assert_ne!(rule.default_configuration.level, sarif::Level::None);
    }
    let region = |region: &sarif::Region| {
        assert!(region.start_line >= 1 && region.start_column >= 1);
        assert!((region.start_line, region.start_column) <= (region.end_line, region.end_column));
    };
    let uri = |artifact: &sarif::Artifact| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:@%".contains(c);
        assert!(!artifact.uri.is_empty() && artifact.uri.chars().all(plain), "{}", artifact.uri);
    };
    for result in &run.results {
        assert_eq!(run.tool.driver.rules[result.rule_index].id, result.rule_id);
        assert!(!result.message.text.is_empty());
        assert!(result.locations.len() <= 1);
        for (at, related) in result.related_locations.iter().enumerate() {
            assert_eq!(related.id, Some(at as u64));
        }
        for location in result.locations.iter().chain(&result.related_locations) {
            region(&location.physical_location.region);
            uri(&location.physical_location.artifact_location);
            assert!(location.message.as_ref().is_none_or(|m| !m.text.is_empty() && m.markdown.is_none()));
        }
        for fix in &result.fixes {
            assert!(!fix.description.text.is_empty());
            for change in &fix.artifact_changes {
                uri(&change.artifact_location);
                assert!(!change.replacements.is_empty());
                change.replacements.iter().for_each(|r| region(&r.deleted_region));
                assert!(change.replacements.iter().all(|r| r.inserted_content.markdown.is_none()));
            }
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), run.tool.driver.rules.len(), "a rule for each code, once");
    log
}

fn checked(text: &str) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    for part in format!("//- main.infra\n{text}").split("//- ").skip(1) {
        let (name, body) = part.split_once('\n').unwrap();
        if name.ends_with(".infra") {
            sources.add(name, body);
        }
    }
    let program = semantics::analyze(sources.iter().cloned().collect(), Arc::new(Table::default()), Types::aws());
    (build::check(&program, &Settings::default()), program.sources)
}

/// Every case, in order.
fn case_texts() -> impl Iterator<Item = (PathBuf, String)> {
    let mut paths = Vec::new();
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"), &mut paths);
    paths.sort();
    paths.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    })
}

fn cases(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cases(&path, into);
        } else if path.extension().is_some_and(|e| e == "infra") {
            into.push(path);
        }
    }
}

#[test]
fn every_case_in_every_form() {
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut fixes = 0;
    for (path, text) in case_texts() {
        let (found, sources) = checked(&text);
        let log = look_at_sarif(&diagnostics::to_sarif(&found, &sources, ""));
        let results = &log.runs[0].results;
        assert_eq!(results.len(), found.len());
        for (result, d) in results.iter().zip(&found) {
            *codes.entry(result.rule_id.clone()).or_default() += 1;
            assert_eq!(result.level == sarif::Level::Error, d.severity == Severity::Error);
            assert_eq!(result.locations.len() + result.related_locations.len(), d.labels.len());
            fixes += result.fixes.len();
        }
        let lines = |text: &str| text.lines().count();
        assert_eq!(lines(&diagnostics::to_concise(&found, &sources)), found.len(), "{}", path.display());
        assert_eq!(lines(&diagnostics::to_github(&found, &sources, "")), found.len(), "{}", path.display());
    }
    assert!(codes.len() > 30 && fixes > 30, "{} {fixes}", codes.len());
}

const WRONG: &str = "project p

account a { id: \"111111111111\" }

env dev { account: a, regions: [\"eu-west-1\"] }

core é {
  resource Vpc = AWS::EC2::VPC { CidrBlock: \"10.0.0.0/16\", Tagz: [] }
}
";

#[test]
fn what_each_form_says() {
    let text = WRONG.replace("é", "network");
    let (found, sources) = checked(&text);
    let concise = diagnostics::to_concise(&found, &sources);
    let lines: Vec<&str> = concise.lines().collect();
    assert_eq!(
        lines,
        ["main.infra:8:60: error[unknown-property]: `AWS::EC2::VPC` has no property `Tagz`; write `Tags`"]
    );
    let github = diagnostics::to_github(&found, &sources, "infra/");
    assert_eq!(
        github,
        "::error file=infra/main.infra,line=8,endLine=8,col=60,endColumn=64,title=unknown-property\
         ::`AWS::EC2::VPC` has no property `Tagz`%0Ahelp: write `Tags`\n"
    );
    let log = look_at_sarif(&diagnostics::to_sarif(&found, &sources, "infra/"));
    let result = &log.runs[0].results[0];
    let place = &result.locations[0].physical_location;
    assert_eq!(place.artifact_location.uri, "infra/main.infra");
    assert_eq!((place.region.start_column, place.region.end_column), (60, 64));
    let fix = &result.fixes[0].artifact_changes[0];
    assert_eq!(fix.replacements[0].inserted_content.text, "Tags");
    assert_eq!(fix.replacements[0].deleted_region.end_column, 64);
}

/// Texts that would be a second command, a second property or a second line.
const HOSTILE: &[&str] = &[
    "a\n::error::injected",
    "a\r\n::set-output name=x::y",
    "\u{2028}::warning::x",
    "%0A::add-mask::x",
    "a::b,c=d,title=e",
    "##[error]x",
    "\u{1b}[31mred\u{7}",
    "::stop-commands::token",
    "日本語 %",
];

#[test]
fn no_text_of_a_program_becomes_a_command() {
    for hostile in HOSTILE {
        let mut sources = Sources::default();
        let file = sources.add(format!("{hostile}.infra"), format!("{hostile}\nsecond"));
        let span = Span::new(FileId(file.0), 0, hostile.len());
        let problem = Diagnostic::new(Code::UnknownName, format!("no `{hostile}`"))
            .at(span, *hostile)
            .at(span, *hostile)
            .help(*hostile)
            .fix(span, *hostile);
        let found = [problem.clone(), problem];
        let written = diagnostics::to_github(&found, &sources, &format!("{hostile}/"));
        // As the runner reads it: lines end at `\n` or `\r`, a command begins behind white space.
        let lines: Vec<&str> = written.split(['\n', '\r']).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 2, "{written:?}");
        for line in lines {
            let rest = line.strip_prefix("::error ").unwrap();
            let (properties, message) = rest.split_once("::").unwrap();
            let names: Vec<&str> = properties.split(',').map(|p| p.split_once('=').unwrap().0).collect();
            let one_line = !hostile.contains('\n');
            let expected: &[&str] = match one_line {
                true => &["file", "line", "endLine", "col", "endColumn", "title"],
                false => &["file", "line", "endLine", "title"],
            };
            assert_eq!(names, expected, "{line}");
            assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
            let back = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
            let plain: String =
                hostile.chars().map(|c| if c.is_control() && !"\r\n".contains(c) { '\u{fffd}' } else { c }).collect();
            assert!(back.starts_with(&format!("no `{plain}`\n")), "{back:?}");
        }
        let concise = diagnostics::to_concise(&found, &sources);
        assert_eq!(concise.lines().count(), 2);
        assert!(concise.chars().all(|c| c == '\n' || !c.is_control()), "{concise:?}");
        look_at_sarif(&diagnostics::to_sarif(&found, &sources, ""));
    }
}

#[test]
fn a_problem_without_a_place_is_told_too() {
    let (found, sources) = checked("let a = 1\n");
    assert!(found.iter().any(|d| d.code == Code::NoProject), "{found:?}");
    look_at_sarif(&diagnostics::to_sarif(&found, &sources, ""));
    let nowhere = [Diagnostic::new(Code::NoProject, "there is no project").help("write one")];
    let none = Sources::default();
    assert_eq!(diagnostics::to_concise(&nowhere, &none), "error[no-project]: there is no project; write one\n");
    assert_eq!(
        diagnostics::to_github(&nowhere, &none, ""),
        "::error title=no-project::there is no project%0Ahelp: write one\n"
    );
    look_at_sarif(&diagnostics::to_sarif(&nowhere, &none, ""));
}
