//! The network of the harness: seeded weather, a foreign actor, and the death of the process, at the wire.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudformation::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use infra::cloud::Clouds;
use infra::cloud::aws::{Aws, Settings};
use infra::sandbox::{Sandbox, Seen};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::foreign::{Foreign, strike};
use crate::support::script::{answer, error};

/// How likely each fault is at a call, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weather {
    pub(super) throttled: u64,
    pub(super) lost_before: u64,
    pub(super) lost_after: u64,
    pub(super) cut: u64,
    pub(super) unavailable: u64,
    /// A read is answered with what it told before.
    pub(super) stale: u64,
    /// From that call on, the credentials have expired.
    pub(super) expires: Option<usize>,
    /// So many calls from the first execution on, none is answered; every other one arrives.
    pub(super) outage: usize,
    /// Change sets may be made, and not executed.
    pub(super) is_denied: bool,
}

/// Where the process dies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    /// The call, counted from 1.
    pub(super) at: usize,
    /// After AWS carried it out.
    pub(super) after: bool,
}

/// A call that began an operation.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    /// Its number.
    pub(super) call: usize,
    /// What it asked for.
    pub(super) fields: BTreeMap<String, String>,
    /// ARN of the stack.
    pub(super) stack: String,
    /// The world just before.
    pub(super) before: Vec<Seen>,
}

/// For how long an old answer may still be told.
const OLD: Duration = Duration::from_secs(30);

/// The network of one run.
#[derive(Clone, Debug)]
pub(super) struct Net(Arc<Inner>);

struct Inner {
    sandbox: Sandbox,
    weather: Weather,
    crash: Option<Crash>,
    foreign: Option<Foreign>,
    /// The foreign actor has had their turn in an earlier run.
    is_over: bool,
    state: Mutex<State>,
    dead: Notify,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("net")
    }
}

#[derive(Default)]
struct State {
    rng: Option<fastrand::Rng>,
    log: Vec<String>,
    effects: Vec<Effect>,
    /// What each read told last, and when.
    told: BTreeMap<String, (Instant, u16, String)>,
    struck: Option<usize>,
    /// An old answer hid from us what the foreign actor did.
    is_misled: bool,
    /// When an operation of ours began on a stack, by its ARN.
    begun: BTreeMap<String, Instant>,
    first_execution: Option<usize>,
}

/// What becomes of one call.
enum Fate {
    Fine,
    Dies { after: bool },
    Refused(u16, String),
    LostBefore,
    LostAfter,
    Cut,
    Unavailable,
    Stale(u16, String),
}

impl Net {
    pub(super) fn new(
        sandbox: &Sandbox,
        seed: u64,
        weather: Weather,
        crash: Option<Crash>,
        foreign: Option<Foreign>,
        is_over: bool,
    ) -> Self {
        let state = State { rng: Some(fastrand::Rng::with_seed(seed)), ..State::default() };
        let sandbox = sandbox.clone();
        Self(Arc::new(Inner {
            sandbox,
            weather,
            crash,
            foreign,
            is_over,
            state: Mutex::new(state),
            dead: Notify::new(),
        }))
    }

    pub(super) fn clouds(&self) -> Arc<dyn Clouds> {
        let http = Some(SharedHttpClient::new(self.clone()));
        Arc::new(Aws::new(Settings { http, ..Settings::default() }))
    }

    /// Waits for the death of the process.
    pub(super) async fn dead(&self) {
        self.0.dead.notified().await;
    }

    /// The foreign actor acts while the plan waits, where it is one that does.
    pub(super) async fn rest(&self) {
        let foreign = self.0.foreign.as_ref().filter(|foreign| foreign.is_between && !self.0.is_over);
        if let Some(foreign) = foreign
            && strike(&self.0.sandbox, foreign).await
        {
            let mut state = self.0.state.lock().unwrap();
            state.struck = Some(state.log.len() + 1);
        }
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.0.state.lock().unwrap().log.clone()
    }

    pub(super) fn effects(&self) -> Vec<Effect> {
        std::mem::take(&mut self.0.state.lock().unwrap().effects)
    }

