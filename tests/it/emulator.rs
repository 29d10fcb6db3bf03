//! The port over real HTTP against ministack, with state read back through the services' own APIs.
//!
//! What ministack does otherwise than AWS is noted where a test meets it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use infra::cloud::aws::{Aws, Settings};
use infra::cloud::{
    ChangeAction, ChangeSet, ChangeSetKind, ChangeSetStatus, Cloud, Clouds, ErrorKind, ExecutionStatus, NewChangeSet,
    ObjectId, OnStackFailure, Replacement, ResourceStatus, StackEvent, StackStatus, TemplateText, Token,
};

use crate::support::script::{target, wait};
use crate::support::{boto, ministack};

mod journeys;
pub(crate) mod lacks;

/// One account and region of the emulator.
struct Bed {
    cloud: Arc<dyn Cloud>,
    account: String,
    region: String,
}

impl Bed {
    fn new(account: &str, region: &str) -> Self {
        let settings = Settings { endpoint: Some(ministack::address().into()), ..Settings::default() };
        let cloud = Aws::new(settings).at(&target(account, region));
        Self { cloud, account: account.into(), region: region.into() }
    }

    fn fresh() -> Self {
        Self::new(&ministack::account(), "eu-west-1")
    }

    /// What boto3 prints for an expression; `c` makes clients of this account and region.
    fn boto(&self, expression: &str) -> String {
        boto::ask(ministack::address(), &self.account, &self.region, expression)
    }

    /// Names of the queues that are really there.
    fn queues(&self) -> String {
        self.boto("sorted(u.rsplit('/')[-1] for u in c('sqs').list_queues().get('QueueUrls', []))")
    }

    async fn plan(&self, stack: &str, template: &str, attempt: &str) -> ChangeSet {
        self.plan_with(stack, template, attempt, None).await
    }

    async fn plan_with(
        &self,
        stack: &str,
        template: &str,
        attempt: &str,
        on_stack_failure: Option<OnStackFailure>,
    ) -> ChangeSet {
        let found = self.cloud.stack(stack).await.unwrap();
        let new = found.is_none_or(|s| s.status == StackStatus::ReviewInProgress);
        let name = format!("infra-{attempt}");
        let made = self
            .cloud
            .create_change_set(&NewChangeSet {
                stack: stack.into(),
                name,
                kind: if new { ChangeSetKind::Create } else { ChangeSetKind::Update },
                template: TemplateText::Body(template.into()),
                parameters: BTreeMap::new(),
                tags: BTreeMap::from([("infra:stack".into(), stack.into())]),
                capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
                role: None,
                on_stack_failure,
                description: None,
            })
            .await
            .unwrap();
        let ready = poll(async || {
            let state = self.cloud.change_set_state(&made.stack_id, &made.id).await.unwrap().unwrap();
            (!state.status.is_pending()).then_some(state)
        })
        .await;
        self.cloud.change_set(&ready.stack_id, &ready.id).await.unwrap().unwrap()
    }

    /// Executes and follows the events of our token to the last one of the stack.
    async fn execute(&self, set: &ChangeSet, attempt: &str) -> Vec<StackEvent> {
        self.execute_with(set, attempt, Some(false)).await
    }

    async fn execute_with(&self, set: &ChangeSet, attempt: &str, disable_rollback: Option<bool>) -> Vec<StackEvent> {
        let token = Token::new(format!("x-{attempt}")).unwrap();
        let stack = &set.state.stack_id;
        self.cloud.execute_change_set(stack, &set.state.id, disable_rollback, &token).await.unwrap();
        self.follow(stack, &token).await
    }

    async fn follow(&self, stack: &str, token: &Token) -> Vec<StackEvent> {
        poll(async || {
            let events = self.cloud.events(stack, &BTreeSet::new(), Some(token)).await.unwrap();
            let ours: Vec<_> = events.into_iter().filter(|e| e.token.as_deref() == Some(token.as_str())).collect();
            let status = ours.iter().rfind(|e| e.is_of_stack()).map(|e| StackStatus::read(e.status.as_str()));
            status.is_some_and(|s| s.is_terminal()).then_some(ours)
        })
        .await
    }

