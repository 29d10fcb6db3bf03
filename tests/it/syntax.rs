//! The parser and the formatter as properties: no text makes them panic, formatting loses nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use infra::diagnostics::{Code, Diagnostic};
use infra::source::{FileId, SourceFile};
use infra::syntax::ast::{Entry, Expr, ExprKind, File, ItemKind, Key};
use infra::syntax::{Parsed, format, parse};
use proptest::prelude::*;

use crate::support::{programs, seeded};

fn source(text: &str) -> SourceFile {
    SourceFile { id: FileId(0), name: "main.infra".into(), text: text.into() }
}

/// Parses `text` and looks at every span of what is said about it.
fn parsed(text: &str) -> Parsed {
    let parsed = parse(&source(text));
    for label in parsed.diagnostics.iter().flat_map(|d| &d.labels) {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(text.get(start..end).is_some(), "{:?} does not lie in the text:\n{text}", label);
    }
    parsed
}

/// The tree without its places: two texts that say the same have the same.
fn said(file: &File) -> String {
    let drawn = format!("{file:?}");
    let mut out = String::with_capacity(drawn.len());
    let mut rest = drawn.as_str();
    while let Some(at) = rest.find("span: ") {
        out.push_str(&rest[..at]);
        rest = &rest[at + "span: ".len()..];
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == '.');
    }
    out + rest
}

/// All `.infra` files below a folder of the project.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|e| e == "infra") {
                into.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}

fn all_files() -> Vec<(PathBuf, String)> {
    let mut all = files("tests/cases");
    all.extend(files("examples"));
    assert!(all.len() > 40, "the cases are not where they should be");
    all
}

/// Formats `text` where it parses, and holds the result against it.
fn formats(text: &str, name: &str) {
    let before = parsed(text);
    let Some(once) = format(&source(text)) else {
        assert!(!before.diagnostics.is_empty(), "{name}: parses, but is not formatted");
        return;
    };
    assert!(before.diagnostics.is_empty(), "{name}: formatted, although it does not parse");
    let after = parsed(&once);
    assert!(after.diagnostics.is_empty(), "{name}: {:?}\n{once}", after.diagnostics);
    assert_eq!(said(&before.file), said(&after.file), "{name}: formatting changed what is said:\n{once}");
    assert_eq!(
        format(&source(&once)).as_deref(),
        Some(once.as_str()),
        "{name}: formatting twice changes more of\n{text}"
    );
    assert_eq!(remarks(text), remarks(&once), "{name}: a remark got lost:\n{once}");
}

/// How many remarks there are; strings in the cases have none that look like one at a line's end.
fn remarks(text: &str) -> usize {
    text.matches("// ").count() + text.matches("/* ").count()
}

#[test]
fn every_prefix_of_every_file_is_read() {
    let all = all_files();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((_, text)) = all.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    prefixes(text);
                }
            });
        }
    });
}

/// Parses every prefix. What ended well and long before a prefix breaks off says nothing about that place, so
/// declarations and statements that are complete stay away; the head of their stack stays.
fn prefixes(text: &str) {
    let ends = |closer: &'static str| text.match_indices(closer).map(move |(at, _)| at + closer.len());
    let mut cuts: Vec<(usize, &str)> = ends("\n}\n").map(|at| (at, "")).collect();
    cuts.extend(ends("\n  }\n").map(|at| (at, "core x {\n")));
    cuts.extend(["\nlet ", "\nparam "].iter().flat_map(|word| text.match_indices(word)).map(|(at, _)| (at + 1, "")));
    cuts.extend(
        ["\n  let ", "\n  resource "]
            .iter()
            .flat_map(|word| text.match_indices(word))
            .map(|(at, _)| (at + 1, "core x {\n")),
    );
    cuts.sort_unstable();
    let mut cut = 0;
    let mut from = (0, "");
    for (end, _) in text.char_indices() {
        while cuts.get(cut).is_some_and(|(at, _)| at + 80 < end) {
            from = cuts[cut];
            cut += 1;
        }
        parsed(&format!("{}{}", from.1, &text[from.0..end]));
    }
    parsed(text);
}

#[test]
fn formatting_says_the_same_and_comes_to_rest() {
    for (path, text) in all_files() {
        formats(&text, &path.display().to_string());
    }
}

