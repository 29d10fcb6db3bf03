//! The operations, by name.

use crate::sandbox::facts::{self, Answer};
use crate::sandbox::wire::{Params, Xml};
use crate::sandbox::world::{Caller, World};

mod change_sets;
mod describe;
mod drift;
mod events;
mod recover;
mod request;
mod stacks;
mod sts;
mod templates;

/// What an operation puts into its `…Result` element; `None` for those without one.
type Outcome = Answer<Option<String>>;

/// Calls an operation of a service.
pub(crate) fn call(world: &mut World, caller: &Caller, service: &str, action: &str, params: &Params) -> Outcome {
    if service == "sts" {
        return match action {
            "GetCallerIdentity" => sts::get_caller_identity(caller),
            "AssumeRole" => sts::assume_role(world, caller, params),
            _ => Err(facts::unknown_action(action)),
        };
    }
    match action {
        "CreateChangeSet" => change_sets::create(world, caller, params),
        "DescribeChangeSet" => change_sets::describe(world, caller, params),
        "ExecuteChangeSet" => change_sets::execute(world, caller, params),
        "DeleteChangeSet" => change_sets::delete(world, caller, params),
        "ListChangeSets" => change_sets::list(world, caller, params),
        "CreateStack" => stacks::create(world, caller, params),
        "UpdateStack" => stacks::update(world, caller, params),
        "DeleteStack" => stacks::delete(world, caller, params),
        "UpdateTerminationProtection" => stacks::protect(world, caller, params),
        "SetStackPolicy" => stacks::set_policy(world, caller, params),
        "GetStackPolicy" => stacks::get_policy(world, caller, params),
        "CancelUpdateStack" => recover::cancel(world, caller, params),
        "ContinueUpdateRollback" => recover::go_on(world, caller, params),
        "RollbackStack" => recover::roll_back(world, caller, params),
        "DescribeStacks" => describe::stacks(world, caller, params),
        "ListStacks" => describe::list(world, caller, params),
        "ListStackResources" => describe::list_resources(world, caller, params),
        "DescribeStackResources" => describe::resources(world, caller, params),
        "DescribeStackResource" => describe::resource(world, caller, params),
        "ListExports" => describe::exports(world, caller, params),
        "ListImports" => describe::imports(world, caller, params),
        "DescribeAccountLimits" => describe::limits(),
        "DescribeStackEvents" => events::of_stack(world, caller, params),
        "DescribeEvents" => events::of_operation(world, caller, params),
        "DetectStackDrift" => drift::detect(world, caller, params),
        "DescribeStackDriftDetectionStatus" => drift::detection(world, caller, params),
        "DescribeStackResourceDrifts" => drift::resources(world, caller, params),
        "GetTemplate" => templates::get(world, caller, params),
        "GetTemplateSummary" => templates::summary(world, caller, params),
        "ValidateTemplate" => templates::validate(world, params),
        _ => Err(facts::unknown_action(action)),
    }
}

/// The inside of a result element.
fn result(write: impl FnOnce(&mut Xml)) -> Outcome {
    let mut xml = Xml::default();
    write(&mut xml);
    Ok(Some(xml.finish()))
}

/// One page of a list, and the token of the next one.
fn page<T>(items: Vec<T>, params: &Params, size: usize) -> Answer<(Vec<T>, Option<String>)> {
    let from = match params.text("NextToken") {
        None => 0,
        // The token is the place to go on from, with a prefix so that nobody takes it for a number.
        Some(token) => {
            token.strip_prefix("page-").and_then(|at| at.parse::<usize>().ok()).ok_or_else(facts::bad_page_token)?
        }
    };
    let next = from.saturating_add(size.max(1));
    let token = (items.len() > next).then(|| format!("page-{next}"));
    Ok((items.into_iter().skip(from).take(size.max(1)).collect(), token))
}
