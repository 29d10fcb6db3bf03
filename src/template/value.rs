//! Writes values: plain ones as JSON, later ones as CloudFormation's functions.

use std::sync::Arc;

use super::json::{self, Members};
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Value};

/// Appends a value. Only what [`is_written`] may be given.
pub(super) fn write(out: &mut String, value: &Value) {
    match value {
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => out.push_str(&n.to_string()),
        Value::Float(n) => json::float(out, *n),
        Value::Str(text) => json::string(out, text),
        Value::List(items) => list(out, items),
        Value::Object(object) => self::object(out, object),
        Value::Later(later) => self::later(out, later),
        Value::Resource(resource) => call(out, "Ref", |out| json::string(out, resource.id.as_str())),
        _ => {}
    }
}

/// Whether a value has a place in a template. CloudFormation refuses `null`; the other forms are
/// left by errors that are already reported.
pub(super) fn is_written(value: &Value) -> bool {
    match value {
        Value::Null
        | Value::Resources(_)
        | Value::Component(_)
        | Value::Seen(_)
        | Value::Stack(_)
        | Value::Env(_)
        | Value::Asset(_)
        | Value::Unknown => false,
        Value::Float(n) => n.is_finite(),
        _ => true,
    }
}

/// `{}`, which CloudFormation takes as well as nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.is_empty())
}

fn list(out: &mut String, items: &[Value]) {
    json::list(out, items.iter().filter(|item| is_written(item)), write);
}

