//! Templates too large for a call go through a bucket: when, how often, what the rest of a plan sees of it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use infra::apply::Outcome;
use infra::cloud::{ChangeSetKind, NewChangeSet, ObjectId, TemplateText};
use infra::diagnostics::Code;
use infra::plan::{Desired, StackAction, Wanted};
use serde_json::{Value, json};

use crate::support::cli::Project;
use crate::support::script::{Script, answer, target, wait};
use crate::support::stacks::{self, World};

/// A stack of `queues` queues, the last of which waits `timeout` seconds; each weighs 400 bytes.
fn large(queues: usize, timeout: u32) -> Desired {
    let queue = |i: usize| {
        let seconds = if i + 1 == queues { timeout } else { 30 };
        let queue = json!({"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": seconds}, "Metadata": {"Note": "x".repeat(300)}});
        (format!("Queue{i:03}"), queue)
    };
    let resources: serde_json::Map<String, Value> = (0..queues).map(queue).collect();
    let outputs = json!({"Last": {"Value": {"Fn::GetAtt": [format!("Queue{:03}", queues - 1), "Arn"]}}});
    let wanted = stacks::stack("queues", json!({"Resources": resources, "Outputs": outputs}));
    assert_eq!(wanted.body.len() > 51_200, queues > 125, "{}", wanted.body.len());
    stacks::desired([Wanted { bucket: Some("shop-dev".to_owned()), ..wanted }])
}

/// How often each call to S3 was made since the last time.
fn to_s3(world: &World) -> [usize; 2] {
    let calls = world.calls();
    ["HeadObject", "PutObject"].map(|name| calls.iter().filter(|call| **call == name).count())
}

