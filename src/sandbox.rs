//! A CloudFormation that lives in memory, or in a directory.
//!
//! One model, two front doors: the HTTP connector of the AWS SDK ([`Sandbox::connector`]) and a
//! loopback port ([`Sandbox::serve`]). Both hand the bytes of a request to [`Sandbox::answer`],
//! which answers in AWS's own XML. The model is a state machine without threads, clocks of its
//! own or randomness: equal calls give equal worlds. Resources are records with made-up ids and
//! attributes; nothing is deployed anywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod access;
mod api;
mod check;
mod clock;
mod connector;
mod diff;
mod drift;
mod engine;
mod eval;
mod facts;
mod ids;
mod images;
mod look;
mod model;
mod objects;
mod rate;
mod records;
mod script;
mod server;
mod serverless;
mod status;
mod store;
mod template;
mod values;
mod wire;
mod world;

pub use clock::{Clock, Pace};
pub use drift::Drift;
pub use look::Seen;
pub use rate::Rate;
pub use script::{Moment, Rule, Script};
pub use server::{Listener, Server};
pub use store::StoreError;
pub use wire::{Request, Response};

use crate::schema::Types;
use world::World;

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the time comes from.
    pub clock: Clock,
    /// How fast operations advance.
    pub pace: Pace,
    /// How many polls a change set takes until it is made.
    pub change_set_steps: u32,
    /// The account of callers whose access key names none.
    pub account: String,
    /// The resource types that are registered there.
    pub types: &'static Types,
    /// Changes on one page of DescribeChangeSet. AWS cuts at 1 MB.
    pub changes_per_page: usize,
    /// Everything else that comes in pages: 100 on AWS.
    pub items_per_page: usize,
    /// Roles, or whole accounts by their number, that nobody may assume.
    pub forbidden_roles: Vec<String>,
    /// Change sets check properties and names before anything runs, as AWS does since late 2025.
    pub early_validation: bool,
    /// A second ExecuteChangeSet with the same token is answered well; otherwise it is refused.
    /// Which of them AWS does is not known.
    pub execute_again: bool,
    /// DescribeChangeSet by ARN tells DELETE_COMPLETE of one that is deleted; otherwise there is none.
    /// Which of them AWS does is not known.
    pub tells_deleted: bool,
    /// A change set counts as executed from the start of its operation on; otherwise from its end on.
    /// Which of them AWS does is not known.
    pub executed_at_start: bool,
    /// How often each call of CloudFormation may be made in an account and region; as often as you like where none is
    /// given.
    pub rate: Option<Rate>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Clock::Virtual,
            pace: Pace::default(),
            change_set_steps: 1,
            account: "000000000000".to_owned(),
            types: Types::aws(),
            changes_per_page: 200,
            items_per_page: 100,
            forbidden_roles: Vec::new(),
            early_validation: true,
            execute_again: true,
            tells_deleted: false,
            executed_at_start: false,
            rate: None,
        }
    }
}

/// A simulated AWS, as far as CloudFormation and its callers see it. Clones share one world.
#[derive(Clone)]
pub struct Sandbox {
    world: Arc<Mutex<World>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Sandbox")
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Sandbox {
    /// An empty world in memory.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(settings))) }
    }

    /// The world kept in that directory; it is made where there is none. Operations that were
    /// under way go on. The directory belongs to this process until the last clone is gone.
    ///
    /// # Errors
    /// State that is damaged, of a newer version, in use by another process, or unreadable: the
    /// error names the file, which is left as it is.
    pub fn open(directory: &Path, settings: Settings) -> Result<Self, StoreError> {
        Ok(Self { world: Arc::new(Mutex::new(store::open(directory, settings)?)) })
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Response {
        self.world().answer(request)
    }

    /// Adds a rule about what goes wrong.
    pub fn order(&self, rule: Rule) {
        self.world().script.rules.push(rule);
    }

    /// Somebody changed a resource by hand.
    pub fn drift(&self, drift: Drift) {
        self.world().script.drift.push(drift);
    }

    /// From now on, calls of that account need what an IAM policy document allows.
    pub fn enforce(&self, account: &str, document: serde_json::Value) {
        self.world().policies.insert(account.to_owned(), document);
    }

    /// Takes all rules back.
    pub fn clear_orders(&self) {
        self.world().script = Script::default();
    }

    /// How often each operation was called.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.world().calls.clone()
    }

    /// How many calls came too fast for [`Settings::rate`].
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.world().allowances.refused
    }

    /// Forgets the counts.
    pub fn reset_calls(&self) {
        self.world().calls.clear();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // Whatever panicked held no half-made state that matters: each answer is complete or refused.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
