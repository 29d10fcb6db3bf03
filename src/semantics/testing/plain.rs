//! What is known when deploying, as tests read it: text that names what it will be.
//!
//! `${network.Vpc}` is what `Ref` of that resource returns, `${roles.Task.Arn}` its attribute. What
//! another stack gives is followed to what it is made of there, an input to the value that is set
//! or its default. What cannot be written so is the JSON that the template has.

use serde_json::json;

use crate::names::Name;
use crate::schema::{RefValue, ResourceType};
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::instances::{Index, State};
use crate::semantics::model::{InstanceKey, Parameter, ParameterSource, ParameterType};
use crate::semantics::value::{ForeignOutput, Later, LaterExpr, LaterType, Object, Value};

/// Values are not followed further than this from stack to stack.
const DEEPEST: usize = 64;

impl Evaluator<'_> {
    /// A value that the test itself made, without anything later in it.
    pub(in crate::semantics) fn plain_here(&self, value: Value) -> Value {
        match fits::later_inside(&value) {
            Some(_) => self.stand_in(Index::MAX, &value, 0),
            None => value,
        }
    }

    /// A value of the instance at `at` without anything later in it.
    pub(super) fn stand_in(&self, at: Index, value: &Value, depth: usize) -> Value {
        match value {
            Value::Later(later) => self.plain_later(at, later, depth + 1),
            Value::List(items) => Value::List(items.iter().map(|item| self.stand_in(at, item, depth)).collect()),
            Value::Object(object) => {
                let entries = object.iter().map(|(key, value)| (key, self.stand_in(at, value, depth)));
                Value::Object(entries.collect::<Object>().into())
            }
            other => other.clone(),
        }
    }

    fn plain_later(&self, at: Index, later: &Later, depth: usize) -> Value {
        if depth > DEEPEST {
            return text("${…}".to_owned());
        }
        let inner = |value: &Value| self.stand_in(at, value, depth);
        match &later.expr {
            LaterExpr::Ref(id) => text(self.named(at, *id, "")),
            LaterExpr::GetAtt(id, path) => text(self.named(at, *id, path)),
            LaterExpr::Parameter(name) => self.parameter(at, *name, later, depth),
            LaterExpr::Concat(pieces) => text(pieces.iter().map(|piece| written(&inner(piece))).collect()),
            LaterExpr::Join(separator, value) => match inner(value) {
                Value::List(items) => text(items.iter().map(written).collect::<Vec<_>>().join(separator)),
                other => call("Fn::Join", vec![Value::Str(separator.clone()), other]),
            },
            LaterExpr::Split(separator, value) => call("Fn::Split", vec![Value::Str(separator.clone()), inner(value)]),
            LaterExpr::Select(item, list) => self.item_of(at, *item, list, depth),
            LaterExpr::Base64(value) => object("Fn::Base64", inner(value)),
            LaterExpr::Cidr(block, count, bits) => {
                call("Fn::Cidr", vec![inner(block), Value::Int((*count).into()), Value::Int((*bits).into())])
            }
            LaterExpr::Zones => object("Fn::GetAZs", text(self.region_of(at))),
            LaterExpr::Dynamic(reference) => Value::Str(reference.clone()),
            LaterExpr::Raw(raw) => inner(&raw.value),
            LaterExpr::StackOutput(read) => self.output_of_another(&read.from, &later.ty, depth),
        }
    }

    fn item_of(&self, at: Index, item: usize, list: &Later, depth: usize) -> Value {
        if matches!(list.expr, LaterExpr::Zones) {
            let letter = u8::try_from(item).ok().and_then(|n| b'a'.checked_add(n)).unwrap_or(b'z');
            return text(format!("{}{}", self.region_of(at), char::from(letter)));
        }
        match self.plain_later(at, list, depth + 1) {
            Value::List(items) if items.len() > item => items.get(item).cloned().unwrap_or(Value::Null),
            Value::Str(name) => match name.strip_suffix('}').filter(|name| name.starts_with("${")) {
                Some(name) => text(format!("{name}[{item}]}}")),
                None => call("Fn::Select", vec![index(item), Value::Str(name)]),
            },
            other => call("Fn::Select", vec![index(item), other]),
        }
    }

    /// `${network.Vpc}`, `${network.Role.Arn}`; the names of CloudFormation's own parameters as they are.
    fn named(&self, at: Index, id: Name, attribute: &str) -> String {
        if id.as_str().contains("::") {
            return format!("${{{id}}}");
        }
        let kept = self.testing.as_ref().and_then(|testing| testing.kept.get(&at));
        let resource = kept.and_then(|kept| kept.instance.resources.iter().find(|resource| resource.id == id));
        let shown = resource.map_or(id.as_str(), |resource| &resource.shown);
        let shown = format!("{}.{shown}", self.stack_shown(at));
        name_of_attribute(resource.and_then(|resource| resource.known), &shown, attribute)
    }

    /// `network`; `network[prod]`, `network["us-east-1"]` where it is another place than the test's.
    pub(super) fn stack_shown(&self, at: Index) -> String {
        let Some(planned) = self.instances.planned.get(at) else { return String::new() };
        let InstanceKey { stack, env, region } = &planned.key;
        let mine = self.frame.place.env.as_ref().map(|env| env.name);
        let elsewhere = env.filter(|env| Some(*env) != mine);
        let far = (region.as_ref() != self.region() && elsewhere.is_none()).then(|| format!("{region:?}"));
        match elsewhere.map(|env| env.to_string()).or(far) {
            Some(place) => format!("{stack}[{place}]"),
            None => stack.to_string(),
        }
    }

    fn region_of(&self, at: Index) -> String {
        self.instances
            .planned
            .get(at)
            .map_or_else(|| self.region().to_owned(), |planned| planned.key.region.to_string())
    }

    fn parameter(&self, at: Index, name: Name, later: &Later, depth: usize) -> Value {
        let kept = self.testing.as_ref().and_then(|testing| testing.kept.get(&at));
        let parameters = kept.map_or(&[][..], |kept| &kept.instance.head.parameters);
        let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
            return text(format!("${{{}.{name}}}", self.stack_shown(at)));
        };
        match &parameter.source {
            ParameterSource::Output(from) => self.output_of_another(from, &later.ty, depth),
            ParameterSource::Input { set, default } => match set.as_ref().or(default.as_ref()) {
                Some(given) if !parameter.no_echo => typed(given, parameter, &later.ty),
                _ => text(format!("${{{}.{name}}}", self.stack_shown(at))),
            },
        }
    }

    fn output_of_another(&self, from: &ForeignOutput, ty: &LaterType, depth: usize) -> Value {
        let found = self.instances.of(from.instance.stack).find(|(_, planned)| planned.key == from.instance);
        let Some((producer, _)) = found else { return Value::Unknown };
        self.output_value(producer, from.output, ty, depth)
    }

    /// What an output of an instance is made of; a name for it where others deploy that.
    pub(super) fn output_value(&self, producer: Index, name: Name, ty: &LaterType, depth: usize) -> Value {
        if let Some(value) = self.instances.given.get(&producer).and_then(|given| given.get(&name)) {
            return value.clone();
        }
        let head = match self.instances.state(producer) {
            State::Done(head) => self.instances.heads.get(head),
            _ => None,
        };
        let value = head.and_then(|head| head.outputs.iter().find(|output| output.name == name)).map(|o| &o.value);
        match value {
            Some(Value::Null) | None => {
                let shown = format!("{}.{name}", self.stack_shown(producer));
                match ty {
                    LaterType::List(_, Some(length)) => {
                        Value::List((0..*length).map(|item| text(format!("${{{shown}[{item}]}}"))).collect())
                    }
                    _ => text(format!("${{{shown}}}")),
                }
            }
            Some(value) => self.stand_in(producer, value, depth),
        }
    }
}

