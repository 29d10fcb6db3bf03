//! `examples/toto/workflow`: a core, and services in a project of their own that know it by its contracts; workflows of
//! GitHub deploy both. The original is a Terraform repository with 116 resource blocks, 71 of which hand secrets over.
//!
//! What differs from it, and why:
//!
//! | difference | reason | shown by |
//! | --- | --- | --- |
//! | no GitHub secrets, no GitHub environments made by the core | ids come by contract, the rest is not secret | `a_workflow_gives_the_tag_and_nothing_else` |
//! | stack `access`: a provider and five roles | the original has long-lived keys in GitHub | `a_workflow_gives_the_tag_and_nothing_else` |
//! | ports 80, 443, and 8080 inside the VPC | 443 to 8080 opened 7,638 ports to the world | `the_security_group_opens_three_ports` |
//! | tasks read the secrets that they are given | the original reads and writes all of the account | `no_role_reaches_further_than_toto` |
//! | tasks use one bucket, and call models | they had all of S3 and of Bedrock | `no_role_reaches_further_than_toto` |
//! | the execution role has no access to all logs | there is a log group for each service | `no_role_reaches_further_than_toto` |
//! | a secret `google-key` in `onboarding`, a policy to read it | the key stood in the environment of each container | `what_google_asks_for_is_no_plain_variable` |
//! | a policy for the two secrets of the agent | its tasks may read them, as the original lets all | `each_stack_has_what_the_original_has` |
//! | a log group in each service | the original leaves it to the agent, which keeps logs for ever | `each_stack_has_what_the_original_has` |
//! | validation records in the certificate | the original has them made by hand | `the_certificate_validates_itself` |
//! | priorities from 1000 on, by the service's name | Terraform looks for a free one while applying | `priorities_are_unique_across_repositories` |

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::frame::{Example, Life, priorities_are_unique};

const NETWORK: &str =
    "EC2::VPC 1, EC2::Subnet 2, EC2::InternetGateway 1, EC2::VPCGatewayAttachment 1, EC2::RouteTable 1, EC2::Route 1,
      EC2::SubnetRouteTableAssociation 2, EC2::SecurityGroup 1";
const REST: &str =
    "ElasticLoadBalancingV2::LoadBalancer 1, ElasticLoadBalancingV2::Listener 2, ECS::Cluster 1, IAM::Role 2,
      CertificateManager::Certificate 1, S3::Bucket 1, SecretsManager::Secret 2";
const ACCESS: &str = "
    toto-access 111111111111 eu-west-1 = 11
      IAM::OIDCProvider 1, IAM::Role 5, IAM::Policy 5
";

/// The services, by the name of their stack in the source.
const SERVICES: [(&str, &str); 4] = [
    ("ml_supito", "toto-ml-supito"),
    ("tome_agent", "toto-ms-tome-agent"),
    ("tome_scraper", "toto-ms-tome-scraper"),
    ("py_service", "toto-py-service"),
];

/// What a first deployment of the services is told.
const TAGS: &str = "--set *.Tag=4e5f6a7";

fn both() -> (Example, Example) {
    let core = Example::new("toto/workflow/core");
    let services = core.beside("workflow/services");
    (core, services)
}

#[test]
fn each_stack_has_what_the_original_has() {
    let (core, services) = both();
    for env in ["dev", "prod"] {
        let (total, record) = if env == "dev" { (20, "") } else { (21, ", Route53::RecordSet 1") };
        let system = core.build(&format!("--env {env} --shared"));
        system.consists_of(&format!(
            "
    toto-core-{env} 111111111111 eu-west-1 = {total}
      {NETWORK},
      {REST}{record}
    toto-onboarding-{env} 111111111111 eu-west-1 = 9
      ECR::Repository 4, SecretsManager::Secret 3, IAM::Policy 2{ACCESS}"
        ));
        system.is_sound();
        let theirs = services.build(&format!("--env {env} {TAGS}"));
        let expected = SERVICES.map(|(_, name)| {
            format!(
                "
    {name}-{env} 111111111111 eu-west-1 = 5
      ECS::TaskDefinition 1, ECS::Service 1, ElasticLoadBalancingV2::TargetGroup 1,
      ElasticLoadBalancingV2::ListenerRule 1, Logs::LogGroup 1"
            )
        });
        theirs.consists_of(&expected.concat());
        theirs.is_sound();
        priorities_are_unique(&[&system, &theirs]);
        for (stack, name) in SERVICES {
            wired(&theirs.template(&format!("{stack}@{env}/eu-west-1")), env, name);
        }
        repositories(&system.template(&format!("onboarding@{env}/eu-west-1")), env);
    }
}

