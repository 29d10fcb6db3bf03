//! Which values of a template nobody may read in a plan: what comes from a secret parameter, and texts that stand under a
//! name such as `MasterUserPassword` or `API_TOKEN`, as templates have them that were written without secrets.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::refs::references;
use crate::plan::{ParameterPlan, PropertyChange, Shown};

/// How names of secrets end, in lower case and without `_` and `-`.
const ENDS: &[&str] =
    &["password", "passwd", "secret", "secretstring", "secretkey", "token", "apikey", "privatekey", "credentials"];

/// Written in place of a text inside a larger value.
const VEIL: &str = "(secret)";

/// True where any of the resource's `Properties`, before or after, has a secret at that place, or around or below it.
/// Some services echo what a parameter gave them in change sets.
pub(crate) fn is_secret<'a>(
    sides: impl IntoIterator<Item = &'a Value>,
    path: &str,
    parameters: &BTreeMap<String, ParameterPlan>,
) -> bool {
    comes_from(sides, path, |name| parameters.get(name).is_some_and(|p| p.after == Shown::Hidden))
}

/// The same where `hidden` says which parameters are secret.
pub(crate) fn comes_from<'a>(
    sides: impl IntoIterator<Item = &'a Value>,
    path: &str,
    hidden: impl Fn(&str) -> bool,
) -> bool {
    sides.into_iter().any(|properties| {
        let mut value = properties;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let next = match value {
                Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
                other => other.get(step),
            };
            // Where the template does not go as deep, the value is computed here.
            let Some(next) = next else { break };
            if is_named(step, value) && is_text(next) {
                return true;
            }
            value = next;
        }
        references(value).iter().any(|reference| hidden(&reference.name))
    })
}

/// Hides the values of a change where either side has a secret, and what is secret inside of them.
pub(crate) fn veil(change: &mut PropertyChange, is_secret: bool) {
    [&mut change.before, &mut change.after].into_iter().flatten().for_each(|side| veil_side(side, is_secret));
}

/// The same of one side.
pub(crate) fn veil_side(side: &mut Shown, is_secret: bool) {
    match side {
        _ if is_secret => *side = Shown::Hidden,
        Shown::Value(value) => inside(value),
        _ => {}
    }
}

fn inside(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let whole = Value::Object(members.clone());
            for (name, member) in members {
                match is_named(name, &whole) && is_text(member) {
                    true => *member = Value::from(VEIL),
                    false => inside(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(inside),
        _ => {}
    }
}

/// The member itself is called so, or it is the value beside a `Name` that is.
fn is_named(member: &str, of: &Value) -> bool {
    let beside = || {
        let name = ["Name", "Key"].iter().find_map(|key| of.get(key)?.as_str());
        member == "Value" && name.is_some_and(sounds_secret)
    };
    sounds_secret(member) || beside()
}

fn sounds_secret(name: &str) -> bool {
    let name: String = name.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_lowercase();
    ENDS.iter().any(|end| name.ends_with(end))
}

/// A text that is itself the secret: no word of a setting, and not where it is to be found.
fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        !matches!(text, "" | "true" | "false") && !text.contains("{{resolve:") && !text.starts_with("arn:")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_a_secret_by_its_name() {
        let properties = json!({
            "MasterUserPassword": "old", "HttpTokens": "required", "ManageMasterUserPassword": "true",
            "Other": { "AdminPassword": "{{resolve:ssm-secure:/x}}", "API_TOKEN": "old" },
            "Environment": [{ "Name": "DB_PASSWORD", "Value": "old" }, { "Name": "PORT", "Value": "80" }],
            "SecretArn": "arn:aws:secretsmanager:x", "Secret": "arn:aws:secretsmanager:x",
        });
        let is = |path| is_secret([&properties], path, &BTreeMap::new());
        for secret in ["MasterUserPassword", "Other.API_TOKEN", "Environment.0.Value"] {
            assert!(is(secret), "{secret}");
        }
        for open in [
            "HttpTokens",
            "ManageMasterUserPassword",
            "Other.AdminPassword",
            "Environment.1.Value",
            "SecretArn",
            "Secret",
            "Other",
            "Nowhere.Password",
        ] {
            assert!(!is(open), "{open}");
        }
        let mut whole = properties;
        inside(&mut whole);
        assert!(!whole.to_string().contains("old") && whole.to_string().contains("required"), "{whole}");
    }
}
