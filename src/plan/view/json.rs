//! A plan for machines.

use serde_json::{Value, json};

use crate::plan::Plan;

/// The plan as JSON, with the counts that the text shows, and its digest. Secrets are not in a plan, so not in here.
pub fn to_json(plan: &Plan) -> Value {
    let mut value = serde_json::to_value(plan).unwrap_or_else(|e| json!({ "error": e.to_string() }));
    if let Some(object) = value.as_object_mut() {
        object.insert("counts".to_owned(), json!(plan.counts()));
        if !plan.is_local() {
            object.insert("digest".to_owned(), json!(plan.digest()));
        }
        object.insert("changes".to_owned(), json!(plan.has_changes()));
    }
    value
}