    async fn deploy(&self, stack: &str, template: &str, attempt: &str) -> StackStatus {
        let set = self.plan(stack, template, attempt).await;
        assert_eq!(set.state.execution, ExecutionStatus::Available, "{:?}", set.state);
        let events = self.execute(&set, attempt).await;
        StackStatus::read(events.iter().rfind(|e| e.is_of_stack()).unwrap().status.as_str())
    }
}

/// Asks until there is an answer, for a minute at most.
async fn poll<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "no answer within a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A queue, a topic and a parameter that holds the queue's ARN; both names can be chosen.
fn template(queue: &str, timeout: u32) -> String {
    format!(
        r#"{{"Resources":{{
            "Jobs":{{"Type":"AWS::SQS::Queue","Properties":{{"QueueName":"{queue}","VisibilityTimeout":{timeout}}}}},
            "News":{{"Type":"AWS::SNS::Topic","Properties":{{"TopicName":"news"}}}},
            "Where":{{"Type":"AWS::SSM::Parameter","Properties":{{"Name":"/where","Type":"String",
                "Value":{{"Fn::GetAtt":["Jobs","Arn"]}}}}}}}},
          "Outputs":{{"QueueArn":{{"Value":{{"Fn::GetAtt":["Jobs","Arn"]}}}}}}}}"#
    )
}

