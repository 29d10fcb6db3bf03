//! A network with a cluster, and a service on it: the types that real stacks are made of, wired
//! by references, so that made-up ids and attributes have to fit where they are used.

use serde_json::{Map, json};

use super::*;

fn role(service: &str) -> Value {
    json!({ "Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" },
        ] },
        "ManagedPolicyArns": [{ "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" }],
        "Policies": [{ "PolicyName": "inline", "PolicyDocument": { "Version": "2012-10-17", "Statement": [] } }],
    } })
}

fn of(kind: &str, properties: Value) -> Value {
    json!({ "Type": kind, "Properties": properties })
}

fn network() -> String {
    let mut all = Map::new();
    let mut put = |name: String, value: Value| all.insert(name, value);
    put("Vpc".into(), of("AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": true })));
    put("Gateway".into(), of("AWS::EC2::InternetGateway", json!({})));
    put(
        "Attachment".into(),
        of(
            "AWS::EC2::VPCGatewayAttachment",
            json!({ "VpcId": { "Ref": "Vpc" }, "InternetGatewayId": { "Ref": "Gateway" } }),
        ),
    );
    for zone in 0..3 {
        for (kind, first) in [("Public", 0), ("Private", 3)] {
            let block = json!({ "Fn::Select": [zone + first, { "Fn::Cidr": [{ "Fn::GetAtt": ["Vpc", "CidrBlock"] }, 6, 13] }] });
            let place = json!({ "Fn::Select": [zone, { "Fn::GetAZs": "" }] });
            let subnet = format!("{kind}{zone}");
            put(
                subnet.clone(),
                of(
                    "AWS::EC2::Subnet",
                    json!({ "VpcId": { "Ref": "Vpc" }, "CidrBlock": block, "AvailabilityZone": place }),
                ),
            );
            put(format!("{subnet}Table"), of("AWS::EC2::RouteTable", json!({ "VpcId": { "Ref": "Vpc" } })));
            put(
                format!("{subnet}Join"),
                of(
                    "AWS::EC2::SubnetRouteTableAssociation",
                    json!({ "SubnetId": { "Ref": subnet }, "RouteTableId": { "Ref": format!("{subnet}Table") } }),
                ),
            );
            let mut route =
                json!({ "RouteTableId": { "Ref": format!("{subnet}Table") }, "DestinationCidrBlock": "0.0.0.0/0" });
            match kind {
                "Public" => route["GatewayId"] = json!({ "Ref": "Gateway" }),
                _ => route["NatGatewayId"] = json!({ "Ref": format!("Nat{zone}") }),
            }
            put(
                format!("{subnet}Route"),
                json!({ "Type": "AWS::EC2::Route", "DependsOn": ["Attachment"], "Properties": route }),
            );
        }
        put(format!("Address{zone}"), of("AWS::EC2::EIP", json!({ "Domain": "vpc" })));
        put(
            format!("Nat{zone}"),
            of(
                "AWS::EC2::NatGateway",
                json!({ "SubnetId": { "Ref": format!("Public{zone}") }, "AllocationId": { "Fn::GetAtt": [format!("Address{zone}"), "AllocationId"] } }),
            ),
        );
    }
    put(
        "Cluster".into(),
        of(
            "AWS::ECS::Cluster",
            json!({ "ClusterName": "apps", "ClusterSettings": [{ "Name": "containerInsights", "Value": "enabled" }] }),
        ),
    );
    put(
        "Namespace".into(),
        of("AWS::ServiceDiscovery::PrivateDnsNamespace", json!({ "Name": "apps.local", "Vpc": { "Ref": "Vpc" } })),
    );
    put("Execution".into(), role("ecs-tasks.amazonaws.com"));
    put(
        "BalancerGroup".into(),
        of(
            "AWS::EC2::SecurityGroup",
            json!({ "GroupDescription": "web", "VpcId": { "Ref": "Vpc" }, "SecurityGroupIngress": [{ "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0" }] }),
        ),
    );
    put(
        "Balancer".into(),
        of(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "Scheme": "internet-facing", "Subnets": [{ "Ref": "Public0" }, { "Ref": "Public1" }, { "Ref": "Public2" }], "SecurityGroups": [{ "Fn::GetAtt": ["BalancerGroup", "GroupId"] }] }),
        ),
    );
    put(
        "Listener".into(),
        of(
            "AWS::ElasticLoadBalancingV2::Listener",
            json!({ "LoadBalancerArn": { "Ref": "Balancer" }, "Port": 80, "Protocol": "HTTP", "DefaultActions": [{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "404" } }] }),
        ),
    );
    put(
        "Flow".into(),
        of(
            "AWS::EC2::FlowLog",
            json!({ "ResourceType": "VPC", "ResourceId": { "Ref": "Vpc" }, "TrafficType": "ALL", "LogGroupName": { "Ref": "FlowGroup" }, "DeliverLogsPermissionArn": { "Fn::GetAtt": ["FlowRole", "Arn"] } }),
        ),
    );
    put("FlowGroup".into(), of("AWS::Logs::LogGroup", json!({ "RetentionInDays": 7 })));
    put("FlowRole".into(), role("vpc-flow-logs.amazonaws.com"));
    let outputs: [(&str, Value); 9] = [
        ("Vpc", json!({ "Ref": "Vpc" })),
        ("Cluster", json!({ "Fn::GetAtt": ["Cluster", "Arn"] })),
        ("ClusterName", json!({ "Ref": "Cluster" })),
        ("Namespace", json!({ "Fn::GetAtt": ["Namespace", "Id"] })),
        ("Execution", json!({ "Fn::GetAtt": ["Execution", "Arn"] })),
        (
            "Subnets",
            json!({ "Fn::Join": [",", [{ "Ref": "Private0" }, { "Ref": "Private1" }, { "Ref": "Private2" }]] }),
        ),
        ("Listener", json!({ "Ref": "Listener" })),
        ("BalancerGroup", json!({ "Ref": "BalancerGroup" })),
        ("Address", json!({ "Fn::Sub": "http://${Balancer.DNSName}" })),
    ];
    let outputs: Map<String, Value> =
        outputs.into_iter().map(|(key, value)| (key.to_owned(), json!({ "Value": value }))).collect();
    json!({ "Resources": all, "Outputs": outputs }).to_string()
}

