//! Parameters of a template: what they take, and what an instance gives them.

use std::sync::Arc;

use super::Template;
use crate::data::{Entry, Kind, Node};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{Pattern, Types};
use crate::semantics::eval::Evaluator;
use crate::semantics::interface::as_declared;
use crate::semantics::model::{self, ParameterSource, ParameterType, Use};
use crate::semantics::project::{self, Field};
use crate::semantics::types::{Bounds, Type};
use crate::semantics::value::{LaterExpr, LaterType, Value};
use crate::semantics::{fits, injection, secret_leak, settings};
use crate::source::Span;
use crate::syntax::ast::Existing;

/// A parameter.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: Name,
    /// Where that stands.
    span: Span,
    kind: ParameterType,
    /// What it takes; of a list, the type of the list.
    ty: Type,
    default: Option<Arc<str>>,
    no_echo: bool,
    description: Option<Arc<str>>,
    rules: Rules,
}

/// What a value must be like, beyond its type.
#[derive(Default)]
struct Rules {
    allowed: Vec<Arc<str>>,
    /// As it is written, and as it is tried.
    pattern: Option<(Arc<str>, Pattern)>,
    shortest: Option<f64>,
    longest: Option<f64>,
    least: Option<f64>,
    greatest: Option<f64>,
    said: Option<Arc<str>>,
}

/// Types that CloudFormation looks up in the account. What precedes `::Id` is the resource that `Ref` names.
const OF_AWS: [&str; 10] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
];

