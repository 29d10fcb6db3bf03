//! Words for what could not be read: what was expected, what stands there, what to do.
//!
//! Frequent mistakes are looked for first, by the text itself. For the rest the grammar is asked
//! once more, for the one rule that should have fitted: how far it got, and what it wanted there.

use super::grammar::Rule;
use crate::diagnostics::{Code, Diagnostic, Replacement, nearest};
use crate::source::Span;

mod expected;
mod habits;
mod tokens;

use tokens::Place;

/// What should have stood there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Context {
    Item,
    Statement,
    Test,
    Entry,
    Value,
    Argument,
    Arm,
    Type,
    TypeField,
    Parameter,
    Refinement,
    ListFor,
    ObjectFor,
    Interpolation,
    Closer,
    EndOfLine,
    EndOfEntry,
    EndOfArm,
}

/// What is to be said of a piece of the prepared text.
pub(super) struct Told {
    pub(super) start: usize,
    pub(super) end: usize,
    code: Code,
    message: String,
    label: String,
    help: String,
    /// What to write instead.
    fix: Option<Box<Replacement<'static>>>,
}

impl Told {
    /// As a diagnostic; `span` is the place in the original.
    pub(super) fn diagnostic(self, span: Span) -> Diagnostic {
        let problem = Diagnostic::new(self.code, self.message).at(span, self.label).help(self.help);
        match self.fix {
            Some(fix) => problem.fix(span, *fix),
            None => problem,
        }
    }

    /// About the token at `place`.
    fn at(place: &Place<'_>, message: impl Into<String>, label: &str, help: impl Into<String>) -> Self {
        let token = place.token();
        let end = place.at + token.len();
        let (message, label, help) = (message.into(), label.to_owned(), help.into());
        Self { start: place.at, end, code: Code::Syntax, message, label, help, fix: None }
    }
}

/// Words that begin a declaration at the top of a file, and how it goes on.
const ITEMS: &[(&str, &str)] = &[
    ("project", "project name"),
    ("account", "account name { id: \"…\" }"),
    ("env", "env name { account: …, regions: […] }"),
    ("core", "core name { … }"),
    ("service", "service name { … }"),
    ("let", "let name = value"),
    ("param", "param name: Type = default"),
    ("assert", "assert condition, \"message\""),
    ("component", "component name { … }"),
    ("fn", "fn name(a: Type): Type = value"),
    ("type", "type Name = Type"),
    ("use", "use \"directory\" as name"),
    ("extern", "extern core name { stack: \"…\", Output: Type }"),
    ("test", "test \"what it shows\" for env { … }"),
];

/// Words that begin a statement inside a stack, and how it goes on.
const STATEMENTS: &[(&str, &str)] = &[
    ("resource", "resource Name = AWS::Service::Type { … }"),
    ("output", "output Name = value"),
    ("input", "input Name: Type = default"),
    ("let", "let name = value"),
    ("param", "param name: Type = default"),
    ("for", "for x in xs { … }"),
    ("if", "if condition { … } else { … }"),
    ("assert", "assert condition, \"message\""),
];

/// Words that begin a statement inside a test, and how it goes on.
const TESTS: &[(&str, &str)] = &[
    ("assert", "assert condition, \"message\""),
    ("let", "let name = value"),
    ("stub", "stub stack { Output: value }"),
    ("set", "set stack.Input = value"),
    ("fails", "fails \"code-of-the-problem\""),
    ("for", "for x in xs { … }"),
    ("if", "if condition { … } else { … }"),
];

