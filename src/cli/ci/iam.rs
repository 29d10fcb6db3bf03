//! The IAM documents of a project: which calls plan, apply and destroy make, on which stacks and objects.
//!
//! Actions, resources and condition keys are those of "Actions, resources, and condition keys for AWS CloudFormation"
//! in the service authorization reference. The sandbox holds our own calls against these documents.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::plan::{Desired, Wanted, large};
use crate::semantics;

/// What looking at a stack takes.
const READ: [&str; 10] = [
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DescribeStacks",
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
    "cloudformation:GetStackPolicy",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
];

/// What a change set takes before it is executed.
const PROPOSE: [&str; 3] =
    ["cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet"];

/// What may be done to a stack besides executing a change set.
const CARRY_OUT: [&str; 4] = [
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:RollbackStack",
    "cloudformation:SetStackPolicy",
    "cloudformation:UpdateTerminationProtection",
];

/// What it takes to find out who else has to do with a stack: those that read or import its outputs, and those that the
/// source no longer has.
///
/// The other two belong to `infra drift`: they are asked about a look and about types, not about a stack.
const LOOK_AROUND: [&str; 4] = [
    "cloudformation:BatchDescribeTypeConfigurations",
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStacks",
    "cloudformation:ListImports",
];

/// Ways to change a stack that no plan shows.
const UNSEEN: [&str; 2] = ["cloudformation:CreateStack", "cloudformation:UpdateStack"];

/// Whose document.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Role {
    /// Looks.
    Read,
    /// Makes change sets, and can execute none.
    Plan,
    /// Executes them.
    Apply,
    /// Deletes stacks.
    Destroy,
}

impl Role {
    pub(super) const ALL: [Self; 4] = [Self::Read, Self::Plan, Self::Apply, Self::Destroy];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }
}

/// What a project has in one account.
#[derive(Debug)]
pub(super) struct Account {
    /// Its name in the source.
    pub name: String,
    /// Twelve digits.
    pub id: String,
    /// The role that is assumed there, which the documents are for.
    pub role: Option<String>,
    partition: &'static str,
    /// ARNs of the stacks that the project deploys, with `*` in place of their last part.
    stacks: BTreeSet<String>,
    /// Of those it reads, these too.
    read: BTreeSet<String>,
    /// Buckets, and addresses of the templates in them.
    buckets: BTreeMap<String, BTreeSet<String>>,
    /// ARNs of the transforms that its templates ask for.
    transforms: BTreeSet<String>,
    /// Conditions that hold for the stacks of the project, in the environments it is about.
    tagged: Value,
}

/// What the project has in each account, by number.
pub(super) fn accounts(desired: &Desired) -> Vec<Account> {
    let mut all: BTreeMap<String, Account> = BTreeMap::new();
    let ours = || desired.stacks.iter().filter(|wanted| wanted.is_ours_to_deploy());
    for wanted in ours() {
        if let Some(account) = of(&mut all, desired, wanted) {
            account.deploys(wanted);
        }
    }
    let read: BTreeSet<&str> = ours().flat_map(|wanted| wanted.producers()).collect();
    for wanted in read.into_iter().filter_map(|id| desired.get(id)) {
        if let Some(account) = of(&mut all, desired, wanted) {
            account.read.insert(arn(wanted));
        }
    }
    all.into_values().collect()
}

/// The account of a stack.
fn of<'a>(all: &'a mut BTreeMap<String, Account>, desired: &Desired, wanted: &Wanted) -> Option<&'a mut Account> {
    let account = &wanted.target.account;
    let Desired { project, scope, .. } = desired;
    let id = account.id.clone()?;
    Some(all.entry(id.clone()).or_insert_with(|| Account {
        name: account.name.clone(),
        id,
        role: account.role.clone(),
        partition: semantics::partition(&wanted.target.region),
        stacks: BTreeSet::new(),
        read: BTreeSet::new(),
        buckets: BTreeMap::new(),
        transforms: BTreeSet::new(),
        tagged: match scope.all {
            true => json!({ "aws:ResourceTag/infra:project": project }),
            false => json!({ "aws:ResourceTag/infra:project": project, "aws:ResourceTag/infra:env": scope.envs }),
        },
    }))
}

/// The ARN of a stack; its last part is made when it is.
fn arn(wanted: &Wanted) -> String {
    let region = &wanted.target.region;
    let account = wanted.target.account.id.as_deref().unwrap_or_default();
    format!("arn:{}:cloudformation:{region}:{account}:stack/{}/*", semantics::partition(region), wanted.name)
}

impl Account {
    fn deploys(&mut self, wanted: &Wanted) {
        let region = &wanted.target.region;
        self.stacks.insert(arn(wanted));
        for asset in &wanted.assets {
            self.buckets.entry(asset.object.bucket.clone()).or_default();
        }
        if let Some(bucket) = &wanted.bucket {
            let address = large::urls(bucket, region);
            self.buckets.entry(bucket.clone()).or_default().insert(format!("{address}*"));
        }
        let template: Value = serde_json::from_str(&wanted.body).unwrap_or_default();
        let named = match template.get("Transform") {
            Some(Value::Array(many)) => many.iter().filter_map(transform).collect(),
            Some(one) => transform(one).into_iter().collect(),
            None => Vec::new(),
        };
        let arn = |name: &str| {
            // AWS's own belong to `aws`, those of people to their account.
            let (owner, name) = name.strip_prefix("AWS::").map_or((self.id.as_str(), name), |rest| ("aws", rest));
            format!("arn:{}:cloudformation:{region}:{owner}:transform/{name}", self.partition)
        };
        self.transforms.extend(named.into_iter().map(arn).collect::<Vec<_>>());
    }

