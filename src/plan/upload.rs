//! Assets are brought to their buckets before a change that needs them is planned.
//!
//! An object is named by what it holds, so one that is there is the right one, whoever put it there; and it is there
//! whole or not at all. A stack that does not change needs nothing: what its template names lies there already.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use crate::cloud::{CloudError, Clouds, ErrorKind, ObjectId, Store, Target};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::problem;
use crate::plan::wanted::{Asset, Event, Observer, Wanted};

/// Packages that are in memory at once.
const AT_ONCE: usize = 2;

/// All uploads of one run.
pub(crate) struct Uploads {
    clouds: Arc<dyn Clouds>,
    /// What was asked for, so that no two stacks ask twice.
    known: Mutex<BTreeMap<(Target, ObjectId), Arc<Known>>>,
    turns: Semaphore,
}

/// What is known of one object.
#[derive(Default)]
struct Known {
    held: OnceCell<Result<bool, CloudError>>,
    ended: OnceCell<Ended>,
}

/// What one ended with.
type Ended = Result<(), Failure>;

#[derive(Clone, Debug)]
enum Failure {
    /// A file of it, and what is wrong with that.
    Unreadable(String, String),
    Call(CloudError),
}

impl Uploads {
    pub(crate) fn new(clouds: &Arc<dyn Clouds>) -> Self {
        Self { clouds: Arc::clone(clouds), known: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }

    /// The buckets of the stack's place.
    pub(crate) fn store(&self, wanted: &Wanted) -> Arc<dyn Store> {
        self.clouds.store(&wanted.target)
    }

    /// Sees to it that all that the stack needs lies in its buckets.
    ///
    /// # Errors
    /// A problem for each asset that could not be brought there, at its place in the source.
    pub(crate) async fn bring(&self, wanted: &Wanted, observer: &dyn Observer) -> Result<(), Vec<Diagnostic>> {
        // All looks at once; uploads one after the other, since each is in memory as a whole.
        let mut looks = JoinSet::new();
        for asset in &wanted.assets {
            let (known, object) = (self.known(wanted, asset), asset.object.clone());
            let store = self.store(wanted);
            looks.spawn(async move {
                known.held.get_or_init(|| store.holds(&object)).await;
            });
        }
        while looks.join_next().await.is_some() {}
        let mut problems = Vec::new();
        for asset in &wanted.assets {
            let known = self.known(wanted, asset);
            let ended = known.ended.get_or_init(|| self.one(wanted, asset, &known, observer)).await;
            if let Err(failure) = ended {
                problems.push(told(failure, asset));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn known(&self, wanted: &Wanted, asset: &Asset) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry((wanted.target.clone(), asset.object.clone())).or_default())
    }

    async fn one(&self, wanted: &Wanted, asset: &Asset, known: &Known, observer: &dyn Observer) -> Ended {
        let store = self.store(wanted);
        let held = known.held.get_or_init(|| store.holds(&asset.object)).await;
        if held.clone().map_err(Failure::Call)? {
            return Ok(());
        }
        // The semaphore is never closed, so a turn always comes.
        let _turn = self.turns.acquire().await;
        let package = Arc::clone(&asset.package);
        let packed = tokio::task::spawn_blocking(move || package.bytes()).await;
        let bytes = match packed {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(refusal)) => return Err(Failure::Unreadable(refusal.path, refusal.why.to_string())),
            Err(e) => return Err(Failure::Unreadable(asset.package.path().to_owned(), e.to_string())),
        };
        let (stack, path) = (wanted.id.clone(), asset.package.path().to_owned());
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        observer.tell(Event::Uploading { stack: stack.clone(), path: path.clone(), bytes: length });
        store.put(&asset.object, bytes).await.map_err(Failure::Call)?;
        observer.tell(Event::Uploaded { stack, path, bucket: asset.object.bucket.clone() });
        Ok(())
    }
}

fn told(failure: &Failure, asset: &Asset) -> Diagnostic {
    let error = match failure {
        Failure::Unreadable(path, why) => {
            return Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`: {why}"))
                .at(asset.place, "is packed for a bucket")
                .help("run the command again when nothing writes to these files any more");
        }
        Failure::Call(error) => error,
    };
    let problem = problem::of_call(error, None);
    let is_about_it = !matches!(error.kind, ErrorKind::NoCredentials | ErrorKind::ExpiredCredentials);
    if is_about_it { problem.at(asset.place, format!("goes to the bucket `{}`", asset.object.bucket)) } else { problem }
}
