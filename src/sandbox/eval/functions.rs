//! One function each.

use base64::Engine as _;
use serde_json::Value;

use crate::sandbox::eval::{Evaluated, Scope, StackOutput, later, network, unknown};
use crate::sandbox::template::{Piece, get_att, pieces, scalar};
use crate::sandbox::{ids, serverless};

/// Calls the function named by the only key of an object; `None` where it is no function.
pub(super) fn call(scope: &Scope<'_>, key: &str, argument: &Value) -> Option<Evaluated> {
    Some(match key {
        "Ref" => reference(scope, argument),
        "Condition" => match argument {
            Value::String(name) if scope.template.conditions.contains_key(name) => {
                scope.condition(name).map(|value| Some(Value::Bool(value)))
            }
            // IAM policies have a key of that name too.
            _ => return None,
        },
        "Fn::GetAtt" => attribute(scope, argument),
        "Fn::Sub" => sub(scope, argument),
        "Fn::Join" => join(scope, argument),
        "Fn::Select" => select(scope, argument),
        "Fn::Split" => split(scope, argument),
        "Fn::If" => choose(scope, argument),
        "Fn::Equals" => equals(scope, argument),
        "Fn::And" => logic(scope, argument, "Fn::And", |values| values.iter().all(|value| *value)),
        "Fn::Or" => logic(scope, argument, "Fn::Or", |values| values.contains(&true)),
        "Fn::Not" => logic(scope, argument, "Fn::Not", |values| values.first() == Some(&false)),
        "Fn::Base64" => base64(scope, argument),
        "Fn::Cidr" => cidr(scope, argument),
        "Fn::GetAZs" => zones(scope, argument),
        "Fn::ImportValue" => scope.text(argument, key).and_then(|name| scope.lookup.import(&name).map(Some)),
        "Fn::GetStackOutput" => stack_output(scope, argument),
        "Fn::FindInMap" => find_in_map(scope, argument),
        "Fn::Transform" => Err("No transforms are known to this sandbox: it runs no macros".to_owned()),
        "Fn::Length" if scope.template.is_extended() => length(scope, argument),
        "Fn::ToJsonString" if scope.template.is_extended() => json_string(scope, argument),
        other if other.starts_with("Fn::ForEach::") => {
            Err(format!("{other} is not known to this sandbox: it runs no macros"))
        }
        other if other.starts_with("Fn::") => {
            Err(format!("Template error: {other} is not supported without a language extension"))
        }
        _ => return None,
    })
}

fn reference(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let Some(name) = argument.as_str() else {
        return Err("Template format error: Ref needs a string".to_owned());
    };
    named(scope, name)
}

/// A parameter, a pseudo parameter or a resource.
fn named(scope: &Scope<'_>, name: &str) -> Evaluated {
    if let Some(declared) = scope.template.parameters.get(name) {
        let value = scope.parameters.get(name).ok_or_else(|| format!("Parameters: [{name}] must have values"))?;
        let found = declared.looked_up().map(|kind| looked_up(scope, kind, value));
        let value = found.as_ref().unwrap_or(value);
        return Ok(Some(match declared.is_list() {
            true => value.split(',').map(|item| Value::String(item.trim().to_owned())).collect(),
            false => Value::String(value.clone()),
        }));
    }
    let place = scope.place;
    let text = match name {
        "AWS::NoValue" => return Ok(None),
        "AWS::NotificationARNs" => return Ok(Some(place.notifications.iter().cloned().map(Value::String).collect())),
        "AWS::AccountId" => place.account.clone(),
        "AWS::Partition" => place.partition().to_owned(),
        "AWS::URLSuffix" => place.url_suffix().to_owned(),
        "AWS::Region" => place.region.clone(),
        "AWS::StackId" => place.stack_id.clone(),
        "AWS::StackName" => place.stack_name.clone(),
        _ => match serverless::made(scope.template, name) {
            Some(made) => return made.reference(scope),
            None => return scope.lookup.reference(name).map(Some),
        },
    };
    Ok(Some(Value::String(text)))
}

/// What an SSM parameter holds: made up, as attributes are, for there is no SSM here.
fn looked_up(scope: &Scope<'_>, kind: &str, name: &str) -> String {
    let (kind, count) = match kind.strip_prefix("List<").and_then(|kind| kind.strip_suffix('>')) {
        Some(kind) => (kind, 2),
        None => (kind, if kind == "CommaDelimitedList" { 2 } else { 1 }),
    };
    let place = scope.place;
    let one = |at: usize| {
        let hash = ids::short(&[&place.account, &place.region, name, &at.to_string()], 17);
        match kind {
            "AWS::EC2::Image::Id" => format!("ami-{hash}"),
            "AWS::EC2::Instance::Id" => format!("i-{hash}"),
            "AWS::EC2::SecurityGroup::Id" => format!("sg-{hash}"),
            "AWS::EC2::Subnet::Id" => format!("subnet-{hash}"),
            "AWS::EC2::VPC::Id" => format!("vpc-{hash}"),
            "AWS::EC2::Volume::Id" => format!("vol-{hash}"),
            "AWS::Route53::HostedZone::Id" => format!("Z{}", hash.to_uppercase()),
            "AWS::EC2::AvailabilityZone::Name" => format!("{}{}", place.region, if at == 0 { "a" } else { "b" }),
            _ => format!("ssm-{hash}"),
        }
    };
    (0..count).map(one).collect::<Vec<_>>().join(",")
}

