//! Types as written.

use super::super::ast::{Expr, ExprKind, Ident, Path, TypeExpr, TypeField, TypeKind};
use super::super::explain::Context;
use super::super::grammar::{Pair, Rule};
use super::Builder;

impl Builder<'_> {
    /// A type: one part, or a union of several.
    pub(super) fn ty(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        let build = |builder: &mut Self| {
            let mut parts: Vec<TypeExpr> = pair.into_inner().map(|part| builder.type_part(part)).collect();
            match (parts.pop(), parts.is_empty()) {
                (Some(only), true) => only,
                (Some(last), false) => {
                    parts.push(last);
                    TypeExpr { span, kind: TypeKind::Union(parts) }
                }
                (None, _) => TypeExpr { span, kind: TypeKind::Broken },
            }
        };
        self.deeper(1, span, build).unwrap_or(TypeExpr { span, kind: TypeKind::Broken })
    }

    fn type_part(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        let mut ty = TypeExpr { span, kind: TypeKind::Broken };
        for child in pair.into_inner() {
            if child.as_rule() == Rule::optional_mark {
                // `T??` says no more than `T?`.
                if !matches!(ty.kind, TypeKind::Optional(_)) {
                    ty = TypeExpr { span, kind: TypeKind::Optional(Box::new(ty)) };
                }
            } else {
                ty = self.type_core(child);
            }
        }
        ty
    }

    fn type_core(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::type_named => self.type_named(pair),
            Rule::type_list => TypeKind::List(Box::new(self.type_inside(pair))),
            Rule::type_map => TypeKind::Map(Box::new(self.type_inside(pair))),
            Rule::type_group => return self.type_inside(pair),
            Rule::type_record => self.type_record(pair),
            _ => TypeKind::Literal(Box::new(self.literal(pair))),
        };
        TypeExpr { span, kind }
    }

    /// A literal: text, a number, `true`, `false`.
    fn literal(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::type_literal => Expr { span, kind: ExprKind::Bool(pair.as_str() == "true") },
            Rule::minus_number => {
                let kind = pair.into_inner().next().map_or(ExprKind::Broken, |number| self.number(&number, true));
                Expr { span, kind }
            }
            _ => self.primary(pair),
        }
    }

    /// The one type inside brackets.
    fn type_inside(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        let mut ty = TypeExpr { span, kind: TypeKind::Broken };
        let mut empty = true;
        for child in pair.into_inner() {
            if child.as_rule() == Rule::broken_inside {
                self.skipped(if empty { Context::Type } else { Context::Closer }, &child);
            } else {
                ty = self.ty(child);
            }
            empty = false;
        }
        if empty {
            self.error(span, "a type is missing between the brackets", "empty", "write the type of the items");
        }
        ty
    }

    fn type_record(&mut self, pair: Pair<'_, Rule>) -> TypeKind {
        let mut fields = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::type_field => fields.push(self.type_field(child)),
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => self.skipped(Context::TypeField, &child),
            }
        }
        TypeKind::Record(fields)
    }

    pub(super) fn type_field(&mut self, pair: Pair<'_, Rule>) -> TypeField {
        let span = self.span(&pair);
        let mut field =
            TypeField { name: self.nameless(span), optional: false, ty: TypeExpr { span, kind: TypeKind::Broken } };
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::new_name => field.name = self.ident(&child),
                Rule::optional_field => field.optional = true,
                Rule::ty => field.ty = self.ty(child),
                _ => {}
            }
        }
        field
    }

    fn type_named(&mut self, pair: Pair<'_, Rule>) -> TypeKind {
        let mut path: Option<Path> = None;
        let mut attribute: Option<Ident> = None;
        let mut refinement = None;
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::path => path = Some(self.path(&child)),
                Rule::field_name => attribute = Some(self.ident(&child)),
                _ => refinement = Some(child),
            }
        }
        match (path, attribute, refinement) {
            (Some(path), Some(attribute), _) => TypeKind::Identifier(path, attribute),
            (Some(path), None, Some(refinement)) => self.refinement(path, refinement),
            (Some(path), None, None) => TypeKind::Named(path),
            (None, ..) => TypeKind::Broken,
        }
    }

    /// `(1..)`, `(/re/)` behind the name of a type.
    fn refinement(&mut self, path: Path, pair: Pair<'_, Rule>) -> TypeKind {
        let span = self.span(&pair);
        let mut kind = None;
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::pattern => kind = Some(TypeKind::Pattern(path.clone(), Self::inside(&child, 1, 1))),
                Rule::bounds => kind = Some(self.bounds(path.clone(), child)),
                _ => {
                    self.skipped(Context::Refinement, &child);
                    kind = Some(TypeKind::Broken);
                }
            }
        }
        kind.unwrap_or_else(|| {
            self.error(
                span,
                format!("`{}` is refined by nothing", path.name),
                "empty",
                "write a range such as `(1..10)`, a pattern such as `(/^[a-z]+$/)`, or remove the parentheses",
            );
            TypeKind::Broken
        })
    }

    fn bounds(&mut self, path: Path, pair: Pair<'_, Rule>) -> TypeKind {
        let mut low = None;
        let mut high = None;
        let mut after = false;
        for child in pair.into_inner() {
            if child.as_rule() == Rule::range_mark {
                after = true;
                continue;
            }
            let bound = child.into_inner().next().map(|number| Box::new(self.literal(number)));
            if after { high = bound } else { low = bound }
        }
        TypeKind::Range(path, low, high)
    }
}
