//! One rhythm of questions for each account and region, so that many stacks do not throttle each other.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Everyone who follows an operation there waits for the same tick.
pub(crate) struct Pace {
    first: Duration,
    state: Mutex<State>,
}

struct State {
    interval: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// Begins with that pause; the longest is five times as long.
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, state: Mutex::new(State { interval: first, next: None }) }
    }

    /// Waits for the next tick. The pause between ticks grows while nothing happens.
    pub(crate) async fn turn(&self) {
        let next = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            match state.next.filter(|next| *next > now) {
                Some(next) => next,
                None => {
                    let next = now + state.interval;
                    state.interval = (state.interval + state.interval / 4).min(self.first * 5);
                    state.next = Some(next);
                    next
                }
            }
        };
        sleep_until(next).await;
    }

    /// Something happened: ask often again.
    pub(crate) fn quicken(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).interval = self.first;
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
        for _ in 0..20 {
            pace.turn().await;
        }
        let before = Instant::now();
        pace.turn().await;
        assert_eq!(before.elapsed().as_secs(), 10);
        pace.quicken();
        pace.turn().await;
        let before = Instant::now();
        pace.turn().await;
        assert!(before.elapsed().as_secs() < 4);
    }
}
