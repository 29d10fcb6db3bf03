//! `examples/toto/pipeline`: the core and ten services from one definition, each built and deployed by a pipeline of its
//! own. The original is a Terraform repository with a copied file of 200 to 250 lines for each service.
//!
//! What differs from it, and why:
//!
//! | difference | reason | shown by |
//! | --- | --- | --- |
//! | ports 80, 443 and 8080 | 443 to 8080 opened 7,638 ports to the world | `the_core_is_wired_as_the_original_is` |
//! | statements in place of full access to S3, SNS, Bedrock and secrets | tasks use what they are given | `no_role_reaches_further_than_toto` |
//! | policies of buckets and topics | over TLS only | `each_stack_has_what_the_original_has` |
//! | a policy for what a service may do besides | the original puts it into the core, for all tasks | `some_services_have_more` |
//! | the second bucket is the cache of builds | the original's is used by nothing: builds write no artifacts there | `a_pipeline_builds_and_deploys_each_service` |
//! | builds get their source from the pipeline | the original gives each build the connection, too | `a_pipeline_builds_and_deploys_each_service` |
//! | a log group in each service | the original leaves it to the agent, which keeps logs for ever | `each_stack_has_what_the_original_has` |
//! | secrets without values, put in by people | 21 exported variables brought them into Terraform's state | `secrets_have_no_values_here` |
//! | no tasks before the first images are pushed | tasks without an image never come up | `it_lives` |

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::frame::{Example, Life};

/// The services: their stack in the source, their name, their path, what they have besides.
const SERVICES: [(&str, &str, &str, &str); 10] = [
    ("ex1", "toto-ms-ex1", "ex1", "SecretsManager::Secret 2, IAM::Policy 1"),
    ("ex2", "toto-ms-ex2", "ex2", ""),
    ("gale_broker", "gale-broker", "galebroker", "SecretsManager::Secret 2, IAM::Policy 1"),
    ("registry", "toto-ms-registry", "totoregistry", "SecretsManager::Secret 2, IAM::Policy 1"),
    ("supermarket", "toto-ms-supermarket", "supermarket", "SecretsManager::Secret 2, IAM::Policy 1"),
    ("tome_agents", "tome-ms-agents", "tomeagents", "SecretsManager::Secret 1, IAM::Policy 1"),
    ("tome_challenges", "tome-ms-challenges", "tomechallenges", "SecretsManager::Secret 2, IAM::Policy 1"),
    ("tome_scraper", "toto-ms-tome-scraper", "tomescraper", "S3::Bucket 1, S3::BucketPolicy 1, IAM::Policy 1"),
    ("tome_topics", "tome-ms-topics", "tometopics", "SecretsManager::Secret 2, IAM::Policy 1"),
    (
        "whispering",
        "whispering",
        "whispering",
        "S3::Bucket 1, S3::BucketPolicy 1, IAM::Policy 1, ECS::TaskDefinition 2",
    ),
];

/// What is made by hand, as in the original: the certificate, and the connection to GitHub.
const BY_HAND: &str = "--set core.Certificate=arn:aws:acm:eu-north-1:111111111111:certificate/\
    01234567-89ab-cdef-0123-456789abcdef --set delivery.Connection=arn:aws:codeconnections:eu-north-1:111111111111:\
    connection/01234567-89ab-cdef-0123-456789abcdef";

fn pipeline() -> Example {
    Example::new("toto/pipeline")
}

/// What each service has, with `more` of its own.
fn service(name: &str, env: &str, more: &str) -> String {
    let mut types = BTreeMap::from([
        ("ECR::Repository", 1),
        ("ECS::TaskDefinition", 1),
        ("ECS::Service", 1),
        ("CodeBuild::Project", 1),
        ("CodePipeline::Pipeline", 1),
        ("ElasticLoadBalancingV2::TargetGroup", 1),
        ("ElasticLoadBalancingV2::ListenerRule", 2),
        ("Logs::LogGroup", 1),
    ]);
    for one in more.split(", ").filter(|one| !one.is_empty()) {
        let (ty, count) = one.split_once(' ').unwrap();
        types.insert(ty, count.parse().unwrap());
    }
    let total: i32 = types.values().sum();
    let types: Vec<String> = types.iter().map(|(ty, count)| format!("{ty} {count}")).collect();
    format!("    {name}-{env} 111111111111 eu-north-1 = {total}\n      {}\n", types.join(", "))
}

