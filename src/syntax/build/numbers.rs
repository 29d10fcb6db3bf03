//! Numbers.

use super::super::ast::ExprKind;
use super::super::grammar::{Pair, Rule};
use super::Builder;

/// True where letters follow the number at once, other than those of an exponent.
fn has_tail(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let exponent = digits.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    let well = exponent.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    !digits.is_empty() && !well
}

impl Builder<'_> {
    /// A number literal, with the minus before it where there is one.
    pub(super) fn number(&mut self, pair: &Pair<'_, Rule>, minus: bool) -> ExprKind {
        let text = pair.as_str();
        let span = self.span(pair);
        if has_tail(text) {
            self.error(
                span,
                format!("`{text}` is neither a number nor a name"),
                "a letter stands right behind the digits",
                "put text in quotes; a name begins with a letter",
            );
            return ExprKind::Broken;
        }
        if text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
            self.error(
                span,
                format!("`{text}` begins with a zero"),
                "a number would lose the zero",
                "write it in quotes where the digits matter, as in an account id, or drop the zero",
            );
            return ExprKind::Broken;
        }
        let signed = |text: &str| if minus { format!("-{text}") } else { text.to_owned() };
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let value = if minus { signed(text).parse() } else { text.parse() };
            return value.map_or_else(|_| self.too_large(pair), ExprKind::Int);
        }
        match signed(text).parse::<f64>() {
            Ok(value) if value.is_finite() => ExprKind::Float(value),
            _ => self.too_large(pair),
        }
    }

    fn too_large(&mut self, pair: &Pair<'_, Rule>) -> ExprKind {
        let span = self.span(pair);
        self.error(
            span,
            format!("the number `{}` is too large", pair.as_str()),
            "does not fit into 64 bits",
            "write it in quotes where it is an identifier and not an amount",
        );
        ExprKind::Broken
    }
}
