//! The stable names of problems. Each has a page, `docs/diagnostics/NAME.md`, and a case under `tests/cases`.

use std::fmt;

use super::Severity;

/// Makes the enum, the names and the severities from one sorted table.
macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident,)*) => {
        /// The stable name of a problem.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )*
        }

        impl Code {
            /// Every code, sorted by name.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As people write it: `unknown-property`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// How bad a problem of this kind is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }

            /// The page that explains it, as Markdown.
            pub fn page(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../../docs/diagnostics/", $name, ".md"))),* }
            }
        }
    };
}

codes! {
    AccountConflict "account-conflict" Error,
    AmbiguousInstance "ambiguous-instance" Error,
    AssertionFailed "assertion-failed" Error,
    AwsCall "aws-call" Error,
    BadArgument "bad-argument" Error,
    BadDecorator "bad-decorator" Error,
    BadValue "bad-value" Error,
    ChangedType "changed-type" Error,
    ConflictingProperties "conflicting-properties" Error,
    CoreUsesService "core-uses-service" Error,
    Cycle "cycle" Error,
    Deprecated "deprecated" Warning,
    DuplicateKey "duplicate-key" Error,
    DuplicateName "duplicate-name" Error,
    DuplicatePriority "duplicate-priority" Error,
    DynamicReference "dynamic-reference" Error,
    FixedName "fixed-name" Error,
    ForeignStack "foreign-stack" Error,
    InvalidName "invalid-name" Error,
    KnownTooLate "known-too-late" Error,
    LimitExceeded "limit-exceeded" Error,
    LiteralReference "literal-reference" Warning,
    Misplaced "misplaced" Error,
    MissedInterpolation "missed-interpolation" Warning,
    MissingActionRole "missing-action-role" Error,
    MissingArgument "missing-argument" Error,
    MissingArtifactStore "missing-artifact-store" Error,
    MissingEnvironment "missing-environment" Error,
    MissingField "missing-field" Error,
    MissingInput "missing-input" Error,
    MissingProperty "missing-property" Error,
    NoCredentials "no-credentials" Error,
    NoProject "no-project" Error,
    NotAResource "not-a-resource" Error,
    NotCarried "not-carried" Error,
    NotDeployed "not-deployed" Error,
    NotYet "not-yet" Error,
    NothingHere "nothing-here" Error,
    OpenPorts "open-ports" Warning,
    OutOfRange "out-of-range" Error,
    OutcomeUnknown "outcome-unknown" Error,
    PhantomReference "phantom-reference" Warning,
    PlanFile "plan-file" Error,
    PolicyMistake "policy-mistake" Warning,
    ProtectedResource "protected-resource" Error,
    ReadOnlyProperty "read-only-property" Error,
    RejectedChangeSet "rejected-change-set" Error,
    ResourceFailed "resource-failed" Error,
    SecretLeak "secret-leak" Error,
    StackBusy "stack-busy" Error,
    StalePlan "stale-plan" Error,
    StatefulResource "stateful-resource" Error,
    StillUsed "still-used" Error,
    StuckStack "stuck-stack" Error,
    Syntax "syntax" Error,
    TakenTwice "taken-twice" Error,
    TerminationProtection "termination-protection" Error,
    TypeMismatch "type-mismatch" Error,
    UnknownArtifact "unknown-artifact" Error,
    UnknownAttribute "unknown-attribute" Error,
    UnknownDecorator "unknown-decorator" Error,
    UnknownField "unknown-field" Error,
    UnknownFunction "unknown-function" Error,
    UnknownName "unknown-name" Error,
    UnknownOutput "unknown-output" Error,
    UnknownProperty "unknown-property" Error,
    UnknownResourceType "unknown-resource-type" Warning,
    UnknownType "unknown-type" Error,
    UnlistedValue "unlisted-value" Warning,
    Unreachable "unreachable" Error,
    Unreadable "unreadable" Error,
    Unused "unused" Warning,
    WrongAccount "wrong-account" Error,
    WrongIdentifier "wrong-identifier" Error,
}

impl Code {
    /// The code with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
