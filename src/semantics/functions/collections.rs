//! Functions of lists and of keys with values.

use std::cmp::Ordering;

use super::{Args, Function, Kind, Outcome, Parameter, list, text};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::value::{LaterType, Object, Value};
use crate::semantics::{fits, operators};
use crate::syntax::ast::Binary;
use std::sync::Arc;

const LIST: Parameter = Parameter::new("list", Kind::List);
const MAP: Parameter = Parameter::new("map", Kind::Object);

pub(super) const TABLE: &[Function] = &[
    Function::new("keys", &[MAP], "[String]", "The keys, in their order.", keys),
    Function::new("values", &[MAP], "[T]", "The values, in the order of their keys.", |args| {
        Ok(list(args.object(0).iter().map(|(_, value)| value.clone())))
    }),
    Function::new(
        "merge",
        &[Parameter::new("maps", Kind::Object).rest()],
        "{String: T}",
        "All keys of all maps; of a key that several have, the last value.",
        merge,
    ),
    Function::new("flatten", &[LIST], "[T]", "The list with the items of each list in it, one level deep.", flatten),
    Function::new(
        "distinct",
        &[LIST],
        "[T]",
        "The list without items that came before: what is known *later* came before where it is the same reference.",
        distinct,
    ),
    Function::new(
        "sort",
        &[LIST],
        "[T]",
        "The list from the least to the greatest item: all numbers, or all texts.",
        sort,
    ),
    Function::new(
        "zip",
        &[Parameter::new("a", Kind::List), Parameter::new("b", Kind::List)],
        "[[T]]",
        "Pairs: the first items of both, the second items of both, and so on.",
        zip,
    ),
    Function::new("all", &[LIST], "Bool", "Whether every item is `true`.", |args| truths(args, true)),
    Function::new("any", &[LIST], "Bool", "Whether an item is `true`.", |args| truths(args, false)),
    Function::new("sum", &[LIST], "Int | Float", "All numbers together; 0 for none.", sum),
    Function::new("min", &[LIST], "Int | Float | String", "The least item.", |args| extreme(args, Ordering::Less)),
    Function::new("max", &[LIST], "Int | Float | String", "The greatest item.", |args| {
        extreme(args, Ordering::Greater)
    }),
    Function::new(
        "lookup",
        &[MAP, Parameter::new("key", Kind::Text), Parameter::new("default", Kind::Any).later().optional()],
        "T",
        "The value under the key; else the default.",
        lookup,
    ),
];

fn keys(args: &Args<'_>) -> Outcome {
    Ok(match args.value(0) {
        Value::Resources(all) => list(all.items.iter().map(|(key, _)| key.clone())),
        _ => list(args.object(0).iter().map(|(key, _)| text(key.as_str()))),
    })
}

fn merge(args: &Args<'_>) -> Outcome {
    let mut all: Vec<(Name, Value)> = Vec::new();
    let mut places = rustc_hash::FxHashMap::default();
    for (map, _) in args.rest() {
        for (key, value) in super::bind::as_object(map).iter() {
            match places.get(&key).and_then(|at: &usize| all.get_mut(*at)) {
                Some((_, old)) => *old = value.clone(),
                None => {
                    places.insert(key, all.len());
                    all.push((key, value.clone()));
                }
            }
        }
    }
    let mut merged = Object::default();
    all.into_iter().for_each(|(key, value)| merged.push_new(key, value));
    Ok(Value::Object(Arc::new(merged)))
}

fn flatten(args: &Args<'_>) -> Outcome {
    let mut flat = Vec::new();
    for item in args.list(0).iter() {
        match item {
            Value::List(inner) => flat.extend(inner.iter().cloned()),
            Value::Resources(all) => flat.extend(all.items.iter().map(|(_, item)| item.clone())),
            Value::Later(later) => match (later.items(), &later.ty) {
                (Some(inner), _) => flat.extend(inner),
                (None, LaterType::List(..)) => return Err(args.too_late("list", later, args.span_of(0))),
                (None, _) => flat.push(item.clone()),
            },
            other => flat.push(other.clone()),
        }
        if flat.len() > super::LONGEST_LIST {
            return Err(super::too_large(flat.len(), super::LONGEST_LIST, "items", args.span));
        }
    }
    Ok(list(flat))
}

