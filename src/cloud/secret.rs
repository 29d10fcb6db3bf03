//! Text that may be secret, and tokens of write calls.

use std::fmt;

/// A value that may be secret: it never shows itself, only hands itself out when asked by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Secret(String);

impl Secret {
    /// Guards `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the request or for a place that has decided it may be shown.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True where AWS gave only asterisks, as it does for `NoEcho` parameters.
    pub fn is_masked(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|b| b == b'*')
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹hidden›")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Makes a write call safe to repeat: AWS answers a second call with the same token like the first.
///
/// The SDK sends none of its own for stacks and change sets, and does repeat calls whose answer was lost;
/// so no write of [`Cloud`](crate::cloud::Cloud) goes without one. A token is a pure function of the plan.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Token(String);

impl Token {
    /// A token of that text: 1 to 128 of `a-z A-Z 0-9 -`, not beginning with `-`. `None` where it is not.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let fits = (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-');
        fits.then_some(Self(text))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.expose(), "hunter2");
        assert!(Secret::new("****").is_masked());
        assert!(!Secret::new("").is_masked());
    }

    #[test]
    fn tokens_are_what_aws_takes() {
        assert!(Token::new("x-0123456789abcdef-web").is_some());
        for bad in ["", "-x", "a_b", "ü", &"x".repeat(129)] {
            assert!(Token::new(bad).is_none(), "{bad}");
        }
    }
}
