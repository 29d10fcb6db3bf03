//! `format`: numbers and texts in a pattern with `%`.

use std::fmt::Write as _;

use super::{Args, Outcome};
use crate::diagnostics::Diagnostic;
use crate::semantics::value::Value;
use crate::semantics::{fits, text};
use crate::source::Span;

/// Wider fields than this are a mistake.
const WIDEST: usize = 1000;

/// One `%…` of a pattern.
struct Verb {
    left: bool,
    zeros: bool,
    width: usize,
    decimals: Option<usize>,
    letter: char,
}

/// The pattern with its verbs replaced; later values flow through a plain `%s`.
pub(super) fn format(args: &Args<'_>) -> Outcome {
    let mut pieces: Vec<(Value, Span)> = Vec::new();
    let mut line = String::new();
    let mut values = args.rest().iter();
    let mut rest = args.text(0).chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            line.push(c);
        } else if rest.next_if_eq(&'%').is_some() {
            line.push('%');
        } else {
            let verb = read(args, &mut rest)?;
            let Some((value, span)) = values.next() else {
                return Err(args.bad(
                    0,
                    "the pattern of `format` has more `%` than values",
                    "give a value for each `%`, or write `%%` for a percent sign",
                ));
            };
            if let (Value::Later(_), 's', 0, None) = (value, verb.letter, verb.width, verb.decimals) {
                pieces.push((super::text(std::mem::take(&mut line)), args.span_of(0)));
                pieces.push((value.clone(), *span));
            } else {
                verb.write(args, &mut line, value, *span)?;
            }
        }
    }
    if let Some((value, span)) = values.next() {
        let message = format!("`format` has no `%` for {}", fits::shown(value));
        let problem = Diagnostic::new(crate::diagnostics::Code::BadArgument, message);
        return Err(Box::new(
            problem.at(*span, "one value too many").help("add a `%s` to the pattern, or drop the value"),
        ));
    }
    pieces.push((super::text(line), args.span_of(0)));
    text::concat(pieces, args.span)
}

/// Reads what follows a `%`.
fn read(args: &Args<'_>, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Verb, Box<Diagnostic>> {
    let mut verb = Verb { left: false, zeros: false, width: 0, decimals: None, letter: 's' };
    loop {
        if rest.next_if_eq(&'-').is_some() {
            verb.left = true;
        } else if rest.next_if_eq(&'0').is_some() {
            verb.zeros = true;
        } else {
            break;
        }
    }
    verb.width = number(rest).unwrap_or(0);
    if rest.next_if_eq(&'.').is_some() {
        verb.decimals = Some(number(rest).unwrap_or(0));
    }
    match rest.next() {
        Some(letter @ ('s' | 'd' | 'f' | 'x' | 'X')) => verb.letter = letter,
        other => {
            let shown = other.map_or_else(|| "%".to_owned(), |c| format!("%{c}"));
            let message = format!("`{shown}` is not known to `format`");
            return Err(args.bad(0, message, "use `%s`, `%d`, `%f`, `%x` or `%X`, or `%%` for a percent sign"));
        }
    }
    if verb.width > WIDEST || verb.decimals.is_some_and(|d| d > WIDEST) {
        return Err(args.bad(0, "a field of `format` is too wide", format!("use at most {WIDEST}")));
    }
    Ok(verb)
}

fn number(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut number: Option<usize> = None;
    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
        rest.next();
        number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit as usize));
    }
    number
}

impl Verb {
    fn write(&self, args: &Args<'_>, line: &mut String, value: &Value, span: Span) -> Result<(), Box<Diagnostic>> {
        if let Value::Later(later) = value {
            return Err(args.too_late("values", later, span));
        }
        let body = match (self.letter, value) {
            ('s', Value::Str(text)) => match self.decimals {
                Some(most) => text.chars().take(most).collect(),
                None => text.to_string(),
            },
            ('s', Value::Int(_) | Value::Float(_) | Value::Bool(_)) => fits::scalar_text(value).into_owned(),
            ('d', Value::Int(number)) => number.to_string(),
            ('x', Value::Int(number)) => signed(*number, &format!("{:x}", number.unsigned_abs())),
            ('X', Value::Int(number)) => signed(*number, &format!("{:X}", number.unsigned_abs())),
            ('f', Value::Float(number)) => format!("{number:.*}", self.decimals.unwrap_or(6)),
            #[expect(clippy::cast_precision_loss, reason = "a number with decimals is asked for")]
            ('f', Value::Int(number)) => format!("{:.*}", self.decimals.unwrap_or(6), *number as f64),
            _ => {
                let wants = if self.letter == 's' {
                    "String"
                } else if self.letter == 'f' {
                    "Float"
                } else {
                    "Int"
                };
                return Err(args.mistyped("values", wants, value, span));
            }
        };
        self.pad(line, &body);
        Ok(())
    }

    /// Fills up to the width: with spaces, or with zeros after the sign.
    fn pad(&self, line: &mut String, body: &str) {
        let fill = self.width.saturating_sub(body.chars().count());
        if self.left {
            line.push_str(body);
            line.extend(std::iter::repeat_n(' ', fill));
        } else if self.zeros && self.letter != 's' {
            let (sign, digits) = body.strip_prefix('-').map_or(("", body), |digits| ("-", digits));
            // Writing to a `String` cannot fail.
            let _ = write!(line, "{sign}{}{digits}", "0".repeat(fill));
        } else {
            line.extend(std::iter::repeat_n(' ', fill));
            line.push_str(body);
        }
    }
}

fn signed(number: i64, digits: &str) -> String {
    format!("{}{digits}", if number < 0 { "-" } else { "" })
}
