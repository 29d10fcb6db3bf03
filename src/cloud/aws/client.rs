//! One account and region: the SDK client, its limiter, and the port on top.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use aws_sdk_cloudformation as cfn;
use aws_sdk_cloudformation::config::Region;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecr as ecr;
use aws_sdk_s3 as s3;
use tokio::sync::{OnceCell, Semaphore};

use crate::cloud::aws::body::{LastHost, WholeAnswer};
use crate::cloud::aws::error::{Context, translate};
use crate::cloud::aws::session::{Session, last};
use crate::cloud::aws::{Settings, config, deviations, drift, empty, objects, reads, retry, writes};
use crate::cloud::{
    Answer, Call, ChangeSet, ChangeSetState, Cloud, CloudError, Detection, Finding, Identity, MadeChangeSet,
    NewChangeSet, ObjectId, ResourceDrift, Stack, StackEvent, StackResource, StackStatus, StackSummary, Store, Target,
    Token,
};

/// Calls of one account and region at once, where not said otherwise.
const CALLS_AT_ONCE: usize = 8;

/// The client of one target.
pub(crate) struct Client {
    target: Target,
    session: Arc<Session>,
    settings: Arc<Settings>,
    sdk: OnceCell<cfn::Client>,
    s3: OnceCell<s3::Client>,
    ecr: OnceCell<ecr::Client>,
    limiter: Semaphore,
    host: LastHost,
}

impl Client {
    pub(crate) fn new(target: Target, session: Arc<Session>, settings: Arc<Settings>) -> Self {
        let limiter = Semaphore::new(settings.calls_at_once.unwrap_or(CALLS_AT_ONCE).max(1));
        Self {
            target,
            session,
            settings,
            sdk: OnceCell::new(),
            s3: OnceCell::new(),
            ecr: OnceCell::new(),
            limiter,
            host: LastHost::default(),
        }
    }

    /// An emulator answers, not AWS.
    pub(crate) fn is_emulated(&self) -> bool {
        self.settings.endpoint.as_deref().is_some_and(deviations::is_loopback)
    }

    /// The SDK client; made once.
    pub(crate) async fn sdk(&self) -> &cfn::Client {
        self.sdk.get_or_init(|| async { cfn::Client::from_conf(self.config().await) }).await
    }

    /// The client of S3; made once, and only where something is uploaded.
    pub(crate) async fn s3(&self) -> &s3::Client {
        let config = async || objects::config(self.session.sdk().await, &self.target, &self.settings, &self.host);
        self.s3.get_or_init(|| async { s3::Client::from_conf(config().await) }).await
    }

    /// The client of ECR; made once, and only where a repository is emptied.
    pub(crate) async fn ecr(&self) -> &ecr::Client {
        let config = async || empty::config(self.session.sdk().await, &self.target, &self.settings, &self.host);
        self.ecr.get_or_init(|| async { ecr::Client::from_conf(config().await) }).await
    }

    /// Who we are there; asked once.
    pub(crate) async fn identify_account(&self) -> Result<Identity, CloudError> {
        self.session.identify().await
    }

    /// Where it is.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    async fn config(&self) -> cfn::Config {
        cfn::config::Builder::from(self.session.sdk().await)
            .region(Region::new(self.target.region.clone()))
            .retry_config(retry::policy(config::first_pause(&self.settings)))
            .retry_partition(retry::partition("cloudformation", &self.target))
            .retry_classifier(retry::QuotaIsNotThrottling)
            .interceptor(WholeAnswer { host: Arc::clone(&self.host) })
            .build()
    }

    /// Sends one call: waits for its turn, tells the observer, translates the error.
    pub(crate) async fn call<O, E>(
        &self,
        operation: &'static str,
        sending: impl Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    ) -> Result<O, CloudError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // The semaphore is never closed, so a permit always comes.
        let _turn = self.limiter.acquire().await;
        if let Some(observer) = &self.settings.observer {
            observer(&Call { operation, target: self.target.clone() });
        }
        sending
            .await
            .map_err(|error| translate(&error, &Context { operation, target: &self.target, host: last(&self.host) }))
    }
}

