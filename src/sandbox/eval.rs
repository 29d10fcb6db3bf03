//! The intrinsic functions.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::sandbox::facts::KNOWN_AFTER_APPLY;
use crate::sandbox::model::Place;
use crate::sandbox::template::{Template, scalar};

mod functions;
mod network;

/// Where names of resources and exports are looked up.
pub(crate) trait Lookup {
    /// What `Ref` of that resource gives.
    fn reference(&self, name: &str) -> Result<Value, String>;
    /// What `Fn::GetAtt` gives.
    fn attribute(&self, name: &str, attribute: &str) -> Result<Value, String>;
    /// What `Fn::ImportValue` gives.
    fn import(&self, export: &str) -> Result<Value, String>;
    /// What `Fn::GetStackOutput` gives.
    fn output(&self, asked: &StackOutput) -> Result<Value, String>;
}

/// What `Fn::GetStackOutput` asks for.
#[derive(Debug)]
pub(crate) struct StackOutput {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) stack: String,
    pub(crate) output: String,
}

/// Everything that an evaluation may see.
pub(crate) struct Scope<'a> {
    pub(crate) template: &'a Template,
    pub(crate) parameters: &'a BTreeMap<String, String>,
    pub(crate) place: &'a Place,
    pub(crate) lookup: &'a dyn Lookup,
    conditions: RefCell<BTreeMap<String, Option<bool>>>,
}

/// A value, or nothing where the template says `AWS::NoValue`.
pub(crate) type Evaluated = Result<Option<Value>, String>;

impl<'a> Scope<'a> {
    pub(crate) fn new(
        template: &'a Template,
        parameters: &'a BTreeMap<String, String>,
        place: &'a Place,
        lookup: &'a dyn Lookup,
    ) -> Self {
        Self { template, parameters, place, lookup, conditions: RefCell::default() }
    }

    /// The value of a fragment.
    pub(crate) fn eval(&self, fragment: &Value) -> Evaluated {
        match fragment {
            Value::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(self.eval(item)?);
                }
                Ok(Some(Value::Array(list)))
            }
            Value::Object(fields) => {
                if let (1, Some((key, argument))) = (fields.len(), fields.iter().next())
                    && let Some(value) = functions::call(self, key, argument)
                {
                    return value;
                }
                let mut object = Map::new();
                for (key, item) in fields {
                    if let Some(value) = self.eval(item)? {
                        object.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(object)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    /// A fragment that must be text.
    pub(crate) fn text(&self, fragment: &Value, function: &str) -> Result<String, String> {
        let value = self.eval(fragment)?;
        value.as_ref().and_then(scalar).ok_or_else(|| format!("Template error: {function} needs a string"))
    }

    /// Whether a condition holds.
    pub(crate) fn condition(&self, name: &str) -> Result<bool, String> {
        match self.conditions.borrow().get(name) {
            Some(Some(value)) => return Ok(*value),
            Some(None) => return Err(format!("Template error: circular dependency of the condition {name}")),
            None => {}
        }
        let Some(fragment) = self.template.conditions.get(name) else {
            return Err(format!("Template format error: Unresolved condition dependency {name}"));
        };
        self.conditions.borrow_mut().insert(name.to_owned(), None);
        let value = self.holds(fragment)?;
        self.conditions.borrow_mut().insert(name.to_owned(), Some(value));
        Ok(value)
    }

    pub(crate) fn holds(&self, fragment: &Value) -> Result<bool, String> {
        match self.eval(fragment)? {
            Some(Value::Bool(value)) => Ok(value),
            Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
            _ => Err("Template format error: Every Conditions member must be a boolean".to_owned()),
        }
    }

    /// Whether something with that condition exists.
    pub(crate) fn exists(&self, condition: Option<&String>) -> Result<bool, String> {
        condition.map_or(Ok(true), |name| self.condition(name))
    }
}

/// Something in there is known only after the execution.
pub(crate) fn unknown(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(KNOWN_AFTER_APPLY),
        Value::Array(items) => items.iter().any(unknown),
        Value::Object(fields) => fields.values().any(unknown),
        _ => false,
    }
}

/// A value known only after the execution.
pub(crate) fn later() -> Value {
    Value::String(KNOWN_AFTER_APPLY.to_owned())
}
