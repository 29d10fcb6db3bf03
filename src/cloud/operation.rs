//! Which event began the operation that runs on a stack, or ran last.

use crate::cloud::{ResourceStatus, StackEvent, StackStatus};

/// The event of the stack that began its last operation, among all events in the order in which they happened.
///
/// What follows by itself belongs to what it follows: the rollback of an update, the deletion of a creation that
/// failed. AWS gives such events the token of the call, or none.
pub fn last_beginning(events: &[StackEvent]) -> Option<&StackEvent> {
    let mut begun: Option<&StackEvent> = None;
    let mut before: Option<&StackEvent> = None;
    for event in events.iter().filter(|event| event.is_of_stack()) {
        if begins(event, begun, before) {
            begun = Some(event);
        }
        before = Some(event);
    }
    begun
}

fn begins(event: &StackEvent, begun: Option<&StackEvent>, before: Option<&StackEvent>) -> bool {
    let status = status(&event.status);
    let (Some(begun), Some(before)) = (begun, before) else { return status.is_in_progress() };
    let rested = self::status(&before.status);
    status.is_in_progress()
        && match (&event.token, &begun.token) {
            (Some(token), Some(known)) if token == known => false,
            (Some(_), _) => true,
            // Without a token: a call that carried none, or what follows by itself.
            (None, _) if status.is_rollback() => rested.is_rollback() && rested.is_terminal(),
            (None, _) => rested.is_terminal(),
        }
}

fn status(status: &ResourceStatus) -> StackStatus {
    StackStatus::read(status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Time;

    /// The place of the event that began the last operation, among events of a stack: status and token.
    fn began(events: &[(&str, &str)]) -> Option<usize> {
        let event = |(at, (status, token)): (usize, &(&str, &str))| StackEvent {
            id: at.to_string(),
            stack_id: "arn".to_owned(),
            stack_name: "web".to_owned(),
            logical_id: "web".to_owned(),
            physical_id: Some("arn".to_owned()),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            status: ResourceStatus::read(status),
            reason: None,
            at: Time(0),
            token: Some((*token).to_owned()).filter(|token| !token.is_empty()),
            operation: None,
        };
        let events: Vec<StackEvent> = events.iter().enumerate().map(event).collect();
        last_beginning(&events)?.id.parse().ok()
    }

    #[test]
    fn an_operation_is_known_by_its_token_or_by_what_came_before() {
        assert_eq!(began(&[]), None);
        assert_eq!(began(&[("REVIEW_IN_PROGRESS", "")]), None);
        let created = [("REVIEW_IN_PROGRESS", ""), ("CREATE_IN_PROGRESS", "a"), ("CREATE_COMPLETE", "a")];
        for (more, begins_at) in [
            (&[][..], 1),
            (&[("UPDATE_IN_PROGRESS", "b"), ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "b")][..], 3),
            (&[("UPDATE_IN_PROGRESS", "b"), ("UPDATE_ROLLBACK_IN_PROGRESS", "b")][..], 3),
            (&[("UPDATE_IN_PROGRESS", "b"), ("UPDATE_ROLLBACK_IN_PROGRESS", "")][..], 3),
            (&[("UPDATE_IN_PROGRESS", "b"), ("UPDATE_FAILED", "b"), ("UPDATE_ROLLBACK_IN_PROGRESS", "")][..], 3),
            // Calls without a token.
            (&[("UPDATE_IN_PROGRESS", "")][..], 3),
            (&[("UPDATE_IN_PROGRESS", "b"), ("UPDATE_COMPLETE", "b"), ("DELETE_IN_PROGRESS", "")][..], 5),
            (&[("UPDATE_ROLLBACK_FAILED", "a"), ("UPDATE_ROLLBACK_IN_PROGRESS", "")][..], 4),
            // A rollback that somebody asked for.
            (&[("UPDATE_ROLLBACK_FAILED", "a"), ("UPDATE_ROLLBACK_IN_PROGRESS", "r")][..], 4),
        ] {
            let events = [&created[..], more].concat();
            assert_eq!(began(&events), Some(begins_at), "{events:?}");
        }
    }

    #[test]
    fn a_creation_that_deletes_itself_is_one_operation() {
        let events = [
            ("CREATE_IN_PROGRESS", "a"),
            ("ROLLBACK_IN_PROGRESS", "a"),
            ("ROLLBACK_COMPLETE", "a"),
            ("DELETE_IN_PROGRESS", "a"),
        ];
        assert_eq!(began(&events), Some(0));
    }
}
