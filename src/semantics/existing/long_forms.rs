//! Short forms of functions as what they stand for: `!Sub "…"` is `{"Fn::Sub": "…"}`.

use std::sync::Arc;

use crate::data::{Entry, Kind, Node, Problem};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::source::Span;

/// Functions by their short names. Those whose long name has no `Fn::` before it are apart.
const FUNCTIONS: [&str; 26] = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "GetStackOutput",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
    "ForEach",
];

/// The tree without tags.
///
/// # Errors
/// A tag that is no function, or stands where it means nothing.
pub(crate) fn of(node: Node) -> Result<Node, Problem> {
    let Node { span, kind } = node;
    let kind = match kind {
        Kind::List(items) => Kind::List(items.into_iter().map(of).collect::<Result<_, _>>()?),
        Kind::Map(entries) => {
            let entry = |e: Entry| Ok(Entry { value: of(e.value)?, ..e });
            Kind::Map(entries.into_iter().map(entry).collect::<Result<_, Problem>>()?)
        }
        Kind::Tagged(name, inner) => function(&name, of(*inner)?, span)?,
        plain => plain,
    };
    Ok(Node { span, kind })
}

fn function(name: &str, argument: Node, span: Span) -> Result<Kind, Problem> {
    let key: Arc<str> = match name {
        "Ref" | "Condition" => name.into(),
        name if FUNCTIONS.contains(&name) => format!("Fn::{name}").into(),
        other => return Err(Box::new(unknown(other, span))),
    };
    let value = match &argument.kind {
        // `!GetAtt Database.Endpoint.Address`: a logical id has no dot.
        Kind::Text(path) if name == "GetAtt" => match path.split_once('.') {
            Some((id, attribute)) => {
                let part = |text: &str| Node { span: argument.span, kind: Kind::Text(text.into()) };
                Node { span: argument.span, kind: Kind::List(vec![part(id), part(attribute)]) }
            }
            None => argument,
        },
        _ => argument,
    };
    Ok(Kind::Map(vec![Entry { key, key_span: span, value }]))
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownFunction, format!("CloudFormation has no function `!{name}`"));
    let problem = problem.at(span, "this value has it");
    match nearest(name, FUNCTIONS.into_iter().chain(["Ref", "Condition"])) {
        Some(near) => problem.help(format!("write `!{near}`")),
        None => problem.help("write the value without it"),
    }
}

/// A map that CloudFormation takes for a function: its name and argument.
pub(crate) fn call(node: &Node) -> Option<(&str, &Node)> {
    let [entry] = node.entries() else { return None };
    let is_function = &*entry.key == "Ref" || &*entry.key == "Condition" || entry.key.starts_with("Fn::");
    is_function.then_some((&*entry.key, &entry.value))
}
