//! Whether what a change set really does lies inside what the plan showed.

use crate::plan::{Action, Change, Data, Replaces};

/// The first thing that goes beyond; `None` where all was shown.
pub(crate) fn beyond(approved: &[Change], real: &[Change], protected: &dyn Fn(&str) -> bool) -> Option<String> {
    real.iter().find_map(|change| one(approved, change, protected))
}

fn one(approved: &[Change], real: &Change, protected: &dyn Fn(&str) -> bool) -> Option<String> {
    let id = &real.logical_id;
    let verb = real.action.as_str();
    if real.action == Action::None {
        return None;
    }
    if real.action == Action::Replace && real.replacement == Replaces::Yes && protected(id) {
        return Some(format!("it would replace {id}, which is protected"));
    }
    let Some(shown) = approved.iter().find(|c| c.logical_id == *id) else {
        return Some(format!("it would {verb} {id}, which the plan does not name"));
    };
    if !covers(shown.action, real.action) {
        return Some(format!("it would {verb} {id}, and the plan says {}", shown.action.as_str()));
    }
    let loses = real.data == Some(Data::Deleted) && matches!(shown.data, Some(Data::Retained | Data::Snapshot));
    loses.then(|| format!("it would delete what {id} holds, and the plan says that it stays"))
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

    fn change(action: Action, replacement: Replaces, data: Option<Data>) -> Change {
        Change {
            logical_id: "A".into(),
            resource_type: "AWS::X::Y".into(),
            action,
            reason: Reason::Other,
            replacement,
            data,
            stateful: false,
            properties: vec![],
            attributes: vec![],
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
                let outside =
                    beyond(&[change(shown, Replaces::No, None)], &[change(real, Replaces::No, None)], &|_| false);
                let fine = real == A::None || allowed.contains(&(shown, real));
                assert_eq!(outside.is_none(), fine, "{shown:?} {real:?}: {outside:?}");
            }
        }
    }

    #[test]
    fn unnamed_resources_lost_data_and_protected_ones_are_beyond() {
        let update = change(Action::Update, Replaces::No, None);
        assert!(beyond(&[], std::slice::from_ref(&update), &|_| false).is_some());
        let kept = change(Action::Replace, Replaces::Yes, Some(Data::Retained));
        let lost = change(Action::Replace, Replaces::Yes, Some(Data::Deleted));
        assert!(beyond(std::slice::from_ref(&kept), std::slice::from_ref(&lost), &|_| false).is_some());
        assert!(beyond(&[lost], std::slice::from_ref(&kept), &|_| false).is_none());
        assert!(beyond(std::slice::from_ref(&kept), std::slice::from_ref(&kept), &|_| true).is_some());
    }
}
