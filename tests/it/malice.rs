//! Programs that are written to take all time or all memory. Each ends with an error that names what is too much; that
//! it ends soon shows in that the test does, since what is counted are steps, items and bytes and never time.

use std::fmt::Write as _;
use std::sync::Arc;

use infra::build;
use infra::diagnostics::{Code, Diagnostic};
use infra::schema::Types;
use infra::semantics::{self, Settings};
use infra::source::Sources;
use infra::world::Table;

const HEAD: &str =
    "project p\n\naccount a { id: \"111111111111\" }\n\nenv dev { account: a, regions: [\"eu-west-1\"] }\n";

fn check(files: &[(&str, String)]) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".infra")) {
        sources.add(*name, text.as_str());
    }
    let table: Table = files.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into_bytes())).collect();
    let program = semantics::analyze(sources.iter().cloned().collect(), Arc::new(table), Types::aws());
    build::check(&program, &Settings::default())
}

/// Statements of a stack after those of the project.
fn stack(body: impl AsRef<str>) -> String {
    format!("{HEAD}\ncore c {{\n{}\n}}\n", body.as_ref())
}

/// `let`s, each made of the one before, and the last one read.
fn chain(first: &str, next: impl Fn(&str) -> String, links: usize) -> String {
    let mut text = format!("let x0 = {first}\n");
    for i in 1..=links {
        writeln!(text, "let x{i} = {}", next(&format!("x{}", i - 1))).unwrap();
    }
    write!(text, "assert len(x{links}) > 0").unwrap();
    text
}