/// A service as section 3.a has it, with every id from the core.
fn wired(template: &Value, env: &str, name: &str) {
    let of = |id: &str| &template["Resources"][id]["Properties"];
    let task = of("ServiceAppTask");
    assert_eq!(
        (&task["Cpu"], &task["Memory"], &task["NetworkMode"]),
        (&json!("1024"), &json!("2048"), &json!("awsvpc"))
    );
    assert_eq!(task["ExecutionRoleArn"], json!({"Ref": "CoreExecutionRole"}));
    assert_eq!(task["TaskRoleArn"], json!({"Ref": "CoreTaskRole"}));
    let container = &task["ContainerDefinitions"][0];
    assert_eq!(container["PortMappings"][0]["ContainerPort"], 8080);
    let image = container["Image"].to_string();
    assert!(image.contains("Onboarding") && image.contains("Tag"), "{image}");
    let service = of("ServiceAppService");
    assert_eq!(service["DesiredCount"], 1);
    assert!(service["LaunchType"].is_null(), "the cluster's capacity provider is asked");
    let network = &service["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(network["AssignPublicIp"], "ENABLED");
    assert_eq!(network["SecurityGroups"], json!([{"Ref": "CoreSecurity"}]));
    assert_eq!(network["Subnets"], json!({"Ref": "CoreSubnets"}));
    let rule = of("ServiceAppRuleRule");
    assert_eq!(rule["ListenerArn"], json!({"Ref": "CoreListener"}));
    assert_eq!(
        rule["Conditions"],
        json!([{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "toto-service", "Values": [name]}}])
    );
    let priority = rule["Priority"].as_i64().unwrap();
    assert!((1000..=50_000).contains(&priority), "{name} in {env}: {priority}");
    assert_eq!(template["Resources"]["ServiceAppService"]["DependsOn"], json!(["ServiceAppRuleRule"]));
}

fn repositories(onboarding: &Value, env: &str) {
    let resources = onboarding["Resources"].as_object().unwrap().values();
    let names: BTreeSet<&str> =
        resources.filter_map(|resource| resource["Properties"]["RepositoryName"].as_str()).collect();
    let expected: BTreeSet<String> = SERVICES.map(|(_, name)| format!("{name}-{env}")).into();
    assert_eq!(names, expected.iter().map(String::as_str).collect());
}

