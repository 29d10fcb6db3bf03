//! Runs: every instance that is asked for, producers before consumers.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, has_errors, nearest, sort};
use crate::names::Name;
use crate::semantics::declare::Origin;
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::{Frame, Place};
use crate::semantics::instances::{Index, State};
use crate::semantics::model::{Head, Instance, InstanceKey, Lowered, Output, Parameter, ParameterSource, Site, Use};
use crate::semantics::places::{self, Deal, Planned};
use crate::semantics::reports::Reports;
use crate::semantics::used::Used;
use crate::semantics::{
    Program, Settings, Target, decorators, hatches, order, project, sequence, settings, testing, tops,
};
use crate::source::Span;

/// Evaluates what `target` asks for. See [`super::lower`].
pub(super) fn lower(program: &Program, target: &Target, each: &mut dyn FnMut(&Instance)) -> Lowered {
    let mut reports = Reports::default();
    let mut heads: Vec<Head> = Vec::new();
    let mut known = BTreeSet::new();
    let mut sites: Vec<Site> = Vec::new();
    for round in rounds(&target.envs, &settings::each(program, &target.set), target.shared) {
        let found = one(program, &round, each, &mut reports);
        // What several environments read stays where its first reader needs it.
        heads.extend(found.heads.into_iter().filter(|head| known.insert(head.key.clone())));
        sites.extend(found.sites.into_iter().filter(|site| !sites.contains(site)).collect::<Vec<_>>());
    }
    Lowered { heads, sites, diagnostics: all(program, reports) }
}

/// Evaluates every environment. See [`super::check`].
pub(super) fn check(program: &Program, set: &Settings, each: &mut dyn FnMut(&Instance)) -> Vec<Diagnostic> {
    let mut reports = Reports::default();
    let envs: Vec<Name> = program.declared.envs.iter().map(|(env, _)| *env).collect();
    for round in rounds(&envs, &settings::each(program, set), true) {
        one(program, &round, each, &mut reports);
    }
    let mut diagnostics = program.diagnostics.clone();
    diagnostics.extend(reports.take());
    if !has_errors(&diagnostics) {
        diagnostics.extend(testing::check(program, set));
    }
    sort(&mut diagnostics);
    diagnostics
}

/// One environment of a run.
#[derive(Default)]
pub(super) struct Round {
    /// `None` evaluates the shared stacks only.
    pub(super) env: Option<Name>,
    pub(super) set: Settings,
    shared: bool,
}

impl Round {
    /// An environment with these settings, and of the shared stacks what it uses.
    pub(super) fn of(env: Name, set: Settings) -> Self {
        Self { env: Some(env), set, shared: false }
    }
}

/// A round for each environment, at least one; the first has the shared stacks.
fn rounds(envs: &[Name], set: &Settings, shared: bool) -> Vec<Round> {
    let alone = envs.is_empty().then_some(None);
    let all = envs.iter().map(|env| Some(*env)).chain(alone);
    all.enumerate().map(|(at, env)| Round { env, set: set.clone(), shared: shared && at == 0 }).collect()
}

fn all(program: &Program, reports: Reports) -> Vec<Diagnostic> {
    let mut diagnostics = program.diagnostics.clone();
    diagnostics.extend(reports.into_list());
    sort(&mut diagnostics);
    diagnostics
}

/// What one round found.
struct Found {
    /// What is evaluated.
    heads: Vec<Head>,
    /// Of all environments.
    sites: Vec<Site>,
}