/// `${network.Role.Arn}`; `${network.Vpc}` for what `Ref` returns too.
pub(super) fn name_of_attribute(known: Option<&'static ResourceType>, shown: &str, path: &str) -> String {
    let is_ref = known.is_some_and(|known| matches!(known.ref_value, RefValue::Property(property) if property == path));
    if is_ref || path.is_empty() { format!("${{{shown}}}") } else { format!("${{{shown}.{path}}}") }
}

/// The text of a parameter as the value that it stands for.
fn typed(given: &str, parameter: &Parameter, ty: &LaterType) -> Value {
    match (parameter.ty, ty) {
        (ParameterType::List, LaterType::List(item, _)) => {
            let items = given.split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::List(items.map(|part| scalar(part, item)).collect())
        }
        _ => scalar(given, ty),
    }
}

fn scalar(given: &str, ty: &LaterType) -> Value {
    let known = match ty {
        LaterType::Int => given.parse().ok().map(Value::Int),
        LaterType::Float => given.parse().ok().map(Value::Float),
        LaterType::Bool => given.parse().ok().map(Value::Bool),
        _ => None,
    };
    known.unwrap_or_else(|| Value::Str(given.into()))
}

fn text(text: String) -> Value {
    Value::Str(text.into())
}

fn index(item: usize) -> Value {
    Value::Int(i64::try_from(item).unwrap_or(i64::MAX))
}

fn object(key: &str, value: Value) -> Value {
    Value::Object(Object::from_iter([(Name::new(key), value)]).into())
}

/// `{ "Fn::Select": [1, …] }`
fn call(function: &str, arguments: Vec<Value>) -> Value {
    object(function, Value::List(arguments.into()))
}

/// A value in a text: as it is, or as JSON.
fn written(value: &Value) -> String {
    match value {
        Value::List(_) | Value::Object(_) => json(value, 0).to_string(),
        scalar => fits::scalar_text(scalar).into_owned(),
    }
}

/// A value as JSON; what is no data is `null`.
pub(super) fn json(value: &Value, depth: usize) -> serde_json::Value {
    if depth > 256 {
        return json!(null);
    }
    match value {
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Str(text) => json!(&**text),
        Value::List(items) => items.iter().map(|item| json(item, depth + 1)).collect(),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.as_str().to_owned(), json(value, depth + 1)));
            serde_json::Value::Object(entries.collect())
        }
        _ => json!(null),
    }
}