fn attribute(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let literal = get_att(argument);
    let (resource, attribute) = match (literal, argument) {
        (Some(both), _) => both,
        // The attribute may itself be a Ref to a parameter.
        (None, Value::Array(parts)) => match (parts.first().and_then(Value::as_str), parts.get(1)) {
            (Some(resource), Some(name)) => (resource.to_owned(), scope.text(name, "Fn::GetAtt")?),
            _ => {
                return Err(needs(
                    "Fn::GetAtt",
                    "two non-empty parameters, the resource name and the resource attribute",
                ));
            }
        },
        _ => return Err(needs("Fn::GetAtt", "two non-empty parameters, the resource name and the resource attribute")),
    };
    attribute_of(scope, &resource, &attribute)
}

fn attribute_of(scope: &Scope<'_>, resource: &str, attribute: &str) -> Evaluated {
    let (resource, attribute) = serverless::split(scope.template, resource, attribute);
    match (serverless::made(scope.template, &resource), attribute) {
        (Some(made), Some(attribute)) => made.attribute(scope, &attribute),
        (Some(made), None) => made.reference(scope),
        (None, attribute) => scope.lookup.attribute(&resource, &attribute.unwrap_or_default()).map(Some),
    }
}

/// Reads an output of any stack of the partition; another account through a role of it, as CloudFormation does.
fn stack_output(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let shape = || needs("Fn::GetStackOutput", "an object with StackName and OutputName");
    let Value::Object(fields) = argument else { return Err(shape()) };
    if fields.keys().any(|key| !["OutputName", "Region", "RoleArn", "StackName"].contains(&key.as_str())) {
        return Err(shape());
    }
    let text = |key: &str| fields.get(key).map(|value| scope.text(value, "Fn::GetStackOutput")).transpose();
    let (Some(stack), Some(output)) = (text("StackName")?, text("OutputName")?) else { return Err(shape()) };
    let account = match text("RoleArn")? {
        Some(role) => match role.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "iam", "", account, name] if name.starts_with("role/") => (*account).to_owned(),
            _ => return Err(format!("Template error: {role} is not the ARN of a role")),
        },
        None => scope.place.account.clone(),
    };
    let region = text("Region")?.unwrap_or_else(|| scope.place.region.clone());
    scope.lookup.output(&StackOutput { account, region, stack, output }).map(Some)
}

fn needs(function: &str, what: &str) -> String {
    format!("Template error: {function} requires {what}")
}

fn sub(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let (text, own) = match argument {
        Value::String(text) => (text, None),
        Value::Array(parts) => match (parts.first(), parts.get(1)) {
            (Some(Value::String(text)), Some(Value::Object(own))) => (text, Some(own)),
            _ => return Err(needs("Fn::Sub", "a string and a map")),
        },
        _ => return Err(needs("Fn::Sub", "a string and a map")),
    };
    let mut result = String::new();
    for piece in pieces(text) {
        let value = match piece {
            Piece::Text(text) => {
                result.push_str(text);
                continue;
            }
            Piece::Name(name) => match (own.and_then(|own| own.get(name)), name.split_once('.')) {
                (Some(fragment), _) => scope.eval(fragment)?,
                (None, Some((resource, attribute))) => attribute_of(scope, resource, attribute)?,
                (None, None) => named(scope, name)?,
            },
        };
        let Some(value) = value else { continue };
        if unknown(&value) {
            return Ok(Some(later()));
        }
        let Some(text) = scalar(&value) else {
            return Err(format!("Template error: variable of Fn::Sub expression must be a string, not {value}"));
        };
        result.push_str(&text);
    }
    Ok(Some(Value::String(result)))
}

fn parts<'a>(argument: &'a Value, count: usize, function: &str) -> Result<&'a [Value], String> {
    match argument {
        Value::Array(parts) if parts.len() == count => Ok(parts),
        _ => Err(format!("Template error: {function} requires a list of {count}")),
    }
}

fn join(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let [delimiter, items] = parts(argument, 2, "Fn::Join")? else { return Err(String::new()) };
    let delimiter = delimiter.as_str().ok_or("Template error: the delimiter of Fn::Join must be a string")?;
    let items = match scope.eval(items)? {
        Some(Value::Array(items)) => items,
        Some(value) if unknown(&value) => return Ok(Some(later())),
        _ => return Err("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.".to_owned()),
    };
    if items.iter().any(unknown) {
        return Ok(Some(later()));
    }
    let texts: Option<Vec<String>> = items.iter().map(scalar).collect();
    let texts = texts.ok_or("Template error: Fn::Join joins strings only")?;
    Ok(Some(Value::String(texts.join(delimiter))))
}

