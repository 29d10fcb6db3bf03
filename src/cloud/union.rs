//! Joins the two forms in which AWS tells what a change set would do.
//!
//! The form with property values is known to leave out whole resources and still to say `CREATE_COMPLETE`; the
//! form without them tells less about each. A plan shows the union, and no plan at all where they contradict
//! each other: a hidden deletion is the worst thing a reviewer can be given.

use std::collections::BTreeMap;

use crate::cloud::{ChangeDetail, CloudError, ErrorKind, ResourceChange};

/// The call that an error names.
const OPERATION: &str = "DescribeChangeSet";

/// One resource in one form.
type Key = (String, Option<String>);

/// All changes of both forms, by logical id; fails where they cannot both be true.
pub(crate) fn union(
    plain: Vec<ResourceChange>,
    valued: Vec<ResourceChange>,
) -> Result<Vec<ResourceChange>, CloudError> {
    let mut all = by_resource(plain)?;
    for (key, change) in by_resource(valued)? {
        let joined = match all.remove(&key) {
            Some(other) => join(other, change)?,
            None => change,
        };
        all.insert(key, joined);
    }
    Ok(all.into_values().collect())
}

/// Changes by resource; a resource told twice in one form must be told alike.
fn by_resource(changes: Vec<ResourceChange>) -> Result<BTreeMap<Key, ResourceChange>, CloudError> {
    let mut all = BTreeMap::new();
    for change in changes {
        let key = (change.logical_id.clone(), change.physical_id.clone());
        if let Some(before) = all.insert(key, change.clone())
            && before != change
        {
            return Err(contradiction(&change.logical_id, "is told twice in different ways"));
        }
    }
    Ok(all)
}

/// One resource from both forms.
fn join(plain: ResourceChange, valued: ResourceChange) -> Result<ResourceChange, CloudError> {
    let id = plain.logical_id.clone();
    if plain.action != valued.action {
        return Err(contradiction(&id, &format!("is to be `{}` and `{}`", plain.action, valued.action)));
    }
    if plain.resource_type != valued.resource_type {
        return Err(contradiction(&id, &format!("is `{}` and `{}`", plain.resource_type, valued.resource_type)));
    }
    let mut scope = plain.scope;
    scope.extend(valued.scope);
    scope.sort();
    scope.dedup();
    Ok(ResourceChange {
        replacement: either(&id, "replacement", plain.replacement, valued.replacement)?,
        policy: either(&id, "policy action", plain.policy, valued.policy)?,
        details: join_details(plain.details, valued.details),
        before: valued.before.or(plain.before),
        after: valued.after.or(plain.after),
        scope,
        action: plain.action,
        logical_id: plain.logical_id,
        physical_id: plain.physical_id,
        resource_type: plain.resource_type,
    })
}

/// The one that is told; both where they agree.
fn either<T: PartialEq + std::fmt::Display>(
    id: &str,
    what: &str,
    one: Option<T>,
    other: Option<T>,
) -> Result<Option<T>, CloudError> {
    match (one, other) {
        (Some(a), Some(b)) if a != b => Err(contradiction(id, &format!("has {what} `{a}` and `{b}`"))),
        (a, b) => Ok(a.or(b)),
    }
}

/// All details; one of the plain form goes where the valued form tells the same with more words.
fn join_details(plain: Vec<ChangeDetail>, valued: Vec<ChangeDetail>) -> Vec<ChangeDetail> {
    let mut all = valued;
    for detail in plain {
        if !all.iter().any(|told| says_as_much(told, &detail)) {
            all.push(detail);
        }
    }
    all.sort();
    all.dedup();
    all
}

/// True where `told` says all that `detail` says.
fn says_as_much(told: &ChangeDetail, detail: &ChangeDetail) -> bool {
    fn covers<T: PartialEq>(told: &Option<T>, detail: &Option<T>) -> bool {
        detail.is_none() || told == detail
    }
    covers(&told.attribute, &detail.attribute)
        && covers(&told.name, &detail.name)
        && covers(&told.path, &detail.path)
        && covers(&told.recreation, &detail.recreation)
        && covers(&told.evaluation, &detail.evaluation)
        && covers(&told.source, &detail.source)
        && covers(&told.cause, &detail.cause)
        && covers(&told.before, &detail.before)
        && covers(&told.after, &detail.after)
}

fn contradiction(id: &str, what: &str) -> CloudError {
    CloudError::new(
        ErrorKind::Incomplete,
        OPERATION,
        format!("AWS contradicts itself about the change set: `{id}` {what}"),
    )
    .help("make the plan again; if it stays so, look at the change set in the console before you apply anything")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::cloud::{ChangeAction, Recreation, Replacement, Secret};

    fn change(id: &str, action: ChangeAction) -> ResourceChange {
        ResourceChange {
            action,
            logical_id: id.into(),
            physical_id: None,
            resource_type: "AWS::SQS::Queue".into(),
            replacement: None,
            policy: None,
            scope: Vec::new(),
            details: Vec::new(),
            before: None,
            after: None,
        }
    }

    fn detail(name: &str) -> ChangeDetail {
        ChangeDetail {
            attribute: Some("Properties".into()),
            name: Some(name.into()),
            path: None,
            recreation: Some(Recreation::Never),
            evaluation: None,
            source: None,
            cause: None,
            before: None,
            after: None,
        }
    }

    #[test]
    fn what_one_form_leaves_out_the_other_brings() {
        let hidden = change("Hidden", ChangeAction::Remove);
        let told = change("Told", ChangeAction::Add);
        let all = union(vec![hidden.clone(), told.clone()], vec![told.clone()]).unwrap();
        assert_eq!(all, [hidden.clone(), told.clone()]);
        assert_eq!(union(vec![told.clone()], vec![hidden.clone(), told.clone()]).unwrap(), [hidden, told]);
    }

    #[test]
    fn values_are_added_to_what_both_tell() {
        let mut plain = change("Q", ChangeAction::Modify);
        plain.replacement = Some(Replacement::False);
        plain.details = vec![detail("Tags"), detail("VisibilityTimeout")];
        let mut valued = change("Q", ChangeAction::Modify);
        valued.details = vec![ChangeDetail { after: Some(Secret::new("30")), ..detail("VisibilityTimeout") }];
        let all = union(vec![plain], vec![valued]).unwrap();
        assert_eq!(all[0].replacement, Some(Replacement::False));
        let names: Vec<_> = all[0].details.iter().map(|d| (d.name.as_deref(), d.after.is_some())).collect();
        assert_eq!(names, [(Some("Tags"), false), (Some("VisibilityTimeout"), true)]);
    }

    #[test]
    fn a_contradiction_is_no_plan() {
        let remove = change("Q", ChangeAction::Remove);
        let modify = change("Q", ChangeAction::Modify);
        assert_eq!(union(vec![remove.clone()], vec![modify.clone()]).unwrap_err().kind, ErrorKind::Incomplete);
        assert_eq!(union(vec![remove, modify.clone()], vec![]).unwrap_err().kind, ErrorKind::Incomplete);

        let replaced = ResourceChange { replacement: Some(Replacement::True), ..modify.clone() };
        let kept = ResourceChange { replacement: Some(Replacement::False), ..modify };
        let error = union(vec![replaced], vec![kept]).unwrap_err();
        assert!(error.message.contains("replacement `True` and `False`"), "{error}");
    }
}
