//! What must hold of every text. Also used by `fuzz/`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use infra::diagnostics::{self, Diagnostic, Style, has_errors};
use infra::schema::Types;
use infra::semantics::{self, Program, Settings, Target};
use infra::source::{SourceFile, Sources, Span};
use infra::world::Table;
use infra::{build, syntax};
use serde_json::Value;

/// The largest template, in bytes.
const LARGEST: usize = 1_000_000;

/// Bytes as the host gives them to the language; texts only.
fn read(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn source(text: &str) -> (SourceFile, Sources) {
    let mut sources = Sources::default();
    sources.add("main.infra", text);
    let file = sources.iter().next().expect("it was just added").clone();
    (file, sources)
}

/// The program of a case: what stands before the first `//- name` is `main.infra`; files that are no
/// sources are there to be read.
fn analyzed(text: &str) -> Program {
    let mut files = vec![("main.infra".to_owned(), String::new())];
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("//- ") {
            Some(next) => files.push((next.trim().to_owned(), String::new())),
            None => files.last_mut().expect("the first is there from the start").1.push_str(line),
        }
    }
    let mut sources = Sources::default();
    for (name, body) in files.iter().filter(|(name, _)| name.ends_with(".infra") && !name.starts_with("..")) {
        sources.add(name.clone(), body.as_str());
    }
    let world: Table = files.into_iter().map(|(name, body)| (name, body.into_bytes())).collect();
    semantics::analyze(sources.iter().cloned().collect(), Arc::new(world), Types::aws())
}

/// Every place lies in its text, and every format can draw what is said.
fn drawn(found: &[Diagnostic], sources: &Sources) {
    let fits = |span: Span| {
        let file = sources.get(span.file).expect("a place in a file that is there");
        let inside = file.text.get(span.start as usize..span.end as usize);
        assert!(inside.is_some(), "{span:?} does not lie in the text");
    };
    for diagnostic in found {
        diagnostic.labels.iter().for_each(|label| fits(label.span));
        diagnostic.fix.iter().for_each(|fix| fits(fix.span));
        assert!(!diagnostic.message.is_empty());
    }
    // Drawing is the slow part, and the tenth is drawn as the first.
    let few = found.get(..found.len().min(4)).unwrap_or(found);
    for style in [Style { colour: false, width: 100 }, Style { colour: true, width: 20 }] {
        let text = diagnostics::render(few, sources, style);
        assert!(found.is_empty() || !text.trim().is_empty());
    }
    diagnostics::to_json(found, sources);
}

/// Any bytes can be read, and what is wrong with them can be said.
pub(crate) fn parse(bytes: &[u8]) {
    let Some(text) = read(bytes) else { return };
    let (file, sources) = source(text);
    let parsed = syntax::parse(&file);
    drawn(&parsed.diagnostics, &sources);
    syntax::outline(&parsed.file);
}

/// Formatting says the same, keeps every remark, and comes to rest.
pub(crate) fn format(bytes: &[u8]) {
    let Some(text) = read(bytes) else { return };
    let (file, _) = source(text);
    let before = syntax::parse(&file);
    let Some(once) = syntax::format(&file) else {
        assert!(!before.diagnostics.is_empty(), "parses, but is not formatted");
        return;
    };
    assert!(before.diagnostics.is_empty(), "formatted, although it does not parse");
    let (again, _) = source(&once);
    let after = syntax::parse(&again);
    assert!(after.diagnostics.is_empty(), "no longer parses: {:?}\n{once}", after.diagnostics);
    assert_eq!(syntax::outline(&before.file), syntax::outline(&after.file));
    assert_eq!(without_places(&before.file), without_places(&after.file), "says something else:\n{once}");
    assert_eq!(ink(text), ink(&once), "a sign got lost:\n{once}");
    assert_eq!(syntax::format(&again).as_deref(), Some(once.as_str()), "formatting twice changes more");
}

/// Everything but white space and commas, which are all that formatting may change.
fn ink(text: &str) -> String {
    text.trim_start_matches('\u{feff}').chars().filter(|c| !c.is_whitespace() && *c != ',').collect()
}

/// The tree without its places.
fn without_places(file: &syntax::ast::File) -> String {
    let drawn = format!("{file:?}");
    let mut out = String::with_capacity(drawn.len());
    let mut rest = drawn.as_str();
    while let Some(at) = rest.find("span: ") {
        out.push_str(&rest[..at]);
        rest = rest[at + "span: ".len()..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == '.');
    }
    out + rest
}