    /// The stack of the foreign actor.
    pub(super) fn touched(&self) -> Option<&str> {
        self.0.foreign.as_ref().map(|foreign| foreign.stack.as_str())
    }

    /// That stack, where it was touched while the plan waited, and every look at it told so.
    pub(super) fn between(&self) -> Option<&str> {
        let state = self.0.state.lock().unwrap();
        let told = state.struck.is_some() && !state.is_misled;
        self.0.foreign.as_ref().filter(|foreign| foreign.is_between && told).map(|foreign| foreign.stack.as_str())
    }

    /// An old answer hid from us what the foreign actor did.
    pub(super) fn is_misled(&self) -> bool {
        self.0.state.lock().unwrap().is_misled
    }

    /// The call before which the foreign actor acted.
    pub(super) fn struck(&self) -> Option<usize> {
        self.0.state.lock().unwrap().struck
    }
}

impl HttpClient for Net {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.0.sandbox.connector().http_connector(settings, components);
        SharedHttpConnector::new(Wire { net: Arc::clone(&self.0), inner })
    }
}

#[derive(Debug)]
struct Wire {
    net: Arc<Inner>,
    inner: SharedHttpConnector,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (net, inner) = (Arc::clone(&self.net), self.inner.clone());
        HttpConnectorFuture::new(async move { net.answer(&inner, request).await })
    }
}