/// Fields of a parameter in a template.
const FIELDS: [&str; 11] = [
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

impl Parameter {
    /// Reads a parameter.
    pub(super) fn read(entry: &Entry, types: &'static Types, problems: &mut Vec<Diagnostic>) -> Self {
        let node = &entry.value;
        let field = |name: &str| node.get(name);
        let (kind, ty) = kind(entry, types, problems);
        for other in node.entries().iter().filter(|field| !FIELDS.contains(&&*field.key)) {
            let message = format!("the parameter `{}` has no `{}`", entry.key, other.key);
            let problem = Diagnostic::new(Code::UnknownField, message).at(other.key_span, "not known");
            problems.push(match nearest(&other.key, FIELDS) {
                Some(near) => problem.help(format!("write `{near}`")),
                None => problem.help("take it out"),
            });
        }
        let number = |name: &str| field(name).and_then(text_of).and_then(|text| text.parse().ok());
        let rules = Rules {
            allowed: field("AllowedValues").map_or(&[][..], Node::items).iter().filter_map(text_of).collect(),
            pattern: field("AllowedPattern").and_then(Node::text).and_then(|text| Some((text.into(), pattern(text)?))),
            shortest: number("MinLength"),
            longest: number("MaxLength"),
            least: number("MinValue"),
            greatest: number("MaxValue"),
            said: field("ConstraintDescription").and_then(Node::text).map(Arc::from),
        };
        let no_echo = field("NoEcho").and_then(text_of).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let parameter = Self {
            name: Name::new(&entry.key),
            span: entry.key_span,
            kind,
            ty,
            default: field("Default").and_then(text_of),
            no_echo,
            description: field("Description").and_then(Node::text).map(Arc::from),
            rules,
        };
        if let (Some(text), Some(node)) = (&parameter.default, field("Default"))
            && let Some(why) = parameter.refuses(text)
        {
            let message = format!("the default of the parameter `{}` is not one of its values: {why}", entry.key);
            problems.push(Diagnostic::new(Code::BadValue, message).at(node.span, "refused when deploying"));
        }
        parameter
    }

    /// The type of what `Ref` of it gives, as others see it.
    pub(super) fn referred(&self) -> LaterType {
        match self.ty.later() {
            Some(LaterType::List(..)) | None => LaterType::String(Vec::new()),
            Some(ty) => ty,
        }
    }

    /// Whether a value of it is a list.
    fn is_list(&self) -> bool {
        self.kind == ParameterType::List
    }

    /// Why `text` cannot be its value, in words that follow a colon.
    fn refuses(&self, text: &str) -> Option<String> {
        let items: Vec<&str> = if self.is_list() { text.split(',').map(str::trim).collect() } else { vec![text] };
        items.into_iter().find_map(|item| self.refuses_item(item))
    }

    fn refuses_item(&self, text: &str) -> Option<String> {
        let rules = &self.rules;
        let shown = if self.no_echo { "it".to_owned() } else { format!("`{text}`") };
        if !rules.allowed.is_empty() && !rules.allowed.iter().any(|allowed| **allowed == *text) {
            let all: Vec<String> = rules.allowed.iter().take(12).map(|allowed| format!("`{allowed}`")).collect();
            return Some(format!("{shown} is none of {}", all.join(", ")));
        }
        if let Some((source, _)) = rules.pattern.as_ref().filter(|(_, pattern)| !pattern.matches(text)) {
            return Some(format!("{shown} does not match `{source}`"));
        }
        #[expect(clippy::cast_precision_loss, reason = "no text is that long")]
        let length = text.chars().count() as f64;
        match (rules.shortest, rules.longest) {
            (Some(least), _) if length < least => return Some(format!("{shown} has less than {least} characters")),
            (_, Some(most)) if length > most => return Some(format!("{shown} has more than {most} characters")),
            _ => {}
        }
        let is_number = matches!(&self.ty, Type::Float(_))
            || matches!(&self.ty, Type::List(item) if matches!(**item, Type::Float(_)));
        if !is_number {
            return None;
        }
        let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) else {
            return Some(format!("{shown} is no number"));
        };
        match (rules.least, rules.greatest) {
            (Some(least), _) if number < least => Some(format!("{shown} is less than {least}")),
            (_, Some(most)) if number > most => Some(format!("{shown} is more than {most}")),
            _ => None,
        }
    }

    fn refused(&self, text: &str, span: Span) -> Option<Diagnostic> {
        let why = self.refuses(text)?;
        let problem = Diagnostic::new(Code::BadValue, format!("`{}` cannot be this: {why}", self.name))
            .at(span, "refused by the template")
            .at(self.span, "declared here");
        Some(match &self.rules.said {
            Some(said) => problem.help(said.trim_end_matches('.').to_owned()),
            None => problem.help("give a value that the template takes"),
        })
    }

    fn with(&self, source: ParameterSource, span: Span) -> model::Parameter {
        model::Parameter {
            name: self.name,
            ty: self.kind,
            no_echo: self.no_echo,
            description: self.description.clone(),
            source,
            span,
        }
    }
}

/// What the pattern means to CloudFormation: all of the text. `None` where we cannot try it.
fn pattern(source: &str) -> Option<Pattern> {
    Pattern::linear(Name::new(&format!("^(?:{source})$")).as_str()).ok()
}

/// The text that CloudFormation takes a plain value for.
pub(super) fn text_of(node: &Node) -> Option<Arc<str>> {
    Some(match &node.kind {
        Kind::Text(text) => Arc::clone(text),
        Kind::Int(number) => number.to_string().into(),
        Kind::Float(number) => number.to_string().into(),
        Kind::Bool(truth) => truth.to_string().into(),
        _ => return None,
    })
}

