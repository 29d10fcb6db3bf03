//! What the local diff says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use serde_json::json;

use super::*;
use crate::plan::Origin;

fn run(before: &Value, after: &Value, parameters: &BTreeMap<String, ParameterPlan>) -> Vec<Change> {
    diff(&Sides { before: Some(before), after, parameters, types: Types::aws() })
}

fn output(differs: Differs) -> ParameterPlan {
    ParameterPlan {
        origin: Origin::Output { stack: "network@dev/eu-west-1".into(), name: "Vpc".into() },
        before: Some(Shown::text("vpc-1")),
        after: Shown::Later("network@dev/eu-west-1 Vpc".into()),
        differs,
    }
}

fn short(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|c| format!("{} {} {:?}", c.logical_id, c.action.as_str(), c.replacement)).collect()
}

fn service(image: &str) -> Value {
    json!({"Resources": {
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
            "ContainerDefinitions": [{"Name": "app", "Image": image}]
        }},
        "Service": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": {"Ref": "Task"}, "ServiceName": "web"
        }},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Dimensions": [{"Name": "Service", "Value": {"Fn::GetAtt": ["Service", "Name"]}}],
            "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1
        }}
    }})
}

#[test]
fn a_replaced_resource_changes_what_reads_it() {
    let changes = run(&service("web:1"), &service("web:2"), &BTreeMap::new());
    assert_eq!(short(&changes), ["Service update No", "Task replace Yes"], "{changes:#?}");
    let service = &changes[0];
    assert_eq!(service.reason, Reason::Reference);
    assert_eq!(service.properties[0].path, "TaskDefinition");
    assert_eq!(service.properties[0].after, Some(Shown::Later("Task".into())));
    let task = &changes[1];
    assert_eq!(task.properties[0].path, "ContainerDefinitions.0.Image");
    assert_eq!((task.data, task.reason), (Some(Data::Deleted), Reason::Edited));
}

#[test]
fn equal_templates_change_nothing() {
    assert_eq!(run(&service("web:1"), &service("web:1"), &BTreeMap::new()), []);
}

#[test]
fn an_attribute_that_names_the_resource_stays_through_an_update() {
    let mut after = service("web:1");
    after["Resources"]["Service"]["Properties"]["DesiredCount"] = json!(2);
    let changes = run(&service("web:1"), &after, &BTreeMap::new());
    let ids: Vec<&str> = changes.iter().map(|c| c.logical_id.as_str()).collect();
    // `Name` is what `ServiceName` says, which only replacement changes: the alarm is not touched.
    assert_eq!(ids, ["Service"], "{changes:#?}");
}

#[test]
fn only_what_is_proven_to_stay_is_said_to_stay() {
    let types = Types::aws();
    for (kind, attribute) in [
        ("AWS::ECS::Service", "Name"),
        ("AWS::ECS::Service", "ServiceArn"),
        ("AWS::SQS::Queue", "Arn"),
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::DynamoDB::Table", "Arn"),
        ("AWS::IAM::Role", "Arn"),
    ] {
        assert!(is_identity(kind, attribute, types), "{kind} {attribute}");
    }
    for (kind, attribute) in [
        ("AWS::DynamoDB::Table", "StreamArn"),
        ("AWS::CodePipeline::Pipeline", "Version"),
        ("AWS::EC2::LaunchTemplate", "LatestVersionNumber"),
        ("AWS::RDS::DBInstance", "Endpoint.Address"),
        ("Custom::Anything", "Arn"),
        ("Custom::Anything", "Id"),
        ("AWS::CloudFormation::Stack", "Outputs.Arn"),
        ("AWS::Nobody::Knows", "Arn"),
    ] {
        assert!(!is_identity(kind, attribute, types), "{kind} {attribute}");
    }
}

#[test]
fn a_value_known_later_may_replace_and_a_new_one_does() {
    let template = json!({"Resources": {
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "g", "VpcId": {"Ref": "NetworkVpc"}}}
    }});
    for (differs, expected) in [(Differs::Maybe, "Group replace Maybe"), (Differs::Yes, "Group replace Yes")] {
        let parameters = BTreeMap::from([("NetworkVpc".to_owned(), output(differs))]);
        let changes = run(&template, &template, &parameters);
        assert_eq!(short(&changes), [expected]);
        assert!(matches!(changes[0].properties[0].cause, Some(Cause::Parameter { .. })));
        assert_eq!(changes[0].properties[0].before, Some(Shown::text("vpc-1")));
    }
}

#[test]
fn what_becomes_of_data_is_what_the_policies_say() {
    let table = |policies: Value| {
        let mut table = json!({"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "t"}});
        table.as_object_mut().unwrap().extend(policies.as_object().unwrap().clone());
        json!({"Resources": {"Table": table}})
    };
    let empty = json!({"Resources": {}});
    let gone = run(&table(json!({"DeletionPolicy": "Retain"})), &empty, &BTreeMap::new());
    assert_eq!((gone[0].action, gone[0].data, gone[0].stateful), (Action::Forget, Some(Data::Retained), true));
    let gone = run(&table(json!({})), &empty, &BTreeMap::new());
    assert_eq!((gone[0].action, gone[0].data), (Action::Delete, Some(Data::Deleted)));
    let mut after = table(json!({"UpdateReplacePolicy": "Snapshot"}));
    after["Resources"]["Table"]["Properties"]["TableName"] = json!("u");
    let replaced = run(&table(json!({})), &after, &BTreeMap::new());
    assert_eq!((replaced[0].action, replaced[0].data), (Action::Replace, Some(Data::Snapshot)));
    let cluster = json!({"Resources": {"Db": {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "aurora"}}}});
    assert_eq!(run(&cluster, &empty, &BTreeMap::new())[0].data, Some(Data::Snapshot));
}

#[test]
fn a_deletion_policy_alone_is_no_change_of_a_resource() {
    let mut after = service("web:1");
    after["Resources"]["Task"]["DeletionPolicy"] = json!("Retain");
    assert_eq!(run(&service("web:1"), &after, &BTreeMap::new()), []);
    after["Resources"]["Task"]["Metadata"] = json!({"a": 1});
    assert_eq!(short(&run(&service("web:1"), &after, &BTreeMap::new())), ["Task update No"]);
}

#[test]
fn a_secret_is_never_shown() {
    let template = |name: &str| {
        json!({"Resources": {"Db": {"Type": "AWS::RDS::DBInstance", "Properties": {
        "MasterUserPassword": {"Fn::Join": ["", [name, {"Ref": "Password"}]]}}}}})
    };
    let secret =
        ParameterPlan { origin: Origin::Set, before: Some(Shown::Hidden), after: Shown::Hidden, differs: Differs::Yes };
    let parameters = BTreeMap::from([("Password".to_owned(), secret)]);
    let changes = run(&template("a"), &template("b"), &parameters);
    assert_eq!(changes[0].properties[0].after, Some(Shown::Hidden));
    let changes = run(&template("a"), &template("a"), &parameters);
    assert_eq!(changes[0].properties[0].after, Some(Shown::Hidden), "{changes:#?}");
}

#[test]
fn another_type_under_the_same_name_is_said() {
    let of = |ty: &str| json!({"Resources": {"X": {"Type": ty, "Properties": {}}}});
    let changes = run(&of("AWS::SQS::Queue"), &of("AWS::SNS::Topic"), &BTreeMap::new());
    assert_eq!(changes[0].attributes, ["Type"]);
    assert_eq!(changes[0].action, Action::Replace);
}
