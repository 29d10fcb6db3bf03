//! The evaluator from outside: what `--set` does, and that no text makes it stumble.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra::diagnostics::{Code, Diagnostic};
use infra::names::Name;
use infra::schema::Types;
use infra::semantics::model::{Lowered, ParameterSource};
use infra::semantics::{Program, Settings, Target, analyze, check, lower};
use infra::source::{FileId, SourceFile};

const PROJECT: &str = r#"
project shop
account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"] }
"#;

fn program(text: &str) -> Program {
    let file = SourceFile { id: FileId(0), name: "main.infra".into(), text: text.into() };
    analyze(vec![file], std::sync::Arc::new(infra::world::Table::default()), Types::aws())
}

fn run(text: &str, set: &[(&str, &str)]) -> Lowered {
    let set: BTreeMap<Arc<str>, Arc<str>> = set.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let target = Target { envs: vec![Name::new("dev")], set, shared: true };
    lower(&program(&format!("{PROJECT}{text}")), &target, &mut |_| {})
}

fn said(diagnostics: &[Diagnostic]) -> Vec<(Code, &str)> {
    diagnostics.iter().map(|d| (d.code, d.message.as_str())).collect()
}

#[test]
fn settings_are_read_as_the_declared_type() {
    let text = r#"
        param size: Int = 1
        service api {
          param zones: [String] = ["a"]
          param kind: "small" | "large" = "small"
          input Image: String = "nginx"
          input Count: Int(1..5)
          for zone in zones { resource Queue[zone] = AWS::SQS::Queue { DelaySeconds: size } }
          assert kind == "large" && size == 7, "set"
          output Zones = zones
          output Image = Image
          output Count = Count
        }"#;
    let set =
        [("size", "7"), ("api.zones", "a,b,c"), ("api.kind", "large"), ("api.Image", "web:2"), ("api.Count", "3")];
    let lowered = run(text, &set);
    assert_eq!(said(&lowered.diagnostics), []);
    let parameters: Vec<_> = lowered.heads[0]
        .parameters
        .iter()
        .map(|p| match &p.source {
            ParameterSource::Input { set, default } => (p.name.as_str(), set.as_deref(), default.as_deref()),
            ParameterSource::Output(_) => panic!("{}", p.name),
        })
        .collect();
    assert_eq!(parameters, [("Count", Some("3"), None), ("Image", Some("web:2"), Some("nginx"))]);
}

#[test]
fn wrong_settings_are_refused() {
    let text = r#"
        param size: Int = 1
        service api {
          input Count: Int(1..5) = 2
          output Size = size
          output Count = Count
        }"#;
    let lowered = run(text, &[("size", "many"), ("api.Count", "9"), ("api.Cuont", "1"), ("nothing", "x")]);
    let codes: Vec<Code> = lowered.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::UnknownName, Code::UnknownName, Code::BadValue, Code::BadValue]);
    let help = |at: usize| lowered.diagnostics[at].help.as_deref().unwrap();
    assert_eq!(help(0), "set `api.Count`");
    assert_eq!(help(1), "set one of `api.Count`, `size`");
}

#[test]
fn what_is_set_is_no_code() {
    let text = r#"
        param motd: String = ""
        service api {
          input Image: String = "nginx"
          resource Motd = AWS::SSM::Parameter { Type: "String", Value: motd }
          output Image = Image
        }"#;
    for key in ["motd", "api.Image"] {
        let lowered = run(text, &[(key, "x{{resolve:secretsmanager:db}}")]);
        assert_eq!(said(&lowered.diagnostics), [(Code::DynamicReference, "a text is a dynamic reference")], "{key}");
    }
}

#[test]
fn an_unknown_environment_is_refused() {
    let target = Target { envs: vec![Name::new("dve")], ..Target::default() };
    let lowered = lower(&program(PROJECT), &target, &mut |_| panic!("nothing to see"));
    assert_eq!(said(&lowered.diagnostics), [(Code::UnknownName, "there is no environment `dve`")]);
    assert_eq!(lowered.diagnostics[0].help.as_deref(), Some("choose `dev`"));
}

