//! What a change set says about each change. The cases marked [V] repeat templates whose answers
//! were recorded from AWS.

use aws_sdk_cloudformation::types::{ChangeSetType, ResourceChange};
use serde_json::json;

use super::*;

/// Deploys one body and plans the other: the changes without and with property values.
async fn between(
    before: (&str, &[(&str, &str)]),
    after: (&str, &[(&str, &str)]),
) -> (BTreeMap<String, ResourceChange>, BTreeMap<String, ResourceChange>) {
    let (_, client) = world();
    let made = deploy(&client, Ask { stack: "s", body: before.0, parameters: before.1, ..Ask::default() }).await;
    assert_eq!(status(&made), "CREATE_COMPLETE");
    let seen = plan(
        &client,
        Ask { stack: "s", body: after.0, parameters: after.1, ..Ask::default() },
        "p",
        ChangeSetType::Update,
    )
    .await;
    assert_eq!(seen.status_reason(), None);
    let values = ready(&client, seen.change_set_id().unwrap(), true).await;
    (by_name(&seen), by_name(&values))
}

fn by_name(seen: &DescribeChangeSetOutput) -> BTreeMap<String, ResourceChange> {
    let changes = seen.changes().iter().filter_map(|change| change.resource_change().cloned());
    changes.map(|change| (change.logical_resource_id().unwrap_or_default().to_owned(), change)).collect()
}

/// `Modify False [Properties] ReplaceAndDelete`
fn head(change: &ResourceChange) -> String {
    let scope: Vec<&str> = change.scope().iter().map(|scope| scope.as_str()).collect();
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    format!(
        "{} {} {scope:?} {}",
        text(change.action().map(|action| action.as_str())),
        text(change.replacement().map(|replacement| replacement.as_str())),
        text(change.policy_action().map(|action| action.as_str())),
    )
}

/// `Properties DisplayName Never | Static DirectModification - | /Properties/DisplayName: a -> b`
fn details(change: &ResourceChange) -> Vec<String> {
    let one = |detail: &aws_sdk_cloudformation::types::ResourceChangeDetail| {
        let target = detail.target().unwrap();
        let mut line = format!(
            "{} {} {} | {} {} {}",
            target.attribute().unwrap().as_str(),
            target.name().unwrap_or("-"),
            target.requires_recreation().unwrap().as_str(),
            detail.evaluation().unwrap().as_str(),
            detail.change_source().unwrap().as_str(),
            detail.causing_entity().unwrap_or("-"),
        );
        if let Some(path) = target.path() {
            let kind = target.attribute_change_type().unwrap().as_str();
            line += &format!(
                " | {kind} {path}: {} -> {}",
                target.before_value().unwrap_or("-"),
                target.after_value().unwrap_or("-")
            );
        }
        line
    };
    let mut lines: Vec<String> = change.details().iter().map(one).collect();
    lines.sort();
    lines
}

fn chain(name: &str, display: &str) -> String {
    resources(json!({
        "Topic1": topic(json!({ "TopicName": name, "DisplayName": display })),
        "Topic2": topic(json!({ "TopicName": "topic-2", "DisplayName": { "Fn::GetAtt": ["Topic1", "TopicName"] } })),
    }))
}

