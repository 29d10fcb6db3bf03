//! `environment` and `env_file`.

use super::super::draft::Fields;
use super::super::env_file;
use super::{Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::ast::Expr;

impl Reader<'_> {
    /// The variables of a service: those of its files, and on top of them those that it says itself.
    pub(super) fn environment(&mut self, service: &Node) -> Fields {
        let mut fields = Fields::default();
        if let Some(node) = service.get("env_file") {
            for item in self.items(node, "`env_file`") {
                self.env_file(item, &mut fields);
            }
        }
        let own = service.get("environment").map_or(&[][..], |node| self.map(node, "`environment`"));
        for entry in own {
            let value = match &entry.value.kind {
                // Compose takes it from the machine that it runs on.
                Kind::Null => self.given_variable(&entry.key, entry),
                Kind::Int(_) | Kind::Bool(_) => self.verbatim(&entry.value),
                _ => self.string(&entry.value, &format!("the variable `{}`", entry.key)),
            };
            if let Some(value) = value {
                fields.take(&entry.key);
                fields.at(&entry.key, entry.key_span, value);
            }
        }
        fields
    }

    fn given_variable(&mut self, name: &str, entry: &super::Entry) -> Option<Expr> {
        let value = self.given.variable(name).cloned();
        if value.is_none() {
            self.report(
                Diagnostic::new(Code::UnknownName, format!("the variable `{name}` has no value"))
                    .at(entry.key_span, "compose would take it from the machine that it runs on")
                    .help(format!("give it: `variables: {{ {name}: \"…\" }}`, or write its value here")),
            );
        }
        value
    }

    fn env_file(&mut self, item: &Node, fields: &mut Fields) {
        let (path, required) = match item.get("path") {
            Some(path) => {
                self.known("an `env_file`", item, &["format", "path", "required"]);
                let required = item.get("required").and_then(|node| self.truth(node, "`required`"));
                (path, required.unwrap_or(true))
            }
            None => (item, true),
        };
        let Some(word) = self.word(path, "the path of an `env_file`") else { return };
        let file = match self.files.read(&word, path.span) {
            Ok(file) => file,
            Err(problem) => {
                if required {
                    self.report(*problem);
                }
                return;
            }
        };
        match env_file::read(file, self.given) {
            Ok(variables) => {
                for (name, span, value) in variables {
                    let value = self.referring(&value).expr();
                    fields.take(&name);
                    fields.at(&name, span, value);
                }
            }
            Err(problem) => self.report(*problem),
        }
    }
}
