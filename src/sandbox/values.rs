//! Parameter values: from the request, from before, or from the template.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::facts::{self, Answer, invalid};
use crate::sandbox::template::{Parameter, Template, scalar};

/// One parameter of a request.
pub(crate) struct Given {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
    pub(crate) previous: bool,
}

/// The final value of every parameter of the template. `before` are the values of the stack as it is.
pub(crate) fn resolve(
    template: &Template,
    given: &[Given],
    before: Option<&BTreeMap<String, String>>,
) -> Answer<BTreeMap<String, String>> {
    let extra: Vec<&str> =
        given.iter().map(|one| one.key.as_str()).filter(|key| !template.parameters.contains_key(*key)).collect();
    if !extra.is_empty() {
        return Err(invalid(format!("Parameters: [{}] do not exist in the template", extra.join(", "))));
    }
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, declared) in &template.parameters {
        match value(name, declared, given, before)? {
            Some(value) => {
                accept(name, declared, &value)?;
                values.insert(name.clone(), value);
            }
            None => missing.push(name.as_str()),
        }
    }
    if !missing.is_empty() {
        return Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))));
    }
    Ok(values)
}

fn value(
    name: &str,
    declared: &Parameter,
    given: &[Given],
    before: Option<&BTreeMap<String, String>>,
) -> Answer<Option<String>> {
    match given.iter().find(|one| one.key == name) {
        Some(one) if one.previous => match before.and_then(|before| before.get(name)) {
            Some(value) => Ok(Some(value.clone())),
            None => Err(invalid(format!(
                "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
            ))),
        },
        Some(one) => Ok(one.value.clone()),
        None => Ok(declared.default.clone()),
    }
}

/// Refuses what the declaration rules out; the texts are [F].
fn accept(name: &str, declared: &Parameter, value: &str) -> Answer<()> {
    let explain = |text: String| match declared.rules.get("ConstraintDescription").and_then(Value::as_str) {
        Some(own) => invalid(format!("Parameter {name} failed to satisfy constraint: {own}")),
        None => invalid(text),
    };
    if value.len() > facts::PARAMETER_BYTES {
        return Err(invalid(format!("Parameter '{name}' must contain at most {} characters", facts::PARAMETER_BYTES)));
    }
    let items: Vec<&str> = if declared.is_list() { value.split(',').map(str::trim).collect() } else { vec![value] };
    let numbers = declared.kind == "Number" || declared.kind == "List<Number>";
    for item in &items {
        if !declared.allowed.is_empty() && !declared.allowed.iter().any(|allowed| allowed == item) {
            return Err(explain(format!("Parameter '{name}' must be one of AllowedValues")));
        }
        let number = item.parse::<f64>().ok().filter(|number| number.is_finite());
        if numbers && number.is_none() {
            return Err(explain(format!("Parameter '{name}' must be a number.")));
        }
        if let Some(number) = number.filter(|_| numbers) {
            if limit(declared, "MinValue").is_some_and(|min| number < min) {
                return Err(explain(format!(
                    "Parameter '{name}' must be a number not less than {}",
                    shown(declared, "MinValue")
                )));
            }
            if limit(declared, "MaxValue").is_some_and(|max| number > max) {
                return Err(explain(format!(
                    "Parameter '{name}' must be a number not greater than {}",
                    shown(declared, "MaxValue")
                )));
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 4,096")]
    let length = value.chars().count() as f64;
    if limit(declared, "MinLength").is_some_and(|min| length < min) {
        return Err(explain(format!(
            "Parameter '{name}' must contain at least {} characters",
            shown(declared, "MinLength")
        )));
    }
    if limit(declared, "MaxLength").is_some_and(|max| length > max) {
        return Err(explain(format!(
            "Parameter '{name}' must contain at most {} characters",
            shown(declared, "MaxLength")
        )));
    }
    if let Some(pattern) = declared.rules.get("AllowedPattern").and_then(Value::as_str) {
        // The whole value must match, unlike a search.
        let whole = regress::Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|_| invalid(format!("Template error: the AllowedPattern of {name} is no regular expression")))?;
        if items.iter().any(|item| whole.find(item).is_none()) {
            return Err(explain(format!(
                "Parameter {name} failed to satisfy constraint: Parameter value {value} does not match pattern {pattern}"
            )));
        }
    }
    Ok(())
}

fn shown(declared: &Parameter, key: &str) -> String {
    declared.rules.get(key).and_then(scalar).unwrap_or_default()
}

fn limit(declared: &Parameter, key: &str) -> Option<f64> {
    shown(declared, key).parse().ok()
}

/// The values that nobody may see.
pub(crate) fn secrets<'a>(template: &Template, values: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let hidden =
        values.iter().filter(|(name, _)| template.parameters.get(*name).is_some_and(|declared| declared.no_echo));
    hidden.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()).collect()
}

/// Puts stars in place of every text that holds a secret.
pub(crate) fn mask(value: &Value, secrets: &[&str]) -> Value {
    match value {
        _ if secrets.is_empty() => value.clone(),
        Value::Array(items) => items.iter().map(|item| mask(item, secrets)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, item)| (key.clone(), mask(item, secrets))).collect(),
        other => match scalar(other) {
            Some(text) if secrets.iter().any(|secret| text.contains(secret)) => Value::String(facts::MASK.to_owned()),
            _ => other.clone(),
        },
    }
}