fn service() -> String {
    let parameters: Map<String, Value> =
        ["Vpc", "Cluster", "ClusterName", "Namespace", "Execution", "Listener", "BalancerGroup", "Image"]
            .into_iter()
            .map(|name| (name.to_owned(), json!({ "Type": "String" })))
            .chain([
                ("Subnets".to_owned(), json!({ "Type": "CommaDelimitedList" })),
                ("Address".to_owned(), json!({ "Type": "String" })),
            ])
            .collect();
    let arn = |name: &str| json!({ "Fn::GetAtt": [name, "Arn"] });
    let to = |name: &str| json!({ "Ref": name });
    let resources = [
        ("Logs", of("AWS::Logs::LogGroup", json!({ "LogGroupName": "/apps/backend", "RetentionInDays": 7 }))),
        ("TaskRole", role("ecs-tasks.amazonaws.com")),
        (
            "Task",
            of(
                "AWS::ECS::TaskDefinition",
                json!({
                    "Family": "backend", "Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": ["FARGATE"],
                    "ExecutionRoleArn": to("Execution"), "TaskRoleArn": arn("TaskRole"),
                    "ContainerDefinitions": [{ "Name": "app", "Image": to("Image"), "PortMappings": [{ "ContainerPort": 3000 }],
                        "LogConfiguration": { "LogDriver": "awslogs", "Options": { "awslogs-group": to("Logs"), "awslogs-region": to("AWS::Region"), "awslogs-stream-prefix": "ecs" } },
                        "Environment": [{ "Name": "QUEUE", "Value": to("Jobs") }] }],
                }),
            ),
        ),
        ("Group", of("AWS::EC2::SecurityGroup", json!({ "GroupDescription": "service", "VpcId": to("Vpc") }))),
        (
            "Ingress",
            of(
                "AWS::EC2::SecurityGroupIngress",
                json!({ "GroupId": { "Fn::GetAtt": ["Group", "GroupId"] }, "IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3000, "SourceSecurityGroupId": to("BalancerGroup") }),
            ),
        ),
        (
            "Targets",
            of(
                "AWS::ElasticLoadBalancingV2::TargetGroup",
                json!({ "VpcId": to("Vpc"), "Port": 3000, "Protocol": "HTTP", "TargetType": "ip" }),
            ),
        ),
        (
            "Rule",
            of(
                "AWS::ElasticLoadBalancingV2::ListenerRule",
                json!({ "ListenerArn": to("Listener"), "Priority": 10, "Conditions": [{ "Field": "path-pattern", "PathPatternConfig": { "Values": ["/*"] } }], "Actions": [{ "Type": "forward", "TargetGroupArn": to("Targets") }] }),
            ),
        ),
        (
            "Discovery",
            of(
                "AWS::ServiceDiscovery::Service",
                json!({ "Name": "backend", "DnsConfig": { "NamespaceId": to("Namespace"), "RoutingPolicy": "MULTIVALUE", "DnsRecords": [{ "Type": "A", "TTL": 60 }] }, "HealthCheckCustomConfig": { "FailureThreshold": 1 } }),
            ),
        ),
        (
            "Service",
            json!({ "Type": "AWS::ECS::Service", "DependsOn": ["Rule"], "Properties": {
            "Cluster": to("Cluster"), "LaunchType": "FARGATE", "DesiredCount": 3, "TaskDefinition": to("Task"), "EnableExecuteCommand": true,
            "NetworkConfiguration": { "AwsvpcConfiguration": { "Subnets": to("Subnets"), "SecurityGroups": [{ "Fn::GetAtt": ["Group", "GroupId"] }], "AssignPublicIp": "DISABLED" } },
            "ServiceRegistries": [{ "RegistryArn": arn("Discovery") }],
            "LoadBalancers": [{ "ContainerName": "app", "ContainerPort": 3000, "TargetGroupArn": to("Targets") }] } }),
        ),
        (
            "Scale",
            of(
                "AWS::ApplicationAutoScaling::ScalableTarget",
                json!({ "MinCapacity": 3, "MaxCapacity": 10, "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount", "ResourceId": { "Fn::Sub": "service/${ClusterName}/${Service.Name}" } }),
            ),
        ),
        (
            "ScalePolicy",
            of(
                "AWS::ApplicationAutoScaling::ScalingPolicy",
                json!({ "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": to("Scale"), "TargetTrackingScalingPolicyConfiguration": { "TargetValue": 50, "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" } } }),
            ),
        ),
        ("Repository", of("AWS::ECR::Repository", json!({ "RepositoryName": "backend", "EmptyOnDelete": true }))),
        (
            "Artifacts",
            of(
                "AWS::S3::Bucket",
                json!({ "BucketEncryption": { "ServerSideEncryptionConfiguration": [{ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }] } }),
            ),
        ),
        (
            "ArtifactsPolicy",
            of(
                "AWS::S3::BucketPolicy",
                json!({ "Bucket": to("Artifacts"), "PolicyDocument": { "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arn("Artifacts"), "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] } }),
            ),
        ),
        ("BuildRole", role("codebuild.amazonaws.com")),
        (
            "Build",
            of(
                "AWS::CodeBuild::Project",
                json!({ "ServiceRole": arn("BuildRole"), "Artifacts": { "Type": "CODEPIPELINE" }, "Source": { "Type": "CODEPIPELINE" }, "Environment": { "Type": "LINUX_CONTAINER", "ComputeType": "BUILD_GENERAL1_SMALL", "Image": "aws/codebuild/standard:7.0", "PrivilegedMode": true, "EnvironmentVariables": [{ "Name": "REPO", "Value": { "Fn::GetAtt": ["Repository", "RepositoryUri"] } }] } }),
            ),
        ),
        ("PipelineRole", role("codepipeline.amazonaws.com")),
        (
            "Pipeline",
            of(
                "AWS::CodePipeline::Pipeline",
                json!({ "RoleArn": arn("PipelineRole"), "ArtifactStore": { "Type": "S3", "Location": to("Artifacts") }, "Stages": [
            { "Name": "Source", "Actions": [{ "Name": "Source", "ActionTypeId": { "Category": "Source", "Owner": "AWS", "Provider": "CodeStarSourceConnection", "Version": "1" }, "OutputArtifacts": [{ "Name": "source" }], "Configuration": { "BranchName": "main" } }] },
            { "Name": "Build", "Actions": [{ "Name": "Build", "ActionTypeId": { "Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1" }, "InputArtifacts": [{ "Name": "source" }], "Configuration": { "ProjectName": to("Build") } }] },
        ] }),
            ),
        ),
        (
            "Jobs",
            of(
                "AWS::SQS::Queue",
                json!({ "RedrivePolicy": { "deadLetterTargetArn": arn("Dead"), "maxReceiveCount": 3 } }),
            ),
        ),
        ("Dead", of("AWS::SQS::Queue", json!({}))),
        (
            "Alarm",
            of(
                "AWS::CloudWatch::Alarm",
                json!({ "Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": [{ "Name": "QueueName", "Value": { "Fn::GetAtt": ["Dead", "QueueName"] } }], "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [to("Pager")] }),
            ),
        ),
        ("Pager", of("AWS::SNS::Topic", json!({}))),
        ("Key", of("AWS::KMS::Key", json!({ "KeyPolicy": { "Version": "2012-10-17", "Statement": [] } }))),
        ("Secret", of("AWS::SecretsManager::Secret", json!({ "GenerateSecretString": {}, "KmsKeyId": arn("Key") }))),
        (
            "Table",
            of(
                "AWS::DynamoDB::Table",
                json!({ "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }], "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }] }),
            ),
        ),
        ("FunctionRole", role("lambda.amazonaws.com")),
        (
            "Function",
            of(
                "AWS::Lambda::Function",
                json!({ "Runtime": "python3.12", "Handler": "index.handler", "Role": arn("FunctionRole"), "Code": { "ZipFile": "pass" }, "Environment": { "Variables": { "TABLE": to("Table"), "SECRET": to("Secret") } } }),
            ),
        ),
        (
            "Permission",
            of(
                "AWS::Lambda::Permission",
                json!({ "FunctionName": to("Function"), "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": arn("Clock") }),
            ),
        ),
        (
            "Clock",
            of(
                "AWS::Events::Rule",
                json!({ "ScheduleExpression": "rate(1 hour)", "Targets": [{ "Id": "f", "Arn": arn("Function") }] }),
            ),
        ),
        (
            "Mapping",
            of(
                "AWS::Lambda::EventSourceMapping",
                json!({ "FunctionName": arn("Function"), "EventSourceArn": arn("Jobs") }),
            ),
        ),
        (
            "DbSubnets",
            of("AWS::RDS::DBSubnetGroup", json!({ "DBSubnetGroupDescription": "db", "SubnetIds": to("Subnets") })),
        ),
        (
            "Db",
            of(
                "AWS::RDS::DBInstance",
                json!({ "Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20", "DBSubnetGroupName": to("DbSubnets"), "MasterUsername": "app", "MasterUserPassword": { "Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString}}" }, "VPCSecurityGroups": [{ "Fn::GetAtt": ["Group", "GroupId"] }] }),
            ),
        ),
        (
            "DbIngress",
            of(
                "AWS::EC2::SecurityGroupIngress",
                json!({ "GroupId": { "Fn::GetAtt": ["Group", "GroupId"] }, "IpProtocol": "tcp", "FromPort": { "Fn::GetAtt": ["Db", "Endpoint.Port"] }, "ToPort": { "Fn::GetAtt": ["Db", "Endpoint.Port"] }, "CidrIp": "10.0.0.0/16" }),
            ),
        ),
    ];
    let resources: Map<String, Value> = resources.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    json!({ "Parameters": parameters, "Resources": resources, "Outputs": {
        "Url": { "Value": { "Fn::Sub": "${Address}/" } },
        "Db": { "Value": { "Fn::GetAtt": ["Db", "Endpoint.Address"] } },
    } })
    .to_string()
}