fn distinct(args: &Args<'_>) -> Outcome {
    let items = args.list(0);
    let (mut texts, mut numbers) = (rustc_hash::FxHashSet::default(), rustc_hash::FxHashSet::default());
    let mut others: Vec<&Value> = Vec::new();
    let mut kept = Vec::new();
    for item in items.iter() {
        let fresh = match item {
            Value::Str(text) => texts.insert(&**text),
            // 1 and 1.0 are the same; whole numbers of this size are exact as both.
            Value::Int(number) if number.unsigned_abs() < 1 << 53 => numbers.insert((*number as f64).to_bits()),
            Value::Float(number) => numbers.insert((number + 0.0).to_bits()),
            other => {
                let fresh = !others.iter().any(|o| operators::equal(o, other) == Some(true));
                others.push(other);
                fresh
            }
        };
        if fresh {
            kept.push(item.clone());
        }
    }
    Ok(list(kept))
}

/// The order of two items of one kind; a problem where they have none.
fn order(args: &Args<'_>, a: &Value, b: &Value) -> Result<Ordering, Box<Diagnostic>> {
    operators::order(a, b).ok_or_else(|| {
        let message = format!("`{}` cannot compare {} with {}", args.name(), fits::kind(a), fits::kind(b));
        args.bad(0, message, "give numbers only, or texts only")
    })
}

fn sort(args: &Args<'_>) -> Outcome {
    let items = args.list(0);
    args.known(0, &items)?;
    if let Some(first) = items.first() {
        items.iter().try_for_each(|item| order(args, first, item).map(drop))?;
    }
    let mut sorted = items.to_vec();
    sorted.sort_by(|a, b| operators::order(a, b).unwrap_or(Ordering::Equal));
    Ok(list(sorted))
}

fn zip(args: &Args<'_>) -> Outcome {
    let (a, b) = (args.list(0), args.list(1));
    if a.len() != b.len() {
        let message = format!("`zip` pairs lists of one length, and these have {} and {} items", a.len(), b.len());
        return Err(args.bad(1, message, "cut the longer one with `slice`"));
    }
    Ok(list(a.iter().zip(b.iter()).map(|(a, b)| list([a.clone(), b.clone()]))))
}

fn truths(args: &Args<'_>, all: bool) -> Outcome {
    let items = args.list(0);
    for item in items.iter() {
        match item {
            Value::Bool(truth) if *truth != all => return Ok(Value::Bool(!all)),
            Value::Bool(_) => {}
            Value::Later(later) => return Err(args.too_late("list", later, args.span_of(0))),
            other => return Err(args.mistyped("list", "[Bool]", other, args.span_of(0))),
        }
    }
    Ok(Value::Bool(all))
}

fn sum(args: &Args<'_>) -> Outcome {
    let items = args.list(0);
    args.known(0, &items)?;
    let mut total = Value::Int(0);
    for item in items.iter() {
        total = match operators::numbers(Binary::Add, &total, item) {
            Some(Ok(sum)) => sum,
            Some(Err(why)) => return Err(args.out_of_range(0, why, "use smaller numbers")),
            None => return Err(args.mistyped("list", "[Int]", item, args.span_of(0))),
        };
    }
    Ok(total)
}

fn extreme(args: &Args<'_>, wanted: Ordering) -> Outcome {
    let items = args.list(0);
    args.known(0, &items)?;
    let Some(mut best) = items.first() else {
        return Err(args.bad(0, format!("`{}` of an empty list", args.name()), "give at least one item"));
    };
    for item in items.iter() {
        if order(args, item, best)? == wanted {
            best = item;
        }
    }
    Ok(best.clone())
}

fn lookup(args: &Args<'_>) -> Outcome {
    let (map, key) = (args.object(0), args.text(1));
    if let Some((_, value)) = map.iter().find(|(k, _)| k.as_str() == key) {
        return Ok(value.clone());
    }
    if let Some(default) = args.given(2) {
        return Ok(default.clone());
    }
    let problem = Diagnostic::new(Code::UnknownField, format!("there is no key `{key}`"));
    let problem = match nearest(key, map.iter().map(|(k, _)| k.as_str())) {
        Some(near) => {
            let (problem, span) = (problem.at(args.span_of(1), format!("the nearest is `{near}`")), args.span_of(1));
            if args.program().sources.quotes(span, key) { problem.fix(span, near.quoted()) } else { problem }
        }
        None => problem.at(args.span_of(1), "not a key of the map"),
    };
    Err(Box::new(problem.help("add the key, or give a `default`")))
}