    /// The document of a role, with its statements in a fixed order.
    pub(super) fn document(&self, role: Role) -> Value {
        let seen: BTreeSet<&String> = self.stacks.union(&self.read).collect();
        let (partition, id) = (self.partition, &self.id);
        let every = format!("arn:{partition}:cloudformation:*:{id}:stack/*");
        let mut statements = vec![json!({ "Sid": "ReadStacks", "Effect": "Allow", "Action": READ, "Resource": seen })];
        match role {
            Role::Read => {}
            Role::Plan => {
                statements.extend(self.propose(&PROPOSE));
                let never = [&["cloudformation:DeleteStack", "cloudformation:ExecuteChangeSet"][..], &UNSEEN].concat();
                statements.push(json!({ "Sid": "NeverExecute", "Effect": "Deny", "Action": never, "Resource": "*" }));
            }
            Role::Apply => {
                let execute = [&PROPOSE[..], &["cloudformation:ExecuteChangeSet"]].concat();
                statements.extend(self.propose(&execute));
                let stacks = &self.stacks;
                statements
                    .push(json!({ "Sid": "CarryOut", "Effect": "Allow", "Action": CARRY_OUT, "Resource": stacks }));
                statements
                    .push(json!({ "Sid": "OnlyWhatPlansShow", "Effect": "Deny", "Action": UNSEEN, "Resource": "*" }));
            }
            Role::Destroy => statements.extend([
                json!({
                    "Sid": "DeleteStacks",
                    "Effect": "Allow",
                    "Action": "cloudformation:DeleteStack",
                    "Resource": self.stacks,
                }),
                json!({
                    "Sid": "Prune",
                    "Effect": "Allow",
                    "Action": ["cloudformation:DeleteStack", "cloudformation:DescribeStackEvents"],
                    "Resource": every,
                    "Condition": { "StringEquals": self.tagged },
                }),
            ]),
        }
        statements.extend([
            json!({ "Sid": "LookAround", "Effect": "Allow", "Action": LOOK_AROUND, "Resource": "*" }),
            json!({
                "Sid": "ReadTheirTemplates",
                "Effect": "Allow",
                "Action": "cloudformation:GetTemplate",
                "Resource": every,
                "Condition": { "StringLike": { "aws:ResourceTag/infra:project": "*" } },
            }),
        ]);
        statements
            .retain(|statement| statement.get("Resource").is_some_and(|r| r.as_array().is_none_or(|a| !a.is_empty())));
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// Change sets of ours by their names, and what lies in S3 for them.
    fn propose(&self, actions: &[&str]) -> Vec<Value> {
        let Self { partition, id, stacks, .. } = self;
        // A change set is named when it is made, and afterwards by its ARN.
        let names = ["infra-*".to_owned(), format!("arn:{partition}:cloudformation:*:{id}:changeSet/infra-*")];
        let urls: BTreeSet<&String> = self.buckets.values().flatten().collect();
        let mut condition = json!({ "StringLike": { "cloudformation:ChangeSetName": names } });
        if let Some(operators) = condition.as_object_mut() {
            match urls.is_empty() {
                true => operators.insert("Null".to_owned(), json!({ "cloudformation:TemplateUrl": "true" })),
                false => {
                    operators.insert("StringLikeIfExists".to_owned(), json!({ "cloudformation:TemplateUrl": urls }))
                }
            };
        }
        let mut statements = vec![
            json!({
                "Sid": "OwnChangeSets", "Effect": "Allow", "Action": actions, "Resource": stacks, "Condition": condition,
            }),
            json!({
                "Sid": "TagStacks",
                "Effect": "Allow",
                "Action": "cloudformation:TagResource",
                "Resource": stacks,
                "Condition": { "StringEquals": { "cloudformation:CreateAction": "CreateChangeSet" } },
            }),
        ];
        if !self.transforms.is_empty() {
            statements.push(json!({
                "Sid": "Transforms",
                "Effect": "Allow",
                "Action": "cloudformation:CreateChangeSet",
                "Resource": self.transforms,
            }));
        }
        if !self.buckets.is_empty() {
            let folder = |bucket: &String, folder: &str| format!("arn:{partition}:s3:::{bucket}/{folder}/*");
            let objects: Vec<String> = self
                .buckets
                .keys()
                .flat_map(|bucket| [folder(bucket, "assets"), folder(bucket, "templates")])
                .collect();
            statements.push(json!({
                "Sid": "OwnBucket",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": objects,
                "Condition": { "StringEquals": { "aws:ResourceAccount": id } },
            }));
        }
        statements
    }
}

/// The name of a transform: `"AWS::Serverless-2016-10-31"`, or `{ "Name": … }`.
fn transform(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("Name")?.as_str())
}
