//! Stacks that go well: made, changed, replaced, deleted.

use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType, ExecutionStatus, TemplateStage};
use serde_json::json;

use super::*;

fn shop(colour: &str) -> String {
    json!({
        "Description": "a queue and a topic",
        "Resources": {
            "Queue": queue(json!({ "VisibilityTimeout": 30 })),
            "Topic": topic(json!({ "TopicName": format!("shop-{colour}") })),
            "Subscription": { "Type": "AWS::SNS::Subscription", "Properties": {
                "TopicArn": { "Ref": "Topic" }, "Protocol": "sqs", "Endpoint": { "Fn::GetAtt": ["Queue", "Arn"] },
            } },
        },
        "Outputs": {
            "TopicArn": { "Value": { "Ref": "Topic" } },
            "Joined": { "Value": { "Fn::Sub": "${AWS::StackName}/${Queue.QueueName}" } },
        },
    })
    .to_string()
}

#[tokio::test]
async fn a_stack_comes_changes_and_goes() {
    let (sandbox, client) = world();
    let body = shop("red");
    let made = deploy(
        &client,
        Ask { stack: "shop", body: &body, token: Some("first"), tags: &[("team", "a")], ..Ask::default() },
    )
    .await;
    assert_eq!(status(&made), "CREATE_COMPLETE");
    assert_eq!(made.description(), Some("a queue and a topic"));
    assert_eq!(made.tags()[0].value(), Some("a"));
    assert_eq!(outputs(&made)["TopicArn"], "arn:aws:sns:eu-west-1:111122223333:shop-red");
    let before = physical(&client, "shop").await;
    assert!(before["Queue"].starts_with("https://sqs.eu-west-1.amazonaws.com/111122223333/shop-Queue-"), "{before:?}");
    assert_eq!(outputs(&made)["Joined"], format!("shop/{}", before["Queue"].rsplit('/').next().unwrap()));

    let story = story(&client, "shop").await;
    assert_eq!(story[..2], ["shop REVIEW_IN_PROGRESS", "shop CREATE_IN_PROGRESS"]);
    assert_eq!(story.last().unwrap(), "shop CREATE_COMPLETE");
    let at = |line: &str| story.iter().position(|one| one == line).unwrap_or_else(|| panic!("{line} in {story:#?}"));
    assert!(at("Topic CREATE_COMPLETE") < at("Subscription CREATE_IN_PROGRESS"));
    assert!(at("Queue CREATE_IN_PROGRESS") < at("Topic CREATE_COMPLETE"), "siblings work at the same time");
    let tokens: Vec<_> = events(&client, "shop")
        .await
        .into_iter()
        .skip(1)
        .map(|event| event.client_request_token().map(str::to_owned))
        .collect();
    assert!(tokens.iter().all(|token| token.as_deref() == Some("first")), "{tokens:?}");

    let blue = shop("blue");
    let changed = deploy(
        &client,
        Ask { stack: "shop", body: &blue, token: Some("second"), tags: &[("team", "a")], ..Ask::default() },
    )
    .await;
    assert_eq!(status(&changed), "UPDATE_COMPLETE");
    let after = physical(&client, "shop").await;
    assert_eq!(before["Queue"], after["Queue"]);
    assert_eq!(after["Topic"], "arn:aws:sns:eu-west-1:111122223333:shop-blue");
    assert_ne!(before["Subscription"], after["Subscription"], "a subscription cannot change its topic");
    let all = events(&client, "shop").await;
    let of_second: Vec<_> = all.iter().filter(|event| event.client_request_token() == Some("second")).collect();
    let line = |event: &&StackEvent| {
        format!("{} {}", event.logical_resource_id().unwrap(), event.resource_status().unwrap().as_str())
    };
    let lines: Vec<String> = of_second.iter().map(line).collect();
    assert!(!lines.iter().any(|line| line.starts_with("Queue")), "{lines:#?}");
    let cleanup = lines.iter().position(|line| line == "shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS").unwrap();
    let gone = lines.iter().position(|line| line == "Topic DELETE_COMPLETE").unwrap();
    assert!(cleanup < gone && lines.last().unwrap() == "shop UPDATE_COMPLETE", "{lines:#?}");
    let replaced = of_second.iter().find(|event| event.logical_resource_id() == Some("Topic")).unwrap();
    assert_eq!(
        replaced.resource_status_reason(),
        Some("Requested update requires the creation of a new physical resource; hence creating one.")
    );
    assert_eq!(replaced.physical_resource_id(), Some(before["Topic"].as_str()));

    let id = changed.stack_id().unwrap().to_owned();
    client.delete_stack().stack_name("shop").client_request_token("third").send().await.unwrap();
    let gone = settled(&client, &id).await;
    assert_eq!(status(&gone), "DELETE_COMPLETE");
    assert!(gone.deletion_time().is_some());
    let (code, message, _) = refusal(client.describe_stacks().stack_name("shop").send().await);
    assert_eq!((code.as_str(), message.as_str()), ("ValidationError", "Stack with id shop does not exist"));
    let last = story_of(&client, &id).await;
    assert!(last.iter().any(|line| line == "Subscription DELETE_COMPLETE"));
    let at = |line: &str| last.iter().rposition(|one| one == line).unwrap();
    assert!(at("Subscription DELETE_COMPLETE") < at("Topic DELETE_IN_PROGRESS"));
    assert!(sandbox.calls()["DescribeStackEvents"] > 0);
}

