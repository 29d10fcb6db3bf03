//! Functions that write values in other notations.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::{Args, Function, Kind, Outcome, Parameter, later, text, yaml};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Value};
use crate::semantics::{fits, text as pieces};
use crate::source::Span;

const TEXT: Parameter = Parameter::new("text", Kind::Text);
const VALUE: Parameter = Parameter::new("value", Kind::Any).later();

pub(super) const TABLE: &[Function] = &[
    Function::new("json", &[VALUE], "String", "The value as JSON, without white space.", |args| write(args, Json)),
    Function::new("yaml", &[VALUE], "String", "The value as YAML, in blocks of two spaces.", |args| {
        write(args, yaml::Yaml::default())
    }),
    Function::new("base64", &[TEXT.later()], "String", "The text in Base64.", base64),
    Function::new("sha256", &[TEXT], "String", "The SHA-256 digest of the text, as 64 hexadecimal digits.", sha256),
    Function::new(
        "number_for",
        &[TEXT, Parameter::new("least", Kind::Int), Parameter::new("most", Kind::Int)],
        "Int",
        "A whole number from `least` to `most` that follows from the text: always the same, spread evenly.",
        number_for,
    ),
    Function::new(
        "url_encode",
        &[TEXT],
        "String",
        "The text with all but letters, digits and `-._~` as `%XX`.",
        url_encode,
    ),
];

fn base64(args: &Args<'_>) -> Outcome {
    match args.value(0) {
        Value::Later(whole) => {
            later::scalar(args, 0, whole)?;
            Ok(Value::Later(Arc::new(Later {
                expr: LaterExpr::Base64(args.value(0).clone()),
                ty: LaterType::String(Vec::new()),
                origin: whole.origin,
                secret: whole.secret,
            })))
        }
        _ => Ok(text(base64::engine::general_purpose::STANDARD.encode(args.text(0)))),
    }
}

fn sha256(args: &Args<'_>) -> Outcome {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(args.text(0)) {
        // Writing to a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(text(digits))
}

fn number_for(args: &Args<'_>) -> Outcome {
    let (Some(least), Some(most)) = (args.int(1), args.int(2)) else { return Ok(Value::Unknown) };
    if least > most {
        return Err(args.out_of_range(
            2,
            format!("there is no number from {least} to {most}"),
            "make `most` the larger",
        ));
    }
    // The first 8 of 32 bytes are spread as evenly as all of them.
    let digest = Sha256::digest(args.text(0));
    let number = digest.iter().take(8).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let many = most.abs_diff(least);
    let above = u64::try_from(number % (u128::from(many) + 1)).unwrap_or_default();
    Ok(Value::Int(least.saturating_add_unsigned(above)))
}

fn url_encode(args: &Args<'_>) -> Outcome {
    let mut encoded = String::with_capacity(args.text(0).len());
    for byte in args.text(0).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Ok(text(encoded))
}

/// Deeper values are a mistake.
const DEEPEST: usize = 256;

/// A notation for values. `line` is the text since the last later value.
pub(super) trait Notation {
    /// What stands before a value, and between it and the next one.
    fn list(&mut self, out: &mut Writer<'_, '_>, items: &[Value], depth: usize) -> Result<(), Stop>;
    /// The same for keys and values.
    fn object(&mut self, out: &mut Writer<'_, '_>, object: &Object, depth: usize) -> Result<(), Stop>;
}

/// Why writing ends early.
pub(super) enum Stop {
    /// An error that is already reported.
    Known,
    /// What is wrong.
    Problem(Box<Diagnostic>),
}

/// Text so far, with the later values in it.
pub(super) struct Writer<'a, 'f> {
    args: &'a Args<'f>,
    pieces: Vec<(Value, Span)>,
    pub(super) line: String,
}

fn write(args: &Args<'_>, mut notation: impl Notation) -> Outcome {
    let mut out = Writer { args, pieces: Vec::new(), line: String::new() };
    match out.value(&mut notation, args.value(0), 0) {
        Ok(()) => {}
        Err(Stop::Known) => return Ok(Value::Unknown),
        Err(Stop::Problem(problem)) => return Err(problem),
    }
    let mut pieces = out.pieces;
    pieces.push((text(out.line), args.span));
    pieces::concat(pieces, args.span)
}

