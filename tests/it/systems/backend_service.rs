//! `examples/backend-service`: a core, a service found by name, and one behind a load balancer, each with its pipeline.
//! The figures are those of the published system, counted from what it synthesizes.

use serde_json::{Value, json};

use super::frame::{Departure, Example, Life, System};

fn core(account: &str, nat: usize, zones: usize, namespaces: usize, total: usize) -> String {
    // Every private route table has a route where there is a NAT gateway.
    let routes = zones + if nat > 0 { zones } else { 0 };
    let pairs = 2 * zones;
    let nat = if nat > 0 { format!("EC2::EIP {nat}, EC2::NatGateway {nat},") } else { String::new() };
    format!(
        "
        CoreInfraStack {account} us-east-1 = {total}
          {nat} EC2::InternetGateway 1, EC2::Route {routes}, EC2::RouteTable {pairs}, EC2::Subnet {pairs},
          EC2::SubnetRouteTableAssociation {pairs}, EC2::VPC 1, EC2::VPCGatewayAttachment 1, ECS::Cluster 1,
          IAM::Role 1, Logs::LogGroup 1, ServiceDiscovery::PrivateDnsNamespace {namespaces}
        "
    )
}

/// Both services. What stands on an existing core has no policy for the logs of that core's role.
fn services(place: &str, on_core: bool) -> String {
    let (backend, balanced) = if on_core { (28, 34) } else { (27, 33) };
    let logs = if on_core { "Logs::ResourcePolicy 1," } else { "" };
    let service = format!(
        "ApplicationAutoScaling::ScalableTarget 1, ApplicationAutoScaling::ScalingPolicy 1, CodeBuild::Project 1,
         CodePipeline::Pipeline 1, CodePipeline::Webhook 1, Custom::S3AutoDeleteObjects 1, {logs}
         ECR::Repository 1, ECS::Service 1, ECS::TaskDefinition 1, IAM::Policy 6, IAM::Role 6, Lambda::Function 1,
         Logs::LogGroup 1, S3::Bucket 1, S3::BucketPolicy 1, ServiceDiscovery::Service 1"
    )
    .replace('\n', " ");
    format!(
        "
        BackendService {place} = {backend}
          {service}, EC2::SecurityGroup 1
        LoadBalancedService {place} = {balanced}
          {service}, EC2::SecurityGroup 2, EC2::SecurityGroupEgress 1, EC2::SecurityGroupIngress 1,
          ElasticLoadBalancingV2::Listener 1, ElasticLoadBalancingV2::LoadBalancer 1,
          ElasticLoadBalancingV2::TargetGroup 1
        "
    )
}

/// Where we leave the original on purpose. Each holds of both services.
const DEPARTURES: &[Departure] = &[
    ("Service", "Lambda::Function", -1, "it emptied the bucket: `infra destroy --empty` does"),
    ("Service", "Custom::S3AutoDeleteObjects", -1, "it called that function"),
    ("Service", "IAM::Role", -3, "the function's, and one for each of two actions: the pipeline acts with its own"),
    ("Service", "IAM::Policy", -3, "of these actions; the task's is in its role; the execution role's is AWS's own"),
];

const ON_CORE: &[Departure] =
    &[("Service", "Logs::ResourcePolicy", -1, "the execution role may write logs by its own policy")];

const BALANCED: &[Departure] = &[
    ("LoadBalancedService", "EC2::SecurityGroupIngress", -1, "the rule is in its group"),
    ("LoadBalancedService", "EC2::SecurityGroupEgress", -1, "the rule is in its group"),
];

/// Instances under the cluster; the original needs 17 resources for them, with a function that moves tasks away.
const INSTANCES: &[Departure] = &[
    ("CoreInfraStack", "AutoScaling::AutoScalingGroup", 1, "the instances"),
    ("CoreInfraStack", "EC2::LaunchTemplate", 1, "what each of them is"),
    ("CoreInfraStack", "EC2::SecurityGroup", 1, "theirs"),
    ("CoreInfraStack", "IAM::Role", 1, "what they act with"),
    ("CoreInfraStack", "IAM::InstanceProfile", 1, "which hands it to them"),
    (
        "CoreInfraStack",
        "ECS::CapacityProvider",
        1,
        "as many as tasks need, and no task lost: ECS drains by itself today",
    ),
    ("CoreInfraStack", "ECS::ClusterCapacityProviderAssociations", 1, "which puts them under the cluster"),
];

fn departures(on_core: bool) -> Vec<Departure> {
    [DEPARTURES, BALANCED, if on_core { ON_CORE } else { &[] }].concat()
}