#[test]
fn each_stack_has_what_the_original_has() {
    let example = pipeline();
    for env in ["dev", "prod"] {
        let core = format!(
            "
    toto-core-{env} 111111111111 eu-north-1 = 35
      EC2::VPC 1, EC2::Subnet 4, EC2::InternetGateway 1, EC2::VPCGatewayAttachment 1, EC2::RouteTable 1, EC2::Route 1,
      EC2::SubnetRouteTableAssociation 4, EC2::SecurityGroup 1, ElasticLoadBalancingV2::LoadBalancer 1,
      ElasticLoadBalancingV2::Listener 3, ECS::Cluster 1, IAM::Role 2, SecretsManager::Secret 4, SNS::Topic 3,
      SNS::TopicPolicy 3, SNS::Subscription 4
    toto-delivery-{env} 111111111111 eu-north-1 = 8
      IAM::Role 2, IAM::Policy 2, S3::Bucket 2, S3::BucketPolicy 2
"
        );
        let services: String = SERVICES.iter().map(|(_, name, _, more)| service(name, env, more)).collect();
        let system = example.build(&format!("--env {env}"));
        system.consists_of(&(core + &services));
        system.is_sound();
    }
}

#[test]
fn the_core_is_wired_as_the_original_is() {
    let dev = pipeline().build("--env dev");
    let of = |id: &str| dev.resource("core@dev/eu-north-1", id)["Properties"].clone();
    let blocks = ["NetPublicSubnetA", "NetPublicSubnetB", "EdgeA", "EdgeB"].map(|id| of(id)["CidrBlock"].clone());
    assert_eq!(blocks, ["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26", "10.0.0.192/26"]);
    let ports = ["BalancerHttp", "Listener", "BalancerHttps"].map(|id| of(id)["Port"].clone());
    assert_eq!(ports, [80, 8080, 443]);
    assert_eq!(of("BalancerHttps")["Certificates"], json!([{"CertificateArn": {"Ref": "Certificate"}}]));
    let rules = of("Security")["SecurityGroupIngress"].as_array().unwrap().clone();
    let open: Vec<_> = rules.iter().map(|rule| (rule["FromPort"].as_i64(), rule["ToPort"].as_i64())).collect();
    assert_eq!(open, [80, 443, 8080].map(|port| (Some(port), Some(port))));
    let endpoints: Vec<Value> = dev.template("core@dev/eu-north-1")["Resources"]
        .as_object()
        .unwrap()
        .values()
        .filter(|resource| resource["Type"] == "AWS::SNS::Subscription")
        .map(|resource| resource["Properties"]["Endpoint"].clone())
        .collect();
    assert!(endpoints.contains(&json!("https://api.dev.toto.example.com/tometopics/events/topic")), "{endpoints:?}");
}

#[test]
fn a_pipeline_builds_and_deploys_each_service() {
    let example = pipeline();
    for env in ["dev", "prod"] {
        let system = example.build(&format!("--env {env}"));
        for (stack, name, path, _) in SERVICES {
            let template = system.template(&format!("{stack}@{env}/eu-north-1"));
            let of = |id: &str| &template["Resources"][id]["Properties"];
            let stages = of("ServicePipelinePipeline")["Stages"].as_array().unwrap();
            let [source, build, deploy] = [0, 1, 2].map(|at| &stages[at]["Actions"][0]);
            assert_eq!(stages.len(), 3);
            assert_eq!(source["Configuration"]["FullRepositoryId"], format!("nicolasances/{name}"));
            assert_eq!(source["Configuration"]["BranchName"], env);
            assert_eq!(source["Configuration"]["ConnectionArn"], json!({"Ref": "DeliveryConnection"}));
            assert_eq!(build["Configuration"]["ProjectName"], json!({"Ref": "ServiceBuildProject"}));
            assert_eq!(build["InputArtifacts"], source["OutputArtifacts"]);
            assert_eq!(deploy["InputArtifacts"], build["OutputArtifacts"]);
            assert_eq!(deploy["Configuration"]["ClusterName"], json!({"Ref": "CoreCluster"}));
            assert_eq!(deploy["Configuration"]["FileName"], "imagedefinitions.json");
            let project = of("ServiceBuildProject");
            assert_eq!(project["Source"]["BuildSpec"], format!("aws/codebuild/buildspec-{env}.yml"));
            assert_eq!(project["Environment"]["PrivilegedMode"], true);
            assert!(project["Cache"]["Location"].to_string().contains("DeliveryCache"));
            assert_eq!(of("ServiceImagesRepository")["RepositoryName"], format!("{env}/{name}"));
            let targets = of("ServiceAppTargets");
            let health = [
                "HealthCheckIntervalSeconds",
                "HealthCheckTimeoutSeconds",
                "HealthyThresholdCount",
                "UnhealthyThresholdCount",
            ]
            .map(|key| targets[key].as_i64().unwrap());
            assert_eq!((&targets["HealthCheckPath"], health), (&json!("/health"), [30, 15, 2, 5]));
            for (rule, listener) in
                [("ServiceAppRuleRule", "CoreHttpListener"), ("ServiceHttpsRuleRule", "CoreHttpsListener")]
            {
                let rule = of(rule);
                assert_eq!(rule["ListenerArn"], json!({"Ref": listener}));
                let taken = &rule["Conditions"][0]["PathPatternConfig"]["Values"];
                assert_eq!(taken, &json!([format!("/{path}/*")]));
            }
            assert_eq!(of("ServiceAppService")["DesiredCount"], 1);
        }
    }
}

