//! Resources that must wait for another because both refer to the same third.
//!
//! Sources: "DependsOn attribute" in the CloudFormation user guide (gateways, roles), the pages of
//! the types in its reference (target groups, notifications, deployments, mount targets), and the
//! dependencies that the constructs of the AWS CDK add.

use rustc_hash::FxHashMap;

use super::Edge;
use super::index::{CUSTOM, Index, Key};

/// A type and the paths at which its resources refer to something; see [`Index::values`].
type Side = (&'static str, &'static [&'static str]);

/// Resources on the one side wait for those on the other that refer to the same thing.
struct Rule {
    waits: &'static [Side],
    needs: &'static [Side],
}

const RULES: &[Rule] = &[
    // ECS refuses a service whose target group no listener forwards to yet: "The target group …
    // does not have an associated load balancer".
    Rule {
        waits: &[
            ("AWS::ECS::Service", &["LoadBalancers.*.TargetGroupArn"]),
            ("AWS::ECS::TaskSet", &["LoadBalancers.*.TargetGroupArn"]),
        ],
        needs: &[
            (
                "AWS::ElasticLoadBalancingV2::Listener",
                &["DefaultActions.*.TargetGroupArn", "DefaultActions.*.ForwardConfig.TargetGroups.*.TargetGroupArn"],
            ),
            (
                "AWS::ElasticLoadBalancingV2::ListenerRule",
                &["Actions.*.TargetGroupArn", "Actions.*.ForwardConfig.TargetGroups.*.TargetGroupArn"],
            ),
        ],
    },
    // A route through a gateway that is not attached to the VPC is refused, and so is the
    // propagation of its routes.
    Rule {
        waits: &[("AWS::EC2::Route", &["GatewayId"]), ("AWS::EC2::VPNGatewayRoutePropagation", &["VpnGatewayId"])],
        needs: &[("AWS::EC2::VPCGatewayAttachment", &["InternetGatewayId", "VpnGatewayId"])],
    },
    // What acts through a role the moment it exists needs what the role may do. The role is ready
    // before the policies that are attached to it from outside.
    Rule {
        waits: &[
            (
                "AWS::AppRunner::Service",
                &[
                    "InstanceConfiguration.InstanceRoleArn",
                    "SourceConfiguration.AuthenticationConfiguration.AccessRoleArn",
                ],
            ),
            ("AWS::Batch::ComputeEnvironment", &["ServiceRole"]),
            ("AWS::CodeBuild::Project", &["ServiceRole"]),
            ("AWS::CodeDeploy::DeploymentGroup", &["ServiceRoleArn"]),
            ("AWS::CodePipeline::Pipeline", &["RoleArn", "Stages.*.Actions.*.RoleArn"]),
            ("AWS::EC2::Instance", &["IamInstanceProfile>Roles.*"]),
            ("AWS::ECS::Service", &["Role", "TaskDefinition>TaskRoleArn", "TaskDefinition>ExecutionRoleArn"]),
            ("AWS::EKS::Cluster", &["RoleArn"]),
            ("AWS::EKS::Nodegroup", &["NodeRole"]),
            (
                "AWS::KinesisFirehose::DeliveryStream",
                &["S3DestinationConfiguration.RoleARN", "ExtendedS3DestinationConfiguration.RoleARN"],
            ),
            ("AWS::Lambda::EventSourceMapping", &["FunctionName>Role"]),
            ("AWS::Lambda::Function", &["Role"]),
            ("AWS::Logs::SubscriptionFilter", &["RoleArn"]),
            ("AWS::Pipes::Pipe", &["RoleArn"]),
            ("AWS::StepFunctions::StateMachine", &["RoleArn"]),
        ],
        needs: &[
            ("AWS::IAM::ManagedPolicy", &["Roles.*"]),
            ("AWS::IAM::Policy", &["Roles.*"]),
            ("AWS::IAM::RolePolicy", &["RoleName"]),
        ],
    },
    // Who writes into a bucket, or empties it, is checked against the bucket's policy at once.
    Rule {
        waits: &[
            ("AWS::CloudTrail::Trail", &["S3BucketName"]),
            ("AWS::CodePipeline::Pipeline", &["ArtifactStore.Location", "ArtifactStores.*.ArtifactStore.Location"]),
            ("AWS::Config::DeliveryChannel", &["S3BucketName"]),
            ("AWS::EC2::FlowLog", &["LogDestination"]),
            ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["LoadBalancerAttributes.*.Value"]),
            (CUSTOM, &["*"]),
        ],
        needs: &[("AWS::S3::BucketPolicy", &["Bucket"])],
    },
    // A bucket sends a test message to every queue, topic and function it is to notify.
    Rule {
        waits: &[("AWS::S3::Bucket", &["NotificationConfiguration.QueueConfigurations.*.Queue"])],
        needs: &[("AWS::SQS::QueuePolicy", &["Queues.*"])],
    },
    Rule {
        waits: &[
            ("AWS::S3::Bucket", &["NotificationConfiguration.TopicConfigurations.*.Topic"]),
            ("AWS::CloudTrail::Trail", &["SnsTopicName"]),
            ("AWS::Config::DeliveryChannel", &["SnsTopicARN"]),
        ],
        needs: &[("AWS::SNS::TopicPolicy", &["Topics.*"])],
    },
    Rule {
        waits: &[
            ("AWS::S3::Bucket", &["NotificationConfiguration.LambdaConfigurations.*.Function"]),
            ("AWS::Logs::SubscriptionFilter", &["DestinationArn"]),
        ],
        needs: &[("AWS::Lambda::Permission", &["FunctionName"])],
    },
    // What a topic sends before the queue lets it is lost.
    Rule { waits: &[("AWS::SNS::Subscription", &["Endpoint"])], needs: &[("AWS::SQS::QueuePolicy", &["Queues.*"])] },
    // A deployment is a picture of the API as it is then: "The REST API doesn't contain any methods".
    Rule {
        waits: &[("AWS::ApiGateway::Deployment", &["RestApiId"])],
        needs: &[("AWS::ApiGateway::Method", &["RestApiId"])],
    },
    Rule {
        waits: &[("AWS::ApiGatewayV2::Deployment", &["ApiId"])],
        needs: &[("AWS::ApiGatewayV2::Route", &["ApiId"])],
    },
    // A service may use a capacity provider only once the cluster has it.
    Rule {
        waits: &[("AWS::ECS::Service", &["Cluster"])],
        needs: &[("AWS::ECS::ClusterCapacityProviderAssociations", &["Cluster"])],
    },
    // A file system can be mounted only where it has a mount target.
    Rule {
        waits: &[
            ("AWS::Lambda::Function", &["FileSystemConfigs.*.Arn>FileSystemId"]),
            ("AWS::ECS::Service", &["TaskDefinition>Volumes.*.EFSVolumeConfiguration.FilesystemId"]),
        ],
        needs: &[("AWS::EFS::MountTarget", &["FileSystemId"])],
    },
    // The rotation of a database password needs to know the database.
    Rule {
        waits: &[("AWS::SecretsManager::RotationSchedule", &["SecretId"])],
        needs: &[("AWS::SecretsManager::SecretTargetAttachment", &["SecretId"])],
    },
    // A client names the identity providers of its pool; they must be there.
    Rule {
        waits: &[("AWS::Cognito::UserPoolClient", &["UserPoolId"])],
        needs: &[("AWS::Cognito::UserPoolIdentityProvider", &["UserPoolId"])],
    },
    // A policy that spells what it scales instead of referring to the target.
    Rule {
        waits: &[("AWS::ApplicationAutoScaling::ScalingPolicy", &["ResourceId"])],
        needs: &[("AWS::ApplicationAutoScaling::ScalableTarget", &["ResourceId"])],
    },
];

pub(super) fn apply(index: &Index<'_>, wanted: &mut Vec<Edge>) {
    for rule in RULES {
        if rule.waits.iter().any(|(ty, _)| index.has(ty)) && rule.needs.iter().any(|(ty, _)| index.has(ty)) {
            rule.apply(index, wanted);
        }
    }
    scaled_by_name(index, wanted);
}

impl Rule {
    fn apply(&self, index: &Index<'_>, wanted: &mut Vec<Edge>) {
        let mut needed: FxHashMap<Key, Vec<usize>> = FxHashMap::default();
        each(index, self.needs, |resource, key| needed.entry(key).or_default().push(resource));
        each(index, self.waits, |resource, key| {
            wanted.extend(needed.get(&key).into_iter().flatten().map(|to| (resource, *to)));
        });
    }
}

fn each(index: &Index<'_>, sides: &[Side], mut found: impl FnMut(usize, Key)) {
    for (ty, paths) in sides {
        for resource in index.of_type(ty) {
            for path in *paths {
                index.keys(*resource, path).into_iter().for_each(|key| found(*resource, key));
            }
        }
    }
}

/// What is scaled, and the property that names it.
const SCALED: &[(&str, &str)] = &[("AWS::ECS::Service", "ServiceName"), ("AWS::DynamoDB::Table", "TableName")];

/// A scalable target says what it scales by a text that ends in its name (`service/main/api`); where
/// the program spells that name there is no reference to follow.
fn scaled_by_name(index: &Index<'_>, wanted: &mut Vec<Edge>) {
    let targets = index.of_type("AWS::ApplicationAutoScaling::ScalableTarget");
    if targets.is_empty() {
        return;
    }
    let named: FxHashMap<_, _> = SCALED
        .iter()
        .flat_map(|(ty, property)| index.of_type(ty).iter().map(move |at| (*at, *property)))
        .filter_map(|(at, property)| Some((index.text(at, property)?, at)))
        .collect();
    for target in targets {
        let end = index.ending(*target, "ResourceId");
        if let Some(at) = end.as_deref().and_then(|end| named.get(end.rsplit('/').next()?)) {
            wanted.push((*target, *at));
        }
    }
}
