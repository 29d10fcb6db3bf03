//! Stacks to plan and apply against the simulator, through the real SDK client.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use infra::apply::{self, Report};
use infra::cloud::aws::{Aws, Settings as AwsSettings};
use infra::cloud::{Account, Clouds, Secret, Target};
use infra::diagnostics::Diagnostic;
use infra::plan::{self, Desired, Input, Plan, Source, Style, Wanted};
use infra::sandbox::Sandbox;
use infra::template::provenance;

/// A simulated AWS and a way to it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) clouds: Arc<dyn Clouds>,
    calls: Arc<AtomicUsize>,
    log: Arc<Mutex<Vec<&'static str>>>,
}

/// Calls that change something.
pub(crate) const WRITES: [&str; 7] = [
    "CreateChangeSet",
    "ExecuteChangeSet",
    "DeleteChangeSet",
    "DeleteStack",
    "SetStackPolicy",
    "UpdateTerminationProtection",
    "ContinueUpdateRollback",
];

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Sandbox::default())
    }

    /// Fresh clients for a world that is there already, as a second run has them.
    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let http = sandbox.connector();
        Self::over(sandbox, http)
    }

    /// The same over a line of its own.
    pub(crate) fn over(sandbox: Sandbox, http: SharedHttpClient) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (count, keep) = (Arc::clone(&calls), Arc::clone(&log));
        let clouds = Aws::new(AwsSettings {
            http: Some(http),
            observer: Some(Arc::new(move |call| {
                count.fetch_add(1, Ordering::Relaxed);
                keep.lock().unwrap().push(call.operation);
            })),
            ..AwsSettings::default()
        });
        Self { sandbox, clouds: Arc::new(clouds), calls, log }
    }

    /// The same world through other clients.
    pub(crate) fn through(&self, clouds: Arc<dyn Clouds>) -> Self {
        Self { clouds, ..Self::of(self.sandbox.clone()) }
    }

    /// Calls made since the last time this was asked.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.calls.store(0, Ordering::Relaxed);
        std::mem::take(&mut self.log.lock().unwrap())
    }

    pub(crate) async fn plan(&self, desired: &Desired) -> Result<Plan, Vec<Diagnostic>> {
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        plan::plan(&self.clouds, desired, &plan::Settings::default(), &observer).await
    }

    /// A plan with `--allow`, of which that stays in AWS.
    pub(crate) async fn plan_as(
        &self,
        desired: &Desired,
        allow: &[&str],
        leaves: plan::Leaves,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        plan::plan(&self.clouds, desired, &plan::Settings { leaves, ..allowing(allow) }, &observer).await
    }

    pub(crate) async fn plan_of(&self, desired: &Desired, only: &[&str]) -> Result<Plan, Vec<Diagnostic>> {
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        let only = Some(only.iter().map(|id| (*id).to_owned()).collect());
        let settings = plan::Settings { only, ..plan::Settings::default() };
        plan::plan(&self.clouds, desired, &settings, &observer).await
    }

    pub(crate) async fn destroy(&self, desired: &Desired) -> Result<Plan, Vec<Diagnostic>> {
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        plan::destroy(&self.clouds, desired, &allowing(&["delete:*"]), &observer).await
    }

    pub(crate) async fn destroy_of(&self, desired: &Desired, only: &[&str]) -> Result<Plan, Vec<Diagnostic>> {
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        let only = Some(only.iter().map(|id| (*id).to_owned()).collect());
        plan::destroy(&self.clouds, desired, &plan::Settings { only, ..allowing(&["delete:*"]) }, &observer).await
    }

    /// A plan with `--allow`.
    pub(crate) async fn plan_allowing(&self, desired: &Desired, allow: &[&str]) -> Result<Plan, Vec<Diagnostic>> {
        self.plan_as(desired, allow, plan::Leaves::default()).await
    }

    pub(crate) async fn apply(&self, desired: &Desired, plan: &Plan) -> Report {
        let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
        apply::apply(&self.clouds, desired, plan, &apply::Settings::default(), &observer).await
    }

    /// Plans and applies, whatever is lost by it; the plan must stand.
    pub(crate) async fn deploy(&self, desired: &Desired) -> (Plan, Report) {
        let plan = self.plan_allowing(desired, &["replace:*", "delete:*"]).await.unwrap_or_else(|e| panic!("{e:#?}"));
        let report = self.apply(desired, &plan).await;
        (plan, report)
    }

    pub(crate) fn at(&self, wanted: &Wanted) -> Arc<dyn infra::cloud::Cloud> {
        self.clouds.at(&wanted.target)
    }
}

