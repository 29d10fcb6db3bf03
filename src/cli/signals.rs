//! What a person at the keyboard, or a machine that takes a job away, tells a command that runs.

use std::future::Future;

use super::Context;
use super::output::Exit;
use super::progress::Progress;
use crate::apply::Stop;

/// Ctrl-C, and the signal that ends a job in CI. Those that come between two questions are kept.
pub(super) struct Signals {
    #[cfg(unix)]
    heard: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Signals {
    /// Listens from now on; inside a runtime only.
    #[cfg(unix)]
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = || Ok::<_, std::io::Error>([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]);
        // Where no handler can be set, the system's own answer stays: it ends the process.
        Self { heard: both().ok() }
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> Self {
        Self {}
    }

    /// The next of them.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        let heard = match &mut self.heard {
            Some([interrupt, terminate]) => tokio::select! {
                heard = interrupt.recv() => heard.is_some(),
                heard = terminate.recv() => heard.is_some(),
            },
            None => false,
        };
        #[cfg(not(unix))]
        let heard = tokio::signal::ctrl_c().await.is_ok();
        if !heard {
            std::future::pending::<()>().await;
        }
    }
}

/// Does `work` to its end, and listens meanwhile. The first signal asks it to start nothing new; the second leaves at
/// once, and says how to pick up what goes on in AWS without us.
pub(super) async fn attended<T>(
    work: impl Future<Output = T>,
    stop: &Stop,
    progress: &Progress,
    context: &mut Context,
) -> T {
    let mut signals = Signals::listen();
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = signals.next() => {
                let runs = progress.under_way().join(", ");
                let running = |otherwise: &str, text: &str| match runs.is_empty() {
                    true => otherwise.to_owned(),
                    false => format!("{text} {runs}"),
                };
                if stop.is_asked() {
                    let left = running("nothing runs in AWS that we know of", "what goes on in AWS without us:");
                    context.terminal.say(&format!("left; {left}"));
                    context.terminal.say(AGAIN);
                    context.terminal.leave(Exit::Declined);
                }
                stop.ask();
                let following = running("nothing runs", "following");
                context.terminal.say(&format!("nothing new is started; {following}. Ctrl-C again leaves at once"));
            }
        }
    }
}

/// How to pick up what was left.
const AGAIN: &str = "`infra watch` for the same environment follows it; the same command again goes on from there";
