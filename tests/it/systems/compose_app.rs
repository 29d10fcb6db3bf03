//! `examples/compose-x`, the application: three services from the compose file that developers use, as ECS Compose-X
//! renders them. Bootstrap and pipelines have their own tests.

use serde_json::{Value, json};

use super::frame::{Example, Life};
use crate::support::venv;

/// What Compose-X renders for this description, without the nine stacks in which it nests it.
const ORIGINAL: &str = "
  ApplicationAutoScaling::ScalableTarget 3, ApplicationAutoScaling::ScalingPolicy 4, CloudWatch::Alarm 1,
  EC2::DHCPOptions 1, EC2::EIP 1, EC2::InternetGateway 1, EC2::NatGateway 1, EC2::Route 3, EC2::RouteTable 4,
  EC2::SecurityGroup 4, EC2::SecurityGroupIngress 3, EC2::Subnet 6, EC2::SubnetRouteTableAssociation 6, EC2::VPC 1,
  EC2::VPCDHCPOptionsAssociation 1, EC2::VPCGatewayAttachment 1, ECS::Cluster 1, ECS::Service 3, ECS::TaskDefinition 3,
  ElasticLoadBalancingV2::Listener 1, ElasticLoadBalancingV2::LoadBalancer 1, ElasticLoadBalancingV2::TargetGroup 1,
  IAM::ManagedPolicy 2, IAM::Policy 5, IAM::Role 6, Logs::LogGroup 4, SQS::Queue 2, SQS::QueuePolicy 2,
  ServiceDiscovery::PrivateDnsNamespace 1, ServiceDiscovery::Service 1
";

#[test]
fn it_has_what_the_original_has() {
    let example = Example::new("compose-x");
    let places = [("dev", "222222222222"), ("stg", "222222222222"), ("prod", "777777777777")];
    for (env, account) in places {
        let system = example.build(&format!("--env {env}"));
        system.departs_from(
            &format!("demo-{env} {account} eu-west-1 = 74{ORIGINAL}"),
            &[
                ("demo", "EC2::SecurityGroupIngress", -2, "who is reached by one other has that rule in its own group"),
                ("demo", "ElasticLoadBalancingV2::ListenerRule", 1, "what no rule takes is answered with 404"),
                ("demo", "IAM::ManagedPolicy", -2, "what a role may do stands in the role"),
                ("demo", "IAM::Policy", -5, "what a role may do stands in the role"),
            ],
        );
        system.is_sound();
        let tags = &system.build.stacks[0].head.tags;
        assert_eq!(tags["application"], "demo");
    }
}

fn attribute(resource: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [resource, name] })
}

#[test]
fn it_is_wired_as_the_original_means_to_be() {
    let system = Example::new("compose-x").build("--env dev");
    let of = |resource: &str| system.resource("demo@dev/eu-west-1", resource)["Properties"].clone();
    let environment = |task: &str| of(task)["ContainerDefinitions"][0]["Environment"].clone();
    // The original says the name of the queue, and nothing makes an ARN of it.
    let redrive = json!({ "deadLetterTargetArn": attribute("JobsDeadLetters", "Arn"), "maxReceiveCount": 3 });
    assert_eq!(of("JobsQueue")["RedrivePolicy"], redrive);
    let jobs = json!({ "Name": "JOBS", "Value": attribute("JobsQueue", "QueueUrl") });
    assert_eq!(environment("FrontendTask"), json!([{ "Name": "BACKEND", "Value": "http://backend:5000" }, jobs]));
    assert_eq!(environment("BatchProcessorTask"), json!([jobs]));
    // The frontend sends, the processor receives, and nobody does both.
    let actions = |role: &str| of(role)["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"].to_string();
    assert!(actions("FrontendTaskRoleRole").contains("SendMessage"));
    assert!(!actions("FrontendTaskRoleRole").contains("ReceiveMessage"));
    assert!(actions("BatchProcessorTaskRoleRole").contains("ReceiveMessage"));
    assert!(!actions("BatchProcessorTaskRoleRole").contains("SendMessage"));
    assert_eq!(of("BackendTaskRoleRole")["Policies"], Value::Null);
    // The backend is found by name, and reached by the frontend alone.
    let ingress = of("BackendFromFrontend");
    assert_eq!(ingress["GroupId"], attribute("BackendSecurity", "GroupId"));
    assert_eq!(ingress["SourceSecurityGroupId"], attribute("FrontendSecurity", "GroupId"));
    assert_eq!((&ingress["FromPort"], &ingress["ToPort"]), (&json!(5000), &json!(5000)));
    assert_eq!(of("BackendSecurity")["SecurityGroupIngress"], json!([]));
    assert_eq!(of("Internal")["Name"], "composex.internal");
    assert_eq!(of("NetNames")["DomainName"], "composex.internal");
    let records = json!([{ "Type": "A", "TTL": 15 }, { "Type": "SRV", "TTL": 15 }]);
    assert_eq!(of("BackendDiscovery")["DnsConfig"]["DnsRecords"], records);
    // The frontend is behind the load balancer.
    let target = of("FrontendTargets");
    for (property, value) in [
        ("TargetType", json!("ip")),
        ("Port", json!(5000)),
        ("HealthCheckPath", json!("/ping")),
        ("HealthCheckIntervalSeconds", json!(15)),
        ("HealthCheckTimeoutSeconds", json!(5)),
        ("HealthyThresholdCount", json!(7)),
        ("UnhealthyThresholdCount", json!(2)),
        ("Matcher", json!({ "HttpCode": "200" })),
        ("TargetGroupAttributes", json!([{ "Key": "deregistration_delay.timeout_seconds", "Value": "60" }])),
    ] {
        assert_eq!(target[property], value, "{property}");
    }
    // The processor follows its queue.
    let steps = &of("BatchProcessorScalingOut")["StepScalingPolicyConfiguration"]["StepAdjustments"];
    let counts: Vec<&Value> = steps.as_array().unwrap().iter().map(|step| &step["ScalingAdjustment"]).collect();
    assert_eq!(counts, [&json!(1), &json!(10), &json!(20)]);
    let target = of("BatchProcessorScalingTarget");
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(0), &json!(21)));
    assert_eq!(of("FrontendScalingPolicyCpu")["TargetTrackingScalingPolicyConfiguration"]["TargetValue"], json!(75));
    // On purpose otherwise: a deployment that does not come up is rolled back.
    let breaker = &of("FrontendService")["DeploymentConfiguration"]["DeploymentCircuitBreaker"];
    assert_eq!(*breaker, json!({ "Enable": true, "Rollback": true }));
}

