//! Planning that everything goes: consumers before producers.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::cloud::{Cloud, Clouds, Stack, StackStatus};
use crate::diagnostics::{Code, Diagnostic, sort};
use crate::plan::allow::{self, Act};
use crate::plan::consumers::{Done, judge, says};
use crate::plan::protect::InForce;
use crate::plan::wanted::{Desired, Observer, Settings, Wanted};
use crate::plan::{
    Change, Plan, Purpose, StackAction, diff, empty, exports, guard, observe, orphans, problem, run, stack,
};

/// Plans the deletion of the selected stacks. Changes nothing.
///
/// # Errors
/// Everything that stands in the way: protection, data that nothing allows to be lost, another owner, a stack that is
/// not selected and still reads from one that is.
pub async fn destroy(
    clouds: &Arc<dyn Clouds>,
    desired: &Desired,
    settings: &Settings,
    observer: &Arc<dyn Observer>,
) -> Result<Plan, Vec<Diagnostic>> {
    let going: BTreeSet<String> = desired.stacks.iter().filter(|w| settings.selects(w)).map(|w| w.id.clone()).collect();
    let users = |wanted: &Wanted| wanted.producers().into_iter().any(|id| going.contains(id));
    let looked: Vec<&Arc<Wanted>> = desired
        .stacks
        .iter()
        .rev()
        .filter(|w| w.is_ours_to_deploy() || w.orphan)
        .filter(|w| going.contains(&w.id) || users(w))
        .collect();
    run::preflight(clouds, looked.iter().map(|w| &w.target)).await?;

    let mut tasks = JoinSet::new();
    for (order, wanted) in looked.into_iter().enumerate() {
        let (cloud, wanted, settings) = (clouds.at(&wanted.target), Arc::clone(wanted), settings.clone());
        let (observer, goes) = (Arc::clone(observer), going.contains(&wanted.id));
        tasks.spawn(async move {
            let plan = if goes {
                one(&cloud, &wanted, &settings, observer.as_ref()).await.map(Some)
            } else {
                still_used(&cloud, &wanted).await.map(|()| None).map_err(|problem| vec![*problem])
            };
            (order, plan)
        });
    }
    let mut ended: Vec<(usize, Done)> = Vec::new();
    let mut problems = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        match answer {
            Ok((order, Ok(Some(gone)))) => ended.push((order, gone)),
            Ok((_, Ok(None))) => {}
            Ok((_, Err(found))) => problems.extend(found),
            Err(e) => problems.push(Diagnostic::new(Code::AwsCall, format!("planning broke off: {e}"))),
        }
    }
    if problems.is_empty() {
        ended.sort_by_key(|(order, _)| *order);
        let mut done: Vec<Done> = ended.into_iter().map(|(_, gone)| gone).collect();
        for Done { plan, .. } in &mut done {
            plan.after = consumers(desired, &plan.id).filter(|id| going.contains(*id)).map(str::to_owned).collect();
        }
        problems = judge(clouds, desired, &mut done).await;
        if problems.is_empty() {
            return Ok(run::finish(desired, Purpose::Destroy, done.into_iter().map(|one| one.plan).collect()));
        }
    }
    sort(&mut problems);
    Err(problems)
}

/// Stacks that read outputs of `id`.
fn consumers<'a>(desired: &'a Desired, id: &'a str) -> impl Iterator<Item = &'a str> {
    desired.stacks.iter().filter(move |w| w.producers().contains(id)).map(|w| w.id.as_str())
}

