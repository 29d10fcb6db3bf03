//! Names and tokens: pure functions of what is planned, so that a second run meets what the first one made.

use sha2::{Digest as _, Sha256};

use crate::cloud::Token;
use crate::plan::Plan;

/// Hexadecimal digits of the template in a fingerprint.
const TEMPLATE_DIGITS: usize = 31;

/// Hexadecimal digits of the operation before it.
const OPERATION_DIGITS: usize = 8;

/// What every change set of ours begins with.
pub(crate) const PREFIX: &str = "infra-";

/// SHA-256 of the parts, in lower-case hexadecimal. Each part is counted, so that no two lists run together.
pub(crate) fn sha256<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Of a plan: of all that it shows. Change sets stay out, for AWS gives each another id: a plan that is made again
/// has the same digest as long as nothing moved. So do lines of the source: a comment above changes nothing.
pub(crate) fn of_plan(plan: &Plan) -> String {
    let mut plan = Plan { id: String::new(), ..plan.clone() };
    for stack in &mut plan.stacks {
        stack.change_set = None;
        for change in &mut stack.changes {
            change.place = None;
            change.properties.iter_mut().for_each(|property| property.place = None);
        }
    }
    sha256([serde_json::to_string(&plan).unwrap_or_default().as_str()])
}

/// The first `count` digits.
pub(crate) fn short(digest: &str, count: usize) -> &str {
    digest.get(..count).unwrap_or(digest)
}

/// What a deployed stack says of its template through the name of its last change set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fingerprint {
    /// The first digits of the template's SHA-256.
    pub template: String,
    /// Resources were protected when it was made: a stack policy may be in force.
    pub guarded: bool,
    /// Tells which operation of the stack came before it.
    pub after: String,
}

impl Fingerprint {
    /// Of a template, by its SHA-256, and of the operation after which it comes; none for a new stack.
    pub(crate) fn new(template: &str, guarded: bool, after: Option<&str>) -> Self {
        let after = short(&sha256([after.unwrap_or_default()]), OPERATION_DIGITS).to_owned();
        Self { template: short(template, TEMPLATE_DIGITS).to_owned(), guarded, after }
    }

    /// From the ARN of a change set, where that is one of ours.
    pub(crate) fn of_change_set(arn: &str) -> Option<Self> {
        let name = arn.rsplit_once(":changeSet/").map_or(arn, |(_, rest)| rest);
        let name = name.split('/').next()?.strip_prefix(PREFIX)?;
        let (both, _) = name.split_once('-')?;
        let (template, rest) = both.split_at_checked(TEMPLATE_DIGITS)?;
        let (guarded, after) = rest.split_at_checked(1)?;
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
        let fits = matches!(guarded, "0" | "1") && after.len() == OPERATION_DIGITS && digits(template) && digits(after);
        fits.then(|| Self { template: template.to_owned(), guarded: guarded == "1", after: after.to_owned() })
    }

    /// As names carry it.
    pub(crate) fn text(&self) -> String {
        format!("{}{}{}", self.template, u8::from(self.guarded), self.after)
    }
}

/// Name of the change set for `fingerprint`; `digest` tells one base and set of inputs from the next.
pub(crate) fn change_set_name(fingerprint: &str, digest: &str, attempt: u32) -> String {
    let again = if attempt > 1 { format!("-{attempt}") } else { String::new() };
    format!("{PREFIX}{fingerprint}-{}{again}", short(digest, 16))
}

/// Token of the call of `kind` that belongs to a change set, or to the name of a stack in a state.
///
/// `kind` is one letter: `c` creates a change set, `x` executes it, `d` deletes a stack.
pub(crate) fn token(kind: char, name: &str) -> Token {
    let clean: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(120).collect();
    let text = format!("{kind}-{clean}");
    // Such a text always fits; the digest is only there so that no panic can stand here.
    Token::new(text).or_else(|| Token::new(sha256([name]))).unwrap_or_else(fallback)
}

fn fallback() -> Token {
    token('t', "infra")
}

/// True for tokens that this tool gives to operations.
pub(crate) fn is_ours(token: &str) -> bool {
    ["x-infra-", "d-infra-", "r-infra-"].iter().any(|start| token.starts_with(start))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_comes_back_from_the_name() {
        let print = Fingerprint::new(&sha256(["template"]), true, Some("operation"));
        let name = change_set_name(&print.text(), &sha256(["inputs"]), 2);
        assert!(name.len() < 100, "{name}");
        let arn = format!("arn:aws:cloudformation:eu-west-1:111111111111:changeSet/{name}/0b1c");
        assert_eq!(Fingerprint::of_change_set(&arn).unwrap(), print);
        assert_eq!(Fingerprint::of_change_set("arn:aws:cloudformation:x:1:changeSet/infra-cs/0b1c"), None);
        assert_eq!(Fingerprint::of_change_set("arn:aws:cloudformation:x:1:changeSet/other/0b1c"), None);
    }

    #[test]
    fn lists_do_not_run_together() {
        assert_ne!(sha256(["ab", "c"]), sha256(["a", "bc"]));
        assert_eq!(token('x', "infra-a").as_str(), "x-infra-a");
        assert!(is_ours("x-infra-a") && !is_ours("Console-UpdateStack-1"));
    }
}