#[test]
fn it_lives() {
    let example = Example::new("compose-x");
    for env in ["dev", "stg", "prod"] {
        let changed = Life::new(&example, &format!("--env {env}")).whole("--set demo.Tag=2");
        for service in ["Backend", "BatchProcessor", "Frontend"] {
            assert_eq!(changed[&format!("{service}Task")], "replace/yes");
            assert_eq!(changed[&format!("{service}Service")], "update/no");
        }
    }
}

/// A copy of the published schema, which the package `schemastore` brings, against both files; and against both made wrong.
const VALIDATE: &str = r#"
import copy, json, pathlib, pickle, sqlite3, sys
import jsonschema, schemastore, yaml

cache = pathlib.Path(schemastore.__file__).with_name("cache.sqlite")
rows = sqlite3.connect(f"{cache.as_uri()}?mode=ro&immutable=1", uri=True).execute(
    "select value from responses where instr(value, ?)", (b"compose_spec.json",)
).fetchall()
schemas = [json.loads(pickle.loads(row)["_content"]) for (row,) in rows]
[schema] = [schema for schema in schemas if schema.get("id", schema.get("$id")) == "compose_spec.json"]
assert {"services", "networks", "volumes", "secrets"} <= schema["properties"].keys()
validator = jsonschema.validators.validator_for(schema)(schema)
for name in sys.argv[1:]:
    file = yaml.safe_load(pathlib.Path(name).read_text("utf-8"))
    wrong = ["/".join(map(str, e.absolute_path)) + ": " + e.message[:300] for e in validator.iter_errors(file)]
    assert not wrong, (name, wrong)
    file["services"]["frontend"]["imge"] = "frontend"
    assert [*validator.iter_errors(file)], "the schema finds nothing"
print("fine")
"#;

#[test]
fn its_files_are_ordinary_compose_files() {
    let example = Example::new("compose-x");
    let files = ["docker-compose.yaml", "aws.yaml"].map(|name| example.path(name).to_str().unwrap().to_owned());
    assert_eq!(venv::python(VALIDATE, &files.each_ref().map(String::as_str)).trim(), "fine");
}

#[test]
fn it_lives_on_the_emulator() {
    let lacks = [
        "ApplicationAutoScaling::ScalableTarget",
        "ApplicationAutoScaling::ScalingPolicy",
        "CloudWatch::Alarm reads ApplicationAutoScaling::ScalingPolicy",
        "EC2::DHCPOptions",
        "EC2::EIP",
        "EC2::NatGateway",
        "EC2::Route reads EC2::NatGateway",
        "EC2::SecurityGroupIngress",
        "EC2::VPCDHCPOptionsAssociation",
    ];
    let queues = "len(c('sqs').list_queues()['QueueUrls'])";
    let images = "sorted(c('ecs').describe_task_definition(taskDefinition=arn)['taskDefinition']['containerDefinitions'][0]\
        ['image'].rsplit('/')[-1] for arn in c('ecs').list_task_definitions(status='ACTIVE')['taskDefinitionArns'])";
    let seen = [(queues, "2"), (images, "[\"backend:2\", \"batch-processor:2\", \"frontend:2\"]")];
    Example::new("compose-x").emulated("--env dev", "--set demo.Tag=2", &lacks, &seen);
}