async fn story_of(client: &Client, id: &str) -> Vec<String> {
    story(client, id).await
}

#[tokio::test]
async fn nothing_to_change_is_a_failed_change_set() {
    let (_, client) = world();
    let body = shop("red");
    let ask = Ask { stack: "shop", body: &body, ..Ask::default() };
    deploy(&client, ask.clone()).await;
    let empty = plan(&client, ask, "empty", ChangeSetType::Update).await;
    assert_eq!(empty.status(), Some(&ChangeSetStatus::Failed));
    assert_eq!(empty.execution_status(), Some(&ExecutionStatus::Unavailable));
    assert_eq!(
        empty.status_reason(),
        Some("The submitted information didn't contain changes. Submit different information to create a change set.")
    );
    let id = empty.change_set_id().unwrap();
    let (code, message, _) = refusal(client.execute_change_set().change_set_name(id).send().await);
    assert_eq!(code, "InvalidChangeSetStatus");
    assert_eq!(message, format!("ChangeSet [{id}] cannot be executed in its current status of [FAILED]"));
    client.delete_change_set().change_set_name(id).send().await.unwrap();
    let (code, message, http) = refusal(client.describe_change_set().change_set_name(id).send().await);
    assert_eq!((code.as_str(), http), ("ChangeSetNotFound", 404));
    assert_eq!(message, format!("ChangeSet [{id}] does not exist"));
}

#[tokio::test]
async fn a_change_set_takes_its_time_and_drops_its_siblings() {
    let (_, client) = world();
    let body = shop("red");
    let create = |name: &'static str| {
        client
            .create_change_set()
            .stack_name("shop")
            .change_set_name(name)
            .change_set_type(ChangeSetType::Create)
            .template_body(&body)
            .send()
    };
    let one = create("one").await.unwrap();
    let two = create("two").await.unwrap();
    assert_eq!(one.stack_id(), two.stack_id());
    let first = client.describe_change_set().change_set_name(one.id().unwrap()).send().await.unwrap();
    assert_eq!(first.status(), Some(&ChangeSetStatus::CreateInProgress));
    assert!(first.changes().is_empty());
    let first = ready(&client, one.id().unwrap(), false).await;
    assert_eq!(first.changes().len(), 3);
    assert_eq!(first.changes()[0].resource_change().unwrap().action().unwrap().as_str(), "Add");
    assert_eq!(client.list_change_sets().stack_name("shop").send().await.unwrap().summaries().len(), 2);
    client.execute_change_set().change_set_name(one.id().unwrap()).send().await.unwrap();
    let (code, ..) = refusal(client.describe_change_set().change_set_name(two.id().unwrap()).send().await);
    assert_eq!(code, "ChangeSetNotFound");
    let busy = client.describe_change_set().change_set_name(one.id().unwrap()).send().await.unwrap();
    assert_eq!(busy.execution_status(), Some(&ExecutionStatus::ExecuteInProgress));
    settled(&client, "shop").await;
    let done = ready(&client, one.id().unwrap(), false).await;
    assert_eq!(done.execution_status(), Some(&ExecutionStatus::ExecuteComplete));
}

