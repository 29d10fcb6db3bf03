//! Whether what a change set really does lies inside what the plan showed.

use serde_json::Value;

use crate::plan::{Action, Change, Data, Differs, PropertyChange, Replaces, Shown, guard};
use crate::schema::serverless;
use crate::slip::{self, Slip};

/// What is known of the resources of the stack besides the plan.
pub(crate) struct Known<'a> {
    /// Resources that the program protects.
    pub(crate) protected: &'a dyn Fn(&str) -> bool,
    /// Resources that a transform made: the template, and so the plan, cannot name them.
    pub(crate) made: &'a dyn Fn(&str) -> bool,
}

/// The first thing that goes beyond; `None` where all was shown.
pub(crate) fn beyond(approved: &[Change], real: &[Change], known: &Known<'_>) -> Option<String> {
    real.iter().find_map(|change| one(approved, change, known))
}

fn one(approved: &[Change], real: &Change, known: &Known<'_>) -> Option<String> {
    let id = &real.logical_id;
    let verb = real.action.as_str();
    if real.action == Action::None {
        return None;
    }
    let shown = approved.iter().find(|c| c.logical_id == *id);
    let is_allowed = shown.is_some_and(|shown| shown.allowed.is_some());
    if real.action == Action::Replace && real.replacement == Replaces::Yes && (known.protected)(id) && !is_allowed {
        return Some(format!("it would replace {id}, which is protected"));
    }
    if (known.made)(id) && is_harmless(real) {
        return None;
    }
    let Some(shown) = shown else {
        return Some(format!("it would {verb} {id}, which the plan does not name"));
    };
    if !covers(shown.action, real.action) {
        return Some(format!("it would {verb} {id}, and the plan says {}", shown.action.as_str()));
    }
    // What is protected and only may be replaced, the stack policy stops.
    let is_held = (known.protected)(id) && real.replacement == Replaces::Maybe;
    if guard::loses_data(real) && !is_allowed && !is_held && !slip::is(Slip::UnguardedData) {
        return Some(format!("it would {verb} {id}, which holds data, and nothing allows that"));
    }
    if let Some(moved) = real.properties.iter().find_map(|property| moved(id, &shown.properties, property)) {
        return Some(moved);
    }
    let loses = real.data == Some(Data::Deleted) && matches!(shown.data, Some(Data::Retained | Data::Snapshot));
    loses.then(|| format!("it would delete what {id} holds, and the plan says that it stays"))
}

/// A property that would change and is not what the plan saw: somebody else changed it since, and an old answer hid that.
fn moved(id: &str, shown: &[PropertyChange], real: &PropertyChange) -> Option<String> {
    // What follows from another value is not edited, and moves with that.
    if real.cause.is_some() || real.differs != Differs::Yes || slip::is(Slip::MovedValues) {
        return None;
    }
    let top = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let path = &real.path;
    if !path.is_empty() && !shown.iter().any(|p| p.path.is_empty() || top(&p.path) == top(path)) {
        return Some(format!("it would change {path} of {id}, which the plan does not name"));
    }
    let before = scalar(shown.iter().find(|p| p.path == *path)?.before.as_ref()?)?;
    let now = scalar(real.before.as_ref()?)?;
    (before != now).then(|| format!("{path} of {id} is {now} now, and the plan shows {before}"))
}