/// Settings with `--allow`.
pub(crate) fn allowing(allow: &[&str]) -> plan::Settings {
    plan::Settings { allow: allow.iter().map(|text| text.parse().unwrap()).collect(), ..plan::Settings::default() }
}

/// A stack of project `shop` in environment `dev`.
pub(crate) fn stack(name: &str, template: Value) -> Wanted {
    let body = template.to_string();
    let digest = Sha256::digest(body.as_bytes());
    Wanted {
        id: format!("{name}@dev/eu-west-1"),
        stack: name.to_owned(),
        target: target("111111111111", "eu-west-1"),
        name: format!("shop-{name}-dev"),
        sha256: digest.iter().map(|b| format!("{b:02x}")).collect(),
        body,
        capabilities: vec![],
        tags: BTreeMap::from(
            [("infra:project", "shop"), ("infra:stack", name), ("infra:env", "dev")]
                .map(|(k, v)| (k.to_owned(), v.to_owned())),
        ),
        parameters: BTreeMap::new(),
        after: Default::default(),
        foreign: None,
        orphan: false,
        protected: BTreeMap::new(),
        initial: BTreeMap::new(),
        policy: None,
        termination_protection: false,
        assets: vec![],
        bucket: None,
        live: vec![],
        types: infra::schema::Types::aws(),
        place: None,
        places: provenance::Index::default(),
    }
}

pub(crate) fn target(account: &str, region: &str) -> Target {
    let account = Account { name: format!("a{account}"), id: Some(account.to_owned()), ..Account::default() };
    Target { account, region: region.to_owned() }
}

/// Reads an output of another stack.
pub(crate) fn reading(mut wanted: Wanted, parameter: &str, stack: &str, output: &str) -> Wanted {
    let source = Source::Output { stack: stack.to_owned(), name: output.to_owned(), items: None };
    wanted.parameters.insert(parameter.to_owned(), Input { source, secret: false, place: None });
    wanted
}

/// Has an input, set for this run or not.
pub(crate) fn input(mut wanted: Wanted, name: &str, set: Option<&str>, secret: bool) -> Wanted {
    let source = Source::Input { set: set.map(Secret::from), default: None };
    wanted.parameters.insert(name.to_owned(), Input { source, secret, place: None });
    wanted
}

pub(crate) fn desired(stacks: impl IntoIterator<Item = Wanted>) -> Desired {
    Desired {
        project: "shop".to_owned(),
        env: Some("dev".to_owned()),
        stacks: stacks.into_iter().map(Arc::new).collect(),
        scope: infra::build::Scope { envs: ["dev".to_owned()].into(), all: false },
        sites: vec![plan::Site { env: "dev".to_owned(), target: target("111111111111", "eu-west-1") }],
    }
}

/// A network, a queue and a role-less task that read it, an independent topic.
pub(crate) fn shop(image: Option<&str>) -> Desired {
    shop_with(image, "10.0.0.0/16")
}

/// The same with another network.
pub(crate) fn shop_with(image: Option<&str>, cidr: &str) -> Desired {
    desired([network(cidr), jobs(), api(image), topic()])
}

pub(crate) fn network(cidr: &str) -> Wanted {
    stack(
        "network",
        json!({
            "Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": cidr}}},
            "Outputs": {"Vpc": {"Value": {"Ref": "Vpc"}}}
        }),
    )
}