#[test]
fn create_nothing_replace_and_delete() {
    let bed = Bed::fresh();
    wait(async {
        let first = template("jobs-1", 30);
        let set = bed.plan("web", &first, "1").await;
        let actions: Vec<_> = set.changes.iter().map(|c| (c.logical_id.as_str(), &c.action)).collect();
        let add = &ChangeAction::Add;
        assert_eq!(actions, [("Jobs", add), ("News", add), ("Where", add)]);
        assert_eq!(bed.queues(), "[]", "a plan makes nothing");
        let events = bed.execute(&set, "1").await;
        assert_eq!(events.last().unwrap().status, ResourceStatus::CreateComplete);
        assert_eq!(bed.queues(), r#"["jobs-1"]"#);
        let stack = bed.cloud.stack("web").await.unwrap().unwrap();
        let arn = format!("arn:aws:sqs:eu-west-1:{}:jobs-1", bed.account);
        assert_eq!(stack.outputs["QueueArn"].value, arn);
        assert_eq!(stack.tags["infra:stack"], "web");
        // AWS tells the change set that was executed last; ministack does not, so a plan reads the template there.
        assert_eq!(stack.change_set, None);
        assert_eq!(bed.cloud.template("web").await.unwrap().as_deref(), Some(first.as_str()));
        assert_eq!(bed.boto("c('ssm').get_parameter(Name='/where')['Parameter']['Value']"), format!("\"{arn}\""));

        let empty = bed.plan("web", &first, "2").await;
        assert_eq!(empty.state.status, ChangeSetStatus::Failed);
        assert!(empty.state.is_empty(), "{:?}", empty.state);
        bed.cloud.delete_change_set(&stack.id, &empty.state.id).await.unwrap();
        assert_eq!(bed.cloud.change_set_state(&stack.id, &empty.state.id).await.unwrap(), None);

        let set = bed.plan("web", &template("jobs-2", 60), "3").await;
        let jobs = set.changes.iter().find(|c| c.logical_id == "Jobs").unwrap();
        assert_eq!((&jobs.action, &jobs.replacement), (&ChangeAction::Modify, &Some(Replacement::True)));
        let events = bed.execute(&set, "3").await;
        assert_eq!(events.last().unwrap().status, ResourceStatus::UpdateComplete);
        assert_eq!(bed.queues(), r#"["jobs-2"]"#, "the old queue is gone, the new one is there");
        let where_is = bed.boto("c('ssm').get_parameter(Name='/where')['Parameter']['Value']");
        assert_eq!(where_is, format!("\"arn:aws:sqs:eu-west-1:{}:jobs-2\"", bed.account));

        let token = Token::new("d-4").unwrap();
        bed.cloud.delete_stack(&stack.id, &[], &token).await.unwrap();
        let gone = bed.follow(&stack.id, &token).await;
        assert_eq!(gone.last().unwrap().status, ResourceStatus::DeleteComplete);
        assert_eq!(bed.cloud.stack("web").await.unwrap(), None);
        let by_arn = bed.cloud.stack(&stack.id).await.unwrap().unwrap();
        assert_eq!(by_arn.status, StackStatus::DeleteComplete);
        assert_eq!(bed.queues(), "[]");
        assert!(bed.cloud.stacks().await.unwrap().is_empty());
    });
}

#[test]
fn a_failing_resource_rolls_back() {
    let bed = Bed::fresh();
    wait(async {
        // SQS takes at most 43,200 seconds; the queue beside it is made and has to go again.
        let bad = r#"{"Resources":{
            "Good":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"good"}},
            "Bad":{"Type":"AWS::SQS::Queue","DependsOn":"Good",
                "Properties":{"QueueName":"bad","VisibilityTimeout":99999}}}}"#;
        let set = bed.plan("web", bad, "1").await;
        let events = bed.execute(&set, "1").await;
        let cause = events.iter().find(|e| e.status.is_failure() && !e.is_of_stack()).unwrap();
        assert_eq!((cause.logical_id.as_str(), &cause.status), ("Bad", &ResourceStatus::CreateFailed));
        assert!(cause.reason.as_deref().unwrap().contains("VisibilityTimeout"), "{cause:?}");
        assert_eq!(events.last().unwrap().status, ResourceStatus::RollbackComplete);
        assert_eq!(bed.queues(), "[]");

        let shell = bed.cloud.stack("web").await.unwrap().unwrap();
        assert!(shell.status.is_dead_shell());
        let token = Token::new("d-1").unwrap();
        bed.cloud.delete_stack(&shell.id, &[], &token).await.unwrap();
        bed.follow(&shell.id, &token).await;

        assert_eq!(bed.deploy("web", &template("jobs-1", 30), "2").await, StackStatus::CreateComplete);
        assert_eq!(bed.deploy("web", &template("jobs-1", 99_999), "3").await, StackStatus::UpdateRollbackComplete);
        let timeout = "c('sqs').get_queue_attributes(QueueUrl=c('sqs').get_queue_url(QueueName='jobs-1')['QueueUrl'], \
             AttributeNames=['All'])['Attributes']['VisibilityTimeout']";
        assert_eq!(bed.boto(timeout), "\"30\"", "the old value is back");
    });
}

#[test]
fn a_first_creation_that_fails_leaves_nothing_where_told_so() {
    let bed = Bed::fresh();
    wait(async {
        let set = bed.plan_with("web", &template("jobs-1", 99_999), "1", Some(OnStackFailure::Delete)).await;
        let events = bed.execute_with(&set, "1", None).await;
        let cause = events.iter().find(|e| e.status.is_failure() && !e.is_of_stack()).unwrap();
        assert_eq!((cause.logical_id.as_str(), &cause.status), ("Jobs", &ResourceStatus::CreateFailed));
        // The rollback comes first and is told as an end of its own.
        poll(async || bed.cloud.stack("web").await.unwrap().is_none().then_some(())).await;
        assert_eq!(bed.queues(), "[]");
    });
}