#[test]
fn some_services_have_more() {
    let dev = pipeline().build("--env dev");
    let secrets = |stack: &str| {
        let template = dev.template(&format!("{stack}@dev/eu-north-1"));
        let all = template["Resources"].as_object().unwrap().values();
        all.filter(|resource| resource["Type"] == "AWS::SecretsManager::Secret").count()
    };
    assert_eq!(SERVICES.iter().map(|(stack, ..)| secrets(stack)).sum::<usize>(), 13);
    let of = |id: &str| dev.resource("whispering@dev/eu-north-1", id)["Properties"].clone();
    let container = of("ServiceJob")["ContainerDefinitions"][0].clone();
    assert_eq!(container["Command"], json!(["python", "app.py"]));
    assert_eq!(container["Image"], of("ServiceAppTask")["ContainerDefinitions"][0]["Image"]);
    assert!(container["Environment"].as_array().unwrap().contains(&json!({"Name": "MODE", "Value": "job"})));
    assert_eq!(
        (of("ServiceJob")["Cpu"].clone(), of("ServiceAppTask")["Memory"].clone()),
        (json!("2048"), json!("4096"))
    );
    let statements = of("ServiceMorePolicy")["PolicyDocument"]["Statement"].to_string();
    assert!(statements.contains("ecs:RunTask") && statements.contains("iam:PassRole"), "{statements}");
    assert_eq!(of("ServiceDataBucket")["BucketName"], "toto-whispering-dev");
}

#[test]
fn no_role_reaches_further_than_toto() {
    let dev = pipeline().build("--env dev");
    let task = dev.resource("core@dev/eu-north-1", "TaskRole");
    assert_eq!(task["Properties"]["ManagedPolicyArns"], Value::Null);
    let statements = &task["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    for statement in statements.as_array().unwrap() {
        assert!(!statement["Resource"].to_string().contains("\"*\""), "{statement:#}");
    }
    let pipelines =
        dev.resource("delivery@dev/eu-north-1", "PipelinePolicy")["Properties"]["PolicyDocument"].to_string();
    let passed = "\"iam:PassRole\"";
    assert!(
        pipelines.contains(passed) && pipelines.contains("CoreTaskRole") && pipelines.contains("CoreExecutionRole")
    );
}

#[test]
fn secrets_have_no_values_here() {
    let system = pipeline().build("--env prod");
    for (stack, ..) in SERVICES {
        for resource in system.template(&format!("{stack}@prod/eu-north-1"))["Resources"].as_object().unwrap().values()
        {
            assert!(resource["Properties"]["SecretString"].is_null(), "{resource:#}");
        }
    }
}

#[test]
fn it_lives() {
    let example = pipeline();
    for env in ["dev", "prod"] {
        let life = Life::new(&example, &format!("--env {env}"));
        // First without tasks: the pipelines that are made now push the images.
        life.infra(&format!("apply --yes --set tasks=0 {BY_HAND}")).ended(0);
        life.rests("--set tasks=0");
        let started = life.infra("plan --format json --detailed-exitcode").ended(2).json();
        let changes = started["stacks"].as_array().unwrap().iter().flat_map(|s| s["changes"].as_array().unwrap());
        let changed: Vec<_> = changes.filter(|c| c["action"] != "none").map(|c| c["logical_id"].clone()).collect();
        assert_eq!(changed, ["ServiceAppService"; 10], "each service gets its task, and nothing else changes");
        life.infra("apply --yes").ended(0);
        life.rests("");
        // An older image, and back to those that the pipelines push.
        for set in ["--set tag=4e5f6a7", ""] {
            life.infra(&format!("apply --yes {set}")).ended(0);
            life.rests(set);
        }
        let put = format!("c('s3').put_object(Bucket='toto-whispering-{env}', Key='a.wav', Body=b'x')");
        life.go_full("111111111111", "eu-north-1", &put);
        assert_eq!(life.living().keys().collect::<Vec<_>>(), Vec::<&String>::new());
    }
}

#[test]
fn it_lives_on_the_emulator() {
    let count = "len(c('elbv2').describe_listeners(LoadBalancerArn=c('elbv2').describe_load_balancers()\
        ['LoadBalancers'][0]['LoadBalancerArn'])['Listeners'])";
    pipeline().emulated(
        &format!("--env dev {BY_HAND}"),
        "--set tag=4e5f6a7",
        &["CodePipeline::Pipeline"],
        &[(count, "3")],
    );
}
