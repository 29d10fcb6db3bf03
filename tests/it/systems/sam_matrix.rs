//! `examples/sam-matrix`: two pipelines over stages and regions, what they stand on in their accounts, and the
//! application that they deploy.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::frame::{Example, Life, System};
use crate::lint::lint;
use crate::support::venv;

mod combinations;

/// What the pipelines stand on, and they themselves.
const BASE: &str = "
    pysamci-roles 111111111111 us-east-1 = 2
      IAM::Role 2
    pysamci-prereq 111111111111 us-west-2 = 4
      KMS::Key 1, KMS::Alias 1, S3::Bucket 1, S3::BucketPolicy 1
    pysamci-prereq 111111111111 us-east-1 = 13
      KMS::Key 1, KMS::Alias 1, S3::Bucket 3, S3::BucketPolicy 2, SNS::Topic 1, SNS::TopicPolicy 1, IAM::Role 1,
      IAM::Policy 1, IAM::ManagedPolicy 2
    pysamci-roles 333333333333 us-east-1 = 4
      IAM::Role 2, IAM::Policy 2
    pysamci-pipeline-layers 111111111111 us-east-1 = 3
      CodeBuild::Project 1, CodePipeline::Pipeline 1, CodeStarNotifications::NotificationRule 1
    pysamci-pipeline-todoapi 111111111111 us-east-1 = 4
      CodeBuild::Project 2, CodePipeline::Pipeline 1, CodeStarNotifications::NotificationRule 1
";

/// What the pipelines deploy, as SAM gets it.
fn application() -> String {
    let place = |stage: &str, account: &str, region: &str| {
        format!(
            "    todolayer-{stage} {account} {region} = 2\n      Serverless::LayerVersion 1, SSM::Parameter 1\n\
            \x20   todoapi-{stage} {account} {region} = 3\n      \
            Serverless::Api 1, Serverless::Function 1, DynamoDB::Table 1\n"
        )
    };
    let stages = [("dev", "111111111111"), ("prod", "333333333333")];
    stages
        .map(|(stage, account)| ["us-east-1", "us-west-2"].map(|region| place(stage, account, region)).concat())
        .concat()
}

#[test]
fn it_has_what_the_original_has() {
    let system = Example::new("sam-matrix").build("--all");
    system.consists_of(&format!("{BASE}{}", application()));
    system.is_sound();
    // Only the roles in the other account have names.
    let named: Vec<&str> = system
        .build
        .stacks
        .iter()
        .filter(|stack| stack.template.capabilities.contains(&"CAPABILITY_NAMED_IAM"))
        .map(|stack| stack.head.account.name.as_str())
        .collect();
    assert_eq!(named, ["production"]);
}

/// SAM itself works on the templates, as CloudFormation has it do.
#[test]
fn sam_makes_what_the_original_has() {
    let system = Example::new("sam-matrix").build("--env prod");
    let program = "import collections, json, os, sys\n\
        os.environ['AWS_DEFAULT_REGION'] = 'us-east-1'\n\
        from samtranslator.parser.parser import Parser\n\
        from samtranslator.translator.translator import Translator\n\
        made = Translator({}, Parser()).translate(json.loads(sys.argv[1]), {})['Resources'].values()\n\
        all = collections.Counter(r['Type'].removeprefix('AWS::') for r in made)\n\
        print(', '.join(f'{name} {all[name]}' for name in sorted(all)))";
    let made = |id: &str| venv::python(program, &[&system.template(id).to_string()]).trim().to_owned();
    assert_eq!(made("todolayer@prod/us-east-1"), "Lambda::LayerVersion 1, SSM::Parameter 1");
    assert_eq!(
        made("todoapi@prod/us-west-2"),
        "ApiGateway::Deployment 1, ApiGateway::RestApi 1, ApiGateway::Stage 1, CodeDeploy::Application 1, \
        CodeDeploy::DeploymentGroup 1, DynamoDB::Table 1, IAM::Role 2, Lambda::Alias 1, Lambda::Function 1, \
        Lambda::Permission 1, Lambda::Version 1"
    );
}