impl Inner {
    async fn answer(&self, inner: &SharedHttpConnector, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let fields: BTreeMap<String, String> =
            form_urlencoded::parse(request.body().bytes().unwrap_or_default()).into_owned().collect();
        let action = fields.get("Action").cloned().unwrap_or_default();
        let key = key(&fields);
        let (number, fate, foreign) = self.fate(&action, &key, &fields);
        if let Some(foreign) = foreign
            && strike(&self.sandbox, &foreign).await
        {
            self.state.lock().unwrap().struck = Some(number);
        }
        match fate {
            Fate::Dies { after: false } => self.die().await,
            Fate::Refused(status, body) | Fate::Stale(status, body) => return Ok(response(status, &body)),
            Fate::LostBefore => return lost(),
            _ => {}
        }
        let before = if action == "ExecuteChangeSet" { self.sandbox.look() } else { Vec::new() };
        let answer = inner.call(request).await?;
        let status = answer.status().as_u16();
        let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default()).into_owned();
        self.keep(number, &action, key, fields, before, (status, &body));
        match fate {
            Fate::Dies { .. } => self.die().await,
            Fate::LostAfter => lost(),
            Fate::Unavailable => Ok(response(503, "")),
            Fate::Cut => Ok(response(status, &body[..body.len() / 2])),
            _ => Ok(answer),
        }
    }

    async fn die(&self) -> ! {
        self.dead.notify_one();
        pending().await
    }

    fn fate(&self, action: &str, key: &str, fields: &BTreeMap<String, String>) -> (usize, Fate, Option<Foreign>) {
        let mut state = self.state.lock().unwrap();
        let number = state.log.len() + 1;
        let of = ["StackName", "ChangeSetName"].map(|name| fields.get(name).map_or("", String::as_str));
        let place = |text: &str| text.rsplit(['/', ':']).find(|p| p.starts_with("shop")).unwrap_or(text).to_owned();
        let from = |f: &Foreign| if f.is_from_execution { state.first_execution } else { Some(0) };
        let foreign = self
            .foreign
            .clone()
            .filter(|f| !self.is_over && !f.is_between && from(f).is_some_and(|from| from + f.at == number));
        if action == "ExecuteChangeSet" {
            state.first_execution.get_or_insert(number);
        }
        let roll = state.rng.as_mut().unwrap().u64(0..1000);
        let fate = self.drawn(&state, number, (action, key, fields), roll);
        if matches!(fate, Fate::Stale(..)) && self.foreign.as_ref().is_some_and(|f| f.stack == place(of[0])) {
            state.is_misled = true;
        }
        let word = match &fate {
            Fate::Fine => "",
            Fate::Dies { after: false } => "dies before",
            Fate::Dies { after: true } => "dies after",
            Fate::Refused(..) => "refused",
            Fate::LostBefore => "lost before",
            Fate::LostAfter => "lost after",
            Fate::Cut => "cut",
            Fate::Unavailable => "unavailable after",
            Fate::Stale(..) => "stale",
        };
        let set = of[1].rsplit_once(":changeSet/").map_or(of[1], |(_, set)| set);
        state.log.push(format!("{number} {action} {} {set} {word}", place(of[0])));
        (number, fate, foreign)
    }

    fn drawn(
        &self,
        state: &State,
        number: usize,
        (action, key, fields): (&str, &str, &BTreeMap<String, String>),
        mut roll: u64,
    ) -> Fate {
        if let Some(crash) = self.crash.filter(|crash| crash.at == number) {
            return Fate::Dies { after: crash.after };
        }
        let weather = &self.weather;
        if weather.expires.is_some_and(|from| number >= from) {
            return Fate::Refused(403, error("ExpiredToken", "The security token included in the request is expired"));
        }
        if state.first_execution.is_some_and(|from| number < from + weather.outage) {
            return if number.is_multiple_of(2) { Fate::LostAfter } else { Fate::LostBefore };
        }
        if weather.is_denied && action == "ExecuteChangeSet" {
            return Fate::Refused(
                403,
                error("AccessDenied", "not authorized to perform: cloudformation:ExecuteChangeSet"),
            );
        }
        let mut is = |share: u64| {
            let strikes = roll < share;
            roll = roll.wrapping_sub(share);
            strikes
        };
        if is(weather.throttled) {
            Fate::Refused(400, error("Throttling", "Rate exceeded"))
        } else if is(weather.lost_before) {
            Fate::LostBefore
        } else if is(weather.lost_after) {
            Fate::LostAfter
        } else if is(weather.cut) {
            Fate::Cut
        } else if is(weather.unavailable) {
            Fate::Unavailable
        } else if matches!(action, "DescribeStacks" | "DescribeStackEvents" | "ListChangeSets") && is(weather.stale) {
            let asked = fields.get("StackName").map_or("", String::as_str);
            let fits = |body: &str| !asked.starts_with("arn:") || body.contains(asked);
            match state.told.get(key).filter(|(at, _, body)| at.elapsed() <= OLD && fits(body)) {
                Some((_, status, body)) => Fate::Stale(*status, body.clone()),
                // Events of an operation that has just begun are late.
                None if state.begun.get(asked).is_some_and(|at| at.elapsed() <= OLD)
                    && action == "DescribeStackEvents" =>
                {
                    Fate::Stale(200, answer(action, "<StackEvents></StackEvents>"))
                }
                None => Fate::Fine,
            }
        } else {
            Fate::Fine
        }
    }

    /// Notes what a call told, and whether it began an operation.
    fn keep(
        &self,
        call: usize,
        action: &str,
        key: String,
        fields: BTreeMap<String, String>,
        before: Vec<Seen>,
        (status, body): (u16, &str),
    ) {
        let mut state = self.state.lock().unwrap();
        if action == "ExecuteChangeSet" {
            let now = self.sandbox.look();
            let old = |id: &str| before.iter().find(|s| s.id == id).map_or(0, |s| s.began.len());
            let begun = now.iter().find(|s| s.began.len() > old(&s.id)).map(|s| s.id.clone());
            if let Some(stack) = begun {
                state.begun.insert(stack.clone(), Instant::now());
                state.effects.push(Effect { call, fields, stack, before });
            }
        } else if action.starts_with("Describe") || action.starts_with("List") {
            state.told.insert(key, (Instant::now(), status, body.to_owned()));
        }
    }
}

/// What a read asks for. A stack is the same by its name and by its ARN.
fn key(fields: &BTreeMap<String, String>) -> String {
    let mut fields = fields.clone();
    if let Some(name) = fields.get_mut("StackName")
        && let Some(of_arn) = name.split('/').nth(1)
    {
        *name = of_arn.to_owned();
    }
    format!("{fields:?}")
}

fn lost() -> Result<HttpResponse, ConnectorError> {
    Err(ConnectorError::io("the connection was reset".into()))
}

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}
