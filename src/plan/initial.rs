//! `@initial`: what a property was at its creation stays, whatever the source says now.
//!
//! CloudFormation has no such thing, so the template that is sent to it keeps what the deployed template has there.
//! Its digest stays that of the source: the same source on top of the same template gives the same, so a stack is
//! unchanged as long as its source is.

use serde_json::{Map, Value};

use crate::plan::diff::{Sides, diff, type_of};
use crate::plan::wanted::Wanted;
use crate::plan::{Action, Replaces};

/// True where a resource has such properties.
pub(crate) fn has_any(wanted: &Wanted) -> bool {
    !wanted.initial.is_empty()
}

/// An update that keeps what others may have changed.
pub(crate) struct Kept {
    /// The stack as it is to be sent.
    pub wanted: Wanted,
    /// Its template.
    pub template: Value,
    /// What is kept, for people.
    pub notes: Vec<String>,
}

/// The stack as it is to be sent for an update of `before`, which is its deployed template. Resources that the update
/// replaces are made anew, so they get what the source says. None where that is the source's own template.
pub(crate) fn keep(wanted: &Wanted, after: &Value, sides: &Sides<'_>) -> Option<Kept> {
    let before = sides.before?;
    let mut kept = Value::clone(after);
    let of = |template: &Value, id: &str| template.get("Resources").and_then(|all| all.get(id)).cloned();
    for (id, paths) in &wanted.initial {
        let (Some(old), Some(new)) = (of(before, id), of(after, id)) else { continue };
        if type_of(&old) != type_of(&new) {
            continue;
        }
        for path in paths {
            put(&mut kept, id, &old, path);
        }
    }
    let replaced: Vec<String> = diff(&Sides { after: &kept, ..*sides })
        .into_iter()
        .filter(|change| change.action == Action::Replace && change.replacement == Replaces::Yes)
        .map(|change| change.logical_id)
        .collect();
    for id in replaced {
        if let (Some(slot), Some(new)) = (kept.pointer_mut(&format!("/Resources/{id}")), of(after, &id)) {
            *slot = new;
        }
    }
    if kept == *after {
        return None;
    }
    let note = |(id, paths): (&String, &Vec<String>)| {
        let (new, now) = (of(after, id)?, of(&kept, id)?);
        let differ = |path: &&String| at(&new, path) != at(&now, path);
        let paths: Vec<String> = paths.iter().filter(differ).map(|path| format!("`{path}`")).collect();
        (!paths.is_empty()).then(|| format!("{id} keeps its deployed {}, as `@initial` says", paths.join(", ")))
    };
    let notes = wanted.initial.iter().filter_map(note).collect();
    Some(Kept { wanted: Wanted { body: text(&kept), ..wanted.clone() }, template: kept, notes })
}

/// Puts what `old` has at the path into that resource; takes it out where `old` has nothing there.
fn put(template: &mut Value, id: &str, old: &Value, path: &str) {
    let steps: Vec<&str> = path.split('.').collect();
    let Some((last, way)) = steps.split_last() else { return };
    let there = at(old, path);
    let Some(mut at) = template.get_mut("Resources").and_then(|all| all.get_mut(id)).and_then(Value::as_object_mut)
    else {
        return;
    };
    for step in ["Properties"].iter().chain(way) {
        if there.is_none() && !at.contains_key(*step) {
            return;
        }
        let next = at.entry(*step).or_insert_with(|| Value::Object(Map::new()));
        // A function in its place: nothing of it can be kept apart.
        let Some(object) = next.as_object_mut() else { return };
        at = object;
    }
    match there {
        Some(value) => drop(at.insert((*last).to_owned(), value.clone())),
        None => drop(at.remove(*last)),
    }
}

/// What a resource has at the path.
fn at<'v>(resource: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(resource.get("Properties")?, |value, step| value.get(step))
}

/// As templates are written: in ASCII, for CloudFormation gives other characters back as `?`.
fn text(template: &Value) -> String {
    let mut out = String::new();
    for c in template.to_string().chars() {
        match c.is_ascii() && c != '\u{7f}' {
            true => out.push(c),
            false => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put_all(after: Value, old: &Value, paths: &[&str]) -> Value {
        let mut template = json!({ "Resources": { "A": after } });
        paths.iter().for_each(|path| put(&mut template, "A", old, path));
        template.pointer("/Resources/A").cloned().unwrap_or_default()
    }

    #[test]
    fn the_deployed_value_takes_the_place_of_the_new_one() {
        let old = json!({ "Properties": { "N": 3, "In": { "A": 1 } } });
        let new = json!({ "Properties": { "N": 5, "In": { "A": 2, "B": 4 }, "Late": true } });
        let kept = put_all(new, &old, &["N", "In.A", "In.B", "Late"]);
        assert_eq!(kept, json!({ "Properties": { "N": 3, "In": { "A": 1 } } }));
    }

    #[test]
    fn what_the_source_left_out_comes_back() {
        let old = json!({ "Properties": { "In": { "A": { "Ref": "P" } } } });
        assert_eq!(put_all(json!({}), &old, &["In.A"]), old);
        assert_eq!(put_all(json!({}), &json!({}), &["In.A"]), json!({}));
        let function = json!({ "Properties": { "In": "text" } });
        assert_eq!(put_all(function.clone(), &old, &["In.A"]), function);
    }

    #[test]
    fn templates_stay_in_ascii() {
        assert_eq!(text(&json!({ "é": "𝄞" })), r#"{"\u00e9":"\ud834\udd1e"}"#);
    }
}
