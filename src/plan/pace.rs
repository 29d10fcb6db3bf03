//! One rhythm of questions for each account and region, so that many stacks do not throttle each other.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The most questions in a second, all followers together. AWS tells no limit; peers run into one at about ten.
const MOST: u32 = 10;

/// How many times the first pause the longest one is.
const LONGEST: u32 = 30;

/// Everyone who follows an operation there waits for the same tick.
///
/// While nothing happens each pause is a twentieth longer than the last, so that an end is seen late by about a
/// twentieth of the time that it took, and an operation of half an hour costs few questions.
pub(crate) struct Pace {
    first: Duration,
    state: Mutex<State>,
}

struct State {
    interval: Duration,
    next: Option<Instant>,
    followers: u32,
}

/// The rhythms of an account and region: AWS counts each kind of question by itself.
pub(crate) struct Paces {
    /// At which change sets are asked about.
    pub(crate) sets: Pace,
    /// At which operations are asked about.
    pub(crate) operations: Pace,
}

impl Paces {
    /// Both begin with that pause.
    pub(crate) fn new(first: Duration) -> Self {
        Self { sets: Pace::new(first), operations: Pace::new(first) }
    }
}

/// A follower, for as long as it lives.
pub(crate) struct Following<'a>(&'a Pace);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.state().followers -= 1;
    }
}

impl Pace {
    /// Begins with that pause; the longest is 30 times as long.
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, state: Mutex::new(State { interval: first, next: None, followers: 0 }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more who asks at each tick: the more there are, the longer is the pause.
    pub(crate) fn follow(&self) -> Following<'_> {
        let mut state = self.state();
        state.followers += 1;
        state.interval = self.first;
        Following(self)
    }

    /// Waits for the next tick. The pause between ticks grows while nothing happens.
    pub(crate) async fn turn(&self) {
        let next = {
            let mut state = self.state();
            let now = Instant::now();
            match state.next.filter(|next| *next > now) {
                Some(next) => next,
                None => {
                    let crowd = Duration::from_secs(1) * state.followers / MOST;
                    let next = now + state.interval.max(crowd);
                    state.interval = (state.interval + state.interval / 20).min(self.first * LONGEST);
                    state.next = Some(next);
                    next
                }
            }
        };
        sleep_until(next).await;
    }

    /// Something happened: ask often again.
    pub(crate) fn quicken(&self) {
        self.state().interval = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ticks_are_shared_and_slow_down() {
        let pace = Pace::new(Duration::from_secs(2));
        let start = Instant::now();
        tokio::join!(pace.turn(), pace.turn(), pace.turn());
        assert_eq!(start.elapsed().as_secs(), 2);
        for _ in 0..80 {
            pace.turn().await;
        }
        let before = Instant::now();
        pace.turn().await;
        assert_eq!(before.elapsed().as_secs(), 60);
        pace.quicken();
        pace.turn().await;
        let before = Instant::now();
        pace.turn().await;
        assert!(before.elapsed().as_secs() < 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_asks_less_often() {
        let pace = Pace::new(Duration::from_millis(400));
        let crowd: Vec<Following<'_>> = (0..80).map(|_| pace.follow()).collect();
        let start = Instant::now();
        pace.turn().await;
        assert_eq!(start.elapsed().as_secs(), 8);
        drop(crowd);
        let start = Instant::now();
        pace.turn().await;
        assert!(start.elapsed().as_secs() < 1);
    }
}
