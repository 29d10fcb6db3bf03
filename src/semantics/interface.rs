//! Types as they cross projects: how metadata and contracts write them, and what the text of an
//! output must be like to be of one.

use std::fmt;
use std::sync::Arc;

use crate::names::Name;
use crate::schema::{Identifier, Node, Pattern, Types};
use crate::semantics::fits;
use crate::semantics::types::{Bounds, Identity, Type};
use crate::semantics::value::LaterType;

/// What an output of a stack that others deploy must be.
#[derive(Clone)]
pub struct Expected {
    types: &'static Types,
    ty: Type,
}

impl Expected {
    /// The type as it is declared.
    pub(super) fn declared(types: &'static Types, ty: Type) -> Self {
        Self { types, ty }
    }

    /// The type that the source gives an output.
    pub(super) fn inferred(types: &'static Types, ty: &LaterType) -> Self {
        Self { types, ty: as_declared(types, ty) }
    }

    /// What is wrong with `text` as the value of such an output, in words that follow a colon.
    pub fn refuses(&self, text: &str) -> Option<String> {
        fits::parse_text(self.types, &self.ty, text).err()
    }

    /// Whether the type that a stack says its output has, as `type_name` writes it, fits. One that cannot be read
    /// fits: a newer version wrote it.
    pub fn accepts(&self, written: &str) -> bool {
        read_type(written).is_none_or(|ty| fits::accepts(self.types, &self.ty, &ty))
    }

    /// Whether the type that a stack says its output has is another one. One that says only that it is text leaves
    /// that to the value.
    pub fn is_contradicted(&self, written: &str) -> bool {
        let is_text = matches!(read_type(written), Some(LaterType::String(ids)) if ids.is_empty())
            || matches!(read_type(written), Some(LaterType::List(item, _)) if matches!(&*item, LaterType::String(ids) if ids.is_empty()));
        match &self.ty {
            Type::String(_) | Type::Identifier(_) if is_text && !written.starts_with('[') => false,
            Type::List(_) if is_text && written.starts_with('[') => false,
            _ => !self.accepts(written),
        }
    }

    /// As the language writes it.
    pub fn shown(&self) -> String {
        self.ty.to_string()
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expected({})", self.ty)
    }
}

/// The type of an output as the language writes it; the known length of a list in parentheses.
pub(crate) fn type_name(ty: &LaterType) -> String {
    match ty {
        LaterType::String(identifies) if identifies.is_empty() => "String".to_owned(),
        LaterType::String(identifies) => {
            let names: Vec<_> = identifies.iter().map(|i| format!("{}.{}", i.resource, i.attribute)).collect();
            names.join(" | ")
        }
        LaterType::Int => "Int".to_owned(),
        LaterType::Float => "Float".to_owned(),
        LaterType::Bool => "Bool".to_owned(),
        LaterType::List(item, Some(length)) => format!("[{}]({length})", type_name(item)),
        LaterType::List(item, None) => format!("[{}]", type_name(item)),
        LaterType::Json | LaterType::Any => "Json".to_owned(),
    }
}

/// What [`type_name`] wrote; `None` for anything else.
pub(crate) fn read_type(text: &str) -> Option<LaterType> {
    if let Some(rest) = text.strip_prefix('[') {
        let (item, length) = rest.rsplit_once(']')?;
        let length = match length {
            "" => None,
            length => Some(length.strip_prefix('(')?.strip_suffix(')')?.parse().ok()?),
        };
        let item = match read_type(item)? {
            LaterType::List(..) => return None,
            item => item,
        };
        return Some(LaterType::List(Box::new(item), length));
    }
    Some(match text {
        "String" => LaterType::String(Vec::new()),
        "Int" => LaterType::Int,
        "Float" => LaterType::Float,
        "Bool" => LaterType::Bool,
        "Json" => LaterType::Any,
        identifiers => LaterType::String(identifiers.split(" | ").map(identifier).collect::<Option<_>>()?),
    })
}

/// `AWS::EC2::VPC.VpcId`
fn identifier(text: &str) -> Option<Identifier> {
    let (resource, attribute) = text.split_once('.')?;
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let fine = resource.split("::").count() > 1 && resource.split("::").chain(attribute.split('.')).all(is_word);
    fine.then(|| Identifier { resource: Name::new(resource).as_str(), attribute: Name::new(attribute).as_str() })
}

/// The type that people would declare for such an output.
pub(super) fn as_declared(types: &'static Types, ty: &LaterType) -> Type {
    match ty {
        LaterType::String(identifies) if identifies.is_empty() => Type::String(None),
        LaterType::String(identifies) => Type::Identifier(Arc::new(Identity {
            shown: type_name(ty),
            identifies: identifies.clone(),
            pattern: pattern(types, identifies),
        })),
        LaterType::Int => Type::Int(Bounds::default()),
        LaterType::Float => Type::Float(Bounds::default()),
        LaterType::Bool => Type::Bool,
        LaterType::List(item, _) => Type::List(Arc::new(as_declared(types, item))),
        LaterType::Json | LaterType::Any => Type::Unknown,
    }
}

/// What the text of such an identifier must look like, where all that it goes by agree.
fn pattern(types: &'static Types, identifies: &[Identifier]) -> Option<Arc<Pattern>> {
    let one = |id: &Identifier| {
        let known = types.resource(id.resource)?;
        let node = match known.attributes.iter().find(|a| a.path == id.attribute) {
            Some(found) => types.node(found.node),
            None => types.at_path(known, &id.attribute.split('.').collect::<Vec<_>>())?,
        };
        match node {
            Node::String(string) => string.pattern.clone(),
            _ => None,
        }
    };
    let (first, rest) = identifies.split_first()?;
    let first = one(first)?;
    rest.iter().all(|id| one(id).is_some_and(|other| other.source() == first.source())).then_some(first)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{read_type, type_name};

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "String",
            "Int",
            "Float",
            "Bool",
            "Json",
            "[String]",
            "[Int](0)",
            "AWS::EC2::VPC.VpcId",
            "AWS::RDS::DBInstance.Endpoint.Address",
            "[AWS::EC2::Subnet.SubnetId](3)",
            "AWS::ECS::Cluster.Arn | AWS::ECS::Cluster.ClusterName",
            "[AWS::A::B.C | Custom::X.Y]",
        ] {
            assert_eq!(type_name(&read_type(text).unwrap()), text);
        }
        for text in [
            "",
            "[",
            "[]",
            "]",
            "[String](",
            "[String](x)",
            "[[String]]",
            "VPC",
            "VPC.Id",
            "AWS::EC2::VPC",
            "A::B.",
            "A::B.C |",
        ] {
            assert!(read_type(text).is_none(), "{text}");
        }
    }
}
