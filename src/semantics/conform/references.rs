//! Resources and later values where a text is asked for: what they identify decides.

use super::{Asked, Walk, kinship, words};
use crate::diagnostics::{Code, Diagnostic};
use crate::schema::{Identifier, StringType};
use crate::semantics::fits;
use crate::semantics::value::{Later, LaterType, ResourceRef, Value};
use crate::source::Span;

impl Walk<'_, '_> {
    /// The value of a resource that is meant: what `Ref` returns, or an attribute.
    pub(super) fn resource(
        &mut self,
        asked: Asked<'_>,
        identifies: &[Identifier],
        resource: &ResourceRef,
        span: Span,
    ) -> Value {
        if let Some(value) = fits::reference(self.types, resource, identifies, span) {
            return value;
        }
        let owner = words::owner(asked);
        let problem = match (resource.known, identifies) {
            (_, []) => Diagnostic::new(
                Code::WrongIdentifier,
                format!("{owner} does not say which value of `{}` it takes", resource.shown),
            )
            .at(span, format!("this is an {}", resource.ty)),
            (Some(known), _) if identifies.iter().all(|id| id.resource != known.name) => {
                let message = format!("{owner} takes {}, not a value of an `{}`", self.wanted(asked), resource.ty);
                Diagnostic::new(Code::WrongIdentifier, message)
                    .at(span, format!("this is an {}", resource.ty))
                    .at(resource.span, format!("`{}` is made here", resource.shown))
            }
            _ => Diagnostic::new(
                Code::WrongIdentifier,
                format!("{owner} takes {}, which `{}` has no single value for", self.wanted(asked), resource.shown),
            )
            .at(span, format!("this is an {}", resource.ty)),
        };
        let foreign = !identifies.is_empty() && identifies.iter().all(|id| resource.ty.as_str() != id.resource);
        self.wrong(match identifies.first() {
            Some(first) if foreign => {
                problem.help(format!("give an `{}`, or name a value: `{}.…`", first.resource, resource.shown))
            }
            _ => problem.help(fits::name_an_attribute(resource)),
        })
    }

    /// A later value where a text is asked for.
    pub(super) fn later_string(
        &mut self,
        asked: Asked<'_>,
        ty: &StringType,
        value: &Value,
        later: &Later,
        span: Span,
    ) -> Value {
        let fits = match &later.ty {
            LaterType::List(..) => return self.mismatch(asked, value, span),
            LaterType::Any | LaterType::Json => true,
            // A secret says what it is by being one.
            _ if later.secret || ty.identifies.is_empty() => true,
            LaterType::String(given) => kinship::fits(asked.name, &ty.identifies, given),
            LaterType::Int | LaterType::Float | LaterType::Bool => kinship::fits(asked.name, &ty.identifies, &[]),
        };
        if fits {
            return value.clone();
        }
        let problem = self.wrong_identifier(asked, &ty.identifies, later, span);
        self.wrong(problem)
    }

    fn wrong_identifier(&self, asked: Asked<'_>, wanted: &[Identifier], later: &Later, span: Span) -> Diagnostic {
        let owner = words::owner(asked);
        let ids = match &later.ty {
            LaterType::String(ids) => ids.as_slice(),
            _ => &[],
        };
        let first = wanted.first().map_or_else(String::new, |id| format!("{}.{}", id.resource, id.attribute));
        let given = match ids {
            [] => "a computed text".to_owned(),
            ids => fits::identifier_list(ids),
        };
        let message = format!("{owner} takes an {}, not {given}", fits::identifier_list(wanted));
        let problem = Diagnostic::new(Code::WrongIdentifier, message).at(span, format!("this is {given}"));
        let problem = if later.origin == span { problem } else { problem.at(later.origin, "it comes from here") };
        let same = wanted.iter().find(|w| ids.iter().any(|id| id.resource == w.resource));
        match (ids, same) {
            ([], _) => problem.help(format!("if it is one, say so: `… as {first}`")),
            (_, Some(same)) => {
                problem.help(format!("use its `{}`; if this is right all the same, say `… as {first}`", same.attribute))
            }
            _ => problem.help(format!("give an `{first}`")),
        }
    }
}