#[test]
fn deep_layers_of_stacks_need_no_deep_stack() {
    let mut text = String::from("core s0 { output X = \"x\" }\n");
    // The last one first, so that nothing is in the order it is needed.
    for at in (1..500).rev() {
        writeln!(text, "core s{at} {{ output X = s{}.X }}", at - 1).unwrap();
    }
    let lowered = run(&text, &[]);
    assert_eq!(said(&lowered.diagnostics), []);
    assert_eq!(lowered.heads.len(), 500);
    let order: Vec<&str> = lowered.heads.iter().map(|head| head.key.stack.as_str()).collect();
    assert_eq!((order[0], order[499]), ("s0", "s499"));
}

#[test]
fn layers_behind_lets_need_no_deep_stack() {
    let mut text = String::from("core s0 { output X = \"x\" }\n");
    for at in (1..400).rev() {
        writeln!(text, "let l{at} = s{}.X\ncore s{at} {{ output X = l{at} }}", at - 1).unwrap();
    }
    let lowered = run(&text, &[]);
    assert_eq!(said(&lowered.diagnostics), []);
    assert_eq!(lowered.heads.len(), 400);
}

#[test]
fn instances_that_need_each_other_too_deep_are_refused() {
    // Each instance needs the one in the next region, which the order of stacks cannot say.
    let regions: Vec<String> = (1..90).map(|n| format!("\"eu-west-{n}\"")).collect();
    let text = format!(
        "@regions([{list}])\ncore s {{\n  let at = {{ {next} }}\n  \
         output X = if at[aws.region] == null then \"x\" else s[at[aws.region]].X\n}}",
        list = regions.join(", "),
        next = regions.windows(2).map(|w| format!("{}: {}", w[0], w[1])).collect::<Vec<_>>().join(", ")
            + &format!(", {}: null", regions[88]),
    );
    let lowered = run(&text, &[]);
    let message = "this is nested more than 256 levels deep";
    assert_eq!(said(&lowered.diagnostics), [(Code::LimitExceeded, message)]);
}

#[test]
fn values_that_grow_without_end_are_refused() {
    for step in ["base64(LAST)", "join(\"-\", [LAST, \"x\"])", "[LAST, LAST]", "{ K: LAST }", "\"${LAST}${LAST}\""] {
        let mut text = String::from("core c {\n resource Q = AWS::SQS::Queue {}\n let a0 = Q.Arn\n");
        for at in 1..6000 {
            writeln!(text, " let a{at} = {}", step.replace("LAST", &format!("a{}", at - 1))).unwrap();
        }
        let lowered = run(&(text + " output X = json(a5999)\n}"), &[]);
        let codes: Vec<Code> = lowered.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::LimitExceeded], "{step}");
    }
}

#[test]
fn nested_values_are_evaluated_or_refused() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{ A: ", " }"), ("if true then ", " else 1"), ("len([", "])")] {
        for depth in [10, 100, 250, 5000] {
            let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let text = format!("core a {{ let x = {value}\nresource R = AWS::New::Kind {{ P: {value} }} }}");
            let lowered = run(&text, &[]);
            assert!(lowered.diagnostics.len() < 5000, "{open} {depth}");
        }
    }
}

#[test]
fn no_beginning_of_a_case_makes_it_stumble() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["tests/cases", "examples"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 50, "{}", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for cut in cuts(&text) {
            let program = program(&text[..cut]);
            check(&program, &Settings::new(), &mut |_| {});
        }
    }
}

/// The end of every other line, and a place inside it; for long files, fewer.
fn cuts(text: &str) -> Vec<usize> {
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let step = 2.max(ends.len() / if text.contains("std::") { 2 } else { 8 });
    let places = ends.iter().skip(1).step_by(step).flat_map(|end| [*end, end.saturating_sub(7)]);
    places.filter(|at| text.is_char_boundary(*at)).collect()
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
    into.sort();
}
