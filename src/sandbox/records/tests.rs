//! Made-up values fit the schema: those of every attribute of everyday types, and none of any type panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::*;

fn place() -> Place {
    Place {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        stack_name: "shop-api-dev".into(),
        stack_id: "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop-api-dev/0".into(),
        notifications: Vec::new(),
    }
}

fn identity<'a>(place: &'a Place, kind: &'a str, logical: &'a str, properties: &'a Value) -> Identity<'a> {
    Identity { types: Types::aws(), place, logical, kind, generation: 0, properties }
}

/// Attributes of one type whose made-up value its own schema refuses.
fn misfits(kind: &str) -> Vec<String> {
    let types = Types::aws();
    let resource = types.resource(kind).unwrap();
    let (place, properties) = (place(), json!({}));
    let identity = identity(&place, kind, "Thing", &properties);
    let mut misfits = Vec::new();
    for attribute in &resource.attributes {
        let value = identity.attribute(attribute.path).unwrap();
        let Node::String(rules) = types.node(attribute.node) else { continue };
        let text = value.as_str().unwrap();
        let fits = rules.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
            && rules.max.is_none_or(|max| text.len() as u64 <= max)
            && rules.min.is_none_or(|min| text.len() as u64 >= min);
        if !fits {
            let pattern = rules.pattern.as_ref().map(|pattern| pattern.source());
            misfits.push(format!("{kind} {}: {text} {pattern:?} {:?}..{:?}", attribute.path, rules.min, rules.max));
        }
    }
    misfits
}

#[test]
fn everyday_types_fit_their_own_schema() {
    let kinds = [
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::CertificateManager::Certificate",
        "AWS::CloudFront::Distribution",
        "AWS::CloudWatch::Alarm",
        "AWS::CodeBuild::Project",
        "AWS::CodePipeline::Pipeline",
        "AWS::DynamoDB::Table",
        "AWS::EC2::EIP",
        "AWS::EC2::FlowLog",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::ECR::Repository",
        "AWS::ECS::Cluster",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::EFS::FileSystem",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::Events::Rule",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBInstance",
        "AWS::Route53::HostedZone",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
        "AWS::SecretsManager::Secret",
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        "AWS::ServiceDiscovery::Service",
        "AWS::StepFunctions::StateMachine",
        "AWS::WAFv2::WebACL",
    ];
    let misfits: Vec<String> = kinds.iter().flat_map(|kind| misfits(kind)).collect();
    assert!(misfits.is_empty(), "{misfits:#?}");
}

#[test]
fn every_type_has_an_id_of_its_own() {
    let (place, properties) = (place(), json!({}));
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut bad = 0;
    for kind in Types::aws().names() {
        let one = identity(&place, kind, "One", &properties).physical();
        let two = identity(&place, kind, "Two", &properties).physical();
        let later = Identity { generation: 1, ..identity(&place, kind, "One", &properties) }.physical();
        let ids = BTreeSet::from([one.clone(), two, later]);
        // Settings of a whole account are known by its number: there is one of each.
        bad += usize::from(ids.len() < 3 && !ids.contains(&place.account));
        assert!(!one.is_empty(), "{kind}");
        seen.insert(one, kind.to_owned());
        bad += misfits(kind).len();
    }
    assert!(bad < 20, "{bad} misfits");
    assert!(seen.len() > 1000, "{}", seen.len());
}

#[test]
fn what_names_it_is_what_it_is_called() {
    let place = place();
    let physical = |kind: &str, properties: Value| identity(&place, kind, "Thing", &properties).physical();
    let base = "eu-west-1:111122223333";
    let cases = [
        ("AWS::S3::Bucket", json!({ "BucketName": "b" }), "b".to_owned()),
        (
            "AWS::SQS::Queue",
            json!({ "QueueName": "q" }),
            "https://sqs.eu-west-1.amazonaws.com/111122223333/q".to_owned(),
        ),
        ("AWS::SNS::Topic", json!({ "TopicName": "t" }), format!("arn:aws:sns:{base}:t")),
        ("AWS::IAM::Role", json!({ "RoleName": "r" }), "r".to_owned()),
        ("AWS::ECS::TaskDefinition", json!({ "Family": "f" }), format!("arn:aws:ecs:{base}:task-definition/f:1")),
        (
            "AWS::ECS::Service",
            json!({ "ServiceName": "s", "Cluster": "arn:aws:ecs:x:1:cluster/c" }),
            format!("arn:aws:ecs:{base}:service/c/s"),
        ),
        ("AWS::Logs::LogGroup", json!({ "LogGroupName": "/a/b" }), "/a/b".to_owned()),
        ("AWS::Lambda::LayerVersion", json!({ "LayerName": "l" }), format!("arn:aws:lambda:{base}:layer:l:1")),
    ];
    for (kind, properties, wanted) in cases {
        assert_eq!(physical(kind, properties), wanted, "{kind}");
    }
    assert!(physical("AWS::EC2::VPC", json!({})).starts_with("vpc-"));
    assert_eq!(physical("AWS::EC2::VPC", json!({})).len(), 21);
    let balancer = physical("AWS::ElasticLoadBalancingV2::LoadBalancer", json!({ "Name": "lb" }));
    assert!(balancer.starts_with(&format!("arn:aws:elasticloadbalancing:{base}:loadbalancer/app/lb/")), "{balancer}");
}

#[test]
fn one_value_under_two_names_is_one_value() {
    let (place, properties) = (place(), json!({}));
    let group = identity(&place, "AWS::EC2::SecurityGroup", "Thing", &properties);
    assert_eq!(group.attribute("GroupId").unwrap(), group.attribute("Id").unwrap());
    let vpc = identity(&place, "AWS::EC2::VPC", "Thing", &properties);
    assert_eq!(vpc.attribute("VpcId").unwrap(), vpc.physical());
    let default = vpc.attribute("DefaultSecurityGroup").unwrap();
    assert!(default.as_str().unwrap().starts_with("sg-"), "{default}");
    assert!(vpc.attribute("CidrBlockAssociations").unwrap().is_array());
    assert_eq!(vpc.attribute("Nope"), Err("Resource type AWS::EC2::VPC does not support attribute {Nope}".into()));
}