/// Plans that one goes.
pub(crate) async fn one(
    cloud: &Arc<dyn Cloud>,
    wanted: &Arc<Wanted>,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Done, Vec<Diagnostic>> {
    let failed = |problem: Box<Diagnostic>| vec![*problem];
    let found = observe::settled(cloud, wanted, settings, observer).await.map_err(failed)?;
    let plan = stack::blank(wanted, found.as_ref());
    let Some(found) = found else { return Ok(Done::of(wanted, plan, Vec::new())) };
    let waits = found.status == StackStatus::ReviewInProgress && found.tags.is_empty();
    if !waits && !problem::is_ours(wanted, &found) {
        return Err(vec![problem::foreign(wanted, &found)]);
    }
    let template = observe::template(cloud, &found, wanted).await.map_err(failed)?;
    // What the source protected when an orphan was last deployed, its template still says.
    let protected = match &template {
        Some(template) if wanted.orphan => orphans::protected(template),
        _ => wanted.protected.clone(),
    };
    let held = Wanted { protected, ..Wanted::clone(wanted) };
    let mut done = Done::of(wanted, plan, exports::all(&found));
    done.outputs = found.outputs.keys().cloned().collect();
    done.plan.action = StackAction::Delete;
    if let Some(template) = &template {
        done.plan.changes = diff::all_gone(template, wanted.types);
        done.plan.template = crate::plan::digest::sha256([template.to_string().as_str()]);
        done.says = Some(says(template));
    }
    guard::mark(&held, &InForce::default(), &settings.allow, &mut done.plan.changes);
    if settings.empty {
        empty::mark(&mut done.plan.changes);
    }
    let refused = refused(&held, &found, template.as_ref().map(|_| done.plan.changes.as_slice()));
    if !refused.is_empty() {
        return Err(refused);
    }
    if wanted.orphan {
        done.plan.notes.push("it is deployed, and the source no longer has it".to_owned());
    }
    Ok(done)
}

/// What of a stack may not go; `changes` are not known where its template cannot be read.
fn refused(wanted: &Wanted, found: &Stack, changes: Option<&[Change]>) -> Vec<Diagnostic> {
    if found.termination_protection {
        let message = format!("{} carries termination protection", problem::called(wanted));
        let help = match wanted.orphan {
            true => "put it back into the source without `@termination_protection` and apply, then remove it",
            false => "take `@termination_protection` off and apply, then destroy",
        };
        return vec![problem::of_stack(Code::TerminationProtection, wanted, message).help(help)];
    }
    let held = |id: &String| match changes {
        Some(changes) => changes.iter().any(|change| change.logical_id == *id && change.allowed.is_none()),
        None => true,
    };
    let protected = wanted.protected.iter().filter(|(id, _)| held(id));
    let mut refused: Vec<Diagnostic> = protected.map(|(id, why)| protected_one(wanted, id, why)).collect();
    let others = changes.unwrap_or_default().iter().filter(|change| {
        change.allowed.is_none() && guard::loses_data(change) && !wanted.protected.contains_key(&change.logical_id)
    });
    let data: Vec<&str> = others.map(|change| change.logical_id.as_str()).collect();
    if !data.is_empty() {
        let message = format!("this would delete {} of `{}` with all data", guard::listed(&data), wanted.id);
        let help =
            format!("{}; `--allow 'delete:*'` is for all stacks at once", guard::allowance(&wanted.stack, &data));
        refused.push(problem::of_stack(Code::StatefulResource, wanted, message).help(help));
    }
    refused
}

fn protected_one(wanted: &Wanted, id: &str, why: &str) -> Diagnostic {
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    let message = format!("this would delete `{id}` of `{}`, which is protected{because}", wanted.id);
    let diagnostic = match wanted.places.get(id) {
        Some(place) => place.tell(Diagnostic::new(Code::ProtectedResource, message), "protected here"),
        None => problem::of_stack(Code::ProtectedResource, wanted, message),
    };
    let allow = allow::text(Act::Delete, &wanted.stack, id);
    let first = match wanted.orphan {
        true => "put the stack back into the source without `@protect` and apply, then remove it",
        false => "take `@protect` off and apply, then destroy",
    };
    diagnostic.help(format!("{first}; or allow it with `--allow {allow}`"))
}

/// A stack that stays must not lose what it reads.
async fn still_used(cloud: &Arc<dyn Cloud>, wanted: &Wanted) -> Result<(), Box<Diagnostic>> {
    let found = cloud.stack(&wanted.name).await.map_err(|e| Box::new(problem::of_call(&e, Some(wanted))))?;
    let deployed = found.filter(|s| s.status != StackStatus::DeleteComplete && problem::is_ours(wanted, s));
    if deployed.is_none() {
        return Ok(());
    }
    let message = format!("{} is deployed and reads from a stack that would go", problem::called(wanted));
    Err(Box::new(
        problem::of_stack(Code::StillUsed, wanted, message).help(format!("destroy `{}` too, or first", wanted.id)),
    ))
}
