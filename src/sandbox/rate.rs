//! How often each call may be made: by account, region and call. AWS publishes no numbers.

use std::collections::BTreeMap;

use crate::sandbox::facts::{self, Answer};
use crate::sandbox::world::Caller;

/// An allowance that fills up as time passes.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Calls that come in with each second.
    pub per_second: u64,
    /// The most that may be saved up, and what there is at first.
    pub burst: u64,
}

/// What is left of the allowances.
#[derive(Default)]
pub(crate) struct Allowances {
    /// When it was counted, in milliseconds, and in thousandths of a call.
    left: BTreeMap<(String, String, String), (u64, u64)>,
    /// Calls that were too many.
    pub(crate) refused: u64,
}

impl Allowances {
    /// Takes one call off the allowance, where there is one left.
    pub(crate) fn take(&mut self, rate: Rate, caller: &Caller, action: &str, now: u64) -> Answer<()> {
        let key = (caller.account.clone(), caller.region.clone(), action.to_owned());
        let (since, left) = self.left.entry(key).or_insert((now, rate.burst * 1000));
        *left = (*left + now.saturating_sub(*since) * rate.per_second).min(rate.burst * 1000);
        *since = now;
        match left.checked_sub(1000) {
            Some(rest) => *left = rest,
            None => {
                self.refused += 1;
                return Err(facts::throttled());
            }
        }
        Ok(())
    }
}