#[test]
fn its_stacks_read_each_other() {
    let system = Example::new("sam-matrix").build("--all");
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for stack in &system.build.stacks {
        for used in &stack.head.uses {
            let from = format!("{} {}", used.from.instance, used.from.output);
            read.entry(stack.head.key.to_string()).or_default().insert(from);
        }
    }
    let reads = |id: &str| read[id].iter().map(String::as_str).collect::<Vec<_>>();
    let roles = ["service_roles@shared/us-east-1 Build", "service_roles@shared/us-east-1 Pipeline"];
    let stores = [
        "prereq@shared/us-east-1 Bucket",
        "prereq@shared/us-east-1 Key",
        "prereq_second@shared/us-west-2 Bucket",
        "prereq_second@shared/us-west-2 Key",
    ];
    assert_eq!(reads("prereq_second@shared/us-west-2"), roles);
    assert_eq!(
        reads("prereq@shared/us-east-1"),
        [
            stores[2],
            stores[3],
            roles[0],
            "service_roles@shared/us-east-1 BuildName",
            roles[1],
            "service_roles@shared/us-east-1 PipelineName",
        ]
    );
    assert_eq!(reads("prod_roles@shared/us-east-1"), stores);
    for pipeline in ["layer_pipeline", "api_pipeline"] {
        assert_eq!(
            reads(&format!("{pipeline}@shared/us-east-1")),
            [
                stores[0],
                "prereq@shared/us-east-1 Deploy",
                stores[1],
                "prereq@shared/us-east-1 News",
                "prereq@shared/us-east-1 SourceBucket",
                stores[2],
                stores[3],
                "prod_roles@shared/us-east-1 CrossAccount",
                "prod_roles@shared/us-east-1 Deploy",
                roles[0],
                roles[1],
            ]
        );
    }
    // The layer is there before whoever needs it, in each stage and region.
    for place in ["dev/us-east-1", "dev/us-west-2", "prod/us-east-1", "prod/us-west-2"] {
        assert_eq!(reads(&format!("todoapi@{place}")), [format!("todolayer@{place} CommonLayer")]);
        let path = format!("/{}/todoapi/Layers/CommonLayerArn", place.split('/').next().unwrap());
        let template = system.template(&format!("todolayer@{place}")).to_string();
        assert!(template.contains(&format!("\"Name\":\"{path}\"")), "{template}");
        // A pipeline deploys it with no value of another stack.
        assert!(system.template(&format!("todoapi@{place}"))["Parameters"].is_null());
    }
}