fn one(program: &Program, round: &Round, each: &mut dyn FnMut(&Instance), reports: &mut Reports) -> Found {
    let mut ev = Evaluator::new(program, round);
    ev.reports = std::mem::take(reports);
    read(&mut ev);
    place(&mut ev);
    check_env(&mut ev);
    instances(&mut ev, each);
    tops::rest(&mut ev);
    *reports = ev.reports;
    // Where an environment gives the outputs themselves, there is no instance.
    let given: BTreeSet<&InstanceKey> =
        ev.instances.planned.iter().filter(|p| matches!(p.deal, Deal::Given(_))).map(|p| &p.key).collect();
    let mut heads = ev.instances.heads;
    heads.retain(|head| !given.contains(&head.key));
    let regions = ev.project.envs.iter().flat_map(|env| env.regions.iter().map(move |region| (env, region)));
    let declared = regions.filter_map(|(env, region)| Some((Some(env.value.name), env.account.as_ref()?, region)));
    let ours = ev.instances.planned.iter().filter(|planned| matches!(planned.deal, Deal::Ours));
    let used = ours.map(|planned| (planned.key.env, &planned.account, &planned.key.region));
    let mut seen = BTreeSet::new();
    let sites = declared.chain(used).filter(|(env, account, region)| seen.insert((*env, &account.id, *region)));
    let site = |(env, account, region): (_, &Arc<_>, &Arc<_>)| Site {
        env,
        account: Arc::clone(account),
        region: Arc::clone(region),
    };
    Found { heads, sites: sites.map(site).collect() }
}

/// Reads the project, and what is set for this run.
pub(super) fn read(ev: &mut Evaluator<'_>) {
    ev.reports.next_round();
    decorators::check_items(ev);
    project::read(ev);
    settings::check_set(ev);
}

/// Plans where every instance is.
pub(super) fn place(ev: &mut Evaluator<'_>) {
    places::plan(ev);
    ev.instances.placed = true;
}

/// Evaluates every instance that is asked for.
pub(super) fn instances(ev: &mut Evaluator<'_>, each: &mut dyn FnMut(&Instance)) {
    for stack in sequence::stacks(ev.program) {
        let asked: Vec<(Index, Span)> = ev
            .instances
            .of(stack)
            .filter(|(_, planned)| is_asked_for(planned, ev.round))
            .map(|(at, planned)| (at, planned.span))
            .collect();
        for (at, span) in asked {
            if ev.instances.state(at) == State::Waiting {
                ev.evaluate(at, span);
            }
            for done in std::mem::take(&mut ev.instances.finished) {
                each(&done);
            }
        }
    }
}

fn is_asked_for(planned: &Planned, round: &Round) -> bool {
    match planned.key.env {
        Some(env) => Some(env) == round.env,
        None => round.shared,
    }
}

fn check_env(ev: &mut Evaluator<'_>) {
    let Some(env) = ev.round.env else {
        no_environment(ev);
        return;
    };
    let known = &ev.program.declared.envs;
    if known.iter().any(|(name, _)| *name == env) {
        return;
    }
    let problem = Diagnostic::new(Code::UnknownName, format!("there is no environment `{env}`"));
    let names: Vec<String> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
    let problem = match nearest(env.as_str(), known.iter().map(|(name, _)| name.as_str())) {
        Some(near) => problem.help(format!("choose `{near}`")),
        None if names.is_empty() => problem.help(format!("declare it: `env {env} {{ … }}`")),
        None => problem.help(format!("choose one of {}", names.join(", "))),
    };
    ev.report(problem);
}

/// Stacks live in environments: without any, nothing would be deployed, and nothing is checked.
fn no_environment(ev: &mut Evaluator<'_>) {
    let declared = &ev.program.declared;
    let stack = declared.stacks.iter().find(|stack| !ev.instances.by_stack.contains_key(&stack.name));
    if let Some(span) = stack.map(|stack| stack.span)
        && declared.envs.is_empty()
    {
        ev.report(
            Diagnostic::new(Code::MissingEnvironment, "no environment is declared")
                .at(span, "this stack is deployed nowhere")
                .help("declare one: `env dev { account: NAME, regions: [\"eu-west-1\"] }`"),
        );
    }
}

