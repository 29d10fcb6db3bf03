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
        if resource.known.is_none() && !identifies.is_empty() {
            // Nobody knows what it gives; AWS will say.
            return fits::unknown_reference(resource, span);
        }
        let (owner, shown) = (words::owner(asked), &resource.shown);
        let foreign = identifies.iter().all(|id| id.resource != resource.ty.as_str());
        let message = match identifies {
            [] => format!("{owner} does not say which value of `{shown}` it takes"),
            _ if foreign => format!("{owner} takes an {}, not an `{}`", fits::identifier_list(identifies), resource.ty),
            _ => {
                format!("{owner} takes an {}; several values of `{shown}` would do", fits::identifier_list(identifies))
            }
        };
        let problem = Diagnostic::new(Code::WrongIdentifier, message).at(span, format!("this is an `{}`", resource.ty));
        self.wrong(match identifies.first() {
            Some(first) if foreign => problem
                .at(resource.span, format!("`{shown}` is made here"))
                .help(format!("give an `{}`, or name a value: `{shown}.…`", first.resource)),
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
        let problem = if span.covers(later.origin) { problem } else { problem.at(later.origin, "it comes from here") };
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