impl Cloud for Client {
    fn identify(&self) -> Answer<'_, Identity> {
        Box::pin(self.session.identify())
    }

    fn stack<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Stack>> {
        Box::pin(reads::stack(self, stack))
    }

    fn stacks(&self) -> Answer<'_, Vec<Stack>> {
        Box::pin(reads::stacks(self))
    }

    fn list_stacks<'a>(&'a self, statuses: &'a [StackStatus]) -> Answer<'a, Vec<StackSummary>> {
        Box::pin(reads::list_stacks(self, statuses))
    }

    fn template<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(reads::template(self, stack))
    }

    fn change_set_template<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(reads::change_set_template(self, stack, name))
    }

    fn imports<'a>(&'a self, export: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(reads::imports(self, export))
    }

    fn resources<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Vec<StackResource>>> {
        Box::pin(reads::resources(self, stack))
    }

    fn events<'a>(
        &'a self,
        stack: &'a str,
        seen: &'a BTreeSet<String>,
        token: Option<&'a Token>,
    ) -> Answer<'a, Vec<StackEvent>> {
        Box::pin(reads::events(self, stack, seen, token))
    }

    fn detect_drift<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(drift::detect(self, stack))
    }

    fn drift_detection<'a>(&'a self, id: &'a str) -> Answer<'a, Detection> {
        Box::pin(drift::detection(self, id))
    }

    fn resource_drifts<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ResourceDrift>> {
        Box::pin(drift::resources(self, stack))
    }

    fn create_change_set<'a>(&'a self, change_set: &'a NewChangeSet) -> Answer<'a, MadeChangeSet> {
        Box::pin(writes::create_change_set(self, change_set))
    }

    fn change_set_state<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Option<ChangeSetState>> {
        Box::pin(reads::change_set_state(self, stack, name))
    }

    fn change_set<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Option<ChangeSet>> {
        Box::pin(reads::change_set(self, stack, name))
    }

    fn findings<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, Vec<Finding>> {
        Box::pin(reads::findings(self, stack, name))
    }

    fn change_sets<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ChangeSetState>> {
        Box::pin(reads::change_sets(self, stack))
    }

    fn execute_change_set<'a>(
        &'a self,
        stack: &'a str,
        name: &'a str,
        disable_rollback: Option<bool>,
        token: &'a Token,
    ) -> Answer<'a, ()> {
        Box::pin(writes::execute_change_set(self, stack, name, disable_rollback, token))
    }

    fn delete_change_set<'a>(&'a self, stack: &'a str, name: &'a str) -> Answer<'a, ()> {
        Box::pin(writes::delete_change_set(self, stack, name))
    }

    fn delete_stack<'a>(&'a self, stack: &'a str, retain: &'a [String], token: &'a Token) -> Answer<'a, ()> {
        Box::pin(writes::delete_stack(self, stack, retain, token))
    }

    fn continue_update_rollback<'a>(&'a self, stack: &'a str, skip: &'a [String], token: &'a Token) -> Answer<'a, ()> {
        Box::pin(writes::continue_update_rollback(self, stack, skip, token))
    }

    fn rollback_stack<'a>(&'a self, stack: &'a str, token: &'a Token) -> Answer<'a, ()> {
        Box::pin(writes::rollback_stack(self, stack, token))
    }

    fn set_termination_protection<'a>(&'a self, stack: &'a str, on: bool) -> Answer<'a, ()> {
        Box::pin(writes::set_termination_protection(self, stack, on))
    }

    fn stack_policy<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(reads::stack_policy(self, stack))
    }

    fn set_stack_policy<'a>(&'a self, stack: &'a str, policy: &'a str) -> Answer<'a, ()> {
        Box::pin(writes::set_stack_policy(self, stack, policy))
    }
}

impl Store for Client {
    fn holds<'a>(&'a self, object: &'a ObjectId) -> Answer<'a, bool> {
        Box::pin(objects::holds(self, object))
    }

    fn put<'a>(&'a self, object: &'a ObjectId, bytes: Vec<u8>) -> Answer<'a, ()> {
        Box::pin(objects::put(self, object, bytes))
    }

    fn empty_bucket<'a>(&'a self, bucket: &'a str) -> Answer<'a, ()> {
        Box::pin(empty::bucket(self, bucket))
    }

    fn empty_repository<'a>(&'a self, repository: &'a str) -> Answer<'a, ()> {
        Box::pin(empty::repository(self, repository))
    }
}
