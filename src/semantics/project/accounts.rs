//! `account NAME { id, role?, profile?, external_id?, assets? }`

use std::sync::Arc;

use super::{Field, buckets, fields, text, unknown};
use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::eval::Evaluator;
use crate::semantics::model::Account;
use crate::semantics::value::Value;
use crate::source::Span;
use crate::syntax::ast::Record;

const FIELDS: [&str; 5] = ["assets", "external_id", "id", "profile", "role"];

/// Reads every account.
pub(super) fn read(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    let mut ids: Vec<(Arc<str>, Span)> = Vec::new();
    for (_, at) in &program.declared.accounts {
        let Some(record) = program.record(*at) else { continue };
        let account = one(ev, record);
        match ids.iter().find(|(id, _)| *id == account.id && !id.is_empty()) {
            Some((id, first)) => {
                let message = format!("two accounts have the id {id}");
                ev.report(
                    Diagnostic::new(Code::AccountConflict, message)
                        .at(account.span, "this one")
                        .at(*first, "and this one")
                        .help("declare each account once; several environments may use it"),
                );
            }
            None => ids.push((Arc::clone(&account.id), account.span)),
        }
        ev.project.accounts.push(Arc::new(account));
    }
}

fn one<'p>(ev: &mut Evaluator<'p>, record: &'p Record) -> Account {
    let mut account = Account {
        name: record.name.name,
        id: Arc::from(""),
        role: None,
        profile: None,
        external_id: None,
        assets: None,
        span: record.name.span,
    };
    let mut has_id = false;
    for field in fields(ev, record) {
        match field.name.as_str() {
            "id" => {
                has_id = true;
                account.id = id(ev, &field);
            }
            "role" => account.role = text(ev, &field),
            "profile" => account.profile = text(ev, &field),
            "assets" => account.assets = buckets::read(ev, &field),
            "external_id" => account.external_id = text(ev, &field),
            _ => unknown(ev, "an account", &field, &FIELDS),
        }
    }
    if !has_id {
        ev.report(
            Diagnostic::new(Code::MissingField, format!("the account `{}` has no `id`", account.name))
                .at(record.name.span, "which account is not said")
                .help("add `id: \"111111111111\"`, the twelve digits of the account"),
        );
    }
    account
}

/// Twelve digits, in quotes: a number would lose its leading zeros.
fn id(ev: &mut Evaluator<'_>, field: &Field<'_>) -> Arc<str> {
    let problem = match &field.value {
        Value::Str(id) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => return Arc::clone(id),
        Value::Str(id) => format!("an account id has twelve digits, not `{id}`"),
        Value::Int(_) => "an account id is text: a number would lose its leading zeros".to_owned(),
        _ => {
            text(ev, field);
            return Arc::from("");
        }
    };
    let problem = Diagnostic::new(Code::BadValue, problem)
        .at(field.at, "not an account id")
        .help("write the twelve digits in quotes: `\"111111111111\"`");
    let source = ev.program.sources.text(field.at);
    let is_bare = source.len() == 12 && source.bytes().all(|b| b.is_ascii_digit());
    ev.report(if is_bare { problem.fix(field.at, format!("\"{source}\"")) } else { problem });
    Arc::from("")
}
