//! The simulator on a port of this process: its world can be looked at, and its operations held.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use infra::sandbox::{Clock, Moment, Pace, Rule, Sandbox, Settings};
use tokio::sync::oneshot;

/// Nothing that is waited for takes longer, however loaded the machine is.
const LONGEST: Duration = Duration::from_secs(120);

/// Milliseconds that one step of an operation takes, and that each look at the clock lets pass.
const STEP: u64 = 20;
const TICK: u64 = 5;

/// Steps of a resource that is held: more than anybody looks.
const HELD: u32 = 4_000;

/// A simulator that answers on a port.
pub(crate) struct Listening {
    pub(crate) sandbox: Sandbox,
    pub(crate) address: String,
    now: Arc<AtomicU64>,
    calls: Calls,
    end: Option<oneshot::Sender<()>>,
}

type Calls = Arc<(Mutex<Vec<String>>, Condvar)>;

impl Listening {
    pub(crate) fn start() -> Self {
        Self::hearing(|_, _| {})
    }

    /// Tells each call to `heard`, with its number from 1, when it is carried out and not yet answered.
    pub(crate) fn hearing(heard: impl Fn(usize, &str) + Send + Sync + 'static) -> Self {
        let now = Arc::new(AtomicU64::new(1_800_000_000_000));
        let read = Arc::clone(&now);
        // Time passes by being looked at: no operation waits for a clock.
        let clock = move || read.fetch_add(TICK, Ordering::Relaxed);
        let sandbox = Sandbox::new(Settings {
            clock: Clock::Real(Arc::new(clock)),
            pace: Pace::Elapsed { step: STEP },
            ..Settings::default()
        });
        let calls = Calls::default();
        let (end, ended) = oneshot::channel::<()>();
        let (bound, binding) = std::sync::mpsc::channel();
        let (served, told) = (sandbox.clone(), Arc::clone(&calls));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = served.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
                bound.send(server.address()).unwrap();
                let listener = move |line: &str| {
                    let number = {
                        let mut calls = told.0.lock().unwrap();
                        calls.push(line.to_owned());
                        calls.len()
                    };
                    heard(number, line);
                    told.1.notify_all();
                };
                tokio::select! {
                    () = server.telling(Arc::new(listener)).run() => {}
                    _ = ended => {}
                }
            });
        });
        let address = format!("http://{}", binding.recv_timeout(LONGEST).unwrap());
        Self { sandbox, address, now, calls, end: Some(end) }
    }

    /// Operations that begin from now on come to no end.
    pub(crate) fn hold(&self) {
        let slow = Rule::slow("*", "*", HELD);
        for rule in [slow.clone(), slow.clone().at(Moment::Delete), slow.at(Moment::Rollback)] {
            self.sandbox.order(rule);
        }
    }

    /// They go on; all rules are taken back.
    pub(crate) fn release(&self) {
        self.sandbox.clear_orders();
        self.now.fetch_add(u64::from(HELD) * STEP, Ordering::Relaxed);
    }

    /// Waits until `enough` of all calls so far.
    pub(crate) fn until(&self, enough: impl Fn(&[String]) -> bool) {
        let calls = self.calls.0.lock().unwrap();
        let (calls, late) = self.calls.1.wait_timeout_while(calls, LONGEST, |calls| !enough(calls)).unwrap();
        assert!(!late.timed_out(), "{calls:#?}");
    }

    /// All calls so far, `200 111111111111 eu-west-1 DescribeStacks shop-api-dev`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.0.lock().unwrap().clone()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.end.take());
    }
}
