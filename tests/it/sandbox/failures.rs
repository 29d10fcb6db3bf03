//! Stacks that go wrong: rollbacks, stuck states, and the ways out.

use aws_sdk_cloudformation::types::{ChangeSetType, OnStackFailure};
use infra::sandbox::{Moment, Rule};
use serde_json::json;

use super::*;

fn pair(timeout: u32, name: &str) -> String {
    resources(json!({
        "First": queue(json!({ "VisibilityTimeout": timeout })),
        "Second": { "Type": "AWS::SNS::Topic", "DependsOn": "First", "Properties": { "TopicName": name } },
        "Third": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": { "Ref": "Second" } } },
    }))
}

async fn create_with(client: &Client, body: &str, on_failure: OnStackFailure) -> String {
    let made = client
        .create_change_set()
        .stack_name("s")
        .change_set_name("c")
        .change_set_type(ChangeSetType::Create)
        .template_body(body)
        .on_stack_failure(on_failure)
        .send()
        .await
        .unwrap();
    ready(client, made.id().unwrap(), false).await;
    client.execute_change_set().change_set_name(made.id().unwrap()).client_request_token("mine").send().await.unwrap();
    made.stack_id().unwrap().to_owned()
}

fn has(story: &[String], lines: &[&str]) {
    let mut at = 0;
    for line in lines {
        at += story[at..]
            .iter()
            .position(|one| one == line)
            .unwrap_or_else(|| panic!("{line} is missing after {at} in {story:#?}"))
            + 1;
    }
}

