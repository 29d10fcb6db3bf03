//! The names at the top that no stack used, and the assertions there.

use crate::semantics::declare::{ModuleId, Top};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::{Frame, Place};
use crate::semantics::types;
use crate::syntax::ast::ItemKind;

/// Evaluates what no instance needed, as if in a stack of the environment: a mistake in it is a mistake.
pub(super) fn rest(ev: &mut Evaluator<'_>) {
    let program = ev.program;
    let declared = &program.declared;
    // Without an environment, what reads `env` cannot be judged.
    let Some(env) = ev.project.envs.iter().find(|env| Some(env.value.name) == ev.round.env) else { return };
    let place = Place {
        env: Some(env.value.clone()),
        account: env.account.clone(),
        region: env.regions.first().cloned(),
        instance: None,
    };
    ev.reports.next_round();
    let before = std::mem::replace(&mut ev.frame, Frame::new(place));
    for (name, top) in &declared.ordered {
        if let Top::Let(at) | Top::Param(at) = top
            && !ev.project.used.contains(name)
            && let Some(item) = program.item(*at)
        {
            ev.lookup(*name, item.span, &Scope::default());
        }
    }
    for (at, _) in declared.components.iter().enumerate() {
        if !ev.project.used_components.contains(&(ModuleId::PROJECT, at)) {
            ev.check_component((ModuleId::PROJECT, at));
        }
    }
    for (_, top) in &declared.ordered {
        if let Top::Function(at) = top {
            ev.check_function(ModuleId::PROJECT, *at);
        }
        if let Top::Alias(at) = top
            && let Some(ItemKind::Alias(alias)) = program.item(*at).map(|item| &item.kind)
        {
            types::resolve(ev, &alias.ty);
        }
    }
    for at in &declared.asserts {
        if let Some(ItemKind::Assert(assert)) = program.item(*at).map(|item| &item.kind) {
            ev.assert(assert, &Scope::default());
        }
    }
    ev.frame = before;
}