#[test]
fn examples_are_formatted() {
    for (path, text) in files("examples") {
        let formatted = format(&source(&text)).unwrap_or_else(|| panic!("{} does not parse", path.display()));
        assert!(formatted == text, "{} is not formatted: run `infra fmt`", path.display());
    }
}

/// `open`, `times` over, then the middle, then `close` as often.
fn nested(open: &str, middle: &str, close: &str, times: usize) -> String {
    format!("let a = {}{middle}{}\nlet b = 1\n", open.repeat(times), close.repeat(times))
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
    diagnostics.iter().map(|d| d.code).collect()
}

/// Ways to nest values.
const NESTS: &[(&str, &str, &str)] = &[
    ("[", "1", "]"),
    ("(", "1", ")"),
    ("{a:", "1", "}"),
    ("[for x in ", "y", ": x]"),
    ("{for x in ", "y", ": x: x}"),
    ("f(", "1", ")"),
    ("f(a: ", "1", ")"),
    ("a[", "1", "]"),
    ("\"${", "1", "}\""),
    ("\"\"\"${", "1", "}\"\"\""),
    ("if a then [", "1", "] else 2"),
    ("if ", "true", " then 1 else 2"),
    ("if a then ", "1", " else 2"),
    ("match ", "a", " { else: 1 }"),
    ("match a { else: ", "1", " }"),
    ("-(", "1", ")"),
    ("{[", "1", "]: 1}"),
    ("1 + (", "1", ")"),
];

#[test]
fn nesting_is_read_up_to_the_limit() {
    for (open, middle, close) in NESTS {
        let few = nested(open, middle, close, 60);
        assert_eq!(codes(&parsed(&few).diagnostics), [], "{open}");
        formats(&few, open);
        for times in [120, 250] {
            for diagnostic in parsed(&nested(open, middle, close, times)).diagnostics {
                assert_eq!(diagnostic.code, Code::LimitExceeded, "{open} {times}: {diagnostic:?}");
            }
        }
        for times in [257, 3000, 50_000] {
            let parsed = parsed(&nested(open, middle, close, times));
            assert_eq!(codes(&parsed.diagnostics), [Code::LimitExceeded], "{open}");
        }
    }
    for (open, middle, close) in &NESTS[..3] {
        assert_eq!(codes(&parsed(&nested(open, middle, close, 250)).diagnostics), [], "{open}");
    }
}

#[test]
fn broken_nesting_is_read_in_time() {
    for (open, _, close) in NESTS {
        for times in [5, 40, 250, 1000] {
            parsed(&format!("let a = {}", open.repeat(times)));
            parsed(&format!("let a = {}\nlet b = 1\n", open.repeat(times)));
            parsed(&format!("core a {{\n  let a = {}\n  output B\n}}\n", open.repeat(times)));
            parsed(&format!("let a = {}", close.repeat(times)));
            parsed(&nested(open, "+", close, times));
            parsed(&nested(&format!("{open} ? "), "", &format!(" ! {close}"), times));
            parsed(&nested("if ", open, close, times));
        }
    }
    // Texts and interpolations that never end, each inside the one before: read once, not once for
    // every way in which they could be taken.
    for piece in ["\"${", "\"${(", "\"\"\"${", "\"${x \"", "\"${\"\"\"", "{\"a${[\"", "\"\"\"\"${\n"] {
        for times in [20, 60, 400] {
            parsed(&format!("core a {{\n  let b = {}\n}}\n", piece.repeat(times)));
            parsed(&format!("core a {{\n  resource R = {{ b: {} }}\n}}\n", piece.repeat(times)));
        }
    }
}

#[test]
fn blocks_and_types_nest_up_to_the_limit() {
    let blocks = |times: usize| format!("core a {{{}{}}}", "if x {".repeat(times), "}".repeat(times));
    assert_eq!(codes(&parsed(&blocks(80)).diagnostics), []);
    assert_eq!(codes(&parsed(&blocks(300)).diagnostics), [Code::LimitExceeded]);
    let types = |times: usize| format!("param a: {}String{}", "[".repeat(times), "]".repeat(times));
    assert_eq!(codes(&parsed(&types(250)).diagnostics), []);
    assert_eq!(codes(&parsed(&types(300)).diagnostics), [Code::LimitExceeded]);
    let chain = |times: usize| format!("core a {{\nif x {{}}{}\n}}", " else if x {}".repeat(times));
    assert_eq!(codes(&parsed(&chain(100)).diagnostics), []);
    assert_eq!(codes(&parsed(&chain(50_000)).diagnostics), [Code::LimitExceeded]);
}