/// Appends an object, sorted by key.
fn object(out: &mut String, object: &Object) {
    let mut entries: Vec<_> = object.iter().filter(|(_, value)| is_written(value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    let mut members = Members::open(out);
    for (key, value) in entries {
        members.key(out, key.as_str());
        write(out, value);
    }
    members.close(out);
}

fn later(out: &mut String, later: &Later) {
    match &later.expr {
        LaterExpr::Ref(name) | LaterExpr::Parameter(name) => call(out, "Ref", |out| json::string(out, name.as_str())),
        LaterExpr::GetAtt(resource, attribute) => call(out, "Fn::GetAtt", |out| {
            json::list(out, [resource.as_str(), &**attribute], json::string);
        }),
        LaterExpr::Concat(pieces) => concat(out, pieces),
        LaterExpr::Join(separator, values) => join(out, separator, |out| write(out, values)),
        LaterExpr::Split(separator, text) => call(out, "Fn::Split", |out| {
            out.push('[');
            json::string(out, separator);
            out.push(',');
            write(out, text);
            out.push(']');
        }),
        LaterExpr::Select(index, list) => call(out, "Fn::Select", |out| {
            out.push_str(&format!("[{index},"));
            self::later(out, list);
            out.push(']');
        }),
        LaterExpr::Base64(text) => call(out, "Fn::Base64", |out| write(out, text)),
        LaterExpr::Cidr(block, count, bits) => call(out, "Fn::Cidr", |out| {
            out.push('[');
            write(out, block);
            out.push_str(&format!(",{count},{bits}]"));
        }),
        // The empty string means the stack's own region.
        LaterExpr::Zones => call(out, "Fn::GetAZs", |out| out.push_str("\"\"")),
        LaterExpr::Dynamic(reference) => json::string(out, reference),
        LaterExpr::Raw(raw) => write(out, &raw.value),
        LaterExpr::StackOutput(read) => call(out, "Fn::GetStackOutput", |out| {
            let mut members = Members::open(out);
            members.text(out, "OutputName", read.from.output.as_str());
            for (key, text) in [("Region", &read.region), ("RoleArn", &read.role)] {
                if let Some(text) = text {
                    members.text(out, key, text);
                }
            }
            members.text(out, "StackName", &read.stack_name);
            members.close(out);
        }),
    }
}

/// Appends `{"name": …}`.
fn call(out: &mut String, name: &str, argument: impl FnOnce(&mut String)) {
    let mut members = Members::open(out);
    members.key(out, name);
    argument(out);
    members.close(out);
}

fn join(out: &mut String, separator: &str, values: impl FnOnce(&mut String)) {
    call(out, "Fn::Join", |out| {
        out.push('[');
        json::string(out, separator);
        out.push(',');
        values(out);
        out.push(']');
    });
}

/// A piece of a text, with neighbouring plain pieces made one.
enum Piece<'v> {
    Text(String),
    Later(&'v Later),
}

/// Appends pieces one after the other: `Fn::Sub` where that says exactly the same, since it reads
/// like the source, else `Fn::Join` with nothing between.
fn concat(out: &mut String, values: &[Value]) {
    let mut pieces = Vec::new();
    flatten(values, &mut pieces);
    match pieces.as_slice() {
        [] => json::string(out, ""),
        [Piece::Text(text)] => json::string(out, text),
        [Piece::Later(only)] => later(out, only),
        pieces if pieces.iter().all(fits_sub) => call(out, "Fn::Sub", |out| {
            out.push('"');
            pieces.iter().for_each(|piece| sub_piece(out, piece));
            out.push('"');
        }),
        pieces => join(out, "", |out| {
            json::list(out, pieces, |out, piece| match piece {
                Piece::Text(text) => json::string(out, text),
                Piece::Later(value) => later(out, value),
            });
        }),
    }
}

fn flatten<'v>(values: &'v [Value], pieces: &mut Vec<Piece<'v>>) {
    for value in values {
        match value {
            Value::Later(later) => match &later.expr {
                LaterExpr::Concat(inner) => flatten(inner, pieces),
                LaterExpr::Dynamic(reference) => push_text(pieces, reference),
                _ => pieces.push(Piece::Later(later)),
            },
            other => {
                if let Some(text) = text(other) {
                    push_text(pieces, &text);
                }
            }
        }
    }
}

fn push_text(pieces: &mut Vec<Piece<'_>>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// Whether `Fn::Sub` can carry the piece. It takes names and attributes only. It has an escape for
/// a literal `${`, but `Fn::Join` needs none, so that is what such a text becomes; the same for a
/// text whose final `$` would touch the brace of the next piece.
fn fits_sub(piece: &Piece<'_>) -> bool {
    match piece {
        Piece::Text(text) => !text.contains("${") && !text.ends_with('$'),
        Piece::Later(later) => {
            !matches!(later.ty, LaterType::List(..))
                && matches!(later.expr, LaterExpr::Ref(_) | LaterExpr::GetAtt(..) | LaterExpr::Parameter(_))
        }
    }
}

fn sub_piece(out: &mut String, piece: &Piece<'_>) {
    match piece {
        Piece::Text(text) => json::escaped(out, text),
        Piece::Later(later) => {
            out.push_str("${");
            match &later.expr {
                LaterExpr::Ref(name) | LaterExpr::Parameter(name) => json::escaped(out, name.as_str()),
                LaterExpr::GetAtt(resource, attribute) => {
                    json::escaped(out, resource.as_str());
                    out.push('.');
                    json::escaped(out, attribute);
                }
                _ => {}
            }
            out.push('}');
        }
    }
}

/// The text of a plain value, as it stands inside other text.
fn text(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Str(text) => Some(Arc::clone(text)),
        Value::Bool(b) => Some(b.to_string().into()),
        Value::Int(n) => Some(n.to_string().into()),
        Value::Float(n) if n.is_finite() => Some(n.to_string().into()),
        _ => None,
    }
}

/// Appends the value of an output: always text. A list becomes its items with commas between,
/// which the `CommaDelimitedList` parameter of a consumer takes apart again.
pub(super) fn output(out: &mut String, value: &Value) {
    match value {
        Value::List(items) => match items.iter().map(text).collect::<Option<Vec<_>>>() {
            Some(texts) => json::string(out, &texts.join(",")),
            None => join(out, ",", |out| json::list(out, items.iter().filter(|item| is_written(item)), output)),
        },
        Value::Later(later) if matches!(later.ty, LaterType::List(..)) => join(out, ",", |out| write(out, value)),
        other => match text(other) {
            Some(text) => json::string(out, &text),
            None => write(out, other),
        },
    }
}
