//! The rules of one listener have different priorities, whichever stacks they are in: AWS refuses the second one of
//! two, and only while deploying.

use rustc_hash::FxHashMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::semantics::model::{Instance, InstanceKey, Resource};
use crate::semantics::value::{LaterExpr, Value};
use crate::source::Span;

/// The types that are rules of listeners, each with the property that says whose.
pub(crate) const RULES: &[(&str, &str)] =
    &[("AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerArn"), ("AWS::VpcLattice::Rule", "ListenerIdentifier")];

/// The first and the last priority that a rule may have.
pub(crate) const LEAST: i64 = 1;
pub(crate) const MOST: i64 = 50_000;

/// A listener, wherever it is named.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Listener {
    /// By its logical id, or by the input that is to give it; of a list, by its place in it.
    Here(InstanceKey, Name, Option<usize>),
    /// An output of a stack that we only read; of a list, by its place in it.
    Output(InstanceKey, Name, Option<usize>),
    /// By its ARN.
    Arn(String),
}

/// A rule that has its priority.
struct Rule {
    instance: InstanceKey,
    id: Name,
    /// As the source says it, from outside of components: `App.Rule`.
    shown: String,
    /// Where people decide about it: the use of the component that it is in, if it is in one.
    span: Span,
}

/// What is known of the rules of the instances so far, producers before consumers.
#[derive(Default)]
pub(super) struct Priorities {
    /// What outputs stand for that are listeners, or lists of them by their places.
    outputs: FxHashMap<(InstanceKey, Name, Option<usize>), Listener>,
    taken: FxHashMap<(Listener, i64), Rule>,
}

impl Priorities {
    /// Takes an instance into account, and says which of its rules have the priority of another one.
    pub(super) fn check(&mut self, instance: &Instance, found: &mut Vec<Diagnostic>) {
        for resource in &instance.resources {
            let Some((listener, priority)) = self.rule(instance, resource) else { continue };
            let rule = Rule {
                instance: instance.head.key.clone(),
                id: resource.id,
                shown: format!("{}.{}", instance.head.key.stack, resource.shown),
                span: resource.within.last().map_or(resource.span, |used| used.span),
            };
            match self.taken.get(&(listener.clone(), priority)) {
                // An instance that several environments share comes more than once.
                Some(first) if first.instance == rule.instance && first.id == rule.id => {}
                Some(first) => found.push(same(first, &rule, priority)),
                None => drop(self.taken.insert((listener, priority), rule)),
            }
        }
        for output in &instance.head.outputs {
            let items: Vec<(Option<usize>, &Value)> = match &output.value {
                Value::List(items) => items.iter().enumerate().map(|(at, item)| (Some(at), item)).collect(),
                value => vec![(None, value)],
            };
            for (at, value) in items {
                if let Some(listener) = self.listener(instance, value) {
                    self.outputs.insert((instance.head.key.clone(), output.name, at), listener);
                }
            }
        }
    }

    /// The listener and the priority of a rule, where both are known.
    fn rule(&self, instance: &Instance, resource: &Resource) -> Option<(Listener, i64)> {
        let (_, owner) = RULES.iter().find(|(ty, _)| *ty == resource.ty.as_str())?;
        let Value::Object(properties) = &resource.properties else { return None };
        let priority = match properties.get(Name::new("Priority"))? {
            Value::Int(priority) => *priority,
            Value::Str(text) => text.parse().ok()?,
            _ => return None,
        };
        Some((self.listener(instance, properties.get(Name::new(owner))?)?, priority))
    }

    fn listener(&self, instance: &Instance, value: &Value) -> Option<Listener> {
        match value {
            Value::Str(arn) => Some(Listener::Arn(arn.to_string())),
            Value::Later(later) => match &later.expr {
                LaterExpr::Ref(id) | LaterExpr::GetAtt(id, _) => {
                    Some(Listener::Here(instance.head.key.clone(), *id, None))
                }
                LaterExpr::Parameter(name) => Some(self.given(instance, *name, None)),
                LaterExpr::Select(at, list) => match list.expr {
                    LaterExpr::Parameter(name) => Some(self.given(instance, name, Some(*at))),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The listener that a parameter gives, or has in that place of its list.
    fn given(&self, instance: &Instance, parameter: Name, at: Option<usize>) -> Listener {
        match instance.head.uses.iter().find(|used| used.parameter == parameter) {
            None => Listener::Here(instance.head.key.clone(), parameter, at),
            Some(used) => {
                let output = (used.from.instance.clone(), used.from.output, at);
                let known = self.outputs.get(&output).cloned();
                known.unwrap_or(Listener::Output(output.0, output.1, at))
            }
        }
    }
}

fn same(first: &Rule, second: &Rule, priority: i64) -> Diagnostic {
    let (a, b) = (first.named(second), second.named(first));
    let message = format!("{a} and {b} are rules of one listener with the priority {priority}");
    let problem = Diagnostic::new(Code::DuplicatePriority, message);
    let problem = match first.span == second.span {
        true => problem.at(second.span, "both are made here"),
        false => problem.at(second.span, b).at(first.span, a),
    };
    match (first.instance.env, second.instance.env) {
        (Some(a), Some(b)) if a != b => {
            problem.help(format!("give each environment another priority: `match env {{ {a}: …, {b}: … }}`"))
        }
        _ => problem.help(format!(
            "give one of them another priority, from {LEAST} to {MOST}, that no other rule of the listener has"
        )),
    }
}

impl Rule {
    /// As a message says it: with the environment, where the other one is of another.
    fn named(&self, other: &Self) -> String {
        match self.instance.env.filter(|_| self.instance.env != other.instance.env) {
            Some(env) => format!("`{}` in `{env}`", self.shown),
            None => format!("`{}`", self.shown),
        }
    }
}