#[tokio::test]
async fn a_failed_creation_leaves_nothing() {
    let (sandbox, client) = world();
    sandbox.order(Rule::fail("s", "Second", "Rate exceeded").times(1));
    let stack = deploy(&client, Ask { stack: "s", body: &pair(30, "t"), token: Some("mine"), ..Ask::default() }).await;
    assert_eq!(status(&stack), "ROLLBACK_COMPLETE");
    let story = story(&client, "s").await;
    has(
        &story,
        &[
            "First CREATE_COMPLETE",
            "Second CREATE_IN_PROGRESS",
            "Second CREATE_FAILED",
            "s ROLLBACK_IN_PROGRESS",
            "First DELETE_IN_PROGRESS",
            "First DELETE_COMPLETE",
            "s ROLLBACK_COMPLETE",
        ],
    );
    assert!(!story.iter().any(|line| line.starts_with("Third")));
    let all = events(&client, "s").await;
    let of = |wanted: &str| all.iter().find(|event| event.resource_status().unwrap().as_str() == wanted).unwrap();
    assert_eq!(of("CREATE_FAILED").resource_status_reason(), Some("Rate exceeded"));
    assert_eq!(
        of("ROLLBACK_IN_PROGRESS").resource_status_reason(),
        Some("The following resource(s) failed to create: [Second]. Rollback requested by user.")
    );
    assert_eq!(of("ROLLBACK_COMPLETE").client_request_token(), Some("mine"));
    assert!(physical(&client, "s").await.is_empty());

    let again =
        client.create_change_set().stack_name("s").change_set_name("again").template_body(pair(30, "t")).send().await;
    let (code, message, _) = refusal(again);
    assert_eq!(code, "ValidationError");
    assert!(message.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{message}");
    client.delete_stack().stack_name("s").send().await.unwrap();
    settled(&client, stack.stack_id().unwrap()).await;
    let repaired = deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    assert_eq!(status(&repaired), "CREATE_COMPLETE");
    assert_ne!(repaired.stack_id(), stack.stack_id());
}

#[tokio::test]
async fn a_failed_creation_may_delete_its_stack_or_stay() {
    let (sandbox, client) = world();
    sandbox.order(Rule::fail("s", "Second", "no"));
    let id = create_with(&client, &pair(30, "t"), OnStackFailure::Delete).await;
    let gone = settled(&client, &id).await;
    assert_eq!(status(&gone), "DELETE_COMPLETE");
    has(
        &story(&client, &id).await,
        &["Second CREATE_FAILED", "s DELETE_IN_PROGRESS", "First DELETE_COMPLETE", "s DELETE_COMPLETE"],
    );

    let id = create_with(&client, &pair(30, "t"), OnStackFailure::DoNothing).await;
    assert_eq!(status(&settled(&client, &id).await), "CREATE_FAILED");
    assert!(physical(&client, &id).await.contains_key("First"));
    client.rollback_stack().stack_name(&id).client_request_token("back").send().await.unwrap();
    assert_eq!(status(&settled(&client, &id).await), "ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn others_at_work_are_cancelled() {
    let (sandbox, client) = world();
    sandbox.order(Rule::slow("s", "Slow", 9));
    sandbox.order(Rule::fail("s", "Bad", "no"));
    let body = resources(json!({ "Slow": queue(json!({})), "Bad": queue(json!({})) }));
    deploy(&client, Ask { stack: "s", body: &body, ..Ask::default() }).await;
    let all = events(&client, "s").await;
    let slow = all
        .iter()
        .find(|event| {
            event.logical_resource_id() == Some("Slow") && event.resource_status().unwrap().as_str() == "CREATE_FAILED"
        })
        .unwrap();
    assert_eq!(slow.resource_status_reason(), Some("Resource creation cancelled"));
    has(
        &story(&client, "s").await,
        &["Slow CREATE_FAILED", "s ROLLBACK_IN_PROGRESS", "Slow DELETE_COMPLETE", "s ROLLBACK_COMPLETE"],
    );
}

#[tokio::test]
async fn a_failed_update_brings_the_old_values_back() {
    let (sandbox, client) = world();
    let body = json!({
        "Parameters": { "Seconds": { "Type": "Number" } },
        "Resources": {
            "First": queue(json!({ "VisibilityTimeout": { "Ref": "Seconds" } })),
            "Second": { "Type": "AWS::SNS::Topic", "DependsOn": "First", "Properties": { "TopicName": { "Fn::Sub": "t${Seconds}" } } },
            "Third": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": { "Ref": "Second" } } },
        },
        "Outputs": { "Topic": { "Value": { "Ref": "Second" } } },
    })
    .to_string();
    let ask = |seconds| Ask { stack: "s", body: &body, parameters: seconds, ..Ask::default() };
    let before = deploy(&client, ask(&[("Seconds", "30")])).await;
    let ids = physical(&client, "s").await;
    sandbox.order(Rule::fail("s", "Third", "no").at(Moment::Update).times(1));
    let after = deploy(&client, ask(&[("Seconds", "60")])).await;
    assert_eq!(status(&after), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(outputs(&before), outputs(&after));
    assert_eq!(after.parameters()[0].parameter_value(), Some("30"));
    assert_eq!(physical(&client, "s").await, ids, "the replaced topic is the old one again");
    has(
        &story(&client, "s").await,
        &[
            "First UPDATE_COMPLETE",
            "Second UPDATE_COMPLETE",
            "Third UPDATE_FAILED",
            "s UPDATE_ROLLBACK_IN_PROGRESS",
            "First UPDATE_IN_PROGRESS",
            "First UPDATE_COMPLETE",
            "Second UPDATE_COMPLETE",
            "Third UPDATE_COMPLETE",
            "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "Second DELETE_COMPLETE",
            "s UPDATE_ROLLBACK_COMPLETE",
        ],
    );
    let repaired = deploy(&client, ask(&[("Seconds", "60")])).await;
    assert_eq!(status(&repaired), "UPDATE_COMPLETE");
    assert_eq!(outputs(&repaired)["Topic"], "arn:aws:sns:eu-west-1:111122223333:t60");
}

#[tokio::test]
async fn what_a_failed_update_added_goes() {
    let (sandbox, client) = world();
    deploy(&client, Ask { stack: "s", body: &resources(json!({ "Old": queue(json!({})) })), ..Ask::default() }).await;
    sandbox.order(Rule::fail("s", "Bad", "no"));
    let more = resources(json!({ "New": queue(json!({})), "Bad": { "Type": "AWS::SQS::Queue", "DependsOn": "New" } }));
    let after = deploy(&client, Ask { stack: "s", body: &more, ..Ask::default() }).await;
    assert_eq!(status(&after), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(physical(&client, "s").await.keys().collect::<Vec<_>>(), ["Old"], "what was to be dropped never was");
    has(
        &story(&client, "s").await,
        &["s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "New DELETE_COMPLETE", "s UPDATE_ROLLBACK_COMPLETE"],
    );
    assert_eq!(
        client.get_template().stack_name("s").send().await.unwrap().template_body(),
        Some(resources(json!({ "Old": queue(json!({})) })).as_str())
    );
}

#[tokio::test]
async fn a_stuck_rollback_goes_on_with_what_it_is_told_to_skip() {
    let (sandbox, client) = world();
    deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    sandbox.order(Rule::fail("s", "Third", "no").at(Moment::Update));
    sandbox.order(Rule::fail("s", "First", "stuck").at(Moment::Rollback));
    let stuck = deploy(&client, Ask { stack: "s", body: &pair(60, "u"), ..Ask::default() }).await;
    assert_eq!(status(&stuck), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(stuck.stack_status_reason(), Some("The following resource(s) failed to update: [First]. "));
    let update = client.update_stack().stack_name("s").template_body(pair(90, "v")).send().await;
    assert!(refusal(update).1.ends_with("is in UPDATE_ROLLBACK_FAILED state and can not be updated."));
    let wrong = client.continue_update_rollback().stack_name("s").resources_to_skip("Third").send().await;
    assert_eq!(refusal(wrong).0, "ValidationError");
    client.continue_update_rollback().stack_name("s").send().await.unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_ROLLBACK_FAILED", "it is still stuck");
    client
        .continue_update_rollback()
        .stack_name("s")
        .resources_to_skip("First")
        .client_request_token("go")
        .send()
        .await
        .unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_ROLLBACK_COMPLETE");
    let wrong = client.continue_update_rollback().stack_name("s").send().await;
    assert_eq!(refusal(wrong).0, "ValidationError");
}

#[tokio::test]
async fn without_rollback_an_update_waits_where_it_failed() {
    let (sandbox, client) = world();
    deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    sandbox.order(Rule::fail("s", "Second", "no").times(2));
    client.update_stack().stack_name("s").template_body(pair(60, "u")).disable_rollback(true).send().await.unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_FAILED");
    let plain = client.update_stack().stack_name("s").template_body(pair(60, "u")).send().await;
    assert!(refusal(plain).1.starts_with("This stack is currently in a non-terminal [UPDATE_FAILED] state."));
    client.update_stack().stack_name("s").template_body(pair(61, "u")).disable_rollback(true).send().await.unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_FAILED");
    client.rollback_stack().stack_name("s").send().await.unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        client.get_template().stack_name("s").send().await.unwrap().template_body(),
        Some(pair(30, "t").as_str())
    );
    client.update_stack().stack_name("s").template_body(pair(60, "u")).disable_rollback(true).send().await.unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_COMPLETE");
}

#[tokio::test]
async fn an_update_can_be_cancelled() {
    let (sandbox, client) = world();
    deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    let idle = client.cancel_update_stack().stack_name("s").send().await;
    assert_eq!(refusal(idle).1, "CancelUpdateStack cannot be called from current stack status");
    sandbox.order(Rule::slow("s", "Second", 20));
    client.update_stack().stack_name("s").template_body(pair(60, "u")).send().await.unwrap();
    describe(&client, "s").await;
    describe(&client, "s").await;
    client.cancel_update_stack().stack_name("s").send().await.unwrap();
    assert_eq!(status(&settled(&client, "s").await), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(physical(&client, "s").await["Second"], "arn:aws:sns:eu-west-1:111122223333:t");
}

#[tokio::test]
async fn what_cannot_be_deleted_can_be_left_behind() {
    let (sandbox, client) = world();
    let made = deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    let id = made.stack_id().unwrap();
    let early = client.delete_stack().stack_name("s").retain_resources("Second").send().await;
    assert_eq!(refusal(early).0, "ValidationError");
    sandbox.order(Rule::fail("s", "Second", "The bucket you tried to delete is not empty").at(Moment::Delete));
    client.delete_stack().stack_name("s").send().await.unwrap();
    let failed = settled(&client, id).await;
    assert_eq!(status(&failed), "DELETE_FAILED");
    assert_eq!(failed.stack_status_reason(), Some("The following resource(s) failed to delete: [Second]. "));
    assert_eq!(physical(&client, "s").await.keys().collect::<Vec<_>>(), ["First", "Second"], "what it needs stays");
    client.delete_stack().stack_name("s").retain_resources("Second").send().await.unwrap();
    assert_eq!(status(&settled(&client, id).await), "DELETE_COMPLETE");
    has(
        &story(&client, id).await,
        &[
            "Second DELETE_FAILED",
            "s DELETE_FAILED",
            "Second DELETE_SKIPPED",
            "First DELETE_COMPLETE",
            "s DELETE_COMPLETE",
        ],
    );
}

#[tokio::test]
async fn an_update_ends_well_although_an_old_resource_stays() {
    let (sandbox, client) = world();
    deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    sandbox.order(Rule::fail("s", "Second", "in use").at(Moment::Delete));
    let after = deploy(&client, Ask { stack: "s", body: &pair(30, "u"), ..Ask::default() }).await;
    assert_eq!(status(&after), "UPDATE_COMPLETE");
    assert_eq!(after.stack_status_reason(), Some("Update successful. One or more resources could not be deleted."));
    assert_eq!(physical(&client, "s").await["Second"], "arn:aws:sns:eu-west-1:111122223333:u");
}

#[tokio::test]
async fn a_running_creation_can_be_deleted() {
    let (sandbox, client) = world();
    sandbox.order(Rule::slow("s", "Second", 50));
    let id = create_with(&client, &pair(30, "t"), OnStackFailure::Rollback).await;
    describe(&client, "s").await;
    client.delete_stack().stack_name("s").client_request_token("del").send().await.unwrap();
    assert_eq!(status(&settled(&client, &id).await), "DELETE_COMPLETE");
}

#[tokio::test]
async fn bad_properties_and_taken_names_fail_the_resource() {
    let (_, client) = world();
    let bucket = json!({ "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "taken" } });
    deploy(&client, Ask { stack: "owner", body: &resources(json!({ "B": bucket })), ..Ask::default() }).await;
    for (name, bad, reason) in [
        ("one", bucket.clone(), "taken already exists"),
        (
            "two",
            queue(json!({ "Colour": "red" })),
            "Properties validation failed for resource Bad with message:\n#: extraneous key [Colour] is not permitted\n",
        ),
        (
            "three",
            json!({ "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String" } }),
            "Properties validation failed for resource Bad with message:\n#: required key [Value] not found\n",
        ),
    ] {
        client.create_stack().stack_name(name).template_body(resources(json!({ "Bad": bad }))).send().await.unwrap();
        assert_eq!(status(&settled(&client, name).await), "ROLLBACK_COMPLETE");
        let all = events(&client, name).await;
        let failed = all.iter().find(|event| event.resource_status().unwrap().as_str() == "CREATE_FAILED").unwrap();
        assert_eq!(failed.resource_status_reason(), Some(reason));
    }
    // A change set finds them before anything runs.
    let made = client
        .create_change_set()
        .stack_name("four")
        .change_set_name("c")
        .change_set_type(ChangeSetType::Create)
        .template_body(resources(json!({ "Bad": bucket })))
        .send()
        .await
        .unwrap();
    let failed = ready(&client, made.id().unwrap(), false).await;
    assert!(
        failed
            .status_reason()
            .unwrap()
            .starts_with("The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].")
    );
    let found = client.describe_events().change_set_name(made.id().unwrap()).send().await.unwrap();
    let event = &found.operation_events()[0];
    assert_eq!(event.validation_path(), Some("/Resources/Bad/Properties/BucketName"));
    assert_eq!(event.event_type().unwrap().as_str(), "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_fixed_name_cannot_be_replaced() {
    let (_, client) = world();
    let group = |port: u32| {
        resources(json!({ "Group": { "Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
            "Name": "orders", "Port": port, "Protocol": "HTTP", "TargetType": "ip", "VpcId": "vpc-1",
        } } }))
    };
    deploy(&client, Ask { stack: "s", body: &group(80), ..Ask::default() }).await;
    let after = deploy(&client, Ask { stack: "s", body: &group(81), ..Ask::default() }).await;
    assert_eq!(status(&after), "UPDATE_ROLLBACK_COMPLETE");
    let all = events(&client, "s").await;
    let failed = all.iter().find(|event| event.resource_status().unwrap().as_str() == "UPDATE_FAILED").unwrap();
    let reason = failed.resource_status_reason().unwrap();
    assert!(
        reason.starts_with("CloudFormation cannot update a stack when a custom-named resource requires replacing."),
        "{reason}"
    );
}

#[tokio::test]
async fn stack_policies_hold() {
    let (_, client) = world();
    deploy(&client, Ask { stack: "s", body: &pair(30, "t"), ..Ask::default() }).await;
    let policy = json!({ "Statement": [
        { "Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/Second" },
    ] })
    .to_string();
    client.set_stack_policy().stack_name("s").stack_policy_body(&policy).send().await.unwrap();
    assert_eq!(
        client.get_stack_policy().stack_name("s").send().await.unwrap().stack_policy_body(),
        Some(policy.as_str())
    );
    let denied = deploy(&client, Ask { stack: "s", body: &pair(30, "u"), ..Ask::default() }).await;
    assert_eq!(status(&denied), "UPDATE_ROLLBACK_COMPLETE");
    let all = events(&client, "s").await;
    let failed = all.iter().find(|event| event.resource_status().unwrap().as_str() == "UPDATE_FAILED").unwrap();
    assert_eq!(
        failed.resource_status_reason(),
        Some(
            "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Second]"
        )
    );
    let fewer = resources(json!({ "First": queue(json!({ "VisibilityTimeout": 30 })) }));
    let denied = deploy(&client, Ask { stack: "s", body: &fewer, ..Ask::default() }).await;
    assert_eq!(status(&denied), "UPDATE_ROLLBACK_COMPLETE");
    assert!(physical(&client, "s").await.contains_key("Second"));
    let fine = deploy(&client, Ask { stack: "s", body: &pair(60, "t"), ..Ask::default() }).await;
    assert_eq!(status(&fine), "UPDATE_COMPLETE");
}

fn exporter(value: &str) -> String {
    json!({
        "Resources": { "Topic": topic(json!({ "TopicName": value })) },
        "Outputs": { "Arn": { "Value": { "Ref": "Topic" }, "Export": { "Name": "the-topic" } } },
    })
    .to_string()
}

#[tokio::test]
async fn exports_in_use_are_kept() {
    let (_, client) = world();
    let importer = resources(
        json!({ "P": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": { "Fn::ImportValue": "the-topic" } } } }),
    );
    let early = deploy(&client, Ask { stack: "early", body: &importer, ..Ask::default() }).await;
    assert_eq!(status(&early), "ROLLBACK_COMPLETE");
    let made = deploy(&client, Ask { stack: "owner", body: &exporter("a"), ..Ask::default() }).await;
    deploy(&client, Ask { stack: "user", body: &importer, ..Ask::default() }).await;
    let exports = client.list_exports().send().await.unwrap();
    assert_eq!(exports.exports()[0].value(), Some("arn:aws:sns:eu-west-1:111122223333:a"));
    assert_eq!(client.list_imports().export_name("the-topic").send().await.unwrap().imports(), ["user"]);
    assert_eq!(
        refusal(client.list_imports().export_name("nothing").send().await).1,
        "Export 'nothing' is not imported by any stack."
    );

    let second = deploy(&client, Ask { stack: "second", body: &exporter("b"), ..Ask::default() }).await;
    assert_eq!(status(&second), "ROLLBACK_COMPLETE");
    let reason = |events: &[StackEvent], status: &str| {
        events
            .iter()
            .rfind(|event| event.resource_status().unwrap().as_str() == status)
            .unwrap()
            .resource_status_reason()
            .unwrap()
            .to_owned()
    };
    assert!(
        reason(&events(&client, "second").await, "ROLLBACK_IN_PROGRESS")
            .starts_with("Export with name the-topic is already exported by stack owner.")
    );

    let changed = deploy(&client, Ask { stack: "owner", body: &exporter("c"), ..Ask::default() }).await;
    assert_eq!(status(&changed), "UPDATE_ROLLBACK_COMPLETE");
    assert!(
        reason(&events(&client, "owner").await, "UPDATE_ROLLBACK_IN_PROGRESS")
            .starts_with("Cannot update export the-topic as it is in use by user.")
    );

    client.delete_stack().stack_name("owner").send().await.unwrap();
    let kept = settled(&client, "owner").await;
    assert_eq!(status(&kept), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        kept.stack_status_reason(),
        Some("Delete canceled. Cannot delete export the-topic as it is in use by user.")
    );
    client.delete_stack().stack_name("user").send().await.unwrap();
    assert!(client.describe_stacks().stack_name("user").send().await.is_ok());
    for _ in 0..20 {
        let _ = client.describe_stacks().stack_name("user").send().await;
    }
    client.delete_stack().stack_name("owner").send().await.unwrap();
    assert_eq!(status(&settled(&client, made.stack_id().unwrap()).await), "DELETE_COMPLETE");
}
