//! The port against the simulator, over a network that is not always good.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra::cloud::aws::{Aws, Settings};
use infra::cloud::{
    ChangeAction, ChangeSetKind, ChangeSetState, ChangeSetStatus, Cloud, Clouds, ErrorKind, NewChangeSet,
    ResourceStatus, StackStatus, TemplateText, Token,
};
use infra::sandbox::{self, Sandbox};

use crate::support::faults::{Fault, Faulty};
use crate::support::script::{Script, target, wait};

/// A client behind a network with these faults.
fn behind(faults: &Faulty) -> Arc<dyn Cloud> {
    let clock = Script::default().settings();
    Aws::new(Settings { http: Some(faults.http()), ..clock }).at(&target("111111111111", "eu-west-1"))
}

fn cloud(sandbox: &Sandbox) -> Arc<dyn Cloud> {
    behind(&Faulty::new(sandbox.connector(), []))
}

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn new(stack: &str, template: &str, kind: ChangeSetKind, attempt: &str) -> NewChangeSet {
    NewChangeSet {
        stack: stack.into(),
        name: format!("infra-{attempt}"),
        kind,
        template: TemplateText::Body(template.into()),
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        capabilities: Vec::new(),
        role: None,
        on_stack_failure: None,
        description: None,
    }
}

