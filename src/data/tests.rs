//! Both notations: values, places, limits.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::{DEEPEST, Format, Kind, LONGEST_TEXT, MOST_NODES, Node, parse};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceFile, Sources};

fn file(text: &str) -> SourceFile {
    let mut sources = Sources::default();
    sources.add("x", text);
    sources.iter().next().unwrap().clone()
}

fn read(text: &str, format: Format) -> Node {
    parse(&file(text), format).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
}

fn wrong(text: &str, format: Format) -> Diagnostic {
    *parse(&file(text), format).map(|node| panic!("{}: {}", &text[..text.len().min(200)], shown(&node))).unwrap_err()
}

/// A tree on one line.
fn shown(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(b) => b.to_string(),
        Kind::Int(n) => n.to_string(),
        Kind::Float(n) => format!("{n:?}"),
        Kind::Text(text) => format!("{text:?}"),
        Kind::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|e| format!("{}: {}", e.key, shown(&e.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Kind::Tagged(name, node) => format!("!{name} {}", shown(node)),
    }
}

fn json(text: &str) -> String {
    shown(&read(text, Format::Json))
}

fn yaml(text: &str) -> String {
    shown(&read(text, Format::Yaml))
}

fn template(text: &str) -> String {
    shown(&read(text, Format::Template))
}

/// The texts of all places, in the order of the tree.
fn places(text: &str, format: Format) -> Vec<String> {
    fn collect(text: &str, node: &Node, into: &mut Vec<String>) {
        let at = |span: crate::source::Span| text[span.start as usize..span.end as usize].to_owned();
        into.push(at(node.span));
        node.items().iter().for_each(|item| collect(text, item, into));
        for entry in node.entries() {
            into.push(at(entry.key_span));
            collect(text, &entry.value, into);
        }
    }
    let mut all = Vec::new();
    collect(text, &read(text, format), &mut all);
    all
}

#[test]
fn json_values() {
    assert_eq!(
        json(r#" {"a": [1, -0, 1.5, 2e3], "b": {}, "c": [], "d": [true, false, null]} "#),
        "{a: [1, 0, 1.5, 2000.0], b: {}, c: [], d: [true, false, null]}"
    );
    assert_eq!(json(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#), r#""\"\\/\u{8}\u{c}\n\r\té😀""#);
    assert_eq!(json("9223372036854775807"), "9223372036854775807");
}

#[test]
fn json_is_strict() {
    for (text, why) in [
        ("", "the file ends here; expected a value"),
        ("{\"a\": 1,}", "JSON has no comma after the last item"),
        ("[1 2]", "expected `,` or `]`"),
        ("// x\n1", "JSON has no comments"),
        ("{'a': 1}", "JSON has its texts in double quotes"),
        ("{a: 1}", "expected a key in double quotes"),
        ("1 2", "the file ends before this, by its first value"),
        ("01", "a number does not begin with `0`"),
        ("1.", "the file ends here; expected a digit"),
        ("+1", "expected a value"),
        ("NaN", "expected a value"),
        ("trueish", "expected a value"),
        ("\"a", "the file ends inside a text"),
        ("\"a\nb\"", "a control character in a text is written `\\n`, `\\t`, `\\u00…`"),
        ("\"\\x\"", "no such escape"),
        ("\"\\u00g0\"", "expected four hexadecimal digits"),
        ("\"\\ud800\"", "half a character: a lone surrogate"),
        ("\"\\ud800\\ud800\"", "half a character: a lone surrogate"),
        ("\"\\udc00\"", "half a character: a lone surrogate"),
        ("\u{feff}1", "expected a value"),
    ] {
        let problem = wrong(text, Format::Json);
        assert_eq!((problem.code, problem.labels[0].text.as_str()), (Code::Syntax, why), "{text}");
    }
    assert_eq!(wrong("9223372036854775808", Format::Json).code, Code::OutOfRange);
    assert_eq!(wrong("1e999", Format::Json).code, Code::OutOfRange);
    let twice = wrong(r#"{"a": 1, "\u0061": 2}"#, Format::Json);
    assert_eq!((twice.code, twice.labels.len()), (Code::DuplicateKey, 2));
}

#[test]
fn every_value_knows_its_place() {
    let text = "{\"ä\": [1, \"é\"], \"b\": {\"c\": null}}";
    assert_eq!(
        places(text, Format::Json),
        [text, "\"ä\"", "[1, \"é\"]", "1", "\"é\"", "\"b\"", "{\"c\": null}", "\"c\"", "null"]
    );
    assert_eq!(places(text, Format::Yaml), places(text, Format::Json));
    let text = "ä:\r\n  - 1\r\n  - 'é'\r\nb: # x\r\n  c: one\r\n    two\r\nd: |\r\n  text\r\n\r\ne: f\r\n";
    let all = places(text, Format::Yaml);
    assert_eq!(all[1..8], ["ä", "- 1\r\n  - 'é'", "1", "'é'", "b", "c: one\r\n    two", "c"], "{all:?}");
    assert_eq!(all.last().unwrap(), "f");
    // Far into a long text the places still hold.
    let long = format!("{}last: value\n", (0..500).map(|n| format!("k{n}: ü{n}\n")).collect::<String>());
    let all = places(&long, Format::Yaml);
    assert_eq!(all[all.len() - 4..], ["k499", "ü499", "last", "value"]);
}

#[test]
fn yaml_values() {
    assert_eq!(yaml(""), "null");
    assert_eq!(yaml("# nothing\n"), "null");
    assert_eq!(
        yaml("a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n- 1.5\n- ~\n- true\nd: |\n  two\n  lines\n"),
        r#"{a: 1, b: ["x", "y", "z\n"], c: [1.5, null, true], d: "two\nlines\n"}"#
    );
    assert_eq!(
        yaml("---\n8080: on\nyes: no\n2012-10-17: 2012-10-17\n..."),
        r#"{8080: "on", yes: "no", 2012-10-17: "2012-10-17"}"#
    );
    assert_eq!(
        yaml("[0x1F, 0o17, +5, -5, .5, 1e3, 22:22, 1_000, 0x1_0, 1.2.3]"),
        r#"[31, 15, 5, -5, 0.5, 1000.0, "22:22", "1_000", "0x1_0", "1.2.3"]"#
    );
    assert_eq!(yaml("[!!str 5, !!int 5, ! 5, !!str, !!map {}, !!float 1]"), r#"["5", 5, "5", "", {}, 1]"#);
    assert_eq!(
        yaml("a: !Ref Vpc\nb: !Sub 'x ${A}'\nc: !GetAtt A.B\nd: !Join ['', [!Ref A, 1]]\ne: !If\n  - 1\n"),
        r#"{a: !Ref "Vpc", b: !Sub "x ${A}", c: !GetAtt "A.B", d: !Join ["", [!Ref "A", 1]], e: !If [1]}"#
    );
    for word in ["012345678901", "010", ".inf", "-.INF", ".nan", "9223372036854775808", "12e99999"] {
        assert_eq!(wrong(word, Format::Yaml).code, Code::OutOfRange, "{word}");
    }
}

#[test]
fn a_template_is_read_as_cloudformation_reads_it() {
    assert_eq!(
        template("[yes, No, ON, off, y, n, 'yes', true]"),
        r#"[true, false, true, false, "y", "n", "yes", true]"#
    );
    assert_eq!(
        template("[010, 011, 08, 012345678901, 0, -010, 0b11, 0x1F, 1_000, 1:30, 1:30.5, 1:99, 10:0a]"),
        r#"[8, 9, 8.0, 12345678901.0, 0, -8, 3, 31, 1000, 90, 90.5, "1:99", "10:0a"]"#
    );
    assert_eq!(
        template("[2012-10-17, 2010-09-09, 1.10, 1e3, 0o17, a:b, :1, 1:]"),
        r#"["2012-10-17", "2010-09-09", 1.1, 1000.0, "0o17", "a:b", ":1", "1:"]"#.replace("\"1:\"", "{1: null}")
    );
}

#[test]
fn anchors_aliases_and_merges() {
    assert_eq!(yaml("a: &x [1, 2]\nb: *x\nc: {d: *x}\n"), "{a: [1, 2], b: [1, 2], c: {d: [1, 2]}}");
    let text = "base: &b {a: 1, b: 2}\none:\n  <<: *b\n  b: 3\n  c: 4\ntwo:\n  b: 3\n  <<: [{a: 9}, *b]\n'<<': text\n";
    assert_eq!(yaml(text), r#"{base: {a: 1, b: 2}, one: {a: 1, b: 3, c: 4}, two: {b: 3, a: 9}, <<: "text"}"#);
    assert_eq!(
        yaml("&k key: &v value\nother: *v\n*k : again\n".replace("*k : again\n", "").as_str()),
        r#"{key: "value", other: "value"}"#
    );
    assert_eq!(wrong("a: &x [*x]", Format::Yaml).labels[0].text, "repeats what it is itself part of");
    assert_eq!(wrong("a: *x", Format::Yaml).code, Code::Syntax);
    assert_eq!(wrong("<<: 5", Format::Yaml).code, Code::TypeMismatch);
}

#[test]
fn yaml_is_refused_where_it_is_unclear() {
    for (text, code) in [
        ("a: 1\na: 2", Code::DuplicateKey),
        ("'a': 1\na: 2", Code::DuplicateKey),
        ("? [a]\n: 1", Code::BadValue),
        ("? {a: 1}\n: 1", Code::BadValue),
        ("~: 1", Code::BadValue),
        ("!x a: 1", Code::BadValue),
        ("a: !!binary aGk=", Code::BadValue),
        ("a: !<tag:example.com,2000:x> 1", Code::BadValue),
        ("a: !!int x", Code::BadValue),
        ("a: 1\n---\nb: 2", Code::Syntax),
        ("a: [1, 2", Code::Syntax),
        ("a: 'x", Code::Syntax),
        ("a: b: c", Code::Syntax),
        ("a:\n\t- b", Code::Syntax),
        ("a: \"\\q\"", Code::Syntax),
        ("[a, b] ]", Code::Syntax),
        ("{---", Code::Syntax),
        ("\0", Code::Syntax),
    ] {
        assert_eq!(wrong(text, Format::Yaml).code, code, "{text:?}");
    }
}

#[test]
fn limits_end_with_a_problem() {
    for format in [Format::Json, Format::Yaml] {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&file(&nested(DEEPEST - 1)), format).is_ok());
        for depth in [DEEPEST + 1, 100_000] {
            assert_eq!(wrong(&nested(depth), format).code, Code::LimitExceeded, "{format:?}");
        }
        let long = |length: usize| format!("\"{}\"", "x".repeat(length));
        assert!(parse(&file(&long(LONGEST_TEXT)), format).is_ok());
        assert_eq!(wrong(&long(LONGEST_TEXT + 1), format).code, Code::LimitExceeded);
        let many = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        assert!(parse(&file(&many(1000)), format).is_ok());
        assert_eq!(wrong(&many(MOST_NODES), format).code, Code::LimitExceeded);
    }
    let block = (0..=DEEPEST).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
    assert_eq!(wrong(&block, Format::Yaml).code, Code::LimitExceeded);
}

#[test]
fn an_alias_bomb_ends() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    assert_eq!(wrong(&bomb, Format::Yaml).code, Code::LimitExceeded);
    let merged = bomb.replace("[x, x, x, x, x, x, x, x, x, x]", "{k: [x, x, x, x]}").replace("[*", "[x, *");
    assert_eq!(wrong(&merged, Format::Yaml).code, Code::LimitExceeded);
    // Deep by aliases alone.
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..300 {
        deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(wrong(&deep, Format::Yaml).code, Code::LimitExceeded);
}

#[test]
fn no_text_makes_a_reader_stumble() {
    let pieces = [
        "a",
        "b: ",
        "- ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!t ",
        "!!str ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "\\",
        "#",
        "\n",
        "\n  ",
        "\n ",
        "\t",
        "---",
        "...",
        "%TAG ! x\n",
        "<<: ",
        "0",
        "-1",
        ".5",
        "é",
        "\r\n",
        "\u{feff}",
        "\0",
        "\u{2028}",
        "@",
        "`",
        "%",
        "null",
        "true",
        "\\u00e9",
        "1:30",
        "~",
        "=",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(1..24)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        for format in [Format::Json, Format::Yaml, Format::Template] {
            if let Err(problem) = parse(&file(&text), format) {
                let span = problem.labels[0].span;
                assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?}: {problem:?}");
            }
        }
    }
}
