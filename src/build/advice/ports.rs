//! Ranges of ports that are open to everyone, where two ports were meant.

use super::walk::{Path, Seen};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::value::{Object, Value};

/// A range of more ports than this is no range of one protocol.
const MOST: i64 = 1000;

pub(super) fn check(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let Value::Object(properties) = &seen.resource.properties else { return };
    match seen.resource.ty.as_str() {
        "AWS::EC2::SecurityGroupIngress" => rule(seen, properties, &Path::Root, found),
        "AWS::EC2::SecurityGroup" => {
            let name = Name::new("SecurityGroupIngress");
            let Some(Value::List(rules)) = properties.get(name) else { return };
            let at = Path::Key(&Path::Root, name);
            for (i, item) in rules.iter().enumerate() {
                if let Value::Object(item) = item {
                    rule(seen, item, &Path::Item(&at, i), found);
                }
            }
        }
        _ => {}
    }
}

fn rule(seen: &Seen<'_>, rule: &Object, path: &Path<'_>, found: &mut Vec<Diagnostic>) {
    let text = |name: &str| match rule.get(Name::new(name)) {
        Some(Value::Str(text)) => Some(&**text),
        _ => None,
    };
    let port = |name: &str| match rule.get(Name::new(name)) {
        Some(Value::Int(port)) => Some(*port),
        Some(Value::Str(port)) => port.parse().ok(),
        _ => None,
    };
    let is_everyone = text("CidrIp") == Some("0.0.0.0/0") || text("CidrIpv6") == Some("::/0");
    let (Some(from), Some(to)) = (port("FromPort"), port("ToPort")) else { return };
    if !is_everyone || from < 0 || to - from < MOST {
        return;
    }
    let at = seen.span(&Path::Key(path, Name::new("ToPort")));
    found.push(
        Diagnostic::new(Code::OpenPorts, format!("{} ports are open to everyone", to - from + 1))
            .at(at, format!("every port from {from} to {to}"))
            .help(format!("write a rule for each port that is meant, such as {from} and {to}, or a narrower block")),
    );
}
