//! Functions of text.

use std::sync::Arc;

use super::{Args, Function, Kind, Outcome, Parameter, later, list, printf, text};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::Pattern;
use crate::semantics::value::{Later, LaterExpr, LaterType, Value};
use crate::semantics::{fits, operators};

const TEXT: Parameter = Parameter::new("text", Kind::Text);

pub(super) const TABLE: &[Function] = &[
    Function::new(
        "join",
        &[Parameter::new("separator", Kind::Text), Parameter::new("parts", Kind::List).later()],
        "String",
        "The parts one after the other, with the separator between them.",
        join,
    ),
    Function::new(
        "split",
        &[Parameter::new("separator", Kind::Text), TEXT.later()],
        "[String]",
        "The parts of the text between the separators.",
        split,
    ),
    Function::new("upper", &[TEXT], "String", "The text in upper case.", |args| Ok(text(args.text(0).to_uppercase()))),
    Function::new("lower", &[TEXT], "String", "The text in lower case.", |args| Ok(text(args.text(0).to_lowercase()))),
    Function::new(
        "replace",
        &[TEXT, Parameter::new("from", Kind::Text), Parameter::new("to", Kind::Text)],
        "String",
        "The text with every `from` replaced by `to`.",
        replace,
    ),
    Function::new(
        "trim",
        &[TEXT, Parameter::new("characters", Kind::Text).optional()],
        "String",
        "The text without white space, or the given characters, at both ends.",
        trim,
    ),
    Function::new(
        "starts_with",
        &[TEXT, Parameter::new("start", Kind::Text)],
        "Bool",
        "Whether the text starts so.",
        |args| Ok(Value::Bool(args.text(0).starts_with(args.text(1)))),
    ),
    Function::new(
        "ends_with",
        &[TEXT, Parameter::new("end", Kind::Text)],
        "Bool",
        "Whether the text ends so.",
        |args| Ok(Value::Bool(args.text(0).ends_with(args.text(1)))),
    ),
    Function::new(
        "contains",
        &[Parameter::new("value", Kind::TextOrList), Parameter::new("part", Kind::Any)],
        "Bool",
        "Whether the text has that part, or the list that item.",
        contains,
    ),
    Function::new(
        "matches",
        &[TEXT, Parameter::new("pattern", Kind::Text)],
        "Bool",
        "Whether the regular expression is found in the text; `^` and `$` bind it to the ends.",
        matches,
    ),
    Function::new(
        "len",
        &[Parameter::new("value", Kind::Sized).later()],
        "Int",
        "How many characters, items or keys there are.",
        len,
    ),
    Function::new(
        "slice",
        &[
            Parameter::new("value", Kind::TextOrList),
            Parameter::new("start", Kind::Int),
            Parameter::new("end", Kind::Int).optional(),
        ],
        "String | [T]",
        "The characters or items from `start` up to, not including, `end`; negative numbers count from the end.",
        slice,
    ),
    Function::new(
        "format",
        &[Parameter::new("pattern", Kind::Text), Parameter::new("values", Kind::Any).later().rest()],
        "String",
        "The pattern with its `%s`, `%d`, `%f`, `%x` replaced by the values; `%03d` pads with zeros.",
        printf::format,
    ),
    Function::new(
        "indent",
        &[TEXT, Parameter::new("by", Kind::Int)],
        "String",
        "The text with `by` spaces before every line that is not empty.",
        indent,
    ),
];

/// Items are joined now where all are known; else by `Fn::Join`.
fn join(args: &Args<'_>) -> Outcome {
    let separator: Arc<str> = args.text(0).into();
    if let Value::Later(later) = args.value(1) {
        return match &later.ty {
            LaterType::List(..) | LaterType::Any => {
                Ok(joined(separator, args.value(1).clone(), later.origin, later.secret))
            }
            _ => Err(args.mistyped("parts", "[T]", args.value(1), args.span_of(1))),
        };
    }
    let parts = args.list(1);
    for part in parts.iter() {
        if !fits::is_text(part) {
            return Err(not_text(args, part));
        }
    }
    match parts.iter().find_map(fits::later_of) {
        None => {
            let parts: Vec<_> = parts.iter().map(fits::scalar_text).collect();
            Ok(text(parts.join(&*separator)))
        }
        Some(first) => {
            let secret = parts.iter().filter_map(fits::later_of).any(|later| later.secret);
            Ok(joined(separator, Value::List(parts.iter().cloned().collect()), first.origin, secret))
        }
    }
}

fn joined(separator: Arc<str>, parts: Value, origin: crate::source::Span, secret: bool) -> Value {
    let expr = LaterExpr::Join(separator, parts);
    Value::Later(Arc::new(Later { expr, ty: LaterType::String(Vec::new()), origin, secret }))
}

fn not_text(args: &Args<'_>, part: &Value) -> Box<Diagnostic> {
    let message = format!("`{}` joins texts, and one part is {}", args.name(), fits::kind(part));
    let problem = Diagnostic::new(Code::BadArgument, message)
        .at(args.span_of(1), format!("one of them is {}", fits::shown(part)));
    Box::new(match part {
        Value::Resource(resource) => problem.help(fits::name_an_attribute(resource)),
        _ => problem.help("give a list of texts or numbers"),
    })
}

