//! A line on which every call takes its time, and a simulator on the same clock. The clock only moves when all wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudformation::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use infra::sandbox::{Clock, Moment, Pace, Rate, Rule, Sandbox, Settings};
use tokio::time::{Instant, sleep};

/// How long one call takes.
pub(crate) const CALL: Duration = Duration::from_millis(50);

/// How long it takes until a change set is made.
pub(crate) const CHANGE_SET: Duration = Duration::from_millis(2100);

/// How long an operation on a stack of one resource takes.
pub(crate) const OPERATION: Duration = Duration::from_millis(6300);

/// A step of an operation.
pub(crate) const STEP: Duration = Duration::from_millis(700);

/// So many of them pass until a change set is made.
pub(crate) const CHANGE_SET_STEPS: u32 = 3;

/// A simulator in which time is that of the runtime; begun within it.
pub(crate) fn sandbox() -> Sandbox {
    limited(None)
}

/// The same, in which calls may only be made so often.
pub(crate) fn limited(rate: Option<Rate>) -> Sandbox {
    // Pauses after a call that was throttled are drawn.
    fastrand::seed(1);
    let start = Instant::now();
    let sandbox = Sandbox::new(Settings {
        clock: Clock::Real(Arc::new(move || 1_767_225_600_000 + start.elapsed().as_millis() as u64)),
        pace: Pace::Elapsed { step: STEP.as_millis() as u64 },
        change_set_steps: CHANGE_SET_STEPS,
        rate,
        ..Settings::default()
    });
    operations_take_long(&sandbox);
    sandbox
}

/// A creation ends two steps after its resource; an update cleans up as well.
pub(crate) fn operations_take_long(sandbox: &Sandbox) {
    sandbox.order(Rule::slow("*", "*", 8).at(Moment::Create));
    sandbox.order(Rule::slow("*", "*", 7).at(Moment::Update));
}

/// What went over the line.
pub(crate) type Log = Arc<Mutex<Vec<(Instant, String)>>>;

/// The line to a simulator, and all calls that go over it, each attempt by itself.
pub(crate) fn line(sandbox: &Sandbox) -> (SharedHttpClient, Log) {
    let log = Log::default();
    (SharedHttpClient::new(Line { sandbox: sandbox.clone(), log: Arc::clone(&log) }), log)
}

#[derive(Clone, Debug)]
struct Line {
    sandbox: Sandbox,
    log: Log,
}

impl HttpClient for Line {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.sandbox.connector().http_connector(settings, components);
        SharedHttpConnector::new(Wire { log: Arc::clone(&self.log), inner })
    }
}

#[derive(Debug)]
struct Wire {
    log: Log,
    inner: SharedHttpConnector,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let action = form_urlencoded::parse(request.body().bytes().unwrap_or_default())
            .find_map(|(name, value)| (name == "Action").then(|| value.into_owned()))
            .unwrap_or_default();
        self.log.lock().unwrap().push((Instant::now(), action));
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            sleep(CALL / 2).await;
            let answer = inner.call(request).await;
            sleep(CALL / 2).await;
            answer
        })
    }
}
