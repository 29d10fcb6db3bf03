//! What may be given where: the edges that most projects have, and some that must be refused.

use infra::schema::{Identifier, Node, RefValue, Replacement, Types};

/// `TYPE/Path` of a property and the values it takes: `TYPE` for what `Ref` returns, `TYPE.Attribute` otherwise.
const TAKES: &[(&str, &[&str])] = &[
    ("AWS::EC2::Subnet/VpcId", &["AWS::EC2::VPC", "AWS::EC2::Subnet.VpcId"]),
    ("AWS::EC2::RouteTable/VpcId", &["AWS::EC2::VPC"]),
    ("AWS::EC2::Route/RouteTableId", &["AWS::EC2::RouteTable"]),
    ("AWS::EC2::Route/GatewayId", &["AWS::EC2::InternetGateway", "AWS::EC2::VPNGateway"]),
    ("AWS::EC2::Route/NatGatewayId", &["AWS::EC2::NatGateway"]),
    ("AWS::EC2::SubnetRouteTableAssociation/SubnetId", &["AWS::EC2::Subnet"]),
    ("AWS::EC2::SubnetRouteTableAssociation/RouteTableId", &["AWS::EC2::RouteTable"]),
    ("AWS::EC2::VPCGatewayAttachment/InternetGatewayId", &["AWS::EC2::InternetGateway"]),
    ("AWS::EC2::VPCGatewayAttachment/VpcId", &["AWS::EC2::VPC"]),
    ("AWS::EC2::NatGateway/AllocationId", &["AWS::EC2::EIP.AllocationId"]),
    ("AWS::EC2::NatGateway/SubnetId", &["AWS::EC2::Subnet"]),
    ("AWS::EC2::SecurityGroup/VpcId", &["AWS::EC2::VPC"]),
    ("AWS::EC2::SecurityGroupIngress/GroupId", &["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroup.Id"]),
    (
        "AWS::EC2::SecurityGroupIngress/SourceSecurityGroupId",
        &["AWS::EC2::SecurityGroup.GroupId", "AWS::EC2::VPC.DefaultSecurityGroup"],
    ),
    ("AWS::ECS::Service/Cluster", &["AWS::ECS::Cluster", "AWS::ECS::Cluster.Arn"]),
    ("AWS::ECS::Service/TaskDefinition", &["AWS::ECS::TaskDefinition"]),
    ("AWS::ECS::Service/LoadBalancers/*/TargetGroupArn", &["AWS::ElasticLoadBalancingV2::TargetGroup"]),
    ("AWS::ECS::Service/ServiceRegistries/*/RegistryArn", &["AWS::ServiceDiscovery::Service.Arn"]),
    ("AWS::ECS::Service/NetworkConfiguration/AwsvpcConfiguration/Subnets/*", &["AWS::EC2::Subnet"]),
    ("AWS::ECS::Service/NetworkConfiguration/AwsvpcConfiguration/SecurityGroups/*", &["AWS::EC2::SecurityGroup"]),
    ("AWS::ECS::TaskDefinition/ExecutionRoleArn", &["AWS::IAM::Role.Arn"]),
    ("AWS::ECS::TaskDefinition/TaskRoleArn", &["AWS::IAM::Role.Arn"]),
    (
        "AWS::ECS::Cluster/Configuration/ExecuteCommandConfiguration/LogConfiguration/CloudWatchLogGroupName",
        &["AWS::Logs::LogGroup"],
    ),
    ("AWS::IAM::Policy/Roles/*", &["AWS::IAM::Role"]),
    ("AWS::IAM::InstanceProfile/Roles/*", &["AWS::IAM::Role"]),
    ("AWS::IAM::Role/ManagedPolicyArns/*", &["AWS::IAM::ManagedPolicy"]),
    ("AWS::IAM::Role/PermissionsBoundary", &["AWS::IAM::ManagedPolicy"]),
    ("AWS::Logs::LogGroup/KmsKeyId", &["AWS::KMS::Key.Arn"]),
    ("AWS::Logs::SubscriptionFilter/LogGroupName", &["AWS::Logs::LogGroup"]),
    (
        "AWS::ServiceDiscovery::Service/NamespaceId",
        &["AWS::ServiceDiscovery::PrivateDnsNamespace", "AWS::ServiceDiscovery::HttpNamespace.Id"],
    ),
    ("AWS::ServiceDiscovery::Service/DnsConfig/NamespaceId", &["AWS::ServiceDiscovery::PrivateDnsNamespace"]),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace/Vpc", &["AWS::EC2::VPC"]),
    ("AWS::ApplicationAutoScaling::ScalingPolicy/ScalingTargetId", &["AWS::ApplicationAutoScaling::ScalableTarget"]),
    ("AWS::ApplicationAutoScaling::ScalableTarget/RoleARN", &["AWS::IAM::Role.Arn"]),
    ("AWS::CodeBuild::Project/ServiceRole", &["AWS::IAM::Role", "AWS::IAM::Role.Arn"]),
    ("AWS::CodePipeline::Pipeline/RoleArn", &["AWS::IAM::Role.Arn"]),
    ("AWS::CodePipeline::Pipeline/ArtifactStore/Location", &["AWS::S3::Bucket"]),
    ("AWS::CodePipeline::Pipeline/Stages/*/Actions/*/RoleArn", &["AWS::IAM::Role.Arn"]),
    ("AWS::CodePipeline::Webhook/TargetPipeline", &["AWS::CodePipeline::Pipeline"]),
    ("AWS::S3::BucketPolicy/Bucket", &["AWS::S3::Bucket"]),
    ("AWS::S3::Bucket/NotificationConfiguration/QueueConfigurations/*/Queue", &["AWS::SQS::Queue.Arn"]),
    ("AWS::Lambda::Function/Role", &["AWS::IAM::Role.Arn"]),
    ("AWS::Lambda::Function/VpcConfig/SubnetIds/*", &["AWS::EC2::Subnet"]),
    ("AWS::Lambda::Function/LoggingConfig/LogGroup", &["AWS::Logs::LogGroup"]),
    ("AWS::Lambda::Function/Layers/*", &["AWS::Lambda::LayerVersion"]),
    (
        "AWS::Lambda::Permission/FunctionName",
        &["AWS::Lambda::Function", "AWS::Lambda::Function.Arn", "AWS::Lambda::Alias", "AWS::Lambda::Version"],
    ),
    ("AWS::Lambda::EventSourceMapping/FunctionName", &["AWS::Lambda::Function", "AWS::Lambda::Alias"]),
    (
        "AWS::Lambda::EventSourceMapping/EventSourceArn",
        &["AWS::SQS::Queue.Arn", "AWS::DynamoDB::Table.StreamArn", "AWS::Kinesis::Stream.Arn"],
    ),
    ("AWS::ElasticLoadBalancingV2::Listener/LoadBalancerArn", &["AWS::ElasticLoadBalancingV2::LoadBalancer"]),
    ("AWS::ElasticLoadBalancingV2::Listener/Certificates/*/CertificateArn", &["AWS::CertificateManager::Certificate"]),
    (
        "AWS::ElasticLoadBalancingV2::Listener/DefaultActions/*/TargetGroupArn",
        &["AWS::ElasticLoadBalancingV2::TargetGroup"],
    ),
    ("AWS::ElasticLoadBalancingV2::ListenerRule/ListenerArn", &["AWS::ElasticLoadBalancingV2::Listener"]),
    ("AWS::ElasticLoadBalancingV2::TargetGroup/VpcId", &["AWS::EC2::VPC"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer/Subnets/*", &["AWS::EC2::Subnet"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer/SecurityGroups/*", &["AWS::EC2::SecurityGroup"]),
    ("AWS::SQS::QueuePolicy/Queues/*", &["AWS::SQS::Queue"]),
    ("AWS::SQS::Queue/RedrivePolicy/deadLetterTargetArn", &["AWS::SQS::Queue.Arn"]),
    ("AWS::SNS::TopicPolicy/Topics/*", &["AWS::SNS::Topic"]),
    ("AWS::SNS::Subscription/TopicArn", &["AWS::SNS::Topic"]),
    ("AWS::KMS::Alias/TargetKeyId", &["AWS::KMS::Key", "AWS::KMS::Key.Arn"]),
    ("AWS::RDS::DBInstance/DBSubnetGroupName", &["AWS::RDS::DBSubnetGroup"]),
    ("AWS::RDS::DBInstance/VPCSecurityGroups/*", &["AWS::EC2::SecurityGroup"]),
    ("AWS::RDS::DBSubnetGroup/SubnetIds/*", &["AWS::EC2::Subnet"]),
    ("AWS::Events::Rule/RoleArn", &["AWS::IAM::Role.Arn"]),
    ("AWS::Events::Rule/EventBusName", &["AWS::Events::EventBus"]),
    ("AWS::SecretsManager::SecretTargetAttachment/SecretId", &["AWS::SecretsManager::Secret"]),
    ("AWS::Route53::RecordSet/HostedZoneId", &["AWS::Route53::HostedZone"]),
    (
        "AWS::CloudFront::Distribution/DistributionConfig/ViewerCertificate/AcmCertificateArn",
        &["AWS::CertificateManager::Certificate"],
    ),
    ("AWS::ApiGateway::Method/ResourceId", &["AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi.RootResourceId"]),
    ("AWS::ApiGateway::Deployment/RestApiId", &["AWS::ApiGateway::RestApi"]),
    ("AWS::ApiGatewayV2::Stage/ApiId", &["AWS::ApiGatewayV2::Api"]),
    ("AWS::StepFunctions::StateMachine/RoleArn", &["AWS::IAM::Role.Arn"]),
    ("AWS::EFS::MountTarget/FileSystemId", &["AWS::EFS::FileSystem"]),
    ("AWS::EFS::MountTarget/SecurityGroups/*", &["AWS::EC2::SecurityGroup"]),
    ("AWS::Cognito::UserPoolClient/UserPoolId", &["AWS::Cognito::UserPool"]),
    ("AWS::Cognito::UserPool/LambdaConfig/PostConfirmation", &["AWS::Lambda::Function.Arn"]),
];

/// The same, for what must not fit.
const REFUSES: &[(&str, &[&str])] = &[
    ("AWS::EC2::Subnet/VpcId", &["AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"]),
    ("AWS::EC2::Route/NatGatewayId", &["AWS::EC2::InternetGateway"]),
    ("AWS::EC2::NatGateway/AllocationId", &["AWS::EC2::EIP"]),
    ("AWS::ECS::Service/Cluster", &["AWS::ECS::TaskDefinition"]),
    ("AWS::ECS::TaskDefinition/ExecutionRoleArn", &["AWS::IAM::Role", "AWS::IAM::Policy"]),
    ("AWS::Lambda::Function/Role", &["AWS::IAM::Role", "AWS::SQS::Queue.Arn"]),
    ("AWS::Lambda::EventSourceMapping/EventSourceArn", &["AWS::DynamoDB::Table.Arn", "AWS::SQS::Queue"]),
    ("AWS::ElasticLoadBalancingV2::Listener/LoadBalancerArn", &["AWS::ElasticLoadBalancingV2::TargetGroup"]),
    ("AWS::SQS::QueuePolicy/Queues/*", &["AWS::SQS::Queue.Arn"]),
    ("AWS::IAM::Policy/Roles/*", &["AWS::IAM::Role.Arn"]),
    ("AWS::Logs::LogGroup/KmsKeyId", &["AWS::KMS::Key"]),
];

/// Properties that take any text: a name the user gives, or a value of many kinds.
const PLAIN: &[&str] = &[
    "AWS::Logs::LogGroup/LogGroupName",
    "AWS::S3::Bucket/BucketName",
    "AWS::EC2::SecurityGroupIngress/CidrIp",
    "AWS::ApplicationAutoScaling::ScalableTarget/ResourceId",
    "AWS::Lambda::Permission/SourceArn",
    "AWS::Lambda::Permission/Principal",
    "AWS::CloudWatch::Alarm/AlarmActions/*",
    "AWS::StepFunctions::StateMachine/DefinitionString",
    "AWS::SNS::Subscription/Endpoint",
    "AWS::Events::Rule/Targets/*/Arn",
    "AWS::ApiGatewayV2::Route/Target",
    "AWS::CloudFront::Distribution/DistributionConfig/Origins/*/DomainName",
];

fn asked(place: &str) -> Vec<Identifier> {
    let types = Types::aws();
    let (name, path) = place.split_once('/').unwrap();
    let path: Vec<&str> = path.split('/').collect();
    match types.at_path(types.resource(name).unwrap(), &path) {
        Some(Node::String(text)) => text.identifies.clone(),
        other => panic!("{place}: {other:?}"),
    }
}

fn given(value: &str) -> Vec<Identifier> {
    let types = Types::aws();
    let (name, attribute) = value.split_once('.').map_or((value, None), |(n, a)| (n, Some(a)));
    let resource = types.resource(name).unwrap_or_else(|| panic!("{name}"));
    match attribute {
        Some(attribute) => types.attribute_identifies(resource, attribute),
        None => types.ref_identifies(resource),
    }
}

fn fits(place: &str, value: &str) -> bool {
    let given = given(value);
    assert!(!given.is_empty(), "{value} identifies nothing");
    asked(place).iter().any(|i| given.contains(i))
}

#[test]
fn the_common_edges_fit() {
    let pairs = TAKES.iter().flat_map(|(place, values)| values.iter().map(move |value| (place, value)));
    let refused: Vec<_> = pairs.filter(|(place, value)| !fits(place, value)).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn what_is_wrong_does_not_fit() {
    for (place, values) in REFUSES {
        assert!(!asked(place).is_empty(), "{place}");
        for value in *values {
            assert!(!fits(place, value), "{place} takes {value}");
        }
    }
}

#[test]
fn plain_text_stays_plain() {
    for place in PLAIN {
        assert_eq!(asked(place), [], "{place}");
    }
}

#[test]
fn references_return_what_aws_says() {
    let types = Types::aws();
    for (name, value) in [
        ("AWS::EC2::VPC", "VpcId"),
        ("AWS::EC2::EIP", "PublicIp"),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::ECS::Service", "ServiceArn"),
        ("AWS::ECS::TaskDefinition", "TaskDefinitionArn"),
        ("AWS::SQS::Queue", "QueueUrl"),
        ("AWS::SNS::Topic", "TopicArn"),
        ("AWS::CodeBuild::Project", "Name"),
        ("AWS::ElasticLoadBalancingV2::Listener", "ListenerArn"),
        ("AWS::Logs::LogGroup", "LogGroupName"),
        ("AWS::EC2::SecurityGroup", "GroupId"),
    ] {
        let resource = types.resource(name).unwrap();
        assert_eq!(resource.ref_value, RefValue::Property(value), "{name}");
        let first = types.ref_identifies(resource)[0];
        assert_eq!((first.resource, first.attribute), (name, value));
    }
    for name in ["AWS::EC2::Route", "AWS::EC2::VPCGatewayAttachment", "AWS::Lambda::Permission", "AWS::Events::Rule"] {
        let resource = types.resource(name).unwrap();
        assert_eq!(resource.ref_value, RefValue::Opaque, "{name}");
        assert_eq!(types.ref_identifies(resource), [], "{name}");
    }
}

/// Where several attributes hold one value, they go by one name.
#[test]
fn equal_things_have_one_identifier() {
    let group = Identifier { resource: "AWS::EC2::SecurityGroup", attribute: "GroupId" };
    for value in ["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroup.Id", "AWS::EC2::SecurityGroup.GroupId"] {
        assert_eq!(given(value), [group], "{value}");
    }
    assert!(given("AWS::EC2::VPC.DefaultSecurityGroup").contains(&group));
}

#[test]
fn replacement_follows_the_registry() {
    let types = Types::aws();
    for (name, path, replacement) in [
        ("AWS::EC2::VPC", &["CidrBlock"] as &[&str], Replacement::Yes),
        ("AWS::EC2::VPC", &["InstanceTenancy"], Replacement::Maybe),
        ("AWS::EC2::VPC", &["EnableDnsSupport"], Replacement::No),
        ("AWS::EC2::VPC", &["Tags", "0", "Value"], Replacement::No),
        ("AWS::ECS::TaskDefinition", &["ContainerDefinitions", "0", "Image"], Replacement::Yes),
        ("AWS::ECS::Service", &["TaskDefinition"], Replacement::No),
        ("AWS::ECS::Service", &["LaunchType"], Replacement::Maybe),
        ("AWS::RDS::DBInstance", &["Port"], Replacement::Maybe),
        ("AWS::ServiceDiscovery::Service", &["DnsConfig", "NamespaceId"], Replacement::Maybe),
        ("AWS::SQS::Queue", &["NoSuchProperty"], Replacement::No),
    ] {
        let resource = types.resource(name).unwrap();
        assert_eq!(types.replacement(resource, path), replacement, "{name} {path:?}");
    }
    assert!(types.resource("AWS::SQS::Queue").unwrap().stateful);
    let custom = types.resource("Custom::S3AutoDeleteObjects").unwrap();
    assert!(custom.open_attributes);
}