/// What a parameter takes, by its `Type`.
fn kind(entry: &Entry, types: &'static Types, problems: &mut Vec<Diagnostic>) -> (ParameterType, Type) {
    let text = || Type::String(None);
    let list = |item: Type| (ParameterType::List, Type::List(Arc::new(item)));
    let Some((name, span)) = entry.value.get("Type").and_then(|node| Some((node.text()?, node.span))) else {
        problems.push(
            Diagnostic::new(Code::MissingField, format!("the parameter `{}` has no `Type`", entry.key))
                .at(entry.key_span, "what it takes is not said")
                .help("add its type: `Type: String`"),
        );
        return (ParameterType::String, text());
    };
    match name {
        "String" | "AWS::SSM::Parameter::Name" => return (ParameterType::String, text()),
        "Number" => return (ParameterType::Number, Type::Float(Bounds::default())),
        "CommaDelimitedList" | "List<String>" => return list(text()),
        "List<Number>" => return list(Type::Float(Bounds::default())),
        // What is given is the name of a parameter of Systems Manager.
        name if name.starts_with("AWS::SSM::Parameter::Value<") => return (ParameterType::String, text()),
        _ => {}
    }
    let inner = name.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>'));
    let of_aws = inner.unwrap_or(name);
    if !OF_AWS.contains(&of_aws) {
        let problem = Diagnostic::new(Code::UnknownType, format!("`{name}` is no type of parameters"));
        let problem = problem.at(span, "not known to CloudFormation");
        let known = OF_AWS.into_iter().chain(["CommaDelimitedList", "List<Number>", "Number", "String"]);
        problems.push(match nearest(name, known) {
            Some(near) => problem.help(format!("write `{near}`")),
            None => problem.help("write `String`, `Number`, `CommaDelimitedList`, or a type of the reference"),
        });
        return (ParameterType::String, Type::Unknown);
    }
    let item = of_aws
        .strip_suffix("::Id")
        .and_then(|name| types.resource(name))
        .map_or_else(text, |known| as_declared(types, &LaterType::String(types.ref_identifies(known))));
    if inner.is_some() { list(item) } else { (ParameterType::String, item) }
}

/// The parameters of an instance, sorted by name, and what they read of others.
pub(super) fn give<'p>(
    ev: &mut Evaluator<'p>,
    template: &Template,
    existing: &'p Existing,
) -> (Vec<model::Parameter>, Vec<Use>) {
    let fields = existing.body.as_ref().map_or_else(Vec::new, |body| project::fields_of(ev, body));
    let known: Vec<Name> = template.parameters.iter().map(|parameter| parameter.name).collect();
    for field in fields.iter().filter(|field| !known.contains(&field.name)) {
        ev.report(no_parameter(field, &known));
    }
    let stack = ev.frame.place.instance.as_ref().map_or("", |instance| instance.key.stack.as_str());
    let (mut parameters, mut uses) = (Vec::new(), Vec::new());
    for parameter in &template.parameters {
        let field = fields.iter().find(|field| field.name == parameter.name && !matches!(field.value, Value::Null));
        let (source, span) = match field {
            Some(field) => match given(ev, parameter, field, stack) {
                Some(source) => (source, field.at),
                None => continue,
            },
            None => {
                let set = set(ev, parameter, &format!("{stack}.{}", parameter.name));
                (ParameterSource::Input { set, default: parameter.default.clone() }, parameter.span)
            }
        };
        if let ParameterSource::Output(from) = &source {
            uses.push(Use { from: from.clone(), parameter: parameter.name, live: false, others: None, span });
        }
        parameters.push(parameter.with(source, span));
    }
    ev.instances.say_whose(&mut uses);
    uses.sort();
    (parameters, uses)
}

fn no_parameter(field: &Field<'_>, known: &[Name]) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownField, format!("the template has no parameter `{}`", field.name))
        .at(field.span, "no such parameter");
    if let Some(near) = nearest(field.name.as_str(), known.iter().map(|name| name.as_str())) {
        return problem.help(format!("write `{near}`")).fix(field.span, near);
    }
    let all: Vec<String> = known.iter().take(12).map(|name| format!("`{name}`")).collect();
    match all.is_empty() {
        true => problem.help("take it out: the template has no parameters"),
        false => problem.help(format!("give one of {}", all.join(", "))),
    }
}