/// A template of so many queues.
fn queues(count: usize, timeout: u32) -> String {
    let queues: Vec<_> = (0..count)
        .map(|i| format!(r#""Q{i:03}":{{"Type":"AWS::SQS::Queue","Properties":{{"VisibilityTimeout":{}}}}}"#, timeout))
        .collect();
    format!(r#"{{"Resources":{{{}}}}}"#, queues.join(","))
}

async fn made(cloud: &Arc<dyn Cloud>, new: &NewChangeSet) -> ChangeSetState {
    match cloud.create_change_set(new).await {
        Ok(_) => {}
        // A lost answer shows in a name that is taken.
        Err(e) => assert_eq!(e.kind, ErrorKind::AlreadyExists, "{e}"),
    }
    loop {
        let state = cloud.change_set_state(&new.stack, &new.name).await.unwrap().unwrap();
        if !state.status.is_pending() {
            return state;
        }
    }
}

/// Executes and gives the last status that events with our token tell of the stack.
async fn execute(cloud: &Arc<dyn Cloud>, set: &ChangeSetState, attempt: &str) -> StackStatus {
    let token = token(&format!("x-{attempt}"));
    cloud.execute_change_set(&set.stack_id, &set.id, Some(false), &token).await.unwrap();
    let mut seen = BTreeSet::new();
    loop {
        for event in cloud.events(&set.stack_id, &seen, Some(&token)).await.unwrap() {
            let status = StackStatus::read(event.status.as_str());
            if event.is_of_stack() && event.token.as_deref() == Some(token.as_str()) && status.is_terminal() {
                return status;
            }
            seen.insert(event.id);
        }
    }
}

#[test]
fn a_change_set_of_many_pages_is_whole() {
    let sandbox = Sandbox::new(sandbox::Settings { changes_per_page: 7, ..sandbox::Settings::default() });
    let cloud = cloud(&sandbox);
    wait(async {
        let state = made(&cloud, &new("web", &queues(100, 30), ChangeSetKind::Create, "1")).await;
        let set = cloud.change_set(&state.stack_id, &state.id).await.unwrap().unwrap();
        assert_eq!((set.changes.len(), set.pages), (100, 15));
        assert!(set.changes.iter().all(|c| c.action == ChangeAction::Add));
        assert_eq!(execute(&cloud, &state, "1").await, StackStatus::CreateComplete);

        let state = made(&cloud, &new("web", &queues(100, 60), ChangeSetKind::Update, "2")).await;
        let set = cloud.change_set(&state.stack_id, &state.id).await.unwrap().unwrap();
        assert_eq!(set.changes.len(), 100);
        let detail = &set.changes[0].details[0];
        assert_eq!(detail.name.as_deref(), Some("VisibilityTimeout"));
        assert_eq!(detail.after.as_ref().map(|s| s.expose()), Some("60"));
    });
}

#[test]
fn lists_are_read_to_their_end() {
    let sandbox = Sandbox::new(sandbox::Settings { items_per_page: 3, ..sandbox::Settings::default() });
    let cloud = cloud(&sandbox);
    wait(async {
        for i in 0..10 {
            let attempt = format!("{i}");
            let state = made(&cloud, &new(&format!("s{i}"), &queues(4, 30), ChangeSetKind::Create, &attempt)).await;
            assert_eq!(execute(&cloud, &state, &attempt).await, StackStatus::CreateComplete);
        }
        let names: Vec<_> = cloud.stacks().await.unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(names, (0..10).map(|i| format!("s{i}")).collect::<Vec<_>>());
        assert_eq!(cloud.list_stacks(&[]).await.unwrap().len(), 10);
        assert_eq!(cloud.resources("s3").await.unwrap().unwrap().len(), 4);
        let events = cloud.events("s3", &BTreeSet::new(), None).await.unwrap();
        assert_eq!(events.last().unwrap().status, ResourceStatus::CreateComplete);
        assert_eq!(events.iter().filter(|e| e.is_of_stack()).count(), 3, "review, begin, end");
    });
}

#[test]
fn lost_cut_and_refused_answers_change_nothing_in_the_end() {
    use Fault::{Cut, LostAfter, LostBefore, Throttled, Unavailable};
    for fault in [LostBefore, LostAfter, Cut, Throttled, Unavailable] {
        let sandbox = Sandbox::default();
        let operations = [
            "CreateChangeSet",
            "DescribeChangeSet",
            "ExecuteChangeSet",
            "DescribeStackEvents",
            "DeleteStack",
            "DescribeStacks",
        ];
        let faults = Faulty::new(sandbox.connector(), operations.map(|o| (o, fault)));
        let cloud = behind(&faults);
        wait(async {
            let state = made(&cloud, &new("web", &queues(2, 30), ChangeSetKind::Create, "1")).await;
            assert_eq!(state.status, ChangeSetStatus::CreateComplete, "{fault:?}");
            assert_eq!(execute(&cloud, &state, "1").await, StackStatus::CreateComplete, "{fault:?}");
            let begun = cloud.events(&state.stack_id, &BTreeSet::new(), None).await.unwrap();
            let begun = begun.iter().filter(|e| e.is_of_stack() && e.status == ResourceStatus::CreateInProgress);
            assert_eq!(begun.count(), 1, "executed once, {fault:?}");
            cloud.delete_stack(&state.stack_id, &[], &token("d-1")).await.unwrap();
            while cloud.stack("web").await.unwrap().is_some() {}
            assert_eq!(faults.left(), 0, "{fault:?}");
        });
    }
}

#[test]
fn a_refused_property_is_told_with_its_place() {
    let cloud = cloud(&Sandbox::default());
    wait(async {
        let state = made(&cloud, &new("web", &queues(1, 99_999), ChangeSetKind::Create, "1")).await;
        assert_eq!(state.status, ChangeSetStatus::Failed);
        assert!(!state.is_empty());
        let findings = cloud.findings(&state.stack_id, &state.id).await.unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
        let finding = &findings[0];
        assert_eq!(finding.path.as_deref(), Some("/Resources/Q000/Properties/VisibilityTimeout"));
        assert_eq!(finding.check, "AWS::EarlyValidation::PropertyValidation");
        assert!(finding.blocks && !finding.reason.is_empty());
        let good = made(&cloud, &new("web", &queues(1, 30), ChangeSetKind::Create, "2")).await;
        assert!(cloud.findings(&good.stack_id, &good.id).await.unwrap().is_empty());
    });
}