/// The network as `@protect` on it makes it.
pub(crate) fn guarded_network(cidr: &str) -> Wanted {
    let mut template: Value = serde_json::from_str(&network(cidr).body).unwrap();
    template["Resources"]["Vpc"]["Metadata"] = json!({"infra": {"protect": true}});
    let mut wanted = stack("network", template);
    wanted.protected.insert("Vpc".into(), "every service lives in it".into());
    wanted
}

pub(crate) fn jobs() -> Wanted {
    let template = json!({
        "Parameters": {"NetworkVpc": {"Type": "String"}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}},
            "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                "GroupDescription": "jobs", "VpcId": {"Ref": "NetworkVpc"}}}
        },
        "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}}
    });
    reading(stack("jobs", template), "NetworkVpc", "network@dev/eu-west-1", "Vpc")
}

pub(crate) fn api(image: Option<&str>) -> Wanted {
    let template = json!({
        "Parameters": {"Image": {"Type": "String"}, "JobsQueue": {"Type": "String"}, "NetworkVpc": {"Type": "String"}},
        "Resources": {
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}},
            "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                "GroupDescription": "api", "VpcId": {"Ref": "NetworkVpc"}}},
            "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
                "Family": "api",
                "ContainerDefinitions": [{"Name": "app", "Image": {"Ref": "Image"},
                    "Environment": [{"Name": "QUEUE", "Value": {"Ref": "JobsQueue"}}]}]}},
            "Service": {"Type": "AWS::ECS::Service", "Properties": {
                "TaskDefinition": {"Ref": "Task"}, "DesiredCount": 1}}
        },
        "Outputs": {"Task": {"Value": {"Ref": "Task"}}}
    });
    let wanted = reading(stack("api", template), "NetworkVpc", "network@dev/eu-west-1", "Vpc");
    let wanted = reading(wanted, "JobsQueue", "jobs@dev/eu-west-1", "Queue");
    input(wanted, "Image", image, false)
}

pub(crate) fn topic() -> Wanted {
    stack(
        "alerts",
        json!({
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alerts"}}},
            "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}}
        }),
    )
}

pub(crate) fn text(plan: &Plan) -> String {
    plan::to_text(plan, Style { colour: false, width: 80 })
}

/// A stack whose creation failed and was rolled back, as another tool would leave it.
pub(crate) async fn dead_shell(sandbox: &Sandbox, wanted: &Wanted) {
    let account = wanted.target.account.id.clone().unwrap();
    let client = crate::sandbox::client_of(sandbox, &account, &wanted.target.region);
    sandbox.order(infra::sandbox::Rule::fail(&wanted.name, "*", "not today").times(1));
    begin_creation(sandbox, wanted).await;
    for _ in 0..50 {
        let told = client.describe_stacks().stack_name(&wanted.name).send().await.unwrap();
        if told.stacks()[0].stack_status().unwrap().as_str() == "ROLLBACK_COMPLETE" {
            return;
        }
    }
    panic!("the creation did not roll back");
}

/// Begins to create a stack by another way than ours, with our tags.
pub(crate) async fn begin_creation(sandbox: &Sandbox, wanted: &Wanted) {
    let account = wanted.target.account.id.clone().unwrap();
    let client = crate::sandbox::client_of(sandbox, &account, &wanted.target.region);
    let tag = |(k, v): (&String, &String)| aws_sdk_cloudformation::types::Tag::builder().key(k).value(v).build();
    client
        .create_stack()
        .stack_name(&wanted.name)
        .template_body(&wanted.body)
        .client_request_token("Console-CreateStack-1")
        .set_tags(Some(wanted.tags.iter().map(tag).collect()))
        .send()
        .await
        .unwrap();
}

/// Keeps what planning tells.
#[derive(Default, Debug)]
pub(crate) struct Recorder(pub(crate) Mutex<Vec<String>>);

impl plan::Observer for Recorder {
    fn tell(&self, event: plan::Event) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}
