//! What a plan may do that it does not do of itself: `replace:orders/Db`, `delete:'queue-*@us-east-1/Dead*'`.
//!
//! What lets a change happen stands with that change, in the plan and in its file: whoever looks at a plan sees it, and
//! carrying it out needs nothing else.

use std::fmt;
use std::str::FromStr;

use crate::cloud::policy::glob;
use crate::diagnostics::nearest;
use crate::plan::{Action, Change, Plan, StackPlan};

/// What may happen to a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// A new one takes its place.
    Replace,
    /// It goes.
    Delete,
}

impl Act {
    /// As it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }

    /// What has to be allowed of a change; nothing of one that leaves the resource where it is.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        match change.action {
            Action::Replace => Some(Self::Replace),
            Action::Delete | Action::Forget => Some(Self::Delete),
            _ => None,
        }
    }
}

/// One allowance: an act, and the resources it may happen to.
///
/// `ACT:STACK/RESOURCE`, with `@PLACE` behind the stack, which is a region, an environment or both (`prod/eu-west-1`).
/// In each part `*` stands for any run of letters. What is protected is only reached by its own name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allow {
    act: Act,
    stack: String,
    place: String,
    resource: String,
}

impl FromStr for Allow {
    type Err = String;

    /// The error says what may be written.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write `replace:STACK/RESOURCE` or `delete:STACK/RESOURCE`".to_owned();
        let (act, what) = text.split_once(':').ok_or_else(wrong)?;
        let act = match act {
            "replace" => Act::Replace,
            "delete" => Act::Delete,
            _ => return Err(wrong()),
        };
        // A place may have a `/` too, and `*` alone is everything.
        let (stack, resource) = if what == "*" { ("*", "*") } else { what.rsplit_once('/').ok_or_else(wrong)? };
        let (stack, place) = stack.split_once('@').unwrap_or((stack, "*"));
        if [stack, place, resource].contains(&"") {
            return Err(wrong());
        }
        Ok(Self { act, stack: stack.to_owned(), place: place.to_owned(), resource: resource.to_owned() })
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { act, stack, place, resource } = self;
        let act = act.as_str();
        match (stack.as_str(), place.as_str(), resource.as_str()) {
            ("*", "*", "*") => write!(f, "{act}:*"),
            (_, "*", _) => write!(f, "{act}:{stack}/{resource}"),
            _ => write!(f, "{act}:{stack}@{place}/{resource}"),
        }
    }
}

impl Allow {
    /// Everything of that kind that is not protected.
    pub fn all(act: Act) -> Self {
        Self { act, stack: "*".to_owned(), place: "*".to_owned(), resource: "*".to_owned() }
    }

    /// True where it lets `act` happen to a resource of the stack with that id (`network@prod/eu-west-1`).
    pub(crate) fn covers(&self, act: Act, id: &str, resource: &str) -> bool {
        let (stack, at) = id.split_once('@').unwrap_or((id, ""));
        let (env, region) = at.split_once('/').unwrap_or((at, at));
        self.act == act
            && glob(&self.stack, stack)
            && [at, env, region].iter().any(|part| glob(&self.place, part))
            && glob(&self.resource, resource)
    }

    /// True where it names one resource and no pattern.
    pub(crate) fn is_by_name(&self) -> bool {
        !self.stack.contains('*') && !self.resource.contains('*')
    }

    /// Nothing of `plan` happens because of it: what to say about that, beside its text. A pattern may well find nothing.
    pub fn idle(&self, plan: &Plan) -> Option<String> {
        if !self.is_by_name() {
            return None;
        }
        let is_used = |stack: &StackPlan| {
            let uses = |c: &Change| {
                c.allowed.is_some() && Act::of(c).is_some_and(|act| self.covers(act, &stack.id, &c.logical_id))
            };
            stack.changes.iter().any(uses)
        };
        if plan.stacks.iter().any(is_used) {
            return None;
        }
        let acts = plan.stacks.iter().flat_map(|stack| {
            stack.changes.iter().filter_map(|c| Some(text(Act::of(c)?, &stack.stack, &c.logical_id)))
        });
        let acts: Vec<String> = acts.collect();
        let own = text(self.act, &self.stack, &self.resource);
        if acts.contains(&own) {
            return Some("that needs no allowance".to_owned());
        }
        Some(match nearest(&own, acts.iter().map(String::as_str)) {
            Some(near) => format!("nothing like that happens; the nearest that does is `{near}`"),
            None => "nothing like that happens".to_owned(),
        })
    }
}

/// How an act on one resource of a stack is allowed.
pub(crate) fn text(act: Act, stack: &str, resource: &str) -> String {
    format!("{}:{stack}/{resource}", act.as_str())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_read_and_written() {
        for text in ["replace:api/Db", "delete:api@eu-west-1/Db", "delete:queue-*@prod/us-*/*", "delete:*"] {
            assert_eq!(text.parse::<Allow>().unwrap().to_string(), text);
        }
        for text in ["", "Db", "api/Db", "remove:api/Db", "replace:api", "replace:/Db", "delete:api/", "delete:api@/Db"]
        {
            assert!(text.parse::<Allow>().unwrap_err().contains("write `replace:STACK/RESOURCE`"), "{text}");
        }
    }

    #[test]
    fn an_allowance_reaches_what_it_names() {
        let covers = |allow: &str, id: &str| allow.parse::<Allow>().unwrap().covers(Act::Delete, id, "Db");
        let id = "api@prod/eu-west-1";
        for allow in ["delete:api/Db", "delete:a*/D*", "delete:api@prod/Db", "delete:api@eu-*/Db", "delete:*"] {
            assert!(covers(allow, id), "{allow}");
        }
        assert!(covers("delete:api@prod/eu-west-1/Db", id) && covers("delete:roles@eu-west-1/Db", "roles@eu-west-1"));
        for allow in ["replace:api/Db", "delete:ap/Db", "delete:api@dev/Db", "delete:api/D", "delete:api@prod/us-*/Db"]
        {
            assert!(!covers(allow, id), "{allow}");
        }
    }
}
