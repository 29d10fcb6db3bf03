//! Stack policies: which resources an update may touch, and how.

use serde_json::Value;

/// The statement that forbids an action on a resource, in AWS's words, counted from one. Everything is forbidden
/// that no statement allows, and what one denies [A].
pub(crate) fn forbids(policy: Option<&str>, action: &str, logical: &str, kind: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    let statements = policy.get("Statement")?.as_array()?;
    let hits = |statement: &&Value| {
        let listed = |key: &str, wanted: &str, otherwise: bool| match statement.get(key) {
            None => otherwise,
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(|pattern| glob(pattern, wanted)),
            Some(one) => one.as_str().is_some_and(|pattern| glob(pattern, wanted)),
        };
        let resource = format!("LogicalResourceId/{logical}");
        let action = listed("Action", action, false)
            || (statement.get("NotAction").is_some() && !listed("NotAction", action, true));
        let place = listed("Resource", &resource, false)
            || (statement.get("NotResource").is_some() && !listed("NotResource", &resource, true));
        action && place && condition(statement, kind)
    };
    let effect = |statement: &Value| statement.get("Effect").and_then(Value::as_str).map(str::to_owned);
    let denied =
        statements.iter().position(|statement| effect(statement).as_deref() == Some("Deny") && hits(&statement));
    let allowed = statements.iter().any(|statement| effect(statement).as_deref() == Some("Allow") && hits(&statement));
    let text = |number: usize| {
        format!(
            "Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [LogicalResourceId/{logical}]"
        )
    };
    match (denied, allowed) {
        (Some(at), _) => Some(text(at + 1)),
        (None, false) => Some(text(1)),
        (None, true) => None,
    }
}

/// `Condition: {StringEquals|StringLike: {ResourceType: [...]}}`, the only one there is [A].
fn condition(statement: &Value, kind: &str) -> bool {
    let Some(condition) = statement.get("Condition").and_then(Value::as_object) else { return true };
    condition.values().filter_map(|operator| operator.get("ResourceType")).all(|types| match types {
        Value::Array(many) => many.iter().filter_map(Value::as_str).any(|pattern| glob(pattern, kind)),
        one => one.as_str().is_some_and(|pattern| glob(pattern, kind)),
    })
}

/// `*` stands for any run of letters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((tail, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Statement":[
        {"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},
        {"Effect":"Deny","Action":["Update:Replace","Update:Delete"],"Principal":"*","Resource":"LogicalResourceId/Prod*"}]}"#;

    #[test]
    fn denial_beats_permission() {
        let text = "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/ProdDb]";
        assert_eq!(forbids(Some(POLICY), "Update:Replace", "ProdDb", "T").as_deref(), Some(text));
        assert_eq!(forbids(Some(POLICY), "Update:Modify", "ProdDb", "T"), None);
        assert_eq!(forbids(None, "Update:Modify", "ProdDb", "T"), None);
    }

    #[test]
    fn what_nothing_allows_is_forbidden() {
        assert!(forbids(Some(r#"{"Statement":[]}"#), "Update:Modify", "A", "T").is_some());
    }
}
