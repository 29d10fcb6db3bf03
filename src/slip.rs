//! Deliberate mistakes of planner and executor, for the fault harness, which has to catch each of them.
//!
//! Only built with the feature `slips`, which the tests switch on; without it nothing of this is left.

/// A mistake that somebody could make in planning or applying.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slip {
    /// Applying begins a stack before those that it reads are done.
    NoWaiting,
    /// A producer that failed counts as done.
    FailureIsDone,
    /// A change set that is gone counts as executed.
    GoneIsDone,
    /// A plan that no longer holds counts as carried out.
    StaleIsDone,
    /// An execution that AWS refused counts as done.
    RefusedIsDone,
    /// A stack that was not begun counts as done.
    BlockedIsDone,
    /// An execution whose answer was lost counts as refused.
    LostAnswerIsRefusal,
    /// An operation that we lost sight of counts as failed.
    LostSightIsFailure,
    /// An operation that we lost sight of counts as done.
    LostSightIsDone,
    /// A status without an operation is believed, old or not.
    StatusIsEnd,
    /// A rollback that ended well counts as a success.
    RollbackIsDone,
    /// The first resource that fails ends the operation, though the rollback still runs.
    FailureIsEnd,
    /// An operation of which nothing is heard at first counts as never begun.
    Impatience,
    /// The token of an execution is another one in each run.
    FreshTokens,
    /// The outputs are taken from the first answer, old or not.
    OldOutputs,
    /// A parameter that becomes known while applying keeps its deployed value.
    KeptParameter,
    /// A parameter takes the first output there is.
    WrongOutput,
    /// A planned stack hands on its deployed outputs, though they change.
    DeployedOutputs,
    /// A change of parameters alone counts as none.
    NoParameters,
    /// An update is carried out without rollback.
    NoRollback,
    /// An empty change set counts as one that AWS rejects.
    EmptyIsRejected,
    /// An empty shell is taken for a stack.
    ShellIsStack,
    /// Only the first page of a change set is read.
    FirstPage,
    /// A plan forgets its last change.
    ForgottenChange,
    /// A done stack is told as unchanged.
    DoneIsUnchanged,
    /// The exit code leaves stale stacks out.
    StaleIsZero,
    /// The exit code leaves unknown outcomes out.
    UnknownIsZero,
    /// Data may be lost without anybody having allowed it.
    UnguardedData,
    /// Reasons are told as AWS words them, secrets and all.
    NoRedaction,
    /// The plan shows the values of secret parameters.
    ShownSecrets,
    /// A property that somebody else changed since is set back unseen.
    MovedValues,
    /// A plan file is applied without a look at what moved since.
    NoPreflight,
    /// Discarding a plan file leaves its change sets.
    KeptPlans,
}

#[cfg(feature = "slips")]
thread_local! {
    static MADE: std::cell::Cell<Option<Slip>> = const { std::cell::Cell::new(None) };
}

/// Makes that mistake on this thread from now on, and no other.
#[cfg(feature = "slips")]
pub fn make(slip: Option<Slip>) {
    MADE.set(slip);
}

/// True where that mistake is to be made.
#[cfg(feature = "slips")]
pub(crate) fn is(slip: Slip) -> bool {
    MADE.get() == Some(slip)
}

/// The text, or another one at each call where tokens are to be fresh.
#[cfg(feature = "slips")]
pub(crate) fn fresh(text: &str) -> std::borrow::Cow<'_, str> {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    match is(Slip::FreshTokens) {
        true => format!("{text}-{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).into(),
        false => text.into(),
    }
}

/// The text.
#[cfg(not(feature = "slips"))]
pub(crate) const fn fresh(text: &str) -> std::borrow::Cow<'_, str> {
    std::borrow::Cow::Borrowed(text)
}

/// Never.
#[cfg(not(feature = "slips"))]
pub(crate) const fn is(_: Slip) -> bool {
    false
}

#[cfg(feature = "slips")]
impl Slip {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::NoWaiting,
        Self::FailureIsDone,
        Self::GoneIsDone,
        Self::StaleIsDone,
        Self::RefusedIsDone,
        Self::BlockedIsDone,
        Self::LostAnswerIsRefusal,
        Self::LostSightIsFailure,
        Self::LostSightIsDone,
        Self::StatusIsEnd,
        Self::RollbackIsDone,
        Self::FailureIsEnd,
        Self::Impatience,
        Self::FreshTokens,
        Self::OldOutputs,
        Self::KeptParameter,
        Self::WrongOutput,
        Self::DeployedOutputs,
        Self::NoParameters,
        Self::NoRollback,
        Self::EmptyIsRejected,
        Self::ShellIsStack,
        Self::FirstPage,
        Self::ForgottenChange,
        Self::DoneIsUnchanged,
        Self::StaleIsZero,
        Self::UnknownIsZero,
        Self::UnguardedData,
        Self::NoRedaction,
        Self::ShownSecrets,
        Self::MovedValues,
        Self::NoPreflight,
        Self::KeptPlans,
    ];
}