#[tokio::test]
async fn tokens_make_calls_repeatable() {
    let (_, client) = world();
    let body = shop("red");
    let create = |token: &'static str| {
        client
            .create_change_set()
            .stack_name("shop")
            .change_set_name("one")
            .change_set_type(ChangeSetType::Create)
            .template_body(&body)
            .client_token(token)
            .send()
    };
    let (one, again) = (create("t").await.unwrap(), create("t").await.unwrap());
    assert_eq!(one.id(), again.id());
    assert_eq!(refusal(create("u").await).0, "AlreadyExistsException");
    let id = one.id().unwrap().to_owned();
    ready(&client, &id, false).await;
    let run = || client.execute_change_set().change_set_name(&id).client_request_token("x").send();
    run().await.unwrap();
    run().await.unwrap();
    settled(&client, "shop").await;
    run().await.unwrap();
    let starts = story(&client, "shop").await.into_iter().filter(|line| line == "shop CREATE_IN_PROGRESS").count();
    assert_eq!(starts, 1);
    let other = client.execute_change_set().change_set_name(&id).client_request_token("y").send().await;
    assert_eq!(refusal(other).0, "InvalidChangeSetStatus");
}

#[tokio::test]
async fn stacks_without_change_sets() {
    let (_, client) = world();
    let create =
        || client.create_stack().stack_name("shop").template_body(shop("red")).client_request_token("a").send();
    let made = create().await.unwrap();
    assert_eq!(create().await.unwrap().stack_id(), made.stack_id(), "the same token is the same stack");
    settled(&client, "shop").await;
    let other = client.create_stack().stack_name("shop").template_body(shop("red")).send().await;
    assert_eq!(refusal(other), ("AlreadyExistsException".into(), "Stack [shop] already exists".into(), 400));
    let same = client.update_stack().stack_name("shop").template_body(shop("red")).send().await;
    assert_eq!(refusal(same).1, "No updates are to be performed.");
    let waiting =
        plan(&client, Ask { stack: "shop", body: &shop("green"), ..Ask::default() }, "waiting", ChangeSetType::Update)
            .await;
    client.update_stack().stack_name("shop").template_body(shop("blue")).send().await.unwrap();
    assert_eq!(status(&settled(&client, "shop").await), "UPDATE_COMPLETE");
    let stale = ready(&client, waiting.change_set_id().unwrap(), false).await;
    assert_eq!(stale.execution_status(), Some(&ExecutionStatus::Obsolete));
    assert_eq!(
        refusal(client.execute_change_set().change_set_name(waiting.change_set_id().unwrap()).send().await).0,
        "InvalidChangeSetStatus"
    );
    let kept = client.get_template().stack_name("shop").template_stage(TemplateStage::Original).send().await.unwrap();
    assert_eq!(kept.template_body(), Some(shop("blue").as_str()));
}

