//! What CloudFormation only deletes when nothing is in it.

use crate::plan::{Change, Data};

/// A kind of resource that must be empty to be deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vessel {
    /// A bucket of S3: objects in all versions.
    Bucket,
    /// A repository of ECR: images.
    Repository,
}

impl Vessel {
    /// What that type is, where it is one.
    pub(crate) fn of(resource_type: &str) -> Option<Self> {
        match resource_type {
            "AWS::S3::Bucket" => Some(Self::Bucket),
            "AWS::ECR::Repository" => Some(Self::Repository),
            _ => None,
        }
    }

    /// What is in it.
    pub(crate) fn holds(self) -> &'static str {
        match self {
            Self::Bucket => "all objects in it, in every version",
            Self::Repository => "all images in it",
        }
    }
}

/// Says of each that goes with its data that it is emptied first.
pub(crate) fn mark(changes: &mut [Change]) {
    for change in changes {
        change.empties = change.data == Some(Data::Deleted) && Vessel::of(&change.resource_type).is_some();
    }
}