#[test]
fn it_has_what_the_original_has() {
    let example = Example::new("backend-service");
    for (env, account) in [("dev", "111111111111"), ("prod", "222222222222")] {
        let system = example.build(&format!("--env {env}"));
        let original = core(account, 3, 3, 1, 37) + &services(&format!("{account} us-east-1"), true);
        system.departs_from(&original, &departures(true));
        system.is_sound();
    }
    // On a core that is there already.
    let guest = example.build("--env guest");
    guest.departs_from(&services("111111111111 us-west-2", false), &departures(false));
    guest.is_sound();
    for id in ["backend_service@guest/us-west-2", "lb_service@guest/us-west-2"] {
        let parameters = guest.template(id)["Parameters"].clone();
        assert_eq!(parameters.as_object().unwrap().keys().collect::<Vec<_>>(), ["Image"], "nothing is imported");
    }
}

#[test]
fn its_core_has_the_toggles_of_the_original() {
    let example = Example::new("backend-service");
    let scenarios = [
        ("--set core_infra.nat=single", core("111111111111", 1, 3, 1, 33)),
        ("--set core_infra.nat=none --set core_infra.azs=2", core("111111111111", 0, 2, 1, 21)),
        (
            "--set core_infra.nat=single --set core_infra.namespaces=[\"default\",\"two\"]",
            core("111111111111", 1, 3, 2, 34),
        ),
    ];
    for (set, core) in scenarios {
        let system = example.build(&format!("--env dev {set}"));
        system.departs_from(&(core + &services("111111111111 us-east-1", true)), &departures(true));
        system.is_sound();
    }
    let instances = example.build("--env dev --set core_infra.nat=single --set core_infra.instances=4");
    let original = core("111111111111", 1, 3, 1, 33) + &services("111111111111 us-east-1", true);
    instances.departs_from(&original, &[departures(true), INSTANCES.to_vec()].concat());
    instances.is_sound();
    let group = instances.resource("core_infra@dev/us-east-1", "MachinesGroup");
    assert_eq!(group["Properties"]["MaxSize"], "4");

    let other = example.build(
        "--env dev --set core_infra.cluster_name=other --set core_infra.vpc_cidr=10.8.0.0/16 --set task_cpu=512 \
         --set task_memory=1024",
    );
    let name = &other.resource("core_infra@dev/us-east-1", "DomainDefault")["Properties"]["Name"];
    assert_eq!(*name, "default.other.local");
    let task = other.resource("backend_service@dev/us-east-1", "BackendAppTask");
    assert_eq!((&task["Properties"]["Cpu"], &task["Properties"]["Memory"]), (&json!("512"), &json!("1024")));
    assert_eq!(subnets(&other)[0], "10.8.0.0/19");
}

/// The blocks of the subnets, public ones first.
fn subnets(system: &System) -> Vec<Value> {
    let block = |kind: &str, zone: &str| {
        system.resource("core_infra@dev/us-east-1", &format!("Net{kind}Subnet{zone}"))["Properties"]["CidrBlock"]
            .clone()
    };
    ["Public", "Private"].iter().flat_map(|kind| ["A", "B", "C"].map(|zone| block(kind, zone))).collect()
}

