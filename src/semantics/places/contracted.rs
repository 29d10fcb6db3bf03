//! `extern core NAME from "FILE"`: what a contract says of a stack that others deploy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::external::{Interface, Offered};
use super::foreign::There;
use super::{Deal, Spot};
use crate::data::Problem;
use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::contract::{self, Contract, Places};
use crate::semantics::decorators::Old;
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::Place;
use crate::semantics::functions::cannot_read;
use crate::semantics::interface::{as_declared, read_type};
use crate::semantics::model::Account;
use crate::semantics::{Program, contract::Instance};
use crate::source::Span;
use crate::syntax::ast::{External, Quoted};

impl<'p> Spot<'p> {
    /// Reads the contract, and places the instances that it names.
    pub(super) fn contracted(&self, ev: &mut Evaluator<'p>, external: &External, file: &Quoted) {
        ev.reports.next_round();
        let (contract, places) = match read(ev.program, file) {
            Ok(read) => read,
            Err(problem) => return ev.report(*problem),
        };
        let (says, kind) = (external.layer.as_str(), contract.kind.as_str());
        if says != kind {
            let message = format!("`{}` is a {kind}, and is taken for a {says}", contract.stack);
            let problem =
                Diagnostic::new(Code::TypeMismatch, message).at(self.stack.span, format!("declared as a {says}"));
            ev.report(problem.help(format!("write `extern {kind} {} from …`", self.stack.name)));
        }
        let outputs = contract.outputs.iter().filter_map(|(name, promise)| {
            let ty = read_type(&promise.ty)?;
            let span = places.outputs.get(name).copied().unwrap_or(file.span);
            let declared = as_declared(ev.types(), &ty);
            let description = promise.description.as_deref().map(Arc::from);
            let old = promise.deprecated.as_deref().map(|reason| Old { reason: reason.into(), span });
            Some((Name::new(name), Offered { span, declared, ty, description, old }))
        });
        let interface = Interface { outputs: outputs.collect() };
        ev.instances.interfaces.insert(self.stack.name, Arc::new(interface));
        let placed: Vec<(&Instance, Span)> = contract.instances.iter().zip(places.accounts.iter().copied()).collect();
        for at in 0..ev.project.envs.len() {
            self.contracted_in(ev, at, &placed, file.span);
        }
        for (instance, at) in placed.iter().filter(|(instance, _)| instance.env.is_none()) {
            self.contracted_at(ev, &Place::default(), instance, (*at, file.span));
        }
    }

    fn contracted_in(&self, ev: &mut Evaluator<'p>, at: usize, placed: &[(&Instance, Span)], file: Span) {
        let Some(env) = ev.project.envs.get(at) else { return };
        let (Some(account), Some(primary)) = (env.account.clone(), env.regions.first().cloned()) else { return };
        let name = env.value.name;
        let place = Place {
            env: Some(Arc::clone(&env.value)),
            account: Some(account),
            region: Some(Arc::clone(&primary)),
            instance: None,
        };
        let here: Vec<&(&Instance, Span)> =
            placed.iter().filter(|(instance, _)| instance.env.as_deref() == Some(name.as_str())).collect();
        let mut regions: Vec<Arc<str>> = here.iter().map(|(instance, _)| instance.region.as_str().into()).collect();
        if regions.is_empty() {
            regions.push(primary);
        }
        if self.is_bound(ev, at, &place, &regions) {
            return;
        }
        for (instance, at) in here {
            self.contracted_at(ev, &place, instance, (*at, file));
        }
    }

    fn contracted_at(&self, ev: &mut Evaluator<'p>, place: &Place, instance: &Instance, (at, file): (Span, Span)) {
        let Some(account) = account(ev, place, instance) else {
            ev.report(
                Diagnostic::new(Code::UnknownName, format!("the account {} is not declared here", instance.account))
                    .at(file, format!("the contract names it for `{}`", instance.place()))
                    .at(at, "the account")
                    .help(format!("declare it: `account NAME {{ id: \"{}\" }}`", instance.account)),
            );
            return;
        };
        let there =
            There { account, region: instance.region.as_str().into(), name: (instance.name.as_str().into(), file) };
        ev.instances.promised.insert(ev.instances.planned.len(), Promised::of(instance));
        self.enter_foreign(ev, place, there, Deal::External(file));
    }
}

/// What a contract says of one instance.
#[derive(Debug)]
pub(in crate::semantics) struct Promised {
    /// How many items each list has.
    pub(in crate::semantics) lengths: BTreeMap<Name, usize>,
    /// Outputs that it does not have.
    pub(in crate::semantics) without: Vec<Name>,
}

impl Promised {
    fn of(instance: &Instance) -> Self {
        Self {
            lengths: instance.lengths.iter().map(|(name, length)| (Name::new(name), *length)).collect(),
            without: instance.without.iter().map(|name| Name::new(name)).collect(),
        }
    }
}

/// The account of the environment where it is that one, for its role and profile; else one that is declared.
fn account(ev: &Evaluator<'_>, place: &Place, instance: &Instance) -> Option<Arc<Account>> {
    let own = place.account.as_ref().filter(|account| *account.id == *instance.account);
    own.cloned().or_else(|| ev.project.account_by_id(&instance.account))
}

fn read(program: &Program, file: &Quoted) -> Result<(Contract, Places), Problem> {
    let (path, span) = (&*file.text, file.span);
    let id = match program.include_text(path) {
        Ok(Ok(id)) => id,
        Ok(Err(not_text)) => {
            let message = format!("cannot read `{path}`: line {} is not UTF-8 text", not_text.line);
            return Err(Diagnostic::new(Code::Unreadable, message)
                .at(span, "this file")
                .help("save it as UTF-8")
                .into());
        }
        Err(refusal) => return Err(cannot_read(program, span, path, &refusal).into()),
    };
    let Some(text) = program.sources.get(id) else {
        return Err(Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`")).at(span, "this file").into());
    };
    contract::placed(text).map_err(|problem| Box::new(problem.at(span, "taken as a contract here")))
}
