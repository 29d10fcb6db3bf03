//! Parameters: where each value comes from, and whether it changes.

use std::collections::BTreeMap;

use crate::cloud::{ParameterInForce, ParameterValue, Secret};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::wanted::{Input, Live, Source, Wanted};
use crate::plan::{Differs, Origin, ParameterPlan, Shown};
use crate::slip::{self, Slip};
use crate::source::Span;
use crate::template;

/// What a consumer can know of an output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum OutputState {
    /// It has this value when the plan is applied.
    Known(String),
    /// It is made anew: its value is known after apply and differs from the deployed one.
    Anew,
    /// It may become another one: known after apply.
    Open,
}

/// Outputs of the stacks that are planned already, by id of the stack and name of the output.
pub(crate) type Outputs = BTreeMap<String, BTreeMap<String, OutputState>>;

/// The parameters of one stack.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// As the plan shows them.
    pub(crate) shown: BTreeMap<String, ParameterPlan>,
    /// As a change set takes them; what is known later is left out.
    pub(crate) values: BTreeMap<String, ParameterValue>,
}

impl Inputs {
    /// True where nothing has to wait for another stack.
    pub(crate) fn are_known(&self) -> bool {
        self.shown.values().all(|p| !matches!(p.after, Shown::Later(_)))
    }

    /// True where any value changes or may change.
    pub(crate) fn differ(&self) -> bool {
        self.shown.values().any(|p| p.differs != Differs::No)
    }
}

