//! What plain words of YAML mean: two schemas.

use super::Kind;

/// A plain word that is a number too large to keep, or none at all.
pub(super) struct Inexact;

/// How plain words are read.
pub(super) type Schema = fn(&str) -> Result<Option<Kind>, Inexact>;

/// YAML 1.2, core schema (10.3.2 of its specification), but for numbers that begin with `0`: they are
/// refused. Anything else is text.
pub(super) fn core(word: &str) -> Result<Option<Kind>, Inexact> {
    if let Some(kind) = constant(word) {
        return Ok(Some(kind));
    }
    if !begins_number(word) || word.contains('_') {
        return Ok(None);
    }
    if let Some(digits) = word.strip_prefix("0o") {
        return radix(digits, 8, false);
    }
    if let Some(digits) = word.strip_prefix("0x") {
        return radix(digits, 16, false);
    }
    let digits = unsigned(word);
    if is_digits(digits) {
        // An account id, most likely; an octal number to others.
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(Inexact);
        }
        return word.trim_start_matches('+').parse().map(|n| Some(Kind::Int(n))).map_err(|_| Inexact);
    }
    if is_decimal(word) { float(word) } else { special(word) }
}

/// YAML 1.1 as SnakeYAML resolves it, with which CloudFormation reads templates; dates stay text.
pub(super) fn template(word: &str) -> Result<Option<Kind>, Inexact> {
    if let Some(kind) = constant(word) {
        return Ok(Some(kind));
    }
    match word {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Ok(Some(Kind::Bool(true))),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Ok(Some(Kind::Bool(false))),
        _ => {}
    }
    if !begins_number(word) {
        return Ok(None);
    }
    let (negative, body) = (word.starts_with('-'), unsigned(word));
    if let Some(digits) = body.strip_prefix("0b") {
        return radix(digits, 2, negative);
    }
    if let Some(digits) = body.strip_prefix("0x") {
        return radix(digits, 16, negative);
    }
    if body.contains(':') {
        return sexagesimal(body, negative);
    }
    let plain: String = word.chars().filter(|c| *c != '_').collect();
    let digits = unsigned(&plain);
    if !body.starts_with('_') && is_digits(digits) {
        return match digits.strip_prefix('0') {
            Some(octal) if !octal.is_empty() && octal.bytes().all(|b| b < b'8') => radix(octal, 8, negative),
            // No octal number, since it has an 8 or a 9: a fraction without one.
            Some(rest) if !rest.is_empty() => float(&plain),
            _ => plain.trim_start_matches('+').parse().map(|n| Some(Kind::Int(n))).map_err(|_| Inexact),
        };
    }
    if !body.starts_with('_') && is_decimal(&plain) { float(&plain) } else { special(word) }
}

fn constant(word: &str) -> Option<Kind> {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => Some(Kind::Null),
        "true" | "True" | "TRUE" => Some(Kind::Bool(true)),
        "false" | "False" | "FALSE" => Some(Kind::Bool(false)),
        _ => None,
    }
}

fn begins_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
}

fn unsigned(word: &str) -> &str {
    word.strip_prefix(['+', '-']).unwrap_or(word)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_decimal(word: &str) -> bool {
    let body = unsigned(word);
    let (number, exponent) = match body.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(unsigned(exponent))),
        None => (body, None),
    };
    let fits = match number.split_once('.') {
        Some(("", after)) => is_digits(after),
        Some((before, after)) => is_digits(before) && (after.is_empty() || is_digits(after)),
        None => is_digits(number),
    };
    fits && exponent.is_none_or(is_digits)
}

fn float(word: &str) -> Result<Option<Kind>, Inexact> {
    match word.trim_start_matches('+').parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some(Kind::Float(number))),
        _ => Err(Inexact),
    }
}

/// Infinity and what is no number: JSON has neither.
fn special(word: &str) -> Result<Option<Kind>, Inexact> {
    match unsigned(word) {
        ".inf" | ".Inf" | ".INF" => Err(Inexact),
        ".nan" | ".NaN" | ".NAN" if !word.starts_with(['+', '-']) => Err(Inexact),
        _ => Ok(None),
    }
}

fn radix(digits: &str, base: u32, negative: bool) -> Result<Option<Kind>, Inexact> {
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Ok(None);
    }
    let number = i64::from_str_radix(&digits, base).map_err(|_| Inexact)?;
    Ok(Some(Kind::Int(if negative { -number } else { number })))
}

/// `1:30` is 90: YAML 1.1 counts such numbers in sixties.
fn sexagesimal(body: &str, negative: bool) -> Result<Option<Kind>, Inexact> {
    let mut parts = body.split(':');
    let first = parts.next().unwrap_or_default();
    let digits: String = first.chars().filter(|c| *c != '_').collect();
    if !is_digits(&digits) || first.starts_with('_') {
        return Ok(None);
    }
    let mut rest: Vec<&str> = parts.collect();
    let (last, fraction) = match rest.last().and_then(|last| last.split_once('.')) {
        Some((whole, fraction)) => (Some(whole), Some(fraction)),
        None => (None, None),
    };
    if let (Some(whole), Some(last)) = (last, rest.last_mut()) {
        *last = whole;
    }
    let fits = |part: &&str| part.len() <= 2 && is_digits(part) && part.parse::<u8>().is_ok_and(|n| n < 60);
    if !rest.iter().all(fits) || (fraction.is_none() && first.starts_with('0')) {
        return Ok(None);
    }
    if fraction.is_some_and(|f| !f.is_empty() && !is_digits(f)) {
        return Ok(None);
    }
    let mut number: i64 = digits.parse().map_err(|_| Inexact)?;
    for part in rest {
        let sixty = part.parse().map_err(|_| Inexact)?;
        number = number.checked_mul(60).and_then(|n| n.checked_add(sixty)).ok_or(Inexact)?;
    }
    match fraction {
        None => Ok(Some(Kind::Int(if negative { -number } else { number }))),
        Some(fraction) => float(&format!("{}{number}.{fraction}", if negative { "-" } else { "" })),
    }
}
