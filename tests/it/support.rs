//! What several tests stand on.

#[cfg(feature = "aws")]
pub(crate) mod boto;
#[cfg(all(unix, feature = "aws"))]
pub(crate) mod browser;
pub(crate) mod checks;
#[cfg(feature = "aws")]
pub(crate) mod cli;
#[cfg(feature = "aws")]
pub(crate) mod dying;
pub(crate) mod examples;
#[cfg(feature = "aws")]
pub(crate) mod faults;
#[cfg(feature = "aws")]
pub(crate) mod listening;
#[cfg(feature = "aws")]
pub(crate) mod ministack;
#[cfg(feature = "aws")]
pub(crate) mod peer;
#[allow(dead_code, reason = "`fuzz/` uses the rest")]
pub(crate) mod programs;
#[cfg(feature = "aws")]
pub(crate) mod script;
#[cfg(feature = "aws")]
pub(crate) mod slow;
#[cfg(feature = "aws")]
pub(crate) mod stacks;
#[cfg(feature = "aws")]
pub(crate) mod town;
pub(crate) mod venv;

use proptest::test_runner::{Config, RngSeed};

/// A property test of as many `cases`, the same in every run; `PROPTEST_RNG_SEED` and
/// `PROPTEST_CASES` ask for others.
pub(crate) fn seeded(cases: u32) -> Config {
    let asked = Config::default();
    Config {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { cases },
        rng_seed: if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { asked.rng_seed },
        failure_persistence: None,
        ..asked
    }
}