/// Resolves every parameter of `wanted`; `in_force` are those of the deployed stack.
///
/// # Errors
/// An input that nothing gives, an output that its stack does not have.
pub(crate) fn resolve(
    wanted: &Wanted,
    in_force: &BTreeMap<String, ParameterInForce>,
    outputs: &Outputs,
) -> Result<Inputs, Vec<Diagnostic>> {
    let mut inputs = Inputs::default();
    let mut problems = Vec::new();
    for (name, input) in &wanted.parameters {
        let deployed = in_force.get(name).map(|p| &p.value);
        match one(input, deployed, outputs) {
            Ok((shown, value)) => {
                if let Some(ParameterValue::Value(value)) = &value {
                    problems.extend(too_long(wanted, name, input, value));
                }
                inputs.shown.insert(name.clone(), shown);
                if let Some(value) = value {
                    inputs.values.insert(name.clone(), value);
                }
            }
            Err(problem) => problems.push(missing(wanted, name, input.place, &problem)),
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

/// Refuses a value that is longer than a parameter takes; what it is, it does not say.
fn too_long(wanted: &Wanted, name: &str, input: &Input, value: &Secret) -> Option<Diagnostic> {
    let (text, most) = (value.expose(), template::PARAMETER_VALUE);
    if text.len() <= most {
        return None;
    }
    let (bytes, most) = (template::grouped(text.len()), template::grouped(most));
    let (what, label, help) = match &input.source {
        Source::Output { stack, name: output, items } => {
            let list = items.map(|_| format!(", a list of {} items", count(text))).unwrap_or_default();
            let help = format!("give `{output}` out in parts, each an output of its own");
            (format!("`{output}` of `{stack}`{list}"), "read here", help)
        }
        Source::Input { .. } => (format!("input `{name}`"), "this input", "shorten it".to_owned()),
    };
    let message =
        format!("{what} has {bytes} bytes, and a parameter, as which `{}` takes it, at most {most}", wanted.id);
    let diagnostic = Diagnostic::new(Code::LimitExceeded, message).help(help);
    Some(match input.place.or(wanted.place) {
        Some(place) => diagnostic.at(place, label),
        None => diagnostic,
    })
}

/// Refuses to plan where CloudFormation would read live what is not there.
pub(crate) fn live(wanted: &Wanted, outputs: &Outputs) -> Vec<Diagnostic> {
    let problem = |live: &Live| {
        let why = match outputs.get(&live.stack) {
            None => Missing::Stack(live.stack.clone()),
            Some(of_stack) if of_stack.contains_key(&live.output) => return None,
            Some(_) => Missing::Output(live.stack.clone(), live.output.clone()),
        };
        Some(missing(wanted, &live.output, live.place, &why))
    };
    wanted.live.iter().filter_map(problem).collect()
}

/// Why a parameter has no value.
enum Missing {
    /// Nothing gives the input.
    Input,
    /// The stack that should give it is not deployed.
    Stack(String),
    /// That stack has no such output.
    Output(String, String),
    /// It has, and the list has another length than the template relies on.
    Length(Length),
}

/// A list that is longer or shorter than the source says.
struct Length {
    stack: String,
    output: String,
    expected: usize,
    found: usize,
}

type Resolved = (ParameterPlan, Option<ParameterValue>);

fn one(input: &Input, deployed: Option<&Secret>, outputs: &Outputs) -> Result<Resolved, Missing> {
    let before = deployed.map(|d| showing(d, input.secret));
    match &input.source {
        Source::Input { set: Some(value), .. } => {
            let same = deployed.is_some_and(|d| d == value && !d.is_masked());
            let differs = if same { Differs::No } else { Differs::Yes };
            let after = showing(value, input.secret);
            Ok((plan(Origin::Set, before, after, differs), Some(ParameterValue::Value(value.clone()))))
        }
        Source::Input { set: None, .. } if deployed.is_some() => {
            let after = before.clone().unwrap_or(Shown::Hidden);
            Ok((plan(Origin::Kept, before, after, Differs::No), Some(ParameterValue::Previous)))
        }
        Source::Input { set: None, default: Some(value) } => {
            let secret = Secret::new(value.clone());
            let after = showing(&secret, input.secret);
            Ok((plan(Origin::Default, None, after, Differs::Yes), Some(ParameterValue::Value(secret))))
        }
        Source::Input { set: None, default: None } => Err(Missing::Input),
        Source::Output { stack, name: output, items } => {
            let resolved = from_output(input, before, deployed, (stack, output), outputs)?;
            match (items, &resolved.1) {
                (Some(expected), Some(ParameterValue::Value(value))) if count(value.expose()) != *expected => {
                    let (stack, output, expected) = (stack.clone(), output.clone(), *expected);
                    Err(Missing::Length(Length { stack, output, expected, found: count(value.expose()) }))
                }
                _ => Ok(resolved),
            }
        }
    }
}

fn from_output(
    input: &Input,
    before: Option<Shown>,
    deployed: Option<&Secret>,
    (stack, output): (&str, &str),
    outputs: &Outputs,
) -> Result<Resolved, Missing> {
    let of_stack = outputs.get(stack).ok_or_else(|| Missing::Stack(stack.to_owned()))?;
    let state = of_stack.get(output).ok_or_else(|| Missing::Output(stack.to_owned(), output.to_owned()))?;
    let origin = Origin::Output { stack: stack.to_owned(), name: output.to_owned() };
    let later = || Shown::Later(format!("{stack} {output}"));
    Ok(match state {
        OutputState::Known(text) => {
            let value = Secret::new(text.clone());
            let differs = if deployed == Some(&value) { Differs::No } else { Differs::Yes };
            (plan(origin, before, showing(&value, input.secret), differs), Some(ParameterValue::Value(value)))
        }
        OutputState::Anew => (plan(origin, before, later(), Differs::Yes), None),
        OutputState::Open => (plan(origin, before, later(), Differs::Maybe), None),
    })
}

/// Items of a list as it crosses stacks: one text, with commas between.
pub(crate) fn count(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.split(',').count() }
}

fn plan(origin: Origin, before: Option<Shown>, after: Shown, differs: Differs) -> ParameterPlan {
    ParameterPlan { origin, before, after, differs }
}

/// A value as it may be shown; AWS's own asterisks are a secret too.
fn showing(value: &Secret, secret: bool) -> Shown {
    if secret && !slip::is(Slip::ShownSecrets) || value.is_masked() {
        Shown::Hidden
    } else {
        Shown::text(value.expose())
    }
}

fn missing(wanted: &Wanted, name: &str, place: Option<Span>, problem: &Missing) -> Diagnostic {
    let (code, message, help) = match problem {
        Missing::Input => (
            Code::MissingInput,
            format!("input `{name}` of `{}` has no value: none is deployed and it has no default", wanted.id),
            format!("give it with `--set {}.{name}=…`", wanted.stack),
        ),
        Missing::Stack(stack) => (
            Code::NotDeployed,
            format!("`{}` reads from `{stack}`, which is not deployed", wanted.id),
            format!("deploy `{stack}` first, or select it too"),
        ),
        Missing::Output(stack, output) => (
            Code::NotDeployed,
            format!("`{}` reads `{output}` of `{stack}`, and what is deployed there has no such output", wanted.id),
            format!("deploy `{stack}` first, or select it too"),
        ),
        Missing::Length(Length { stack, output, expected, found }) => (
            Code::NotDeployed,
            format!(
                "`{}` is built for {expected} items of `{output}` of `{stack}`, and {found} are deployed there",
                wanted.id
            ),
            format!("deploy `{stack}` first, or select it too"),
        ),
    };
    let diagnostic = Diagnostic::new(code, message).help(help);
    match place.or(wanted.place) {
        Some(place) => diagnostic.at(place, if matches!(problem, Missing::Input) { "this input" } else { "read here" }),
        None => diagnostic,
    }
}
