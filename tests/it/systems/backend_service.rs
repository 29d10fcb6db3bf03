//! `examples/backend-service`: a core and a service that its own pipeline builds and deploys.

use super::frame::{Example, Life};

const CORE: &str = "
    ecs-blueprint-platform-dev 111111111111 us-east-1 = 37
      EC2::EIP 3, EC2::InternetGateway 1, EC2::NatGateway 3, EC2::Route 6, EC2::RouteTable 6, EC2::Subnet 6,
      EC2::SubnetRouteTableAssociation 6, EC2::VPC 1, EC2::VPCGatewayAttachment 1, ECS::Cluster 1, IAM::Role 1,
      Logs::LogGroup 1, ServiceDiscovery::PrivateDnsNamespace 1
";

const BACKEND: &str = "
    ecs-blueprint-backend-dev 111111111111 us-east-1 = 28
      ApplicationAutoScaling::ScalableTarget 1, ApplicationAutoScaling::ScalingPolicy 1, CodeBuild::Project 1,
      CodePipeline::Pipeline 1, CodePipeline::Webhook 1, Custom::S3AutoDeleteObjects 1, EC2::SecurityGroup 1,
      ECR::Repository 1, ECS::Service 1, ECS::TaskDefinition 1, IAM::Policy 6, IAM::Role 6, Lambda::Function 1,
      Logs::LogGroup 1, Logs::ResourcePolicy 1, S3::Bucket 1, S3::BucketPolicy 1, ServiceDiscovery::Service 1
";

#[test]
fn it_has_what_the_original_has() {
    let example = Example::new("backend-service");
    let dev = example.build("--env dev");
    dev.consists_of(&format!("{CORE}{BACKEND}"));
    dev.is_sound();
}

#[test]
fn it_lives() {
    let example = Example::new("backend-service");
    for env in ["dev", "prod"] {
        let changed = Life::new(&example, &format!("--env {env}")).whole("--set backend.Image=repo:2");
        assert_eq!(changed["Task"], "replace/yes");
        assert_eq!(changed["Service"], "update/no");
    }
}

#[test]
fn it_lives_on_the_emulator() {
    let lacks = [
        "ApplicationAutoScaling::ScalableTarget",
        "ApplicationAutoScaling::ScalingPolicy",
        "CodePipeline::Pipeline",
        "CodePipeline::Webhook",
        "Custom::S3AutoDeleteObjects",
        "EC2::EIP",
        "EC2::NatGateway",
        "EC2::Route reads EC2::NatGateway",
    ];
    let image = "c('ecs').describe_task_definition(taskDefinition='ecsdemo-backend')['taskDefinition']\
        ['containerDefinitions'][0]['image']";
    let subnets = "len(c('ec2').describe_subnets(Filters=[{'Name': 'cidr-block', 'Values': ['10.0.0.0/19', \
        '10.0.160.0/19']}])['Subnets'])";
    let seen = [(image, "\"repo:2\""), (subnets, "2")];
    Example::new("backend-service").emulated("--env dev", "--set backend.Image=repo:2", &lacks, &seen);
}
