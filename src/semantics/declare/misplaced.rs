//! What has no place in a module, since nobody would deploy, read, check or run it there.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{File, Item, ItemKind};

/// Says so of everything that these files declare to no effect; `used` is where they are brought in as a module.
/// Files with a `project` of their own are left alone: there it has its effect.
pub(super) fn check(files: &[File], used: Span, into: &mut Vec<Diagnostic>) {
    let items = || files.iter().flat_map(|file| &file.items);
    if items().any(|item| matches!(item.kind, ItemKind::Project(_))) {
        return;
    }
    for (item, (what, span, lost)) in items().filter_map(|item| Some((item, what(item)?))) {
        into.push(
            Diagnostic::new(Code::Misplaced, format!("{what} has no place in a module"))
                .at(span, lost)
                .at(used, "its directory is a module because of this")
                .help(match item.kind {
                    ItemKind::Test(_) => "move it to the project, and use there what it tests",
                    _ => "move it to a directory that no `use` names",
                }),
        );
    }
}

/// What a declaration is called, where, and what does not happen to it in a module.
fn what(item: &Item) -> Option<(String, Span, &'static str)> {
    let named = |kind: &str, name: &crate::syntax::ast::Ident| (format!("the {kind} `{}`", name.name), name.span);
    let ((what, span), lost) = match &item.kind {
        ItemKind::Stack(stack) => (named(stack.layer.as_str(), &stack.name), "would never be deployed"),
        ItemKind::Existing(stack) => (named(stack.layer.as_str(), &stack.name), "would never be deployed"),
        ItemKind::External(stack) => (named(stack.layer.as_str(), &stack.name), "nothing could read it"),
        ItemKind::Account(account) => (named("account", &account.name), "nothing could name it"),
        ItemKind::Env(env) => (named("environment", &env.name), "nothing would be deployed to it"),
        ItemKind::Test(test) => (("a test".to_owned(), test.title.span), "would never run"),
        ItemKind::Assert(assert) => (("an assertion".to_owned(), assert.condition.span), "would never be checked"),
        _ => return None,
    };
    Some((what, span, lost))
}
