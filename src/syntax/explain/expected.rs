//! What the grammar wanted.

use pest::error::{ErrorVariant, InputLocation};

use super::super::grammar::{Grammar, Parser, Rule};
use super::tokens::Place;
use super::{Context, Told, habits};

/// Something the grammar may want, in the order in which it is worth saying.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Then,
    Else,
    In,
    Equals,
    Braces,
    Arms,
    Name,
    FieldName,
    ResourceType,
    Type,
    Range,
    Key,
    Value,
    Quoted,
    Statement,
    More,
}

impl Wanted {
    fn of(rule: Rule) -> Self {
        match rule {
            Rule::kw_then => Self::Then,
            Rule::kw_else => Self::Else,
            Rule::kw_in => Self::In,
            Rule::equals => Self::Equals,
            Rule::block | Rule::object => Self::Braces,
            Rule::arms => Self::Arms,
            Rule::new_name | Rule::name | Rule::loop_names | Rule::type_field | Rule::parameter => Self::Name,
            Rule::field_name => Self::FieldName,
            Rule::path => Self::ResourceType,
            Rule::ty
            | Rule::type_part
            | Rule::type_named
            | Rule::type_list
            | Rule::type_group
            | Rule::type_map
            | Rule::type_record
            | Rule::type_literal => Self::Type,
            Rule::bounds | Rule::bound | Rule::pattern | Rule::range_mark => Self::Range,
            Rule::entry | Rule::key_name | Rule::computed_key => Self::Key,
            Rule::operator
            | Rule::cast
            | Rule::field
            | Rule::index
            | Rule::arguments
            | Rule::safe_dot
            | Rule::instance_key
            | Rule::of_type
            | Rule::optional_mark
            | Rule::optional_field
            | Rule::type_refinement => Self::More,
            Rule::item | Rule::statement | Rule::resource | Rule::output | Rule::let_statement => Self::Statement,
            _ => Self::Value,
        }
    }

    /// What it is called, and what to do.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Then => ("`then`", "write `if condition then value else value`"),
            Self::Else => ("`else`", "add `else` and the other value: every `if … then` has both"),
            Self::In => ("`in`", "write `for x in xs`"),
            Self::Equals => ("`=`", "write `=` and the value behind the name"),
            Self::Braces => ("`{`", "open the braces on this line"),
            Self::Arms => ("`{`", "write `match x { \"a\": value, else: value }`"),
            Self::Name => ("a name", "write a name: letters, digits and `_`, no digit first, no word of the language"),
            Self::FieldName => ("a name", "write the name of a field behind the dot"),
            Self::ResourceType => ("a type", "write a resource type such as `AWS::S3::Bucket`"),
            Self::Type => ("a type", "write a type such as `String`, `[Int]` or `AWS::EC2::VPC`"),
            Self::Range => ("a number", "write a range of numbers such as `1..10`"),
            Self::Key => ("a key", "write `Key: value`; other keys stand in quotes"),
            Self::Value => ("a value", "write a value, or remove this line"),
            Self::Quoted => ("text in quotes", "write text in quotes"),
            Self::Statement => ("a statement", "begin the line with the word of a statement"),
            Self::More => ("an operator", "put an operator between them, or a line break"),
        }
    }
}

/// True for the help of what a statement is made of: there, its whole form says more.
pub(super) fn of_statement(help: &str) -> bool {
    [Wanted::In, Wanted::Equals, Wanted::Braces, Wanted::Name, Wanted::ResourceType, Wanted::Quoted]
        .iter()
        .any(|wanted| wanted.words().1 == help)
}

/// What stands there, for a label.
pub(super) fn found(place: &Place<'_>) -> String {
    if place.is_empty() { "nothing follows".to_owned() } else { format!("found {}", place.quoted()) }
}

/// The place behind `rule`, or why it is not there.
pub(super) fn complete<'t>(rule: Rule, place: &Place<'t>) -> Result<Place<'t>, Told> {
    match Grammar::parse(rule, place.rest()) {
        Ok(pairs) => Ok(place.after(pairs.last().map_or(0, |pair| pair.as_span().end())).skip_blanks()),
        Err(_) => Err(probe(rule, place.clone())),
    }
}

/// Asks the grammar for `rule` at `place`: how far it gets, and what it wants there.
pub(super) fn probe(rule: Rule, place: Place<'_>) -> Told {
    let (at, wanted) = match Grammar::parse(rule, place.rest()) {
        Ok(pairs) => (pairs.last().map_or(0, |pair| pair.as_span().end()), Wanted::More),
        Err(error) => {
            let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
            let rules = match error.variant {
                ErrorVariant::ParsingError { positives, .. } => positives,
                ErrorVariant::CustomError { .. } => Vec::new(),
            };
            (at, most_telling(&rules))
        }
    };
    let there = place.after(at).skip_blanks();
    if let Some(told) = habits::known(&there, Context::Value).filter(|_| wanted == Wanted::Value) {
        return told;
    }
    let (what, help) = match (wanted, rule) {
        (Wanted::More, Rule::type_field | Rule::entry | Rule::arm | Rule::argument) => {
            ("`:`", "write `:` behind the name")
        }
        _ => wanted.words(),
    };
    if wanted == Wanted::Name && RESERVED.contains(&there.token()) {
        let message = format!("`{}` is a word of the language and no name", there.token());
        return Told::at(&there, message, "cannot be a name", "choose another name");
    }
    let before = there.before();
    let message = if before.is_empty() || before == "{" {
        format!("expected {what}, found {}", there.quoted())
    } else {
        format!("expected {what} after `{before}`")
    };
    if there.is_empty() {
        let end = there.before_end();
        let there = Place { at: end, end, ..there };
        return Told::at(&there, message, "nothing follows", help);
    }
    Told::at(&there, message, &found(&there), help)
}

const RESERVED: &[&str] = &["if", "then", "else", "match", "for", "in", "as", "true", "false", "null"];

/// Of all rules that could have gone on, the one worth naming.
fn most_telling(rules: &[Rule]) -> Wanted {
    // Where a name could stand as a value, braces are but one more value.
    if rules.contains(&Rule::path_or_name) {
        return Wanted::Value;
    }
    if !rules.is_empty() && rules.iter().all(|rule| matches!(rule, Rule::plain_string | Rule::raw_string)) {
        return Wanted::Quoted;
    }
    rules.iter().copied().map(Wanted::of).min().unwrap_or(Wanted::Value)
}
