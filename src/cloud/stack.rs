//! Stacks as they are found: status, parameters, outputs, resources, events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::cloud::{ResourceStatus, Secret, StackStatus};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, by the clock of AWS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time(pub i64);

impl fmt::Display for Time {
    /// As `2026-11-21T08:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, of_day) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        let (seconds, millis) = (of_day / 1000, of_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// Year, month and day of the Gregorian calendar, `days` after 1970-01-01.
///
/// Counts in eras of 400 years that begin on a 1 March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A stack as `DescribeStacks` tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stack {
    /// Its ARN; stays the same for this life of the name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is in its life. May be stale: success of an operation is decided by events.
    pub status: StackStatus,
    /// Why, where AWS says so.
    pub status_reason: Option<String>,
    /// Parameters in force; `NoEcho` ones are asterisks.
    pub parameters: BTreeMap<String, ParameterInForce>,
    /// Outputs by key.
    pub outputs: BTreeMap<String, Output>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Capabilities it was last deployed with.
    pub capabilities: Vec<String>,
    /// Description of its template.
    pub description: Option<String>,
    /// Service role that CloudFormation uses for it.
    pub role: Option<String>,
    /// Whether deleting it is refused.
    pub termination_protection: bool,
    /// When it was made.
    pub created: Option<Time>,
    /// When it was last updated.
    pub updated: Option<Time>,
    /// When it was deleted.
    pub deleted: Option<Time>,
    /// ARN of the stack that nests it.
    pub parent: Option<String>,
    /// ARN of the change set that was executed last (`ChangeSetId` of `DescribeStacks`). Its name carries the
    /// fingerprint by which the planner knows an unchanged stack from this one call.
    pub change_set: Option<String>,
    /// Ids of its last operations, newest first, where AWS tells them; making a change set is none.
    pub operations: Vec<String>,
}

/// A parameter value in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParameterInForce {
    /// The value as given.
    pub value: Secret,
    /// What an SSM parameter name resolved to.
    pub resolved: Option<Secret>,
}

/// An output of a deployed stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Its value.
    pub value: String,
    /// What it says about itself.
    pub description: Option<String>,
    /// The name it is exported under.
    pub export: Option<String>,
}

/// A stack as `ListStacks` tells it; includes deleted ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackSummary {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: StackStatus,
    /// Why, where AWS says so.
    pub status_reason: Option<String>,
    /// ARN of the stack that nests it.
    pub parent: Option<String>,
}

/// A resource of a stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// What the service calls it; none while it is not made.
    pub physical_id: Option<String>,
    /// `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Its status.
    pub status: ResourceStatus,
    /// Why, where AWS says so.
    pub status_reason: Option<String>,
}

/// Something that happened to a stack or to one of its resources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackEvent {
    /// Unique id of the event.
    pub id: String,
    /// ARN of the stack.
    pub stack_id: String,
    /// Name of the stack.
    pub stack_name: String,
    /// Name in the template; the stack's own name for events of the stack.
    pub logical_id: String,
    /// What the service calls it; the stack's ARN for events of the stack.
    pub physical_id: Option<String>,
    /// `AWS::SQS::Queue`; `AWS::CloudFormation::Stack` for the stack.
    pub resource_type: String,
    /// What happened.
    pub status: ResourceStatus,
    /// Why, where AWS says so.
    pub reason: Option<String>,
    /// When, by the clock of AWS.
    pub at: Time,
    /// Token of the call that began the operation: ours, somebody else's, or none.
    pub token: Option<String>,
    /// Id of the operation, where AWS tells it; a rollback may have its own.
    pub operation: Option<String>,
}

impl StackEvent {
    /// True where it tells about the stack itself and not about a resource of it.
    pub fn is_of_stack(&self) -> bool {
        self.physical_id.as_deref() == Some(self.stack_id.as_str())
    }
}

/// Brings events, told newest first, into the order in which they happened, and drops those told twice.
///
/// Events of one moment keep the order in which they were told: their ids are random.
pub fn in_order(newest_first: Vec<StackEvent>) -> Vec<StackEvent> {
    let mut told = BTreeSet::new();
    let mut events: Vec<_> = newest_first.into_iter().rev().filter(|event| told.insert(event.id.clone())).collect();
    events.sort_by_key(|event| event.at);
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Time(951_782_400_000).to_string(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Time(1_795_248_000_123).to_string(), "2026-11-21T08:00:00.123Z");
        assert_eq!(Time(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }
}
