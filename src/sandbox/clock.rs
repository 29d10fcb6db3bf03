//! Time, as the model sees it: a port, so that no test waits and every run repeats.

use std::fmt;
use std::sync::Arc;

/// 2026-01-01T00:00:00Z, where virtual time begins.
const EPOCH: u64 = 1_767_225_600_000;

/// Where the model takes the time from, in milliseconds since 1970.
#[derive(Clone, Default)]
pub enum Clock {
    /// Starts at a fixed instant and moves only when the state is polled.
    #[default]
    Virtual,
    /// A clock that was handed in.
    Real(Arc<dyn Fn() -> u64 + Send + Sync>),
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Virtual => "Virtual",
            Self::Real(_) => "Real",
        })
    }
}

/// How fast operations advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each read of a stack in flight takes this many steps of its operation.
    Polls {
        /// Steps for each read.
        steps: u32,
    },
    /// A step takes this long by the clock, whether or not anybody looks.
    Elapsed {
        /// Milliseconds for each step.
        step: u64,
    },
}

impl Default for Pace {
    fn default() -> Self {
        Self::Polls { steps: 1 }
    }
}

/// The running time of one sandbox: never two equal stamps, never backwards.
#[derive(Debug, Default)]
pub(crate) struct Time {
    clock: Clock,
    last: u64,
}

impl Time {
    pub(crate) fn new(clock: Clock, last: u64) -> Self {
        Self { clock, last: last.max(EPOCH) }
    }

    /// The time now.
    pub(crate) fn now(&self) -> u64 {
        match &self.clock {
            Clock::Virtual => self.last,
            Clock::Real(read) => read().max(self.last),
        }
    }

    /// A stamp later than every one before it.
    pub(crate) fn stamp(&mut self) -> u64 {
        self.last = self.now().max(self.last.saturating_add(1));
        self.last
    }

    /// Lets virtual time pass; a real clock needs no help.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        if matches!(self.clock, Clock::Virtual) {
            self.last = self.last.saturating_add(milliseconds);
        }
    }
}

/// `2026-01-01T00:00:00.000Z`
pub(crate) fn iso(milliseconds: u64) -> String {
    let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(EPOCH + 86_399_999), "2026-01-01T23:59:59.999Z");
    }

    #[test]
    fn stamps_never_repeat() {
        let mut time = Time::new(Clock::Real(Arc::new(|| 5)), 0);
        let (first, second) = (time.stamp(), time.stamp());
        assert!(second > first);
    }
}
