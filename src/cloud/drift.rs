//! Drift as CloudFormation tells it: what it compared, and what differs.

use crate::cloud::Secret;

/// How far a look for drift is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Detection {
    /// It goes on.
    Running,
    /// All is compared that can be.
    Done,
    /// At least one resource could not be compared; why, where AWS says so. The others are told.
    Failed(Option<String>),
}

/// How one resource was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceDrift {
    /// Its name in the template.
    pub logical_id: String,
    /// What the service calls it.
    pub physical_id: Option<String>,
    /// `AWS::SQS::Queue`
    pub resource_type: String,
    /// How it is.
    pub verdict: Verdict,
    /// Why, where AWS says so.
    pub reason: Option<String>,
    /// All its properties as the template has them, and as they are: JSON.
    pub properties: Option<(Secret, Secret)>,
    /// What differs of them.
    pub differences: Vec<Difference>,
}

/// What CloudFormation says of a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is as its template has it.
    InSync,
    /// Some of its properties are not.
    Modified,
    /// It is gone.
    Deleted,
    /// It was not compared: CloudFormation cannot do that for its type.
    Unsupported,
    /// It could not be read, or in words that we do not know.
    Unknown,
}

/// A property that differs; a side that is missing has no such property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Its steps: names, and places in lists from 0.
    pub path: Vec<String>,
    /// As the template has it: a text, or JSON of what is more than a text.
    pub expected: Option<Secret>,
    /// As it is.
    pub actual: Option<Secret>,
}

/// The steps of a JSON pointer, such as `/Tags/0/Key`.
#[cfg(any(feature = "aws", test))]
pub(crate) fn steps(pointer: &str) -> Vec<String> {
    let step = |step: &str| step.replace("~1", "/").replace("~0", "~");
    pointer.split('/').filter(|step| !step.is_empty()).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read() {
        assert_eq!(steps("/Tags/0/a~1b~0c"), ["Tags", "0", "a/b~c"]);
        assert!(steps("/").is_empty());
    }
}
