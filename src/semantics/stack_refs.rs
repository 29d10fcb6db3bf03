//! References from one instance to the outputs of another.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::declare::{Origin, StackDecl, Top, spelling};
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::instances::{Index, State};
use crate::semantics::model::{Head, InstanceKey, Output};
use crate::semantics::places::{Deal, Planned};
use crate::semantics::value::{ForeignOutput, Later, LaterExpr, LaterType, StackRef, Value};
use crate::source::Span;
use crate::syntax::ast::{Ident, Layer};

/// What `network.Vpc` turns out to be.
pub(super) enum Offered {
    /// An output of that instance.
    Output(Index, Output),
    /// A value that is known, or none: it is absent, or what is wrong is reported.
    Value(Value),
}

impl Evaluator<'_> {
    /// `network["us-east-1"]`, `roles[prod]`, `roles[prod, "us-east-1"]`
    pub(super) fn choose_instance(&mut self, stack: &StackRef, keys: &[(Value, Span)]) -> Value {
        let mut chosen = stack.clone();
        for (key, span) in keys {
            match key {
                Value::Env(env) if chosen.env.is_none() => chosen.env = Some(env.name),
                Value::Str(region) if chosen.region.is_none() => chosen.region = Some(Arc::clone(region)),
                Value::Unknown => return Value::Unknown,
                Value::Later(later) => {
                    self.report(fits::too_late("the instance of a stack is needed", later, *span));
                    return Value::Unknown;
                }
                other => {
                    let message = format!(
                        "an instance of a stack is chosen by environment and region, not by {}",
                        fits::kind(other)
                    );
                    self.report_value(
                        Diagnostic::new(Code::TypeMismatch, message)
                            .at(*span, fits::shown(other))
                            .help(format!("write `{0}[prod]`, `{0}[\"us-east-1\"]`, or both", stack.stack)),
                    );
                    return Value::Unknown;
                }
            }
        }
        Value::Stack(chosen.into())
    }

    /// `network.Vpc`: the output of the instance that is meant. `at` is where the stack is named.
    pub(super) fn output_of(&mut self, stack: &StackRef, output: Ident, at: Span) -> Value {
        match self.offered(stack, output, at) {
            Offered::Output(producer, found) => self.foreign(producer, stack, &found, at.to(output.span)),
            Offered::Value(value) => value,
        }
    }

    /// What is meant by `network.Vpc`.
    pub(super) fn offered(&mut self, stack: &StackRef, output: Ident, at: Span) -> Offered {
        match self.find_offered(stack, output, at) {
            Ok((producer, found)) => Offered::Output(producer, found),
            Err(value) => Offered::Value(value),
        }
    }

    fn find_offered(&mut self, stack: &StackRef, output: Ident, at: Span) -> Result<(Index, Output), Value> {
        let program = self.program;
        let Some(Top::Stack(declared)) = program.declared.tops.get(&stack.stack).copied() else {
            return Err(Value::Unknown);
        };
        let Some(declared) = program.declared.stacks.get(declared) else { return Err(Value::Unknown) };
        if self.layer() == Some(Layer::Core) && declared.layer == Layer::Service {
            self.points_up(stack.stack, declared.span, at);
            return Err(Value::Unknown);
        }
        if self.is_unread(declared) {
            return Err(Value::Unknown);
        }
        let offered = self.offers(declared);
        if !offered.iter().any(|o| o.name == output.name) {
            self.no_output(stack.stack, declared.span, output, &offered);
            return Err(Value::Unknown);
        }
        let used = format!("{}.{}", stack.stack, output.name);
        let interface = self.instances.interfaces.get(&declared.name).cloned();
        let promised = interface.as_ref().and_then(|all| all.outputs.get(&output.name)?.old.as_ref());
        self.uses_old(declared.members.old(output.name).or(promised), &used, at.to(output.span));
        if !self.instances.placed {
            self.not_placed(stack.stack, at);
            return Err(Value::Unknown);
        }
        let Some(producer) = self.instance_meant(stack, declared.span, at) else { return Err(Value::Unknown) };
        let Some(head) = self.done(producer, at) else { return Err(Value::Unknown) };
        if let Some(Deal::Given(given)) = self.instances.planned.get(producer).map(|planned| planned.deal.clone())
            && given.has(output.name)
        {
            return Err(self.given(producer, &given, output));
        }
        let found = self.instances.heads.get(head).and_then(|head| find_output(head, output.name)).cloned();
        if found.is_some() {
            self.may_be_left_out(producer, output.name, at.to(output.span));
        }
        // The producer exists there, and where the output does not: what it is made of is absent.
        found.map(|found| (producer, found)).ok_or(Value::Null)
    }

    /// Whether what a stack offers stands in a file that could not be read, which is said.
    fn is_unread(&self, declared: &StackDecl) -> bool {
        match declared.origin {
            Origin::Ours => false,
            Origin::Template => !self.program.templates.contains_key(&declared.at),
            Origin::External => self.instances.placed && !self.instances.interfaces.contains_key(&declared.name),
        }
    }

    pub(super) fn layer(&self) -> Option<Layer> {
        self.frame.place.instance.as_ref().map(|instance| instance.layer)
    }

    fn not_placed(&mut self, stack: Name, at: Span) {
        self.report(
            Diagnostic::new(Code::NothingHere, format!("the outputs of `{stack}` are not there yet"))
                .at(at, "this is evaluated before any stack is placed")
                .help("decide it by a field of the environments, a `let` or a `param`"),
        );
    }

    pub(super) fn points_up(&mut self, service: Name, declared: Span, at: Span) {
        let core = self.frame.place.instance.as_ref().map(|i| (i.key.stack, i.span));
        let Some((core, span)) = core else { return };
        self.report(
            Diagnostic::new(Code::CoreUsesService, format!("the core `{core}` uses the service `{service}`"))
                .at(at, "a service")
                .at(span, format!("`{core}` is a core"))
                .at(declared, format!("`{service}` is a service"))
                .help("the layers point down: move what both need into a core, or make this stack a service"),
        );
    }

    fn no_output(&mut self, stack: Name, declared: Span, output: Ident, known: &[Ident]) {
        let problem = Diagnostic::new(Code::UnknownOutput, format!("`{stack}` has no output `{}`", output.name));
        let near = nearest(output.name.as_str(), known.iter().map(|o| o.name.as_str()));
        let problem = match near {
            Some(near) => problem
                .at(output.span, "no such output")
                .at(declared, "declared here")
                .help(format!("write `{near}`"))
                .fix(output.span, near),
            None => problem
                .at(output.span, "no such output")
                .at(declared, "declared here")
                .help(format!("add `output {} = …` to `{stack}`", output.name)),
        };
        self.report(problem);
    }

    /// The instance that a reference means; says so where that is none or several.
    pub(super) fn instance_meant(&mut self, stack: &StackRef, declared: Span, at: Span) -> Option<Index> {
        let candidates: Vec<(Index, Arc<Planned>)> =
            self.instances.of(stack.stack).map(|(at, planned)| (at, Arc::clone(planned))).collect();
        let fitting = self.fitting(stack, &candidates);
        match fitting.as_slice() {
            [one] => return Some(*one),
            // An environment that could not be read has no instances, and that is said already.
            [] if candidates.is_empty() => {}
            [] => self.no_instance(stack, &candidates, at),
            several => {
                let keys: Vec<String> = candidates
                    .iter()
                    .filter(|(index, _)| several.contains(index))
                    .map(|(_, planned)| format!("`{}`", planned.key))
                    .collect();
                let message = format!("`{}` has several instances that could be meant here", stack.stack);
                self.report(
                    Diagnostic::new(Code::AmbiguousInstance, message)
                        .at(at, keys.join(", "))
                        .at(declared, "declared here")
                        .help(self.how_to_choose(stack, &candidates, several)),
                );
            }
        }
        None
    }

    fn how_to_choose(&self, stack: &StackRef, candidates: &[(Index, Arc<Planned>)], several: &[Index]) -> String {
        let first = candidates.iter().find(|(index, _)| several.contains(index)).map(|(_, planned)| &planned.key);
        let Some(first) = first else { return String::new() };
        let mut choice = format!("choose one: `{}[", stack.stack);
        let mine = self.frame.place.env.as_ref().map(|env| env.name);
        let same_env = first.env == mine;
        if let Some(env) = first.env.filter(|_| !same_env) {
            let _ = write!(choice, "{env}");
            if stack.region.is_none() {
                choice.push_str(", ");
            }
        }
        if stack.region.is_none() {
            let _ = write!(choice, "\"{}\"", first.region);
        }
        choice.push_str("]`");
        choice
    }

    fn no_instance(&mut self, stack: &StackRef, candidates: &[(Index, Arc<Planned>)], at: Span) {
        let mut asked = String::new();
        if let Some(env) = stack.env.or(self.frame.place.env.as_ref().map(|env| env.name)) {
            let _ = write!(asked, " in `{env}`");
        }
        if let Some(region) = &stack.region {
            let _ = write!(asked, " in `{region}`");
        }
        let keys: Vec<String> = candidates.iter().take(8).map(|(_, planned)| format!("`{}`", planned.key)).collect();
        self.report_value(
            Diagnostic::new(Code::NothingHere, format!("there is no instance of `{}`{asked}", stack.stack))
                .at(at, "none is meant by this")
                .help(format!("use one of {}", keys.join(", "))),
        );
    }

    /// The candidates that fit: same environment and region if there is one, else all that could be meant.
    fn fitting(&self, stack: &StackRef, candidates: &[(Index, Arc<Planned>)]) -> Vec<Index> {
        let mine = self.frame.place.env.as_ref().map(|env| env.name);
        let env = stack.env.or(mine);
        let fits = |key: &InstanceKey| {
            let env_fits = match (key.env, env) {
                (None, _) => stack.env.is_none(),
                (Some(_), None) => true,
                (Some(theirs), Some(ours)) => theirs == ours,
            };
            env_fits && stack.region.as_ref().is_none_or(|region| *region == key.region)
        };
        let mut all: Vec<&(Index, Arc<Planned>)> =
            candidates.iter().filter(|(_, planned)| fits(&planned.key)).collect();
        if all.len() > 1 {
            let here = |planned: &Planned| {
                planned.key.region.as_ref() == self.region() && (planned.key.env == env || planned.key.env.is_none())
            };
            if let Some(near) = all.iter().copied().find(|(_, planned)| here(planned)) {
                all = vec![near];
            }
        }
        all.iter().map(|(index, _)| *index).collect()
    }

    /// The head of an instance, evaluating it where that has not happened yet.
    pub(super) fn done(&mut self, producer: Index, at: Span) -> Option<usize> {
        match self.instances.state(producer) {
            State::Done(head) => Some(head),
            // A branch that is not taken needs no other stack.
            _ if self.dry => None,
            State::Running => {
                self.instance_cycle(producer, at);
                None
            }
            State::Waiting => {
                let fine = self.enter(at);
                if fine {
                    self.evaluate(producer, at);
                }
                self.leave();
                match self.instances.state(producer) {
                    State::Done(head) => Some(head),
                    _ => None,
                }
            }
        }
    }

    /// The value of an output as this instance gets it: a parameter of its template.
    ///
    /// It is *later* even where the producer's source says it: a selection may deploy this stack
    /// alone, next to a producer that still has its former value. Only the length of a list is
    /// taken from the source, because loops over it decide what there is.
    pub(super) fn foreign(&mut self, producer: Index, stack: &StackRef, output: &Output, span: Span) -> Value {
        match &output.ty {
            LaterType::List(_, Some(0)) => return Value::List(Arc::new([])),
            LaterType::Any if matches!(output.value, Value::Unknown) => return Value::Unknown,
            _ => {}
        }
        let Some(planned) = self.instances.planned.get(producer).cloned() else { return Value::Unknown };
        let from = ForeignOutput { instance: planned.key.clone(), output: output.name };
        let name = match self.frame.uses.get(&from) {
            Some((name, ..)) => *name,
            None => {
                let name = self.parameter_name("", (stack, &planned), output.name, span);
                self.frame.uses.insert(from, (name, span, output.ty.clone()));
                name
            }
        };
        Value::Later(Arc::new(Later {
            expr: LaterExpr::Parameter(name),
            ty: output.ty.clone(),
            origin: span,
            secret: false,
        }))
    }

    /// `NetworkVpc`; with the place, `NetworkVpcUsEast1`, where another instance than the one that
    /// `network.Vpc` means is chosen. So the name does not depend on what else is referenced.
    pub(super) fn parameter_name(
        &mut self,
        prefix: &str,
        (stack, planned): (&StackRef, &Planned),
        output: Name,
        span: Span,
    ) -> Name {
        let mut text = format!("{prefix}{}", spelling::to_pascal(stack.stack.as_str()));
        text.push_str(output.as_str());
        let plain = StackRef { stack: stack.stack, env: None, region: None };
        let candidates: Vec<(Index, Arc<Planned>)> =
            self.instances.of(stack.stack).map(|(at, planned)| (at, Arc::clone(planned))).collect();
        let usual = self.fitting(&plain, &candidates);
        let is_usual =
            matches!(usual.as_slice(), [one] if self.instances.planned.get(*one).is_some_and(|p| p.key == planned.key));
        if !is_usual {
            let mine = self.frame.place.env.as_ref().map(|env| env.name);
            if let Some(env) = planned.key.env.filter(|env| Some(*env) != mine) {
                text.push_str(&spelling::to_pascal(env.as_str()));
            }
            if planned.key.region.as_ref() != self.region() {
                text.push_str(&spelling::to_pascal(&planned.key.region));
            }
        }
        let name = self.free_name(text);
        let shown = format!("the value of `{}.{output}`", stack.stack);
        self.frame.ids.insert(name, (shown.into(), span));
        name
    }

    /// `wanted`, or with a number behind it where that is taken in this template.
    fn free_name(&self, wanted: String) -> Name {
        let taken = |name: Name| self.frame.ids.contains_key(&name) || self.frame.is_member_of_stack(name);
        let name = Name::new(&wanted);
        if !taken(name) {
            return name;
        }
        let numbered = (2_u32..).map(|n| Name::new(&format!("{wanted}{n}"))).find(|name| !taken(*name));
        numbered.unwrap_or(name)
    }
}

fn find_output(head: &Head, name: Name) -> Option<&Output> {
    let at = head.outputs.binary_search_by(|output| output.name.cmp(&name)).ok()?;
    head.outputs.get(at)
}