/// A value that is written the same way everywhere.
fn scalar(shown: &Shown) -> Option<String> {
    match shown {
        Shown::Value(Value::String(text)) => Some(text.clone()),
        Shown::Value(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        _ => None,
    }
}

/// True where nothing is lost: it is made, changed in place or let go, or is of a type that is made anew each time.
fn is_harmless(real: &Change) -> bool {
    matches!(real.action, Action::Create | Action::Update | Action::Forget)
        || serverless::is_made_anew(&real.resource_type)
}

/// True where somebody who agreed to `shown` agreed to `real` too.
fn covers(shown: Action, real: Action) -> bool {
    match real {
        Action::Update => matches!(shown, Action::Update | Action::Replace),
        Action::Forget => matches!(shown, Action::Forget | Action::Delete),
        other => shown == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Reason;

    fn of(approved: &[Change], real: &[Change], protected: bool) -> Option<String> {
        beyond(approved, real, &Known { protected: &|_| protected, made: &|_| false })
    }

    fn change(action: Action, replacement: Replaces, data: Option<Data>) -> Change {
        Change {
            logical_id: "A".into(),
            resource_type: "AWS::X::Y".into(),
            action,
            reason: Reason::Other,
            replacement,
            data,
            stateful: false,
            allowed: None,
            empties: false,
            properties: vec![],
            attributes: vec![],
            place: None,
        }
    }

    #[test]
    fn no_action_worse_than_shown() {
        use Action as A;
        let all = [A::None, A::Move, A::Import, A::Forget, A::Create, A::Update, A::Replace, A::Delete];
        let allowed = [
            (A::Move, A::Move),
            (A::Import, A::Import),
            (A::Forget, A::Forget),
            (A::Delete, A::Forget),
            (A::Create, A::Create),
            (A::Update, A::Update),
            (A::Replace, A::Update),
            (A::Replace, A::Replace),
            (A::Delete, A::Delete),
        ];
        for shown in all {
            for real in all {
                let outside = of(&[change(shown, Replaces::No, None)], &[change(real, Replaces::No, None)], false);
                let fine = real == A::None || allowed.contains(&(shown, real));
                assert_eq!(outside.is_none(), fine, "{shown:?} {real:?}: {outside:?}");
            }
        }
    }

    #[test]
    fn unnamed_resources_lost_data_and_protected_ones_are_beyond() {
        let update = change(Action::Update, Replaces::No, None);
        assert!(of(&[], std::slice::from_ref(&update), false).is_some());
        let kept = change(Action::Replace, Replaces::Yes, Some(Data::Retained));
        let lost = change(Action::Replace, Replaces::Yes, Some(Data::Deleted));
        assert!(of(std::slice::from_ref(&kept), std::slice::from_ref(&lost), false).is_some());
        assert!(of(&[lost], std::slice::from_ref(&kept), false).is_none());
        assert!(of(std::slice::from_ref(&kept), std::slice::from_ref(&kept), true).is_some());
    }

    #[test]
    fn what_somebody_else_changed_since_is_beyond() {
        let property = |path: &str, before: Value| PropertyChange {
            path: path.to_owned(),
            before: Some(Shown::Value(before)),
            after: None,
            differs: Differs::Yes,
            replaces: Replaces::No,
            cause: None,
            place: None,
        };
        let with =
            |properties: Vec<PropertyChange>| Change { properties, ..change(Action::Update, Replaces::No, None) };
        let shown = with(vec![property("Delay", Value::from(30)), property("Tags.0.Value", Value::from("a"))]);
        let one = |real| of(std::slice::from_ref(&shown), &[with(vec![real])], false);
        assert_eq!(one(property("Delay", Value::from("30"))), None);
        assert_eq!(one(property("Tags.1.Value", Value::from("b"))), None);
        let delay = one(property("Delay", Value::from(777)));
        assert_eq!(delay.as_deref(), Some("Delay of A is 777 now, and the plan shows 30"));
        let other = one(property("Name", Value::from("x")));
        assert_eq!(other.as_deref(), Some("it would change Name of A, which the plan does not name"));
    }

    #[test]
    fn data_goes_only_where_that_is_allowed_or_the_stack_policy_stops_it() {
        for (action, replaces) in
            [(Action::Replace, Replaces::Yes), (Action::Replace, Replaces::Maybe), (Action::Delete, Replaces::No)]
        {
            let real = Change { stateful: true, ..change(action, replaces, None) };
            let allowed = Change { allowed: Some("replace:*".to_owned()), ..real.clone() };
            let one = |shown: &Change, is_protected| {
                of(std::slice::from_ref(shown), std::slice::from_ref(&real), is_protected)
            };
            assert!(one(&real, false).is_some());
            assert!(one(&allowed, false).is_none() && one(&allowed, true).is_none());
            assert_eq!(one(&real, true).is_none(), replaces == Replaces::Maybe);
        }
    }

    #[test]
    fn what_a_transform_makes_may_appear_and_change_and_only_what_publishes_may_go() {
        let outside = |action, kind: &str| {
            let real = Change { resource_type: kind.to_owned(), ..change(action, Replaces::Yes, None) };
            beyond(&[], &[real], &Known { protected: &|_| false, made: &|_| true }).is_some()
        };
        assert!(!outside(Action::Create, "AWS::IAM::Role") && !outside(Action::Update, "AWS::IAM::Role"));
        assert!(outside(Action::Delete, "AWS::IAM::Role") && outside(Action::Replace, "AWS::SQS::Queue"));
        assert!(!outside(Action::Delete, "AWS::ApiGateway::Deployment"));
    }
}