#[tokio::test(start_paused = true)]
async fn a_large_template_is_uploaded_once_and_planned_like_any_other() {
    let world = World::new();
    let first = large(400, 30);
    // A new stack is planned without a change set, so nothing needs the template yet.
    let plan = world.plan(&first).await.unwrap();
    assert_eq!((plan.stacks[0].changes.len(), to_s3(&world)), (400, [0, 0]));
    let report = world.apply(&first, &plan).await;
    assert_eq!((report.stacks[0].outcome, to_s3(&world)), (Outcome::Done, [1, 1]));
    let deployed = world.at(&first.stacks[0]).template("shop-queues-dev").await.unwrap();
    assert_eq!(deployed.as_ref(), Some(&first.stacks[0].body));

    // What is deployed is known by its digest: neither the template nor S3 is asked for.
    world.calls();
    assert!(!world.plan(&first).await.unwrap().has_changes());
    let calls = world.calls();
    assert!(!calls.iter().any(|call| ["GetTemplate", "HeadObject", "CreateChangeSet"].contains(call)), "{calls:?}");

    // An update names the one queue that changes, and is uploaded before it is asked for.
    let second = large(400, 60);
    let plan = world.plan(&second).await.unwrap();
    let changes: Vec<&str> = plan.stacks[0].changes.iter().map(|change| change.logical_id.as_str()).collect();
    assert_eq!((plan.stacks[0].action, changes), (StackAction::Update, vec!["Queue399"]));
    assert!(plan.stacks[0].change_set.is_some());
    assert_eq!(to_s3(&world), [1, 1]);
    // The second time it lies there.
    let again = world.plan(&second).await.unwrap();
    assert_eq!((again.id == plan.id, to_s3(&world)), (true, [1, 0]));
    let report = world.apply(&second, &again).await;
    assert_eq!((report.stacks[0].outcome, to_s3(&world)), (Outcome::Done, [0, 0]));
    assert!(!world.plan(&second).await.unwrap().has_changes());

    // Back to the first: its object is still there.
    world.calls();
    world.deploy(&first).await;
    assert_eq!(to_s3(&world), [1, 0]);
    // A small one needs no bucket.
    world.deploy(&large(100, 30)).await;
    assert_eq!(to_s3(&world), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_somebody_else_stops_the_plan() {
    let world = World::new();
    world.deploy(&large(100, 30)).await;
    let theirs = world.clouds.store(&target("999999999999", "eu-west-1"));
    theirs.put(&ObjectId { bucket: "shop-dev".into(), key: "mine".into() }, b"x".to_vec()).await.unwrap();
    world.sandbox.reset_calls();
    let problems = world.plan(&large(400, 30)).await.unwrap_err();
    assert_eq!(problems[0].code, Code::AwsCall);
    assert!(problems[0].message.contains("belongs to somebody else"), "{problems:#?}");
    assert!(problems[0].help.as_deref().unwrap_or_default().contains("arn:aws:s3:::shop-dev/templates/*"));
    assert!(!world.sandbox.calls().contains_key("CreateChangeSet"));
}

#[tokio::test(start_paused = true)]
async fn a_template_that_grows_by_what_is_kept_needs_a_bucket_too() {
    let world = World::new();
    let mut large = large(400, 30);
    Arc::make_mut(&mut large.stacks[0]).bucket = None;
    let plan = world.plan(&large).await.unwrap();
    let report = world.apply(&large, &plan).await;
    assert_eq!(report.stacks[0].outcome, Outcome::Failed);
    let reason = report.stacks[0].reason.as_deref().unwrap_or_default();
    assert!(reason.contains("no bucket is named to send it through"), "{reason}");
    let help = report.stacks[0].help.as_deref().unwrap_or_default();
    assert!(help.starts_with("name a bucket for `eu-west-1` in `assets`"), "{help}");
}

#[test]
fn an_address_is_sent_in_place_of_the_text() {
    let good = answer("CreateChangeSet", "<Id>arn:cs</Id><StackId>arn:stack</StackId>");
    let script = Script::new([(200, good)]);
    let url = "https://s3.eu-west-1.amazonaws.com/shop.dev/templates/1.json";
    wait(script.cloud().create_change_set(&new(url))).unwrap();
    assert_eq!(script.asked()[0]["TemplateURL"], url);
    assert!(!script.asked()[0].contains_key("TemplateBody"));
}

fn new(url: &str) -> NewChangeSet {
    NewChangeSet {
        stack: "web".into(),
        name: "infra-1".into(),
        kind: ChangeSetKind::Create,
        template: TemplateText::Url(url.into()),
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        capabilities: vec![],
        role: None,
        on_stack_failure: None,
        description: None,
    }
}

#[test]
fn the_sandbox_reads_an_address_as_cloudformation_does() {
    let world = World::new();
    let (here, there) = (target("111111111111", "eu-west-1"), target("222222222222", "eu-west-1"));
    let put = |bucket: &str, key: &str, bytes: Vec<u8>| {
        let object = ObjectId { bucket: bucket.into(), key: key.into() };
        wait(world.clouds.store(&here).put(&object, bytes)).unwrap();
    };
    let template = json!({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}).to_string();
    put("shop.dev", "a b.json", template.into_bytes());
    put("shop.dev", "big.json", vec![b' '; 1_000_001]);
    let asked = |at, url: &str| {
        let made = wait(world.clouds.at(at).create_change_set(&new(url)));
        made.map(drop).map_err(|error| error.message)
    };
    let refusals = [
        (&here, "https://s3.eu-west-1.amazonaws.com/shop.dev/none.json", "S3 error: The specified key does not exist."),
        (&here, "https://s3.eu-west-1.amazonaws.com/none/a.json", "S3 error: The specified bucket does not exist"),
        (
            &here,
            "https://s3.eu-west-1.amazonaws.com/shop.dev/big.json",
            "Template may not exceed 1000000 bytes in size.",
        ),
        (&there, "https://s3.eu-west-1.amazonaws.com/shop.dev/a%20b.json", "S3 error: Access Denied"),
        (&here, "https://example.org/shop.dev/a.json", "TemplateURL must be a supported URL."),
        (&here, "s3://shop.dev/a.json", "TemplateURL must be a supported URL."),
    ];
    for (at, url, expected) in refusals {
        let said = asked(at, url).unwrap_err();
        assert!(said.starts_with(expected), "{url}: {said}");
    }
    asked(&here, "https://s3.eu-west-1.amazonaws.com/shop.dev/a%20b.json").unwrap();
}

const PROGRAM: &str = r#"
project shop

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"], assets: "shop-dev" }

core queues {
  for i in 0..400 {
    resource Queue[i] = AWS::SQS::Queue { QueueName: "a-queue-of-a-rather-long-name-for-the-orders-of-the-shop-${i}" }
  }
  output Last = Queue[399].Arn
}
"#;

#[test]
fn whole_commands_keep_the_object_between_runs() {
    let project = Project::new(&[("main.infra", PROGRAM)]);
    let applied = project.infra("apply --env dev --yes --sandbox state").ended(0);
    assert!(!applied.out.contains("uploaded"), "{}", applied.out);
    let again = project.infra("plan --env dev --sandbox state --detailed-exitcode").ended(0);
    assert!(again.out.starts_with("no changes"), "{}", again.out);

    project.write("main.infra", PROGRAM.replace("-for-the-orders", "-for-all-orders"));
    let plan = project.infra("plan --env dev --allow replace:queues/* --sandbox state").ended(0);
    assert!(plan.err.contains("queues@dev/eu-west-1: uploaded its template to shop-dev"), "{}", plan.err);
    let applied = project.infra("apply --env dev --yes --allow replace:queues/* --sandbox state").ended(0);
    assert!(!applied.err.contains("uploaded"), "{}", applied.err);

    // The bytes lie under their digest; others in their place are noticed, not deployed.
    let objects: Vec<_> =
        fs::read_dir(project.path("state/objects")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(objects.len(), 2);
    for object in &objects {
        fs::write(object, "{}").unwrap();
    }
    project.write("main.infra", PROGRAM);
    let plan = project.infra("plan --env dev --allow replace:queues/* --sandbox state").ended(1);
    assert!(plan.err.contains("its name is not its digest"), "{}", plan.err);
}
