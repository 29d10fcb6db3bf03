//! A cloud that dies or errs at a chosen call.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use infra::cloud::{
    Answer, ChangeSet, ChangeSetState, Cloud, CloudError, Clouds, Detection, ErrorKind, Finding, Identity,
    MadeChangeSet, NewChangeSet, ResourceDrift, Stack, StackEvent, StackResource, StackStatus, StackSummary, Store,
    Target, Token,
};
use tokio::sync::Notify;

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The process dies at the call with that number, before or after AWS carried it out.
    Crash { at: usize, after: bool },
    /// Every stack is told to be in that status.
    Pose(StackStatus),
    /// Calls of that operation fail so, from the first to the last number (counted for the operation).
    Fail { operation: &'static str, kind: ErrorKind, from: usize, to: usize },
}

/// All clients of one process.
pub(crate) struct Dying {
    inner: Arc<dyn Clouds>,
    shared: Arc<Shared>,
    clients: Mutex<BTreeMap<Target, Arc<dyn Cloud>>>,
}

/// What the clients of one run share.
pub(crate) struct Shared {
    fault: Fault,
    count: AtomicUsize,
    of_operation: Mutex<BTreeMap<&'static str, usize>>,
    dead: Notify,
}

impl Shared {
    /// Calls made so far.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits for the death of the process.
    pub(crate) async fn dead(&self) {
        self.dead.notified().await;
    }

    async fn guard<'a, T>(&self, operation: &'static str, call: Answer<'a, T>) -> Result<T, CloudError> {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let nth = {
            let mut counts = self.of_operation.lock().unwrap();
            let count = counts.entry(operation).or_default();
            *count += 1;
            *count
        };
        match &self.fault {
            Fault::Crash { at, after } if *at == number => {
                if *after {
                    let _ = call.await;
                }
                self.dead.notify_one();
                pending().await
            }
            Fault::Fail { operation: of, kind, from, to } if *of == operation && (*from..=*to).contains(&nth) => {
                Err(CloudError::new(*kind, operation, "made up by the test"))
            }
            _ => call.await,
        }
    }
}

/// Lets that go wrong with `clouds`.
pub(crate) fn dying(clouds: &Arc<dyn Clouds>, fault: Fault) -> (Arc<dyn Clouds>, Arc<Shared>) {
    let shared =
        Arc::new(Shared { fault, count: AtomicUsize::new(0), of_operation: Mutex::default(), dead: Notify::new() });
    let all = Dying { inner: Arc::clone(clouds), shared: Arc::clone(&shared), clients: Mutex::default() };
    (Arc::new(all), shared)
}

impl Clouds for Dying {
    fn at(&self, target: &Target) -> Arc<dyn Cloud> {
        let mut clients = self.clients.lock().unwrap();
        let client = clients
            .entry(target.clone())
            .or_insert_with(|| Arc::new(Client { inner: self.inner.at(target), shared: Arc::clone(&self.shared) }));
        Arc::clone(client)
    }

    fn store(&self, target: &Target) -> Arc<dyn Store> {
        self.inner.store(target)
    }
}

struct Client {
    inner: Arc<dyn Cloud>,
    shared: Arc<Shared>,
}

macro_rules! guarded {
    ($(fn $name:ident(&self $(, $arg:ident: $ty:ty)*) -> $answer:ty, $operation:literal;)*) => {
        impl Cloud for Client {
            fn identify(&self) -> Answer<'_, Identity> {
                Box::pin(self.shared.guard("GetCallerIdentity", self.inner.identify()))
            }
            fn stack<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Stack>> {
                Box::pin(async move {
                    let found = self.shared.guard("DescribeStacks", self.inner.stack(stack)).await?;
                    Ok(found.map(|stack| match &self.shared.fault {
                        Fault::Pose(status) => Stack { status: status.clone(), ..stack },
                        _ => stack,
                    }))
                })
            }
            fn stacks(&self) -> Answer<'_, Vec<Stack>> {
                Box::pin(self.shared.guard("DescribeStacks", self.inner.stacks()))
            }
            $(fn $name<'a>(&'a self $(, $arg: $ty)*) -> Answer<'a, $answer> {
                Box::pin(self.shared.guard($operation, self.inner.$name($($arg),*)))
            })*
        }
    };
}

guarded! {
    fn list_stacks(&self, statuses: &'a [StackStatus]) -> Vec<StackSummary>, "ListStacks";
    fn template(&self, stack: &'a str) -> Option<String>, "GetTemplate";
    fn change_set_template(&self, stack: &'a str, name: &'a str) -> Option<String>, "GetTemplate";
    fn imports(&self, export: &'a str) -> Vec<String>, "ListImports";
    fn resources(&self, stack: &'a str) -> Option<Vec<StackResource>>, "ListStackResources";
    fn events(&self, stack: &'a str, seen: &'a BTreeSet<String>, token: Option<&'a Token>) -> Vec<StackEvent>, "DescribeStackEvents";
    fn detect_drift(&self, stack: &'a str) -> Option<String>, "DetectStackDrift";
    fn drift_detection(&self, id: &'a str) -> Detection, "DescribeStackDriftDetectionStatus";
    fn resource_drifts(&self, stack: &'a str) -> Vec<ResourceDrift>, "DescribeStackResourceDrifts";
    fn create_change_set(&self, change_set: &'a NewChangeSet) -> MadeChangeSet, "CreateChangeSet";
    fn change_set_state(&self, stack: &'a str, name: &'a str) -> Option<ChangeSetState>, "DescribeChangeSet";
    fn change_set(&self, stack: &'a str, name: &'a str) -> Option<ChangeSet>, "DescribeChangeSet";
    fn findings(&self, stack: &'a str, name: &'a str) -> Vec<Finding>, "DescribeEvents";
    fn change_sets(&self, stack: &'a str) -> Vec<ChangeSetState>, "ListChangeSets";
    fn execute_change_set(&self, stack: &'a str, name: &'a str, disable_rollback: Option<bool>, token: &'a Token) -> (), "ExecuteChangeSet";
    fn delete_change_set(&self, stack: &'a str, name: &'a str) -> (), "DeleteChangeSet";
    fn delete_stack(&self, stack: &'a str, retain: &'a [String], token: &'a Token) -> (), "DeleteStack";
    fn continue_update_rollback(&self, stack: &'a str, skip: &'a [String], token: &'a Token) -> (), "ContinueUpdateRollback";
    fn rollback_stack(&self, stack: &'a str, token: &'a Token) -> (), "RollbackStack";
    fn set_termination_protection(&self, stack: &'a str, on: bool) -> (), "UpdateTerminationProtection";
    fn stack_policy(&self, stack: &'a str) -> Option<String>, "GetStackPolicy";
    fn set_stack_policy(&self, stack: &'a str, policy: &'a str) -> (), "SetStackPolicy";
}