#[test]
fn its_wiring_is_that_of_the_original_without_its_defects() {
    let system = Example::new("backend-service").build("--env prod");
    let id = "backend_service@prod/us-east-1";
    let get = |resource: &str| system.resource(id, resource)["Properties"].clone();
    let dev = Example::new("backend-service").build("--env dev");
    let blocks = ["0", "32", "64", "96", "128", "160"].map(|third| json!(format!("10.0.{third}.0/19")));
    assert_eq!(subnets(&dev), blocks);

    let service = get("BackendAppService");
    assert_eq!(service["LaunchType"], "FARGATE");
    assert_eq!(service["EnableExecuteCommand"], true);
    let deployment = json!({ "MaximumPercent": 200, "MinimumHealthyPercent": 50 });
    assert_eq!(service["DeploymentConfiguration"], deployment);
    let network = &service["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(network["AssignPublicIp"], "DISABLED");
    assert_eq!(network["Subnets"], json!({ "Ref": "CoreInfraPrivateSubnets" }));
    let target = get("BackendAppScalingTarget");
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(3), &json!(10)));
    let records = json!([{ "TTL": 60, "Type": "A" }]);
    assert_eq!(get("BackendAppDiscovery")["DnsConfig"]["DnsRecords"], records);

    // One port and the addresses of the VPC; the original opens every port, and 3000 to the world.
    let ingress = &get("BackendAppSecurity")["SecurityGroupIngress"];
    let open =
        json!([{ "CidrIp": { "Ref": "CoreInfraVpcCidr" }, "FromPort": 3000, "IpProtocol": "tcp", "ToPort": 3000 }]);
    assert_eq!(*ingress, open);

    // The token is a reference; the build is told the execution role, and not its own.
    let token = "{{resolve:secretsmanager:ecs-github-token}}";
    let pipeline = get("BackendReleasePipeline");
    let actions: Vec<&Value> = pipeline["Stages"].as_array().unwrap().iter().map(|s| &s["Actions"][0]).collect();
    let names: Vec<&Value> = actions.iter().map(|a| &a["ActionTypeId"]["Provider"]).collect();
    assert_eq!(names, ["GitHub", "CodeBuild", "ECS"]);
    assert_eq!(actions[0]["Configuration"]["OAuthToken"], token);
    assert_eq!(actions[0]["Configuration"]["Branch"], "main");
    assert_eq!(actions[2]["Configuration"]["FileName"], "imagedefinition.json");
    assert_eq!(get("BackendReleaseHookSource")["AuthenticationConfiguration"]["SecretToken"], token);
    let variables = get("BackendBuildProject")["Environment"]["EnvironmentVariables"].clone();
    let role = json!({ "Name": "ECS_EXEC_ROLE_ARN", "Value": { "Ref": "CoreInfraExecutionRole" } });
    assert!(variables.as_array().unwrap().contains(&role), "{variables:#}");

    // Behind the load balancer: the service waits for the listener, and only the load balancer reaches it from outside.
    let balanced = system.resource("lb_service@prod/us-east-1", "FrontendAppService");
    let listener = system.resource("lb_service@prod/us-east-1", "FrontendAppBalancerHttp");
    assert_eq!(listener["Type"], "AWS::ElasticLoadBalancingV2::Listener");
    assert_eq!(balanced["DependsOn"], json!(["FrontendAppBalancerHttp"]));
    assert_eq!(balanced["Properties"]["HealthCheckGracePeriodSeconds"], 60);
}

#[test]
fn it_lives() {
    let example = Example::new("backend-service");
    for env in ["dev", "prod", "guest"] {
        let changed = Life::new(&example, &format!("--env {env}")).whole("--set backend_service.Image=repo:2");
        assert_eq!(changed["BackendAppTask"], "replace/yes");
        assert_eq!(changed["BackendAppService"], "update/no");
        assert!(changed.keys().all(|id| id.starts_with("Backend")), "the others are not touched: {changed:?}");
    }
}

#[test]
fn what_is_added_to_the_core_touches_no_service() {
    let example = Example::new("backend-service");
    let life = Life::new(&example, "--env dev");
    life.come_up("");
    let changed = life.change("--set core_infra.namespaces=[\"default\",\"jobs\"]");
    assert_eq!(changed.keys().collect::<Vec<_>>(), ["DomainJobs"]);
    life.infra("apply --yes --set core_infra.instances=2").ended(0);
    life.rests("--set core_infra.instances=2");
    life.go();
}

#[test]
fn its_artifacts_go_when_that_is_said() {
    let example = Example::new("backend-service");
    let life = Life::new(&example, "--env guest");
    life.come_up("");
    let backend = &life.living()["BackendService"];
    let bucket = backend["resources"]["BackendReleaseArtifactsBucket"]["physical"].as_str().unwrap().to_owned();
    let put = format!("c('s3').put_object(Bucket='{bucket}', Key='source.zip', Body='1') and 0");
    life.go_full("111111111111", "us-west-2", &put);
}

#[test]
fn it_lives_on_the_emulator() {
    let lacks = [
        "ApplicationAutoScaling::ScalableTarget",
        "ApplicationAutoScaling::ScalingPolicy",
        "CodePipeline::Pipeline",
        "CodePipeline::Webhook",
        "EC2::EIP",
        "EC2::NatGateway",
        "EC2::Route reads EC2::NatGateway",
    ];
    let image = "c('ecs').describe_task_definition(taskDefinition='ecsdemo-backend')['taskDefinition']\
        ['containerDefinitions'][0]['image']";
    let subnets = "len(c('ec2').describe_subnets(Filters=[{'Name': 'cidr-block', 'Values': ['10.0.0.0/19', \
        '10.0.160.0/19']}])['Subnets'])";
    let seen = [(image, "\"repo:2\""), (subnets, "2")];
    let set = "--set backend_service.Image=repo:2";
    Example::new("backend-service").emulated("--env dev", set, &lacks, &seen);
}

#[test]
fn its_readme_is_right() {
    Example::new("backend-service").readme_is_right("--env dev");
}