#[test]
fn chains_are_bounded() {
    for (first, more) in [("a", " + a"), ("a", ".b"), ("f", "(1)"), ("a", "[0]"), ("a", " as Int"), ("a", " ?? b")] {
        let chain = |times: usize| format!("let a = {first}{}\nlet b = 1\n", more.repeat(times));
        assert_eq!(codes(&parsed(&chain(100)).diagnostics), [], "{more}");
        let long = parsed(&chain(100_000));
        assert_eq!(codes(&long.diagnostics), [Code::LimitExceeded], "{more}");
        assert_eq!(long.file.items.len(), 2, "the rest of the file is kept");
    }
    let signs = parsed(&format!("let a = {}b\nlet b = 1\n", "!".repeat(100_000)));
    assert_eq!(codes(&signs.diagnostics), [Code::LimitExceeded]);
}

#[test]
fn many_choices_in_one_object_are_not_nested() {
    let mut text = "let a = {\n".to_owned();
    for i in 0..2000 {
        writeln!(text, "  K{i}: if a then {i} else match b {{ \"x\": 1, else: 2 }}").unwrap();
    }
    text.push_str("}\n");
    assert_eq!(codes(&parsed(&text).diagnostics), []);
    let lines = format!("let a = [\n{}]\n", "  if a then 1\n  else 2\n".repeat(2000));
    assert_eq!(codes(&parsed(&lines).diagnostics), []);
    let row = format!("let a = [{}]\n", "if a then 1 else 2, ".repeat(2000));
    assert_eq!(codes(&parsed(&row).diagnostics), []);
}

/// Texts that make a careless reader look at everything again and again; such a one would not come to an end here.
#[test]
fn time_grows_with_the_text_only() {
    let rows: &[(&str, &str, &str)] = &[
        ("", "}", ""),
        ("", ")]", ""),
        ("", "[\n", ""),
        ("", "\"\n", ""),
        ("", "' ", ""),
        ("let a = ", "if // c\n", ""),
        ("let a = if", "\n", ""),
        ("let a = match x { ", "1,", " }"),
        ("let a = match x { ", "1\n", " }"),
        ("", "a ", ""),
        ("", "// a\n", ""),
        ("", "/// a\n", ""),
        ("", "@a ", ""),
        ("let a = [", ",", "]"),
        ("let a = { ", "a: ", " }"),
        ("let a = \"", "${a}", "\""),
        ("let a = 1 ", "(2) ", ""),
        ("let a = \"\"\"", "\n  a", "\"\"\""),
        ("", "  resource A = B {\n", ""),
        ("", "\r\n", ""),
    ];
    for (before, row, after) in rows {
        let text = format!("{before}{}{after}", row.repeat(300_000 / row.len()));
        parsed(&text);
        format(&source(&text));
    }
}

#[test]
fn large_files_are_refused() {
    let line = "let a = 1\n";
    assert_eq!(codes(&parsed(&line.repeat(100)).diagnostics), []);
    assert_eq!(codes(&parsed(&line.repeat(500_000)).diagnostics), [Code::LimitExceeded]);
}