fn split(args: &Args<'_>) -> Outcome {
    let separator = args.text(0);
    if separator.is_empty() {
        return Err(args.bad(0, "the separator of `split` is empty", "say what stands between the parts"));
    }
    match args.value(1) {
        Value::Later(whole) => {
            later::scalar(args, 1, whole)?;
            // `Fn::Split` does not take `Fn::GetStackOutput` (cfn-lint, E1033).
            if matches!(whole.expr, LaterExpr::StackOutput(_)) {
                let help = "read it without `live`, or output its parts one by one";
                return Err(args.bad(1, "CloudFormation cannot split what is read with `live`", help));
            }
            Ok(Value::Later(Arc::new(Later {
                expr: LaterExpr::Split(separator.into(), args.value(1).clone()),
                ty: LaterType::List(Box::new(LaterType::String(Vec::new())), None),
                origin: whole.origin,
                secret: whole.secret,
            })))
        }
        _ => Ok(list(args.text(1).split(separator).map(text))),
    }
}

fn replace(args: &Args<'_>) -> Outcome {
    if args.text(1).is_empty() {
        return Err(args.bad(1, "`from` of `replace` is empty", "say what is to be replaced"));
    }
    // Every byte of the text could become a copy of `to`.
    let most = args.text(0).matches(args.text(1)).count().saturating_mul(args.text(2).len());
    if most > super::LONGEST_TEXT {
        return Err(super::too_large(most, super::LONGEST_TEXT, "bytes", args.span));
    }
    Ok(text(args.text(0).replace(args.text(1), args.text(2))))
}

fn trim(args: &Args<'_>) -> Outcome {
    let whole = args.text(0);
    Ok(text(match args.given(1) {
        None => whole.trim(),
        Some(_) => whole.trim_matches(|c| args.text(1).contains(c)),
    }))
}

fn contains(args: &Args<'_>) -> Outcome {
    let part = args.value(1);
    if let Value::Str(whole) = args.value(0) {
        return match part {
            Value::Str(part) => Ok(Value::Bool(whole.contains(&**part))),
            _ => Err(args.mistyped("part", "String", part, args.span_of(1))),
        };
    }
    let items = args.list(0);
    if items.iter().any(|item| operators::equal(item, part) == Some(true)) {
        return Ok(Value::Bool(true));
    }
    args.known(0, &items)?;
    args.known(1, std::slice::from_ref(part))?;
    Ok(Value::Bool(false))
}

fn matches(args: &Args<'_>) -> Outcome {
    // Interning gives the pattern the lifetime that patterns of the schema have.
    match Pattern::linear(Name::new(args.text(1)).as_str()) {
        Ok(pattern) => Ok(Value::Bool(pattern.matches(args.text(0)))),
        Err(why) => Err(args.bad(
            1,
            format!("`{}` is not a regular expression", args.text(1)),
            format!("write it in the syntax of Rust's `regex`: {why}"),
        )),
    }
}

fn len(args: &Args<'_>) -> Outcome {
    let length = match args.value(0) {
        Value::Str(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Resources(all) => all.items.len(),
        Value::Later(later) => match later.ty {
            LaterType::List(_, Some(length)) => length,
            _ => return Err(args.too_late("value", later, args.span_of(0))),
        },
        _ => args.object(0).len(),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn slice(args: &Args<'_>) -> Outcome {
    let within = |length: usize| {
        let place = |at: i64| {
            let length = i64::try_from(length).unwrap_or(i64::MAX);
            let at = if at < 0 { length.saturating_add(at) } else { at };
            usize::try_from(at.clamp(0, length)).unwrap_or(0)
        };
        let start = place(args.int(1).unwrap_or(0));
        let end = args.int(2).map_or(length, place);
        start..end.max(start)
    };
    if let Value::Str(whole) = args.value(0) {
        let range = within(whole.chars().count());
        return Ok(text(whole.chars().skip(range.start).take(range.len()).collect::<String>()));
    }
    let items = args.list(0);
    let range = within(items.len());
    Ok(list(items.iter().skip(range.start).take(range.len()).cloned()))
}

fn indent(args: &Args<'_>) -> Outcome {
    let by = args.int(1).unwrap_or(0);
    let Some(by) = usize::try_from(by).ok().filter(|by| *by <= 1000) else {
        return Err(args.out_of_range(1, format!("`indent` by {by} spaces"), "use a number from 0 to 1000"));
    };
    let lines = args.text(0).lines().count();
    let most = lines.saturating_mul(by).saturating_add(args.text(0).len());
    if most > super::LONGEST_TEXT {
        return Err(super::too_large(most, super::LONGEST_TEXT, "bytes", args.span));
    }
    let margin = " ".repeat(by);
    let lines: Vec<String> = args
        .text(0)
        .split('\n')
        .map(|line| if line.trim().is_empty() { line.to_owned() } else { format!("{margin}{line}") })
        .collect();
    Ok(text(lines.join("\n")))
}