impl<'p> Evaluator<'p> {
    /// Evaluates one instance, whole. `asked` is where it is asked for.
    pub(super) fn evaluate(&mut self, at: Index, asked: Span) {
        let Some(planned) = self.instances.planned.get(at).cloned() else { return };
        let program = self.program;
        let Some(declared) = program.declared.stacks.get(planned.stack) else { return };
        let Some(item) = program.item(declared.at) else { return };
        if declared.origin == Origin::External {
            self.read_external(at, &planned, item.doc.clone());
            return;
        }
        if declared.origin == Origin::Template {
            self.evaluate_template(at, &planned, (declared, item), asked);
            return;
        }
        let Some((_, stack)) = program.stack(declared.at) else { return };
        let place = Place {
            env: planned.env.clone(),
            account: Some(Arc::clone(&planned.account)),
            region: Some(Arc::clone(&planned.key.region)),
            instance: Some(Arc::clone(&planned)),
        };
        self.instances.set(at, State::Running);
        self.instances.path.push((at, asked));
        let outer = std::mem::replace(&mut self.frame, Frame::new(place));
        let dry = std::mem::replace(&mut self.dry, false);
        self.reports.next_round();
        self.run_stack(declared, &stack.body);
        let mut resources = self.bodies();
        let outputs = self.all_outputs();
        resources.append(&mut self.frame.published);
        planned.guard(&mut resources);
        // Of a stack that others deploy, only the types are ours.
        let is_ours = matches!(planned.deal, Deal::Ours);
        if is_ours {
            self.all_asserts();
        }
        if let Some(policy) = planned.policy.as_ref().filter(|_| is_ours) {
            let ids: Vec<Name> = self.frame.pending.iter().map(|p| p.made.id).collect();
            self.check_policy(policy, &ids);
        }
        let mut frame = std::mem::replace(&mut self.frame, outer);
        self.dry = dry;
        self.reports.next_round();
        self.instances.path.pop();
        let used = Used::of(&resources, &outputs);
        self.all_is_known(&used);
        let mut head = head(&planned, item.doc.clone(), &mut frame, &used, outputs);
        self.instances.say_whose(&mut head.uses);
        if !is_ours {
            self.keep_bound(at, &planned, head);
            return;
        }
        hatches::check_names(self, &head, &resources);
        self.claim_parameters(&planned, &resources);
        self.instances.set(at, State::Done(self.instances.heads.len()));
        self.instances.heads.push(head.clone());
        if let Some(testing) = &mut self.testing {
            let mut instance = Instance { head, resources, template: None };
            order::complete(&mut instance);
            testing.keep(at, frame, instance);
            return;
        }
        // Instances of other environments are read for their outputs only.
        if planned.key.env.is_none() || planned.key.env == self.round.env {
            let mut instance = Instance { head, resources, template: None };
            order::complete(&mut instance);
            self.instances.finished.push(instance);
        }
    }

    /// An unknown value is left out of a template, so there must be an error that stops it.
    fn all_is_known(&mut self, used: &Used) {
        let Some(span) = used.unknown else { return };
        if self.reports.has_errors() || has_errors(&self.program.diagnostics) {
            return;
        }
        self.report(
            Diagnostic::new(Code::BadValue, "a value of this could not be found out, and nothing says why")
                .at(span, "not complete")
                .help("report this: it is a mistake of the compiler"),
        );
    }
}

fn head(
    planned: &Planned,
    description: Option<Arc<str>>,
    frame: &mut Frame<'_>,
    used: &Used,
    outputs: Vec<Output>,
) -> Head {
    let mut parameters = std::mem::take(&mut frame.parameters);
    let mut uses = Vec::new();
    for (from, (name, span, ty)) in std::mem::take(&mut frame.uses) {
        if !used.parameters.contains(&name) {
            continue;
        }
        parameters.push(Parameter {
            name,
            ty: settings::parameter_type(&ty),
            no_echo: false,
            description: None,
            source: ParameterSource::Output(from.clone()),
            span,
        });
        uses.push(Use { from, parameter: name, live: false, others: None, span });
    }
    let live = std::mem::take(&mut frame.live).into_iter().filter(|(from, _)| used.live.contains(from));
    uses.extend(live.map(|(from, (parameter, span))| Use { from, parameter, live: true, others: None, span }));
    uses.sort();
    parameters.sort_by_key(|parameter| parameter.name);
    Head {
        key: planned.key.clone(),
        layer: planned.layer,
        account: Arc::clone(&planned.account),
        stack_name: Arc::clone(&planned.stack_name),
        description,
        tags: planned.tags.clone(),
        termination_protection: planned.termination_protection,
        policy: planned.policy.as_ref().map(|policy| Arc::clone(&policy.statements)),
        parameters,
        outputs,
        uses,
        assets: std::mem::take(&mut frame.assets).into_values().collect(),
        bucket: planned.bucket.clone(),
        after: Vec::new(),
        span: planned.span,
        foreign: None,
    }
}