fn select(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let shape = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list";
    let [index, items] = parts(argument, 2, "Fn::Select")? else { return Err(shape.to_owned()) };
    let index: usize = scope.text(index, "Fn::Select")?.parse().map_err(|_| shape.to_owned())?;
    match scope.eval(items)? {
        Some(Value::Array(items)) => {
            let item = items.get(index).cloned();
            item.map(Some)
                .ok_or_else(|| format!("Template error: Fn::Select cannot select nonexistent value at index {index}"))
        }
        Some(value) if unknown(&value) => Ok(Some(later())),
        _ => Err(shape.to_owned()),
    }
}

fn split(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let [delimiter, text] = parts(argument, 2, "Fn::Split")? else { return Err(String::new()) };
    let delimiter = delimiter.as_str().ok_or("Template error: the delimiter of Fn::Split must be a string")?;
    let text = scope.text(text, "Fn::Split")?;
    if unknown(&Value::String(text.clone())) {
        return Ok(Some(later()));
    }
    Ok(Some(text.split(delimiter).map(Value::from).collect()))
}

fn choose(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let [condition, then, otherwise] = parts(argument, 3, "Fn::If")? else { return Err(String::new()) };
    let name =
        condition.as_str().ok_or("Template error: the first element of Fn::If must be the name of a condition")?;
    scope.eval(if scope.condition(name)? { then } else { otherwise })
}

fn equals(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let [left, right] = parts(argument, 2, "Fn::Equals")? else { return Err(String::new()) };
    let (left, right) = (scope.eval(left)?.unwrap_or_default(), scope.eval(right)?.unwrap_or_default());
    let equal = left == right || scalar(&left).is_some_and(|text| Some(text) == scalar(&right));
    Ok(Some(Value::Bool(equal)))
}

fn logic(scope: &Scope<'_>, argument: &Value, name: &str, join: impl Fn(&[bool]) -> bool) -> Evaluated {
    let Value::Array(items) = argument else {
        return Err(format!("Template error: every {name} object requires a list of boolean parameters."));
    };
    let values: Vec<bool> = items.iter().map(|item| scope.holds(item)).collect::<Result<_, _>>()?;
    Ok(Some(Value::Bool(join(&values))))
}

fn base64(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let text = scope.text(argument, "Fn::Base64")?;
    if unknown(&Value::String(text.clone())) {
        return Ok(Some(later()));
    }
    Ok(Some(Value::String(base64::engine::general_purpose::STANDARD.encode(text))))
}

fn cidr(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let Value::Array(parts) = argument else { return Err(needs("Fn::Cidr", "a list")) };
    let texts: Vec<String> = parts.iter().map(|part| scope.text(part, "Fn::Cidr")).collect::<Result<_, _>>()?;
    let (Some(block), Some(count)) = (texts.first(), texts.get(1)) else {
        return Err(needs("Fn::Cidr", "an address block and a count"));
    };
    if unknown(&Value::String(block.clone())) {
        return Ok(Some(later()));
    }
    network::cidr(block, count, texts.get(2).map(String::as_str))
        .map(|list| Some(list.into_iter().map(Value::from).collect()))
}

fn zones(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let region = match scope.eval(argument)? {
        Some(Value::String(region)) if !region.is_empty() => region,
        _ => scope.place.region.clone(),
    };
    Ok(Some(["a", "b", "c"].iter().map(|zone| Value::String(format!("{region}{zone}"))).collect()))
}

fn find_in_map(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    let (parts, default) = match argument {
        // The language extensions know a fourth part.
        Value::Array(parts) if parts.len() == 4 && scope.template.is_extended() => {
            (parts.get(..3).unwrap_or_default(), parts.get(3).and_then(|last| last.get("DefaultValue")))
        }
        other => (parts(other, 3, "Fn::FindInMap")?, None),
    };
    let [map, top, second] = parts else { return Err(String::new()) };
    let map = scope.text(map, "Fn::FindInMap")?;
    let (top, second) = (scope.text(top, "Fn::FindInMap")?, scope.text(second, "Fn::FindInMap")?);
    let found = scope.template.mappings.get(&map).and_then(|map| map.get(&top)).and_then(|level| level.get(&second));
    match (found, default) {
        (Some(found), _) => Ok(Some(found.clone())),
        (None, Some(default)) => scope.eval(default),
        (None, None) => Err(format!("Template error: Unable to get mapping for {map}::{top}::{second}")),
    }
}

fn length(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    match scope.eval(argument)? {
        Some(Value::Array(items)) => Ok(Some(Value::from(items.len()))),
        Some(value) if unknown(&value) => Ok(Some(later())),
        _ => Err(needs("Fn::Length", "a list")),
    }
}

fn json_string(scope: &Scope<'_>, argument: &Value) -> Evaluated {
    match scope.eval(argument)? {
        Some(value) if unknown(&value) => Ok(Some(later())),
        Some(value @ (Value::Array(_) | Value::Object(_))) => Ok(Some(Value::String(value.to_string()))),
        _ => Err(needs("Fn::ToJsonString", "an object or a list")),
    }
}