impl Writer<'_, '_> {
    /// Writes one value.
    pub(super) fn value(&mut self, notation: &mut impl Notation, value: &Value, depth: usize) -> Result<(), Stop> {
        if depth > DEEPEST {
            return Err(self.too_deep());
        }
        if self.line.len() > super::LONGEST_TEXT {
            return Err(Stop::Problem(super::too_large(self.line.len(), super::LONGEST_TEXT, "bytes", self.args.span)));
        }
        match value {
            Value::Null => self.line.push_str("null"),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => self.line.push_str(&fits::scalar_text(value)),
            Value::Str(text) => self.quoted(text),
            Value::List(items) => return notation.list(self, items, depth),
            Value::Object(object) => return notation.object(self, object, depth),
            Value::Env(env) => return notation.object(self, &env.fields, depth),
            Value::Later(later) => return self.later(value, later),
            Value::Unknown => return Err(Stop::Known),
            Value::Resource(_)
            | Value::Resources(_)
            | Value::Component(_)
            | Value::Seen(_)
            | Value::Stack(_)
            | Value::Asset(_) => {
                return Err(self.no_data(value));
            }
        }
        Ok(())
    }

    /// A text in double quotes, with the escapes of JSON; YAML reads them too.
    pub(super) fn quoted(&mut self, text: &str) {
        self.line.push_str(&serde_json::Value::from(text).to_string());
    }

    /// Text in quotes, numbers without. A later text goes in as it is: CloudFormation cannot escape it.
    fn later(&mut self, value: &Value, later: &Arc<Later>) -> Result<(), Stop> {
        let (quote, value) = match &later.ty {
            LaterType::Int | LaterType::Float | LaterType::Bool => ("", value.clone()),
            LaterType::String(_) | LaterType::Any => ("\"", value.clone()),
            LaterType::List(item, Some(1..)) if matches!(**item, LaterType::String(_)) => {
                let expr = LaterExpr::Join("\",\"".into(), value.clone());
                let ty = LaterType::String(Vec::new());
                let joined = Later { expr, ty, origin: later.origin, secret: later.secret };
                self.line.push('[');
                self.piece("\"", Value::Later(Arc::new(joined)));
                self.line.push(']');
                return Ok(());
            }
            LaterType::List(..) | LaterType::Json => {
                let what = format!("the shape of what `{}` writes is needed", self.args.name());
                let problem = fits::too_late(&what, later, self.args.span_of(0));
                return Err(Stop::Problem(Box::new(problem)));
            }
        };
        self.piece(quote, value);
        Ok(())
    }

    fn piece(&mut self, quote: &str, value: Value) {
        self.line.push_str(quote);
        let before = std::mem::take(&mut self.line);
        self.pieces.push((text(before), self.args.span));
        self.pieces.push((value, self.args.span));
        self.line.push_str(quote);
    }

    fn too_deep(&self) -> Stop {
        let message = format!("`{}` writes at most {DEEPEST} levels", self.args.name());
        let problem = Diagnostic::new(Code::LimitExceeded, message).at(self.args.span_of(0), "deeper than that");
        Stop::Problem(Box::new(problem.help("make the value flatter")))
    }

    fn no_data(&self, value: &Value) -> Stop {
        let message = format!("`{}` cannot write {}", self.args.name(), fits::shown(value));
        let problem = Diagnostic::new(Code::BadArgument, message).at(self.args.span_of(0), "has it in it");
        Stop::Problem(Box::new(match value {
            Value::Resource(resource) => problem.help(fits::name_an_attribute(resource)),
            _ => problem.help("name the values that are to be written"),
        }))
    }
}

struct Json;

impl Notation for Json {
    fn list(&mut self, out: &mut Writer<'_, '_>, items: &[Value], depth: usize) -> Result<(), Stop> {
        out.line.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.line.push(',');
            }
            out.value(self, item, depth + 1)?;
        }
        out.line.push(']');
        Ok(())
    }

    fn object(&mut self, out: &mut Writer<'_, '_>, object: &Object, depth: usize) -> Result<(), Stop> {
        out.line.push('{');
        for (at, (key, value)) in object.iter().enumerate() {
            if at > 0 {
                out.line.push(',');
            }
            out.quoted(key.as_str());
            out.line.push(':');
            out.value(self, value, depth + 1)?;
        }
        out.line.push('}');
        Ok(())
    }
}