#[test]
fn the_core_is_wired_as_the_original_is() {
    let (core, _) = both();
    let dev = core.build("--env dev");
    let of = |id: &str| dev.resource("core@dev/eu-west-1", id)["Properties"].clone();
    assert_eq!(of("NetVpc")["CidrBlock"], "10.0.0.0/24");
    assert_eq!(
        (of("NetPublicSubnetA")["CidrBlock"].clone(), of("NetPublicSubnetB")["CidrBlock"].clone()),
        (json!("10.0.0.0/25"), json!("10.0.0.128/25"))
    );
    for (id, port, protocol) in [("BalancerHttp", 80, "HTTP"), ("BalancerHttps", 443, "HTTPS")] {
        let listener = of(id);
        assert_eq!((&listener["Port"], &listener["Protocol"]), (&json!(port), &json!(protocol)));
        let answer = &listener["DefaultActions"][0]["FixedResponseConfig"];
        assert_eq!((&answer["StatusCode"], &answer["MessageBody"]), (&json!("200"), &json!(r#"{"active":"true"}"#)));
    }
    assert_eq!(of("BalancerLoadBalancer")["SecurityGroups"], json!([{"Fn::GetAtt": ["Security", "GroupId"]}]));
    let address = core.build("--env prod").resource("core@prod/eu-west-1", "Address");
    assert_eq!(address["Properties"]["Name"], "api.prod.toto.example.com");
}

#[test]
fn the_security_group_opens_three_ports() {
    let (core, _) = both();
    let group = core.build("--env dev").resource("core@dev/eu-west-1", "Security");
    let rules = group["Properties"]["SecurityGroupIngress"].as_array().unwrap().clone();
    let open: Vec<_> =
        rules.iter().map(|r| (r["FromPort"].as_i64(), r["ToPort"].as_i64(), r["CidrIp"].as_str())).collect();
    let world = Some("0.0.0.0/0");
    assert_eq!(open, [(Some(80), Some(80), world), (Some(443), Some(443), world), (Some(8080), Some(8080), None)]);
    assert_eq!(rules[2]["CidrIp"], json!({"Fn::GetAtt": ["NetVpc", "CidrBlock"]}));
}

#[test]
fn no_role_reaches_further_than_toto() {
    let (core, _) = both();
    let dev = core.build("--env dev");
    let role = |id: &str| dev.resource("core@dev/eu-west-1", id)["Properties"].clone();
    assert_eq!(role("TaskRole")["ManagedPolicyArns"], Value::Null);
    assert_eq!(
        role("ExecutionRole")["ManagedPolicyArns"],
        json!(["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"])
    );
    let statements = role("TaskRole")["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap().clone();
    for statement in &statements {
        assert!(!statement["Resource"].to_string().contains("\"*\""), "{statement:#}");
    }
    let secrets: Vec<_> = statements
        .iter()
        .filter(|s| s["Action"].to_string().contains("secretsmanager"))
        .map(|s| s["Resource"].clone())
        .collect();
    assert_eq!(secrets, [json!({"Ref": "JwtSigningKey"}), json!({"Ref": "MongoHost"})]);
}

#[test]
fn what_google_asks_for_is_no_plain_variable() {
    let (_, services) = both();
    let task = services.build(&format!("--env dev {TAGS}")).resource("tome_agent@dev/eu-west-1", "ServiceAppTask");
    let container = &task["Properties"]["ContainerDefinitions"][0];
    assert_eq!(container["Secrets"], json!([{"Name": "GOOGLE_KEY", "ValueFrom": {"Ref": "OnboardingGoogleKey"}}]));
    assert!(!container["Environment"].to_string().contains("GOOGLE_KEY"));
    assert_eq!(task["Properties"]["Volumes"], json!([{"Name": "keys"}]));
    assert_eq!(container["MountPoints"][0]["ContainerPath"], "/keys");
}

#[test]
fn the_certificate_validates_itself() {
    let (core, _) = both();
    let certificate = core.build("--env dev").resource("core@dev/eu-west-1", "Certificate");
    let certificate = &certificate["Properties"];
    let names = json!(["api.dev.toto.example.com", "api.prod.toto.example.com"]);
    assert_eq!(certificate["SubjectAlternativeNames"], names);
    assert_eq!(certificate["ValidationMethod"], "DNS");
    assert_eq!(certificate["DomainValidationOptions"].as_array().unwrap().len(), 3);
}

#[test]
fn a_branch_deploys_its_environment() {
    let (core, services) = both();
    for project in [&core, &services] {
        for (branch, env) in [("main", "dev"), ("release", "prod")] {
            project.infra(&format!("build -o out --branch {branch}")).ended(0);
            let manifest = std::fs::read(core.beside("out").path("manifest.json")).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&manifest).unwrap()["env"], env);
        }
    }
}

#[test]
fn contracts_are_what_the_core_says() {
    let (core, services) = both();
    core.infra("contract check").ended(0);
    for name in ["contracts/core.json", "contracts/onboarding.json"] {
        let read = |project: &Example| std::fs::read_to_string(project.path(name)).unwrap();
        assert_eq!(read(&core), read(&services), "{name} is a copy");
    }
    // A core that breaks its readers is told before anybody deploys it.
    core.edit("core.infra", "  output Listener = Balancer.https_listener\n", "");
    let said = core.infra("contract check").ended(1);
    assert!(said.out.contains("Listener"), "{}{}", said.out, said.err);
}

/// The sources of the services in the core's own project are the same services.
fn one_project(core: &Example) -> Example {
    let one = core.beside("workflow/one");
    std::fs::create_dir_all(one.path("")).unwrap();
    let services = core.beside("workflow/services");
    for (from, name) in [
        (core, "project.infra"),
        (core, "core.infra"),
        (core, "onboarding.infra"),
        (&services, "microservice.infra"),
        (&services, "services.infra"),
    ] {
        std::fs::copy(from.path(name), one.path(name)).unwrap();
    }
    one
}

#[test]
fn services_are_the_same_beside_the_core_and_apart_from_it() {
    let (core, services) = both();
    let one = one_project(&core).build(&format!("--env prod {TAGS}"));
    one.is_sound();
    let apart = services.build(&format!("--env prod {TAGS}"));
    for (stack, _) in SERVICES {
        let id = format!("{stack}@prod/eu-west-1");
        assert_eq!(one.template(&id)["Resources"], apart.template(&id)["Resources"]);
        assert_eq!(one.template(&id)["Parameters"], apart.template(&id)["Parameters"]);
    }
}

#[test]
fn both_live() {
    let (core, services) = both();
    for env in ["dev", "prod"] {
        let life = Life::new(&core, &format!("--env {env}"));
        let theirs = life.beside(&services, &format!("--env {env}"));
        // Services before what they stand on are told what is missing.
        let early = theirs.infra(&format!("plan {TAGS}")).ended(1).err;
        assert!(early.contains(&format!("there is no stack `toto-core-{env}`")), "{early}");
        life.come_up("");
        theirs.come_up(TAGS);
        let changed = theirs.change("--set tome_agent.Tag=8b9c0d1");
        assert_eq!(changed["ServiceAppTask"], "replace/yes");
        assert_eq!(changed["ServiceAppService"], "update/no");
        assert_eq!(changed.len(), 2);
        life.rests("");
        let kept = life.infra("destroy --yes --allow delete:*").ended(1).err;
        assert!(kept.contains("of project `toto_services` reads as deployed"), "{kept}");
        theirs.go();
        // An image that somebody pushed, and a model: they stay until it is said that they may go.
        let put = format!(
            "[c('ecr').put_image(repositoryName='toto-py-service-{env}', imageTag='4e5f6a7', imageManifest='{{}}'), \
             c('s3').put_object(Bucket='toto-{env}-models.toto.example.com', Key='a/model', Body=b'x')]"
        );
        life.go_full("111111111111", "eu-west-1", &put);
        assert_eq!(life.living().keys().collect::<Vec<_>>(), Vec::<&String>::new());
    }
}

/// A repository with one service, as a team would have it.
fn repository(core: &Example, name: &str, rule: &str) -> Example {
    let folder = core.beside(&format!("workflow/{name}"));
    let services = core.beside("workflow/services");
    std::fs::create_dir_all(folder.path("contracts")).unwrap();
    for file in ["project.infra", "microservice.infra", "contracts/core.json", "contracts/onboarding.json"] {
        std::fs::copy(services.path(file), folder.path(file)).unwrap();
    }
    folder.edit("project.infra", "project toto_services", &format!("project {}", name.replace('-', "_")));
    folder.edit("microservice.infra", "rule: { ", &format!("rule: {{ {rule}"));
    let service = format!(
        "@stack_name(\"{name}-${{env.name}}\")\nservice app {{\n  input Tag: String\n\n  resource Service = microservice \
         {{ images: onboarding.PyService, tag: Tag, start: \"true\" }}\n}}\n"
    );
    std::fs::write(folder.path("services.infra"), service).unwrap();
    folder
}

#[test]
fn priorities_are_unique_across_repositories() {
    let (core, _) = both();
    let life = Life::new(&core, "--env dev");
    life.come_up("");
    let names: Vec<String> = (0..10).map(|n| format!("toto-ms-{n}")).collect();
    let all: Vec<Example> = names.iter().map(|name| repository(&core, name, "")).collect();
    for one in &all {
        life.beside(one, "--env dev").infra("apply --yes --set app.Tag=1").ended(0);
    }
    let living = life.living();
    let priority = |name: &String| {
        living[&format!("{name}-dev")]["resources"]["ServiceAppRuleRule"]["properties"]["Priority"].as_i64().unwrap()
    };
    let taken: BTreeSet<i64> = names.iter().map(priority).collect();
    assert_eq!(taken.len(), 10);
    // The eleventh takes one that is there: its plan says whose it is, and a free one.
    let first = priority(&names[0]);
    let eleventh = repository(&core, "toto-ms-late", &format!("priority: {first}, "));
    let said = life.beside(&eleventh, "--env dev").infra("plan --set app.Tag=1").ended(1).err;
    assert!(said.contains("duplicate-priority") && said.contains("`toto-ms-0-dev` of project `toto_ms_0`"), "{said}");
    let free = (first + 1..).find(|n| !taken.contains(n)).unwrap();
    assert!(said.contains(&format!("such as {free}")), "{said}");
}

#[test]
fn a_workflow_gives_the_tag_and_nothing_else() {
    let (core, services) = both();
    let written = |project: &Example, more: &str| {
        let kept = ["infra-plan.yml", "infra-apply.yml"].map(|name| {
            let path = project.path(&format!(".github/workflows/{name}"));
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            text
        });
        project.infra(&format!("ci github --install ./install-infra {more}")).ended(0);
        let new = ["infra-plan.yml", "infra-apply.yml"]
            .map(|name| std::fs::read_to_string(project.path(&format!(".github/workflows/{name}"))).unwrap());
        assert_eq!(kept, new, "run `infra ci github` again");
        new.concat()
    };
    let ours = written(&core, "--plan-role infra-core-plan --apply-role infra-core-apply");
    let theirs = written(
        &services,
        "--plan-role infra-services-plan --apply-role infra-services-apply --build ./build-images --build-role \
         infra-services-build --set *.Tag=$GITHUB_SHA",
    );
    for text in [&ours, &theirs] {
        assert!(!text.contains("secrets."), "no secret is handed over");
        assert!(!text.contains("AWS_ACCESS_KEY_ID"), "nor a key");
    }
    assert_eq!(ours.matches("--set").count(), 0);
    assert_eq!(theirs.matches("--set").count(), theirs.matches("--set \"*.Tag=$GITHUB_SHA\"").count());
    // The roles that they assume are those that the core makes.
    let access = core.build("--shared --env dev").template("access@shared/eu-west-1");
    let made = access["Resources"].as_object().unwrap().values().filter_map(|r| r["Properties"]["RoleName"].as_str());
    let made: BTreeSet<&str> = made.collect();
    assert_eq!(made.len(), 5);
    for role in made {
        assert!(format!("{ours}{theirs}").contains(&format!("\"arn:aws:iam::111111111111:role/{role}\"")), "{role}");
    }
}

#[test]
fn they_live_on_the_emulator() {
    let (core, _) = both();
    let image = "c('ecs').describe_task_definition(taskDefinition=[a for a in c('ecs').list_task_definitions()\
        ['taskDefinitionArns'] if 'agent' in a][-1])['taskDefinition']['containerDefinitions'][0]['image'][-3:]";
    one_project(&core).emulated(&format!("--env dev {TAGS}"), "--set tome_agent.Tag=abc", &[], &[(image, "\"abc\"")]);
}