/// What `--set` gives, checked.
fn set(ev: &mut Evaluator<'_>, parameter: &Parameter, key: &str) -> Option<Arc<str>> {
    let text = ev.round.set.get(key).cloned()?;
    let why = match fits::parse(ev, &parameter.ty, &text) {
        Err(why) if !parameter.no_echo => Some(why),
        _ => parameter.refuses(&text),
    };
    if let Some(why) = why {
        ev.report(
            Diagnostic::new(Code::BadValue, format!("cannot read the value set for `{key}`: {why}"))
                .at(parameter.span, "declared here")
                .help(format!("set another value: `--set {key}=…`")),
        );
        return None;
    }
    if injection::is_carried_out(&text) {
        ev.report(injection::refused(&text, parameter.span));
        return None;
    }
    Some(text)
}

/// Where a value comes from that the source gives.
fn given(ev: &mut Evaluator<'_>, parameter: &Parameter, field: &Field<'_>, stack: &str) -> Option<ParameterSource> {
    let span = field.at;
    // CloudFormation takes numbers and truths for their texts.
    let is_text = matches!(parameter.ty, Type::String(None));
    let value = match &field.value {
        Value::Int(_) | Value::Float(_) | Value::Bool(_) if is_text => {
            Value::Str(fits::scalar_text(&field.value).into())
        }
        Value::Str(_) if parameter.is_list() => list_of(&field.value),
        Value::Str(text) if parameter.kind == ParameterType::Number => {
            text.parse().ok().filter(|n: &f64| n.is_finite()).map_or_else(|| field.value.clone(), Value::Float)
        }
        other => other.clone(),
    };
    if let Value::Later(later) = &value {
        if later.secret {
            ev.report(secret_leak("the parameter of a template", later, span));
            return None;
        }
        let LaterExpr::Parameter(name) = &later.expr else {
            ev.report(not_as_it_is(span));
            return None;
        };
        let from = ev.frame.uses.iter().find(|(_, (used, ..))| used == name).map(|(from, _)| from.clone())?;
        let plain = is_text && !matches!(later.ty, LaterType::List(..) | LaterType::Json);
        if !plain && matches!(fits::fit(ev, &parameter.ty, value.clone(), span), Value::Unknown) {
            return None;
        }
        return Some(ParameterSource::Output(from));
    }
    if fits::later_inside(&value).is_some() {
        ev.report(not_as_it_is(span));
        return None;
    }
    let value = fits::fit(ev, &parameter.ty, value, span);
    let text = settings::as_text(ev, &value, span)?;
    if parameter.no_echo {
        let message = format!("the secret `{}` stands in the source", parameter.name);
        ev.report(
            Diagnostic::new(Code::SecretLeak, message)
                .at(span, "everybody who reads the source sees it")
                .at(parameter.span, "`NoEcho`: nobody is to see it")
                .help(format!("take it out, and set it when deploying: `--set {stack}.{}=…`", parameter.name)),
        );
        return None;
    }
    if let Some(problem) = parameter.refused(&text, span) {
        ev.report_value(problem);
        return None;
    }
    Some(ParameterSource::Input { set: Some(text), default: None })
}

/// `"a,b"` as a list.
fn list_of(value: &Value) -> Value {
    match value {
        Value::Str(text) => Value::List(text.split(',').map(|item| Value::Str(item.trim().into())).collect()),
        other => other.clone(),
    }
}

fn not_as_it_is(span: Span) -> Diagnostic {
    Diagnostic::new(Code::KnownTooLate, "a parameter of a template takes an output as it is, or a value known now")
        .at(span, "made of what is known only when deploying")
        .help("output the whole value in the other stack, and give that: `Vpc: network.Vpc`")
}

/// What people may set of it: the names of parameters that the source does not give.
pub(crate) fn settable<'t>(template: &'t Template, existing: &'t Existing) -> impl Iterator<Item = Name> + 't {
    use crate::syntax::ast::{Entry, ExprKind, Key};
    let given = |name: Name| match existing.body.as_ref().map(|body| &body.kind) {
        Some(ExprKind::Object(entries)) => {
            entries.iter().any(|entry| matches!(entry, Entry::Field(Key::Name(key), _) if key.name == name))
        }
        _ => false,
    };
    template.parameters.iter().map(|parameter| parameter.name).filter(move |name| !given(*name))
}