/// Every program can be checked for every environment, twice with the same result.
pub(crate) fn evaluate(bytes: &[u8]) {
    let Some(text) = read(bytes) else { return };
    let look = || {
        let program = analyzed(text);
        let found = build::check(&program, &Settings::new());
        (program, found)
    };
    let (program, found) = look();
    drawn(&found, &program.sources);
    assert_eq!(found, look().1, "the second look finds something else");
    for run in semantics::test(&program, &Settings::new(), &|_, _| true) {
        drawn(&run.problems, &program.sources);
    }
}

/// What is built is JSON, canonical, within limits, whole, and the same when built again.
pub(crate) fn emit(bytes: &[u8]) {
    let Some(text) = read(bytes) else { return };
    let program = analyzed(text);
    let envs: Vec<_> = semantics::environments(&program).into_iter().map(|(env, _)| env).collect();
    // Many environments only take time.
    for env in envs.into_iter().take(3) {
        let target = Target { envs: vec![env], shared: true, ..Target::default() };
        let made = build::build(&program, &target);
        drawn(&made.diagnostics, &program.sources);
        if has_errors(&made.diagnostics) {
            assert!(made.stacks.is_empty(), "something is built although there are errors");
            said_by_check(&program, &made.diagnostics);
            continue;
        }
        for stack in &made.stacks {
            template(&stack.template.body);
        }
        let again = analyzed(text);
        let again = build::build(&again, &target);
        assert_eq!(build::files(&made), build::files(&again), "the second build differs");
    }
}

/// An error of one environment is one of the check of all.
fn said_by_check(program: &Program, found: &[Diagnostic]) {
    let all = build::check(program, &Settings::new());
    assert!(has_errors(&all), "an error that `check` does not find: {found:?}");
}

fn template(body: &str) {
    assert!(body.len() <= LARGEST, "{} bytes", body.len());
    let json: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {body}"));
    assert_eq!(ascii(&serde_json::to_string(&json).expect("it was just read")), body, "not canonical");
    let named = |section: &str| json[section].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let resources: BTreeSet<&str> = named("Resources").collect();
    let parameters: BTreeSet<&str> = named("Parameters").collect();
    assert!(resources.len() <= 500);
    for name in resources.iter().chain(&parameters) {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(), "`{name}` is no logical id");
    }
    assert!(resources.is_disjoint(&parameters));
    for section in json.as_object().expect("a template is an object").keys() {
        let ours =
            ["AWSTemplateFormatVersion", "Description", "Metadata", "Outputs", "Parameters", "Resources", "Transform"];
        // Existing templates may have these.
        let theirs = ["Conditions", "Globals", "Hooks", "Mappings", "Rules"];
        let known: Vec<&str> = ours.into_iter().chain(theirs).collect();
        assert!(known.contains(&section.as_str()), "{section}");
    }
    for resource in json["Resources"].as_object().into_iter().flatten().map(|(_, r)| r) {
        for other in resource["DependsOn"].as_array().into_iter().flatten() {
            assert!(resources.contains(other.as_str().expect("a name")), "depends on {other}, which is not there");
        }
    }
    // Of what a macro of others makes nothing is known.
    if json.get("Transform").is_some_and(|transform| transform != "AWS::Serverless-2016-10-31") {
        return;
    }
    // A transform adds resources whose names begin with that of the one they come from.
    let is_made = |name: &str| json.get("Transform").is_some() && resources.iter().any(|from| name.starts_with(from));
    let is_resource = |name: &str| resources.contains(name) || is_made(name);
    for section in ["Resources", "Outputs"] {
        json.get(section).into_iter().for_each(|section| references(section, &is_resource, &parameters));
    }
}

/// Every `Ref` and `Fn::GetAtt` leads to something of this template.
fn references(value: &Value, is_resource: &dyn Fn(&str) -> bool, parameters: &BTreeSet<&str>) {
    let is_there = |name: &str| is_resource(name) || parameters.contains(name) || name.starts_with("AWS::");
    match value {
        Value::Null => panic!("a `null` in a template"),
        Value::Array(items) => items.iter().for_each(|item| references(item, is_resource, parameters)),
        Value::Object(fields) => {
            let only = if fields.len() == 1 { fields.iter().next() } else { None };
            match only {
                Some((key, Value::String(name))) if key == "Ref" => assert!(is_there(name), "`Ref` of `{name}`"),
                Some((key, Value::Array(parts))) if key == "Fn::GetAtt" => {
                    let name = parts.first().and_then(Value::as_str).unwrap_or("");
                    assert!(is_resource(name), "`Fn::GetAtt` of `{name}`");
                }
                _ => fields.values().for_each(|value| references(value, is_resource, parameters)),
            }
        }
        _ => {}
    }
}

/// As templates are written: other characters than ASCII escaped.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a string takes everything");
            }
        }
    }
    out
}
