//! Failures on order: which resource fails at what, how often, and how slow it is.

use serde::{Deserialize, Serialize};

use crate::sandbox::drift::Drift;

/// What is done to a resource when a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// It is created, on its own or in place of another.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted.
    Delete,
    /// Its old values are brought back.
    Rollback,
}

/// One rule: a place, and what goes wrong there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the stack, or `*`.
    pub stack: String,
    /// Logical id of the resource, or `*`.
    pub resource: String,
    /// When; left out, at creation and update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Moment>,
    /// It fails with this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<String>,
    /// Steps it takes instead of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// How often the rule strikes before it is spent; left out, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

impl Rule {
    /// That resource of that stack fails with that text, whenever it is created or changed.
    #[must_use]
    pub fn fail(stack: &str, resource: &str, text: &str) -> Self {
        Self {
            stack: stack.into(),
            resource: resource.into(),
            on: None,
            fail: Some(text.into()),
            steps: None,
            times: None,
        }
    }

    /// That resource takes that many steps.
    #[must_use]
    pub fn slow(stack: &str, resource: &str, steps: u32) -> Self {
        Self { stack: stack.into(), resource: resource.into(), on: None, fail: None, steps: Some(steps), times: None }
    }

    /// Only at that moment.
    #[must_use]
    pub fn at(self, moment: Moment) -> Self {
        Self { on: Some(moment), ..self }
    }

    /// Only that often.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Reads `STACK/LogicalId=text`, the spelling of the command line.
    pub fn parse(text: &str) -> Option<Self> {
        let (place, reason) = text.split_once('=')?;
        let (stack, resource) = place.split_once('/')?;
        let filled = !stack.is_empty() && !resource.is_empty() && !reason.is_empty();
        filled.then(|| Self::fail(stack, resource, reason))
    }
}

/// All rules of a sandbox, with how often each has struck.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The first that fits counts.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What somebody changed by hand.
    #[serde(default)]
    pub drift: Vec<Drift>,
    #[serde(skip)]
    struck: Vec<u32>,
}

/// What a rule orders.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) fail: Option<String>,
    pub(crate) steps: u32,
}

impl Script {
    /// Strikes: says what happens to the resource, and counts it.
    pub(crate) fn strike(&mut self, stack: &str, resource: &str, moment: Moment) -> Order {
        self.struck.resize(self.rules.len(), 0);
        for (rule, struck) in self.rules.iter().zip(&mut self.struck) {
            let here =
                (rule.stack == "*" || rule.stack == stack) && (rule.resource == "*" || rule.resource == resource);
            let now = match rule.on {
                None => matches!(moment, Moment::Create | Moment::Update),
                Some(on) => on == moment,
            };
            if here && now && rule.times.is_none_or(|times| *struck < times) {
                *struck += 1;
                return Order { fail: rule.fail.clone(), steps: rule.steps.unwrap_or(1).max(1) };
            }
        }
        Order { fail: None, steps: 1 }
    }

    pub(crate) fn struck(&self) -> &[u32] {
        &self.struck
    }

    /// Takes over counts that were kept from an earlier run.
    pub(crate) fn resume(&mut self, struck: Vec<u32>) {
        self.struck = struck;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_spent() {
        let mut script = Script { rules: vec![Rule::fail("s", "Q", "no").times(1)], ..Script::default() };
        assert_eq!(script.strike("s", "Q", Moment::Delete).fail, None);
        assert_eq!(script.strike("s", "Q", Moment::Create).fail.as_deref(), Some("no"));
        assert_eq!(script.strike("s", "Q", Moment::Create).fail, None);
    }

    #[test]
    fn reads_the_command_line() {
        let rule = Rule::parse("api/Queue=Rate = exceeded").unwrap();
        assert_eq!(
            (rule.stack.as_str(), rule.resource.as_str(), rule.fail.as_deref()),
            ("api", "Queue", Some("Rate = exceeded"))
        );
        assert!(Rule::parse("api=Queue").is_none());
    }
}