fn form(word: &str, words: &[(&str, &'static str)]) -> Option<&'static str> {
    words.iter().find(|(known, _)| *known == word).map(|(_, form)| *form)
}

/// Words for the text from `start` to `end`, which was skipped.
pub(super) fn explain(text: &str, context: Context, start: usize, end: usize) -> Told {
    let place = Place { text, at: start, end: start + text.get(start..end).unwrap_or("").trim_end().len() };
    let place = place.skip_blanks();
    if let Some(told) = habits::known(&place, context) {
        return told;
    }
    match context {
        Context::Item => line(place, Rule::item, ITEMS),
        Context::Statement => line(place, Rule::statement, STATEMENTS),
        Context::Test => line(place, Rule::test_statement, TESTS),
        Context::Entry => entry(place),
        Context::Value => expected::probe(Rule::expr, place),
        Context::Argument => expected::probe(Rule::argument, place),
        Context::Arm => expected::probe(Rule::arm, place),
        Context::Type => expected::probe(Rule::ty, place),
        Context::TypeField => expected::probe(Rule::type_field, place),
        Context::Parameter => expected::probe(Rule::parameter, place),
        Context::Refinement => Told::at(
            &place,
            "expected a range or a pattern",
            "neither of them",
            "write a range of numbers such as `1..10`, or a pattern such as `/^[a-z]+$/`",
        ),
        Context::ListFor => for_loop(place, 1, "[for x in xs: value]"),
        Context::ObjectFor => for_loop(place, 2, "{for k, v in xs: key: value}"),
        Context::Interpolation => interpolation(place),
        Context::Closer | Context::EndOfLine | Context::EndOfEntry | Context::EndOfArm => too_much(place, context),
    }
}

/// A line that is no statement.
fn line(place: Place<'_>, rule: Rule, words: &[(&str, &'static str)]) -> Told {
    let after = place.skip_decorators();
    if after.is_empty() {
        return Told::at(&after, "nothing follows the decorator", "here", "put it above the statement that it is for");
    }
    if after.at > place.at && after.starts("\"") {
        let help = "write the arguments of a decorator in parentheses";
        return Told::at(&after, format!("expected a statement, found {}", after.quoted()), "not a statement", help);
    }
    let place = after;
    let word = place.word();
    let next = place.after(word.len()).skip_blanks();
    let named = next.at > place.at + word.len() && !next.word().is_empty();
    if let Some(form) = form(word, words) {
        // Braces are what a stack usually has; a template has `=`.
        let rule = if matches!(word, "core" | "service")
            && !place.rest().lines().next().is_some_and(|line| line.contains('='))
        {
            Rule::stack
        } else {
            rule
        };
        let told = if next.is_empty() {
            Told::at(&place, format!("nothing follows `{word}`"), "only this word", "")
        } else {
            expected::probe(rule, place)
        };
        let inside = told.help.is_empty() || expected::of_statement(&told.help);
        return if inside { Told { help: format!("write `{form}`"), ..told } } else { told };
    }
    if let Some(told) = misplaced(&place, rule, word).filter(|_| named) {
        return told;
    }
    let what = if rule == Rule::item { "declaration" } else { "statement" };
    if next.starts("=") && !next.starts("==") && !word.is_empty() {
        let help = format!("write `let {word} = …`");
        return Told::at(&place, format!("expected a {what}, found `{word} =`"), "a bare name", help);
    }
    if let Some(near) = nearest(word, words.iter().map(|(word, _)| *word)).filter(|_| named) {
        let help = format!("write `{near}`");
        let fix = Some(Box::new(Replacement { text: near.name.to_owned().into(), is_safe: near.is_sure }));
        return Told { fix, ..Told::at(&place, format!("`{word}` begins no {what}"), "unknown word", help) };
    }
    let list = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let message = format!("expected a {what}, found {}", place.quoted());
    Told::at(&place, message, "not the beginning of one", format!("begin the line with one of {list}"))
}

/// A statement at the top of the file, a declaration inside of a stack.
fn misplaced(place: &Place<'_>, rule: Rule, word: &str) -> Option<Told> {
    if rule == Rule::item && form(word, STATEMENTS).is_some() {
        let message = format!("`{word}` belongs inside a `core` or a `service`");
        return Some(Told::at(place, message, "at the top of the file", "move it between the braces of a stack"));
    }
    if rule == Rule::statement && matches!(word, "stub" | "set" | "fails") {
        let message = format!("`{word}` belongs directly inside a `test`");
        let help = "move it between the braces of a test, out of all loops and branches";
        return Some(Told::at(place, message, "inside other braces", help));
    }
    if rule != Rule::item && form(word, ITEMS).is_some() {
        let message = format!("`{word}` belongs at the top of the file");
        return Some(Told::at(place, message, "inside other braces", "move it out of the braces around it"));
    }
    None
}

/// An entry of an object.
fn entry(place: Place<'_>) -> Told {
    if place.starts("...") {
        return expected::probe(Rule::entry, place);
    }
    let key = place.key();
    if key.is_empty() {
        let message = format!("expected a key, found {}", place.quoted());
        return Told::at(&place, message, "not a key", "write `Key: value`; other keys stand in quotes");
    }
    let next = place.after(key.len()).skip_blanks();
    if form(key, STATEMENTS).is_some() && next.at > place.at + key.len() && !next.word().is_empty() {
        let message = format!("`{key}` is a statement and cannot stand among entries");
        return Told::at(&place, message, "inside `{ … }` of an object", "close the braces before it");
    }
    if next.is_empty() {
        let message = format!("`{key}` has no value");
        return Told::at(&place, message, "only a key", format!("write `{key}: value`, or remove it"));
    }
    if next.starts("=") {
        let help = format!("write `{key}: value`");
        return Told::at(&next, format!("expected `:` after `{key}`, found `=`"), "should be `:`", help);
    }
    if !next.starts(":") {
        let message = format!("expected `:` after `{key}`, found {}", next.quoted());
        return Told::at(&next, message, "`:` is missing before this", format!("write `{key}: value`"));
    }
    expected::probe(Rule::entry, place)
}

/// `for … in …: ` and one or two values with a colon between them.
fn for_loop(place: Place<'_>, values: usize, form: &str) -> Told {
    let help = format!("write `{form}`");
    let mut there = match expected::complete(Rule::comprehension, &place) {
        Ok(there) => there,
        Err(told) => return Told { help, ..told },
    };
    for _ in 0..values {
        if there.word() == "if" {
            return Told { help, ..expected::probe(Rule::expr, there.after(2).skip_blanks()) };
        }
        if !there.starts(":") {
            let message = format!("expected `:` after `{}`", there.before());
            return Told::at(&there, message, &expected::found(&there), help);
        }
        there = match expected::complete(Rule::expr, &there.after(1).skip_blanks()) {
            Ok(next) => next,
            Err(told) => return Told { help, ..told },
        };
    }
    too_much(there, Context::Closer)
}

fn interpolation(place: Place<'_>) -> Told {
    let told = expected::probe(Rule::expr, place);
    Told { help: format!("{}; for a literal `${{` write `\\${{`", told.help), ..told }
}

/// Something stands behind what is complete.
fn too_much(place: Place<'_>, context: Context) -> Told {
    let closer = place.text.get(place.end..).and_then(|rest| rest.trim_start().chars().next()).unwrap_or('}');
    let closer = format!("`{closer}`");
    let (place_for, help) = match context {
        Context::EndOfLine => ("the end of the line", "put it on a line of its own"),
        Context::EndOfEntry | Context::EndOfArm => ("a comma or a line break", "put a comma between them"),
        _ => (closer.as_str(), "remove it, or put an operator between them"),
    };
    let found = place.token();
    if context == Context::EndOfArm && matches!(found, "=>" | "->" | "=") {
        let message = format!("expected `:` and a value in this arm, found `{found}`");
        return Told::at(&place, message, "should be `:`", "write `pattern: value`");
    }
    // An operator, a type or a value was begun and not finished: that is the mistake.
    let unfinished = match found {
        "." | "?." => Some(Rule::field_name),
        "as" | ":" | "|" if context != Context::Closer => Some(Rule::ty),
        _ => place.operator().map(|_| Rule::expr),
    };
    if let Some(rule) = unfinished {
        return expected::probe(rule, place.after(found.len()).skip_blanks());
    }
    if found == "=" {
        return match expected::complete(Rule::expr, &place.after(1).skip_blanks()) {
            Err(told) if context == Context::EndOfLine => told,
            _ => Told::at(&place, "`=` does not compare", "not an operator", "write `==` to compare"),
        };
    }
    if matches!(found, "(" | "[") && !place.touches() {
        let message = format!("a blank stands before `{found}`");
        let help = format!("write `{found}` right behind what it applies to, or {help}");
        return Told::at(&place, message, "applies to nothing", help);
    }
    Told::at(&place, format!("expected {place_for}, found {}", place.quoted()), "too much", help)
}