/// A name that stands for nothing else, each defined by two uses of the one before.
fn doubling(first: &str, next: impl Fn(usize) -> String, links: usize) -> String {
    (1..=links).fold(first.to_owned(), |text, i| format!("{text}\n{}", next(i)))
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

type Row = (&'static str, Code, String);

fn growing() -> Vec<Row> {
    use Code::LimitExceeded as Limit;
    vec![
        ("text doubled", Limit, stack(chain("\"0123456789\"", |x| format!("\"${{{x}}}${{{x}}}\""), 40))),
        ("a list doubled", Limit, stack(chain("[1, 2]", |x| format!("[...{x}, ...{x}]"), 40))),
        ("lists in lists", Limit, stack(chain("[1, 2]", |x| format!("flatten([{x}, {x}])"), 40))),
        ("text joined", Limit, stack(chain("\"ab\"", |x| format!("join({x}, [{x}, {x}, {x}])"), 40))),
        ("text replaced", Limit, stack(chain("\"aa\"", |x| format!("replace({x}, \"a\", {x})"), 10))),
        ("json of json", Limit, stack(chain("\"\\\"\"", |x| format!("json([{x}, {x}])"), 40))),
        ("base64 of base64", Limit, stack(chain("\"ab\"", |x| format!("base64(base64({x}))"), 60))),
        (
            "a tree that shares its branches, as json",
            Limit,
            stack(
                chain("[1]", |x| format!("[{x}, {x}]"), 60).replace("assert len(x60) > 0", "assert len(json(x60)) > 0"),
            ),
        ),
        (
            "and as yaml",
            Limit,
            stack(
                chain("[1]", |x| format!("[{x}, {x}]"), 60).replace("assert len(x60) > 0", "assert len(yaml(x60)) > 0"),
            ),
        ),
        (
            "and compared",
            Limit,
            stack(
                chain("[1]", |x| format!("[{x}, {x}]"), 60)
                    .replace("assert len(x60) > 0", "let y60 = [x59, x59]\nassert x60 == [x59, x59] && x60 == y60"),
            ),
        ),
        (
            "and given to a property",
            Limit,
            stack(
                chain("[1]", |x| format!("[{x}, {x}]"), 60)
                    + "\nresource T = AWS::SQS::Queue { RedrivePolicy: { a: x60 } }",
            ),
        ),
        (
            "and given to a type",
            Limit,
            stack(
                chain("[1]", |x| format!("[{x}, {x}]"), 60)
                    + "\nlet t: Json = x60\nlet u: [Int] = x1\nresource T = AWS::SQS::Queue { RedrivePolicy: { a: t, b: u } }",
            ),
        ),
        (
            "many long texts",
            Limit,
            stack(
                "let big = join(\"\", [for i in 0..50000: \"0123456789\"])\n\
            let all = [for i in 0..20000: \"${big}${i}\"]\nassert len(all) > 0",
            ),
        ),
        (
            "many long lists",
            Limit,
            stack(
                "let big = [for i in 0..90000: i]\n\
            let all = [for i in 0..9000: [...big, i]]\nassert len(all) > 0",
            ),
        ),
        (
            "many wide objects",
            Limit,
            stack(
                "let big = {for i in 0..5000: \"k${i}\": i}\n\
            let all = [for i in 0..9000: { ...big, i: i }]\nassert len(all) > 0",
            ),
        ),
        ("padding", Code::BadValue, stack("let x = format(\"%999999999d\", 1)\nassert len(x) > 0")),
        ("indenting", Code::OutOfRange, stack("let x = indent(\"a\", 999999999999)\nassert len(x) > 0")),
        ("a range", Limit, stack("let x = 0..9223372036854775807\nassert len(x) > 0")),
        (
            "a loop over a range",
            Limit,
            stack("for i in 0..9223372036854775807 {\n  resource Q[i] = AWS::SQS::Queue {}\n}"),
        ),
        (
            "blocks of addresses",
            Code::OutOfRange,
            stack("let x = cidr_subnets(\"10.0.0.0/8\", 24, 9999999)\nassert len(x) > 0"),
        ),
    ]
}

fn long_running() -> Vec<Row> {
    use Code::LimitExceeded as Limit;
    let calls =
        doubling("fn f0(x: Int): Int = x", |i| format!("fn f{i}(x: Int): Int = f{}(x) + f{}(x)", i - 1, i - 1), 60);
    let parts = doubling(
        "component p0 {\n  resource Q = AWS::SQS::Queue {}\n}",
        |i| format!("component p{i} {{\n  resource A = p{}\n  resource B = p{}\n}}", i - 1, i - 1),
        40,
    );
    vec![
        (
            "comprehensions in comprehensions",
            Limit,
            stack("assert len([for a in 0..9000: len([for b in 0..9000: len([for c in 0..9000: a])])]) > 0"),
        ),
        ("calls that double", Limit, format!("{}\n{calls}\n", stack("assert f60(1) > 0"))),
        ("components that double", Limit, format!("{}\n{parts}\n", stack("resource P = p40"))),
    ]
}

fn deep() -> Vec<Row> {
    use Code::LimitExceeded as Limit;
    let many = 20_000;
    vec![
        ("parentheses", Limit, stack(format!("let x = {}", nested("(", "1", ")", many)))),
        ("lists", Limit, stack(format!("let x = {}", nested("[", "1", "]", many)))),
        ("objects", Limit, stack(format!("let x = {}", nested("{ a: ", "1", " }", many)))),
        ("interpolations", Limit, stack(format!("let x = {}", nested("\"${", "1", "}\"", many)))),
        ("signs", Limit, stack(format!("let x = {}1", "-".repeat(many)))),
        ("sums", Limit, stack(format!("let x = {}1", "1 + ".repeat(many)))),
        ("choices", Limit, stack(format!("let x = {}1", "if true then 1 else ".repeat(many)))),
        ("calls", Limit, stack(format!("let x = {}", nested("len([", "1", "])", many)))),
        ("fields", Limit, stack(format!("let a = {{ a: 1 }}\nlet x = a{}", ".a".repeat(many)))),
        ("blocks", Limit, stack(nested("if true {\n", "", "}\n", many))),
        ("loops", Limit, stack(nested("for i in 0..1 {\n", "", "}\n", many))),
        ("types", Limit, stack(format!("let x: {} = []", nested("[", "Int", "]", many)))),
    ]
}

/// A part of what is said, for rows that are no case of a limit.
fn others() -> Vec<Row> {
    let digits = "9".repeat(100_000);
    let name = "x".repeat(1_000_000);
    vec![
        ("a long number", Code::Syntax, stack(format!("let x = {digits}"))),
        ("a long name", Code::UnknownName, stack(format!("assert {name} == 1"))),
        (
            "a type that is itself",
            Code::Cycle,
            format!("{}\ntype A = B\n\ntype B = A\n", stack("let x: A = 1\nassert x == 1")),
        ),
        ("a type in itself", Code::Cycle, format!("{}\ntype A = [A]\n", stack("let x: A = []\nassert len(x) == 0"))),
        (
            "a function that calls itself",
            Code::Cycle,
            format!("{}\nfn f(x: Int): Int = f(x)\n", stack("assert f(1) == 1")),
        ),
        (
            "a component in itself",
            Code::Cycle,
            format!("{}\ncomponent q {{\n  resource Q = q\n}}\n", stack("resource Q = q")),
        ),
    ]
}

#[test]
fn what_grows_ends_with_an_error() {
    each_ends(growing());
}

#[test]
fn what_runs_long_ends_with_an_error() {
    each_ends(long_running());
}

#[test]
fn what_is_deep_ends_with_an_error() {
    each_ends(deep());
    each_ends(others());
}

fn each_ends(rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for (what, code, text) in rows {
        let found = check(&[("main.infra", text)]);
        if !found.iter().any(|d| d.code == code) {
            let said: Vec<String> = found.iter().take(3).map(|d| format!("{}: {:.200}", d.code, d.message)).collect();
            wrong.push(format!("{what}: {said:?}"));
        }
        // What is said of a bomb is no bomb.
        let longest = found.iter().map(|d| d.message.len()).max().unwrap_or_default();
        if longest > 2_100 {
            wrong.push(format!("{what}: a message of {longest} bytes"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether two arms take the same is found without holding each against each.
#[test]
fn a_match_of_thousands_of_arms_is_no_problem() {
    let arms: String = (0..4_000).map(|i| format!("  {i}: {i}\n")).collect();
    let text = stack(format!("assert len([for i in 0..50: match i {{\n{arms}  else: 0\n}}]) == 50"));
    assert_eq!(check(&[("main.infra", text)]), []);
}

/// Patterns that a backtracking machine takes for ever over.
#[test]
fn patterns_do_not_run_for_ever() {
    let long = "a".repeat(5_000);
    for body in [
        format!("assert !matches(\"{long}!\", \"^(a+)+$\")"),
        format!("assert !matches(\"{long}!\", \"^(a|aa)+$\")"),
        format!("assert !matches(\"{long}!\", \"^(.*)*b$\")"),
        format!("let x: String(/^(a+)+$/) = \"{long}!\"\nassert len(x) > 0"),
        "assert !matches(\"a\", \"a{1000}{1000}{1000}\")".to_owned(),
    ] {
        // It may say no, or that the pattern is too much; it may not hang.
        let found = check(&[("main.infra", stack(&body))]);
        let is_said = found.iter().all(|d| matches!(d.code, Code::LimitExceeded | Code::BadValue | Code::BadArgument));
        assert!(is_said, "{body:.80}: {found:?}");
    }
}

#[test]
fn files_that_unfold_are_refused() {
    let mut yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let before = format!("*a{}", i - 1);
        writeln!(yaml, "a{i}: &a{i} [{}]", vec![before; 10].join(", ")).unwrap();
    }
    let json = nested("[", "1", "]", 100_000);
    let wide = format!("[{}1]", "1,".repeat(1_100_000));
    for (name, text) in [("bomb.yaml", yaml), ("bomb.json", json), ("wide.json", wide)] {
        let call = if name.ends_with("yaml") { "yaml_file" } else { "json_file" };
        let body = stack(format!("assert len({call}(\"{name}\")) > 0"));
        let found = check(&[("main.infra", body), (name, text)]);
        assert!(found.iter().any(|d| d.code == Code::LimitExceeded), "{name}: {found:?}");
    }
}

#[test]
fn thousands_of_files_and_of_mistakes() {
    let mut files = vec![("main.infra", HEAD.to_owned())];
    let names: Vec<String> = (0..3_000).map(|i| format!("f{i}.infra")).collect();
    for (i, name) in names.iter().enumerate() {
        files.push((name, format!("core c{i} {{\n  resource Queue = AWS::SQS::Queue {{ DelaySecond: {i} }}\n}}\n")));
    }
    let found = check(&files);
    assert_eq!(found.iter().filter(|d| d.code == Code::UnknownProperty).count(), 3_000);
}
