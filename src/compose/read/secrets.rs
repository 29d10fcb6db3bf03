//! `secrets`, of the files and of services.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::draft::Fields;
use super::super::{draft, no_such};
use super::{Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Piece};

/// Secrets by name, each as the variables that it becomes.
pub(super) type Secrets = BTreeMap<Arc<str>, Vec<Variable>>;

/// A variable that is a secret.
#[derive(Clone)]
pub(super) struct Variable {
    name: Arc<str>,
    span: Span,
    value: Expr,
    /// What the program in the task may read itself.
    readable: Option<Expr>,
}

/// Where a secret is.
struct From {
    from: Expr,
    /// What may be read, where that is not the same.
    readable: Option<Expr>,
}

impl Reader<'_> {
    pub(super) fn secrets(&mut self, whole: &Node) -> Secrets {
        let mut secrets = Secrets::new();
        for entry in self.section(whole, "secrets") {
            let node = &entry.value;
            self.map(node, "a secret");
            self.known("a secret", node, &["driver", "environment", "external", "file", "labels", "name", "x-secrets"]);
            let extension = node.get("x-secrets");
            if let Some(extension) = extension {
                self.map(extension, "`x-secrets`");
                for lookup in extension.entries().iter().filter(|entry| &*entry.key == "Lookup") {
                    self.no_lookup(
                        "a secret",
                        lookup,
                        "give its `Name`, or `secrets: { NAME: data.Secret }` in the braces",
                    );
                }
                self.known("`x-secrets`", extension, &["JsonKeys", "LinksTo", "Lookup", "Name", "VarName"]);
            }
            let for_task = extension.is_some_and(|extension| self.links(extension));
            let name = extension.and_then(|x| x.get("Name")).or_else(|| {
                let external = node.get("external").is_some_and(|external| external.kind == Kind::Bool(true));
                node.get("name").filter(|_| external)
            });
            let from = match (self.given.secret(&entry.key), name) {
                (Some(from), _) => Some(From { from, readable: None }),
                (None, Some(name)) => self.by_name(name),
                (None, None) => {
                    self.report(super::super::not_carried(
                        &format!("the secret `{}`", entry.key),
                        entry.key_span,
                        "nothing says where AWS has it",
                        "add `x-secrets: { Name: … }`, or give it in the braces: `secrets: { NAME: data.Secret }`",
                    ));
                    None
                }
            };
            let variables = from.map(|from| self.variables(&entry.key, entry.key_span, extension, &from, for_task));
            secrets.insert(entry.key.clone(), variables.unwrap_or_default());
        }
        let known: Vec<(String, Span)> = self.given.secrets().map(|(name, span)| (name.to_owned(), span)).collect();
        for (name, span) in known.iter().filter(|(name, _)| !secrets.contains_key(name.as_str())) {
            let names: Vec<&str> = secrets.keys().map(|name| &**name).collect();
            self.report(no_such("secret", name, *span, &names));
        }
        secrets
    }

    /// Whether the role of the task may read a secret, too.
    fn links(&mut self, extension: &Node) -> bool {
        let mut for_task = false;
        for link in extension.get("LinksTo").map_or(&[][..], |node| self.items(node, "`LinksTo`")) {
            if let Some(word) = self.word(link, "`LinksTo`") {
                self.one_of("`LinksTo`", &word, link.span, &["EcsExecutionRole", "EcsTaskRole"]);
                for_task |= &*word == "EcsTaskRole";
            }
        }
        for_task
    }

    /// A secret of Secrets Manager in the account and region of the stack: its name without the six characters that AWS
    /// adds to ARNs. Fact: "Specifying sensitive data using Secrets Manager secrets" takes such an ARN, and policies say
    /// `-??????` behind it.
    fn by_name(&mut self, node: &Node) -> Option<From> {
        let (text, span) = (self.text(node, "the name of a secret")?, node.span);
        if text.literal().is_some_and(|text| text.starts_with("arn:")) {
            return Some(From { from: text.expr(), readable: None });
        }
        let aws = |field: &str| Piece::Expr(draft::path(span, "aws", &[field]));
        let plain = |text: &str| Piece::Text(text.into());
        let mut pieces = vec![plain("arn:"), aws("partition"), plain(":secretsmanager:"), aws("region"), plain(":")];
        pieces.extend([aws("account_id"), plain(":secret:")]);
        pieces.extend(text.pieces.iter().cloned());
        let template = |pieces: Vec<Piece>| Expr { span, kind: ExprKind::Template(pieces.into()) };
        let from = template(pieces.clone());
        pieces.push(plain("-??????"));
        Some(From { from, readable: Some(template(pieces)) })
    }

    fn variables(
        &mut self,
        name: &str,
        span: Span,
        extension: Option<&Node>,
        from: &From,
        for_task: bool,
    ) -> Vec<Variable> {
        let readable = for_task.then(|| from.readable.as_ref().unwrap_or(&from.from));
        let variable = |name: Arc<str>, at: Span, key: Option<Expr>| {
            let mut fields = Fields::default();
            fields.put("from", from.from.clone()).maybe("key", key).maybe("readable", from.readable.clone());
            Variable { name, span: at, value: fields.expr(span), readable: readable.cloned() }
        };
        let keys = extension.and_then(|extension| extension.get("JsonKeys"));
        let mut found = Vec::new();
        for item in keys.map_or(&[][..], |node| self.items(node, "`JsonKeys`")) {
            self.known("a key of a secret", item, &["SecretKey", "Transform", "VarName"]);
            let Some(key) = item.get("SecretKey") else {
                self.report(
                    Diagnostic::new(Code::MissingField, "a key of a secret has a `SecretKey`")
                        .at(item.span, "has none")
                        .help("add the name under which the secret has it"),
                );
                continue;
            };
            let named = item.get("VarName").unwrap_or(key);
            if let (Some(word), Some(key)) = (self.word(named, "`VarName`"), self.string(key, "`SecretKey`")) {
                found.push(variable(word, named.span, Some(key)));
            }
        }
        if let Some(named) = extension.and_then(|extension| extension.get("VarName")) {
            found.extend(self.word(named, "`VarName`").map(|word| variable(word, named.span, None)));
        } else if found.is_empty() {
            let upper: String =
                name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
            found.push(variable(upper.into(), span, None));
        }
        found
    }

    /// The variables of a service that are secrets, and statements for those that the program in it reads itself.
    pub(super) fn used_secrets(&mut self, service: &Node, secrets: &Secrets) -> (Fields, Vec<Expr>) {
        let (mut fields, mut statements) = (Fields::default(), Vec::new());
        for item in service.get("secrets").map_or(&[][..], |node| self.items(node, "`secrets`")) {
            self.known("a secret of a service", item, &["gid", "mode", "source", "target", "uid"]);
            let Some(source) = self.named(item.get("source").unwrap_or(item), "the name of a secret") else { continue };
            let Some(variables) = secrets.get(&source.name) else {
                let known: Vec<&str> = secrets.keys().map(|name| &**name).collect();
                self.report(no_such("secret", &source.name, source.span, &known));
                continue;
            };
            for variable in variables {
                fields.take(&variable.name);
                fields.at(&variable.name, variable.span, variable.value.clone());
            }
            if let Some(readable) = variables.iter().find_map(|variable| variable.readable.clone()) {
                let args = vec![draft::text(source.span, "secretsmanager:GetSecretValue"), readable];
                statements.push(draft::call(source.span, "std::allow", args));
            }
        }
        (fields, statements)
    }
}