#[tokio::test]
async fn a_direct_change_of_an_attribute_that_others_read() {
    let (plain, values) = between((&chain("a", "x"), &[]), (&chain("a", "y"), &[])).await;
    assert_eq!(head(&plain["Topic1"]), r#"Modify False ["Properties"] -"#);
    assert_eq!(details(&plain["Topic1"]), ["Properties DisplayName Never | Static DirectModification -"]);
    assert_eq!(
        details(&plain["Topic2"]),
        ["Properties DisplayName Never | Dynamic ResourceAttribute Topic1.TopicName"]
    );
    assert_eq!(
        details(&values["Topic1"]),
        ["Properties DisplayName Never | Static DirectModification - | Modify /Properties/DisplayName: x -> y"]
    );
    assert!(!values.contains_key("Topic2"), "AWS leaves it out when values are asked for [V]");
    let before: Value = serde_json::from_str(values["Topic1"].before_context().unwrap()).unwrap();
    assert_eq!(before, json!({ "Properties": { "DisplayName": "x", "TopicName": "a" } }));
    assert_eq!(plain["Topic1"].before_context(), None);
}

#[tokio::test]
async fn a_replacement_and_those_that_name_it() {
    // [V]: a replaced resource makes its readers change statically.
    let (plain, values) = between((&chain("a", "x"), &[]), (&chain("b", "x"), &[])).await;
    assert_eq!(head(&plain["Topic1"]), r#"Modify True ["Properties"] ReplaceAndDelete"#);
    assert_eq!(details(&plain["Topic1"]), ["Properties TopicName Always | Static DirectModification -"]);
    assert_eq!(head(&plain["Topic2"]), r#"Modify False ["Properties"] -"#);
    assert_eq!(details(&plain["Topic2"]), ["Properties DisplayName Never | Static ResourceAttribute Topic1.TopicName"]);
    assert_eq!(
        details(&values["Topic2"]),
        [
            "Properties DisplayName Never | Dynamic DirectModification - | Modify /Properties/DisplayName: a -> {{changeSet:KNOWN_AFTER_APPLY}}",
            "Properties DisplayName Never | Static ResourceAttribute Topic1.TopicName | Modify /Properties/DisplayName: a -> {{changeSet:KNOWN_AFTER_APPLY}}",
        ]
    );
}

#[tokio::test]
async fn a_parameter_is_the_cause() {
    let body = json!({
        "Parameters": { "Name": { "Type": "String" } },
        "Resources": {
            "Topic": topic(json!({ "TopicName": { "Ref": "Name" } })),
            "Reader": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": { "Ref": "Topic" } } },
        },
    })
    .to_string();
    let (plain, values) = between((&body, &[("Name", "a")]), (&body, &[("Name", "b")])).await;
    assert_eq!(head(&plain["Topic"]), r#"Modify True ["Properties"] ReplaceAndDelete"#);
    let both = [
        "Properties TopicName Always | Dynamic DirectModification -",
        "Properties TopicName Always | Static ParameterReference Name",
    ];
    assert_eq!(details(&plain["Topic"]), both); // [V]
    assert_eq!(details(&plain["Reader"]), ["Properties Value Never | Static ResourceReference Topic"]); // [V]
    assert_eq!(
        details(&values["Topic"])[1],
        "Properties TopicName Always | Static ParameterReference Name | Modify /Properties/TopicName: a -> b"
    );
}

#[tokio::test]
async fn tags_metadata_policies_and_nested_values() {
    let body = |tag: &str, note: &str, days: u32| {
        resources(json!({
            "Bucket": { "Type": "AWS::S3::Bucket", "Metadata": { "Note": note }, "Properties": {
                "Tags": [{ "Key": "team", "Value": tag }],
                "LifecycleConfiguration": { "Rules": [{ "Id": "r", "Status": "Enabled", "ExpirationInDays": days }] },
            } },
        }))
    };
    let (plain, values) = between((&body("a", "x", 1), &[]), (&body("b", "y", 2), &[])).await;
    assert_eq!(head(&plain["Bucket"]), r#"Modify False ["Metadata", "Properties", "Tags"] -"#);
    assert_eq!(
        details(&values["Bucket"]),
        [
            "Metadata - Never | Static DirectModification -",
            "Properties LifecycleConfiguration Never | Static DirectModification - | Modify /Properties/LifecycleConfiguration/Rules/0/ExpirationInDays: 1 -> 2",
            "Tags - Never | Static DirectModification - | Modify /Properties/Tags/0/Value: a -> b",
        ]
    );
}

#[tokio::test]
async fn conditions_add_and_remove() {
    let body = json!({
        "Parameters": { "Mode": { "Type": "String" } },
        "Conditions": { "Big": { "Fn::Equals": [{ "Ref": "Mode" }, "big"] }, "Small": { "Fn::Not": [{ "Condition": "Big" }] } },
        "Resources": {
            "Always": queue(json!({ "VisibilityTimeout": { "Fn::If": ["Big", 60, { "Ref": "AWS::NoValue" }] } })),
            "OnlyBig": { "Type": "AWS::SQS::Queue", "Condition": "Big" },
            "OnlySmall": { "Type": "AWS::SQS::Queue", "Condition": "Small" },
        },
    })
    .to_string();
    let (plain, values) = between((&body, &[("Mode", "small")]), (&body, &[("Mode", "big")])).await;
    assert_eq!(head(&plain["OnlyBig"]), "Add - [] -");
    assert_eq!(head(&plain["OnlySmall"]), "Remove - [] Delete");
    assert!(plain["OnlySmall"].physical_resource_id().is_some());
    assert_eq!(
        details(&values["Always"]),
        [
            "Properties VisibilityTimeout Never | Static DirectModification - | Add /Properties/VisibilityTimeout: - -> 60"
        ]
    );
}

#[tokio::test]
async fn stack_tags_touch_what_takes_tags() {
    let (_, client) = world();
    let body = resources(
        json!({ "Q": queue(json!({})), "P": { "Type": "AWS::SQS::QueuePolicy", "Properties": { "Queues": [{ "Ref": "Q" }], "PolicyDocument": {} } } }),
    );
    deploy(&client, Ask { stack: "s", body: &body, tags: &[("team", "a")], ..Ask::default() }).await;
    let seen = plan(
        &client,
        Ask { stack: "s", body: &body, tags: &[("team", "b")], ..Ask::default() },
        "p",
        ChangeSetType::Update,
    )
    .await;
    let changes = by_name(&seen);
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["Q"]);
    assert_eq!(head(&changes["Q"]), r#"Modify False ["Tags"] -"#);
}

#[tokio::test]
async fn an_output_alone_is_a_change() {
    let (_, client) = world();
    let body = |outputs: Value| json!({ "Resources": { "Q": queue(json!({})) }, "Outputs": outputs }).to_string();
    deploy(&client, Ask { stack: "s", body: &body(json!({ "A": { "Value": "1" } })), ..Ask::default() }).await;
    let more = body(json!({ "A": { "Value": "1" }, "B": { "Value": { "Ref": "Q" } } }));
    let seen = plan(&client, Ask { stack: "s", body: &more, ..Ask::default() }, "p", ChangeSetType::Update).await;
    assert_eq!((seen.status().unwrap().as_str(), seen.changes().len()), ("CREATE_COMPLETE", 0));
    let after = deploy(&client, Ask { stack: "s", body: &more, ..Ask::default() }).await;
    assert!(outputs(&after)["B"].contains("/s-Q-"));
    let described = body(json!({ "A": { "Value": "1", "Description": "one" }, "B": { "Value": { "Ref": "Q" } } }));
    let seen = plan(&client, Ask { stack: "s", body: &described, ..Ask::default() }, "q", ChangeSetType::Update).await;
    assert_eq!(seen.status().unwrap().as_str(), "FAILED");
}

#[tokio::test]
async fn a_chain_that_may_replace() {
    // The topic is certainly new, the endpoint of a subscription follows it, and so on down.
    let body = |name: &str| {
        resources(json!({
            "Vpc": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": name } },
            "Subnet": { "Type": "AWS::EC2::Subnet", "Properties": { "VpcId": { "Ref": "Vpc" }, "CidrBlock": "10.0.0.0/24" } },
            "Table": { "Type": "AWS::EC2::RouteTable", "Properties": { "VpcId": { "Fn::GetAtt": ["Vpc", "VpcId"] } } },
        }))
    };
    let (plain, _) = between((&body("10.0.0.0/16"), &[]), (&body("10.1.0.0/16"), &[])).await;
    assert!(head(&plain["Vpc"]).starts_with("Modify True"));
    assert_eq!(head(&plain["Subnet"]), r#"Modify True ["Properties"] ReplaceAndDelete"#);
    assert_eq!(details(&plain["Subnet"]), ["Properties VpcId Always | Static ResourceReference Vpc"]);
    assert_eq!(details(&plain["Table"]), ["Properties VpcId Always | Static ResourceAttribute Vpc.VpcId"]);
    // An attribute of something that changes in place might change: nobody can tell before.
    let body = |display: &str| {
        resources(json!({
            "Topic": topic(json!({ "DisplayName": display })),
            "Sub": { "Type": "AWS::SNS::Subscription", "Properties": { "Protocol": "sqs", "Endpoint": "e", "TopicArn": { "Fn::GetAtt": ["Topic", "TopicArn"] } } },
        }))
    };
    let (plain, values) = between((&body("a"), &[]), (&body("b"), &[])).await;
    assert_eq!(head(&plain["Sub"]), r#"Modify Conditional ["Properties"] ReplaceAndDelete"#);
    assert_eq!(details(&plain["Sub"]), ["Properties TopicArn Always | Dynamic ResourceAttribute Topic.TopicArn"]);
    assert!(!values.contains_key("Sub"));
}

#[tokio::test]
async fn secrets_are_seen_nowhere() {
    let (_, client) = world();
    let secret = "hunter2hunter2";
    let body = json!({
        "Parameters": { "Password": { "Type": "String", "NoEcho": true } },
        "Resources": { "Db": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": { "Fn::Sub": "pw=${Password}" } } } },
        "Outputs": { "Leak": { "Value": { "Ref": "Password" } } },
    })
    .to_string();
    let made =
        deploy(&client, Ask { stack: "s", body: &body, parameters: &[("Password", secret)], ..Ask::default() }).await;
    let seen = plan(
        &client,
        Ask { stack: "s", body: &body, parameters: &[("Password", "another1")], ..Ask::default() },
        "p",
        ChangeSetType::Update,
    )
    .await;
    let values = ready(&client, seen.change_set_id().unwrap(), true).await;
    let all = format!("{made:?} {seen:?} {values:?} {:?}", events(&client, "s").await);
    assert!(!all.contains(secret) && !all.contains("another1"), "{all}");
    assert!(all.contains("****"));
    assert_eq!(by_name(&values)["Db"].details().len(), 2);
}

#[tokio::test]
async fn every_function() {
    let (_, client) = world();
    let body = json!({
        "Parameters": { "List": { "Type": "CommaDelimitedList", "Default": "a, b,c" }, "One": { "Type": "String", "Default": "1" } },
        "Mappings": { "M": { "eu-west-1": { "x": "mapped" } } },
        "Conditions": { "T": { "Fn::Equals": [{ "Ref": "One" }, 1] }, "F": { "Fn::And": [{ "Condition": "T" }, { "Fn::Not": [{ "Condition": "T" }] }] }, "O": { "Fn::Or": [{ "Condition": "F" }, { "Condition": "T" }] } },
        "Resources": { "Q": queue(json!({ "QueueName": "q" })), "Skipped": { "Type": "AWS::SQS::Queue", "Condition": "F" } },
        "Outputs": {
            "Join": { "Value": { "Fn::Join": ["+", { "Ref": "List" }] } },
            "Select": { "Value": { "Fn::Select": [1, { "Fn::Split": [":", { "Fn::GetAtt": "Q.Arn" }] }] } },
            "Sub": { "Value": { "Fn::Sub": ["${A}/${AWS::Region}/${!Literal}/${Q.QueueName}", { "A": { "Ref": "AWS::AccountId" } }] } },
            "If": { "Value": { "Fn::If": ["O", "yes", "no"] } },
            "Map": { "Value": { "Fn::FindInMap": ["M", { "Ref": "AWS::Region" }, "x"] } },
            "Base64": { "Value": { "Fn::Base64": "hi" } },
            "Cidr": { "Value": { "Fn::Select": ["1", { "Fn::Cidr": ["10.0.0.0/16", 4, 8] }] } },
            "Zones": { "Value": { "Fn::Join": [",", { "Fn::GetAZs": "" }] } },
            "Pseudo": { "Value": { "Fn::Join": [" ", [{ "Ref": "AWS::Partition" }, { "Ref": "AWS::URLSuffix" }, { "Ref": "AWS::StackName" }]] } },
            "Gone": { "Condition": "F", "Value": "never" },
        },
    })
    .to_string();
    let made = deploy(&client, Ask { stack: "s", body: &body, ..Ask::default() }).await;
    let wanted = [
        ("Base64", "aGk="),
        ("Cidr", "10.0.1.0/24"),
        ("If", "yes"),
        ("Join", "a+b+c"),
        ("Map", "mapped"),
        ("Pseudo", "aws amazonaws.com s"),
        ("Select", "aws"),
        ("Sub", "111122223333/eu-west-1/${Literal}/q"),
        ("Zones", "eu-west-1a,eu-west-1b,eu-west-1c"),
    ];
    assert_eq!(outputs(&made), wanted.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(physical(&client, "s").await.len(), 1);
    for (bad, text) in [
        (json!({ "Fn::GetAtt": ["Q", "Nope"] }), "Resource type AWS::SQS::Queue does not support attribute {Nope}"),
        (
            json!({ "Fn::Select": [9, { "Ref": "List" }] }),
            "Template error: Fn::Select cannot select nonexistent value at index 9",
        ),
        (json!({ "Fn::FindInMap": ["M", "x", "y"] }), "Template error: Unable to get mapping for M::x::y"),
    ] {
        let mut broken: Value = serde_json::from_str(&body).unwrap();
        broken["Outputs"]["Join"]["Value"] = bad;
        broken["Resources"]["Q"]["Properties"]["QueueName"] = "other".into();
        client.create_stack().stack_name("bad").template_body(broken.to_string()).send().await.unwrap();
        let failed = settled(&client, "bad").await;
        assert_eq!(status(&failed), "ROLLBACK_COMPLETE");
        let all = events(&client, "bad").await;
        let reason =
            all.iter().rfind(|event| event.resource_status().unwrap().as_str() == "ROLLBACK_IN_PROGRESS").unwrap();
        assert_eq!(reason.resource_status_reason().unwrap(), format!("{text} Rollback requested by user."));
        client.delete_stack().stack_name("bad").send().await.unwrap();
        for _ in 0..5 {
            let _ = client.describe_stacks().stack_name("bad").send().await;
        }
    }
}
