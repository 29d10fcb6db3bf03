//! Instances that we only read: what they offer, and what their values must be.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::{Origin, StackDecl};
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::instances::{Index, State};
use crate::semantics::interface::{Expected, as_declared};
use crate::semantics::model::{Foreign, Head, Output};
use crate::semantics::places::{Deal, Given, Planned};
use crate::semantics::value::{LaterType, Value};
use crate::syntax::ast::Ident;

impl Evaluator<'_> {
    /// The names of the outputs that a stack declares.
    pub(super) fn offers(&self, stack: &StackDecl) -> Vec<Ident> {
        match stack.origin {
            Origin::Ours => stack.members.outputs.clone(),
            Origin::Template => {
                let outputs = self.program.templates.get(&stack.at).into_iter().flat_map(|template| &template.outputs);
                outputs.map(|output| Ident { name: output.name, span: output.span }).collect()
            }
            Origin::External => {
                let interface = self.instances.interfaces.get(&stack.name);
                let outputs = interface.into_iter().flat_map(|i| &i.outputs);
                outputs.map(|(name, offered)| Ident { name: *name, span: offered.span }).collect()
            }
        }
    }

    /// What an instance of an external stack offers.
    pub(super) fn read_external(&mut self, at: Index, planned: &Arc<Planned>, description: Option<Arc<str>>) {
        let Some(interface) = self.instances.interfaces.get(&planned.key.stack).cloned() else { return };
        let mut expected = BTreeMap::new();
        let mut outputs = Vec::new();
        let promised = self.instances.promised.get(&at);
        for (name, offered) in &interface.outputs {
            if promised.is_some_and(|promised| promised.without.contains(name)) {
                continue;
            }
            let length = promised.and_then(|promised| promised.lengths.get(name).copied());
            expected.insert(*name, Expected::declared(self.types(), offered.declared.clone()));
            outputs.push(Output {
                name: *name,
                value: Value::Null,
                ty: match &offered.ty {
                    LaterType::List(item, _) => LaterType::List(item.clone(), length),
                    ty => ty.clone(),
                },
                description: offered.description.clone(),
                deprecated: offered.old.as_ref().map(|old| Arc::clone(&old.reason)),
                span: offered.span,
                export: None,
            });
        }
        self.keep(at, planned, planned.head(description, outputs), expected);
    }

    /// What is left of a stack of ours where an environment binds it: the types of its outputs.
    pub(super) fn keep_bound(&mut self, at: Index, planned: &Arc<Planned>, mut head: Head) {
        head.parameters.clear();
        head.uses.clear();
        head.after.clear();
        let types = self.types();
        let expected = head.outputs.iter().map(|o| (o.name, Expected::inferred(types, &o.ty))).collect();
        self.keep(at, planned, head, expected);
    }

    fn keep(&mut self, at: Index, planned: &Arc<Planned>, mut head: Head, expected: BTreeMap<Name, Expected>) {
        match &planned.deal {
            Deal::Ours => return,
            Deal::External(span) => head.foreign = Some(Foreign { bound: false, span: *span, expected }),
            Deal::Bound(span) => head.foreign = Some(Foreign { bound: true, span: *span, expected }),
            Deal::Given(given) => {
                head.foreign = Some(Foreign { bound: true, span: given.span, expected });
                self.fit_given(at, planned, given, &head);
            }
        }
        self.instances.set(at, State::Done(self.instances.heads.len()));
        self.instances.heads.push(head);
    }

    /// Holds what an environment gives against the outputs that the stack declares.
    fn fit_given(&mut self, at: Index, planned: &Planned, given: &Given, head: &Head) {
        let program = self.program;
        let Some(declared) = program.declared.stacks.get(planned.stack) else { return };
        let offered = self.offers(declared);
        let mut fitted = BTreeMap::new();
        self.reports.next_round();
        for (name, span, value) in &given.values {
            if !offered.iter().any(|output| output.name == name.name) {
                self.report(no_such_output(declared, *name, &offered));
                continue;
            }
            let value = match head.outputs.iter().find(|output| output.name == name.name) {
                Some(output) => {
                    let ty = as_declared(program.types, &output.ty);
                    fits::fit(self, &ty, value.clone(), *span)
                }
                None => value.clone(),
            };
            fitted.insert(name.name, value);
        }
        self.instances.given.insert(at, fitted);
    }

    /// The value of an output that the environment gives.
    pub(super) fn given(&mut self, at: Index, given: &Given, output: Ident) -> Value {
        if let Some(value) = self.instances.given.get(&at).and_then(|values| values.get(&output.name)) {
            return value.clone();
        }
        // What could not be read is said already.
        if given.values.iter().any(|(name, ..)| name.name == output.name) {
            return Value::Unknown;
        }
        let here = self.here();
        let stack = self.instances.planned.get(at).map_or("", |planned| planned.key.stack.as_str());
        self.report_value(
            Diagnostic::new(Code::MissingField, format!("{here} gives no `{}` of `{stack}`", output.name))
                .at(output.span, "used here")
                .at(given.span, format!("stands for `{stack}`"))
                .help(format!("add `{}: …` to the binding", output.name)),
        );
        Value::Unknown
    }
}

fn no_such_output(stack: &StackDecl, name: Ident, offered: &[Ident]) -> Diagnostic {
    let problem = Diagnostic::new(Code::UnknownOutput, format!("`{}` has no output `{}`", stack.name, name.name))
        .at(name.span, "nothing reads this")
        .at(stack.span, "declared here");
    match nearest(name.name.as_str(), offered.iter().map(|o| o.name.as_str())) {
        Some(near) => problem.help(format!("write `{near}`")).fix(name.span, near),
        None => {
            let all: Vec<String> = offered.iter().take(8).map(|o| format!("`{}`", o.name)).collect();
            match all.is_empty() {
                true => problem.help("take it out"),
                false => problem.help(format!("give one of {}", all.join(", "))),
            }
        }
    }
}

impl Planned {
    /// A head without parameters, of an instance that we only read.
    pub(super) fn head(&self, description: Option<Arc<str>>, outputs: Vec<Output>) -> Head {
        Head {
            key: self.key.clone(),
            layer: self.layer,
            account: Arc::clone(&self.account),
            stack_name: Arc::clone(&self.stack_name),
            description,
            tags: BTreeMap::new(),
            termination_protection: false,
            policy: None,
            parameters: Vec::new(),
            outputs,
            assets: Vec::new(),
            bucket: self.bucket.clone(),
            uses: Vec::new(),
            after: Vec::new(),
            span: self.span,
            foreign: None,
        }
    }
}
