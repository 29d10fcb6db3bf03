//! CloudFormation's own functions, as templates write them: `{ "Ref": "Vpc" }`.
//!
//! CloudFormation would carry them out wherever they stand, with names that nobody has checked and
//! references that the graph does not know. So they are refused, with what to write instead.

use super::Walk;
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::builtin;
use crate::semantics::value::{Object, Value};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key};

impl<'p> Walk<'_, 'p> {
    /// Refuses an object literal that CloudFormation would take for a function.
    pub(super) fn is_intrinsic_literal(&mut self, expr: &'p Expr) -> bool {
        let ExprKind::Object(entries) = &expr.kind else { return false };
        let [Entry::Field(Key::Name(key), argument)] = &**entries else { return false };
        if !is_function(key.name.as_str()) {
            return false;
        }
        let texts: Vec<&str> = match &argument.kind {
            ExprKind::Str(text) => vec![text],
            ExprKind::List(items) => items.iter().filter_map(|item| text_of(&item.value)).collect(),
            _ => Vec::new(),
        };
        self.refuse(key.name.as_str(), &texts, expr.span);
        true
    }

    /// Refuses an object that CloudFormation would take for a function.
    pub(super) fn is_intrinsic(&mut self, object: &Object, span: Span) -> bool {
        // `Fn::Transform` is carried out beside other keys too.
        let transform = object.iter().find(|(key, _)| key.as_str().starts_with("Fn::"));
        let only = object.iter().next().filter(|(key, _)| object.len() == 1 && is_function(key.as_str()));
        let Some((key, argument)) = transform.or(only) else { return false };
        let texts: Vec<&str> = match argument {
            Value::Str(text) => vec![text],
            _ => Vec::new(),
        };
        self.refuse(key.as_str(), &texts, span);
        true
    }

    fn refuse(&mut self, function: &str, texts: &[&str], span: Span) {
        self.wrong_always(
            Diagnostic::new(Code::TypeMismatch, format!("`{function}` is not written in this language"))
                .at(span, "CloudFormation would carry it out, with names that are not checked")
                .help(instead(function, texts)),
        );
    }
}

fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

fn text_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text),
        _ => None,
    }
}

/// What to write in its place.
fn instead(function: &str, texts: &[&str]) -> String {
    let plain = match (function, texts) {
        ("Ref", [name]) => {
            builtin::pseudo(name).map_or_else(|| format!("`{name}`, or `{name}.ref`"), |p| format!("`{p}`"))
        }
        ("Fn::GetAtt", [path]) => format!("`{path}`"),
        ("Fn::GetAtt", [name, attribute]) => format!("`{name}.{attribute}`"),
        _ => match function {
            "Ref" | "Fn::GetAtt" => "the name: `Vpc`, `Vpc.CidrBlock`".to_owned(),
            "Fn::Sub" => "a text with `${…}` in it".to_owned(),
            "Fn::Join" => "`join(\",\", list)`, or a text with `${…}` in it".to_owned(),
            "Fn::Select" => "`list[0]`".to_owned(),
            "Fn::Split" => "`split(\",\", text)`".to_owned(),
            "Fn::Base64" => "`base64(text)`".to_owned(),
            "Fn::Cidr" => "`cidr_subnet(…)`".to_owned(),
            "Fn::GetAZs" => "`zones()`".to_owned(),
            "Fn::If" => "`if … then … else …`".to_owned(),
            "Fn::FindInMap" => "`match env { … }`, or `lookup(…)`".to_owned(),
            "Fn::ImportValue" => "the output of the other stack: `network.Vpc`".to_owned(),
            _ => return format!("work it out in the language, or pass it through: `raw {{ \"{function}\": … }}`"),
        },
    };
    format!("write {plain}")
}