/// The key names the other account and not the roles in it, whose ARNs are known before they are there.
#[test]
fn the_circle_is_broken() {
    let system = Example::new("sam-matrix").build("--all");
    let key = system.resource("prereq@shared/us-east-1", "StoreKeyKey")["Properties"]["KeyPolicy"].to_string();
    assert!(key.contains("arn:aws:iam::333333333333:root") && !key.contains("CrossAccountRole"), "{key}");
    let bucket = system.resource("prereq@shared/us-east-1", "StoreArtifactsPolicy").to_string();
    assert!(bucket.contains("arn:aws:iam::333333333333:root") && !bucket.contains("CrossAccountRole"), "{bucket}");
    let assumed = "arn:aws:iam::333333333333:role/todoapi-CrossAccountRole";
    let piping = system.resource("prereq@shared/us-east-1", "PipingPolicy");
    let statements = piping["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    let assumes: Vec<&Value> = statements.iter().filter(|s| s["Action"] == "sts:AssumeRole").collect();
    assert_eq!(assumes.iter().map(|s| &s["Resource"]).collect::<Vec<_>>(), [&serde_json::json!([assumed])]);
    let role = system.resource("prod_roles@shared/us-east-1", "RolesCrossAccountRole");
    assert_eq!(role["Properties"]["RoleName"], "todoapi-CrossAccountRole");
    // The roles of the pipelines are allowed nothing where they are made.
    let roles = system.template("service_roles@shared/us-east-1")["Resources"].to_string();
    assert!(!roles.contains("Polic") || !roles.contains("\"Policies\""), "{roles}");
}

/// The pipeline of a stack.
fn pipeline(system: &System, stack: &str) -> Value {
    system.resource(&format!("{stack}@shared/us-east-1"), "MatrixPipelinePipeline")["Properties"].clone()
}

/// Stages with their steps: `Deploy2dev: Deploy + Deploy2ndRegion, Review`.
fn flow(pipeline: &Value) -> Vec<String> {
    let stages = pipeline["Stages"].as_array().unwrap().iter();
    let stage = |stage: &Value| {
        let mut steps: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for action in stage["Actions"].as_array().unwrap() {
            steps.entry(action["RunOrder"].as_i64().unwrap()).or_default().push(action["Name"].as_str().unwrap());
        }
        let steps: Vec<String> = steps.values().map(|at_once| at_once.join(" + ")).collect();
        format!("{}: {}", stage["Name"].as_str().unwrap(), steps.join(", "))
    };
    stages.map(stage).collect()
}

#[test]
fn its_pipelines_are_those_of_the_document() {
    let system = Example::new("sam-matrix").build("--all");
    let (layers, api) = (pipeline(&system, "layer_pipeline"), pipeline(&system, "api_pipeline"));
    assert_eq!((&layers["Name"], &api["Name"]), (&"pysamci-todolayers".into(), &"pysamci-todoapi".into()));
    assert_eq!(
        flow(&layers),
        [
            "Source: Source",
            "Build: Build + Build2ndRegion",
            "Deploy2dev: Deploy + Deploy2ndRegion, Review",
            "Deploy2prod: Deploy + Deploy2ndRegion",
        ]
    );
    assert_eq!(
        flow(&api),
        [
            "Source: Source",
            "Test: Test + Coverage + Lint",
            "Build: Build + Build2ndRegion",
            "Deploy2dev: Deploy + Deploy2ndRegion, Review",
            "Deploy2prod: CreateChangeSet + CreateChangeSet2ndRegion, ReviewChangeSet, \
            ExecuteChangeSet + ExecuteChangeSet2ndRegion",
        ]
    );
    for (pipeline, stack) in [(&layers, "todolayer"), (&api, "todoapi")] {
        let stores = pipeline["ArtifactStores"].as_array().unwrap();
        let regions: Vec<&Value> = stores.iter().map(|store| &store["Region"]).collect();
        assert_eq!(regions, ["us-east-1", "us-west-2"]);
        assert!(stores.iter().all(|store| store["ArtifactStore"]["EncryptionKey"]["Type"] == "KMS"), "{stores:?}");
        // Each action deploys the template of its stage and region from the package of that region.
        for action in actions(pipeline) {
            let settings = &action["Configuration"];
            let Some(template) = settings["TemplatePath"].as_str() else { continue };
            let stage = settings["StackName"].as_str().unwrap().rsplit('-').next().unwrap();
            let region = action["Region"].as_str().unwrap_or("us-east-1");
            let package = if region == "us-east-1" { "PackagedArtifact" } else { "PackagedArtifact2ndRegion" };
            assert_eq!(template, format!("{package}::templates/{stack}@{stage}@{region}.json"));
            assert_eq!(action["InputArtifacts"], serde_json::json!([{ "Name": package }]));
            assert!(system.build.stacks.iter().any(|s| s.file_name() == template.split_once("::").unwrap().1));
            let role = if stage == "prod" { "ProdRolesDeploy" } else { "PrereqDeploy" };
            assert_eq!(settings["RoleArn"], serde_json::json!({ "Ref": role }));
        }
    }
}

fn actions(pipeline: &Value) -> impl Iterator<Item = &Value> {
    pipeline["Stages"].as_array().unwrap().iter().flat_map(|stage| stage["Actions"].as_array().unwrap())
}

/// Beside the documented system, which [`crate::lint`] looks at: all that can be, and as little as can be.
#[test]
fn other_combinations_pass_cfn_lint() {
    let example = Example::new("sam-matrix");
    let scenarios = [
        ("all", "--all --set test_stage=true --set polling=false"),
        ("one-account", "--all --set other_accounts=false --set polling=false"),
        ("least", "--all --set prod_stage=false --set second_region=false --set confirm=false"),
    ];
    lint("sam-matrix", scenarios.map(|(name, scenario)| (name.to_owned(), example.build(scenario).build)));
}

#[test]
fn it_lives() {
    let example = Example::new("sam-matrix");
    let life = Life::new(&example, "--all");
    life.come_up("");
    // New code is a new package, in each stage and region; nothing else changes.
    example.edit("src/todoapi/__init__.py", "there is no", "there was no");
    assert_eq!(life.change("").into_iter().collect::<Vec<_>>(), [("App".to_owned(), "update/no".to_owned())]);
    life.go();
    assert_eq!(life.living().keys().collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn it_lives_on_the_emulator() {
    let lacks = [
        "CodeDeploy::Application",
        "CodeDeploy::DeploymentGroup",
        "CodePipeline::Pipeline",
        "CodeStarNotifications::NotificationRule reads CodePipeline::Pipeline",
    ];
    let memory = "[f['MemorySize'] for f in c('lambda').list_functions()['Functions']]";
    let layers = "len(c('lambda').list_layers()['Layers'])";
    let seen = [(memory, "[512]"), (layers, "1")];
    Example::new("sam-matrix").emulated("--all", "--set todoapi.memory=512", &lacks, &seen);
}
