//! Properties against the schema of their type, as a resource handler checks them.

use serde_json::{Map, Value};

use crate::sandbox::eval::unknown;
use crate::sandbox::template::scalar;
use crate::schema::{Group, Node, NodeId, ObjectType, StringType, Types};

/// One thing wrong with the properties of a resource.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `/Properties/VpcConfig/SubnetIds`
    pub(crate) path: String,
    /// `required key [Engine] not found`
    pub(crate) text: String,
}

/// What is wrong with the properties, in the order of their paths.
pub(crate) fn problems(types: &Types, kind: &str, properties: &Value) -> Vec<Problem> {
    let Some(resource) = types.resource(kind) else {
        return Vec::new();
    };
    let mut checker = Checker { types, problems: Vec::new() };
    checker.node(resource.root, properties, "", 0);
    checker.problems
}

/// The reason with which such a resource fails [F].
pub(crate) fn reason(logical: &str, problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("#{}: {}", problem.path, problem.text)).collect();
    format!("Properties validation failed for resource {logical} with message:\n{}\n", lines.join("\n"))
}

struct Checker<'a> {
    types: &'a Types,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn problem(&mut self, path: &str, text: String) {
        self.problems.push(Problem { path: path.to_owned(), text });
    }

    fn node(&mut self, node: NodeId, value: &Value, path: &str, depth: u32) {
        // A reference that is resolved later, or by the service, can be anything.
        let open = value.as_str().is_some_and(|text| text.contains("{{resolve:"));
        if depth > 64 || open || value.as_str().is_some_and(|_| unknown(value)) {
            return;
        }
        match (self.types.node(node), value) {
            (Node::Json, _) => {}
            (Node::Bool, Value::Bool(_)) => {}
            (Node::Bool, value) if matches!(scalar(value).as_deref(), Some("true" | "false")) => {}
            (Node::Bool, _) => self.expected("Boolean", value, path),
            (Node::Int(rules) | Node::Number(rules), value) => match scalar(value)
                .and_then(|text| text.parse::<f64>().ok())
            {
                Some(number) if rules.min.is_some_and(|min| number < min) => {
                    self.problem(
                        path,
                        format!("{number} is not greater or equal to {}", rules.min.unwrap_or_default()),
                    );
                }
                Some(number) if rules.max.is_some_and(|max| number > max) => {
                    self.problem(path, format!("{number} is not less or equal to {}", rules.max.unwrap_or_default()));
                }
                Some(_) => {}
                None => self.expected("Number", value, path),
            },
            (Node::String(rules), value) => match scalar(value) {
                Some(text) => self.text(rules, &text, path),
                None => self.expected("String", value, path),
            },
            (Node::Array { item, min, max, .. }, Value::Array(items)) => {
                let count = items.len() as u64;
                if min.is_some_and(|min| count < min) {
                    self.problem(
                        path,
                        format!("expected minimum item count: {}, found: {count}", min.unwrap_or_default()),
                    );
                }
                if max.is_some_and(|max| count > max) {
                    self.problem(
                        path,
                        format!("expected maximum item count: {}, found: {count}", max.unwrap_or_default()),
                    );
                }
                for (at, element) in items.iter().enumerate() {
                    self.node(*item, element, &format!("{path}/{at}"), depth + 1);
                }
            }
            (Node::Array { .. }, _) => self.expected("JSONArray", value, path),
            (Node::Map { value: item, .. }, Value::Object(fields)) => {
                for (key, element) in fields {
                    self.node(*item, element, &format!("{path}/{key}"), depth + 1);
                }
            }
            (Node::Map { .. }, _) => self.expected("JSONObject", value, path),
            (Node::Union(nodes), _) => self.union(nodes, value, path, depth),
            (Node::Alias(target), _) => self.node(*target, value, path, depth + 1),
            (Node::Object(object), Value::Object(fields)) => self.object(object, fields, path, depth),
            (Node::Object(_), _) => self.expected("JSONObject", value, path),
        }
    }

    fn expected(&mut self, wanted: &str, value: &Value, path: &str) {
        let found = match value {
            Value::Array(_) => "JSONArray",
            Value::Object(_) => "JSONObject",
            Value::String(_) => "String",
            Value::Bool(_) => "Boolean",
            Value::Number(_) => "Number",
            Value::Null => "Null",
        };
        self.problem(path, format!("expected type: {wanted}, found: {found}"));
    }

    fn text(&mut self, rules: &StringType, text: &str, path: &str) {
        let listed = rules
            .values
            .iter()
            .any(|value| *value == text || (rules.values_ignore_case && value.eq_ignore_ascii_case(text)));
        if !rules.values.is_empty() && !rules.values_are_advice && !listed {
            self.problem(path, format!("{text} is not a valid enum value"));
        }
        if rules.pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
            self.problem(path, format!("failed validation constraint for keyword [pattern]: {text}"));
        }
        let length = text.chars().count() as u64;
        if rules.max.is_some_and(|max| length > max) {
            self.problem(path, format!("expected maxLength: {}, actual: {length}", rules.max.unwrap_or_default()));
        }
        if rules.min.is_some_and(|min| length < min) {
            self.problem(path, format!("expected minLength: {}, actual: {length}", rules.min.unwrap_or_default()));
        }
    }

    /// One variant without problems is enough; otherwise the shortest complaint stands.
    fn union(&mut self, nodes: &[NodeId], value: &Value, path: &str, depth: u32) {
        let mut best: Option<Vec<Problem>> = None;
        for node in nodes {
            let mut attempt = Checker { types: self.types, problems: Vec::new() };
            attempt.node(*node, value, path, depth + 1);
            if attempt.problems.is_empty() {
                return;
            }
            if best.as_ref().is_none_or(|best| attempt.problems.len() < best.len()) {
                best = Some(attempt.problems);
            }
        }
        self.problems.extend(best.unwrap_or_default());
    }

    fn object(&mut self, object: &ObjectType, fields: &Map<String, Value>, path: &str, depth: u32) {
        for property in &object.properties {
            match fields.get(property.name) {
                None if property.required => self.problem(path, format!("required key [{}] not found", property.name)),
                None => {}
                Some(_) if property.read_only => {
                    self.problem(path, format!("Encountered a readOnly property [{}]", property.name));
                }
                Some(value) => self.node(property.node, value, &format!("{path}/{}", property.name), depth + 1),
            }
        }
        if !object.open {
            for key in
                fields.keys().filter(|key| !object.properties.iter().any(|property| property.name == key.as_str()))
            {
                self.problem(path, format!("extraneous key [{key}] is not permitted"));
            }
        }
        for group in &object.groups {
            self.group(group, fields, path);
        }
    }

    fn group(&mut self, group: &Group, fields: &Map<String, Value>, path: &str) {
        let has = |key: &str| fields.contains_key(key);
        let text = match group {
            Group::ExactlyOne(keys) if keys.iter().filter(|key| has(key)).count() != 1 => {
                format!("exactly one of [{}] must be given", keys.join(", "))
            }
            Group::AtLeastOne(keys) if !keys.iter().any(|key| has(key)) => {
                format!("at least one of [{}] must be given", keys.join(", "))
            }
            Group::Needs(key, others) if has(key) && !others.iter().all(|other| has(other)) => {
                format!("[{key}] needs [{}]", others.join(", "))
            }
            Group::Excludes(key, others) if has(key) && others.iter().any(|other| has(other)) => {
                format!("[{key}] must not go with [{}]", others.join(", "))
            }
            Group::OneOf(sets) if sets.iter().filter(|set| set.iter().all(|key| has(key))).count() != 1 => {
                "exactly one set of alternative keys must be given".to_owned()
            }
            Group::AnyOf(sets) if !sets.iter().any(|set| set.iter().all(|key| has(key))) => {
                "at least one set of alternative keys must be given".to_owned()
            }
            _ => return,
        };
        self.problem(path, text);
    }
}
