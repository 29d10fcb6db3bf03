//! What stands in the braces behind `compose(…)`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::pascal;
use super::{draft, instead};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind, Key};

/// The values that a compose file is given: what it stands in, and its variables.
#[derive(Default, Debug)]
pub struct Given {
    /// What it stands in, in place of one of its own, by a name of [`Given::PLACES`].
    places: BTreeMap<&'static str, Expr>,
    /// Where secrets are, by their names in the file.
    secrets: BTreeMap<Arc<str>, Expr>,
    /// Values of variables.
    variables: BTreeMap<Arc<str>, Expr>,
    /// Variables that people set when they deploy: names of inputs, and their defaults.
    inputs: Vec<(String, Expr)>,
}

impl Given {
    /// `cluster`: the name of one. `vpc` and the lists of subnets: ids. `namespace`: the id of one of Cloud Map.
    const PLACES: [&str; 6] = ["cluster", "isolated_subnets", "namespace", "private_subnets", "public_subnets", "vpc"];

    /// Reads the braces.
    pub fn read(body: Option<&Expr>, problems: &mut Vec<Diagnostic>) -> Self {
        let mut given = Self::default();
        for (name, span, value) in fields(body, problems) {
            match &*name {
                "variables" => given.variables.extend(named(&value, problems)),
                "secrets" => given.secrets.extend(named(&value, problems)),
                "inputs" => {
                    for (variable, span, default) in fields(Some(&value), problems) {
                        let name = input(&variable);
                        given.variables.insert(variable, draft::name(span, &name));
                        given.inputs.push((name, default));
                    }
                }
                name => match Self::PLACES.into_iter().find(|place| *place == name) {
                    Some(place) => drop(given.places.insert(place, value)),
                    None => {
                        let known: Vec<&str> =
                            Self::PLACES.into_iter().chain(["inputs", "secrets", "variables"]).collect();
                        problems.push(
                            Diagnostic::new(Code::UnknownField, format!("a stack of compose files takes no `{name}`"))
                                .at(span, "not known")
                                .help(instead(name, &known, "")),
                        );
                    }
                },
            }
        }
        given
    }

    /// Values of variables as texts, each with its place.
    pub fn of_texts(texts: impl Iterator<Item = (Arc<str>, Arc<str>, Span)>) -> Self {
        let expr = |text, span| Expr { span, kind: ExprKind::Str(text) };
        let variables = texts.map(|(name, text, span)| (name, expr(text, span))).collect();
        Self { variables, ..Self::default() }
    }

    pub(super) fn inputs(&self) -> &[(String, Expr)] {
        &self.inputs
    }

    pub(super) fn place(&self, name: &str) -> Option<Expr> {
        self.places.get(name).cloned()
    }

    pub(super) fn secret(&self, name: &str) -> Option<Expr> {
        self.secrets.get(name).cloned()
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Expr> {
        self.variables.get(name)
    }

    pub(super) fn variables(&self) -> Vec<&str> {
        self.variables.keys().map(|name| &**name).collect()
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = (&str, Span)> {
        self.secrets.iter().map(|(name, value)| (&**name, value.span))
    }
}

/// What a variable is called as an input: `IMAGE_TAG` is `ImageTag`.
fn input(variable: &str) -> String {
    let is_shouted = !variable.contains(|c: char| c.is_ascii_lowercase());
    if is_shouted { pascal(&variable.to_ascii_lowercase()) } else { pascal(variable) }
}

fn named(of: &Expr, problems: &mut Vec<Diagnostic>) -> Vec<(Arc<str>, Expr)> {
    fields(Some(of), problems).into_iter().map(|(name, _, value)| (name, value)).collect()
}

/// The fields of an object, whose names are known before anything is evaluated.
fn fields(of: Option<&Expr>, problems: &mut Vec<Diagnostic>) -> Vec<(Arc<str>, Span, Expr)> {
    let Some(of) = of else { return Vec::new() };
    let mut refuse = |span| {
        problems.push(
            Diagnostic::new(Code::BadArgument, "what a compose file is given has names that are known before all else")
                .at(span, "cannot be known yet")
                .help("write `name: value` for each"),
        );
    };
    let ExprKind::Object(entries) = &of.kind else {
        refuse(of.span);
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        match entry {
            Entry::Field(Key::Name(key), value) => found.push((key.name.as_str().into(), key.span, value.clone())),
            Entry::Field(Key::Computed(other), _) | Entry::Spread(other) => refuse(other.span),
        }
    }
    found
}
