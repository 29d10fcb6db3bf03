//! SARIF against the schema that OASIS publishes, read by somebody else's validator.

use std::path::Path;

use infra::diagnostics::{self, Code, Diagnostic};
use infra::source::{FileId, Sources, Span};
use serde_json::{Value, json};

use super::{HOSTILE, WRONG, case_texts, checked};
use crate::support::venv;

/// Takes a file with a list of `[name, log]`, and prints what is wrong with each.
///
/// The schema lies in the package `schemastore`, which is a cache of HTTP answers; it is read as the file it is, so that
/// nothing is fetched.
const VALIDATE: &str = r#"
import json, pathlib, pickle, sqlite3, sys
import jsonschema, schemastore

ID = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
cache = pathlib.Path(schemastore.__file__).with_name("cache.sqlite")
rows = sqlite3.connect(f"{cache.as_uri()}?mode=ro&immutable=1", uri=True).execute(
    "select value from responses where instr(value, ?)", (f'"$id": "{ID}"'.encode(),)
).fetchall()
assert len(rows) == 1, len(rows)
schema = json.loads(pickle.loads(rows[0][0])["_content"])
assert schema["$id"] == ID and schema["properties"]["version"]["enum"] == ["2.1.0"]
validator = jsonschema.Draft7Validator(schema)
wrong = [
    [name, "/".join(map(str, error.absolute_path)), error.message[:300]]
    for name, log in json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))
    for error in validator.iter_errors(log)
]
print(json.dumps(wrong))
"#;

/// What the validator says about each log: its name, the path of what is wrong, why.
fn validate(name: &str, logs: &[(String, Value)]) -> Vec<(String, String, String)> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sarif-{name}.json"));
    std::fs::write(&file, serde_json::to_vec(logs).unwrap()).unwrap();
    serde_json::from_str(&venv::python(VALIDATE, &[file.to_str().unwrap()])).unwrap()
}

/// A problem whose file, words and fix are the text, at a place that is not there where the file is given by an unknown id.
fn about(text: &str, file: impl Fn(FileId) -> FileId) -> Value {
    let mut sources = Sources::default();
    let span = Span::new(file(sources.add(format!("{text}.infra"), format!("{text}\nsecond"))), 0, text.len());
    let problem = Diagnostic::new(Code::UnknownName, text).at(span, text).at(span, "").help(text).fix(span, text);
    diagnostics::to_sarif(&[problem], &sources, &format!("{text}/"))
}

#[test]
fn every_log_passes_the_schema_of_oasis() {
    let mut logs = Vec::new();
    let mut whole = |name: &str, text: &str| {
        let (found, sources) = checked(text);
        logs.push((name.to_owned(), diagnostics::to_sarif(&found, &sources, "a folder/ü/")));
        found
    };
    let mut fixes = 0;
    for (path, text) in case_texts() {
        let found = whole(&path.display().to_string(), &text);
        fixes += found.iter().filter(|d| d.fix.is_some()).count();
    }
    assert!(fixes > 30, "{fixes}");
    assert!(!whole("wrong", WRONG).is_empty());
    assert!(!whole("no project", "let a = 1\n").is_empty());
    assert!(whole("no findings", "project p\n").is_empty());
    let std = WRONG.replace("é", "web").replace(
        "AWS::EC2::VPC { CidrBlock: \"10.0.0.0/16\", Tagz: [] }",
        "std::http_api { function: \"x\", throttle: { rate: 0 } }",
    );
    whole("std", &std);
    for text in HOSTILE {
        logs.push((format!("{text:?}"), about(text, |file| file)));
    }
    logs.push(("a file that is gone".to_owned(), about("gone", |file| FileId(file.0 + 1))));
    let nowhere = [Diagnostic::new(Code::NoProject, "there is no project")];
    logs.push(("nowhere".to_owned(), diagnostics::to_sarif(&nowhere, &Sources::default(), "")));
    assert!(logs.iter().any(|(_, log)| log.to_string().contains("\"std:")), "a place in the standard library");
    assert_eq!(validate("all", &logs), []);
}

/// The validator finds what is wrong: else the test above would say nothing.
#[test]
fn a_log_that_is_wrong_does_not_pass() {
    let mut wrong = about("a", |file| file);
    let result = &mut wrong["runs"][0]["results"][0];
    result["level"] = json!("fatal");
    result["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    result["fixes"][0]["artifactChanges"][0]["replacements"] = json!([]);
    result["colour"] = json!("red");
    let mut paths: Vec<String> =
        validate("wrong", &[("wrong".to_owned(), wrong)]).into_iter().map(|(_, path, _)| path).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "runs/0/results/0",
            "runs/0/results/0/fixes/0/artifactChanges/0/replacements",
            "runs/0/results/0/level",
            "runs/0/results/0/locations/0/physicalLocation/region/startLine",
        ]
    );
}
