//! The port on the AWS SDK: one client per account and region, over one HTTP client.
//!
//! Three services answer here, all through the same code: AWS with the standard credential chain; an endpoint that
//! the user names; and the simulator, whose connector takes the place of the network.

mod body;
mod client;
mod config;
mod convert;
mod deviations;
mod drift;
mod empty;
mod error;
mod objects;
mod reads;
mod retry;
mod session;
mod writes;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cloudformation::config::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::cloud::{Account, Call, Cloud, Clouds, Store, Target};
use client::Client;
pub(crate) use deviations::is_loopback;
use session::Session;

/// Is told of every call as it leaves us; retries of one call are not told.
pub type Observer = Arc<dyn Fn(&Call) + Send + Sync>;

/// How to reach AWS, or what stands for it.
#[derive(Clone, Default)]
pub struct Settings {
    /// Address that answers in place of AWS (`--endpoint`, `AWS_ENDPOINT_URL`), also for STS.
    pub endpoint: Option<String>,
    /// Takes the place of the network: the simulator, or a script of a test. Credentials are then made up.
    pub http: Option<SharedHttpClient>,
    /// Takes the place of the timer between attempts and of all timeouts.
    pub sleep: Option<SharedAsyncSleep>,
    /// Takes credentials from the standard chain also where they would be made up.
    pub real_credentials: bool,
    /// Calls of one account and region that may be under way at once; 8 where not said.
    pub calls_at_once: Option<usize>,
    /// Is told of every call.
    pub observer: Option<Observer>,
    /// Name of the session where a role is assumed, as it shows in CloudTrail; `infra` where not said.
    pub session_name: Option<String>,
}

/// All clients of a run.
pub struct Aws {
    settings: Arc<Settings>,
    http: SharedHttpClient,
    sessions: Mutex<BTreeMap<Account, Arc<Session>>>,
    clients: Mutex<BTreeMap<Target, Arc<Client>>>,
}

impl Aws {
    /// Makes no call and reads nothing yet.
    pub fn new(settings: Settings) -> Self {
        let http = settings.http.clone().unwrap_or_else(|| config::http(settings.endpoint.as_deref()));
        Self { settings: Arc::new(settings), http, sessions: Mutex::default(), clients: Mutex::default() }
    }

    fn client(&self, target: &Target) -> Arc<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients
            .entry(target.clone())
            .or_insert_with(|| Arc::new(Client::new(target.clone(), self.session(target), Arc::clone(&self.settings))));
        Arc::clone(client)
    }

    /// Credentials and identity are the same in all regions of an account, so they are had once.
    fn session(&self, target: &Target) -> Arc<Session> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions
            .entry(target.account.clone())
            .or_insert_with(|| Arc::new(Session::new(target.clone(), Arc::clone(&self.settings), self.http.clone())));
        Arc::clone(session)
    }
}

impl Clouds for Aws {
    fn at(&self, target: &Target) -> Arc<dyn Cloud> {
        self.client(target)
    }

    fn store(&self, target: &Target) -> Arc<dyn Store> {
        self.client(target)
    }
}
