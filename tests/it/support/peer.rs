//! The engine as a library against a server that others made: from source to plan, from plan to report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use infra::apply::{self, Report};
use infra::build;
use infra::cloud::Clouds;
use infra::cloud::aws::{Aws, Settings};
use infra::diagnostics::{self, Diagnostic};
use infra::plan::{self, Desired, Plan};
use infra::schema::Types;
use infra::semantics;
use infra::source::Sources;
use infra::world::Table;

use super::stacks::allowing;
use super::{boto, ministack};

/// Pause between two questions; the server is on this machine.
const POLL: Duration = Duration::from_millis(10);

/// An account of its own on a server, and a way to it.
pub(crate) struct Peer {
    address: &'static str,
    pub(crate) account: String,
    pub(crate) clouds: Arc<dyn Clouds>,
}

/// A program that was built, and what of it is to be planned.
pub(crate) struct Source {
    pub(crate) desired: Desired,
    pub(crate) chosen: Vec<String>,
}

pub(crate) const REGION: &str = "eu-west-1";

impl Peer {
    pub(crate) fn ministack() -> Self {
        let address = ministack::address();
        let settings = Settings { endpoint: Some(address.into()), ..Settings::default() };
        Self { address, account: ministack::account(), clouds: Arc::new(Aws::new(settings)) }
    }

    /// What boto3 tells of this account.
    pub(crate) fn boto(&self, expression: &str) -> String {
        boto::ask(self.address, &self.account, REGION, expression)
    }

    /// The same of another account or region.
    pub(crate) fn boto_at(&self, account: &str, region: &str, expression: &str) -> String {
        boto::ask(self.address, account, region, expression)
    }

    /// Names of the queues that are really there.
    pub(crate) fn queues(&self) -> String {
        self.boto("sorted(u.rsplit('/')[-1] for u in c('sqs').list_queues().get('QueueUrls', []))")
    }

    /// Stacks and their statuses.
    pub(crate) fn stacks(&self) -> String {
        self.boto("{s['StackName']: s['StackStatus'] for s in c('cloudformation').describe_stacks()['Stacks']}")
    }

    /// Builds stacks of the project `peer` for environment `dev`, which is this account.
    pub(crate) fn source(&self, stacks: &str) -> Source {
        self.source_with(stacks, &[])
    }

    /// The same with `--set`.
    pub(crate) fn source_with(&self, stacks: &str, set: &[(&str, &str)]) -> Source {
        let head = format!(
            "project peer\naccount main {{ id: \"{}\" }}\nenv dev {{ account: main, regions: [\"{REGION}\"], assets: \
             \"assets-{}\" }}\n",
            self.account, self.account
        );
        compile(&format!("{head}{stacks}"), &["dev"], set)
    }

    pub(crate) async fn plan(&self, source: &Source, allow: &[&str]) -> Result<Plan, Vec<Diagnostic>> {
        let settings = source.settings(allow);
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        plan::plan(&self.clouds, &source.desired, &settings, &observer).await
    }

    pub(crate) async fn apply(&self, source: &Source, plan: &Plan) -> Report {
        let settings = apply::Settings { poll: POLL, ..apply::Settings::default() };
        let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
        apply::apply(&self.clouds, &source.desired, plan, &settings, &observer).await
    }

    /// Plans and applies, whatever is lost by it; the plan must stand.
    pub(crate) async fn deploy(&self, source: &Source) -> (Plan, Report) {
        let plan = self.plan(source, &["replace:*", "delete:*"]).await.unwrap_or_else(|e| panic!("{e:#?}"));
        let report = self.apply(source, &plan).await;
        (plan, report)
    }

    /// Deploys what has to go well, after which a plan has nothing to do. Gives the plan that was carried out.
    pub(crate) async fn settle(&self, source: &Source) -> Plan {
        let (plan, report) = self.deploy(source).await;
        assert_eq!(report.exit_code(), 0, "{}\n{:#?}", super::stacks::text(&plan), report);
        let again = self.plan(source, &[]).await.unwrap_or_else(|e| panic!("{e:#?}"));
        assert!(!again.has_changes(), "{}", super::stacks::text(&again));
        plan
    }

    /// Destroys all of it, after which nothing is left to destroy.
    pub(crate) async fn destroy(&self, source: &Source) {
        let settings = source.settings(&["delete:*"]);
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        let made = plan::destroy(&self.clouds, &source.desired, &settings, &observer).await;
        let made = made.unwrap_or_else(|e| panic!("{e:#?}"));
        let report = self.apply(source, &made).await;
        assert_eq!(report.exit_code(), 0, "{report:#?}");
        let again = plan::destroy(&self.clouds, &source.desired, &settings, &observer).await;
        assert!(!again.unwrap().has_changes());
    }

    /// Recovers every stack that is stuck, leaving out `skip` of each.
    pub(crate) async fn recover(&self, source: &Source, skip: &[&str]) -> Vec<apply::Recovery> {
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        let stuck = plan::stuck(&self.clouds, &source.desired, &source.settings(&[]), &observer).await.unwrap();
        let skip = stuck.iter().map(|s| (s.wanted.id.clone(), skip.iter().map(|s| (*s).to_owned()).collect()));
        let skip: BTreeMap<_, _> = skip.collect();
        let settings = apply::Settings { poll: POLL, ..apply::Settings::default() };
        let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
        apply::recover(&self.clouds, &stuck, &skip, &settings, &observer).await
    }
}

impl Source {
    /// Everything of a build.
    pub(crate) fn of(built: &build::Build) -> Self {
        assert!(!diagnostics::has_errors(&built.diagnostics), "{:#?}", built.diagnostics);
        Self { desired: plan::desired(built), chosen: plan::chosen(built).collect() }
    }

    pub(crate) fn settings(&self, allow: &[&str]) -> plan::Settings {
        let only = Some(self.chosen.iter().cloned().collect());
        plan::Settings { only, poll: POLL, ..allowing(allow) }
    }
}

/// Builds a whole program for these environments.
pub(crate) fn compile(text: &str, envs: &[&str], set: &[(&str, &str)]) -> Source {
    let mut sources = Sources::default();
    sources.add("main.infra", text);
    let files = sources.iter().cloned().collect();
    let program = semantics::analyze(files, Arc::new(Table::default()), Types::aws());
    let wanted = semantics::Target {
        envs: envs.iter().map(|env| (*env).into()).collect(),
        set: set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        ..semantics::Target::default()
    };
    Source::of(&build::build(&program, &wanted))
}