#[tokio::test]
async fn a_service_on_its_network() {
    let (sandbox, client) = world();
    let network = deploy(&client, Ask { stack: "network", body: &network(), ..Ask::default() }).await;
    let why = |all: Vec<StackEvent>| {
        let failed = all.into_iter().filter(|event| event.resource_status().unwrap().as_str().ends_with("_FAILED"));
        failed
            .map(|event| format!("{:?}: {:?}", event.logical_resource_id(), event.resource_status_reason()))
            .collect::<Vec<_>>()
    };
    assert_eq!(status(&network), "CREATE_COMPLETE", "{:#?}", why(events(&client, "network").await));
    assert!(physical(&client, "network").await.len() >= 40);
    let outputs = outputs(&network);
    let mut parameters: Vec<(&str, &str)> = outputs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    parameters.push(("Image", "nginx:1"));
    let body = service();
    let made = deploy(&client, Ask { stack: "backend", body: &body, parameters: &parameters, ..Ask::default() }).await;
    assert_eq!(status(&made), "CREATE_COMPLETE", "{:#?}", why(events(&client, "backend").await));
    let before = physical(&client, "backend").await;
    assert!(before["Service"].contains(":service/apps/"), "{}", before["Service"]);

    // A new image: a new task definition, a service that moves to it, and nothing else.
    parameters.pop();
    parameters.push(("Image", "nginx:2"));
    sandbox.reset_calls();
    let after = deploy(&client, Ask { stack: "backend", body: &body, parameters: &parameters, ..Ask::default() }).await;
    assert_eq!(status(&after), "UPDATE_COMPLETE");
    let now = physical(&client, "backend").await;
    let moved: Vec<&String> =
        now.iter().filter(|(name, id)| before.get(*name) != Some(id)).map(|(name, _)| name).collect();
    assert_eq!(moved, ["Task"]);
    assert!(now["Task"].ends_with(":task-definition/backend:2"));
    let updated: Vec<String> =
        story(&client, "backend").await.into_iter().filter(|line| line.ends_with("UPDATE_COMPLETE")).collect();
    assert_eq!(updated, ["Task UPDATE_COMPLETE", "Service UPDATE_COMPLETE", "backend UPDATE_COMPLETE"]);

    for name in ["backend", "network"] {
        let id = describe(&client, name).await.stack_id().unwrap().to_owned();
        client.delete_stack().stack_name(name).send().await.unwrap();
        assert_eq!(status(&settled(&client, &id).await), "DELETE_COMPLETE");
        assert!(physical(&client, &id).await.is_empty());
    }
}
