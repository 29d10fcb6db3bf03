//! Mistakes that people bring along from other languages.

use super::tokens::Place;
use super::{Context, Told};

/// Words for a mistake that can be told by its looks.
pub(super) fn known(place: &Place<'_>, context: Context) -> Option<Told> {
    let told = |message: &str, label: &str, help: &str| Some(Told::at(place, message, label, help));
    let begins_value = !matches!(
        context,
        Context::Item | Context::Statement | Context::Entry | Context::TypeField | Context::Parameter
    );
    let behind = matches!(context, Context::Closer | Context::EndOfLine | Context::EndOfEntry | Context::EndOfArm);
    if context == Context::Closer && place.before() == "aws" && place.starts(":") {
        return told(
            "`${aws:…}` is a variable of IAM, not of this language",
            "not an expression",
            "write `\\${aws:…}` to keep it as it is",
        );
    }
    if behind && place.before() == "not" {
        let help = "write `!` before the value";
        return told("`not` is not an operator", "follows a word", help);
    }
    if let Some(told) = line_start(place).filter(|_| !behind) {
        return Some(told);
    }
    match place.token() {
        "," if !behind => told("nothing stands before this comma", "one comma too many", "remove it"),
        "." if place.after(1).rest().starts_with(|c: char| c.is_ascii_digit()) => {
            told("a number begins with a digit", "no digit before the point", "write `0` before the point")
        }
        "#" => told("comments begin with `//`", "not a comment here", "write `//`"),
        ";" => told("lines do not end with `;`", "not needed", "remove it"),
        "?" if behind => told(
            "there is no `? :`",
            "not an operator",
            "write `if condition then value else value`, or `a ?? b` for a default",
        ),
        "&" if begins_value => told("`&` is not an operator", "one is missing", "write `&&`"),
        "|" if begins_value && !place.after(1).is_empty() => {
            told("`|` is not an operator between values", "one is missing", "write `||`")
        }
        "===" if behind => told("`===` is not an operator", "one too many", "write `==`"),
        "!==" if behind => told("`!==` is not an operator", "one too many", "write `!=`"),
        "=>" if behind && context != Context::EndOfArm => {
            told("`=>` is not used here", "not an operator", "write `:` between a pattern and its value")
        }
        "<<" => told("there are no heredocs", "not an operator", "put text of several lines between `\"\"\"`"),
        "and" if behind => told("`and` is not an operator", "a word", "write `&&`"),
        "or" if behind => told("`or` is not an operator", "a word", "write `||`"),
        "$" | "${" => told(
            "`$` has a meaning inside text only",
            "not an expression",
            "write the name alone, or put the text in quotes",
        ),
        "`" => told("text does not stand in backticks", "not a quote", "write `\"`; `\"${x}\"` interpolates"),
        "“" | "”" | "‘" | "’" => told("this is not a plain quote", "a typographic quote", "write `\"`"),
        _ => None,
    }
}

/// An operator or a bracket at the beginning of a line, which belongs to the line above.
fn line_start(place: &Place<'_>) -> Option<Told> {
    let before = place.text.get(..place.at)?;
    if !before.trim_end_matches(' ').ends_with('\n') {
        return None;
    }
    let sign = place.token();
    match sign {
        "." | "?." if !place.after(1).rest().starts_with(|c: char| c.is_ascii_digit()) => Some(Told::at(
            place,
            format!("a line cannot begin with `{sign}`"),
            "belongs to the line above",
            "write it right behind what it applies to",
        )),
        "{" => Some(Told::at(
            place,
            "a line cannot begin with `{` here",
            "belongs to the line above",
            "open the braces at the end of the line above",
        )),
        _ => place.operator().map(|sign| {
            let help = format!("put `{sign}` at the end of the line above");
            Told::at(place, format!("a line cannot begin with `{sign}`"), "belongs to the line above", help)
        }),
    }
}
