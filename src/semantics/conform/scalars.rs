//! Texts, numbers and truths, with CloudFormation's coercions between them.

use std::sync::Arc;

use super::{Asked, Walk, words};
use crate::diagnostics::{Code, Diagnostic, Near, nearest};
use crate::schema::{NumberType, StringType};
use crate::semantics::fits;
use crate::semantics::value::{LaterType, Value};
use crate::source::Span;

/// So many listed values are shown.
const MOST_VALUES: usize = 8;
/// Longer patterns say nothing to people.
const LONGEST_PATTERN: usize = 120;

impl Walk<'_, '_> {
    pub(super) fn string(&mut self, asked: Asked<'_>, ty: &StringType, value: &Value, span: Span) -> Value {
        match value {
            Value::Str(text) => {
                self.text(asked, ty, text, span);
                value.clone()
            }
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                let text: Arc<str> = fits::scalar_text(value).into();
                self.text(asked, ty, &text, span);
                Value::Str(text)
            }
            Value::Later(later) => self.later_string(asked, ty, value, later, span),
            Value::Resource(resource) => self.resource(asked, &ty.identifies, resource, span),
            _ => self.mismatch(asked, value, span),
        }
    }

    /// Checks a text against its bounds; says the first that does not hold.
    fn text(&mut self, asked: Asked<'_>, ty: &StringType, text: &str, span: Span) {
        let same = |listed: &&str| *listed == text || (ty.values_ignore_case && listed.eq_ignore_ascii_case(text));
        if !ty.values.is_empty() && !ty.values.iter().any(same) {
            let problem = self.unlisted(asked, ty, text, span);
            self.wrong(problem);
        } else if let Some(pattern) = ty.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            let message = format!("`\"{}\"` is not a valid `{}`", cut(text), asked.name);
            let problem = Diagnostic::new(Code::BadValue, message).at(span, "does not have the form that AWS asks for");
            let source = pattern.source();
            self.wrong(if source.len() <= LONGEST_PATTERN {
                problem.help(format!("write a text that matches `{source}`"))
            } else {
                problem.help(format!("see `infra explain` on `{}`", asked.name))
            });
        } else if let Some(problem) = self.cidr_problem(asked, text, span) {
            self.wrong(problem);
        } else {
            self.length(asked, ty, text, span);
        }
    }

    fn length(&mut self, asked: Asked<'_>, ty: &StringType, text: &str, span: Span) {
        let (least, most) = (ty.min.unwrap_or(0), ty.max.unwrap_or(u64::MAX));
        let bytes = text.len() as u64;
        // A character has one to four bytes, so most texts need not be counted.
        if bytes <= most && bytes / 4 >= least {
            return;
        }
        let length = text.chars().count() as u64;
        if (least..=most).contains(&length) {
            return;
        }
        let bound = match (ty.min, ty.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            _ => format!("at most {most}"),
        };
        let message = format!("{} takes {bound} characters, and this has {length}", words::owner(asked));
        let problem = Diagnostic::new(Code::BadValue, message).at(span, format!("{length} characters"));
        self.wrong(problem.help(if length > most { "make it shorter" } else { "make it longer" }));
    }

    fn unlisted(&self, asked: Asked<'_>, ty: &StringType, text: &str, span: Span) -> Diagnostic {
        let code = if ty.values_are_advice { Code::UnlistedValue } else { Code::BadValue };
        let near = nearest(text, ty.values.iter().copied())
            .or_else(|| ty.values.iter().copied().find(|listed| listed.eq_ignore_ascii_case(text)).map(Near::from));
        let message = match code {
            Code::UnlistedValue => format!("`\"{}\"` is not among the known values of `{}`", cut(text), asked.name),
            _ => format!("`{}` does not take `\"{}\"`", asked.name, cut(text)),
        };
        let problem = Diagnostic::new(code, message);
        match near {
            Some(near) => {
                let problem =
                    problem.at(span, format!("the nearest is `\"{near}\"`")).help(format!("write `\"{near}\"`"));
                if self.ev.program.sources.quotes(span, text) { problem.fix(span, near.quoted()) } else { problem }
            }
            None => {
                let values: Vec<String> = ty.values.iter().map(|value| format!("\"{value}\"")).collect();
                let start = if code == Code::UnlistedValue { "known are" } else { "use one of" };
                problem.at(span, "not listed").help(listed(start, &values))
            }
        }
    }

    pub(super) fn int(&mut self, asked: Asked<'_>, ty: &NumberType, value: &Value, span: Span) -> Value {
        let number = match value {
            Value::Int(number) => *number,
            Value::Float(number) => match whole(*number) {
                Some(number) => number,
                None => return self.mismatch(asked, value, span),
            },
            Value::Str(text) => match text.parse::<i64>() {
                // A text that is not the usual form of its number stays as it is.
                Ok(number) if number.to_string() != **text => return value.clone(),
                Ok(number) => number,
                Err(_) => return self.mismatch(asked, value, span),
            },
            Value::Later(later) => match later.ty {
                LaterType::Bool | LaterType::List(..) => return self.mismatch(asked, value, span),
                _ => return value.clone(),
            },
            _ => return self.mismatch(asked, value, span),
        };
        #[expect(clippy::cast_precision_loss, reason = "bounds are far from the limits of numbers")]
        self.bounds(asked, ty, number as f64, &Value::Int(number), span);
        Value::Int(number)
    }

    pub(super) fn number(&mut self, asked: Asked<'_>, ty: &NumberType, value: &Value, span: Span) -> Value {
        let number = match value {
            #[expect(clippy::cast_precision_loss, reason = "bounds are far from the limits of numbers")]
            Value::Int(number) => *number as f64,
            Value::Float(number) => *number,
            Value::Str(text) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    self.bounds(asked, ty, number, value, span);
                    return match text.parse::<i64>() {
                        Ok(whole) if whole.to_string() == **text => Value::Int(whole),
                        _ if number.to_string() == **text => Value::Float(number),
                        _ => value.clone(),
                    };
                }
                _ => return self.mismatch(asked, value, span),
            },
            Value::Later(later) => match later.ty {
                LaterType::Bool | LaterType::List(..) => return self.mismatch(asked, value, span),
                _ => return value.clone(),
            },
            _ => return self.mismatch(asked, value, span),
        };
        self.bounds(asked, ty, number, value, span);
        value.clone()
    }

    fn bounds(&mut self, asked: Asked<'_>, ty: &NumberType, number: f64, value: &Value, span: Span) {
        if !ty.values.is_empty() && !ty.values.contains(&number) {
            let message = format!("`{}` does not take {}", asked.name, fits::shown(value));
            let problem = Diagnostic::new(Code::BadValue, message).at(span, "not listed");
            let mut near = ty.values.clone();
            near.sort_by(|a, b| (a - number).abs().total_cmp(&(b - number).abs()));
            near.truncate(MOST_VALUES);
            near.sort_by(f64::total_cmp);
            let values: Vec<String> = near.iter().map(f64::to_string).collect();
            let start = if near.len() < ty.values.len() { "use a listed value; near are" } else { "use one of" };
            self.wrong(problem.help(listed(start, &values)));
            return;
        }
        if ty.min.is_some_and(|min| number < min) || ty.max.is_some_and(|max| number > max) {
            let bound = match (ty.min, ty.max) {
                (Some(min), Some(max)) => format!("from {min} to {max}"),
                (Some(min), None) => format!("of at least {min}"),
                (_, max) => format!("of at most {}", max.unwrap_or(f64::MAX)),
            };
            let message = format!("{} takes a number {bound}, not {}", words::owner(asked), fits::shown(value));
            let problem = Diagnostic::new(Code::OutOfRange, message).at(span, "outside");
            self.wrong(problem.help(format!("use a number {bound}")));
        }
    }

    pub(super) fn truth(&mut self, asked: Asked<'_>, value: &Value, span: Span) -> Value {
        match value {
            Value::Bool(_) => value.clone(),
            Value::Str(text) => match &**text {
                "true" | "True" | "TRUE" => Value::Bool(true),
                "false" | "False" | "FALSE" => Value::Bool(false),
                _ => self.mismatch(asked, value, span),
            },
            Value::Later(later)
                if matches!(later.ty, LaterType::Bool | LaterType::String(_) | LaterType::Any | LaterType::Json) =>
            {
                value.clone()
            }
            _ => self.mismatch(asked, value, span),
        }
    }
}

/// The number without a fraction, where it has none.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

fn listed(start: &str, values: &[String]) -> String {
    let mut shown: Vec<String> = values.iter().take(MOST_VALUES).map(|value| format!("`{value}`")).collect();
    if values.len() > MOST_VALUES {
        shown.push(format!("{} more", values.len() - MOST_VALUES));
    }
    format!("{start} {}", shown.join(", "))
}

fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let short: String = line.chars().take(60).collect();
    if short.len() == text.len() { short } else { format!("{short}…") }
}