#[tokio::test]
async fn retained_resources_stay_out() {
    let (_, client) = world();
    let kept = json!({ "Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": { "BucketName": "kept" } });
    let with_it = resources(json!({ "Kept": kept, "Queue": queue(json!({})) }));
    deploy(&client, Ask { stack: "s", body: &with_it, ..Ask::default() }).await;
    let without = resources(json!({ "Queue": queue(json!({})) }));
    let plan = plan(&client, Ask { stack: "s", body: &without, ..Ask::default() }, "p", ChangeSetType::Update).await;
    let change = plan.changes()[0].resource_change().unwrap().clone();
    assert_eq!((change.action().unwrap().as_str(), change.policy_action().unwrap().as_str()), ("Remove", "Retain"));
    deploy(&client, Ask { stack: "s", body: &without, ..Ask::default() }).await;
    assert!(story(&client, "s").await.contains(&"Kept DELETE_SKIPPED".to_owned()));
    assert!(!physical(&client, "s").await.contains_key("Kept"));
}

#[tokio::test]
async fn accounts_and_regions_are_worlds_apart() {
    let sandbox = Sandbox::default();
    let body = resources(json!({ "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "one" } } }));
    let mut ids = Vec::new();
    for (account, region) in
        [("111122223333", "eu-west-1"), ("111122223333", "us-east-1"), ("444455556666", "eu-west-1")]
    {
        let client = client_of(&sandbox, account, region);
        let stack = deploy(&client, Ask { stack: "s", body: &body, ..Ask::default() }).await;
        let id = stack.stack_id().unwrap().to_owned();
        assert!(id.starts_with(&format!("arn:aws:cloudformation:{region}:{account}:stack/s/")), "{id}");
        ids.push(id);
        assert_eq!(client.list_stacks().send().await.unwrap().stack_summaries().len(), 1);
    }
    let stranger = client_of(&sandbox, "444455556666", "us-east-1");
    assert_eq!(refusal(stranger.describe_stacks().stack_name(&ids[0]).send().await).0, "ValidationError");
}

#[tokio::test]
async fn two_runs_make_the_same_world() {
    let mut worlds = Vec::new();
    for _ in 0..2 {
        let (_, client) = world();
        deploy(&client, Ask { stack: "shop", body: &shop("red"), token: Some("t"), ..Ask::default() }).await;
        deploy(&client, Ask { stack: "shop", body: &shop("blue"), token: Some("u"), ..Ask::default() }).await;
        worlds.push(format!("{:?} {:?}", events(&client, "shop").await, physical(&client, "shop").await));
    }
    assert_eq!(worlds[0], worlds[1]);
}

#[tokio::test]
async fn roles_are_assumed() {
    use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
    let sandbox = Sandbox::new(Settings {
        forbidden_roles: vec!["arn:aws:iam::444455556666:role/closed".into()],
        ..Settings::default()
    });
    let sts = |key: &str| {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new(key, "secret", None, None, "test"))
            .http_client(sandbox.connector())
            .build();
        aws_sdk_sts::Client::from_conf(config)
    };
    let me = sts("111122223333").get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some("111122223333"));
    assert_eq!(sts("AKIDEXAMPLE").get_caller_identity().send().await.unwrap().account(), Some("000000000000"));
    let role = sts("111122223333")
        .assume_role()
        .role_arn("arn:aws:iam::444455556666:role/deploy")
        .role_session_name("s")
        .send()
        .await
        .unwrap();
    let key = role.credentials().unwrap().access_key_id().to_owned();
    let other = sts(&key).get_caller_identity().send().await.unwrap();
    assert_eq!(other.account(), Some("444455556666"));
    assert_eq!(other.arn(), Some("arn:aws:sts::444455556666:assumed-role/deploy/s"));
    let closed = sts("111122223333")
        .assume_role()
        .role_arn("arn:aws:iam::444455556666:role/closed")
        .role_session_name("s")
        .send()
        .await;
    let error = closed.unwrap_err();
    assert_eq!(aws_sdk_sts::error::ProvideErrorMetadata::code(&error), Some("AccessDenied"));
}
