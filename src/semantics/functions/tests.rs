//! A table: what is called, with what, and what comes out. Values are written as JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Argument, all, bind, find, names, run};
use crate::diagnostics::Code;
use crate::names::Name;
use crate::schema::Types;
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Value};
use crate::source::{FileId, Span};
use crate::syntax::ast::Ident;
use crate::world::Table;

fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(n) => n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap()), Value::Int),
        // `<name>` stands for a later text.
        Json::String(text) if text.starts_with('<') => later(&text, LaterType::String(Vec::new())),
        Json::String(text) => Value::Str(text.into()),
        Json::Array(items) => Value::List(items.into_iter().map(value).collect()),
        Json::Object(entries) => {
            let entries = entries.into_iter().map(|(key, v)| (Name::new(&key), value(v)));
            Value::Object(Arc::new(entries.collect::<Object>()))
        }
    }
}

fn later(name: &str, ty: LaterType) -> Value {
    Value::Later(Arc::new(Later { expr: LaterExpr::Parameter(Name::new(name)), ty, origin: span(), secret: false }))
}

/// A value in one line; later ones as CloudFormation's functions.
fn shown(value: &Value) -> String {
    match value {
        Value::Later(later) => match &later.expr {
            LaterExpr::Parameter(name) => name.to_string(),
            LaterExpr::Concat(pieces) => pieces.iter().map(shown).collect::<Vec<_>>().join("+"),
            LaterExpr::Join(by, parts) => format!("Join({by:?}, {})", shown(parts)),
            LaterExpr::Split(by, text) => format!("Split({by:?}, {})", shown(text)),
            LaterExpr::Select(at, list) => format!("Select({at}, {})", shown(&Value::Later(list.clone()))),
            LaterExpr::Base64(text) => format!("Base64({})", shown(text)),
            LaterExpr::Cidr(block, count, bits) => format!("Cidr({}, {count}, {bits})", shown(block)),
            LaterExpr::Dynamic(reference) => reference.to_string(),
            other => format!("{other:?}"),
        },
        Value::Str(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let entries: Vec<_> =
                object.iter().map(|(key, value)| format!("{:?}:{}", key.as_str(), shown(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Float(number) => format!("{number:?}"),
        other => crate::semantics::fits::scalar_text(other).into_owned(),
    }
}

fn call_with(name: &str, args: Vec<Argument>) -> Result<String, Code> {
    let function = find(Name::new(name)).unwrap();
    let program = crate::semantics::analyze(Vec::new(), Arc::new(Table::default()), Types::aws());
    let args = bind::bind(&program, function, args, span()).map_err(|problems| problems[0].code)?;
    run(function, &args).map(|value| shown(&value)).map_err(|problem| problem.code)
}

fn call(name: &str, args: Json) -> Result<String, Code> {
    let Json::Array(args) = args else { panic!("a list of arguments") };
    call_with(name, args.into_iter().map(|arg| Argument { name: None, value: value(arg), span: span() }).collect())
}

#[track_caller]
fn gives(name: &str, args: Json, expected: &str) {
    let shown = args.to_string();
    assert_eq!(call(name, args).as_deref(), Ok(expected), "{name}{shown}");
}

#[track_caller]
fn fails(name: &str, args: Json, expected: Code) {
    let shown = args.to_string();
    assert_eq!(call(name, args), Err(expected), "{name}{shown}");
}

#[test]
fn strings() {
    gives("join", json!([",", ["a", "b", 3, true]]), r#""a,b,3,true""#);
    gives("join", json!([",", []]), r#""""#);
    gives("join", json!(["-", ["a", "<x>"]]), r#"Join("-", ["a",<x>])"#);
    fails("join", json!([",", [["a"]]]), Code::BadArgument);
    fails("join", json!([",", "a"]), Code::BadArgument);
    fails("join", json!(["<sep>", ["a"]]), Code::KnownTooLate);
    gives("split", json!([",", "a,b,,c"]), r#"["a","b","","c"]"#);
    gives("split", json!([",", "<x>"]), r#"Split(",", <x>)"#);
    fails("split", json!(["", "abc"]), Code::BadValue);
    gives("upper", json!(["aß"]), r#""ASS""#);
    gives("lower", json!(["AÖ"]), r#""aö""#);
    fails("upper", json!(["<x>"]), Code::KnownTooLate);
    gives("replace", json!(["a.b.c", ".", "-"]), r#""a-b-c""#);
    fails("replace", json!(["abc", "", "-"]), Code::BadValue);
    fails("replace", json!(["a".repeat(2000), "a", "b".repeat(2000)]), Code::LimitExceeded);
    gives("trim", json!(["  a b\n"]), r#""a b""#);
    gives("trim", json!(["/a/b/", "/"]), r#""a/b""#);
    gives("starts_with", json!(["feature/x", "feature/"]), "true");
    gives("ends_with", json!(["feature/x", "y"]), "false");
    gives("contains", json!(["abc", "b"]), "true");
    gives("contains", json!([["a", 1, null], 1]), "true");
    gives("contains", json!([["a"], "b"]), "false");
    gives("contains", json!([["a", "<x>"], "a"]), "true");
    fails("contains", json!([["a", "<x>"], "b"]), Code::KnownTooLate);
    gives("matches", json!(["v1.20", "^v\\d+\\.\\d+$"]), "true");
    gives("matches", json!(["1.20", "^v"]), "false");
    fails("matches", json!(["a", "("]), Code::BadValue);
    gives("len", json!(["häß"]), "3");
    gives("len", json!([["<x>", "<y>"]]), "2");
    gives("len", json!([{"a": 1}]), "1");
    fails("len", json!(["<x>"]), Code::KnownTooLate);
    fails("len", json!([7]), Code::BadArgument);
    gives("slice", json!(["häuser", 1, 3]), r#""äu""#);
    gives("slice", json!(["short", 0, 32]), r#""short""#);
    gives("slice", json!(["abcdef", -2]), r#""ef""#);
    gives("slice", json!([[1, 2, 3, 4], 1, -1]), "[2,3]");
    gives("slice", json!([[1, 2], 2, 1]), "[]");
    gives("format", json!(["%s-%03d", "a", 7]), r#""a-007""#);
    gives("format", json!(["%5.1f|%-4s|%4s|%x|%X|%%", 2.25, "a", "b", 255, -255]), r#""  2.2|a   |   b|ff|-FF|%""#);
    gives("format", json!(["%05d", -42]), r#""-0042""#);
    gives("format", json!(["a/%s/b", "<x>"]), r#""a/"+<x>+"/b""#);
    fails("format", json!(["%03d", "<x>"]), Code::KnownTooLate);
    fails("format", json!(["%d", "a"]), Code::BadArgument);
    fails("format", json!(["%s"]), Code::BadValue);
    fails("format", json!(["x", 1]), Code::BadArgument);
    fails("format", json!(["%q", 1]), Code::BadValue);
    gives("indent", json!(["a\n\nb", 2]), r#""  a\n\n  b""#);
    fails("indent", json!(["a", -1]), Code::OutOfRange);
}

#[test]
fn collections() {
    gives("keys", json!([{"a": 1, "b": 2}]), r#"["a","b"]"#);
    gives("values", json!([{"a": 1, "b": "<x>"}]), "[1,<x>]");
    gives("merge", json!([{"a": 1, "b": 2}, {"b": 3, "c": 4}]), r#"{"a":1,"b":3,"c":4}"#);
    gives("merge", json!([]), "{}");
    gives("flatten", json!([[[1, 2], 3, [[4]]]]), "[1,2,3,[4]]");
    gives("distinct", json!([["b", "a", "b", 1, 1.0, null, null]]), r#"["b","a",1,null]"#);
    gives("distinct", json!([["<x>", "<y>", "<x>"]]), "[<x>,<y>]");
    gives("sort", json!([["b", "a", "c"]]), r#"["a","b","c"]"#);
    gives("sort", json!([[3, 1.5, 2]]), "[1.5,2,3]");
    fails("sort", json!([[1, "a"]]), Code::BadValue);
    gives("zip", json!([["a", "b"], [1, "<x>"]]), r#"[["a",1],["b",<x>]]"#);
    fails("zip", json!([["a"], [1, 2]]), Code::BadValue);
    gives("all", json!([[true, true]]), "true");
    gives("all", json!([[]]), "true");
    gives("any", json!([[false, true]]), "true");
    gives("any", json!([[]]), "false");
    fails("any", json!([[1]]), Code::BadArgument);
    gives("sum", json!([[1, 2, 3]]), "6");
    gives("sum", json!([[1, 0.5]]), "1.5");
    gives("sum", json!([[]]), "0");
    fails("sum", json!([[i64::MAX, 1]]), Code::OutOfRange);
    gives("min", json!([[3, 1.5]]), "1.5");
    gives("max", json!([["a", "c", "b"]]), r#""c""#);
    fails("max", json!([[]]), Code::BadValue);
    fails("max", json!([1, 2]), Code::BadArgument);
    gives("lookup", json!([{"a": 1}, "a"]), "1");
    gives("lookup", json!([{"a": 1}, "b", "<x>"]), "<x>");
    fails("lookup", json!([{"a": 1}, "b"]), Code::UnknownField);
}

#[test]
fn networks() {
    gives("cidr_subnet", json!(["10.0.0.0/16", 8, 2]), r#""10.0.2.0/24""#);
    gives("cidr_subnet", json!(["10.0.0.0/16", 0, 0]), r#""10.0.0.0/16""#);
    gives("cidr_subnet", json!(["0.0.0.0/0", 32, 4294967295u32]), r#""255.255.255.255/32""#);
    gives("cidr_subnet", json!(["2001:db8::/56", 8, 255]), r#""2001:db8:0:ff::/64""#);
    gives("cidr_subnet", json!(["::/0", 128, 1]), r#""::1/128""#);
    fails("cidr_subnet", json!(["10.0.0.0/16", 8, 256]), Code::OutOfRange);
    fails("cidr_subnet", json!(["10.0.0.0/16", 8, -1]), Code::OutOfRange);
    fails("cidr_subnet", json!(["10.0.0.0/16", 17, 0]), Code::OutOfRange);
    fails("cidr_subnet", json!(["10.0.0.1/16", 8, 0]), Code::BadValue);
    fails("cidr_subnet", json!(["10.0.0.0", 8, 0]), Code::BadValue);
    fails("cidr_subnet", json!(["10.0.0.0/33", 8, 0]), Code::BadValue);
    fails("cidr_subnet", json!(["10.0.0.0/016", 8, 0]), Code::BadValue);
    fails("cidr_subnet", json!(["<vpc>", 8, 0]), Code::KnownTooLate);
    gives("cidr_subnet", json!(["<vpc>", null, 1, 24]), "Select(1, Cidr(<vpc>, 2, 8))");
    gives("cidr_subnets", json!(["10.0.0.0/16", 8, 2]), r#"["10.0.0.0/24","10.0.1.0/24"]"#);
    gives("cidr_subnets", json!(["<vpc>", null, 3, 64]), "Cidr(<vpc>, 3, 64)");
    fails("cidr_subnets", json!(["10.0.0.0/16", 1, 3]), Code::OutOfRange);
    fails("cidr_subnets", json!(["10.0.0.0/8", 24, 1_000_000]), Code::OutOfRange);
    fails("cidr_subnets", json!(["<vpc>", null, 257, 24]), Code::OutOfRange);
    gives("cidr_host", json!(["10.0.0.0/24", 5]), r#""10.0.0.5""#);
    gives("cidr_host", json!(["10.0.0.0/24", -1]), r#""10.0.0.255""#);
    gives("cidr_host", json!(["2001:db8::/64", -1]), r#""2001:db8::ffff:ffff:ffff:ffff""#);
    fails("cidr_host", json!(["10.0.0.0/24", 256]), Code::OutOfRange);
    fails("cidr_host", json!(["10.0.0.0/32", i64::MIN]), Code::OutOfRange);
    gives("zone", json!([1]), "Select(1, Zones)");
    gives("zones", json!([2]), "[Select(0, Zones),Select(1, Zones)]");
    gives("zones", json!([]), "Zones");
    fails("zone", json!([-1]), Code::OutOfRange);
    fails("zones", json!([99]), Code::OutOfRange);
}

#[test]
fn encoding() {
    gives("json", json!([{"a": [1, 1.5, true, null, "q\"\n"]}]), r#""{\"a\":[1,1.5,true,null,\"q\\\"\\n\"]}""#);
    gives("json", json!([{"a": "<x>", "b": 1}]), r#""{\"a\":\""+<x>+"\",\"b\":1}""#);
    gives("json", json!(["<x>"]), r#""\""+<x>+"\"""#);
    gives(
        "yaml",
        json!([{"a": {"b": [1, {"c": "x", "d": []}, [2]]}, "on": "yes"}]),
        r#""a:\n  b:\n    - 1\n    - c: \"x\"\n      d: []\n    - - 2\n\"on\": \"yes\"""#,
    );
    gives("yaml", json!([{}]), r#""{}""#);
    gives("yaml", json!([{"a": "<x>"}]), r#""a: \""+<x>+"\"""#);
    gives("base64", json!(["hello?>"]), r#""aGVsbG8/Pg==""#);
    gives("base64", json!(["<x>"]), "Base64(<x>)");
    gives("sha256", json!(["abc"]), r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#);
    fails("sha256", json!(["<x>"]), Code::KnownTooLate);
    gives("number_for", json!(["abc", 1, 50000]), "75");
    gives("number_for", json!(["abc", 7, 7]), "7");
    gives("number_for", json!(["abc", i64::MIN, i64::MAX]), "4213142463398924266");
    fails("number_for", json!(["abc", 2, 1]), Code::OutOfRange);
    fails("number_for", json!(["<x>", 1, 2]), Code::KnownTooLate);
    gives("url_encode", json!(["a b/ü~"]), r#""a%20b%2F%C3%BC~""#);
}

#[test]
fn later_numbers_and_lists_in_json() {
    let one = |value| vec![Argument { name: None, value, span: span() }];
    let list = |length| later("<l>", LaterType::List(Box::new(LaterType::String(Vec::new())), length));
    assert_eq!(call_with("json", one(later("<n>", LaterType::Int))).as_deref(), Ok("<n>"));
    assert_eq!(call_with("json", one(list(Some(2)))).as_deref(), Ok(r#""[\""+Join("\",\"", <l>)+"\"]""#));
    assert_eq!(call_with("json", one(list(None))), Err(Code::KnownTooLate));
    assert_eq!(call_with("len", one(list(Some(2)))).as_deref(), Ok("2"));
    assert_eq!(call_with("flatten", one(value(json!([[1]])))).as_deref(), Ok("[1]"));
    assert_eq!(call_with("flatten", one(Value::List([list(Some(1))].into()))).as_deref(), Ok("[Select(0, <l>)]"));
    assert_eq!(call_with("sort", one(list(None))), Err(Code::KnownTooLate));
}

#[test]
fn secrets() {
    gives("secret", json!(["db"]), "{{resolve:secretsmanager:db}}");
    gives("secret", json!(["db", "password"]), "{{resolve:secretsmanager:db:SecretString:password}}");
    gives("secret", json!(["<arn>", "p"]), r#""{{resolve:secretsmanager:"+<arn>+":SecretString:p}}""#);
    gives("ssm_secret", json!(["/a/b"]), "{{resolve:ssm-secure:/a/b}}");
    fails("secret", json!(["db:x"]), Code::BadValue);
    fails("secret", json!(["db", "}}"]), Code::BadValue);
    fails("secret", json!([""]), Code::BadValue);
    fails("secret", json!([1]), Code::BadArgument);
    fails("ssm_secret", json!(["<x>"]), Code::KnownTooLate);
}

#[test]
fn arguments() {
    let named = |name: &str, v: Json| Argument {
        name: Some(Ident { name: Name::new(name), span: span() }),
        value: value(v),
        span: span(),
    };
    let plain = |v: Json| Argument { name: None, value: value(v), span: span() };
    let subnet = |args| call_with("cidr_subnet", args);
    assert_eq!(
        subnet(vec![plain(json!("10.0.0.0/16")), named("index", json!(1)), named("prefix", json!(20))]).as_deref(),
        Ok(r#""10.0.16.0/20""#)
    );
    let both = vec![plain(json!("10.0.0.0/16")), plain(json!(4)), plain(json!(1)), named("prefix", json!(20))];
    assert_eq!(subnet(both), Err(Code::BadValue));
    assert_eq!(subnet(vec![plain(json!("10.0.0.0/16"))]), Err(Code::MissingArgument));
    assert_eq!(call_with("upper", vec![plain(json!("a")), plain(json!("b"))]), Err(Code::BadArgument));
    assert_eq!(call_with("upper", vec![named("txt", json!("a"))]), Err(Code::BadArgument));
    assert_eq!(call_with("upper", vec![plain(json!("a")), named("text", json!("b"))]), Err(Code::BadArgument));
    assert_eq!(call_with("upper", vec![plain(Json::Null)]), Err(Code::BadArgument));
}

#[test]
fn the_table_is_whole() {
    assert!(names().len() >= 43);
    assert!(names().windows(2).all(|pair| pair[0] < pair[1]));
    for function in all() {
        assert!(function.doc.ends_with('.'), "{}", function.name);
        assert!(function.signature().starts_with(function.name));
    }
    assert_eq!(find(Name::new("join")).unwrap().signature(), "join(separator: String, parts: [T]): String");
}