#[test]
fn accounts_and_regions_are_apart() {
    let (one, two) = (ministack::account(), ministack::account());
    wait(async {
        for (account, region) in [(&one, "eu-west-1"), (&one, "us-east-1"), (&two, "eu-west-1")] {
            let bed = Bed::new(account, region);
            assert_eq!(bed.cloud.identify().await.unwrap().account, *account);
            assert_eq!(bed.cloud.stack("web").await.unwrap(), None);
            let name = format!("jobs-{region}-{account}");
            assert_eq!(bed.deploy("web", &template(&name, 30), "1").await, StackStatus::CreateComplete);
            assert_eq!(bed.queues(), format!("[\"{name}\"]"));
            let id = bed.cloud.stack("web").await.unwrap().unwrap().id;
            assert!(id.contains(&format!(":{region}:{account}:stack/web/")), "{id}");
        }
    });
}

#[test]
fn protection_policy_lists_and_resources() {
    let bed = Bed::fresh();
    wait(async {
        bed.deploy("a", &template("jobs-1", 30), "1").await;
        let stack = bed.cloud.stack("a").await.unwrap().unwrap();
        bed.cloud.set_termination_protection("a", true).await.unwrap();
        assert!(bed.cloud.stack("a").await.unwrap().unwrap().termination_protection);
        let refused = bed.cloud.delete_stack("a", &[], &Token::new("d-1").unwrap()).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidState, "{refused}");
        bed.cloud.set_termination_protection("a", false).await.unwrap();

        assert_eq!(bed.cloud.stack_policy("a").await.unwrap(), None);
        let policy = r#"{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}"#;
        bed.cloud.set_stack_policy("a", policy).await.unwrap();
        assert_eq!(bed.cloud.stack_policy("a").await.unwrap().as_deref(), Some(policy));

        let resources = bed.cloud.resources("a").await.unwrap().unwrap();
        let ids: Vec<_> = resources.iter().map(|r| (r.logical_id.as_str(), r.resource_type.as_str())).collect();
        assert_eq!(ids, [("Jobs", "AWS::SQS::Queue"), ("News", "AWS::SNS::Topic"), ("Where", "AWS::SSM::Parameter")]);
        let complete = bed.cloud.list_stacks(&[StackStatus::CreateComplete]).await.unwrap();
        assert_eq!(complete.iter().map(|s| &s.id).collect::<Vec<_>>(), [&stack.id]);
        assert!(bed.cloud.list_stacks(&[StackStatus::DeleteFailed]).await.unwrap().is_empty());

        let set = bed.plan("a", &template("jobs-1", 31), "2").await;
        let sets = bed.cloud.change_sets("a").await.unwrap();
        let open = sets.iter().filter(|s| s.execution == ExecutionStatus::Available);
        assert_eq!(open.map(|s| &s.id).collect::<Vec<_>>(), [&set.state.id]);
        let again = bed.cloud.execute_change_set(&stack.id, "gone", Some(false), &Token::new("x-9").unwrap()).await;
        assert_eq!(again.unwrap_err().kind, ErrorKind::NotFound);
    });
}

#[test]
fn an_object_is_put_where_boto_finds_it() {
    let bed = Bed::fresh();
    let bucket = format!("shop-{}", bed.account);
    let object = ObjectId { bucket: bucket.clone(), key: "assets/1234.zip".into() };
    let settings = Settings { endpoint: Some(ministack::address().into()), ..Settings::default() };
    let store = Aws::new(settings).store(&target(&bed.account, &bed.region));
    let missing = wait(store.put(&object, b"hello".to_vec())).unwrap_err();
    assert!(missing.message.contains("there is no bucket"), "{missing}");
    let place = format!("CreateBucketConfiguration={{'LocationConstraint': '{}'}}", bed.region);
    bed.boto(&format!("c('s3').create_bucket(Bucket='{bucket}', {place})['ResponseMetadata']['HTTPStatusCode']"));
    assert!(!wait(store.holds(&object)).unwrap());
    wait(store.put(&object, b"hello".to_vec())).unwrap();
    wait(store.put(&object, b"other".to_vec())).unwrap();
    assert!(wait(store.holds(&object)).unwrap());
    let read = format!("c('s3').get_object(Bucket='{bucket}', Key='assets/1234.zip')['Body'].read().decode()");
    assert_eq!(bed.boto(&read), "\"hello\"");
}
