//! Statuses as AWS writes them. Every set is open: a status we do not know is kept as its text.

/// An enum of AWS words that keeps words it does not know.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name {
            $($(#[$case_doc])* #[doc = concat!("`", $word, "`")] $case,)+
            /// A word that this version does not know: neither finished nor good.
            Unknown(String),
        }

        impl $name {
            /// Every known word.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// Reads the word as AWS writes it; never fails.
            pub fn read(word: &str) -> Self {
                match word {
                    $($word => Self::$case,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }

            /// The word as AWS writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$case => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a stack is in its life.
    StackStatus {
        CreateInProgress = "CREATE_IN_PROGRESS",
        CreateFailed = "CREATE_FAILED",
        CreateComplete = "CREATE_COMPLETE",
        RollbackInProgress = "ROLLBACK_IN_PROGRESS",
        RollbackFailed = "ROLLBACK_FAILED",
        RollbackComplete = "ROLLBACK_COMPLETE",
        DeleteInProgress = "DELETE_IN_PROGRESS",
        DeleteFailed = "DELETE_FAILED",
        DeleteComplete = "DELETE_COMPLETE",
        UpdateInProgress = "UPDATE_IN_PROGRESS",
        UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        UpdateComplete = "UPDATE_COMPLETE",
        UpdateFailed = "UPDATE_FAILED",
        UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
        UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
        UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
        ReviewInProgress = "REVIEW_IN_PROGRESS",
        ImportInProgress = "IMPORT_IN_PROGRESS",
        ImportComplete = "IMPORT_COMPLETE",
        ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
        ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
        ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
    }
}

impl StackStatus {
    /// An operation runs and CloudFormation will move the stack on by itself.
    ///
    /// `REVIEW_IN_PROGRESS` is not one: nothing runs, the stack waits for its first change set.
    pub fn is_in_progress(&self) -> bool {
        use StackStatus as S;
        matches!(
            self,
            S::CreateInProgress
                | S::RollbackInProgress
                | S::DeleteInProgress
                | S::UpdateInProgress
                | S::UpdateCompleteCleanupInProgress
                | S::UpdateRollbackInProgress
                | S::UpdateRollbackCompleteCleanupInProgress
                | S::ImportInProgress
                | S::ImportRollbackInProgress
        )
    }

    /// No operation runs any more. An unknown status is not terminal.
    pub fn is_terminal(&self) -> bool {
        !self.is_in_progress() && !matches!(self, Self::ReviewInProgress | Self::Unknown(_))
    }

    /// The last operation ended as it was meant to.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::CreateComplete | Self::UpdateComplete | Self::ImportComplete | Self::DeleteComplete)
    }

    /// The last operation ended otherwise than it was meant to: failed, or was rolled back.
    pub fn is_failure(&self) -> bool {
        self.is_terminal() && !self.is_success()
    }

    /// A rollback runs or has run.
    pub fn is_rollback(&self) -> bool {
        use StackStatus as S;
        matches!(
            self,
            S::RollbackInProgress
                | S::RollbackFailed
                | S::RollbackComplete
                | S::UpdateRollbackInProgress
                | S::UpdateRollbackFailed
                | S::UpdateRollbackCompleteCleanupInProgress
                | S::UpdateRollbackComplete
                | S::ImportRollbackInProgress
                | S::ImportRollbackFailed
                | S::ImportRollbackComplete
        )
    }

    /// An update change set can be made and executed.
    pub fn is_updatable(&self) -> bool {
        use StackStatus as S;
        matches!(
            self,
            S::CreateComplete
                | S::UpdateComplete
                | S::UpdateRollbackComplete
                | S::ImportComplete
                | S::ImportRollbackComplete
        )
    }

    /// Nothing but the name of a first creation that failed is left; it can only be deleted.
    pub fn is_dead_shell(&self) -> bool {
        matches!(self, Self::RollbackComplete | Self::CreateFailed | Self::RollbackFailed)
    }
}

words! {
    /// Where a change set is in its making.
    ChangeSetStatus {
        CreatePending = "CREATE_PENDING",
        CreateInProgress = "CREATE_IN_PROGRESS",
        CreateComplete = "CREATE_COMPLETE",
        DeletePending = "DELETE_PENDING",
        DeleteInProgress = "DELETE_IN_PROGRESS",
        DeleteComplete = "DELETE_COMPLETE",
        DeleteFailed = "DELETE_FAILED",
        Failed = "FAILED",
    }
}

impl ChangeSetStatus {
    /// It is still being made; asking again makes sense. An unknown status counts as such.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::CreatePending | Self::CreateInProgress | Self::Unknown(_))
    }
}

words! {
    /// Whether a change set can be, is being or has been executed.
    ExecutionStatus {
        Unavailable = "UNAVAILABLE",
        Available = "AVAILABLE",
        ExecuteInProgress = "EXECUTE_IN_PROGRESS",
        ExecuteComplete = "EXECUTE_COMPLETE",
        ExecuteFailed = "EXECUTE_FAILED",
        Obsolete = "OBSOLETE",
    }
}

words! {
    /// What an event says about a resource, or about the stack itself.
    ResourceStatus {
        CreateInProgress = "CREATE_IN_PROGRESS",
        CreateFailed = "CREATE_FAILED",
        CreateComplete = "CREATE_COMPLETE",
        DeleteInProgress = "DELETE_IN_PROGRESS",
        DeleteFailed = "DELETE_FAILED",
        DeleteComplete = "DELETE_COMPLETE",
        DeleteSkipped = "DELETE_SKIPPED",
        UpdateInProgress = "UPDATE_IN_PROGRESS",
        UpdateFailed = "UPDATE_FAILED",
        UpdateComplete = "UPDATE_COMPLETE",
        ImportFailed = "IMPORT_FAILED",
        ImportComplete = "IMPORT_COMPLETE",
        ImportInProgress = "IMPORT_IN_PROGRESS",
        ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
        ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
        ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
        ExportFailed = "EXPORT_FAILED",
        ExportComplete = "EXPORT_COMPLETE",
        ExportInProgress = "EXPORT_IN_PROGRESS",
        ExportRollbackInProgress = "EXPORT_ROLLBACK_IN_PROGRESS",
        ExportRollbackFailed = "EXPORT_ROLLBACK_FAILED",
        ExportRollbackComplete = "EXPORT_ROLLBACK_COMPLETE",
        UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
        UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
        UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
        RollbackInProgress = "ROLLBACK_IN_PROGRESS",
        RollbackComplete = "ROLLBACK_COMPLETE",
        RollbackFailed = "ROLLBACK_FAILED",
        ReviewInProgress = "REVIEW_IN_PROGRESS",
        UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    }
}

impl ResourceStatus {
    /// Something is going on with it.
    pub fn is_in_progress(&self) -> bool {
        self.as_str().ends_with("_IN_PROGRESS")
    }

    /// It went wrong.
    pub fn is_failure(&self) -> bool {
        self.as_str().ends_with("_FAILED")
    }

    /// It ended well; a deletion that was skipped because the resource is retained did too.
    pub fn is_success(&self) -> bool {
        self.as_str().ends_with("_COMPLETE") && !self.is_rollback() || matches!(self, Self::DeleteSkipped)
    }

    /// It belongs to a rollback.
    pub fn is_rollback(&self) -> bool {
        self.as_str().contains("ROLLBACK")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stack_status_falls_into_exactly_one_of_running_waiting_good_bad() {
        assert_eq!(StackStatus::ALL.len(), 23);
        for status in StackStatus::ALL {
            let classes = [
                status.is_in_progress(),
                status.is_success(),
                status.is_failure(),
                *status == StackStatus::ReviewInProgress,
            ];
            assert_eq!(classes.iter().filter(|c| **c).count(), 1, "{status}");
            assert_eq!(status.is_rollback(), status.as_str().contains("ROLLBACK"), "{status}");
            assert_eq!(
                status.is_in_progress(),
                status.as_str().ends_with("_IN_PROGRESS") && *status != StackStatus::ReviewInProgress
            );
            assert_eq!(StackStatus::read(status.as_str()), *status);
        }
    }

    #[test]
    fn an_unknown_status_is_neither_finished_nor_good() {
        let new = StackStatus::read("UPDATE_PAUSED");
        assert_eq!(new.as_str(), "UPDATE_PAUSED");
        assert!(!new.is_terminal() && !new.is_success() && !new.is_failure() && !new.is_updatable());
    }

    #[test]
    fn a_rollback_is_no_success_of_a_resource() {
        assert!(!ResourceStatus::read("UPDATE_ROLLBACK_COMPLETE").is_success());
        assert!(ResourceStatus::read("DELETE_SKIPPED").is_success());
        assert!(ResourceStatus::read("CREATE_FAILED").is_failure());
    }
}