/// The JSON value that an expression writes.
fn json(expr: &Expr) -> serde_json::Value {
    match &expr.kind {
        ExprKind::Null => serde_json::Value::Null,
        ExprKind::Bool(value) => (*value).into(),
        ExprKind::Int(value) => (*value).into(),
        ExprKind::Float(value) => (*value).into(),
        ExprKind::Str(value) => value.as_ref().into(),
        ExprKind::List(elements) => elements.iter().map(|e| json(&e.value)).collect::<Vec<_>>().into(),
        ExprKind::Object(entries) => {
            let field = |entry: &Entry| match entry {
                Entry::Field(Key::Name(key), value) => (key.name.to_string(), json(value)),
                other => panic!("{other:?}"),
            };
            serde_json::Value::Object(entries.iter().map(field).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e9..1e9f64).prop_map(Into::into),
        // `${` is where the language says more than JSON.
        "\\PC{0,12}|[\\x00-\\x7f]{0,8}".prop_map(|text| text.replace('$', "#").into()),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-zA-Z:0-9 \"\\\\-]{0,8}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Pieces of programs; put together at random they are mostly wrong, and sometimes right.
const PIECES: &[&str] = &[
    "core a {",
    "}",
    "\n",
    "\n",
    " ",
    "resource X = AWS::S3::Bucket {",
    "let a =",
    "output B",
    "if",
    "then",
    "else",
    "for x in xs {",
    "match",
    "{",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    "::",
    ".",
    "..",
    "...",
    "\"",
    "\"\"\"",
    "'",
    "'''",
    "${",
    "\\",
    "// c",
    "/*",
    "*/",
    "///",
    "@a",
    "@b(1)",
    "1",
    "1.5",
    "0..n",
    "name",
    "+",
    "-",
    "!",
    "??",
    "?.",
    "&&",
    "==",
    "=",
    "|",
    "as",
    "Int",
    "String(/a/)",
    "\t",
    "\r\n",
    "é",
    "😀",
    "\u{FEFF}",
    "true",
    "null",
    "key: 1",
    "raw {",
    "extern core x",
    "param p: [Int]?",
    "input I: Secret",
    "assert a, \"b\"",
    "env dev {",
    "#",
    ";",
    "$",
];

proptest! {
    #![proptest_config(seeded(400))]

    #[test]
    fn pasted_json_means_what_it_says(value in any_json(), pretty in any::<bool>()) {
        let pasted = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let text = format!("let a = {pasted}\n");
        let read = parsed(&text);
        prop_assert_eq!(codes(&read.diagnostics), vec![], "{}", text);
        let ItemKind::Let(binding) = &read.file.items[0].kind else { panic!() };
        prop_assert_eq!(json(&binding.value), value);
        formats(&text, "json");
    }

    #[test]
    fn no_row_of_pieces_is_too_odd(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        formats(&pieces.concat(), "pieces");
    }

    #[test]
    fn made_programs_are_read_and_come_to_rest(bytes in prop::collection::vec(any::<u8>(), 0..600), ugly in any::<bool>()) {
        let text = programs::program(&bytes, ugly);
        formats(&text, "made");
        prop_assert!(!ugly || codes(&parsed(&text).diagnostics).is_empty(), "what is ugly is right: {}", text);
    }

    #[test]
    fn mended_and_marred_files_are_read(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(PIECES), 0usize..12), 1..5),
    ) {
        let all = all_files();
        let mut text = all[file.index(all.len())].1.clone();
        for (place, piece, cut) in edits {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let at = place.index(places.len());
            let end = places[(at + cut).min(places.len() - 1)];
            text.replace_range(places[at]..end, piece);
        }
        formats(&text, "marred");
    }
}

/// The text that the one `let` of `text` has as its value.
fn text_of(text: &str) -> String {
    let read = parsed(text);
    assert_eq!(codes(&read.diagnostics), [], "{text}");
    let ItemKind::Let(binding) = &read.file.items[0].kind else { panic!() };
    let ExprKind::Str(value) = &binding.value.kind else { panic!("{:?}", binding.value) };
    value.to_string()
}

#[test]
fn text_blocks_lose_what_their_lines_share() {
    let cases = [
        ("let a = \"\"\"\n    one\n      two\n\n    three\n  \"\"\"\n", "one\n  two\n\nthree\n"),
        ("let a = \"\"\"\n    one\n  two\"\"\"\n", "  one\ntwo"),
        ("let a = \"\"\"\n  a\\tb \\\n    c\n  \\u0041\\${x}\n  \"\"\"\n", "a\tb   c\nA${x}\n"),
        ("let a = \"\"\"\n  one \\\n  two\n  \"\"\"\n", "one two\n"),
        ("let a = \"\"\"\r\n  one\r\n  two\r\n  \"\"\"\r\n", "one\ntwo\n"),
        ("let a = '''\n  one \\n ${x}\n  '''\n", "one \\n ${x}\n"),
        ("let a = '''\n\tone\n\t\ttwo\n'''\n", "one\n\ttwo\n"),
        ("let a = \"\"\"one \"quoted\" two\"\"\"\n", "one \"quoted\" two"),
        ("let a = \"\"\"  one\n  two\"\"\"\n", "  one\n  two"),
        ("let a = \"\"\"\n\"\"\"\n", ""),
        ("let a = \"\"\"\"\"\"\n", ""),
        ("let a = \"\"\n", ""),
        ("let a = \"\\uD83D\\uDE00\\u{e9}\"\n", "😀é"),
    ];
    for (text, value) in cases {
        assert_eq!(text_of(text), value, "{text}");
        formats(text, text);
    }
}
