//! How names are written: the case says where a name lives.

use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::ast::Ident;

/// The longest logical id that CloudFormation takes.
pub(crate) const LONGEST_ID: usize = 255;

/// Asks for `snake_case`.
pub(super) fn snake(name: Ident, diagnostics: &mut Vec<Diagnostic>) {
    let text = name.name.as_str();
    if text.is_empty() || is_snake(text) {
        return;
    }
    let better = to_snake(text);
    diagnostics.push(
        Diagnostic::new(Code::InvalidName, format!("the name `{text}` is not in `snake_case`"))
            .at(name.span, "names that live in the source only are written so")
            .help(format!("write `{better}`")),
    );
}

/// Asks for `PascalCase`, letters and digits only.
pub(crate) fn pascal(name: Ident, diagnostics: &mut Vec<Diagnostic>) {
    let text = name.name.as_str();
    if text.is_empty() {
        return;
    }
    if text.len() > LONGEST_ID {
        diagnostics.push(too_long(text, name));
    } else if !is_pascal(text) {
        let better = to_pascal(text);
        diagnostics.push(
            Diagnostic::new(Code::InvalidName, format!("the name `{text}` is not in `PascalCase`"))
                .at(name.span, "names that exist in AWS are written so, letters and digits only")
                .help(format!("write `{better}`")),
        );
    }
}

/// Asks for `PascalCase` in the name of a type.
pub(super) fn type_name(name: Ident, diagnostics: &mut Vec<Diagnostic>) {
    let text = name.name.as_str();
    if text.is_empty() || is_pascal(text) {
        return;
    }
    let better = to_pascal(text);
    diagnostics.push(
        Diagnostic::new(Code::InvalidName, format!("the name `{text}` is not in `PascalCase`"))
            .at(name.span, "types are written so, as `String` and `Cidr` are")
            .help(format!("write `{better}`")),
    );
}

fn too_long(text: &str, name: Ident) -> Diagnostic {
    let message = format!("a logical id has at most {LONGEST_ID} characters, this one has {}", text.len());
    Diagnostic::new(Code::InvalidName, message).at(name.span, "too long").help("shorten the name")
}

fn is_snake(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_pascal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `PublicSubnets` -> `public_subnets`
pub(crate) fn to_snake(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut after_lower = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && after_lower {
            out.push('_');
        }
        after_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    let trimmed = out.trim_matches(|c: char| c == '_' || c.is_ascii_digit());
    if trimmed.is_empty() { "name".to_owned() } else { trimmed.to_owned() }
}

/// The letters and digits of `text`, each run of them with a capital in front:
/// `public-subnets` -> `PublicSubnets`, `eu-west-1` -> `EuWest1`, `a` -> `A`.
pub(crate) fn to_pascal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fresh = true;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(if fresh { c.to_ascii_uppercase() } else { c });
            fresh = false;
        } else {
            fresh = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{to_pascal, to_snake};

    #[test]
    fn finds_the_other_case() {
        assert_eq!(to_snake("PublicSubnets"), "public_subnets");
        assert_eq!(to_snake("VPC"), "vpc");
        assert_eq!(to_snake("my-stack"), "my_stack");
        assert_eq!(to_pascal("public_subnets"), "PublicSubnets");
        assert_eq!(to_pascal("eu-west-1"), "EuWest1");
        assert_eq!(to_pascal("default"), "Default");
        assert_eq!(to_pascal("a/b"), "AB");
    }
}
